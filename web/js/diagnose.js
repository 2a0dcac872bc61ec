/* SPDX-License-Identifier: MIT
 * Why a topic is stuck: the figures of a topic and of its node, looked at by one rule after the other. Pure.
 *
 * A rule answers with a Finding, or with null when the figures that it needs are not there. Values are raw; their names
 * say what they are, and parts/finding.js writes them so: *_age ms, *_at ms since 1970, *_rate a second, *_bytes,
 * *_share 0..1, *_ns, all else numbers or texts. */

/** @typedef {import("./store.js").TopicStats} TopicStats */
/** @typedef {import("./store.js").FleetNode} FleetNode */
/** @typedef {"ok" | "warn" | "bad"} Level */
/** @typedef {"resume" | "consumers" | "dead" | "messages" | "settings" | "nodes"} Advice what to do or see */
/** @typedef {{rule: string, level: Level, key: string, values: Record<string, any>, advice?: Advice}} Finding
 *   key: of the text, below "diagnose." */
/** @typedef {{limits?: {messages?: number | null, bytes?: number | null, over?: string}, bytes?: number,
 *   nextDueAt?: number | null}} More what only the screen of the topic knows */
/** @typedef {{now: number, node?: FleetNode, more?: More}} Around */

/** What waits for less is not stuck yet, ms. */
export const GRACE_MS = 10000;
/** A consumer that has not popped for so long, with messages there, does not work, ms. */
export const IDLE_MS = 60000;
/** A backlog of fewer messages, or of younger ones (ms), is none. */
const BACKLOG = 100;
const BACKLOG_MS = 30000;
const DISK_LOW_SHARE = 0.05;
const DISK_LOW_BYTES = 512 * 1024 * 1024;
const SYNC_SLOW_NS = 100e6;
/** Of so many deliveries that come back, something is wrong; of so many, badly. */
const BACK_WARN = 0.1;
const BACK_BAD = 0.5;

const ORDER = { ok: 0, warn: 1, bad: 2 };

/** @param {string} rule @param {Level} level @param {string} what @param {Record<string, any>} [values]
 * @param {Advice} [advice] @returns {Finding} */
function finding(rule, level, what, values = {}, advice = undefined) {
    return { rule, level, key: `diagnose.${rule}.${what}`, values, advice };
}

/** @param {number} now @param {number | undefined} at @returns {number | null} */
function since(now, at) {
    return at ? Math.max(0, now - at) : null;
}

/** Does the node answer, is it on the list, is it well? @param {FleetNode} n @param {number} now @returns {Finding} */
export function nodeFinding(n, now) {
    const v = { id: String(n.id), reason: n.reasons?.[0] ?? "", old_age: since(now, toMs(n.last_seen)) };

    if (n.state === "down" && n.status === "stopping") {
        return finding("node", "warn", "stopped", v, "nodes");
    }
    if (n.state === "down") {
        return finding("node", "bad", n.listed ? "down" : "gone", { ...v, detail: n.detail ?? "" }, "nodes");
    }
    if (n.state === "connecting") {
        return finding("node", "warn", "connecting", v, "nodes");
    }
    if (n.status === "full" || n.status === "read-only") {
        return finding("node", "bad", n.status, v, "nodes");
    }
    if (n.status === "stopping" || n.status === "degraded") {
        return finding("node", "warn", n.status, v, "nodes");
    }
    if (!n.listed) {
        return finding("node", "warn", "unlisted", v, "nodes");
    }
    return finding("node", "ok", "ok", v);
}

/** @param {unknown} at */
function toMs(at) {
    return typeof at === "number" ? at : typeof at === "string" ? Date.parse(at) : undefined;
}

/** Is there room on the disk, and is it quick? @param {FleetNode} n @returns {Finding | null} */
export function diskFinding(n) {
    const free = n.disk_free_bytes;

    if (free === null || free === undefined) {
        return null;
    }
    const share = free / Math.max(1, free + (n.disk_used_bytes ?? 0));
    const v = { id: String(n.id), free_bytes: free, used_share: 1 - share, sync_ns: n.sync_ns_last };

    if (free < DISK_LOW_BYTES || share < DISK_LOW_SHARE) {
        return finding("disk", "warn", "low", v, "nodes");
    }
    return (n.sync_ns_last ?? 0) > SYNC_SLOW_NS ? finding("disk", "warn", "slow", v, "nodes")
        : finding("disk", "ok", "ok", v);
}

/** Has somebody held it up? @param {TopicStats} s @param {Around} a @returns {Finding} */
function pauseFinding(s, a) {
    const until = (s.pop_paused ? s.pop_paused_until : s.push_paused_until) || null;
    const v = { ready: s.ready, until_at: until, left_age: until ? Math.max(0, until - a.now) : null };

    if (!s.pop_paused && !s.push_paused) {
        return finding("pause", "ok", "no");
    }
    const what = s.pop_paused && s.push_paused ? "both" : s.pop_paused ? "pop" : "push";

    return finding("pause", "warn", until ? `${what}_until` : what, v, "resume");
}

/** Does anybody take its messages? @param {TopicStats} s @param {Around} a @returns {Finding | null} */
function consumerFinding(s, a) {
    if (s.consumers === undefined) {
        return null;
    }
    const here = Math.max(s.consumers, s.waiting);
    const oldest = since(a.now, s.oldest_ready_at);
    const idle = since(a.now, s.last_pop_at);
    const v = { n: here, ready: s.ready, oldest_age: oldest, last_at: s.last_pop_at || null, idle_age: idle };
    const waits = s.ready > 0 && (oldest === null || oldest > GRACE_MS);

    if (here === 0) {
        const level = !waits ? "ok" : s.pop_paused ? "warn" : "bad";

        return finding("consumer", level, s.ready === 0 ? "none_needed"
            : idle === null ? "never" : "none", v, "consumers");
    }
    if (waits && s.waiting === 0 && !s.pop_paused && idle !== null && idle > IDLE_MS) {
        return finding("consumer", "bad", "idle", v, "consumers");
    }
    return finding("consumer", "ok", "ok", v);
}

/** Does more come in than goes out? @param {TopicStats} s @param {Around} a @returns {Finding} */
function backlogFinding(s, a) {
    const oldest = since(a.now, s.oldest_ready_at) ?? 0;
    const net = s.pop_rate - s.push_rate;
    const v = { ready: s.ready, push_rate: s.push_rate, pop_rate: s.pop_rate, oldest_age: oldest,
        done_age: net > 0 ? (s.ready / net) * 1000 : null };

    if (s.ready < BACKLOG || oldest < BACKLOG_MS || s.pop_rate === 0) {
        return finding("backlog", "ok", s.ready === 0 ? "empty" : "ok", v);
    }
    return net < -0.1 * s.push_rate ? finding("backlog", "warn", "grows", v, "consumers")
        : net > 0 ? finding("backlog", "ok", "shrinks", v) : finding("backlog", "ok", "ok", v);
}

/** Are messages taken and not acked? @param {TopicStats} s @param {Around} a @returns {Finding} */
function unackedFinding(s, a) {
    const oldest = since(a.now, s.oldest_in_flight_at);
    const v = { in_flight: s.in_flight, oldest_age: oldest, ttr_age: s.ttr_ms ?? null, n: s.consumers ?? null,
        pop_rate: s.pop_rate };

    if (s.in_flight === 0) {
        return finding("unacked", "ok", "none", v);
    }
    if (s.pop_rate > 0 && s.ack_rate === 0 && oldest !== null && oldest > GRACE_MS && !s.auto_ack) {
        return finding("unacked", "bad", "never", v, "messages");
    }
    if (oldest !== null && s.ttr_ms && oldest > s.ttr_ms / 2 && oldest > GRACE_MS) {
        return finding("unacked", "warn", "old", v, "messages");
    }
    return finding("unacked", "ok", "ok", v);
}

/** Do deliveries come back unacked: is the time for the ack too short? @param {TopicStats} s
 * @returns {Finding | null} */
function ttrFinding(s) {
    const back = s.redeliver_rate;

    if (back === undefined) {
        return null;
    }
    const share = back / Math.max(s.pop_rate, back, 0.001);
    const v = { back_rate: back, back_share: share, ttr_age: s.ttr_ms ?? null };

    return back > 0 && share >= BACK_WARN
        ? finding("ttr", share >= BACK_BAD ? "bad" : "warn", "short", v, "settings") : finding("ttr", "ok", "ok", v);
}

/** Is everything it holds for later? @param {TopicStats} s @param {Around} a @returns {Finding} */
function delayedFinding(s, a) {
    const due = a.more?.nextDueAt;
    const v = { delayed: s.delayed, due_age: due ? Math.max(0, due - a.now) : null };

    if (s.delayed === 0 || s.ready > 0 || s.in_flight > 0) {
        return finding("delayed", "ok", s.delayed > 0 ? "some" : "none", v);
    }
    return finding("delayed", "ok", due ? "all_due" : "all", v, "messages");
}

/** Do messages die? @param {TopicStats} s @returns {Finding} */
function deadFinding(s) {
    const v = { dead: s.dead, died_rate: s.dead_rate ?? 0 };

    if (s.dead === 0) {
        return finding("dead", "ok", "none", v);
    }
    return (s.dead_rate ?? 0) > 0 ? finding("dead", "bad", "rises", v, "dead")
        : finding("dead", "warn", "some", v, "dead");
}

/** Is a limit of the topic reached? @param {TopicStats} s @param {Around} a @returns {Finding | null} */
function limitFinding(s, a) {
    const limits = a.more?.limits;
    const held = s.ready + s.delayed + s.in_flight;

    if (!limits) {
        return null;
    }
    const share = Math.max(limits.messages ? held / limits.messages : 0,
        limits.bytes ? (a.more?.bytes ?? 0) / limits.bytes : 0);
    const v = { used_share: share, over: limits.over ?? "reject" };

    if (!limits.messages && !limits.bytes) {
        return finding("limit", "ok", "none", v);
    }
    return share >= 1 ? finding("limit", "bad", `full_${v.over}`, v, "settings")
        : share >= 0.9 ? finding("limit", "warn", "near", v, "settings") : finding("limit", "ok", "ok", v);
}

/** Everything that the rules say of a topic, in a fixed order. @param {TopicStats} s @param {Around} a
 * @returns {Finding[]} */
export function diagnose(s, a) {
    const all = [
        a.node ? nodeFinding(a.node, a.now) : null, pauseFinding(s, a), consumerFinding(s, a), backlogFinding(s, a),
        unackedFinding(s, a), ttrFinding(s), delayedFinding(s, a), deadFinding(s), limitFinding(s, a),
        a.node ? diskFinding(a.node) : null,
    ];

    return /** @type {Finding[]} */ (all.filter((f) => f !== null));
}

/** The worst first; equally bad ones in their order. @param {Finding[]} list @returns {Finding[]} */
export function worstFirst(list) {
    return [...list].sort((x, y) => ORDER[y.level] - ORDER[x.level]);
}

/** Rules whose findings say that messages do not get on. */
const STUCK = new Set(["consumer", "backlog", "unacked", "ttr", "limit"]);

/** Is the topic stuck, as far as its figures tell? @param {TopicStats} s @param {number} now */
export function isStuck(s, now) {
    return !quiet(s, now) && diagnose(s, { now }).some((f) => f.level !== "ok" && STUCK.has(f.rule));
}

/** Nothing can be wrong with it: spares most topics the rules. @param {TopicStats} s @param {number} now */
function quiet(s, now) {
    return s.dead === 0 && !s.pop_paused && !s.push_paused && !s.redeliver_rate
        && (s.ready === 0 || now - (s.oldest_ready_at || 0) < GRACE_MS)
        && (s.in_flight === 0 || now - (s.oldest_in_flight_at || 0) < GRACE_MS);
}

/** @param {Finding} f @param {number} count @param {number} age how many, and for how long, ms */
function score(f, count, age) {
    return ORDER[f.level] * 1000 + Math.log10(1 + count) * 20 + Math.log10(1 + age / 1000) * 10;
}

/** @typedef {{node: number, topic: string | null, finding: Finding, score: number}} Trouble topic null: the node's */

/**
 * What needs attention, worst first: nodes, and of each topic at most why it is stuck and that it has dead letters.
 * Figures of nodes that do not answer are old: nothing is said of their topics.
 * @param {Iterable<TopicStats>} topics @param {FleetNode[]} nodes @param {number} now @returns {Trouble[]}
 */
export function attention(topics, nodes, now) {
    /** @type {Trouble[]} */
    const list = [];

    for (const n of nodes) {
        for (const f of [nodeFinding(n, now), diskFinding(n)]) {
            if (f && f.level !== "ok") {
                list.push({ node: n.id, topic: null, finding: f, score: score(f, 1e6, 1e6) });
            }
        }
    }
    const silent = new Set(nodes.filter((n) => n.state !== "up").map((n) => n.id));

    for (const s of topics) {
        if (silent.has(s.node) || quiet(s, now)) {
            continue;
        }
        const found = worstFirst(diagnose(s, { now })).filter((f) => f.level !== "ok");
        const dead = found.find((f) => f.rule === "dead");
        const stuck = found.find((f) => f.rule !== "dead");

        if (stuck) {
            const age = stuck.values.oldest_age ?? 0;

            const points = score(stuck, s.ready + s.in_flight, age);

            list.push({ node: s.node, topic: s.topic, finding: stuck, score: points });
        }
        if (dead) {
            list.push({ node: s.node, topic: s.topic, finding: dead, score: score(dead, s.dead, 0) });
        }
    }
    return list.sort((a, b) => b.score - a.score || (a.topic ?? "").localeCompare(b.topic ?? "") || a.node - b.node);
}
