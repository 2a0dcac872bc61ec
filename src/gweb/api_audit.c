/* api_audit.c - a page of the audit log, read on another thread. SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "gweb/api.h"
#include "gweb/web.h"

enum {
    ENTRIES_USUAL = 50,
    ANSWER_BYTES = AUDIT_ENTRIES_MAX * AUDIT_LINE_BYTES_MAX + 4096,
    SCRATCH_BYTES = 4096,
    READERS_MAX = 4, /* at a time */
};

struct reading {
    uv_work_t work;
    struct web_call *call;
    struct audit_query query;
    struct buf body;
    int err;
};

static void work(uv_work_t *uv)
{
    struct reading *reading = CONTAINER_OF(uv, struct reading, work);

    reading->err = audit_read(&reading->query, &reading->body);
}

static void work_done(uv_work_t *uv, int status)
{
    struct reading *reading = CONTAINER_OF(uv, struct reading, work);
    struct web_call *call = reading->call;

    (void)status;
    call->web->audit_readers--;
    if (reading->err == 0) {
        web_call_json(call, 200, &reading->body, true);
    } else {
        bool known = reading->err <= GMQ_E_NO_MESSAGE;
        web_call_problem(call, known ? reading->err : GMQ_E_UNREADABLE, known ? NULL : strerror(-reading->err));
    }
    buf_free(&reading->body);
    free(reading);
}

/* What is wrong with the query, in words, or NULL. */
static const char *read_query(const struct web_call *call, struct audit_query *query)
{
    struct buf scratch;
    struct slice value;
    uint64_t limit = ENTRIES_USUAL;
    const char *wrong = NULL;

    buf_init(&scratch, SCRATCH_BYTES);
    if (web_call_query(call, "limit", &scratch, &value) &&
        (!num_parse_u64(value, &limit) || limit == 0 || limit > AUDIT_ENTRIES_MAX))
        wrong = "limit must be 1 to 200";
    query->entries_max = limit;
    if (!wrong && web_call_query(call, "cursor", &scratch, &value) && value.len > 0 &&
        !audit_cursor_read(value, &query->from))
        wrong = "cursor is not one of the audit log";
    if (!wrong && web_call_query(call, "text", &scratch, &value)) {
        if (value.len > AUDIT_TEXT_BYTES_MAX || (value.len > 0 && memchr(value.ptr, '\0', value.len)))
            wrong = "text must be at most 200 bytes";
        else if (value.len > 0)
            memcpy(query->text, value.ptr, value.len);
    }
    buf_free(&scratch);
    return wrong;
}

void api_audit(struct web_call *call)
{
    struct audit_query query = {.directory = call->web->directory};
    const char *wrong = read_query(call, &query);

    if (wrong || call->web->audit_readers >= READERS_MAX) {
        web_call_problem(call, wrong ? GMQ_E_VALUE : GMQ_E_STREAM_LIMIT, wrong ? wrong : "too many read it now");
        return;
    }
    struct reading *reading = mem_new(sizeof(*reading));
    reading->call = call;
    reading->query = query;
    buf_init(&reading->body, ANSWER_BYTES);
    call->web->audit_readers++;
    ENSURE(uv_queue_work(call->web->loop, &reading->work, work, work_done) == 0);
}
