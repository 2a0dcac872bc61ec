/* SPDX-License-Identifier: MIT
 * Topic's settings: all that topic.set knows. Only what was changed is sent; an empty field is the node's own value. */
import { useState } from "/lib/hooks.js";
import { post, topicPath } from "../api.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { isAdmin } from "../store.js";
import { Field, Span } from "../parts/field.js";
import { Loading } from "../parts/states.js";
import { attempt } from "../parts/toast.js";
import { visible } from "../parts/text.js";

const KINDS = ["at_once", "fixed", "list", "exponential"];
const OVER = ["reject", "drop", "dead_letter"];

/** Delays as people write them, "1s 30s 5m", and back; null when it is none. @param {number[]} ms */
function writeDelays(ms) {
    return ms.map((v) => (v % 60000 === 0 && v > 0 ? `${v / 60000}m` : v % 1000 === 0 ? `${v / 1000}s`
        : `${v}ms`)).join(" ");
}

/** @param {string} text @returns {number[] | null} */
function readDelays(text) {
    const units = /** @type {Record<string, number>} */ ({ ms: 1, s: 1000, m: 60000, h: 3600000, d: 86400000,
        "": 1000 });
    const parts = text.split(/[\s,]+/).filter((p) => p !== "").map((p) => /^(\d+(?:\.\d+)?)(ms|[smhd]|)$/.exec(p));

    return parts.length === 0 || parts.some((p) => !p) ? null
        : parts.map((p) => Math.round(Number(p?.[1]) * units[p?.[2] ?? ""]));
}

/** What the form holds, of the settings as the node tells them. @param {any} s */
function draftOf(s) {
    return {
        ttr_ms: s.ttr_ms, max_retries: s.max_retries, auto_ack: s.auto_ack, idle_ms: s.idle_ms,
        kind: s.retry?.kind ?? "at_once", delays: writeDelays(s.retry?.delays_ms ?? []),
            cap_ms: s.retry?.cap_ms ?? null,
        jitter: s.retry?.jitter_percent ?? 0, messages: s.limits?.messages || null, bytes: s.limits?.bytes || null,
        age_ms: s.limits?.age_ms || null, over: s.limits?.over ?? "reject",
    };
}

/** What topic.set takes, of what the form holds. @param {ReturnType<typeof draftOf>} d */
function settingsOf(d) {
    const retry = d.kind === "at_once" ? null
        : { kind: d.kind, delays_ms: readDelays(d.delays) ?? [], cap_ms: d.cap_ms, jitter_percent: d.jitter };
    const limited = d.messages || d.bytes || d.age_ms;

    return {
        ttr_ms: d.ttr_ms, max_retries: d.max_retries, auto_ack: d.auto_ack, idle_ms: d.idle_ms, retry,
        limits: limited ? { messages: d.messages, bytes: d.bytes, age_ms: d.age_ms, over: d.over } : null,
    };
}

/** Those of b that are not as in a. @param {any} a @param {any} b */
function changed(a, b) {
    return Object.fromEntries(Object.entries(b).filter(([k, v]) => JSON.stringify(v) !== JSON.stringify(a[k])));
}

/** @param {{value: number | null, onChange: (v: number | null) => void, max?: number, placeholder?: string}} props
 *   a whole number; null when the field is empty */
function Whole({ value, onChange, max, placeholder, ...rest }) {
    return html`<input type="number" min="0" max=${max} step="1" inputmode="numeric" value=${value ?? ""} ...${rest}
        placeholder=${placeholder} onInput=${(/** @type {any} */ e) =>
            onChange(e.target.value === "" ? null : Math.round(Number(e.target.value)))} />`;
}

/** @param {{stats: import("../store.js").TopicStats, detail: any, again: () => void}} props */
export function TopicSettings({ stats: s, detail, again }) {
    return detail ? html`<${Form} key=${JSON.stringify(detail.settings)} stats=${s} settings=${detail.settings}
        again=${again} />`
        : html`<${Loading} />`;
}

/** @param {{stats: import("../store.js").TopicStats, settings: any, again: () => void}} props */
function Form({ stats: s, settings, again }) {
    const [first] = useState(() => draftOf(settings));
    const [d, setDraft] = useState(first);
    const set = (/** @type {string} */ key) => (/** @type {any} */ v) => setDraft({ ...d, [key]: v });
    const changes = changed(settingsOf(first), settingsOf(d));
    const delays = d.kind === "at_once" ? [] : readDelays(d.delays);
    const wrong = delays === null || (d.kind !== "list" && delays.length > 1) || delays.length > 16;
    const submit = async (/** @type {Event} */ e) => {
        e.preventDefault();
        await attempt(() => post(topicPath(s.node, s.topic, "settings"), changes),
            () => t("topic.saved", { topic: visible(s.topic) }));
        again();
    };

    return html`<form class="card-pad stack settings" onSubmit=${submit} data-testid="topic-settings">
        <fieldset disabled=${!isAdmin.value} class="stack">
        <section><h3>${t("set.delivery")}</h3><div class="grid2">
            <${Field} label=${t("set.ttr")} hint=${t("set.ttr_hint", { s: (s.ttr_ms ?? 0) / 1000 })}><${Span}
                value=${d.ttr_ms}
                onChange=${set("ttr_ms")} units=${["s", "m"]} placeholder=${t("set.nodes")} testid="set-ttr" /><//>
            <${Field} label=${t("set.retries")} hint=${t("set.retries_hint", { n: s.max_retries ?? null })}><${Whole}
                value=${d.max_retries} onChange=${set("max_retries")} max=${254} placeholder=${t("set.nodes")} /><//>
            <${Field} label=${t("set.idle")} hint=${t("set.idle_hint")}><${Span} value=${d.idle_ms}
                onChange=${set("idle_ms")}
                units=${["s", "m", "h", "d"]} placeholder=${t("set.nodes")} /><//>
            <label class="row"><input type="checkbox" checked=${d.auto_ack} data-testid="set-auto-ack"
                onChange=${(/** @type {any} */ e) => set("auto_ack")(e.target.checked)} />
                <span>${t("set.auto_ack")}</span></label>
        </div></section>
        <section><h3>${t("set.retry")}</h3><div class="grid2">
            <${Field} label=${t("set.kind")} hint=${t(`set.kind_${d.kind}`)}><select value=${d.kind}
                data-testid="set-kind"
                onChange=${(/** @type {any} */ e) => set("kind")(e.target.value)}>${KINDS.map((k) => html`<option
                    key=${k}
                    value=${k}>${t(`set.${k}`)}</option>`)}</select><//>
            ${d.kind !== "at_once" && html`<${Field} label=${t(d.kind === "list" ? "set.delays" : "set.delay")}
                    error=${wrong ? t("set.delays_wrong") : undefined} hint=${t("set.delays_hint")}><input
                        value=${d.delays}
                    onInput=${(/** @type {any} */ e) => set("delays")(e.target.value)} data-testid="set-delays" /><//>
                <${Field} label=${t("set.cap")}><${Span} value=${d.cap_ms} onChange=${set("cap_ms")}
                    placeholder=${t("set.none")} units=${["s", "m", "h", "d"]} /><//>
                <${Field} label=${t("set.jitter")} hint=${t("set.jitter_hint")}><${Whole} value=${d.jitter} max=${100}
                    onChange=${(/** @type {any} */ v) => set("jitter")(v ?? 0)} /><//>`}
        </div></section>
        <section><h3>${t("set.limits")}</h3><div class="grid2">
            <${Field} label=${t("set.messages")}><${Whole} value=${d.messages} onChange=${set("messages")}
                placeholder=${t("set.none")} data-testid="set-limit" /><//>
            <${Field} label=${t("set.bytes")}><${Whole} value=${d.bytes} onChange=${set("bytes")}
                placeholder=${t("set.none")} /><//>
            <${Field} label=${t("set.age")}><${Span} value=${d.age_ms} onChange=${set("age_ms")}
                placeholder=${t("set.none")}
                units=${["s", "m", "h", "d"]} /><//>
            <${Field} label=${t("set.over")}><select value=${d.over}
                onChange=${(/** @type {any} */ e) => set("over")(e.target.value)}>${OVER.map((o) => html`<option
                    key=${o}
                    value=${o}>${t(`set.over_${o}`)}</option>`)}</select><//>
        </div></section>
        <div class="row"><button class="button primary" data-testid="save"
            disabled=${wrong || Object.keys(changes).length === 0
            || !isAdmin.value}>${t("save")}</button>
            <button type="button" class="button" disabled=${Object.keys(changes).length === 0}
                onClick=${() => setDraft(first)}>${t("set.undo")}</button>
            ${!isAdmin.value && html`<span class="muted">${t("viewer.only")}</span>`}</div></fieldset></form>`;
}
