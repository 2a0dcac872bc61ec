/* SPDX-License-Identifier: MIT
 * Which dead letters were redriven and have died again. A message's history says it; it is asked for only of those that
 * died after a redrive of their topic began and are older than it. */
import { get, nodePath } from "../api.js";
import { toMs } from "../format.js";

/** @typedef {import("../types.js").Message} Message */
/** @typedef {import("../types.js").Job} Job */

/** What the histories said, by id and time of death. @type {Map<string, boolean>} */
const known = new Map();
const AT_MOST = 50;

/** @param {Message} m */
const keyOf = (m) => `${m.id} ${m.since}`;

/** Has it died again, as far as known? @param {Message} m */
export function diedAgain(m) {
    return known.get(keyOf(m)) === true;
}

/**
 * Finds out about messages that are shown. Returns whether there is news.
 * @param {number} node @param {Message[]} messages @param {Job[]} jobs of the topic
 */
export async function lookAgain(node, messages, jobs) {
    const starts = jobs.filter((j) => j.kind === "redrive").map((j) => toMs(j.started_at) ?? Infinity);
    const first = Math.min(Infinity, ...starts);
    const asked = messages.filter((m) => !known.has(keyOf(m)) && (toMs(m.since) ?? 0) >= first).slice(0, AT_MOST);
    const told = await Promise.all(asked.map(async (m) => {
        try {
            const { events } = await get(nodePath(node, "messages", m.id, "history"), { limit: 1000 });

            known.set(keyOf(m), events.some((/** @type {{event: string}} */ e) => e.event === "redriven"));
            return true;
        } catch {
            return false;
        }
    }));

    return told.some(Boolean);
}
