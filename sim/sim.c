/*
 * sim.c - gmqsim: many lives of a broker, each from its own seed
 *
 *   gmqsim --seeds N [--from X] [--steps N]   lives of the seeds X..X+N-1, one process each
 *   gmqsim --seed X [--steps N]               one life, everything that happens on standard output
 *
 * Ends with a line "N passed, N failed"; exit status 1 when one failed.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sim/life.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STEPS = 1500, ALARM_S = 120 };

struct plan {
    uint64_t seeds, from, seed, steps;
    bool one;
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
        {NULL, 0, NULL, 0},
    };
    struct plan plan = {.seeds = 100, .from = 1, .steps = STEPS};
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
        default:
            (void)fprintf(stderr, "usage: gmqsim --seeds N [--from X] [--steps N] | --seed X [--steps N]\n");
            exit(2);
        }
    }
    return plan;
}

/* A process of its own: one that dies takes nobody with it, and each begins with the same memory. */
static bool live_apart(uint64_t seed, uint32_t steps)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        (void)alarm(ALARM_S);
        life_live(seed, steps, false);
        exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
        perror("gmqsim");
        exit(2);
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    if (WIFSIGNALED(status))
        (void)fprintf(stderr, "seed %" PRIu64 ": %s\n", seed, strsignal(WTERMSIG(status)));
    (void)fprintf(stderr, "to see it again: gmqsim --seed %" PRIu64 " --steps %u\n", seed, (unsigned)steps);
    return false;
}

int main(int argc, char **argv)
{
    struct plan plan = read_plan(argc, argv);
    uint64_t failed = 0;

    if (plan.one) {
        life_live(plan.seed, (uint32_t)plan.steps, true);
        plan.seeds = 1;
    }
    for (uint64_t i = 0; i < plan.seeds && !plan.one; i++)
        failed += !live_apart(plan.from + i, (uint32_t)plan.steps);
    (void)printf("%" PRIu64 " passed, %" PRIu64 " failed\n", plan.seeds - failed, failed);
    return failed > 0;
}
