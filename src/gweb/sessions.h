/*
 * sessions.h - who is logged in
 *
 * What   A session begins with a login and ends by a logout, when it was not used for its idle time, after
 *        SESSION_AGE_MS_MAX however it is used, with its user, or with the program: it is memory alone. Its token, 256
 *        random bits, is what the browser's cookie holds; only a digest of it is kept.
 * Limits SESSIONS_MAX in all and SESSIONS_OF_USER_MAX of a user: beyond, the one that was not used for longest ends.
 * Time   ms of any clock that does not run backwards, given by the caller.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GWEB_SESSIONS_H
#define GMQ_GWEB_SESSIONS_H

#include "base/base.h"
#include "base/list.h"
#include "base/slice.h"
#include "gweb/hash.h"
#include "gweb/users.h"

enum {
    SESSIONS_MAX = 1000,
    SESSIONS_OF_USER_MAX = 20,
    SESSION_TOKEN_BYTES = 64, /* of hex */
};

#define SESSION_AGE_MS_MAX (UINT64_C(30) * 24 * 3600 * 1000)

struct session {
    char user[USER_NAME_BYTES_MAX + 1];
    enum role role;
    uint64_t begun_ms, used_ms;
    struct list calls;    /* struct web_call, see call.h: under way */

    uint64_t key[2];      /* of the token */
    struct list node;     /* the one not used for longest first */
    UT_hash_handle hh;
};

struct sessions {
    uint64_t idle_ms;
    void (*ended)(struct session *session); /* called before one is given back; or NULL */

    struct session *by_key;
    struct list by_use;
    size_t count;
};

void sessions_init(struct sessions *sessions, uint64_t idle_ms, void (*ended)(struct session *session));
void sessions_fini(struct sessions *sessions);

/* Begins a session; writes its token with a NUL. NULL when the system has no random bits. */
struct session *sessions_begin(struct sessions *sessions, const char *user, enum role role, uint64_t now_ms,
                               char ret_token[SESSION_TOKEN_BYTES + 1]);

/* The living session of a token, which counts as used now; NULL = none. */
struct session *sessions_find(struct sessions *sessions, struct slice token, uint64_t now_ms);

void sessions_end(struct sessions *sessions, struct session *session);

/* Ends those of a user but `but` (or NULL). */
void sessions_end_user(struct sessions *sessions, const char *user, const struct session *but);

/* Those of a user have this role from now on. */
void sessions_set_role(struct sessions *sessions, const char *user, enum role role);

/* Ends those whose time is over. */
void sessions_expire(struct sessions *sessions, uint64_t now_ms);

/* The value of the cookie `name` in a Cookie header; false when it is not there. The first one counts. */
NODISCARD bool cookie_get(struct slice header, const char *name, struct slice *ret_value);

#endif
