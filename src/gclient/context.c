/* context.c - see context.h. SPDX-License-Identifier: MIT */
#include "gclient/context.h"

#include "app/settings.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIELD(name) offsetof(struct context, name)

static const char *check_addr(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text <= ' ' || *text == 0x7f)
            return "an address without blanks";
    return NULL;
}

static const char *check_text(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return "a text without control bytes";
    return NULL;
}

static const struct setting table[] = {
    {NULL, "context", "description", SETTING_STRING, FIELD(description), 0, 0, "", NULL,
     "a remark for the list of contexts", check_text},
    {NULL, "context", "node", SETTING_STRING, FIELD(node), 0, 0, "", NULL, "TCP address of the node, host:port",
     check_addr},
    {NULL, "context", "http", SETTING_STRING, FIELD(http), 0, 0, "", NULL, "HTTP address of the node", check_addr},
    {NULL, "context", "register", SETTING_STRING, FIELD(registry), 0, 0, "", NULL,
     "address of the registry, or a comma list", check_addr},
};
static const struct settings_spec spec = {.program = "gclient",
                                          .table = table,
                                          .count = ARRAY_LEN(table),
                                          .bytes = sizeof(struct context)};

static int fail(int err, char *ret_error, const char *what)
{
    (void)snprintf(ret_error, CONTEXT_ERROR_BYTES, "%.900s: %s", what, strerror(-err));
    return err;
}

bool context_name_ok(const char *name)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    size_t len = strlen(name);

    if (len == 0 || len >= CONTEXT_NAME_BYTES || !strchr(first, name[0]))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!strchr(first, name[i]) && !strchr("._-", name[i]))
            return false;
    return true;
}

static int check_name(const char *name, char *ret_error)
{
    if (context_name_ok(name))
        return 0;
    (void)snprintf(ret_error, CONTEXT_ERROR_BYTES,
                   "a name has 1 to %d letters, digits, '.', '_', '-' and begins with a letter or digit",
                   CONTEXT_NAME_BYTES - 1);
    return -EINVAL;
}

bool context_dir(char *(*env)(const char *name), char ret_dir[CONTEXT_PATH_BYTES])
{
    const char *base = env("XDG_CONFIG_HOME"), *home = env("HOME");
    int len = 0;

    /* A relative path is to be passed over, says the standard of these variables. */
    if (base && base[0] == '/')
        len = snprintf(ret_dir, CONTEXT_PATH_BYTES, "%s/gmq", base);
    else if (home && home[0] == '/')
        len = snprintf(ret_dir, CONTEXT_PATH_BYTES, "%s/.config/gmq", home);
    /* Room for a name behind it. */
    return len > 0 && len < CONTEXT_PATH_BYTES - 256;
}

static void make_path(char to[CONTEXT_PATH_BYTES], const char *dir, const char *name)
{
    (void)snprintf(to, CONTEXT_PATH_BYTES, "%.1800s/context/%.64s.conf", dir, name);
}

static void selected_path(char to[CONTEXT_PATH_BYTES], const char *dir)
{
    (void)snprintf(to, CONTEXT_PATH_BYTES, "%.1800s/selected", dir);
}

/* A whole regular file of at most `bytes_max` bytes; a number of bytes or -errno. */
static ssize_t read_file(const char *path, char *to, size_t bytes_max)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct stat st;
    size_t len = 0;
    ssize_t n = 1;

    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        (void)close(fd);
        return -EINVAL;
    }
    while (n > 0 && len <= bytes_max) {
        n = read(fd, to + len, bytes_max + 1 - len);
        if (n < 0 && errno == EINTR)
            n = 1;
        else if (n > 0)
            len += (size_t)n;
    }
    int err = n < 0 ? -errno : 0;
    (void)close(fd);
    if (err != 0)
        return err;
    return len > bytes_max ? -EFBIG : (ssize_t)len;
}

int context_parse(const char *file, struct slice ini, struct context *ret, char ret_error[CONTEXT_ERROR_BYTES])
{
    struct settings_report report = {0};
    int err;

    *ret = (struct context){0};
    buf_init(&report.notes, CONTEXT_FILE_BYTES);
    err = settings_defaults(&spec, ret);
    if (err == 0 && settings_read_ini(&spec, file, ini, ret, &report) != 0)
        err = -EINVAL;
    if (err != 0) {
        (void)snprintf(ret_error, CONTEXT_ERROR_BYTES, "%s", err == -EINVAL ? report.error : "no memory");
        context_free(ret);
    }
    buf_free(&report.notes);
    return err;
}

int context_read(const char *dir, const char *name, struct context *ret, char ret_error[CONTEXT_ERROR_BYTES])
{
    char path[CONTEXT_PATH_BYTES], text[CONTEXT_FILE_BYTES + 1];
    int err = check_name(name, ret_error);

    *ret = (struct context){0};
    if (err != 0)
        return err;
    make_path(path, dir, name);
    ssize_t len = read_file(path, text, CONTEXT_FILE_BYTES);
    if (len == -ENOENT || len == -ENOTDIR) {
        (void)snprintf(ret_error, CONTEXT_ERROR_BYTES, "there is no such context; try: gclient context ls");
        return -ENOENT;
    }
    if (len == -EINVAL) {
        (void)snprintf(ret_error, CONTEXT_ERROR_BYTES, "%.900s: not a regular file", path);
        return -EINVAL;
    }
    return len < 0 ? fail((int)len, ret_error, path) : context_parse(path, slice_of(text, (size_t)len), ret, ret_error);
}

void context_free(struct context *context)
{
    free(context->description);
    free(context->node);
    free(context->http);
    free(context->registry);
    *context = (struct context){0};
}

/* Makes DIR/context and what is above it. */
static int make_folders(const char *dir, char *ret_error)
{
    char path[CONTEXT_PATH_BYTES];

    (void)snprintf(path, sizeof(path), "%.1800s/context", dir);
    for (char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
        if (slash)
            *slash = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            return fail(-errno, ret_error, path);
        if (!slash)
            return 0;
        *slash = '/';
    }
}

static int write_all(int fd, struct slice text)
{
    while (text.len > 0) {
        ssize_t n = write(fd, text.ptr, text.len);
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0)
            text = slice_of(text.ptr + n, text.len - (size_t)n);
    }
    return fsync(fd) == 0 ? 0 : -errno;
}

static int replace_file(const char *path, struct slice text, char *ret_error)
{
    char temporary[CONTEXT_PATH_BYTES + 32];

    (void)snprintf(temporary, sizeof(temporary), "%s.%ld.tmp", path, (long)getpid());
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fail(-errno, ret_error, temporary);
    int err = write_all(fd, text);
    if (close(fd) != 0 && err == 0)
        err = -errno;
    if (err == 0 && rename(temporary, path) != 0)
        err = -errno;
    if (err == 0)
        return 0;
    (void)unlink(temporary);
    return fail(err, ret_error, path);
}

static bool is_same(const struct context *a, const struct context *b)
{
    return strcmp(a->description, b->description) == 0 && strcmp(a->node, b->node) == 0 &&
           strcmp(a->http, b->http) == 0 && strcmp(a->registry, b->registry) == 0;
}

int context_write(const char *dir, const char *name, const struct context *context,
                  char ret_error[CONTEXT_ERROR_BYTES])
{
    char path[CONTEXT_PATH_BYTES], empty[] = "";
    struct context whole = *context, back;
    struct buf text;
    int err = check_name(name, ret_error);

    if (err != 0)
        return err;
    char **const fields[] = {&whole.description, &whole.node, &whole.http, &whole.registry};
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        *fields[i] = *fields[i] ? *fields[i] : empty;
    make_path(path, dir, name);
    buf_init(&text, CONTEXT_FILE_BYTES);
    if (!settings_print_ini(&spec, &whole, &text)) {
        (void)snprintf(ret_error, CONTEXT_ERROR_BYTES, "longer than %d bytes", CONTEXT_FILE_BYTES);
        err = -EFBIG;
    } else if ((err = context_parse("as given", buf_slice(&text), &back, ret_error)) == 0) {
        /* What would not be read again as it is, such as a text with a line end, is not written. */
        if (!is_same(&whole, &back)) {
            (void)snprintf(ret_error, CONTEXT_ERROR_BYTES, "a text without control bytes and line ends is wanted");
            err = -EINVAL;
        }
        context_free(&back);
        if (err == 0 && (err = make_folders(dir, ret_error)) == 0)
            err = replace_file(path, buf_slice(&text), ret_error);
    }
    buf_free(&text);
    return err;
}

bool context_exists(const char *dir, const char *name)
{
    char path[CONTEXT_PATH_BYTES];

    make_path(path, dir, name);
    return context_name_ok(name) && access(path, F_OK) == 0;
}

int context_remove(const char *dir, const char *name, char ret_error[CONTEXT_ERROR_BYTES])
{
    char path[CONTEXT_PATH_BYTES], selected[CONTEXT_NAME_BYTES];
    int err = check_name(name, ret_error);

    if (err != 0)
        return err;
    make_path(path, dir, name);
    if (unlink(path) != 0)
        return fail(-errno, ret_error, path);
    if (context_selected(dir, selected) && strcmp(selected, name) == 0)
        return context_select(dir, NULL, ret_error);
    return 0;
}

static int by_name(const void *a, const void *b) { return strcmp(a, b); }

/* The name in "NAME.conf", or false. */
static bool name_of(const char *file, char ret_name[CONTEXT_NAME_BYTES])
{
    size_t len = strlen(file), suffix = strlen(".conf");

    if (len <= suffix || len - suffix >= CONTEXT_NAME_BYTES || strcmp(file + len - suffix, ".conf") != 0)
        return false;
    memcpy(ret_name, file, len - suffix);
    ret_name[len - suffix] = '\0';
    return context_name_ok(ret_name);
}

int context_names(const char *dir, struct context_list *ret, char ret_error[CONTEXT_ERROR_BYTES])
{
    char path[CONTEXT_PATH_BYTES];
    struct dirent *entry;

    *ret = (struct context_list){0};
    (void)snprintf(path, sizeof(path), "%.1800s/context", dir);
    DIR *folder = opendir(path);
    if (!folder)
        return errno == ENOENT || errno == ENOTDIR ? 0 : fail(-errno, ret_error, path);
    ret->names = calloc(CONTEXTS_MAX, sizeof(*ret->names));
    if (!ret->names) {
        (void)closedir(folder);
        return fail(-ENOMEM, ret_error, path);
    }
    while (ret->count < CONTEXTS_MAX && (entry = readdir(folder)))
        ret->count += name_of(entry->d_name, ret->names[ret->count]);
    (void)closedir(folder);
    qsort(ret->names, ret->count, sizeof(*ret->names), by_name);
    return 0;
}

bool context_selected(const char *dir, char ret_name[CONTEXT_NAME_BYTES])
{
    char path[CONTEXT_PATH_BYTES], text[CONTEXT_NAME_BYTES + 2];

    selected_path(path, dir);
    ssize_t len = read_file(path, text, CONTEXT_NAME_BYTES);
    if (len <= 0)
        return false;
    text[len] = '\0';
    text[strcspn(text, "\r\n")] = '\0';
    if (!context_name_ok(text))
        return false;
    memcpy(ret_name, text, strlen(text) + 1);
    return true;
}

int context_select(const char *dir, const char *name, char ret_error[CONTEXT_ERROR_BYTES])
{
    char path[CONTEXT_PATH_BYTES], line[CONTEXT_NAME_BYTES + 1];

    selected_path(path, dir);
    if (!name)
        return unlink(path) == 0 || errno == ENOENT ? 0 : fail(-errno, ret_error, path);
    int err = check_name(name, ret_error);
    if (err == 0 && !context_exists(dir, name)) {
        (void)snprintf(ret_error, CONTEXT_ERROR_BYTES, "there is no such context; try: gclient context ls");
        err = -ENOENT;
    }
    if (err == 0)
        err = make_folders(dir, ret_error);
    if (err != 0)
        return err;
    int len = snprintf(line, sizeof(line), "%s\n", name);
    return replace_file(path, slice_of(line, (size_t)len), ret_error);
}
