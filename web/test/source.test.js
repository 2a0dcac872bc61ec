// source.test.js - rules of the pages' files that no other tool sees
//
// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { test } from "node:test";
import { sources } from "./sources.js";

const js = sources("js", ".js"), css = sources(".", ".css"), html = sources(".", ".html");
const shown = [...js, ...css, ...html];

/** Lines that match, as `file:line: text`. */
function lines(files, pattern) {
    return files.flatMap((file) => file.text.split("\n").flatMap((line, at) =>
        pattern.test(line) ? [`${file.name}:${at + 1}: ${line.trim()}`] : []));
}

test("there are pages", () => {
    assert.ok(js.length > 10 && css.length > 0 && html.length === 1);
});

test("no text becomes markup", () => {
    assert.deepEqual(lines(js, /innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML|document\.write|srcdoc/), []);
});

test("no script and no style stands in the markup", () => {
    assert.deepEqual(lines(html, /<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)/i), []);
    assert.deepEqual(lines(js, /\sstyle="/), []);
    assert.deepEqual(lines(js, /setAttribute\(\s*["'](style|on)/), []);
});

test("nothing comes from elsewhere", () => {
    assert.deepEqual(lines([...css, ...html], /https?:\/\/|@import|url\(\s*["']?\/\//), []);
    assert.deepEqual(lines(js, /(?:import|from)\s*\(?["'](?:https?:)?\/\//), []);
});

test("a link to another place gives away nothing", () => {
    assert.deepEqual(lines(js, /target="_blank"(?!.*rel="noopener)/), []);
});

test("files are short, lines too", () => {
    for (const file of shown) {
        const all = file.text.split("\n");
        assert.ok(all.length <= 300, `${file.name} has ${all.length} lines`);
        const wide = all.findIndex((line) => line.length > 120);
        assert.equal(wide, -1, `${file.name}:${wide + 1} is ${all[wide]?.length} columns wide`);
        assert.ok(file.text.endsWith("\n"), `${file.name} has no newline at its end`);
        assert.deepEqual(lines([file], /[ \t]$/), []);
    }
});

test("every file says what it is, and its licence", () => {
    for (const file of shown) {
        assert.match(file.text.slice(0, 1500), /SPDX-License-Identifier: MIT/, file.name);
    }
});

test("modules are imported by path, with their ending", () => {
    const wrong = js.flatMap((file) => [...file.text.matchAll(/^\s*(?:import|export)[^"'();]*from\s+["']([^"']+)["']/gm)]
        .filter(([, path]) => !/^(\.{1,2}|\/lib|\/js)\/.*\.js$/.test(path)).map(([, path]) => `${file.name}: ${path}`));
    assert.deepEqual(wrong, []);
});
