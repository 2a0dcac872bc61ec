// hostile.test.js - texts of others: as commands for a shell, and as JSON that is made readable
//
// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { curl, gclient, gclientLine, quote } from "../js/send/commands.js";
import * as format from "../js/format.js";
import { pretty, visible } from "../js/parts/text.js";

const TEXTS = [
    "", "plain", "a b", "it's", "$(touch x)", "`id`", "a;b|c&d>e<f", "\\", "\\'", "'\\''", "!!", "~", "*", "#x", "-n",
    "--node=evil", "two\nlines\n", "\r", "\x1b[201~\nid\n", "\x03", "\x7f'\\", "\u0085\u009b", "ä中\u202e", "$'x'", "{a,b}",
];
/** What bash makes of a command whose first word is replaced: its arguments. */
const SHOW = `gclient() { printf '%s\\0' "$@"; }; curl() { gclient "$@"; }`;
const words = (line) => execFileSync("bash", ["-c", `${SHOW}\n${line}`], { encoding: "utf8" }).split("\0").slice(0, -1);
const UNSAFE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/;

test("a text is one word of a shell, and nothing that a terminal obeys", () => {
    for (const text of TEXTS) {
        assert.deepEqual(words(`gclient ${quote(text)}`), [text], JSON.stringify(text));
        assert.doesNotMatch(quote(text), /[\u0000-\u001f\u007f-\u009f]/, JSON.stringify(text));
    }
});

test("commands that are copied have what was typed, whatever it is", () => {
    for (const text of TEXTS) {
        const sending = { topic: text || "t", count: 1, http: "h:1", tcp: text || "h:2",
            push: { body: text, key: text, headers: { a: text } } };
        const sent = words(curl(sending));

        assert.deepEqual(JSON.parse(sent[5]), sending.push);
        assert.equal(sent.at(-1), `http://h:1/api/v1/topics/${encodeURIComponent(sending.topic)}/messages`);
        assert.doesNotMatch(curl(sending), UNSAFE);
        const line = gclient(sending), got = words(line);

        assert.doesNotMatch(line, UNSAFE);
        assert.ok(got.includes(sending.topic) && got.includes(sending.tcp) && got.includes(`a:${text}`), line);
        assert.ok(got.includes(text.startsWith("-") ? "-" : text), line);
    }
});

test("a topic that looks like a flag stands where it is none", () => {
    assert.deepEqual(words(gclientLine("pop", ["--node=evil"], ["--ack"])), ["pop", "--ack", "--", "--node=evil"]);
    assert.equal(gclientLine("pop", ["a"], ["--ack"]), "gclient pop a --ack");
});

test("JSON is made readable with its numbers as they were", () => {
    assert.equal(pretty('{"a":[1.0,{}, "b\\"c" ],"d":[ ]}'),
        '{\n  "a": [\n    1.0,\n    {},\n    "b\\"c"\n  ],\n  "d": []\n}');
    assert.equal(pretty("text"), null);
    assert.equal(pretty("[1"), null);
});

test("JSON that would grow beyond all bounds stays as it is, and nothing throws", () => {
    const nest = (depth) => "[".repeat(depth) + "]".repeat(depth);

    assert.equal(typeof pretty(nest(60)), "string");
    assert.equal(pretty(nest(70)), null);
    assert.equal(pretty(nest(1 << 19)), null);
    assert.equal(pretty(`["${"x".repeat(8 << 20)}"]`), null);
    assert.equal(pretty(`["${"x".repeat(2000000)}"]`).length, 2000008);
    assert.equal(pretty(`["${"\\n".repeat(1000000)}"]`).length, 2000008);
    assert.ok(pretty(JSON.stringify(Array(100000).fill(1))).length < 1 << 20);
});

test("figures and texts of another kind than they should be are shown as something, and nothing throws", () => {
    const odd = [undefined, null, "x", "", "1e400", {}, [], [1], true, NaN, Infinity, -1, 0, 1e300, 8.64e15 + 1,
        "9999999-99-99T00:00:00Z", 2 ** 64, 0.5];

    const all = Object.entries(format).filter(([k, f]) => typeof f === "function" && k !== "setLocale");

    for (const v of odd) {
        for (const [name, fn] of all) {
            assert.doesNotThrow(() => fn(v), `${name}(${String(v)})`);
        }
        assert.equal(typeof visible(v), "string");
    }
    assert.equal(format.time(1e300), format.NOTHING);
});
