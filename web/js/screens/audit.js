/* SPDX-License-Identifier: MIT
 * Who changed what, and with what result, newest first. */
import { useEffect, useState } from "/lib/hooks.js";
import { html } from "../html.js";
import { get } from "../api.js";
import { number, time } from "../format.js";
import { hasText, t } from "../i18n.js";
import { route } from "../router.js";
import { TextFilter } from "../dead/filter.js";
import { Badge } from "../parts/badge.js";
import { PageHead } from "../parts/page.js";
import { Empty, Failed, Loading } from "../parts/states.js";
import { Table } from "../parts/table.js";
import { visible } from "../parts/text.js";

/** @typedef {import("../types.js").AuditEntry & {n: number}} Entry */

const PAGE = 100;

/** The entries that hold a text. @param {string} text */
function useAudit(text) {
    const [list, setList] = useState(/** @type {{entries: Entry[], next: string | null} | null} */ (null));
    const [error, setError] = useState(/** @type {unknown} */ (null));
    const read = async (/** @type {string | null} */ cursor) => {
        try {
            const page = await get("audit", { limit: PAGE, cursor, text });
            const before = cursor ? list?.entries ?? [] : [];

            setList({ entries: [...before, ...page.entries.map((/** @type {Entry} */ e, /** @type {number} */ i) =>
                ({ ...e, n: before.length + i }))], next: page.next ?? null });
            setError(null);
        } catch (e) {
            setError(e);
        }
    };

    useEffect(() => { read(null); }, [text]);
    return { list, error, read };
}

/** @param {Entry} e */
function action(e) {
    return hasText(`audit.action.${e.action}`) ? t(`audit.action.${e.action}`) : e.action;
}

const COLUMNS = () => [
    { key: "at", label: t("audit.at"), cell: (/** @type {Entry} */ e) => html`<span
        class="nowrap">${time(e.at)}</span>` },
    { key: "user", label: t("audit.user"), cell: (/** @type {Entry} */ e) => html`<span
        class="iso">${visible(e.user)}</span>` },
    { key: "action", label: t("audit.action"), main: true, cell: (/** @type {Entry} */ e) =>
        html`<span title=${e.action}>${action(e)}</span>` },
    { key: "target", label: t("audit.target"), wide: true, cell: (/** @type {Entry} */ e) =>
        html`<span class="iso">${visible(e.target ?? "")}</span>` },
    { key: "count", label: t("audit.count"), num: true, cell: (/** @type {Entry} */ e) =>
        (e.count === null || e.count === undefined ? "" : number(e.count)) },
    { key: "result", label: t("audit.result"), cell: (/** @type {Entry} */ e) =>
        html`<${Badge} level=${e.result === "ok" ? "ok" : "warn"} title=${visible(e.detail ?? "")}>${
            e.result === "ok" ? t("audit.ok") : e.result}<//>` },
    { key: "address", label: t("audit.address"), cell: (/** @type {Entry} */ e) => html`<span
        class="mono iso">${e.address}</span>` },
];

export default function Audit() {
    const text = route.value.query.get("text") ?? "";
    const { list, error, read } = useAudit(text);

    return html`<${PageHead} title=${t("nav.audit")}><button class="button" onClick=${() => read(null)}
        data-testid="refresh">
            ${t("audit.refresh")}</button><//>
        <div class="card"><div class="card-head"><${TextFilter} value=${text} label=${t("audit.filter")} /></div>
            ${error ? html`<${Failed} error=${error} retry=${() => read(null)} />`
                : list === null ? html`<${Loading} />`
                : html`<${Table} label=${t("nav.audit")} testid="audit" columns=${COLUMNS()} rows=${list.entries}
                    keyOf=${(/** @type {Entry} */ e) => String(e.n)} empty=${html`<${Empty} icon="audit"
                        title=${t("audit.none")} />`} />
                    ${list.next && html`<div class="more"><button class="button" onClick=${() => read(list.next)}
                        data-testid="more">${t("audit.more")}</button></div>`}`}</div>`;
}
