/* routes.c - see routes.h: the table. SPDX-License-Identifier: MIT */
#include "gweb/routes.h"

#include "gweb/api.h"

const struct route ROUTES[] = {
    {"GET", "/api/session", ROLE_ANYBODY, NULL, api_session_get, false, NULL},
};

const size_t ROUTES_COUNT = ARRAY_LEN(ROUTES);
