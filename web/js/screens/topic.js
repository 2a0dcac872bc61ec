/* SPDX-License-Identifier: MIT
 * Topic: why it is stuck, where its messages are, and all that can be done to it. */
import { useEffect, useState } from "/lib/hooks.js";
import { get, topicPath } from "../api.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { diagnose } from "../diagnose.js";
import { number, toMs } from "../format.js";
import { go, route, sendUrl, setQuery } from "../router.js";
import { complete, fleet, isAdmin, nodeOf, now, topicKey, topics } from "../store.js";
import { PauseHost, deleteTopics, pause, purge, redriveAll, resume } from "../parts/actions.js";
import { Badge } from "../parts/badge.js";
import { Icon } from "../parts/icon.js";
import { Menu } from "../parts/menu.js";
import { PageHead } from "../parts/page.js";
import { Empty, Failed, Loading, Unknown } from "../parts/states.js";
import { visible } from "../parts/text.js";
import { Diagnosis, Flow } from "./topic-health.js";
import { Messages } from "./topic-messages.js";
import { Consumers } from "./topic-consumers.js";
import { Charts } from "./topic-charts.js";
import { TopicSettings } from "./topic-settings.js";

/** @typedef {import("../store.js").TopicStats} TopicStats */

const STATES = ["ready", "delayed", "in_flight", "dead"];
const TABS = ["messages", "consumers", "charts", "settings"];
const LOOK_MS = 5000;

/**
 * What the events do not tell: settings and limits, and when the next delayed message is due. Looked up again all 5 s.
 * @param {number} node @param {string} topic @param {boolean} delayed does it hold nothing but delayed messages?
 */
function useDetail(node, topic, delayed) {
    const [detail, setDetail] = useState(/** @type {any} */ (null));
    const [error, setError] = useState(/** @type {unknown} */ (null));
    const [turn, setTurn] = useState(0);

    useEffect(() => {
        const stop = new AbortController();
        const look = async () => {
            try {
                const got = await get(topicPath(node, topic), {}, stop.signal);
                const first = delayed ? await get(topicPath(node, topic, "messages"), { state: "delayed", limit: 1 },
                    stop.signal) : null;

                setDetail({ ...got, nextDueAt: toMs(first?.messages[0]?.due_at) });
                setError(null);
            } catch (e) {
                if (!stop.signal.aborted) {
                    setError(e);
                }
            }
        };
        const timer = setInterval(look, LOOK_MS);

        look();
        return () => {
            clearInterval(timer);
            stop.abort();
        };
    }, [node, topic, delayed, turn]);
    return { detail, error, again: () => setTurn((n) => n + 1) };
}

/** What can be done to the whole topic. @param {{stats: TopicStats}} props */
function Actions({ stats: s }) {
    const count = STATES.reduce((n, state) => n + s[/** @type {"ready"} */ (state)], 0);
    const drop = async () => {
        if (await deleteTopics([s], count)) {
            go("/topics");
        }
    };

    return html`${s.dead > 0 && html`<button class="button" onClick=${() => redriveAll(s, s.dead)}
        data-testid="redrive">
            <${Icon} name="redrive" />${t("act.redrive", { n: s.dead })}</button>`}
        <a class="button" href=${sendUrl(s.node, s.topic)} data-testid="send-test"><${Icon}
            name="send" />${t("act.send")}</a>
        ${s.pop_paused || s.push_paused
            ? html`<button class="button primary" onClick=${() => resume([s])} data-testid="resume"><${Icon}
                name="play" />${
                t("act.resume")}</button>`
            : html`<button class="button" onClick=${() => pause([s])} data-testid="pause"><${Icon} name="pause" />${
                t("act.pause")}</button>`}
        <${Menu} button testid="topic-menu" title=${t("topic.more")} label=${html`<${Icon} name="more" />`}>
            <p class="menu-head">${t("topic.purge_which")}</p>
            ${STATES.map((state) => html`<button key=${state} disabled=${s[/** @type {"ready"} */ (state)] === 0}
                data-testid=${`purge-${state}`} onClick=${() => purge([s], state, s[/** @type {"ready"} */ (state)])}>
                ${t(state)} <small class="muted">${number(s[/** @type {"ready"} */ (state)])}</small></button>`)}<hr />
            <button class="bad" onClick=${drop} data-testid="delete-topic"><${Icon}
                name="trash" />${t("topic.delete")}</button>
        <//>`;
}

/** @param {{stats: TopicStats, silent: boolean}} props */
function State({ stats: s, silent }) {
    const paused = s.pop_paused || s.push_paused;

    if (silent) {
        return html`<${Badge} level="idle">${t("topic.old")}<//>`;
    }
    return html`${paused ? html`<${Badge} level="warn"
        sign="pause">${t("topic.paused")}<//>`
        : html`<${Badge} level="ok" sign="play">${t("topic.running")}<//>`}
        ${s.auto_ack && html`<${Badge} level="idle" sign="check">${t("topic.auto_ack")}<//>`}`;
}

/** @param {{params: {node: string, topic: string}}} props */
export default function Topic({ params }) {
    const id = Number(params.node);
    const s = topics.value.get(topicKey(id, params.topic));
    const node = nodeOf(id);
    const waits = Boolean(s && s.delayed > 0 && s.ready === 0 && s.in_flight === 0);
    const { detail, error, again } = useDetail(id, params.topic, waits);
    const tab = TABS.includes(route.value.query.get("tab") ?? "") ? route.value.query.get("tab") : TABS[0];
    const head = html`<a class="crumb" href="/topics">${t("nav.topics")}</a><span class="crumb">/</span>`;
    const where = html`<span class="muted">${t("search.node", { id: params.node })}</span>`;

    if (!complete.value && !s) {
        return html`<${Loading} />`;
    }
    if (!s) {
        return html`<${PageHead} before=${head} title=${visible(params.topic)} after=${where} />
            <section class="card">${!node && fleet.value ? html`<${Unknown}
                title=${t("topic.no_node", { id: params.node })} />`
                : node && node.state !== "up" ? html`<${Unknown}
                    title=${t("topic.node_silent", { id: params.node })} />`
                    : html`<${Empty} icon="unknown" title=${t("topic.missing")}
                        hint=${t("topic.missing_hint")} />`}</section>`;
    }
    const more = detail ? { limits: detail.settings?.limits ?? {}, bytes: detail.bytes, nextDueAt: detail.nextDueAt }
        : undefined;
    const silent = node?.state !== "up";
    /* of a node that does not answer nothing else is known than that */
    const found = diagnose(s, { now: now.value, node, more }).filter((f) => !silent || f.rule === "node");
    const show = { messages: Messages, consumers: Consumers, charts: Charts, settings: TopicSettings };
    const Tab = show[/** @type {"messages"} */ (tab)];

    return html`<${PageHead} before=${head} title=${visible(params.topic)} after=${html`${where}<${State} stats=${s}
        silent=${silent} />`}>
            ${isAdmin.value && !silent && html`<${Actions} stats=${s} />`}<//>
        <div class="stack">
            <${Diagnosis} found=${found} stats=${s} node=${node} />
            <${Flow} stats=${s} detail=${detail} />
            <section class="card">
                <div class="tabs" role="tablist">${TABS.map((name) => html`<a key=${name} role="tab"
                    href=${`?tab=${name}`}
                    aria-selected=${name === tab ? "true" : "false"} data-testid=${`tab-${name}`}
                    onClick=${(/** @type {Event} */ e) => { e.preventDefault(); setQuery({ tab: name,
                        state: null }); }}>
                    ${t(`topic.tab_${name}`)}${name === "consumers" && s.consumers !== undefined
                        && html` <small class="muted">${number(s.consumers)}</small>`}</a>`)}</div>
                <div role="tabpanel">${error && !detail && tab === "settings" ? html`<${Failed} error=${error}
                    retry=${again} />`
                    : html`<${Tab} key=${tab} stats=${s} detail=${detail} again=${again} />`}</div>
            </section>
        </div><${PauseHost} />`;
}
