/* legacy.c - the original's flags and its way to log; see legacy.h. SPDX-License-Identifier: MIT */
#include "gclient/legacy.h"

#include "gclient/flags.h"
#include "gclient/out.h"
#include "net/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define FIELD(name) offsetof(struct legacy, name)

/* Sorted by name, as Go's flag package prints them; what the original has not is not shown. */
static const struct flag table[] = {
    {"cmd", "string", "command name (default \"push\")", FLAG_TEXT, FIELD(cmd), 0, 0, 1},
    {"msg_id", "string", "the id of message.", FLAG_TEXT, FIELD(msg_id), 0, 0, 1},
    {"node_addr", "string", "node address (default \"127.0.0.1:9503\")", FLAG_TEXT, FIELD(node_addr), 0, 0, 1},
    {"pop_num", "int", "the number of pop, default to 100. (default 100)", FLAG_NUMBER, FIELD(pop_num), INT64_MIN,
     INT64_MAX, 1},
    {"push_num", "int", "the number of push, default to 100. (default 100)", FLAG_NUMBER, FIELD(push_num), INT64_MIN,
     INT64_MAX, 1},
    {"register_addr", "string", "the address of register (default \"127.0.0.1:9595\")", FLAG_TEXT,
     FIELD(register_addr), 0, 0, 1},
    {"auto_ack", "int", NULL, FLAG_NUMBER, FIELD(auto_ack), 0, 1, 1},
    {"topic", "string", "topic name (default \"golang\")", FLAG_TEXT, FIELD(topic), 0, 0, 1},
};
enum { ROW_POP_NUM = 3 };

static void print_usage(FILE *to)
{
    (void)fprintf(to, "Usage of gclient:\n");
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (table[i].help)
            (void)fprintf(to, "  -%s %s\n    \t%s\n", table[i].name, table[i].value, table[i].help);
}

PRINTF_LIKE(2, 0) static void say(FILE *to, const char *fmt, va_list ap)
{
    char when[OUT_TIME_BYTES];

    out_log_time(when);
    (void)fprintf(to, "%s ", when);
    (void)vfprintf(to, fmt, ap);
    (void)fputc('\n', to);
}

void legacy_say(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(stdout, fmt, ap);
    va_end(ap);
}

int legacy_fail(const char *fmt, ...)
{
    va_list ap;

    (void)fflush(stdout);
    va_start(ap, fmt);
    say(stderr, fmt, ap);
    va_end(ap);
    return EXIT_FAILED;
}

static int run_timed(const struct legacy *legacy)
{
    char took[OUT_DURATION_BYTES];
    uint64_t start_ns = clock_boot_ns();

    int code = legacy_run(legacy);
    if (code == LEGACY_UNKNOWN)
        return legacy_fail("unknown '%s' command.", legacy->cmd);
    if (code != EXIT_OK)
        return code;
    if (!out_flush())
        return legacy_fail("standard output cannot be written");
    out_duration(clock_boot_ns() - start_ns, took);
    (void)legacy_fail("%s in total.", took);
    return EXIT_OK;
}

int legacy_main(int argc, char **argv)
{
    struct flags flags = {.table = table, .count = ARRAY_LEN(table), .commands = 1, .stop_at_word = true};
    struct legacy legacy = {.cmd = "push",
                            .topic = "golang",
                            .node_addr = "127.0.0.1:9503",
                            .register_addr = "127.0.0.1:9595",
                            .msg_id = "",
                            .push_num = 100,
                            .pop_num = 100,
                            .auto_ack = 1};
    struct flags_result result = {.words = calloc((size_t)argc, sizeof(char *))};
    int code;

    if (!result.words)
        return legacy_fail("no memory");
    if (!flags_read(&flags, argc, argv, &legacy, &result)) {
        (void)fprintf(stderr, "%s\n", result.error);
        print_usage(stderr);
        code = EXIT_USAGE;
    } else if (result.help) {
        print_usage(stdout);
        code = out_flush() ? EXIT_OK : EXIT_FAILED;
    } else {
        /* A pipe sees every line at once: pop_loop and pop_by_weight never end. */
        (void)setvbuf(stdout, NULL, _IOLBF, 0);
        legacy.pop_num_given = result.given[ROW_POP_NUM];
        code = run_timed(&legacy);
    }
    free(result.words);
    return code;
}
