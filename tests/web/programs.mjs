// programs.mjs - the programs that the browser tests run against: real ones, on free ports, in a scratch folder
//
// A program is awaited by its log lines. What was started is ended, by its process id. A sanitizer's report in its
// output fails the test that stops it.
//
// SPDX-License-Identifier: MIT
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

export const SLOW = Number(process.env.GMQ_SLOW ?? 1);
export const DEADLINE_MS = 15000 * SLOW;
const REPORTS = /AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:|gmq stops, this must hold/;

/** A port that is free now; for a program that is to come back where it was. */
export function freePort() {
    return new Promise((resolve, reject) => {
        const server = createServer();

        server.once("error", reject);
        server.listen(0, "127.0.0.1", () => {
            const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());

            server.close(() => resolve(port));
        });
    });
}

/** A running program and its output. */
export class Program {
    constructor(path, flags, cwd) {
        const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("GMQ_")));

        this.name = path.replace(/^.*\//, "");
        this.output = "";
        this.ended = false;
        this.waiting = new Set();
        this.child = spawn(path, flags, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
        for (const stream of [this.child.stdout, this.child.stderr]) {
            stream.setEncoding("utf8");
            stream.on("data", (text) => {
                this.output += text;
                this.waiting.forEach((look) => look());
            });
        }
        this.end = new Promise((resolve) => this.child.on("exit", (code, signal) => {
            this.ended = true;
            this.waiting.forEach((look) => look());
            resolve(code ?? signal);
        }));
    }

    /** Waits for a line of its output; returns the match. */
    line(pattern) {
        return new Promise((resolve, reject) => {
            const give = (action, value) => {
                clearTimeout(timer);
                this.waiting.delete(look);
                action(value);
            };
            const look = () => {
                const match = pattern.exec(this.output);

                if (match) {
                    give(resolve, match);
                } else if (this.ended) {
                    give(reject, new Error(`${this.name} ended without ${pattern}:\n${this.output.slice(-3000)}`));
                }
            };
            const timer = setTimeout(() => give(reject, new Error(`${this.name} runs without ${pattern}:\n${
                this.output.slice(-3000)}`)), DEADLINE_MS);

            this.waiting.add(look);
            look();
        });
    }

    /** Ends it; waits until it is gone. */
    async stop(signal = "SIGTERM") {
        if (!this.ended) {
            this.child.kill(signal);
        }
        const late = setTimeout(() => this.child.kill("SIGKILL"), DEADLINE_MS);

        await this.end;
        clearTimeout(late);
        if (REPORTS.test(this.output)) {
            throw new Error(`${this.name} reported:\n${this.output.slice(-6000)}`);
        }
    }
}

/** A fleet in a scratch folder: a registry, nodes, gweb. stop() ends all that it started. */
export class Fleet {
    constructor(build) {
        this.build = build;
        this.folder = mkdtempSync(join(process.env.TMPDIR ?? "/var/tmp", "gmq-web-"));
        this.programs = [];
    }

    run(name, ...flags) {
        const program = new Program(join(this.build, name), flags, this.folder);

        this.programs.push(program);
        return program;
    }

    async registry(port = 0) {
        const program = this.run("gregister", `-http_addr=127.0.0.1:${port}`, "-data_save_path=register");

        program.http = (await program.line(/listening on http:\/\/(\S+)/))[1];
        await program.line(/is ready/);
        this.register = `http://${program.http}`;
        return program;
    }

    /** A node; listed: it registers itself. */
    async node(id, ...flags) {
        const listed = flags.some((flag) => flag.startsWith("-register_addr")) ? []
            : [`-register_addr=${this.register}`];
        const program = this.run("gnode", "-tcp_addr=127.0.0.1:0", "-http_addr=127.0.0.1:0", `-node_id=${id}`,
            `-data_save_path=node${id}`, ...listed, ...flags);

        program.id = id;
        program.tcp = (await program.line(/listening on tcp:\/\/(\S+)/))[1];
        program.http = (await program.line(/listening on http:\/\/(\S+)/))[1];
        await program.line(/is ready/);
        if (listed.length > 0) {
            await program.line(/registered at/);
        }
        return program;
    }

    /** gweb, when it has heard of as many nodes as there are to be. */
    async gweb(nodes, ...flags) {
        const program = this.run("gweb", "-web_addr=127.0.0.1:0", `-register_addr=${this.register}`,
            "-data_save_path=web",
            ...(flags.some((flag) => flag.startsWith("-auth")) ? [] : ["-auth=off"]), ...flags);

        program.url = `http://${(await program.line(/listening on http:\/\/(\S+)/))[1]}`;
        await program.line(/is ready/);
        for (const id of nodes) {
            await program.line(new RegExp(`node ${id} at \\S+ is up`));
        }
        return program;
    }

    async stop() {
        for (const program of this.programs.reverse()) {
            await program.stop();
        }
        if (!process.env.GMQ_KEEP) {
            rmSync(this.folder, { recursive: true, force: true });
        }
    }
}

/** An operation of a node, straight: method, path below /api/v1/, JSON. Throws what was refused. */
export async function call(node, method, path, body, client = "worker-1") {
    const answer = await fetch(`http://${node.http}/api/v1/${path}`, { method,
        headers: { "Content-Type": "application/json", "Gmq-Client": client },
        body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await answer.text();

    if (!answer.ok) {
        throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    }
    return text === "" ? null : JSON.parse(text);
}

export const push = (node, topic, messages) =>
    call(node, "POST", `topics/${encodeURIComponent(topic)}/messages`, { messages }).then((a) => a.ids);
export const pop = (node, topic, count, client) =>
    call(node, "POST", "deliveries", { topic, count }, client).then((a) => a.messages);
export const ack = (node, topic, ids) => call(node, "POST", `topics/${encodeURIComponent(topic)}/acks`, { ids });
export const reject = (node, topic, ids, reason) =>
    call(node, "POST", `topics/${encodeURIComponent(topic)}/nacks`, { ids, reject: true, reason });
export const topicOf = (node, topic) => call(node, "GET", `topics/${encodeURIComponent(topic)}`);

/** Messages that are dead: pushed, popped, rejected. Returns their ids. */
export async function die(node, topic, bodies, reason) {
    const ids = await push(node, topic, bodies.map((body) => ({ body })));

    for (let left = ids.length; left > 0;) {
        const popped = await pop(node, topic, left);        /* no more than 1 MiB at a time */

        await reject(node, topic, popped.map((m) => m.id), reason);
        left -= popped.length;
    }
    return ids;
}
