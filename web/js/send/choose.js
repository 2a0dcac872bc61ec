/* SPDX-License-Identifier: MIT
 * To which node a message goes: a named one, or one chosen as clients choose (docs/multi-node.md). Pure but for the
 * die. */

/** @typedef {import("../store.js").FleetNode} FleetNode */

/** Ways to choose, besides the id of a node. */
export const POLICIES = ["weight", "random", "round"];

let last = -1;

/** Nodes that may be chosen: listed and there. @param {FleetNode[]} nodes */
export function usable(nodes) {
    return nodes.filter((n) => n.listed && n.state === "up");
}

/**
 * The node for the next message; null when there is none.
 * @param {string} how one of POLICIES, or the id of a node @param {FleetNode[]} nodes
 * @param {() => number} [die] 0 <= die() < 1
 */
export function choose(how, nodes, die = Math.random) {
    const from = usable(nodes).sort((a, b) => a.id - b.id);

    if (!POLICIES.includes(how)) {
        return nodes.find((n) => String(n.id) === how)?.id ?? null;
    }
    if (from.length === 0) {
        return null;
    }
    if (how === "round") {
        last = (last + 1) % from.length;
        return from[last].id;
    }
    if (how === "random") {
        return from[Math.floor(die() * from.length)].id;
    }
    let at = die() * from.reduce((sum, n) => sum + n.weight, 0);

    for (const n of from) {
        at -= n.weight;
        if (at < 0) {
            return n.id;
        }
    }
    return from[from.length - 1].id;
}
