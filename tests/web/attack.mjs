// attack.mjs - foreign pages, guessed passwords, stolen sessions, and addresses that gweb is not to contact
//
// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { visit } from "./browser.mjs";
import { guarded, login } from "./login.mjs";
import { die, topicOf } from "./programs.mjs";

/** A server of somebody else; counts who comes. */
async function stranger(page) {
    const server = createServer((request, answer) => {
        server.hits += 1;
        answer.writeHead(200, { "Content-Type": "text/html" });
        answer.end(page);
    });

    server.hits = 0;
    await new Promise((done) => server.listen(0, "127.0.0.1", done));
    server.host = `127.0.0.1:${server.address().port}`;
    server.stop = () => new Promise((done) => { server.closeAllConnections?.(); server.close(done); });
    return server;
}

export default function attack(test) {
    test("a foreign page cannot act in the name of one who is logged in", async ({ browser, build }) => {
        const own = await guarded(build), v = await visit(browser, own.web.url), target = new URL(own.web.url);

        await die(own.one, "keep.me", ["x"], "why");
        await v.open("/");
        await login(v);
        await v.get("attention").waitFor();
        const path = "/api/nodes/1/v1/topics/keep.me/dead/delete";
        const page = `<form method=post enctype=text/plain action="${own.web.url}${path}">
            <input name='{"all":true,"x":"' value='"}'></form>
            <title>evil</title>`;
        const evil = await stranger(page);

        /* the same host by another name is another site; the same name with another port another origin */
        for (const host of [evil.host, evil.host.replace("127.0.0.1", "localhost")]) {
            const foreign = await v.context.newPage();

            await foreign.goto(`http://${host}/`);
            const tries = await foreign.evaluate(async ([url, where]) => {
                const bodies = [["POST", "application/json"], ["POST", "text/plain"], ["DELETE", "text/plain"]];

                return Promise.all(bodies.map(([method, type]) => fetch(url + where, { method, credentials: "include",
                    mode: type === "text/plain" && method === "POST" ? "no-cors" : "cors",
                    headers: { "Content-Type": type },
                    body: '{"all":true}' }).then((a) => a.type, () => "refused")));
            }, [own.web.url, path]);

            assert.ok(tries.every((type) => ["refused", "opaque"].includes(type)), tries.join());
            const [answer] = await Promise.all([foreign.waitForResponse((r) => r.url().includes("/dead/delete")
                && r.request().isNavigationRequest()), foreign.evaluate(() => document.forms[0].submit())]);

            assert.ok([401, 403, 415].includes(answer.status()), `${answer.status()}`);
            await foreign.close();
        }
        const framed = await stranger(`<iframe src="${own.web.url}/"></iframe>`), frame = await v.context.newPage();

        await frame.goto(`http://${framed.host}/`);
        const inside = frame.frames().find((f) => f !== frame.mainFrame());

        assert.ok(!inside || await inside.locator("#app").count() === 0, "the page let itself be framed");
        assert.equal((await topicOf(own.one, "keep.me")).dead, 1);
        assert.equal(target.protocol, "http:");
        await evil.stop();
        await framed.stop();
        await v.close();
        await own.stop();
    });

    test("guessing passwords is slowed down, and said so", async ({ browser, build }) => {
        const own = await guarded(build), v = await visit(browser, own.web.url);

        v.allowed.push(/Failed to load resource.*(401|429)/);
        await v.open("/login");
        const seen = await v.page.evaluate(async () => {
            const codes = [];

            for (let i = 0; i < 40 && codes.at(-1) !== 429; i++) {
                codes.push((await fetch("/api/session", { method: "POST",
                    headers: { "Content-Type": "application/json" },
                    body: JSON.stringify({ name: "admin", password: `guess number ${i}` }) })).status);
            }
            return codes;
        });

        assert.equal(seen.at(-1), 429);
        await login(v, "admin", "one more guess");
        await v.sees("login-error", "Too many attempts");
        assert.ok(await v.get("login").isDisabled());
        await v.close();
        await own.stop();
    });

    test("a session that was guessed, cut or taken over by its old cookie is none", async ({ browser, build }) => {
        const own = await guarded(build), v = await visit(browser, own.web.url);

        v.allowed.push(/Failed to load resource.*401/);
        await v.open("/");
        await login(v);
        await v.get("attention").waitFor();
        const [cookie] = await v.context.cookies(), ask = (value) => fetch(`${own.web.url}/api/fleet`,
            { headers: { Cookie: `gmq_session=${value}` } }).then((a) => a.status);

        assert.equal(await ask(cookie.value), 200);
        for (const wrong of ["", "x", cookie.value.slice(1), cookie.value.slice(0, -1), `${cookie.value}0`,
            cookie.value.split("").reverse().join("")]) {
            assert.equal(await ask(wrong), 401, wrong);
        }
        await v.click("user-menu");
        await v.click("logout");
        await v.get("login-form").waitFor();
        assert.equal(await ask(cookie.value), 401);
        await v.close();
        await own.stop();
    });

    test("gweb contacts nobody but listed nodes, whatever a browser asks for", async ({ url }) => {
        const bait = await stranger("bait");
        const ids = [bait.host, encodeURIComponent(`http://${bait.host}/`), "1@" + bait.host, "999", "0", "-1", "1025",
            "1%00", "1.0"];

        for (const id of ids) {
            const answer = await fetch(`${url}/api/nodes/${id}/v1/node?addr=${bait.host}&http_addr=${bait.host}`);

            assert.equal(answer.status, 404, id);
        }
        for (const rest of [`//${bait.host}/`, `..%2f..%2f${bait.host}`, `%2e%2e/%2e%2e/register`, "../../../register",
            "topics/x/../../../../exitTopic", "@" + bait.host]) {
            const answer = await fetch(`${url}/api/nodes/1/v1/${rest}`, { redirect: "manual" });

            assert.ok([400, 404].includes(answer.status) || !answer.headers.get("content-type")?.includes("json"),
                `${rest}: ${answer.status}`);
        }
        assert.equal(bait.hits, 0);
        await bait.stop();
    });

    test("the door says what a browser needs to keep others out", async ({ url }) => {
        for (const path of ["/", "/dead", "/js/main.js", "/api/session"]) {
            const { headers } = await fetch(url + path);

            assert.match(headers.get("content-security-policy"),
                /^default-src 'none'; script-src 'self'; style-src 'self'/);
            assert.doesNotMatch(headers.get("content-security-policy"), /unsafe|\*|data: .*script/);
            assert.match(headers.get("content-security-policy"), /frame-ancestors 'none'/);
            assert.equal(headers.get("x-content-type-options"), "nosniff");
            assert.equal(headers.get("access-control-allow-origin"), null);
        }
    });
}
