/* ask.c - see ask.h. SPDX-License-Identifier: MIT */
#include "gclient/ask.h"

#include "base/err.h"
#include "base/num.h"
#include "base/utf8.h"
#include "gclient/out.h"
#include "wire/json.h"

#include <inttypes.h>

enum { ASK_BYTES_MAX = GMQ_REQUEST_BYTES_MAX - 4096, ANSWER_DEPTH_MAX = 32 };

void ask_begin(struct ask *ask)
{
    *ask = (struct ask){.good = true};
    buf_init(&ask->json, ASK_BYTES_MAX);
}

static void add_key(struct ask *ask, const char *key)
{
    ask->good = ask->good && buf_printf(&ask->json, "%s\"%s\":", buf_len(&ask->json) > 0 ? "," : "{", key);
}

void ask_bytes(struct ask *ask, const char *key, struct slice text)
{
    if (!utf8_valid(text))
        ask->bad = key;
    add_key(ask, key);
    ask->good = ask->good && json_append_string(&ask->json, text);
}

void ask_text(struct ask *ask, const char *key, const char *text)
{
    if (text)
        ask_bytes(ask, key, slice_str(text));
}

void ask_base64(struct ask *ask, const char *key, struct slice bytes)
{
    add_key(ask, key);
    ask->good = ask->good && buf_append_str(&ask->json, "\"") && out_append_base64(&ask->json, bytes) &&
                buf_append_str(&ask->json, "\"");
}

void ask_number(struct ask *ask, const char *key, uint64_t number)
{
    add_key(ask, key);
    ask->good = ask->good && buf_printf(&ask->json, "%" PRIu64, number);
}

void ask_is(struct ask *ask, const char *key, bool is) { ask_json(ask, key, is ? "true" : "false"); }

void ask_json(struct ask *ask, const char *key, const char *json)
{
    add_key(ask, key);
    ask->good = ask->good && buf_append_str(&ask->json, json);
}

void ask_member(struct ask *ask, struct slice key, struct slice text)
{
    if (!utf8_valid(key) || !utf8_valid(text))
        ask->bad = "a header";
    ask->good = ask->good && buf_append_str(&ask->json, buf_len(&ask->json) > 0 ? "," : "{") &&
                json_append_string(&ask->json, key) && buf_append_str(&ask->json, ":") &&
                json_append_string(&ask->json, text);
}

bool ask_close(struct ask *ask)
{
    bool empty = buf_len(&ask->json) == 0;

    ask->good = ask->good && buf_append(&ask->json, empty ? "{}" : "}", empty ? 3 : 2);
    return ask->good;
}

void ask_object(struct ask *ask, const char *key, struct ask *object)
{
    bool good = ask_close(object);

    ask_json(ask, key, good ? buf_data(&object->json) : "");
    ask->good = ask->good && good;
    ask->bad = object->bad ? object->bad : ask->bad;
    buf_free(&object->json);
}

bool ask_ids_ok(const char *const *words, size_t count)
{
    uint64_t id;

    for (size_t i = 0; i < count; i++)
        if (!num_parse_u64(slice_str(words[i]), &id)) {
            (void)out_error(0, "'%s' is no message id", words[i]);
            return false;
        }
    return true;
}

void ask_ids(struct ask *ask, const char *const *words, size_t count)
{
    add_key(ask, "ids");
    for (size_t i = 0; i < count; i++)
        ask->good = ask->good && buf_printf(&ask->json, "%s\"%s\"", i > 0 ? "," : "[", words[i]);
    ask->good = ask->good && buf_append_str(&ask->json, "]");
}

int ask_exit_code(int err, const char *text)
{
    /* An older node, which knows operations but not this one. */
    if (err == GMQ_ERR_NOT_FOUND && strcmp(text, err_text(GMQ_E_OPERATION_UNKNOWN)) == 0)
        return EXIT_REFUSED;
    return out_exit_code(err);
}

int ask_quietly(struct ask *ask, struct gmq *mq, const char *op, struct json_object **ret_answer)
{
    const char *reply;
    int err = GMQ_ERR_MEMORY, bad;

    if (ask->bad)
        err = GMQ_ERR_ARGUMENT;
    else if (ask_close(ask))
        err = gmq_call(mq, op, buf_data(&ask->json), &reply);
    buf_free(&ask->json);
    if (err != GMQ_OK)
        return err;
    *ret_answer = json_tree_read(slice_str(reply), ANSWER_DEPTH_MAX, &bad);
    if (!*ret_answer)
        return bad == 0 ? GMQ_ERR_MEMORY : GMQ_ERR_PROTOCOL;
    return GMQ_OK;
}

int ask_failed(struct gmq *mq, int err)
{
    if (err == GMQ_ERR_REFUSED || err == GMQ_ERR_NOT_FOUND)
        return out_error(ask_exit_code(err, gmq_error_text(mq)), "%s", gmq_error_text(mq));
    if (err == GMQ_ERR_PROTOCOL || err == GMQ_ERR_MEMORY)
        return out_error(out_exit_code(err), "%s", gmq_strerror(err));
    return command_failed(mq, err);
}

int ask_node(struct ask *ask, struct gmq *mq, const char *op, struct json_object **ret_answer)
{
    const char *bad = ask->bad;
    int err = ask_quietly(ask, mq, op, ret_answer);

    if (err == GMQ_OK)
        return EXIT_OK;
    if (bad)
        return out_error(EXIT_USAGE, "%s: not UTF-8", bad);
    return ask_failed(mq, err);
}
