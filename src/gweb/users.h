/*
 * users.h - who may log in
 *
 * What   The list of users with their roles and the hashes of their passwords, and how it stands in its file,
 *        DIR/gweb/users. Nothing here touches files (users_file.h) or hashes passwords (password.h).
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

struct user {
    char name[USER_NAME_BYTES_MAX + 1];
    enum role role;
    uint64_t changed_ms; /* the password; ms since 1970 UTC */
    char hash[PASSWORD_HASH_BYTES];
};

struct users {
    struct user *list; /* by name, ascending in bytes */
    size_t count;
};

/* All zero is an empty list. */
void users_free(struct users *users);

/* A copy. */
void users_copy(struct users *to, const struct users *from);

/* NULL when there is none. Good until the list changes. */
struct user *users_find(const struct users *users, struct slice name);

/* One change of the list. */
enum user_edit_kind { USER_ADD, USER_CHANGE, USER_REMOVE };

struct user_edit {
    enum user_edit_kind kind;
    char name[USER_NAME_BYTES_MAX + 1];
    enum role role;                 /* ROLE_ANYBODY = stays */
    char hash[PASSWORD_HASH_BYTES]; /* "" = stays */
    uint64_t now_ms;
};

/* 0, or GMQ_E_USER_UNKNOWN, _EXISTS, _LIMIT, _LAST_ADMIN with the list unchanged. */
NODISCARD int users_edit(struct users *users, const struct user_edit *edit);

/* Appends the file's text; false when `out` may not grow that far. */
NODISCARD bool users_encode(const struct users *users, struct buf *out);

/* Reads it into the empty list. 0; -EBADMSG, and at `*ret_line` the first line that is no good; -ENOTSUP: newer. */
NODISCARD int users_decode(struct users *users, struct slice text, unsigned *ret_line);

#endif
