/* SPDX-License-Identifier: MIT
 * A line of a minute, as small as a word. For looking at beside a number, which says it to all others. */
import { html } from "../html.js";

/** @param {{values: (number | null)[], length?: number, width?: number, height?: number, color?: string}} props
 *   color: a CSS variable's name; values: newest last, at the right edge; length: how many fill the width */
export function Spark({ values, length = 60, width = 90, height = 22, color = "c-ready" }) {
    const shown = values.slice(-length);
    const most = Math.max(0, ...shown.map((v) => v ?? 0));
    const least = Math.min(most, ...shown.map((v) => v ?? most));
    /* what hardly changes is a flat line in the middle, not a zigzag */
    const span = Math.max(most - least, most * 0.2);
    const low = Math.max(0, (most + least - span) / 2);
    const x = (/** @type {number} */ i) => width - 1 - ((shown.length - 1 - i) * (width - 2)) / (length - 1);
    const y = (/** @type {number} */ v) => height - 2 - (span > 0 ? (v - low) / span : 0) * (height - 4);
    let path = "";
    let pen = "M";

    shown.forEach((v, i) => {
        if (v === null) {
            pen = "M";
        } else {
            path += `${pen}${x(i).toFixed(1)} ${y(v).toFixed(1)}`;
            pen = "L";
        }
    });
    return html`<svg class="spark ${color}" preserveAspectRatio="none" width=${width} height=${height}
        viewBox=${`0 0 ${width} ${height}`} aria-hidden="true">
        ${shown.length > 1 && html`<path class="spark-fill" d=${`${path}V${height}H${x(0).toFixed(1)}Z`}/>`}
        <path d=${path} /></svg>`;
}
