/* SPDX-License-Identifier: MIT
 * What a form to send holds, and the push that it makes. Pure. */

/**
 * @typedef {object} Form
 * @property {string} topic
 * @property {string} how         a policy, or the id of a node
 * @property {string} body
 * @property {number} delay       ms; used while `at` is empty
 * @property {string} at          local time of <input type="datetime-local">, or ""
 * @property {string} count
 * @property {string} key
 * @property {string} dedup
 * @property {string} headers     a line a header, "name: value"
 * @property {number | null} ttr  ms; null: the topic's
 * @property {number | null} lifetime
 * @property {string} retries     "" : the topic's
 * @property {boolean} autoAck
 */

export const COUNT_MAX = 1000;
/** Delays to choose from, ms. */
export const DELAYS = { 0: 0, "10s": 10000, "1m": 60000, "1h": 3600000, "3d": 259200000 };

/** @param {string} topic @param {string} how @returns {Form} */
export function emptyForm(topic, how) {
    return { topic, how, body: "", delay: 0, at: "", count: "1", key: "", dedup: "", headers: "", ttr: null,
        lifetime: null,
        retries: "", autoAck: false };
}

/** "a: b" lines as an object; null when a line is none. @param {string} text */
export function headersOf(text) {
    /** @type {Record<string, string>} */
    const headers = {};

    for (const line of text.split("\n").filter((l) => l.trim() !== "")) {
        const at = line.indexOf(":");

        if (at < 1 || /\s/.test(line.slice(0, at).trim())) {
            return null;
        }
        headers[line.slice(0, at).trim()] = line.slice(at + 1).trim();
    }
    return headers;
}

/** How many; null when it is no number of messages. @param {Form} f */
export function countOf(f) {
    const n = Number(f.count);

    return /^[0-9]+$/.test(f.count) && n >= 1 && n <= COUNT_MAX ? n : null;
}

/** What is wrong, by field: keys of texts. @param {Form} f @returns {Record<string, string>} */
export function faults(f) {
    const wrong = /** @type {Record<string, string>} */ ({});

    if (f.topic === "") {
        wrong.topic = "send.wrong.topic";
    }
    if (countOf(f) === null) {
        wrong.count = "send.wrong.count";
    }
    if (headersOf(f.headers) === null) {
        wrong.headers = "send.wrong.headers";
    }
    if (f.retries !== "" && !(/^[0-9]+$/.test(f.retries) && Number(f.retries) <= 254)) {
        wrong.retries = "send.wrong.retries";
    }
    if (f.ttr !== null && (f.ttr < 1000 || f.ttr > 300000)) {
        wrong.ttr = "send.wrong.ttr";
    }
    return wrong;
}

/** One message as the API takes it. @param {Form} f @returns {Record<string, any>} */
export function pushOf(f) {
    const headers = headersOf(f.headers) ?? {};

    return {
        body: f.body,
        ...(f.at ? { due_at: new Date(f.at).toISOString() } : f.delay > 0 ? { delay_ms: f.delay } : {}),
        ...(f.ttr === null ? {} : { ttr_ms: f.ttr }),
        ...(f.lifetime === null ? {} : { lifetime_ms: f.lifetime }),
        ...(f.retries === "" ? {} : { max_retries: Number(f.retries) }),
        ...(f.autoAck ? { auto_ack: true } : {}),
        ...(Object.keys(headers).length > 0 ? { headers } : {}),
        ...(f.key === "" ? {} : { key: f.key }),
        ...(f.dedup === "" ? {} : { dedup_key: f.dedup }),
    };
}

/** The request of all messages. @param {Form} f */
export function requestOf(f) {
    const n = countOf(f) ?? 1, push = pushOf(f);

    if (n === 1) {
        return push;
    }
    const { dedup_key, ...each } = push;

    return { messages: Array(n).fill(each), ...(dedup_key ? { dedup_key } : {}) };
}

/** Is a body JSON? "json", "broken" when it looks like it but is none, "text". @param {string} body */
export function kindOf(body) {
    if (!/^\s*[[{]/.test(body)) {
        return "text";
    }
    try {
        JSON.parse(body);
        return "json";
    } catch {
        return "broken";
    }
}
