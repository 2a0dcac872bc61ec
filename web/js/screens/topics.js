/* SPDX-License-Identifier: MIT
 * Topics: all of them on all nodes, to be found, compared, and steered many at once. Filter, order and state stand in
 * the URL, so that a list can be sent to somebody. */
import { useState } from "/lib/hooks.js";
import { computed } from "/lib/signals.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { isStuck } from "../diagnose.js";
import { number } from "../format.js";
import { go, route, setQuery, topicUrl } from "../router.js";
import { complete, fleet, isAdmin, now, topicKey, topics } from "../store.js";
import { PauseHost, deleteTopics, pause, purge, resume } from "../parts/actions.js";
import { Choice } from "../parts/field.js";
import { Icon } from "../parts/icon.js";
import { Menu } from "../parts/menu.js";
import { PageHead } from "../parts/page.js";
import { Empty, Loading } from "../parts/states.js";
import { Table } from "../parts/table.js";
import { ColumnMenu, chosenColumns } from "./topics-columns.js";
import { NewTopic } from "./topics-new.js";

/** @typedef {import("../store.js").TopicStats} TopicStats */

const STATES = ["ready", "delayed", "in_flight", "dead"];

/** Topics that are stuck, found once for each event; of a node that does not answer it is not known. */
const stuck = computed(() => {
    const up = new Set(fleet.value?.nodes.filter((n) => n.state === "up").map((n) => n.id));

    return new Set([...topics.value.values()].filter((s) => up.has(s.node) && isStuck(s, now.value)));
});

/** Which topics belong to a chip. @type {Record<string, (s: TopicStats) => boolean>} */
const CHIPS = {
    all: () => true,
    stuck: (s) => stuck.value.has(s),
    paused: (s) => s.pop_paused || s.push_paused,
    dead: (s) => s.dead > 0,
};

/** @param {TopicStats} s */
const keyOf = (s) => topicKey(s.node, s.topic);

/** @param {{chosen: TopicStats[], onDone: () => void}} props */
function Bulk({ chosen, onDone }) {
    const sum = (/** @type {string} */ state) => chosen.reduce((n, s) => n + s[/** @type {"ready"} */ (state)], 0);
    const run = async (/** @type {any} */ done) => {
        if (await done) {
            onDone();
        }
    };

    return html`<div class="bulk" role="toolbar" aria-label=${t("topics.bulk")} data-testid="bulk">
        <b>${t("topics.selected", { n: chosen.length })}</b>
        <button class="button" onClick=${() => pause(chosen)} data-testid="bulk-pause"><${Icon} name="pause" />${
            t("act.pause")}</button>
        <button class="button" onClick=${() => run(resume(chosen))} data-testid="bulk-resume"><${Icon} name="play" />${
            t("act.resume")}</button>
        <${Menu} button testid="bulk-purge" label=${html`${t("act.purge")}…`}>${STATES.map((state) => html`<button
            key=${state} disabled=${sum(state) === 0} data-testid=${`bulk-purge-${state}`}
            onClick=${() => run(purge(chosen, state, sum(state)))}>${t(state)}
            <small class="muted">${number(sum(state))}</small></button>`)}<//>
        <button class="button danger" data-testid="bulk-delete" onClick=${() =>
            run(deleteTopics(chosen, STATES.reduce((n, s) => n + sum(s), 0)))}>${t("act.delete")}…</button>
        <span class="grow"></span><button class="link" onClick=${onDone}>${t("topics.clear")}</button></div>`;
}

/** @param {{list: TopicStats[]}} props list: what the filter lets through */
function Chips({ list }) {
    const counts = Object.fromEntries(Object.entries(CHIPS).map(([name, is]) =>
        [name, list.filter(is).length]));

    return html`<${Choice} label=${t("topics.state")} value=${route.value.query.get("state") ?? "all"} testid="state"
        onChange=${(/** @type {string} */ v) => setQuery({ state: v === "all" ? null : v })}
        options=${Object.keys(CHIPS).map((value) => ({ value, label: t(`topics.${value}`),
            count: number(counts[value]) }))} />`;
}

export default function Topics() {
    const query = route.value.query;
    const [selected, setSelected] = useState(/** @type {Set<string>} */ (new Set()));
    const [making, setMaking] = useState(query.has("new"));
    const text = (query.get("q") ?? "").toLowerCase();
    const only = query.get("node");
    const chip = CHIPS[query.get("state") ?? "all"] ?? CHIPS.all;
    const order = { key: query.get("sort") ?? "topic", down: query.has("sort") ? query.get("up") === null : false };
    const nodes = fleet.value?.nodes ?? [];

    if (!complete.value && topics.value.size === 0) {
        return html`<${Loading} />`;
    }
    const found = [...topics.value.values()].filter((s) =>
        s.topic.toLowerCase().includes(text) && (only === null || String(s.node) === only));
    const rows = found.filter(chip);
    const chosen = rows.filter((s) => selected.has(keyOf(s)));
    const filtered = text !== "" || only !== null || chip !== CHIPS.all;
    const empty = filtered
        ? html`<${Empty} icon="search" title=${t("topics.none")}><button class="button"
            onClick=${() => setQuery({ q: null, node: null, state: null })}>${t("topics.unfilter")}</button><//>`
        : html`<${Empty} icon="topics" title=${t("topics.empty")} hint=${t("topics.empty_hint")} />`;

    return html`<${PageHead} title=${t("nav.topics")}>
            <${ColumnMenu} />${isAdmin.value && html`<button class="button primary" onClick=${() => setMaking(true)}
                data-testid="new-topic"><${Icon} name="plus" />${t("topics.new")}</button>`}<//>
        <section class="card">
            <div class="filters">
                <input type="search" value=${query.get("q") ?? ""} placeholder=${t("topics.filter")}
                    data-testid="filter"
                    aria-label=${t("topics.filter")} spellcheck=${false} autocomplete="off"
                    onInput=${(/** @type {any} */ e) => setQuery({ q: e.target.value })} />
                ${nodes.length > 1 && html`<select aria-label=${t("topics.node")} data-testid="node-filter"
                    value=${only ?? ""}
                    onChange=${(/** @type {any} */ e) => setQuery({ node: e.target.value })}>
                    <option value="">${t("topics.every_node")}</option>${nodes.map((n) => html`<option key=${n.id}
                        value=${n.id}>${t("search.node", { id: String(n.id) })}</option>`)}</select>`}
                <${Chips} list=${found} /></div>
            ${chosen.length > 0 && html`<${Bulk} chosen=${chosen} onDone=${() => setSelected(new Set())} />`}
            <${Table} label=${t("nav.topics")} columns=${chosenColumns()} rows=${rows} keyOf=${keyOf} hold
                testid="topics"
                order=${order} onOrder=${(/** @type {any} */ o) => setQuery({ sort: o.key, up: o.down ? null : 1 })}
                onOpen=${(/** @type {TopicStats} */ s) => go(topicUrl(s.node, s.topic))} empty=${empty}
                selected=${isAdmin.value ? selected : undefined} onSelect=${isAdmin.value ? setSelected : undefined}
                rowClass=${(/** @type {TopicStats} */ s) =>
                    (nodes.find((n) => n.id === s.node)?.state === "up" ? "" : "stale")} />
        </section>
        ${making && html`<${NewTopic} nodes=${nodes} onClose=${() => setMaking(false)} />`}<${PauseHost} />`;
}
