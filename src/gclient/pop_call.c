/* pop_call.c - see pop.h. SPDX-License-Identifier: MIT */
#include "gclient/pop.h"

#include "base/err.h"
#include "base/num.h"
#include "gclient/ask.h"
#include "gclient/out.h"
#include "wire/json.h"

#include <signal.h>

enum { AT_ONCE_MAX = 256 };

static bool is_unknown(struct gmq *mq, int err)
{
    return err == GMQ_ERR_REFUSED && strcmp(gmq_error_text(mq), err_text(GMQ_E_COMMAND_UNKNOWN)) == 0;
}

static void fill(struct ask *ask, const struct job *job, uint64_t want)
{
    struct buf names;

    buf_init(&names, GMQ_REQUEST_BYTES_MAX);
    if (job->word_count == 1) {
        ask_text(ask, "topic", job->words[0]);
    } else {
        bool fits = true;
        for (size_t i = 0; i < job->word_count && fits; i++)
            fits = buf_append_str(&names, i > 0 ? "," : "[") && json_append_string(&names, slice_str(job->words[i]));
        fits = fits && buf_append(&names, "]", 2);
        ask_json(ask, "topics", fits ? buf_data(&names) : "");
        ask->good = ask->good && fits;
    }
    buf_free(&names);
    ask_number(ask, "count", want);
    if (job->values.wait_ms != COMMAND_NO_WAIT)
        ask_number(ask, "wait_ms", job->values.wait_ms);
}

/* Prints what came, and acks it when that is wanted. All of it is of one topic. */
static int take(const struct job *job, struct gmq *mq, struct json_object *answer, size_t count)
{
    uint64_t ids[AT_ONCE_MAX];
    char topic[GMQ_TOPIC_BYTES_MAX + 1];
    int missing = 0;

    for (size_t i = 0; i < count; i++) {
        struct json_object *msg = tree_item(answer, "messages", i);
        struct slice name = tree_text(msg, "topic");
        if (!num_parse_u64(tree_text(msg, "id"), &ids[i]) || name.len >= sizeof(topic))
            return out_error(EXIT_FAILED, "%s", gmq_strerror(GMQ_ERR_PROTOCOL));
        memcpy(topic, name.ptr, name.len);
        topic[name.len] = '\0';
        if (!tree_print(msg))
            return out_error(EXIT_FAILED, "standard output cannot be written");
    }
    if (!out_flush())
        return out_error(EXIT_FAILED, "standard output cannot be written");
    if (job->values.ack && count > 0)
        missing = gmq_mack(mq, topic, ids, count, NULL);
    if (missing < 0)
        return command_failed(mq, missing);
    if (missing > 0)
        return out_error(EXIT_NOT_FOUND, "%d messages were acked too late and come again", missing);
    return EXIT_OK;
}

int pop_name(const struct job *job, struct gmq *mq)
{
    struct json_object *answer = NULL;
    struct ask ask;

    ask_begin(&ask);
    ask_text(&ask, "name", job->values.client);
    int code = ask_node(&ask, mq, "client.name", &answer);
    if (code == EXIT_OK)
        json_object_put(answer);
    return code;
}

int pop_call(const struct job *job, struct gmq *mq, int64_t *popped, bool *ret_known)
{
    struct json_object *answer;
    sigset_t stops, before;
    int code = EXIT_OK;
    struct ask ask;

    (void)sigemptyset(&stops);
    (void)sigaddset(&stops, SIGINT);
    (void)sigaddset(&stops, SIGTERM);
    *ret_known = true;
    while (code == EXIT_OK && *popped < job->values.count) {
        ask_begin(&ask);
        fill(&ask, job, min_u64((uint64_t)(job->values.count - *popped), AT_ONCE_MAX));
        int err = ask_quietly(&ask, mq, "message.pop", &answer);
        *ret_known = !is_unknown(mq, err) || *popped > 0;
        if (err != GMQ_OK)
            return *ret_known ? ask_failed(mq, err) : EXIT_OK;
        (void)sigprocmask(SIG_BLOCK, &stops, &before);
        size_t count = min_u64(tree_count(answer, "messages"), AT_ONCE_MAX);
        code = take(job, mq, answer, count);
        *popped += (int64_t)count;
        json_object_put(answer);
        (void)sigprocmask(SIG_SETMASK, &before, NULL);
        if (count == 0)
            break;
    }
    return code;
}
