/* SPDX-License-Identifier: MIT
 * The dead letters of one topic that match a filter, page by page, and how many there are. */
import { useEffect, useRef, useState } from "/lib/hooks.js";
import { get, topicPath } from "../api.js";

/** @typedef {import("../types.js").Message} Message */
/** @typedef {{text?: string, older_than_ms?: number}} Filter */
/** @typedef {{messages: Message[], next: string | null}} Found */

const PAGE = 100;
const BODY_BYTES = 256;
/** Pages of 1000 that are looked at to count; beyond them it is "at least". */
const COUNT_PAGES = 20;

/** Does a filter let everything through? @param {Filter} filter */
export function isAll(filter) {
    return !filter.text && !filter.older_than_ms;
}

/** Counts what matches. @param {number} node @param {string} topic @param {Filter} filter @param {AbortSignal} signal
 * @returns {Promise<{n: number, more: boolean}>} more: there are at least so many */
async function count(node, topic, filter, signal) {
    let n = 0, cursor = "";

    for (let i = 0; i < COUNT_PAGES; i++) {
        const page = await get(topicPath(node, topic, "messages"), { state: "dead", limit: 1000, cursor, ...filter },
            signal);

        n += page.messages.length;
        if (!page.next) {
            return { n, more: false };
        }
        cursor = page.next;
    }
    return { n, more: true };
}

/** The list is read again when the topic's figures change: at once when its dead letters do, else so often, ms. Some
 * may come while as many go. */
const AGAIN_MS = 2000;

/**
 * @param {number} node @param {string} topic @param {Filter} filter
 * @param {import("../store.js").TopicStats | undefined} stats figures of the topic
 * @param {boolean} still do not read again now: something is picked, say
 */
export function useDeadList(node, topic, filter, stats, still) {
    const total = stats?.dead ?? 0;
    const [found, setFound] = useState(/** @type {Found | null} */ (null));
    const [matching, setMatching] = useState(/** @type {{n: number, more: boolean} | null} */ (null));
    const [error, setError] = useState(/** @type {unknown} */ (null));
    const [busy, setBusy] = useState(false);
    const [turn, setTurn] = useState(0);
    const last = useRef({ total, at: 0 });
    const how = JSON.stringify([node, topic, filter]);
    const read = async (/** @type {string} */ cursor, /** @type {AbortSignal} */ signal) => get(
        topicPath(node, topic, "messages"),
        { state: "dead", from: "tail", limit: PAGE, body: "first", body_bytes: BODY_BYTES, cursor, ...filter }, signal);

    useEffect(() => {
        const ending = new AbortController();

        last.current = { total, at: Date.now() };
        (async () => {
            try {
                setBusy(true);
                setFound(await read("", ending.signal));
                setMatching(isAll(filter) ? null : await count(node, topic, filter, ending.signal));
                setError(null);
            } catch (e) {
                if (!ending.signal.aborted) {
                    setError(e);
                }
            }
            if (!ending.signal.aborted) {
                setBusy(false);
            }
        })();
        return () => ending.abort();
    }, [how, turn]);
    useEffect(() => {
        if (!still && (last.current.total !== total || Date.now() - last.current.at > AGAIN_MS)) {
            setTurn((n) => n + 1);
        }
    }, [stats, still]);
    const more = async () => {
        if (!found?.next) {
            return;
        }
        try {
            const page = await read(found.next, new AbortController().signal);
            const have = new Set(found.messages.map((m) => m.id));

            setFound({ messages: [...found.messages, ...page.messages.filter((/** @type {Message} */ m) =>
                !have.has(m.id))],
                next: page.next });
        } catch (e) {
            setError(e);
        }
    };

    return { found, matching: isAll(filter) ? { n: total, more: false } : matching, error, busy, more,
        again: () => setTurn((n) => n + 1) };
}
