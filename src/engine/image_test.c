/*
 * image_test.c - images of an engine: whole, cut, with flipped bits, of earlier formats
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/engine.h"

#include "base/bytes.h"
#include "engine/state.h"
#include "engine/tape.h"
#include "unit/unit.h"

/* Loads `bytes` of an image from before an unreadable page: 0 or refused, and what is left is sound either way. */
static int load(struct engine *engine, const char *image, size_t bytes)
{
    struct tape_deaths deaths;
    struct engine *fresh = tape_engine(&deaths);
    struct buf again;
    char *copy = guarded(image, bytes);

    int rc = engine_load(engine, copy, bytes);
    guarded_free(copy, bytes);
    state_check(engine);
    if (rc < 0) {
        assert_true(engine_digest(engine) == engine_digest(fresh));
    } else {
        buf_init(&again, TAPE_BYTES_MAX);
        assert_true(engine_save(engine, &again));
        assert_int_equal(engine_load(fresh, buf_data(&again), buf_len(&again)), 0);
        assert_true(engine_digest(engine) == engine_digest(fresh));
        buf_free(&again);
    }
    engine_free(fresh);
    return rc;
}

/* Delayed messages in every place: in the wheel, in buckets, in chunks, in a chunk aside; and timers half moved. */
static void delay_some(struct tape *tape, uint64_t now_ms)
{
    engine_limit_delays(tape->engine, 4, 2);
    for (uint64_t i = 0; i < 18; i++)
        (void)tape_push(tape, 1 + i % 2, 100 + i, now_ms + (i % 3 ? i % 3 * 10000000 : 600 + i));
    for (uint64_t i = 0; i < 3; i++) {
        uint64_t ref = tape_push(tape, 1, 200 + i, 0);
        struct payload_delivery to = {.ref = ref, .id = 200 + i, .ttr_ms = 620 + (uint32_t)i};
        tape_pop(tape, 1, now_ms, &to, false);
    }
    while (tape_spill_delays(tape, now_ms) > 0)
        continue;
    assert_true(tape_load_delays(tape, UINT64_MAX, PAYLOAD_LOAD_ASIDE));
    for (unsigned i = 0; i < 20 && (tape->engine->delays.near.wheel.moving == 0 || i == 0); i++)
        tape_tick_moves(tape, now_ms + 600, 4096, 1);
    assert_true(tape->engine->delays.near.wheel.moving > 0 || tape->engine->flight.wheel.moving > 0);
    assert_true(tape->engine->delays.aside_count > 0 && tape->engine->delays.chunked > 0);
}

/* Ghosts in both kinds of lists, and a mark with one that is spared. */
static void haunt(struct tape *tape, uint64_t now_ms)
{
    uint64_t refs[6];

    for (uint64_t i = 0; i < 6; i++)
        refs[i] = tape_push(tape, 1, 300 + i, i < 4 ? 0 : now_ms + 700000);
    tape_ack(tape, 1, PAYLOAD_LIST_READY, refs[1], 301);
    tape_ack(tape, 1, PAYLOAD_LIST_READY, refs[2], 302);
    tape_ack(tape, 1, PAYLOAD_LIST_DELAYED, refs[4], 304);
    tape_purge(tape, 1, PAYLOAD_LIST_DELAYED, 0);
    state_spare(tape->engine, engine_queue(tape->engine, 1), ref_lsn(refs[0]));
    engine_check(tape->engine);
}

/* An image with a few messages in every state. */
static void small_image(struct buf *ret)
{
    struct tape tape;
    uint64_t now_ms = UINT64_C(1700000000000);

    tape_open(&tape);
    (void)tape_queue(&tape, 1, "jobs", 0, 0);
    (void)tape_queue(&tape, 2, "quite a long name of a topic", PAYLOAD_QUEUE_AUTO_ACK, 7);
    tape_tick(&tape, now_ms, 1);
    for (uint64_t id = 1; id <= 12; id++) {
        uint64_t ref = tape_push(&tape, 1 + id % 2, id, id % 3 ? 0 : now_ms + id * 1000);
        struct payload_delivery to = {.ref = ref, .id = id, .ttr_ms = 10 + 90 * (uint32_t)id};
        if (id % 4 == 1)
            tape_pop(&tape, 1 + id % 2, now_ms, &to, false);
    }
    tape_tick(&tape, now_ms + 500, 4096);
    tape_bury(&tape, 1, now_ms, fifo_first(&engine_queue(tape.engine, 1)->ready.tail));
    tape_bury(&tape, 1, now_ms, fifo_first(&engine_queue(tape.engine, 1)->ready.tail));
    uint64_t back = tape_push(&tape, 1, 400, 0), dead = tape_push(&tape, 2, 401, 0);
    tape_pop(&tape, 1, now_ms, &(struct payload_delivery){.ref = back, .id = 400, .ttr_ms = 900}, false);
    tape_pop(&tape, 2, now_ms, &(struct payload_delivery){.ref = dead, .id = 401, .ttr_ms = 900, .size64 = 3}, false);
    tape_release(&tape, 1, PAYLOAD_LIST_FLIGHT, now_ms + 1, now_ms + 700, true,
                 &(struct payload_pair){.ref = back, .id = 400});
    tape_reject(&tape, 2, now_ms + 2, "it is too long", &(struct payload_pair){.ref = dead, .id = 401});
    assert_true(tape.engine->facts.count >= 2 && tape.engine->facts.text_words == 2);
    delay_some(&tape, now_ms);
    haunt(&tape, now_ms);
    buf_init(ret, TAPE_BYTES_MAX);
    assert_true(engine_save(tape.engine, ret));
    tape_close(&tape);
}

TEST(engine_image_loads_whole_and_is_refused_when_it_is_cut)
{
    struct tape_deaths deaths;
    struct engine *engine = tape_engine(&deaths);
    struct buf image;

    small_image(&image);
    for (size_t bytes = 0; bytes < buf_len(&image); bytes++)
        assert_true(load(engine, buf_data(&image), bytes) < 0);
    assert_int_equal(load(engine, buf_data(&image), buf_len(&image)), 0);
    engine_check(engine);
    assert_int_equal(engine_queues(engine), 2);
    assert_true(buf_append(&image, "12345678", 8));
    assert_true(load(engine, buf_data(&image), buf_len(&image)) < 0);
    engine_free(engine);
    buf_free(&image);
}

/* All messages of a topic are in a piece of its list that cannot be read; what they take stays counted. */
TEST(engine_image_of_a_topic_whose_messages_are_all_put_aside_loads)
{
    struct tape_deaths deaths;
    struct engine *engine = tape_engine(&deaths);
    struct tape tape;
    struct buf image;
    uint64_t refs[6], lsn;

    tape_open(&tape);
    (void)tape_queue(&tape, 1, "jobs", 0, 0);
    engine_limit_lists(tape.engine, 0, 2);
    for (uint64_t i = 0; i < ARRAY_LEN(refs); i++)
        refs[i] = tape_push(&tape, 1, 1 + i, 0);
    assert_int_equal(tape_spill(&tape), 2);
    const struct queue *queue = engine_queue(tape.engine, 1);
    assert_int_equal(engine_peek_chunks(queue, &lsn, 1), 1);
    struct payload_chunk chunk = tape_chunk(&tape, lsn);
    for (uint64_t i = 0; i < ARRAY_LEN(refs); i++)
        if (refs[i] != get_le64(chunk.refs.ptr) && refs[i] != get_le64(chunk.refs.ptr + PAYLOAD_REF_BYTES))
            tape_ack(&tape, 1, PAYLOAD_LIST_READY, refs[i], 1 + i);
    assert_int_equal(queue_messages(queue), 2);
    assert_true(tape_load(&tape, 1, PAYLOAD_LOAD_ASIDE));
    assert_int_equal(queue_messages(queue), 0);
    assert_true(queue->bytes == UINT64_C(2) * 64);
    engine_check(tape.engine);
    buf_init(&image, TAPE_BYTES_MAX);
    assert_true(engine_save(tape.engine, &image));
    assert_int_equal(load(engine, buf_data(&image), buf_len(&image)), 0);
    assert_true(engine_digest(engine) == engine_digest(tape.engine));
    assert_true(tape_load(&tape, 1, PAYLOAD_LOAD_BACK));
    assert_int_equal(queue_messages(queue), 2);
    engine_check(tape.engine);
    engine_free(engine);
    buf_free(&image);
    tape_close(&tape);
}

TEST(engine_image_with_flipped_bits_is_refused_or_loads_sound)
{
    struct tape_deaths deaths;
    struct engine *engine = tape_engine(&deaths);
    struct buf image;

    small_image(&image);
    for (size_t at = 0; at < buf_len(&image); at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            buf_data(&image)[at] ^= (char)(1u << bit);
            (void)load(engine, buf_data(&image), buf_len(&image));
            buf_data(&image)[at] ^= (char)(1u << bit);
        }
    assert_int_equal(load(engine, buf_data(&image), buf_len(&image)), 0);
    engine_free(engine);
    buf_free(&image);
}

TEST(engine_image_is_believed_in_no_number)
{
    static const uint64_t WORDS[] = {0, 1, 255, UINT32_MAX, UINT64_C(1) << 32, UINT64_C(1) << 48, UINT64_MAX};
    struct tape_deaths deaths;
    struct engine *engine = tape_engine(&deaths);
    struct buf image;
    char kept[8];

    small_image(&image);
    for (size_t at = 0; at < buf_len(&image); at += 8)
        for (size_t i = 0; i < ARRAY_LEN(WORDS); i++) {
            memcpy(kept, buf_data(&image) + at, 8);
            memcpy(buf_data(&image) + at, &WORDS[i], 8);
            (void)load(engine, buf_data(&image), buf_len(&image));
            memcpy(buf_data(&image) + at, kept, 8);
        }
    engine_free(engine);
    buf_free(&image);
}

TEST(engine_image_of_the_first_two_formats_loads)
{
    static const uint64_t MAGICS[] = {0x31474e45514d47, 0x32474e45514d47};

    for (unsigned format = 0; format < 2; format++) {
        struct tape_deaths deaths;
        struct engine *engine = tape_engine(&deaths);
        uint64_t now_ms = UINT64_C(1700000000000), words[64], n = 0;
        uint64_t head[] = {MAGICS[format], 7, now_ms, 4096, 5, now_ms, 1, 2, 1};
        uint64_t queue[13] = {1, 0, 0, TOPIC_NODE_RETRIES, now_ms, 4160, 9, 1};
        uint64_t timers[] = {0x100, now_ms + 5, 1, 0x200, now_ms + 400 * 86400000ull, 1, 0x300, 3, now_ms + 9, 1};
        memcpy(words, head, sizeof(head));
        n = ARRAY_LEN(head);
        memcpy(words + n, queue, sizeof(queue));
        n += format == 0 ? 10 : 13;
        words[n++] = 'q';
        memcpy(words + n, timers, sizeof(timers));
        n += ARRAY_LEN(timers);
        for (uint64_t i = 0; i < n; i++)
            put_le64(&words[i], words[i]);
        assert_int_equal(load(engine, (const char *)words, 8 * n), 0);
        engine_check(engine);
        assert_int_equal(engine_queue(engine, 1)->delayed, 2);
        assert_int_equal(engine_queue(engine, 1)->in_flight, 1);
        assert_true(engine_next_due_ms(engine) <= now_ms + 5);
        engine_free(engine);
    }
}

TEST(engine_that_is_empty_saves_and_loads)
{
    struct tape_deaths deaths;
    struct engine *engine = tape_engine(&deaths);
    struct buf image;

    buf_init(&image, TAPE_BYTES_MAX);
    assert_true(engine_save(engine, &image));
    assert_int_equal(buf_len(&image), 8 * (12 + 4 + 2 + 1));
    assert_int_equal(load(engine, buf_data(&image), buf_len(&image)), 0);
    engine_free(engine);
    buf_free(&image);
}

TEST(engine_save_leaves_a_buffer_alone_that_may_not_grow_that_far)
{
    struct tape_deaths deaths;
    struct engine *engine = tape_engine(&deaths);
    struct buf image;

    buf_init(&image, 64);
    assert_true(buf_append(&image, "kept", 4));
    assert_false(engine_save(engine, &image));
    assert_int_equal(buf_len(&image), 4);
    engine_free(engine);
    buf_free(&image);
}

TEST(engine_image_of_the_third_format_has_shorter_leases_and_no_sections)
{
    struct tape_deaths deaths;
    struct engine *engine = tape_engine(&deaths);
    struct tape tape;
    struct buf image;
    struct engine_lease lease;

    tape_open(&tape);
    (void)tape_queue(&tape, 1, "jobs", 0, 0);
    uint64_t ref = tape_push(&tape, 1, 7, 0);
    tape_pop(&tape, 1, 5000, &(struct payload_delivery){.ref = ref, .id = 7, .ttr_ms = 900, .size64 = 1}, false);
    buf_init(&image, TAPE_BYTES_MAX);
    assert_true(engine_save(tape.engine, &image));
    buf_cut(&image, 8 * (12 + (14 + 1) + 6 + 4)); /* head, queue with its name, no delayed messages, the lease */
    put_le64(buf_data(&image), UINT64_C(0x33474e45514d47));
    assert_int_equal(load(engine, buf_data(&image), buf_len(&image)), 0);
    engine_check(engine);
    assert_true(engine_lease(engine, engine_queue(engine, 1), 7, &lease));
    assert_true(lease.ref == ref && lease.deadline_ms == 5900 && lease.since_ms == 0 && lease.bytes == 0);
    assert_true(buf_append(&image, "\0\0\0\0\0\0\0\0", 8));
    assert_true(load(engine, buf_data(&image), buf_len(&image)) < 0);
    engine_free(engine);
    buf_free(&image);
    tape_close(&tape);
}
