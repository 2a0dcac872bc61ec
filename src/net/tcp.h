/*
 * tcp.h - a TCP server: connections as bytes in and bytes out, with back-pressure and bounded memory
 *
 * What   Listens, accepts, reads into one buffer that all connections share, and hands the bytes to the door
 *        (tcp_ops.input), which says how many it took. Only what it left is copied and kept with the connection.
 *        Output is appended to conn->out and written once a turn, by tcp_flush().
 * Turn   read -> input() -> ... -> end of the loop's turn -> tcp_flush() -> write.
 * Limits A connection that has `out_pause_bytes` unsent is not read, nor is one whose input the door does not take.
 *        A request that is known to need more than TCP_IN_FREE_BYTES takes its bytes from the shared budget first,
 *        and waits for them in line; who holds some of it and sends nothing for TCP_STUCK_MS while others wait is
 *        closed. At `connections_max` new ones wait in the backlog. While the door waits for something on behalf of a
 *        connection (ops.waiting), up to TCP_IN_FREE_BYTES of its input are read on, so that its end is seen.
 * Owns   A connection lives from ops.opened to ops.closed; the door keeps its own state in the memory behind it
 *        (tcp_options.conn_bytes).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_NET_TCP_H
#define GMQ_NET_TCP_H

#include "base/buf.h"
#include "base/list.h"

#include <uv.h>

enum {
    TCP_READ_BYTES = 256 * 1024,   /* the shared buffer: most that one read brings */
    TCP_IN_FREE_BYTES = 64 * 1024, /* kept input that needs no budget */
    TCP_STUCK_MS = 10000,
    TCP_READ_TIGHT_BYTES = 4096,
};

struct tcp_server;

struct tcp_conn {
    uv_tcp_t handle;
    struct tcp_server *server;
    struct buf in;        /* input that the door has not taken yet */
    struct buf out;       /* replies, to be written by the next flush */
    struct buf writing;   /* handed to the kernel's queue */
    uv_write_t write;
    struct list in_conns;
    struct list in_dirty; /* of the server, while a flush is due */
    struct list in_line;  /* of the budget, while it waits for it */
    size_t need;          /* bytes the next request is known to need in all, 0 = not known */
    size_t budget;        /* taken from the shared budget */
    size_t out_counted;   /* of the memory of its unsent bytes, in the server's out_bytes */
    size_t in_counted;    /* of its kept input, in the server's in_bytes */
    uint64_t moved_ms;    /* loop time of the last byte in or out */
    bool reading, eof, ending, closing, write_busy, retry;
};

struct tcp_ops {
    void (*opened)(struct tcp_conn *conn);
    /*
     * Takes whole requests from the front of `bytes`; returns how many bytes. `eof`: no more will come. Sets
     * conn->need when it knows it. May call tcp_end(). It is called again for what it left when more comes, and by
     * tcp_retry().
     */
    size_t (*input)(struct tcp_conn *conn, struct slice bytes, bool eof);
    /* False: the door takes no input now; it will call tcp_touch() or tcp_retry(). */
    bool (*ready)(const struct tcp_conn *conn);
    /* The door is not ready since it waits for something that may take long. NULL = it never does. */
    bool (*waiting)(const struct tcp_conn *conn);
    /* The client has closed its sending side; what is left of its input is still offered. NULL = nobody cares. */
    void (*half_closed)(struct tcp_conn *conn);
    /* True: every request so far is answered, so a connection that ends may be closed. */
    bool (*answered)(const struct tcp_conn *conn);
    /* Output has drained below its limit: parked replies may go on. */
    void (*drained)(struct tcp_conn *conn);
    /* The last call for this connection. */
    void (*closed)(struct tcp_conn *conn);
};

struct tcp_options {
    int listen_fd;           /* a listening socket; the server owns it from tcp_open() on */
    unsigned connections_max;
    size_t conn_bytes;       /* of the door's struct, whose first member is struct tcp_conn */
    size_t in_bytes_max;     /* the largest request */
    size_t out_bytes_max;    /* a connection's replies may never pass it */
    size_t out_pause_bytes;  /* unsent bytes beyond which it is not read */
    uint64_t in_budget_bytes;
    const struct tcp_ops *ops;
    void *ctx;
};

struct tcp_server {
    uv_tcp_t handle;
    uv_timer_t sweep;
    struct tcp_options options;
    struct list conns, dirty, line;
    unsigned count;       /* connections */
    bool accept_pending;  /* one waits because of connections_max */
    bool stopped, closing;
    bool took;            /* kept input was taken since the flush began */
    uint64_t in_budget;   /* taken */
    uint64_t out_bytes;   /* memory of unsent bytes of all connections, as of their last tcp_touch() or flush */
    uint64_t in_bytes;    /* memory of kept input of all connections */
    bool tight;           /* set by the door: memory is short, little is read at a time */
    unsigned handles;     /* libuv handles still open */
    char *shared;         /* TCP_READ_BYTES */
};

/* Serves on options->listen_fd. 0 or -errno (the descriptor is closed then). The struct must not move. */
NODISCARD int tcp_open(struct tcp_server *server, uv_loop_t *loop, const struct tcp_options *options);

/* The port it listens on. */
unsigned tcp_port(const struct tcp_server *server);

/* Stops accepting; connections live on. */
void tcp_stop_accepting(struct tcp_server *server);

/* Closes everything; done when the loop has no handle of it any more. */
void tcp_close(struct tcp_server *server);

/* Writes what is due; end of each turn. True when that brought new commands, so that it is to be called again. */
bool tcp_flush(struct tcp_server *server);

/* Something was appended to conn->out, or the door takes input again. */
void tcp_touch(struct tcp_conn *conn);

/* Offers the kept input to the door again. */
void tcp_retry(struct tcp_conn *conn);

/* As tcp_retry(), but with the next flush: from where the connection's input may not be offered now. */
void tcp_retry_soon(struct tcp_conn *conn);

/* Has the client closed the connection, or its sending side, as far as the kernel knows now? */
bool tcp_hung_up(const struct tcp_conn *conn);

/* Writes the client's host without a NUL; returns its length, 0 = not known. */
size_t tcp_peer_host(const struct tcp_conn *conn, char *to, size_t bytes);

/* Reads no more; closes when everything in conn->out is sent. */
void tcp_end(struct tcp_conn *conn);

/* Unsent bytes. */
static inline size_t tcp_unsent(const struct tcp_conn *conn)
{
    return buf_len(&conn->out) + buf_len(&conn->writing);
}

#endif
