/* sessions_test.c - see sessions.h. SPDX-License-Identifier: MIT */
#include "gweb/sessions.h"

#include "unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

enum { IDLE_MS = 1000 };

static unsigned ended;

static void count_end(struct session *session)
{
    (void)session;
    ended++;
}

TEST(sessions_are_found_by_their_whole_token_alone)
{
    struct sessions sessions;
    char token[SESSION_TOKEN_BYTES + 1], other[SESSION_TOKEN_BYTES + 1];

    sessions_init(&sessions, IDLE_MS, NULL);
    struct session *session = sessions_begin(&sessions, "ann", ROLE_VIEWER, 0, token);
    assert_non_null(session);
    assert_int_equal(strlen(token), SESSION_TOKEN_BYTES);
    assert_ptr_equal(sessions_find(&sessions, slice_str(token), 1), session);
    for (size_t len = 0; len < SESSION_TOKEN_BYTES; len++)
        assert_null(sessions_find(&sessions, slice_of(token, len), 1));
    for (size_t i = 0; i < SESSION_TOKEN_BYTES; i++) {
        memcpy(other, token, sizeof(other));
        other[i] = other[i] == '0' ? '1' : '0';
        assert_null(sessions_find(&sessions, slice_str(other), 1));
    }
    assert_non_null(sessions_begin(&sessions, "ann", ROLE_VIEWER, 0, other));
    assert_string_not_equal(token, other);
    sessions_fini(&sessions);
    assert_int_equal(sessions.count, 0);
}

TEST(sessions_end_when_they_are_not_used_or_too_old)
{
    struct sessions sessions;
    char token[SESSION_TOKEN_BYTES + 1];
    uint64_t now = 0;

    sessions_init(&sessions, IDLE_MS, NULL);
    assert_non_null(sessions_begin(&sessions, "ann", ROLE_VIEWER, 0, token));
    assert_non_null(sessions_find(&sessions, slice_str(token), IDLE_MS - 1));
    assert_non_null(sessions_find(&sessions, slice_str(token), 2 * IDLE_MS - 2));
    sessions_expire(&sessions, 3 * IDLE_MS - 3);
    assert_int_equal(sessions.count, 1);
    assert_null(sessions_find(&sessions, slice_str(token), 3 * IDLE_MS - 2));
    assert_int_equal(sessions.count, 0);

    sessions.idle_ms = SESSION_AGE_MS_MAX / 4;
    assert_non_null(sessions_begin(&sessions, "ann", ROLE_VIEWER, 0, token));
    for (now = 0; now < SESSION_AGE_MS_MAX; now += SESSION_AGE_MS_MAX / 8)
        assert_non_null(sessions_find(&sessions, slice_str(token), now));
    assert_null(sessions_find(&sessions, slice_str(token), SESSION_AGE_MS_MAX));
    assert_non_null(sessions_begin(&sessions, "ann", ROLE_VIEWER, 0, token));
    sessions_expire(&sessions, sessions.idle_ms);
    assert_int_equal(sessions.count, 0);
    sessions_fini(&sessions);
}

TEST(sessions_beyond_their_number_end_the_one_not_used_for_longest)
{
    struct sessions sessions;
    char token[SESSIONS_OF_USER_MAX + 1][SESSION_TOKEN_BYTES + 1];
    char name[16], unused[SESSION_TOKEN_BYTES + 1];

    ended = 0;
    sessions_init(&sessions, IDLE_MS, count_end);
    for (int i = 0; i < SESSIONS_OF_USER_MAX; i++)
        assert_non_null(sessions_begin(&sessions, "ann", ROLE_VIEWER, 0, token[i]));
    assert_non_null(sessions_find(&sessions, slice_str(token[0]), 1));
    assert_non_null(sessions_begin(&sessions, "ann", ROLE_VIEWER, 2, token[SESSIONS_OF_USER_MAX]));
    assert_int_equal(ended, 1);
    assert_non_null(sessions_find(&sessions, slice_str(token[0]), 3));
    assert_null(sessions_find(&sessions, slice_str(token[1]), 3));
    for (int i = 0; i < SESSIONS_MAX; i++) {
        (void)snprintf(name, sizeof(name), "u%d", i);
        assert_non_null(sessions_begin(&sessions, name, ROLE_VIEWER, 4, unused));
        assert_true(sessions.count <= SESSIONS_MAX);
    }
    assert_null(sessions_find(&sessions, slice_str(token[0]), 5));
    sessions_fini(&sessions);
    assert_int_equal(ended, 1 + SESSIONS_OF_USER_MAX + SESSIONS_MAX);
}

TEST(sessions_follow_their_user)
{
    struct sessions sessions;
    char token[3][SESSION_TOKEN_BYTES + 1];

    sessions_init(&sessions, IDLE_MS, NULL);
    struct session *ann = sessions_begin(&sessions, "ann", ROLE_VIEWER, 0, token[0]);
    assert_non_null(sessions_begin(&sessions, "ann", ROLE_VIEWER, 0, token[1]));
    assert_non_null(sessions_begin(&sessions, "anna", ROLE_VIEWER, 0, token[2]));
    sessions_set_role(&sessions, "ann", ROLE_ADMIN);
    assert_int_equal(sessions_find(&sessions, slice_str(token[1]), 1)->role, ROLE_ADMIN);
    assert_int_equal(sessions_find(&sessions, slice_str(token[2]), 1)->role, ROLE_VIEWER);
    sessions_end_user(&sessions, "ann", ann);
    assert_ptr_equal(sessions_find(&sessions, slice_str(token[0]), 1), ann);
    assert_null(sessions_find(&sessions, slice_str(token[1]), 1));
    sessions_end_user(&sessions, "ann", NULL);
    assert_null(sessions_find(&sessions, slice_str(token[0]), 1));
    assert_int_equal(sessions.count, 1);
    sessions_fini(&sessions);
}

TEST(cookies_are_found_among_others)
{
    static const struct {
        const char *header, *value;
    } CASES[] = {
        {"s=1", "1"}, {"a=b; s=1", "1"}, {" s = 1 ;b", "1"}, {"s=", ""}, {"s=1=2", "1=2"}, {"s=1;s=2", "1"},
        {";;s=1", "1"}, {"", NULL}, {"s", NULL}, {"xs=1", NULL}, {"sx=1", NULL}, {"S=1", NULL}, {"a=s=1", NULL},
        {"=", NULL}, {";", NULL}, {"=s", NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        size_t len = strlen(CASES[i].header);
        char *header = guarded(CASES[i].header, len);
        struct slice value;
        bool found = cookie_get(slice_of(header, len), "s", &value);

        assert_int_equal(found, CASES[i].value != NULL);
        if (found)
            assert_true(slice_is(value, CASES[i].value));
        guarded_free(header, len);
    }
}
