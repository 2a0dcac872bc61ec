/* registry_test.c - who is listed, hidden, taken over, forgotten; and the bytes. SPDX-License-Identifier: MIT */
#include "gregister/registry.h"

#include "unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOW = 1000000 };

static struct registry registry;
static char text[REGISTRY_TEXT_BYTES];

static struct registry_node node_of(unsigned id, const char *tcp, const char *http)
{
    struct registry_node node = {.id = id, .weight = 1};

    (void)snprintf(node.tcp_addr, sizeof(node.tcp_addr), "%s", tcp);
    (void)snprintf(node.http_addr, sizeof(node.http_addr), "%s", http);
    return node;
}

static const char *add(unsigned id, const char *tcp, const char *http)
{
    struct registry_node node = node_of(id, tcp, http);

    return registry_add(&registry, &node, NOW, text);
}

static void miss(size_t at, unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        (void)registry_pinged(&registry, registry.nodes[at]->serial, false, NOW);
}

static void begin(void) { assert_int_equal(registry_init(&registry), 0); }
static void end(void) { registry_fini(&registry); }

static char *nodes_json(void)
{
    struct buf out;

    buf_init(&out, 1 << 20);
    assert_true(registry_write_nodes(&registry, &out) && buf_append(&out, "", 1));
    char *copy = strdup(buf_data(&out));
    buf_free(&out);
    return copy;
}

TEST(registry_refuses_an_id_or_address_twice_in_the_originals_words)
{
    begin();
    assert_null(add(1, "t:1", "h:1"));
    assert_string_equal(add(1, "t:2", "h:2"), "node.Id 1 has exist");
    assert_string_equal(add(2, "t:1", "h:1"), "node.tcpAddr t:1 has exist");
    assert_string_equal(add(2, "t:2", "h:1"), "node.httpAddr h:1 has exist");
    assert_null(add(2, "t:2", "h:2"));
    assert_string_equal(add(2, "t:1", "h:9"), "node.Id 2 has exist");
    end();
}

TEST(registry_takes_the_same_node_again_and_its_new_weight)
{
    begin();
    assert_null(add(1, "t:1", "h:1"));
    struct registry_node node = node_of(1, "t:1", "h:1");
    node.weight = 7;
    assert_null(registry_add(&registry, &node, NOW + 5, text));
    assert_int_equal(registry.count, 1);
    assert_int_equal(registry.nodes[0]->weight, 7);
    assert_int_equal(registry.nodes[0]->join_ms, NOW);
    end();
}

TEST(registry_keeps_an_edited_weight_until_the_node_says_another)
{
    struct registry_node node = node_of(1, "t:1", "h:1");

    begin();
    assert_null(registry_add(&registry, &node, NOW, text));
    assert_null(registry_edit_weight(&registry, "t:1", 9));
    assert_null(registry_add(&registry, &node, NOW + 10000, text));
    assert_int_equal(registry.nodes[0]->weight, 9);
    node.weight = 4;
    assert_null(registry_add(&registry, &node, NOW + 20000, text));
    assert_int_equal(registry.nodes[0]->weight, 4);
    end();
}

TEST(registry_refuses_bad_ids_and_weights)
{
    begin();
    assert_string_equal(add(0, "t", "h"), "node_id must be 1..1024");
    assert_string_equal(add(1025, "t", "h"), "node_id must be 1..1024");
    struct registry_node node = node_of(1, "t", "h");
    node.weight = 0;
    assert_string_equal(registry_add(&registry, &node, NOW, text), "weight must be greater than 0.");
    assert_null(add(1024, "t", "h"));
    assert_string_equal(registry_edit_weight(&registry, "t", 0), "weight must be greater than 0.");
    assert_string_equal(registry_edit_weight(&registry, "t", -3), "weight must be greater than 0.");
    assert_non_null(registry_edit_weight(&registry, "t", INT64_MAX));
    assert_string_equal(registry_edit_weight(&registry, "u", 3), "node is not exist");
    assert_null(registry_edit_weight(&registry, "t", 9));
    assert_int_equal(registry.nodes[0]->weight, 9);
    end();
}

TEST(registry_removes_by_tcp_address)
{
    begin();
    assert_null(add(1, "t:1", "h:1"));
    assert_null(add(2, "t:2", "h:2"));
    assert_null(add(3, "t:3", "h:3"));
    assert_null(registry_remove(&registry, "t:2"));
    assert_string_equal(registry_remove(&registry, "t:2"), "addr is not exist");
    assert_string_equal(registry_remove(&registry, ""), "addr is not exist");
    assert_int_equal(registry.count, 2);
    assert_int_equal(registry.nodes[1]->id, 3);
    end();
}

TEST(registry_hides_after_three_misses_and_lists_again_at_the_first_good_ping)
{
    begin();
    assert_null(add(1, "t:1", "h:1"));
    miss(0, 2);
    assert_false(registry.nodes[0]->hidden);
    assert_false(registry_pinged(&registry, registry.nodes[0]->serial, true, NOW));
    miss(0, 2);
    assert_false(registry.nodes[0]->hidden);
    assert_true(registry_pinged(&registry, registry.nodes[0]->serial, false, NOW + 1));
    assert_true(registry.nodes[0]->hidden);
    assert_false(registry_pinged(&registry, registry.nodes[0]->serial, false, NOW + 2));
    assert_int_equal(registry.nodes[0]->hidden_ms, NOW + 1);
    assert_true(registry_pinged(&registry, registry.nodes[0]->serial, true, NOW));
    assert_false(registry.nodes[0]->hidden);
    assert_false(registry_pinged(&registry, 999, false, NOW));
    end();
}

TEST(registry_lets_a_hidden_nodes_id_and_addresses_be_taken_over)
{
    begin();
    assert_null(add(1, "t:1", "h:1"));
    assert_null(add(2, "t:2", "h:2"));
    assert_null(add(3, "t:3", "h:3"));
    miss(0, 3);
    miss(1, 3);
    assert_null(add(1, "t:9", "h:2"));
    assert_int_equal(registry.count, 2);
    assert_int_equal(registry.nodes[0]->id, 3);
    assert_string_equal(registry.nodes[1]->tcp_addr, "t:9");
    end();
}

TEST(registry_gives_a_node_that_registers_again_after_being_hidden_a_new_join_time)
{
    begin();
    assert_null(add(1, "t:1", "h:1"));
    miss(0, 3);
    struct registry_node node = node_of(1, "t:1", "h:1");
    assert_null(registry_add(&registry, &node, NOW + 7, text));
    assert_false(registry.nodes[0]->hidden);
    assert_int_equal(registry.nodes[0]->join_ms, NOW + 7);
    end();
}

TEST(registry_forgets_what_was_hidden_for_a_day)
{
    begin();
    assert_null(add(1, "t:1", "h:1"));
    assert_null(add(2, "t:2", "h:2"));
    miss(1, 3);
    assert_int_equal(registry_forget(&registry, NOW + REGISTRY_FORGET_MS - 1), 0);
    assert_int_equal(registry_forget(&registry, NOW - 10), 0);
    assert_int_equal(registry_forget(&registry, NOW - 10 + REGISTRY_FORGET_MS), 1);
    assert_int_equal(registry.count, 1);
    assert_int_equal(registry.nodes[0]->id, 1);
    end();
}

TEST(registry_holds_1024_nodes)
{
    begin();
    for (unsigned i = 1; i <= REGISTRY_NODES_MAX; i++) {
        char tcp[32], http[32];

        (void)snprintf(tcp, sizeof(tcp), "t:%u", i);
        (void)snprintf(http, sizeof(http), "h:%u", i);
        assert_null(add(i, tcp, http));
    }
    assert_string_equal(add(1, "x", "y"), "node.Id 1 has exist");
    miss(0, 3);
    assert_null(add(1, "x", "y"));
    assert_int_equal(registry.count, REGISTRY_NODES_MAX);
    end();
}

TEST(registry_writes_null_then_nodes_then_an_empty_list)
{
    begin();
    char *json = nodes_json();
    assert_string_equal(json, "{\"code\":0,\"data\":{\"nodes\":null},\"msg\":\"success\"}");
    free(json);
    assert_null(add(1, "127.0.0.1:9503", "<h>"));
    json = nodes_json();
    assert_memory_equal(json, "{\"code\":0,\"data\":{\"nodes\":[{\"id\":1,\"http_addr\":\"\\u003ch\\u003e\","
                              "\"tcp_addr\":\"127.0.0.1:9503\",\"join_time\":\"19", 90);
    assert_non_null(strstr(json, "\",\"weight\":1,\"http_tls\":0,\"tcp_tls\":0}]},\"msg\":\"success\"}"));
    free(json);
    miss(0, 3);
    json = nodes_json();
    assert_string_equal(json, "{\"code\":0,\"data\":{\"nodes\":[]},\"msg\":\"success\"}");
    free(json);
    end();
}

static void encode(struct buf *out)
{
    buf_init(out, REGISTRY_FILE_BYTES);
    assert_true(registry_encode(&registry, out));
}

TEST(registry_comes_back_from_its_bytes)
{
    struct buf bytes;

    begin();
    assert_null(add(1, "t:1", "h:1"));
    assert_null(add(1024, "t:2", "h:2"));
    assert_null(registry_edit_weight(&registry, "t:2", 5));
    miss(0, 3);
    encode(&bytes);
    end();
    begin();
    assert_int_equal(registry_decode(&registry, buf_slice(&bytes)), 0);
    assert_int_equal(registry.count, 2);
    assert_true(registry.nodes[0]->hidden && registry.had_nodes);
    assert_int_equal(registry.nodes[0]->hidden_ms, NOW);
    assert_int_equal(registry.nodes[1]->weight, 5);
    assert_string_equal(registry.nodes[1]->http_addr, "h:2");
    assert_int_equal(registry.nodes[1]->join_ms, NOW);
    assert_true(registry_pinged(&registry, registry.nodes[0]->serial, true, NOW));
    buf_free(&bytes);
    end();
}

TEST(registry_refuses_damaged_bytes_and_newer_versions)
{
    struct buf bytes;

    begin();
    assert_null(add(1, "t:1", "h:1"));
    assert_null(add(2, "t:2", "h:2"));
    encode(&bytes);
    end();
    begin();
    for (size_t len = 0; len < buf_len(&bytes); len++) {
        char *copy = guarded(buf_data(&bytes), len);

        assert_int_equal(registry_decode(&registry, slice_of(copy, len)), -EBADMSG);
        guarded_free(copy, len);
    }
    for (size_t i = 0; i < buf_len(&bytes); i++) {
        buf_data(&bytes)[i] ^= 0x10;
        assert_true(registry_decode(&registry, buf_slice(&bytes)) < 0);
        assert_int_equal(registry.count, 0);
        buf_data(&bytes)[i] ^= 0x10;
    }
    buf_data(&bytes)[8] = 2;
    assert_int_equal(registry_decode(&registry, buf_slice(&bytes)), -ENOTSUP);
    buf_free(&bytes);
    end();
}
