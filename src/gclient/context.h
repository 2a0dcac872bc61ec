/*
 * context.h - addresses under a name, in a folder of the user's configuration
 *
 * What   DIR/context/NAME.conf is an ini file with [context] and description, node, http, register, all optional.
 *        DIR/selected holds the name of the one that is used when nothing else is said. DIR is $XDG_CONFIG_HOME/gmq
 *        or ~/.config/gmq.
 * Limits A name has 1 to 64 letters, digits, `.`, `_`, `-` and begins with a letter or digit, so it never leaves its
 *        folder. A file has at most CONTEXT_FILE_BYTES and is a regular one: a pipe is not waited for. An address has
 *        no blanks and no control bytes. The first CONTEXTS_MAX contexts are listed.
 * Writes Files are replaced whole, by renaming, and are their owner's alone.
 * Fails  0 or -errno with one line in `ret_error`; -EINVAL for a bad name or file.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GCLIENT_CONTEXT_H
#define GMQ_GCLIENT_CONTEXT_H

#include "base/buf.h"

enum {
    CONTEXT_NAME_BYTES = 65,
    CONTEXT_PATH_BYTES = 2048,
    CONTEXT_FILE_BYTES = 16 << 10,
    CONTEXT_ERROR_BYTES = 1100,
    CONTEXTS_MAX = 1000,
};

/* The texts are allocated, or NULL; "" is not set. */
struct context {
    char *description, *node, *http, *registry;
};

struct context_list {
    char (*names)[CONTEXT_NAME_BYTES]; /* `count`, sorted; NULL when there are none */
    size_t count;
};

bool context_name_ok(const char *name);

/* The folder of everything here; false when the environment names none, or a path that is too long. */
NODISCARD bool context_dir(char *(*env)(const char *name), char ret_dir[CONTEXT_PATH_BYTES]);

/* Reads one context; context_free() afterwards, on failure there is nothing to free. */
NODISCARD int context_read(const char *dir, const char *name, struct context *ret, char ret_error[CONTEXT_ERROR_BYTES]);
void context_free(struct context *context);

/* The same from the bytes of a file called `file`. */
NODISCARD int context_parse(const char *file, struct slice ini, struct context *ret,
                            char ret_error[CONTEXT_ERROR_BYTES]);

/* Writes a context; makes the folders. Texts that are NULL are not set. */
NODISCARD int context_write(const char *dir, const char *name, const struct context *context,
                            char ret_error[CONTEXT_ERROR_BYTES]);

/* Removes a context, and the selection of it. */
NODISCARD int context_remove(const char *dir, const char *name, char ret_error[CONTEXT_ERROR_BYTES]);

bool context_exists(const char *dir, const char *name);

/* The names of all contexts, empty when there is no folder. free(list.names). */
NODISCARD int context_names(const char *dir, struct context_list *ret, char ret_error[CONTEXT_ERROR_BYTES]);

/* The selected name, which need not exist; false when none is selected. What the file holds and is no name is none. */
NODISCARD bool context_selected(const char *dir, char ret_name[CONTEXT_NAME_BYTES]);

/* Selects a context, or none with NULL. */
NODISCARD int context_select(const char *dir, const char *name, char ret_error[CONTEXT_ERROR_BYTES]);

#endif
