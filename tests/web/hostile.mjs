// hostile.mjs - bodies, headers, reasons and names of topics that want to be more than text
//
// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { visit } from "./browser.mjs";
import { call, die, push } from "./programs.mjs";

const MARKUP = ["<img src=x onerror=window.hacked=1>", "<script>window.hacked=1</script>",
    "\"><svg onload=window.hacked=1>",
    "javascript:window.hacked=1", "${window.hacked=1}", "<style>body{display:none}</style>", "]]><!--"];
const TURNED = "abc\u202edcba\u2066x\u200b";

/** Nothing has become more than text. */
async function harmless(v) {
    assert.equal(await v.page.evaluate(() => "hacked" in window), false);
    assert.equal(await v.page.locator("main img, main script, main svg[onload], main style").count(), 0);
    assert.ok(await v.overflow() <= 0, "sideways scroll");
}

export default function hostile(test) {
    test("markup in bodies, headers, keys and reasons stays text", async ({ browser, url, nodes }) => {
        const v = await visit(browser, url, { width: 390, height: 844 }), topic = "hostile.body";
        const ids = await push(nodes[0], topic, MARKUP.map((body, i) => ({ body, key: `<i>${i}`,
            headers: { x: body } })));

        await v.open(`/topic/1/${topic}?tab=messages`);
        await v.sees("messages", MARKUP[0]);
        await harmless(v);
        for (const [i, id] of ids.entries()) {
            await v.open(`/m/${id}`);
            await v.sees("body-text", MARKUP[i]);
            await v.sees("facts", MARKUP[i]);
            await harmless(v);
        }
        const dead = "hostile.dead";

        await die(nodes[0], dead, MARKUP, "<img src=x onerror=window.hacked=1>");
        await v.open(`/dead/1/${dead}`);
        await v.sees("letters", "<img src=x");
        await harmless(v);
        await v.open(`/dead?text=${dead}`);
        await v.sees("dead-topics", "<img src=x");
        await harmless(v);
        await v.close();
    });

    test("a screen that cannot be drawn leaves the others alone", async ({ browser, url }) => {
        const v = await visit(browser, url);
        const odd = { entries: [{ at: 0, user: "u", action: { toString: 1 }, result: "ok" }], next: null };

        await v.page.route("**/api/audit*", (route) => route.fulfill({ json: odd }));
        await v.open("/audit");
        await v.get("failed").waitFor();
        await v.click("nav-topics");
        await v.page.locator("[data-screen=topics] [data-testid=title], [data-screen=topics] h1").first().waitFor();
        assert.equal(await v.get("failed").count(), 0);
        await v.close();
    });

    test("marks that turn or hide text are shown as signs", async ({ browser, url, nodes }) => {
        const v = await visit(browser, url);
        const [id] = await push(nodes[0], "hostile.turned", [{ body: `${TURNED}\u0000\u001b[31m` }]);

        await v.open(`/m/${id}`);
        await v.sees("body-text", "abc⟨U+202E⟩dcba⟨U+2066⟩x⟨U+200B⟩⟨U+0000⟩⟨U+001B⟩[31m");
        await v.close();
    });

    test("names of topics: markup, turned, long, Chinese; in every list, and the way to their screens", async (
        { browser, url, nodes }) => {
        const names = ["<script>window.hacked=1",
            "\"><b>x", `t${TURNED}`, "n".repeat(128), "订单.创建", "a%2Fb?c#d&e=f", "__proto__"];
        const v = await visit(browser, url, { width: 390, height: 844 });
        let taken = 0;

        for (const name of names) {
            try {
                await die(nodes[0], name, ["x"], "why");
                taken += 1;
            } catch (error) {
                assert.match(String(error), /TOPIC_NAME/);
            }
        }
        assert.ok(taken >= 5, `${taken} names were taken`);
        await v.open("/topics?q=window.hacked");
        await v.get("topic-link").first().waitFor();
        await harmless(v);
        await v.click("topic-link");
        await v.sees(v.page.locator("h1"), "<script>window.hacked=1");
        await harmless(v);
        for (const name of ["a%2Fb?c#d&e=f", "订单.创建"]) {
            await v.open("/dead");
            await v.get("filter-text").fill(name);
            await v.get("dead-topic").filter({ hasText: name }).click();
            await v.sees(v.page.locator("h1"), name);
            await v.sees("redrive", "Redrive 1");
            await harmless(v);
        }
        await v.open("/");
        await v.get("attention").waitFor();
        await harmless(v);
        for (const name of names) {
            await call(nodes[0], "DELETE", `topics/${encodeURIComponent(name)}`).catch(() => {});
        }
        await v.close();
    });

    test("a body of 1 MiB is shown in part, then whole; bytes are shown as bytes", async ({ browser, url, nodes }) => {
        const v = await visit(browser, url), topic = "hostile.big";
        const big = `${"0123456789abcdef".repeat(65535)}the very end!!!!`;
        const [id, bytes] = await push(nodes[0], topic, [{ body: big },
            { body_base64: Buffer.from([0, 255, 254, 128, 10, 60, 98, 62]).toString("base64") }]);

        await v.open(`/m/${id}`);
        await v.get("body-text").waitFor();
        assert.ok((await v.get("body-text").innerText()).length < 70000);
        await v.click("body-whole");
        await v.get("body-whole").waitFor({ state: "detached" });
        await v.page.getByRole("button", { name: "Show all of it" }).click();
        await v.until(() => document.querySelector("[data-testid=body-text]")?.textContent
            ?.endsWith("the very end!!!!"));
        await harmless(v);
        await v.open(`/m/${bytes}`);
        await v.sees("body-text", "00 ff fe 80 0a 3c 62 3e");
        await v.close();
    });
}
