/* users_text.c - the list of users as text and back, see users.h. SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "gweb/users.h"

static const char FIRST[] = "gmq-users 1", FIRST_WORD[] = "gmq-users ";

bool users_encode(const struct users *users, struct buf *out)
{
    bool ok = buf_printf(out, "%s\n", FIRST);

    for (size_t i = 0; ok && i < users->count; i++) {
        const struct user *user = &users->list[i];
        ok = buf_printf(out, "%s %s %" PRIu64 " %s\n", user->name, role_word(user->role), user->changed_ms, user->hash);
    }
    return ok && buf_printf(out, "end %zu\n", users->count);
}

/* Takes what stands before `mark`, which goes with it; false when it is not there. */
static bool take(struct slice *text, char mark, struct slice *ret)
{
    const char *end = text->len > 0 ? memchr(text->ptr, mark, text->len) : NULL;

    if (!end)
        return false;
    *ret = slice_of(text->ptr, (size_t)(end - text->ptr));
    *text = slice_of(end + 1, text->len - ret->len - 1);
    return true;
}

static bool hash_ok(struct slice hash)
{
    if (hash.len < 2 || hash.len >= PASSWORD_HASH_BYTES)
        return false;
    for (size_t i = 0; i < hash.len; i++)
        if (hash.ptr[i] <= ' ' || hash.ptr[i] >= 0x7f || hash.ptr[i] == ':')
            return false;
    return true;
}

static bool read_user(struct slice line, struct user *user)
{
    struct slice name, role, changed;

    *user = (struct user){.role = ROLE_ANYBODY};
    if (!take(&line, ' ', &name) || !take(&line, ' ', &role) || !take(&line, ' ', &changed) || !user_name_ok(name) ||
        !role_read(role, &user->role) || !num_parse_u64(changed, &user->changed_ms) || !hash_ok(line))
        return false;
    memcpy(user->name, name.ptr, name.len);
    memcpy(user->hash, line.ptr, line.len);
    return true;
}

/* Whether it is "end COUNT". */
static bool is_end(struct slice line, size_t count)
{
    char want[32];

    (void)snprintf(want, sizeof(want), "end %zu", count);
    return slice_is(line, want);
}

static bool is_newer(struct slice line)
{
    size_t len = sizeof(FIRST_WORD) - 1;
    uint64_t version;

    return line.len > len && memcmp(line.ptr, FIRST_WORD, len) == 0 &&
           num_parse_u64(slice_of(line.ptr + len, line.len - len), &version) && version > 1;
}

int users_decode(struct users *users, struct slice text, unsigned *ret_line)
{
    struct slice line;

    *ret_line = 1;
    if (!take(&text, '\n', &line))
        return -EBADMSG;
    if (!slice_is(line, FIRST))
        return is_newer(line) ? -ENOTSUP : -EBADMSG;
    for (;;) {
        struct user user;

        ++*ret_line;
        if (!take(&text, '\n', &line))
            break;
        if (is_end(line, users->count) && text.len == 0)
            return 0;
        if (!read_user(line, &user) || users->count >= USERS_MAX ||
            (users->count > 0 && strcmp(users->list[users->count - 1].name, user.name) >= 0))
            break;
        users->list = mem_grow(users->list, users->count + 1, sizeof(users->list[0]));
        users->list[users->count++] = user;
    }
    users_free(users);
    return -EBADMSG;
}
