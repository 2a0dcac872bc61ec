/* SPDX-License-Identifier: MIT
 * What the pages know, as signals: who is logged in, and what GET /api/events tells once a second. Screens read, only
 * this file writes. Times are the server's, so that a browser's wrong clock makes no age wrong. */
import { computed, signal } from "/lib/signals.js";
import { get, remove, whenLoginNeeded } from "./api.js";
import { record } from "./past.js";

/**
 * @typedef {{
 *   node: number, topic: string, ready: number, delayed: number, in_flight: number, dead: number, waiting: number,
 *   push_rate: number, pop_rate: number, ack_rate: number, dead_rate?: number, redeliver_rate?: number,
 *   push_paused: boolean, pop_paused: boolean, push_paused_until?: number, pop_paused_until?: number,
 *   oldest_ready_at?: number, oldest_in_flight_at?: number, last_push_at?: number, last_pop_at?: number,
 *   consumers?: number, auto_ack?: boolean, ttr_ms?: number, max_retries?: number, created_at?: number,
 *   pushed?: number, popped?: number, acked?: number }} TopicStats
 *   what is told of a topic; fields with ? may be missing from older nodes
 * @typedef {{
 *   id: number, tcp_addr: string, http_addr: string, weight: number, joined_at: any, listed: boolean,
 *   state: "up" | "down" | "connecting", detail: string | null, since: any, last_seen: any, version: string | null,
 *   status: string | null, reasons: string[] | null, disk_used_bytes: number | null, disk_free_bytes: number | null,
 *   memory_bytes: number | null, sync_ns_last: number | null, sync_ns_max: number | null, connections: number | null,
 *   topics: number | null, push_rate: number | null, pop_rate: number | null }} FleetNode
 * @typedef {{url: string, ok: boolean, detail: string | null}} RegistryState
 * @typedef {{registries: RegistryState[], nodes: FleetNode[]}} Fleet
 * @typedef {Record<"ready" | "delayed" | "in_flight" | "dead" | "push_rate" | "pop_rate" | "ack_rate" | "dead_rate",
 *   number>} Totals
 * @typedef {{auth: "on" | "off", user: {name: string, role: "admin" | "viewer"} | null, version: string}} Session
 */

/** Who is here; null while not known. @type {import("/lib/signals.js").Signal<Session | null>} */
export const session = signal(null);
/** May this user change things? */
export const isAdmin = computed(() => session.value?.auth === "off" || session.value?.user?.role === "admin");
/** Registries and nodes; null while not known. @type {import("/lib/signals.js").Signal<Fleet | null>} */
export const fleet = signal(null);
/** All topics by topicKey(). A new Map at each change.
 * @type {import("/lib/signals.js").Signal<Map<string, TopicStats>>} */
export const topics = signal(new Map());
/** Sums over all nodes; null while not known. @type {import("/lib/signals.js").Signal<Totals | null>} */
export const totals = signal(null);
/** Have all topics been told? Until then lists are partial. */
export const complete = signal(false);
/** The server's clock at the last event, ms since 1970. */
export const now = signal(Date.now());
/** "connecting" (never connected), "live", "late" (no event for 5 s), "lost" (trying again). */
export const link = signal("connecting");
/** When the last event came, by this browser's clock; 0: never. */
export const heardAt = signal(0);

/** Key of a topic on a node. @param {number} node @param {string} topic */
export function topicKey(node, topic) {
    return `${node}/${topic}`;
}

/** The node with an id, as far as known. @param {number} id @returns {FleetNode | undefined} */
export function nodeOf(id) {
    return fleet.value?.nodes.find((n) => n.id === id);
}

const LATE_MS = 5000;
const AGAIN_MS = 2000;

/** @type {EventSource | null} */
let source = null;
/** Topics as told so far, shown once they are complete. @type {Map<string, TopicStats>} */
let told = new Map();
/** @type {ReturnType<typeof setInterval> | undefined} */
let watch;

/** Asks who is here. Throws ApiError. */
export async function loadSession() {
    session.value = await get("session");
}

/** Ends the session. Throws ApiError. */
export async function logout() {
    await remove("session");
    disconnect();
    await loadSession();
}

/** @param {any} e the data of an event */
function take(e) {
    if (e.anew) {
        told = new Map();
    }
    for (const s of e.topics ?? []) {
        told.set(topicKey(s.node, s.topic), s);
    }
    for (const g of e.gone ?? []) {
        told.delete(topicKey(g.node, g.topic));
    }
    if (e.fleet) {
        fleet.value = e.fleet;
    }
    now.value = e.at;
    /* while all is told anew, the old list stays, so that nothing flickers */
    if (e.complete || !complete.peek()) {
        topics.value = new Map(told);
        complete.value = Boolean(e.complete);
        totals.value = e.totals ?? totals.peek();
        record(e.at, told, totals.peek());
    }
    heardAt.value = Date.now();
    link.value = "live";
}

/** Listens to the events; does nothing when it already does. */
export function connect() {
    if (source) {
        return;
    }
    const mine = new EventSource("/api/events");

    source = mine;
    mine.addEventListener("live", (e) => take(JSON.parse(e.data)));
    mine.addEventListener("error", () => {
        link.value = "lost";
        if (mine.readyState === EventSource.CLOSED) {
            disconnect();
            setTimeout(again, AGAIN_MS);
        }
    });
    watch = setInterval(() => {
        if (link.peek() === "live" && Date.now() - heardAt.peek() > LATE_MS) {
            link.value = "late";
        }
    }, 1000);
}

/** Stops listening. */
export function disconnect() {
    source?.close();
    source = null;
    clearInterval(watch);
}

/** A closed stream is gweb's "no": the session is over, or gweb is being started anew. */
async function again() {
    try {
        await loadSession();
        if (session.peek()?.auth === "off" || session.peek()?.user) {
            connect();
        }
    } catch {
        setTimeout(again, AGAIN_MS);
    }
}

whenLoginNeeded(() => {
    disconnect();
    if (session.peek()) {
        session.value = { .../** @type {Session} */ (session.peek()), user: null };
    }
});
