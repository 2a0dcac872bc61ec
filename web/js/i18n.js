/* SPDX-License-Identifier: MIT
 * Texts in English and Chinese: a key is turned into its text by t(key, {n: 3}).
 *
 * Texts stand in groups, text/en/GROUP.js and text/zh/GROUP.js with the same keys; a screen names the group that it
 * needs (screens.js), "frame" is always there. A text is a string with {name} for values, or {one, other} of which the
 * value n selects. Numbers are written as the language does it. What reads t() while it is drawn is drawn anew when the
 * language is changed. */
import { signal } from "/lib/signals.js";
import { number, setLocale } from "./format.js";

/** @typedef {string | {one: string, other: string}} Text */
/** @typedef {Record<string, string | number | null | undefined>} Values */

const KEPT = "gmq.language";

/** @type {Map<string, Text>} */
let texts = new Map();
/** @type {Set<string>} */
const groups = new Set();
const version = signal(0);

/** The language that is shown: "en" or "zh". */
export const language = signal(first());

function first() {
    let kept = null;

    try {
        kept = localStorage.getItem(KEPT);
    } catch {
        /* storage is switched off */
    }
    if (kept === "en" || kept === "zh") {
        return kept;
    }
    return navigator.languages.find((l) => /^(zh|en)\b/.test(l))?.startsWith("zh") ? "zh" : "en";
}

/** @param {string} lang @param {string} group @param {Map<string, Text>} into */
async function load(lang, group, into) {
    const module = await import(`./text/${lang}/${group}.js`);

    for (const [key, text] of Object.entries(module.default)) {
        into.set(key, text);
    }
}

/** Fetches the texts of groups that are not there yet. @param {...string} names */
export async function needTexts(...names) {
    const missing = names.filter((name) => !groups.has(name));

    if (missing.length > 0) {
        await Promise.all(missing.map((name) => load(language.peek(), name, texts)));
        missing.forEach((name) => groups.add(name));
        version.value++;
    }
    setLocale(language.peek());
    document.documentElement.lang = language.peek() === "zh" ? "zh-CN" : "en";
}

/** Shows all texts in another language, now and at the next visit. @param {"en" | "zh"} lang */
export async function setLanguage(lang) {
    const fresh = new Map();

    await Promise.all([...groups].map((name) => load(lang, name, fresh)));
    texts = fresh;
    try {
        localStorage.setItem(KEPT, lang);
    } catch {
        /* then for this visit only */
    }
    setLocale(lang);
    document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
    language.value = lang;
    version.value++;
}

/** Is there a text of this key? @param {string} key */
export function hasText(key) {
    return texts.has(key);
}

/**
 * The text of a key with its values; the key itself when there is none.
 * @param {string} key @param {Values} [values] @returns {string}
 */
export function t(key, values) {
    return tx(key, values).join("");
}

/**
 * As t(), for values that are elements: an array of texts and values, to be put into html`...`.
 * @param {string} key @param {Record<string, any>} [values] @returns {any[]}
 */
export function tx(key, values = {}) {
    void version.value;
    let text = texts.get(key) ?? key;

    if (typeof text !== "string") {
        text = new Intl.PluralRules(language.peek()).select(Number(values.n)) === "one" ? text.one : text.other;
    }
    return text.split(/\{(\w+)\}/).map((part, i) => (i % 2 === 0 ? part : shown(values[part])));
}

/** @param {any} value */
function shown(value) {
    return value === null || value === undefined ? "–" : typeof value === "number" ? number(value) : value;
}
