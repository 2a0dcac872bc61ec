/* save.c - the list goes to its file, and the answers that wait for it go out. SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "app/file.h"
#include "gregister/service.h"
#include "wire/reply.h"

enum { ANSWER_BYTES = 16384 };

/* One request whose success waits for the file; it lives in req->user. */
struct answer_wait {
    struct list node;
    struct http_request *req;
};

void answer_error(struct http_request *req, const char *text)
{
    struct buf body;

    buf_init(&body, ANSWER_BYTES);
    if (reply_http_error(&body, slice_str(text)))
        http_reply_buf(req, 200, HTTP_JSON, &body);
    else
        http_drop(req);
    buf_free(&body);
}

static void answer_success(struct http_request *req)
{
    struct buf body;

    buf_init(&body, ANSWER_BYTES);
    if (reply_http_ok(&body, NULL))
        http_reply_buf(req, 200, HTTP_JSON, &body);
    else
        http_drop(req);
    buf_free(&body);
}

static void wait_gone(struct http_request *req)
{
    struct answer_wait *wait = req->user;

    list_remove(&wait->node);
    free(wait);
}

static void answer_all(struct list *waits)
{
    for (struct list *node; (node = list_pop(waits));)
        answer_success(CONTAINER_OF(node, struct answer_wait, node)->req);
}

/* Runs on a thread of the pool. */
static void save_work(uv_work_t *work)
{
    struct service *service = work->data;

    service->save_err = file_save(service->directory, "nodes", buf_slice(&service->saved_bytes), 0644);
}

static void note_error(struct service *service)
{
    if (service->save_err != 0)
        log_limited(&service->save_limit, LOG_ERROR, "store", "the list of nodes cannot be saved in %s: %s",
                    service->directory, strerror(-service->save_err));
}

static void save_done(uv_work_t *work, int status)
{
    struct service *service = work->data;

    (void)status;
    service->saving = false;
    note_error(service);
    answer_all(&service->answers_now);
    if (service->dirty && !service->stopping)
        save_soon(service);
}

void save_soon(struct service *service)
{
    service->dirty = true;
    if (service->saving || service->stopping)
        return;
    buf_clear(&service->saved_bytes);
    service->save.data = service;
    if (!registry_encode(&service->registry, &service->saved_bytes) ||
        uv_queue_work(service->loop, &service->save, save_work, save_done) != 0) {
        log_limited(&service->save_limit, LOG_ERROR, "store", "the list of nodes cannot be saved: out of memory");
        answer_all(&service->answers_next);
        return;
    }
    service->dirty = false;
    service->saving = true;
    list_take(&service->answers_now, &service->answers_next);
}

void save_then_answer(struct service *service, struct http_request *req)
{
    struct answer_wait *wait = service->stopping ? NULL : calloc(1, sizeof(*wait));

    if (!wait) {
        save_soon(service);
        answer_success(req);
        return;
    }
    wait->req = req;
    req->user = wait;
    req->on_gone = wait_gone;
    list_add_tail(&service->answers_next, &wait->node);
    save_soon(service);
}

void save_at_end(struct service *service)
{
    ENSURE(!service->saving);
    buf_clear(&service->saved_bytes);
    if (!service->dirty || !registry_encode(&service->registry, &service->saved_bytes))
        return;
    service->save_err = file_save(service->directory, "nodes", buf_slice(&service->saved_bytes), 0644);
    note_error(service);
}
