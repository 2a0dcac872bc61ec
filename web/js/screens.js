/* SPDX-License-Identifier: MIT
 * The screens: each is a file of its own, fetched when it is first shown, with the groups of texts it needs. */

/** @type {Record<string, {load: () => Promise<any>, texts: string[]}>} */
export const SCREENS = {
    overview: { load: () => import("./screens/overview.js"), texts: ["overview", "diagnose", "act"] },
    topics: { load: () => import("./screens/topics.js"), texts: ["topics", "act"] },
    topic: { load: () => import("./screens/topic.js"), texts: ["topic", "diagnose", "act"] },
    dead: { load: () => import("./screens/dead.js"), texts: ["dead", "message"] },
    send: { load: () => import("./screens/send.js"), texts: ["send", "message"] },
    nodes: { load: () => import("./screens/nodes.js"), texts: ["nodes", "message"] },
    message: { load: () => import("./screens/message.js"), texts: ["message"] },
    audit: { load: () => import("./screens/audit.js"), texts: ["audit"] },
    settings: { load: () => import("./screens/settings.js"), texts: ["settings", "login", "nodes"] },
    login: { load: () => import("./screens/login.js"), texts: ["login"] },
};
