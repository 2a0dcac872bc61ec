/* login.c - see login.h. SPDX-License-Identifier: MIT */
#include "gweb/login.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/log.h"
#include "base/err.h"
#include "gweb/web.h"
#include "net/clock.h"
#include "net/digest.h"

enum { EXIT_FAILED = 1, DIGEST_OF_WHO = 2 };

static const char ADMIN[] = "admin";

static int set(struct users_file *file, enum user_edit_kind kind, const char *name, const char *password)
{
    struct user_edit edit = {.kind = kind, .role = kind == USER_ADD ? ROLE_ADMIN : ROLE_ANYBODY,
                             .now_ms = clock_wall_ms()};

    memcpy(edit.name, name, strlen(name) + 1);
    int err = password_hash(password, edit.hash);
    return err == 0 ? users_file_edit_now(file, &edit) : err;
}

int login_first_admin(struct users_file *file, const char *password)
{
    char made[PASSWORD_MADE_BYTES], text[512];
    bool makes = password[0] == '\0';
    int err = 0;

    if (file->users.count > 0)
        return 0;
    if (makes)
        err = password_make(made);
    if (err == 0)
        err = set(file, USER_ADD, ADMIN, makes ? made : password);
    if (err != 0) {
        log_error("auth", "the first user cannot be made: %s", strerror(-err));
        return err;
    }
    if (!makes) {
        log_info("auth", "there were no users: %s is made, with the password of the settings", ADMIN);
        return 0;
    }
    (void)snprintf(text, sizeof(text),
                   "\n    FIRST START: log in as %s with the password %s\n"
                   "    It is shown this once. Change it on the page Settings, or by: gweb -set_password=%s\n\n",
                   ADMIN, made, ADMIN);
    log_print_err(text);
    return 0;
}

/* ---- from the shell ---------------------------------------------------------------------------------------------- */

/* The first line of standard input, without its end. False when it is no password. */
static bool read_line(char to[PASSWORD_BYTES_MAX + 2])
{
    size_t len = 0;
    char c;

    while (len <= PASSWORD_BYTES_MAX && read(STDIN_FILENO, &c, 1) == 1 && c != '\n')
        to[len++] = c;
    if (len > 0 && to[len - 1] == '\r')
        len--;
    to[len] = '\0';
    return password_ok(slice_of(to, len));
}

int login_set_password(const char *directory, const char *name)
{
    struct users_file file;
    char password[PASSWORD_BYTES_MAX + 2], text[256];

    if (users_file_open(&file, NULL, directory) != 0)
        return EXIT_FAILED;
    bool there = users_find(&file.users, slice_str(name)) != NULL;
    if (isatty(STDIN_FILENO))
        log_print_err("The new password, 8 to 128 bytes, and Enter (it is shown):\n");
    int err = read_line(password) ? set(&file, there ? USER_CHANGE : USER_ADD, name, password) : GMQ_E_PASSWORD;
    users_file_close(&file);
    explicit_bzero(password, sizeof(password));
    if (err != 0) {
        (void)snprintf(text, sizeof(text), "gweb: %s\n", err <= GMQ_E_NO_MESSAGE ? err_text(err) : strerror(-err));
        log_print_err(text);
        return EXIT_FAILED;
    }
    (void)snprintf(text, sizeof(text), there ? "%s has a new password\n" : "%s is a new admin\n", name);
    log_print_out(text);
    return 0;
}

/* ---- how often --------------------------------------------------------------------------------------------------- */

static void refuse(struct web_call *call, uint64_t wait_ms)
{
    char text[32], detail[96];
    uint64_t wait_s = (wait_ms + 999) / 1000;

    (void)snprintf(text, sizeof(text), "%" PRIu64, wait_s);
    (void)snprintf(detail, sizeof(detail), "too many logins: wait %" PRIu64 " s", wait_s);
    web_call_header(call, "Retry-After", text);
    web_call_problem(call, GMQ_E_TOO_MANY_LOGINS, detail);
}

/* Who is tried for: a name at an address. */
struct who {
    char address[TRIES_KEY_BYTES];
    uint64_t pair[2];
};

static void who_of(const struct web_call *call, struct slice name, struct who *ret)
{
    char text[TRIES_KEY_BYTES + USER_NAME_BYTES_MAX + 1];

    tries_address_key(call->address, ret->address);
    int len = snprintf(text, sizeof(text), "%s %.*s", ret->address, (int)min_u64(name.len, USER_NAME_BYTES_MAX),
                       name.ptr);
    digest_key(DIGEST_OF_WHO, slice_of(text, (size_t)len), ret->pair);
}

static struct slice pair_of(const struct who *who) { return slice_of((const char *)who->pair, sizeof(who->pair)); }

/*
 * What counts the tries for a name, and by which key. Where the name has logged in before it is on its own: strangers
 * who use up the name's tries elsewhere do not shut its owner out.
 */
static struct tries *tries_of(struct web *web, const struct who *who, struct slice name, struct slice *ret_key)
{
    bool known = tries_knows(&web->tries_known, pair_of(who));

    *ret_key = known ? pair_of(who) : name;
    return known ? &web->tries_known : &web->tries_name;
}

bool login_try(struct web_call *call, struct slice name)
{
    struct web *web = call->web;
    struct slice name_key;
    struct who who;
    bool first;

    who_of(call, name, &who);
    struct slice key = slice_str(who.address);
    struct tries *of_name = tries_of(web, &who, name, &name_key);
    uint64_t wait_ms = tries_take(&web->tries_address, key, clock_boot_ms(), &first);
    if (wait_ms == 0) {
        wait_ms = tries_take(of_name, name_key, clock_boot_ms(), &first);
        if (wait_ms > 0)
            tries_give(&web->tries_address, key);
    }
    if (wait_ms == 0)
        return true;
    /* The log of what was done is not for those who only knock: one line for each time that the door closes. */
    call->unaudited = !first;
    refuse(call, wait_ms);
    return false;
}

void login_untried(struct web_call *call, struct slice name)
{
    struct slice name_key;
    struct who who;

    who_of(call, name, &who);
    tries_give(&call->web->tries_address, slice_str(who.address));
    tries_give(tries_of(call->web, &who, name, &name_key), name_key);
}

void login_tried_well(struct web_call *call, struct slice name)
{
    struct who who;

    login_untried(call, name);
    who_of(call, name, &who);
    tries_know(&call->web->tries_known, pair_of(&who));
}
