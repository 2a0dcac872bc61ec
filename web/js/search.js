/* SPDX-License-Identifier: MIT
 * The search of the bar: topics by a piece of their name, messages by their id. */
import { useState } from "/lib/hooks.js";
import { html } from "./html.js";
import { t } from "./i18n.js";
import { go, topicUrl } from "./router.js";
import { topics } from "./store.js";
import { Icon } from "./parts/icon.js";
import { visible } from "./parts/text.js";

const AT_MOST = 8;

/** What a text finds, best first. @param {string} text @returns {{url: string, label: string, hint: string}[]} */
function find(text) {
    const wanted = text.trim().toLowerCase();
    const list = [];

    if (wanted === "") {
        return [];
    }
    if (/^\d{1,20}$/.test(wanted)) {
        list.push({ url: `/m/${wanted}`, label: wanted, hint: t("search.message") });
    }
    for (const s of topics.value.values()) {
        const at = s.topic.toLowerCase().indexOf(wanted);

        if (at >= 0) {
            const hint = t("search.node", { id: String(s.node) });

            list.push({ url: topicUrl(s.node, s.topic), label: s.topic, hint, at });
        }
    }
    list.sort((a, b) => (a.at ?? -1) - (b.at ?? -1) || a.label.length - b.label.length);
    return list.slice(0, AT_MOST);
}

export function Search() {
    const [text, setText] = useState("");
    const [at, setAt] = useState(0);
    const [open, setOpen] = useState(false);
    const list = open ? find(text) : [];
    const leave = () => {
        setOpen(false);
        setText("");
        document.getElementById("search")?.blur();
    };
    const to = (/** @type {string} */ url) => {
        leave();
        go(url);
    };
    const keys = (/** @type {KeyboardEvent} */ e) => {
        if (e.key === "ArrowDown" || e.key === "ArrowUp") {
            setAt((at + (e.key === "ArrowDown" ? 1 : list.length - 1)) % Math.max(1, list.length));
        } else if (e.key === "Enter" && list.length > 0) {
            to(list[Math.min(at, list.length - 1)].url);
        } else if (e.key === "Enter" && text.trim() !== "") {
            to(`/topics?q=${encodeURIComponent(text.trim())}`);
        } else if (e.key === "Escape") {
            leave();
        } else {
            return;
        }
        e.preventDefault();
    };

    return html`<div class="search"><input id="search" type="text" role="combobox" value=${text} autocomplete="off"
            spellcheck=${false} placeholder=${t("search.hint")} aria-label=${t("search.hint")} aria-controls="found"
            aria-expanded=${list.length > 0 ? "true" : "false"} data-testid="search"
            aria-activedescendant=${list.length > 0 ? `found-${at}` : undefined}
            onInput=${(/** @type {any} */ e) => { setText(e.target.value); setAt(0); setOpen(true); }}
            onFocus=${() => setOpen(true)} onBlur=${() => setOpen(false)} onKeyDown=${keys} />
        <${Icon} name="search" size=${14} /><kbd>/</kbd>
        ${list.length > 0 && html`<ul class="found" id="found" role="listbox" aria-label=${t("search.hint")}>
            ${list.map((f, i) => html`<li key=${f.url} id=${`found-${i}`} role="option" aria-selected=${i === at}
                data-testid="found" onMouseDown=${(/** @type {Event} */ e) => { e.preventDefault(); to(f.url); }}>
                <span class="iso">${visible(f.label)}</span><small class="muted">${f.hint}</small></li>`)}</ul>`}
        </div>`;
}
