/* SPDX-License-Identifier: MIT
 * What was sent, each with its state as it changes: delayed, ready, with whom, gone. */
import { useEffect, useState } from "/lib/hooks.js";
import { html } from "../html.js";
import { ApiError, get, nodePath } from "../api.js";
import { age, clock, toMs } from "../format.js";
import { t } from "../i18n.js";
import { now } from "../store.js";
import { StateBadge } from "../message/facts.js";
import { visible } from "../parts/text.js";

/** @typedef {import("../types.js").Message} Message */
/** @typedef {{node: number, topic: string, ids: string[], at: number, duplicate: boolean}} Sent */

const EVERY_MS = 1000;
/** How long a message is followed, ms. */
const FOLLOWED_MS = 600000;
/** So many of one request are shown. */
const SHOWN = 5;

/** The message as it is now, asked for once a second until it is gone. @param {number} node @param {string} id */
function useMessage(node, id) {
    const [message, setMessage] = useState(/** @type {Message | null} */ (null));

    useEffect(() => {
        const begun = Date.now();
        /** @type {ReturnType<typeof setTimeout>} */
        let timer;
        let over = false;
        const look = async () => {
            let gone = false;

            try {
                const m = await get(nodePath(node, "messages", id), { body: "none" });

                gone = m.state === "gone";
                setMessage(m);
            } catch (e) {
                gone = e instanceof ApiError && e.status === 404;
                if (gone) {
                    setMessage((m) => ({ ...m, id, state: "gone" }));
                }
            }
            if (!over && !gone && Date.now() - begun < FOLLOWED_MS) {
                timer = setTimeout(look, EVERY_MS);
            }
        };

        look();
        return () => { over = true; clearTimeout(timer); };
    }, [node, id]);
    return message;
}

/** What the state does not say. @param {Message} m */
function detail(m) {
    const until = (/** @type {string | undefined} */ at) => age(Math.max(0, (toMs(at) ?? 0) - now.value));

    switch (m.state) {
    case "delayed": return t("send.state.delayed", { age: until(m.due_at) });
    case "in_flight": return t("send.state.in_flight", { holder: visible(m.holder ?? "?"), age: until(m.deadline_at) });
    case "gone": return m.how ? t(`msg.how.${m.how}`) : "";
    case "dead": return t(`msg.reason.${m.reason ?? "retries"}`);
    default: return "";
    }
}

/** @param {{node: number, id: string}} props */
function One({ node, id }) {
    const m = useMessage(node, id);

    return html`<li class="row" data-testid="sent-message"><a class="mono" href=${`/m/${id}`}
        data-testid="sent-id">${id}</a>
        ${m && html`<${StateBadge} state=${m.state} /><span class="muted iso">${detail(m)}</span>`}</li>`;
}

/** @param {{list: Sent[]}} props newest first */
export function SentList({ list }) {
    return html`<ol class="sent stack" data-testid="sent">${list.map((s) => html`<li key=${s.ids[0]}
        class="card card-pad stack-small">
        <div class="spread"><b class="iso">${visible(s.topic)}</b><span class="muted small">${t("send.on", {
            node: String(s.node), time: clock(s.at, now.value) })}</span></div>
        ${s.duplicate && html`<p class="warn">${t("send.duplicate")}</p>`}
        <ul class="stack-small">${s.ids.slice(0, SHOWN).map((id) => html`<${One}
            key=${id} node=${s.node} id=${id} />`)}</ul>
        ${s.ids.length > SHOWN && html`<p class="muted small">${t("send.more",
            { n: s.ids.length - SHOWN })}</p>`}</li>`)}</ol>`;
}
