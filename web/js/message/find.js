/* SPDX-License-Identifier: MIT
 * Which node has a message: the one that its id names is asked first, then all others. */
import { ApiError, get, nodePath } from "../api.js";
import { nodeOfId } from "../ids.js";

/** @typedef {import("../types.js").Message} Message */
/** @typedef {{node: number, message: Message} | {node: null, asked: number[], away: number[]}} Answer
 *   asked: nodes that do not have it; away: nodes that could not be asked */

/** @param {string} id @param {number[]} nodes ids of the nodes that are listed @param {Record<string, any>} [query] of
 * message.get: how much of the body @param {AbortSignal} [signal]
 * @returns {Promise<Answer>} */
export async function findMessage(id, nodes, query, signal) {
    const own = nodeOfId(id);
    const order = [...nodes.filter((n) => n === own), ...nodes.filter((n) => n !== own)];
    /** @type {number[]} */
    const asked = [];
    /** @type {number[]} */
    const away = [];

    for (const node of order) {
        try {
            return { node, message: await get(nodePath(node, "messages", id), query, signal) };
        } catch (e) {
            if (!(e instanceof ApiError) || signal?.aborted || e.code === "LOGIN_NEEDED" || e.code === "NETWORK") {
                throw e;
            }
            (e.status === 404 ? asked : away).push(node);
        }
    }
    return { node: null, asked, away };
}
