/*
 * http_stream.c - replies whose body comes by and by
 *
 * libmicrohttpd asks for more of the body whenever the socket takes it; while there is none the connection is
 * suspended, and http_stream_write() resumes it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "net/http_impl.h"

enum { PIECE_BYTES = 16 << 10, KEEP_BYTES = 16 << 10 };

static struct http_call *call_of(struct http_request *req) { return CONTAINER_OF(req, struct http_call, req); }

static ssize_t read_stream(void *ctx, uint64_t at, char *to, size_t bytes_max)
{
    struct http_call *call = ctx;
    size_t bytes = min_u64(buf_len(&call->stream), bytes_max);

    (void)at;
    call->server->progress++;
    if (call->stream_cut)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (bytes > 0) {
        memcpy(to, buf_data(&call->stream), bytes);
        buf_consume(&call->stream, bytes);
        if (buf_len(&call->stream) == 0 && call->stream.size > KEEP_BYTES)
            buf_free(&call->stream); /* many streams that rest keep no memory each */
        return (ssize_t)bytes;
    }
    if (call->stream_ended)
        return MHD_CONTENT_READER_END_OF_STREAM;
    call->suspended = true;
    MHD_suspend_connection(call->mhd);
    return 0;
}

void http_stream_begin(struct http_request *req, unsigned status, const char *content_type, size_t bytes_max)
{
    struct http_call *call = call_of(req);

    call->streams = true;
    buf_init(&call->stream, bytes_max);
    if (http_watch(req) < 0)
        call->stream_ended = true; /* who cannot be watched gets no more than what is there */
    http_call_reply(call, status, content_type,
                    MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PIECE_BYTES, read_stream, call, NULL));
}

bool http_stream_write(struct http_request *req, struct slice bytes)
{
    struct http_call *call = call_of(req);

    if (bytes.len > http_stream_room(req) || !buf_append(&call->stream, bytes.ptr, bytes.len))
        return false;
    if (call->stage == STAGE_SENDING)
        http_call_resume(call);
    return true;
}

size_t http_stream_room(const struct http_request *req)
{
    const struct http_call *call = CONTAINER_OF((uintptr_t)req, const struct http_call, req);

    return call->stream.bytes_max - buf_len(&call->stream);
}

void http_stream_end(struct http_request *req)
{
    struct http_call *call = call_of(req);

    call->stream_ended = true;
    if (call->stage == STAGE_SENDING)
        http_call_resume(call);
}
