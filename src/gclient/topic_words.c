/* topic_words.c - see topic_words.h. SPDX-License-Identifier: MIT */
#include "gclient/topic_words.h"

#include "base/num.h"
#include "base/topic_settings.h"
#include "gclient/flags.h"

#include <inttypes.h>
#include <stdio.h>

enum { PART_BYTES_MAX = 4096 };

static bool is_default(const char *word) { return strcmp(word, "default") == 0; }

static bool fail(char *error, const char *flag, const char *word, const char *what)
{
    (void)snprintf(error, TOPIC_WORDS_ERROR_BYTES, "--%s: '%.60s' is no %s", flag, word, what);
    return false;
}

enum kind { A_TIME, A_NUMBER, A_SIZE };

static bool read_word(enum kind kind, const char *word, uint64_t *ret)
{
    switch (kind) {
    case A_TIME:
        return flags_parse_time(slice_str(word), ret);
    case A_SIZE:
        return num_parse_bytes(slice_str(word), ret);
    case A_NUMBER:
    default:
        return num_parse_u64(slice_str(word), ret);
    }
}

static const char *const KIND_WORDS[] = {"time, nor default", "number, nor default", "size, nor default"};

/* A setting of one number. */
static bool add_one(struct ask *ask, enum kind kind, const char *key, const char *flag, const char *word, char *error)
{
    uint64_t number;

    if (!word)
        return true;
    if (is_default(word)) {
        ask_json(ask, key, "null");
        return true;
    }
    if (!read_word(kind, word, &number))
        return fail(error, flag, word, KIND_WORDS[kind]);
    ask_number(ask, key, number);
    return true;
}

/* ---- retry ------------------------------------------------------------------------------------------------------- */

static bool put_delays(struct buf *out, const char *words, char *error)
{
    bool fits = buf_append_str(out, ",\"delays_ms\":[");

    for (size_t n = 0; fits; n++) {
        size_t len = strcspn(words, ",");
        uint64_t ms;
        if (n == RETRY_DELAYS_MAX || !flags_parse_time(slice_of(words, len), &ms))
            return fail(error, "delays", words, "list of up to 16 times");
        fits = buf_printf(out, "%s%" PRIu64, n > 0 ? "," : "", ms);
        if (words[len] == '\0')
            break;
        words += len + 1;
    }
    return fits && buf_append_str(out, "]");
}

static bool put_retry(struct buf *out, const struct topic_words *words, char *error)
{
    uint64_t number;

    if (words->retry && !buf_printf(out, ",\"kind\":\"%s\"", words->retry))
        return false;
    if (words->delays && !put_delays(out, words->delays, error))
        return false;
    if (words->cap) {
        if (!flags_parse_time(slice_str(words->cap), &number))
            return fail(error, "cap", words->cap, "time");
        if (!buf_printf(out, ",\"cap_ms\":%" PRIu64, number))
            return false;
    }
    if (words->jitter) {
        if (!num_parse_u64(slice_str(words->jitter), &number) || number > 100)
            return fail(error, "jitter", words->jitter, "number from 0 to 100");
        if (!buf_printf(out, ",\"jitter_percent\":%" PRIu64, number))
            return false;
    }
    return true;
}

/* The members in `out`, each behind a comma, become the object `key`; frees `out`. */
static bool add_object(struct ask *ask, const char *key, struct buf *out, bool good)
{
    if (good && buf_append(out, "}", 2)) {
        buf_data(out)[0] = '{';
        ask_json(ask, key, buf_data(out));
    } else {
        good = false;
    }
    buf_free(out);
    return good;
}

static bool add_retry(struct ask *ask, const struct topic_words *words, char *error)
{
    struct buf out;

    if (words->retry && is_default(words->retry)) {
        ask_json(ask, "retry", "null");
        return true;
    }
    if (words->retry && !words->delays && strcmp(words->retry, "at_once") != 0) {
        (void)snprintf(error, TOPIC_WORDS_ERROR_BYTES, "--retry %s wants --delays with it", words->retry);
        return false;
    }
    if (!words->retry && !words->delays && !words->cap && !words->jitter)
        return true;
    buf_init(&out, PART_BYTES_MAX);
    return add_object(ask, "retry", &out, put_retry(&out, words, error));
}

/* ---- limits ------------------------------------------------------------------------------------------------------ */

static bool put_limit(struct buf *out, enum kind kind, const char *key, const char *flag, const char *word, char *error)
{
    uint64_t number;

    if (!word)
        return true;
    if (is_default(word))
        return buf_printf(out, ",\"%s\":null", key);
    if (!read_word(kind, word, &number))
        return fail(error, flag, word, KIND_WORDS[kind]);
    return buf_printf(out, ",\"%s\":%" PRIu64, key, number);
}

static bool add_limits(struct ask *ask, const struct topic_words *words, char *error)
{
    struct buf out;

    if (!words->max_messages && !words->max_bytes && !words->max_age && !words->over)
        return true;
    buf_init(&out, PART_BYTES_MAX);
    bool good = put_limit(&out, A_NUMBER, "messages", "max-messages", words->max_messages, error) &&
                put_limit(&out, A_SIZE, "bytes", "max-bytes", words->max_bytes, error) &&
                put_limit(&out, A_TIME, "age_ms", "max-age", words->max_age, error) &&
                (!words->over || buf_printf(&out, ",\"over\":\"%s\"", words->over));
    return add_object(ask, "limits", &out, good);
}

bool topic_words_add(struct ask *ask, const struct topic_words *words,
                     char ret_error[TOPIC_WORDS_ERROR_BYTES])
{
    (void)snprintf(ret_error, TOPIC_WORDS_ERROR_BYTES, "no memory");
    if (!add_one(ask, A_TIME, "ttr_ms", "ttr", words->ttr, ret_error) ||
        !add_one(ask, A_NUMBER, "max_retries", "max-retries", words->max_retries, ret_error) ||
        !add_one(ask, A_TIME, "idle_ms", "idle", words->idle, ret_error))
        return false;
    if (words->auto_ack)
        ask_is(ask, "auto_ack", strcmp(words->auto_ack, "on") == 0);
    return add_retry(ask, words, ret_error) && add_limits(ask, words, ret_error);
}
