/*
 * api.h - the functions of the core's routes: session, users, password, audit log
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GWEB_API_H
#define GMQ_GWEB_API_H

#include "gweb/routes.h"

route_fn api_session_get;

#endif
