/* dead.c - gclient dead and redrive: what becomes of dead messages. SPDX-License-Identifier: MIT */
#include "gclient/jobs.h"
#include "gclient/look.h"
#include "gclient/out.h"

enum { LIMIT_DEFAULT = 100 };

/* ---- jobs on dead messages --------------------------------------------------------------------------------------- */

static bool is_chosen(const struct job *job, size_t id_count)
{
    return id_count > 0 || job->values.all || job->values.older_ms > 0 || job->values.text;
}

/* Which of them; false with a line printed. */
static bool choose(const struct job *job, const char *topic, const char *const *ids, size_t id_count, struct ask *ask)
{
    const struct values *values = &job->values;
    bool by_id = id_count > 0, by_rule = values->older_ms > 0 || values->text;

    if (!is_chosen(job, id_count) || by_id + values->all + by_rule > 1) {
        (void)out_error(0, "say which: ids, or --all, or --older-than and --text");
        return false;
    }
    if (!ask_ids_ok(ids, id_count))
        return false;
    ask_begin(ask);
    ask_text(ask, "topic", topic);
    if (by_id)
        ask_ids(ask, ids, id_count);
    if (values->all)
        ask_is(ask, "all", true);
    if (values->older_ms > 0)
        ask_number(ask, "older_than_ms", values->older_ms);
    ask_text(ask, "text", values->text);
    if (values->rate > 0)
        ask_number(ask, "rate", (uint64_t)values->rate);
    return true;
}

static int start(const struct job *job, struct ask *ask, const char *op)
{
    struct json_object *answer;
    struct gmq *mq = command_node(&job->values);

    if (!mq) {
        buf_free(&ask->json);
        return EXIT_FAILED;
    }
    int code = ask_node(ask, mq, op, &answer);
    gmq_free(mq);
    if (code != EXIT_OK)
        return code;
    code = job->values.json ? (tree_print(answer) ? EXIT_OK : EXIT_FAILED) : jobs_print_started(answer);
    json_object_put(answer);
    return code;
}

static int redrive(const struct job *job, const char *topic, const char *const *ids, size_t id_count)
{
    struct ask ask;

    if (!choose(job, topic, ids, id_count, &ask))
        return EXIT_USAGE;
    ask_text(&ask, "to", job->values.to);
    if (job->values.delay_ms != COMMAND_NOT_GIVEN)
        ask_number(&ask, "delay_ms", job->values.delay_ms);
    return start(job, &ask, "dead.redrive");
}

static int delete(const struct job *job, const char *topic, const char *const *ids, size_t id_count)
{
    struct ask ask;

    if (!choose(job, topic, ids, id_count, &ask))
        return EXIT_USAGE;
    int code = id_count > 0 ? EXIT_OK
                            : out_confirm_name("this deletes dead messages of the topic, for good", topic,
                                               job->values.yes);
    if (code != EXIT_OK) {
        buf_free(&ask.json);
        return code;
    }
    return start(job, &ask, "dead.delete");
}

int redrive_run(const struct job *job) { return redrive(job, job->words[0], job->words + 1, job->word_count - 1); }

/* ---- dead ... ---------------------------------------------------------------------------------------------------- */

static int list(const struct job *job, const char *topic, bool export)
{
    uint64_t otherwise = export ? UINT64_MAX : LIMIT_DEFAULT;
    struct look look = {.values = &job->values,
                        .topic = topic,
                        .state = "dead",
                        .body = export ? "whole" : "first",
                        .limit = job->values.limit > 0 ? (uint64_t)job->values.limit : otherwise,
                        .json = export || job->values.json};

    return look_list(&look);
}

static int take(const struct job *job, const char *topic)
{
    if (!job->values.yes && !out_confirm("take dead messages off the node, for good?"))
        return out_error(EXIT_FAILED, "nothing was done");
    return dead_take(&job->values, topic);
}

int dead_run(const struct job *job)
{
    static const char *const verbs[] = {"list", "export", "show", "redrive", "delete", "take"};
    const char *verb = job->words[0], *what = job->word_count > 1 ? job->words[1] : NULL;
    size_t known = 0;

    while (known < ARRAY_LEN(verbs) && strcmp(verb, verbs[known]) != 0)
        known++;
    if (known == ARRAY_LEN(verbs))
        return what ? out_error(EXIT_USAGE, "'%s' is none of list, show, redrive, delete, export, take", verb)
                    : take(job, verb);
    if (!what)
        return out_error(EXIT_USAGE, "usage: gclient dead %s %s; of a topic called '%s': gclient dead take %s", verb,
                         known == 2 ? "ID" : "TOPIC", verb, verb);
    if (known == 3 || known == 4)
        return (known == 3 ? redrive : delete)(job, what, job->words + 2, job->word_count - 2);
    if (job->word_count > 2)
        return out_error(EXIT_USAGE, "usage: gclient dead %s %s", verb, known == 2 ? "ID" : "TOPIC");
    if (known == 2)
        return look_get(&job->values, NULL, what);
    return known == 5 ? take(job, what) : list(job, what, known == 1);
}
