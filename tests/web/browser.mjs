// browser.mjs - Chromium for the tests: pages that fail the test when anything goes to the console, and clicks that
// are counted
//
// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { accessSync } from "node:fs";
import { createRequire } from "node:module";
import { DEADLINE_MS } from "./programs.mjs";

const require = createRequire(new URL("../../web/package.json", import.meta.url));

/** Where Chromium is. */
function chromium() {
    for (const path of [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser",
        "/usr/bin/google-chrome"]) {
        try {
            accessSync(path ?? "");
            return path;
        } catch {
            /* the next one */
        }
    }
    throw new Error("Chromium is missing: run script/deps, or apt-get install chromium");
}

/** Root, as in containers, may not use Chromium's own sandbox. */
export async function launch() {
    const { chromium: engine } = require("playwright-core");

    return engine.launch({ executablePath: chromium(), args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] });
}

/** One visitor: a page of its own, with what went wrong in it. */
export class Visitor {
    constructor(context, page, url) {
        Object.assign(this, { context, page, url, wrong: [], clicks: 0, allowed: [] });
        page.setDefaultTimeout(DEADLINE_MS);
        page.on("console", (m) => ["error", "warning"].includes(m.type())
            && this.wrong.push(`${m.type()}: ${m.text()} ${m.location().url}`));
        page.on("pageerror", (e) => this.wrong.push(`exception: ${e.message}`));
        page.on("dialog", (d) => {
            this.wrong.push(`dialog: ${d.message()}`);
            d.dismiss();
        });
    }

    get = (testid, root = this.page) => root.locator(`[data-testid="${testid}"]`);

    async open(path) {
        await this.page.goto(this.url + path);
        await this.settled();
    }

    /** Until the screen is drawn and live. */
    async settled() {
        await this.page.locator("h1, [data-testid=login-form]").first().waitFor();
        await this.page.locator("[aria-busy=true]").first().waitFor({ state: "detached" });
    }

    /** A click as a person makes it, counted. */
    async click(what) {
        this.clicks += 1;
        await (typeof what === "string" ? this.get(what).first() : what).click();
    }

    /** Waits until a function of the page is true. */
    until(f, arg) {
        return this.page.waitForFunction(f, arg, { polling: 50 });
    }

    /** Waits for a text in an element. */
    async sees(locator, text) {
        await (typeof locator === "string" ? this.get(locator) : locator).filter({ hasText: text }).first().waitFor();
    }

    /** How much wider the page is than the window. */
    overflow() {
        return this.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    }

    /** Nothing went wrong but what was allowed. */
    async close() {
        const wrong = this.wrong.filter((text) => !this.allowed.some((pattern) => pattern.test(text)));

        await this.context.close();
        assert.deepEqual(wrong, []);
    }
}

/**
 * A visitor with a language and a theme.
 * @param {import("playwright-core").Browser} browser @param {string} url
 */
export async function visit(browser, url, { lang = "en", theme = "light", width = 1360, height = 900 } = {}) {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme,
        locale: lang === "zh" ? "zh-CN" : "en-GB", acceptDownloads: true });

    return new Visitor(context, await context.newPage(), url);
}
