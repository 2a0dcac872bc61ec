/* SPDX-License-Identifier: MIT
 * The same push as a command, to be copied: for curl and for gclient. Pure. */

/** @typedef {{topic: string, push: Record<string, any>, count: number, http: string, tcp: string}} Sending
 *   push: as the API takes it; http, tcp: addresses of the node */

/** A word for a shell, whatever is in it. @param {string} text */
export function quote(text) {
    return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** @param {Sending} s */
export function curl(s) {
    const many = s.count > 1 ? `for i in $(seq ${s.count}); do ` : "";

    return `${many}curl -X POST -H 'Content-Type: application/json' -d ${quote(JSON.stringify(s.push))} \\\n    ${
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
    return [...(dashed ? [`printf %s ${quote(body)} |`] : []), "gclient push", quote(s.topic), dashed ? "-"
        : quote(body), `--node ${quote(s.tcp)}`, ...flags].join(" ");
}
