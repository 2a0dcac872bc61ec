// texts.test.js - every text of the pages in both languages, every key known and used
//
// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { test } from "node:test";
import { sources } from "./sources.js";

const js = sources("js", ".js");
const languages = js.filter((file) => /^js\/text-[a-z]+\.js$/.test(file.name));
const code = js.filter((file) => !languages.includes(file));

/** The table of one language: its module's only export. */
async function table(file) {
    const module = await import(new URL(`../${file.name}`, import.meta.url).href);
    return /** @type {Record<string, string>} */ (Object.values(module)[0]);
}

const tables = await Promise.all(languages.map(table));

/** The names in braces of a text. */
const holes = (text) => [...String(text).matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();

test("there are texts in two languages", () => {
    assert.deepEqual(languages.map((file) => file.name).sort(), ["js/text-en.js", "js/text-zh.js"]);
});

test("both languages have the same keys", () => {
    assert.deepEqual(Object.keys(tables[0]).sort(), Object.keys(tables[1]).sort());
});

test("no text is empty, and both languages fill in the same values", () => {
    for (const key of Object.keys(tables[0])) {
        for (const one of tables) {
            assert.ok(String(one[key]).trim() !== "", `${key} is empty`);
        }
        assert.deepEqual([...new Set(holes(tables[0][key]))], [...new Set(holes(tables[1][key]))], key);
    }
});

test("every key that the code names is there", () => {
    for (const file of code) {
        for (const [, key] of file.text.matchAll(/\bt\(\s*"([^"]+)"/g)) {
            assert.ok(key in tables[0], `${file.name}: t("${key}")`);
        }
        for (const [, start] of file.text.matchAll(/\bt\(\s*`([^`$]+)\$\{/g)) {
            assert.ok(Object.keys(tables[0]).some((key) => key.startsWith(start)), `${file.name}: t(\`${start}..\`)`);
        }
    }
});

test("every key is used", () => {
    const literals = new Set(), starts = [];
    for (const file of code) {
        for (const [, key] of file.text.matchAll(/["']([\w.-]+)["']/g)) {
            literals.add(key);
        }
        for (const [, start] of file.text.matchAll(/`([\w.-]+\.)\$\{/g)) {
            starts.push(start);
        }
    }
    const unused = Object.keys(tables[0]).filter((key) => !literals.has(key) && !starts.some((s) => key.startsWith(s)));
    assert.deepEqual(unused, []);
});

test("Chinese texts are Chinese", () => {
    const zh = tables[languages.findIndex((file) => file.name.endsWith("-zh.js"))];
    const same = Object.keys(zh).filter((key) => /[a-z]{4,} [a-z]{3,}/i.test(zh[key]) && !/[\u4e00-\u9fff]/.test(zh[key]));
    assert.deepEqual(same, []);
});
