/* SPDX-License-Identifier: MIT
 * Nodes: how each is, its weight and its share of the traffic; who joins and who leaves. */
import { useState } from "/lib/hooks.js";
import { html } from "../html.js";
import { remove } from "../api.js";
import { age, bytes, nanoseconds, number, percent, perSecond, time, toMs } from "../format.js";
import { t } from "../i18n.js";
import { fleet, isAdmin, now } from "../store.js";
import { Badge } from "../parts/badge.js";
import { ask } from "../parts/confirm.js";
import { Icon } from "../parts/icon.js";
import { PageHead } from "../parts/page.js";
import { Empty, Loading, Unknown } from "../parts/states.js";
import { attempt } from "../parts/toast.js";
import { Register } from "../nodes/register.js";
import { Weight } from "../nodes/weight.js";

/** @typedef {import("../store.js").FleetNode} FleetNode */

/** @type {Record<string, "ok" | "warn" | "bad" | "idle">} */
const LEVELS = { ok: "ok", degraded: "warn", full: "bad", "read-only": "bad", stopping: "warn" };

/** @param {FleetNode} n @returns {{level: "ok" | "warn" | "bad" | "idle", text: string}} */
function health(n) {
    if (!n.listed && n.status !== "stopping") {
        return { level: "idle", text: t("nodes.unlisted") };
    }
    if (n.state === "down" && n.status === "stopping") {
        return { level: "idle", text: t("nodes.stopped") };
    }
    if (n.state !== "up") {
        return { level: n.state === "down" ? "bad" : "idle", text: t(`nodes.state.${n.state}`) };
    }
    return n.status ? { level: LEVELS[n.status] ?? "warn", text: t(`nodes.status.${n.status}`) }
        : { level: "idle", text: t("unknown") };
}

/** Disk used and free, as a bar and words. @param {{n: FleetNode}} props */
function Disk({ n }) {
    const { disk_used_bytes: used, disk_free_bytes: free } = n;

    if (used === null || free === null) {
        return html`<span>–</span>`;
    }
    return html`<span class="disk" title=${t("nodes.disk.hint")}><meter min="0" max=${used + free} value=${used}
            high=${(used + free) * 0.9} aria-label=${t("nodes.disk")}></meter>
        <span class="nowrap">${t("nodes.disk.text", { used: bytes(used), free: bytes(free) })}</span></span>`;
}

/** Registries, and whether they answer. */
function Registries() {
    return html`<ul class="row registries">${fleet.value?.registries.map((r) => html`<li key=${r.url} class="row"
        data-testid="registry" data-ok=${r.ok}><${Badge} level=${r.ok ? "ok" : "bad"}>${t(r.ok ? "nodes.registry.ok"
            : "nodes.registry.bad")}<//>
        <span class="mono iso">${r.url}</span>${r.detail && html`<span
            class="muted iso">${r.detail}</span>`}</li>`)}</ul>`;
}

/** @param {FleetNode} n */
async function unregister(n) {
    if (await ask({ title: t("nodes.unregister.title", { id: String(n.id) }), text: t("nodes.unregister.text"),
        action: t("nodes.unregister"), danger: true })) {
        await attempt(() => remove(`fleet/${n.id}`), () => t("nodes.unregistered", { id: String(n.id) }));
    }
}

/** @param {{name: string, children?: any}} props */
function Fact({ name, children }) {
    return html`<div><dt>${t(`nodes.${name}`)}</dt><dd>${children}</dd></div>`;
}

/** @param {{n: FleetNode, total: number}} props total: traffic of all */
function Card({ n, total }) {
    const { level, text } = health(n);
    const traffic = n.push_rate === null || n.pop_rate === null ? null : n.push_rate + n.pop_rate;
    const ago = (/** @type {any} */ v) => (toMs(v) === null ? "–" : t("msg.ago",
        { age: age(now.value - (toMs(v) ?? 0)) }));

    return html`<li class="card node ${n.listed ? "" : "off"}" data-testid="node" data-id=${n.id} data-state=${n.state}>
        <div class="card-head spread"><div class="row"><h2>${t("nodes.node", { id: String(n.id) })}</h2>
                <${Badge} level=${level}>${text}<//>${n.version && html`<span
                    class="muted small">${n.version}</span>`}</div>
            <div class="row">${n.state === "up" && html`<a class="button small-button" href=${`/topics?node=${n.id}`}>${
                t("nodes.topics.show", { n: n.topics })}</a>`}
                ${n.listed && html`<button class="button small-button danger" disabled=${!isAdmin.value}
                    title=${isAdmin.value ? undefined : t("viewer.only")} onClick=${() => unregister(n)}
                        data-testid="unregister"
                    >${t("nodes.unregister")}</button>`}</div></div>
        ${n.state === "down" && html`<p class="node-note bad iso" role="status"><${Icon} name="alert" size=${14} />
            ${n.listed ? t("nodes.down.text", { detail: n.detail ?? "", ago: ago(n.last_seen) })
                : t("nodes.unlisted.text")}</p>`}
        ${n.state === "up" && (n.reasons ?? []).length > 0 && html`<p
            class="node-note warn iso"><${Icon} name="alert" size=${14} />
            ${(n.reasons ?? []).join("; ")}</p>`}
        <dl class="facts node-facts">
            <${Fact} name="weight"><${Weight} node=${n} /><//>
            <${Fact} name="share">${traffic === null || total === 0 ? "–" : html`<span
                class="disk"><meter min="0" max="1"
                value=${traffic / total}
                    aria-label=${t("nodes.share")}></meter><span>${percent(traffic / total)}</span></span>`}<//>
            <${Fact} name="traffic">${t("nodes.traffic.text", { push: perSecond(n.push_rate),
                pop: perSecond(n.pop_rate) })}<//>
            <${Fact} name="disk"><${Disk} n=${n} /><//>
            <${Fact} name="memory">${bytes(n.memory_bytes)}<//>
            <${Fact} name="sync">${t("nodes.sync.text", { last: nanoseconds(n.sync_ns_last),
                max: nanoseconds(n.sync_ns_max) })}<//>
            <${Fact} name="connections">${number(n.connections)}<//>
            <${Fact} name="tcp"><span class="mono iso">${n.tcp_addr}</span><//>
            <${Fact} name="http"><span class="mono iso">${n.http_addr}</span><//>
            <${Fact} name="joined">${toMs(n.joined_at) === null ? n.joined_at ?? "–" : time(n.joined_at)}<//>
            <${Fact} name="seen">${n.state === "up" ? t("nodes.seen.now") : ago(n.last_seen)}<//></dl></li>`;
}

export default function Nodes() {
    const [adding, setAdding] = useState(false);
    const nodes = [...(fleet.value?.nodes ?? [])].sort((a, b) => Number(b.listed) - Number(a.listed) || a.id - b.id);
    const total = nodes.reduce((sum, n) => sum + (n.push_rate ?? 0) + (n.pop_rate ?? 0), 0);
    const unknown = nodes.filter((n) => n.listed && n.state !== "up").map((n) => n.id);

    return html`<${PageHead} title=${t("nav.nodes")}><button class="button primary" disabled=${!isAdmin.value}
            title=${isAdmin.value ? undefined : t("viewer.only")} onClick=${() => setAdding(true)}
                data-testid="register">
            <${Icon} name="plus" />${t("nodes.register")}</button><//>
        ${fleet.value === null ? html`<${Loading} />` : html`<div class="stack"><${Registries} />
            ${nodes.length === 0 && html`<div class="card"><${Empty} icon="nodes" title=${t("nodes.none")}
                hint=${t("nodes.none.hint")} /></div>`}
            ${unknown.length > 0 && html`<div class="card"><${Unknown} title=${t("nodes.unknown",
                { ids: unknown.join(", ") })}
                hint=${t("nodes.unknown.hint")} /></div>`}
            <ul class="node-list">${nodes.map((n) => html`<${Card} key=${n.id} n=${n} total=${total} />`)}</ul></div>`}
        ${adding && html`<${Register} onClose=${() => setAdding(false)} />`}`;
}
