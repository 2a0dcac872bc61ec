/* SPDX-License-Identifier: MIT
 * Overview: health at a glance. */
import { useEffect } from "/lib/hooks.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { PageHead } from "../parts/page.js";
import { Chart } from "../parts/chart.js";
import { past, loadPast } from "../past.js";
import { rate } from "../format.js";

export default function Overview() {
    const p = past.value;
    useEffect(() => { loadPast(); }, []);
    return html`<${PageHead} title=${t("nav.overview")} /><div class="card">${p && html`<${Chart} title="Rates" at=${p.at} show=${rate} lines=${[
        { label: t("push_rate"), color: "c-push", values: p.push_rate }, { label: t("pop_rate"), color: "c-pop", values: p.pop_rate }]} />`}</div>`;
}
