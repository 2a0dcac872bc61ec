/* api_session.c - who is logged in, and logging in and out. SPDX-License-Identifier: MIT */
#include "gweb/api.h"
#include "gweb/web.h"
#include "wire/json.h"

enum { ANSWER_BYTES = 4096 };

static bool put_user(struct buf *out, const struct web_call *call)
{
    if (call->role == ROLE_ANYBODY)
        return buf_append_str(out, "null");
    return buf_append_str(out, "{\"name\":") && json_append_string(out, slice_str(call->user)) &&
           buf_printf(out, ",\"role\":\"%s\"}", role_word(call->role));
}

void api_session_get(struct web_call *call)
{
    struct buf body;

    buf_init(&body, ANSWER_BYTES);
    bool ok = buf_printf(&body, "{\"auth\":\"%s\",\"user\":", call->web->settings->auth ? "on" : "off") &&
              put_user(&body, call) && buf_append_str(&body, ",\"version\":\"" GMQ_VERSION "\"}\n");
    web_call_json(call, 200, &body, ok);
}
