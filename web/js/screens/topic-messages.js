/* SPDX-License-Identifier: MIT
 * Topic's messages: looked at in any of four states, from either end, page by page. Looking changes nothing. */
import { useEffect, useState } from "/lib/hooks.js";
import { get, topicPath } from "../api.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { age, bytes, clock, number, toMs } from "../format.js";
import { route, setQuery } from "../router.js";
import { now } from "../store.js";
import { Choice } from "../parts/field.js";
import { Icon } from "../parts/icon.js";
import { Empty, Failed, Loading } from "../parts/states.js";
import { Table } from "../parts/table.js";
import { preview, visible } from "../parts/text.js";
import { MessageView } from "./topic-message.js";

/** @typedef {import("../parts/table.js").Column<any>} Column */

const STATES = ["ready", "delayed", "in_flight", "dead"];
const LIMIT = 50;
const FIRST_BYTES = 240;

/** Time left until, or gone since. @param {unknown} at @param {boolean} ahead */
function span(at, ahead) {
    const ms = toMs(at);

    return ms === null ? "–" : age(ahead ? ms - now.value : now.value - ms);
}

/** @param {string} state @returns {Column[]} */
function columns(state) {
    /** @type {Record<string, Column[]>} */
    const own = {
        ready: [],
        delayed: [{ key: "due", label: t("message.due"), num: true, cell: (m) => span(m.due_at, true) }],
        in_flight: [
            { key: "left", label: t("message.left"), num: true, cell: (m) => span(m.deadline_at, true) },
            { key: "holder", label: t("message.holder"), cell: (m) => html`<span
                class="iso">${visible(m.holder ?? "–")}</span>` },
        ],
        dead: [
            { key: "died", label: t("message.died"), num: true, cell: (m) => span(m.since, false) },
            { key: "reason", label: t("message.reason"), cell: (m) => html`<span class="iso">${
                m.text ? visible(m.text) : m.reason ? t(`reason.${m.reason}`) : "–"}</span>` },
        ],
    };

    return [
        { key: "id", label: t("message.id"), main: true, cell: (m) => html`<a class="mono nowrap" href=${`/m/${m.id}`}
            data-testid="message-link">${m.id}</a>` },
        { key: "age", label: t("message.age"), num: true, cell: (m) => span(m.pushed_at, false) },
        ...own[state],
        { key: "retries", label: t("message.retries"), num: true, cell: (m) => number(m.retry_count) },
        { key: "size", label: t("message.size"), num: true, cell: (m) => bytes(m.body_bytes) },
        { key: "body", label: t("message.body"), wide: true, bare: true, cell: (m) => html`<span class="one-line cut"
            dir="auto">${m.unreadable ? t("message.unreadable") : preview(m)}</span>` },
    ];
}

/** A page of messages. @param {import("../store.js").TopicStats} s @param {string} state @param {string} from
 * @param {string} cursor @param {number} turn */
function usePage(s, state, from, cursor, turn) {
    const [page, setPage] = useState(/** @type {any} */ (null));

    useEffect(() => {
        const stop = new AbortController();

        get(topicPath(s.node, s.topic, "messages"),
            { state, from, cursor, limit: LIMIT, body: "first", body_bytes: FIRST_BYTES }, stop.signal)
            .then((got) => setPage({ ...got, state, at: Date.now() }))
            .catch((error) => stop.signal.aborted || setPage({ error, state }));
        return () => stop.abort();
    }, [s.node, s.topic, state, from, cursor, turn]);
    return page?.state === state ? page : null;
}

/** @param {{stats: import("../store.js").TopicStats}} props */
export function Messages({ stats: s }) {
    const wanted = route.value.query.get("state") ?? "";
    const [first] = useState(() => STATES.find((x) => s[/** @type {"ready"} */ (x)] > 0) ?? "ready");
    const state = STATES.includes(wanted) ? wanted : first;
    const [from, setFrom] = useState("head");
    const [cursors, setCursors] = useState(/** @type {string[]} */ ([]));
    const [turn, setTurn] = useState(0);
    const [open, setOpen] = useState(/** @type {any} */ (null));
    const page = usePage(s, state, from, cursors.at(-1) ?? "", turn);
    const again = () => setTurn((n) => n + 1);
    const restart = (/** @type {() => void} */ change) => {
        setCursors([]);
        change();
    };

    useEffect(() => setCursors([]), [state]);
    return html`<div class="filters">
            <${Choice} label=${t("message.state")} value=${state} testid="messages-state"
                onChange=${(/** @type {string} */ v) => restart(() => setQuery({ state: v }))}
                options=${STATES.map((v) => ({ value: v, label: t(v),
                    count: number(s[/** @type {"ready"} */ (v)]) }))} />
            <${Choice} label=${t("message.from")} value=${from} testid="messages-from"
                onChange=${(/** @type {string} */ v) => restart(() => setFrom(v))}
                options=${["head", "tail"].map((v) => ({ value: v, label: t(`message.${v}`) }))} />
            <span class="grow"></span>
            ${page?.at && html`<small class="muted">${t("message.peek", { time: clock(page.at) })}</small>`}
            <button class="button" onClick=${again} data-testid="refresh"><${Icon} name="redrive" size=${14} />${
                t("message.refresh")}</button></div>
        ${!page ? html`<${Loading} />` : page.error ? html`<${Failed} error=${page.error} retry=${again} />`
            : html`<${Table} label=${t("topic.tab_messages")} columns=${columns(state)} rows=${page.messages}
                keyOf=${(/** @type {any} */ m) => m.id} onOpen=${setOpen} testid="messages"
                empty=${html`<${Empty} icon="topics" title=${t("message.none", { state: t(state) })} />`} />`}
        ${page?.messages && (cursors.length > 0 || page.next) && html`<nav class="pages" aria-label=${t("table.pages")}>
            <span class="muted">${t("message.page", { n: cursors.length + 1 })}</span>
            <button class="button square" aria-label=${t("table.before")} disabled=${cursors.length === 0}
                onClick=${() => setCursors(cursors.slice(0, -1))}><${Icon} name="left" /></button>
            <button class="button square" aria-label=${t("table.next")} disabled=${!page.next}
                data-testid="messages-next"
                onClick=${() => setCursors([...cursors, page.next])}><${Icon} name="right" /></button></nav>`}
        ${open && html`<${MessageView} node=${s.node} topic=${s.topic} id=${open.id} onClose=${() => setOpen(null)}
            onDone=${() => { setOpen(null); again(); }} />`}`;
}
