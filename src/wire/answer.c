/* answer.c - see answer.h. SPDX-License-Identifier: MIT */
#include "wire/answer.h"

#include "base/bytes.h"
#include "base/num.h"
#include "wire/json_tree.h"

#include <errno.h>
#include <stdlib.h>

/* An array of objects of strings is all there is. */
enum { DEPTH_MAX = 4 };

ssize_t answer_parse(struct slice in, size_t data_bytes_max, struct answer *ret)
{
    if (in.len < REPLY_HEADER_BYTES)
        return 0;
    size_t len = get_be32(in.ptr + 2);
    if (len > data_bytes_max)
        return -EMSGSIZE;
    if (in.len - REPLY_HEADER_BYTES < len)
        return 0;
    *ret = (struct answer){.type = get_be16(in.ptr), .data = slice_of(in.ptr + REPLY_HEADER_BYTES, len)};
    return (ssize_t)(REPLY_HEADER_BYTES + len);
}

int answer_read_id(const struct answer *answer, uint64_t *ret_id)
{
    return answer->type == REPLY_RESULT && num_parse_u64(answer->data, ret_id) ? 0 : -EPROTO;
}

/* ---- lists of messages ---------------------------------------------------------------------------------------- */
/* A list and the bytes behind its messages are one block; `*ret_bytes` is where the bodies go. */
static int list_new(size_t count, size_t body_bytes, struct answer_list *ret, char **ret_bytes)
{
    struct reply_message *msgs = NULL;

    if (count > 0) {
        if (count > (SIZE_MAX - body_bytes) / sizeof(*msgs))
            return -ENOMEM;
        msgs = malloc(count * sizeof(*msgs) + body_bytes);
        if (!msgs)
            return -ENOMEM;
    }
    *ret = (struct answer_list){.msgs = msgs, .count = count};
    *ret_bytes = msgs ? (char *)(msgs + count) : NULL;
    return 0;
}

void answer_list_free(struct answer_list *list)
{
    free(list->msgs);
    *list = (struct answer_list){.msgs = NULL};
}

static void list_put(struct reply_message *msg, struct slice body, char **bytes)
{
    if (body.len > 0)
        memcpy(*bytes, body.ptr, body.len);
    msg->body = slice_of(*bytes, body.len);
    *bytes += body.len;
}

/* Takes a message off the bytes of a REPLY_BINARY; false when they are cut off. */
static bool binary_next(struct slice *data, struct reply_message *ret)
{
    if (data->len < REPLY_BINARY_HEADER_BYTES)
        return false;
    size_t len = get_be32(data->ptr + 12);
    if (len > data->len - REPLY_BINARY_HEADER_BYTES)
        return false;
    *ret = (struct reply_message){
        .id = get_be64(data->ptr),
        .retry_count = get_be16(data->ptr + 8),
        .topic = get_be16(data->ptr + 10),
        .body = slice_of(data->ptr + REPLY_BINARY_HEADER_BYTES, len),
    };
    *data = slice_of(data->ptr + REPLY_BINARY_HEADER_BYTES + len, data->len - REPLY_BINARY_HEADER_BYTES - len);
    return true;
}

static int read_binary(struct slice data, struct answer_list *ret_list)
{
    size_t count = 0, body_bytes = 0;
    struct reply_message msg;
    struct slice rest = data;
    char *bytes = NULL;

    for (; binary_next(&rest, &msg); count++)
        body_bytes += msg.body.len;
    if (rest.len > 0)
        return -EPROTO;
    int err = list_new(count, body_bytes, ret_list, &bytes);
    for (size_t i = 0; err == 0 && i < count && binary_next(&data, &msg); i++) {
        ret_list->msgs[i] = msg;
        list_put(&ret_list->msgs[i], msg.body, &bytes);
    }
    return err;
}

/* ---- JSON ----------------------------------------------------------------------------------------------------- */
static bool json_string(struct json_object *value, struct slice *ret_text)
{
    if (!json_object_is_type(value, json_type_string))
        return false;
    *ret_text = slice_of(json_object_get_string(value), (size_t)json_object_get_string_len(value));
    return true;
}

/* The body points into `object`. */
static bool json_message(struct json_object *object, struct reply_message *ret)
{
    struct json_object *id, *body, *retry;
    struct slice id_text;

    if (!json_object_is_type(object, json_type_object) || !json_object_object_get_ex(object, "id", &id) ||
        !json_object_object_get_ex(object, "body", &body) ||
        !json_object_object_get_ex(object, "retry_count", &retry))
        return false;
    if (!json_string(id, &id_text) || !num_parse_u64(id_text, &ret->id) || !json_string(body, &ret->body) ||
        !json_object_is_type(retry, json_type_int))
        return false;
    int64_t count = json_object_get_int64(retry);
    ret->retry_count = (unsigned)count;
    return count >= 0 && count <= UINT32_MAX;
}

/* A lone object counts as an array of one. */
static size_t json_count(struct json_object *root)
{
    return json_object_is_type(root, json_type_array) ? json_object_array_length(root) : 1;
}

static struct json_object *json_at(struct json_object *root, size_t i)
{
    return json_object_is_type(root, json_type_array) ? json_object_array_get_idx(root, i) : root;
}

static int read_json(struct slice data, struct answer_list *ret_list)
{
    int err;
    size_t body_bytes = 0;
    struct reply_message msg;
    struct json_object *root = json_tree_read(data, DEPTH_MAX, &err);
    char *bytes = NULL;

    if (!root)
        return err;
    size_t count = json_count(root);
    for (size_t i = 0; err == 0 && i < count; i++) {
        err = json_message(json_at(root, i), &msg) ? 0 : -EPROTO;
        body_bytes += err == 0 ? msg.body.len : 0;
    }
    if (err == 0)
        err = list_new(count, body_bytes, ret_list, &bytes);
    for (size_t i = 0; err == 0 && i < count; i++) {
        ENSURE(json_message(json_at(root, i), &ret_list->msgs[i]));
        list_put(&ret_list->msgs[i], ret_list->msgs[i].body, &bytes);
    }
    (void)json_object_put(root);
    return err;
}

int answer_read_messages(const struct answer *answer, struct answer_list *ret_list)
{
    if (answer->type == REPLY_MESSAGE)
        return read_json(answer->data, ret_list);
    return answer->type == REPLY_BINARY ? read_binary(answer->data, ret_list) : -EPROTO;
}

ssize_t answer_read_ids(const struct answer *answer, uint64_t *ids, size_t ids_max)
{
    int err;
    struct slice text;

    if (answer->type != REPLY_RESULT)
        return -EPROTO;
    struct json_object *root = json_tree_read(answer->data, DEPTH_MAX, &err);
    if (!root)
        return err;
    bool good = json_object_is_type(root, json_type_array) && json_object_array_length(root) <= ids_max;
    size_t count = good ? json_object_array_length(root) : 0;
    for (size_t i = 0; good && i < count; i++)
        good = json_string(json_object_array_get_idx(root, i), &text) && num_parse_u64(text, &ids[i]);
    (void)json_object_put(root);
    return good ? (ssize_t)count : -EPROTO;
}
