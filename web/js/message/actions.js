/* SPDX-License-Identifier: MIT
 * What can be done with one message, by its state. */
import { useState } from "/lib/hooks.js";
import { html } from "../html.js";
import { nodePath, post, remove, topicPath } from "../api.js";
import { t } from "../i18n.js";
import { follow } from "../jobs.js";
import { isAdmin } from "../store.js";
import { ask } from "../parts/confirm.js";
import { Dialog } from "../parts/dialog.js";
import { Field, Span } from "../parts/field.js";
import { Icon } from "../parts/icon.js";
import { attempt } from "../parts/toast.js";

/** @typedef {import("../types.js").Message} Message */
/** @typedef {{node: number, message: Message, onDone: () => void}} Props */

/** @param {Props & {onClose: () => void}} props */
function Reschedule({ node, message, onClose, onDone }) {
    const [delay, setDelay] = useState(/** @type {number | null} */ (60000));
    const [at, setAt] = useState("");
    const body = at ? { due_at: new Date(at).toISOString() } : { delay_ms: delay ?? 0 };
    const submit = async (/** @type {Event} */ e) => {
        e.preventDefault();
        if (await attempt(() => post(nodePath(node, "messages", message.id, "reschedule"), body), () =>
            t("msg.done.reschedule"))) {
            onClose();
        }
        onDone();
    };

    return html`<${Dialog} title=${t("msg.reschedule")} onClose=${onClose} testid="reschedule-dialog">
        <form class="stack" onSubmit=${submit}>
            <${Field} label=${t("msg.reschedule.delay")}><${Span} value=${delay} onChange=${setDelay}
                disabled=${at !== ""}
                units=${["s", "m", "h", "d"]} testid="reschedule-delay" /><//>
            <${Field} label=${t("msg.reschedule.at")}><input type="datetime-local" step="1" value=${at}
                onInput=${(/** @type {any} */ e) => setAt(e.target.value)} /><//>
            <div class="dialog-foot"><button type="button" class="button" onClick=${onClose}>${t("cancel")}</button>
                <button class="button primary"
                    data-testid="confirm">${t("msg.reschedule")}</button></div></form><//>`;
}

/** @param {Props} props */
export function Actions({ node, message, onDone }) {
    const [asking, setAsking] = useState(false);
    const { id, state } = message, topic = message.topic ?? "";
    const run = async (/** @type {() => Promise<any>} */ action, /** @type {string} */ said) => {
        await attempt(action, () => t(said));
        onDone();
    };
    const cancel = async () => {
        if (await ask({ title: t("msg.cancel.title"), text: t("msg.cancel.text"), action: t("msg.cancel"),
            danger: true })) {
            run(() => remove(nodePath(node, "messages", id)), "msg.done.cancel");
        }
    };
    const redrive = async () => {
        const job = await post(topicPath(node, topic, "dead", "redrive"), { ids: [id] });

        follow(node, job, 1);
    };
    const back = () => post(topicPath(node, topic, "nacks"), { ids: [id] });
    const off = !isAdmin.value;
    const why = off ? t("viewer.only") : undefined;

    return state !== "gone" && html`<div class="row" data-testid="message-actions">
        ${state === "dead" && html`<button class="button primary" disabled=${off} title=${why} data-testid="redrive"
            onClick=${() => run(redrive,
                "msg.done.redrive")}><${Icon} name="redrive" />${t("msg.redrive")}</button>`}
        ${state === "delayed" && html`<button class="button primary" disabled=${off} title=${why} data-testid="promote"
            onClick=${() => run(() => post(nodePath(node, "messages", id, "promote")), "msg.done.promote")}>
            <${Icon} name="play" />${t("msg.promote")}</button>`}
        ${state === "in_flight" && html`<button class="button" disabled=${off} title=${why} data-testid="release"
            onClick=${() => run(back,
                "msg.done.release")}><${Icon} name="redrive" />${t("msg.release")}</button>`}
        ${state !== "in_flight" && html`<button class="button" disabled=${off} title=${why} data-testid="reschedule"
            onClick=${() => setAsking(true)}><${Icon} name="clock" />${t("msg.reschedule")}</button>`}
        <button class="button danger" disabled=${off} title=${why} onClick=${cancel} data-testid="cancel-message">
            <${Icon} name="trash" />${t("msg.cancel")}</button></div>
        ${asking && html`<${Reschedule} node=${node} message=${message} onClose=${() => setAsking(false)}
            onDone=${onDone} />`}`;
}
