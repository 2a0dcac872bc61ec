// embed.mjs - the pages as a part of gweb
//
//     node web/tools/embed.mjs OUTDIR
//
// Takes index.html, pictures, css/ and js/ from web/, and the modules that lib.mjs has put into OUTDIR/lib/; writes
// OUTDIR/lean/..., our scripts and styles without comments and indents, a quarter of what a browser would have to fetch;
// OUTDIR/gz/..., each of all by gzip; and OUTDIR/assets.c, the table that gweb is linked with (src/gweb/assets.h).
// assets.c changes exactly when a file does. Paths in it are as seen from the folder where make runs.
//
// SPDX-License-Identifier: MIT
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const WEB = join(dirname(fileURLToPath(import.meta.url)), "..");
const FOLDERS = ["css", "js"];
const TYPES = {
    ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
    ".json": "application/json", ".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon",
    ".woff2": "font/woff2", ".txt": "text/plain; charset=utf-8",
};
const AT_TOP = [".html", ".svg", ".png", ".ico", ".txt"];

/** All files below a folder, as paths in it. */
function filesBelow(folder) {
    const found = [], folders = [folder];
    while (folders.length > 0) {
        const here = folders.pop();
        for (const one of readdirSync(here, { withFileTypes: true })) {
            if (one.isDirectory()) {
                folders.push(join(here, one.name));
            } else if (one.isFile()) {
                found.push(relative(folder, join(here, one.name)));
            }
        }
    }
    return found;
}

/** What is served: [path in the URL, file]. */
function pages(out) {
    const found = readdirSync(WEB).filter((name) => AT_TOP.includes(extname(name)))
        .map((name) => ["/" + name, join(WEB, name)]);
    const folders = FOLDERS.map((name) => [name, join(WEB, name)]).concat([["lib", join(out, "lib")]]);
    for (const [name, folder] of folders.filter((one) => existsSync(one[1]))) {
        found.push(...filesBelow(folder).filter((file) => TYPES[extname(file)])
            .map((file) => [`/${name}/${file}`, join(folder, file)]));
    }
    return found.sort((a, b) => Buffer.compare(Buffer.from(a[0]), Buffer.from(b[0])));
}

/**
 * Our own scripts and styles without what is there for those who read them. Comments begin a line there, and a text
 * that goes over several lines is only ever html`...`, to which indents mean nothing.
 */
const lean = (text) => text.replace(/^[ \t]*\/\*.*?\*\/[ \t]*\n/gms, "").replace(/^[ \t]*\/\/.*\n/gm, "")
    .replace(/^[ \t]+/gm, "").replace(/\n\n+/g, "\n").trimStart();

const quoted = (text) => JSON.stringify(text);
const incbin = (name, file) => `        "${name}:\\n.incbin \\"${file}\\"\\n${name}_end:\\n"\n`;

/** assets.c of the pages: where each begins and ends, and the table. */
function table(list) {
    const names = list.flatMap((one, i) => [`gweb_asset_${i}`, `gweb_asset_${i}_gz`]);
    const rows = list.map((one, i) => `    {${quoted(one.path)}, ${quoted(TYPES[extname(one.path)])},\n`
        + `     ${quoted(one.etag)}, gweb_asset_${i}, gweb_asset_${i}_end, gweb_asset_${i}_gz, `
        + `gweb_asset_${i}_gz_end},\n`);
    return "/* assets.c - the pages of gweb, made by web/tools/embed.mjs. SPDX-License-Identifier: MIT */\n"
        + '#include "gweb/assets.h"\n\n__asm__(".pushsection .rodata\\n"\n'
        + list.map((one, i) => incbin(names[2 * i], one.file) + incbin(names[2 * i + 1], one.gz)).join("")
        + '        ".byte 0\\n.popsection\\n");\n\n'
        + names.map((name) => `extern const char ${name}[], ${name}_end[];\n`).join("")
        + `\nstatic const struct asset LIST[] = {\n${rows.join("")}};\n\n`
        + "const struct assets ASSETS = {.list = LIST, .count = ARRAY_LEN(LIST)};\n";
}

const out = process.argv[2];
if (!out) {
    console.error("usage: embed.mjs OUTDIR");
    process.exit(2);
}
rmSync(join(out, "gz"), { recursive: true, force: true });
rmSync(join(out, "lean"), { recursive: true, force: true });
const list = pages(out).map(([path, source]) => {
    const own = /^\/(js|css)\//.test(path), gz = join(out, "gz", path + ".gz");
    const file = own ? join(out, "lean", path) : source;
    mkdirSync(dirname(gz), { recursive: true });
    if (own) {
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, lean(readFileSync(source, "utf8")));
    }
    const bytes = readFileSync(file);
    writeFileSync(gz, gzipSync(bytes, { level: 9 }));
    return { path, file: relative(".", file), gz: relative(".", gz), bytes: bytes.length,
             etag: `"${createHash("sha256").update(bytes).digest("hex").slice(0, 24)}"` };
});
const text = table(list), target = join(out, "assets.c");
if (!existsSync(target) || readFileSync(target, "utf8") !== text) {
    writeFileSync(target, text);
}
console.log(`${list.length} files of the pages, ${list.reduce((sum, one) => sum + one.bytes, 0)} bytes`);
