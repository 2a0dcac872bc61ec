/* SPDX-License-Identifier: MIT
 * Short notices at the edge of the page: notify("..."), notifyError(error). Those of errors stay until closed. */
import { signal } from "/lib/signals.js";
import { errorText } from "../api.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { Icon } from "./icon.js";

/** @typedef {{id: number, level: "ok" | "bad", text: string}} Notice */

const SHOWN_MS = 5000;
const AT_MOST = 4;

const notices = signal(/** @type {Notice[]} */ ([]));
let last = 0;

/** @param {number} id */
function close(id) {
    notices.value = notices.value.filter((n) => n.id !== id);
}

/** @param {Notice["level"]} level @param {string} text */
function add(level, text) {
    const id = ++last;

    notices.value = [...notices.value.slice(1 - AT_MOST), { id, level, text }];
    return id;
}

/** Says that something was done. @param {string} text */
export function notify(text) {
    const id = add("ok", text);

    setTimeout(() => close(id), SHOWN_MS);
}

/** Says why something was not done. @param {unknown} error */
export function notifyError(error) {
    add("bad", errorText(error));
}

/** Runs an action, says done(result) or why not. Returns whether it was done.
 * @template T @param {() => Promise<T>} action @param {(result: T) => string} done */
export async function attempt(action, done) {
    try {
        notify(done(await action()));
        return true;
    } catch (e) {
        notifyError(e);
        return false;
    }
}

/** The notices, once in the page. */
export function Toasts() {
    return html`<div class="toasts" role="status" aria-live="polite" data-testid="toasts">
        ${notices.value.map((n) => html`<div key=${n.id} class="toast ${n.level}" data-testid="toast">
            <${Icon} name=${n.level === "ok" ? "check" : "alert"} /><span class="grow iso">${n.text}</span>
            <button class="icon-button" aria-label=${t("close")} onClick=${() => close(n.id)}>
                <${Icon} name="close" size=${14} /></button></div>`)}</div>`;
}
