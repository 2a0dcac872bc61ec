/* SPDX-License-Identifier: MIT
 * What an id of a message says by itself (src/engine/id.h): 41 bits of time, 10 of node, 12 of sequence. Pure. */

const EPOCH_MS = 1483228800000;     /* 2017-01-01T00:00:00Z */
const NODES = 1024;
const GREATEST = (1n << 63n) - 1n;

/** @param {string} id */
function bits(id) {
    return /^[0-9]{1,20}$/.test(id) && BigInt(id) > 0n && BigInt(id) <= GREATEST ? BigInt(id) : null;
}

/** Is it an id at all? @param {string} id */
export function isId(id) {
    return bits(id) !== null;
}

/** The node that gave out an id, 1..1024; null when it is no id. @param {string} id */
export function nodeOfId(id) {
    const b = bits(id);

    return b === null ? null : Number((b >> 12n) & 1023n) || NODES;
}

/** When an id was given out, ms since 1970; null when it is no id. @param {string} id */
export function timeOfId(id) {
    const b = bits(id);

    return b === null ? null : Number(b >> 22n) + EPOCH_MS;
}
