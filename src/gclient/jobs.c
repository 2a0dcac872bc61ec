/* jobs.c - gclient jobs. SPDX-License-Identifier: MIT */
#include "gclient/jobs.h"

#include "base/num.h"
#include "gclient/facts.h"
#include "gclient/out.h"
#include "gclient/when.h"

#include <stdio.h>

enum { TEXT_BYTES_MAX = 64 << 10 };

/* A job's id may be a text or a number. */
static bool append_id(struct buf *out, struct json_object *job)
{
    struct json_object *id = tree_at(job, "job");
    const char *text = id ? json_object_get_string(id) : "?";

    return text && out_append_readable(out, slice_str(text));
}

int jobs_print_started(struct json_object *job)
{
    struct buf line;

    buf_init(&line, TEXT_BYTES_MAX);
    bool made = buf_append_str(&line, "job ") && append_id(&line, job) && buf_append_str(&line, ": ") &&
                out_append_readable(&line, tree_text(job, "kind")) && buf_append_str(&line, " of ") &&
                out_append_readable(&line, tree_text(job, "topic")) && buf_append_str(&line, ", ") &&
                out_append_readable(&line, tree_text(job, "state")) && buf_append_str(&line, "; see: gclient jobs ") &&
                append_id(&line, job);
    return out_line(&line, made) ? EXIT_OK : out_error(EXIT_FAILED, "standard output cannot be written");
}

static void add_row(struct table *table, struct json_object *job)
{
    char text[WHEN_BYTES];
    struct buf id;

    buf_init(&id, TEXT_BYTES_MAX);
    table->good = table->good && append_id(&id, job);
    table_text(table, buf_slice(&id));
    buf_free(&id);
    table_text(table, tree_text(job, "kind"));
    table_text(table, tree_text(job, "state"));
    table_text(table, tree_text(job, "topic"));
    table_text(table, tree_text(job, "to"));
    table_number(table, tree_number(job, "looked_at"));
    table_number(table, tree_number(job, "done"));
    when_local(tree_text(job, "started_at"), text);
    table_text(table, slice_str(text));
    when_local(tree_text(job, "ended_at"), text);
    table_text(table, slice_str(text));
    table_text(table, tree_text(job, "error"));
}

static int print_all(const struct values *values, struct json_object *answer)
{
    static const struct table_column columns[] = {{"JOB", true},        {"KIND", false},   {"STATE", false},
                                                  {"TOPIC", false},     {"TO", false},     {"LOOKED AT", true},
                                                  {"DONE", true},       {"STARTED", false}, {"ENDED", false},
                                                  {"ERROR", false}};
    size_t count = tree_count(answer, "jobs");
    struct table table;

    for (size_t i = 0; i < count && values->json; i++)
        if (!tree_print(tree_item(answer, "jobs", i)))
            return out_error(EXIT_FAILED, "standard output cannot be written");
    if (values->json)
        return EXIT_OK;
    table_begin(&table, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < count; i++)
        add_row(&table, tree_item(answer, "jobs", i));
    return table_print(&table);
}

static int print_one(const struct values *values, struct json_object *job)
{
    struct buf out;

    if (values->json)
        return tree_print(job) ? EXIT_OK : EXIT_FAILED;
    buf_init(&out, TEXT_BYTES_MAX);
    bool made = facts_append(&out, job);
    return out_text(&out, made) ? EXIT_OK : out_error(EXIT_FAILED, "standard output cannot be written");
}

int jobs_run(const struct job *job)
{
    const char *id = job->word_count > 0 ? job->words[0] : NULL;
    struct json_object *answer;
    struct ask ask;
    uint64_t number;

    if (id && !num_parse_u64(slice_str(id), &number))
        return out_error(EXIT_USAGE, "'%s' is no job", id);
    if (!id && job->values.cancel)
        return out_error(EXIT_USAGE, "say which job to cancel");
    struct gmq *mq = command_node(&job->values);
    if (!mq)
        return EXIT_FAILED;
    ask_begin(&ask);
    ask_text(&ask, "job", id);
    int code = ask_node(&ask, mq, !id ? "job.list" : job->values.cancel ? "job.cancel" : "job.get", &answer);
    gmq_free(mq);
    if (code != EXIT_OK)
        return code;
    code = id ? print_one(&job->values, answer) : print_all(&job->values, answer);
    json_object_put(answer);
    return code;
}
