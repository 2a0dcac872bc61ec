/* SPDX-License-Identifier: MIT
 * What can be done to topics, one or many at once: each asks first where it must, does it, and says what became of it.
 * A screen that uses pause() has <${PauseHost} /> somewhere. */
import { signal } from "/lib/signals.js";
import { useState } from "/lib/hooks.js";
import { get, nodePath, post, remove, topicPath } from "../api.js";
import { html } from "../html.js";
import { t, tx } from "../i18n.js";
import { ask } from "./confirm.js";
import { Dialog } from "./dialog.js";
import { Choice, Field, Span } from "./field.js";
import { notify, notifyError } from "./toast.js";
import { visible } from "./text.js";

/** @typedef {{node: number, topic: string}} Which */

/** So many calls are under way at once. */
const AT_ONCE = 4;
const LOOK_MS = 1000;

/** A topic's name as an element that keeps its direction to itself. @param {string} name */
export const named = (name) => html`<b class="iso">${visible(name)}</b>`;

/** @param {Which[]} list the name of one, or how many */
const titled = (list) => (list.length === 1 ? visible(list[0].topic) : t("topics.n", { n: list.length }));

/**
 * Does it to each, a few at a time, and says how it went. Returns how many were done.
 * @param {Which[]} list @param {(w: Which) => Promise<any>} action @param {(n: number, results: any[]) => string} said
 */
async function each(list, action, said) {
    const todo = [...list];
    /** @type {any[]} */
    const results = [];
    let error = null;
    const work = async () => {
        for (let w = todo.shift(); w; w = todo.shift()) {
            try {
                results.push(await action(w));
            } catch (e) {
                error = e;
            }
        }
    };

    await Promise.all(Array.from({ length: AT_ONCE }, work));
    if (results.length > 0) {
        notify(said(results.length, results));
    }
    if (error) {
        notifyError(error);
    }
    return results.length;
}

/** @param {any[]} results of topic.purge, topic.delete */
const sum = (results) => results.reduce((n, r) => n + (r?.done ?? 0), 0);

const pausing = signal(/** @type {Which[] | null} */ (null));

/** Asks how to pause, and pauses. @param {Which[]} list */
export function pause(list) {
    pausing.value = list;
}

/** @param {Which[]} list */
export function resume(list) {
    return each(list, (w) => post(topicPath(w.node, w.topic, "resume")), (n) => t("act.resumed", { n,
        what: titled(list) }));
}

/** @param {Which} w @param {boolean} on */
export function setAutoAck(w, on) {
    return each([w], () => post(topicPath(w.node, w.topic, "settings"), { auto_ack: on }),
        () => t(on ? "act.auto_on" : "act.auto_off", { what: visible(w.topic) }));
}

/** Deletes all messages of one state. @param {Which[]} list @param {string} state @param {number} count */
export async function purge(list, state, count) {
    const one = list.length === 1 ? list[0] : null;
    const sure = await ask({
        title: t("act.purge_title", { state: t(state) }), danger: true, action: t("act.purge"),
        typeName: one ? one.topic : t("act.purge_word"),
        text: tx(one ? "act.purge_one" : "act.purge_many", {
            n: count, state: t(state), what: one ? named(one.topic) : t("topics.n", { n: list.length }) }),
    });

    return sure && each(list, (w) => post(topicPath(w.node, w.topic, "purge"), { state }),
        (_, results) => t("act.purged", { n: sum(results) }));
}

/** Deletes topics with all that they hold. @param {Which[]} list @param {number} count messages in them */
export async function deleteTopics(list, count) {
    const one = list.length === 1 ? list[0] : null;
    const sure = await ask({
        title: t("act.delete_title", { what: titled(list) }), danger: true, action: t("act.delete"),
        typeName: one ? one.topic : t("act.delete_word"),
        text: tx("act.delete_text", { n: count, what: one ? named(one.topic) : t("topics.n", { n: list.length }) }),
    });

    return sure && each(list, (w) => remove(topicPath(w.node, w.topic)),
        (n) => t("act.deleted", { n, what: titled(list) }));
}

/** Follows a job to its end. @param {number} node @param {any} job @returns {Promise<any>} as it ended */
export async function follow(node, job) {
    let j = job;

    while (j.state === "running") {
        await new Promise((r) => setTimeout(r, LOOK_MS));
        j = await get(nodePath(node, "jobs", j.job));
    }
    return j;
}

/** Makes all dead messages of a topic ready again. @param {Which} w @param {number} count */
export async function redriveAll(w, count) {
    const sure = await ask({ title: t("act.redrive_title"), action: t("act.redrive", { n: count }),
        text: tx("act.redrive_text", { n: count, what: named(w.topic) }) });

    if (!sure) {
        return;
    }
    try {
        const job = await post(topicPath(w.node, w.topic, "dead", "redrive"), { all: true });

        notify(t("act.redriving", { n: count }));
        const end = await follow(w.node, job);

        notify(t(`act.redrive_${end.state}`, { n: end.done, why: end.error }));
    } catch (e) {
        notifyError(e);
    }
}

/** @param {{list: Which[]}} props */
function PauseForm({ list }) {
    const [what, setWhat] = useState("pop");
    const [end, setEnd] = useState("none");
    const [own, setOwn] = useState(/** @type {number | null} */ (30 * 60000));
    const close = () => {
        pausing.value = null;
    };
    const submit = (/** @type {Event} */ e) => {
        const ms = end === "none" ? null : end === "own" ? own : Number(end);

        e.preventDefault();
        close();
        each(list, (w) => post(topicPath(w.node, w.topic, "pause"), {
            push: what !== "pop", pop: what !== "push", ...(ms ? { for_ms: ms } : {}) }),
        (n) => t("act.paused", { n, what: titled(list) }));
    };
    const ends = [["none", "act.until_resumed"], ["600000", "act.10m"], ["3600000", "act.1h"], ["own", "act.own"]];

    return html`<${Dialog} title=${t("act.pause_title", { what: titled(list) })} onClose=${close} testid="pause-dialog">
        <form class="stack" onSubmit=${submit}>
            <${Choice} label=${t("act.pause_what")} value=${what} onChange=${setWhat} testid="pause-what"
                options=${["pop", "push", "both"].map((v) => ({ value: v, label: t(`act.pause_${v}`) }))} />
            <p class="muted small">${t(`act.pause_${what}_hint`)}</p>
            <${Choice} label=${t("act.pause_end")} value=${end} onChange=${setEnd} testid="pause-end"
                options=${ends.map(([value, key]) => ({ value, label: t(key) }))} />
            ${end === "own" && html`<${Field} label=${t("act.pause_end")}><${Span} value=${own} onChange=${setOwn}
                units=${["s", "m", "h", "d"]} testid="pause-own" /><//>`}
            <div class="dialog-foot"><button type="button" class="button" onClick=${close}>${t("cancel")}</button>
                <button class="button primary" data-testid="confirm" autofocus disabled=${end === "own" && !own}>${
                    t("act.pause")}</button></div>
        </form><//>`;
}

/** The question that pause() asks. */
export function PauseHost() {
    return pausing.value && html`<${PauseForm} list=${pausing.value} />`;
}

