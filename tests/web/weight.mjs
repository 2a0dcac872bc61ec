// weight.mjs - how much a browser fetches before Overview is there
//
// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { visit } from "./browser.mjs";

const MOST = 60 * 1024;

export default function weight(test) {
    test("the first load is at most 60 KiB, compressed, and fetches from nowhere else", async ({ browser, url }) => {
        const v = await visit(browser, url), sizes = new Map();

        v.page.on("response", (answer) => {
            if (!answer.url().includes("/api/")) {
                sizes.set(answer.url().slice(url.length), answer);
            }
        });
        await v.open("/");
        await v.page.locator("[data-testid=chart-rates] path").first().waitFor();
        let sum = 0;

        for (const [path, answer] of sizes) {
            const { responseBodySize } = await answer.request().sizes();

            assert.ok(path.startsWith("/"), path);
            assert.equal(answer.status(), 200, path);
            sum += responseBodySize;
        }
        assert.ok(sizes.size > 10 && sum <= MOST, `${sizes.size} files, ${sum} bytes`);
        await v.close();
    });

    test("what has not changed is not fetched again", async ({ url }) => {
        const first = await fetch(`${url}/js/main.js`), tag = first.headers.get("etag");
        const second = await fetch(`${url}/js/main.js`, { headers: { "If-None-Match": tag ?? "" } });

        assert.deepEqual([first.status, second.status], [200, 304]);
    });
}
