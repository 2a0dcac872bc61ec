/* command.c - a command from its line to its exit code; see command.h. SPDX-License-Identifier: MIT */
#include "gclient/command.h"

#include "gclient/help.h"
#include "gclient/out.h"
#include "gclient/where.h"

#include <stdlib.h>

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < COMMANDS_COUNT; i++)
        if (strcmp(COMMANDS[i].name, name) == 0)
            return &COMMANDS[i];
    return NULL;
}

struct values command_defaults(const struct command *command)
{
    struct limits none = {-1, -1};

    return (struct values){.timeout_ms = 10000,
                           .wait_ms = COMMAND_NO_WAIT,
                           .delay_ms = (command->bit & (FOR_PUSH | FOR_BENCH)) != 0 ? 0 : COMMAND_NOT_GIVEN,
                           .count = (command->bit & (FOR_PUSH | FOR_POP | FOR_DEAD)) != 0 ? 1 : 0,
                           .clients = 8,
                           .in_flight = 16,
                           .batch = 1,
                           .size = 128,
                           .interval_ms = command->bit == FOR_TOP ? 1000 : command->bit == FOR_TAIL ? 500 : 100,
                           .ttr_ms = COMMAND_NOT_GIVEN,
                           .max_retries = -1,
                           .ready = none,
                           .delayed = none,
                           .flying = none,
                           .dead = none,
                           .format = ""};
}

/* A monitor takes 2 for critical; a wrong command line is 3 there, unknown. */
static int usage_exit(const struct command *command)
{
    return command->bit == FOR_CHECK ? EXIT_CHECK_UNKNOWN : EXIT_USAGE;
}

static int run(const struct command *command, struct job *job)
{
    struct where where;
    char error[WHERE_ERROR_BYTES];
    int code;

    if ((command->bit & FOR_ASKING) == 0) {
        code = command->run(job);
    } else {
        code = where_settle(&where, command->bit, &job->values, error) ? command->run(job)
                                                                       : out_error(usage_exit(command), "%s", error);
        where_free(&where);
    }
    if (!out_flush() && code == EXIT_OK)
        code = out_error(EXIT_FAILED, "standard output cannot be written");
    return code;
}

int command_main(const struct command *command, int argc, char **argv)
{
    struct flags flags = {.table = COMMAND_FLAGS, .count = COMMAND_FLAGS_COUNT, .commands = command->bit};
    struct job job = {.values = command_defaults(command)};
    struct flags_result result = {.words = calloc((size_t)argc, sizeof(char *))};
    int code;

    if (!result.words)
        return out_error(EXIT_FAILED, "no memory");
    job.words = result.words;
    if (!flags_read(&flags, argc - 1, argv + 1, &job.values, &result)) {
        code = out_error(usage_exit(command), "%s\ntry: gclient help %s", result.error, command->name);
    } else if (result.help) {
        code = help_print(command);
    } else if (result.word_count < command->words_min || result.word_count > command->words_max) {
        code = out_error(usage_exit(command), "usage: gclient %s %s\ntry: gclient help %s", command->name,
                         command->words, command->name);
    } else {
        job.word_count = result.word_count;
        code = run(command, &job);
    }
    free(result.words);
    return code;
}

struct gmq *command_node(const struct values *values)
{
    struct gmq_options options = {.timeout_ms = (unsigned)values->timeout_ms,
                                  .connect_timeout_ms = (unsigned)values->timeout_ms,
                                  .flags = values->original ? GMQ_F_JSON : 0};
    struct gmq *mq = gmq_new(values->node, &options);

    if (!mq)
        (void)out_error(EXIT_FAILED, "--node: no memory, or an address of more than 255 bytes");
    return mq;
}

int command_failed(const struct gmq *mq, int err)
{
    const char *text = gmq_error_text(mq);

    if (err == GMQ_ERR_UNKNOWN_OUTCOME)
        return out_error(out_exit_code(err), "%s (%s)", gmq_strerror(err), text);
    return out_error(out_exit_code(err), "%s", text[0] ? text : gmq_strerror(err));
}
