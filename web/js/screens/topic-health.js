/* SPDX-License-Identifier: MIT
 * The top of Topic: what is wrong in a sentence with what to do, the rules as ticks, and where the messages are. */
import { useState } from "/lib/hooks.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { worstFirst } from "../diagnose.js";
import { compact, perSecond, rate } from "../format.js";
import { deadUrl, setQuery } from "../router.js";
import { gclientLine, quote } from "../send/commands.js";
import { isAdmin } from "../store.js";
import { resume } from "../parts/actions.js";
import { SIGNS } from "../parts/badge.js";
import { CopyButton } from "../parts/copy.js";
import { sentence } from "../parts/finding.js";
import { Icon } from "../parts/icon.js";

/** @typedef {import("../diagnose.js").Finding} Finding */
/** @typedef {import("../store.js").TopicStats} TopicStats */

/** What to do about it. @param {{finding: Finding, stats: TopicStats, node: any}} props */
function Advice({ finding, stats: s, node }) {
    const tab = (/** @type {string} */ name, /** @type {string | null} */ state) => () => setQuery({ tab: name,
        state });

    switch (finding.advice) {
        case "resume":
            return isAdmin.value && html`<button class="button primary" onClick=${() => resume([s])}
                data-testid="advice-resume">${t("advice.resume")}</button>`;
        case "consumers": {
            const at = node?.tcp_addr ? [`--node ${quote(node.tcp_addr)}`] : [];
            const line = gclientLine("pop", [s.topic], ["--wait 60", "-n 100", "--ack", ...at]);

            return html`<span class="advice"><span>${t("advice.consumers")}</span><code class="iso">${line}</code>
                <${CopyButton} small text=${line} /></span>`;
        }
        case "dead":
            return html`<a class="button" href=${deadUrl(s.node, s.topic)}
                data-testid="dead-letters">${t("advice.dead")}</a>`;
        case "messages":
            return html`<button class="button" onClick=${tab("messages",
                finding.rule === "delayed" ? "delayed" : "in_flight")}
                >${t("advice.messages")}</button>`;
        case "settings":
            return html`<button class="button" onClick=${tab("settings", null)}>${t("advice.settings")}</button>`;
        case "nodes":
            return html`<a class="button" href="/nodes">${t("advice.nodes")}</a>`;
        default:
            return null;
    }
}

/** @param {{found: Finding[], stats: TopicStats, node: any}} props */
export function Diagnosis({ found, stats, node }) {
    const [open, setOpen] = useState(/** @type {string | null} */ (null));
    const wrong = worstFirst(found).filter((f) => f.level !== "ok");
    const waits = found.find((f) => f.rule === "delayed" && f.advice === "messages");
    const heads = wrong.length > 0 ? wrong : waits ? [waits] : [];
    const level = wrong[0]?.level ?? "ok";
    const shown = found.find((f) => f.rule === open);

    return html`<section class="card diagnosis ${level}" aria-labelledby="diagnosis" data-testid="diagnosis"
        data-level=${level}>
        <h2 id="diagnosis" class="hidden-text">${t("topic.diagnosis")}</h2>
        ${heads.length === 0 ? html`<p class="verdict"><span class="attention-sign ok"><${Icon} name="check" /></span>
                <b>${t("topic.well")}</b></p>`
            : heads.map((f) => html`<div key=${f.rule} class="verdict" data-testid="verdict" data-rule=${f.rule}>
                <span class="attention-sign ${f.level}"><${Icon} name=${f.level === "ok" ? "clock" : SIGNS[f.level]}
                    label=${t(`topic.level_${f.level}`)} /></span>
                <b class="grow iso">${sentence(f)}</b><${Advice} finding=${f} stats=${stats} node=${node} /></div>`)}
        <ul class="ticks">${found.map((f) => html`<li key=${f.rule}><button class="tick-button ${f.level}"
            title=${sentence(f)}
            aria-expanded=${open === f.rule ? "true" : "false"}
                onClick=${() => setOpen(open === f.rule ? null : f.rule)}
            data-testid=${`tick-${f.rule}`} data-level=${f.level}><${Icon} name=${SIGNS[f.level]} size=${13}
                label=${t(`topic.level_${f.level}`)} />${t(`rule.${f.rule}`)}</button></li>`)}</ul>
        ${shown && html`<p class="tick-text iso" role="status">${sentence(shown)}</p>`}
    </section>`;
}

/** One place where messages are.
 * @param {{name: string, color: string, count: number, href?: string, hint?: any}} props */
function Box({ name, color, count, hint }) {
    return html`<button class="flow-box ${color}" onClick=${() => setQuery({ tab: "messages", state: name })}
        data-testid=${`flow-${name}`}><span class="tile-name"><i class=${`dot ${color}`}></i>${t(name)}</span>
        <b>${compact(count)}</b><small class="muted">${hint ?? " "}</small></button>`;
}

/** @param {{label: any, value: any, up?: boolean}} props */
function Arrow({ label, value }) {
    return html`<div class="flow-arrow"><b>${value}</b><span class="flow-line"></span><small
        class="muted">${label}</small></div>`;
}

/** Where the messages are, and how they go from one place to the next.
 * @param {{stats: TopicStats, detail: any}} props */
export function Flow({ stats: s, detail }) {
    const back = s.redeliver_rate;

    return html`<section class="card flow" aria-label=${t("topic.flow")} data-testid="flow">
        <div class="flow-main">
            <${Arrow} label=${t("push_rate")} value=${perSecond(s.push_rate)} />
            <${Box} name="ready" color="c-ready" count=${s.ready} hint=${t("topic.waiting", { n: s.waiting })} />
            <${Arrow} label=${t("pop_rate")} value=${perSecond(s.pop_rate)} />
            <${Box} name="in_flight" color="c-unacked" count=${s.in_flight}
                hint=${s.consumers === undefined ? "" : t("topic.consumers", { n: s.consumers })} />
            <${Arrow} label=${t("ack_rate")} value=${perSecond(s.ack_rate)} />
            <div class="flow-box done"><span class="tile-name"><${Icon} name="check"
                size=${12} />${t("topic.acked")}</span>
                <b>${compact(s.acked ?? detail?.acked)}</b><small class="muted">${t("topic.since_start")}</small></div>
        </div>
        <div class="flow-side">
            <${Box} name="delayed" color="c-delayed" count=${s.delayed} hint=${t("topic.then_ready")} />
            <div class="flow-back"><${Icon} name="redrive" /><span>${t("topic.back", {
                rate: back === undefined ? "–" : perSecond(back) })}</span>
                <small class="muted">${t("topic.back_hint", { n: s.max_retries ?? null })}</small></div>
            <${Box} name="dead" color="c-dead" count=${s.dead}
                hint=${s.dead_rate === undefined ? "" : t("topic.dying", { rate: rate(s.dead_rate) })} />
        </div></section>`;
}
