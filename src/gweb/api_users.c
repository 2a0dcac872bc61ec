/* api_users.c - the users: listed, added, changed, removed; and one's own password. SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/time_text.h"
#include "gweb/api.h"
#include "gweb/fields.h"
#include "gweb/login.h"
#include "gweb/web.h"
#include "net/clock.h"
#include "wire/json.h"

enum { LIST_BYTES = 1 << 20, DISK_TEXT_BYTES = 200 };

/* ---- the list ---------------------------------------------------------------------------------------------------- */

static bool put_user(struct buf *out, const struct user *user)
{
    char at[TIME_TEXT_BYTES];

    (void)time_text_write(at, user->changed_ms);
    return buf_append_str(out, "{\"name\":") && json_append_string(out, slice_str(user->name)) &&
           buf_printf(out, ",\"role\":\"%s\",\"changed_at\":\"%.*s\"}", role_word(user->role), (int)sizeof(at), at);
}

/* False when there are no users, which is answered then. */
static bool has_users(struct web_call *call)
{
    if (!call->web->settings->auth)
        web_call_problem(call, GMQ_E_AUTH_OFF, NULL);
    return call->web->settings->auth;
}

void api_users_list(struct web_call *call)
{
    const struct users *users = &call->web->users.users;
    struct buf body;

    if (!has_users(call))
        return;
    buf_init(&body, LIST_BYTES);
    bool ok = buf_append_str(&body, "{\"users\":[");
    for (size_t i = 0; ok && i < users->count; i++)
        ok = (i == 0 || buf_append_str(&body, ",")) && put_user(&body, &users->list[i]);
    web_call_json(call, 200, &body, ok && buf_append_str(&body, "]}\n"));
}

/* ---- a change on its way ----------------------------------------------------------------------------------------- */

/* password compared, hash made, file written: what of it a change needs. */
struct change {
    struct web_call *call;
    struct user_edit edit;
    char password[PASSWORD_BYTES_MAX + 1]; /* the new one; "" = it stays */
};

static struct change *change_new(struct web_call *call, enum user_edit_kind kind, struct slice name)
{
    struct change *change = mem_new(sizeof(*change));

    ENSURE(name.len <= USER_NAME_BYTES_MAX);
    *change = (struct change){.call = call, .edit = {.kind = kind, .now_ms = clock_wall_ms()}};
    memcpy(change->edit.name, name.ptr, name.len);
    return change;
}

static void change_free(struct change *change)
{
    explicit_bzero(change->password, sizeof(change->password));
    free(change);
}

static void change_fail(struct change *change, int err)
{
    struct web_call *call = change->call;
    bool disk = err == -ENOSPC || err == -EDQUOT, table = err <= GMQ_E_NO_MESSAGE;

    change_free(change);
    if (table || disk)
        web_call_problem(call, disk ? GMQ_E_DISK_FULL : err,
                         err == GMQ_E_TOO_MANY_LOGINS ? "too many changes at a time: try again" : NULL);
    else
        web_call_problem(call, GMQ_E_READ_ONLY, "the file of users cannot be written, see the log of gweb");
}

/* The file has it: what follows for those who are logged in. */
static void take_effect(const struct change *change)
{
    const struct user_edit *edit = &change->edit;
    struct sessions *sessions = &change->call->web->sessions;

    if (edit->kind == USER_REMOVE)
        sessions_end_user(sessions, edit->name, NULL);
    else if (edit->hash[0] != '\0')
        sessions_end_user(sessions, edit->name, change->call->session);
    if (edit->role != ROLE_ANYBODY)
        sessions_set_role(sessions, edit->name, edit->role);
}

static void written(void *ctx, int err)
{
    struct change *change = ctx;
    struct web_call *call = change->call;
    const struct user *user = users_find(&call->web->users.users, slice_str(change->edit.name));
    bool adds = change->edit.kind == USER_ADD;
    struct buf body;

    if (err != 0) {
        change_fail(change, err);
        return;
    }
    take_effect(change);
    change_free(change);
    if (!user) {
        web_call_done(call);
        return;
    }
    buf_init(&body, LIST_BYTES);
    bool ok = put_user(&body, user) && buf_append_str(&body, "\n");
    web_call_json(call, adds ? 201 : 200, &body, ok);
}

static void write_file(struct change *change)
{
    int err = users_file_edit(&change->call->web->users, &change->edit, written, change);

    if (err != 0)
        change_fail(change, err);
}

static void hashed(void *ctx, bool matches, const char *hash)
{
    struct change *change = ctx;

    (void)matches;
    if (hash[0] == '\0') {
        change_fail(change, -EIO);
        return;
    }
    memcpy(change->edit.hash, hash, strlen(hash) + 1);
    write_file(change);
}

/* Goes on with the hash, where a password is to be set, and the file. */
static void change_go(struct change *change)
{
    if (change->password[0] == '\0') {
        write_file(change);
        return;
    }
    int err = passwords_make(&change->call->web->passwords, slice_str(change->password), hashed, change);
    if (err != 0)
        change_fail(change, err);
}

/* ---- what an admin does to others -------------------------------------------------------------------------------- */

/* What is wrong with the values, or 0: a name, a password and a role, each where it is given. */
static int check(const struct field_value *name, const struct field_value *password, const struct field_value *role,
                 enum role *ret_role)
{
    *ret_role = ROLE_ANYBODY;
    if (name && !user_name_ok(name->text))
        return GMQ_E_USER_NAME;
    if (password->given && !password_ok(password->text))
        return GMQ_E_PASSWORD;
    if (role->given && !role_read(role->text, ret_role))
        return GMQ_E_VALUE;
    return 0;
}

static void refuse(struct web_call *call, int err, const char *error)
{
    web_call_problem(call, err, error[0] != '\0' ? error : err == GMQ_E_VALUE ? "role must be admin or viewer" : NULL);
}

void api_users_add(struct web_call *call)
{
    static const struct field FIELDS[] = {
        {"name", FIELD_TEXT, true, 0, USER_NAME_BYTES_MAX},
        {"password", FIELD_TEXT, true, 0, PASSWORD_BYTES_MAX},
        {"role", FIELD_TEXT, true, 0, 16},
    };
    struct fields fields;
    enum role role = ROLE_ANYBODY;

    if (!has_users(call))
        return;
    int err = fields_read(&fields, call->req->body, FIELDS, ARRAY_LEN(FIELDS));
    const struct field_value *values = fields.values;
    if (err == 0) {
        web_call_target(call, "%.*s", (int)values[0].text.len, values[0].text.ptr);
        err = check(&values[0], &values[1], &values[2], &role);
    }
    if (err == 0) {
        struct change *change = change_new(call, USER_ADD, values[0].text);
        change->edit.role = role;
        memcpy(change->password, values[1].text.ptr, values[1].text.len);
        web_call_detail(call, "role %s", role_word(role));
        change_go(change);
    } else {
        refuse(call, err, fields.error);
    }
    fields_free(&fields);
}

void api_users_change(struct web_call *call)
{
    static const struct field FIELDS[] = {
        {"password", FIELD_TEXT, false, 0, PASSWORD_BYTES_MAX},
        {"role", FIELD_TEXT, false, 0, 16},
    };
    struct slice name = web_call_part(call, 0);
    struct fields fields;
    enum role role = ROLE_ANYBODY;

    if (!has_users(call))
        return;
    int err = fields_read(&fields, call->req->body, FIELDS, ARRAY_LEN(FIELDS));
    const struct field_value *values = fields.values;
    if (err == 0)
        err = check(NULL, &values[0], &values[1], &role);
    if (err == 0 && !users_find(&call->web->users.users, name))
        err = GMQ_E_USER_UNKNOWN;
    if (err == 0) {
        struct change *change = change_new(call, USER_CHANGE, name);
        change->edit.role = role;
        if (values[0].given)
            memcpy(change->password, values[0].text.ptr, values[0].text.len);
        web_call_detail(call, "%s%s%s", role != ROLE_ANYBODY ? "role " : "",
                        role != ROLE_ANYBODY ? role_word(role) : "", values[0].given ? " password" : "");
        change_go(change);
    } else {
        refuse(call, err, fields.error);
    }
    fields_free(&fields);
}

void api_users_remove(struct web_call *call)
{
    struct slice name = web_call_part(call, 0);

    if (!has_users(call))
        return;
    if (users_find(&call->web->users.users, name))
        write_file(change_new(call, USER_REMOVE, name));
    else
        web_call_problem(call, GMQ_E_USER_UNKNOWN, NULL);
}

/* ---- one's own password ------------------------------------------------------------------------------------------ */

static void old_checked(void *ctx, bool matches, const char *hash)
{
    struct change *change = ctx;
    struct web_call *call = change->call;
    const struct user *user = users_find(&call->web->users.users, slice_str(call->user));

    /* Somebody may have set another one meanwhile, just because this one is known to too many. */
    if (matches && user && strcmp(user->hash, hash) == 0) {
        login_tried_well(call, slice_str(call->user));
        change_go(change);
    } else {
        change_free(change);
        web_call_problem(call, GMQ_E_BAD_LOGIN, "the old password is wrong");
    }
}

/* A try for the old password counts like a login: who has found a browser open may not guess it, either. */
static void check_old(struct web_call *call, struct slice old, struct slice fresh)
{
    const struct user *user = users_find(&call->web->users.users, slice_str(call->user));

    if (!login_try(call, slice_str(call->user)))
        return;
    struct change *change = change_new(call, USER_CHANGE, slice_str(call->user));
    memcpy(change->password, fresh.ptr, fresh.len);
    int err = passwords_check(&call->web->passwords, old, user && password_ok(old) ? user->hash : NULL, old_checked,
                              change);
    if (err != 0)
        change_fail(change, err);
}

void api_password(struct web_call *call)
{
    static const struct field FIELDS[] = {
        {"old", FIELD_TEXT, true, 0, PASSWORD_BYTES_MAX},
        {"new", FIELD_TEXT, true, 0, PASSWORD_BYTES_MAX},
    };
    struct fields fields;

    if (!has_users(call))
        return;
    web_call_target(call, "%s", call->user);
    int err = fields_read(&fields, call->req->body, FIELDS, ARRAY_LEN(FIELDS));
    if (err == 0 && !password_ok(fields.values[1].text))
        err = GMQ_E_PASSWORD;
    if (err == 0)
        check_old(call, fields.values[0].text, fields.values[1].text);
    else
        refuse(call, err, fields.error);
    fields_free(&fields);
}
