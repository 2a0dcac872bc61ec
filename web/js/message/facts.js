/* SPDX-License-Identifier: MIT
 * What is known of a message, as a list of names and values. What does not apply is left out. */
import { html } from "../html.js";
import { age, bytes, clock, number, time, toMs } from "../format.js";
import { t } from "../i18n.js";
import { topicUrl } from "../router.js";
import { now } from "../store.js";
import { Badge } from "../parts/badge.js";
import { CopyButton } from "../parts/copy.js";
import { visible } from "../parts/text.js";

/** @typedef {import("../types.js").Message} Message */

const LEVELS = /** @type {const} */ ({ ready: "ok", delayed: "idle", in_flight: "warn", dead: "bad", gone: "idle" });
const SIGNS = { ready: "play", delayed: "clock", in_flight: "arrow", dead: "dead", gone: "check" };

/** A state as a badge. @param {{state: import("../types.js").State}} props */
export function StateBadge({ state }) {
    return html`<${Badge} level=${LEVELS[state] ?? "idle"} sign=${SIGNS[state]}><span data-testid="state"
        data-state=${state}>${t(state)}</span><//>`;
}

/** A time, how long ago or how far ahead. @param {{at: string | number | null | undefined}} props */
export function When({ at }) {
    const ms = toMs(at);

    if (ms === null) {
        return html`<span>–</span>`;
    }
    const away = now.value - ms;

    return html`<span class="nowrap" title=${String(at)}>${Math.abs(away) < 86400000 ? clock(ms, now.value) : time(ms)}
        <span class="muted"> ${away >= 0 ? t("msg.ago", { age: age(away) }) : t("msg.ahead",
            { age: age(-away) })}</span></span>`;
}

/** @param {Record<string, string>} headers */
function headerList(headers) {
    return html`<ul class="headers">${Object.entries(headers).map(([name, value]) => html`<li key=${name}
        class="mono iso">
        <span class="muted">${visible(name)}:</span> ${visible(value)}</li>`)}</ul>`;
}

/** @param {Message} m @param {number} node @returns {[string, any][]} */
function rows(m, node) {
    /** @param {string} key */
    const when = (key) => /** @type {[string, any]} */ ([key, /** @type {any} */ (m)[key]
        && html`<${When} at=${/** @type {any} */ (m)[key]} />`]);
    const span = (/** @type {number | undefined} */ ms) => ms !== undefined && age(ms);

    return [
        ["topic", m.topic !== undefined && html`<a class="iso" href=${topicUrl(node,
            m.topic)}>${visible(m.topic)}</a>`],
        ["node", html`<a href="/nodes">${String(node)}</a>`],
        ["how", m.how && t(`msg.how.${m.how}`)],
        when("pushed_at"), when("due_at"), when("deadline_at"),
        ["holder", m.holder && html`<span class="iso">${visible(m.holder)}</span>`],
        ["reason", m.reason && t(`msg.reason.${m.reason}`)],
        ["text", m.text && html`<span class="iso">${visible(m.text)}</span>`],
        [m.state === "dead" ? "dead_since" : "since", m.since && html`<${When} at=${m.since} />`],
        when("first_delivery_at"), when("last_delivery_at"), when("expires_at"), when("gone_at"),
        ["retry_count", m.retry_count !== undefined && number(m.retry_count)],
        ["body_bytes", m.body_bytes !== undefined && bytes(m.body_bytes)],
        ["ttr_ms", span(m.ttr_ms)],
        ["max_retries", m.max_retries !== undefined && number(m.max_retries)],
        ["auto_ack", m.auto_ack !== undefined && t(m.auto_ack ? "yes" : "no")],
        ["key", m.key && html`<span class="mono iso">${visible(m.key)}</span>`],
        ["headers", m.headers && Object.keys(m.headers).length > 0 && headerList(m.headers)],
    ];
}

/** @param {{message: Message, node: number}} props */
export function Facts({ message, node }) {
    return html`<dl class="facts" data-testid="facts">
        <div><dt>${t("msg.id")}</dt><dd class="row"><span class="mono iso">${message.id}</span>
            <${CopyButton} small text=${message.id} /></dd></div>
        <div><dt>${t("msg.state")}</dt><dd><${StateBadge} state=${message.state} /></dd></div>
        ${rows(message, node).filter(([, value]) => value !== false && value !== undefined && value !== "").map(([key,
            value]) =>
            html`<div key=${key}><dt>${t(`msg.${key}`)}</dt><dd>${value}</dd></div>`)}
        ${message.unreadable && html`<div><dd class="bad">${t("msg.unreadable")}</dd></div>`}</dl>`;
}
