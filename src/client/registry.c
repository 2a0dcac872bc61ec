/* registry.c - nodes and topics, asked over HTTP; see gmq.h. SPDX-License-Identifier: MIT */
#include "client/client.h"
#include "client/http.h"
#include "client/listing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { REGISTERS_MAX = 16, ERR_BYTES = HTTP_ERR_BYTES };

static unsigned ask_timeout(unsigned timeout_ms) { return timeout_ms > 0 ? timeout_ms : CLIENT_CONNECT_TIMEOUT_MS; }

static void tell(char *err_text, const char *text)
{
    if (err_text)
        (void)snprintf(err_text, ERR_BYTES, "%s", text);
}

static int ask_nodes(struct slice addr, unsigned timeout_ms, struct gmq_nodes *ret_nodes, char *text)
{
    char url[HTTP_URL_BYTES_MAX], why[LISTING_ERR_BYTES] = "no memory";
    struct buf body;

    if (!http_url(addr, "/getNodes", url)) {
        (void)snprintf(text, ERR_BYTES, "%.*s: not an address", (int)min_u64(addr.len, 200), addr.ptr);
        return GMQ_ERR_ADDRESS;
    }
    buf_init(&body, LISTING_BYTES_MAX);
    int err = http_get(url, timeout_ms, &body, text) ? 0 : GMQ_ERR_REGISTRY;
    if (err == 0 && (err = listing_nodes(buf_slice(&body), ret_nodes, why)) != 0) {
        (void)snprintf(text, ERR_BYTES, "%.120s: %.120s", url, why);
        err = err == -ENOMEM ? GMQ_ERR_MEMORY : GMQ_ERR_REGISTRY;
    }
    buf_free(&body);
    return err;
}

int gmq_nodes_get(const char *register_addr, unsigned timeout_ms, struct gmq_nodes *ret_nodes, char *err_text)
{
    struct slice list = slice_str(register_addr ? register_addr : ""), addr;
    char text[ERR_BYTES] = "the register address is empty";
    int err = GMQ_ERR_ADDRESS;

    for (unsigned i = 0; i < REGISTERS_MAX && err != 0 && listing_next_addr(&list, &addr); i++)
        err = ask_nodes(addr, ask_timeout(timeout_ms), ret_nodes, text);
    if (err != 0)
        tell(err_text, text);
    return err;
}

void gmq_nodes_free(struct gmq_nodes *nodes)
{
    free(nodes->nodes);
    *nodes = (struct gmq_nodes){0};
}

int gmq_topics_get(const char *http_addr, unsigned timeout_ms, struct gmq_topics *ret_topics, char *err_text)
{
    char url[HTTP_URL_BYTES_MAX], text[ERR_BYTES] = "", why[LISTING_ERR_BYTES] = "no memory";
    struct buf body;

    if (!http_url(slice_str(http_addr ? http_addr : ""), "/getAllTopicStat", url)) {
        tell(err_text, "the HTTP address cannot be read");
        return GMQ_ERR_ADDRESS;
    }
    buf_init(&body, LISTING_BYTES_MAX);
    int err = http_get(url, ask_timeout(timeout_ms), &body, text) ? 0 : GMQ_ERR_CONNECT;
    if (err == 0 && (err = listing_topics(buf_slice(&body), ret_topics, why)) != 0) {
        (void)snprintf(text, sizeof(text), "%.120s: %.120s", url, why);
        err = err == -ENOMEM ? GMQ_ERR_MEMORY : GMQ_ERR_PROTOCOL;
    }
    buf_free(&body);
    if (err != 0)
        tell(err_text, text);
    return err;
}

void gmq_topics_free(struct gmq_topics *topics)
{
    free(topics->topics);
    *topics = (struct gmq_topics){0};
}
