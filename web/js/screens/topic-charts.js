/* SPDX-License-Identifier: MIT
 * Topic's charts: the last five minutes from gweb, kept up with the events. */
import { useEffect, useState } from "/lib/hooks.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { rate } from "../format.js";
import { fetchPast, noPast, withPoint } from "../past.js";
import { now } from "../store.js";
import { Chart } from "../parts/chart.js";

const RATES = [["push_rate", "c-push"], ["pop_rate", "c-pop"], ["ack_rate", "c-ack"], ["dead_rate", "c-dead"]];
const DEPTHS = [["ready", "c-ready"], ["delayed", "c-delayed"], ["in_flight", "c-unacked"], ["dead", "c-dead"]];

/** @param {{stats: import("../store.js").TopicStats}} props */
export function Charts({ stats: s }) {
    const [past, setPast] = useState(noPast());
    const at = now.value;

    useEffect(() => {
        let gone = false;

        fetchPast({ node: s.node, topic: s.topic }).then((p) => gone || setPast(p), () => {});
        return () => {
            gone = true;
        };
    }, [s.node, s.topic]);
    useEffect(() => {
        setPast((p) => (at > (p.at.at(-1) ?? 0) ? withPoint(p, at, s) : p));
    }, [at]);
    const lines = (/** @type {string[][]} */ which) =>
        which.map(([key, color]) => ({ label: t(key), color, values: past[key] }));

    return html`<div class="columns charts">
        <${Chart} title=${t("topic.rates")} at=${past.at} show=${rate} lines=${lines(RATES)} testid="chart-rates" />
        <${Chart} title=${t("topic.depths")} at=${past.at} lines=${lines(DEPTHS)} testid="chart-depths" /></div>`;
}
