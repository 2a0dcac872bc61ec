/* SPDX-License-Identifier: MIT
 * Redrive and deletion of dead letters: the questions, and the jobs that come of them. */
import { useState } from "/lib/hooks.js";
import { html } from "../html.js";
import { post, topicPath } from "../api.js";
import { number } from "../format.js";
import { t, tx } from "../i18n.js";
import { follow } from "../jobs.js";
import { topics } from "../store.js";
import { Dialog } from "../parts/dialog.js";
import { Field, Span } from "../parts/field.js";
import { ask } from "../parts/confirm.js";
import { notifyError } from "../parts/toast.js";
import { visible } from "../parts/text.js";
import { isAll } from "./list.js";

/** @typedef {{node: number, topic: string, ids: string[] | null, filter: import("./list.js").Filter, n: number | null}}
 * Scope
 *   ids: those, else all that match the filter; n: how many that are, null when it is not known */

/** How the API names a scope. @param {Scope} scope */
function which(scope) {
    return scope.ids ? { ids: scope.ids } : isAll(scope.filter) ? { all: true } : scope.filter;
}

/** @param {Scope} scope @param {string} what "redrive" or "delete" @param {object} more */
async function begin(scope, what, more) {
    const job = await post(topicPath(scope.node, scope.topic, "dead", what), { ...which(scope), ...more });

    follow(scope.node, job, scope.n);
}

/** Names of topics on a node, for suggestions. @param {number} node */
export function topicNames(node) {
    return [...topics.value.values()].filter((s) => s.node === node).map((s) => s.topic).sort();
}

/** @param {{scopes: Scope[], onClose: () => void, onDone: () => void}} props several scopes: of several topics */
export function RedriveDialog({ scopes, onClose, onDone }) {
    const one = scopes.length === 1 ? scopes[0] : null;
    const n = scopes.reduce((sum, s) => sum + (s.n ?? 0), 0);
    const [to, setTo] = useState(one?.topic ?? "");
    const [rate, setRate] = useState("");
    const [delay, setDelay] = useState(/** @type {number | null} */ (null));
    const [busy, setBusy] = useState(false);
    const wrongRate = rate !== "" && !/^[1-9][0-9]{0,5}$/.test(rate);
    const submit = async (/** @type {Event} */ e) => {
        e.preventDefault();
        setBusy(true);
        try {
            for (const s of scopes) {
                await begin(s, "redrive", { ...(one && to !== "" && to !== s.topic ? { to } : {}),
                    ...(delay ? { delay_ms: delay } : {}), ...(rate === "" ? {} : { rate: Number(rate) }) });
            }
            onDone();
        } catch (error) {
            notifyError(error);
            setBusy(false);
        }
    };

    return html`<${Dialog} title=${t("dead.redrive.title", { n })} onClose=${onClose} testid="redrive-dialog">
        <form class="stack" onSubmit=${submit}>
            <p class="muted">${one ? tx("dead.redrive.text", { topic: html`<b class="iso">${visible(one.topic)}</b>` })
                : t("dead.redrive.many", { n: scopes.length })}</p>
            ${one && html`<${Field} label=${t("dead.redrive.to")} hint=${to !== one.topic ? t("dead.redrive.moved")
                : undefined}>
                <input value=${to} list="redrive-topics" required maxlength="128" autocomplete="off" spellcheck=${false}
                    data-testid="redrive-to" onInput=${(/** @type {any} */ e) => setTo(e.target.value)} /><//>
                <datalist id="redrive-topics">${topicNames(one.node).map((name) => html`<option key=${name}
                    value=${name} />`)}</datalist>`}
            <div class="grid2"><${Field} label=${t("dead.redrive.rate")} hint=${t("dead.redrive.rate.hint")}
                    error=${wrongRate ? t("dead.redrive.rate.wrong") : undefined}>
                    <input value=${rate} inputmode="numeric" placeholder=${t("dead.redrive.fast")}
                        data-testid="redrive-rate"
                        onInput=${(/** @type {any} */ e) => setRate(e.target.value.trim())} /><//>
                <${Field} label=${t("dead.redrive.delay")}>
                    <${Span} value=${delay} onChange=${setDelay} units=${["s", "m", "h", "d"]} placeholder="0"
                        testid="redrive-delay" /><//></div>
            <div class="dialog-foot"><button type="button" class="button" onClick=${onClose}>${t("cancel")}</button>
                <button class="button primary" disabled=${busy || wrongRate} autofocus data-testid="confirm">
                    ${t("dead.redrive.do", { n })}</button></div>
        </form><//>`;
}

/** Asks, and begins to delete. Returns whether it was begun. @param {Scope} scope */
export async function deleteDead(scope) {
    const { topic, n } = scope;
    const yes = await ask({ title: t("dead.delete.title", { n: n ?? undefined }), text: t("dead.delete.text", {
        topic: visible(topic) }), action: t("dead.delete.do", { n: n ?? undefined }), danger: true, typeName: topic });

    if (yes) {
        try {
            await begin(scope, "delete", {});
            return true;
        } catch (e) {
            notifyError(e);
        }
    }
    return false;
}

/** "180", or "20,000+" where more could not be counted. @param {{n: number, more: boolean} | null} m */
export function countText(m) {
    return m === null ? "…" : m.more ? `${number(m.n)}+` : number(m.n);
}
