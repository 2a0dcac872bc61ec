// login.mjs - who comes in, and who may do what
//
// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { visit } from "./browser.mjs";
import { Fleet, die, topicOf } from "./programs.mjs";

export const PASSWORD = "correct horse";
const REFUSED = /Failed to load resource.*(401|403|429)/;

/** A fleet with logins. */
export async function guarded(build, ...flags) {
    const own = new Fleet(build);

    await own.registry();
    own.one = await own.node(1);
    own.web = await own.gweb([1], "-auth=on", `-admin_password=${PASSWORD}`, ...flags);
    return own;
}

export async function login(v, name = "admin", password = PASSWORD) {
    await v.get("login-name").fill(name);
    await v.get("login-password").fill(password);
    await v.click("login");
}

export default function logins(test) {
    test("the login in both languages and themes, wide and on a phone", async ({ browser, build, shots }) => {
        const own = await guarded(build);

        for (const [lang, theme] of [["en", "light"], ["en", "dark"], ["zh", "light"], ["zh", "dark"]]) {
            const v = await visit(browser, own.web.url, { lang, theme });

            await v.open("/");
            await v.get("login-form").waitFor();
            await v.page.screenshot({ path: join(shots, `login-${lang}-${theme}.png`) });
            await v.page.setViewportSize({ width: 390, height: 844 });
            assert.ok(await v.overflow() <= 0);
            await v.page.screenshot({ path: join(shots, `login-${lang}-${theme}-phone.png`) });
            await v.close();
        }
        await own.stop();
    });

    test("nobody sees anything without a login; after it one is where one wanted to be", async ({ browser, build }) => {
        const own = await guarded(build), v = await visit(browser, own.web.url);

        v.allowed.push(REFUSED);
        await v.open("/nodes");
        await v.get("login-form").waitFor();
        assert.equal(await v.get("node").count(), 0);
        await login(v, "admin", "wrong password");
        await v.get("login-error").waitFor();
        await login(v);
        await v.get("node").waitFor();
        assert.equal(new URL(v.page.url()).pathname, "/nodes");
        assert.equal(await v.page.evaluate(() => document.cookie), "");
        const [cookie] = await v.context.cookies();

        assert.deepEqual([cookie.httpOnly, cookie.sameSite, cookie.path], [true, "Strict", "/"]);
        await v.click("user-menu");
        await v.click("logout");
        await v.get("login-form").waitFor();
        await v.context.addCookies([{ ...cookie }]);
        await v.open("/nodes");
        await v.get("login-form").waitFor();
        await v.close();
        await own.stop();
    });

    test("the login leads nowhere else than to these pages", async ({ browser, build }) => {
        const own = await guarded(build), v = await visit(browser, own.web.url);

        for (const next of ["//evil.example/", "https://evil.example/", "/\\evil.example"]) {
            await v.open(`/login?next=${encodeURIComponent(next)}`);
            await login(v);
            await v.get("attention").waitFor();
            assert.equal(v.page.url(), `${own.web.url}/`);
            await v.context.clearCookies();
        }
        await v.close();
        await own.stop();
    });

    test("an admin adds a viewer, who sees all and changes nothing", async ({ browser, build }) => {
        const own = await guarded(build), admin = await visit(browser, own.web.url);
        const viewer = await visit(browser, own.web.url);

        viewer.allowed.push(REFUSED);
        await die(own.one, "view.me", ["x"], "why");
        await admin.open("/settings");
        await login(admin);
        await admin.click("user-add");
        await admin.get("user-name").fill("vera");
        await admin.get("user-password").fill("battery staple");
        await admin.click("confirm");
        await admin.sees("users", "vera");

        await viewer.open("/dead/1/view.me");
        await login(viewer, "vera", "battery staple");
        await viewer.sees("redrive", "Redrive 1");
        assert.ok(await viewer.get("redrive").isDisabled());
        assert.ok(await viewer.get("delete").isDisabled());
        const status = await viewer.page.evaluate(() => fetch("/api/nodes/1/v1/topics/view.me/dead/delete",
            { method: "POST", headers: { "Content-Type": "application/json" }, body: '{"all":true}' })
            .then((a) => a.status));

        assert.equal(status, 403);
        assert.equal((await topicOf(own.one, "view.me")).dead, 1);
        await viewer.open("/send");
        await viewer.get("send-topic").fill("view.me");
        assert.ok(await viewer.get("send").isDisabled());
        await viewer.open("/settings");
        assert.equal(await viewer.get("users").count(), 0);
        await admin.open("/audit");
        await admin.sees("audit", "vera");
        await admin.sees("audit", "ROLE");

        await admin.open("/settings");
        await admin.get("users").locator("tr", { hasText: "vera" }).getByTestId("user-delete").click();
        await admin.click("confirm");
        await viewer.get("login-form").waitFor();
        await admin.close();
        await viewer.close();
        await own.stop();
    });

    test("one's own password is changed, and the old one is of no use", async ({ browser, build }) => {
        const own = await guarded(build), v = await visit(browser, own.web.url);

        v.allowed.push(REFUSED);
        await v.open("/settings");
        await login(v);
        await v.get("password-old").fill(PASSWORD);
        await v.get("password-new").fill("a new password");
        await v.get("password-again").fill("a new password");
        await v.click("password-save");
        await v.get("toast").or(v.get("login-form")).first().waitFor();
        await v.context.clearCookies();
        await v.open("/nodes");
        await login(v);
        await v.get("login-error").waitFor();
        await login(v, "admin", "a new password");
        await v.get("node").waitFor();
        await v.close();
        await own.stop();
    });
}
