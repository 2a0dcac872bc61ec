/* SPDX-License-Identifier: MIT
 * Copying to the clipboard, also over plain HTTP, where browsers offer less. */
import { useState } from "/lib/hooks.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { Icon } from "./icon.js";

/** @param {string} text */
export async function copy(text) {
    try {
        await navigator.clipboard.writeText(text);
        return;
    } catch {
        /* not offered here, or not allowed: the old way */
    }
    const area = document.createElement("textarea");

    area.value = text;
    area.className = "hidden-text";
    (document.querySelector("dialog[open]") ?? document.body).append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
}

/** @param {{text: string | (() => string), label?: string, small?: boolean}} props small: the sign alone */
export function CopyButton({ text, label = t("copy"), small }) {
    const [done, setDone] = useState(false);
    const run = async () => {
        await copy(typeof text === "function" ? text() : text);
        setDone(true);
        setTimeout(() => setDone(false), 1500);
    };

    return html`<button type="button" class=${small ? "icon-button" : "button small-button"} onClick=${run}
        data-testid="copy" aria-label=${small ? label : undefined} title=${small ? label : undefined}>
        <${Icon} name=${done ? "check" : "copy"} size=${14} />${!small && (done ? t("copied") : label)}</button>`;
}
