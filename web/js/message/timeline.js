/* SPDX-License-Identifier: MIT
 * What happened to a message, and when, the newest last. */
import { useEffect, useState } from "/lib/hooks.js";
import { html } from "../html.js";
import { get, nodePath } from "../api.js";
import { age, clock, time, toMs } from "../format.js";
import { t } from "../i18n.js";
import { now } from "../store.js";
import { Icon } from "../parts/icon.js";
import { Failed, Loading } from "../parts/states.js";
import { visible } from "../parts/text.js";

/** @typedef {import("../types.js").HistoryEvent} HistoryEvent */

/** @type {Record<string, string>} */
const SIGNS = { pushed: "plus", due: "clock", delivered: "arrow", touched: "clock", expired: "redrive",
    released: "redrive",
    dead: "dead", redriven: "redrive", rescheduled: "clock", gone: "check" };

/** @param {HistoryEvent} e @returns {string} */
function sentence(e) {
    if (e.event === "delivered") {
        return t(e.client ? "msg.event.delivered.to" : "msg.event.delivered",
            { client: visible(e.client ?? "") });
    }
    if (e.event === "gone") {
        return t(`msg.gone.${e.how ?? "deleted"}`);
    }
    if (e.event === "dead") {
        return t("msg.event.dead", { reason: t(`msg.reason.${e.reason ?? "retries"}`) });
    }
    return t(`msg.event.${e.event}`);
}

/** What else an event says. @param {{e: HistoryEvent}} props */
function More({ e }) {
    const parts = [
        e.due_at && t("msg.event.due_at", { time: clock(e.due_at, now.value) }),
        e.deadline_at && t("msg.event.deadline_at", { time: clock(e.deadline_at, now.value) }),
        e.retry_count !== undefined && e.retry_count > 0 && t("msg.event.retry", { n: e.retry_count }),
    ].filter(Boolean);

    const other = e.id ?? e.from_id;
    const topic = visible(e.topic ?? e.from_topic ?? "");

    return html`${other && html`<p class="small iso"><a href=${`/m/${other}`} data-testid="other-message"
        >${t(e.id ? "msg.event.now" : "msg.event.was", { id: other })}</a> ${topic}</p>`}
        ${parts.length > 0 && html`<p class="muted small">${parts.join(" · ")}</p>`}
        ${e.text && html`<p class="small iso">${visible(e.text)}</p>`}`;
}

/** @param {{node: number, id: string, turn: unknown}} props turn: when it changes, the history is read again */
export function Timeline({ node, id, turn }) {
    const [events, setEvents] = useState(/** @type {HistoryEvent[] | null} */ (null));
    const [state, setState] = useState({ complete: true, next: /** @type {string | null} */ (null) });
    const [error, setError] = useState(/** @type {unknown} */ (null));
    const read = async (/** @type {string | null} */ cursor) => {
        try {
            const h = await get(nodePath(node, "messages", id, "history"), { limit: 200, cursor });

            setEvents((old) => (cursor ? [...(old ?? []), ...h.events] : h.events));
            setState({ complete: h.complete, next: h.next });
            setError(null);
        } catch (e) {
            setError(e);
        }
    };

    useEffect(() => { read(null); }, [node, id, turn]);
    if (error) {
        return html`<${Failed} error=${error} retry=${() => read(null)} />`;
    }
    if (!events) {
        return html`<${Loading} />`;
    }
    return html`${!state.complete && !state.next && html`<p class="muted small">${t("msg.incomplete")}</p>`}
        <ol class="timeline" data-testid="timeline">${events.map((e, i) => {
            const before = i > 0 ? (toMs(e.at) ?? 0) - (toMs(events[i - 1].at) ?? 0) : 0;

            return html`<li key=${i} class=${e.event} data-testid="event" data-event=${e.event}>
                <span class="sign"><${Icon} name=${SIGNS[e.event] ?? "info"} size=${12} /></span>
                <div><p><b>${sentence(e)}</b></p><${More} e=${e} /></div>
                <p class="muted small nowrap at" title=${time(e.at)}>${clock(e.at, now.value)}
                    ${before >= 1000 && html` <span>+${age(before)}</span>`}</p></li>`;
        })}</ol>
        ${state.next && html`<button class="button" onClick=${() =>
            read(state.next)}>${t("msg.history.more")}</button>`}`;
}
