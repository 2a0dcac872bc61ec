/* SPDX-License-Identifier: MIT
 * One dead letter in a dialog: what is known of it, and its body. */
import { useEffect, useState } from "/lib/hooks.js";
import { html } from "../html.js";
import { get, nodePath } from "../api.js";
import { t } from "../i18n.js";
import { Body } from "../parts/body.js";
import { Dialog } from "../parts/dialog.js";
import { Facts } from "../message/facts.js";

/** @typedef {import("../types.js").Message} Message */

/** @param {{node: number, topic: string, message: Message, onClose: () => void}} props */
export function Letter({ node, message, onClose }) {
    const [whole, setWhole] = useState(message);
    const fetchWhole = () => get(nodePath(node, "messages", message.id)).then(setWhole, () => {});

    useEffect(() => {
        if ((message.body_bytes ?? 0) <= 65536) {
            fetchWhole();
        }
    }, []);
    return html`<${Dialog} wide title=${t("msg.title", { id: message.id })} onClose=${onClose}
        testid="letter-dialog">
        <div class="stack"><${Facts} message=${whole} node=${node} />
            <${Body} message=${whole} onWhole=${fetchWhole} />
            <div class="dialog-foot"><a class="button" href=${`/m/${message.id}`} onClick=${onClose}
                data-testid="open-message">${t("dead.history")}</a></div></div><//>`;
}
