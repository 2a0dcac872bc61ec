/*
 * login.h - the users of a gweb: the first one, and logging in
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GWEB_LOGIN_H
#define GMQ_GWEB_LOGIN_H

#include "base/base.h"
#include "gweb/users_file.h"

struct web;
struct web_call;

enum {
    LOGIN_ADDRESS_BURST = 10, LOGIN_ADDRESS_REGAIN_MS = 15000, /* failed logins from an address */
    LOGIN_NAME_BURST = 20, LOGIN_NAME_REGAIN_MS = 10000,       /* and for a name */
};

/*
 * While there are no users, makes `admin` with `password`; "" = with one that is made and shown on standard error, and
 * nowhere else. Blocks. 0 or negative, logged.
 */
NODISCARD int login_first_admin(struct users_file *file, const char *password);

/* Sets a user's password to the line on standard input; makes an admin of an unknown name. The program's exit code. */
int login_set_password(const char *directory, const char *name);

/*
 * Takes a try for the caller's address and for `name`. True = go on. False: the call is answered, 429 with Retry-After.
 */
NODISCARD bool login_try(struct web_call *call, struct slice name);

/* Nobody has looked at the password after all: the try is given back. */
void login_untried(struct web_call *call, struct slice name);

/* The password was right: so it is, and the name is known at this address from now on. */
void login_tried_well(struct web_call *call, struct slice name);

#endif
