/* SPDX-License-Identifier: MIT
 * A state as sign, word and colour, so that it can be read without colour. */
import { html } from "../html.js";
import { Icon } from "./icon.js";

/** @typedef {"ok" | "warn" | "bad" | "idle"} Level */

/** Sign of each level. @type {Record<Level, string>} */
export const SIGNS = { ok: "check", warn: "alert", bad: "cross", idle: "unknown" };

/** @param {{level: Level, children?: any, sign?: string, title?: string}} props */
export function Badge({ level, children, sign, title }) {
    return html`<span class="badge ${level}" title=${title}><${Icon} name=${sign ?? SIGNS[level]} size=${12} />
        <span>${children}</span></span>`;
}
