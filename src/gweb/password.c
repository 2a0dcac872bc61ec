/* password.c - see password.h. SPDX-License-Identifier: MIT */
#include "gweb/password.h"

#include <crypt.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/err.h"
#include "gweb/guard.h"

static const char METHOD[] = "$y$";

/* Hashes `password` as `setting` says; "" when that cannot be. */
static void hash_as(const char *password, const char *setting, char ret_hash[PASSWORD_HASH_BYTES])
{
    struct crypt_data *data = calloc(1, sizeof(*data));
    const char *hash = data ? crypt_rn(password, setting, data, (int)sizeof(*data)) : NULL;
    size_t len = hash ? strlen(hash) : 0;

    if (len >= PASSWORD_HASH_BYTES)
        len = 0;
    memset(ret_hash, 0, PASSWORD_HASH_BYTES);
    if (len > 0)
        memcpy(ret_hash, hash, len);
    if (data)
        explicit_bzero(data, sizeof(*data));
    free(data);
}

int password_hash(const char *password, char ret_hash[PASSWORD_HASH_BYTES])
{
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];

    if (!crypt_gensalt_rn(METHOD, 0, NULL, 0, setting, sizeof(setting)))
        return -errno;
    hash_as(password, setting, ret_hash);
    return ret_hash[0] != '\0' ? 0 : -EIO;
}

bool password_matches(const char *password, const char *hash)
{
    char got[PASSWORD_HASH_BYTES], want[PASSWORD_HASH_BYTES] = "";
    size_t len = strlen(hash);

    if (len == 0 || len >= sizeof(want))
        return false;
    memcpy(want, hash, len);
    hash_as(password, want, got);
    return got[0] != '\0' && guard_same(got, want, sizeof(got));
}

int password_make(char to[PASSWORD_MADE_BYTES])
{
    static const char LETTERS[] = "abcdefghijkmnpqrstuvwxyz23456789"; /* 32; none that look alike */
    unsigned char bits[PASSWORD_MADE_BYTES - 1];

    if (getrandom(bits, sizeof(bits), 0) != (ssize_t)sizeof(bits))
        return -errno;
    for (size_t i = 0; i < sizeof(bits); i++)
        to[i] = i % 5 == 4 ? '-' : LETTERS[bits[i] % (sizeof(LETTERS) - 1)];
    to[PASSWORD_MADE_BYTES - 1] = '\0';
    return 0;
}

/* ---- on other threads -------------------------------------------------------------------------------------------- */

struct password_job {
    uv_work_t work;
    struct passwords *passwords;
    struct list node;
    bool makes, known, matches;
    char password[PASSWORD_BYTES_MAX + 1];
    char hash[PASSWORD_HASH_BYTES];
    password_done *done;
    void *ctx;
};

static void work(uv_work_t *uv)
{
    struct password_job *job = CONTAINER_OF(uv, struct password_job, work);

    if (job->makes) {
        if (password_hash(job->password, job->hash) != 0)
            job->hash[0] = '\0';
    } else {
        job->matches = password_matches(job->password, job->hash) && job->known;
    }
}

static void begin_next(struct passwords *passwords);

static void work_done(uv_work_t *uv, int status)
{
    struct password_job *job = CONTAINER_OF(uv, struct password_job, work);
    struct passwords *passwords = job->passwords;

    (void)status;
    passwords->running--;
    begin_next(passwords);
    job->done(job->ctx, job->matches, job->hash);
    explicit_bzero(job->password, sizeof(job->password));
    free(job);
}

static void begin_next(struct passwords *passwords)
{
    while (passwords->running < PASSWORDS_RUNNING_MAX && !list_empty(&passwords->queue)) {
        struct password_job *job = CONTAINER_OF(list_pop(&passwords->queue), struct password_job, node);
        passwords->waiting--;
        passwords->running++;
        ENSURE(uv_queue_work(passwords->loop, &job->work, work, work_done) == 0);
    }
}

static int add(struct passwords *passwords, struct slice password, const struct password_job *what)
{
    if (passwords->waiting >= PASSWORDS_WAITING_MAX)
        return GMQ_E_TOO_MANY_LOGINS;
    ENSURE(password.len <= PASSWORD_BYTES_MAX);
    struct password_job *job = malloc(sizeof(*job));
    if (!job)
        return -ENOMEM;
    *job = *what;
    job->passwords = passwords;
    if (password.len > 0)
        memcpy(job->password, password.ptr, password.len);
    passwords->waiting++;
    list_add_tail(&passwords->queue, &job->node);
    begin_next(passwords);
    return 0;
}

int passwords_open(struct passwords *passwords, uv_loop_t *loop)
{
    *passwords = (struct passwords){.loop = loop};
    list_init(&passwords->queue);
    return password_hash("nobody", passwords->dummy);
}

int passwords_check(struct passwords *passwords, struct slice password, const char *hash, password_done *done,
                    void *ctx)
{
    struct password_job what = {.known = hash != NULL, .done = done, .ctx = ctx};
    const char *with = hash ? hash : passwords->dummy;

    ENSURE(strlen(with) < sizeof(what.hash));
    memcpy(what.hash, with, strlen(with) + 1);
    return add(passwords, password, &what);
}

int passwords_make(struct passwords *passwords, struct slice password, password_done *done, void *ctx)
{
    const struct password_job what = {.makes = true, .done = done, .ctx = ctx};

    return add(passwords, password, &what);
}
