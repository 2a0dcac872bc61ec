/* SPDX-License-Identifier: MIT
 * Overview's list of what needs attention: a sentence each, worst first, with what can be done about it. */
import { useState } from "/lib/hooks.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { deadUrl, topicUrl } from "../router.js";
import { fleet } from "../store.js";
import { pause, resume } from "../parts/actions.js";
import { SIGNS } from "../parts/badge.js";
import { sentence } from "../parts/finding.js";
import { Icon } from "../parts/icon.js";
import { Empty } from "../parts/states.js";
import { visible } from "../parts/text.js";

const FIRST = 6;

/** @param {{trouble: import("../diagnose.js").Trouble, admin: boolean}} props */
function Row({ trouble, admin }) {
    const { node, topic, finding } = trouble;
    const many = (fleet.value?.nodes.length ?? 0) > 1;
    const holds = topic !== null && admin && ["consumer", "backlog", "ttr", "unacked"].includes(finding.rule);

    return html`<li class="attention" data-testid="attention-row" data-rule=${finding.rule}>
        <span class="attention-sign ${finding.level}"><${Icon} name=${SIGNS[finding.level]}
            label=${t(`level.${finding.level}`)} /></span>
        <p class="grow">${topic !== null && html`<a class="attention-name iso"
            href=${topicUrl(node, topic)}>${visible(topic)}</a>
            ${many && html`<small class="muted nowrap">${t("search.node", { id: String(node) })}</small>`} `}
            <span class="attention-text iso">${sentence(finding)}</span></p>
        <span class="row attention-buttons">
            ${finding.rule === "dead" && topic !== null && html`<a class="button" href=${deadUrl(node, topic)}
                data-testid="dead-letters">${t("nav.dead")}</a>`}
            ${finding.rule === "pause" && admin && topic !== null && html`<button class="button" data-testid="resume"
                onClick=${() => resume([{ node, topic }])}>${t("act.resume")}</button>`}
            ${holds && html`<button class="button" data-testid="pause"
                onClick=${() => pause([{ node, topic: /** @type {string} */ (topic) }])}>${t("act.pause")}</button>`}
            <a class="button" href=${topic === null ? "/nodes" : topicUrl(node, topic)} data-testid="why">${
                t(topic === null ? "nav.nodes" : "act.why")}</a>
        </span></li>`;
}

/** @param {{troubles: import("../diagnose.js").Trouble[], admin: boolean}} props */
export function AttentionList({ troubles, admin }) {
    const [all, setAll] = useState(false);
    const shown = all ? troubles.slice(0, 100) : troubles.slice(0, FIRST);

    return html`<section class="card" aria-labelledby="attention" data-testid="attention">
        <div class="card-head spread"><h2 id="attention">${t("overview.needs")}</h2>
            <small class="muted">${t("overview.worst_first")}</small></div>
        ${troubles.length === 0 ? html`<${Empty} title=${t("overview.nothing")} hint=${t("overview.nothing_hint")} />`
            : html`<ul>${shown.map((x) => html`<${Row} key=${`${x.node}/${x.topic}/${x.finding.rule}`} trouble=${x}
                admin=${admin} />`)}</ul>`}
        ${troubles.length > FIRST && html`<button class="more" onClick=${() => setAll(!all)} aria-expanded=${all}
            data-testid="attention-all">${all ? t("overview.fewer")
                : t("overview.more", { n: troubles.length - FIRST })}</button>`}
    </section>`;
}
