/* SPDX-License-Identifier: MIT
 * Overview's nodes and busiest topics. */
import { html } from "../html.js";
import { t } from "../i18n.js";
import { age, bytes, compact, nanoseconds, percent, perSecond, rate, toMs } from "../format.js";
import { sendUrl, topicUrl } from "../router.js";
import { sparkOf } from "../past.js";
import { fleet, isAdmin, topicKey } from "../store.js";
import { nodeFinding } from "../diagnose.js";
import { Badge } from "../parts/badge.js";
import { Icon } from "../parts/icon.js";
import { Spark } from "../parts/spark.js";
import { Empty } from "../parts/states.js";
import { visible } from "../parts/text.js";

const TOP = 5;

/** The word for how a node is. @param {import("../store.js").FleetNode} n */
function word(n) {
    if (n.state !== "up") {
        return t(`node.${n.state}`);
    }
    return n.listed || n.status !== "ok" ? t(`node.${n.status ?? "up"}`) : t("node.unlisted");
}

/** @param {{node: import("../store.js").FleetNode, now: number}} props */
function NodeCard({ node: n, now }) {
    const used = n.disk_used_bytes !== null && n.disk_free_bytes !== null
        ? n.disk_used_bytes / Math.max(1, n.disk_used_bytes + n.disk_free_bytes) : null;
    const old = n.state === "up" ? null : toMs(n.last_seen);
    const facts = [["overview.disk", used === null ? bytes(n.disk_used_bytes) : percent(used)],
        ["overview.sync", nanoseconds(n.sync_ns_last)], ["push/s", rate(n.push_rate)], ["pop/s", rate(n.pop_rate)]];

    return html`<li class="node-card ${n.state === "up" ? "" : "stale"}" data-testid="node-card">
        <div class="spread"><a class="iso" href="/nodes"><b>${t("overview.node", { id: String(n.id) })}</b></a>
            <${Badge} level=${nodeFinding(n, now).level}>${word(n)}<//></div>
        <p class="small muted iso cut">${n.tcp_addr}</p>
        ${n.state !== "up" && html`<p class="small warn">${old === null ? t("overview.unseen")
            : t("overview.old", { age: age(now - old) })}</p>`}
        <dl>${facts.map(([k, v]) => html`<div key=${k}><dt>${t(k)}</dt><dd>${v}</dd></div>`)}</dl></li>`;
}

/** @param {{nodes: import("../store.js").FleetNode[], now: number}} props */
export function NodeStrip({ nodes, now }) {
    return html`<section class="card"><div class="card-head"><h2>${t("nav.nodes")}</h2></div>
        ${nodes.length === 0 ? html`<${Empty} icon="nodes" title=${t("overview.no_nodes")}
            hint=${t("overview.no_nodes_hint")} />`
            : html`<ul class="node-strip">${nodes.map((n) => html`<${NodeCard} key=${n.id} node=${n}
                now=${now} />`)}</ul>`}
        </section>`;
}

/** @param {{topics: Map<string, import("../store.js").TopicStats>}} props */
export function TopTopics({ topics }) {
    const up = new Set(fleet.value?.nodes.filter((n) => n.state === "up").map((n) => n.id));
    const busy = [...topics.values()].filter((s) => up.has(s.node)).sort((a, b) =>
        b.push_rate + b.pop_rate - a.push_rate - a.pop_rate || b.ready - a.ready
            || a.topic.localeCompare(b.topic)).slice(0, TOP);

    return html`<section class="card"><div class="card-head spread"><h2>${t("overview.top")}</h2>
            <a class="small" href="/topics">${t("overview.all_topics")}</a></div>
        ${busy.length === 0 ? html`<${Empty} icon="topics" title=${t("overview.no_topics")}
            hint=${t("overview.no_topics_hint")} />`
            : html`<ul class="top">${busy.map((s) => html`<li key=${topicKey(s.node, s.topic)} data-testid="top-topic">
                <a class="top-name iso" href=${topicUrl(s.node, s.topic)}>${visible(s.topic)}</a>
                <${Spark} values=${sparkOf(topicKey(s.node, s.topic))} />
                <span class="top-figures"><b>${compact(s.ready)}</b> <small
                    class="muted">${t("overview.ready")}</small></span>
                <span class="top-rates small muted"><span title=${t("push_rate")}>${"↓ "}${
                    perSecond(s.push_rate)}</span>
                    <span title=${t("pop_rate")}>${"↑ "}${perSecond(s.pop_rate)}</span></span>
                ${isAdmin.value && html`<a class="icon-button" href=${sendUrl(s.node, s.topic)} title=${t("act.send")}
                    aria-label=${t("overview.send", { topic: visible(s.topic) })} data-testid="send-test"><${Icon}
                        name="send" /></a>`}
                </li>`)}</ul>`}</section>`;
}
