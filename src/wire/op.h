/*
 * op.h - the operations of gmq's own API: the one table of them, for all doors
 *
 * What   An operation has a name, a place in HTTP (method and path), parameters, and a command that it becomes. HTTP
 *        finds it by method and path and takes arguments from path, query, headers and JSON body; TCP's `call NAME`
 *        takes them all from one JSON object; both fill a struct op_call, whose `cmd` goes to the broker.
 * Order  op_call_new(), any number of op_take_*(), op_finish(); the cmd is good until op_call_free().
 * Fails  GMQ_E_VALUE, _JSON, _HEADERS with the text in `error`, GMQ_E_BATCH_LIMIT with the limit, GMQ_E_TOPIC_EMPTY,
 *        _TOPIC_NAME, -ENOMEM. A field that the operation does not know, one of the wrong type or out of its range, or
 *        given twice, is refused.
 * Never  Rules of the broker: what a topic may be called, or how far a delay may reach, is checked there.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_WIRE_OP_H
#define GMQ_WIRE_OP_H

#include "base/arena.h"
#include "base/buf.h"
#include "wire/cmd.h"

/* How an argument is written, in JSON and as text (query, path). */
enum op_type {
    OP_STRING,   /* JSON string; min..max bytes */
    OP_INT,      /* JSON integer, or decimal digits; min..max */
    OP_BOOL,     /* true, false; as text also 1, 0 */
    OP_NOT,      /* the same, stored as its opposite */
    OP_ID,       /* JSON string of decimal digits */
    OP_IDS,      /* JSON array of ids; as text with commas */
    OP_TIME,     /* RFC 3339, or integer ms since 1970 */
    OP_WORD,     /* one of `words`; its index is stored */
    OP_NAMES,    /* JSON array of strings; as text with commas */
    OP_BASE64,   /* string; its bytes are stored */
    OP_HEADERS,  /* JSON object of strings */
    OP_MESSAGES, /* JSON array of objects with the parameters OP_PUT */
    OP_RETRY,    /* {kind, delays_ms, cap_ms, jitter_percent} */
    OP_LIMITS,   /* {messages, bytes, age_ms, over} */
};

enum op_where { OP_PATH = 1, OP_QUERY = 2, OP_BODY = 4 };

struct op_param {
    const char *name;
    uint8_t type;   /* enum op_type */
    uint8_t where;  /* enum op_where: of HTTP */
    uint8_t bytes;  /* of the number that it is stored as */
    bool required;
    bool http_only; /* TCP does not know it */
    uint16_t at;    /* in struct op_call; of OP_PUT in struct cmd_put */
    uint16_t given; /* of a topic's settings: enum cmd_given; null is the node's, which is `reset` */
    int64_t min, max, reset;
    const char *const *words; /* NULL at the end */
    const char *help;
};

struct op_params {
    const struct op_param *list;
    size_t count;
};

struct op {
    const char *name;   /* "topic.pause" */
    const char *method; /* "POST"; NULL: not over HTTP */
    const char *path;   /* "/api/v1/topics/{topic}/pause" */
    enum cmd_kind kind;
    unsigned status;    /* of success: 200, 201, 202 */
    bool octets;        /* takes a body as application/octet-stream, its parameters then stand in the query */
    struct op_params params;
    const char *help;   /* one line */
};

extern const struct op OPS[];
extern const size_t OPS_COUNT;

/* Of one message in message.push; stored in a struct cmd_put. */
extern const struct op_params OP_PUT;

/* "string", "integer", "ids", ...: what a parameter is, in a word. */
const char *op_type_word(const struct op_param *param);

/* NULL when there is none of that name. */
const struct op *op_find(struct slice name);

/* The table as a JSON array, for tools; false when `out` may not grow that far. */
NODISCARD bool op_table_json(struct buf *out);

/*
 * Whether a decoded path fits the operation's; `{topic}` and the like stand for one part, not empty, without `/`;
 * `{key}`, which is always the last, for all that is left.
 */
bool op_fits(const struct op *op, struct slice path);

/* How bodies stand in an answer. AUTO: as text when it is valid UTF-8, else as base64. */
enum op_encoding { OP_ENCODING_AUTO, OP_ENCODING_TEXT, OP_ENCODING_BASE64 };

struct op_limits {
    uint32_t count_max; /* ids of a list, messages of a push */
};

/* How much JSON is read: so much, and for each of count_max messages or ids so much more. */
enum { OP_VALUES_MAX = 4096, OP_VALUES_EACH = 32, OP_OBJECTS_MAX = 16, OP_OBJECTS_EACH = 2 };

enum { OP_ERROR_BYTES = 256, OP_DEPTH_MAX = 8 };

struct op_error {
    uint64_t number;           /* of GMQ_E_BATCH_LIMIT */
    char text[OP_ERROR_BYTES]; /* else; UTF-8 */
};

struct json_object;

struct op_call {
    const struct op *op;
    struct cmd cmd;
    struct cmd_args args;
    enum op_encoding encoding;
    bool lines;           /* the answer as JSON lines */
    struct slice client;  /* the name under which a pop holds its messages; empty = the session's */

    /* For op.c only. */
    struct op_limits limits;
    struct arena arena;
    struct json_object *tree;
    uint64_t given;       /* bit n: parameter n of the table */
    struct cmd_put put;   /* the message, unless there are several */
    struct cmd_put *puts;
    uint32_t put_count;
    uint64_t put_given;
    struct slice base64, names;
    bool push_side, pop_side;
};

/* A call with nothing given. */
struct op_call *op_call_new(const struct op *op, const struct op_limits *limits);

/* Takes NULL. */
void op_call_free(struct op_call *call);

/* The parameters in a path that op_fits(); it is copied, as all of the following. */
NODISCARD int op_take_path(struct op_call *call, struct slice path, struct op_error *error);

/* A raw query string. With `octets` it may hold the parameters of the body, too. */
NODISCARD int op_take_query(struct op_call *call, struct slice query, bool octets, struct op_error *error);

/* One argument as text, wherever the table has its place; for headers that stand for one. */
NODISCARD int op_take_text(struct op_call *call, const char *name, struct slice text, struct op_error *error);

/* One header of the message that is pushed. */
NODISCARD int op_take_header(struct op_call *call, struct slice name, struct slice value, struct op_error *error);

/* A JSON object with arguments that belong to one of `where`. */
NODISCARD int op_take_json(struct op_call *call, struct slice json, unsigned where, struct op_error *error);

/* The body of the message that is pushed. */
void op_take_octets(struct op_call *call, struct slice bytes);

/* Checks what belongs together and fills in cmd. */
NODISCARD int op_finish(struct op_call *call, struct op_error *error);

/* All of it for TCP: every argument stands in the JSON. 0, then `*ret_call` is the caller's to free; or as above. */
NODISCARD int op_parse(const struct op *op, const struct op_limits *limits, struct slice json,
                       struct op_call **ret_call, struct op_error *error);

#endif
