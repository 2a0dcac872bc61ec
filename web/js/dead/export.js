/* SPDX-License-Identifier: MIT
 * Dead letters as a file, a line of JSON a message, fetched page by page so that neither node nor gweb holds them
 * all. */
import { call, topicPath, withQuery } from "../api.js";

/** Offers a file for saving. @param {string} name @param {BlobPart[]} parts @param {string} type */
export function save(name, parts, type) {
    const url = URL.createObjectURL(new Blob(parts, { type }));
    const link = document.createElement("a");

    link.href = url;
    link.download = name;
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 60000);
}

/** A name that every system takes. @param {string} topic */
export function fileName(topic) {
    return `${topic.replace(/[^\p{L}\p{N}._-]+/gu, "_").slice(0, 80) || "topic"}-dead.jsonl`;
}

/** @param {string} text */
const lines = (text) => (text === "" ? 0 : text.split("\n").length - (text.endsWith("\n") ? 1 : 0));

/**
 * All that match, whole. Throws ApiError, AbortError.
 * @param {number} node @param {string} topic @param {{text?: string, older_than_ms?: number}} filter
 * @param {(count: number) => void} onCount told after each page @param {AbortSignal} signal
 * @returns {Promise<string[]>} pieces of the file
 */
export async function collect(node, topic, filter, onCount, signal) {
    const parts = [];
    let cursor = "", count = 0;

    do {
        const query = { state: "dead", body: "whole", format: "jsonl", limit: 1000, cursor, ...filter };
        const answer = await call("GET", withQuery(topicPath(node, topic, "messages"), query), undefined,
            { raw: true, signal });
        const text = await answer.text();

        parts.push(text.endsWith("\n") || text === "" ? text : `${text}\n`);
        count += lines(text);
        onCount(count);
        cursor = answer.headers.get("Gmq-Next") ?? "";
    } while (cursor !== "");
    return parts;
}
