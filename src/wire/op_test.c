/* op_test.c - see op.h. SPDX-License-Identifier: MIT */
#include "unit/unit.h"

#include "base/bytes.h"
#include "base/err.h"
#include "wire/op.h"

#include <stdio.h>
#include <stdlib.h>

static const struct op_limits limits = {.count_max = 4};

/* Reads a copy that ends at an unreadable page. */
static int parse(const char *name, struct slice json, struct op_call **ret, struct op_error *error)
{
    char *copy = guarded(json.ptr, json.len);
    const struct op *op = op_find(slice_str(name));

    assert_non_null(op);
    memset(error, 0, sizeof(*error));
    int rc = op_parse(op, &limits, slice_of(copy, json.len), ret, error);
    guarded_free(copy, json.len);
    return rc;
}

/* The call, which needs nothing of the JSON any more; no prefix of it is one. */
static struct op_call *good(const char *name, const char *json)
{
    struct op_call *call = NULL;
    struct op_error error;

    for (size_t len = 0; len < strlen(json); len++)
        assert_int_equal(parse(name, slice_of(json, len), &call, &error), GMQ_E_JSON);
    int rc = parse(name, slice_str(json), &call, &error);
    if (rc != 0)
        print_message("%s %s: %s\n", name, json, error.text);
    assert_int_equal(rc, 0);
    assert_ptr_equal(call->cmd.args, &call->args);
    return call;
}

static void bad(const char *name, const char *json, int err, const char *text)
{
    struct op_call *call = NULL;
    struct op_error error;

    assert_int_equal(parse(name, slice_str(json), &call, &error), err);
    assert_string_equal(error.text, text);
    assert_null(call);
}

TEST(op_table_has_every_name_and_place_once)
{
    for (size_t i = 0; i < OPS_COUNT; i++) {
        assert_ptr_equal(op_find(slice_str(OPS[i].name)), &OPS[i]);
        assert_true(OPS[i].params.count <= 64 && strlen(OPS[i].help) > 0);
        for (size_t k = 0; k < i && OPS[i].method; k++)
            assert_false(OPS[k].method && strcmp(OPS[i].method, OPS[k].method) == 0 &&
                         strcmp(OPS[i].path, OPS[k].path) == 0);
        for (size_t p = 0; p < OPS[i].params.count; p++) {
            const struct op_param *param = &OPS[i].params.list[p];
            char mark[64];
            (void)snprintf(mark, sizeof(mark), "{%s}", param->name);
            assert_int_equal(param->where == OP_PATH, OPS[i].path && strstr(OPS[i].path, mark) != NULL);
            assert_true(param->type != OP_WORD || param->words);
            assert_true(strlen(param->help) > 0);
        }
    }
    assert_null(op_find(slice_str("topic.nobody")));
    assert_null(op_find(slice_str("")));
}

TEST(op_parse_reads_a_push)
{
    struct op_call *call = good("message.push", "{\"topic\":\"t\",\"body\":\"a\\u0000\\u00e9\",\"delay_ms\":5,"
                                                "\"headers\":{\"a\":\"1\",\"b\":\"\"},\"key\":\"k\",\"auto_ack\":false,"
                                                "\"max_retries\":0,\"ttr_ms\":1000,\"dedup_key\":null}");
    const struct cmd_put *put = call->args.puts;

    assert_int_equal(call->cmd.kind, CMD_PUT);
    assert_int_equal(call->args.put_count, 1);
    assert_true(slice_equal(put->body, slice_of("a\0\xc3\xa9", 4)));
    assert_true(slice_is(put->headers, "a: 1\nb: \n") && slice_is(put->key, "k") && !put->auto_ack);
    assert_int_equal(put->delay_ms, 5);
    assert_int_equal(put->max_retries, 0);
    assert_int_equal(put->ttr_ms, 1000);
    assert_int_equal(put->dedup.len, 0);
    op_call_free(call);
}

TEST(op_parse_reads_several_messages)
{
    struct op_call *call = good("message.push", "{\"topic\":\"t\",\"dedup_key\":\"d\",\"messages\":[{\"body\":\"a\"},"
                                                "{\"body_base64\":\"/w==\",\"due_at\":\"1970-01-01T00:00:01Z\"}]}");
    const struct cmd_put *puts = call->args.puts;

    assert_int_equal(call->args.put_count, 2);
    assert_true(slice_is(puts[0].body, "a") && slice_is(puts[1].body, "\xff"));
    assert_int_equal(puts[0].delay_ms, CMD_NOT_GIVEN);
    assert_int_equal(puts[1].due_ms, 1000);
    assert_true(slice_is(puts[0].dedup, "d/0") && slice_is(puts[1].dedup, "d/1"));
    op_call_free(call);
    bad("message.push", "{\"topic\":\"t\",\"messages\":[{\"body\":\"a\"}],\"key\":\"k\"}", GMQ_E_VALUE,
        "messages: nothing but dedup_key may stand beside them");
    bad("message.push", "{\"topic\":\"t\",\"messages\":[{\"topic\":\"a\"}]}", GMQ_E_VALUE, "unknown field 'topic'");
    bad("message.push", "{\"topic\":\"t\",\"messages\":[{}]}", GMQ_E_VALUE,
        "a message has either body or body_base64");
    bad("message.push", "{\"topic\":\"t\",\"messages\":[1,2,3,4,5]}", GMQ_E_BATCH_LIMIT, "");
    bad("message.push", "{\"topic\":\"t\",\"messages\":[1,2,3,4]}", GMQ_E_VALUE, "messages: must be a list of objects");
}

TEST(op_parse_reads_ids_and_topics)
{
    struct op_call *call = good("message.ack", "{\"topic\":\"t\",\"ids\":[\"1\",\"18446744073709551615\"]}");

    assert_int_equal(call->cmd.count, 2);
    assert_int_equal(call->cmd.body.len, 16);
    assert_int_equal(get_be64(call->cmd.body.ptr + 8), UINT64_MAX);
    op_call_free(call);
    call = good("message.pop", "{\"topics\":[\"a\",\"b\"],\"wait_ms\":60000,\"encoding\":\"base64\"}");
    assert_true(slice_is(call->cmd.topic, "a/b"));
    assert_int_equal(call->cmd.flags, CMD_F_LIST | CMD_F_BINARY);
    assert_int_equal(call->cmd.number, 1);
    assert_int_equal(call->cmd.wait_ms, 60000);
    assert_int_equal(call->encoding, OP_ENCODING_BASE64);
    op_call_free(call);
    bad("message.pop", "{\"topics\":[\"a/b\"]}", GMQ_E_TOPIC_NAME, "");
    bad("message.pop", "{\"topics\":[\"\"]}", GMQ_E_TOPIC_EMPTY, "");
    bad("message.pop", "{}", GMQ_E_VALUE, "either topics or topic says what to pop from");
    bad("message.pop", "{\"topic\":\"a\",\"wait_ms\":60001}", GMQ_E_VALUE,
        "wait_ms: must be an integer from 0 to 60000");
    bad("message.ack", "{\"topic\":\"t\",\"ids\":[\"1\",\"1\",\"1\",\"1\",\"1\"]}", GMQ_E_BATCH_LIMIT, "");
    bad("message.ack", "{\"topic\":\"t\",\"ids\":[1]}", GMQ_E_VALUE,
        "ids: must be a list of ids: strings of decimal digits");
    bad("message.ack", "{\"topic\":\"t\"}", GMQ_E_VALUE, "ids: is missing");
    bad("message.get", "{\"id\":\"18446744073709551616\"}", GMQ_E_VALUE,
        "id: must be an id: a string of decimal digits");
}

TEST(op_parse_reads_settings_and_what_null_means)
{
    struct op_call *call = good("topic.set", "{\"topic\":\"t\",\"ttr_ms\":null,\"max_retries\":null,\"auto_ack\":null,"
                                             "\"retry\":{\"kind\":\"list\",\"delays_ms\":[1,2],\"cap_ms\":null,"
                                             "\"jitter_percent\":100},\"limits\":null}");
    const struct topic_settings *set = &call->args.settings;

    assert_int_equal(call->args.settings_given, CMD_GIVEN_TTR | CMD_GIVEN_RETRIES | CMD_GIVEN_RETRY_POLICY |
                     CMD_GIVEN_LIMITS | CMD_GIVEN_AUTO_ACK | CMD_GIVEN_DELAYS | CMD_GIVEN_CAP |
                     CMD_GIVEN_JITTER);
    assert_int_equal(set->max_retries, TOPIC_NODE_RETRIES);
    assert_int_equal(set->ttr_ms, 0);
    assert_int_equal(set->retry.kind, RETRY_LIST);
    assert_int_equal(set->retry.count, 2);
    assert_int_equal(set->retry.delays_ms[1], 2);
    op_call_free(call);
    call = good("topic.create", "{\"name\":\"t\",\"limits\":{\"messages\":7,\"over\":\"dead_letter\"}}");
    assert_int_equal(call->args.settings_given, CMD_GIVEN_MESSAGES | CMD_GIVEN_OVER);
    assert_int_equal(call->args.settings.limits.messages, 7);
    assert_int_equal(call->args.settings.limits.over, OVER_DEAD_LETTER);
    assert_int_equal(call->args.settings.max_retries, TOPIC_NODE_RETRIES);
    op_call_free(call);
    bad("topic.set", "{\"topic\":\"t\",\"retry\":{\"kind\":\"fixed\"}}", GMQ_E_VALUE, "retry.delays_ms: must be one");
    bad("topic.set", "{\"topic\":\"t\",\"retry\":{\"kind\":\"at_once\",\"delays_ms\":[1]}}", GMQ_E_VALUE,
        "retry.delays_ms: must be missing for at_once");
    bad("topic.set", "{\"topic\":\"t\",\"retry\":{\"delays_ms\":[]}}", GMQ_E_VALUE,
        "retry.delays_ms: must be 1 to 16");
    bad("topic.set", "{\"topic\":\"t\",\"limits\":{\"mesages\":1}}", GMQ_E_VALUE, "limits: unknown field 'mesages'");
}

TEST(op_parse_notes_which_parts_of_a_setting_are_named)
{
    struct op_call *call = good("topic.set", "{\"topic\":\"t\",\"retry\":{\"cap_ms\":9,\"delays_ms\":[1,2]},"
                                             "\"limits\":{\"bytes\":null,\"age_ms\":5000}}");

    assert_int_equal(call->args.settings_given, CMD_GIVEN_CAP | CMD_GIVEN_DELAYS | CMD_GIVEN_BYTES | CMD_GIVEN_AGE);
    assert_int_equal(call->args.settings.retry.count, 2);
    assert_int_equal(call->args.settings.retry.cap_ms, 9);
    assert_int_equal(call->args.settings.limits.age_ms, 5000);
    op_call_free(call);
    call = good("topic.set", "{\"topic\":\"t\",\"retry\":{},\"limits\":{}}");
    assert_int_equal(call->args.settings_given, 0);
    op_call_free(call);
}

TEST(op_parse_takes_a_ttr_of_0_as_auto_ack)
{
    static const char *const CONTRADICTION =
        "ttr_ms and auto_ack contradict each other: a ttr_ms of 0 is auto_ack";
    struct op_call *call = good("message.push", "{\"topic\":\"t\",\"body\":\"\",\"ttr_ms\":0}");

    assert_true(call->args.puts[0].auto_ack && call->args.puts[0].ttr_ms == 0);
    op_call_free(call);
    call = good("message.push", "{\"topic\":\"t\",\"body\":\"\",\"ttr_ms\":0,\"auto_ack\":true}");
    assert_true(call->args.puts[0].auto_ack);
    op_call_free(call);
    call = good("message.push", "{\"topic\":\"t\",\"body\":\"\",\"ttr_ms\":1000,\"auto_ack\":false}");
    assert_false(call->args.puts[0].auto_ack);
    op_call_free(call);
    call = good("message.push", "{\"topic\":\"t\",\"body\":\"\"}");
    assert_false(call->args.puts[0].auto_ack);
    op_call_free(call);
    call = good("message.push", "{\"topic\":\"t\",\"messages\":[{\"body\":\"\"},"
                                "{\"body\":\"\",\"ttr_ms\":0}]}");
    assert_true(!call->args.puts[0].auto_ack && call->args.puts[1].auto_ack);
    op_call_free(call);
    bad("message.push", "{\"topic\":\"t\",\"body\":\"\",\"ttr_ms\":0,\"auto_ack\":false}", GMQ_E_VALUE, CONTRADICTION);
    bad("message.push", "{\"topic\":\"t\",\"body\":\"\",\"ttr_ms\":5000,\"auto_ack\":true}", GMQ_E_VALUE,
        CONTRADICTION);
    bad("message.push", "{\"topic\":\"t\",\"messages\":[{\"body\":\"\",\"ttr_ms\":0,\"auto_ack\":false}]}",
        GMQ_E_VALUE, CONTRADICTION);
    bad("message.push", "{\"topic\":\"t\",\"body\":\"\",\"ttr_ms\":-1}", GMQ_E_VALUE,
        "ttr_ms: must be an integer from 0 to 300000");
}

TEST(op_parse_knows_what_belongs_together)
{
    struct op_call *call = good("topic.pause", "{\"topic\":\"t\",\"pop\":true,\"for_ms\":5}");

    assert_int_equal(call->args.sides, CMD_SIDE_POP);
    assert_int_equal(call->args.delay_ms, 5);
    op_call_free(call);
    call = good("topic.resume", "{\"topic\":\"t\"}");
    assert_int_equal(call->args.sides, CMD_SIDE_PUSH | CMD_SIDE_POP);
    op_call_free(call);
    call = good("message.nack", "{\"topic\":\"t\",\"ids\":[\"1\"],\"count_retry\":false}");
    assert_true(call->args.no_retry);
    op_call_free(call);
    call = good("message.list", "{\"topic\":\"t\",\"state\":\"in_flight\",\"from\":\"tail\",\"limit\":1000}");
    assert_true(call->args.place == PLACE_IN_FLIGHT && call->args.from_tail && call->args.limit == 1000);
    assert_int_equal(call->args.body, CMD_BODY_NONE);
    op_call_free(call);
    bad("topic.pause", "{\"topic\":\"t\",\"pop\":false}", GMQ_E_VALUE, "push and pop: one of them must be true");
    bad("topic.pause", "{\"topic\":\"t\",\"for_ms\":1,\"until\":1}", GMQ_E_VALUE,
        "for_ms and until exclude each other");
    bad("dead.delete", "{\"topic\":\"t\"}", GMQ_E_VALUE, "which messages: ids, or all, or older_than_ms and text");
    bad("dead.delete", "{\"topic\":\"t\",\"all\":true,\"text\":\"x\"}", GMQ_E_VALUE,
        "which messages: ids, or all, or older_than_ms and text");
    bad("message.list", "{\"topic\":\"t\",\"format\":\"jsonl\"}", GMQ_E_VALUE, "unknown field 'format'");
    bad("message.list", "{\"topic\":\"t\",\"state\":\"gone\"}", GMQ_E_VALUE,
        "state: must be one of ready, delayed, in_flight, dead");
}

TEST(op_parse_refuses_what_is_no_object)
{
    bad("job.list", "[]", GMQ_E_JSON, "arguments stand in a JSON object");
    bad("job.list", "1", GMQ_E_JSON, "arguments stand in a JSON object");
    bad("job.list", "null", GMQ_E_JSON, "arguments stand in a JSON object");
    bad("job.list", "", GMQ_E_JSON, "unexpected end of JSON input");
    bad("job.list", "{\"a\":[[[[[[[[[]]]]]]]]]}", GMQ_E_JSON, "the JSON is not UTF-8, or nested more than 8 deep");
    bad("job.list", "{\"\xff\":1}", GMQ_E_JSON, "the JSON is not UTF-8, or nested more than 8 deep");
    bad("job.list", "{\"nobody\":1}", GMQ_E_VALUE, "unknown field 'nobody'");
    bad("message.push", "{\"topic\":\"t\",\"body\":\"x\",\"headers\":{\"a b\":\"\"}}", GMQ_E_HEADERS,
        "a name has no blanks, colons or control bytes");
    bad("message.push", "{\"topic\":\"t\",\"body\":\"x\",\"headers\":{\"a\":\"x\\ny: z\"}}", GMQ_E_HEADERS,
        "a value has no control bytes");
    bad("message.push", "{\"topic\":\"t\",\"body_base64\":\"YQ\"}", GMQ_E_VALUE,
        "body_base64: must be base64 with its padding");
}

static bool fits(const char *name, const char *path) { return op_fits(op_find(slice_str(name)), slice_str(path)); }

TEST(op_fits_its_path)
{
    assert_true(fits("topic.get", "/api/v1/topics/a b"));
    assert_false(fits("topic.get", "/api/v1/topics/"));
    assert_false(fits("topic.get", "/api/v1/topics"));
    assert_false(fits("topic.get", "/api/v1/topics/a/"));
    assert_false(fits("topic.get", "/api/v1/topics/a/pause"));
    assert_true(fits("topic.pause", "/api/v1/topics/a/pause"));
    assert_true(fits("message.find", "/api/v1/topics/a/keys/b/c"));
    assert_false(fits("message.find", "/api/v1/topics/a/keys/"));
    assert_false(op_fits(op_find(slice_str("client.name")), slice_str("/")));
}

TEST(op_takes_arguments_from_path_and_query)
{
    struct op_error error = {.number = 0};
    struct op_call *call = op_call_new(op_find(slice_str("message.find")), &limits);

    assert_int_equal(op_take_path(call, slice_str("/api/v1/topics/a/keys/b/c"), &error), 0);
    assert_int_equal(op_take_query(call, slice_str("body=first&&body_bytes=7&encoding=te%78t"), false, &error), 0);
    assert_int_equal(op_finish(call, &error), 0);
    assert_true(slice_is(call->cmd.topic, "a") && slice_is(call->args.key, "b/c"));
    assert_true(call->args.body == CMD_BODY_FIRST && call->args.body_bytes == 7);
    assert_int_equal(call->encoding, OP_ENCODING_TEXT);
    assert_int_equal(op_take_query(call, slice_str("body=none"), false, &error), GMQ_E_VALUE);
    assert_string_equal(error.text, "body: is given twice");
    assert_int_equal(op_take_query(call, slice_str("topic=x"), false, &error), GMQ_E_VALUE);
    assert_string_equal(error.text, "unknown field 'topic'");
    assert_int_equal(op_take_query(call, slice_str("limit=%4"), false, &error), GMQ_E_VALUE);
    op_call_free(call);
}

TEST(op_takes_a_raw_body_with_its_attributes)
{
    struct op_error error = {.number = 0};
    struct op_call *call = op_call_new(op_find(slice_str("message.push")), &limits);

    assert_int_equal(op_take_path(call, slice_str("/api/v1/topics/a/messages"), &error), 0);
    op_take_octets(call, slice_of("\0\xff", 2));
    assert_int_equal(op_take_query(call, slice_str("delay_ms=5&auto_ack=1&key=k"), true, &error), 0);
    assert_int_equal(op_take_header(call, slice_str("x"), slice_str("1"), &error), 0);
    assert_int_equal(op_take_text(call, "dedup_key", slice_str("d"), &error), 0);
    assert_int_equal(op_finish(call, &error), 0);
    assert_true(slice_equal(call->args.puts[0].body, slice_of("\0\xff", 2)) && call->args.puts[0].auto_ack);
    assert_true(slice_is(call->args.puts[0].headers, "x: 1\n") && slice_is(call->args.puts[0].dedup, "d"));
    assert_int_equal(op_take_query(call, slice_str("body=x"), true, &error), GMQ_E_VALUE);
    assert_int_equal(op_take_query(call, slice_str("due_at=soon"), true, &error), GMQ_E_VALUE);
    op_call_free(call);
}

TEST(op_table_is_json)
{
    struct buf out;

    buf_init(&out, 1 << 20);
    assert_true(op_table_json(&out));
    assert_true(buf_len(&out) > 1000);
    buf_free(&out);
    buf_init(&out, 100);
    assert_false(op_table_json(&out));
    buf_free(&out);
}

/* `"topic": [unit, unit, ...]`, so many of them. */
static int parse_many(const char *unit, size_t count, struct op_error *error)
{
    static const char head[] = "{\"topic\":[";
    size_t bytes = strlen(unit), len = sizeof(head) - 1;
    char *json = malloc(64 + count * (bytes + 1));
    struct op_call *call = NULL;

    assert_non_null(json);
    memcpy(json, head, len);
    for (size_t i = 0; i < count; i++) {
        memcpy(json + len, unit, bytes);
        len += bytes;
        json[len++] = ',';
    }
    memcpy(json + len - 1, "]}", 2);
    int rc = parse("topic.get", slice_of(json, len + 1), &call, error);
    free(json);
    return rc;
}

TEST(op_parse_refuses_json_that_would_make_too_large_a_tree)
{
    size_t values = OP_VALUES_MAX + OP_VALUES_EACH * limits.count_max;
    size_t objects = OP_OBJECTS_MAX + OP_OBJECTS_EACH * limits.count_max;
    struct op_error error;

    /* The object, its member and the list are values, too. */
    assert_int_equal(parse_many("0", values - 1, &error), GMQ_E_VALUE);
    assert_int_equal(parse_many("0", values, &error), GMQ_E_JSON);
    assert_string_equal(error.text, "too many values");
    assert_int_equal(parse_many("{}", objects - 1, &error), GMQ_E_VALUE);
    assert_int_equal(parse_many("{}", objects, &error), GMQ_E_JSON);
}

TEST(op_parse_refuses_a_name_that_json_c_would_lose)
{
    static const char *const bad[] = {"{\"topic\":\"a\",\"topic\":\"b\"}", "{\"topic\\u0000\":\"a\"}"};
    struct op_call *call = NULL;
    struct op_error error;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(parse("topic.get", slice_str(bad[i]), &call, &error), GMQ_E_JSON);
}
