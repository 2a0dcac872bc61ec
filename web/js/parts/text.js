/* SPDX-License-Identifier: MIT
 * What texts of others hide is shown: names and bodies of messages may hold anything. Pure. */

const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Marks that are not seen as signs that are: ⟨U+0000⟩, or ⟨U+202E⟩, which turns the direction. Newlines and tabs
 * stay. What is no text, though it should be one, is made one. @param {string | null | undefined} text */
export function visible(text) {
    return String(text ?? "").replace(UNSEEN,
        (c) => `⟨U+${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`);
}

/** @param {string} base64 */
export function fromBase64(base64) {
    return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}

/** The beginning of a body on one line; bytes as hex. @param {{body?: string, body_base64?: string}} m
 * @param {number} [length] */
export function preview(m, length = 200) {
    if (m.body !== undefined) {
        return visible(m.body.slice(0, length).replace(/\s+/g, " "));
    }
    return Array.from(fromBase64((m.body_base64 ?? "").slice(0, 64)), (b) => b.toString(16).padStart(2, "0")).join(" ");
}

/** Bytes as lines of 16: place, hex, letters. @param {Uint8Array} data */
export function hex(data) {
    const lines = [];

    for (let at = 0; at < data.length; at += 16) {
        const part = [...data.subarray(at, at + 16)];
        const codes = part.map((b) => b.toString(16).padStart(2, "0")).join(" ").padEnd(47);
        const letters = part.map((b) => (b >= 32 && b < 127 ? String.fromCharCode(b) : "·")).join("");

        lines.push(`${at.toString(16).padStart(8, "0")}  ${codes}  ${letters}`);
    }
    return lines.join("\n");
}

/** Of a JSON text that is longer, or deeper, no indents are made: each level adds to each of its lines. */
const PRETTY_LENGTH = 2 << 20;
const PRETTY_DEPTH = 64;

/** JSON with indents, its numbers and keys as they were written; null when the text is none, or too much.
 * @param {string | undefined} text */
export function pretty(text) {
    if (text === undefined || text.length > PRETTY_LENGTH || !/^\s*[[{]/.test(text)) {
        return null;
    }
    try {
        JSON.parse(text);
    } catch {
        return null;
    }
    let depth = 0, deepest = 0;
    const line = () => `\n${"  ".repeat(depth)}`;

    const lines = text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|[[{]\s*[\]}]|[[{\]},:]|\s+/g, (token) => {
        const mark = token.length === 1 ? token : "";

        if (mark === "{" || mark === "[") {
            depth++;
            deepest = Math.max(deepest, depth);
            return deepest > PRETTY_DEPTH ? mark : mark + line();
        }
        if (mark === "}" || mark === "]") {
            depth--;
            return deepest > PRETTY_DEPTH ? mark : line() + mark;
        }
        if (mark === "," || mark === ":") {
            return mark === "," ? `,${line()}` : ": ";
        }
        return token[0] === '"' ? token : token.replace(/\s/g, "");
    });

    return deepest > PRETTY_DEPTH ? null : lines;
}
