/*
 * hello.c - pushes a message, pops it, acks it
 *
 *   cc hello.c $(pkg-config --cflags --libs gmq) -o hello && ./hello 127.0.0.1:9503
 *
 * SPDX-License-Identifier: MIT
 */
#include <gmq.h>

#include <inttypes.h>
#include <stdio.h>

static int failed(struct gmq *mq, const char *what)
{
    fprintf(stderr, "%s: %s\n", what, gmq_error_text(mq));
    gmq_free(mq);
    return 1;
}

int main(int argc, char **argv)
{
    struct gmq *mq = gmq_new(argc > 1 ? argv[1] : "127.0.0.1:9503", NULL);
    struct gmq_message msg;
    uint64_t id;

    if (!mq)
        return 1;
    if (gmq_push(mq, "greetings", "hello", 5, 0, &id) != GMQ_OK)
        return failed(mq, "push");
    printf("pushed %" PRIu64 "\n", id);

    /* The message is ours until its time to run has passed; then another consumer would get it. */
    if (gmq_pop(mq, "greetings", &msg) != GMQ_OK)
        return failed(mq, "pop");
    id = msg.id;
    printf("popped %" PRIu64 ": %.*s\n", id, (int)msg.body_bytes, msg.body);

    if (gmq_ack(mq, "greetings", id) != GMQ_OK)
        return failed(mq, "ack");
    printf("acked\n");
    gmq_free(mq);
    return 0;
}
