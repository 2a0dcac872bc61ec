/* clients_test.c - who holds messages, and how many bytes a topic has. SPDX-License-Identifier: MIT */
#include "engine/clients.h"

#include <errno.h>

#include "engine/ref.h"
#include "engine/state.h"
#include "engine/tape.h"
#include "unit/unit.h"

enum { NODE = TOPIC_NODE_RETRIES };

static void set_client(struct tape *tape, uint32_t number, const char *name, const char *address)
{
    struct payload_client client = {.number = number, .name = slice_str(name), .address = slice_str(address)};
    char payload[PAYLOAD_CLIENT_BYTES + 2 * CLIENT_TEXT_BYTES_MAX];

    payload_put_client(payload, &client);
    (void)tape_record(tape, &(struct record){.type = RECORD_CLIENT}, payload,
                      PAYLOAD_CLIENT_BYTES + client.name.len + client.address.len);
}

/* The same state by replay, and from its image; every image that is cut is refused. */
static void check_again(const struct tape *tape)
{
    struct tape_deaths deaths;
    struct engine *again = tape_engine(&deaths);
    struct buf image;

    engine_check(tape->engine);
    tape_replay(tape, TAPE_LSN_FIRST, again);
    assert_true(engine_digest(again) == engine_digest(tape->engine));
    buf_init(&image, 1 << 20);
    assert_true(engine_save(tape->engine, &image));
    for (size_t cut = 0; cut < buf_len(&image); cut += 8) {
        char *part = guarded(buf_data(&image), cut);
        assert_int_equal(engine_load(again, part, cut), -EINVAL);
        guarded_free(part, cut);
    }
    assert_int_equal(engine_load(again, buf_data(&image), buf_len(&image)), 0);
    assert_true(engine_digest(again) == engine_digest(tape->engine));
    engine_check(again);
    buf_free(&image);
    engine_free(again);
}

TEST(clients_are_replaced_and_kept_in_images)
{
    struct engine_client client;
    struct tape tape;
    char long_name[CLIENT_TEXT_BYTES_MAX + 1];

    tape_open(&tape);
    memset(long_name, 'n', CLIENT_TEXT_BYTES_MAX);
    long_name[CLIENT_TEXT_BYTES_MAX] = '\0';
    set_client(&tape, 1, "one", "10.0.0.1");
    set_client(&tape, CLIENTS_MAX, long_name, "");
    set_client(&tape, 7, "", "");
    check_again(&tape);
    set_client(&tape, 1, "another", "::1");
    assert_true(engine_client(tape.engine, 1, &client));
    assert_true(slice_is(client.name, "another") && slice_is(client.address, "::1"));
    assert_true(engine_client(tape.engine, CLIENTS_MAX, &client));
    assert_int_equal(client.name.len, CLIENT_TEXT_BYTES_MAX);
    assert_false(engine_client(tape.engine, 2, &client));
    assert_false(engine_client(tape.engine, CLIENTS_MAX + 1, &client));
    check_again(&tape);
    tape_close(&tape);
}

TEST(client_records_that_are_malformed_are_ignored)
{
    struct tape tape;
    struct payload_client client = {.number = 1, .name = slice_str("name"), .address = slice_str("address")};
    char payload[32];
    size_t bytes = PAYLOAD_CLIENT_BYTES + 11;

    tape_open(&tape);
    uint64_t before = engine_digest(tape.engine);
    payload_put_client(payload, &client);
    for (size_t cut = 0; cut < bytes; cut++) {
        char *part = guarded(payload, cut);
        (void)tape_record(&tape, &(struct record){.type = RECORD_CLIENT}, part, cut);
        guarded_free(part, cut);
    }
    for (uint32_t i = 0; i < 2; i++) {
        client.number = i * (CLIENTS_MAX + 1);
        payload_put_client(payload, &client);
        (void)tape_record(&tape, &(struct record){.type = RECORD_CLIENT}, payload, bytes);
    }
    assert_int_equal(engine_ignored(tape.engine), bytes + 2);
    assert_true(engine_digest(tape.engine) == before);
    tape_close(&tape);
}

static void pop_sized(struct tape *tape, uint64_t ref, uint32_t size64, bool auto_ack)
{
    struct payload_delivery to = {.ref = ref, .id = ref, .ttr_ms = 1000, .size64 = size64};

    tape_pop(tape, 1, 1000, &to, auto_ack);
}

TEST(client_that_holds_messages_is_counted_until_they_are_gone)
{
    struct engine_client client;
    struct tape tape;

    tape_open(&tape);
    (void)tape_queue(&tape, 1, "jobs", 0, NODE);
    uint64_t first = tape_push(&tape, 1, 1, 0), second = tape_push(&tape, 1, 2, 0);
    pop_sized(&tape, first, 0, false);
    pop_sized(&tape, second, 0, false);
    (void)engine_client(tape.engine, 7, &client); /* whom the tape pops for */
    assert_int_equal(client.held, 2);
    check_again(&tape);
    tape_ack(&tape, 1, PAYLOAD_LIST_FLIGHT, first, first);
    tape_tick(&tape, 3000, 10);
    (void)engine_client(tape.engine, 7, &client);
    assert_int_equal(client.held, 0);
    check_again(&tape);
    tape_close(&tape);
}

TEST(bytes_of_a_topic_are_those_that_are_not_gone_nor_dead)
{
    struct tape tape;
    uint64_t refs[6];

    tape_open(&tape);
    (void)tape_queue(&tape, 1, "jobs", 0, 0);
    for (int i = 0; i < 6; i++)
        refs[i] = tape_push(&tape, 1, (uint64_t)i + 1, i == 5 ? 5000 : 0); /* of 4 bytes each */
    const struct queue *queue = engine_queue(tape.engine, 1);
    assert_int_equal(queue->bytes, 6 * 64);
    for (int i = 0; i < 3; i++)
        pop_sized(&tape, refs[i], 1, i == 2);
    assert_int_equal(queue->bytes, 5 * 64);
    tape_ack(&tape, 1, PAYLOAD_LIST_FLIGHT, refs[0], refs[0]);
    assert_int_equal(queue->bytes, 4 * 64);
    check_again(&tape);
    tape_tick(&tape, 3000, 10); /* the second dies */
    assert_int_equal(queue->bytes, 3 * 64);
    tape_bury(&tape, 1, 3000, refs[3]);
    assert_int_equal(queue->bytes, 2 * 64);
    tape_ack(&tape, 1, PAYLOAD_LIST_READY, refs[4], refs[4]);
    assert_int_equal(queue->bytes, 64);
    tape_tick(&tape, 6000, 10);
    assert_int_equal(queue->bytes, 64);
    check_again(&tape);
    pop_sized(&tape, refs[5], 0, true); /* of an earlier version: it does not say its size */
    assert_int_equal(queue->bytes, 0);
    check_again(&tape);
    tape_close(&tape);
}
