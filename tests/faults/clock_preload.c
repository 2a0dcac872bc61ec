/*
 * clock_preload.c - a library that stands between a program and its clocks: the wall clock is set, the machine sleeps
 *
 * Loaded by LD_PRELOAD. The file $CLOCK_FILE holds two signed numbers of 8 bytes, native byte order, nanoseconds: by
 * how much CLOCK_REALTIME, time() and gettimeofday() are off, and by how much CLOCK_BOOTTIME is ahead. The test changes
 * them while the program runs. CLOCK_MONOTONIC stays, as it does while a machine sleeps.
 *
 * SPDX-License-Identifier: MIT
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { NS_PER_S = 1000000000 };

struct hands {
    int64_t wall_ns, boot_ns;
};

static const struct hands none;
static const struct hands *hands = &none;
static int (*real_clock_gettime)(clockid_t id, struct timespec *to);

static void __attribute__((constructor)) begin(void)
{
    const char *path = getenv("CLOCK_FILE");
    void *symbol = dlsym(RTLD_NEXT, "clock_gettime");

    memcpy(&real_clock_gettime, &symbol, sizeof(symbol)); /* ISO C knows no cast from an object to a function */
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0)
        return;
    void *map = mmap(NULL, sizeof(*hands), PROT_READ, MAP_SHARED, file, 0);
    (void)close(file);
    if (map != MAP_FAILED)
        hands = map;
}

int clock_gettime(clockid_t id, struct timespec *to)
{
    int64_t by = 0;

    if (!real_clock_gettime)
        begin();
    if (real_clock_gettime(id, to) != 0)
        return -1;
    if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)
        by = __atomic_load_n(&hands->wall_ns, __ATOMIC_SEQ_CST);
    else if (id == CLOCK_BOOTTIME)
        by = __atomic_load_n(&hands->boot_ns, __ATOMIC_SEQ_CST);
    int64_t ns = (int64_t)to->tv_sec * NS_PER_S + to->tv_nsec + by;
    to->tv_sec = (time_t)(ns / NS_PER_S);
    to->tv_nsec = (long)(ns % NS_PER_S);
    return 0;
}

int gettimeofday(struct timeval *to, void *zone)
{
    struct timespec ts;

    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &ts) != 0)
        return -1;
    *to = (struct timeval){.tv_sec = ts.tv_sec, .tv_usec = ts.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *to)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_REALTIME, &ts);
    if (to)
        *to = ts.tv_sec;
    return ts.tv_sec;
}
