/* SPDX-License-Identifier: MIT
 * The same push as a command, to be copied: for curl and for gclient. Pure. */

/** @typedef {{topic: string, push: Record<string, any>, count: number, http: string, tcp: string}} Sending
 *   push: as the API takes it; http, tcp: addresses of the node */

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** A byte, as $'..' takes it. @param {number} byte */
const octal = (byte) => `\\${byte.toString(8).padStart(3, "0")}`;

/** A word for a shell, whatever is in it. Control characters, which a terminal would obey when they are pasted, are
 * spelled out, as bash and zsh read it. @param {string} text */
export function quote(text) {
    if (!CONTROL.test(text)) {
        return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
    }
    const spelled = text.replace(/[\\']/g, "\\$&").replace(/[\u0000-\u001f\u007f-\u009f]/g,
        (c) => (c === "\n" ? "\\n" : Array.from(new TextEncoder().encode(c), octal).join("")));

    return `$'${spelled}'`;
}

/** JSON that has no control characters. @param {any} value */
function json(value) {
    return JSON.stringify(value).replace(/[\u007f-\u009f]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`);
}

/** A call of gclient: a first word that looks like a flag stands behind the flags, where it is none.
 * @param {string} command @param {string[]} words @param {string[]} flags */
export function gclientLine(command, words, flags) {
    const quoted = words.map(quote);

    return ["gclient", command, ...(words[0].startsWith("-") ? [...flags, "--", ...quoted] : [...quoted, ...flags])]
        .join(" ");
}

/** @param {Sending} s */
export function curl(s) {
    const many = s.count > 1 ? `for i in $(seq ${s.count}); do ` : "";

    return `${many}curl -X POST -H 'Content-Type: application/json' -d ${quote(json(s.push))} \\\n    ${
        quote(`http://${s.http}/api/v1/topics/${encodeURIComponent(s.topic)}/messages`)}${s.count > 1 ? "; done" : ""}`;
}

/** 90000 -> "90s", in gclient's words. @param {number} ms */
function span(ms) {
    return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}

/** @param {Sending} s */
export function gclient(s) {
    const p = s.push;
    const flags = [
        `--node ${quote(s.tcp)}`,
        p.delay_ms ? `--delay ${span(p.delay_ms)}` : "", p.due_at ? `--at ${quote(p.due_at)}` : "",
        p.ttr_ms ? `--ttr ${span(p.ttr_ms)}` : "", p.key ? `--key ${quote(p.key)}` : "",
        p.dedup_key ? `--dedup-key ${quote(p.dedup_key)}` : "", p.lifetime_ms ? `--lifetime ${span(p.lifetime_ms)}`
            : "",
        p.max_retries !== undefined ? `--max-retries ${p.max_retries}` : "", p.auto_ack ? "--auto-ack" : "",
        ...Object.entries(p.headers ?? {}).map(([k, v]) => `--header ${quote(`${k}:${v}`)}`),
        s.count > 1 ? `--count ${s.count}` : "",
    ].filter(Boolean);

    const body = String(p.body ?? ""), dashed = body.startsWith("-");

    /* a body that looks like a flag is read from standard input */
    return (dashed ? `printf %s ${quote(body)} | ` : "") + gclientLine("push", [s.topic, dashed ? "-" : body], flags);
}
