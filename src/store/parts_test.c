/*
 * parts_test.c - the small parts: channels, bells, the ring, names, formats, the segment table
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "store/bell.h"
#include "store/chan.h"
#include "store/format.h"
#include "store/paths.h"
#include "store/ring.h"
#include "store/segment.h"
#include "unit/unit.h"

enum { COUNT = 20000 };

struct pair {
    struct chan chan;
    struct bell bell;
};

static void *push_all(void *arg)
{
    struct pair *pair = arg;

    for (uint64_t i = 0; i < COUNT;) {
        if (chan_room(&pair->chan) == 0)
            continue;
        chan_push(&pair->chan, &i);
        bell_ring(&pair->bell);
        i++;
    }
    return NULL;
}

TEST(chan_and_bell_bring_every_item_in_order_to_a_sleeper)
{
    struct pair pair = {.bell = {0}};
    pthread_t thread;
    uint64_t item;

    assert_true(chan_init(&pair.chan, sizeof(item), 16));
    assert_int_equal(pthread_create(&thread, NULL, push_all, &pair), 0);
    for (uint64_t i = 0; i < COUNT;) {
        if (chan_take(&pair.chan, &item)) {
            assert_int_equal(item, i++);
            continue;
        }
        bell_arm(&pair.bell);
        if (chan_empty(&pair.chan))
            bell_wait(&pair.bell, BELL_FOREVER);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(chan_empty(&pair.chan));
    chan_free(&pair.chan);
}

TEST(chan_says_when_it_is_full)
{
    struct chan chan;
    int item = 7;

    assert_true(chan_init(&chan, sizeof(item), 4));
    for (uint32_t i = 4; i > 0; i--) {
        assert_int_equal(chan_room(&chan), i);
        chan_push(&chan, &item);
    }
    assert_int_equal(chan_room(&chan), 0);
    assert_true(chan_peek(&chan, &item));
    assert_int_equal(chan_room(&chan), 0);
    chan_drop(&chan);
    assert_int_equal(chan_room(&chan), 1);
    chan_free(&chan);
}

TEST(bell_wait_ends_by_itself_when_nobody_rings)
{
    struct bell bell = {0};

    bell_arm(&bell);
    bell_wait(&bell, 1000);
    bell_ring(&bell);
    bell_arm(&bell);
    bell_ring(&bell);
    bell_wait(&bell, BELL_FOREVER);
}

TEST(ring_is_contiguous_over_its_end)
{
    struct ring ring;

    assert_int_equal(ring_init(&ring, 1 << 20), 0);
    uint64_t lsn = (UINT64_C(5) << 20) - 100;
    memset(ring_at(&ring, lsn), 'x', 200);
    for (uint64_t i = 0; i < 200; i++)
        assert_int_equal(*ring_at(&ring, lsn + i), 'x');
    assert_int_equal(*ring_at(&ring, lsn + 200), 0);
    ring_fini(&ring);
}

TEST(path_names_are_read_back_and_nothing_else_is)
{
    static const char *const bad[] = {
        "", ".seg", "0000000000001000.se", "0000000000001000.segx", "000000000000100.seg", "000000000000100G.seg",
        "000000000000100A.seg", "0000000000001000-0000000000002000.1.seg", "+000000000001000.seg",
    };
    uint64_t number = 5;

    struct path path = path_segment("/d", UINT64_C(0xfedcba9876543210));
    assert_string_equal(path.text, "/d/log/fedcba9876543210.seg");
    assert_true(path_parse(strrchr(path.text, '/') + 1, ".seg", &number));
    assert_int_equal(number, UINT64_C(0xfedcba9876543210));
    path = path_checkpoint("/d", 4096);
    assert_string_equal(path.text, "/d/ckpt/0000000000001000.ckpt");
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(path_parse(bad[i], ".seg", &number));
}

TEST(segment_header_of_version_one_has_these_bytes)
{
    struct segment_header header = {.base = 0x1122334455667788, .created_ms = 1700000000000, .prev_end = 0x1000,
                                    .epoch = 3, .generation = 2, .uuid = {1, 2, 3}}, back;
    char bytes[SEGMENT_HEADER_BYTES];

    segment_header_encode(bytes, &header);
    assert_memory_equal(bytes, "GMQSEG1\0\1\0\0\0", 12);
    assert_memory_equal(bytes + 16, "\x88\x77\x66\x55\x44\x33\x22\x11\0\0\0\0\0\0\0\0\1\2\3\0", 20);
    assert_memory_equal(bytes + 56, "\3\0\0\0\2\0\0\0\0\x10\0\0\0\0\0\0", 16);
    assert_true(segment_header_decode(bytes, sizeof(bytes), &back));
    assert_memory_equal(&back, &header, sizeof(header));
    assert_false(segment_header_decode(bytes, sizeof(bytes) - 1, &back));
    for (size_t i = 0; i < 72; i++) {
        bytes[i] ^= 0x10;
        assert_false(segment_header_decode(bytes, sizeof(bytes), &back));
        bytes[i] ^= 0x10;
    }
}

enum {
    CKPT_IMAGE = 40, CKPT_DEAD = 24,
    CKPT_TABLE = 2 * CHECKPOINT_SEGMENT_BYTES,
    CKPT_BYTES = CHECKPOINT_HEADER_BYTES + CKPT_TABLE + CKPT_DEAD + CKPT_IMAGE,
};

TEST(checkpoint_is_refused_at_every_prefix_and_with_any_byte_changed)
{
    char bytes[CKPT_BYTES] = {0}, *table = bytes + CHECKPOINT_HEADER_BYTES;
    struct checkpoint_segment seg = {.base = 4096, .end = 8192, .prev_end = 1, .dead_at = 2, .tracked = 3, .live = 4,
                                     .pins = 5, .tracked_bytes = 8, .epoch = 6, .generation = 7, .blind = true,
                                     .dead_bytes = CKPT_DEAD / 2}, back;
    struct checkpoint_view view;
    struct checkpoint_header header = {.cut = 8192, .image_bytes = CKPT_IMAGE, .dead_bytes = CKPT_DEAD,
                                       .created_ms = 9, .epoch = 6, .segments = 2};

    checkpoint_segment_encode(table, &seg);
    checkpoint_segment_encode(table + CHECKPOINT_SEGMENT_BYTES, &seg);
    memset(bytes + CKPT_BYTES - CKPT_IMAGE, 'i', CKPT_IMAGE);
    header.table_crc = crc32c(0, table, CKPT_TABLE);
    header.dead_crc = crc32c(0, table + CKPT_TABLE, CKPT_DEAD);
    header.image_crc = crc32c(0, bytes + CKPT_BYTES - CKPT_IMAGE, CKPT_IMAGE);
    checkpoint_header_encode(bytes, &header);
    for (size_t len = 0; len <= CKPT_BYTES; len++) {
        char *copy = guarded(bytes, len);
        assert_int_equal(checkpoint_view_read(copy, len, &view), len == CKPT_BYTES);
        guarded_free(copy, len);
    }
    assert_true(checkpoint_view_read(bytes, CKPT_BYTES, &view));
    assert_int_equal(view.header.version, 2);
    assert_int_equal(view.image.len, CKPT_IMAGE);
    assert_int_equal(view.dead.len, CKPT_DEAD);
    checkpoint_view_segment(&view, 1, &back);
    assert_memory_equal(&back, &seg, sizeof(seg));
    for (size_t i = 0; i < CKPT_BYTES; i++) {
        bytes[i] ^= 1;
        assert_false(checkpoint_view_read(bytes, CKPT_BYTES, &view));
        bytes[i] ^= 1;
    }
    seg.dead_bytes++; /* the sets do not add up */
    checkpoint_segment_encode(table, &seg);
    header.table_crc = crc32c(0, table, CKPT_TABLE);
    checkpoint_header_encode(bytes, &header);
    assert_false(checkpoint_view_read(bytes, CKPT_BYTES, &view));
}

/* As the version before wrote it. */
TEST(checkpoint_of_version_one_is_read_and_what_is_partly_dead_is_blind)
{
    enum { BYTES = CHECKPOINT_HEADER_BYTES + 2 * CHECKPOINT_SEGMENT_BYTES_V1 + CKPT_IMAGE };
    char bytes[BYTES] = "GMQCKP1", *table = bytes + CHECKPOINT_HEADER_BYTES;
    struct checkpoint_segment seg;
    struct checkpoint_view view;

    put_le16(bytes + 8, 1);
    put_le64(bytes + 16, 8192 + 512);
    put_le32(bytes + 44, 2);
    put_le64(bytes + 48, CKPT_IMAGE);
    for (uint64_t i = 0; i < 2; i++) {
        char *entry = table + i * CHECKPOINT_SEGMENT_BYTES_V1;
        put_le64(entry, 4096 * (i + 1));
        put_le64(entry + 8, i == 0 ? 8192 : 0);
        put_le64(entry + 32, 10);
        put_le64(entry + 40, 9 - i);
        put_le64(entry + 48, 1);
    }
    put_le32(bytes + 56, crc32c(0, table, 2 * CHECKPOINT_SEGMENT_BYTES_V1));
    put_le32(bytes + 60, crc32c(0, bytes + BYTES - CKPT_IMAGE, CKPT_IMAGE));
    put_le32(bytes + 12, crc32c(0, bytes, CHECKPOINT_HEADER_BYTES));
    assert_true(checkpoint_view_read(bytes, BYTES, &view));
    assert_int_equal(view.dead.len, 0);
    checkpoint_view_segment(&view, 0, &seg);
    assert_false(seg.blind);
    assert_int_equal(seg.tracked_bytes, 4096);
    checkpoint_view_segment(&view, 1, &seg);
    assert_true(seg.blind);
    assert_int_equal(seg.tracked_bytes, 512);
    for (size_t len = 0; len < BYTES; len++) {
        char *copy = guarded(bytes, len);
        assert_false(checkpoint_view_read(copy, len, &view));
        guarded_free(copy, len);
    }
}

TEST(segment_header_of_a_compacted_segment_has_these_bytes)
{
    struct segment_header header = {.base = 4096, .end = 8192, .generation = 2, .compacted = true}, back;
    char bytes[SEGMENT_HEADER_BYTES];

    segment_header_encode(bytes, &header);
    assert_memory_equal(bytes, "GMQSEG1\0\2\0\1\0", 12);
    assert_memory_equal(bytes + 16, "\0\x10\0\0\0\0\0\0\0\x20\0\0\0\0\0\0", 16);
    assert_true(segment_header_decode(bytes, sizeof(bytes), &back));
    assert_memory_equal(&back, &header, sizeof(header));
    put_le16(bytes + 10, 0);
    put_le32(bytes + 12, 0);
    put_le32(bytes + 12, crc32c(0, bytes, 72));
    assert_false(segment_header_decode(bytes, sizeof(bytes), &back));
}

TEST(path_of_a_segment_says_what_it_is)
{
    static const char *const bad[] = {
        "", "0000000000001000-0000000000002000.0.seg", "0000000000001000-0000000000002000.01.seg",
        "0000000000001000-0000000000002000.4294967296.seg", "0000000000001000-0000000000002000.seg",
        "0000000000001000-0000000000002000.1", "0000000000001000-0000000000001000.1.seg",
        "0000000000001000-0000001000001008.1.seg", "0000000000001001-0000000000002000.1.seg",
        "0000000000001000-00000000000020", "ffffffffffffffff.seg", "0000000000001000-0000000000002000.1 .seg",
        "0000000000001000-0000000000002000.+1.seg",
    };
    struct segment_name name = {.base = 4096, .end = 8192, .generation = 4294967295u}, back;
    struct path path = path_named("/d", &name);


    assert_string_equal(path.text, "/d/log/0000000000001000-0000000000002000.4294967295.seg");
    assert_true(path_parse_segment(strrchr(path.text, '/') + 1, &back));
    assert_true(back.base == name.base && back.end == name.end && back.generation == name.generation);
    name = (struct segment_name){.base = 4096};
    path = path_named("/d", &name);
    assert_string_equal(path.text, "/d/log/0000000000001000.seg");
    assert_true(path_parse_segment(strrchr(path.text, '/') + 1, &back));
    assert_true(back.base == 4096 && back.end == 0 && back.generation == 0);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(path_parse_segment(bad[i], &back));
}

TEST(segments_count_what_lives_and_know_when_they_are_dead)
{
    struct segments all = {0};

    assert_true(segments_reserve(&all, 3));
    struct segment seg = {.base = 4096, .capacity = 1000};
    segment_count(segments_add(&all, &seg), RECORD_PUSH, 64);
    segment_count(segments_last(&all), RECORD_PUSH, 64);
    segment_count(segments_last(&all), RECORD_QUEUE, 104);
    segment_count(segments_last(&all), RECORD_ACK, 40);
    segments_close(&all, segments_last(&all), 4096 + 800);
    seg.base = 8192;
    (void)segments_add(&all, &seg);
    assert_int_equal(all.at[0].tracked, 3);
    assert_int_equal(all.at[0].tracked_bytes, 232);
    assert_null(segments_find(&all, 4095));
    assert_ptr_equal(segments_find(&all, 4096), &all.at[0]);
    assert_null(segments_find(&all, 4096 + 800));
    assert_ptr_equal(segments_find(&all, 8192 + 999), &all.at[1]);
    assert_null(segments_find(&all, 8192 + 1000));
    assert_true(segments_drop_live(&all, 4096, 9000));
    assert_false(segments_drop_live(&all, 4096, 9000));
    assert_int_equal(all.at[0].live, 1);
    assert_true(segment_is_dead(&all.at[0], 4096));
    assert_false(segment_is_dead(&all.at[0], 4160));
    assert_true(segments_drop_live(&all, 4160, 9000));
    assert_false(segments_drop_live(&all, 4224, 9000));
    assert_int_equal(all.pinned, 1);
    assert_int_equal(all.dead, 0);
    assert_true(segments_drop_pin(&all, 4224, 9100));
    assert_int_equal(all.pinned, 0);
    assert_int_equal(all.dead, 1);
    assert_int_equal(all.at[0].dead_at, 9100);
    assert_true(segments_drop_live(&all, 5000, 9000)); /* in no segment: lost ones count nothing */
    segments_remove(&all, 0);
    assert_int_equal(all.dead, 0);
    assert_int_equal(all.total_bytes, 1000);
    segments_close(&all, &all.at[0], 8200);
    assert_int_equal(all.at[0].dead_at, 8200);
    segments_free(&all);
}
