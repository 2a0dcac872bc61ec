/* SPDX-License-Identifier: MIT
 * One message in a dialog: its facts, its body, and what can be done to it in its state. */
import { useEffect, useState } from "/lib/hooks.js";
import { get, nodePath, post, remove, topicPath } from "../api.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { bytes, number, time } from "../format.js";
import { isAdmin } from "../store.js";
import { Body } from "../parts/body.js";
import { ask } from "../parts/confirm.js";
import { CopyButton } from "../parts/copy.js";
import { Dialog } from "../parts/dialog.js";
import { Span } from "../parts/field.js";
import { Failed, Loading } from "../parts/states.js";
import { attempt } from "../parts/toast.js";
import { visible } from "../parts/text.js";

const FIRST_BYTES = 65536;

/** Facts that are shown, when they are known. */
const TIMES = ["pushed_at", "due_at", "deadline_at", "expires_at", "since", "first_delivery_at", "last_delivery_at"];

/** @param {{message: any}} props */
function Facts({ message: m }) {
    const rows = [["message.state", t(m.state)], ["message.retries", number(m.retry_count)], ["message.size",
        bytes(m.body_bytes)],
        ...TIMES.filter((k) => m[k]).map((k) => [`message.${k}`, time(m[k])]),
        ...(m.holder ? [["message.holder", visible(m.holder)]] : []),
        ...(m.reason ? [["message.reason", t(`reason.${m.reason}`)]] : []),
        ...(m.text ? [["message.text", visible(m.text)]] : []),
        ...(m.key ? [["message.key", visible(m.key)]] : [])];

    return html`<dl class="facts">${rows.map(([k, v]) => html`<div key=${k}><dt>${t(k)}</dt><dd
        class="iso">${v}</dd></div>`)}
        ${Object.entries(m.headers ?? {}).map(([k, v]) => html`<div key=${`h${k}`}><dt class="iso">${visible(k)}</dt>
            <dd class="iso mono">${visible(String(v))}</dd></div>`)}</dl>`;
}

/** @param {{message: any, node: number, topic: string, onDone: () => void}} props */
function Steer({ message: m, node, topic, onDone }) {
    const [delay, setDelay] = useState(/** @type {number | null} */ (60000));
    const run = async (/** @type {() => Promise<any>} */ action, /** @type {string} */ said) => {
        if (await attempt(action, () => t(said, { id: m.id }))) {
            onDone();
        }
    };
    const path = (/** @type {string[]} */ ...rest) => nodePath(node, "messages", m.id, ...rest);
    const cancel = async () => {
        if (await ask({ title: t("message.cancel"), text: t("message.cancel_text", { id: m.id }), danger: true,
            action: t("message.cancel") })) {
            run(() => remove(path()), "message.cancelled");
        }
    };
    const later = m.state === "ready" || m.state === "delayed" || m.state === "dead";

    return html`<div class="steer">
        ${m.state === "delayed" && html`<button class="button primary" data-testid="promote"
            onClick=${() => run(() => post(path("promote")), "message.promoted")}>${t("message.promote")}</button>`}
        ${m.state === "dead" && html`<button class="button primary" data-testid="redrive-one" onClick=${() =>
            run(() => post(topicPath(node, topic, "dead", "redrive"), { ids: [m.id] }), "message.redriven")}>${
            t("message.redrive")}</button>`}
        ${later && html`<span class="row"><${Span} value=${delay} onChange=${setDelay} units=${["s", "m", "h", "d"]}
                aria-label=${t("message.delay")} testid="delay" />
            <button class="button" disabled=${delay === null} data-testid="reschedule" onClick=${() =>
                run(() => post(path("reschedule"), { delay_ms: delay }), "message.rescheduled")}>${
                t("message.reschedule")}</button></span>`}
        <span class="grow"></span>
        <button class="button danger" onClick=${cancel} data-testid="cancel-message">${
            t("message.cancel")}</button></div>`;
}

/** @param {{node: number, topic: string, id: string, onClose: () => void, onDone: () => void}} props
 *   onDone: something was done to it, lists are old */
export function MessageView({ node, topic, id, onClose, onDone }) {
    const [m, setMessage] = useState(/** @type {any} */ (null));
    const [error, setError] = useState(/** @type {unknown} */ (null));
    const load = (/** @type {any} */ query) =>
        get(nodePath(node, "messages", id), query).then(setMessage, setError);

    useEffect(() => {
        load({ body: "first", body_bytes: FIRST_BYTES });
    }, [id]);
    return html`<${Dialog} wide title=${html`${t("nav.message")} <a class="mono" href=${`/m/${id}`}>${id}</a>
            <${CopyButton} small text=${id} label=${t("message.copy_id")} />`} onClose=${onClose} testid="message-view">
        ${error ? html`<${Failed} error=${error} />` : !m ? html`<${Loading} />` : html`<div class="stack">
            <${Facts} message=${m} />
            ${m.body === undefined && m.body_base64 === undefined ? html`<p class="muted">${t("message.no_body")}</p>`
                : html`<${Body} message=${m} onWhole=${() => load({ body: "whole" })} />`}
            ${isAdmin.value && m.state !== "gone" && html`<${Steer} message=${m} node=${node} topic=${topic}
                onDone=${onDone} />`}</div>`}<//>`;
}
