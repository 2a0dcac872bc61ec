/*
 * gclient_fuzz.c - what gclient reads: files of contexts, GMQ_URL, unfinished command lines, and times
 *
 * The input is read as each of them. A context that is read has addresses without blanks; candidates begin with what
 * was typed; a URL becomes two addresses.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fuzz/fuzz.h"

#include "gclient/complete.h"
#include "gclient/context.h"
#include "gclient/flags.h"
#include "gclient/where.h"

#include <stdlib.h>

enum { WORDS_MAX = 64 };

static void fuzz_context(struct slice in)
{
    char why[CONTEXT_ERROR_BYTES] = "";
    struct context context;

    if (in.len > CONTEXT_FILE_BYTES)
        return;
    if (context_parse("f", in, &context, why) != 0) {
        ENSURE(why[0] != '\0' && !context.node);
        return;
    }
    ENSURE(context.node && context.http && context.registry && context.description);
    for (const char *c = context.node; *c != '\0'; c++)
        ENSURE((unsigned char)*c > ' ' && *c != 0x7f);
    context_free(&context);
}

static void fuzz_url(struct slice in)
{
    char node[WHERE_ADDR_BYTES], http[WHERE_ADDR_BYTES], *text = strndup(in.len > 0 ? in.ptr : "", in.len);

    ENSURE(text);
    if (where_read_url(text, node, http)) {
        ENSURE(strrchr(node, ':') && strlen(node) < sizeof(node));
        ENSURE(strlen(http) > 5 && strcmp(http + strlen(http) - 5, ":9504") == 0);
    }
    ENSURE(!context_name_ok(text) || (!strchr(text, '/') && text[0] != '.'));
    free(text);
}

static void topics(void *ctx, int count, char **words, void (*each)(void *to, const char *name), void *to)
{
    (void)ctx;
    ENSURE(count > 0 && words);
    each(to, "mail");
}

static void contexts(void *ctx, void (*each)(void *to, const char *name), void *to)
{
    (void)ctx;
    each(to, "live");
}

/* Words end at blanks and line ends. */
static void fuzz_words(struct slice in)
{
    static const struct complete_source source = {.topics = topics, .contexts = contexts};
    char *text = strndup(in.len > 0 ? in.ptr : "", in.len), *words[WORDS_MAX], *at = text;
    struct buf out;
    int count = 0;

    ENSURE(text);
    while (count < WORDS_MAX && (words[count] = strsep(&at, " \n")))
        count++;
    buf_init(&out, COMPLETE_BYTES_MAX);
    ENSURE(complete_words(&source, count, words, &out));
    if (buf_len(&out) > 0 && buf_data(&out)[0] != ':') {
        const char *last = count > 0 ? words[count - 1] : "";
        ENSURE(buf_len(&out) >= strlen(last) && memcmp(buf_data(&out), last, strlen(last)) == 0);
    }
    buf_free(&out);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = fuzz_copy(data, size);
    uint64_t ms;

    fuzz_context(in);
    fuzz_url(in);
    fuzz_words(in);
    if (flags_parse_time(in, &ms))
        ENSURE(in.len > 0);
    fuzz_free(in);
    return 0;
}
