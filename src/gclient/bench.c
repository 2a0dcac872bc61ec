/* bench.c - gclient bench: its topic, the run, and what is left behind; see bench.h. SPDX-License-Identifier: MIT */
#include "gclient/bench.h"

#include "client/http.h"
#include "gclient/out.h"
#include "gclient/stop.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    COUNT_DEFAULT = 100000,
    FILL_BATCH = 1000,
    FILL_BYTES = 1 << 20, /* of a batch, below what any node takes */
    DRAIN_DEPTH = 256,
    TOPIC_BYTES = 64,
    FORGET_TIMEOUT_MS = 1000,
};

struct bench {
    const struct values *values;
    struct bench_setup setup;
    char own_topic[TOPIC_BYTES]; /* bench.PID; "" when a topic was named */
};

/* What is to be said of a topic that was named, before messages are mixed into it or taken out of it. */
static void look_at_topic(struct bench *bench)
{
    struct gmq_topics topics;

    if (gmq_topics_get(bench->values->http, (unsigned)bench->values->timeout_ms, &topics, NULL) != GMQ_OK) {
        (void)out_error(0, "whether %s holds messages of others cannot be told: no answer from http://%s",
                        bench->setup.topic, bench->values->http);
        return;
    }
    for (size_t i = 0; i < topics.count; i++) {
        const struct gmq_topic *topic = &topics.topics[i];
        uint64_t held = topic->queue_num + topic->delay_num + topic->wait_ack_num + topic->dead_num;
        if (strcmp(topic->name, bench->setup.topic) != 0)
            continue;
        bench->setup.no_ack = topic->is_auto_ack != 0;
        if (held > 0)
            (void)out_error(0, "%s holds %" PRIu64 " messages already", topic->name, held);
    }
    gmq_topics_free(&topics);
}

/* Pushes what a pop run is going to pop. */
static int fill_topic(const struct bench *bench, struct gmq *mq)
{
    const struct bench_setup *setup = &bench->setup;
    size_t batch = (size_t)max_u64(1, min_u64(FILL_BATCH, FILL_BYTES / (setup->size + 16)));
    uint64_t left = setup->count > 0 ? setup->count : COUNT_DEFAULT;
    struct gmq_item *items = calloc(batch, sizeof(*items));
    char *body = malloc(setup->size + 1);
    int err = items && body ? GMQ_OK : GMQ_ERR_MEMORY;

    if (err == GMQ_OK) {
        bench_body(body, setup->size);
        for (size_t i = 0; i < batch; i++)
            items[i] = (struct gmq_item){.body = body, .body_bytes = setup->size};
    }
    while (err == GMQ_OK && left > 0 && !stop_asked()) {
        size_t count = (size_t)min_u64(batch, left);
        err = gmq_mpush(mq, setup->topic, items, count, NULL);
        left -= count;
    }
    free(items);
    free(body);
    return err == GMQ_OK ? EXIT_OK : command_failed(mq, err);
}

/* Pops and acks what is ready, until nothing is. Returns how much it took, or negative on failure. */
static int64_t drain_topic(struct gmq *mq, const char *topic)
{
    uint64_t ids[DRAIN_DEPTH];
    struct gmq_reply reply;
    int64_t taken = 0;

    for (;;) {
        size_t count = 0;
        for (int i = 0; i < DRAIN_DEPTH; i++)
            if (gmq_queue_pop(mq, topic) != GMQ_OK)
                return -1;
        while (gmq_read(mq, &reply) == GMQ_OK)
            if (reply.err == GMQ_OK)
                ids[count++] = reply.msgs[0].id;
            else if (reply.err != GMQ_ERR_NO_MESSAGE)
                return -1;
        for (size_t i = 0; i < count; i++)
            if (gmq_queue_ack(mq, topic, ids[i]) != GMQ_OK)
                return -1;
        while (gmq_read(mq, &reply) == GMQ_OK)
            if (reply.err != GMQ_OK)
                return -1;
        taken += (int64_t)count;
        if (count < DRAIN_DEPTH || stop_asked())
            return taken;
    }
}

/* Hides a topic that is empty from the lists of the node, where its HTTP door answers. */
static void forget_topic(const struct bench *bench)
{
    char url[HTTP_URL_BYTES_MAX], path[TOPIC_BYTES + 32], text[HTTP_ERR_BYTES];
    struct buf body;

    (void)snprintf(path, sizeof(path), "/exitTopic?topic=%s", bench->own_topic);
    if (!http_url(slice_str(bench->values->http), path, url))
        return;
    buf_init(&body, 4096);
    bool told = http_get(url, FORGET_TIMEOUT_MS, &body, text);
    (void)told; /* the topic is empty either way */
    buf_free(&body);
}

/* After a run on a topic of its own. */
static void clean_up(const struct bench *bench, struct gmq *mq)
{
    if (bench->values->keep) {
        (void)out_error(0, "topic %s is kept", bench->own_topic);
        return;
    }
    if (drain_topic(mq, bench->own_topic) < 0) {
        (void)out_error(0, "topic %s could not be emptied: %s", bench->own_topic, gmq_error_text(mq));
        return;
    }
    if (bench->setup.delay_s > 0 || stop_asked())
        (void)out_error(0, "topic %s may hold messages still: delayed ones, and what was on its way",
                        bench->own_topic);
    else
        forget_topic(bench);
}

static int run(struct bench *bench, struct gmq *mq)
{
    struct bench_result *result = calloc(1, sizeof(*result));
    int code;

    if (!result)
        return out_error(EXIT_FAILED, "no memory");
    bench_go(&bench->setup, result);
    code = result->code;
    if (result->elapsed_ns > 0 && !bench_report(&bench->setup, result, bench->values->json))
        code = out_error(EXIT_FAILED, "standard output cannot be written");
    if (result->elapsed_ns > 0 && bench->values->csv) {
        int err = bench_write_csv(&bench->setup, result, bench->values->csv);
        if (err != 0)
            code = out_error(EXIT_FAILED, "%s: %s", bench->values->csv, strerror(-err));
    }
    if (result->code != EXIT_OK)
        (void)out_error(0, "%s", result->error);
    if (bench->own_topic[0] && result->code != EXIT_NO_CONNECTION)
        clean_up(bench, mq);
    if (code == EXIT_OK && result->interrupted)
        code = EXIT_INTERRUPTED;
    bench_result_free(result);
    free(result);
    return code;
}

static bool read_mode(const char *word, enum bench_mode *ret_mode)
{
    for (int i = BENCH_PUSH; i <= BENCH_MIXED; i++)
        if (strcmp(word, BENCH_MODES[i]) == 0) {
            *ret_mode = (enum bench_mode)i;
            return true;
        }
    return false;
}

static void make_setup(const struct job *job, struct bench *bench)
{
    const struct values *values = &job->values;
    uint64_t count = (uint64_t)values->count;

    if (count == 0 && values->duration_ms == 0)
        count = COUNT_DEFAULT;
    bench->setup = (struct bench_setup){.mode = bench->setup.mode,
                                        .addr = values->node,
                                        .topic = job->word_count > 1 ? job->words[1] : bench->own_topic,
                                        .clients = (unsigned)values->clients,
                                        .in_flight = (unsigned)values->in_flight,
                                        .batch = (unsigned)values->batch,
                                        .size = values->size,
                                        .delay_s = (uint32_t)(values->delay_ms / 1000),
                                        .rate = (uint64_t)values->rate,
                                        .count = count,
                                        .duration_ns = values->duration_ms * 1000000,
                                        .timeout_ns = values->timeout_ms * 1000000,
                                        .binary = !values->original,
                                        .take_all = values->yes || job->word_count < 2,
                                        .progress = !values->no_progress};
    if (job->word_count < 2)
        (void)snprintf(bench->own_topic, sizeof(bench->own_topic), "bench.%ld", (long)getpid());
}

int bench_run(const struct job *job)
{
    struct bench bench = {.values = &job->values};
    int code = EXIT_OK;

    if (!read_mode(job->words[0], &bench.setup.mode))
        return out_error(EXIT_USAGE, "'%s' is none of push, pop, mixed", job->words[0]);
    if (job->values.delay_ms % 1000 != 0)
        return out_error(EXIT_USAGE, "--delay: whole seconds only");
    if (bench.setup.mode == BENCH_POP && (job->values.batch > 1 || job->values.delay_ms > 0))
        return out_error(EXIT_USAGE, "bench pop pushes nothing: --batch and --delay are for push and mixed");
    make_setup(job, &bench);
    if (bench.setup.size * bench.setup.batch > GMQ_REQUEST_BYTES_MAX / 2)
        return out_error(EXIT_USAGE, "--size times --batch: at most %d bytes", GMQ_REQUEST_BYTES_MAX / 2);
    struct gmq *mq = command_node(&job->values);
    if (!mq)
        return EXIT_FAILED;
    stop_catch();
    if (!bench.own_topic[0])
        look_at_topic(&bench);
    else if (bench.setup.mode == BENCH_POP)
        code = fill_topic(&bench, mq);
    if (code == EXIT_OK)
        code = run(&bench, mq);
    gmq_free(mq);
    return code;
}
