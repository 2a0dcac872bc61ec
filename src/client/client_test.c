/* client_test.c - libgmq against a peer that plays a script. SPDX-License-Identifier: MIT */
#include "client/client.h"

#include "client/clock.h"
#include "unit/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* One step of the peer: reads exactly `want`, or to a blank line when that is "", writes `reply`, perhaps hangs up. */
struct step {
    const char *want;
    size_t want_bytes;
    const char *reply;
    size_t reply_bytes;
    enum { STAY, CLOSE, RESET } then;
};

#define STEP(want, reply, then) {want, sizeof(want) - 1, reply, sizeof(reply) - 1, then}

struct peer {
    const struct step *steps;
    size_t count;
    int listen_fd;
    char addr[32];
    pthread_t thread;
    bool as_scripted;
};

static bool read_head(int fd)
{
    char last[4] = "";

    while (memcmp(last, "\r\n\r\n", sizeof(last)) != 0) {
        memmove(last, last + 1, sizeof(last) - 1);
        if (read(fd, last + sizeof(last) - 1, 1) != 1)
            return false;
    }
    return true;
}

static bool read_exactly(int fd, const struct step *step)
{
    char got[4096];
    size_t have = 0;

    if (step->want_bytes == 0)
        return read_head(fd);
    while (have < step->want_bytes) {
        ssize_t n = read(fd, got + have, step->want_bytes - have);
        if (n <= 0)
            return false;
        have += (size_t)n;
    }
    return memcmp(got, step->want, have) == 0;
}

static bool play(struct peer *peer)
{
    int fd = -1;

    for (size_t i = 0; i < peer->count; i++) {
        const struct step *step = &peer->steps[i];
        if (fd < 0)
            fd = accept(peer->listen_fd, NULL, NULL);
        if (!read_exactly(fd, step) || send(fd, step->reply, step->reply_bytes, MSG_NOSIGNAL) < 0) {
            (void)close(fd);
            return false;
        }
        if (step->then == RESET) {
            struct linger now = {.l_onoff = 1};
            (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
        }
        if (step->then != STAY) {
            (void)close(fd);
            fd = -1;
        }
    }
    /* The client hangs up, or has done so. */
    char byte;
    bool over = fd < 0 || read(fd, &byte, 1) <= 0;
    if (fd >= 0)
        (void)close(fd);
    return over;
}

static void *peer_main(void *arg)
{
    struct peer *peer = arg;

    peer->as_scripted = play(peer);
    return NULL;
}

static int listen_somewhere(char *ret_addr, size_t addr_bytes)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(to);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&to, &len), 0);
    (void)snprintf(ret_addr, addr_bytes, "127.0.0.1:%u", ntohs(to.sin_port));
    return fd;
}

static void peer_start(struct peer *peer, const struct step *steps, size_t count)
{
    *peer = (struct peer){.steps = steps, .count = count};
    peer->listen_fd = listen_somewhere(peer->addr, sizeof(peer->addr));
    assert_int_equal(pthread_create(&peer->thread, NULL, peer_main, peer), 0);
}

static void peer_end(struct peer *peer, struct gmq *mq)
{
    gmq_free(mq);
    assert_int_equal(pthread_join(peer->thread, NULL), 0);
    (void)close(peer->listen_fd);
    assert_true(peer->as_scripted);
}

static const struct gmq_options json_options = {.flags = GMQ_F_JSON};

TEST(client_pushes_pops_and_acks)
{
    static const struct step steps[] = {
        STEP("pub t 7\n\0\0\0\5hello", "\0g\0\0\0\00212", STAY),
        STEP("pop t bin\n", "\0j\0\0\0\023\0\0\0\0\0\0\0\014\0\3\0\0\0\0\0\3\xff\0b", STAY),
        STEP("ack 12 t\n", "\0g\0\0\0\2ok", STAY),
        STEP("ack 12 t\n", "\0f\0\0\0\025msgId:12 is not exist", STAY),
        STEP("pop t bin\n", "\0f\0\0\0\012no message", STAY),
        STEP("set t 1\n", "\0g\0\0\0\2ok", STAY),
        STEP("dead t 9 bin\n", "\0f\0\0\0\6broken", STAY),
    };
    const struct gmq_message *dead;
    struct gmq_message msg;
    struct peer peer;
    uint64_t id;

    peer_start(&peer, steps, ARRAY_LEN(steps));
    struct gmq *mq = gmq_new(peer.addr, NULL);
    assert_int_equal(gmq_push(mq, "t", "hello", 5, 7, &id), GMQ_OK);
    assert_int_equal(id, 12);
    assert_int_equal(gmq_pop(mq, "t", &msg), GMQ_OK);
    assert_int_equal(msg.id, 12);
    assert_int_equal(msg.retry_count, 3);
    assert_int_equal(msg.body_bytes, 3);
    assert_memory_equal(msg.body, "\xff\0b", 3);
    assert_int_equal(gmq_ack(mq, "t", 12), GMQ_OK);
    assert_int_equal(gmq_ack(mq, "t", 12), GMQ_ERR_NOT_FOUND);
    assert_string_equal(gmq_error_text(mq), "msgId:12 is not exist");
    assert_int_equal(gmq_pop(mq, "t", &msg), GMQ_ERR_NO_MESSAGE);
    assert_int_equal(gmq_set(mq, "t", 5), GMQ_OK);
    assert_int_equal(gmq_dead(mq, "t", 9, &dead), GMQ_ERR_REFUSED);
    assert_string_equal(gmq_error_text(mq), "broken");
    peer_end(&peer, mq);
}

TEST(client_takes_json_replies_of_original_nodes)
{
    static const struct step steps[] = {
        STEP("pop t\n", "\0e\0\0\0\054{\"id\":\"5\",\"body\":\"a\\u003cb\",\"retry_count\":1}", STAY),
        STEP("dead t 2\n",
             "\0e\0\0\0\114["
             "{\"id\":\"5\",\"body\":\"\",\"retry_count\":6},{\"id\":\"6\",\"body\":\"x\",\"retry_count\":6}]",
             STAY),
        STEP("mpub t 2\n\0\0\0\0\0\0\0\1a\0\0\0\2\0\0\0\0", "\0g\0\0\0\2ok", STAY),
    };
    const struct gmq_item items[] = {{.body = "a", .body_bytes = 1}, {.delay_s = 2}};
    const struct gmq_message *dead;
    struct gmq_message msg;
    struct peer peer;

    peer_start(&peer, steps, ARRAY_LEN(steps));
    struct gmq *mq = gmq_new(peer.addr, &json_options);
    assert_int_equal(gmq_pop(mq, "t", &msg), GMQ_OK);
    assert_int_equal(msg.body_bytes, 3);
    assert_memory_equal(msg.body, "a<b", 3);
    assert_int_equal(gmq_dead(mq, "t", 2, &dead), 2);
    assert_int_equal(dead[0].body_bytes, 0);
    assert_non_null(dead[0].body);
    assert_int_equal(dead[1].id, 6);
    assert_int_equal(gmq_mpush(mq, "t", items, 2, NULL), GMQ_OK);
    peer_end(&peer, mq);
}

TEST(client_gets_the_ids_of_a_batch)
{
    static const struct step steps[] = {
        STEP("mpub t 2 ids\n\0\0\0\0\0\0\0\1a\0\0\0\0\0\0\0\1b", "\0g\0\0\0\013[\"10\",\"11\"]", STAY),
        STEP("mpub t 2 ids\n\0\0\0\0\0\0\0\1a\0\0\0\0\0\0\0\1b", "\0g\0\0\0\6[\"10\"]", STAY),
    };
    const struct gmq_item items[] = {{.body = "a", .body_bytes = 1}, {.body = "b", .body_bytes = 1}};
    uint64_t ids[2] = {0};
    struct peer peer;

    peer_start(&peer, steps, ARRAY_LEN(steps));
    struct gmq *mq = gmq_new(peer.addr, NULL);
    assert_int_equal(gmq_mpush(mq, "t", items, 2, ids), GMQ_OK);
    assert_int_equal(ids[0], 10);
    assert_int_equal(ids[1], 11);
    assert_int_equal(gmq_mpush(mq, "t", items, 2, ids), GMQ_ERR_PROTOCOL);
    peer_end(&peer, mq);
}

TEST(client_waits_for_messages_of_several_topics_and_acks_them_together)
{
    static const struct step steps[] = {
        STEP("wpop a/b 30000 2\n",
             "\0j\0\0\0\042\0\0\0\0\0\0\0\5\0\1\0\1\0\0\0\1x\0\0\0\0\0\0\0\6\0\0\0\1\0\0\0\1y", STAY),
        STEP("mack b 2\n\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0\6", "\0g\0\0\0\2ok", STAY),
        STEP("mack b 2\n\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0\6", "\0g\0\0\0\5[\"6\"]", STAY),
        STEP("wpop a 0 1\n", "\0f\0\0\0\012no message", STAY),
        STEP("mack b 1\n\0\0\0\0\0\0\0\5", "\0g\0\0\0\011[\"6\",\"7\"]", STAY),
    };
    const char *topics[GMQ_TOPICS_MAX + 1] = {"a", "b"};
    const uint64_t ids[] = {5, 6};
    const struct gmq_message *msgs;
    uint64_t missing[2] = {0};
    struct peer peer;

    peer_start(&peer, steps, ARRAY_LEN(steps));
    struct gmq *mq = gmq_new(peer.addr, NULL);
    assert_int_equal(gmq_wpop(mq, topics, 0, 0, 1, &msgs), GMQ_ERR_ARGUMENT);
    assert_int_equal(gmq_wpop(mq, topics, GMQ_TOPICS_MAX + 1, 0, 1, &msgs), GMQ_ERR_ARGUMENT);
    assert_int_equal(gmq_wpop(mq, topics, 2, GMQ_WAIT_MS_MAX + 1, 1, &msgs), GMQ_ERR_ARGUMENT);
    assert_int_equal(gmq_wpop(mq, topics, 2, 0, 0, &msgs), GMQ_ERR_ARGUMENT);
    assert_int_equal(gmq_wpop(mq, topics, 3, 0, 1, &msgs), GMQ_ERR_ARGUMENT);
    assert_int_equal(gmq_mack(mq, "b", ids, 0, NULL), GMQ_ERR_ARGUMENT);
    assert_int_equal(gmq_wpop(mq, topics, 2, 30000, 2, &msgs), 2);
    assert_true(msgs[0].id == 5 && msgs[0].retry_count == 1 && msgs[0].topic == 1 && msgs[0].body[0] == 'x');
    assert_true(msgs[1].id == 6 && msgs[1].topic == 1 && msgs[1].body_bytes == 1);
    assert_int_equal(gmq_mack(mq, "b", ids, 2, missing), 0);
    assert_int_equal(gmq_mack(mq, "b", ids, 2, missing), 1);
    assert_int_equal(missing[0], 6);
    assert_int_equal(gmq_wpop(mq, topics, 1, 0, 1, &msgs), GMQ_ERR_NO_MESSAGE);
    assert_int_equal(gmq_mack(mq, "b", ids, 1, missing), GMQ_ERR_PROTOCOL); /* more than were acked */
    peer_end(&peer, mq);
}

TEST(client_gives_messages_back_and_asks_for_more_time)
{
    static const struct step steps[] = {
        STEP("nack b 2 1500\n\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0\6", "\0g\0\0\0\2ok", STAY),
        STEP("nack b 1 -1 noretry\n\0\0\0\0\0\0\0\5", "\0g\0\0\0\5[\"5\"]", STAY),
        STEP("touch b 2 300000\n\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0\6", "\0g\0\0\0\5[\"6\"]", STAY),
        STEP("touch b 1 0\n\0\0\0\0\0\0\0\5", "\0f\0\0\0\012no message", CLOSE),
    };
    const uint64_t ids[] = {5, 6};
    uint64_t missing[2] = {0};
    struct peer peer;

    peer_start(&peer, steps, ARRAY_LEN(steps));
    struct gmq *mq = gmq_new(peer.addr, NULL);
    assert_int_equal(gmq_nack(mq, "b", ids, 0, 0, 0, NULL), GMQ_ERR_ARGUMENT);
    assert_int_equal(gmq_touch(mq, "b", ids, GMQ_BATCH_MAX + 1, 0, NULL), GMQ_ERR_ARGUMENT);
    assert_int_equal(gmq_nack(mq, "b", ids, 2, 1500, 0, missing), 0);
    assert_int_equal(gmq_nack(mq, "b", ids, 1, GMQ_BY_POLICY, 1, missing), 1);
    assert_int_equal(missing[0], 5);
    assert_int_equal(gmq_touch(mq, "b", ids, 2, 300000, missing), 1);
    assert_int_equal(missing[0], 6);
    assert_true(gmq_touch(mq, "b", ids, 1, 0, NULL) < 0);
    peer_end(&peer, mq);
}

TEST(client_may_repeat_a_wpop_whose_answer_was_lost)
{
    static const struct step steps[] = {STEP("wpop a 9 1\nmack a 1\n\0\0\0\0\0\0\0\5", "", CLOSE)};
    const char *topic = "a";
    const uint64_t id = 5;
    struct gmq_reply reply;
    struct peer peer;

    peer_start(&peer, steps, ARRAY_LEN(steps));
    struct gmq *mq = gmq_new(peer.addr, NULL);
    assert_int_equal(gmq_queue_wpop(mq, &topic, 1, 9, 1), GMQ_OK);
    assert_int_equal(gmq_queue_mack(mq, topic, &id, 1), GMQ_OK);
    assert_int_equal(gmq_read(mq, &reply), GMQ_OK);
    assert_int_equal(reply.err, GMQ_ERR_CLOSED);
    assert_int_equal(gmq_read(mq, &reply), GMQ_OK);
    assert_int_equal(reply.err, GMQ_ERR_UNKNOWN_OUTCOME);
    peer_end(&peer, mq);
}

TEST(client_reads_pipelined_replies_in_order)
{
    static const struct step steps[] = {
        STEP("pub t 0\n\0\0\0\1apop t bin\nack 1 t\n",
             "\0g\0\0\0\0011\0f\0\0\0\012no message\0g\0\0\0\2ok", STAY),
    };
    struct gmq_reply reply;
    struct peer peer;

    peer_start(&peer, steps, ARRAY_LEN(steps));
    struct gmq *mq = gmq_new(peer.addr, NULL);
    assert_int_equal(gmq_read(mq, &reply), GMQ_ERR_STATE);
    assert_int_equal(gmq_queue_push(mq, "t", "a", 1, 0), GMQ_OK);
    assert_int_equal(gmq_queue_pop(mq, "t"), GMQ_OK);
    assert_int_equal(gmq_queue_ack(mq, "t", 1), GMQ_OK);
    assert_int_equal(gmq_pending(mq), 3);
    assert_int_equal(gmq_ack(mq, "t", 1), GMQ_ERR_STATE);
    assert_int_equal(gmq_flush(mq), GMQ_OK);
    assert_int_equal(gmq_read(mq, &reply), GMQ_OK);
    assert_int_equal(reply.request, GMQ_PUSH);
    assert_int_equal(reply.id, 1);
    assert_int_equal(gmq_read(mq, &reply), GMQ_OK);
    assert_int_equal(reply.err, GMQ_ERR_NO_MESSAGE);
    assert_int_equal(reply.type, 102);
    assert_memory_equal(reply.data, "no message", 10);
    assert_int_equal(gmq_read(mq, &reply), GMQ_OK);
    assert_int_equal(reply.err, GMQ_OK);
    assert_int_equal(gmq_pending(mq), 0);
    peer_end(&peer, mq);
}

TEST(client_does_not_know_the_outcome_of_a_push_whose_answer_was_lost)
{
    static const struct step steps[] = {
        STEP("pub t 0\n\0\0\0\1apop t bin\npub t 0\n\0\0\0\1b", "\0g\0\0", CLOSE),
        STEP("pub t 0\n\0\0\0\1c", "\0g\0\0\0\0013", STAY),
    };
    const int want[] = {GMQ_ERR_UNKNOWN_OUTCOME, GMQ_ERR_CLOSED, GMQ_ERR_UNKNOWN_OUTCOME};
    struct gmq_reply reply;
    struct peer peer;
    uint64_t id;

    peer_start(&peer, steps, ARRAY_LEN(steps));
    struct gmq *mq = gmq_new(peer.addr, NULL);
    assert_int_equal(gmq_queue_push(mq, "t", "a", 1, 0), GMQ_OK);
    assert_int_equal(gmq_queue_pop(mq, "t"), GMQ_OK);
    assert_int_equal(gmq_queue_push(mq, "t", "b", 1, 0), GMQ_OK);
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        assert_int_equal(gmq_read(mq, &reply), GMQ_OK);
        assert_int_equal(reply.err, want[i]);
        assert_int_equal(reply.type, 0);
    }
    assert_int_equal(gmq_push(mq, "t", "c", 1, 0, &id), GMQ_OK);
    assert_int_equal(id, 3);
    peer_end(&peer, mq);
}

TEST(client_reads_the_replies_that_came_before_the_end)
{
    static const struct step steps[] = {
        STEP("pub t 0\n\0\0\0\1apub t 0\n\0\0\0\1b", "\0g\0\0\0\0011\0f\0\0\0\3bad", CLOSE),
        STEP("pop t bin\n", "\0f\0\0\0\012no message", STAY),
    };
    struct gmq_message msg;
    struct gmq_reply reply;
    struct peer peer;

    peer_start(&peer, steps, ARRAY_LEN(steps));
    struct gmq *mq = gmq_new(peer.addr, NULL);
    assert_int_equal(gmq_queue_push(mq, "t", "a", 1, 0), GMQ_OK);
    assert_int_equal(gmq_queue_push(mq, "t", "b", 1, 0), GMQ_OK);
    assert_int_equal(gmq_read(mq, &reply), GMQ_OK);
    assert_int_equal(reply.err, GMQ_OK);
    assert_int_equal(gmq_read(mq, &reply), GMQ_OK);
    assert_int_equal(reply.err, GMQ_ERR_REFUSED);
    assert_string_equal(gmq_error_text(mq), "bad");
    /* The idle connection is closed by now or soon; either way a pop may be asked again. */
    int err = gmq_pop(mq, "t", &msg);
    if (err == GMQ_ERR_CLOSED)
        err = gmq_pop(mq, "t", &msg);
    assert_int_equal(err, GMQ_ERR_NO_MESSAGE);
    peer_end(&peer, mq);
}

TEST(client_exchanges_a_connection_that_was_closed_while_idle)
{
    static const struct step steps[] = {
        STEP("set t 0\n", "\0g\0\0\0\2ok", RESET),
        STEP("pub t 0\n\0\0\0\1a", "\0g\0\0\0\0012", STAY),
    };
    struct peer peer;

    peer_start(&peer, steps, ARRAY_LEN(steps));
    struct gmq *mq = gmq_new(peer.addr, NULL);
    assert_int_equal(gmq_set(mq, "t", 0), GMQ_OK);
    struct pollfd over = {.fd = mq->fd, .events = POLLIN};
    assert_int_equal(poll(&over, 1, 10000), 1);
    assert_int_equal(gmq_push(mq, "t", "a", 1, 0, NULL), GMQ_OK);
    peer_end(&peer, mq);
}

TEST(client_gives_up_in_time)
{
    static const struct step steps[] = {
        STEP("pop t bin\n", "", STAY),
    };
    struct gmq_message msg;
    struct peer peer;

    peer_start(&peer, steps, ARRAY_LEN(steps));
    struct gmq *mq = gmq_new(peer.addr, NULL);
    gmq_set_timeout(mq, 20);
    assert_int_equal(gmq_pop(mq, "t", &msg), GMQ_ERR_TIMEOUT);
    assert_int_equal(mq->fd, -1);
    peer_end(&peer, mq);
}

TEST(client_refuses_replies_that_are_none_or_too_long)
{
    static const struct {
        struct step step;
        int want;
    } cases[] = {
        {STEP("pop t bin\n", "HTTP/1.1 400 Bad Request\r\n\r\n", STAY), GMQ_ERR_TOO_BIG},
        {STEP("pop t bin\n", "\0e\0\0\0\2{}", STAY), GMQ_ERR_PROTOCOL},
        {STEP("pop t bin\n", "\0j\0\0\0\0", STAY), GMQ_ERR_PROTOCOL},
        {STEP("pop t bin\n", "\0g\0\0\0\2ok", STAY), GMQ_ERR_PROTOCOL},
        {STEP("pop t bin\n", "\0g\0\0\4\1", STAY), GMQ_ERR_TOO_BIG},
    };
    const struct gmq_options options = {.reply_bytes_max = 1024};
    struct gmq_message msg;
    struct peer peer;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        peer_start(&peer, &cases[i].step, 1);
        struct gmq *mq = gmq_new(peer.addr, &options);
        assert_int_equal(gmq_pop(mq, "t", &msg), cases[i].want);
        assert_int_equal(mq->fd, -1);
        peer_end(&peer, mq);
    }
}

TEST(client_trusts_no_reply_behind_a_wrong_one)
{
    static const struct step steps[] = {
        STEP("pub t 0\n\0\0\0\1aset t 1\n", "\0g\0\0\0\2ok\0g\0\0\0\2ok", STAY),
    };
    struct gmq_reply reply;
    struct peer peer;

    peer_start(&peer, steps, ARRAY_LEN(steps));
    struct gmq *mq = gmq_new(peer.addr, NULL);
    assert_int_equal(gmq_queue_push(mq, "t", "a", 1, 0), GMQ_OK);
    assert_int_equal(gmq_queue_set(mq, "t", 1), GMQ_OK);
    assert_int_equal(gmq_read(mq, &reply), GMQ_OK);
    assert_int_equal(reply.err, GMQ_ERR_PROTOCOL);
    assert_int_equal(gmq_read(mq, &reply), GMQ_OK);
    assert_int_equal(reply.err, GMQ_ERR_CLOSED);
    peer_end(&peer, mq);
}

TEST(client_refuses_arguments_before_it_connects)
{
    struct gmq *mq = gmq_new("127.0.0.1:1", NULL);
    const struct gmq_message *dead;
    struct gmq_message msg;

    assert_int_equal(gmq_push(mq, "", "a", 1, 0, NULL), GMQ_ERR_ARGUMENT);
    assert_string_equal(gmq_error_text(mq), "topic is empty");
    assert_int_equal(gmq_push(mq, NULL, "a", 1, 0, NULL), GMQ_ERR_ARGUMENT);
    assert_int_equal(gmq_push(mq, "a b", "a", 1, 0, NULL), GMQ_ERR_ARGUMENT);
    assert_int_equal(gmq_push(mq, "a\npop", "a", 1, 0, NULL), GMQ_ERR_ARGUMENT);
    assert_int_equal(gmq_push(mq, "a", "a", 1, GMQ_DELAY_S_MAX + 1, NULL), GMQ_ERR_ARGUMENT);
    assert_int_equal(gmq_push(mq, "a", "", SIZE_MAX, 0, NULL), GMQ_ERR_TOO_BIG);
    assert_int_equal(gmq_mpush(mq, "a", NULL, 0, NULL), GMQ_ERR_ARGUMENT);
    assert_int_equal(gmq_dead(mq, "a", 0, &dead), GMQ_ERR_ARGUMENT);
    assert_int_equal(gmq_pop(mq, "a/b", &msg), GMQ_ERR_ARGUMENT);
    assert_int_equal(gmq_pending(mq), 0);
    gmq_free(mq);
}

TEST(client_tells_why_it_cannot_connect)
{
    static const char *const bad[] = {"nowhere", "nowhere:", "a:b:1", ":", ""};
    char addr[32];
    struct gmq_message msg;

    (void)close(listen_somewhere(addr, sizeof(addr)));
    struct gmq *mq = gmq_new(addr, NULL);
    assert_int_equal(gmq_pop(mq, "t", &msg), GMQ_ERR_CONNECT);
    assert_non_null(strstr(gmq_error_text(mq), "Connection refused"));
    assert_int_not_equal(gmq_errno(mq), 0);
    /* The second attempt would wait for longer than the whole call may take. */
    mq->retry_at_ms = clock_mono_ms() + 600000;
    assert_int_equal(gmq_push(mq, "t", "a", 1, 0, NULL), GMQ_ERR_CONNECT);
    gmq_free(mq);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        mq = gmq_new(bad[i], NULL);
        assert_int_equal(gmq_connect(mq), GMQ_ERR_ADDRESS);
        gmq_free(mq);
    }
}

TEST(client_limits_the_replies_to_come)
{
    struct gmq *mq = gmq_new("127.0.0.1:1", NULL);

    for (int i = 0; i < GMQ_PENDING_MAX; i++)
        assert_int_equal(gmq_queue_pop(mq, "t"), GMQ_OK);
    assert_int_equal(gmq_queue_pop(mq, "t"), GMQ_ERR_FULL);
    gmq_close(mq);
    assert_int_equal(gmq_pending(mq), 0);
    assert_int_equal(gmq_queue_pop(mq, "t"), GMQ_OK);
    gmq_free(mq);
}

/* A registry that answers once, with these addresses. */
static void registry_start(struct peer *peer, struct step *step, char *reply, size_t reply_bytes,
                           const char *const *addrs, size_t count)
{
    char body[1024] = "{\"code\":0,\"data\":{\"nodes\":[";
    size_t len = strlen(body);

    for (size_t i = 0; i < count; i++)
        len += (size_t)snprintf(body + len, sizeof(body) - len, "%s{\"id\":%zu,\"tcp_addr\":\"%s\",\"weight\":1}",
                                i > 0 ? "," : "", i + 1, addrs[i]);
    len += (size_t)snprintf(body + len, sizeof(body) - len, "]},\"msg\":\"success\"}");
    int bytes = snprintf(reply, reply_bytes,
                         "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s", len, body);
    *step = (struct step){.want = "", .reply = reply, .reply_bytes = (size_t)bytes, .then = CLOSE};
    peer_start(peer, step, 1);
}

TEST(cluster_goes_on_to_another_node_when_one_surely_has_not_got_the_message)
{
    static const struct step good[] = {
        STEP("pub t 0\n\0\0\0\1a", "\0g\0\0\0\0011", STAY),
        STEP("pub t 0\n\0\0\0\1b", "\0g\0\0\0\0012", STAY),
        STEP("pop t bin\n", "\0j\0\0\0\021\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\1a", STAY),
        STEP("pop t bin\n", "\0f\0\0\0\012no message", STAY),
        STEP("pub a.b 0\n\0\0\0\1c", "\0f\0\0\0\3bad", STAY),
    };
    static const struct step stopping[] = {
        STEP("pub t 0\n\0\0\0\1b", "\0f\0\0\0\020node is stopping", CLOSE),
    };
    struct peer peers[3];
    struct step http;
    char closed[32], reply[2048];
    struct gmq_message msg;
    struct gmq *from = NULL;
    uint64_t id;

    (void)close(listen_somewhere(closed, sizeof(closed)));
    peer_start(&peers[0], good, ARRAY_LEN(good));
    peer_start(&peers[1], stopping, ARRAY_LEN(stopping));
    const char *const addrs[] = {closed, peers[0].addr, peers[1].addr};
    registry_start(&peers[2], &http, reply, sizeof(reply), addrs, 3);

    struct gmq_cluster *cluster = gmq_cluster_new(peers[2].addr, GMQ_BY_ROUND_ROBIN, NULL);
    assert_int_equal(gmq_cluster_push(cluster, "t", "a", 1, 0, &id), GMQ_OK);
    assert_int_equal(id, 1);
    assert_int_equal(gmq_cluster_size(cluster), 3);
    assert_int_equal(gmq_cluster_push(cluster, "t", "b", 1, 0, &id), GMQ_OK);
    assert_int_equal(id, 2);
    /* From here on it makes no difference whether the node that is stopping, or the registry, is asked again. */
    peer_end(&peers[1], NULL);
    peer_end(&peers[2], NULL);
    assert_int_equal(gmq_cluster_pop(cluster, "t", &msg, &from), GMQ_OK);
    assert_int_equal(msg.id, 1);
    assert_string_equal(gmq_addr(from), peers[0].addr);
    assert_int_equal(gmq_cluster_pop(cluster, "t", &msg, &from), GMQ_ERR_NO_MESSAGE);
    assert_int_equal(gmq_cluster_push(cluster, "a.b", "c", 1, 0, &id), GMQ_ERR_REFUSED);
    assert_string_equal(gmq_cluster_error_text(cluster), "bad");
    gmq_cluster_free(cluster);
    peer_end(&peers[0], NULL);
}

TEST(cluster_says_when_there_is_no_registry_or_no_node)
{
    char closed[32], reply[2048];
    const char *const addrs[] = {closed};
    struct peer peer;
    struct step http;
    struct gmq *mq;

    (void)close(listen_somewhere(closed, sizeof(closed)));
    assert_null(gmq_cluster_new("", GMQ_BY_WEIGHT, NULL));
    struct gmq_cluster *cluster = gmq_cluster_new(closed, GMQ_BY_WEIGHT, NULL);
    assert_int_equal(gmq_cluster_next(cluster, &mq), GMQ_ERR_REGISTRY);
    assert_string_not_equal(gmq_cluster_error_text(cluster), "");
    gmq_cluster_free(cluster);

    registry_start(&peer, &http, reply, sizeof(reply), addrs, 1);
    cluster = gmq_cluster_new(peer.addr, GMQ_BY_RANDOM, NULL);
    assert_int_equal(gmq_cluster_next(cluster, &mq), GMQ_ERR_NO_NODES);
    assert_non_null(strstr(gmq_cluster_error_text(cluster), "Connection refused"));
    gmq_cluster_free(cluster);
    peer_end(&peer, NULL);

    registry_start(&peer, &http, reply, sizeof(reply), addrs, 0);
    cluster = gmq_cluster_new(peer.addr, GMQ_BY_ROUND_ROBIN, NULL);
    assert_int_equal(gmq_cluster_next(cluster, &mq), GMQ_ERR_NO_NODES);
    gmq_cluster_free(cluster);
    peer_end(&peer, NULL);
}

TEST(client_splits_addresses)
{
    char host[64], port[64];

    assert_true(sock_split("[::1]:9503", host, port));
    assert_string_equal(host, "::1");
    assert_string_equal(port, "9503");
    assert_true(sock_split(":9503", host, port));
    assert_string_equal(host, "");
    assert_false(sock_split("::1:9503", host, port));
    assert_false(sock_split("host", host, port));
}

TEST(client_has_a_text_for_every_error)
{
    for (int err = GMQ_OK; err >= GMQ_ERR_REGISTRY; err--)
        assert_string_not_equal(gmq_strerror(err), "unknown error");
    assert_string_equal(gmq_strerror(1), "unknown error");
    gmq_free(NULL);
}
