// seed.mjs - what the shared fleet holds when the tests begin
//
// SPDX-License-Identifier: MIT
import { die, pop, push } from "./programs.mjs";

/** @returns what the tests need to know of it */
export async function seed([one, two]) {
    const order = (n) => ({
        body: JSON.stringify({ order: 1000 + n, user: n % 2 ? "李雷" : "Mia", amount: n * 1.25 }) });
    const many = (n, make) => Array.from({ length: n }, (_, i) => make(i));

    await push(one, "email.send", many(1200, order));
    await push(two, "email.send", many(300, order));
    await push(one, "order.created", many(40, (i) => ({ ...order(i), delay_ms: 3600000 + i })));
    await push(two, "invoice.print", many(25, order));
    const dead = await die(one, "sms.retry", many(140, (i) => `{"to":"+49 30 ${i}","text":"Your code is ${1000 + i}"}`),
        "gateway says 550 no such number");

    await die(one, "image.resize", many(12, (i) => `image-${i}.png`), "out of memory");
    await push(one, "payment.check", many(60, order));
    const held = await pop(one, "payment.check", 20, "worker-7");

    return { dead, held: held.map((m) => m.id) };
}

/** Some changes by way of gweb, so that its audit log has something to tell; one is refused. */
export async function change(url) {
    const calls = [["POST", "nodes/1/v1/topics/email.send/pause", { for_ms: 1 }], ["PATCH", "fleet/2", { weight: 3 }],
        ["POST", "nodes/1/v1/topics/email.send/messages", { body: "by hand" }],
        ["POST", "nodes/1/v1/topics/no.such.topic/purge", { state: "ready" }]];

    for (const [method, path, body] of calls) {
        await fetch(`${url}/api/${path}`, { method, headers: { "Content-Type": "application/json" },
            body: JSON.stringify(body) });
    }
}
