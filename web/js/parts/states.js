/* SPDX-License-Identifier: MIT
 * What stands where there is nothing to show: nothing there, not known, refused, on its way. */
import { html } from "../html.js";
import { errorText } from "../api.js";
import { t } from "../i18n.js";
import { Icon } from "./icon.js";

/** Nothing is there, and that is all right.
 * @param {{title: string, hint?: any, icon?: string, children?: any}} props */
export function Empty({ title, hint, icon = "check", children }) {
    return html`<div class="empty"><${Icon} name=${icon} size=${22} /><p><b>${title}</b></p>
        ${hint && html`<p class="muted">${hint}</p>`}${children}</div>`;
}

/** It cannot be known now, and why. @param {{title: string, hint?: any, children?: any}} props */
export function Unknown({ title, hint, children }) {
    return html`<div class="empty unknown" role="status"><${Icon} name="unknown" size=${22} /><p><b>${title}</b></p>
        ${hint && html`<p class="muted">${hint}</p>`}${children}</div>`;
}

/** A call was refused. @param {{error: unknown, retry?: () => void}} props */
export function Failed({ error, retry }) {
    return html`<div class="empty unknown" role="alert" data-testid="failed"><${Icon} name="alert" size=${22} />
        <p><b>${errorText(error)}</b></p>
        ${retry && html`<button class="button" onClick=${retry}>${t("again")}</button>`}</div>`;
}

/** It is on its way. */
export function Loading() {
    return html`<div class="empty muted" role="status" aria-busy="true"><p>${t("loading")}</p></div>`;
}
