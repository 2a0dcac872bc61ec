/* SPDX-License-Identifier: MIT
 * What diagnose.js found, as a sentence. */
import { age, bytes, clock, nanoseconds, number, percent, perSecond } from "../format.js";
import { t } from "../i18n.js";
import { visible } from "./text.js";

/** By the end of a value's name, how it is written. @type {Record<string, (v: any) => string>} */
const WRITTEN = { age, at: clock, rate: perSecond, bytes, share: percent, ns: nanoseconds };

/** @param {import("../diagnose.js").Finding} f */
export function sentence(f) {
    /** @type {Record<string, any>} */
    const values = {};

    for (const [name, v] of Object.entries(f.values)) {
        const end = name.includes("_") ? name.slice(name.lastIndexOf("_") + 1) : "";

        values[name] = Object.hasOwn(WRITTEN, end) ? WRITTEN[end](v)
            : name !== "n" && typeof v === "number" ? number(v) : typeof v === "string" ? visible(v) : v;
    }
    return t(f.key, values);
}
