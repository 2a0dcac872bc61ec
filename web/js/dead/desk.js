/* SPDX-License-Identifier: MIT
 * The dead letters of one topic: find, look, redrive, delete, export. What is picked is acted on; while nothing is
 * picked, it is all that match, also those that are not shown. */
import { useEffect, useMemo, useState } from "/lib/hooks.js";
import { html } from "../html.js";
import { get, nodePath } from "../api.js";
import { age, clock, number, time, toMs } from "../format.js";
import { t } from "../i18n.js";
import { findJobs, jobs } from "../jobs.js";
import { route, topicUrl } from "../router.js";
import { complete, isAdmin, nodeOf, now, topicKey, topics } from "../store.js";
import { Badge } from "../parts/badge.js";
import { Icon } from "../parts/icon.js";
import { PageHead } from "../parts/page.js";
import { Empty, Failed, Loading, Unknown } from "../parts/states.js";
import { Table } from "../parts/table.js";
import { preview, visible } from "../parts/text.js";
import { notifyError } from "../parts/toast.js";
import { diedAgain, lookAgain } from "./again.js";
import { collect, fileName, save } from "./export.js";
import { AgeFilter, AGES, TextFilter } from "./filter.js";
import { Letter } from "./letter.js";
import { useDeadList } from "./list.js";
import { Progress } from "./progress.js";
import { RedriveDialog, countText, deleteDead } from "./redrive.js";

/** @typedef {import("../types.js").Message} Message */

/** @param {Message} m */
const idOf = (m) => m.id;

/** Why it is dead, in a line. @param {{m: Message}} props */
export function Reason({ m }) {
    return html`<span class="reason"><span>${t(`msg.reason.${m.reason ?? "retries"}`)}</span>${m.text
        && html` <span class="iso muted cut" title=${visible(m.text)}>${visible(m.text)}</span>`}</span>`;
}

/** @param {(m: Message) => void} open */
function columns(open) {
    return [
        { key: "id", label: t("dead.id"), main: true, cell: (/** @type {Message} */ m) =>
            html`<button class="link mono" onClick=${() => open(m)} data-testid="letter">${m.id}</button>
                ${diedAgain(m) && html` <${Badge} level="warn" sign="redrive">${t("dead.again")}<//>`}` },
        { key: "since", label: t("dead.died"), cell: (/** @type {Message} */ m) =>
            html`<span class="nowrap" title=${time(m.since)}>${clock(m.since, now.value)} <span class="muted">${
                toMs(m.since) === null ? "" : age(now.value - (toMs(m.since) ?? 0))}</span></span>` },
        { key: "retries", label: t("dead.retries"), num: true, cell: (/** @type {Message} */ m) =>
            number(m.retry_count) },
        { key: "reason", label: t("dead.reason"), bare: true, cell: (/** @type {Message} */ m) =>
            html`<${Reason} m=${m} />` },
        { key: "body", label: t("dead.body"), wide: true, bare: true, cell: (/** @type {Message} */ m) =>
            html`<span class="one-line cut">${preview(m)}</span>` },
    ];
}

/** @param {{node: number, topic: string, filter: import("./list.js").Filter, ids: string[] | null}} props */
function ExportButton({ node, topic, filter, ids }) {
    const [running, setRunning] = useState(/** @type {{count: number, ending: AbortController} | null} */ (null));
    const run = async () => {
        const ending = new AbortController();

        setRunning({ count: 0, ending });
        try {
            const parts = ids === null
                ? await collect(node, topic, filter, (count) => setRunning({ count, ending }), ending.signal)
                : (await Promise.all(ids.map((id) => get(nodePath(node, "messages", id)))))
                    .map((m) => `${JSON.stringify(m)}\n`);

            save(fileName(topic), parts, "application/jsonl");
        } catch (e) {
            if (!ending.signal.aborted) {
                notifyError(e);
            }
        }
        setRunning(null);
    };

    return running ? html`<button class="button" onClick=${() => running.ending.abort()} data-testid="export-stop">
            ${t("dead.export.stop", { n: running.count })}</button>`
        : html`<button class="button" onClick=${run}
            data-testid="export"><${Icon} name="down" />${t("dead.export")}</button>`;
}

/** What can be done, and with how many. @param {any} props */
function Actions({ node, topic, filter, ids, matching, onRedrive, onDelete }) {
    const n = ids ? ids.length : matching?.n ?? null;
    const none = n === 0 || !isAdmin.value;

    return html`<div class="row desk-actions">
        <button class="button primary" disabled=${none} onClick=${onRedrive} data-testid="redrive"
            title=${isAdmin.value ? undefined : t("viewer.only")}><${Icon} name="redrive" />
            ${t("dead.redrive", { n: ids ? number(n) : countText(matching) })}</button>
        <${ExportButton} node=${node} topic=${topic} filter=${filter} ids=${ids} />
        <button class="button danger" disabled=${none} onClick=${onDelete} data-testid="delete"
            title=${isAdmin.value ? undefined : t("viewer.only")}><${Icon} name="trash" />
            ${t("dead.delete", { n: ids ? number(n) : countText(matching) })}</button></div>`;
}

/** What cannot be known now. @param {{node: number, gone: boolean}} props gone: the topic is not in the lists */
function Doubt({ node, gone }) {
    const down = nodeOf(node)?.state === "down";

    return down ? html`<${Unknown} title=${t("dead.down", { id: String(node) })} />`
        : gone && complete.value && html`<p class="muted">${t("dead.gone")}</p>`;
}

/** @param {{node: number, topic: string}} props */
export function Desk({ node, topic }) {
    const stats = topics.value.get(topicKey(node, topic));
    const query = route.value.query;
    const text = query.get("text") ?? "", older = AGES[query.get("older") ?? ""] ?? 0;
    const filter = useMemo(() => ({ ...(text ? { text } : {}), ...(older ? { older_than_ms: older } : {}) }),
        [text, older]);
    const [picked, setPicked] = useState(/** @type {Set<string>} */ (new Set()));
    const [asking, setAsking] = useState(false);
    const [shown, setShown] = useState(/** @type {Message | null} */ (null));
    const [, drawn] = useState(0);
    const list = useDeadList(node, topic, filter, stats, picked.size > 0 || asking);
    const here = new Set(list.found?.messages.map((m) => m.id));
    const ids = picked.size > 0 ? [...picked].filter((id) => here.has(id)) : null;
    const scope = { node, topic, ids, filter, n: ids ? ids.length : list.matching?.n ?? null };
    const busy = list.busy || jobs.value.some((f) => f.job.state === "running");
    const done = () => { setAsking(false); setPicked(new Set()); };

    useEffect(() => {
        const found = list.found;

        if (found) {
            findJobs(node, topic).then((js) => lookAgain(node, found.messages, js))
                .then((news) => news && drawn((n) => n + 1), () => {});
        }
    }, [list.found]);
    const again = (/** @type {import("../jobs.js").Followed} */ f) => (f.job.kind !== "redrive" ? 0
        : (list.found?.messages ?? []).filter((m) => diedAgain(m)
            && (toMs(m.since) ?? 0) >= (toMs(f.job.started_at) ?? 0)).length);

    return html`<${PageHead} title=${visible(topic)} before=${html`<a class="crumb" href="/dead">${t("nav.dead")}</a>
                <span class="crumb" aria-hidden="true">/</span>`}
            after=${html`<span class="muted">${t("dead.on", { id: String(node) })}</span>`}>
            <a class="button" href=${topicUrl(node, topic)}>${t("dead.topic")}</a><//>
        <div class="stack">
            <${Progress} node=${node} topic=${topic} again=${again} />
            <div class="card" data-testid="desk" data-busy=${busy}>
                <div class="card-head spread"><div class="row"><${AgeFilter} value=${query.get("older") ?? ""} />
                        <${TextFilter} value=${text} /></div>
                    <${Actions} ...${scope} matching=${list.matching} onRedrive=${() => setAsking(true)}
                        onDelete=${async () => await deleteDead(scope) && done()} /></div>
                <div class="scope row" aria-live="polite"><label class="row"><input type="checkbox"
                        checked=${ids === null} disabled=${ids === null} onChange=${() => setPicked(new Set())}
                        data-testid="all-matching" />
                        <span>${t("dead.all", { n: countText(list.matching) })}</span></label>
                    ${ids && html`<b data-testid="picked">${t("dead.picked", { n: ids.length })}</b>`}</div>
                ${list.error ? html`<${Failed} error=${list.error} retry=${list.again} />`
                    : list.found === null ? html`<${Loading} />` : html`<${Table} label=${t("nav.dead")}
                        testid="letters"
                        columns=${columns(setShown)} rows=${list.found.messages} keyOf=${idOf}
                        selected=${picked} onSelect=${setPicked} onOpen=${setShown}
                        empty=${text || older ? html`<${Empty} icon="search" title=${t("dead.none.match")} />`
                            : html`<${Empty} title=${t("dead.none")} hint=${t("dead.none.hint")} />`} />
                        ${list.found.next && html`<div class="more"><button class="button" onClick=${list.more}
                            data-testid="more">${t("dead.more")}</button></div>`}`}
            </div>
            <${Doubt} node=${node} gone=${!stats} />
        </div>
        ${asking && html`<${RedriveDialog} scopes=${[scope]} onClose=${() => setAsking(false)} onDone=${done} />`}
        ${shown && html`<${Letter} node=${node} topic=${topic} message=${shown} onClose=${() => setShown(null)} />`}`;
}

