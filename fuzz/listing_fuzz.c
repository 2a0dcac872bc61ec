/*
 * listing_fuzz.c - what registries and nodes answer to libgmq, and the addresses that it is given
 *
 * The input is read as a list of nodes, as one of topics, and as a comma list of addresses to make URLs of.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fuzz/fuzz.h"

#include "client/http.h"
#include "client/listing.h"
#include "client/sock.h"

static void check_text(const char *text, size_t bytes)
{
    size_t len = strnlen(text, bytes);

    ENSURE(len < bytes);
    for (size_t i = 0; i < len; i++)
        ENSURE((unsigned char)text[i] >= ' ' && text[i] != 0x7f);
}

static void fuzz_lists(struct slice in)
{
    char why[LISTING_ERR_BYTES] = "";
    struct gmq_topics topics;
    struct gmq_nodes nodes;

    if (listing_nodes(in, &nodes, why) == 0) {
        ENSURE(nodes.count <= LISTING_NODES_MAX);
        for (size_t i = 0; i < nodes.count; i++) {
            check_text(nodes.nodes[i].tcp_addr, sizeof(nodes.nodes[i].tcp_addr));
            check_text(nodes.nodes[i].http_addr, sizeof(nodes.nodes[i].http_addr));
            check_text(nodes.nodes[i].join_time, sizeof(nodes.nodes[i].join_time));
        }
        gmq_nodes_free(&nodes);
    }
    if (listing_topics(in, &topics, why) == 0) {
        for (size_t i = 0; i < topics.count; i++)
            check_text(topics.topics[i].name, sizeof(topics.topics[i].name));
        for (size_t i = 1; i < topics.count; i++)
            ENSURE(strcmp(topics.topics[i - 1].name, topics.topics[i].name) <= 0);
        gmq_topics_free(&topics);
    }
    ENSURE(strnlen(why, sizeof(why)) < sizeof(why));
}

static void fuzz_addrs(struct slice in)
{
    char url[HTTP_URL_BYTES_MAX], text[SOCK_ADDR_BYTES_MAX + 1];
    char host[SOCK_ADDR_BYTES_MAX + 1], port[SOCK_ADDR_BYTES_MAX + 1];
    struct slice addr;

    for (struct slice list = in; listing_next_addr(&list, &addr);) {
        ENSURE(fuzz_within(addr, in));
        if (http_url(addr, "/getNodes", url))
            ENSURE(memcmp(url, "http", 4) == 0 && strnlen(url, sizeof(url)) < sizeof(url));
        if (addr.len > SOCK_ADDR_BYTES_MAX)
            continue;
        memcpy(text, addr.ptr, addr.len);
        text[addr.len] = '\0';
        if (sock_split(text, host, port))
            ENSURE(strlen(host) + strlen(port) < sizeof(text) && port[0] != '\0');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = fuzz_copy(data, size);

    fuzz_lists(in);
    fuzz_addrs(in);
    fuzz_free(in);
    return 0;
}
