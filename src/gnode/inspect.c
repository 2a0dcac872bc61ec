/* inspect.c - the command line of --check, --dump and --repair; see inspect.h. SPDX-License-Identifier: MIT */
#include "gnode/inspect.h"

#include "app/log.h"
#include "store/paths.h"
#include "wire/json.h"
#include "wire/op.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { OUT_BYTES_MAX = 1 << 24, OUT_FLUSH_BYTES = 1 << 16, EXIT_IMPOSSIBLE = CHECK_IMPOSSIBLE };

const struct setting_command INSPECT_HELP[INSPECT_COMMANDS] = {
    {"--check DIR [--json]",
     "say whether the data directory DIR is sound and what a start would do with it, change nothing, and exit: 0 "
     "sound, 1 damaged, 2 it cannot be read"},
    {"--dump DIR [--topic NAME] [--json]", "print the records of its log, one line each, and exit"},
    {"--repair DIR [--yes]",
     "say what cannot be kept, ask, set it aside in quarantine/, do what a start would do, check again, and exit"},
    {"--operations", "print the operations of /api/v1 and of TCP's call, with their parameters, as JSON, and exit"},
};

/* ---- output ----------------------------------------------------------------------------------------------------- */

void out_init(struct out *out)
{
    out->cut = false;
    buf_init(&out->buf, OUT_BYTES_MAX);
}

static void flush(struct out *out)
{
    if (buf_len(&out->buf) > 0 && buf_append(&out->buf, "", 1))
        log_print_out(buf_data(&out->buf));
    buf_clear(&out->buf);
}

void out_print(struct out *out, const char *fmt, ...)
{
    va_list args;
    char small[1024];

    va_start(args, fmt);
    int n = vsnprintf(small, sizeof(small), fmt, args);
    va_end(args);
    if (n < 0)
        return;
    if ((size_t)n < sizeof(small)) {
        out->cut |= !buf_append_str(&out->buf, small);
    } else {
        char *to = buf_reserve(&out->buf, (size_t)n + 1);
        if (!to)
            return;
        va_start(args, fmt);
        (void)vsnprintf(to, (size_t)n + 1, fmt, args);
        va_end(args);
        buf_commit(&out->buf, (size_t)n);
    }
    if (buf_len(&out->buf) >= OUT_FLUSH_BYTES)
        flush(out);
}

void out_json(struct out *out, struct slice text) { out->cut |= !json_append_string(&out->buf, text); }

void out_end(struct out *out)
{
    flush(out);
    buf_free(&out->buf);
    if (out->cut)
        log_print_err("gnode: a part was too long to be printed\n");
}

const char *inspect_time(uint64_t ms, char to[INSPECT_TIME_BYTES])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    size_t n = ms == 0 || !gmtime_r(&seconds, &tm) ? 0 : strftime(to, INSPECT_TIME_BYTES, "%Y-%m-%dT%H:%M:%S", &tm);

    if (n == 0)
        return "-";
    (void)snprintf(to + n, INSPECT_TIME_BYTES - n, ".%03uZ", (unsigned)(ms % 1000));
    return to;
}

const char *inspect_type(uint8_t type)
{
    static const char *const names[] = {
        [RECORD_BATCH] = "BATCH", [RECORD_PUSH] = "PUSH", [RECORD_POP] = "POP", [RECORD_ACK] = "ACK",
        [RECORD_RELEASE] = "RELEASE", [RECORD_BURY] = "BURY", [RECORD_TICK] = "TICK", [RECORD_QUEUE] = "QUEUE",
        [RECORD_PURGE] = "PURGE", [RECORD_LINK] = "LINK", [RECORD_LOAD] = "LOAD", [RECORD_TOUCH] = "TOUCH",
        [RECORD_CLIENT] = "CLIENT", [RECORD_CHUNK] = "CHUNK", [RECORD_DCHUNK] = "DCHUNK", [RECORD_SEAL] = "SEAL",
    };

    return type < ARRAY_LEN(names) && names[type] ? names[type] : "UNKNOWN";
}

/* ---- the directory is ours -------------------------------------------------------------------------------------- */

int inspect_hold(struct disk *disk, const char *dir, int *ret_lock)
{
    char text[PATH_BYTES + 128];
    uint64_t pid = 0;

    if (strlen(dir) == 0 || strlen(dir) > PATH_DIR_BYTES_MAX) {
        log_print_err("gnode: the name of the directory is empty or too long\n");
        return -ENAMETOOLONG;
    }
    struct path path = path_of(dir, "LOCK");
    *ret_lock = disk->hold(disk->ctx, path.text, &pid);
    if (*ret_lock >= 0 || *ret_lock == -ENOENT)
        return 0;
    if (*ret_lock == -EWOULDBLOCK)
        (void)snprintf(text, sizeof(text), "gnode: a node is running on %s, pid %" PRIu64 ": stop it first, or look at "
                       "a snapshot\n", dir, pid);
    else
        (void)snprintf(text, sizeof(text), "gnode: cannot lock %s: %s\n", path.text, strerror(-*ret_lock));
    log_print_err(text);
    return *ret_lock;
}

int inspect_check(struct disk *disk, const struct inspect_options *options)
{
    struct check check;
    struct out out;
    int lock;

    if (inspect_hold(disk, options->check, &lock) < 0)
        return EXIT_IMPOSSIBLE;
    enum check_verdict verdict = check_run(&check, disk, options->check, false);
    out_init(&out);
    if (options->json)
        inspect_print_json(&check, verdict, &out);
    else
        inspect_print_check(&check, verdict, &out);
    out_end(&out);
    check_free(&check);
    if (lock >= 0)
        disk->unlock(disk->ctx, lock);
    return verdict;
}

/* ---- the command line ------------------------------------------------------------------------------------------- */

/* The value of a flag that takes one, as -flag value, -flag=value, with one dash or two; or NULL. */
static const char *value_of(const char *name, int argc, char **argv, int *at)
{
    const char *word = argv[*at];
    size_t dashes = strspn(word, "-"), len = strlen(name);

    if (dashes < 1 || dashes > 2 || strncmp(word + dashes, name, len) != 0)
        return NULL;
    if (word[dashes + len] == '=')
        return word + dashes + len + 1;
    return word[dashes + len] == '\0' && *at + 1 < argc ? argv[++*at] : NULL;
}

static bool is_flag(const char *word, const char *name)
{
    size_t dashes = strspn(word, "-");

    return dashes >= 1 && dashes <= 2 && strcmp(word + dashes, name) == 0;
}

static bool asks(int argc, char **argv)
{
    static const char *const names[] = {"check", "dump", "repair"};

    for (int i = 1; i < argc; i++) {
        size_t dashes = strspn(argv[i], "-");
        for (size_t n = 0; dashes >= 1 && dashes <= 2 && n < ARRAY_LEN(names); n++) {
            size_t len = strlen(names[n]);
            const char *rest = argv[i] + dashes + len;
            if (strncmp(argv[i] + dashes, names[n], len) == 0 && (*rest == '\0' || *rest == '='))
                return true;
        }
    }
    return false;
}

/* The word that is wrong, or NULL. */
static const char *parse(int argc, char **argv, struct inspect_options *ret)
{
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i], *value;
        if (is_flag(word, "json"))
            ret->json = true;
        else if (is_flag(word, "yes"))
            ret->yes = true;
        else if ((value = value_of("check", argc, argv, &i)))
            ret->check = value;
        else if ((value = value_of("dump", argc, argv, &i)))
            ret->dump = value;
        else if ((value = value_of("repair", argc, argv, &i)))
            ret->repair = value;
        else if ((value = value_of("topic", argc, argv, &i)))
            ret->topic = value;
        else
            return word;
    }
    bool one = (ret->check != NULL) + (ret->dump != NULL) + (ret->repair != NULL) == 1;
    if (!one || (ret->topic && !ret->dump) || (ret->yes && !ret->repair) || (ret->json && ret->repair))
        return argv[argc - 1];
    return NULL;
}

static int print_operations(void)
{
    struct out out;

    out_init(&out);
    out.cut = !op_table_json(&out.buf);
    out_end(&out);
    return 0;
}

bool inspect_main(int argc, char **argv, int *ret_exit)
{
    struct inspect_options options = {.check = NULL};
    struct disk disk;

    if (argc == 2 && is_flag(argv[1], "operations")) {
        *ret_exit = print_operations();
        return true;
    }
    if (!asks(argc, argv))
        return false;
    const char *wrong = parse(argc, argv, &options);
    if (wrong) {
        log_print_err("gnode: these flags do not go together, or one lacks its value, at ");
        log_print_err(wrong);
        log_print_err("; --check DIR [--json], --dump DIR [--topic NAME] [--json] or --repair DIR [--yes]\n");
        *ret_exit = EXIT_IMPOSSIBLE;
        return true;
    }
    disk_linux_init(&disk);
    if (options.check)
        *ret_exit = inspect_check(&disk, &options);
    else if (options.dump)
        *ret_exit = inspect_dump(&disk, &options);
    else
        *ret_exit = inspect_repair(&disk, &options);
    return true;
}
