/* feed_test.c - what nodes tell, and what becomes of it in the model and in the past. SPDX-License-Identifier: MIT */
#include "gweb/feed.h"

#include "gweb/fleet.h"
#include "gweb/past.h"
#include "gweb/pick.h"
#include "unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#define TOPIC(name, ready) \
    "{\"topic\":\"" name "\",\"ready\":" ready ",\"delayed\":2,\"in_flight\":3,\"dead\":4,\"waiting\":0," \
    "\"push_rate\":1.500,\"pop_rate\":0.250,\"ack_rate\":0.000,\"push_paused\":false,\"pop_paused\":false}"
#define NODE "\"node\":{\"status\":\"ok\",\"topics\":2,\"tcp_connections\":1,\"http_connections\":2," \
    "\"memory_bytes\":10,\"disk_used_bytes\":20,\"disk_free_bytes\":30,\"tail_lsn\":5}"
#define EVENT(topics, gone, complete, anew) \
    "{\"at\":1," NODE ",\"topics\":[" topics "],\"gone\":[" gone "],\"complete\":" complete ",\"anew\":" anew "}"

static void tell(struct model *model, uint32_t node, const char *text)
{
    struct feed_node told;
    char *data = guarded(text, strlen(text));

    assert_true(feed_read(model, node, slice_of(data, strlen(text)), &told));
    guarded_free(data, strlen(text));
    assert_true(told.has);
    assert_string_equal(told.status, "ok");
    assert_int_equal(told.connections, 3);
    assert_int_equal(told.disk_free_bytes, 30);
}

/* The names of what has changed, "+x" and "-y", in their order. */
static const char *changes(struct model *model)
{
    static char text[256];
    struct model_topic *topic;

    text[0] = '\0';
    while ((topic = model_next_changed(model))) {
        size_t len = strlen(text);
        struct slice name = model_name(topic);
        (void)snprintf(text + len, sizeof(text) - len, "%c%u/%.*s ", topic->gone ? '-' : '+', topic->node,
                       (int)name.len, name.ptr);
        if (topic->gone)
            model_bury(model, topic);
    }
    return text;
}

TEST(feed_puts_topics_into_the_model)
{
    struct model *model = malloc(sizeof(*model));
    struct figures sums;
    struct buf out;

    model_init(model);
    tell(model, 7, EVENT(TOPIC("a", "1") "," TOPIC("b", "10"), "", "true", "true"));
    tell(model, 8, EVENT(TOPIC("a", "5"), "", "true", "true"));
    assert_string_equal(changes(model), "+7/a +7/b +8/a ");
    model_sums(model, 7, &sums);
    assert_int_equal(sums.values[FIGURE_READY], 11);
    assert_int_equal(sums.values[FIGURE_PUSH_RATE], 3000);
    assert_int_equal(sums.known, FIGURES_ALL & ~(1u << FIGURE_DEAD_RATE)); /* an older node does not tell it */
    buf_init(&out, 4096);
    assert_true(model_write(model_find(model, 8, slice_str("a")), &out));
    assert_true(slice_equal(buf_slice(&out), slice_str("{\"node\":8," "\"topic\":\"a\",\"ready\":5,\"delayed\":2,"
        "\"in_flight\":3,\"dead\":4,\"waiting\":0,\"push_rate\":1.500,\"pop_rate\":0.250,\"ack_rate\":0.000,"
        "\"push_paused\":false,\"pop_paused\":false}")));
    buf_free(&out);
    tell(model, 7, EVENT(TOPIC("b", "12"), "\"a\",\"never seen\"", "true", "false"));
    assert_string_equal(changes(model), "-7/a +7/b ");
    model_sums(model, 7, &sums);
    assert_int_equal(sums.values[FIGURE_READY], 12);
    assert_null(model_find(model, 7, slice_str("a")));
    assert_non_null(model_find(model, 8, slice_str("a")));
    model_fini(model);
    free(model);
}

TEST(feed_forgets_what_a_node_does_not_tell_anew)
{
    struct model *model = malloc(sizeof(*model));

    model_init(model);
    tell(model, 1, EVENT(TOPIC("a", "1") "," TOPIC("b", "1") "," TOPIC("c", "1"), "", "true", "true"));
    (void)changes(model);
    tell(model, 1, EVENT(TOPIC("b", "1"), "", "false", "true"));
    assert_string_equal(changes(model), "+1/b "); /* the telling is not complete */
    tell(model, 1, EVENT(TOPIC("d", "1"), "", "true", "false"));
    assert_string_equal(changes(model), "+1/d -1/a -1/c ");
    tell(model, 1, EVENT("", "\"b\"", "true", "false"));
    tell(model, 1, EVENT(TOPIC("b", "3"), "", "true", "false"));
    assert_string_equal(changes(model), "+1/b "); /* gone and made again since: it is there */
    model_drop(model, 1);
    assert_string_equal(changes(model), "-1/b -1/d ");
    model_fini(model);
    free(model);
}

TEST(feed_takes_no_nonsense)
{
    static const char *const bad[] = {
        "", "x", "[]", "{}", "{\"topics\":{}}", "{\"topics\":[]", "{\"topics\":[],}", "{\"topics\":[\"\xff\"]}",
    };
    static const char *const none[] = {
        "1", "null", "[]", "{}", "{\"topic\":1}", "{\"topic\":\"\"}", "{\"topic\":\"a b\"}", "{\"topic\":\"..\"}",
        "{\"topic\":\"a\",\"node\":9}", "{\"ready\":1}", "{\"topic\":\"a\",\"n\\u006fde\":9}",
        "{\"topic\":\"a\",\"topic\":\"b\"}", "{\"topic\":\"a\",\"t\\u006fpic\":\"b\"}",
    };
    struct model *model = malloc(sizeof(*model));
    struct feed_node told;
    char text[256];

    model_init(model);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(feed_read(model, 1, slice_str(bad[i]), &told));
    for (size_t i = 0; i < ARRAY_LEN(none); i++) {
        (void)snprintf(text, sizeof(text), "{\"topics\":[%s],\"gone\":[1,null,\"\"]}", none[i]);
        assert_true(feed_read(model, 1, slice_str(text), &told));
        assert_false(told.has);
    }
    assert_string_equal(changes(model), "");
    /* Every prefix of a good one is none. */
    static const char good[] = EVENT(TOPIC("a", "1"), "", "true", "true");
    for (size_t len = 0; len < sizeof(good) - 1; len++) {
        char *part = guarded(good, len);
        assert_false(feed_read(model, 1, slice_of(part, len), &told));
        guarded_free(part, len);
    }
    model_fini(model);
    free(model);
}

TEST(model_keeps_no_line_ends_and_no_more_than_its_bounds)
{
    struct model *model = malloc(sizeof(*model));
    struct buf out, much;
    char name[32];

    model_init(model);
    assert_true(model_put(model, 1, slice_str("{\n\"topic\"\r:\"a\"}")));
    buf_init(&out, 4096);
    assert_true(model_write(model_find(model, 1, slice_str("a")), &out));
    assert_true(slice_is(buf_slice(&out), "{\"node\":1, \"topic\" :\"a\"}"));
    buf_free(&out);
    buf_init(&much, MODEL_JSON_MAX + 64);
    assert_true(buf_append_str(&much, "{\"topic\":\"long\",\"x\":\""));
    while (buf_len(&much) < MODEL_JSON_MAX)
        assert_true(buf_append_str(&much, "y"));
    assert_true(buf_append_str(&much, "\"}"));
    assert_false(model_put(model, 1, buf_slice(&much)));
    buf_free(&much);
    for (unsigned i = 1; i < MODEL_TOPICS_MAX; i++) {
        (void)snprintf(name, sizeof(name), "{\"topic\":\"t%u\"}", i);
        assert_true(model_put(model, 1, slice_str(name)));
    }
    assert_false(model->nodes[1].cut);
    assert_false(model_put(model, 1, slice_str("{\"topic\":\"one too many\"}")));
    assert_false(model_put(model, 1, slice_str("{\"topic\":\"one.too.many\"}")));
    assert_true(model->nodes[1].cut);
    assert_true(model_put(model, 1, slice_str("{\"topic\":\"t1\",\"ready\":3}"))); /* those that are there go on */
    assert_true(model_put(model, 2, slice_str("{\"topic\":\"of.another\"}")));
    model_gone(model, 1, slice_str("t2"));
    assert_true(model_put(model, 1, slice_str("{\"topic\":\"one.too.many\"}")));
    model_fini(model);
    free(model);
}

/* ---- lists of registries ----------------------------------------------------------------------------------------- */

static size_t read_list(const char *text, struct fleet_listed *ret_first)
{
    struct fleet_listed *list;
    size_t count;

    if (!fleet_read_list(slice_str(text), &list, &count))
        return SIZE_MAX;
    if (count > 0)
        *ret_first = list[0];
    free(list);
    return count;
}

TEST(model_keeps_no_more_of_a_node_than_its_bytes)
{
    static const char begin[] = "{\"topic\":\"t%u\",\"x\":\"";
    struct model *model = malloc(sizeof(*model));
    char text[MODEL_JSON_MAX + 1];
    unsigned taken = 0;

    model_init(model);
    memset(text, 'y', sizeof(text));
    for (bool took = true; took; taken += took) {
        int len = snprintf(text, sizeof(text), begin, taken);
        text[len] = 'y';
        memcpy(text + MODEL_JSON_MAX - 2, "\"}", 2);
        took = model_put(model, 1, slice_of(text, MODEL_JSON_MAX));
    }
    assert_in_range(taken, MODEL_NODE_BYTES_MAX / MODEL_JSON_MAX, MODEL_NODE_BYTES_MAX / (MODEL_JSON_MAX - 2));
    assert_true(model->nodes[1].cut);
    assert_true(model_put(model, 1, slice_str("{\"topic\":\"t0\"}")));
    assert_true(model_put(model, 1, slice_str("{\"topic\":\"short\"}")));
    model_drop(model, 1);
    for (struct model_topic *topic; (topic = model_next_changed(model));)
        model_bury(model, topic);
    assert_int_equal(model->nodes[1].bytes, 0);
    assert_int_equal(model->nodes[1].kept, 0);
    model_fini(model);
    free(model);
}

TEST(model_keeps_a_bounded_number_of_topics_that_are_gone)
{
    struct model *model = malloc(sizeof(*model));
    char text[64], name[32];
    unsigned i = 0;

    model_init(model);
    for (bool took = true; took && i <= MODEL_KEPT_MAX; i += took) {
        (void)snprintf(name, sizeof(name), "t%u", i);
        (void)snprintf(text, sizeof(text), "{\"topic\":\"%s\"}", name);
        took = model_put(model, 1, slice_str(text));
        model_gone(model, 1, slice_str(name));
    }
    assert_int_equal(i, MODEL_KEPT_MAX);
    model_fini(model);
    free(model);
}

TEST(fleet_reads_what_registries_list)
{
#define LISTED(id, http) "{\"id\":" id ",\"http_addr\":\"" http "\",\"tcp_addr\":\"127.0.0.1:9503\"," \
    "\"join_time\":\"2026-11-22 10:00:00\",\"weight\":5,\"http_tls\":0,\"tcp_tls\":0}"
#define LIST(nodes) "{\"code\":0,\"data\":{\"nodes\":" nodes "},\"msg\":\"success\"}"
    static const char *const alien[] = {
        "", "x:1/y", "user@x:1", "x:1?y", "x:1#y", "x", "x:", "x:1a", " x:1", "x:1\\r\\n", "http://x:1", "x:1/../",
    };
    struct fleet_listed first;
    char text[512];

    assert_int_equal(read_list(LIST("null"), &first), 0);
    assert_int_equal(read_list(LIST("[]"), &first), 0);
    assert_int_equal(read_list(LIST("[" LISTED("3", "127.0.0.1:9504") "," LISTED("4", ":9504") "]"), &first), 2);
    assert_int_equal(first.id, 3);
    assert_int_equal(first.weight, 5);
    assert_string_equal(first.http_addr, "127.0.0.1:9504");
    assert_string_equal(first.joined, "2026-11-22 10:00:00");
    assert_int_equal(read_list(LIST("[" LISTED("0", "x:1") "," LISTED("1025", "x:1") "," LISTED("1", "[::1]:1") "]"),
                               &first), 1);
    assert_string_equal(first.http_addr, "[::1]:1");
    for (size_t i = 0; i < ARRAY_LEN(alien); i++) {
        (void)snprintf(text, sizeof(text), LIST("[" LISTED("1", "%s") "]"), alien[i]);
        assert_int_equal(read_list(text, &first), 0);
    }
    assert_int_equal(read_list("{\"code\":1,\"data\":null,\"msg\":\"no\"}", &first), SIZE_MAX);
    assert_int_equal(read_list("<html>", &first), SIZE_MAX);
}

/* ---- the past ---------------------------------------------------------------------------------------------------- */

static void assert_past(const struct past *past, uint32_t node, const char *topic, const char *want)
{
    struct buf out;

    buf_init(&out, 1 << 20);
    assert_true(past_write(past, node, slice_str(topic), &out));
    assert_true(buf_append(&out, "", 1));
    assert_true(pick_ok(slice_str(buf_data(&out))));
    if (!strstr(buf_data(&out), want))
        print_message("%s\n", buf_data(&out));
    assert_non_null(strstr(buf_data(&out), want));
    buf_free(&out);
}

TEST(past_knows_five_minutes_and_what_it_does_not_know)
{
    struct fleet *fleet = calloc(1, sizeof(*fleet));
    struct past *past = malloc(sizeof(*past));
    struct fleet_node nodes[2] = {{.at = {.id = 1}}, {.at = {.id = 2}}};

    model_init(&fleet->model);
    past_init(past, fleet);
    assert_past(past, 0, "", "{\"step_ms\":1000,\"at\":[],\"ready\":[],");
    assert_past(past, 1, "a", "{\"step_ms\":5000,\"at\":[],\"ready\":[],");
    fleet->nodes[1] = &nodes[0];
    fleet->nodes[2] = &nodes[1];
    past_sample(past, 1000);
    nodes[0].state = nodes[1].state = NODE_UP;
    tell(&fleet->model, 1, EVENT(TOPIC("a", "1"), "", "true", "true"));
    tell(&fleet->model, 2, EVENT(TOPIC("a", "20"), "", "true", "true"));
    past_sample(past, 2000);
    nodes[1].state = NODE_DOWN;
    past_sample(past, 3000);
    assert_past(past, 0, "", "\"at\":[1000,2000,3000],\"ready\":[null,21,1],");
    assert_past(past, 0, "", "\"push_rate\":[null,3.000,1.500]");
    assert_past(past, 0, "", "\"dead_rate\":[null,null,null]");
    assert_past(past, 1, "", "\"ready\":[null,1,1],");
    assert_past(past, 2, "", "\"ready\":[null,20,null],");
    assert_past(past, 3, "", "\"ready\":[null,null,null],");
    for (unsigned i = 0; i < 3; i++)
        past_sample(past, 4000 + i * 1000); /* the fifth is of topics, too */
    assert_past(past, 1, "a", "\"at\":[1000,6000],\"ready\":[null,1],");
    nodes[1].state = NODE_UP;
    tell(&fleet->model, 1, EVENT(TOPIC("a", "2"), "", "true", "false"));
    for (unsigned i = 0; i < 5; i++)
        past_sample(past, 7000 + i * 1000);
    assert_past(past, 1, "a", "\"ready\":[null,1,2],");
    assert_past(past, 2, "a", "\"ready\":[null,null,20],");
    assert_past(past, 0, "a", "\"ready\":[null,1,22],");
    assert_past(past, 1, "unknown", "\"ready\":[null,null,null],");
    for (unsigned i = 0; i < 1000; i++)
        past_sample(past, 20000 + i * 1000);
    assert_past(past, 0, "", "\"at\":[720000,721000,");
    assert_past(past, 1, "a", "\"ready\":[2,2,2,2,2,");
    past_fini(past);
    model_fini(&fleet->model);
    free(past);
    free(fleet);
}

TEST(pick_reads_members_by_their_path)
{
    static const char json[] = "{\"a\":{\"b\":{\"c\":5},\"t\":\"x\\u00e9\\u0000y\"},\"n\":1.2345,\"neg\":-1,"
                               "\"e\":1e3,\"yes\":true,\"long\":\"\xe4\xbd\xa0\xe5\xa5\xbd\"}";
    struct slice object = slice_str(json);
    uint64_t number;
    char text[8];
    bool yes = false;

    assert_true(pick_ok(object));
    assert_true(pick_u64(object, "a.b.c", &number) && number == 5);
    assert_false(pick_u64(object, "a.b", &number));
    assert_false(pick_u64(object, "a.b.c.d", &number));
    assert_true(pick_milli(object, "n", &number) && number == 1234);
    assert_true(pick_milli(object, "a.b.c", &number) && number == 5000);
    assert_false(pick_milli(object, "neg", &number));
    assert_false(pick_milli(object, "e", &number));
    assert_true(pick_bool(object, "yes", &yes) && yes);
    assert_true(pick_text(object, "a.t", text, sizeof(text)));
    assert_string_equal(text, "x\xc3\xa9");
    assert_true(pick_text(object, "long", text, 6)); /* never within a character */
    assert_string_equal(text, "\xe4\xbd\xa0");
    assert_false(pick_text(object, "n", text, sizeof(text)));
}
