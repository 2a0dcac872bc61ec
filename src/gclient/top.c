/* top.c - gclient top: look, draw, wait for a key or for the next look. SPDX-License-Identifier: MIT */
#include "gclient/top.h"

#include "gclient/oldest.h"
#include "gclient/out.h"
#include "gclient/pages.h"
#include "gclient/stop.h"
#include "net/clock.h"

#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum { SCREEN_BYTES_MAX = 256 << 20, TROUBLE_BYTES = 256, SCREEN_TIMEOUT_MS = 1000 };

struct top {
    const struct values *values;
    const char *filter;
    struct gmq *mq;
    struct top_topics topics;
    struct top_view view;
    char trouble[TROUBLE_BYTES];
    bool screen;           /* drawn in place, keys are read */
    struct termios before; /* of the terminal, when `screen` */
    bool quit;
};

static void fill(struct ask *ask, const void *ctx)
{
    const struct top *top = ctx;

    ask_text(ask, "filter", top->filter);
}

static int take(struct json_object *topic, void *to) { return top_add(to, topic) ? EXIT_OK : EXIT_FAILED; }

/* A look at the node. The figures of the last one stay when it fails. */
static int look(struct top *top)
{
    struct top_topics topics = {0};
    struct pages pages = {.op = "topic.list",
                          .items = "topics",
                          .limit = UINT64_MAX,
                          .fill = fill,
                          .each = take,
                          .ctx = top,
                          .quiet = true,
                          .to = &topics};
    int code = pages_run(&pages, top->mq);

    if (code != EXIT_OK) {
        top_clear(&topics);
        struct buf text;
        buf_init(&text, TROUBLE_BYTES * 5);
        bool made = out_append_readable(&text, slice_str(gmq_error_text(top->mq)));
        (void)snprintf(top->trouble, sizeof(top->trouble), "%.*s", made ? (int)buf_len(&text) : 0,
                       made && buf_len(&text) > 0 ? buf_data(&text) : "");
        buf_free(&text);
        top->view.trouble = top->trouble[0] ? top->trouble : "no answer";
        return code;
    }
    top_clear(&top->topics);
    top->topics = topics;
    /* In the order in which they are shown, for those on the screen have it first. */
    top_sort(&top->topics, &top->view);
    for (size_t i = 0; i < topics.count && i < OLDEST_TOPICS_MAX && !stop_asked(); i++)
        oldest_add(top->mq, topics.list[i]);
    top->view.trouble = NULL;
    return EXIT_OK;
}

/* ---- the terminal ------------------------------------------------------------------------------------------------ */

static void screen_begin(struct top *top)
{
    top->screen = !top->values->json && !top->values->once && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) &&
                  tcgetattr(STDIN_FILENO, &top->before) == 0;
    if (!top->screen)
        return;
    struct termios raw = top->before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    (void)fputs("\x1b[?1049h\x1b[?25l", stdout); /* another screen, no cursor */
}

static void screen_end(struct top *top)
{
    if (!top->screen)
        return;
    (void)fputs("\x1b[?25h\x1b[?1049l", stdout);
    (void)fflush(stdout);
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &top->before);
}

static void measure(struct top *top)
{
    struct winsize size;

    top->view.lines = top->view.columns = 0;
    if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
        return;
    top->view.columns = size.ws_col;
    if (top->screen)
        top->view.lines = size.ws_row > 0 ? size.ws_row : 24;
}

static bool draw(struct top *top)
{
    struct buf out;
    bool made;

    measure(top);
    top->view.now_ms = clock_wall_ms();
    top->view.fancy = out_is_fancy();
    top->view.keys = top->screen;
    top_sort(&top->topics, &top->view);
    buf_init(&out, SCREEN_BYTES_MAX);
    if (top->values->json)
        made = top_json(&out, &top->topics, top->view.now_ms) && buf_append_str(&out, "\n");
    else if (top->screen)
        made = buf_append_str(&out, "\x1b[H") && top_draw(&out, &top->topics, &top->view, "\x1b[K\n") &&
               buf_append_str(&out, "\x1b[J");
    else
        made = top_draw(&out, &top->topics, &top->view, "\n");
    return out_text(&out, made) && out_flush();
}

/* ---- the loop ---------------------------------------------------------------------------------------------------- */

/* What was pressed, all of it; true when there is something to be drawn. */
static bool read_keys(struct top *top)
{
    char keys[64];
    ssize_t n = read(STDIN_FILENO, keys, sizeof(keys));

    /* The end of input: nobody is there any more. */
    top->quit = top->quit || n == 0;
    for (ssize_t i = 0; i < n; i++) {
        if (keys[i] == 's')
            top->view.sort = (top->view.sort + 1) % TOP_SORTS;
        else if (keys[i] == 'r')
            top->view.turned = !top->view.turned;
        else if (keys[i] == 'q' || keys[i] == 'Q')
            top->quit = true;
    }
    return n > 0;
}

/* Until the next look is due, or the end; false when the screen cannot be written. */
static bool wait_for_next(struct top *top, uint64_t until_ns)
{
    struct pollfd keyboard = {.fd = top->screen ? STDIN_FILENO : -1, .events = POLLIN};

    while (!stop_asked() && !top->quit) {
        uint64_t now_ns = clock_boot_ns();
        if (now_ns >= until_ns)
            return true;
        int ms = (int)min_u64((until_ns - now_ns) / 1000000 + 1, 200);
        if (poll(&keyboard, 1, ms) > 0 && read_keys(top) && !top->quit && !draw(top))
            return false;
    }
    return true;
}

static int go(struct top *top)
{
    uint64_t due_ns = clock_boot_ns();
    int code = look(top);
    bool first = true;

    if (code != EXIT_OK)
        return out_error(code, "%s", top->view.trouble);
    screen_begin(top);
    /* Keys are not to wait for a node that hangs. */
    if (top->screen)
        gmq_set_timeout(top->mq, (unsigned)min_u64(top->values->timeout_ms, SCREEN_TIMEOUT_MS));
    while (!stop_asked() && !top->quit) {
        if (!first && look(top) != EXIT_OK && !top->screen && !stop_asked())
            (void)out_error(0, "%s", top->view.trouble);
        if (!first && !top->screen && !top->values->json && top->view.trouble == NULL)
            (void)putchar('\n');
        first = false;
        if (stop_asked())
            break;
        if ((top->screen || top->view.trouble == NULL) && !draw(top)) {
            screen_end(top);
            return out_error(EXIT_FAILED, "standard output cannot be written");
        }
        if (top->values->once)
            break;
        due_ns = max_u64(due_ns + top->values->interval_ms * 1000000, clock_boot_ns());
        if (!wait_for_next(top, due_ns)) {
            screen_end(top);
            return out_error(EXIT_FAILED, "standard output cannot be written");
        }
    }
    screen_end(top);
    return EXIT_OK;
}

int top_run(const struct job *job)
{
    struct top top = {.values = &job->values,
                      .filter = job->word_count > 0 ? job->words[0] : NULL,
                      .mq = command_node(&job->values),
                      .view = {.sort = TOP_READY}};

    if (!top.mq)
        return EXIT_FAILED;
    for (size_t i = 0; job->values.sort && i < TOP_SORTS; i++)
        if (strcmp(job->values.sort, TOP_SORT_WORDS[i]) == 0)
            top.view.sort = (enum top_sort)i;
    top.view.addr = gmq_addr(top.mq);
    stop_catch();
    int code = go(&top);
    top_clear(&top.topics);
    gmq_free(top.mq);
    return code;
}
