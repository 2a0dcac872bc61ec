/* complete.c - see complete.h. SPDX-License-Identifier: MIT */
#include "gclient/complete.h"

#include "gclient/command.h"
#include "gclient/errors.h"
#include "gclient/out.h"
#include "gclient/where.h"

#include <stdio.h>
#include <stdlib.h>

/* One question: what begins with `prefix`. */
struct asking {
    const struct complete_source *source;
    int count;
    char **words;
    const char *prefix; /* what is typed of the candidate */
    const char *before; /* "--context=": stands before every candidate */
    struct buf *out;
    bool full;
};

static void offer(struct asking *asking, struct slice word, const char *remark)
{
    size_t len = strlen(asking->prefix);
    struct buf *out = asking->out;

    if (word.len < len || memcmp(word.ptr, asking->prefix, len) != 0)
        return;
    if (!buf_append_str(out, asking->before) || !buf_append(out, word.ptr, word.len) || !buf_append_str(out, "\t") ||
        !buf_append_str(out, remark) || !buf_append_str(out, "\n"))
        asking->full = true;
}

static void offer_topic(void *to, const char *name) { offer(to, slice_str(name), "topic"); }
static void offer_context(void *to, const char *name) { offer(to, slice_str(name), "context"); }

/* What stands for other words in the table. */
static void offer_names(struct asking *asking, struct slice kind)
{
    if (slice_is(kind, "TOPIC")) {
        asking->source->topics(asking->source->ctx, asking->count, asking->words, offer_topic, asking);
    } else if (slice_is(kind, "CONTEXT")) {
        asking->source->contexts(asking->source->ctx, offer_context, asking);
    } else if (slice_is(kind, "COMMAND")) {
        for (size_t i = 0; i < COMMANDS_COUNT; i++)
            offer(asking, slice_str(COMMANDS[i].name), COMMANDS[i].summary);
    } else if (slice_is(kind, "ERROR")) {
        for (size_t i = 0; i < ERROR_ROWS_COUNT; i++)
            offer(asking, slice_str(ERROR_ROWS[i].name), "error");
    } else if (slice_is(kind, "FILE")) {
        asking->full = asking->full || !buf_append_str(asking->out, ":files\n");
    }
}

static bool is_name(struct slice word)
{
    for (size_t i = 0; i < word.len; i++)
        if (word.ptr[i] < 'A' || word.ptr[i] > 'Z')
            return false;
    return true;
}

/* What the table calls a word or a value: "[TOPIC]", "on|off", "ID", "list|TOPIC". */
static void offer_kind(struct asking *asking, struct slice kind)
{
    struct slice word;

    if (kind.len >= 2 && kind.ptr[0] == '[' && kind.ptr[kind.len - 1] == ']')
        kind = slice_of(kind.ptr + 1, kind.len - 2);
    while (flags_next_choice(&kind, &word)) {
        if (is_name(word))
            offer_names(asking, word);
        else
            offer(asking, word, "");
    }
}

struct slice complete_kind(const char *words, size_t at)
{
    for (;; at--) {
        size_t len = strcspn(words, " "), dots = strlen("...");
        bool many = len > dots && memcmp(words + len - dots, "...", dots) == 0;
        if (at == 0 || words[len] == '\0')
            return slice_of(words, many ? len - dots : at == 0 ? len : 0);
        words += len + 1;
    }
}

static const struct flag *flag_of(const struct command *command, const char *word)
{
    const char *name = word + 1 + (word[1] == '-');
    size_t len = strcspn(name, "=");

    for (size_t i = 0; i < COMMAND_FLAGS_COUNT; i++)
        if ((COMMAND_FLAGS[i].commands & command->bit) != 0 && strlen(COMMAND_FLAGS[i].name) == len &&
            memcmp(COMMAND_FLAGS[i].name, name, len) == 0)
            return &COMMAND_FLAGS[i];
    return NULL;
}

static bool is_flag(const char *word) { return word[0] == '-' && word[1] != '\0'; }

static void offer_flags(struct asking *asking, const struct command *command)
{
    char word[64];

    for (size_t i = 0; i < COMMAND_FLAGS_COUNT; i++) {
        int len = snprintf(word, sizeof(word), "--%s", COMMAND_FLAGS[i].name);
        if ((COMMAND_FLAGS[i].commands & command->bit) != 0)
            offer(asking, slice_of(word, (size_t)len), COMMAND_FLAGS[i].help);
    }
    offer(asking, slice_str("--help"), "help with examples");
}

/* The last word stands behind a command. */
static void complete_behind(struct asking *asking, const struct command *command)
{
    const char *last = asking->words[asking->count - 1];
    bool words_only = false;
    size_t position = 0;

    for (int i = 1; i < asking->count - 1; i++) {
        const char *word = asking->words[i];
        if (words_only || !is_flag(word)) {
            position++;
        } else if (strcmp(word, "--") == 0) {
            words_only = true;
        } else {
            const struct flag *flag = flag_of(command, word);
            if (flag && flag->type != FLAG_SWITCH && !strchr(word, '=') && ++i == asking->count - 1) {
                offer_kind(asking, slice_str(flag->value));
                return;
            }
        }
    }
    if (words_only || last[0] != '-') {
        offer_kind(asking, complete_kind(command->words, position));
        return;
    }
    const char *equals = strchr(last, '=');
    const struct flag *flag = equals ? flag_of(command, last) : NULL;
    if (!equals) {
        offer_flags(asking, command);
    } else if (flag && flag->value) {
        char before[128];
        (void)snprintf(before, sizeof(before), "%.*s", (int)min_u64((size_t)(equals + 1 - last), 100), last);
        asking->before = before;
        asking->prefix = equals + 1;
        offer_kind(asking, slice_str(flag->value));
        asking->before = "";
    }
}

bool complete_words(const struct complete_source *source, int count, char **words, struct buf *out)
{
    struct asking asking = {.source = source, .count = count, .words = words, .before = "", .out = out};

    asking.prefix = count > 0 ? words[count - 1] : "";
    if (count <= 1) {
        offer_kind(&asking, slice_str("COMMAND"));
        return !asking.full;
    }
    const struct command *command = command_find(words[0]);
    if (command)
        complete_behind(&asking, command);
    return !asking.full;
}

/* The HTTP address that the unfinished command line points at; what cannot be read of it is passed over. */
static void node_topics(void *ctx, int count, char **words, void (*each)(void *to, const char *name), void *to)
{
    const struct command *command = command_find(words[0]);
    struct flags flags = {.table = COMMAND_FLAGS, .count = COMMAND_FLAGS_COUNT, .commands = FOR_HTTP | FOR_CONTEXT};
    struct flags_result result = {.words = calloc((size_t)count + 1, sizeof(char *))};
    char error[WHERE_ERROR_BYTES];
    struct gmq_topics topics;
    struct where where;

    (void)ctx;
    if (!result.words || !command) {
        free(result.words);
        return;
    }
    struct values values = command_defaults(command);
    for (int i = 1; i < count - 1; i++) {
        /* Flag by flag, so that one of another kind does not hide the others. */
        char *two[] = {words[0], words[i], i + 1 < count - 1 ? words[i + 1] : words[0]};
        result.word_count = 0;
        if (is_flag(words[i]) && !flags_read(&flags, 3, two, &values, &result))
            continue;
    }
    free(result.words);
    if (where_settle(&where, FOR_HTTP, &values, error) &&
        gmq_topics_get(values.http, COMPLETE_TIMEOUT_MS, &topics, NULL) == GMQ_OK) {
        for (size_t i = 0; i < topics.count; i++)
            each(to, topics.topics[i].name);
        gmq_topics_free(&topics);
    }
    where_free(&where);
}

static void own_contexts(void *ctx, void (*each)(void *to, const char *name), void *to)
{
    char dir[CONTEXT_PATH_BYTES], error[CONTEXT_ERROR_BYTES];
    struct context_list list;

    (void)ctx;
    if (!context_dir(getenv, dir) || context_names(dir, &list, error) != 0)
        return;
    for (size_t i = 0; i < list.count; i++)
        each(to, list.names[i]);
    free(list.names);
}

int complete_main(int count, char **words)
{
    static const struct complete_source source = {.topics = node_topics, .contexts = own_contexts};
    struct buf out;

    buf_init(&out, COMPLETE_BYTES_MAX);
    bool made = complete_words(&source, count, words, &out);
    bool written = made && fwrite(buf_len(&out) > 0 ? buf_data(&out) : "", 1, buf_len(&out), stdout) == buf_len(&out) &&
                   out_flush();
    buf_free(&out);
    return written ? EXIT_OK : EXIT_FAILED;
}
