/*
 * password.h - passwords and what is kept of them
 *
 * Hashes are yescrypt's by libcrypt, 18 ms and 16 MiB of memory each at its default cost; hashes of older methods that
 * libcrypt knows are checked all the same. password_hash() and password_matches() block that long: not for the loop,
 * which uses struct passwords: at most PASSWORDS_RUNNING_MAX are worked on at a time, PASSWORDS_WAITING_MAX wait.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GWEB_PASSWORD_H
#define GMQ_GWEB_PASSWORD_H

#include <uv.h>

#include "base/base.h"
#include "base/list.h"
#include "gweb/users.h"

enum { PASSWORDS_RUNNING_MAX = 2, PASSWORDS_WAITING_MAX = 32, PASSWORD_MADE_BYTES = 20 };

/* 0, or -errno. */
NODISCARD int password_hash(const char *password, char ret_hash[PASSWORD_HASH_BYTES]);

/* Compared in a time that does not depend on where they differ. */
NODISCARD bool password_matches(const char *password, const char *hash);

/* Makes a password of 16 letters and digits in four groups, 80 random bits. 0, or -errno. */
NODISCARD int password_make(char to[PASSWORD_MADE_BYTES]);

/* ---- on other threads -------------------------------------------------------------------------------------------- */

struct passwords {
    uv_loop_t *loop;
    unsigned running, waiting;
    struct list queue;
    char dummy[PASSWORD_HASH_BYTES]; /* of nobody's password: what an unknown user's is compared with */
};

struct password_job;
/* `hash` is what a check compared with, or the one that was made, "" when that failed. On the loop, exactly once. */
typedef void password_done(void *ctx, bool matches, const char *hash);

/* 0, or -errno. Blocks for a hash. */
NODISCARD int passwords_open(struct passwords *passwords, uv_loop_t *loop);

/*
 * Compares `password` with `hash`, or with nobody's when that is NULL: the answer is then no, as late. 0, or
 * GMQ_E_TOO_MANY_LOGINS, -ENOMEM; then `done` is not called.
 */
NODISCARD int passwords_check(struct passwords *passwords, struct slice password, const char *hash,
                              password_done *done, void *ctx);

/* Makes the hash. Else as above. */
NODISCARD int passwords_make(struct passwords *passwords, struct slice password, password_done *done, void *ctx);

#endif
