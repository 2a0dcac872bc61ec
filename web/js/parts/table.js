/* SPDX-License-Identifier: MIT
 * A table that sorts by its heads and shows a page of its rows at a time, so that 5,000 stay quick. On phones each row
 * is a card. Arrow keys go from row to row, Enter opens, Space selects. While the pointer or the focus is on it, rows
 * keep their places, so that live numbers do not move what one is about to click. */
import { useRef, useState } from "/lib/hooks.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { number } from "../format.js";
import { Icon } from "./icon.js";

/**
 * @template R
 * @typedef {{key: string, label: any, cell: (row: R) => any, sort?: (row: R) => any, num?: boolean, wide?: boolean,
 *   main?: boolean, bare?: boolean, title?: string}} Column
 *   sort: what to sort by, missing: cannot be; num: to the right; main: head of the card on phones; wide: takes what is
 *   left; bare: without its label on cards
 */

/** @typedef {{key: string, down: boolean}} Order */

const PAGE = 50;
/** Texts in order, t2 before t10. */
const ORDER = new Intl.Collator(undefined, { numeric: true });
/** What a column says of itself is a class of its cells. */
const CLASSES = /** @type {("num" | "main" | "wide" | "bare")[]} */ (["num", "main", "wide", "bare"]);

/** @param {any} a @param {any} b */
function compare(a, b) {
    if (a === b) {
        return 0;
    }
    if (a === null || a === undefined) {
        return -1;
    }
    if (b === null || b === undefined) {
        return 1;
    }
    return typeof a === "string" ? ORDER.compare(a, b) : a < b ? -1 : 1;
}

/**
 * Rows in order; those in `kept` (keys in their old order) stay where they were.
 * @template R
 * @param {R[]} rows @param {Column<R> | undefined} column @param {boolean} down @param {(row: R) => string} keyOf
 * @param {string[] | null} kept
 */
function sorted(rows, column, down, keyOf, kept) {
    if (kept) {
        const place = new Map(kept.map((k, i) => [k, i]));

        return [...rows].sort((a, b) => (place.get(keyOf(a)) ?? 1e9) - (place.get(keyOf(b)) ?? 1e9));
    }
    if (!column?.sort) {
        return rows;
    }
    const by = column.sort;
    const pairs = rows.map((row) => ({ row, v: by(row) }));

    pairs.sort((a, b) => (down ? compare(b.v, a.v) : compare(a.v, b.v)) || compare(keyOf(a.row), keyOf(b.row)));
    return pairs.map((p) => p.row);
}

/** @param {{page: number, pages: number, total: number, onPage: (p: number) => void}} props */
function Pages({ page, pages, total, onPage }) {
    return html`<nav class="pages" aria-label=${t("table.pages")}>
        <span class="muted">${t("table.range", {
            from: page * PAGE + 1, to: Math.min(total, (page + 1) * PAGE), n: total })}</span>
        <button class="button square" disabled=${page === 0} onClick=${() => onPage(page - 1)}
            aria-label=${t("table.before")} data-testid="page-before"><${Icon} name="left" /></button>
        <span>${number(page + 1)} / ${number(pages)}</span>
        <button class="button square" disabled=${page >= pages - 1} onClick=${() => onPage(page + 1)}
            aria-label=${t("table.next")} data-testid="page-next"><${Icon} name="right" /></button></nav>`;
}

/** @param {any} props of one head: column, order, onSort */
function Head({ column, order, onSort }) {
    const on = order?.key === column.key;

    return html`<th scope="col" class=${column.num ? "num" : ""} title=${column.title}
        aria-sort=${on ? (order.down ? "descending" : "ascending") : undefined}>
        ${column.sort ? html`<button class="sort ${on ? "on" : ""}" onClick=${() => onSort(column)}
            data-testid=${`sort-${column.key}`}>${column.label}<${Icon} name=${on && !order.down ? "up" : "down"}
            size=${11} /></button>` : column.label}</th>`;
}

/** @param {KeyboardEvent} e @param {(() => void) | undefined} open @param {(() => void) | undefined} pick */
function rowKeys(e, open, pick) {
    const row = /** @type {HTMLElement} */ (e.currentTarget);

    if (e.target !== row) {
        return;
    }
    const other = e.key === "ArrowDown" ? row.nextElementSibling
        : e.key === "ArrowUp" ? row.previousElementSibling : null;

    if (other instanceof HTMLElement) {
        other.focus();
    } else if (e.key === "Enter" && open) {
        open();
    } else if (e.key === " " && pick) {
        pick();
    } else {
        return;
    }
    e.preventDefault();
}

/**
 * @template R
 * @param {{columns: Column<R>[], rows: R[], keyOf: (row: R) => string, order?: Order, onOrder?: (o: Order) => void,
 *   onOpen?: (row: R) => void, selected?: Set<string>, onSelect?: (s: Set<string>) => void, label: string,
 *   testid?: string, hold?: boolean, empty?: any, rowClass?: (row: R) => string}} props
 *   order: the first one, or the one that the caller keeps by onOrder; hold: keep places under the pointer
 */
export function Table(props) {
    const { columns, rows, keyOf, onOpen, selected, onSelect, label, testid, hold, empty } = props;
    const [own, setOwn] = useState(props.order);
    const [at, setAt] = useState(0);
    const [still, setStill] = useState(false);
    const places = useRef(/** @type {string[] | null} */ (null));
    const order = props.onOrder ? props.order : own;
    const list = sorted(rows, columns.find((c) => c.key === order?.key), Boolean(order?.down), keyOf,
        hold && still ? places.current : null);
    const pages = Math.max(1, Math.ceil(list.length / PAGE));
    const page = Math.min(at, pages - 1);
    const shown = list.slice(page * PAGE, (page + 1) * PAGE);
    const pick = (/** @type {string[]} */ keys, /** @type {boolean} */ on) => {
        const next = new Set(selected);

        keys.forEach((k) => (on ? next.add(k) : next.delete(k)));
        onSelect?.(next);
    };
    const sort = (/** @type {Column<R>} */ c) => {
        const next = { key: c.key, down: order?.key === c.key ? !order.down : Boolean(c.num) };

        places.current = null;
        setStill(false);
        setAt(0);
        (props.onOrder ?? setOwn)(next);
    };
    const all = shown.length > 0 && shown.every((r) => selected?.has(keyOf(r)));

    places.current = list.map(keyOf);
    if (rows.length === 0 && empty) {
        return empty;
    }
    return html`<div class="table-box"><table class="table" aria-label=${label} data-testid=${testid}>
        <thead><tr>
            ${onSelect && html`<th class="tick"><input type="checkbox" checked=${all} aria-label=${t("table.all")}
                data-testid="select-all" onChange=${() => pick(shown.map(keyOf), !all)} /></th>`}
            ${columns.map((c) => html`<${Head} key=${c.key} column=${c} order=${order} onSort=${sort} />`)}</tr></thead>
        <tbody onMouseEnter=${() => setStill(true)} onMouseLeave=${() => setStill(false)}
            onFocusIn=${() => setStill(true)} onFocusOut=${() => setStill(false)}>
            ${shown.map((row, i) => {
                const key = keyOf(row);
                const on = Boolean(selected?.has(key));
                const toggle = onSelect && (() => pick([key], !on));

                return html`<tr key=${key} tabindex=${i === 0 ? 0 : -1} data-key=${key}
                    class="${onOpen ? "open" : ""} ${on ? "on" : ""} ${props.rowClass?.(row) ?? ""}"
                    onKeyDown=${(/** @type {KeyboardEvent} */ e) => rowKeys(e, onOpen && (() => onOpen(row)), toggle)}
                    onClick=${onOpen && ((/** @type {MouseEvent} */ e) =>
                        !(/** @type {Element} */ (e.target).closest("a, button, input, select, summary, label"))
                        && !String(getSelection()) && onOpen(row))}>
                    ${toggle && html`<td class="tick"><input type="checkbox" checked=${on} onChange=${toggle}
                        aria-label=${t("table.select", { name: key })} data-testid="select" /></td>`}
                    ${columns.map((c) => html`<td key=${c.key} data-label=${c.label}
                        class=${CLASSES.filter((k) => c[k]).join(" ")}>${c.cell(row)}</td>`)}</tr>`;
            })}</tbody></table>
        ${list.length > PAGE && html`<${Pages} page=${page} pages=${pages} total=${list.length} onPage=${setAt} />`}
        </div>`;
}
