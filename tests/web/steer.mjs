// steer.mjs - what changes things: nodes, topics, messages taken by hand; and that the audit says who did it
//
// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { visit } from "./browser.mjs";
import { Fleet, call, push, topicOf } from "./programs.mjs";

const registered = async (fleet) => (await (await fetch(`${fleet.register}/getNodes`)).json()).data.nodes ?? [];

export default function steer(test) {
    test("a node is registered, weighed and unregistered", async ({ browser, build }) => {
        const own = new Fleet(build);

        await own.registry();
        const one = await own.node(1), two = await own.node(2, "-register_addr=");
        const web = await own.gweb([1]);
        const v = await visit(browser, web.url);

        await v.open("/nodes");
        assert.equal(await v.get("node").count(), 1);
        await v.click("register");
        await v.get("register-id").fill("2");
        await v.get("register-tcp").fill(two.tcp);
        await v.get("register-http").fill(two.http);
        await v.get("register-weight").fill("5");
        await v.click("confirm");
        const card = v.page.locator("[data-testid=node][data-id='2'][data-state=up]");

        await card.waitFor();
        assert.equal((await registered(own)).find((n) => n.id === 2).weight, 5);
        await v.click(v.get("weight", card));
        await v.get("weight-input").fill("7");
        await v.page.keyboard.press("Enter");
        await v.sees(v.get("weight", card), "7");
        assert.equal((await registered(own)).find((n) => n.id === 2).weight, 7);
        await v.click(v.get("unregister", card));
        await v.click("confirm");
        await v.sees(v.page.locator("[data-testid=node][data-id='2']"), "not listed");
        assert.deepEqual((await registered(own)).map((n) => n.id), [one.id]);
        await v.open("/audit");
        for (const action of ["register a node", "change a weight", "unregister a node"]) {
            await v.sees("audit", action);
        }
        await v.close();
        await own.stop();
    });

    test("a node that is refused by the registry is told why", async ({ browser, url }) => {
        const v = await visit(browser, url);

        v.allowed.push(/Failed to load resource/);
        await v.open("/nodes");
        await v.click("register");
        await v.get("register-id").fill("1");
        await v.get("register-tcp").fill("127.0.0.1:1");
        await v.get("register-http").fill("127.0.0.1:1");
        await v.click("confirm");
        await v.get("register-dialog").locator("[role=alert]").waitFor();
        await v.page.keyboard.press("Escape");
        await v.close();
    });

    test("auto-ack is switched, pops paused and resumed, and the topic deleted by its name", async (
        { browser, url, nodes }) => {
        const v = await visit(browser, url), topic = "steer.topic";

        await push(nodes[0], topic, [{ body: "x" }, { body: "y" }]);
        await v.open("/topics?q=steer.topic");
        await v.get("topic-link").first().waitFor();
        await v.click("topic-link");
        await v.click("pause");
        await v.get("pause-dialog").waitFor();
        await v.click("confirm");
        await v.get("resume").waitFor();
        assert.notEqual((await topicOf(nodes[0], topic)).pop_paused_until, null);
        await v.click("resume");
        await v.get("pause").waitFor();
        assert.equal((await topicOf(nodes[0], topic)).pop_paused_until, null);
        await v.click("topic-menu");
        await v.click("delete-topic");
        assert.ok(await v.get("confirm").isDisabled());
        await v.get("confirm-name").fill(topic);
        await v.click("confirm");
        await v.until(() => location.pathname === "/topics");
        await assert.rejects(topicOf(nodes[0], topic), /404/);
        await v.close();
    });

    test("a message is taken by hand after a warning, and acked, given back, made dead", async (
        { browser, url, nodes }) => {
        const v = await visit(browser, url), topic = "steer.take";

        await push(nodes[1], topic, ["a", "b", "c"].map((body) => ({ body })));
        await v.open(`/send?node=2&topic=${topic}`);
        await v.click("take-open");
        for (const what of ["take-ack", "take-back", "take-dead"]) {
            await v.click("take");
            await v.get("confirm-dialog").waitFor();
            await v.click("confirm");
            await v.get(what).first().waitFor();
            await v.click(what);
            await v.get(what).waitFor({ state: "detached" });
        }
        const now = await topicOf(nodes[1], topic);

        assert.deepEqual([now.ready, now.in_flight, now.dead], [1, 0, 1]);
        await v.close();
    });

    test("a delayed message comes now, another one later, a third not at all", async ({ browser, url, nodes }) => {
        const v = await visit(browser, url), topic = "steer.time";
        const [first, second] = await push(nodes[0], topic, [1, 2].map((n) => ({ body: `n${n}`, delay_ms: 3600000 })));

        await v.open(`/m/${first}`);
        await v.click("promote");
        await v.page.locator("[data-testid=facts] [data-state=ready]").waitFor();
        await v.click("reschedule");
        await v.get("reschedule-delay").fill("5");
        await v.click("confirm");
        await v.page.locator("[data-testid=facts] [data-state=delayed]").waitFor();
        await v.open(`/m/${second}`);
        await v.click("cancel-message");
        await v.click("confirm");
        await v.page.locator("[data-testid=facts] [data-state=gone]").waitFor();
        assert.equal((await call(nodes[0], "GET", `messages/${first}`)).state, "delayed");
        assert.equal((await call(nodes[0], "GET", `messages/${second}`)).how, "deleted");
        await v.close();
    });
}
