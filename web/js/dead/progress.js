/* SPDX-License-Identifier: MIT
 * How far jobs are: a line and a bar each, with a button to stop. */
import { html } from "../html.js";
import { number } from "../format.js";
import { t } from "../i18n.js";
import { forget, jobs, stop } from "../jobs.js";
import { isAdmin } from "../store.js";
import { Badge } from "../parts/badge.js";
import { Icon } from "../parts/icon.js";
import { notifyError } from "../parts/toast.js";
import { visible } from "../parts/text.js";

/** @typedef {import("../jobs.js").Followed} Followed */

const LEVELS = /** @type {const} */ ({ running: "idle", done: "ok", cancelled: "warn", failed: "bad" });

/** @param {{f: Followed, again: number}} props again: how many of those shown died again */
function Job({ f, again }) {
    const { job, total, lost } = f;
    const running = job.state === "running";
    const end = async () => {
        try {
            await stop(f);
        } catch (e) {
            notifyError(e);
        }
    };

    return html`<li class="job" data-testid="job" data-state=${job.state} data-done=${job.done}>
        <div class="spread"><span class="row"><${Badge} level=${lost ? "warn" : LEVELS[job.state]}>
                ${lost ? t("jobs.lost") : t(`jobs.${job.state}`)}<//>
            <b class="iso">${job.to && job.to !== job.topic
                ? t(`jobs.${job.kind}.to`, { topic: visible(job.topic), to: visible(job.to) })
                : t(`jobs.${job.kind}`, { topic: visible(job.topic) })}</b>
            <span class="muted" data-testid="job-count">${total === null ? t("jobs.count", { n: job.done })
                : t("jobs.of", { done: job.done, total })}</span>
            ${again > 0 && html`<${Badge} level="warn" sign="redrive">${t("jobs.again", { n: again })}<//>`}</span>
            ${running ? isAdmin.value && html`<button class="button small-button" onClick=${end} data-testid="job-stop">
                ${t("jobs.stop")}</button>`
                : html`<button class="icon-button" aria-label=${t("close")} onClick=${() => forget(f)}>
                    <${Icon} name="close" size=${14} /></button>`}</div>
        ${running && html`<progress max=${total ?? undefined} value=${total === null ? undefined : job.done}
            aria-label=${number(job.done)}></progress>`}
        ${job.error && html`<p class="bad iso">${job.error}</p>`}</li>`;
}

/** Jobs of a node and topic, or all. @param {{node?: number, topic?: string, again?: (f: Followed) => number}} props */
export function Progress({ node, topic, again }) {
    const list = jobs.value.filter((f) => (node === undefined || f.node === node)
        && (topic === undefined || f.job.topic === topic));

    return list.length > 0 && html`<ul class="card card-pad stack-small jobs" aria-live="polite">
        ${list.map((f) => html`<${Job} key=${`${f.node} ${f.job.job}`} f=${f} again=${again ? again(f) : 0} />`)}</ul>`;
}
