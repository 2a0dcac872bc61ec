/* SPDX-License-Identifier: MIT
 * The weight of a node, changed in its place: Enter saves, Esc leaves it. */
import { useState } from "/lib/hooks.js";
import { html } from "../html.js";
import { patch } from "../api.js";
import { number } from "../format.js";
import { t } from "../i18n.js";
import { isAdmin } from "../store.js";
import { Icon } from "../parts/icon.js";
import { attempt } from "../parts/toast.js";
import { WEIGHT_MAX, whole } from "./register.js";

/** @param {{node: import("../store.js").FleetNode}} props */
export function Weight({ node }) {
    const [text, setText] = useState(/** @type {string | null} */ (null));
    const weight = text === null ? null : whole(text, WEIGHT_MAX);
    const save = async (/** @type {Event} */ e) => {
        e.preventDefault();
        if (weight === null || weight === node.weight
            || await attempt(() => patch(`fleet/${node.id}`, { weight }), () => t("nodes.weighed",
                { id: String(node.id), weight }))) {
            setText(null);
        }
    };

    if (!isAdmin.value || !node.listed) {
        return html`<span>${number(node.weight)}</span>`;
    }
    if (text === null) {
        return html`<button class="link" onClick=${() => setText(String(node.weight))} data-testid="weight"
            title=${t("nodes.weight.edit")}>${number(node.weight)}</button>`;
    }
    return html`<form class="weight ${weight === null ? "wrong" : ""}" onSubmit=${save}
        onKeyDown=${(/** @type {KeyboardEvent} */ e) => e.key === "Escape" && setText(null)}>
        <input value=${text} inputmode="numeric" autofocus aria-label=${t("nodes.weight")} data-testid="weight-input"
            ref=${(/** @type {HTMLInputElement | null} */ el) => el && document.activeElement !== el && el.select()}
            onInput=${(/** @type {any} */ e) => setText(e.target.value.trim())} />
        <button class="icon-button" disabled=${weight === null} aria-label=${t("save")} data-testid="weight-save">
            <${Icon} name="check" size=${14} /></button></form>`;
}
