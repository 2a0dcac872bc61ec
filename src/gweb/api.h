/*
 * api.h - the functions of the core's routes: session, users, password, audit log
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GWEB_API_H
#define GMQ_GWEB_API_H

#include "gweb/routes.h"

route_fn api_session_get, api_session_login, api_session_logout;
route_fn api_users_list, api_users_add, api_users_change, api_users_remove, api_password;
route_fn api_audit;

#endif
