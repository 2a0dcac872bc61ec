/*
 * settings.h - what gregister can be told
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GREGISTER_SETTINGS_H
#define GMQ_GREGISTER_SETTINGS_H

#include "app/log.h"
#include "app/settings.h"
#include "net/addr.h"

struct gregister_settings {
    char *config_file;
    char *http_addr;
    char *data_save_path;
    char *log_target, *log_filename;
    char *ignored_cert, *ignored_key; /* never opened */
    uint64_t max_connections;
    int64_t log_level; /* 1..4 after loading */
    uint64_t log_file_bytes_max;
    bool log_rotate;
    bool http_tls; /* false after loading: not available yet */

    /* Derived. */
    struct addr http;
    struct logger_options log;
    char *log_file;
};

extern const struct settings_spec GREGISTER_SETTINGS;

/* Gives everything back, the derived strings too. */
void gregister_settings_free(struct gregister_settings *values);

#endif
