/* SPDX-License-Identifier: MIT
 * Calls of gweb's API. An answer is the JSON that came; what was refused is thrown as ApiError. */
import { hasText, t } from "./i18n.js";

/** What was refused, in the words of application/problem+json. code NETWORK: there was no answer at all. */
export class ApiError extends Error {
    /** @param {number} status @param {string} code @param {string} detail */
    constructor(status, code, detail) {
        super(detail);
        this.name = "ApiError";
        this.status = status;
        this.code = code;
        this.detail = detail;
        /** Seconds after which it may be tried again; null when that was not said. @type {number | null} */
        this.retryAfter = null;
    }
}

/** Called when a session has ended; store.js sets it. @type {() => void} */
let onLoginNeeded = () => {};

/** @param {() => void} f */
export function whenLoginNeeded(f) {
    onLoginNeeded = f;
}

/** @param {Response} response */
async function problem(response) {
    let p = null;

    try {
        p = await response.json();
    } catch {
        /* no JSON: a proxy's page, or an answer cut off */
    }
    const error = new ApiError(response.status, p?.code ?? `HTTP_${response.status}`, p?.detail ?? response.statusText);

    if (response.headers.has("Retry-After")) {
        error.retryAfter = Number(response.headers.get("Retry-After"));
    }
    return error;
}

/**
 * Sends a request and returns the JSON of its answer; null where it has none.
 * @param {string} method @param {string} path below /api/ @param {unknown} [body] sent as JSON
 * @param {{signal?: AbortSignal, raw?: boolean, headers?: Record<string, string>}} [options] raw: the Response itself
 * @returns {Promise<any>}
 */
export async function call(method, path, body, options = {}) {
    /** @type {RequestInit} */
    const init = { method, signal: options.signal, credentials: "same-origin", headers: { ...options.headers } };
    let response;

    if (body !== undefined) {
        init.body = JSON.stringify(body);
        init.headers = { "Content-Type": "application/json", ...options.headers };
    }
    try {
        response = await fetch(`/api/${path}`, init);
    } catch (e) {
        if (/** @type {Error} */ (e).name === "AbortError") {
            throw e;
        }
        throw new ApiError(0, "NETWORK", String(e));
    }
    if (!response.ok) {
        const error = await problem(response);

        if (error.code === "LOGIN_NEEDED") {
            onLoginNeeded();
        }
        throw error;
    }
    if (options.raw) {
        return response;
    }
    return (response.headers.get("Content-Type") ?? "").includes("json") ? response.json() : null;
}

/** "x?a=1&b=2" of what is known of the parameters. @param {string} path @param {Record<string, any>} [query] */
export function withQuery(path, query = {}) {
    const pairs = Object.entries(query).filter(([, v]) => v !== undefined && v !== null && v !== "");

    return pairs.length === 0 ? path : `${path}?${new URLSearchParams(pairs.map(([k, v]) => [k, String(v)]))}`;
}

/** Path of a node's operation. @param {number} node @param {...(string | number)} parts */
export function nodePath(node, ...parts) {
    return `nodes/${node}/v1/${parts.map((p) => encodeURIComponent(String(p))).join("/")}`;
}

/** Path of an operation on a topic. @param {number} node @param {string} topic @param {...string} parts */
export function topicPath(node, topic, ...parts) {
    return nodePath(node, "topics", topic, ...parts);
}

/** @param {string} path @param {Record<string, any>} [query] @param {AbortSignal} [signal] */
export const get = (path, query, signal) => call("GET", withQuery(path, query), undefined, { signal });
/** @param {string} path @param {unknown} [body] */
export const post = (path, body = {}) => call("POST", path, body);
/** @param {string} path @param {unknown} body */
export const patch = (path, body) => call("PATCH", path, body);
/** @param {string} path @param {unknown} body */
export const put = (path, body) => call("PUT", path, body);
/** @param {string} path */
export const remove = (path) => call("DELETE", path);

/** What went wrong, as a sentence in the language of the page. @param {unknown} error @returns {string} */
export function errorText(error) {
    if (!(error instanceof ApiError)) {
        return t("error.unexpected", { detail: String(error) });
    }
    const key = `error.${error.code}`;

    return hasText(key) ? t(key, { detail: error.detail, seconds: error.retryAfter })
        : `${error.detail} (${error.code})`;
}
