// texts.test.js - every text of the pages in both languages, every key known and used
//
// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { test } from "node:test";
import { sources } from "./sources.js";

const js = sources("js", ".js");
const code = js.filter((file) => !file.name.startsWith("js/text/"))
    .map(({ name, text }) => ({ name, text: text.replace(/\/\*[^]*?\*\//g, "") }));

/** The groups of a language: name -> table of texts. */
async function groups(lang) {
    const files = js.filter((file) => file.name.startsWith(`js/text/${lang}/`));

    return new Map(await Promise.all(files.map(async ({ name }) =>
        [name.replace(/^.*\/|\.js$/g, ""), (await import(new URL(`../${name}`, import.meta.url).href)).default])));
}

const en = await groups("en"), zh = await groups("zh");
const all = Object.assign({}, ...en.values());

/** The words of a text: one, or two of which the number selects. */
const words = (text) => (typeof text === "string" ? [text] : Object.values(text));
/** The names in braces of a text. */
const holes = (text) => [...words(text).join(" ").matchAll(/\{(\w+)\}/g)].map((match) => match[1]);

test("both languages have the same groups, and they have texts", () => {
    assert.deepEqual([...en.keys()].sort(), [...zh.keys()].sort());
    assert.ok(en.get("frame"));
    for (const [name, table] of en) {
        assert.ok(Object.keys(table).length > 0, name);
    }
});

for (const name of en.keys()) {
    test(`both languages have the same texts: ${name}`, () => {
        const a = en.get(name), b = zh.get(name);

        assert.deepEqual(Object.keys(a).sort(), Object.keys(b).sort());
        for (const key of Object.keys(a)) {
            assert.deepEqual([...new Set(holes(a[key]))].sort(), [...new Set(holes(b[key]))].sort(), key);
            assert.ok([...words(a[key]), ...words(b[key])].every((text) => text.trim() !== ""), `${key} is empty`);
            assert.ok(typeof b[key] === "string" || "other" in b[key], `${key}: Chinese knows no plural`);
        }
    });
}

test("no key stands in two groups", () => {
    const keys = [...en.values()].flatMap((table) => Object.keys(table));

    assert.deepEqual(keys.filter((key, at) => keys.indexOf(key) !== at), []);
});

test("every key that the code names is there", () => {
    for (const file of code) {
        for (const [, key] of file.text.matchAll(/\btx?\(\s*"([^"]+)"/g)) {
            assert.ok(key in all, `${file.name}: t("${key}")`);
        }
        for (const [, start] of file.text.matchAll(/\btx?\(\s*`([^`$]+)\$\{/g)) {
            assert.ok(Object.keys(all).some((key) => key.startsWith(start)), `${file.name}: t(\`${start}..\`)`);
        }
    }
});

test("every key is used", () => {
    const literals = new Set(), starts = new Set(["error."]);

    for (const file of code) {
        for (const [, key] of file.text.matchAll(/["']([\w./-]+)["']/g)) {
            literals.add(key);
        }
        for (const [, key] of file.text.matchAll(/(?:^|[\s{,])(\w+):/gm)) {
            literals.add(key);
        }
        for (const [, start] of file.text.matchAll(/`([\w.-]+[._])\$\{/g)) {
            starts.add(start);
        }
    }
    const unused = Object.keys(all).filter((key) => {
        const plain = literals.has(key) || literals.has(key.replace(/\.hint$/, "")) || /^\w+\/s$/.test(key);

        return !plain && ![...starts].some((start) => key.startsWith(start));
    });
    assert.deepEqual(unused, []);
});

test("Chinese texts are Chinese", () => {
    const same = [...zh.values()].flatMap((table) => Object.entries(table)).filter(([, text]) =>
        words(text).some((one) => /[a-z]{4,} [a-z]{3,}/i.test(one) && !/[\u4e00-\u9fff]/.test(one)));

    assert.deepEqual(same, []);
});
