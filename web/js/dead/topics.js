/* SPDX-License-Identifier: MIT
 * All topics that have dead letters, on all nodes. */
import { useEffect, useRef, useState } from "/lib/hooks.js";
import { html } from "../html.js";
import { get, topicPath } from "../api.js";
import { age, number, perSecond, toMs } from "../format.js";
import { t } from "../i18n.js";
import { deadUrl, go, route } from "../router.js";
import { complete, fleet, isAdmin, now, topicKey, topics } from "../store.js";
import { Icon } from "../parts/icon.js";
import { PageHead } from "../parts/page.js";
import { Empty, Loading, Unknown } from "../parts/states.js";
import { Table } from "../parts/table.js";
import { visible } from "../parts/text.js";
import { TextFilter } from "./filter.js";
import { Progress } from "./progress.js";
import { RedriveDialog } from "./redrive.js";
import { Reason } from "./desk.js";

/** @typedef {import("../store.js").TopicStats} Stats */
/** @typedef {import("../types.js").Message} Message */

/** Topics whose newest dead letter is asked for. */
const ASKED = 50;
const AGAIN_MS = 5000;

/** @param {Stats} s */
const keyOf = (s) => topicKey(s.node, s.topic);

/** The newest dead letter of each of the first topics; asked anew, but not all the time, when their number changes.
 * @param {Stats[]} rows @returns {Map<string, Message>} */
function useNewest(rows) {
    const [newest, setNewest] = useState(/** @type {Map<string, Message>} */ (new Map()));
    const asked = useRef(/** @type {Map<string, {dead: number, at: number}>} */ (new Map()));

    useEffect(() => {
        for (const s of rows.slice(0, ASKED)) {
            const key = keyOf(s), last = asked.current.get(key);

            if (!last || (last.dead !== s.dead && Date.now() - last.at > AGAIN_MS)) {
                asked.current.set(key, { dead: s.dead, at: Date.now() });
                get(topicPath(s.node, s.topic, "messages"), { state: "dead", from: "tail", limit: 1 }).then((page) =>
                    setNewest((old) => new Map(old).set(key, page.messages[0] ?? {})), () => {});
            }
        }
    }, [rows.map((s) => `${keyOf(s)} ${s.dead}`).join("\n")]);
    return newest;
}

/** @param {Map<string, Message>} newest */
function columns(newest) {
    return [
        { key: "topic", label: t("dead.topic"), main: true, sort: (/** @type {Stats} */ s) => s.topic,
            cell: (/** @type {Stats} */ s) => html`<a class="iso" href=${deadUrl(s.node, s.topic)}
                data-testid="dead-topic"
                >${visible(s.topic)}</a>` },
        { key: "node", label: t("dead.node"), num: true, sort: (/** @type {Stats} */ s) => s.node,
            cell: (/** @type {Stats} */ s) => String(s.node) },
        { key: "dead", label: t("dead"), num: true, sort: (/** @type {Stats} */ s) => s.dead,
            cell: (/** @type {Stats} */ s) => html`<b>${number(s.dead)}</b>` },
        { key: "rate", label: t("dead/s"), num: true, sort: (/** @type {Stats} */ s) => s.dead_rate,
            cell: (/** @type {Stats} */ s) => perSecond(s.dead_rate) },
        { key: "newest", label: t("dead.newest"), wide: true, bare: true, cell: (/** @type {Stats} */ s) => {
            const m = newest.get(keyOf(s)), at = toMs(m?.since);

            return m && at !== null && html`<span class="newest"><span class="muted nowrap">${t("dead.ago", {
                age: age(now.value - at) })}</span> <${Reason} m=${m} /></span>`;
        } },
    ];
}

/** What cannot be told, since nodes are away. */
function Away() {
    const away = fleet.value?.nodes.filter((n) => n.listed && n.state === "down") ?? [];

    return away.length > 0 && html`<${Unknown} title=${t("dead.away", { ids: away.map((n) => n.id).join(", ") })} />`;
}

export function DeadTopics() {
    const text = (route.value.query.get("text") ?? "").toLowerCase();
    const rows = [...topics.value.values()].filter((s) => s.dead > 0 && s.topic.toLowerCase().includes(text))
        .sort((a, b) => b.dead - a.dead);
    const [picked, setPicked] = useState(/** @type {Set<string>} */ (new Set()));
    const [asking, setAsking] = useState(false);
    const newest = useNewest(rows);
    const chosen = rows.filter((s) => picked.size === 0 || picked.has(keyOf(s)));
    const n = chosen.reduce((sum, s) => sum + s.dead, 0);
    const scopes = chosen.map((s) => ({ node: s.node, topic: s.topic, ids: null, filter: {}, n: s.dead }));

    if (!complete.value) {
        return html`<${PageHead} title=${t("nav.dead")} /><${Loading} />`;
    }
    return html`<${PageHead} title=${t("nav.dead")} /><div class="stack"><${Progress} />
        <div class="card"><div class="card-head spread"><${TextFilter} value=${text} label=${t("dead.filter")} />
                <button class="button primary" disabled=${n === 0 || !isAdmin.value} onClick=${() => setAsking(true)}
                    data-testid="redrive"><${Icon} name="redrive" />${
                        t("dead.redrive", { n: number(n) })}</button></div>
            <${Table} label=${t("nav.dead")} testid="dead-topics" columns=${columns(newest)} rows=${rows} keyOf=${keyOf}
                order=${{ key: "dead", down: true }} hold selected=${picked} onSelect=${setPicked}
                onOpen=${(/** @type {Stats} */ s) => go(deadUrl(s.node, s.topic))}
                empty=${text ? html`<${Empty} icon="search" title=${t("dead.none.match")} />`
                    : html`<${Empty} title=${t("dead.none")} hint=${t("dead.none.hint")} />`} /></div>
        <${Away} /></div>
        ${asking && html`<${RedriveDialog} scopes=${scopes} onClose=${() => setAsking(false)}
            onDone=${() => { setAsking(false); setPicked(new Set()); }} />`}`;
}
