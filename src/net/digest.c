/* digest.c - see digest.h. SPDX-License-Identifier: MIT */
#include "net/digest.h"

#include "base/bytes.h"

#include <gnutls/crypto.h>

enum { SHA256_BYTES = 32 };

void digest_key(uint32_t number, struct slice bytes, uint64_t ret[2])
{
    gnutls_hash_hd_t hash;
    char head[4], sum[SHA256_BYTES];

    put_be32(head, number);
    ENSURE(gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) == 0);
    ENSURE(gnutls_hash(hash, head, sizeof(head)) == 0);
    ENSURE(bytes.len == 0 || gnutls_hash(hash, bytes.ptr, bytes.len) == 0);
    gnutls_hash_deinit(hash, sum);
    ret[0] = get_be64(sum);
    ret[1] = get_be64(sum + 8);
}
