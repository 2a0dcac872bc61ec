/* routes.c - see routes.h: the table. SPDX-License-Identifier: MIT */
#include "gweb/routes.h"

#include "gweb/api.h"

const struct route ROUTES[] = {
    {"GET", "/api/session", ROLE_ANYBODY, NULL, api_session_get, false, NULL},
    {"POST", "/api/session", ROLE_ANYBODY, "session.login", api_session_login, false, NULL},
    {"DELETE", "/api/session", ROLE_VIEWER, "session.logout", api_session_logout, false, NULL},
    {"GET", "/api/users", ROLE_ADMIN, NULL, api_users_list, false, NULL},
    {"POST", "/api/users", ROLE_ADMIN, "user.add", api_users_add, false, NULL},
    {"PATCH", "/api/users/{name}", ROLE_ADMIN, "user.change", api_users_change, false, NULL},
    {"DELETE", "/api/users/{name}", ROLE_ADMIN, "user.remove", api_users_remove, false, NULL},
    {"PUT", "/api/password", ROLE_VIEWER, "password.change", api_password, false, NULL},
    {"GET", "/api/audit", ROLE_VIEWER, NULL, api_audit, false, NULL},
};

const size_t ROUTES_COUNT = ARRAY_LEN(ROUTES);
