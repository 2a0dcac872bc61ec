/* SPDX-License-Identifier: MIT
 * Which screen is shown, by the URL. Links are plain <a href>; a click on one of ours changes the screen only. */
import { signal } from "/lib/signals.js";

/** Path of each screen; {x} is any one part of it. */
const PATHS = [
    ["overview", "/"],
    ["topics", "/topics"],
    ["topic", "/topic/{node}/{topic}"],
    ["dead", "/dead"],
    ["dead", "/dead/{node}/{topic}"],
    ["send", "/send"],
    ["nodes", "/nodes"],
    ["message", "/m/{id}"],
    ["audit", "/audit"],
    ["settings", "/settings"],
    ["login", "/login"],
];

/** @typedef {{screen: string, params: Record<string, string>, query: URLSearchParams, path: string}} Route */

/** @param {string} part */
function decode(part) {
    try {
        return decodeURIComponent(part);
    } catch {
        return part;
    }
}

/** The screen of a URL, "missing" when there is none. @param {URL | Location} url @returns {Route} */
export function match(url) {
    const path = url.pathname.length > 1 ? url.pathname.replace(/\/$/, "") : url.pathname;
    const have = path.split("/");

    for (const [screen, pattern] of PATHS) {
        const want = pattern.split("/");

        if (want.length === have.length && want.every((w, i) => w === have[i] || (w[0] === "{" && have[i] !== ""))) {
            const params = Object.fromEntries(
                want.flatMap((w, i) => (w[0] === "{" ? [[w.slice(1, -1), decode(have[i])]] : [])),
            );

            return { screen, params, query: new URLSearchParams(url.search), path };
        }
    }
    return { screen: "missing", params: {}, query: new URLSearchParams(url.search), path };
}

/** What is shown now. */
export const route = signal(match(location));

/** Goes to a URL of ours. @param {string} url @param {{replace?: boolean}} [options] replace: no step back to here */
export function go(url, options = {}) {
    const to = new URL(url, location.href);

    if (options.replace) {
        history.replaceState(null, "", to);
    } else {
        history.pushState(null, "", to);
        window.scrollTo(0, 0);
    }
    route.value = match(to);
}

/** Changes parameters of the URL's query in place; "" or null takes one out. @param {Record<string, any>} changes */
export function setQuery(changes) {
    const query = new URLSearchParams(location.search);

    for (const [k, v] of Object.entries(changes)) {
        if (v === null || v === undefined || v === "") {
            query.delete(k);
        } else {
            query.set(k, String(v));
        }
    }
    const text = query.toString();

    go(location.pathname + (text ? `?${text}` : ""), { replace: true });
}

/** URL of a topic's screen. @param {number} node @param {string} topic @param {string} [tab] */
export function topicUrl(node, topic, tab) {
    return `/topic/${node}/${encodeURIComponent(topic)}${tab ? `?tab=${tab}` : ""}`;
}

/** URL of a topic's dead letters. @param {number} node @param {string} topic */
export function deadUrl(node, topic) {
    return `/dead/${node}/${encodeURIComponent(topic)}`;
}

/** URL of the form that sends to a topic. @param {number} node @param {string} topic */
export function sendUrl(node, topic) {
    return `/send?${new URLSearchParams({ node: String(node), topic })}`;
}

/** Listens to clicks on links and to the browser's back and forward. */
export function startRouter() {
    window.addEventListener("popstate", () => {
        route.value = match(location);
    });
    document.addEventListener("click", (e) => {
        const link = /** @type {HTMLAnchorElement | null} */ (/** @type {Element} */ (e.target).closest?.("a[href]"));
        const plain = e.button === 0 && !e.metaKey && !e.ctrlKey && !e.shiftKey && !e.altKey && !e.defaultPrevented;

        if (!plain || !link || link.target || link.hasAttribute("download")) {
            return;
        }
        const own = link.origin === location.origin && !link.pathname.startsWith("/api/");

        if (own && match(new URL(link.href)).screen !== "missing") {
            e.preventDefault();
            go(link.href);
        }
    });
}
