// live.mjs - pages follow what happens, and say what they do not know: nodes, registry and gweb itself go and come
//
// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { visit } from "./browser.mjs";
import { DEADLINE_MS, Fleet, die, freePort, push } from "./programs.mjs";

/** What a browser logs of a connection that is gone is no fault of the page. */
const GONE = /Failed to load resource|ERR_CONNECTION|ERR_INCOMPLETE_CHUNKED|502/;

export default function live(test) {
    test("figures change by themselves, also in a page that was opened before the topic was there", async (
        { browser, url, nodes }) => {
        const v = await visit(browser, url), topic = "live.new";

        await v.open(`/topics?q=${topic}`);
        await push(nodes[0], topic, [{ body: "1" }]);
        const row = v.get("topics").locator("tr", { hasText: topic });

        await row.waitFor();
        await push(nodes[0], topic, Array.from({ length: 41 }, () => ({ body: "2" })));
        await row.locator("td").getByText("42", { exact: true }).first().waitFor();
        await v.close();
    });

    test("new dead letters appear in the desk while it is open", async ({ browser, url, nodes }) => {
        const v = await visit(browser, url), topic = "live.dead";

        await die(nodes[0], topic, ["one"], "why");
        await v.open(`/dead/1/${topic}`);
        await v.sees("redrive", "Redrive 1");
        await die(nodes[0], topic, ["two", "three"], "why");
        await v.sees("redrive", "Redrive 3");
        await v.until(() => document.querySelectorAll("[data-testid=letters] tbody tr").length === 3);
        await v.close();
    });

    test("a node is killed in mid-view: the page says so, the other one goes on", async ({ browser, build }) => {
        const own = new Fleet(build);

        await own.registry();
        const one = await own.node(1), two = await own.node(2);

        await die(one, "kill.me", ["a"], "why");
        await push(two, "alive", [{ body: "b" }]);
        const web = await own.gweb([1, 2]);
        const v = await visit(browser, web.url), desk = await visit(browser, web.url);

        v.allowed.push(GONE);
        desk.allowed.push(GONE);
        await v.open("/nodes");
        await v.page.locator("[data-testid=node][data-id='1'][data-state=up]").waitFor();
        await desk.open("/dead/1/kill.me");
        await one.stop("SIGKILL");
        await v.page.locator("[data-testid=node][data-id='1'][data-state=down]").waitFor();
        await v.sees(v.page.locator("main"), "not known now: 1");
        await desk.sees(desk.page.locator("main"), "Node 1 does not answer");
        await v.open("/topic/2/alive");
        await v.get("diagnosis").waitFor();
        await push(two, "alive", [{ body: "c" }]);
        await v.sees("flow-ready", "2");
        await v.close();
        await desk.close();
        await own.stop();
    });

    test("a node that hangs holds nobody up: what is asked of it is said to be late, the rest works", async (
        { browser, build }) => {
        const own = new Fleet(build);

        await own.registry();
        const one = await own.node(1), two = await own.node(2);

        await die(one, "hangs", ["a"], "why");
        await push(two, "alive", [{ body: "b" }]);
        const web = await own.gweb([1, 2]), v = await visit(browser, web.url), w = await visit(browser, web.url);

        v.allowed.push(GONE, /504/);
        await v.open("/dead");
        await v.get("dead-topic").waitFor();
        one.child.kill("SIGSTOP");
        await v.click("dead-topic");
        await w.open("/topic/2/alive");
        await push(two, "alive", [{ body: "c" }]);
        await w.sees("flow-ready", "2");
        v.page.setDefaultTimeout(3 * DEADLINE_MS);
        await v.get("failed").first().waitFor();
        assert.match(await v.get("failed").first().innerText(), /in time|cannot be reached/);
        one.child.kill("SIGCONT");
        await v.get("failed").getByRole("button").click();
        await v.sees("redrive", "Redrive 1");
        await v.close();
        await w.close();
        await own.stop();
    });

    test("the registry goes: the page says so, and works on with the nodes it knows", async ({ browser, build }) => {
        const own = new Fleet(build);
        const registry = await own.registry();
        const one = await own.node(1);
        const web = await own.gweb([1]);
        const v = await visit(browser, web.url);

        await v.open("/");
        await registry.stop("SIGKILL");
        await v.sees(v.page.locator(".banner"), "does not answer");
        await push(one, "still.here", [{ body: "x" }]);
        await v.open("/topics");
        await v.get("topics").locator("tr", { hasText: "still.here" }).waitFor();
        await v.close();
        await own.stop();
    });

    test("gweb is started anew: the page finds it again and is told all", async ({ browser, build }) => {
        const own = new Fleet(build), port = await freePort();

        await own.registry();
        const one = await own.node(1);
        const web = await own.gweb([1], `-web_addr=127.0.0.1:${port}`);
        const v = await visit(browser, web.url);

        v.allowed.push(GONE);
        await push(one, "before", [{ body: "x" }]);
        await v.open("/topics");
        await v.get("topics").locator("tr", { hasText: "before" }).waitFor();
        await web.stop();
        await v.page.locator("[data-testid=live][data-state=lost]").waitFor();
        await push(one, "meanwhile", [{ body: "x" }]);
        await own.gweb([1], `-web_addr=127.0.0.1:${port}`);
        await v.get("topics").locator("tr", { hasText: "meanwhile" }).waitFor();
        await v.page.locator("[data-testid=live][data-state=live]").waitFor();
        assert.equal(await v.page.evaluate(() => performance.getEntriesByType("navigation").length), 1);
        await v.close();
        await own.stop();
    });
}
