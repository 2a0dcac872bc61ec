/* SPDX-License-Identifier: MIT
 * Jobs of nodes (redrives and deletions of dead letters), followed while they run. Screens read `jobs`; a job is asked
 * for twice a second until it has ended, however many screens show it. */
import { signal } from "/lib/signals.js";
import { get, nodePath, remove } from "./api.js";

/** @typedef {import("./types.js").Job} Job */
/** @typedef {{node: number, job: Job, total: number | null, lost?: boolean}} Followed
 *   total: of how many, as far as known; lost: the node does not answer, or has been started anew */

/** Newest first. */
export const jobs = signal(/** @type {Followed[]} */ ([]));

const EVERY_MS = 500;
const KEPT = 20;

/** @param {Followed} f */
const keyOf = (f) => `${f.node}/${f.job.job}/${f.job.started_at}`;

/** @param {Followed} f */
function keep(f) {
    const at = jobs.peek().findIndex((o) => keyOf(o) === keyOf(f));

    jobs.value = at < 0 ? [f, ...jobs.peek()].slice(0, KEPT) : jobs.peek().map((o, i) => (i === at ? f : o));
}

/** @param {Followed} f */
function poll(f) {
    setTimeout(async () => {
        if (!jobs.peek().some((o) => keyOf(o) === keyOf(f))) {
            return;
        }
        let next;

        try {
            next = { ...f, lost: false, job: await get(nodePath(f.node, "jobs", f.job.job)) };
        } catch {
            next = { ...f, lost: true };
        }
        if (keyOf(next) === keyOf(f)) {
            keep(next);
        }
        if (next.job.state === "running" && keyOf(next) === keyOf(f)) {
            poll(next);
        }
    }, f.lost ? EVERY_MS * 4 : EVERY_MS);
}

/** Follows a job that was begun, or found. @param {number} node @param {Job} job @param {number | null} total */
export function follow(node, job, total) {
    const f = { node, job, total };

    if (!jobs.peek().some((o) => keyOf(o) === keyOf(f))) {
        keep(f);
        if (job.state === "running") {
            poll(f);
        }
    }
}

/** Asks a node for its jobs, and follows those of a topic that run. @param {number} node @param {string} topic
 * @returns {Promise<Job[]>} all of the topic, also those that have ended */
export async function findJobs(node, topic) {
    const found = (await get(nodePath(node, "jobs"))).jobs.filter((/** @type {Job} */ j) => j.topic === topic);

    for (const job of found) {
        if (job.state === "running") {
            follow(node, job, null);
        }
    }
    return found;
}

/** Ends a job; what is done stays done. Throws ApiError. @param {Followed} f */
export async function stop(f) {
    keep({ ...f, job: await remove(nodePath(f.node, "jobs", f.job.job)) });
}

/** Takes a job that has ended off the list. @param {Followed} f */
export function forget(f) {
    jobs.value = jobs.peek().filter((o) => keyOf(o) !== keyOf(f));
}
