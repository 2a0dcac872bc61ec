/*
 * hash.h - uthash as gweb uses it
 *
 * With FNV-1a, which neither compiler warns of, and the house's word for out of memory. Whoever needs uthash in gweb
 * includes this.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GWEB_HASH_H
#define GMQ_GWEB_HASH_H

#include "base/base.h"

#define HASH_FUNCTION(key, bytes, hash) HASH_FNV(key, bytes, hash)
#define uthash_fatal(what) base_fail(__FILE__, __LINE__, what)
#include <uthash.h>

#endif
