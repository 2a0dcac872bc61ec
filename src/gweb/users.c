/* users.c - see users.h. SPDX-License-Identifier: MIT */
#include "gweb/users.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/utf8.h"

static bool has_control(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
            return true;
    return false;
}

bool user_name_ok(struct slice name)
{
    if (name.len == 0 || name.len > USER_NAME_BYTES_MAX || has_control(name) || !utf8_valid(name))
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (strchr(" :/\"\\", name.ptr[i]))
            return false;
    return !slice_is(name, ".") && !slice_is(name, "..");
}

bool password_ok(struct slice password)
{
    return password.len >= PASSWORD_BYTES_MIN && password.len <= PASSWORD_BYTES_MAX && !has_control(password) &&
           utf8_valid(password);
}

const char *role_word(enum role role)
{
    static const char *const WORDS[] = {[ROLE_ANYBODY] = "anybody", [ROLE_VIEWER] = "viewer", [ROLE_ADMIN] = "admin"};

    return WORDS[role];
}

bool role_read(struct slice word, enum role *ret)
{
    for (int role = ROLE_VIEWER; role <= ROLE_ADMIN; role++) {
        if (!slice_is(word, role_word((enum role)role)))
            continue;
        *ret = (enum role)role;
        return true;
    }
    return false;
}

/* ---- the list ---------------------------------------------------------------------------------------------------- */

void users_free(struct users *users)
{
    free(users->list);
    *users = (struct users){.list = NULL};
}

void users_copy(struct users *to, const struct users *from)
{
    *to = (struct users){.list = NULL};
    if (from->count == 0)
        return;
    to->list = mem_grow(NULL, from->count, sizeof(to->list[0]));
    memcpy(to->list, from->list, from->count * sizeof(to->list[0]));
    to->count = from->count;
}

/* Where a user of this name stands, or would. */
static size_t place_of(const struct users *users, struct slice name, bool *ret_there)
{
    size_t low = 0, high = users->count;

    *ret_there = false;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        struct slice other = slice_str(users->list[mid].name);
        int order = memcmp(other.ptr, name.ptr, min_u64(other.len, name.len));
        if (order == 0)
            order = (other.len > name.len) - (other.len < name.len);
        if (order == 0) {
            *ret_there = true;
            return mid;
        }
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

struct user *users_find(const struct users *users, struct slice name)
{
    bool there = false;
    size_t at = name.len > 0 ? place_of(users, name, &there) : 0;

    return there ? &users->list[at] : NULL;
}

static bool is_last_admin(const struct users *users, const struct user *user)
{
    for (size_t i = 0; i < users->count; i++)
        if (users->list[i].role == ROLE_ADMIN && &users->list[i] != user)
            return false;
    return user->role == ROLE_ADMIN;
}

static void add(struct users *users, size_t at, const struct user_edit *edit)
{
    users->list = mem_grow(users->list, users->count + 1, sizeof(users->list[0]));
    memmove(&users->list[at + 1], &users->list[at], (users->count - at) * sizeof(users->list[0]));
    users->list[at] = (struct user){.role = edit->role, .changed_ms = edit->now_ms};
    memcpy(users->list[at].name, edit->name, sizeof(edit->name));
    memcpy(users->list[at].hash, edit->hash, sizeof(edit->hash));
    users->count++;
}

static void change(struct user *user, const struct user_edit *edit)
{
    if (edit->role != ROLE_ANYBODY)
        user->role = edit->role;
    if (edit->hash[0] == '\0')
        return;
    memcpy(user->hash, edit->hash, sizeof(edit->hash));
    user->changed_ms = edit->now_ms;
}

int users_edit(struct users *users, const struct user_edit *edit)
{
    bool there;
    size_t at = place_of(users, slice_str(edit->name), &there);

    if (edit->kind == USER_ADD) {
        if (there)
            return GMQ_E_USER_EXISTS;
        if (users->count >= USERS_MAX)
            return GMQ_E_USER_LIMIT;
        ENSURE(user_name_ok(slice_str(edit->name)) && edit->role != ROLE_ANYBODY && edit->hash[0] != '\0');
        add(users, at, edit);
        return 0;
    }
    if (!there)
        return GMQ_E_USER_UNKNOWN;
    if ((edit->kind == USER_REMOVE || edit->role == ROLE_VIEWER) && is_last_admin(users, &users->list[at]))
        return GMQ_E_LAST_ADMIN;
    if (edit->kind == USER_CHANGE) {
        change(&users->list[at], edit);
        return 0;
    }
    memmove(&users->list[at], &users->list[at + 1], (users->count - at - 1) * sizeof(users->list[0]));
    users->count--;
    return 0;
}
