// desk.mjs - dead letters: find, pick, redrive to another topic, stop, delete, export; what died again is marked
//
// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { visit } from "./browser.mjs";
import { ack, call, die, pop, reject, topicOf } from "./programs.mjs";

const bodies = (n, make = (i) => `letter ${i}`) => Array.from({ length: n }, (_, i) => make(i));

export default function desk(test) {
    test("what is picked is redriven, to another topic with a delay, and nothing else", async (
        { browser, url, nodes }) => {
        const v = await visit(browser, url), topic = "desk.pick";

        await die(nodes[0], topic, bodies(5), "why");
        await v.open(`/dead/1/${topic}`);
        await v.get("select").nth(0).check();
        await v.get("select").nth(2).check();
        await v.sees("redrive", "Redrive 2");
        await v.click("redrive");
        await v.get("redrive-to").fill("desk.other");
        await v.get("redrive-delay").fill("1");
        await v.get("redrive-dialog").locator("select").selectOption("h");
        await v.click("confirm");
        await v.page.locator("[data-testid=job][data-state=done]").waitFor();
        assert.equal((await topicOf(nodes[0], topic)).dead, 3);
        assert.equal((await topicOf(nodes[0], "desk.other")).delayed, 2);
        await v.sees("redrive", "Redrive 3");
        await v.close();
    });

    test("a search of the text finds in body and reason, counts all, and limits what is done", async (
        { browser, url, nodes }) => {
        const v = await visit(browser, url), topic = "desk.find";

        await die(nodes[0], topic, bodies(130, (i) => `apple ${i}`), "no core");
        await die(nodes[0], topic, bodies(7, (i) => `pear ${i}`), "no stem");
        await v.open(`/dead/1/${topic}`);
        await v.sees("redrive", "Redrive 137");
        await v.get("filter-text").fill("apple");
        await v.sees("redrive", "Redrive 130");
        assert.match(v.page.url(), /text=apple/);
        await v.get("filter-text").fill("no stem");
        await v.sees("redrive", "Redrive 7");
        await v.click("delete");
        await v.get("confirm-name").fill(topic);
        await v.click("confirm");
        await v.page.locator("[data-testid=job][data-state=done]").waitFor();
        assert.equal((await topicOf(nodes[0], topic)).dead, 130);
        await v.close();
    });

    test("deletion wants the name typed, and Esc leaves everything as it was", async ({ browser, url, nodes }) => {
        const v = await visit(browser, url), topic = "desk.delete";

        await die(nodes[0], topic, bodies(3), "why");
        await v.open(`/dead/1/${topic}`);
        await v.sees("delete", "Delete 3");
        await v.click("delete");
        assert.ok(await v.get("confirm").isDisabled());
        await v.get("confirm-name").fill("desk.delet");
        assert.ok(await v.get("confirm").isDisabled());
        await v.page.keyboard.press("Escape");
        await v.get("confirm-dialog").waitFor({ state: "detached" });
        assert.equal((await topicOf(nodes[0], topic)).dead, 3);
        await v.close();
    });

    test("a slow job shows how far it is, and is stopped", async ({ browser, url, nodes }) => {
        const v = await visit(browser, url), topic = "desk.slow";

        await die(nodes[0], topic, bodies(1500), "why");
        await v.open(`/dead/1/${topic}`);
        await v.click("redrive");
        await v.get("redrive-rate").fill("40");
        await v.click("confirm");
        await v.page.locator("[data-testid=job][data-state=running]").waitFor();
        await v.until(() => Number(document.querySelector("[data-testid=job]")?.getAttribute("data-done")) > 0);
        await v.click("job-stop");
        await v.page.locator("[data-testid=job][data-state=cancelled]").waitFor();
        const { dead, ready } = await topicOf(nodes[0], topic);

        assert.ok(dead > 0 && ready > 0 && dead + ready === 1500, `${dead} dead, ${ready} ready`);
        await v.close();
    });

    test("a letter that went to another topic is followed there and back", async ({ browser, url, nodes }) => {
        const v = await visit(browser, url);
        const [id] = await die(nodes[0], "desk.from", ["a letter"], "wrong desk");

        await call(nodes[0], "POST", "topics/desk.from/dead/redrive", { all: true, to: "desk.to" });
        await v.open(`/m/${id}`);
        await v.page.locator("[data-event=redriven]", { hasText: "desk.to" }).getByTestId("other-message").click();
        await v.until((was) => !location.pathname.endsWith(was), id);
        await v.page.locator("[data-event=pushed]", { hasText: "desk.from" }).getByTestId("other-message").click();
        await v.until((was) => location.pathname.endsWith(was), id);
        await v.close();
    });

    test("what died again after a redrive is marked", async ({ browser, url, nodes }) => {
        const v = await visit(browser, url), topic = "desk.again";

        await die(nodes[0], topic, bodies(4), "first time");
        await v.open(`/dead/1/${topic}`);
        await v.click("redrive");
        await v.click("confirm");
        await v.page.locator("[data-testid=job][data-state=done]").waitFor();
        const again = (await pop(nodes[0], topic, 4)).map((m) => m.id);

        await ack(nodes[0], topic, again.slice(3));
        await reject(nodes[0], topic, again.slice(0, 3), "second time");
        await die(nodes[0], topic, ["a new one"], "its first time");
        await v.until(() => [...document.querySelectorAll("[data-testid=letters] tbody tr")]
            .filter((row) => row.textContent?.includes("died again")).length === 3);
        await v.sees("job", "3 died again");
        await v.close();
    });

    test("the export holds every letter whole, page after page", async ({ browser, url, nodes }) => {
        const v = await visit(browser, url), topic = "desk.export";

        await die(nodes[0], topic, bodies(1100, (i) => `letter ${i} ${"x".repeat(1500)}`), "why");
        await v.open(`/dead/1/${topic}`);
        await v.sees("redrive", "1,100");
        const [download] = await Promise.all([v.page.waitForEvent("download"), v.click("export")]);

        assert.equal(download.suggestedFilename(), "desk.export-dead.jsonl");
        const lines = readFileSync(await download.path(), "utf8").trimEnd().split("\n").map((line) => JSON.parse(line));

        assert.equal(new Set(lines.map((m) => m.id)).size, 1100);
        assert.ok(lines.every((m) => m.body.endsWith("xxx") && m.reason === "rejected" && !m.truncated));
        await v.close();
    });

    test("one letter: its facts, its body, its history, and back to work", async ({ browser, url, nodes }) => {
        const v = await visit(browser, url), topic = "desk.one";
        const [id] = await die(nodes[0], topic, ['{"to": "nobody"}'], "no such mailbox");

        await v.open(`/dead/1/${topic}`);
        await v.click("letter");
        await v.sees("letter-dialog", "no such mailbox");
        await v.sees("body-text", '"to": "nobody"');
        await v.click("open-message");
        await v.get("timeline").waitFor();
        assert.equal(new URL(v.page.url()).pathname, `/m/${id}`);
        assert.deepEqual(await v.get("event").evaluateAll((all) => all.map((e) => e.getAttribute("data-event"))),
            ["pushed", "delivered", "dead"]);
        await v.click("redrive");
        await v.page.locator("[data-testid=facts] [data-state=ready]").waitFor();
        await v.page.locator("[data-event=redriven]").waitFor();
        assert.equal((await call(nodes[0], "GET", `messages/${id}`)).state, "ready");
        await v.close();
    });

    test("a message that nobody has is said so, with the nodes that were asked", async ({ browser, url }) => {
        const v = await visit(browser, url);

        v.allowed.push(/404/);
        await v.open("/m/1309133580470849536");
        await v.sees(v.page.locator("main"), "No node has this message");
        await v.sees(v.page.locator("main"), "1, 2");
        await v.open("/m/99999999999999999999");
        await v.sees(v.page.locator("main"), "no id of a message");
        await v.close();
    });
}
