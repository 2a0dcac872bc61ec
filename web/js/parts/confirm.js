/* SPDX-License-Identifier: MIT
 * "Do you mean it?": await ask({...}) says true when it was confirmed. What cannot be undone asks to type a name. */
import { signal } from "/lib/signals.js";
import { useState } from "/lib/hooks.js";
import { html } from "../html.js";
import { t, tx } from "../i18n.js";
import { Dialog } from "./dialog.js";

/** @typedef {{title: string, text?: any, action: string, danger?: boolean, typeName?: string}} Question
 *   action: text of the button; typeName: to be typed before the button works */

const asked = signal(/** @type {(Question & {answer: (yes: boolean) => void}) | null} */ (null));

/** @param {Question} question @returns {Promise<boolean>} */
export function ask(question) {
    return new Promise((resolve) => {
        asked.value = {
            ...question,
            answer: (yes) => {
                asked.value = null;
                resolve(yes);
            },
        };
    });
}

/** @param {{question: Question & {answer: (yes: boolean) => void}}} props */
function Ask({ question }) {
    const [typed, setTyped] = useState("");
    const { title, text, action, danger, typeName, answer } = question;
    const sure = typeName === undefined || typed === typeName;
    const submit = (/** @type {Event} */ e) => {
        e.preventDefault();
        if (sure) {
            answer(true);
        }
    };

    return html`<${Dialog} title=${title} onClose=${() => answer(false)} testid="confirm-dialog">
        <form class="stack" onSubmit=${submit}>
            ${text && html`<div class="iso">${text}</div>`}
            ${typeName !== undefined && html`<label class="field"><span>${tx("confirm.type", {
                name: html`<b class="iso mono">${typeName}</b>` })}</span>
                <input value=${typed} autocomplete="off" spellcheck=${false} autofocus data-testid="confirm-name"
                    onInput=${(/** @type {any} */ e) => setTyped(e.target.value)} /></label>`}
            <div class="dialog-foot">
                <button type="button" class="button" onClick=${() => answer(false)}>${t("cancel")}</button>
                <button class="button ${danger ? "danger-fill" : "primary"}" disabled=${!sure} data-testid="confirm"
                    autofocus=${typeName === undefined}>${action}</button>
            </div>
        </form><//>`;
}

/** The question, once in the page. */
export function ConfirmHost() {
    return asked.value && html`<${Ask} question=${asked.value} />`;
}
