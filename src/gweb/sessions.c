/* sessions.c - see sessions.h. SPDX-License-Identifier: MIT */
#include "gweb/sessions.h"

#include <sys/random.h>

#include "base/mem.h"
#include "net/digest.h"

enum { TOKEN_BITS_BYTES = SESSION_TOKEN_BYTES / 2, DIGEST_OF_SESSION = 1 };

void sessions_init(struct sessions *sessions, uint64_t idle_ms, void (*ended)(struct session *session))
{
    *sessions = (struct sessions){.idle_ms = idle_ms, .ended = ended};
    list_init(&sessions->by_use);
}

void sessions_end(struct sessions *sessions, struct session *session)
{
    if (sessions->ended)
        sessions->ended(session);
    HASH_DEL(sessions->by_key, session);
    list_remove(&session->node);
    sessions->count--;
    free(session);
}

void sessions_fini(struct sessions *sessions)
{
    LIST_EACH(&sessions->by_use, node, after)
        sessions_end(sessions, CONTAINER_OF(node, struct session, node));
}

static struct session *oldest(struct sessions *sessions, const char *user, size_t *ret_count)
{
    struct session *first = NULL;

    *ret_count = 0;
    LIST_EACH(&sessions->by_use, node, after) {
        struct session *session = CONTAINER_OF(node, struct session, node);
        if (strcmp(session->user, user) != 0)
            continue;
        first = first ? first : session;
        ++*ret_count;
    }
    return first;
}

static void make_room(struct sessions *sessions, const char *user)
{
    size_t count;
    struct session *of_user = oldest(sessions, user, &count);

    if (count >= SESSIONS_OF_USER_MAX)
        sessions_end(sessions, of_user);
    else if (sessions->count >= SESSIONS_MAX)
        sessions_end(sessions, CONTAINER_OF(sessions->by_use.next, struct session, node));
}

static bool make_token(char to[SESSION_TOKEN_BYTES + 1])
{
    static const char HEX[] = "0123456789abcdef";
    unsigned char bits[TOKEN_BITS_BYTES];

    if (getrandom(bits, sizeof(bits), 0) != (ssize_t)sizeof(bits))
        return false;
    for (size_t i = 0; i < sizeof(bits); i++) {
        to[2 * i] = HEX[bits[i] >> 4];
        to[2 * i + 1] = HEX[bits[i] & 15];
    }
    to[SESSION_TOKEN_BYTES] = '\0';
    return true;
}

struct session *sessions_begin(struct sessions *sessions, const char *user, enum role role, uint64_t now_ms,
                               char ret_token[SESSION_TOKEN_BYTES + 1])
{
    char token[SESSION_TOKEN_BYTES + 1];

    ENSURE(strlen(user) <= USER_NAME_BYTES_MAX);
    if (!make_token(token))
        return NULL;
    make_room(sessions, user);
    struct session *session = mem_new(sizeof(*session));
    memcpy(session->user, user, strlen(user) + 1);
    session->role = role;
    session->begun_ms = session->used_ms = now_ms;
    list_init(&session->calls);
    digest_key(DIGEST_OF_SESSION, slice_str(token), session->key);
    HASH_ADD(hh, sessions->by_key, key, sizeof(session->key), session);
    list_add_tail(&sessions->by_use, &session->node);
    sessions->count++;
    memcpy(ret_token, token, sizeof(token));
    return session;
}

static bool is_over(const struct sessions *sessions, const struct session *session, uint64_t now_ms)
{
    return now_ms >= session->used_ms + sessions->idle_ms || now_ms >= session->begun_ms + SESSION_AGE_MS_MAX;
}

struct session *sessions_find(struct sessions *sessions, struct slice token, uint64_t now_ms)
{
    struct session *session;
    uint64_t key[2];

    if (token.len != SESSION_TOKEN_BYTES)
        return NULL;
    digest_key(DIGEST_OF_SESSION, token, key);
    HASH_FIND(hh, sessions->by_key, key, sizeof(key), session);
    if (!session)
        return NULL;
    if (is_over(sessions, session, now_ms)) {
        sessions_end(sessions, session);
        return NULL;
    }
    session->used_ms = now_ms;
    list_remove(&session->node);
    list_add_tail(&sessions->by_use, &session->node);
    return session;
}

void sessions_end_user(struct sessions *sessions, const char *user, const struct session *but)
{
    LIST_EACH(&sessions->by_use, node, after) {
        struct session *session = CONTAINER_OF(node, struct session, node);
        if (session != but && strcmp(session->user, user) == 0)
            sessions_end(sessions, session);
    }
}

void sessions_set_role(struct sessions *sessions, const char *user, enum role role)
{
    LIST_EACH(&sessions->by_use, node, after) {
        struct session *session = CONTAINER_OF(node, struct session, node);
        if (strcmp(session->user, user) == 0)
            session->role = role;
    }
}

void sessions_expire(struct sessions *sessions, uint64_t now_ms)
{
    LIST_EACH(&sessions->by_use, node, after) {
        struct session *session = CONTAINER_OF(node, struct session, node);
        if (is_over(sessions, session, now_ms))
            sessions_end(sessions, session);
    }
}

/* ---- cookies ----------------------------------------------------------------------------------------------------- */

static struct slice trim(struct slice text)
{
    while (text.len > 0 && (text.ptr[0] == ' ' || text.ptr[0] == '\t'))
        text = slice_of(text.ptr + 1, text.len - 1);
    while (text.len > 0 && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t'))
        text.len--;
    return text;
}

bool cookie_get(struct slice header, const char *name, struct slice *ret_value)
{
    while (header.len > 0) {
        const char *end = memchr(header.ptr, ';', header.len);
        struct slice pair = slice_of(header.ptr, end ? (size_t)(end - header.ptr) : header.len);
        const char *equals = pair.len > 0 ? memchr(pair.ptr, '=', pair.len) : NULL;

        if (equals && slice_is(trim(slice_of(pair.ptr, (size_t)(equals - pair.ptr))), name)) {
            *ret_value = trim(slice_of(equals + 1, (size_t)(pair.ptr + pair.len - equals - 1)));
            return true;
        }
        header = end ? slice_of(end + 1, header.len - pair.len - 1) : slice_of(NULL, 0);
    }
    return false;
}
