// screens.mjs - every screen in both languages and themes, wide and on a phone: nothing in the console, no sideways
// scroll, a picture of each
//
// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { visit } from "./browser.mjs";

const LOOKS = [["en", "light"], ["en", "dark"], ["zh", "light"], ["zh", "dark"]];

/** Name, path, and what shows that it is there. */
const SCREENS = [
    ["overview", () => "/", "attention"],
    ["topics", () => "/topics", "topics"],
    ["topic", () => "/topic/1/email.send", "diagnosis"],
    ["topic-messages", () => "/topic/1/payment.check?tab=messages", "diagnosis"],
    ["dead", () => "/dead", "dead-topics"],
    ["dead-topic", () => "/dead/1/sms.retry", "letters"],
    ["send", () => "/send?node=1&topic=email.send", "send-form"],
    ["nodes", () => "/nodes", "node"],
    ["message", (s) => `/m/${s.dead[0]}`, "timeline"],
    ["audit", () => "/audit", "audit"],
    ["settings", () => "/settings", "set-theme"],
    ["missing", () => "/no/such/page", ""],
];

const TEXTS = new URL("../../web/js/text/en/", import.meta.url);
const KEYS = new Set((await Promise.all(readdirSync(TEXTS).map((name) => import(new URL(name, TEXTS).href))))
    .flatMap((module) => Object.keys(module.default)).filter((key) => /[./]/.test(key)));

/** Texts that were forgotten are shown as their keys. */
async function untranslated(page) {
    return (await page.evaluate(() => document.body.innerText)).split(/\s+/).filter((word) => KEYS.has(word));
}

export default function screens(test) {
    for (const [name, path, shown] of SCREENS) {
        test(`screen ${name} in both languages and themes, wide and on a phone`, async (
        { browser, url, shots, seeded }) => {
            for (const [lang, theme] of LOOKS) {
                const v = await visit(browser, url, { lang, theme });

                await v.open(path(seeded));
                if (shown) {
                    await v.get(shown).first().waitFor();
                }
                assert.equal(await v.page.evaluate(() => document.documentElement.dataset.theme), theme);
                assert.equal((await v.page.evaluate(() => document.documentElement.lang)).slice(0, 2), lang);
                assert.deepEqual(await untranslated(v.page), []);
                await v.page.screenshot({ path: join(shots, `${name}-${lang}-${theme}.png`) });
                await v.page.setViewportSize({ width: 390, height: 844 });
                await v.page.evaluate(() => new Promise((done) => {
                    requestAnimationFrame(() => requestAnimationFrame(done));
                }));
                assert.ok(await v.overflow() <= 0, `${name}: ${await v.overflow()} px too wide on a phone`);
                await v.page.screenshot({ path: join(shots, `${name}-${lang}-${theme}-phone.png`) });
                await v.close();
            }
        });
    }

    test("language and theme are switched in place, and stay", async ({ browser, url }) => {
        const v = await visit(browser, url);

        await v.open("/nodes");
        await v.click("language");
        await v.sees(v.page.locator("h1"), "节点");
        await v.click("theme");
        await v.until(() => document.documentElement.dataset.theme === "dark");
        await v.page.reload();
        await v.sees(v.page.locator("h1"), "节点");
        assert.equal(await v.page.evaluate(() => document.documentElement.dataset.theme), "dark");
        await v.close();
    });

    test("keys alone: search, go, open, back", async ({ browser, url }) => {
        const v = await visit(browser, url), keys = v.page.keyboard;

        await v.open("/");
        await keys.press("g");
        await keys.press("d");
        await v.get("dead-topics").waitFor();
        await v.page.locator("[data-testid=dead-topics] tbody tr").first().focus();
        await keys.press("Enter");
        await v.get("letters").waitFor();
        await v.page.goBack();
        await v.get("dead-topics").waitFor();
        await keys.press("/");
        await keys.type("invoice.p");
        await v.get("found").first().waitFor();
        await keys.press("Enter");
        await v.until(() => location.pathname === "/topic/2/invoice.print");
        await v.settled();
        await keys.press("?");
        await v.get("key-help").waitFor();
        await keys.press("Escape");
        await v.get("key-help").waitFor({ state: "detached" });
        await v.close();
    });
}
