/* registry_bytes.c - the registry as a file's bytes and as JSON. SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "gregister/registry.h"
#include "net/clock.h"
#include "wire/json.h"

enum { VERSION = 1, HEAD_BYTES = 16, NODE_BYTES = 40, CRC_BYTES = 4 };
enum { FLAG_HIDDEN = 1, FLAG_HTTP_TLS = 2, FLAG_TCP_TLS = 4 };

static const char MAGIC[8] = {'G', 'M', 'Q', 'N', 'O', 'D', 'E', 'S'};

static bool encode_node(const struct registry_node *node, struct buf *out)
{
    char fixed[NODE_BYTES];
    size_t http_len = strlen(node->http_addr), tcp_len = strlen(node->tcp_addr);

    put_le32(fixed, node->id);
    put_le32(fixed + 4, node->weight);
    put_le32(fixed + 8, (node->hidden ? FLAG_HIDDEN : 0u) | (node->http_tls ? FLAG_HTTP_TLS : 0u) |
                            (node->tcp_tls ? FLAG_TCP_TLS : 0u));
    put_le16(fixed + 12, (uint16_t)http_len);
    put_le16(fixed + 14, (uint16_t)tcp_len);
    put_le64(fixed + 16, node->join_ms);
    put_le64(fixed + 24, node->hidden_ms);
    put_le32(fixed + 32, node->told_weight);
    put_le32(fixed + 36, 0);
    return buf_append(out, fixed, sizeof(fixed)) && buf_append(out, node->http_addr, http_len) &&
           buf_append(out, node->tcp_addr, tcp_len);
}

bool registry_encode(const struct registry *registry, struct buf *out)
{
    char head[HEAD_BYTES], crc[CRC_BYTES];

    ENSURE(buf_len(out) == 0);
    memcpy(head, MAGIC, sizeof(MAGIC));
    put_le32(head + 8, VERSION);
    put_le32(head + 12, (uint32_t)registry->count);
    if (!buf_append(out, head, sizeof(head)))
        return false;
    for (size_t i = 0; i < registry->count; i++)
        if (!encode_node(registry->nodes[i], out))
            return false;
    put_le32(crc, crc32c(0, buf_data(out), buf_len(out)));
    return buf_append(out, crc, sizeof(crc));
}

/* Takes an address off the front; false when it is cut off, too long or holds a NUL. */
static bool take_addr(struct slice *bytes, size_t len, char to[REGISTRY_ADDR_BYTES])
{
    if (len > bytes->len || len >= REGISTRY_ADDR_BYTES || (len > 0 && memchr(bytes->ptr, '\0', len)))
        return false;
    memcpy(to, bytes->ptr, len);
    to[len] = '\0';
    *bytes = slice_of(bytes->ptr + len, bytes->len - len);
    return true;
}

static bool take_node(struct slice *bytes, struct registry_node *ret)
{
    if (bytes->len < NODE_BYTES)
        return false;
    const char *at = bytes->ptr;
    uint32_t flags = get_le32(at + 8);

    *ret = (struct registry_node){
        .id = get_le32(at),
        .weight = get_le32(at + 4),
        .hidden = flags & FLAG_HIDDEN,
        .http_tls = flags & FLAG_HTTP_TLS,
        .tcp_tls = flags & FLAG_TCP_TLS,
        .join_ms = get_le64(at + 16),
        .hidden_ms = get_le64(at + 24),
        .told_weight = get_le32(at + 32),
    };
    *bytes = slice_of(at + NODE_BYTES, bytes->len - NODE_BYTES);
    return take_addr(bytes, get_le16(at + 12), ret->http_addr) && take_addr(bytes, get_le16(at + 14), ret->tcp_addr);
}

static int decode_nodes(struct registry *registry, struct slice bytes, uint32_t count)
{
    char text[REGISTRY_TEXT_BYTES];

    for (uint32_t i = 0; i < count; i++) {
        struct registry_node node;

        if (!take_node(&bytes, &node) || registry->count == REGISTRY_NODES_MAX)
            return -EBADMSG;
        if (registry_add(registry, &node, node.join_ms, text))
            return -EBADMSG;
        struct registry_node *entry = registry->nodes[registry->count - 1];

        entry->told_weight = node.told_weight;
        entry->hidden = node.hidden;
        entry->hidden_ms = node.hidden_ms;
        entry->misses = node.hidden ? REGISTRY_MISSES_MAX : 0;
    }
    return bytes.len == 0 && registry->count == count ? 0 : -EBADMSG;
}

int registry_decode(struct registry *registry, struct slice bytes)
{
    ENSURE(registry->count == 0);
    if (bytes.len < HEAD_BYTES + CRC_BYTES || memcmp(bytes.ptr, MAGIC, sizeof(MAGIC)) != 0)
        return -EBADMSG;
    size_t len = bytes.len - CRC_BYTES;
    if (get_le32(bytes.ptr + 8) > VERSION)
        return -ENOTSUP;
    if (crc32c(0, bytes.ptr, len) != get_le32(bytes.ptr + len) || get_le32(bytes.ptr + 8) != VERSION)
        return -EBADMSG;
    int err = decode_nodes(registry, slice_of(bytes.ptr + HEAD_BYTES, len - HEAD_BYTES), get_le32(bytes.ptr + 12));
    if (err != 0) {
        while (registry->count > 0)
            free(registry->nodes[--registry->count]);
        registry->had_nodes = false;
    }
    return err;
}

static bool write_node(const struct registry_node *node, struct buf *out)
{
    char joined[CLOCK_TEXT_BYTES];

    clock_format_local(node->join_ms, joined);
    return buf_printf(out, "{\"id\":%u,\"http_addr\":", node->id) &&
           json_append_string(out, slice_str(node->http_addr)) && buf_append_str(out, ",\"tcp_addr\":") &&
           json_append_string(out, slice_str(node->tcp_addr)) &&
           buf_printf(out, ",\"join_time\":\"%s\",\"weight\":%u,\"http_tls\":%d,\"tcp_tls\":%d}", joined,
                      node->weight, node->http_tls, node->tcp_tls);
}

bool registry_write_nodes(const struct registry *registry, struct buf *out)
{
    bool first = true;

    if (!buf_append_str(out, "{\"code\":0,\"data\":{\"nodes\":") ||
        !buf_append_str(out, registry->had_nodes ? "[" : "null"))
        return false;
    for (size_t i = 0; i < registry->count; i++) {
        if (registry->nodes[i]->hidden)
            continue;
        if ((!first && !buf_append_str(out, ",")) || !write_node(registry->nodes[i], out))
            return false;
        first = false;
    }
    return buf_append_str(out, registry->had_nodes ? "]},\"msg\":\"success\"}" : "},\"msg\":\"success\"}");
}
