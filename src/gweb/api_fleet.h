/*
 * api_fleet.h - the routes about nodes: which there are, the registries' lists, the past
 *
 * What   POST, PATCH and DELETE go to every registry of register_addr; the answer says what each of them said. An
 *        address that a browser gives reaches the registries only, which try it themselves; gweb never contacts it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GWEB_API_FLEET_H
#define GMQ_GWEB_API_FLEET_H

#include "gweb/routes.h"

route_fn api_fleet_get, api_fleet_register, api_fleet_weight, api_fleet_unregister, api_past;

#endif
