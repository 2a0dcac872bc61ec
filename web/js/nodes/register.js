/* SPDX-License-Identifier: MIT
 * The form that registers a node. The registry tries its doors before it lists it; gweb contacts only what is
 * listed. */
import { useState } from "/lib/hooks.js";
import { html } from "../html.js";
import { errorText, post } from "../api.js";
import { t } from "../i18n.js";
import { Dialog } from "../parts/dialog.js";
import { Field } from "../parts/field.js";
import { notify } from "../parts/toast.js";

export const ID_MAX = 1024;
export const WEIGHT_MAX = 2147483647;

/** A whole number in a range, or null. @param {string} text @param {number} max */
export function whole(text, max) {
    const n = Number(text);

    return /^[0-9]+$/.test(text) && n >= 1 && n <= max ? n : null;
}

/** @param {string} text */
function isAddress(text) {
    return /^[^\s/]+:[0-9]{1,5}$/.test(text);
}

/** @param {{onClose: () => void}} props */
export function Register({ onClose }) {
    const [f, setF] = useState({ id: "", tcp: "", http: "", weight: "1" });
    const [error, setError] = useState(/** @type {unknown} */ (null));
    const [busy, setBusy] = useState(false);
    const id = whole(f.id, ID_MAX), weight = whole(f.weight, WEIGHT_MAX);
    const input = (/** @type {keyof typeof f} */ name, /** @type {object} */ more) => html`<input
        value=${f[name]} required
        autocomplete="off" spellcheck=${false} ...${more} data-testid=${`register-${name}`}
        onInput=${(/** @type {any} */ e) => setF({ ...f, [name]: e.target.value.trim() })} />`;
    const submit = async (/** @type {Event} */ e) => {
        e.preventDefault();
        setBusy(true);
        try {
            await post("fleet", { node_id: id, tcp_addr: f.tcp, http_addr: f.http, weight });
            notify(t("nodes.registered", { id: f.id }));
            onClose();
        } catch (problem) {
            setError(problem);
            setBusy(false);
        }
    };
    const wrong = (/** @type {boolean} */ bad, /** @type {string} */ key) => (bad ? t(key) : undefined);

    return html`<${Dialog} title=${t("nodes.register")} onClose=${onClose} testid="register-dialog">
        <form class="stack" onSubmit=${submit}>
            <p class="muted">${t("nodes.register.text")}</p>
            <div class="grid2">
                <${Field} label=${t("nodes.id")} error=${wrong(f.id !== "" && id === null, "nodes.wrong.id")}>
                    ${input("id", { inputmode: "numeric", autofocus: true })}<//>
                <${Field} label=${t("nodes.weight")} error=${wrong(weight === null, "nodes.wrong.weight")}>
                    ${input("weight", { inputmode: "numeric" })}<//>
                <${Field} label=${t("nodes.tcp")} error=${wrong(f.tcp !== "" && !isAddress(f.tcp),
                    "nodes.wrong.address")}>
                    ${input("tcp", { placeholder: "10.0.0.5:9503" })}<//>
                <${Field} label=${t("nodes.http")} error=${wrong(f.http !== "" && !isAddress(f.http),
                    "nodes.wrong.address")}>
                    ${input("http", { placeholder: "10.0.0.5:9504" })}<//></div>
            ${error && html`<p class="bad iso" role="alert">${errorText(error)}</p>`}
            <div class="dialog-foot"><button type="button" class="button" onClick=${onClose}>${t("cancel")}</button>
                <button class="button primary" data-testid="confirm" disabled=${busy || id === null || weight === null
                    || !isAddress(f.tcp) || !isAddress(f.http)}>${t("nodes.register")}</button></div></form><//>`;
}
