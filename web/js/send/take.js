/* SPDX-License-Identifier: MIT
 * Taking a message by hand, and what to do with it. That consumes, so it asks first. */
import { useState } from "/lib/hooks.js";
import { html } from "../html.js";
import { ApiError, nodePath, post, topicPath } from "../api.js";
import { age, number, toMs } from "../format.js";
import { t } from "../i18n.js";
import { isAdmin, now } from "../store.js";
import { Body } from "../parts/body.js";
import { ask } from "../parts/confirm.js";
import { attempt, notifyError } from "../parts/toast.js";
import { visible } from "../parts/text.js";

/** @typedef {{topic: string, id: string, body?: string, body_base64?: string, retry_count: number, deadline_at?:
 * string,
 *   node: number, done?: string}} Taken */

/** @param {{m: Taken, onDone: (done: string) => void}} props */
function Card({ m, onDone }) {
    const left = m.deadline_at ? (toMs(m.deadline_at) ?? 0) - now.value : null;
    const act = async (/** @type {string} */ what, /** @type {string} */ path, /** @type {object} */ more) => {
        const done = await attempt(async () => {
            const answer = await post(topicPath(m.node, m.topic, path), { ids: [m.id], ...more });

            if (answer.done === 0) {
                throw new ApiError(404, "MESSAGE_UNKNOWN", m.id);
            }
        }, () => t(`take.done.${what}`));

        if (done) {
            onDone(what);
        }
    };

    return html`<li class="card card-pad stack-small" data-testid="taken">
        <div class="spread"><a class="mono" href=${`/m/${m.id}`}>${m.id}</a><span class="muted small">${
            t("take.delivery", { n: number(m.retry_count + 1) })}</span></div>
        <${Body} message=${m} />
        ${m.done ? html`<p class="muted">${t(`take.done.${m.done}`)}</p>`
            : left !== null && left <= 0 ? html`<p class="warn">${t("take.over")}</p>`
            : html`<div class="row">${left !== null && html`<span class="muted grow">${t("take.left",
                { age: age(left) })}</span>`}
                <button class="button primary" onClick=${() => act("ack", "acks", {})}
                    data-testid="take-ack">${t("take.ack")}</button>
                <button class="button" onClick=${() => act("back", "nacks", {})}
                    data-testid="take-back">${t("take.back")}</button>
                <button class="button danger" onClick=${() => act("dead", "nacks", { reject: true,
                    reason: t("take.reason") })}
                    data-testid="take-dead">${t("take.dead")}</button></div>`}</li>`;
}

/** @param {{node: number | null, topic: string}} props */
export function Take({ node, topic }) {
    const [list, setList] = useState(/** @type {Taken[]} */ ([]));
    const [said, setSaid] = useState("");
    const pop = async () => {
        setSaid("");
        if (node === null || !await ask({ title: t("take.title"), text: t("take.text", { topic: visible(topic),
            node: String(node) }),
            action: t("take.do"), danger: true })) {
            return;
        }
        try {
            const { messages } = await post(nodePath(node, "deliveries"), { topic, count: 1 });

            setList([...messages.map((/** @type {Taken} */ m) => ({ ...m, node })), ...list]);
            setSaid(messages.length === 0 ? t("take.none") : "");
        } catch (e) {
            notifyError(e);
        }
    };
    const done = (/** @type {Taken} */ m, /** @type {string} */ what) =>
        setList(list.map((o) => (o === m ? { ...o, done: what } : o)));

    return html`<details class="card take"><summary class="card-head" data-testid="take-open"><b>${t("take.head")}</b>
            <span class="muted"> ${t("take.hint")}</span></summary>
        <div class="card-pad stack-small"><div class="row"><button type="button" class="button" onClick=${pop}
                disabled=${!isAdmin.value || node === null || topic === ""} data-testid="take">${t("take.do")}</button>
            <span class="muted" role="status">${said || (topic === "" ? t("take.topic") : node === null
                ? t("take.node") : "")}</span></div>
            <ul class="stack-small">${list.map((m) => html`<${Card} key=${`${m.id} ${m.retry_count}`} m=${m}
                onDone=${(/** @type {string} */ what) => done(m, what)} />`)}</ul></div></details>`;
}
