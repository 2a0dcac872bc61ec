/* SPDX-License-Identifier: MIT
 * A button that opens a list of things to do. Esc, a click elsewhere and a choice close it. */
import { useEffect, useRef } from "/lib/hooks.js";
import { html } from "../html.js";

/** @param {{children: any, label: any, testid?: string, title?: string, button?: boolean}} props
 *   button: looks like one; children: buttons, links, <hr>, <p class="menu-head"> */
export function Menu({ children, label, testid, title, button }) {
    const ref = useRef(/** @type {HTMLDetailsElement | null} */ (null));
    const close = () => ref.current?.removeAttribute("open");

    useEffect(() => {
        const away = (/** @type {Event} */ e) => {
            if (!ref.current?.contains(/** @type {any} */ (e.target))) {
                close();
            }
        };

        window.addEventListener("pointerdown", away);
        return () => window.removeEventListener("pointerdown", away);
    }, []);
    return html`<details class="menu" ref=${ref} data-testid=${testid}
        onKeyDown=${(/** @type {KeyboardEvent} */ e) => e.key === "Escape" && close()}>
        <summary class=${button ? "button" : "icon-button"} title=${title} aria-label=${title}>${label}</summary>
        <div class="menu-list" onClick=${(/** @type {MouseEvent} */ e) =>
            /** @type {Element} */ (e.target).closest("a, button") && close()}>${children}</div></details>`;
}
