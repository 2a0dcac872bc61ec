// sources.js - the files of the pages, for the tests
//
// SPDX-License-Identifier: MIT
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const NOT_OURS = ["node_modules", "lib"];

/**
 * The files below a folder of web/ whose name ends so.
 * @param {string} folder
 * @param {string} end
 * @returns {{name: string, text: string}[]}
 */
export function sources(folder, end) {
    const found = [];
    for (const entry of readdirSync(join(ROOT, folder), { withFileTypes: true })) {
        const name = folder === "." ? entry.name : `${folder}/${entry.name}`;
        if (entry.isDirectory()) {
            found.push(...NOT_OURS.includes(entry.name) ? [] : sources(name, end));
        } else if (entry.name.endsWith(end)) {
            found.push({ name, text: readFileSync(join(ROOT, name), "utf8") });
        }
    }
    return found;
}
