/* assets_none.c - a gweb without pages: `make web` makes them. SPDX-License-Identifier: MIT */
#include "gweb/assets.h"

const struct assets ASSETS = {.list = NULL, .count = 0};
