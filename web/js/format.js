/* SPDX-License-Identifier: MIT
 * Numbers, rates, sizes, ages and times as people read them. Pure; what is not known is shown as a dash. */

export const NOTHING = "–";

const UNITS = {
    en: { s: "s", m: "m", h: "h", d: "d", ms: " ms", gap: " ", rate: "/s" },
    zh: { s: " 秒", m: " 分", h: " 小时", d: " 天", ms: " 毫秒", gap: " ", rate: "/秒" },
};

let locale = "en";
/** @type {Map<string, Intl.NumberFormat | Intl.DateTimeFormat>} */
const made = new Map();

/** The language of everything below. @param {string} lang "en" or "zh" */
export function setLocale(lang) {
    locale = lang === "zh" ? "zh" : "en";
    made.clear();
}

/** @returns {typeof UNITS.en} */
function units() {
    return locale === "zh" ? UNITS.zh : UNITS.en;
}

/** @param {string} name @param {Intl.NumberFormatOptions} options @returns {Intl.NumberFormat} */
function numbers(name, options) {
    let f = made.get(name);

    if (!f) {
        f = new Intl.NumberFormat(locale === "zh" ? "zh-CN" : "en-US", options);
        made.set(name, f);
    }
    return /** @type {Intl.NumberFormat} */ (f);
}

/** @param {string} name @param {Intl.DateTimeFormatOptions} options @returns {Intl.DateTimeFormat} */
function dates(name, options) {
    let f = made.get(name);

    if (!f) {
        f = new Intl.DateTimeFormat(locale === "zh" ? "zh-CN" : "en-GB", { hour12: false, ...options });
        made.set(name, f);
    }
    return /** @type {Intl.DateTimeFormat} */ (f);
}

/** @param {unknown} v @returns {v is number} */
function known(v) {
    return typeof v === "number" && Number.isFinite(v);
}

/** 1234567 -> "1,234,567". @param {number | null | undefined} v */
export function number(v) {
    return known(v) ? numbers("n", { maximumFractionDigits: 2 }).format(v) : NOTHING;
}

/** 1234567 -> "1.2M", "123.5万"; below 10,000 as number(). @param {number | null | undefined} v */
export function compact(v) {
    if (!known(v) || Math.abs(v) < 10000) {
        return known(v) ? numbers("c0", { maximumFractionDigits: Math.abs(v) < 10 ? 1 : 0 }).format(v) : NOTHING;
    }
    return numbers("c", { notation: "compact", maximumFractionDigits: 1 }).format(v);
}

/** A rate without its unit: 0.34 -> "0.3", 1234 -> "1,234". @param {number | null | undefined} v */
export function rate(v) {
    if (!known(v)) {
        return NOTHING;
    }
    return v >= 10000 ? compact(v) : numbers(v < 10 ? "r1" : "r0", { maximumFractionDigits: v < 10 ? 1 : 0 }).format(v);
}

/** A rate with its unit: "300/s". @param {number | null | undefined} v */
export function perSecond(v) {
    return known(v) ? rate(v) + units().rate : NOTHING;
}

/** 0.614 -> "61%". @param {number | null | undefined} v */
export function percent(v) {
    return known(v) ? numbers("p", { style: "percent", maximumFractionDigits: v < 0.01 ? 1 : 0 }).format(v) : NOTHING;
}

/** 1536 -> "1.5 KiB". @param {number | null | undefined} v */
export function bytes(v) {
    const names = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let i = 0;

    if (!known(v)) {
        return NOTHING;
    }
    while (v >= 1024 && i < names.length - 1) {
        v /= 1024;
        i++;
    }
    const digits = v < 10 && i > 0 ? 1 : 0;

    return `${numbers(`b${digits}`, { maximumFractionDigits: digits }).format(v)} ${names[i]}`;
}

/** A span of time in ms, in its two largest units: "14m 5s", "2h 3m", "14 分 5 秒".
 * @param {number | null | undefined} ms */
export function age(ms) {
    if (!known(ms)) {
        return NOTHING;
    }
    const u = units();
    const s = Math.max(0, Math.floor(ms / 1000));
    /** @param {number} big @param {string} b @param {number} small @param {string} c */
    const pair = (big, b, small, c) => (small > 0 ? `${big}${b}${u.gap}${small}${c}` : `${big}${b}`);

    if (s < 60) {
        return `${s}${u.s}`;
    }
    if (s < 3600) {
        return pair(Math.floor(s / 60), u.m, s < 600 ? s % 60 : 0, u.s);
    }
    if (s < 86400) {
        return pair(Math.floor(s / 3600), u.h, Math.floor(s / 60) % 60, u.m);
    }
    return pair(Math.floor(s / 86400), u.d, s < 864000 ? Math.floor(s / 3600) % 24 : 0, u.h);
}

/** A short span: 2400000 ns -> "2.4 ms". @param {number | null | undefined} ns */
export function nanoseconds(ns) {
    if (!known(ns)) {
        return NOTHING;
    }
    if (ns >= 1e9) {
        return `${numbers("t1", { maximumFractionDigits: 1 }).format(ns / 1e9)}${units().s}`;
    }
    const digits = ns < 1e7 ? 1 : 0;

    return `${numbers(`t${digits}`, { maximumFractionDigits: digits }).format(ns / 1e6)}${units().ms}`;
}

/** The last time that there is a date for, ms. */
const TIME_MAX = 8.64e15;

/** ms since 1970 of a time of the API: a number of ms or RFC 3339; null for none. @param {unknown} v */
export function toMs(v) {
    if (typeof v === "number") {
        return v > 0 && v <= TIME_MAX ? v : null;
    }
    const ms = typeof v === "string" ? Date.parse(v) : NaN;

    return Number.isNaN(ms) ? null : ms;
}

/** Date and time, local: "22 Nov 2026, 18:08:56". @param {unknown} v */
export function time(v) {
    const ms = toMs(v);

    return ms === null ? NOTHING : dates("time", { dateStyle: "medium", timeStyle: "medium" }).format(ms);
}

/** The time of day, local, with the day when it is not today's. @param {unknown} v @param {number} [now] */
export function clock(v, now = Date.now()) {
    const ms = toMs(v);

    if (ms === null) {
        return NOTHING;
    }
    return new Date(ms).toDateString() === new Date(now).toDateString()
        ? dates("clock", { hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(ms)
        : dates("day", { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" }).format(ms);
}
