/* command.c - see command.h. SPDX-License-Identifier: MIT */
#include "gclient/command.h"

#include "gclient/out.h"

#include <stdio.h>
#include <stdlib.h>

#define FIELD(name) offsetof(struct values, name)

const struct flag COMMAND_FLAGS[] = {
    {"node", "ADDR", "TCP address of the node [GMQ_NODE, 127.0.0.1:9503]", FLAG_TEXT, FIELD(node), 0, 0, FOR_TCP},
    {"http", "ADDR", "HTTP address of the node [GMQ_HTTP, 127.0.0.1:9504]", FLAG_TEXT, FIELD(http), 0, 0, FOR_HTTP},
    {"register", "ADDR", "address of the registry, or a comma list [GMQ_REGISTER, 127.0.0.1:9595]", FLAG_TEXT,
     FIELD(registry), 0, 0, FOR_NODES},
    {"delay", "TIME", "deliver after this time: 20 (seconds), 30m, 1h30m, 3d", FLAG_TIME, FIELD(delay_ms), 0,
     (int64_t)GMQ_DELAY_S_MAX * 1000, FOR_PUSH},
    {"count", "N", "how many messages [1]", FLAG_NUMBER, FIELD(count), 1, INT64_C(1000000000000),
     FOR_PUSH | FOR_POP | FOR_DEAD},
    {"suffix", "TEXT", "append TEXT and a running number from 0 to every body", FLAG_TEXT, FIELD(suffix), 0, 0,
     FOR_PUSH},
    {"ack", NULL, "ack every message once it is printed", FLAG_SWITCH, FIELD(ack), 0, 0, FOR_POP},
    {"raw", NULL, "print the bodies as they are, and nothing else", FLAG_SWITCH, FIELD(raw), 0, 0, FOR_POP | FOR_DEAD},
    {"original", NULL, "the node is an original one: ask for JSON replies only", FLAG_SWITCH, FIELD(original), 0, 0,
     FOR_POP | FOR_DEAD},
    {"quiet", NULL, "do not print the ids", FLAG_SWITCH, FIELD(quiet), 0, 0, FOR_PUSH},
    {"no-progress", NULL, "no progress bar", FLAG_SWITCH, FIELD(no_progress), 0, 0, FOR_PUSH},
    {"json", NULL, "print one JSON object a line", FLAG_SWITCH, FIELD(json), 0, 0, FOR_ALL},
    {"timeout", "TIME", "give up a request after this time: 10 (seconds), 500ms [10s]", FLAG_TIME, FIELD(timeout_ms), 1,
     INT64_C(86400000), FOR_ALL},
};
const size_t COMMAND_FLAGS_COUNT = ARRAY_LEN(COMMAND_FLAGS);

const struct command COMMANDS[] = {
    {"push", FOR_PUSH, "TOPIC BODY", 2, 2, "push a message, or many",
     "Prints the ids. BODY - is read from standard input, to its end. Many messages are pipelined.\n",
     "  gclient push mail 'hello'\n"
     "  gclient push mail - --delay 1h30m < letter.bin\n"
     "  gclient push load job --count 100000 --suffix _ --quiet\n",
     push_run},
    {"pop", FOR_POP, "TOPIC", 1, 1, "take messages",
     "Prints id, retry count and body of each; odd bytes are shown as \\xNN. Stops when the topic is empty.\n"
     "What is not acked within the node's time to run is delivered again.\n",
     "  gclient pop mail\n"
     "  gclient pop mail --count 100 --ack --json\n"
     "  gclient pop mail --raw --ack > letter.bin\n",
     pop_run},
    {"ack", FOR_ACK, "TOPIC ID...", 2, FLAGS_WORDS_MAX, "say that messages are done", "",
     "  gclient ack mail 1309082545060581376\n", ack_run},
    {"dead", FOR_DEAD, "TOPIC", 1, 1, "take dead messages off the node, for good", "",
     "  gclient dead mail --count 10 --json >> dead.jsonl\n", dead_run},
    {"set", FOR_SET, "TOPIC on|off", 2, 2, "switch auto-ack: messages are done once popped", "",
     "  gclient set metrics on\n", set_run},
    {"stat", FOR_STAT, "[TOPIC]", 0, 1, "show the figures of a topic, or of all together", "",
     "  gclient stat mail\n"
     "  gclient stat mail --json --http 10.0.0.7:9504\n",
     stat_run},
    {"topics", FOR_TOPICS, "", 0, 0, "list the topics with their figures", "",
     "  gclient topics\n", topics_run},
    {"nodes", FOR_NODES, "", 0, 0, "list the nodes that the registry knows", "",
     "  gclient nodes --register http://10.0.0.1:9595,http://10.0.0.2:9595\n", nodes_run},
};
const size_t COMMANDS_COUNT = ARRAY_LEN(COMMANDS);

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < COMMANDS_COUNT; i++)
        if (strcmp(COMMANDS[i].name, name) == 0)
            return &COMMANDS[i];
    return NULL;
}

static const char *from_env(const char *name, const char *fallback)
{
    const char *value = getenv(name);

    return value && value[0] != '\0' ? value : fallback;
}

int command_main(const struct command *command, int argc, char **argv)
{
    struct flags flags = {.table = COMMAND_FLAGS, .count = COMMAND_FLAGS_COUNT, .commands = command->bit};
    struct job job = {.values = {.node = from_env("GMQ_NODE", "127.0.0.1:9503"),
                                 .http = from_env("GMQ_HTTP", "127.0.0.1:9504"),
                                 .registry = from_env("GMQ_REGISTER", "127.0.0.1:9595"),
                                 .timeout_ms = 10000,
                                 .count = 1}};
    struct flags_result result = {.words = calloc((size_t)argc, sizeof(char *))};
    int code;

    if (!result.words)
        return out_error(EXIT_FAILED, "no memory");
    job.words = result.words;
    if (!flags_read(&flags, argc - 1, argv + 1, &job.values, &result)) {
        code = out_error(EXIT_USAGE, "%s\ntry: gclient help %s", result.error, command->name);
    } else if (result.help) {
        command_help(command);
        code = out_flush() ? EXIT_OK : EXIT_FAILED;
    } else if (result.word_count < command->words_min || result.word_count > command->words_max) {
        code = out_error(EXIT_USAGE, "usage: gclient %s %s\ntry: gclient help %s", command->name, command->words,
                         command->name);
    } else {
        job.word_count = result.word_count;
        code = command->run(&job);
        if (!out_flush() && code == EXIT_OK)
            code = out_error(EXIT_FAILED, "standard output cannot be written");
    }
    free(result.words);
    return code;
}

static void help_flags(unsigned bits)
{
    char left[64];

    for (size_t i = 0; i < COMMAND_FLAGS_COUNT; i++) {
        const struct flag *flag = &COMMAND_FLAGS[i];
        if ((flag->commands & bits) == 0)
            continue;
        (void)snprintf(left, sizeof(left), "--%s%s%s", flag->name, flag->value ? " " : "",
                       flag->value ? flag->value : "");
        (void)printf("  %-16s %s\n", left, flag->help);
    }
}

static void help_all(void)
{
    char left[64];

    (void)printf("gclient - push, pop and look after messages of gmq\n\nusage: gclient COMMAND [WORDS] [FLAGS]\n\n");
    for (size_t i = 0; i < COMMANDS_COUNT; i++) {
        (void)snprintf(left, sizeof(left), "%s %s", COMMANDS[i].name, COMMANDS[i].words);
        (void)printf("  %-16s %s\n", left, COMMANDS[i].summary);
    }
    (void)printf("  %-16s %s\n", "help [COMMAND]", "this text, or more about a command, with examples");
    (void)printf("\nflags of several commands:\n");
    help_flags(FOR_ALL & ~(FOR_PUSH | FOR_POP | FOR_DEAD | FOR_ACK));
    (void)printf("  %-16s %s\n", "--version", "print the version");
    (void)printf("\nexit codes: 0 ok, 1 failed, 2 usage, 3 nothing to pop, 4 cannot connect, 5 refused, 6 not found\n"
                 "examples:\n");
    for (size_t i = 0; i < COMMANDS_COUNT; i++)
        (void)printf("%.*s\n", (int)strcspn(COMMANDS[i].examples, "\n"), COMMANDS[i].examples);
    (void)printf("\nThe original's form, gclient -cmd=push -topic=t ..., works unchanged: gclient -help\n");
}

void command_help(const struct command *command)
{
    if (!command) {
        help_all();
        return;
    }
    (void)printf("gclient %s %s\n\n%s\n%s\n", command->name, command->words, command->summary, command->details);
    help_flags(command->bit);
    (void)printf("\nexamples:\n%s", command->examples);
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
