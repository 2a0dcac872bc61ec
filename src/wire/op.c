/* op.c - the table of operations, see op.h. SPDX-License-Identifier: MIT */
#include "wire/op.h"

#define MS_MAX INT64_C(3153600000000) /* 100 years */

/* ---- parameters -------------------------------------------------------------------------------------------------- */

#define AT(field) .at = offsetof(struct op_call, field), .bytes = sizeof(((struct op_call *)0)->field)
#define PUT_AT(field) .at = offsetof(struct cmd_put, field), .bytes = sizeof(((struct cmd_put *)0)->field)
#define LIST(array) {.list = (array), .count = ARRAY_LEN(array)}
#define TEXT .type = OP_STRING, .max = CMD_TEXT_BYTES_MAX
#define NUMBER(least, most) .type = OP_INT, .min = (least), .max = (most)

static const char *const PLACES[] = {"ready", "delayed", "in_flight", "dead", NULL};
static const char *const ENDS[] = {"head", "tail", NULL};
static const char *const BODIES[] = {"none", "first", "whole", NULL};
static const char *const ENCODINGS[] = {"auto", "text", "base64", NULL};
static const char *const FORMATS[] = {"json", "jsonl", NULL};

#define TOPIC \
    {.name = "topic", .type = OP_STRING, .max = 1024, .where = OP_PATH, .required = true, AT(cmd.topic), \
     .help = "the topic"}
#define ID \
    {.name = "id", .type = OP_ID, .where = OP_PATH, .required = true, AT(cmd.id), .help = "id of the message"}
#define JOB {.name = "job", .type = OP_ID, .where = OP_PATH, .required = true, AT(cmd.id), .help = "id of the job"}
#define IDS(is_required) \
    {.name = "ids", .type = OP_IDS, .where = OP_BODY, .required = (is_required), AT(cmd.body), \
     .help = "ids of messages"}
#define ENCODING(in) \
    {.name = "encoding", .type = OP_WORD, .words = ENCODINGS, .where = (in), AT(encoding), \
     .help = "of bodies in the answer; auto (default): text where it is UTF-8, else base64"}
#define LIMIT \
    {.name = "limit", NUMBER(1, CMD_LIMIT_MAX), .where = OP_QUERY, AT(args.limit), \
     .help = "of a page, default 100"}
#define CURSOR \
    {.name = "cursor", .type = OP_STRING, .max = 256, .where = OP_QUERY, AT(args.cursor), \
     .help = "next of the page before; missing: from the beginning"}
#define BODY(fallback) \
    {.name = "body", .type = OP_WORD, .words = BODIES, .where = OP_QUERY, AT(args.body), \
     .help = "how much of the body; default " fallback}, \
    {.name = "body_bytes", NUMBER(1, CMD_BODY_FIRST_MAX), .where = OP_QUERY, AT(args.body_bytes), \
     .help = "with body=first: how many bytes, default 256"}, \
    ENCODING(OP_QUERY)
#define OLDER(least, in) \
    {.name = "older_than_ms", NUMBER((least), MS_MAX), .where = (in), AT(args.older_ms), \
     .help = "dead for at least so long"}
#define MATCH(in) \
    {.name = "text", TEXT, .where = (in), AT(args.text), \
     .help = "a piece of the body, or of the reason; of dead messages"}
#define WHICH \
    IDS(false), \
    {.name = "all", .type = OP_BOOL, .where = OP_BODY, AT(args.all), .help = "all dead messages of the topic"}, \
    OLDER(1, OP_BODY), MATCH(OP_BODY), \
    {.name = "rate", NUMBER(1, 1000000), .where = OP_BODY, AT(args.rate), \
     .help = "messages a second; default: as fast as it goes"}
#define DELAY(what) \
    {.name = "delay_ms", NUMBER(0, MS_MAX), .where = OP_BODY, AT(args.delay_ms), .help = what}
#define SETTINGS \
    {.name = "ttr_ms", NUMBER(TOPIC_TTR_MS_MIN, TOPIC_TTR_MS_MAX), .where = OP_BODY, .given = CMD_GIVEN_TTR, \
     AT(args.settings.ttr_ms), .help = "time for the ack of a delivered message; null: the node's"}, \
    {.name = "max_retries", NUMBER(0, TOPIC_RETRIES_MAX), .where = OP_BODY, .given = CMD_GIVEN_RETRIES, \
     .reset = TOPIC_NODE_RETRIES, AT(args.settings.max_retries), \
     .help = "deliveries after the first before a message is dead; null: the node's"}, \
    {.name = "auto_ack", .type = OP_BOOL, .where = OP_BODY, .given = CMD_GIVEN_AUTO_ACK, AT(args.auto_ack), \
     .help = "messages are done once delivered"}, \
    {.name = "retry", .type = OP_RETRY, .where = OP_BODY, .given = CMD_GIVEN_RETRY_POLICY, AT(args.settings.retry), \
     .help = "when a message comes again; without its kind, what it names is changed; null: at once"}, \
    {.name = "limits", .type = OP_LIMITS, .where = OP_BODY, .given = CMD_GIVEN_LIMITS, AT(args.settings.limits), \
     .help = "how much the topic may hold; of them what is named is changed; null: no limits"}, \
    {.name = "idle_ms", NUMBER(TOPIC_IDLE_MS_MIN, TOPIC_SPAN_MS_MAX), .where = OP_BODY, .given = CMD_GIVEN_IDLE, \
     AT(args.settings.idle_ms), .help = "unused for so long and empty, it is deleted; null: the node's topic_idle"}
#define SIDES \
    {.name = "push", .type = OP_BOOL, .where = OP_BODY, AT(push_side), .help = "pushes"}, \
    {.name = "pop", .type = OP_BOOL, .where = OP_BODY, AT(pop_side), .help = "pops; neither named: both"}

static const struct op_param PUT[] = {
    {.name = "body", .type = OP_STRING, .max = INT32_MAX, .where = OP_BODY, PUT_AT(body),
     .help = "the message as text"},
    {.name = "body_base64", .type = OP_BASE64, .max = INT32_MAX, .where = OP_BODY, PUT_AT(body),
     .help = "the message, any bytes"},
    {.name = "delay_ms", NUMBER(0, MS_MAX), .where = OP_BODY, PUT_AT(delay_ms), .help = "ready so much later"},
    {.name = "due_at", .type = OP_TIME, .where = OP_BODY, PUT_AT(due_ms), .help = "ready then"},
    {.name = "ttr_ms", NUMBER(0, TOPIC_TTR_MS_MAX), .where = OP_BODY, PUT_AT(ttr_ms),
     .help = "time for its ack, 0 (the same as auto_ack) or from 1000 on; default: the topic's"},
    {.name = "auto_ack", .type = OP_BOOL, .where = OP_BODY, PUT_AT(auto_ack), .help = "done once delivered"},
    {.name = "max_retries", NUMBER(0, TOPIC_RETRIES_MAX), .where = OP_BODY, PUT_AT(max_retries),
     .help = "deliveries after the first; default: the topic's"},
    {.name = "lifetime_ms", NUMBER(1, MS_MAX), .where = OP_BODY, PUT_AT(lifetime_ms),
     .help = "gone so long after the push, if not delivered by then"},
    {.name = "headers", .type = OP_HEADERS, .where = OP_BODY, PUT_AT(headers),
     .help = "names and texts, come back with pop"},
    {.name = "key", .type = OP_STRING, .min = 1, .max = CMD_KEY_BYTES_MAX, .where = OP_BODY, PUT_AT(key),
     .help = "the client's own name for the message"},
    {.name = "dedup_key", .type = OP_STRING, .min = 1, .max = CMD_KEY_BYTES_MAX, .where = OP_BODY, PUT_AT(dedup),
     .help = "of pushes with the same one only the first counts; header Idempotency-Key"},
};
const struct op_params OP_PUT = LIST(PUT);

static const struct op_param PUSH[] = {
    TOPIC,
    {.name = "messages", .type = OP_MESSAGES, .where = OP_BODY, AT(puts),
     .help = "several messages, each with the parameters of one, all or none"},
};
static const struct op_param POP[] = {
    {.name = "topics", .type = OP_NAMES, .where = OP_BODY, AT(names), .help = "the first one with a message serves"},
    {.name = "topic", .type = OP_STRING, .max = 1024, .where = OP_BODY, AT(cmd.topic), .help = "the only one"},
    {.name = "count", NUMBER(1, INT32_MAX), .where = OP_BODY, AT(cmd.number), .help = "at most, default 1"},
    {.name = "wait_ms", NUMBER(0, CMD_WAIT_MS_MAX), .where = OP_BODY, AT(cmd.wait_ms),
     .help = "for a message when there is none, default 0"},
    {.name = "client", .type = OP_STRING, .max = CMD_NAME_BYTES_MAX, .where = OP_BODY, AT(client),
     .help = "who holds the messages; header Gmq-Client; over TCP it names the connection"},
    ENCODING(OP_BODY),
};
static const struct op_param ACK[] = {TOPIC, IDS(true)};
static const struct op_param NACK[] = {
    TOPIC,
    IDS(true),
    DELAY("ready again so much later; default: as the topic's retry says"),
    {.name = "count_retry", .type = OP_NOT, .where = OP_BODY, AT(args.no_retry),
     .help = "count it as a retry, default true"},
    {.name = "reject", .type = OP_BOOL, .where = OP_BODY, AT(args.reject), .help = "make it a dead letter now"},
    {.name = "reason", TEXT, .where = OP_BODY, AT(args.text), .help = "of a reject, shown with the dead letter"},
};
static const struct op_param TOUCH[] = {
    TOPIC,
    IDS(true),
    {.name = "ttr_ms", NUMBER(TOPIC_TTR_MS_MIN, TOPIC_TTR_MS_MAX), .where = OP_BODY, AT(args.ttr_ms),
     .help = "from now; default: as it was delivered with"},
};
static const struct op_param PEEK[] = {
    TOPIC,
    {.name = "state", .type = OP_WORD, .words = PLACES, .where = OP_QUERY, AT(args.place), .help = "default ready"},
    {.name = "from", .type = OP_WORD, .words = ENDS, .where = OP_QUERY, AT(args.from_tail), .help = "default head"},
    CURSOR,
    LIMIT,
    BODY("none"),
    MATCH(OP_QUERY),
    OLDER(0, OP_QUERY),
    {.name = "format", .type = OP_WORD, .words = FORMATS, .where = OP_QUERY, .http_only = true, AT(lines),
     .help = "jsonl: a line a message, the cursor in the header Gmq-Next"},
};
static const struct op_param GET[] = {ID, BODY("whole")};
static const struct op_param FIND[] = {
    TOPIC,
    {.name = "key", .type = OP_STRING, .max = CMD_KEY_BYTES_MAX, .where = OP_PATH, .required = true, AT(args.key),
     .help = "as it was pushed with"},
    BODY("whole"),
};
static const struct op_param HISTORY[] = {ID, CURSOR, LIMIT};
static const struct op_param CANCEL[] = {
    ID,
    {.name = "topic", .type = OP_STRING, .max = 1024, .where = OP_QUERY, AT(cmd.topic), .help = "must be its topic"},
};
static const struct op_param RESCHEDULE[] = {
    ID,
    DELAY("ready so much later"),
    {.name = "due_at", .type = OP_TIME, .where = OP_BODY, AT(args.due_ms), .help = "ready then"},
};
static const struct op_param PROMOTE[] = {ID};
static const struct op_param REDRIVE[] = {
    TOPIC,
    WHICH,
    {.name = "to", .type = OP_STRING, .max = 1024, .where = OP_BODY, AT(args.to), .help = "another topic"},
    DELAY("ready so much later"),
};
static const struct op_param DEAD_DELETE[] = {TOPIC, WHICH};
static const struct op_param JOB_PARAMS[] = {JOB};
static const struct op_param TOPICS[] = {
    {.name = "filter", TEXT, .where = OP_QUERY, AT(args.text), .help = "a piece of the name"},
    CURSOR,
    LIMIT,
};
static const struct op_param CREATE[] = {
    {.name = "name", .type = OP_STRING, .max = 1024, .where = OP_BODY, .required = true, AT(cmd.topic),
     .help = "the new topic"},
    SETTINGS,
};
static const struct op_param SET[] = {TOPIC, SETTINGS};
static const struct op_param TOPIC_ONLY[] = {TOPIC};
static const struct op_param PAUSE[] = {
    TOPIC,
    SIDES,
    {.name = "for_ms", NUMBER(1, TOPIC_SPAN_MS_MAX), .where = OP_BODY, AT(args.delay_ms),
     .help = "ends by itself after so long"},
    {.name = "until", .type = OP_TIME, .where = OP_BODY, AT(args.due_ms), .help = "ends by itself then"},
};
static const struct op_param RESUME[] = {TOPIC, SIDES};
static const struct op_param PURGE[] = {
    TOPIC,
    {.name = "state", .type = OP_WORD, .words = PLACES, .where = OP_BODY, .required = true, AT(args.place),
     .help = "which messages go"},
};
static const struct op_param CLIENT[] = {
    {.name = "name", .type = OP_STRING, .min = 1, .max = CMD_NAME_BYTES_MAX, .where = OP_BODY, .required = true,
     AT(args.text), .help = "of this connection from now on"},
};

/* ---- operations -------------------------------------------------------------------------------------------------- */

#define V1 "/api/v1"
#define OF_TOPIC V1 "/topics/{topic}"
#define OF_MESSAGE V1 "/messages/{id}"
#define OP(op_name, op_method, op_path, op_kind, op_status, list, op_help) \
    {.name = op_name, .method = op_method, .path = op_path, .kind = op_kind, .status = op_status, .params = list, \
     .help = op_help}

const struct op OPS[] = {
    {.name = "message.push", .method = "POST", .path = OF_TOPIC "/messages", .kind = CMD_PUT, .status = 201,
     .octets = true, .params = LIST(PUSH), .help = "pushes one message, or several: all or none"},
    OP("message.pop", "POST", V1 "/deliveries", CMD_WPOP, 200, LIST(POP),
       "takes messages off the first topic that has some, and waits for one"),
    OP("message.ack", "POST", OF_TOPIC "/acks", CMD_MACK, 200, LIST(ACK), "says that messages are done"),
    OP("message.nack", "POST", OF_TOPIC "/nacks", CMD_NACK, 200, LIST(NACK),
       "gives messages in flight back, or rejects them"),
    OP("message.touch", "POST", OF_TOPIC "/touches", CMD_TOUCH, 200, LIST(TOUCH), "gives messages in flight more time"),
    OP("message.list", "GET", OF_TOPIC "/messages", CMD_PEEK, 200, LIST(PEEK), "looks at messages, changes nothing"),
    OP("message.get", "GET", OF_MESSAGE, CMD_GET, 200, LIST(GET), "facts of one message, wherever it is"),
    OP("message.find", "GET", OF_TOPIC "/keys/{key}", CMD_GET, 200, LIST(FIND),
       "facts of the newest living message with a key"),
    OP("message.history", "GET", OF_MESSAGE "/history", CMD_HISTORY, 200, LIST(HISTORY), "what happened to a message"),
    OP("message.cancel", "DELETE", OF_MESSAGE, CMD_CANCEL, 200, LIST(CANCEL), "deletes a message in any state"),
    OP("message.reschedule", "POST", OF_MESSAGE "/reschedule", CMD_RESCHEDULE, 200, LIST(RESCHEDULE),
       "gives a ready, delayed or dead message another time"),
    OP("message.promote", "POST", OF_MESSAGE "/promote", CMD_RESCHEDULE, 200, LIST(PROMOTE),
       "makes a message ready now"),
    OP("dead.redrive", "POST", OF_TOPIC "/dead/redrive", CMD_DEAD_REDRIVE, 202, LIST(REDRIVE),
       "makes dead messages ready again, as a job"),
    OP("dead.delete", "POST", OF_TOPIC "/dead/delete", CMD_DEAD_DELETE, 202, LIST(DEAD_DELETE),
       "deletes dead messages, as a job"),
    OP("job.list", "GET", V1 "/jobs", CMD_JOBS, 200, {0}, "jobs that run, and the last that did"),
    OP("job.get", "GET", V1 "/jobs/{job}", CMD_JOB, 200, LIST(JOB_PARAMS), "how far a job is"),
    OP("job.cancel", "DELETE", V1 "/jobs/{job}", CMD_JOB_CANCEL, 200, LIST(JOB_PARAMS),
       "ends a job; what is done stays"),
    OP("topic.list", "GET", V1 "/topics", CMD_TOPICS, 200, LIST(TOPICS), "topics and their figures"),
    OP("topic.create", "POST", V1 "/topics", CMD_TOPIC_CREATE, 201, LIST(CREATE), "makes a topic with its settings"),
    OP("topic.get", "GET", OF_TOPIC, CMD_TOPIC, 200, LIST(TOPIC_ONLY), "figures and settings of a topic"),
    OP("topic.set", "POST", OF_TOPIC "/settings", CMD_TOPIC_SET, 200, LIST(SET), "changes settings of a topic"),
    OP("topic.delete", "DELETE", OF_TOPIC, CMD_TOPIC_DELETE, 200, LIST(TOPIC_ONLY),
       "deletes a topic with all its messages"),
    OP("topic.pause", "POST", OF_TOPIC "/pause", CMD_PAUSE, 200, LIST(PAUSE), "holds pushes, pops or both up"),
    OP("topic.resume", "POST", OF_TOPIC "/resume", CMD_RESUME, 200, LIST(RESUME), "ends a pause"),
    OP("topic.purge", "POST", OF_TOPIC "/purge", CMD_PURGE, 200, LIST(PURGE), "deletes the messages of one state"),
    OP("topic.consumers", "GET", OF_TOPIC "/consumers", CMD_CONSUMERS, 200, LIST(TOPIC_ONLY), "who pops from a topic"),
    OP("client.name", NULL, NULL, CMD_CLIENT, 200, LIST(CLIENT), "names this connection"),
};
const size_t OPS_COUNT = ARRAY_LEN(OPS);

const struct op *op_find(struct slice name)
{
    for (size_t i = 0; i < OPS_COUNT; i++)
        if (slice_is(name, OPS[i].name))
            return &OPS[i];
    return NULL;
}

const char *op_type_word(const struct op_param *param)
{
    static const char *const WORDS[] = {"string", "integer", "boolean", "boolean", "id", "ids", "time", "word",
                                        "names", "base64", "headers", "messages", "retry", "limits"};

    return WORDS[param->type];
}
