/* SPDX-License-Identifier: MIT
 * Lines over time as SVG. The legend tells the newest value, or the one under the pointer (arrow keys move it), and
 * hides a line when it is clicked. Where a value is not known the line has a gap. */
import { useEffect, useRef, useState } from "/lib/hooks.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { clock, compact } from "../format.js";

/** @typedef {{label: string, color: string, values: (number | null)[]}} Line color: a CSS variable's name, "c-push" */

/** The shortest span that is drawn: a few points do not make a chart of tenths of a second. */
const MIN_SPAN_MS = 60000;
/** Points further apart have nothing known between them. */
const GAP_MS = 12000;
const HEIGHT = 196;
/** Room for the numbers at the left, and for the times below. */
const LEFT = 46;
const BELOW = 22;
const ABOVE = 8;
const STEPS_S = [10, 30, 60, 120, 300, 600, 1800, 3600];

/** Round values from 0 up that reach `top`, about four. @param {number} top */
function ticks(top) {
    const rough = Math.max(top, 1) / 4;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = Math.max(top < 5 ? 1 : 0, [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough) ?? rough);

    return Array.from({ length: Math.ceil(Math.max(top, 1) / step) + 1 }, (_, i) => i * step);
}

/** Times on round seconds between two, 90 px apart or more.
 * @param {number} from @param {number} to @param {number} width */
function times(from, to, width) {
    const fit = Math.max(2, width / 90);
    const step = (STEPS_S.find((s) => (to - from) / 1000 / s <= fit) ?? 7200) * 1000;
    const first = Math.ceil(from / step) * step;

    return Array.from({ length: Math.floor((to - first) / step) + 1 }, (_, i) => first + i * step);
}

/** Width of an element, followed while it is in the page. @param {{current: HTMLElement | null}} ref */
function useWidth(ref) {
    const [width, setWidth] = useState(600);

    useEffect(() => {
        const box = ref.current;
        const size = new ResizeObserver(() => box && box.clientWidth > 0 && setWidth(box.clientWidth));

        if (box) {
            size.observe(box);
        }
        return () => size.disconnect();
    }, []);
    return width;
}

/**
 * @param {{title: string, at: number[], lines: Line[], show?: (v: number | null) => string, testid?: string}} props
 *   at: ms since 1970 of each value, rising; show: writes a value
 */
export function Chart({ title, at, lines, show = compact, testid }) {
    const box = useRef(/** @type {HTMLDivElement | null} */ (null));
    const width = useWidth(box);
    const [off, setOff] = useState(/** @type {Set<number>} */ (new Set()));
    const [under, setUnder] = useState(/** @type {number | null} */ (null));
    const to = at.at(-1) ?? Date.now();
    const from = Math.min(at[0] ?? to, to - MIN_SPAN_MS);
    const seen = lines.filter((_, i) => !off.has(i));
    const marks = ticks(Math.max(0, ...seen.flatMap((l) => l.values.map((v) => v ?? 0))));
    const top = marks[marks.length - 1];
    const x = (/** @type {number} */ ms) => LEFT + ((ms - from) / (to - from)) * (width - LEFT - 6);
    const y = (/** @type {number} */ v) => ABOVE + (1 - v / top) * (HEIGHT - ABOVE - BELOW);
    const point = under === null || under >= at.length ? at.length - 1 : under;
    const path = (/** @type {Line} */ l) => {
        let pen = "M";

        return l.values.map((v, i) => {
            pen = i > 0 && at[i] - at[i - 1] > GAP_MS ? "M" : pen;
            const step = v === null ? "" : `${pen}${x(at[i]).toFixed(1)} ${y(v).toFixed(1)}`;

            pen = v === null ? "M" : "L";
            return step;
        }).join("");
    };
    const move = (/** @type {PointerEvent} */ e) => {
        const ms = from + ((e.offsetX - LEFT) / (width - LEFT - 6)) * (to - from);
        const next = at.findIndex((a) => a >= ms);

        setUnder(next < 0 ? null : next > 0 && ms - at[next - 1] < at[next] - ms ? next - 1 : next);
    };
    const key = (/** @type {KeyboardEvent} */ e) => {
        const by = e.key === "ArrowLeft" ? -1 : e.key === "ArrowRight" ? 1 : 0;

        if (by !== 0 && at.length > 0) {
            e.preventDefault();
            setUnder(Math.min(at.length - 1, Math.max(0, point + by)));
        }
    };
    const flip = (/** @type {number} */ i) => {
        const next = new Set(off);

        if (!next.delete(i)) {
            next.add(i);
        }
        setOff(next);
    };

    return html`<figure class="chart" data-testid=${testid}><div class="spread chart-head"><h2>${title}</h2>
        <div class="legend">${lines.map((l, i) => html`<button key=${l.label} class=${off.has(i) ? "off" : ""}
            aria-pressed=${off.has(i) ? "false" : "true"} onClick=${() => flip(i)} title=${t("chart.flip")}>
            <i class=${`dot ${l.color}`}></i>${l.label} <b>${show(l.values[point] ?? null)}</b></button>`)}</div></div>
        <div class="plot" ref=${box}><svg width=${width} height=${HEIGHT} role="img" tabindex="0" onKeyDown=${key}
            onPointerMove=${move} onPointerLeave=${() => setUnder(null)} onBlur=${() => setUnder(null)}
            aria-label=${`${title}: ${lines.map((l) => `${l.label} ${show(l.values[point] ?? null)}`).join(", ")}`}>
            ${marks.map((v) => html`<g key=${v}><line class="grid" x1=${LEFT} x2=${width - 6} y1=${y(v)} y2=${y(v)} />
                <text x=${LEFT - 8} y=${y(v) + 4} text-anchor="end">${compact(v)}</text></g>`)}
            ${times(from, to, width - LEFT).map((ms) => html`<text key=${ms} x=${x(ms)} y=${HEIGHT - 5}
                text-anchor=${x(ms) > width - 36 ? "end" : "middle"}>${clock(ms, to)}</text>`)}
            ${lines.map((l, i) => !off.has(i) && html`<path key=${l.label} d=${path(l)} class=${`line ${l.color}`} />`)}
            ${under !== null && at[point] && html`<line class="cursor" x1=${x(at[point])} x2=${x(at[point])} y1=${ABOVE}
                y2=${HEIGHT - BELOW} />${lines.map((l, i) => !off.has(i) && l.values[point] !== null && html`<circle
                key=${l.label} class=${l.color} r="3.5" cx=${x(at[point])}
                    cy=${y(l.values[point] ?? 0)} />`)}`}</svg></div>
        <p class="small muted chart-time">${under === null ? t("chart.span") : clock(at[point], to)}</p></figure>`;
}
