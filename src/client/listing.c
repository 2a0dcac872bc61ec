/* listing.c - see listing.h. SPDX-License-Identifier: MIT */
#include "client/listing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "wire/json_tree.h"

enum { JSON_DEPTH_MAX = 32 };

/* The value of the text, all of which must be one JSON value; the caller puts it back. NULL: the cause is told. */
static json_object *parse_json(struct slice text, char *ret_err_text)
{
    int err;
    json_object *value = text.len <= LISTING_BYTES_MAX ? json_tree_read(text, JSON_DEPTH_MAX, &err) : NULL;

    if (!value)
        (void)snprintf(ret_err_text, LISTING_ERR_BYTES, "the answer is not JSON");
    return value;
}

/* The `data` of an answer with code 0, borrowed from `root`; `*ret_err` is 0 or -EPROTO. */
static json_object *envelope_data(json_object *root, int *ret_err, char *ret_err_text)
{
    json_object *code = NULL, *data = NULL, *msg = NULL;

    *ret_err = -EPROTO;
    if (!json_object_is_type(root, json_type_object) || !json_object_object_get_ex(root, "code", &code) ||
        !json_object_is_type(code, json_type_int)) {
        (void)snprintf(ret_err_text, LISTING_ERR_BYTES, "the answer has no code");
        return NULL;
    }
    if (json_object_get_int64(code) != 0) {
        bool told = json_object_object_get_ex(root, "msg", &msg) && json_object_is_type(msg, json_type_string);
        (void)snprintf(ret_err_text, LISTING_ERR_BYTES, "%s", told ? json_object_get_string(msg) : "refused");
        return NULL;
    }
    *ret_err = 0;
    (void)json_object_object_get_ex(root, "data", &data);
    return data;
}

/* Copies a string member without control bytes; longer than the room is `cut` or refused. */
static bool take_text(json_object *from, const char *key, bool cut, char *to, size_t to_bytes)
{
    json_object *value;

    if (!json_object_object_get_ex(from, key, &value) || !json_object_is_type(value, json_type_string))
        return false;
    const char *text = json_object_get_string(value);
    size_t len = (size_t)json_object_get_string_len(value);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            return false;
    if (len >= to_bytes) {
        if (!cut)
            return false;
        len = to_bytes - 1;
        while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
            len--;
    }
    memcpy(to, text, len);
    to[len] = '\0';
    return true;
}

/* A whole number between 0 and `max`; what is less counts as 0, what is more as `max`. */
static uint64_t take_number(json_object *from, const char *key, uint64_t max)
{
    json_object *value;

    if (!json_object_object_get_ex(from, key, &value) || !json_object_is_type(value, json_type_int))
        return 0;
    return json_object_get_int64(value) < 0 ? 0 : min_u64(json_object_get_uint64(value), max);
}

static bool take_node(json_object *from, struct gmq_node *ret)
{
    *ret = (struct gmq_node){0};
    if (!json_object_is_type(from, json_type_object) ||
        !take_text(from, "tcp_addr", false, ret->tcp_addr, sizeof(ret->tcp_addr)) || ret->tcp_addr[0] == '\0')
        return false;
    (void)take_text(from, "http_addr", false, ret->http_addr, sizeof(ret->http_addr));
    (void)take_text(from, "join_time", true, ret->join_time, sizeof(ret->join_time));
    ret->id = (uint32_t)take_number(from, "id", UINT32_MAX);
    ret->weight = (uint32_t)take_number(from, "weight", UINT32_MAX);
    return true;
}

static bool take_topic(json_object *from, struct gmq_topic *ret)
{
    json_object *value;

    *ret = (struct gmq_topic){0};
    if (!json_object_is_type(from, json_type_object) || !take_text(from, "name", true, ret->name, sizeof(ret->name)))
        return false;
    (void)take_text(from, "start_time", true, ret->start_time, sizeof(ret->start_time));
    ret->pop_num = take_number(from, "pop_num", UINT64_MAX);
    ret->push_num = take_number(from, "push_num", UINT64_MAX);
    ret->queue_num = take_number(from, "queue_num", UINT64_MAX);
    ret->delay_num = take_number(from, "delay_num", UINT64_MAX);
    ret->wait_ack_num = take_number(from, "wait_ack_num", UINT64_MAX);
    ret->dead_num = take_number(from, "dead_num", UINT64_MAX);
    ret->is_auto_ack = json_object_object_get_ex(from, "is_auto_ack", &value) && json_object_get_boolean(value);
    return true;
}

/* An array, or null for none. */
static int list_length(json_object *list, size_t max, size_t *ret_count, char *ret_err_text)
{
    if (list && !json_object_is_type(list, json_type_array)) {
        (void)snprintf(ret_err_text, LISTING_ERR_BYTES, "the answer holds no list");
        return -EPROTO;
    }
    *ret_count = list ? json_object_array_length(list) : 0;
    if (*ret_count <= max)
        return 0;
    (void)snprintf(ret_err_text, LISTING_ERR_BYTES, "the list has more than %zu entries", max);
    return -EPROTO;
}

int listing_nodes(struct slice json, struct gmq_nodes *ret_nodes, char *ret_err_text)
{
    struct gmq_nodes nodes = {0};
    json_object *list = NULL;
    size_t count = 0;
    int err;

    json_object *root = parse_json(json, ret_err_text);
    if (!root)
        return -EPROTO;
    json_object *data = envelope_data(root, &err, ret_err_text);
    if (err == 0 && json_object_is_type(data, json_type_object))
        (void)json_object_object_get_ex(data, "nodes", &list);
    if (err == 0)
        err = list_length(list, LISTING_NODES_MAX, &count, ret_err_text);
    if (err == 0 && count > 0 && !(nodes.nodes = calloc(count, sizeof(*nodes.nodes))))
        err = -ENOMEM;
    for (size_t i = 0; err == 0 && i < count; i++)
        nodes.count += take_node(json_object_array_get_idx(list, i), &nodes.nodes[nodes.count]);
    json_object_put(root);
    if (err == 0)
        *ret_nodes = nodes;
    return err;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct gmq_topic *)a)->name, ((const struct gmq_topic *)b)->name);
}

int listing_topics(struct slice json, struct gmq_topics *ret_topics, char *ret_err_text)
{
    struct gmq_topics topics = {0};
    size_t count = 0;
    int err;

    json_object *root = parse_json(json, ret_err_text);
    if (!root)
        return -EPROTO;
    json_object *list = envelope_data(root, &err, ret_err_text);
    if (err == 0)
        err = list_length(list, LISTING_BYTES_MAX / 16, &count, ret_err_text);
    if (err == 0 && count > 0 && !(topics.topics = calloc(count, sizeof(*topics.topics))))
        err = -ENOMEM;
    for (size_t i = 0; err == 0 && i < count; i++)
        topics.count += take_topic(json_object_array_get_idx(list, i), &topics.topics[topics.count]);
    json_object_put(root);
    if (err != 0)
        return err;
    if (topics.count > 0)
        qsort(topics.topics, topics.count, sizeof(*topics.topics), by_name);
    *ret_topics = topics;
    return 0;
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

bool listing_next_addr(struct slice *list, struct slice *ret_addr)
{
    while (list->len > 0) {
        const char *comma = memchr(list->ptr, ',', list->len);
        struct slice addr = slice_of(list->ptr, comma ? (size_t)(comma - list->ptr) : list->len);
        size_t taken = addr.len + (comma != NULL);
        *list = slice_of(list->ptr + taken, list->len - taken);
        while (addr.len > 0 && is_blank(addr.ptr[0]))
            addr = slice_of(addr.ptr + 1, addr.len - 1);
        while (addr.len > 0 && is_blank(addr.ptr[addr.len - 1]))
            addr.len--;
        if (addr.len > 0) {
            *ret_addr = addr;
            return true;
        }
    }
    return false;
}
