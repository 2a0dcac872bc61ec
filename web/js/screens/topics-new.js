/* SPDX-License-Identifier: MIT
 * The dialog that makes a topic. What is not said there is set later, in the topic's settings. */
import { useState } from "/lib/hooks.js";
import { errorText, nodePath, post } from "../api.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { go, topicUrl } from "../router.js";
import { Dialog } from "../parts/dialog.js";
import { Field, Span } from "../parts/field.js";
import { notify } from "../parts/toast.js";
import { visible } from "../parts/text.js";

/** @param {{nodes: import("../store.js").FleetNode[], onClose: () => void}} props */
export function NewTopic({ nodes, onClose }) {
    const up = nodes.filter((n) => n.state === "up");
    const [name, setName] = useState("");
    const [node, setNode] = useState(String(up[0]?.id ?? ""));
    const [ttr, setTtr] = useState(/** @type {number | null} */ (null));
    const [auto, setAuto] = useState(false);
    const [error, setError] = useState("");
    const submit = async (/** @type {Event} */ e) => {
        e.preventDefault();
        try {
            await post(nodePath(Number(node), "topics"), {
                name, ...(ttr === null ? {} : { ttr_ms: ttr }), ...(auto ? { auto_ack: true } : {}) });
            notify(t("topics.made", { topic: visible(name) }));
            onClose();
            go(topicUrl(Number(node), name));
        } catch (x) {
            setError(errorText(x));
        }
    };

    return html`<${Dialog} title=${t("topics.new")} onClose=${onClose} testid="new-topic-dialog">
        <form class="stack" onSubmit=${submit}>
            <${Field} label=${t("column.topic")} hint=${t("topics.name_hint")}
                error=${error || undefined}><input required
                maxlength="128" autofocus value=${name} spellcheck=${false} autocomplete="off"
                    data-testid="new-topic-name"
                onInput=${(/** @type {any} */ e) => setName(e.target.value)} /><//>
            <div class="grid2">
                <${Field} label=${t("column.node")}><select value=${node} required
                    onChange=${(/** @type {any} */ e) => setNode(e.target.value)}>${up.map((n) => html`<option
                        key=${n.id}
                        value=${n.id}>${t("search.node", { id: String(n.id) })} · ${n.tcp_addr}</option>`)}
                    </select><//>
                <${Field} label=${t("topics.ttr")} hint=${t("topics.ttr_hint")}><${Span} value=${ttr} onChange=${setTtr}
                    units=${["s", "m"]} placeholder=${t("topics.nodes_own")} /><//>
            </div>
            <label class="row"><input type="checkbox" checked=${auto}
                onChange=${(/** @type {any} */ e) => setAuto(e.target.checked)} />${t("topics.auto_ack")}</label>
            <div class="dialog-foot"><button type="button" class="button" onClick=${onClose}>${t("cancel")}</button>
                <button class="button primary" data-testid="confirm" disabled=${name === "" || node === ""}>${
                    t("topics.make")}</button></div>
        </form><//>`;
}
