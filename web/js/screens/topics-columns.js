/* SPDX-License-Identifier: MIT
 * The columns of Topics, and the menu that chooses among them. The choice is kept in localStorage. */
import { signal } from "/lib/signals.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { age, clock, compact, number, rate, toMs } from "../format.js";
import { sparkOf } from "../past.js";
import { topicUrl } from "../router.js";
import { isAdmin, nodeOf, now, topicKey } from "../store.js";
import { setAutoAck } from "../parts/actions.js";
import { Badge } from "../parts/badge.js";
import { Icon } from "../parts/icon.js";
import { Menu } from "../parts/menu.js";
import { Spark } from "../parts/spark.js";
import { visible } from "../parts/text.js";

/** @typedef {import("../store.js").TopicStats} TopicStats */

const KEPT = "gmq.columns";
const USUAL = ["topic", "node", "ready", "delayed", "in_flight", "dead", "consumers", "push_rate", "pop_rate", "oldest",
    "spark", "auto_ack"];
/** Those of the original, in its order: name, queue, delay, dead, wait_ack, pop, push, start_time, is_auto_ack. */
const ORIGINAL = ["topic", "ready", "delayed", "dead", "in_flight", "popped", "pushed", "created_at", "auto_ack"];
const ALL = ["topic", "node", "ready", "delayed", "in_flight", "dead", "consumers", "waiting", "push_rate", "pop_rate",
    "ack_rate", "oldest", "spark", "pushed", "popped", "acked", "last_push_at", "last_pop_at", "created_at",
        "auto_ack"];

const chosen = signal(kept());

function kept() {
    try {
        const list = JSON.parse(localStorage.getItem(KEPT) ?? "null");

        return Array.isArray(list) && list.includes("topic") ? list.filter((c) => ALL.includes(c)) : USUAL;
    } catch {
        return USUAL;
    }
}

/** @param {string[]} list */
function choose(list) {
    chosen.value = list;
    try {
        localStorage.setItem(KEPT, JSON.stringify(list));
    } catch {
        /* then for this visit only */
    }
}

/** @param {{stats: TopicStats}} props */
function Name({ stats: s }) {
    return html`<span class="topic-cell"><a class="iso cut" href=${topicUrl(s.node, s.topic)} title=${visible(s.topic)}
            data-testid="topic-link">${visible(s.topic)}</a>
        ${(s.pop_paused || s.push_paused) && html`<${Badge} level="warn" sign="pause">${t("topics.paused_badge")}<//>`}
        </span>`;
}

/** @param {{stats: TopicStats}} props */
function Node({ stats: s }) {
    const state = nodeOf(s.node)?.state;

    return state === "up" ? number(s.node) : html`<span class="warn old-node" title=${t("topics.old")}>
        <${Icon} name="alert" size=${13} label=${t("topics.old")} />${number(s.node)}</span>`;
}

/** A switch that says and sets auto-ack. @param {{stats: TopicStats}} props */
export function AutoAck({ stats: s }) {
    if (s.auto_ack === undefined || !isAdmin.value) {
        return s.auto_ack === undefined ? "–" : t(s.auto_ack ? "yes" : "no");
    }
    return html`<button class="switch" role="switch" aria-checked=${s.auto_ack ? "true" : "false"}
        data-testid="auto-ack"
        aria-label=${t("topics.auto_ack_of", { topic: visible(s.topic) })}
        onClick=${() => setAutoAck(s, !s.auto_ack)}><i></i>
        <span>${t(s.auto_ack ? "topics.on" : "topics.off")}</span></button>`;
}

/** @param {string} key @returns {import("../parts/table.js").Column<TopicStats>} */
function column(key) {
    const label = t(`column.${key}`);
    const n = /** @type {"ready"} */ (key);

    switch (key) {
        case "topic":
            return { key, label, main: true, sort: (s) => s.topic, cell: (s) => html`<${Name} stats=${s} />` };
        case "node":
            return { key, label, num: true, sort: (s) => s.node, cell: (s) => html`<${Node} stats=${s} />` };
        case "oldest":
            return { key, label, num: true, sort: (s) => (s.oldest_ready_at ? now.peek() - s.oldest_ready_at : 0),
                cell: (s) => (s.oldest_ready_at && nodeOf(s.node)?.state === "up"
                    ? age(now.value - s.oldest_ready_at) : "–") };
        case "spark":
            return { key, label, cell: (s) => html`<${Spark} values=${sparkOf(topicKey(s.node, s.topic))} />` };
        case "auto_ack":
            return { key, label, sort: (s) => Number(s.auto_ack), cell: (s) => html`<${AutoAck} stats=${s} />` };
        case "dead":
            return { key, label, num: true, sort: (s) => s.dead,
                cell: (s) => (s.dead > 0 ? html`<b class="bad">${compact(s.dead)}</b>` : "0") };
        default:
            return { key, label, num: true, sort: (s) => s[n] ?? null, cell: (s) => shown(key, s[n]) };
    }
}

/** @param {string} key @param {any} v */
function shown(key, v) {
    return key.endsWith("_rate") ? rate(v) : key.endsWith("_at") ? (toMs(v) === null ? "–" : clock(v, now.value))
        : compact(v);
}

/** The columns that are shown. */
export function chosenColumns() {
    return chosen.value.map(column);
}

/** The menu that chooses columns. */
export function ColumnMenu() {
    const flip = (/** @type {string} */ key) =>
        choose(chosen.value.includes(key) ? chosen.value.filter((c) => c !== key)
            : ALL.filter((c) => c === key || chosen.value.includes(c)));

    return html`<${Menu} button testid="columns" label=${html`<${Icon} name="columns" />${t("topics.columns")}`}>
        <button onClick=${() => choose(USUAL)} data-testid="columns-usual">${t("topics.columns_usual")}</button>
        <button onClick=${() => choose(ORIGINAL)} data-testid="columns-original">${
            t("topics.columns_original")}</button><hr />
        ${ALL.map((key) => html`<label key=${key}><input type="checkbox" checked=${chosen.value.includes(key)}
            disabled=${key === "topic"} onChange=${() => flip(key)} />${t(`column.${key}`)}</label>`)}<//>`;
}
