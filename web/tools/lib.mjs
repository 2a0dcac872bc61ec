// lib.mjs - the modules of others that the pages use, as files that a browser can load
//
//     node web/tools/lib.mjs OUTDIR
//
// Reads web/node_modules (see `npm ci`), writes OUTDIR/NAME.js. A browser knows no bare names such
// as "preact", and an import map would be inline script: they are rewritten to paths, /lib/preact.js. A file is
// written only when it changes, so that make does no more than it must.
//
// SPDX-License-Identifier: MIT
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const MODULES = join(dirname(fileURLToPath(import.meta.url)), "..", "node_modules");

// Bare name -> [file of ours, file of the package]
const FILES = {
    "preact": ["preact.js", "preact/dist/preact.mjs"],
    "preact/hooks": ["hooks.js", "preact/hooks/dist/hooks.mjs"],
    "htm": ["htm.js", "htm/dist/htm.mjs"],
    "@preact/signals-core": ["signals-core.js", "@preact/signals-core/dist/signals-core.mjs"],
    "@preact/signals": ["signals.js", "@preact/signals/dist/signals.mjs"],
};

/** The text of one file as a browser takes it. */
function ready(name) {
    const text = readFileSync(join(MODULES, FILES[name][1]), "utf8").replace(/^\/\/# sourceMappingURL=.*\n?/gm, "");
    return text.replace(/((?:from|import)\s*)(["'])([^"'./][^"']*)\2/g, (all, word, quote, bare) => {
        if (!FILES[bare]) {
            throw new Error(`${FILES[name][1]} imports ${bare}, which is not in the list`);
        }
        return `${word}${quote}/lib/${FILES[bare][0]}${quote}`;
    });
}

const out = process.argv[2];
if (!out) {
    console.error("usage: lib.mjs OUTDIR");
    process.exit(2);
}
if (!existsSync(MODULES)) {
    console.error("lib.mjs: web/node_modules is missing: run `npm ci` in web/");
    process.exit(1);
}
mkdirSync(out, { recursive: true });
for (const name of Object.keys(FILES)) {
    const path = join(out, FILES[name][0]), text = ready(name);
    if (!existsSync(path) || readFileSync(path, "utf8") !== text) {
        writeFileSync(path, text);
    }
}
