/* pause.c - gclient pause, resume, purge and consumers. SPDX-License-Identifier: MIT */
#include "base/time_text.h"
#include "gclient/figures.h"
#include "gclient/out.h"
#include "gclient/topic.h"
#include "gclient/when.h"
#include "net/clock.h"

#include <stdio.h>

enum { TEXT_BYTES_MAX = 64 << 10 };

static int no_output(void) { return out_error(EXIT_FAILED, "standard output cannot be written"); }

static int ask_once(const struct job *job, struct ask *ask, const char *op, struct json_object **ret)
{
    struct gmq *mq = command_node(&job->values);

    if (!mq) {
        buf_free(&ask->json);
        return EXIT_FAILED;
    }
    int code = ask_node(ask, mq, op, ret);
    gmq_free(mq);
    return code;
}

/* "mail: pops paused until 2026-01-31 08:00:00" */
static bool print_paused(struct json_object *topic)
{
    const char *paused = figures_paused(topic);
    struct slice until = tree_text(topic, "pop_paused_until");
    char text[WHEN_BYTES];
    struct buf line;

    until = until.len > 0 ? until : tree_text(topic, "push_paused_until");
    when_local(until, text);
    buf_init(&line, TEXT_BYTES_MAX);
    bool made = out_append_readable(&line, tree_text(topic, "topic")) &&
                buf_printf(&line, ": %s", paused[0] ? paused : "not paused") &&
                (!paused[0] || buf_printf(&line, " until %s", text));
    return out_line(&line, made);
}

static int turn(const struct job *job, struct ask *ask, const char *op)
{
    struct json_object *topic;

    if (job->values.push_side)
        ask_is(ask, "push", true);
    if (job->values.pop_side)
        ask_is(ask, "pop", true);
    int code = ask_once(job, ask, op, &topic);
    if (code != EXIT_OK)
        return code;
    bool made = job->values.json ? tree_print(topic) : print_paused(topic);
    json_object_put(topic);
    return made ? EXIT_OK : no_output();
}

int pause_run(const struct job *job)
{
    struct ask ask;
    uint64_t ms;

    if (job->values.until && job->values.for_ms > 0)
        return out_error(EXIT_USAGE, "--for or --until, not both");
    if (job->values.until && !time_text_read(slice_str(job->values.until), &ms))
        return out_error(EXIT_USAGE, "--until: '%s' is no time like 2026-01-31T08:00:00Z", job->values.until);
    ask_begin(&ask);
    ask_text(&ask, "topic", job->words[0]);
    if (job->values.for_ms > 0)
        ask_number(&ask, "for_ms", job->values.for_ms);
    ask_text(&ask, "until", job->values.until);
    return turn(job, &ask, "topic.pause");
}

int resume_run(const struct job *job)
{
    struct ask ask;

    ask_begin(&ask);
    ask_text(&ask, "topic", job->words[0]);
    return turn(job, &ask, "topic.resume");
}

int purge_run(const struct job *job)
{
    const char *state = job->values.state;
    struct json_object *answer;
    char what[80];
    struct ask ask;

    if (!state)
        return out_error(EXIT_USAGE, "say which messages: --state ready, delayed, in_flight or dead");
    (void)snprintf(what, sizeof(what), "this deletes all %s messages of the topic, for good",
                   strcmp(state, "in_flight") == 0 ? "popped" : state);
    int code = out_confirm_name(what, job->words[0], job->values.yes);
    if (code != EXIT_OK)
        return code;
    ask_begin(&ask);
    ask_text(&ask, "topic", job->words[0]);
    ask_text(&ask, "state", state);
    code = ask_once(job, &ask, "topic.purge", &answer);
    if (code != EXIT_OK)
        return code;
    bool made = job->values.json ? tree_print(answer)
                                 : printf("%llu deleted\n", (unsigned long long)tree_number(answer, "done")) > 0;
    json_object_put(answer);
    return made ? EXIT_OK : no_output();
}

/* ---- consumers --------------------------------------------------------------------------------------------------- */

static void add_consumer(struct table *table, struct json_object *one, uint64_t now_ms)
{
    uint64_t oldest_ms = tree_ms(one, "oldest_in_flight_at");
    char text[WHEN_BYTES];

    table_text(table, tree_text(one, "name"));
    table_text(table, tree_text(one, "address"));
    table_number(table, tree_number(one, "in_flight"));
    when_stretch(now_ms > oldest_ms ? now_ms - oldest_ms : 0, text);
    table_text(table, slice_str(oldest_ms > 0 ? text : "-"));
    table_number(table, tree_number(one, "popped"));
    figures_rate(tree_real(one, "pop_rate"), text);
    table_text(table, slice_str(text));
    when_local(tree_text(one, "last_pop_at"), text);
    table_text(table, slice_str(text[0] ? text : "-"));
    when_local(tree_text(one, "since"), text);
    table_text(table, slice_str(text[0] ? text : "-"));
}

int consumers_run(const struct job *job)
{
    static const struct table_column columns[] = {{"NAME", false},  {"ADDRESS", false}, {"IN FLIGHT", true},
                                                  {"OLDEST", true}, {"POPPED", true},   {"POP/S", true},
                                                  {"LAST POP", false}, {"SINCE", false}};
    struct json_object *answer;
    struct table table;
    struct ask ask;

    ask_begin(&ask);
    ask_text(&ask, "topic", job->words[0]);
    int code = ask_once(job, &ask, "topic.consumers", &answer);
    if (code != EXIT_OK)
        return code;
    size_t count = tree_count(answer, "consumers");
    table_begin(&table, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < count && code == EXIT_OK; i++) {
        struct json_object *one = tree_item(answer, "consumers", i);
        if (!job->values.json)
            add_consumer(&table, one, clock_wall_ms());
        else if (!tree_print(one))
            code = no_output();
    }
    json_object_put(answer);
    if (code == EXIT_OK && !job->values.json)
        code = table_print(&table);
    table_free(&table);
    return code;
}
