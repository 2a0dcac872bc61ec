/* listing_test.c - what registries and nodes may answer. SPDX-License-Identifier: MIT */
#include "client/listing.h"

#include "client/http.h"
#include "unit/unit.h"

#include <errno.h>
#include <stdio.h>

static const char two_nodes[] =
    "{\"code\":0,\"data\":{\"nodes\":[{\"id\":1,\"http_addr\":\"127.0.0.1:19504\",\"tcp_addr\":\"127.0.0.1:19503\","
    "\"join_time\":\"2026-11-22 09:04:20\",\"weight\":1},{\"id\":2,\"http_addr\":\"localhost:19504\",\"tcp_addr\":"
    "\"localhost:19503\",\"join_time\":\"2026-11-22 09:06:08\",\"weight\":-3}]},\"msg\":\"success\"}";

static const char two_topics[] =
    "{\"code\":0,\"data\":[{\"name\":\"ex\",\"pop_num\":2,\"push_num\":3,\"queue_num\":1,\"delay_num\":4,"
    "\"wait_ack_num\":5,\"dead_num\":6,\"start_time\":\"2026-11-22 09:05:57\",\"is_auto_ack\":true},"
    "{\"name\":\"a\\u003cb\",\"pop_num\":0}],\"msg\":\"success\"}";

static int read_nodes(const char *text, size_t len, struct gmq_nodes *ret)
{
    char why[LISTING_ERR_BYTES];
    char *copy = guarded(text, len);
    int err = listing_nodes(slice_of(copy, len), ret, why);

    guarded_free(copy, len);
    return err;
}

TEST(listing_reads_the_nodes_of_the_registry)
{
    struct gmq_nodes nodes;

    assert_int_equal(read_nodes(two_nodes, strlen(two_nodes), &nodes), 0);
    assert_int_equal(nodes.count, 2);
    assert_int_equal(nodes.nodes[0].id, 1);
    assert_string_equal(nodes.nodes[0].tcp_addr, "127.0.0.1:19503");
    assert_string_equal(nodes.nodes[0].http_addr, "127.0.0.1:19504");
    assert_int_equal(nodes.nodes[0].weight, 1);
    assert_string_equal(nodes.nodes[1].join_time, "2026-11-22 09:06:08");
    assert_int_equal(nodes.nodes[1].weight, 0);
    gmq_nodes_free(&nodes);
    assert_null(nodes.nodes);
}

TEST(listing_reads_no_nodes_as_null_and_as_an_empty_array)
{
    static const char *const texts[] = {"{\"code\":0,\"data\":{\"nodes\":null},\"msg\":\"success\"}",
                                        "{\"code\":0,\"data\":{\"nodes\":[]},\"msg\":\"success\"}",
                                        "{\"code\":0,\"data\":null,\"msg\":\"success\"}", "{\"code\":0}"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct gmq_nodes nodes = {.count = 7};
        assert_int_equal(read_nodes(texts[i], strlen(texts[i]), &nodes), 0);
        assert_int_equal(nodes.count, 0);
        gmq_nodes_free(&nodes);
    }
}

TEST(listing_refuses_every_prefix_of_a_list)
{
    struct gmq_nodes nodes;

    for (size_t len = 0; len < strlen(two_nodes); len++)
        assert_int_equal(read_nodes(two_nodes, len, &nodes), -EPROTO);
}

TEST(listing_refuses_what_is_no_list)
{
    static const char *const texts[] = {
        "[]", "1", "null", "{}", "{\"code\":\"0\"}", "{\"code\":1,\"data\":null,\"msg\":\"broken\"}",
        "{\"code\":0,\"data\":{\"nodes\":7}}", "{\"code\":0,\"data\":{\"nodes\":{}}}", "{\"code\":0} x", "\xff",
        "{\"code\":0,\"data\":{\"nodes\":[{\"tcp_addr\":\"\xff\"}]}}"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct gmq_nodes nodes;
        assert_int_equal(read_nodes(texts[i], strlen(texts[i]), &nodes), -EPROTO);
    }
}

TEST(listing_tells_the_text_of_a_refusal)
{
    char why[LISTING_ERR_BYTES];
    struct gmq_nodes nodes;

    assert_int_equal(listing_nodes(slice_str("{\"code\":1,\"data\":null,\"msg\":\"broken\"}"), &nodes, why), -EPROTO);
    assert_string_equal(why, "broken");
}

TEST(listing_leaves_out_nodes_that_cannot_be_used)
{
    static const char text[] =
        "{\"code\":0,\"data\":{\"nodes\":[1,null,{},{\"tcp_addr\":\"\"},{\"tcp_addr\":5},"
        "{\"tcp_addr\":\"a\\u001bb:1\"},"
        "{\"tcp_addr\":\"a\\u0000b:1\"},{\"tcp_addr\":\"ok:1\",\"weight\":99999999999,\"id\":\"x\",\"more\":[1]}]}}";
    struct gmq_nodes nodes;

    assert_int_equal(read_nodes(text, strlen(text), &nodes), 0);
    assert_int_equal(nodes.count, 1);
    assert_string_equal(nodes.nodes[0].tcp_addr, "ok:1");
    assert_int_equal(nodes.nodes[0].weight, UINT32_MAX);
    gmq_nodes_free(&nodes);
}

TEST(listing_leaves_out_an_address_that_is_too_long)
{
    char text[600], addr[300];
    struct gmq_nodes nodes;

    memset(addr, 'a', sizeof(addr) - 1);
    addr[sizeof(addr) - 1] = '\0';
    int len = snprintf(text, sizeof(text), "{\"code\":0,\"data\":{\"nodes\":[{\"tcp_addr\":\"%s\"}]}}", addr);
    assert_int_equal(read_nodes(text, (size_t)len, &nodes), 0);
    assert_int_equal(nodes.count, 0);
    gmq_nodes_free(&nodes);
}

TEST(listing_refuses_deep_nesting)
{
    char text[400] = "{\"code\":0,\"data\":";
    size_t len = strlen(text);
    struct gmq_nodes nodes;

    memset(text + len, '[', 100);
    memset(text + len + 100, ']', 100);
    text[len + 200] = '}';
    assert_int_equal(read_nodes(text, len + 201, &nodes), -EPROTO);
}

TEST(listing_reads_the_topics_of_a_node_by_name)
{
    char why[LISTING_ERR_BYTES];
    struct gmq_topics topics;

    assert_int_equal(listing_topics(slice_str(two_topics), &topics, why), 0);
    assert_int_equal(topics.count, 2);
    assert_string_equal(topics.topics[0].name, "a<b");
    assert_int_equal(topics.topics[0].is_auto_ack, 0);
    const struct gmq_topic *ex = &topics.topics[1];
    assert_string_equal(ex->name, "ex");
    assert_string_equal(ex->start_time, "2026-11-22 09:05:57");
    assert_int_equal(ex->pop_num, 2);
    assert_int_equal(ex->push_num, 3);
    assert_int_equal(ex->queue_num, 1);
    assert_int_equal(ex->delay_num, 4);
    assert_int_equal(ex->wait_ack_num, 5);
    assert_int_equal(ex->dead_num, 6);
    assert_int_equal(ex->is_auto_ack, 1);
    gmq_topics_free(&topics);
    assert_int_equal(listing_topics(slice_str("{\"code\":0,\"data\":[],\"msg\":\"success\"}"), &topics, why), 0);
    assert_int_equal(topics.count, 0);
}

TEST(listing_cuts_a_long_topic_name_between_characters)
{
    char text[800], name[3 * 60 + 1], why[LISTING_ERR_BYTES];
    struct gmq_topics topics;

    for (size_t i = 0; i < 60; i++)
        memcpy(name + 3 * i, "\xe4\xb8\xad", 3);
    name[sizeof(name) - 1] = '\0';
    int len = snprintf(text, sizeof(text), "{\"code\":0,\"data\":[{\"name\":\"%s\"}]}", name);
    assert_int_equal(listing_topics(slice_of(text, (size_t)len), &topics, why), 0);
    assert_int_equal(strlen(topics.topics[0].name), 126);
    gmq_topics_free(&topics);
}

TEST(listing_takes_a_comma_list_apart)
{
    struct slice list = slice_str(" a:1, http://b:2 ,,\tc:3"), addr;
    static const char *const want[] = {"a:1", "http://b:2", "c:3"};

    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        assert_true(listing_next_addr(&list, &addr));
        assert_true(slice_is(addr, want[i]));
    }
    assert_false(listing_next_addr(&list, &addr));
    list = slice_str(", ,");
    assert_false(listing_next_addr(&list, &addr));
}

TEST(http_url_adds_a_scheme_where_there_is_none)
{
    char url[HTTP_URL_BYTES_MAX];

    assert_true(http_url(slice_str("127.0.0.1:9595"), "/getNodes", url));
    assert_string_equal(url, "http://127.0.0.1:9595/getNodes");
    assert_true(http_url(slice_str("https://reg.example/"), "/getNodes", url));
    assert_string_equal(url, "https://reg.example/getNodes");
    assert_true(http_url(slice_str("http://a:1//"), "/x", url));
    assert_string_equal(url, "http://a:1/x");
}

TEST(http_url_refuses_other_schemes_and_odd_bytes)
{
    static const char *const bad[] = {"", "/", "http://", "file:///etc/passwd", "ftp://a:1", "a b", "a\nb", "a\x7f"};
    char url[HTTP_URL_BYTES_MAX], longest[HTTP_URL_BYTES_MAX];

    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(http_url(slice_str(bad[i]), "/getNodes", url));
    memset(longest, 'a', sizeof(longest));
    assert_false(http_url(slice_of(longest, sizeof(longest)), "/x", url));
}
