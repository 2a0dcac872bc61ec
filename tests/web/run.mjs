// run.mjs - the browser tests: real programs, a real Chromium
//
//     node tests/web/run.mjs --build DIR [-k PATTERN] [--shots DIR] [--jobs N]
//
// Prints a line of JSON a test, {name, seconds, wrong}; tests/run.py web makes of it what its other suites print.
// A test is `test(name, async ({ browser, fleet, .. }) => ..)`; a few run at a time and share one fleet of a registry,
// two nodes and gweb without logins, each with topics of its own. What breaks or counts things brings its own fleet.
//
// SPDX-License-Identifier: MIT
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { launch } from "./browser.mjs";
import { Fleet } from "./programs.mjs";
import { change, seed } from "./seed.mjs";

const { values: options } = parseArgs({ options: {
    build: { type: "string", default: "build" }, shots: { type: "string", default: "build/web-shots" },
    k: { type: "string", short: "k", default: "" }, jobs: { type: "string", default: "3" } } });
const tests = [];
const test = (name, run) => tests.push({ name, run });

for (const file of ["screens", "jobs", "desk", "steer", "live", "hostile", "login", "attack", "weight"]) {
    (await import(`./${file}.mjs`)).default(test);
}

const shots = resolve(options.shots), build = resolve(options.build);
const fleet = new Fleet(build), browser = await launch();
let failed = 0;

mkdirSync(shots, { recursive: true });
try {
    await fleet.registry();
    fleet.nodes = [await fleet.node(1), await fleet.node(2, "-node_weight=3")];
    fleet.seeded = await seed(fleet.nodes);
    fleet.web = await fleet.gweb([1, 2]);
    await change(fleet.web.url);
    const left = tests.filter((one) => new RegExp(options.k).test(one.name));

    await Promise.all(Array.from({ length: Number(options.jobs) }, async () => {
        for (let one = left.shift(); one; one = left.shift()) {
            await report(one);
        }
    }));
} finally {
    await browser.close();
    await fleet.stop();
}
process.exit(failed > 0 ? 1 : 0);

/** Runs one test, prints its line. */
async function report({ name, run }) {
    const start = performance.now();
    let wrong = null;

    try {
        await run({ browser, fleet, build, shots, url: fleet.web.url, nodes: fleet.nodes, seeded: fleet.seeded });
    } catch (error) {
        wrong = String(error?.stack ?? error);
        failed += 1;
    }
    console.log(JSON.stringify({ name, seconds: (performance.now() - start) / 1000, wrong }));
}
