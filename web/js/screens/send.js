/* SPDX-License-Identifier: MIT
 * Sending a test message: to which topic, when, what; then what becomes of it, and the same as a command. */
import { useState } from "/lib/hooks.js";
import { html } from "../html.js";
import { ApiError, post, topicPath } from "../api.js";
import { t } from "../i18n.js";
import { route } from "../router.js";
import { fleet, isAdmin, nodeOf, topics } from "../store.js";
import { CopyButton } from "../parts/copy.js";
import { Field } from "../parts/field.js";
import { Icon } from "../parts/icon.js";
import { PageHead } from "../parts/page.js";
import { notifyError } from "../parts/toast.js";
import { pretty } from "../parts/text.js";
import { POLICIES, choose, usable } from "../send/choose.js";
import { curl, gclient } from "../send/commands.js";
import { countOf, emptyForm, faults, kindOf, pushOf, requestOf } from "../send/form.js";
import { Due, More } from "../send/more.js";
import { SentList } from "../send/sent.js";
import { Take } from "../send/take.js";

/** @typedef {import("../send/form.js").Form} Form */

/** So many requests stay on the page. */
const KEPT = 20;

/** Kept while the page is open, so that a look elsewhere loses nothing. */
const kept = { form: /** @type {Form | null} */ (null), sent: /** @type {import("../send/sent.js").Sent[]} */ ([]) };

/** The form as the URL wants it: ?node=1&topic=x */
function first() {
    const query = route.peek().query, topic = query.get("topic"), node = query.get("node");
    const old = kept.form ?? emptyForm("", "weight");

    return { ...old, ...(topic === null ? {} : { topic }), ...(node === null ? {} : { how: node }) };
}

/** @param {{form: Form, set: (c: Partial<Form>) => void}} props */
function NodeChoice({ form, set }) {
    const nodes = (fleet.value?.nodes ?? []).filter((n) => n.listed);

    return html`<${Field} label=${t("send.node")}><select value=${form.how} data-testid="send-node"
        onChange=${(/** @type {any} */ e) => set({ how: e.target.value })}>
        ${POLICIES.map((p) => html`<option key=${p} value=${p}>${t(`send.by.${p}`)}</option>`)}
        ${nodes.map((n) => html`<option key=${n.id} value=${String(n.id)}>${t("send.node.one", { id: String(n.id) })}${
            n.state === "up" ? "" : ` (${t("send.node.down")})`}</option>`)}</select><//>`;
}

/** @param {{form: Form, set: (c: Partial<Form>) => void}} props */
function BodyField({ form, set }) {
    const kind = kindOf(form.body);

    return html`<div class="field"><div class="spread"><label for="send-body"><b>${t("send.body")}</b></label>
            <span class="row"><small class=${kind === "broken" ? "warn" : "muted"}
                data-testid="body-kind" data-kind=${kind}>
                ${form.body === "" ? "" : t(`send.kind.${kind}`)}</small>
            ${kind === "json" && html`<button type="button" class="link small" onClick=${() =>
                set({ body: pretty(form.body) ?? form.body })}
                >${t("send.pretty")}</button>`}</span></div>
        <textarea id="send-body" rows="8" spellcheck=${false} value=${form.body} data-testid="send-body"
            onInput=${(/** @type {any} */ e) => set({ body: e.target.value })}></textarea></div>`;
}

/** The same for a shell. @param {{form: Form, node: number | null}} props */
function Commands({ form, node }) {
    const n = node === null ? usable(fleet.value?.nodes ?? [])[0] : nodeOf(node);
    const s = { topic: form.topic, push: pushOf(form), count: countOf(form) ?? 1,
        http: n?.http_addr ?? "127.0.0.1:9504",
        tcp: n?.tcp_addr ?? "127.0.0.1:9503" };

    return html`<details class="card take"><summary class="card-head"><b>${t("send.commands")}</b></summary>
        <div class="card-pad stack-small">${[["curl", curl(s)], ["gclient", gclient(s)]].map(([name, text]) =>
            html`<div key=${name}
            class="command" data-testid=${`command-${name}`}><div class="spread"><b class="small">${name}</b>
                <${CopyButton} text=${text} /></div><pre class="body-text ltr">${text}</pre></div>`)}</div></details>`;
}

export default function Send() {
    const [form, setForm] = useState(first);
    const [sent, setSent] = useState(kept.sent);
    const [busy, setBusy] = useState(false);
    const wrong = faults(form);
    const fixed = POLICIES.includes(form.how) ? null : Number(form.how);
    const names = [...new Set([...topics.value.values()].filter((s) => fixed === null || s.node === fixed).map((s) =>
        s.topic))].sort();
    const set = (/** @type {Partial<Form>} */ changes) => {
        kept.form = { ...form, ...changes };
        setForm(kept.form);
    };
    const submit = async (/** @type {Event} */ e) => {
        e.preventDefault();
        const node = choose(form.how, fleet.peek()?.nodes ?? []);

        if (node === null) {
            notifyError(new ApiError(502, "NODE_DOWN", t("send.no.node")));
            return;
        }
        setBusy(true);
        try {
            const { ids, duplicate } = await post(topicPath(node, form.topic, "messages"), requestOf(form));

            kept.sent = [{ node, topic: form.topic, ids, duplicate, at: Date.now() }, ...kept.sent].slice(0, KEPT);
            setSent(kept.sent);
        } catch (error) {
            notifyError(error);
        }
        setBusy(false);
    };
    const bad = Object.keys(wrong).length > 0;

    return html`<${PageHead} title=${t("send.title")} /><div class="two send">
        <div class="stack"><form class="card card-pad stack" onSubmit=${submit} data-testid="send-form">
                <div class="grid2"><${Field} label=${t("send.topic")}><input
                    value=${form.topic} list="send-topics" required
                        maxlength="128" autocomplete="off" spellcheck=${false} data-testid="send-topic"
                        onInput=${(/** @type {any} */ e) => set({ topic: e.target.value })} /><//>
                    <${NodeChoice} form=${form} set=${set} /></div>
                <datalist id="send-topics">${names.slice(0, 200).map((name) => html`<option key=${name}
                    value=${name} />`)}</datalist>
                <${BodyField} form=${form} set=${set} />
                <${Due} form=${form} set=${set} wrong=${wrong} />
                <${More} form=${form} set=${set} wrong=${wrong} />
                <div class="dialog-foot"><button class="button primary" disabled=${busy || bad || !isAdmin.value}
                    data-testid="send"
                    title=${isAdmin.value ? undefined : t("viewer.only")}><${Icon} name="send" />${t("send.do",
                        { n: countOf(form) ?? 1 })}</button></div>
            </form><${Commands} form=${form} node=${fixed} /><${Take} node=${fixed} topic=${form.topic} /></div>
        <section class="stack" aria-label=${t("send.sent")}>${sent.length === 0
            ? html`<div class="card empty"><${Icon} name="send" size=${22} /><p>${t("send.empty")}</p></div>`
            : html`<${SentList} list=${sent} />`}</section></div>`;
}
