/* users.c - see users.h. SPDX-License-Identifier: MIT */
#include "gweb/users.h"

#include <string.h>

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
