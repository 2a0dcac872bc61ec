/* SPDX-License-Identifier: MIT
 * A dialog over the page. The browser's <dialog> keeps the focus inside, closes by Esc and gives the focus back. */
import { useEffect, useId, useRef } from "/lib/hooks.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { Icon } from "./icon.js";

/**
 * @param {{title: any, onClose: () => void, children?: any, wide?: boolean, testid?: string}} props
 *   shown while it is in the page; onClose is called by Esc, the cross and a click beside it
 */
export function Dialog({ title, onClose, children, wide, testid }) {
    const ref = useRef(/** @type {HTMLDialogElement | null} */ (null));
    const id = useId();

    useEffect(() => {
        const d = ref.current;
        const before = document.activeElement;

        d?.showModal();
        return () => {
            d?.close();
            /* a dialog that leaves the page forgets to give the focus back */
            setTimeout(() => document.activeElement === document.body && before instanceof HTMLElement
                && before.focus());
        };
    }, []);
    return html`<dialog ref=${ref} class=${wide ? "dialog wide" : "dialog"} aria-labelledby=${id}
        data-testid=${testid}
        onCancel=${(/** @type {Event} */ e) => { e.preventDefault(); onClose(); }}
        onMouseDown=${(/** @type {MouseEvent} */ e) => e.target === ref.current && onClose()}>
        <div class="dialog-in">
            <div class="spread dialog-head"><h2 id=${id}>${title}</h2>
                <button class="icon-button" aria-label=${t("close")} onClick=${onClose}>
                    <${Icon} name="close" /></button>
            </div>
            ${children}
        </div></dialog>`;
}
