/* sse_test.c - streams of events, cut anywhere. SPDX-License-Identifier: MIT */
#include "gweb/sse.h"

#include "unit/unit.h"

#include <stdio.h>

struct seen {
    char text[512];
    unsigned count;
};

static void note(void *ctx, const char *name, struct slice data)
{
    struct seen *seen = ctx;
    size_t len = strlen(seen->text);

    seen->count++;
    (void)snprintf(seen->text + len, sizeof(seen->text) - len, "[%s|%.*s]", name, (int)data.len,
                   data.len > 0 ? data.ptr : "");
}

static void feed_cut(struct slice all, size_t first, size_t second, struct seen *ret)
{
    struct slice parts[] = {slice_of(all.ptr, first), slice_of(all.ptr + first, second - first),
                            slice_of(all.ptr + second, all.len - second)};
    struct sse sse;

    *ret = (struct seen){.count = 0};
    sse_init(&sse, 4096);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        char *part = guarded(parts[i].ptr, parts[i].len);
        assert_true(sse_feed(&sse, slice_of(part, parts[i].len), note, ret));
        guarded_free(part, parts[i].len);
    }
    sse_reset(&sse);
}

TEST(sse_reads_the_same_however_it_is_cut)
{
    static const char TEXT[] = ": hello\nevent: stats\r\ndata: {\"a\":1}\r\n\r\ndata:x\rdata: y\r\rid: 7\nretry: 5\n\n"
                               "data\n\nevent: gone\n\nevent:stats\ndata: \xe4\xbd\xa0\n\ndata: not whole\n";
    static const char WANT[] = "[stats|{\"a\":1}][|x\ny][|][stats|\xe4\xbd\xa0]";
    struct seen seen;

    for (size_t first = 0; first < sizeof(TEXT); first++)
        for (size_t second = first; second < sizeof(TEXT); second++) {
            feed_cut(slice_str(TEXT), first, second, &seen);
            assert_string_equal(seen.text, WANT);
        }
}

TEST(sse_refuses_what_is_too_long)
{
    struct seen seen = {.count = 0};
    struct sse sse;

    sse_init(&sse, 16);
    assert_true(sse_feed(&sse, slice_str("data: 0123456789"), note, &seen));
    assert_false(sse_feed(&sse, slice_str("0"), note, &seen));
    sse_reset(&sse);
    for (unsigned i = 0; i < 16; i++) /* its lines are short, it is not */
        if (!sse_feed(&sse, slice_str("data: 0123\n"), note, &seen))
            break;
        else
            assert_true(i < 4);
    sse_reset(&sse);
    assert_true(sse_feed(&sse, slice_str("data: again\n\n"), note, &seen));
    assert_string_equal(seen.text, "[|again]");
    sse_reset(&sse);
}
