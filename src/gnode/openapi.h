/*
 * openapi.h - docs/openapi.yaml, which is in the program
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_OPENAPI_H
#define GMQ_GNODE_OPENAPI_H

#include "base/slice.h"

struct slice openapi_yaml(void);

#endif
