/* SPDX-License-Identifier: MIT
 * Parts of forms: a control with label, hint and error; a span of time with its unit; choices as a row of buttons. */
import { cloneElement } from "/lib/preact.js";
import { useId, useState } from "/lib/hooks.js";
import { html } from "../html.js";
import { t } from "../i18n.js";

/** @param {{label: any, hint?: any, error?: any, children: any}} props children: the one control */
export function Field({ label, hint, error, children }) {
    const id = useId();
    const said = error ?? hint;

    return html`<div class="field ${error ? "wrong" : ""}"><label for=${id}>${label}</label>
        ${cloneElement(children, { id, "aria-describedby": said ? `${id}-h` : undefined,
            "aria-invalid": error ? "true" : undefined })}
        ${said && html`<small id=${`${id}-h`} class=${error ? "bad" : "muted"}>${said}</small>`}</div>`;
}

/** ms of each unit. */
export const SPANS = { ms: 1, s: 1000, m: 60000, h: 3600000, d: 86400000 };

/** The largest unit that shows a span without a fraction. @param {number} ms @returns {keyof typeof SPANS} */
function unitOf(ms) {
    const units = /** @type {(keyof typeof SPANS)[]} */ (["d", "h", "m", "s"]);

    return ms === 0 ? "s" : (units.find((u) => ms % SPANS[u] === 0) ?? "ms");
}

/**
 * A span of time: a number and its unit. value and onChange are ms; null when the field is empty.
 * @param {{value: number | null, onChange: (ms: number | null) => void, id?: string, placeholder?: string,
 *   units?: (keyof typeof SPANS)[], testid?: string, disabled?: boolean}} props
 */
export function Span(props) {
    const { value, onChange, id, placeholder, units = ["ms", "s", "m", "h", "d"], testid, disabled, ...aria } = props;
    const [unit, setUnit] = useState(value === null ? "s" : unitOf(value));
    const say = (/** @type {string} */ text, /** @type {keyof typeof SPANS} */ u) =>
        onChange(text.trim() === "" || Number.isNaN(Number(text)) ? null : Math.round(Number(text) * SPANS[u]));
    const shown = value === null ? "" : String(value / SPANS[unit]);

    return html`<span class="span"><input ...${aria} id=${id} type="number" min="0" step="any" inputmode="decimal"
            value=${shown} placeholder=${placeholder} disabled=${disabled} data-testid=${testid}
            onInput=${(/** @type {any} */ e) => say(e.target.value, unit)} />
        <select value=${unit} aria-label=${t("unit")} disabled=${disabled}
            onChange=${(/** @type {any} */ e) => { setUnit(e.target.value); say(shown, e.target.value); }}>
            ${units.map((u) => html`<option key=${u} value=${u}>${t(`unit.${u}`)}</option>`)}</select></span>`;
}

/**
 * One of a few, all to be seen. Arrow keys choose, as with radio buttons.
 * @param {{value: string, options: {value: string, label: any, count?: any}[], onChange: (v: string) => void,
 *   label: string, testid?: string}} props
 */
export function Choice({ value, options, onChange, label, testid }) {
    const name = useId();

    return html`<fieldset class="choice" data-testid=${testid}><legend class="hidden-text">${label}</legend>
        ${options.map((o) => html`<label key=${o.value} class=${o.value === value ? "on" : ""}>
            <input type="radio" class="hidden-text" name=${name} value=${o.value} checked=${o.value === value}
                onChange=${() => onChange(o.value)} data-testid=${testid && `${testid}-${o.value}`} />
            ${o.label}${o.count !== undefined && html` <small>${o.count}</small>`}</label>`)}</fieldset>`;
}
