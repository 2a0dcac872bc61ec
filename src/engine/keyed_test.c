/* keyed_test.c - keys and dedup keys through engine, image and replay. SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/err.h"
#include "engine/id.h"
#include "engine/tape.h"
#include "unit/unit.h"

#define NOW_MS (ID_EPOCH_MS + UINT64_C(1000000000))

struct keyed {
    struct tape tape;
    uint64_t last_id;
};

static void *setup(void)
{
    struct keyed *keyed = calloc(1, sizeof(*keyed));

    tape_open(&keyed->tape);
    (void)tape_queue(&keyed->tape, 1, "orders", 0, 0);
    (void)tape_queue(&keyed->tape, 2, "mail", 0, 0);
    return keyed;
}

/* Lived, replayed and loaded from an image it is the same. */
static void check_same(const struct keyed *keyed)
{
    struct engine *engine = keyed->tape.engine;
    struct tape_deaths deaths;
    struct engine *other = tape_engine(&deaths);
    struct buf image;

    engine_check(engine);
    tape_replay(&keyed->tape, TAPE_LSN_FIRST, other);
    assert_true(engine_digest(other) == engine_digest(engine));
    buf_init(&image, 1 << 26);
    assert_true(engine_save(engine, &image));
    assert_int_equal(buf_len(&image), engine_saved_bytes(engine));
    assert_int_equal(engine_load(other, buf_data(&image), buf_len(&image)), 0);
    engine_check(other);
    assert_true(engine_digest(other) == engine_digest(engine));
    buf_free(&image);
    engine_free(other);
}

static void teardown(struct keyed *keyed)
{
    check_same(keyed);
    tape_close(&keyed->tape);
    free(keyed);
}

static uint64_t push(struct keyed *keyed, uint32_t queue, uint64_t ms, const struct payload_attrs *attrs)
{
    keyed->last_id = id_next(keyed->last_id, 1, ms);
    return ref_lsn(tape_push_attrs(&keyed->tape, queue, keyed->last_id, 0, attrs));
}

static uint64_t push_key(struct keyed *keyed, uint32_t queue, const char *key)
{
    return push(keyed, queue, NOW_MS, &(struct payload_attrs){.key = slice_str(key)});
}

static void push_dedup(struct keyed *keyed, uint64_t ms, uint64_t key, uint32_t check)
{
    (void)push(keyed, 1, ms,
               &(struct payload_attrs){.deduped = true, .dedup = {.hash = {key, key}, .check = check}});
}

static int decide(const struct keyed *keyed, uint64_t key, uint32_t check, uint64_t now_ms, uint64_t *ret_id)
{
    struct payload_dedup dedup = {.hash = {key, key}, .check = check};

    *ret_id = 0;
    return engine_decide_dedup(keyed->tape.engine, &dedup, now_ms, ret_id);
}

static uint64_t find(const struct keyed *keyed, uint32_t queue, const char *key, uint32_t i)
{
    return engine_find_key(keyed->tape.engine, engine_queue(keyed->tape.engine, queue), slice_str(key), i);
}

static void set_node(struct keyed *keyed, uint64_t window_ms, uint64_t keys)
{
    char payload[PAYLOAD_QUEUE_BYTES_MAX];
    struct payload_queue set = {.set = TOPIC_SETTINGS_NONE, .dedup_given = true, .dedup_window_ms = window_ms,
                                .dedup_keys = keys};
    size_t bytes = payload_put_queue(payload, &set);

    (void)tape_record(&keyed->tape, &(struct record){.type = RECORD_QUEUE}, payload, bytes);
}

TEST(engine_finds_living_messages_by_their_key)
{
    struct keyed *keyed = setup();
    uint64_t first = push_key(keyed, 1, "a"), second = push_key(keyed, 1, "a"), other = push_key(keyed, 2, "a");

    assert_int_equal(find(keyed, 1, "a", 0), second);
    assert_int_equal(find(keyed, 1, "a", 1), first);
    assert_int_equal(find(keyed, 1, "a", 2), 0);
    assert_int_equal(find(keyed, 2, "a", 0), other);
    assert_int_equal(find(keyed, 1, "b", 0), 0);
    check_same(keyed);
    struct payload_delivery to = {.ref = ref_make(first, 0), .id = 7, .ttr_ms = 1000};
    tape_pop(&keyed->tape, 1, NOW_MS, &to, false);
    assert_int_equal(find(keyed, 1, "a", 1), first);
    check_same(keyed);
    tape_ack(&keyed->tape, 1, PAYLOAD_LIST_FLIGHT, ref_make(first, 0), 7);
    assert_int_equal(find(keyed, 1, "a", 0), second);
    assert_int_equal(find(keyed, 1, "a", 1), 0);
    to = (struct payload_delivery){.ref = ref_make(second, 0), .id = 8};
    tape_pop(&keyed->tape, 1, NOW_MS, &to, true);
    assert_int_equal(find(keyed, 1, "a", 0), 0);
    assert_int_equal(find(keyed, 2, "a", 0), other);
    teardown(keyed);
}

TEST(engine_memory_of_keys_is_given_back)
{
    struct keyed *keyed = setup();
    uint64_t before = engine_memory(keyed->tape.engine), lsn = push_key(keyed, 1, "a");

    assert_true(engine_memory(keyed->tape.engine) > before + 32);
    tape_pop(&keyed->tape, 1, NOW_MS, &(struct payload_delivery){.ref = ref_make(lsn, 0), .id = 8}, true);
    lsn = ref_lsn(tape_push(&keyed->tape, 1, 9, 0));
    tape_pop(&keyed->tape, 1, NOW_MS, &(struct payload_delivery){.ref = ref_make(lsn, 0), .id = 9}, true);
    assert_in_range(engine_memory(keyed->tape.engine), before, before + 4096);
    teardown(keyed);
}

TEST(engine_knows_pushes_by_their_dedup_keys)
{
    struct keyed *keyed = setup();
    uint64_t id;

    push_dedup(keyed, NOW_MS, 1, 100);
    uint64_t first = keyed->last_id;
    push_dedup(keyed, NOW_MS + 1, 2, 100);
    assert_int_equal(decide(keyed, 1, 100, NOW_MS + 5, &id), 1);
    assert_int_equal(id, first);
    assert_int_equal(decide(keyed, 1, 101, NOW_MS + 5, &id), GMQ_E_DEDUP_MISMATCH);
    assert_int_equal(decide(keyed, 3, 100, NOW_MS + 5, &id), 0);
    assert_int_equal(decide(keyed, 1, 100, NOW_MS + 600000, &id), 1);
    assert_int_equal(decide(keyed, 1, 100, NOW_MS + 600001, &id), 0);
    assert_int_equal(decide(keyed, 2, 100, NOW_MS + 600001, &id), 1);
    check_same(keyed);
    push_dedup(keyed, NOW_MS + 600001, 1, 101);
    assert_int_equal(decide(keyed, 1, 101, NOW_MS + 600001, &id), 1);
    assert_int_equal(id, keyed->last_id);
    teardown(keyed);
}

TEST(engine_dedup_keys_outlive_their_message_and_not_the_nodes_bounds)
{
    struct keyed *keyed = setup();
    uint64_t id;

    push_dedup(keyed, NOW_MS, 1, 100);
    uint64_t ref;
    assert_int_equal(engine_decide_pop(engine_queue(keyed->tape.engine, 1), 10, &ref), 0);
    tape_pop(&keyed->tape, 1, NOW_MS, &(struct payload_delivery){.ref = ref, .id = keyed->last_id}, true);
    assert_int_equal(decide(keyed, 1, 100, NOW_MS + 5, &id), 1);
    set_node(keyed, 1000, 2);
    assert_int_equal(engine_dedup_window_ms(keyed->tape.engine), 1000);
    assert_int_equal(engine_dedup_keys(keyed->tape.engine), 2);
    push_dedup(keyed, NOW_MS + 1, 2, 100);
    assert_int_equal(decide(keyed, 1, 100, NOW_MS + 5, &id), 1);
    push_dedup(keyed, NOW_MS + 2, 3, 100);
    assert_int_equal(decide(keyed, 1, 100, NOW_MS + 5, &id), 0);
    assert_int_equal(decide(keyed, 2, 100, NOW_MS + 1001, &id), 1);
    assert_int_equal(decide(keyed, 2, 100, NOW_MS + 1002, &id), 0);
    check_same(keyed);
    set_node(keyed, 0, 2);
    assert_int_equal(decide(keyed, 3, 100, NOW_MS + 5, &id), 0);
    teardown(keyed);
}

/* After an unclean stop ids run ahead of the time: no key is free too early by that. */
TEST(engine_dedup_keys_do_not_go_by_ids_that_run_ahead)
{
    struct keyed *keyed = setup();
    uint64_t id;

    push_dedup(keyed, NOW_MS, 1, 100);
    push_dedup(keyed, NOW_MS + 3600000, 2, 100);
    push_dedup(keyed, NOW_MS + 3600001, 3, 100);
    assert_int_equal(decide(keyed, 1, 100, NOW_MS + 1000, &id), 1);
    tape_tick(&keyed->tape, NOW_MS + 600001, 1);
    push_dedup(keyed, NOW_MS + 3600002, 4, 100);
    assert_int_equal(decide(keyed, 1, 100, NOW_MS + 1000, &id), 0);
    assert_int_equal(decide(keyed, 2, 100, NOW_MS + 1000, &id), 1);
    teardown(keyed);
}

TEST(engine_image_with_keys_that_cannot_be_is_refused)
{
    struct keyed *keyed = setup();
    struct tape_deaths deaths;
    struct engine *other = tape_engine(&deaths);
    struct buf image;
    size_t words;

    for (unsigned i = 0; i < 5; i++) {
        push_dedup(keyed, NOW_MS + i, 1 + i, 100);
        (void)push_key(keyed, 1, i % 2 ? "a" : "b");
    }
    buf_init(&image, 1 << 26);
    assert_true(engine_save(keyed->tape.engine, &image));
    words = buf_len(&image) / 8;
    char *at = malloc(8 * words);
    /* The last 10 words are the keys; before them stand the 2 of their head, and 5 times 4 of the dedup keys. */
    for (unsigned i = 1; i <= 32; i++) {
        memcpy(at, buf_data(&image), 8 * words);
        memset(at + 8 * (words - i), 0, 8);
        if (engine_load(other, at, 8 * words) == 0)
            assert_int_equal(engine_queues(other), 2);
    }
    memcpy(at, buf_data(&image), 8 * words);
    memcpy(at + 8 * (words - 4), at + 8 * (words - 2), 16); /* one message twice */
    assert_true(engine_load(other, at, 8 * words) < 0);
    memcpy(at, buf_data(&image), 8 * words);
    memcpy(at + 8 * (words - 12 - 8), at + 8 * (words - 12 - 4), 32); /* one dedup key twice */
    assert_true(engine_load(other, at, 8 * words) < 0);
    free(at);
    buf_free(&image);
    engine_free(other);
    teardown(keyed);
}
