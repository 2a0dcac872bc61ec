/* SPDX-License-Identifier: MIT
 * One message by its id: where it is, everything that is known of it, what happened to it. */
import { useEffect, useRef, useState } from "/lib/hooks.js";
import { html } from "../html.js";
import { get, nodePath } from "../api.js";
import { time } from "../format.js";
import { isId, timeOfId } from "../ids.js";
import { t } from "../i18n.js";
import { fleet, topicKey, topics } from "../store.js";
import { Actions } from "../message/actions.js";
import { Facts } from "../message/facts.js";
import { findMessage } from "../message/find.js";
import { Timeline } from "../message/timeline.js";
import { Body } from "../parts/body.js";
import { PageHead } from "../parts/page.js";
import { Empty, Failed, Loading, Unknown } from "../parts/states.js";

/** @typedef {import("../message/find.js").Answer} Answer */
/** @typedef {import("../types.js").Message} Message */

/** How often a message that is not gone is asked for, ms. */
const EVERY_MS = 2000;

/** So much of the body comes by itself; it is fetched once, since it never changes. */
const FIRST = { body: "first", body_bytes: 65536 };

/** @param {Message} m @returns {Partial<Message>} */
function bodyOf({ body, body_base64, body_bytes, truncated }) {
    return { body, body_base64, body_bytes, truncated };
}

/** The message, asked for again and again while it can change. @param {string} id */
function useMessage(id) {
    const [answer, setAnswer] = useState(/** @type {Answer | null} */ (null));
    const [error, setError] = useState(/** @type {unknown} */ (null));
    const [turn, setTurn] = useState(0);
    const body = useRef(/** @type {Partial<Message> | null} */ (null));
    const nodes = (fleet.value?.nodes ?? []).filter((n) => n.listed).map((n) => n.id).join(",");
    const gone = answer !== null && answer.node !== null && answer.message.state === "gone";

    useEffect(() => {
        const ending = new AbortController();

        if (nodes !== "" && isId(id)) {
            findMessage(id, nodes.split(",").map(Number), body.current ? { body: "none" } : FIRST,
                ending.signal).then((a) => {
                if (a.node !== null) {
                    body.current ??= bodyOf(a.message);
                    setAnswer({ node: a.node, message: { ...a.message, ...body.current } });
                } else {
                    setAnswer(a);
                }
                setError(null);
            }, (e) => ending.signal.aborted || setError(e));
        }
        return () => ending.abort();
    }, [id, nodes, turn]);
    useEffect(() => {
        const timer = gone ? undefined : setInterval(() => setTurn((n) => n + 1), EVERY_MS);

        return () => clearInterval(timer);
    }, [gone]);
    const again = () => setTurn((n) => n + 1);
    const whole = async () => {
        if (answer !== null && answer.node !== null) {
            body.current = bodyOf(await get(nodePath(answer.node, "messages", id)));
            again();
        }
    };

    return { answer, error, again, whole };
}

/** @param {{id: string, answer: Extract<Answer, {node: null}>}} props */
function NotFound({ id, answer }) {
    const { asked, away } = answer;
    const born = timeOfId(id);
    const hint = html`${born !== null && html`<span>${t("msg.none.born", { time: time(born) })} </span>`}
        ${asked.length > 0 && html`<span>${t("msg.none.asked", { ids: asked.join(", ") })}</span>`}`;

    return away.length > 0 ? html`<${Unknown} title=${t("msg.none.away", { ids: away.join(", ") })} hint=${hint} />`
        : html`<${Empty} icon="search" title=${t("msg.none")} hint=${hint} />`;
}

/** @param {{params: Record<string, string>}} props */
export default function MessageScreen({ params }) {
    const id = params.id;
    const { answer, error, again, whole } = useMessage(id);
    const head = html`<${PageHead} title=${t("msg.title", { id })} />`;

    if (!isId(id)) {
        return html`${head}<div class="card"><${Empty} icon="unknown" title=${t("msg.bad")} /></div>`;
    }
    if (error && !answer) {
        return html`${head}<div class="card"><${Failed} error=${error} retry=${again} /></div>`;
    }
    if (!answer) {
        return html`${head}<div class="card">${fleet.value && fleet.value.nodes.length === 0
            ? html`<${Unknown} title=${t("msg.no.nodes")} />` : html`<${Loading} />`}</div>`;
    }
    if (answer.node === null) {
        return html`${head}<div class="card"><${NotFound} id=${id} answer=${answer} /></div>`;
    }
    const { node, message } = answer;
    const turn = `${message.state} ${message.retry_count} ${message.due_at}`;
    const stats = topics.value.get(topicKey(node, message.topic ?? ""));

    return html`<${PageHead} title=${t("msg.title", { id })}><${Actions} node=${node} message=${message}
        onDone=${again} /><//>
        ${error && html`<p class="banner" role="status">${t("msg.stale")}</p>`}
        <div class="two">
            <div class="stack"><section class="card card-pad"><${Facts} message=${message} node=${node} /></section>
                <section class="card card-pad stack-small"><h2>${t("msg.body")}</h2><${Body} message=${message}
                    onWhole=${whole} /></section></div>
            <section class="card card-pad stack-small"><h2>${t("msg.history")}</h2>
                <${Timeline} node=${node} id=${id} turn=${turn} />
                ${message.state === "ready" && stats && stats.ready > 0 && html`<p class="muted small">${
                    t("msg.waits", { n: stats.ready })}</p>`}</section></div>`;
}
