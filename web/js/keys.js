/* SPDX-License-Identifier: MIT
 * Keys of the whole page: / searches, g and a letter goes to a screen, ? explains. Not while text is typed. */
import { signal } from "/lib/signals.js";
import { go } from "./router.js";

/** Letters after g, and where they go. @type {Record<string, string>} */
export const GO = { o: "/", t: "/topics", d: "/dead", s: "/send", n: "/nodes", a: "/audit", e: "/settings" };

/** Is the help about keys shown? */
export const helpShown = signal(false);

const G_MS = 1500;

/** @param {EventTarget | null} target */
function typing(target) {
    return target instanceof HTMLElement
        && (target.isContentEditable || target.matches("input:not([type=checkbox], [type=radio]), textarea, select"));
}

/** Begins to listen. */
export function startKeys() {
    let g = 0;

    window.addEventListener("keydown", (e) => {
        if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing || typing(e.target)
            || document.querySelector("dialog[open]") || document.querySelector("[data-screen=login]")) {
            return;
        }
        const after = Date.now() - g < G_MS;

        g = 0;
        if (after && GO[e.key]) {
            go(GO[e.key]);
        } else if (e.key === "g") {
            g = Date.now();
            return;
        } else if (e.key === "/") {
            document.getElementById("search")?.focus();
        } else if (e.key === "?") {
            helpShown.value = true;
        } else {
            return;
        }
        e.preventDefault();
    });
}
