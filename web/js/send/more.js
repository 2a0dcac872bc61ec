/* SPDX-License-Identifier: MIT
 * The rarer fields of a message, and when it is due. */
import { html } from "../html.js";
import { t } from "../i18n.js";
import { Choice, Field, Span } from "../parts/field.js";
import { DELAYS } from "./form.js";

/** @typedef {import("./form.js").Form} Form */
/** @typedef {{form: Form, set: (changes: Partial<Form>) => void, wrong: Record<string, string>}} Props */

/** @param {Props} props */
export function Due({ form, set }) {
    const preset = Object.entries(DELAYS).find(([, ms]) => ms === form.delay)?.[0];
    const value = form.at !== "" ? "at" : preset ?? "other";
    const choose = (/** @type {string} */ v) => {
        const local = new Date(Date.now() + 3600000 - new Date().getTimezoneOffset() * 60000);

        set(v === "at" ? { at: local.toISOString().slice(0, 16) }
            : v === "other" ? { at: "", delay: 30000 } : { at: "", delay: /** @type {Record<string,
                number>} */ (DELAYS)[v] });
    };

    return html`<div class="field"><span>${t("send.delay")}</span><div class="row">
        <${Choice} label=${t("send.delay")} value=${value} onChange=${choose} testid="delay" options=${[
            ...Object.keys(DELAYS).map((v) => ({ value: v, label: t(`send.delay.${v}`) })),
            { value: "other", label: t("send.delay.other") }, { value: "at", label: t("send.delay.at") }]} />
        ${value === "at" && html`<input type="datetime-local" step="1" value=${form.at} aria-label=${t("send.delay.at")}
            data-testid="due-at" onInput=${(/** @type {any} */ e) => set({ at: e.target.value })} />`}
        ${value === "other" && html`<${Span} value=${form.delay} units=${["s", "m", "h", "d"]} testid="delay-span"
            onChange=${(/** @type {number | null} */ ms) => set({ delay: ms ?? 0 })} />`}</div></div>`;
}

/** @param {Props} props */
export function More({ form, set, wrong }) {
    const text = (/** @type {keyof Form} */ name) => ({ value: form[name], "data-testid": `send-${name}`,
        autocomplete: "off",
        spellcheck: false, onInput: (/** @type {any} */ e) => set({ [name]: e.target.value }) });
    const said = (/** @type {string} */ name) => (wrong[name] ? t(wrong[name]) : undefined);

    return html`<details class="more-fields"><summary data-testid="send-more">${t("send.fields")}</summary>
        <div class="grid2">
            <${Field} label=${t("send.count")}
                error=${said("count")}><input inputmode="numeric" ...${text("count")} /><//>
            <${Field} label=${t("send.key")} hint=${t("send.key.hint")}><input maxlength="128" ...${text("key")} /><//>
            <${Field} label=${t("send.dedup")} hint=${t("send.dedup.hint")}><input
                maxlength="128" ...${text("dedup")} /><//>
            <${Field} label=${t("send.retries")} error=${said("retries")}><input inputmode="numeric"
                placeholder=${t("send.topics")} ...${text("retries")} /><//>
            <${Field} label=${t("send.ttr")} error=${said("ttr")}><${Span} value=${form.ttr} units=${["s", "m"]}
                placeholder=${t("send.topics")} onChange=${(/** @type {number | null} */ ms) => set({ ttr: ms })} /><//>
            <${Field} label=${t("send.lifetime")} hint=${t("send.lifetime.hint")}><${Span} value=${form.lifetime}
                units=${["s", "m", "h", "d"]} placeholder=${t("send.unlimited")}
                onChange=${(/** @type {number | null} */ ms) => set({ lifetime: ms })} /><//>
        </div>
        <${Field} label=${t("send.headers")} hint=${t("send.headers.hint")} error=${said("headers")}><textarea
            class="short"
            rows="2" ...${text("headers")}></textarea><//>
        <label class="row"><input type="checkbox" checked=${form.autoAck} data-testid="send-auto-ack"
            onChange=${(/** @type {any} */ e) =>
                set({ autoAck: e.target.checked })} /> ${t("send.auto_ack")}</label></details>`;
}
