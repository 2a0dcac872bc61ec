/* ring.c - see ring.h. SPDX-License-Identifier: MIT */
#include "store/ring.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

static bool map_half(char *at, size_t bytes, int file)
{
    return mmap(at, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0) != MAP_FAILED;
}

int ring_init(struct ring *ring, size_t bytes)
{
    int rc = 0;
    int file = memfd_create("gmq-ring", MFD_CLOEXEC);

    ENSURE(bytes > 0 && (bytes & (bytes - 1)) == 0 && bytes % (size_t)sysconf(_SC_PAGESIZE) == 0);
    if (file < 0)
        return -errno;
    if (ftruncate(file, (off_t)bytes) < 0) {
        rc = -errno;
        goto out_close;
    }
    char *map = mmap(NULL, 2 * bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED) {
        rc = -errno;
        goto out_close;
    }
    if (!map_half(map, bytes, file) || !map_half(map + bytes, bytes, file)) {
        rc = -errno;
        (void)munmap(map, 2 * bytes);
        goto out_close;
    }
    ring->map = map;
    ring->bytes = bytes;
out_close:
    (void)close(file);
    return rc;
}

void ring_fini(struct ring *ring)
{
    if (ring->map)
        (void)munmap(ring->map, 2 * ring->bytes);
    ring->map = NULL;
}
