// images.mjs - the pictures of gweb that the documents show, of a node with a shop's traffic (tools/traffic.py)
//
//     node tests/web/images.mjs [--build DIR] [--seconds N] [--to DIR]
//
// Each is a PNG of less than 150 KiB; one that is larger is an error.
//
// SPDX-License-Identifier: MIT
import { mkdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { launch, visit } from "./browser.mjs";
import { Fleet, Program } from "./programs.mjs";

const MOST = 150 * 1024;
const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Name, look, and the way there. The topic that holds pictures has no consumer. */
const PICTURES = [
    ["overview", {}, (v) => v.get("attention-row").first().waitFor()],
    ["topic", {}, async (v) => {
        await v.get("why").first().click();
        await v.get("diagnosis").waitFor();
    }],
    ["dead", { theme: "dark" }, async (v) => {
        await v.get("nav-dead").click();
        await v.get("dead-topic").first().click();
        await v.get("letters").waitFor();
    }],
    ["phone", { width: 390, height: 844, lang: "zh" }, (v) => v.get("attention-row").first().waitFor()],
];

const { values: options } = parseArgs({ options: { build: { type: "string", default: "build" },
    seconds: { type: "string", default: "60" }, to: { type: "string", default: join(ROOT, "docs/images") } } });
const fleet = new Fleet(resolve(options.build)), browser = await launch();

mkdirSync(options.to, { recursive: true });
try {
    await fleet.registry();
    const nodes = [await fleet.node(1), await fleet.node(2, "-node_weight=3")];
    const web = await fleet.gweb([1, 2]);
    const seconds = Number(options.seconds);
    const traffic = nodes.map((node) => new Program("python3", [join(ROOT, "tools/traffic.py"), node.tcp,
        String(seconds + 60)], fleet.folder));

    fleet.programs.push(...traffic);
    await new Promise((done) => setTimeout(done, seconds * 1000));
    for (const [name, look, there] of PICTURES) {
        const v = await visit(browser, web.url, { height: 860, ...look }), path = join(options.to, `${name}.png`);

        await v.open("/");
        await there(v);
        await v.settled();
        await v.page.locator("[data-testid=live][data-state=live]").waitFor();
        await v.page.screenshot({ path, animations: "disabled" });
        await v.close();
        console.log(`${path}: ${statSync(path).size} bytes`);
        if (statSync(path).size > MOST) {
            throw new Error(`${path} is too large`);
        }
    }
} finally {
    await browser.close();
    await fleet.stop();
}
process.exit(0);
