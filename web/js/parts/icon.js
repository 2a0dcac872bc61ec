/* SPDX-License-Identifier: MIT
 * Small drawings in the colour of the text, 16 by 16. They say nothing alone: a word stands beside or in a label. */
import { html } from "../html.js";

/** @type {Record<string, string>} */
const LINES = {
    overview: "M2 13h12M4 13V8M8 13V3M12 13V6",
    topics: "M2 4h12M2 8h12M2 12h8",
    dead: "M8 2a5 5 0 0 0-3 9v3h6v-3a5 5 0 0 0-3-9zM6 7v.5M10 7v.5M8 11v3",
    send: "M2 8l12-5-5 11-2-4.5zM7 9.5L14 3",
    nodes: "M3 3h10v4H3zM3 9h10v4H3zM5.5 5h.01M5.5 11h.01",
    audit: "M4 2h8v12H4zM6.5 5.5h3M6.5 8h3M6.5 10.5h2",
    settings: "M2 4.5h7M13 4.5h1M2 11.5h1M7 11.5h7M11 2.8v3.4M5 9.8v3.4",
    search: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.5 10.5L14 14",
    sun: "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1",
    moon: "M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7z",
    screen: "M2 3h12v8H2zM6 14h4M8 11v3",
    user: "M8 2.5a2.75 2.75 0 1 0 0 5.5 2.75 2.75 0 0 0 0-5.5zM2.5 14c.5-3 2.7-4.5 5.5-4.5s5 1.5 5.5 4.5",
    close: "M4 4l8 8M12 4l-8 8",
    check: "M3 8.5l3.5 3.5L13 4.5",
    cross: "M4 4l8 8M12 4l-8 8",
    alert: "M8 2L1.5 13.5h13zM8 6.5v3M8 11.5v.01",
    info: "M8 1.75a6.25 6.25 0 1 0 0 12.5 6.25 6.25 0 0 0 0-12.5zM8 7.5v3.5M8 5v.01",
    unknown: "M6 6a2 2 0 1 1 2.7 1.9c-.5.2-.7.6-.7 1.1v.5M8 12v.01",
    up: "M8 13V3M4 7l4-4 4 4",
    down: "M8 3v10M4 9l4 4 4-4",
    left: "M10 3L5 8l5 5",
    right: "M6 3l5 5-5 5",
    arrow: "M2 8h11M9 4l4 4-4 4",
    pause: "M5.5 3v10M10.5 3v10",
    play: "M4.5 3l8 5-8 5z",
    more: "M3 8h.01M8 8h.01M13 8h.01",
    plus: "M8 3v10M3 8h10",
    copy: "M5.5 5.5h8v8h-8zM2.5 10.5v-8h8",
    trash: "M2.5 4h11M6 4V2.5h4V4M4 4l.5 9.5h7L12 4",
    redrive: "M2.5 8a5.5 5.5 0 1 0 2-4.2M2.5 2v3h3",
    clock: "M8 1.75a6.25 6.25 0 1 0 0 12.5 6.25 6.25 0 0 0 0-12.5zM8 4.5V8l2.5 1.5",
    columns: "M2 3h12v10H2zM6 3v10M10 3v10",
};

/** @param {{name: string, size?: number, label?: string}} props label: says it to those who do not see it */
export function Icon({ name, size = 16, label }) {
    return html`<svg width=${size} height=${size} viewBox="0 0 16 16" fill="none" stroke="currentColor"
        stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" role=${label ? "img" : undefined}
        aria-label=${label} aria-hidden=${label ? undefined : "true"}><path d=${LINES[name] ?? ""} /></svg>`;
}
