/*
 * sim.c - gmqsim: many lives of a broker, each from its own seed
 *
 *   gmqsim --seeds N [--from X] [--steps N] [--jobs N]   lives of the seeds X..X+N-1, in N processes (one a core)
 *   gmqsim --seed X [--steps N]                          one life, everything that happens on standard output
 *
 * Every 1000 lives a line says from which seed on to go on later (--from). Ends with a line "N passed, N failed"; exit
 * status 1 when one failed.
 *
 * Workers take the next seed that nobody has lived, one after the other. A life that goes wrong ends its worker, and a
 * new one takes its place; so does a worker that has lived enough, with memory as it was in the beginning.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sim/life.h"

#include <getopt.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STEPS = 1500, ALARM_S = 120, JOBS_MAX = 64, LIVES_MAX = 500, TELL_EVERY = 1000, KEEP_BYTES = 64 << 20 };

struct plan {
    uint64_t seeds, from, seed, steps, jobs;
    bool one;
};

/* Shared by all workers; numbers of lives, from 0. */
struct board {
    _Atomic uint64_t next, done, failed;
    _Atomic uint64_t lives[JOBS_MAX]; /* what each worker lives; UINT64_MAX = nothing */
};

static uint64_t number(const char *text)
{
    char *end;
    uint64_t value = strtoull(text, &end, 10);

    if (*text == '\0' || *end != '\0') {
        (void)fprintf(stderr, "gmqsim: '%s' is no number\n", text);
        exit(2);
    }
    return value;
}

static struct plan read_plan(int argc, char **argv)
{
    static const struct option OPTIONS[] = {
        {"seeds", required_argument, NULL, 'n'}, {"from", required_argument, NULL, 'f'},
        {"seed", required_argument, NULL, 's'},  {"steps", required_argument, NULL, 't'},
        {"jobs", required_argument, NULL, 'j'},  {NULL, 0, NULL, 0},
    };
    struct plan plan = {.seeds = 100, .from = 1, .steps = STEPS, .jobs = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN)};
    int option;

    while ((option = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1) {
        switch (option) {
        case 'n':
            plan.seeds = number(optarg);
            break;
        case 'f':
            plan.from = number(optarg);
            break;
        case 's':
            plan.seed = number(optarg);
            plan.one = true;
            break;
        case 't':
            plan.steps = min_u64(number(optarg), UINT32_MAX);
            break;
        case 'j':
            plan.jobs = number(optarg);
            break;
        default:
            (void)fprintf(stderr, "usage: gmqsim --seeds N [--from X] [--steps N] [--jobs N]\n"
                                  "       gmqsim --seed X [--steps N]\n");
            exit(2);
        }
    }
    plan.jobs = min_u64(max_u64(plan.jobs, 1), JOBS_MAX);
    return plan;
}

/* ---- workers ----------------------------------------------------------------------------------------------------- */

static void tell(const struct plan *plan, const struct board *board, uint64_t done)
{
    uint64_t all_below = min_u64(board->next, plan->seeds);

    for (size_t i = 0; i < plan->jobs; i++)
        all_below = min_u64(all_below, board->lives[i]);
    (void)printf("%" PRIu64 " of %" PRIu64 " lives, %" PRIu64 " failed; to go on here: --from %" PRIu64
                 " --seeds %" PRIu64 "\n", done, plan->seeds, (uint64_t)board->failed, plan->from + all_below,
                 plan->seeds - all_below);
    (void)fflush(stdout);
}

/* Lives until there is nothing to live, or long enough. */
static _Noreturn void work(const struct plan *plan, struct board *board, size_t worker)
{
    /* Large pieces stay with the process from one life to the next, so that their pages are not made anew each time. */
    (void)mallopt(M_MMAP_THRESHOLD, KEEP_BYTES / 2);
    (void)mallopt(M_TRIM_THRESHOLD, KEEP_BYTES);
    for (int i = 0; i < LIVES_MAX; i++) {
        uint64_t life = atomic_fetch_add(&board->next, 1);
        if (life >= plan->seeds)
            break;
        board->lives[worker] = life;
        (void)alarm(ALARM_S);
        life_live(plan->from + life, (uint32_t)plan->steps, false);
        board->lives[worker] = UINT64_MAX;
        uint64_t done = atomic_fetch_add(&board->done, 1) + 1;
        if (done % TELL_EVERY == 0)
            tell(plan, board, done);
    }
    exit(0);
}

static pid_t hire(const struct plan *plan, struct board *board, size_t worker)
{
    board->lives[worker] = UINT64_MAX;
    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        work(plan, board, worker);
    if (child < 0) {
        perror("gmqsim");
        exit(2);
    }
    return child;
}

/* A worker has ended within a life: the life failed. */
static void bury(const struct plan *plan, struct board *board, size_t worker, int status)
{
    uint64_t seed = plan->from + board->lives[worker];

    if (WIFSIGNALED(status))
        (void)fprintf(stderr, "seed %" PRIu64 ": %s\n", seed, strsignal(WTERMSIG(status)));
    (void)fprintf(stderr, "to see it again: gmqsim --seed %" PRIu64 " --steps %u\n", seed, (unsigned)plan->steps);
    board->failed++;
    board->done++;
}

static uint64_t live_all(const struct plan *plan)
{
    struct board *board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t workers[JOBS_MAX];
    size_t busy = plan->jobs;

    if (board == MAP_FAILED) {
        perror("gmqsim");
        exit(2);
    }
    for (size_t i = 0; i < plan->jobs; i++)
        workers[i] = hire(plan, board, i);
    while (busy > 0) {
        int status;
        pid_t child = waitpid(-1, &status, 0);
        for (size_t i = 0; i < plan->jobs; i++) {
            if (workers[i] != child)
                continue;
            if (board->lives[i] != UINT64_MAX)
                bury(plan, board, i, status);
            workers[i] = board->next < plan->seeds ? hire(plan, board, i) : 0;
            busy -= workers[i] == 0;
        }
    }
    uint64_t failed = board->failed + (plan->seeds - board->done); /* a worker that ended between two lives */
    (void)munmap(board, sizeof(*board));
    return failed;
}

int main(int argc, char **argv)
{
    struct plan plan = read_plan(argc, argv);
    uint64_t failed = 0;

    if (plan.one) {
        life_live(plan.seed, (uint32_t)plan.steps, true);
        plan.seeds = 1;
    } else {
        failed = live_all(&plan);
    }
    (void)printf("%" PRIu64 " passed, %" PRIu64 " failed\n", plan.seeds - failed, failed);
    return failed > 0;
}
