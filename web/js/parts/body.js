/* SPDX-License-Identifier: MIT
 * The body of a message, whatever it holds: as JSON, text or bytes. It is always text to the page, never markup; its
 * direction is its own, and what it hides (control characters, marks that turn the direction) is shown. */
import { useMemo, useState } from "/lib/hooks.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { bytes as size } from "../format.js";
import { Choice } from "./field.js";
import { CopyButton } from "./copy.js";
import { fromBase64, hex, pretty, visible } from "./text.js";

/** As much of a text, and as many bytes, as are shown before somebody asks for more. */
const FIRST_TEXT = 32768;
const FIRST_BYTES = 2048;

/** @typedef {{body?: string, body_base64?: string, body_bytes?: number, truncated?: boolean}} HasBody */

/** @param {{message: HasBody, onWhole?: () => void}} props onWhole: fetches the rest of a body that was cut off */
export function Body({ message, onWhole }) {
    const [chosen, setChosen] = useState("");
    const [more, setMore] = useState(false);
    const { body, body_base64: base64, body_bytes: total, truncated } = message;
    const json = useMemo(() => pretty(body), [body]);
    const data = useMemo(() => (base64 === undefined ? new TextEncoder().encode(body ?? "") : fromBase64(base64)),
        [body, base64]);
    const modes = [...(json === null ? [] : ["json"]), ...(body === undefined ? [] : ["text"]), "hex"];
    const mode = modes.includes(chosen) ? chosen : modes[0];
    const readable = (mode === "json" ? json : body) ?? "";
    const whole = mode === "hex" ? data.length <= FIRST_BYTES : readable.length <= FIRST_TEXT;
    const text = mode === "hex" ? hex(more ? data : data.subarray(0, FIRST_BYTES))
        : visible(more ? readable : readable.slice(0, FIRST_TEXT));

    if (data.length === 0) {
        return html`<p class="muted">${t("body.empty")}</p>`;
    }
    return html`<div class="body" data-testid="body">
        <div class="row body-head"><${Choice} label=${t("body.as")} value=${mode} onChange=${setChosen} testid="body-as"
                options=${modes.map((m) => ({ value: m, label: t(`body.${m}`) }))} />
            <span class="muted small">${size(total ?? data.length)}</span>
            <span class="grow"></span>
            <${CopyButton} text=${() => (mode === "hex" ? hex(data) : readable)} /></div>
        <pre class=${mode === "text" ? "body-text" : "body-text ltr"} dir=${mode === "text" ? "auto" : "ltr"}
            tabindex="0" data-testid="body-text">${text}</pre>
        ${!whole && !more && html`<button class="button" onClick=${() => setMore(true)}>${t("body.more")}</button>`}
        ${truncated && html`<p class="muted small">${t("body.cut", { shown: size(data.length), all: size(total) })}
            ${onWhole && html` <button class="link" onClick=${onWhole} data-testid="body-whole">${
                t("body.whole")}</button>`}</p>`}
    </div>`;
}
