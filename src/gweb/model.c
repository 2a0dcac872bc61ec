/* model.c - see model.h. SPDX-License-Identifier: MIT */
#include "gweb/model.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "gweb/pick.h"
#include "wire/topic_name.h"

enum { KEY_BYTES_MAX = sizeof(uint32_t) + TOPIC_NAME_BYTES_MAX };

const char *const FIGURE_NAMES[FIGURES] = {
    "ready", "delayed", "in_flight", "dead", "push_rate", "pop_rate", "ack_rate", "dead_rate",
};

void model_init(struct model *model)
{
    memset(model, 0, sizeof(*model));
    list_init(&model->changed);
}

/* ---- sums -------------------------------------------------------------------------------------------------------- */

void figures_add(struct figures *sum, const struct figures *more)
{
    for (unsigned f = 0; f < FIGURES; f++)
        sum->values[f] += more->values[f];
    sum->known |= more->known;
}

/* `sign` is 1 or -1; sums of unsigned numbers wrap and come back. */
static void count(struct model *model, const struct model_topic *topic, int sign)
{
    struct model_node *node = &model->nodes[topic->node];

    for (unsigned f = 0; f < FIGURES; f++) {
        node->sums.values[f] += (uint64_t)(int64_t)sign * topic->figures.values[f];
        if (topic->figures.known & 1u << f)
            node->knowing[f] += (uint32_t)sign;
    }
}

void model_sums(const struct model *model, uint32_t node, struct figures *ret)
{
    const struct model_node *of = &model->nodes[node];

    *ret = of->sums;
    ret->known = 0;
    for (unsigned f = 0; f < FIGURES; f++)
        if (of->knowing[f] > 0 || of->topics == 0)
            ret->known |= 1u << f;
}

/* ---- slots ------------------------------------------------------------------------------------------------------- */

static uint32_t slot_take(struct model *model, struct model_topic *topic)
{
    uint32_t slot;

    if (model->free_count > 0) {
        slot = model->free_slots[--model->free_count];
    } else {
        if (model->slot_count == model->slot_size) {
            model->slot_size = model->slot_size > 0 ? 2 * model->slot_size : 64;
            model->slots = mem_grow(model->slots, model->slot_size, sizeof(model->slots[0]));
        }
        slot = model->slot_count++;
    }
    model->slots[slot] = topic;
    return slot;
}

static void slot_give(struct model *model, uint32_t slot)
{
    model->slots[slot] = NULL;
    if (model->free_count == model->free_size) {
        model->free_size = model->free_size > 0 ? 2 * model->free_size : 64;
        model->free_slots = mem_grow(model->free_slots, model->free_size, sizeof(model->free_slots[0]));
    }
    model->free_slots[model->free_count++] = slot;
}

/* ---- topics ------------------------------------------------------------------------------------------------------ */

static void change(struct model *model, struct model_topic *topic)
{
    if (list_empty(&topic->in_changed))
        list_add_tail(&model->changed, &topic->in_changed);
}

static void topic_free(struct model *model, struct model_topic *topic)
{
    model->nodes[topic->node].kept--;
    model->nodes[topic->node].bytes -= topic->json_len;
    HASH_DEL(model->topics, topic);
    list_remove(&topic->in_changed);
    slot_give(model, topic->slot);
    free(topic->past);
    free(topic->json);
    free(topic);
}

void model_fini(struct model *model)
{
    for (uint32_t i = 0; i < model->slot_count; i++)
        if (model->slots[i])
            topic_free(model, model->slots[i]);
    free(model->slots);
    free(model->free_slots);
    model_init(model);
}

static size_t make_key(char *key, uint32_t node, struct slice name)
{
    memcpy(key, &node, sizeof(node));
    memcpy(key + sizeof(node), name.ptr, name.len);
    return sizeof(node) + name.len;
}

/* Those that are gone, too. */
static struct model_topic *find_any(const struct model *model, uint32_t node, struct slice name)
{
    char key[KEY_BYTES_MAX];
    struct model_topic *topic;

    if (name.len == 0 || name.len > TOPIC_NAME_BYTES_MAX || node == 0 || node > MODEL_NODE_MAX)
        return NULL;
    size_t len = make_key(key, node, name);
    HASH_FIND(hh, model->topics, key, len, topic);
    return topic;
}

struct model_topic *model_find(const struct model *model, uint32_t node, struct slice name)
{
    struct model_topic *topic = find_any(model, node, name);

    return topic && !topic->gone ? topic : NULL;
}

static struct model_topic *topic_new(struct model *model, uint32_t node, struct slice name)
{
    struct model_topic *topic = mem_new(sizeof(*topic) + sizeof(node) + name.len);
    size_t len = make_key(topic->key, node, name);

    topic->node = node;
    topic->name_len = (uint16_t)name.len;
    list_init(&topic->in_changed);
    topic->slot = slot_take(model, topic);
    model->nodes[node].kept++;
    HASH_ADD_KEYPTR(hh, model->topics, topic->key, len, topic);
    return topic;
}

static void lose(struct model *model, struct model_topic *topic)
{
    if (topic->gone)
        return;
    count(model, topic, -1);
    model->nodes[topic->node].topics--;
    topic->gone = true;
    change(model, topic);
}

/* ---- what a node tells ------------------------------------------------------------------------------------------- */

void model_begin(struct model *model, uint32_t node)
{
    model->nodes[node].telling++;
    model->nodes[node].told_all = model->nodes[node].cut = false;
}

/* The figures and the name of an object; false when it is no topic's. */
static bool read_topic(struct slice object, struct figures *ret, char name[TOPIC_NAME_BYTES_MAX + 1])
{
    struct json_value value = json_walk_value(object);
    bool named = false;
    struct slice rest, key;

    *ret = (struct figures){.known = 0};
    if (value.kind != JSON_OBJECT)
        return false;
    for (rest = json_walk_inside(&value); json_walk_member(&rest, &key, &value);) {
        /* Browsers take the last of two names, however it is written: there is one topic, and the node is ours. */
        if (slice_is(key, "node") || memchr(key.ptr, '\\', key.len) || (slice_is(key, "topic") && named))
            return false;
        if (slice_is(key, "topic"))
            named = text_of(&value, name, TOPIC_NAME_BYTES_MAX + 1);
        for (unsigned f = 0; value.kind == JSON_NUMBER && f < FIGURES; f++)
            if (slice_is(key, FIGURE_NAMES[f]) && milli_read(value.text, &ret->values[f])) {
                ret->values[f] /= FIGURE_IS_RATE(f) ? 1 : 1000;
                ret->known |= 1u << f;
            }
    }
    return named && topic_name_check(slice_str(name)) == 0;
}

/* Whether there is room for what is told of a topic, which may be there already. */
static bool has_room(const struct model_node *of, const struct model_topic *topic, size_t bytes)
{
    if (!topic && of->kept >= MODEL_KEPT_MAX)
        return false;
    if ((!topic || topic->gone) && of->topics >= MODEL_TOPICS_MAX)
        return false;
    return of->bytes - (topic ? topic->json_len : 0) + bytes <= MODEL_NODE_BYTES_MAX;
}

bool model_put(struct model *model, uint32_t node, struct slice object)
{
    struct model_node *of = &model->nodes[node];
    char name[TOPIC_NAME_BYTES_MAX + 1];
    struct figures figures;

    if (object.len > MODEL_JSON_MAX || !read_topic(object, &figures, name))
        return false;
    struct model_topic *topic = find_any(model, node, slice_str(name));
    if (!has_room(of, topic, object.len)) {
        of->cut = true;
        return false;
    }
    if (!topic)
        topic = topic_new(model, node, slice_str(name));
    else if (!topic->gone)
        count(model, topic, -1);
    if (topic->gone || !topic->json)
        of->topics++;
    topic->gone = false;
    topic->telling = of->telling;
    topic->figures = figures;
    count(model, topic, 1);
    const char *inside = memchr(object.ptr, '{', object.len);
    size_t len = object.len - (size_t)(inside + 1 - object.ptr);
    if (!topic->json || topic->json_len != len || memcmp(topic->json, inside + 1, len) != 0) {
        topic->json = mem_grow(topic->json, len, 1);
        memcpy(topic->json, inside + 1, len);
        of->bytes += len - topic->json_len;
        topic->json_len = (uint32_t)len;
        for (size_t i = 0; i < len; i++) /* a line of its own would end the event that it stands in */
            if (topic->json[i] == '\n' || topic->json[i] == '\r')
                topic->json[i] = ' ';
    }
    change(model, topic);
    return true;
}

void model_gone(struct model *model, uint32_t node, struct slice name)
{
    struct model_topic *topic = model_find(model, node, name);

    if (topic)
        lose(model, topic);
}

/* Those of the node that were not in this telling; `all`: all of them. */
static void lose_untold(struct model *model, uint32_t node, bool all)
{
    for (uint32_t i = 0; i < model->slot_count; i++) {
        struct model_topic *topic = model->slots[i];
        if (topic && topic->node == node && (all || topic->telling != model->nodes[node].telling))
            lose(model, topic);
    }
}

void model_complete(struct model *model, uint32_t node)
{
    if (!model->nodes[node].told_all)
        lose_untold(model, node, false);
    model->nodes[node].told_all = true;
}

void model_drop(struct model *model, uint32_t node)
{
    lose_untold(model, node, true);
    model->nodes[node].cut = false;
}

/* ---- what others ask --------------------------------------------------------------------------------------------- */

bool model_write(const struct model_topic *topic, struct buf *out)
{
    return buf_printf(out, "{\"node\":%u,", topic->node) && buf_append(out, topic->json, topic->json_len);
}

struct model_topic *model_next_changed(struct model *model)
{
    struct list *node = list_pop(&model->changed);

    return node ? CONTAINER_OF(node, struct model_topic, in_changed) : NULL;
}

void model_bury(struct model *model, struct model_topic *topic)
{
    ENSURE(topic->gone);
    topic_free(model, topic);
}
