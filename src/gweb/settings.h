/*
 * settings.h - what gweb can be told
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GWEB_SETTINGS_H
#define GMQ_GWEB_SETTINGS_H

#include "app/log.h"
#include "app/settings.h"
#include "net/addr.h"

enum { GWEB_REGISTERS_MAX = 8 };

struct gweb_settings {
    char *config_file;
    char *web_addr, *register_addr, *web_root;
    char *data_save_path;
    char *admin_password; /* "" = one is made at the first start */
    char *set_password;   /* whose password is to be set instead of serving; "" = nobody's */
    bool auth, insecure;
    bool behind_proxy;    /* the last X-Forwarded-For is the client */
    uint64_t session_hours;
    uint64_t max_connections;
    uint64_t audit_file_bytes;
    char *log_target, *log_filename;
    int64_t log_level; /* 1..4 after loading */
    uint64_t log_file_bytes_max;
    bool log_rotate;

    /* Derived. */
    struct addr http;
    bool loopback; /* web_addr is of this machine alone */
    char *registers[GWEB_REGISTERS_MAX]; /* "http://127.0.0.1:9595" */
    size_t register_count;
    struct logger_options log;
    char *log_file;
};

extern const struct settings_spec GWEB_SETTINGS;

/* Gives everything back, the derived strings too. */
void gweb_settings_free(struct gweb_settings *values);

#endif
