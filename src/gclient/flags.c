/* flags.c - see flags.h. SPDX-License-Identifier: MIT */
#include "gclient/flags.h"

#include "base/num.h"

#include <stdio.h>

/* The longest unit first where one begins with another. */
static const struct {
    const char *name;
    uint64_t ms;
} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};

static bool take_unit(struct slice *text, uint64_t *ret_ms)
{
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        size_t len = strlen(units[i].name);
        if (text->len >= len && memcmp(text->ptr, units[i].name, len) == 0) {
            *text = slice_of(text->ptr + len, text->len - len);
            *ret_ms = units[i].ms;
            return true;
        }
    }
    return false;
}

bool flags_parse_time(struct slice text, uint64_t *ret_ms)
{
    uint64_t total = 0, number, unit;

    if (num_parse_u64(text, &number)) {
        *ret_ms = number * 1000;
        return number <= UINT64_MAX / 1000;
    }
    if (text.len == 0)
        return false;
    while (text.len > 0) {
        size_t digits = 0;
        while (digits < text.len && text.ptr[digits] >= '0' && text.ptr[digits] <= '9')
            digits++;
        if (!num_parse_u64(slice_of(text.ptr, digits), &number))
            return false;
        text = slice_of(text.ptr + digits, text.len - digits);
        if (!take_unit(&text, &unit) || number > (UINT64_MAX - total) / unit)
            return false;
        total += number * unit;
    }
    *ret_ms = total;
    return true;
}

static const struct flag *find_flag(const struct flags *flags, struct slice name)
{
    for (size_t i = 0; i < flags->count; i++)
        if ((flags->table[i].commands & flags->commands) != 0 && slice_is(name, flags->table[i].name))
            return &flags->table[i];
    return NULL;
}

static bool set_switch(const char *text, void *field)
{
    bool on = !text || strcmp(text, "true") == 0 || strcmp(text, "1") == 0;
    if (!on && strcmp(text, "false") != 0 && strcmp(text, "0") != 0)
        return false;
    memcpy(field, &on, sizeof(on));
    return true;
}

static bool set_number(const struct flag *flag, const char *text, void *field)
{
    int64_t number;

    if (!num_parse_i64(slice_str(text), &number) || number < flag->min || number > flag->max)
        return false;
    memcpy(field, &number, sizeof(number));
    return true;
}

static bool set_time(const struct flag *flag, const char *text, void *field)
{
    uint64_t ms;

    if (!flags_parse_time(slice_str(text), &ms) || ms < (uint64_t)flag->min || ms > (uint64_t)flag->max)
        return false;
    memcpy(field, &ms, sizeof(ms));
    return true;
}

static bool set_bytes(const struct flag *flag, const char *text, void *field)
{
    uint64_t bytes;

    if (!num_parse_bytes(slice_str(text), &bytes) || bytes < (uint64_t)flag->min || bytes > (uint64_t)flag->max)
        return false;
    memcpy(field, &bytes, sizeof(bytes));
    return true;
}

bool flags_next_choice(struct slice *list, struct slice *ret_word)
{
    if (list->len == 0)
        return false;
    const char *bar = memchr(list->ptr, '|', list->len);
    size_t len = bar ? (size_t)(bar - list->ptr) : list->len, taken = len + (bar ? 1 : 0);
    *ret_word = slice_of(list->ptr, len);
    *list = slice_of(list->ptr + taken, list->len - taken);
    return true;
}

static bool set_choice(const struct flag *flag, const char *text, void *field)
{
    struct slice list = slice_str(flag->value), word;

    while (flags_next_choice(&list, &word))
        if (slice_is(word, text)) {
            memcpy(field, &text, sizeof(text));
            return true;
        }
    return false;
}

static bool add_to_list(const char *text, void *field)
{
    struct flag_list list;

    memcpy(&list, field, sizeof(list));
    if (list.count == FLAG_LIST_MAX)
        return false;
    list.texts[list.count++] = text;
    memcpy(field, &list, sizeof(list));
    return true;
}

static bool set_flag(const struct flag *flag, const char *text, void *values)
{
    void *field = (char *)values + flag->offset;

    switch (flag->type) {
    case FLAG_SWITCH:
        return set_switch(text, field);
    case FLAG_NUMBER:
        return set_number(flag, text, field);
    case FLAG_TIME:
        return set_time(flag, text, field);
    case FLAG_BYTES:
        return set_bytes(flag, text, field);
    case FLAG_CHOICE:
        return set_choice(flag, text, field);
    case FLAG_LIST:
        return add_to_list(text, field);
    case FLAG_TEXT:
    default:
        memcpy(field, &text, sizeof(text));
        return true;
    }
}

static bool is_number(const char *word) { return word[0] == '-' && word[1] >= '0' && word[1] <= '9'; }

static bool is_help(struct slice name) { return slice_is(name, "h") || slice_is(name, "help"); }

/* The flag at argv[*at], without its dashes in `name`; moves *at over its value. */
static bool read_flag(const struct flags *flags, int argc, char **argv, int *at, void *values,
                      struct flags_result *ret)
{
    const char *name = argv[*at] + 1 + (argv[*at][1] == '-');
    const char *text = strchr(name, '=');
    struct slice word = slice_of(name, text ? (size_t)(text - name) : strlen(name));
    const struct flag *flag = find_flag(flags, word);

    if (!flag && is_help(word)) {
        ret->help = true;
        return true;
    }
    if (!flag) {
        (void)snprintf(ret->error, sizeof(ret->error), "flag provided but not defined: -%.100s", name);
        return false;
    }
    if (text) {
        text++;
    } else if (flag->type != FLAG_SWITCH) {
        if (*at + 1 >= argc) {
            (void)snprintf(ret->error, sizeof(ret->error), "flag needs an argument: -%s", flag->name);
            return false;
        }
        text = argv[++*at];
    }
    if (!set_flag(flag, text, values)) {
        (void)snprintf(ret->error, sizeof(ret->error), "invalid value \"%.100s\" for flag -%s: %s", text ? text : "",
                       flag->name, flag->help ? flag->help : "out of range");
        return false;
    }
    ret->given[flag - flags->table] = true;
    return true;
}

bool flags_read(const struct flags *flags, int argc, char **argv, void *values, struct flags_result *ret)
{
    bool words_only = false;

    ENSURE(flags->count <= FLAGS_MAX);
    for (int i = 1; i < argc; i++) {
        bool is_flag = !words_only && argv[i][0] == '-' && argv[i][1] != '\0' &&
                       (flags->stop_at_word || !is_number(argv[i]));
        if (is_flag && strcmp(argv[i], "--") == 0) {
            words_only = true;
        } else if (is_flag) {
            if (!read_flag(flags, argc, argv, &i, values, ret))
                return false;
            if (ret->help)
                return true;
        } else {
            words_only = words_only || flags->stop_at_word;
            ret->words[ret->word_count++] = argv[i];
        }
    }
    return true;
}
