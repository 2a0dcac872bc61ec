/* payload_test.c - SPDX-License-Identifier: MIT */
#include "engine/payload.h"

#include "base/bytes.h"
#include "engine/wheel.h"
#include "unit/unit.h"

enum { ROOM = PAYLOAD_QUEUE_BYTES_MAX };

/* Puts every prefix of the payload before an unreadable page and hands it to `read`, with its length. */
static void each_prefix(const char *payload, size_t len, void (*read)(struct slice prefix, size_t whole))
{
    for (size_t n = 0; n <= len; n++) {
        char *copy = guarded(payload, n);
        read(slice_of(copy, n), len);
        guarded_free(copy, n);
    }
}

static void read_push(struct slice prefix, size_t whole)
{
    struct payload_push push;

    assert_int_equal(payload_get_push(prefix, &push), prefix.len >= PAYLOAD_PUSH_BYTES);
    if (prefix.len < PAYLOAD_PUSH_BYTES)
        return;
    assert_int_equal(push.body.len, prefix.len - PAYLOAD_PUSH_BYTES);
    if (prefix.len < whole)
        return;
    assert_int_equal(push.due_ms, 123456);
    assert_int_equal(push.id, 77);
    assert_int_equal(push.ttr_ms, 2000);
    assert_true(slice_is(push.body, "hello"));
}

TEST(payload_push_reads_what_was_written_and_refuses_what_is_cut)
{
    char to[PAYLOAD_PUSH_BYTES + 5];

    struct payload_push push = {.due_ms = 123456, .id = 77, .ttr_ms = 2000, .body = slice_str("hello")};
    payload_put_push(to, &push);
    each_prefix(to, sizeof(to), read_push);
}

TEST(payload_push_skips_its_extensions)
{
    char to[PAYLOAD_PUSH_BYTES + 16 + 2] = {0};
    struct payload_push push;

    payload_put_push(to, &(struct payload_push){.id = 1});
    put_le16(to + 20, 2);
    memcpy(to + PAYLOAD_PUSH_BYTES + 16, "ok", 2);
    assert_true(payload_get_push(slice_of(to, sizeof(to)), &push));
    assert_true(slice_is(push.body, "ok"));
    assert_false(payload_get_push(slice_of(to, sizeof(to) - 3), &push));
    put_le16(to + 20, 0xffff);
    assert_false(payload_get_push(slice_of(to, sizeof(to)), &push));
}

static const struct payload_attrs ATTRS = {.headers = {"a: 1\nb: 2\n", 10}, .key = {"order 7", 7}, .expiry_ms = 999,
                                           .own_retries = 255, .moved = true, .retries = 3, .first_ms = 10,
                                           .why = PAYLOAD_REASON_REJECTED, .last_ms = 20, .from_id = 77,
                                           .from_queue = 5, .pushed_ms = 888};

/* Cut anywhere: malformed, or less, but never something else. */
static void read_attrs(struct slice prefix, size_t whole)
{
    struct payload_attrs attrs;

    if (!payload_get_attrs(prefix, &attrs)) {
        assert_true(prefix.len < whole && attrs.headers.len == 0 && attrs.own_retries == 0);
        return;
    }
    if (attrs.headers.len > 0)
        assert_true(slice_equal(attrs.headers, ATTRS.headers));
    if (prefix.len < whole)
        return;
    assert_true(slice_equal(attrs.key, ATTRS.key));
    assert_true(attrs.expiry_ms == 999 && attrs.own_retries == 255 && attrs.moved && attrs.retries == 3);
    assert_true(attrs.from_id == 77 && attrs.from_queue == 5 && attrs.pushed_ms == 888);
    assert_true(attrs.why == PAYLOAD_REASON_REJECTED && attrs.first_ms == 10 && attrs.last_ms == 20);
}

TEST(payload_push_carries_attributes)
{
    char tlvs[PAYLOAD_ATTRS_BYTES_MAX], to[PAYLOAD_PUSH_BYTES + sizeof(tlvs) + 4];
    size_t bytes = payload_put_attrs(tlvs, &ATTRS);
    struct payload_push push = {.id = 1, .tlvs = slice_of(tlvs, bytes), .body = slice_str("body")}, again;

    assert_true(bytes > 0 && bytes % 8 == 0);
    each_prefix(tlvs, bytes, read_attrs);
    payload_put_push(to, &push);
    assert_true(payload_get_push(slice_of(to, payload_push_bytes(&push)), &again));
    assert_true(slice_equal(again.tlvs, push.tlvs) && slice_is(again.body, "body"));
    assert_int_equal(payload_put_attrs(tlvs, &(struct payload_attrs){.own_retries = 0}), 0);
}

TEST(payload_attributes_that_cannot_be_are_refused)
{
    static const char *const BAD[] = {"\5\0\2\0ab\0\0", "\7\0\1\0a\0\0\0", "\x9\0\1\0a\0\0\0", "\5\0\1\0\xff\0\0\0",
                                      "\x8\0\xff\xff\0\0\0\0", "\3\0\5\0a\0\0\0", "\xa\0\4\0abcd",
                                      "\xb\0\4\0abcd"};
    struct payload_attrs attrs;

    for (size_t i = 0; i < ARRAY_LEN(BAD); i++)
        assert_false(payload_get_attrs(slice_of(BAD[i], 8), &attrs));
    assert_true(payload_get_attrs(slice_of("\x63\0\2\0ab\0\0", 8), &attrs)); /* of a later version */
    assert_int_equal(attrs.own_retries, 0);
}

TEST(payload_push_time_is_what_the_message_carries_or_else_that_of_its_id)
{
    char stamp[PAYLOAD_STAMP_BYTES], same[PAYLOAD_ATTRS_BYTES_MAX];
    struct payload_push push = {.id = id_next(0, 1, ID_EPOCH_MS + 60000)};
    struct payload_attrs attrs = {.pushed_ms = ID_EPOCH_MS + 5};

    assert_int_equal(payload_push_ms(&push), ID_EPOCH_MS + 60000);
    payload_put_stamp(stamp, ID_EPOCH_MS + 5);
    push.tlvs = slice_of(stamp, sizeof(stamp));
    assert_int_equal(payload_push_ms(&push), ID_EPOCH_MS + 5);
    assert_int_equal(payload_put_attrs(same, &attrs), sizeof(stamp));
    assert_memory_equal(same, stamp, sizeof(stamp));
    push.tlvs = slice_of(same, payload_put_attrs(same, &(struct payload_attrs){.own_retries = 1}));
    assert_int_equal(payload_push_ms(&push), ID_EPOCH_MS + 60000);
    stamp[2] = 7; /* malformed: it carries nothing */
    push.tlvs = slice_of(stamp, sizeof(stamp));
    assert_int_equal(payload_push_ms(&push), ID_EPOCH_MS + 60000);
}

static void read_release(struct slice prefix, size_t whole)
{
    struct payload_release release;
    bool good = prefix.len >= PAYLOAD_RELEASE_BYTES && prefix.len % PAYLOAD_PAIR_BYTES == 0;

    assert_int_equal(payload_get_release(prefix, &release), good);
    if (prefix.len < whole)
        return;
    assert_true(release.now_ms == 5000 && release.due_ms == 6000 && release.count == 2);
    assert_int_equal(payload_pair(release.entries, 1).id, 4);
}

static void read_touch(struct slice prefix, size_t whole)
{
    struct payload_touch touch;

    assert_int_equal(payload_get_touch(prefix, &touch), prefix.len == whole);
    if (prefix.len < whole)
        return;
    assert_true(touch.now_ms == 5000 && touch.count == 2);
    assert_int_equal(payload_touched(touch.entries, 1).deadline_ms, 9);
}

TEST(payload_release_and_touch_read_what_was_written_and_refuse_what_is_cut)
{
    struct payload_pair pairs[] = {{.ref = 1, .id = 2}, {.ref = 3, .id = 4}};
    struct payload_touched touched[] = {{.ref = 1, .id = 2, .deadline_ms = 3}, {.ref = 3, .id = 4, .deadline_ms = 9}};
    char to[PAYLOAD_TOUCH_BYTES + 2 * PAYLOAD_TOUCH_ENTRY_BYTES];

    payload_put_release(to, &(struct payload_release){.now_ms = 5000, .due_ms = 6000, .count = 2}, pairs);
    each_prefix(to, PAYLOAD_RELEASE_BYTES + 2 * PAYLOAD_PAIR_BYTES, read_release);
    payload_put_touch(to, &(struct payload_touch){.now_ms = 5000, .count = 2}, touched);
    each_prefix(to, sizeof(to), read_touch);
}

static void read_letter(struct slice prefix, size_t whole)
{
    struct payload_bury letter;

    assert_int_equal(payload_get_bury(prefix, &letter), prefix.len == whole);
    if (prefix.len == whole)
        assert_true(letter.reason == PAYLOAD_REASON_REJECTED && slice_is(letter.text, "too long") && letter.count == 1);
}

TEST(payload_bury_carries_a_text)
{
    struct payload_bury letter = {.now_ms = 1, .reason = PAYLOAD_REASON_REJECTED, .count = 1,
                                  .text = slice_str("too long")};
    char to[PAYLOAD_BURY_BYTES + PAYLOAD_PAIR_BYTES + 8];

    payload_put_bury(to, &letter, &(struct payload_pair){.ref = 1, .id = 2});
    each_prefix(to, sizeof(to), read_letter);
    to[8] = PAYLOAD_REASON_MAX + 1;
    assert_false(payload_get_bury(slice_of(to, sizeof(to)), &letter));
}

static void read_pop(struct slice prefix, size_t whole)
{
    struct payload_pop pop;

    assert_int_equal(payload_get_pop(prefix, &pop), prefix.len == whole);
    if (prefix.len < whole)
        return;
    assert_int_equal(pop.now_ms, 5000);
    assert_int_equal(pop.holder, 3);
    assert_int_equal(pop.count, 2);
    struct payload_delivery second = payload_delivery(pop.entries, 1);
    assert_int_equal(second.ref, 30);
    assert_int_equal(second.id, 40);
    assert_int_equal(second.ttr_ms, 60000);
    assert_true(second.size64 == PAYLOAD_SIZE64_MAX && second.own_retries == 255);
    assert_true(payload_size64(0) == 0 && payload_size64(64) == 1 && payload_size64(65) == 2);
}

TEST(payload_pop_reads_what_was_written_and_refuses_what_is_cut)
{
    struct payload_delivery entries[] = {{.ref = 10, .id = 20, .ttr_ms = 1},
                                         {.ref = 30, .id = 40, .ttr_ms = 60000, .size64 = PAYLOAD_SIZE64_MAX,
                                          .own_retries = 255}};
    char to[PAYLOAD_POP_BYTES + 2 * PAYLOAD_POP_ENTRY_BYTES];

    payload_put_pop(to, &(struct payload_pop){.now_ms = 5000, .holder = 3, .count = 2}, entries);
    each_prefix(to, sizeof(to), read_pop);
}

static void read_bury(struct slice prefix, size_t whole)
{
    struct payload_bury letter;

    assert_int_equal(payload_get_bury(prefix, &letter), prefix.len == whole);
    if (prefix.len < whole)
        return;
    assert_int_equal(letter.now_ms, 5000);
    assert_int_equal(letter.reason, PAYLOAD_REASON_UNREADABLE);
    assert_int_equal(letter.count, 2);
    assert_int_equal(payload_pair(letter.entries, 0).ref, 1);
    assert_int_equal(payload_pair(letter.entries, 1).id, 4);
}

TEST(payload_bury_reads_what_was_written_and_refuses_what_is_cut)
{
    struct payload_pair pairs[] = {{.ref = 1, .id = 2}, {.ref = 3, .id = 4}};
    struct payload_bury letter = {.now_ms = 5000, .reason = PAYLOAD_REASON_UNREADABLE, .count = 2};
    char to[PAYLOAD_BURY_BYTES + 2 * PAYLOAD_PAIR_BYTES];

    payload_put_bury(to, &letter, pairs);
    each_prefix(to, sizeof(to), read_bury);
}

static void read_tick(struct slice prefix, size_t whole)
{
    struct payload_tick tick;

    assert_int_equal(payload_get_tick(prefix, &tick), prefix.len == whole);
    if (prefix.len == whole) {
        assert_int_equal(tick.now_ms, 99);
        assert_int_equal(tick.count, 4096);
    }
}

TEST(payload_tick_reads_what_was_written_and_refuses_what_is_cut)
{
    char to[PAYLOAD_TICK_BYTES];

    payload_put_tick(to, &(struct payload_tick){.now_ms = 99, .count = 4096, .moves = 7});
    each_prefix(to, sizeof(to), read_tick);
}

static const struct payload_delayed DELAYED[] = {{0x100, 1, 5}, {UINT64_MAX, UINT32_MAX, UINT32_MAX}};

static void read_dchunk(struct slice prefix, size_t whole)
{
    struct payload_dchunk chunk;

    assert_int_equal(payload_get_dchunk(prefix, &chunk), prefix.len == whole);
    if (prefix.len < whole)
        return;
    assert_int_equal(chunk.count, 2);
    assert_int_equal(chunk.start_ms, 4096);
    for (uint32_t i = 0; i < 2; i++) {
        struct payload_delayed entry = payload_delayed(chunk.entries, i);
        assert_true(entry.ref == DELAYED[i].ref && entry.queue == DELAYED[i].queue &&
                    entry.due_off == DELAYED[i].due_off);
    }
}

TEST(payload_dchunk_reads_what_was_written_and_refuses_what_is_cut)
{
    char to[PAYLOAD_DCHUNK_BYTES + 2 * PAYLOAD_DELAYED_BYTES];
    struct payload_dchunk chunk;

    payload_put_dchunk(to, 4096, DELAYED, 2);
    each_prefix(to, sizeof(to), read_dchunk);
    for (unsigned i = 0; i < 2; i++) {
        put_le32(to, i == 0 ? 0 : PAYLOAD_DCHUNK_ENTRIES_MAX + 1);
        assert_false(payload_get_dchunk(slice_of(to, sizeof(to)), &chunk));
    }
}

static void read_dload(struct slice prefix, size_t whole)
{
    struct payload_dload load;

    assert_int_equal(payload_get_dload(prefix, &load), prefix.len == whole);
    if (prefix.len < whole)
        return;
    assert_int_equal(load.lsn, 8192);
    assert_int_equal(load.count, 2);
    assert_int_equal(load.kind, PAYLOAD_LOAD_REFS);
    assert_int_equal(load.start_ms, 4096);
    assert_int_equal(payload_delayed(load.entries, 0).ref, DELAYED[0].ref);
}

TEST(payload_dload_reads_what_was_written_and_refuses_what_is_cut)
{
    char chunk[PAYLOAD_DCHUNK_BYTES + 2 * PAYLOAD_DELAYED_BYTES], to[PAYLOAD_DLOAD_BYTES + 2 * PAYLOAD_DELAYED_BYTES];
    struct payload_dload load = {.lsn = 8192, .count = 2, .kind = PAYLOAD_LOAD_REFS, .start_ms = 4096};

    payload_put_dchunk(chunk, 4096, DELAYED, 2);
    load.entries = slice_of(chunk + PAYLOAD_DCHUNK_BYTES, 2 * PAYLOAD_DELAYED_BYTES);
    payload_put_dload(to, &load);
    each_prefix(to, sizeof(to), read_dload);
    put_le32(to + 12, PAYLOAD_LOAD_ASIDE);
    assert_true(payload_get_dload(slice_of(to, PAYLOAD_DLOAD_BYTES), &load));
    assert_int_equal(load.entries.len, 0);
    put_le32(to + 12, PAYLOAD_LOAD_BACK);
    assert_false(payload_get_dload(slice_of(to, sizeof(to)), &load));
}

TEST(payload_counts_are_held_to_the_bytes_that_are_there)
{
    char to[64] = {0};
    struct payload_pop pop;
    struct payload_bury letter;

    put_le32(to + 12, UINT32_MAX);
    assert_false(payload_get_pop(slice_of(to, sizeof(to)), &pop));
    assert_false(payload_get_bury(slice_of(to, sizeof(to)), &letter));
    put_le32(to + 12, 0);
    assert_true(payload_get_pop(slice_of(to, sizeof(to)), &pop));
    assert_true(payload_get_bury(slice_of(to, sizeof(to)), &letter));
}

/* A prefix that ends between two TLVs says less, one that ends within a value is refused; none reads beyond. */
static void read_queue(struct slice prefix, size_t whole)
{
    struct payload_queue set;

    if (!payload_get_queue(prefix, &set))
        return;
    assert_true(set.name.len == 0 || slice_is(set.name, "orders"));
    if (prefix.len < whole)
        return;
    assert_true(slice_is(set.name, "orders"));
    assert_true(slice_is(set.bind_key, "eu"));
    assert_int_equal(set.start_ms, 5000);
    assert_int_equal(set.flags, PAYLOAD_QUEUE_AUTO_ACK | PAYLOAD_QUEUE_EXITED);
    assert_int_equal(set.set.ttr_ms, 30000);
    assert_int_equal(set.set.max_retries, 9);
}

TEST(payload_queue_reads_what_was_written_at_any_length)
{
    struct payload_queue set = {.name = slice_str("orders"), .bind_key = slice_str("eu"), .start_ms = 5000,
                                .flags = PAYLOAD_QUEUE_AUTO_ACK | PAYLOAD_QUEUE_EXITED,
                                .set = {.ttr_ms = 30000, .max_retries = 9}};
    char to[ROOM];
    size_t len = payload_put_queue(to, &set);

    assert_int_equal(len, 6 * 4 + 6 + 2 + 8 + 3 * 4);
    each_prefix(to, len, read_queue);
}

TEST(payload_queue_says_the_defaults_when_it_says_nothing)
{
    struct payload_queue set;

    assert_true(payload_get_queue(slice_of(NULL, 0), &set));
    assert_int_equal(set.name.len, 0);
    assert_int_equal(set.set.max_retries, TOPIC_NODE_RETRIES);
    assert_int_equal(set.flags, 0);
}

TEST(payload_queue_ignores_unknown_tlvs_and_ends_at_padding)
{
    static const char PAYLOAD[] = "\xc8\0\3\0abc" /* of a later version */
                                  "\1\0\2\0hi"    /* name */
                                  "\0\0\0\0"      /* padding */
                                  "\1\0\2\0no";
    struct payload_queue set;

    assert_true(payload_get_queue(slice_of(PAYLOAD, sizeof(PAYLOAD) - 1), &set));
    assert_true(slice_is(set.name, "hi"));
}

TEST(payload_queue_refuses_values_of_a_wrong_length)
{
    static const struct {
        const char *bytes;
        size_t len;
    } BAD[] = {
        {"\3\0\4\0abcd", 8}, {"\4\0\2\0ab", 6}, {"\5\0\0\0", 4}, {"\6\0\5\0abcde", 9}, {"\1\0\5\0abcd", 8},
    };
    struct payload_queue set;

    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        char *copy = guarded(BAD[i].bytes, BAD[i].len);
        assert_false(payload_get_queue(slice_of(copy, BAD[i].len), &set));
        guarded_free(copy, BAD[i].len);
    }
}

TEST(payload_times_beyond_the_wheel_are_refused)
{
    char to[ROOM] = {0};
    struct payload_push push;
    struct payload_pop pop;
    struct payload_bury letter;
    struct payload_tick tick;
    struct payload_queue set;

    for (unsigned over = 0; over < 2; over++) {
        put_le64(to, WHEEL_MS_MAX + over);
        assert_int_equal(payload_get_push(slice_of(to, PAYLOAD_PUSH_BYTES), &push), !over);
        assert_int_equal(payload_get_pop(slice_of(to, PAYLOAD_POP_BYTES), &pop), !over);
        assert_int_equal(payload_get_bury(slice_of(to, PAYLOAD_BURY_BYTES), &letter), !over);
        assert_int_equal(payload_get_tick(slice_of(to, PAYLOAD_TICK_BYTES), &tick), !over);
        char named[ROOM];
        size_t len = payload_put_queue(named, &(struct payload_queue){.start_ms = WHEEL_MS_MAX + over});
        assert_int_equal(payload_get_queue(slice_of(named, len), &set), !over);
    }
}
