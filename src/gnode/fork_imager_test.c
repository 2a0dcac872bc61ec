/* fork_imager_test.c - images by a forked child. SPDX-License-Identifier: MIT */
#include "gnode/fork_imager.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/tape.h"
#include "unit/unit.h"

enum { MESSAGES = 50000, WAIT_MS = 60000 };

static struct tape tape;
static struct fork_imager imager;
static struct buf expected;

static void push(void)
{
    char payload[PAYLOAD_PUSH_BYTES];

    payload_put_push(payload, &(struct payload_push){.id = tape_lsn(&tape)});
    (void)tape_record(&tape, &(struct record){.type = RECORD_PUSH, .queue = 1}, payload, sizeof(payload));
}

static void begin(void)
{
    tape_open(&tape);
    for (int i = 0; i < MESSAGES; i++)
        push();
    fork_imager_init(&imager, 0);
    buf_init(&expected, TAPE_BYTES_MAX);
    assert_true(engine_save(tape.engine, &expected));
}

static void end(void)
{
    buf_free(&expected);
    tape_close(&tape);
}

static int wait_for(struct image *ret)
{
    int rc = 0;

    for (int ms = 0; rc == 0 && ms < WAIT_MS; ms++) {
        rc = imager.base.poll(&imager.base, ret);
        if (rc == 0)
            (void)poll(NULL, 0, 1);
    }
    return rc;
}

static void assert_expected(const struct image *image)
{
    assert_int_equal(image->count, buf_len(&expected));
    assert_memory_equal(image->bytes, buf_data(&expected), image->count);
    image->release(image->bytes, image->count);
}

TEST(fork_imager_gives_the_state_of_the_moment_it_began)
{
    struct image image;

    begin();
    for (int i = 0; i < 3; i++) {
        assert_int_equal(imager.base.begin(&imager.base, tape.engine), 0);
        push();
        assert_int_equal(wait_for(&image), 1);
        assert_expected(&image);
        buf_clear(&expected);
        assert_true(engine_save(tape.engine, &expected));
    }
    end();
}

/* A signal that comes to both is the parent's to take. */
TEST(fork_imager_has_a_child_that_takes_no_signal)
{
    struct image image;
    sigset_t before, after;

    begin();
    assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &before), 0);
    assert_int_equal(imager.base.begin(&imager.base, tape.engine), 0);
    (void)kill(imager.child, SIGTERM);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &after), 0);
    assert_int_equal(sigismember(&after, SIGTERM), sigismember(&before, SIGTERM));
    assert_int_equal(wait_for(&image), 1);
    assert_expected(&image);
    end();
}

TEST(fork_imager_tells_of_a_child_that_died)
{
    struct image image;
    siginfo_t info;

    begin();
    assert_int_equal(imager.base.begin(&imager.base, tape.engine), 0);
    (void)kill(imager.child, SIGKILL);
    assert_int_equal(waitid(P_PID, (id_t)imager.child, &info, WEXITED | WNOWAIT), 0);
    int rc = imager.base.poll(&imager.base, &image);
    if (rc == 1) /* it was faster */
        assert_expected(&image);
    else
        assert_int_equal(rc, -ECHILD);
    assert_int_equal(imager.child, 0);
    end();
}

TEST(fork_imager_believes_an_image_whose_child_somebody_else_waited_for)
{
    struct image image;

    begin();
    assert_int_equal(imager.base.begin(&imager.base, tape.engine), 0);
    assert_int_equal(waitpid(imager.child, NULL, 0), imager.child);
    assert_int_equal(imager.base.poll(&imager.base, &image), 1);
    assert_expected(&image);
    end();
}

TEST(fork_imager_leaves_no_child_when_it_is_told_to_forget_it)
{
    begin();
    assert_int_equal(imager.base.begin(&imager.base, tape.engine), 0);
    pid_t child = imager.child;
    imager.base.cancel(&imager.base);
    assert_int_equal(waitpid(child, NULL, 0), -1);
    assert_int_equal(errno, ECHILD);
    end();
}

/* A pipe whose writing end the parent closes is at its end, although the child is not. */
TEST(fork_imager_has_a_child_that_keeps_no_file_open)
{
    int ends[2];
    char byte;

    begin();
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(imager.base.begin(&imager.base, tape.engine), 0);
    assert_int_equal(close(ends[1]), 0);
    assert_int_equal(read(ends[0], &byte, 1), 0);
    imager.base.cancel(&imager.base);
    assert_int_equal(close(ends[0]), 0);
    end();
}
