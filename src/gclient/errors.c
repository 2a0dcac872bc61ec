/* errors.c - gclient errors, and what to do about each error; see errors.h. SPDX-License-Identifier: MIT */
#include "gclient/errors.h"

#include "base/err.h"
#include "base/num.h"
#include "gclient/command.h"
#include "gclient/out.h"

#include <stdio.h>
#include <strings.h>

const struct error_row ERROR_ROWS[] = {
#define X(name, code, status, text) {#name, (code), (status), text},
    ERR_TABLE(X)
#undef X
    {"ERR_ARGUMENT", GMQ_ERR_ARGUMENT, 0, NULL},
    {"ERR_MEMORY", GMQ_ERR_MEMORY, 0, NULL},
    {"ERR_ADDRESS", GMQ_ERR_ADDRESS, 0, NULL},
    {"ERR_CONNECT", GMQ_ERR_CONNECT, 0, NULL},
    {"ERR_TIMEOUT", GMQ_ERR_TIMEOUT, 0, NULL},
    {"ERR_CLOSED", GMQ_ERR_CLOSED, 0, NULL},
    {"ERR_UNKNOWN_OUTCOME", GMQ_ERR_UNKNOWN_OUTCOME, 0, NULL},
    {"ERR_PROTOCOL", GMQ_ERR_PROTOCOL, 0, NULL},
    {"ERR_TOO_BIG", GMQ_ERR_TOO_BIG, 0, NULL},
    {"ERR_NO_MESSAGE", GMQ_ERR_NO_MESSAGE, 0, NULL},
    {"ERR_NOT_FOUND", GMQ_ERR_NOT_FOUND, 0, NULL},
    {"ERR_REFUSED", GMQ_ERR_REFUSED, 0, NULL},
    {"ERR_FULL", GMQ_ERR_FULL, 0, NULL},
    {"ERR_STATE", GMQ_ERR_STATE, 0, NULL},
    {"ERR_NO_NODES", GMQ_ERR_NO_NODES, 0, NULL},
    {"ERR_REGISTRY", GMQ_ERR_REGISTRY, 0, NULL},
};
const size_t ERROR_ROWS_COUNT = ARRAY_LEN(ERROR_ROWS);

static const struct {
    const char *name, *hint;
} hints[] = {
    {"NO_MESSAGE", "Nothing is ready. Delayed messages come when they are due, popped ones when their lease is over: "
                   "see gclient stat TOPIC. Ask again later."},
    {"TOPIC_EMPTY", "Name a topic."},
    {"TOPIC_UNKNOWN", "Nothing was pushed to this topic on this node. Check its spelling and the node: "
                      "gclient topics."},
    {"TOPIC_NAME", "Choose another name: 1 to 128 bytes, no blanks, no / and no \"."},
    {"ID_EMPTY", "Give the id that pop printed."},
    {"ID_UNKNOWN", "The message is not in flight: it was acked before, or its time to run has passed and it will be "
                   "delivered again. Work faster, or raise msg_ttr. Ack on the node that it was popped from."},
    {"NUM_EMPTY", "Give how many messages are wanted, at least 1."},
    {"PARAMS", "A word of the request is missing or too many: see docs/protocol-tcp.md."},
    {"BATCH_COUNT", "Send at least one message."},
    {"BATCH_LIMIT", "Send smaller batches, or raise max_batch on the node."},
    {"DELAY", "Give at most max_delay seconds: 3 days unless the node says otherwise."},
    {"BODY_LENGTH", "The connection ended inside a request. The client must send the length and the body whole."},
    {"BODY_SHORT", "The connection ended inside a body. The length that was sent does not fit the body."},
    {"BODY_LIMIT", "Keep large things elsewhere and push where they are, or raise max_message on the node."},
    {"LINE_LIMIT", "The request's first line is too long, or not a request of this protocol at all."},
    {"COMMAND_UNKNOWN", "The node does not know this command: is it an original or an older one, or is the port "
                        "that of another service?"},
    {"DATA_EMPTY", "POST the form field data, with the message as JSON in it."},
    {"JSON", "Mend the JSON of the request; the text says where it is wrong."},
    {"IN_FLIGHT_LIMIT", "Ack, or wait until leases are over. Too many messages were popped and not acked: look for "
                        "consumers that hang."},
    {"TOPIC_LIMIT", "Use fewer topics, or raise the limit of topics on the node. Names with an id or a date in "
                    "them make a topic each."},
    {"MEMORY_LIMIT", "Pop and ack until it has room again, or raise the memory limits of the node."},
    {"DISK_FULL", "Free space on the node's disk. Pops and acks go on, and pushes too as soon as there is room."},
    {"READ_ONLY", "The disk of the node failed; its log says how. Mend or replace it, then start the node again: "
                  "what was answered is safe."},
    {"UNREADABLE", "The record of this message is damaged on disk; it is a dead letter now. Run gnode --check."},
    {"STOPPING", "The node is being stopped. Try again, or another node."},
    {"DELAY_NEGATIVE", "Give a delay of 0 or more seconds."},
    {"DISK_LIMIT", "The data directory is at its limit. Pop and ack, free space, or raise the limit that it names."},
    {"WAIT", "Wait at most 60 seconds, and ask again."},
    {"TOPIC_LIST", "Name 1 to 16 topics."},
    {"MESSAGE_UNKNOWN", "Check the id and the node: a message is where it was pushed. One that is gone is known as "
                        "long as the log of its time is kept, see history_keep."},
    {"MESSAGE_STATE", "The operation is not possible in this state, or another client was faster."},
    {"TOPIC_EXISTS", "Choose another name, or change its settings: gclient topic set."},
    {"TOPIC_PAUSED", "Somebody paused it: gclient topic show TOPIC says until when, gclient resume TOPIC ends it."},
    {"TOPIC_FULL", "Consume faster, or raise the limit of the topic: gclient topic set."},
    {"VALUE", "Correct the value; the text says what it may be."},
    {"CURSOR", "Begin again without a cursor."},
    {"JOB_UNKNOWN", "Jobs are known until the node ends, the newest 100 of them: gclient jobs."},
    {"JOB_LIMIT", "Wait for one to end, or cancel one: gclient jobs."},
    {"DEDUP_MISMATCH", "The same key must come with the same message. Use a new key for a new message."},
    {"CLIENT_NAME", "Choose another name."},
    {"HEADERS", "Mend the headers of the message; the text says what is wrong."},
    {"OPERATION_UNKNOWN", "Is the node an older one? docs/protocol-tcp.md lists the operations."},
    {"METHOD", "See /api/openapi.yaml of the node for what the path takes."},
    {"KEY", "Choose another key."},
    {"NOT_FOUND", "See /api/openapi.yaml of the node for what there is."},
    {"CONTENT_TYPE", "Send the body as the Content-Type that the text names."},
    {"REQUEST", "Mend the request: the text says what is wrong."},
    {"FOREIGN", "Ask from a program, or from a page of the node's own address: docs/protocol-http.md."},
    {"STREAM_LIMIT", "So many clients follow the events already: end one, or ask for the figures by topic.list."},
    {"LOGIN_NEEDED", "This is gweb, not a node: log in at its page first."},
    {"BAD_LOGIN", "Try again. Who has forgotten the password: gweb -set_password NAME sets another one."},
    {"TOO_MANY_LOGINS", "Somebody tried too many passwords from this address or for this name. Wait, then try again."},
    {"ROLE", "Viewers only look. Ask an admin to do it, or to make you one."},
    {"HOST", "Ask it under its address, or under a name that it is told to be known by: http_hosts of a node."},
    {"USER_UNKNOWN", "See the list of users on the page Settings."},
    {"USER_EXISTS", "Choose another name, or change that user."},
    {"LAST_ADMIN", "Make somebody else an admin first."},
    {"USER_LIMIT", "Delete users that are not needed any more."},
    {"USER_NAME", "Choose another name: 1 to 64 bytes, no blanks, no : / \" and \\."},
    {"PASSWORD", "Choose one of 8 to 128 bytes. Long ones of several words are the best."},
    {"AUTH_OFF", "Start gweb with auth=on to have users."},
    {"NODE_UNKNOWN", "Only nodes that the registry lists are asked: see gclient nodes."},
    {"NODE_DOWN", "See whether the node runs, and whether gweb can reach the address that it reports."},
    {"NODE_SLOW", "The node may be busy or its disk slow: see gclient node. Ask again."},
    {"REGISTRY_DOWN", "See whether the registry runs, and gweb's register_addr."},
    {"REGISTRY_REFUSED", "The text says why: ids and addresses must be free, and the node must answer."},
    {"ANSWER_LIMIT", "Ask for less at a time: a smaller limit, or only the first bytes of bodies."},
    {"BUSY", "Pages have too many calls under way. Ask again in a second."},
    {"ERR_ARGUMENT", "Nothing was sent. Look at the limits in gmq.h."},
    {"ERR_MEMORY", "The client has no memory. Use smaller batches or fewer connections."},
    {"ERR_ADDRESS", "Write HOST:PORT, [V6]:PORT or :PORT, and check that the name can be resolved."},
    {"ERR_CONNECT", "Is the node running, and is this its address? gclient check node; gclient context show."},
    {"ERR_TIMEOUT", "The node is there but slow or unreachable. The request may be repeated. See gclient latency."},
    {"ERR_CLOSED", "The node went away. The request may be repeated."},
    {"ERR_UNKNOWN_OUTCOME", "Repeat it and a message may be there twice; do not, and it may be missing. Consumers that "
                            "can bear a message twice make the first choice safe."},
    {"ERR_PROTOCOL", "This is another service, or its HTTP port was given for its TCP port."},
    {"ERR_TOO_BIG", "Ask for fewer messages at once, or push smaller ones."},
    {"ERR_NO_MESSAGE", "Nothing is ready. Ask again later."},
    {"ERR_NOT_FOUND", "The message is not in flight, or the topic is not there."},
    {"ERR_REFUSED", "The text of the node says why: look that up."},
    {"ERR_FULL", "Call gmq_read() before the next request."},
    {"ERR_STATE", "Read all replies of the pipeline first."},
    {"ERR_NO_NODES", "Start a node that registers here (-register_addr), or wait: one that failed is tried again."},
    {"ERR_REGISTRY", "Is the registry running, and is this its address? Nodes work without it."},
};

const char *error_hint(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(hints); i++)
        if (strcmp(hints[i].name, name) == 0)
            return hints[i].hint;
    return NULL;
}

bool error_is(const struct error_row *row, const char *word)
{
    static const char *const prefixes[] = {"GMQ_E_", "GMQ_"};
    int64_t code;

    if (num_parse_i64(slice_str(word), &code))
        return code == row->code || code == -row->code;
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
        if (strncasecmp(word, prefixes[i], strlen(prefixes[i])) == 0) {
            word += strlen(prefixes[i]);
            break;
        }
    return strcasecmp(word, row->name) == 0;
}

bool error_text(const struct error_row *row, struct buf *out)
{
    const char *text = row->text ? row->text : gmq_strerror(row->code);

    for (size_t at = 0; text[at] != '\0';) {
        size_t plain = strcspn(text + at, "%");
        if (!buf_append(out, text + at, plain))
            return false;
        at += plain;
        if (text[at] == '\0')
            break;
        bool is_text = text[at + 1] == 's';
        at += is_text ? 2 : strlen("%" PRIu64);
        if (!buf_append_str(out, is_text ? "..." : "N"))
            return false;
    }
    return true;
}

bool error_says(const struct error_row *row, const char *word)
{
    struct buf text;

    buf_init(&text, ERROR_TEXT_BYTES_MAX);
    bool says = word[0] != '\0' && error_text(row, &text) && buf_append(&text, "", 1) &&
                (strcasestr(buf_data(&text), word) || strcasestr(row->name, word));
    buf_free(&text);
    return says;
}

static bool row_as_json(struct buf *line, const struct error_row *row, const char *text)
{
    const char *hint = error_hint(row->name);

    return buf_append_str(line, "{") && out_append_member(line, "name", row->name) &&
           buf_printf(line, ",\"code\":%d,\"http_status\":", row->code) &&
           (row->http_status != 0 ? buf_printf(line, "%d,", row->http_status) : buf_append_str(line, "null,")) &&
           out_append_member(line, "text", text) && buf_append_str(line, ",") &&
           out_append_member(line, "hint", hint ? hint : "") && buf_append_str(line, "}");
}

static bool row_as_text(struct buf *line, const struct error_row *row, const char *text)
{
    const char *hint = error_hint(row->name);

    return buf_printf(line, "%s  %d\n  text  %s\n", row->name, row->code, text) &&
           (row->http_status == 0 || buf_printf(line, "  http  %d\n", row->http_status)) &&
           buf_printf(line, "  do    %s", hint ? hint : "-");
}

static bool print_row(const struct error_row *row, bool json, bool whole)
{
    struct buf line, text;

    buf_init(&line, ERROR_TEXT_BYTES_MAX * 8);
    buf_init(&text, ERROR_TEXT_BYTES_MAX);
    bool made = error_text(row, &text) && buf_append(&text, "", 1);
    if (made && json)
        made = row_as_json(&line, row, buf_data(&text));
    else if (made && whole)
        made = row_as_text(&line, row, buf_data(&text));
    else if (made)
        made = buf_printf(&line, "%6d  %-20s %s", row->code, row->name, buf_data(&text));
    buf_free(&text);
    return out_line(&line, made);
}

int errors_run(const struct job *job)
{
    const char *word = job->word_count > 0 ? job->words[0] : NULL;
    bool exact = false, found = false;

    for (size_t i = 0; i < ERROR_ROWS_COUNT && word; i++)
        exact = exact || error_is(&ERROR_ROWS[i], word);
    for (size_t i = 0; i < ERROR_ROWS_COUNT; i++) {
        const struct error_row *row = &ERROR_ROWS[i];
        if (word && !(exact ? error_is(row, word) : error_says(row, word)))
            continue;
        found = true;
        if (!print_row(row, job->values.json, word != NULL))
            return out_error(EXIT_FAILED, "standard output cannot be written");
    }
    return found ? EXIT_OK : out_error(EXIT_NOT_FOUND, "no error is called '%s' or says so; try: gclient errors", word);
}
