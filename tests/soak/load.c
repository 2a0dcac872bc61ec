/*
 * load.c - load on a node for hours: fills, churns, drains, and measures how long answers take
 *
 *   load fill TCP [--topic NAME | --topics N] --count M [--from I] [--bytes B] [--batch K] [--delay-max S] [--rate R]
 *        messages I..M-1, by mpub; of many topics each batch goes to the next, t000000..; with S each message is
 *        delayed by 1..S seconds; at most R a second
 *   load churn TCP --count M [--from I] [--bytes B] [--batch K] [--keep N]
 *        pushes, pops and acks message after message; of N messages one goes to the topic `kept`, where nobody asks
 *   load drain TCP --topic NAME --count M [--batch K]
 *   load ping HTTP       asks /ping every 5 ms
 *   load trip TCP --topics N    push, pop, ack on one topic after the other, every 5 ms; the pop must give the message
 *
 * The first three print `done N` every second and at the end; the last two, every second until they are killed, how
 * many there were and their 50th and 99th percentile and maximum in us. Raw TCP with many requests in flight, so that
 * the node is what is measured. An answer that should not be ends it with status 1, and is printed.
 *
 * SPDX-License-Identifier: MIT
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/num.h"

enum {
    REPLY_ERROR = 102, REPLY_RESULT = 103, REPLY_BINARY = 106,
    REPLY_HEADER = 6, BINARY_HEADER = 16,
    WINDOW = 8,               /* batches in flight */
    IN_BYTES = 1 << 20, REQUEST_BYTES_MAX = 64 << 20,
    SAMPLES_MAX = 4096, PAUSE_NS = 5000000,
};

struct plan {
    const char *what, *addr, *topic;
    uint64_t topics, count, from, bytes, batch, delay_max, rate, keep;
};

struct conn {
    int sock;
    char in[IN_BYTES];
    size_t begin, end;
    struct buf out;
};

struct reply {
    unsigned type;
    struct slice data; /* good until the next one */
};

static struct conn conn; /* one thread */
static uint64_t random_state = 88172645463325252u;

static _Noreturn void fail(const char *what, struct slice data)
{
    (void)printf("load: %s: %.*s\n", what, (int)min_u64(data.len, 200), data.ptr ? data.ptr : "");
    exit(1);
}

static uint64_t now_ns(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void wait_until(uint64_t at_ns)
{
    struct timespec ts = {.tv_sec = (time_t)(at_ns / 1000000000u), .tv_nsec = (long)(at_ns % 1000000000u)};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
        continue;
}

static uint64_t chance(uint64_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state % limit;
}

/* ---- the connection ---------------------------------------------------------------------------------------------- */

static void connect_to(struct conn *to, const char *addr)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    const char *colon = strrchr(addr, ':');
    char host[64];
    uint64_t port;
    int one = 1;

    if (!colon || (size_t)(colon - addr) >= sizeof(host) || !num_parse_u64(slice_str(colon + 1), &port))
        fail("no address", slice_str(addr));
    (void)snprintf(host, sizeof(host), "%.*s", (int)(colon - addr), addr);
    in.sin_port = htons((uint16_t)port);
    to->sock = socket(AF_INET, SOCK_STREAM, 0);
    buf_init(&to->out, REQUEST_BYTES_MAX);
    if (inet_pton(AF_INET, host, &in.sin_addr) != 1 || connect(to->sock, (struct sockaddr *)&in, sizeof(in)) < 0)
        fail(strerror(errno), slice_str(addr));
    (void)setsockopt(to->sock, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

static void flush(struct conn *to)
{
    for (size_t sent = 0; sent < buf_len(&to->out);) {
        ssize_t n = send(to->sock, buf_data(&to->out) + sent, buf_len(&to->out) - sent, MSG_NOSIGNAL);
        if (n <= 0)
            fail("the connection ends", slice_str(strerror(errno)));
        sent += (size_t)n;
    }
    buf_clear(&to->out);
}

static void add(struct conn *to, const void *bytes, size_t count)
{
    if (!buf_append(&to->out, bytes, count))
        fail("a request too long", slice_of(NULL, 0));
}

static void add_line(struct conn *to, const char *line) { add(to, line, strlen(line)); }

/* At least `bytes` bytes are at `begin`. */
static void fill(struct conn *from, size_t bytes)
{
    if (bytes > sizeof(from->in))
        fail("an answer too long", slice_of(NULL, 0));
    if (from->begin + bytes > sizeof(from->in)) {
        memmove(from->in, from->in + from->begin, from->end - from->begin);
        from->end -= from->begin;
        from->begin = 0;
    }
    while (from->end - from->begin < bytes) {
        ssize_t n = recv(from->sock, from->in + from->end, sizeof(from->in) - from->end, 0);
        if (n <= 0)
            fail("the connection ends", slice_str(n < 0 ? strerror(errno) : ""));
        from->end += (size_t)n;
    }
}

static struct reply take(struct conn *from)
{
    fill(from, REPLY_HEADER);
    struct reply reply = {.type = get_be16(from->in + from->begin)};
    size_t len = get_be32(from->in + from->begin + 2);
    fill(from, REPLY_HEADER + len);
    reply.data = slice_of(from->in + from->begin + REPLY_HEADER, len);
    from->begin += REPLY_HEADER + len;
    return reply;
}

static struct slice want(struct conn *from, unsigned type)
{
    struct reply reply = take(from);

    if (reply.type != type)
        fail("an answer that should not be", reply.data);
    return reply.data;
}

/* ---- requests ---------------------------------------------------------------------------------------------------- */

static void name_topic(const struct plan *plan, uint64_t number, char to[64])
{
    if (plan->topic)
        (void)snprintf(to, 64, "%s", plan->topic);
    else
        (void)snprintf(to, 64, "t%06" PRIu64, number % max_u64(plan->topics, 1));
}

static void add_item(struct conn *to, uint64_t number, uint64_t bytes, uint64_t delay)
{
    static char body[1 << 20];
    char head[8], text[24];

    if (body[0] == '\0')
        memset(body, 'x', sizeof(body));
    put_be32(head, (uint32_t)delay);
    put_be32(head + 4, (uint32_t)bytes);
    (void)snprintf(text, sizeof(text), "%016" PRIx64, number);
    memcpy(body, text, 16);
    add(to, head, sizeof(head));
    add(to, body, min_u64(bytes, sizeof(body)));
}

static void add_batch(struct conn *to, const struct plan *plan, const char *topic, uint64_t from, uint64_t count)
{
    char line[96];

    (void)snprintf(line, sizeof(line), "mpub %s %" PRIu64 "\n", topic, count);
    add_line(to, line);
    for (uint64_t i = 0; i < count; i++)
        add_item(to, from + i, plan->bytes, plan->delay_max > 0 ? 1 + chance(plan->delay_max) : 0);
}

static void tell(uint64_t done, uint64_t *told_ns, bool always)
{
    uint64_t now = now_ns();

    if (!always && now - *told_ns < 1000000000u)
        return;
    *told_ns = now;
    (void)printf("done %" PRIu64 "\n", done);
    (void)fflush(stdout);
}

static void do_fill(const struct plan *plan)
{
    uint64_t told = now_ns(), begin = told, waiting[WINDOW], sent = 0, answered = 0, done = plan->from;
    char topic[64];

    for (uint64_t at = plan->from; at < plan->count || answered < sent;) {
        if (at < plan->count && sent - answered < WINDOW) {
            uint64_t count = min_u64(plan->batch, plan->count - at);
            name_topic(plan, at / plan->batch, topic);
            if (plan->rate > 0)
                wait_until(begin + (at - plan->from) * 1000000000u / plan->rate);
            add_batch(&conn, plan, topic, at, count);
            flush(&conn);
            waiting[sent++ % WINDOW] = count;
            at += count;
            continue;
        }
        (void)want(&conn, REPLY_RESULT);
        done += waiting[answered++ % WINDOW];
        tell(done, &told, false);
    }
    tell(done, &told, true);
}

/* Pops up to `count` and acks them; returns how many there were. */
static uint64_t pop_and_ack(const char *topic, uint64_t count)
{
    char line[128];
    uint64_t had = 0;

    (void)snprintf(line, sizeof(line), "pop %s bin\n", topic);
    for (uint64_t i = 0; i < count; i++)
        add_line(&conn, line);
    flush(&conn);
    for (uint64_t i = 0; i < count; i++) {
        struct reply reply = take(&conn);
        if (reply.type == REPLY_ERROR && slice_is(reply.data, "no message"))
            continue;
        if (reply.type != REPLY_BINARY || reply.data.len < BINARY_HEADER)
            fail("a pop that should not be", reply.data);
        (void)snprintf(line, sizeof(line), "ack %" PRIu64 " %s\n", get_be64(reply.data.ptr), topic);
        add_line(&conn, line);
        had++;
    }
    flush(&conn);
    for (uint64_t i = 0; i < had; i++)
        (void)want(&conn, REPLY_RESULT);
    return had;
}

static void do_churn(const struct plan *plan)
{
    uint64_t told = now_ns(), kept = 0;

    for (uint64_t at = plan->from; at < plan->count;) {
        uint64_t count = min_u64(plan->batch, plan->count - at);
        add_batch(&conn, plan, "churn", at, count);
        uint64_t keep = plan->keep > 0 ? (at + count) / plan->keep - at / plan->keep : 0;
        if (keep > 0)
            add_batch(&conn, plan, "kept", at, keep);
        flush(&conn);
        (void)want(&conn, REPLY_RESULT);
        if (keep > 0)
            (void)want(&conn, REPLY_RESULT);
        kept += keep;
        for (uint64_t had = 0; had < count;) /* one at least: only what was left by an earlier run can come besides */
            had += max_u64(pop_and_ack("churn", count - had), 1);
        at += count;
        tell(at, &told, false);
    }
    tell(plan->count, &told, true);
}

static void do_drain(const struct plan *plan)
{
    uint64_t told = now_ns(), done = 0;

    while (done < plan->count) {
        uint64_t had = pop_and_ack(plan->topic, min_u64(plan->batch, plan->count - done));
        if (had == 0)
            fail("nothing is left", slice_str(plan->topic));
        done += had;
        tell(done, &told, false);
    }
    tell(done, &told, true);
}

/* ---- how long answers take --------------------------------------------------------------------------------------- */

static void ask_ping(const struct plan *plan, uint64_t number)
{
    (void)plan;
    (void)number;
    add_line(&conn, "GET /ping HTTP/1.1\r\nHost: x\r\n\r\n");
    flush(&conn);
    for (;;) {
        fill(&conn, 1);
        struct slice all = slice_of(conn.in + conn.begin, conn.end - conn.begin);
        if (all.len > 6 && memcmp(all.ptr + all.len - 6, "\r\n\r\nOK", 6) == 0)
            break;
        fill(&conn, all.len + 1);
    }
    conn.begin = conn.end = 0;
}

static void ask_trip(const struct plan *plan, uint64_t number)
{
    char topic[64], line[128], text[24];

    name_topic(plan, chance(plan->topics), topic);
    (void)snprintf(line, sizeof(line), "pub %s 0\n", topic);
    (void)snprintf(text, sizeof(text), "%016" PRIx64, number);
    char head[4];
    put_be32(head, 16);
    add_line(&conn, line);
    add(&conn, head, sizeof(head));
    add(&conn, text, 16);
    flush(&conn);
    (void)want(&conn, REPLY_RESULT);
    if (pop_and_ack(topic, 1) != 1)
        fail("nothing to pop", slice_str(topic));
}

static void measure(const struct plan *plan, void (*ask)(const struct plan *plan, uint64_t number))
{
    static uint64_t took[SAMPLES_MAX];

    for (uint64_t number = 0;;) {
        uint64_t begin = now_ns(), next = begin;
        size_t n = 0;
        while (n < SAMPLES_MAX && now_ns() - begin < 1000000000u) {
            uint64_t at = now_ns();
            ask(plan, number++);
            took[n++] = now_ns() - at;
            next = max_u64(next + PAUSE_NS, at);
            wait_until(next);
        }
        qsort(took, n, sizeof(took[0]), num_compare_u64);
        (void)printf("%zu %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", n, took[n / 2] / 1000, took[n * 99 / 100] / 1000,
                     took[n - 1] / 1000);
        (void)fflush(stdout);
    }
}

/* ---- what to do -------------------------------------------------------------------------------------------------- */

static bool read_option(struct plan *plan, const char *name, const char *value)
{
    const struct {
        const char *name;
        uint64_t *to;
    } numbers[] = {{"--topics", &plan->topics}, {"--count", &plan->count}, {"--from", &plan->from},
                   {"--bytes", &plan->bytes},   {"--batch", &plan->batch}, {"--delay-max", &plan->delay_max},
                   {"--rate", &plan->rate},     {"--keep", &plan->keep}};

    if (strcmp(name, "--topic") == 0) {
        plan->topic = value;
        return strlen(value) < 60;
    }
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        if (strcmp(name, numbers[i].name) == 0)
            return num_parse_u64(slice_str(value), numbers[i].to);
    return false;
}

int main(int argc, char **argv)
{
    struct plan plan = {.bytes = 128, .batch = 500};

    if (argc < 3 || argc % 2 == 0)
        return 2;
    plan.what = argv[1];
    plan.addr = argv[2];
    for (int i = 3; i < argc; i += 2)
        if (!read_option(&plan, argv[i], argv[i + 1]))
            return 2;
    if (plan.batch == 0 || plan.bytes < 16 || plan.bytes > 1 << 20)
        return 2;
    connect_to(&conn, plan.addr);
    if (strcmp(plan.what, "fill") == 0)
        do_fill(&plan);
    else if (strcmp(plan.what, "churn") == 0)
        do_churn(&plan);
    else if (strcmp(plan.what, "drain") == 0 && plan.topic)
        do_drain(&plan);
    else if (strcmp(plan.what, "ping") == 0)
        measure(&plan, ask_ping);
    else if (strcmp(plan.what, "trip") == 0 && plan.topics > 0)
        measure(&plan, ask_trip);
    else
        return 2;
    return 0;
}
