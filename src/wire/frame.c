/* frame.c - see frame.h. SPDX-License-Identifier: MIT */
#include "wire/frame.h"

#include "base/bytes.h"
#include "base/err.h"
#include "base/num.h"

/* The command, its three parameters, an optional word; one more tells that there are too many. */
enum { WORDS_MAX = 6 };

/* slice_is() against a literal, whose length the compiler knows. */
#define IS(word, text) ((word).len == sizeof(text) - 1 && memcmp((word).ptr, (text), sizeof(text) - 1) == 0)

struct words {
    struct slice at[WORDS_MAX];
    size_t count; /* WORDS_MAX: that many or more */
};

/* Where a parser stands: the whole input, and how much of it the line took. */
struct input {
    struct slice all;
    size_t line_bytes;
    bool eof;
};

static size_t fail(const struct input *in, struct frame *ret, int err, uint64_t number)
{
    ret->err = err;
    ret->err_number = number;
    ret->close = true;
    return in->line_bytes;
}

static size_t fail_params(const struct input *in, struct frame *ret, const char *word)
{
    ret->err_word = word;
    return fail(in, ret, GMQ_E_PARAMS, 0);
}

/* More bytes are needed, `need` in all; when none will come the request is cut off and `err` is its answer. */
static size_t cut_off(const struct input *in, struct frame *ret, size_t need, int err)
{
    if (in->eof) {
        (void)fail(in, ret, err, 0);
        return in->all.len;
    }
    ret->need = need;
    return 0;
}

static void split(struct slice line, struct words *words)
{
    const char *p = line.ptr, *end = line.ptr + line.len;
    size_t count = 0;

    for (;; p++) {
        const char *from = p;
        while (p != end && *p != ' ')
            p++;
        words->at[count++] = slice_of(from, (size_t)(p - from));
        if (p == end || count == WORDS_MAX)
            break;
    }
    words->count = count;
}

static size_t parse_pub(const struct frame_limits *limits, const struct input *in, const struct words *words,
                        struct frame *ret)
{
    size_t at = in->line_bytes;

    if (words->count != 3)
        return fail_params(in, ret, "pub");
    ret->cmd.kind = CMD_PUSH;
    ret->cmd.topic = words->at[1];
    ret->cmd.delay_s = num_go_atoi(words->at[2]);
    if (ret->cmd.delay_s > 0 && (uint64_t)ret->cmd.delay_s > limits->delay_s_max)
        return fail(in, ret, GMQ_E_DELAY, 0);
    if (in->all.len - at < 4)
        return cut_off(in, ret, at + 4, GMQ_E_BODY_LENGTH);
    size_t len = get_be32(in->all.ptr + at);
    at += 4;
    if (len > limits->body_bytes_max)
        return fail(in, ret, GMQ_E_BODY_LIMIT, limits->body_bytes_max);
    if (in->all.len - at < len)
        return cut_off(in, ret, at + len, GMQ_E_BODY_SHORT);
    ret->cmd.body = slice_of(in->all.ptr + at, len);
    if (ret->cmd.delay_s < 0)
        ret->err = GMQ_E_DELAY_NEGATIVE;
    return at + len;
}

/* Walks over the items; the batch is whole, or refused whole. */
static size_t parse_items(const struct frame_limits *limits, const struct input *in, struct frame *ret)
{
    size_t at = in->line_bytes, bodies = 0;
    bool late = false;

    for (uint32_t left = ret->cmd.count; left > 0; left--) {
        size_t heads = (size_t)left * CMD_ITEM_HEADER_BYTES;
        if (in->all.len - at < CMD_ITEM_HEADER_BYTES)
            return cut_off(in, ret, at + heads, GMQ_E_BODY_LENGTH);
        size_t len = get_be32(in->all.ptr + at + 4);
        if (len > limits->body_bytes_max - bodies)
            return fail(in, ret, GMQ_E_BODY_LIMIT, limits->body_bytes_max);
        late |= get_be32(in->all.ptr + at) > limits->delay_s_max;
        bodies += len;
        if (in->all.len - at - CMD_ITEM_HEADER_BYTES < len)
            return cut_off(in, ret, at + heads + len, GMQ_E_BODY_SHORT);
        at += CMD_ITEM_HEADER_BYTES + len;
    }
    ret->cmd.body = slice_of(in->all.ptr + in->line_bytes, at - in->line_bytes);
    if (late)
        ret->err = GMQ_E_DELAY;
    return at;
}

/* The COUNT of an mpub, or of a mack and its like: 0, or the error that it is. */
static int check_count(const struct frame_limits *limits, struct slice word, struct frame *ret)
{
    int64_t count = num_go_atoi(word);

    if (count <= 0)
        return GMQ_E_BATCH_COUNT;
    if (count > (int64_t)limits->batch_count_max)
        return GMQ_E_BATCH_LIMIT;
    ret->cmd.count = (uint32_t)count;
    return 0;
}

static size_t parse_mpub(const struct frame_limits *limits, const struct input *in, const struct words *words,
                         struct frame *ret)
{
    bool ids = words->count == 4 && IS(words->at[3], "ids");

    if (words->count != 3 && !ids)
        return fail_params(in, ret, "pub");
    int err = check_count(limits, words->at[2], ret);
    if (err)
        return fail(in, ret, err, err == GMQ_E_BATCH_LIMIT ? limits->batch_count_max : 0);
    ret->cmd.kind = CMD_MPUSH;
    ret->cmd.flags = ids ? CMD_F_IDS : 0;
    ret->cmd.topic = words->at[1];
    return parse_items(limits, in, ret);
}

/* pop, dead: `count` words, and "bin" may follow. */
static bool check_binary(const struct words *words, size_t count, struct frame *ret)
{
    if (words->count == count)
        return true;
    ret->cmd.flags = CMD_F_BINARY;
    return words->count == count + 1 && IS(words->at[count], "bin");
}

static size_t parse_pop(const struct input *in, const struct words *words, struct frame *ret)
{
    if (!check_binary(words, 2, ret))
        return fail_params(in, ret, "pop");
    ret->cmd.kind = CMD_POP;
    ret->cmd.topic = words->at[1];
    return in->line_bytes;
}

static size_t parse_ack(const struct input *in, const struct words *words, struct frame *ret)
{
    if (words->count != 3)
        return fail_params(in, ret, "ack");
    ret->cmd.kind = CMD_ACK;
    ret->cmd.id = (uint64_t)num_go_atoi(words->at[1]);
    ret->cmd.topic = words->at[2];
    return in->line_bytes;
}

static size_t parse_dead(const struct input *in, const struct words *words, struct frame *ret)
{
    if (!check_binary(words, 3, ret))
        return fail_params(in, ret, "dead");
    ret->cmd.kind = CMD_DEAD;
    ret->cmd.topic = words->at[1];
    ret->cmd.number = num_go_atoi(words->at[2]);
    return in->line_bytes;
}

static size_t parse_set(const struct input *in, const struct words *words, struct frame *ret)
{
    if (words->count != 3)
        return fail_params(in, ret, "ack"); /* sic: the original says "ack" here */
    ret->cmd.kind = CMD_SET;
    ret->cmd.topic = words->at[1];
    ret->cmd.number = num_go_atoi(words->at[2]);
    return in->line_bytes;
}

static size_t parse_wpop(const struct input *in, const struct words *words, struct frame *ret)
{
    if (words->count != 4)
        return fail_params(in, ret, "wpop");
    ret->cmd.kind = CMD_WPOP;
    ret->cmd.flags = CMD_F_BINARY | CMD_F_LIST;
    ret->cmd.topic = words->at[1];
    ret->cmd.wait_ms = num_go_atoi(words->at[2]);
    ret->cmd.number = num_go_atoi(words->at[3]);
    return in->line_bytes;
}

/* The COUNT ids of a mack and its like. */
static size_t parse_ids(const struct frame_limits *limits, const struct input *in, const struct words *words,
                        enum cmd_kind kind, struct frame *ret)
{
    int err = check_count(limits, words->at[2], ret);
    if (err)
        return fail(in, ret, err, err == GMQ_E_BATCH_LIMIT ? limits->batch_count_max : 0);
    size_t at = in->line_bytes, len = (size_t)ret->cmd.count * CMD_ID_BYTES;
    if (in->all.len - at < len)
        return cut_off(in, ret, at + len, GMQ_E_BODY_SHORT);
    ret->cmd.kind = kind;
    ret->cmd.topic = words->at[1];
    ret->cmd.body = slice_of(in->all.ptr + at, len);
    return at + len;
}

static size_t parse_mack(const struct frame_limits *limits, const struct input *in, const struct words *words,
                         struct frame *ret)
{
    if (words->count != 3)
        return fail_params(in, ret, "mack");
    return parse_ids(limits, in, words, CMD_MACK, ret);
}

static struct cmd_args *give_args(struct frame *ret)
{
    ret->args = (struct cmd_args){.delay_ms = CMD_NOT_GIVEN};
    ret->cmd.args = &ret->args;
    ret->cmd.flags = CMD_F_PLAIN;
    return &ret->args;
}

static size_t parse_nack(const struct frame_limits *limits, const struct input *in, const struct words *words,
                         struct frame *ret)
{
    bool no_retry = words->count == 5 && IS(words->at[4], "noretry");

    if (words->count != 4 && !no_retry)
        return fail_params(in, ret, "nack");
    int64_t delay_ms = num_go_atoi(words->at[3]);
    struct cmd_args *args = give_args(ret);
    args->delay_ms = delay_ms < 0 ? CMD_NOT_GIVEN : delay_ms;
    args->no_retry = no_retry;
    return parse_ids(limits, in, words, CMD_NACK, ret);
}

static size_t parse_touch(const struct frame_limits *limits, const struct input *in, const struct words *words,
                          struct frame *ret)
{
    if (words->count != 4)
        return fail_params(in, ret, "touch");
    give_args(ret)->ttr_ms = num_go_atoi(words->at[3]);
    return parse_ids(limits, in, words, CMD_TOUCH, ret);
}

static size_t parse_call(const struct frame_limits *limits, const struct input *in, const struct words *words,
                         struct frame *ret)
{
    size_t at = in->line_bytes, bytes_max = frame_call_bytes_max(limits);

    if (words->count != 2)
        return fail_params(in, ret, "call");
    if (in->all.len - at < 4)
        return cut_off(in, ret, at + 4, GMQ_E_BODY_LENGTH);
    size_t len = get_be32(in->all.ptr + at);
    at += 4;
    if (len > bytes_max)
        return fail(in, ret, GMQ_E_BODY_LIMIT, bytes_max);
    if (in->all.len - at < len)
        return cut_off(in, ret, at + len, GMQ_E_BODY_SHORT);
    ret->is_call = true;
    ret->name = words->at[1];
    ret->json = slice_of(in->all.ptr + at, len);
    return at + len;
}

static size_t parse_words(const struct frame_limits *limits, const struct input *in, const struct words *words,
                          struct frame *ret)
{
    struct slice name = words->at[0];

    if (IS(name, "pub"))
        return parse_pub(limits, in, words, ret);
    if (IS(name, "pop"))
        return parse_pop(in, words, ret);
    if (IS(name, "ack"))
        return parse_ack(in, words, ret);
    if (IS(name, "mpub"))
        return parse_mpub(limits, in, words, ret);
    if (IS(name, "dead"))
        return parse_dead(in, words, ret);
    if (IS(name, "set"))
        return parse_set(in, words, ret);
    if (IS(name, "wpop"))
        return parse_wpop(in, words, ret);
    if (IS(name, "mack"))
        return parse_mack(limits, in, words, ret);
    if (IS(name, "nack"))
        return parse_nack(limits, in, words, ret);
    if (IS(name, "touch"))
        return parse_touch(limits, in, words, ret);
    if (IS(name, "call"))
        return parse_call(limits, in, words, ret);
    ret->err = GMQ_E_COMMAND_UNKNOWN;
    return in->line_bytes;
}

size_t frame_parse(const struct frame_limits *limits, struct slice in, bool eof, struct frame *ret)
{
    size_t line_max = limits->line_bytes_max;
    size_t window = in.len > line_max && in.len - line_max > 2 ? line_max + 2 : in.len;
    struct input input = {.all = in, .line_bytes = in.len, .eof = eof};
    struct words words;

    ret->cmd = (struct cmd){.kind = CMD_PUSH};
    ret->is_call = false;
    ret->err = 0;
    ret->err_word = NULL;
    ret->err_number = 0;
    ret->close = false;
    ret->need = 0;
    const char *end = in.len > 0 ? memchr(in.ptr, '\n', window) : NULL;
    if (!end) {
        if (in.len > line_max && (in.len - line_max > 1 || in.ptr[line_max] != '\r'))
            return fail(&input, ret, GMQ_E_LINE_LIMIT, line_max);
        ret->close = eof;
        return eof ? in.len : 0;
    }
    struct slice line = slice_of(in.ptr, (size_t)(end - in.ptr));
    input.line_bytes = line.len + 1;
    if (line.len > 0 && line.ptr[line.len - 1] == '\r')
        line.len--;
    if (line.len > line_max)
        return fail(&input, ret, GMQ_E_LINE_LIMIT, line_max);
    split(line, &words);
    if (words.count < 2) {
        ret->close = true;
        return input.line_bytes;
    }
    return parse_words(limits, &input, &words, ret);
}
