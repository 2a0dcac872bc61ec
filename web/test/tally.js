// tally.js - a reporter of node's tests: what failed, and a last line `N passed, N failed`
//
// SPDX-License-Identifier: MIT

/** @param {AsyncIterable<{type: string, data: any}>} source */
export default async function* tally(source) {
    let passed = 0, failed = 0;
    for await (const { type, data } of source) {
        const single = type.startsWith("test:") && data.details?.type !== "suite";
        if (type === "test:pass" && single) {
            passed += 1;
        } else if (type === "test:fail" && single) {
            failed += 1;
            const error = data.details.error?.cause ?? data.details.error;
            yield `FAIL  ${data.name}\n${String(error?.stack ?? error).replace(/^/gm, "      ")}\n`;
        }
    }
    yield `${passed} passed, ${failed} failed\n`;
}
