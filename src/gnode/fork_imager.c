/* fork_imager.c - see fork_imager.h. SPDX-License-Identifier: MIT */
#include "gnode/fork_imager.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILD_NICE = 5 };

static size_t image_words(size_t bytes) { return (bytes + 7) / 8; }

static size_t map_bytes(size_t bytes) { return 8 * (image_words(bytes) + 1); }

/* A word after the image says that it is whole: that is believed, whoever else waits for children. */
static _Atomic uint64_t *whole_of(char *map, size_t bytes)
{
    return (_Atomic uint64_t *)(void *)map + image_words(bytes);
}

static void unmap(void *map, size_t bytes) { (void)munmap(map, map_bytes(bytes)); }

/* ---- the child: one thread, the others' locks in any state ------------------------------------------------------- */

static void close_all_files(void)
{
    struct rlimit limit;

    if (syscall(SYS_close_range, 0u, ~0u, 0u) == 0)
        return;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        _exit(1);
    for (rlim_t fd = 0; fd < limit.rlim_cur; fd++)
        (void)close((int)fd);
}

static _Noreturn void live_as_child(const struct fork_imager *imager, const struct engine *engine, pid_t parent)
{
    /* The node may have ended before it could be said that this one ends with it. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
        _exit(1);
    close_all_files();
    (void)setpriority(PRIO_PROCESS, 0, CHILD_NICE);
    engine_save_to(engine, imager->map);
    atomic_store(whole_of(imager->map, imager->bytes), 1);
    _exit(0);
}

/* ---- the node ---------------------------------------------------------------------------------------------------- */

/* Signals are the node's: what is sent to both must not be taken twice. */
static pid_t fork_quietly(sigset_t *before)
{
    sigset_t all;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, before);
    return fork();
}

static int begin(struct imager *base, const struct engine *engine)
{
    struct fork_imager *imager = CONTAINER_OF(base, struct fork_imager, base);
    pid_t parent = getpid();
    sigset_t before;

    ENSURE(imager->child == 0);
    imager->bytes = engine_saved_bytes(engine);
    void *map = mmap(NULL, map_bytes(imager->bytes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        return -errno;
    imager->map = map;
    imager->child = fork_quietly(&before);
    if (imager->child == 0)
        live_as_child(imager, engine, parent);
    int rc = imager->child < 0 ? -errno : 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc < 0) {
        unmap(map, imager->bytes);
        imager->child = 0;
    }
    return rc;
}

static int poll_child(struct imager *base, struct image *ret)
{
    struct fork_imager *imager = CONTAINER_OF(base, struct fork_imager, base);

    ENSURE(imager->child > 0);
    if (waitpid(imager->child, NULL, WNOHANG) == 0)
        return 0;
    imager->child = 0;
    if (atomic_load(whole_of(imager->map, imager->bytes)) == 0) {
        unmap(imager->map, imager->bytes);
        return -ECHILD;
    }
    *ret = (struct image){.bytes = imager->map, .count = imager->bytes, .release = unmap};
    return 1;
}

static void cancel(struct imager *base)
{
    struct fork_imager *imager = CONTAINER_OF(base, struct fork_imager, base);

    ENSURE(imager->child > 0);
    (void)kill(imager->child, SIGKILL);
    while (waitpid(imager->child, NULL, 0) < 0 && errno == EINTR)
        continue;
    imager->child = 0;
    unmap(imager->map, imager->bytes);
}

void fork_imager_init(struct fork_imager *imager, size_t bytes_min)
{
    *imager = (struct fork_imager){
        .base = {.bytes_min = bytes_min, .begin = begin, .poll = poll_child, .cancel = cancel}};
}
