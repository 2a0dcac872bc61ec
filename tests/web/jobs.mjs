// jobs.mjs - the four jobs of an operator, done as a person does them, with their clicks counted
//
// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { visit } from "./browser.mjs";
import { Fleet, ack, die, pop, topicOf } from "./programs.mjs";
import { seed } from "./seed.mjs";

export default function jobs(test) {
    test("see health at a glance: sums as the nodes tell them, nodes, no click", async ({ browser, build }) => {
        const own = new Fleet(build);

        await own.registry();
        const nodes = [await own.node(1), await own.node(2)];

        await seed(nodes);
        const v = await visit(browser, (await own.gweb([1, 2])).url);

        await v.open("/");
        await v.get("attention-row").first().waitFor();
        const ready = (await Promise.all(nodes.map(async (n) => {
            const page = await fetch(`http://${n.http}/api/v1/topics?limit=1000`).then((a) => a.json());

            return page.topics.reduce((sum, topic) => sum + topic.ready, 0);
        }))).reduce((a, b) => a + b);

        await v.sees("total-ready", ready.toLocaleString("en-US"));
        assert.equal(await v.get("node-card").count(), 2);
        assert.equal(v.clicks, 0);
        await v.close();
        await own.stop();
    });

    test("why is it stuck: one click from Overview", async ({ browser, url }) => {
        const v = await visit(browser, url);

        await v.open("/");
        await v.click(v.get("why", v.get("attention-row").filter({ hasText: "email.send" }).first()).first());
        await v.get("diagnosis").waitFor();
        assert.match(v.page.url(), /\/topic\/[12]\/email\.send$/);
        assert.match(await v.get("diagnosis").innerText(), /consumer/i);
        assert.equal(v.clicks, 1);
        await v.close();
    });

    test("redrive all dead letters of a topic: three clicks from Overview", async ({ browser, url, nodes }) => {
        const topic = "redrive.me", v = await visit(browser, url);

        await die(nodes[0], topic, Array.from({ length: 180 }, (_, i) => `body ${i}`), "no such mailbox");
        await v.open("/");
        await v.click(v.get("dead-letters", v.get("attention-row").filter({ hasText: topic }).first()));
        await v.sees("redrive", "180");
        await v.click("redrive");
        await v.get("redrive-dialog").waitFor();
        await v.click("confirm");
        await v.page.locator("[data-testid=job][data-state=done]").waitFor();
        assert.equal(v.clicks, 3);
        assert.match(await v.get("job-count").innerText(), /^180 /);
        const now = await topicOf(nodes[0], topic);

        assert.deepEqual([now.dead, now.ready], [0, 180]);
        await v.sees(v.page.locator("main"), "No dead letters");
        await v.close();
    });

    test("send a test message: two clicks, and its life is seen", async ({ browser, url, nodes }) => {
        const topic = "send.me", v = await visit(browser, url);

        await v.open("/");
        await v.click("nav-send");
        await v.get("send-topic").fill(topic);
        await v.get("send-node").selectOption("1");
        await v.get("send-body").fill('{"hello": "世界"}');
        assert.equal(await v.get("body-kind").getAttribute("data-kind"), "json");
        await v.click("send");
        const state = v.get("state", v.get("sent-message").first());

        await state.and(v.page.locator("[data-state=ready]")).waitFor();
        assert.equal(v.clicks, 2);
        const [message] = await pop(nodes[0], topic, 1, "worker-3");

        assert.equal(message.body, '{"hello": "世界"}');
        await state.and(v.page.locator("[data-state=in_flight]")).waitFor();
        await v.sees("sent-message", "worker-3");
        await ack(nodes[0], topic, [message.id]);
        await state.and(v.page.locator("[data-state=gone]")).waitFor();
        await v.close();
    });

    test("send a test to a topic from its own screen: two clicks", async ({ browser, url, nodes }) => {
        const v = await visit(browser, url), before = (await topicOf(nodes[1], "invoice.print")).ready;

        await v.open("/topic/2/invoice.print");
        await v.click("send-test");
        await v.get("send-form").waitFor();
        assert.equal(await v.get("send-topic").inputValue(), "invoice.print");
        await v.click("send");
        await v.get("sent-message").waitFor();
        assert.equal(v.clicks, 2);
        assert.equal((await topicOf(nodes[1], "invoice.print")).ready, before + 1);
        await v.close();
    });

    test("a delayed message tells when it is due, and what a shell would do", async ({ browser, url }) => {
        const v = await visit(browser, url);

        await v.open("/send?node=1&topic=later");
        await v.get("send-body").fill("it's <b>late</b>");
        await v.get("delay").getByText("1 h").click();
        await v.page.locator("summary", { hasText: "command" }).click();
        assert.match(await v.get("command-curl").innerText(), /"delay_ms":3600000.*topics\/later\/messages/s);
        assert.match(await v.get("command-gclient").innerText(),
            /gclient push later 'it'\\''s <b>late<\/b>' .*--delay 3600s/);
        await v.click("send");
        await v.page.locator("[data-testid=state][data-state=delayed]").waitFor();
        await v.sees("sent-message", /due in (59m|1h)/);
        await v.close();
    });
}
