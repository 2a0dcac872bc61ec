/*
 * users.h - who may log in
 *
 * What   The list of users with their roles and the hashes of their passwords (yescrypt, by libcrypt), and its file
 *        DIR/gweb/users, which is replaced as a whole. The list itself is only memory; hashing is slow on purpose and
 *        is done on other threads, see login.h.
 * File   gmq-users 1
 *        NAME ROLE CHANGED HASH      one a line; CHANGED is ms since 1970 UTC
 *        end COUNT
 * Limits USERS_MAX users.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GWEB_USERS_H
#define GMQ_GWEB_USERS_H

#include "base/base.h"
#include "base/buf.h"
#include "base/slice.h"

enum role { ROLE_ANYBODY, ROLE_VIEWER, ROLE_ADMIN };

enum {
    USERS_MAX = 1000,
    USER_NAME_BYTES_MAX = 64,
    PASSWORD_BYTES_MIN = 8,
    PASSWORD_BYTES_MAX = 128,
    PASSWORD_HASH_BYTES = 256, /* with its NUL */
    USERS_FILE_BYTES = USERS_MAX * (USER_NAME_BYTES_MAX + PASSWORD_HASH_BYTES + 64) + 256,
};

#define USER_NAME_RULE "must be 1 to 64 bytes of UTF-8 without control bytes, blanks, : / \" and \\"
#define PASSWORD_RULE "must be 8 to 128 bytes of UTF-8 without control bytes"

bool user_name_ok(struct slice name);
bool password_ok(struct slice password);

/* "viewer", "admin"; and back, false for any other word. */
const char *role_word(enum role role);
NODISCARD bool role_read(struct slice word, enum role *ret);

#endif
