/* SPDX-License-Identifier: MIT
 * Filters that stand in the URL, so that a view can be sent to somebody: ?older=1h&text=timeout */
import { useEffect, useRef, useState } from "/lib/hooks.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { setQuery } from "../router.js";

/** Ages to choose from, ms. @type {Record<string, number>} */
export const AGES = { "10m": 600000, "1h": 3600000, "1d": 86400000, "7d": 604800000 };

const WAIT_MS = 300;

/** @param {{value: string}} props */
export function AgeFilter({ value }) {
    return html`<select value=${value} aria-label=${t("dead.older")} data-testid="filter-age"
        onChange=${(/** @type {any} */ e) => setQuery({ older: e.target.value })}>
        <option value="">${t("dead.older.any")}</option>
        ${Object.keys(AGES).map((k) => html`<option key=${k} value=${k}>${t(`dead.older.${k}`)}</option>`)}</select>`;
}

/** A search of text, acted on when typing pauses. @param {{value: string, name?: string, label?: string}} props */
export function TextFilter({ value, name = "text", label = t("dead.text") }) {
    const [typed, setTyped] = useState(value);
    const timer = useRef(/** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined));
    const say = (/** @type {string} */ v, /** @type {number} */ ms) => {
        clearTimeout(timer.current);
        timer.current = setTimeout(() => setQuery({ [name]: v }), ms);
    };

    useEffect(() => () => clearTimeout(timer.current), []);
    return html`<input type="search" value=${typed} placeholder=${label} aria-label=${label} maxlength="255"
        data-testid="filter-text" onInput=${(/** @type {any} */ e) => {
            setTyped(e.target.value);
            say(e.target.value, WAIT_MS);
        }}
        onKeyDown=${(/** @type {KeyboardEvent} */ e) => e.key === "Enter" && say(typed, 0)} />`;
}
