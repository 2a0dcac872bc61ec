// diagnose.test.js - the rules that say why a topic is stuck
//
// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import test from "node:test";
import { attention, diagnose, isStuck, worstFirst } from "../js/diagnose.js";
import en from "../js/text/en/diagnose.js";

const NOW = 1795370936000;
const MIN = 60000;

/** A topic that runs well, with changes. */
const topic = (changes = {}) => ({
    node: 1, topic: "mail", ready: 3, delayed: 0, in_flight: 2, dead: 0, waiting: 0, push_rate: 10, pop_rate: 10,
    ack_rate: 10, dead_rate: 0, redeliver_rate: 0, push_paused: false, pop_paused: false, push_paused_until: 0,
    pop_paused_until: 0, oldest_ready_at: NOW - 500, oldest_in_flight_at: NOW - 400, last_push_at: NOW - 100,
    last_pop_at: NOW - 100, consumers: 2, auto_ack: false, ttr_ms: MIN, ...changes,
});

/** A node that is well, with changes. */
const node = (changes = {}) => ({
    id: 1, state: "up", status: "ok", listed: true, reasons: [], last_seen: NOW, disk_used_bytes: 1e9, disk_free_bytes: 9e9,
    sync_ns_last: 2e6, ...changes,
});

/** What one rule says. */
function rule(name, changes, around = {}) {
    const found = diagnose(topic(changes), { now: NOW, node: node(), ...around }).find((f) => f.rule === name);

    return found && `${found.level} ${found.key.slice(`diagnose.${name}.`.length)}`;
}

test("a topic that runs well has nothing but ticks, and every rule is asked", () => {
    const found = diagnose(topic(), { now: NOW, node: node(), more: { limits: {} } });

    assert.deepEqual(found.map((f) => f.rule),
        ["node", "pause", "consumer", "backlog", "unacked", "ttr", "delayed", "dead", "limit", "disk"]);
    assert.ok(found.every((f) => f.level === "ok"));
    assert.equal(isStuck(topic(), NOW), false);
});

test("messages without a consumer are bad once they have waited", () => {
    const alone = { consumers: 0, ready: 8123, oldest_ready_at: NOW - 14 * MIN, last_pop_at: NOW - 12 * MIN, pop_rate: 0 };

    assert.equal(rule("consumer", alone), "bad none");
    assert.equal(rule("consumer", { ...alone, last_pop_at: 0 }), "bad never");
    assert.equal(rule("consumer", { ...alone, oldest_ready_at: NOW - 1000 }), "ok none");
    assert.equal(rule("consumer", { ...alone, ready: 0 }), "ok none_needed");
    assert.equal(rule("consumer", { ...alone, pop_paused: true }), "warn none");
    assert.equal(rule("consumer", { ...alone, waiting: 1 }), "ok ok");
});

test("consumers that do not pop are bad", () => {
    const idle = { ready: 50, oldest_ready_at: NOW - 5 * MIN, last_pop_at: NOW - 2 * MIN };

    assert.equal(rule("consumer", idle), "bad idle");
    assert.equal(rule("consumer", { ...idle, waiting: 1 }), "ok ok");
    assert.equal(rule("consumer", { ...idle, last_pop_at: NOW - 1000 }), "ok ok");
});

test("without the figures that it needs a rule says nothing", () => {
    const bare = topic();

    ["consumers", "redeliver_rate", "dead_rate", "oldest_ready_at", "oldest_in_flight_at", "ttr_ms"].forEach((k) => delete bare[k]);
    const rules = diagnose({ ...bare, ready: 5000, dead: 1 }, { now: NOW }).map((f) => f.rule);

    assert.deepEqual(rules, ["pause", "backlog", "unacked", "delayed", "dead"]);
});

test("a pause is told with its end", () => {
    assert.equal(rule("pause", { pop_paused: true }), "warn pop");
    assert.equal(rule("pause", { pop_paused: true, pop_paused_until: NOW + MIN }), "warn pop_until");
    assert.equal(rule("pause", { push_paused: true }), "warn push");
    assert.equal(rule("pause", { push_paused: true, pop_paused: true }), "warn both");
});

test("popped but not acked", () => {
    assert.equal(rule("unacked", { in_flight: 256, oldest_in_flight_at: NOW - 40000 }), "warn old");
    assert.equal(rule("unacked", { in_flight: 256, oldest_in_flight_at: NOW - 40000, ack_rate: 0 }), "bad never");
    assert.equal(rule("unacked", { in_flight: 256, oldest_in_flight_at: NOW - 4000, ack_rate: 0 }), "ok ok");
    assert.equal(rule("unacked", { in_flight: 0 }), "ok none");
    assert.equal(rule("ttr", { redeliver_rate: 6 }), "bad short");
    assert.equal(rule("ttr", { redeliver_rate: 2 }), "warn short");
    assert.equal(rule("ttr", { redeliver_rate: 0.1 }), "ok ok");
});

test("a backlog is bad only while it grows", () => {
    const many = { ready: 5000, oldest_ready_at: NOW - 2 * MIN };

    assert.equal(rule("backlog", { ...many, push_rate: 400, pop_rate: 180 }), "warn grows");
    assert.equal(rule("backlog", { ...many, push_rate: 100, pop_rate: 180 }), "ok shrinks");
    assert.equal(rule("backlog", { ...many, ready: 5, push_rate: 400, pop_rate: 180 }), "ok ok");
});

test("when everything is delayed, it says when the next is due", () => {
    const all = { ready: 0, in_flight: 0, delayed: 952 };

    assert.equal(rule("delayed", all), "ok all");
    assert.equal(rule("delayed", all, { more: { nextDueAt: NOW + 9000 } }), "ok all_due");
    assert.equal(rule("delayed", { ...all, ready: 1 }), "ok some");
});

test("dead letters are a warning, more of them are bad", () => {
    assert.equal(rule("dead", { dead: 140 }), "warn some");
    assert.equal(rule("dead", { dead: 140, dead_rate: 0.4 }), "bad rises");
});

test("limits: near, and what happens beyond", () => {
    const at = (held, over) => rule("limit", { ready: held, in_flight: 0 }, { more: { limits: { messages: 100, over } } });

    assert.equal(at(50, "reject"), "ok ok");
    assert.equal(at(90, "reject"), "warn near");
    assert.equal(at(100, "drop"), "bad full_drop");
    assert.equal(rule("limit", {}, { more: { limits: { bytes: 10 }, bytes: 10 } }), "bad full_reject");
    assert.equal(rule("limit", {}, { more: { limits: {} } }), "ok none");
});

test("the node and its disk", () => {
    const of = (name, changes) => rule(name, {}, { node: node(changes) });

    assert.equal(of("node", { state: "down" }), "bad down");
    assert.equal(of("node", { state: "connecting" }), "warn connecting");
    assert.equal(of("node", { status: "full" }), "bad full");
    assert.equal(of("node", { status: "read-only" }), "bad read-only");
    assert.equal(of("node", { status: "stopping" }), "warn stopping");
    assert.equal(of("node", { listed: false }), "warn unlisted");
    assert.equal(of("disk", { disk_free_bytes: 1e6 }), "warn low");
    assert.equal(of("disk", { sync_ns_last: 2e8 }), "warn slow");
    assert.equal(of("disk", { disk_free_bytes: null }), undefined);
});

test("what needs attention comes worst first, and quiet topics not at all", () => {
    const list = attention([
        topic({ topic: "well" }),
        topic({ topic: "dead", dead: 3 }),
        topic({ topic: "silent", dead: 3, node: 2 }),
        topic({ topic: "alone", consumers: 0, ready: 10, oldest_ready_at: NOW - MIN }),
        topic({ topic: "more.alone", consumers: 0, ready: 8000, oldest_ready_at: NOW - 9 * MIN, dead: 5 }),
    ], [node(), node({ id: 2, state: "down" })], NOW);

    assert.deepEqual(list.map((x) => `${x.topic} ${x.finding.rule}`),
        ["null node", "more.alone consumer", "alone consumer", "more.alone dead", "dead dead"]);
});

test("the worst finding comes first, equal ones keep their order", () => {
    const f = (rule_, level) => ({ rule: rule_, level, key: "", values: {} });

    assert.deepEqual(worstFirst([f("a", "ok"), f("b", "bad"), f("c", "warn"), f("d", "bad")]).map((x) => x.rule),
        ["b", "d", "c", "a"]);
});

test("every finding has a text with no other values than its own", () => {
    const states = [{}, { consumers: 0, ready: 9, oldest_ready_at: 1, last_pop_at: 0 }, { pop_paused: true, dead: 1 },
        { ready: 0, in_flight: 0, delayed: 1 }, { redeliver_rate: 9, in_flight: 9, oldest_in_flight_at: 1, ack_rate: 0 }];
    const nodes = ["full", "read-only", "stopping", "degraded"].map((status) => node({ status }));

    for (const n of [node(), node({ state: "down" }), node({ listed: false }), ...nodes]) {
        for (const s of states) {
            for (const f of diagnose(topic(s), { now: NOW, node: n, more: { limits: { messages: 1 } } })) {
                const text = en[f.key];

                assert.ok(text, f.key);
                for (const [, name] of JSON.stringify(text).matchAll(/\{(\w+)\}/g)) {
                    assert.ok(name in f.values, `${f.key} has no value ${name}`);
                }
            }
        }
    }
});
