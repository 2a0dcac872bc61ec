/* SPDX-License-Identifier: MIT
 * The last minute of each topic and the last five of the sums, as this page saw them: for sparklines and charts. */
import { signal } from "/lib/signals.js";
import { get } from "./api.js";

/** Points of a sparkline, one a second. */
export const SPARK = 60;
/** Points of a chart, one a second. */
export const LONG = 300;

/** The series of GET /api/past. */
export const SERIES = ["ready", "delayed", "in_flight", "dead", "push_rate", "pop_rate", "ack_rate", "dead_rate"];

/** @typedef {{at: number[]} & Record<string, (number | null)[]>} Past at: ms since 1970; null: not known */

/** Ready messages of each topic, newest last. @type {Map<string, number[]>} */
const sparks = new Map();

/** The sums of all nodes; loaded by loadPast(), then kept up with the events. */
export const past = signal(/** @type {Past | null} */ (null));

/** @param {string} key of store.js topicKey() @returns {number[]} */
export function sparkOf(key) {
    return sparks.get(key) ?? [];
}

/** An empty Past. @returns {Past} */
export function noPast() {
    return /** @type {any} */ ({ at: [], ...Object.fromEntries(SERIES.map((s) => [s, []])) });
}

/**
 * A Past with one point more, at most LONG long.
 * @param {Past} p @param {number} at @param {Record<string, any>} values @returns {Past}
 */
export function withPoint(p, at, values) {
    const from = Math.max(0, p.at.length + 1 - LONG);
    const longer = /** @type {any} */ ({ at: [...p.at.slice(from), at] });

    for (const s of SERIES) {
        longer[s] = [...p[s].slice(from), values[s] ?? null];
    }
    return longer;
}

/** Fetches what gweb remembers, of one topic or of all. Throws ApiError. @param {{node: number, topic: string}} [of] */
export async function fetchPast(of) {
    const got = await get("past", of);
    const p = noPast();

    p.at = got.at ?? [];
    for (const s of SERIES) {
        p[s] = got[s] ?? p.at.map(() => null);
    }
    return p;
}

/** Fills `past` with what was before this page was opened. */
export async function loadPast() {
    try {
        const p = await fetchPast();
        const last = p.at[p.at.length - 1] ?? 0;
        const since = past.peek();
        let all = p;

        /* points that came by events while the answer was under way */
        since?.at.forEach((at, i) => {
            if (at > last) {
                all = withPoint(all, at, Object.fromEntries(SERIES.map((s) => [s, since[s][i]])));
            }
        });
        past.value = all;
    } catch {
        /* charts then begin now */
    }
}

/**
 * One second more.
 * @param {number} at @param {Map<string, import("./store.js").TopicStats>} topics
 * @param {import("./store.js").Totals | null} totals
 */
export function record(at, topics, totals) {
    for (const [key, stats] of topics) {
        let s = sparks.get(key);

        if (!s) {
            s = [];
            sparks.set(key, s);
        }
        s.push(stats.ready);
        if (s.length > SPARK) {
            s.shift();
        }
    }
    if (sparks.size > topics.size) {
        for (const key of sparks.keys()) {
            if (!topics.has(key)) {
                sparks.delete(key);
            }
        }
    }
    if (totals) {
        past.value = withPoint(past.peek() ?? noPast(), at, totals);
    }
}
