/*
 * err.h - the one table of errors
 *
 * Every operating error that can reach a user has one line in ERR_TABLE: its name, its code, the HTTP status that
 * /api/v1 gives it, and its text. The texts of the original's errors are part of its protocol and frozen; a text
 * with a printf directive is completed by the door that writes it (`%s` takes the command, topic or detail,
 * `%` PRIu64 the message id).
 *
 * Functions return 0 or a count when they succeed, and one of these (all negative, all <= -5000) or `-errno`
 * when they do not.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_BASE_ERR_H
#define GMQ_BASE_ERR_H

#include <inttypes.h>

/* X(name, code, http status, text) */
#define ERR_TABLE(X)                                                                               \
    X(NO_MESSAGE, -5000, 404, "no message")                                                        \
    X(TOPIC_EMPTY, -5001, 400, "topic is empty")                                                   \
    X(TOPIC_UNKNOWN, -5002, 404, "topic is not exist")                                             \
    X(TOPIC_NAME, -5003, 400,                                                                      \
      "topic name is invalid: 1 to 128 bytes of UTF-8 without control bytes, spaces, / or \"")     \
    X(ID_EMPTY, -5004, 400, "msgId is empty")                                                      \
    X(ID_UNKNOWN, -5005, 404, "msgId:%" PRIu64 " is not exist")                                    \
    X(NUM_EMPTY, -5006, 400, "num is empty")                                                       \
    X(PARAMS, -5007, 400, "%s params is error")                                                    \
    X(BATCH_COUNT, -5008, 400, "num must be greather than 0")                                      \
    X(BATCH_LIMIT, -5009, 413, "num exceeding the maximum of %" PRIu64)                            \
    X(DELAY, -5010, 400, "pub.delay exceeding the maximum")                                        \
    X(BODY_LENGTH, -5011, 400, "read bodylen failed, unexpected EOF")                              \
    X(BODY_SHORT, -5012, 400, "read body failed, unexpected EOF")                                  \
    X(BODY_LIMIT, -5013, 413, "body exceeding the maximum of %" PRIu64 " bytes")                   \
    X(LINE_LIMIT, -5014, 413, "line exceeding the maximum of %" PRIu64 " bytes")                   \
    X(COMMAND_UNKNOWN, -5015, 400, "unknown command")                                              \
    X(DATA_EMPTY, -5016, 400, "data is empty")                                                     \
    X(JSON, -5017, 400, "%s")                                                                      \
    X(IN_FLIGHT_LIMIT, -5018, 429, "too many messages wait for their ack")                         \
    X(TOPIC_LIMIT, -5019, 429, "too many topics")                                                  \
    X(MEMORY_LIMIT, -5020, 503, "memory limit reached")                                            \
    X(DISK_FULL, -5021, 507, "disk full")                                                          \
    X(READ_ONLY, -5022, 503, "node is read-only: %s")                                              \
    X(UNREADABLE, -5023, 500, "message is unreadable")                                             \
    X(STOPPING, -5024, 503, "node is stopping")                                                    \
    X(DELAY_NEGATIVE, -5025, 400, "delay must not be negative")                                    \
    X(DISK_LIMIT, -5026, 507, "disk full: %s")                                                     \
    X(WAIT, -5040, 400, "wait must be 0 to 60 seconds")                                            \
    X(TOPIC_LIST, -5041, 400, "a list has 1 to 16 topics")                                         \
    X(MESSAGE_UNKNOWN, -5042, 404, "no message with this id is here")                              \
    X(MESSAGE_STATE, -5043, 409, "the message is %s")                                              \
    X(TOPIC_EXISTS, -5044, 409, "topic exists already")                                            \
    X(TOPIC_PAUSED, -5045, 409, "topic is paused")                                                 \
    X(TOPIC_FULL, -5046, 429, "topic is full: %s")                                                 \
    X(VALUE, -5047, 400, "%s")                                                                     \
    X(CURSOR, -5048, 400, "cursor is not of this list, or of an earlier life of the node")         \
    X(JOB_UNKNOWN, -5049, 404, "no such job")                                                      \
    X(JOB_LIMIT, -5050, 429, "too many jobs are running")                                          \
    X(DEDUP_MISMATCH, -5051, 422, "the key was used for another message")                          \
    X(CLIENT_NAME, -5052, 400, "client name is invalid: 1 to 64 bytes of UTF-8 without control bytes") \
    X(HEADERS, -5053, 400, "headers are invalid: %s")                                              \
    X(OPERATION_UNKNOWN, -5054, 404, "unknown operation")                                          \
    X(METHOD, -5055, 405, "method not allowed")                                                    \
    X(KEY, -5056, 400, "key is invalid: 1 to 128 bytes of UTF-8 without control bytes")            \
    X(NOT_FOUND, -5057, 404, "nothing is here")                                                    \
    X(CONTENT_TYPE, -5070, 415, "the body must be %s")                                             \
    X(REQUEST, -5072, 400, "the request is no good HTTP")                                          \
    X(FOREIGN, -5073, 403, "pages of other origins change nothing here")                           \
    X(STREAM_LIMIT, -5074, 503, "too many streams of events")                                      \
    X(LOGIN_NEEDED, -5080, 401, "log in first")                                                    \
    X(BAD_LOGIN, -5081, 401, "name or password is wrong")                                          \
    X(TOO_MANY_LOGINS, -5082, 429, "too many logins: wait %" PRIu64 " s")                          \
    X(ROLE, -5083, 403, "this needs the role admin")                                               \
    X(HOST, -5084, 421, "the server is not known under this name")                                       \
    X(USER_UNKNOWN, -5085, 404, "no such user")                                                    \
    X(USER_EXISTS, -5086, 409, "the name is taken")                                                \
    X(LAST_ADMIN, -5087, 409, "nobody else is an admin")                                           \
    X(USER_LIMIT, -5088, 429, "too many users")                                                    \
    X(USER_NAME, -5089, 400,                                                                       \
      "a name is 1 to 64 bytes of UTF-8 without control bytes, blanks, : / \" and \\")             \
    X(PASSWORD, -5090, 400, "a password is 8 to 128 bytes of UTF-8 without control bytes")         \
    X(AUTH_OFF, -5091, 409, "there are no users: gweb runs with auth=off")                         \
    X(NODE_UNKNOWN, -5092, 404, "no such node in the registry")                                    \
    X(NODE_DOWN, -5093, 502, "the node cannot be reached")                                         \
    X(NODE_SLOW, -5094, 504, "the node did not answer in time")                                    \
    X(REGISTRY_DOWN, -5095, 502, "no registry can be reached")                                     \
    X(REGISTRY_REFUSED, -5096, 409, "the registry refused: %s")                                    \
    X(ANSWER_LIMIT, -5097, 502, "the node's answer is too long: ask for less at a time")           \
    X(BUSY, -5098, 503, "too many calls to nodes are under way")

enum gmq_err {
#define X(name, code, status, text) GMQ_E_##name = (code),
    ERR_TABLE(X)
#undef X
};

/* The text of `err` as it stands in the table, or "unknown error"; never NULL, valid for ever. */
const char *err_text(int err);

/* Its name, "NO_MESSAGE": what /api/v1 calls it; "INTERNAL" for a value outside the table. */
const char *err_name(int err);

/* The HTTP status that /api/v1 answers for `err`; 500 for a value outside the table. */
int err_http_status(int err);

#endif
