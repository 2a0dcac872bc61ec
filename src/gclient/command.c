/* command.c - see command.h. SPDX-License-Identifier: MIT */
#include "gclient/command.h"

#include "gclient/help.h"
#include "gclient/out.h"
#include "gclient/where.h"

#include <stdlib.h>

#define FIELD(name) offsetof(struct values, name)

enum { MANY = FOR_PUSH | FOR_POP | FOR_DEAD };

#define COUNT_MAX INT64_C(1000000000000)
#define DAY_MS INT64_C(86400000)

const struct flag COMMAND_FLAGS[] = {
    {"node", "ADDR", "TCP address of the node [127.0.0.1:9503]", FLAG_TEXT, FIELD(node), 0, 0, FOR_TCP | FOR_CONTEXT},
    {"http", "ADDR", "HTTP address of the node [127.0.0.1:9504]", FLAG_TEXT, FIELD(http), 0, 0,
     FOR_HTTP | FOR_CONTEXT},
    {"register", "ADDR", "address of the registry, or a comma list [127.0.0.1:9595]", FLAG_TEXT, FIELD(registry), 0, 0,
     FOR_NODES | FOR_CONTEXT},
    {"context", "CONTEXT", "take addresses that are not given from this context", FLAG_TEXT, FIELD(context), 0, 0,
     FOR_ASKING},
    {"delay", "TIME", "deliver after this time: 20 (seconds), 30m, 1h30m, 3d", FLAG_TIME, FIELD(delay_ms), 0,
     (int64_t)GMQ_DELAY_S_MAX * 1000, FOR_PUSH | FOR_BENCH},
    {"count", "N", "how many messages [1]", FLAG_NUMBER, FIELD(count), 1, COUNT_MAX, MANY},
    {"n", "N", "the same as --count", FLAG_NUMBER, FIELD(count), 1, COUNT_MAX, MANY},
    {"wait", "TIME", "wait so long for a message, up to 60 seconds: 30 (seconds), 500ms, 1m", FLAG_TIME,
     FIELD(wait_ms), 0, GMQ_WAIT_MS_MAX, FOR_POP},
    {"count", "N", "how many messages [100000, with --duration no end]", FLAG_NUMBER, FIELD(count), 1, COUNT_MAX,
     FOR_BENCH},
    {"count", "N", "how many pings [10, on a terminal no end]", FLAG_NUMBER, FIELD(count), 1, COUNT_MAX, FOR_LATENCY},
    {"suffix", "TEXT", "append TEXT and a running number from 0 to every body", FLAG_TEXT, FIELD(suffix), 0, 0,
     FOR_PUSH},
    {"ack", NULL, "ack every message once it is printed", FLAG_SWITCH, FIELD(ack), 0, 0, FOR_POP},
    {"raw", NULL, "print the bodies as they are, and nothing else", FLAG_SWITCH, FIELD(raw), 0, 0, FOR_POP | FOR_DEAD},
    {"original", NULL, "the node is an original one: ask for JSON replies only", FLAG_SWITCH, FIELD(original), 0, 0,
     FOR_POP | FOR_DEAD | FOR_BENCH},
    {"quiet", NULL, "do not print the ids", FLAG_SWITCH, FIELD(quiet), 0, 0, FOR_PUSH},
    {"clients", "N", "connections at a time [8]", FLAG_NUMBER, FIELD(clients), 1, 1024, FOR_BENCH},
    {"in-flight", "N", "requests without an answer, each connection [16]", FLAG_NUMBER, FIELD(in_flight), 1, 4096,
     FOR_BENCH},
    {"size", "BYTES", "bytes of a body: 128, 4k, 1m [128]", FLAG_BYTES, FIELD(size), 0, 32 << 20, FOR_BENCH},
    {"batch", "N", "messages of a push: more than 1 is an mpush [1]", FLAG_NUMBER, FIELD(batch), 1, GMQ_BATCH_MAX,
     FOR_BENCH},
    {"rate", "N", "messages a second, sent on time whatever the answers do [as fast as answers come]", FLAG_NUMBER,
     FIELD(rate), 1, INT64_C(100000000), FOR_BENCH},
    {"duration", "TIME", "stop after this time: 10 (seconds), 500ms, 5m", FLAG_TIME, FIELD(duration_ms), 1, 30 * DAY_MS,
     FOR_BENCH},
    {"csv", "FILE", "append the figures to this file, a line for each kind of request", FLAG_TEXT, FIELD(csv), 0, 0,
     FOR_BENCH},
    {"keep", NULL, "leave the messages of a topic that bench made on the node", FLAG_SWITCH, FIELD(keep), 0, 0,
     FOR_BENCH},
    {"interval", "TIME", "time from one ping to the next [100ms]", FLAG_TIME, FIELD(interval_ms), 1, DAY_MS,
     FOR_LATENCY},
    {"ready-warn", "N", "warning with more than N ready messages", FLAG_NUMBER, FIELD(ready.warn), 0, INT64_MAX,
     FOR_CHECK},
    {"ready-max", "N", "critical with more than N ready messages", FLAG_NUMBER, FIELD(ready.max), 0, INT64_MAX,
     FOR_CHECK},
    {"delayed-warn", "N", "warning with more than N delayed messages", FLAG_NUMBER, FIELD(delayed.warn), 0, INT64_MAX,
     FOR_CHECK},
    {"delayed-max", "N", "critical with more than N delayed messages", FLAG_NUMBER, FIELD(delayed.max), 0, INT64_MAX,
     FOR_CHECK},
    {"in-flight-warn", "N", "warning with more than N messages popped and not acked",
     FLAG_NUMBER, FIELD(flying.warn), 0, INT64_MAX, FOR_CHECK},
    {"in-flight-max", "N", "critical with more than N messages popped and not acked",
     FLAG_NUMBER, FIELD(flying.max), 0, INT64_MAX, FOR_CHECK},
    {"dead-warn", "N", "warning with more than N dead messages", FLAG_NUMBER, FIELD(dead.warn), 0, INT64_MAX,
     FOR_CHECK},
    {"dead-max", "N", "critical with more than N dead messages", FLAG_NUMBER, FIELD(dead.max), 0, INT64_MAX,
     FOR_CHECK},
    {"latency-warn", "TIME", "warning when a ping takes longer: 50ms", FLAG_TIME, FIELD(latency_warn_ms), 1, DAY_MS,
     FOR_CHECK},
    {"latency-max", "TIME", "critical when a ping takes longer", FLAG_TIME, FIELD(latency_max_ms), 1, DAY_MS,
     FOR_CHECK},
    {"format", "nagios|text|json|prometheus", "nagios, text, json or prometheus [nagios]", FLAG_CHOICE, FIELD(format),
     0, 0, FOR_CHECK},
    {"description", "TEXT", "a remark for the list of contexts", FLAG_TEXT, FIELD(description), 0, 0, FOR_CONTEXT},
    {"man", NULL, "everything as a manual page, for man -l", FLAG_SWITCH, FIELD(man), 0, 0, FOR_HELP},
    {"yes", NULL, "do not ask", FLAG_SWITCH, FIELD(yes), 0, 0, FOR_DEAD | FOR_BENCH | FOR_CONTEXT},
    {"no-progress", NULL, "no progress bar", FLAG_SWITCH, FIELD(no_progress), 0, 0, FOR_PUSH | FOR_BENCH | FOR_LATENCY},
    {"json", NULL, "print JSON, one object a line", FLAG_SWITCH, FIELD(json), 0, 0, FOR_ALL},
    {"timeout", "TIME", "give up a request after this time: 10 (seconds), 500ms [10s]", FLAG_TIME, FIELD(timeout_ms), 1,
     DAY_MS, FOR_ASKING},
};
const size_t COMMAND_FLAGS_COUNT = ARRAY_LEN(COMMAND_FLAGS);

const struct command COMMANDS[] = {
    {"push", FOR_PUSH, "TOPIC BODY", 2, 2, "push a message, or many",
     "Prints the ids. BODY - is read from standard input, to its end. Many messages are pipelined.\n",
     "  gclient push mail 'hello'\n"
     "  gclient push mail - --delay 1h30m < letter.bin\n"
     "  gclient push load job --count 100000 --suffix _ --quiet\n",
     push_run, NULL},
    {"pop", FOR_POP, "TOPIC...", 1, GMQ_TOPICS_MAX, "take messages",
     "Prints id, retry count and body of each; odd bytes are shown as \\xNN. Stops when the topic is empty, with\n"
     "--wait when nothing has come for so long. Of several topics the first that has a message serves.\n"
     "What is not acked within the node's time to run is delivered again.\n",
     "  gclient pop mail\n"
     "  gclient pop mail --count 100 --ack --json\n"
     "  gclient pop mail --raw --ack > letter.bin\n"
     "  gclient pop urgent mail --wait 30 --ack\n",
     pop_run, NULL},
    {"ack", FOR_ACK, "TOPIC ID...", 2, FLAGS_WORDS_MAX, "say that messages are done", "",
     "  gclient ack mail 1309082545060581376\n", ack_run, NULL},
    {"dead", FOR_DEAD, "TOPIC", 1, 1, "take dead messages off the node, for good",
     "Where input and output are a terminal it asks first: what is printed there is nowhere else any more.\n",
     "  gclient dead mail --count 10 --json >> dead.jsonl\n", dead_run, "take dead messages off the node, for good?"},
    {"set", FOR_SET, "TOPIC on|off", 2, 2, "switch auto-ack: messages are done once popped", "",
     "  gclient set metrics on\n", set_run, NULL},
    {"stat", FOR_STAT, "[TOPIC]", 0, 1, "show the figures of a topic, or of all together", "",
     "  gclient stat mail\n"
     "  gclient stat mail --json --http 10.0.0.7:9504\n",
     stat_run, NULL},
    {"topics", FOR_TOPICS, "", 0, 0, "list the topics with their figures", "",
     "  gclient topics\n", topics_run, NULL},
    {"nodes", FOR_NODES, "", 0, 0, "list the nodes that the registry knows", "",
     "  gclient nodes --register http://10.0.0.1:9595,http://10.0.0.2:9595\n", nodes_run, NULL},
    {"bench", FOR_BENCH, "push|pop|mixed [TOPIC]", 1, 2, "put load on a node: rates, latencies and their chart",
     "push pushes; pop pops and acks; mixed pushes, pops and acks in turn. The latency of a request runs from when it\n"
     "was sent to its answer, with --rate from when it should have been sent, so that a node which stalls cannot hide\n"
     "what waits behind the stall.\n"
     "Without TOPIC a topic bench.PID is used, filled first for pop, and emptied at the end. With TOPIC only messages\n"
     "that bench has pushed are acked: any other one ends the run, unless --yes is given.\n"
     "Ctrl-C ends the run and prints what it has.\n",
     "  gclient bench push\n"
     "  gclient bench push --batch 100 --size 1k --count 1000000\n"
     "  gclient bench mixed --rate 5000 --duration 1m --in-flight 1000 --csv series.csv\n"
     "  gclient bench pop --clients 50 --in-flight 1 --json\n",
     bench_run, NULL},
    {"latency", FOR_LATENCY, "", 0, 0, "how long a node takes to answer",
     "Asks /ping over one connection again and again, which changes nothing on the node. Ctrl-C prints quantiles and\n"
     "chart. A ping that comes late because the one before it took so long counts from its own time.\n",
     "  gclient latency\n"
     "  gclient latency --count 100 --interval 10ms --json\n",
     latency_run, NULL},
    {"check", FOR_CHECK, "node|topic [TOPIC]", 1, 2, "one line and an exit code for a monitor",
     "Exits with 0 ok, 1 warning, 2 critical, 3 unknown (also for a wrong command line), as Nagios has it.\n"
     "node looks at both doors and at all topics together, topic at one of them.\n",
     "  gclient check node --latency-max 500ms --dead-warn 0\n"
     "  gclient check topic mail --ready-warn 1000 --ready-max 10000 --dead-max 0\n"
     "  gclient check topic mail --ready-max 10000 --format prometheus\n",
     monitor_run, NULL},
    {"context", FOR_CONTEXT, "ls|show|add|select|rm [CONTEXT]", 1, 2, "addresses under a name, and which one is meant",
     "add writes a context from --node, --http, --register and --description; select makes it the one that is used\n"
     "when nothing else is said, and without CONTEXT none.\n",
     "  gclient context add live --node 10.0.0.7:9503 --http 10.0.0.7:9504 --register 10.0.0.1:9595\n"
     "  gclient context select live\n"
     "  gclient context ls\n"
     "  gclient topics --context live\n",
     context_run, NULL},
    {"errors", FOR_ERRORS, "[ERROR]", 0, 1, "look up what an error means and what to do",
     "ERROR is a name, a code, an exit code of libgmq, or a part of the text.\n",
     "  gclient errors\n"
     "  gclient errors TOPIC_LIMIT\n"
     "  gclient errors 'disk full'\n",
     errors_run, NULL},
    {"completion", FOR_COMPLETION, "bash|zsh|fish", 1, 1, "print the completion for a shell", "",
     "  . <(gclient completion bash)\n"
     "  gclient completion zsh > ~/.zsh/_gclient\n"
     "  gclient completion fish > ~/.config/fish/completions/gclient.fish\n",
     completion_run, NULL},
    {"help", FOR_HELP, "[COMMAND]", 0, 1, "this text, or more about a command, with examples", "",
     "  gclient help bench\n"
     "  gclient help --man | man -l -\n",
     help_run, NULL},
};
const size_t COMMANDS_COUNT = ARRAY_LEN(COMMANDS);

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
                           .count = (command->bit & MANY) != 0 ? 1 : 0,
                           .clients = 8,
                           .in_flight = 16,
                           .batch = 1,
                           .size = 128,
                           .interval_ms = 100,
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

    if (command->confirm && !job->values.yes && !out_confirm(command->confirm))
        return out_error(EXIT_FAILED, "nothing was done");
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
