/* SPDX-License-Identifier: MIT
 * Overview: health at a glance. What needs attention, the sums and where they go, the nodes, the busiest topics. */
import { useEffect } from "/lib/hooks.js";
import { html } from "../html.js";
import { t, tx } from "../i18n.js";
import { attention } from "../diagnose.js";
import { clock, compact, rate } from "../format.js";
import { loadPast, past } from "../past.js";
import { complete, fleet, isAdmin, now, topics, totals } from "../store.js";
import { PauseHost } from "../parts/actions.js";
import { Chart } from "../parts/chart.js";
import { Icon } from "../parts/icon.js";
import { Spark } from "../parts/spark.js";
import { Loading } from "../parts/states.js";
import { AttentionList } from "./overview-attention.js";
import { NodeStrip, TopTopics } from "./overview-lists.js";

/** Key of the sum, colour, where a click leads, and for rates the text. */
const TILES = [
    ["ready", "c-ready", "/topics?sort=ready"], ["delayed", "c-delayed", "/topics?sort=delayed"],
    ["in_flight", "c-unacked", "/topics?sort=in_flight"], ["dead", "c-dead", "/dead"],
    ["push_rate", "c-push", "/topics?sort=push_rate", "push/s"], ["pop_rate", "c-pop", "/topics?sort=pop_rate",
        "pop/s"],
    ["ack_rate", "c-ack", "/topics?sort=pop_rate", "ack/s"],
];
const RATES = [["push_rate", "c-push"], ["pop_rate", "c-pop"], ["ack_rate", "c-ack"], ["dead_rate", "c-dead"]];
const DEPTHS = [["ready", "c-ready"], ["delayed", "c-delayed"], ["in_flight", "c-unacked"]];
const AGO_MS = 60000;

/** How much more or less than a minute ago, as words. @param {string} key @param {(number | null)[]} values */
function change(key, values) {
    const at = past.value?.at ?? [];
    const last = values.at(-1) ?? null;
    const then = values[at.findIndex((ms) => ms >= (at.at(-1) ?? 0) - AGO_MS)] ?? null;

    if (last === null || then === null || at.length < 10) {
        return "";
    }
    const by = key.endsWith("_rate") ? Math.round((last - then) * 10) / 10 : last - then;
    const little = Math.abs(by) < Math.max(key.endsWith("_rate") ? 0.5 : 1, Math.abs(then) * 0.02);

    return little ? t("overview.steady") : t("overview.change", { by: (by > 0 ? "+" : "−") + compact(Math.abs(by)) });
}

/** @param {{name: string, color: string, href: string, text?: string}} props */
function Tile({ name, color, href, text }) {
    const value = totals.value?.[/** @type {"ready"} */ (name)] ?? null;
    const values = past.value?.[name] ?? [];
    const isRate = name.endsWith("_rate");

    return html`<a class="tile" href=${href} data-testid=${`total-${name}`}>
        <span class="tile-name"><i class=${`dot ${color}`}></i>${t(text ?? name)}</span>
        <b class="tile-value ${name === "dead" && value ? "bad" : ""}">${isRate ? rate(value) : compact(value)}</b>
        <span class="tile-foot"><small class="muted">${change(name, values)}</small>
            <${Spark} values=${values} length=${120} width=${84} height=${24} color=${color} /></span></a>`;
}

/** The state of everything in a sentence. @param {{troubles: number}} props */
function Status({ troubles }) {
    const nodes = fleet.value?.nodes ?? [];
    const silent = nodes.filter((n) => n.state !== "up").length;
    const level = troubles > 0 ? "warn" : "ok";

    return html`<header class="page-head status ${level}"><span class="status-sign"><${Icon}
            name=${troubles > 0 ? "alert" : "check"} size=${18} /></span>
        <div><h1 tabindex="-1" data-testid="title">${troubles > 0 ? t("overview.attention", { n: troubles })
            : t("overview.well")}</h1>
        <p class="muted">${tx("overview.what", { nodes: t("overview.nodes", { n: nodes.length }),
            topics: t("topics.n", { n: topics.value.size }), time: clock(now.value, now.value) })}${
            silent > 0 && html` <b class="warn">${t("overview.silent", { n: silent,
                all: nodes.length })}</b>`}</p></div>
        </header>`;
}

/** @param {string[][]} which */
function lines(which) {
    return which.map(([key, color]) => ({ label: t(key), color, values: past.value?.[key] ?? [] }));
}

export default function Overview() {
    useEffect(() => {
        loadPast();
    }, []);
    if (!fleet.value || !complete.value) {
        return html`<${Loading} />`;
    }
    const troubles = attention(topics.value.values(), fleet.value.nodes, now.value);
    const at = past.value?.at ?? [];

    return html`<${Status} troubles=${troubles.length} />
        <div class="stack">
            <section class="card tiles" aria-label=${t("overview.totals")}>
                ${TILES.map(([name, color, href, text]) => html`<${Tile} key=${name} name=${name} color=${color}
                    href=${href} text=${text} />`)}
            </section>
            <${AttentionList} troubles=${troubles} admin=${isAdmin.value} />
            <div class="columns">
                <section class="card"><${Chart} title=${t("overview.rates")} at=${at} show=${rate} lines=${lines(RATES)}
                    testid="chart-rates" /></section>
                <section class="card"><${Chart} title=${t("overview.depths")} at=${at} lines=${lines(DEPTHS)}
                    testid="chart-depths" /></section>
            </div>
            <div class="columns"><${NodeStrip} nodes=${fleet.value.nodes} now=${now.value} />
                <${TopTopics} topics=${topics.value} /></div>
        </div><${PauseHost} />`;
}
