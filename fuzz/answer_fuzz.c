/*
 * answer_fuzz.c - a server's bytes through the readers of the client, as a stream and as the data of each type
 *
 * SPDX-License-Identifier: MIT
 */
#include "fuzz/fuzz.h"

#include "wire/answer.h"

#include <errno.h>

enum { DATA_BYTES_MAX = 1 << 16, IDS_MAX = 8 };

static void read_all(const struct answer *answer)
{
    struct answer_list list;
    uint64_t ids[IDS_MAX];
    int err = answer_read_messages(answer, &list);

    ENSURE(err == 0 || err == -EPROTO);
    if (err == 0) {
        for (size_t i = 0; i < list.count; i++)
            (void)fuzz_touch(list.msgs[i].body);
        answer_list_free(&list);
    }
    ssize_t count = answer_read_ids(answer, ids, IDS_MAX);
    ENSURE(count == -EPROTO || (count >= 0 && count <= IDS_MAX));
    err = answer_read_id(answer, ids);
    ENSURE(err == 0 || err == -EPROTO);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned types[] = {REPLY_MESSAGE, REPLY_RESULT, REPLY_BINARY};
    struct slice in = fuzz_copy(data, size), rest = in;
    struct answer answer;
    ssize_t used;

    while ((used = answer_parse(rest, DATA_BYTES_MAX, &answer)) > 0) {
        ENSURE((size_t)used <= rest.len && fuzz_within(answer.data, rest));
        read_all(&answer);
        rest = slice_of(rest.ptr + used, rest.len - (size_t)used);
    }
    ENSURE(used == 0 || used == -EMSGSIZE);
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        answer = (struct answer){.type = types[i], .data = in};
        read_all(&answer);
    }
    fuzz_free(in);
    return 0;
}
