/* err.c - see err.h. SPDX-License-Identifier: MIT */
#include "base/err.h"

const char *err_text(int err)
{
    switch (err) {
#define X(name, code, status, text)                                                                \
    case GMQ_E_##name:                                                                             \
        return text;
        ERR_TABLE(X)
#undef X
    default:
        return "unknown error";
    }
}

const char *err_name(int err)
{
    switch (err) {
#define X(name, code, status, text)                                                                \
    case GMQ_E_##name:                                                                             \
        return #name;
        ERR_TABLE(X)
#undef X
    default:
        return "INTERNAL";
    }
}

int err_http_status(int err)
{
    switch (err) {
#define X(name, code, status, text)                                                                \
    case GMQ_E_##name:                                                                             \
        return status;
        ERR_TABLE(X)
#undef X
    default:
        return 500;
    }
}
