/* past.c - see past.h. SPDX-License-Identifier: MIT */
#include "gweb/past.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct past_ring {
    struct past_sample samples[PAST_SAMPLES];
};

/* A topic's. Without a ring all its samples since `since` are `last`. */
struct past_topic {
    struct past_sample last;
    uint64_t since; /* number of its first sample, of those of topics */
    bool has_ring;
    struct past_sample samples[];
};

static const struct past_sample UNKNOWN = {
    .numbers = {PAST_UNKNOWN, PAST_UNKNOWN, PAST_UNKNOWN, PAST_UNKNOWN}, .rates = {-1, -1, -1, -1},
};

void past_init(struct past *past, struct fleet *fleet)
{
    memset(past, 0, sizeof(*past));
    past->fleet = fleet;
}

void past_fini(struct past *past)
{
    for (uint32_t id = 1; id <= MODEL_NODE_MAX; id++)
        free(past->nodes[id]);
    past_init(past, past->fleet);
}

/* ---- samples ----------------------------------------------------------------------------------------------------- */

static void take(const struct figures *figures, struct past_sample *ret)
{
    for (unsigned f = 0; f < FIGURES; f++) {
        bool known = figures->known & 1u << f;
        if (FIGURE_IS_RATE(f))
            ret->rates[f - FIGURE_PUSH_RATE] = known ? (float)figures->values[f] / 1000 : -1;
        else
            ret->numbers[f] = known ? (uint32_t)min_u64(figures->values[f], PAST_UNKNOWN - 1) : PAST_UNKNOWN;
    }
}

static void add(struct past_sample *sum, const struct past_sample *more)
{
    for (size_t i = 0; i < ARRAY_LEN(sum->numbers); i++)
        if (more->numbers[i] != PAST_UNKNOWN)
            sum->numbers[i] = sum->numbers[i] == PAST_UNKNOWN
                                  ? more->numbers[i]
                                  : (uint32_t)min_u64((uint64_t)sum->numbers[i] + more->numbers[i], PAST_UNKNOWN - 1);
    for (size_t i = 0; i < ARRAY_LEN(sum->rates); i++)
        if (more->rates[i] >= 0)
            sum->rates[i] = sum->rates[i] < 0 ? more->rates[i] : sum->rates[i] + more->rates[i];
}

static void sample_node(struct past *past, uint32_t id)
{
    struct past_ring **ring = &past->nodes[id];
    struct figures figures = {.known = 0};

    if (!past->fleet->nodes[id]) {
        free(*ring);
        *ring = NULL;
        return;
    }
    if (!*ring) {
        *ring = mem_new(sizeof(**ring));
        for (size_t i = 0; i < PAST_SAMPLES; i++)
            (*ring)->samples[i] = UNKNOWN;
    }
    if (fleet_knows(past->fleet, id))
        model_sums(&past->fleet->model, id, &figures);
    take(&figures, &(*ring)->samples[past->count % PAST_SAMPLES]);
}

static void give_ring(struct past *past, struct model_topic *topic, uint64_t now)
{
    struct past_topic *old = topic->past;

    past->ring_count++;
    topic->past = mem_new(sizeof(*old) + PAST_TOPIC_SAMPLES * sizeof(struct past_sample));
    *topic->past = *old;
    topic->past->has_ring = true;
    for (uint64_t n = now < PAST_TOPIC_SAMPLES ? 0 : now - PAST_TOPIC_SAMPLES; n < now; n++)
        topic->past->samples[n % PAST_TOPIC_SAMPLES] = n >= old->since ? old->last : UNKNOWN;
    free(old);
}

/* Whether it has samples of its own. */
static bool sample_topic(struct past *past, struct model_topic *topic, uint64_t now)
{
    struct past_sample sample = UNKNOWN;

    if (fleet_knows(past->fleet, topic->node) && !topic->gone)
        take(&topic->figures, &sample);
    if (!topic->past) {
        topic->past = mem_new(sizeof(*topic->past));
        *topic->past = (struct past_topic){.last = sample, .since = now};
    }
    if (!topic->past->has_ring && memcmp(&topic->past->last, &sample, sizeof(sample)) != 0) {
        if (past->ring_count >= PAST_TOPICS_MAX)
            topic->past->since = now + 1; /* only what is known for sure */
        else
            give_ring(past, topic, now);
    }
    topic->past->last = sample;
    if (topic->past->has_ring)
        topic->past->samples[now % PAST_TOPIC_SAMPLES] = sample;
    return topic->past->has_ring;
}

void past_sample(struct past *past, uint64_t wall_ms)
{
    struct model *model = &past->fleet->model;
    struct figures sums;

    fleet_sums(past->fleet, &sums);
    take(&sums, &past->totals[past->count % PAST_SAMPLES]);
    past->at_ms[past->count % PAST_SAMPLES] = wall_ms;
    for (uint32_t id = 1; id <= MODEL_NODE_MAX; id++)
        sample_node(past, id);
    if (past->count % PAST_TOPIC_STEP == 0) {
        uint64_t now = past->count / PAST_TOPIC_STEP;
        past->topic_at_ms[now % PAST_TOPIC_SAMPLES] = wall_ms;
        uint32_t rings = 0;
        for (uint32_t i = 0; i < model->slot_count; i++)
            if (model->slots[i])
                rings += sample_topic(past, model->slots[i], now);
        past->ring_count = rings;
    }
    past->count++;
}

/* ---- as JSON ----------------------------------------------------------------------------------------------------- */

/* Samples of a topic, oldest first. */
static void add_topic(const struct past *past, const struct model_topic *topic, uint64_t from, uint64_t end,
                      struct past_sample *to)
{
    (void)past;
    for (uint64_t n = from; topic->past && n < end; n++) {
        if (topic->past->has_ring)
            add(&to[n - from], &topic->past->samples[n % PAST_TOPIC_SAMPLES]);
        else if (n >= topic->past->since)
            add(&to[n - from], &topic->past->last);
    }
}

static bool write_figure(const struct past_sample *samples, size_t count, unsigned f, struct buf *out)
{
    bool ok = buf_printf(out, ",\"%s\":[", FIGURE_NAMES[f]);

    for (size_t i = 0; i < count; i++) {
        const char *comma = i > 0 ? "," : "";
        if (FIGURE_IS_RATE(f) && samples[i].rates[f - FIGURE_PUSH_RATE] >= 0)
            ok = ok && buf_printf(out, "%s%.3f", comma, (double)samples[i].rates[f - FIGURE_PUSH_RATE]);
        else if (!FIGURE_IS_RATE(f) && samples[i].numbers[f] != PAST_UNKNOWN)
            ok = ok && buf_printf(out, "%s%" PRIu32, comma, samples[i].numbers[f]);
        else
            ok = ok && buf_printf(out, "%snull", comma);
    }
    return ok && buf_append_str(out, "]");
}

bool past_write(const struct past *past, uint32_t node, struct slice topic, struct buf *out)
{
    bool of_topic = topic.len > 0;
    uint64_t size = of_topic ? PAST_TOPIC_SAMPLES : PAST_SAMPLES;
    uint64_t end = of_topic ? (past->count + PAST_TOPIC_STEP - 1) / PAST_TOPIC_STEP : past->count;
    uint64_t from = end > size ? end - size : 0;
    struct past_sample samples[PAST_SAMPLES];

    for (uint64_t n = from; n < end; n++)
        samples[n - from] = UNKNOWN;
    for (uint32_t id = of_topic ? 1 : 0; id <= MODEL_NODE_MAX; id++) {
        const struct model_topic *found;
        if (node != 0 && id != node)
            continue;
        if (of_topic && (found = model_find(&past->fleet->model, id, topic)))
            add_topic(past, found, from, end, samples);
        else if (!of_topic && (id == 0 ? node == 0 : node == id && past->nodes[id]))
            for (uint64_t n = from; n < end; n++)
                samples[n - from] = id == 0 ? past->totals[n % size] : past->nodes[id]->samples[n % size];
    }
    bool ok = buf_printf(out, "{\"step_ms\":%u,\"at\":[", of_topic ? PAST_TOPIC_STEP * 1000u : 1000u);
    for (uint64_t n = from; n < end; n++)
        ok = ok && buf_printf(out, "%s%" PRIu64, n > from ? "," : "",
                              of_topic ? past->topic_at_ms[n % size] : past->at_ms[n % size]);
    ok = ok && buf_append_str(out, "]");
    for (unsigned f = 0; f < FIGURES; f++)
        ok = ok && write_figure(samples, (size_t)(end - from), f, out);
    return ok && buf_append_str(out, "}");
}
