/* SPDX-License-Identifier: MIT
 * Topic's consumers: who pops, who holds what, and for how long. */
import { useEffect, useState } from "/lib/hooks.js";
import { get, topicPath } from "../api.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { age, number, rate, toMs } from "../format.js";
import { now } from "../store.js";
import { Badge } from "../parts/badge.js";
import { Empty, Failed, Loading } from "../parts/states.js";
import { Table } from "../parts/table.js";
import { visible } from "../parts/text.js";

const LOOK_MS = 2000;

/** @param {unknown} at ms since, null when not known */
function since(at) {
    const ms = toMs(at);

    return ms === null ? null : now.value - ms;
}

/** @param {any} c */
const nameOf = (c) => c.name ?? c.address ?? "–";

/** @param {number} ttr ms @returns {import("../parts/table.js").Column<any>[]} */
function columns(ttr) {
    return [
        { key: "name", label: t("consumer.name"), main: true, sort: nameOf, cell: (c) => html`<span class="iso">${
            visible(nameOf(c))}</span>` },
        { key: "address", label: t("consumer.address"), sort: (c) => c.address, cell: (c) => html`<span
            class="iso mono">${
            c.address ?? "–"}</span>` },
        { key: "since", label: t("consumer.since"), num: true, sort: (c) => since(c.since),
            cell: (c) => age(since(c.since)) },
        { key: "last_pop", label: t("consumer.last_pop"), num: true, sort: (c) => since(c.last_pop_at),
            cell: (c) => age(since(c.last_pop_at)) },
        { key: "rate", label: t("consumer.rate"), num: true, sort: (c) => c.pop_rate, cell: (c) => rate(c.pop_rate) },
        { key: "popped", label: t("consumer.popped"), num: true, sort: (c) => c.popped, cell: (c) => number(c.popped) },
        { key: "held", label: t("in_flight"), num: true, sort: (c) => c.in_flight, cell: (c) => number(c.in_flight) },
        { key: "oldest", label: t("consumer.oldest"), num: true, sort: (c) => since(c.oldest_in_flight_at),
            cell: (c) => {
            const ms = since(c.oldest_in_flight_at);

            return ms !== null && ttr > 0 && ms > ttr / 2 ? html`<${Badge} level="warn">${age(ms)}<//>` : age(ms);
        } },
    ];
}

/** @param {{stats: import("../store.js").TopicStats}} props */
export function Consumers({ stats: s }) {
    const [got, setGot] = useState(/** @type {any} */ (null));

    useEffect(() => {
        const stop = new AbortController();
        const look = () => get(topicPath(s.node, s.topic, "consumers"), {}, stop.signal)
            .then((r) => setGot(r), (error) => stop.signal.aborted || setGot({ error }));
        const timer = setInterval(look, LOOK_MS);

        look();
        return () => {
            clearInterval(timer);
            stop.abort();
        };
    }, [s.node, s.topic]);
    if (!got || got.error) {
        return got ? html`<${Failed} error=${got.error} />` : html`<${Loading} />`;
    }
    return html`<${Table} label=${t("topic.tab_consumers")} columns=${columns(s.ttr_ms ?? 0)} rows=${got.consumers} hold
        keyOf=${(/** @type {any} */ c) => `${c.name}/${c.address}`} order=${{ key: "held", down: true }}
            testid="consumers"
        empty=${html`<${Empty} icon="user" title=${t("consumer.none")} hint=${t("consumer.none_hint")} />`} />`;
}
