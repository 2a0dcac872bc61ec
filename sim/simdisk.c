/* simdisk.c - see simdisk.h. SPDX-License-Identifier: MIT */
#include "sim/simdisk_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- chance and names -------------------------------------------------------------------------------------------- */

static uint64_t next_random(struct simdisk *sim)
{
    sim->random += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = sim->random;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint64_t simdisk_random(struct simdisk *sim, uint64_t limit)
{
    (void)pthread_mutex_lock(&sim->lock);
    uint64_t value = next_random(sim) % limit;
    (void)pthread_mutex_unlock(&sim->lock);
    return value;
}

static char *dup_text(const char *text)
{
    char *copy = strdup(text);

    ENSURE(copy);
    return copy;
}

static struct name *find_name(struct names *names, const char *path)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->at[i].path, path) == 0)
            return &names->at[i];
    return NULL;
}

static void set_name(struct names *names, const char *path, struct inode *inode)
{
    struct name *name = find_name(names, path);

    if (!name) {
        ENSURE(names->count < NAMES_MAX);
        name = &names->at[names->count++];
        name->path = dup_text(path);
    }
    name->inode = inode;
}

static void drop_name(struct names *names, struct name *name)
{
    free(name->path);
    *name = names->at[--names->count];
}

static bool is_in(const char *path, const char *dir)
{
    size_t len = strlen(dir);

    while (len > 0 && dir[len - 1] == '/')
        len--;
    return strncmp(path, dir, len) == 0 && path[len] == '/' && !strchr(path + len + 1, '/');
}

/* ---- directories ------------------------------------------------------------------------------------------------ */

static void change_names(struct names *names, const struct change *change)
{
    struct name *name = find_name(names, change->path);

    switch (change->kind) {
    case CHANGE_LINK:
        set_name(names, change->path, change->inode);
        break;
    case CHANGE_RENAME: /* the inode is named: the source may never have reached the medium */
        if (name)
            drop_name(names, name);
        set_name(names, change->to, change->inode);
        break;
    case CHANGE_UNLINK:
        if (name)
            drop_name(names, name);
        break;
    }
}

static void free_change(struct change *change)
{
    free(change->path);
    free(change->to);
}

static void add_change(struct simdisk *sim, enum change_kind kind, const char *path, const char *to,
                       struct inode *inode)
{
    struct change change = {.kind = kind, .path = dup_text(path), .to = to ? dup_text(to) : NULL, .inode = inode};

    ENSURE(sim->pending_count < PENDING_MAX);
    change_names(&sim->live, &change);
    sim->pending[sim->pending_count++] = change;
}

static void drop_names(struct names *names)
{
    while (names->count > 0)
        drop_name(names, &names->at[names->count - 1]);
}

static void copy_names(struct names *to, const struct names *from)
{
    drop_names(to);
    for (size_t i = 0; i < from->count; i++)
        set_name(to, from->at[i].path, from->at[i].inode);
}

/* ---- room and handles -------------------------------------------------------------------------------------------- */

static uint64_t used(const struct simdisk *sim)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < sim->live.count; i++)
        sum += sim->live.at[i].inode ? sim->live.at[i].inode->claimed : 0;
    return sum;
}

static bool claim(const struct simdisk *sim, struct inode *inode, uint64_t bytes)
{
    if (bytes <= inode->claimed)
        return true;
    if (sim->room != 0 && used(sim) + (bytes - inode->claimed) > sim->room)
        return false;
    inode->claimed = bytes;
    return true;
}

static void mark_names(const struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        if (names->at[i].inode)
            names->at[i].inode->used = true;
}

/* Forgets the files that nothing leads to any more, and no rewinding either. */
static void free_unused(struct simdisk *sim)
{
    for (struct inode *inode = sim->inodes; inode; inode = inode->next)
        inode->used = inode->origin != NULL;
    mark_names(&sim->live);
    mark_names(&sim->media);
    for (size_t i = 0; i < HANDLES_MAX; i++)
        if (sim->handles[i])
            sim->handles[i]->used = true;
    for (size_t i = 0; i < sim->pending_count; i++)
        if (sim->pending[i].inode)
            sim->pending[i].inode->used = true;
    if (sim->astray.inode)
        sim->astray.inode->used = true;
    for (size_t i = sim->patch_count; i > 0; i--)
        if (!sim->patches[i - 1].inode->used)
            patch_drop(sim, i - 1);
    for (struct inode **at = &sim->inodes; *at;) {
        struct inode *inode = *at;
        if (inode->used) {
            at = &inode->next;
            continue;
        }
        *at = inode->next;
        inode_free(inode);
    }
}

static struct inode *of_handle(const struct simdisk *sim, int file)
{
    return file >= 0 && file < HANDLES_MAX ? sim->handles[file] : NULL;
}

/* 0, or the error that this operation is to have. */
static int enter(struct simdisk *sim, enum simdisk_op op)
{
    struct fault *fault = &sim->faults[op];

    (void)pthread_mutex_lock(&sim->lock);
    sim->ops++;
    if (sim->stop_at != 0 && sim->ops >= sim->stop_at)
        return -EIO;
    if (!fault->armed || fault->skip-- > 0)
        return 0;
    fault->skip = 0;
    fault->armed = fault->forever;
    return -fault->error;
}

static int leave(struct simdisk *sim, int rc)
{
    (void)pthread_mutex_unlock(&sim->lock);
    return rc;
}

/* ---- the operations --------------------------------------------------------------------------------------------- */

static int sim_open(void *ctx, const char *path, enum disk_open how)
{
    struct simdisk *sim = ctx;
    int rc = enter(sim, SIMDISK_OPEN);
    struct name *name = find_name(&sim->live, path);
    int file = 0;

    if (rc == 0 && !name && how != DISK_CREATE)
        rc = -ENOENT;
    if (rc < 0)
        return leave(sim, rc);
    if (!name) {
        add_change(sim, CHANGE_LINK, path, NULL, inode_new(sim));
        name = find_name(&sim->live, path);
    }
    while (file < HANDLES_MAX && sim->handles[file])
        file++;
    if (file == HANDLES_MAX || !name->inode)
        return leave(sim, name->inode ? -EMFILE : -EISDIR);
    sim->handles[file] = name->inode;
    return leave(sim, file);
}

static void sim_close(void *ctx, int file)
{
    struct simdisk *sim = ctx;

    (void)pthread_mutex_lock(&sim->lock);
    if (file >= 0 && file < HANDLES_MAX)
        sim->handles[file] = NULL;
    (void)leave(sim, 0);
}

/* This write is seen elsewhere, and what was there before it is seen here. */
static void go_astray(struct simdisk *sim, struct inode *inode, const char *from, size_t bytes, uint64_t at)
{
    struct inode *other = sim->astray.inode;
    uint64_t there = sim->astray.at, end = other->cache_bytes;

    sim->astray.armed = false;
    patch_add(sim, inode, at, inode->cache + at, bytes);
    patch_add(sim, other, there, from, there < end ? min_u64(bytes, end - there) : 0);
}

static int sim_pwrite(void *ctx, int file, const void *from, size_t bytes, uint64_t at)
{
    struct simdisk *sim = ctx;
    int rc = enter(sim, SIMDISK_PWRITE);
    struct inode *inode = of_handle(sim, file);
    bool last = sim->stop_at != 0 && sim->ops == sim->stop_at;

    if (!inode || (rc < 0 && sim->stop_at != 0 && sim->ops > sim->stop_at))
        return leave(sim, inode ? rc : -EBADF);
    if (rc < 0 || last)
        bytes = next_random(sim) % (bytes + 1);
    if (!claim(sim, inode, at + bytes))
        return leave(sim, -ENOSPC);
    inode_grow(inode, at + bytes);
    bool astray = sim->astray.armed && sim->astray.skip-- == 0;
    if (astray)
        go_astray(sim, inode, from, bytes, at);
    if (bytes > 0) {
        memcpy(inode->cache + at, from, bytes);
        inode_touch(inode, at, at + bytes);
        inode->cache_bytes = max_u64(inode->cache_bytes, at + bytes);
        if (!astray)
            patch_write(sim, inode, from, at, bytes);
    }
    return leave(sim, rc);
}

static int64_t sim_pread(void *ctx, int file, void *to, size_t bytes, uint64_t at)
{
    struct simdisk *sim = ctx;
    int rc = enter(sim, SIMDISK_PREAD);
    struct inode *inode = of_handle(sim, file);

    if (rc < 0 || !inode)
        return leave(sim, rc < 0 ? rc : -EBADF);
    if (patch_forbids(sim, inode, at, bytes))
        return leave(sim, -EIO);
    uint64_t have = inode->cache_bytes > at ? min_u64(bytes, inode->cache_bytes - at) : 0;
    uint64_t some = inode->touched > at ? min_u64(have, inode->touched - at) : 0;
    if (some > 0)
        memcpy(to, inode->cache + at, some);
    if (have > 0) {
        memset((char *)to + some, 0, have - some);
        patch_read(sim, inode, to, at, have);
    }
    (void)leave(sim, 0);
    return (int64_t)have;
}

static int sim_sync(void *ctx, int file)
{
    struct simdisk *sim = ctx;
    int rc = enter(sim, SIMDISK_SYNC);
    struct inode *inode = of_handle(sim, file);

    if (!inode)
        return leave(sim, -EBADF);
    if (rc < 0 && (sim->stop_at == 0 || sim->ops < sim->stop_at))
        inode->dirty = (struct range){0};
    if (rc == 0)
        inode_sync(inode);
    return leave(sim, rc);
}

static int sim_allocate(void *ctx, int file, uint64_t bytes)
{
    struct simdisk *sim = ctx;
    int rc = enter(sim, SIMDISK_ALLOCATE);
    struct inode *inode = of_handle(sim, file);

    if (rc < 0 || !inode)
        return leave(sim, rc < 0 ? rc : -EBADF);
    if (!claim(sim, inode, bytes))
        return leave(sim, -ENOSPC);
    inode_grow(inode, bytes);
    inode->cache_bytes = max_u64(inode->cache_bytes, bytes);
    return leave(sim, 0);
}

static int sim_truncate(void *ctx, int file, uint64_t bytes)
{
    struct simdisk *sim = ctx;
    int rc = enter(sim, SIMDISK_TRUNCATE);
    struct inode *inode = of_handle(sim, file);

    if (rc < 0 || !inode)
        return leave(sim, rc < 0 ? rc : -EBADF);
    inode_grow(inode, bytes);
    if (bytes < inode->touched) {
        memset(inode->cache + bytes, 0, inode->touched - bytes);
        inode_touch(inode, bytes, inode->touched);
    }
    inode->cache_bytes = bytes;
    inode->claimed = min_u64(inode->claimed, bytes);
    return leave(sim, 0);
}

static int64_t sim_size(void *ctx, int file)
{
    struct simdisk *sim = ctx;

    (void)pthread_mutex_lock(&sim->lock);
    struct inode *inode = of_handle(sim, file);
    int64_t size = inode ? (int64_t)inode->cache_bytes : -EBADF;
    (void)leave(sim, 0);
    return size;
}

static int sim_rename(void *ctx, const char *from, const char *to)
{
    struct simdisk *sim = ctx;
    int rc = enter(sim, SIMDISK_RENAME);
    struct name *name = find_name(&sim->live, from);

    if (rc == 0 && !name)
        rc = -ENOENT;
    if (rc == 0)
        add_change(sim, CHANGE_RENAME, from, to, name->inode);
    return leave(sim, rc);
}

static int sim_unlink(void *ctx, const char *path)
{
    struct simdisk *sim = ctx;
    int rc = enter(sim, SIMDISK_UNLINK);

    if (rc == 0 && !find_name(&sim->live, path))
        rc = -ENOENT;
    if (rc == 0)
        add_change(sim, CHANGE_UNLINK, path, NULL, NULL);
    return leave(sim, rc);
}

static int sim_make_dir(void *ctx, const char *path)
{
    (void)ctx;
    (void)path;
    return 0;
}

static int sim_sync_dir(void *ctx, const char *path)
{
    struct simdisk *sim = ctx;
    int rc = enter(sim, SIMDISK_SYNC_DIR);
    size_t kept = 0;

    for (size_t i = 0; rc == 0 && i < sim->pending_count; i++) {
        if (!is_in(sim->pending[i].path, path)) {
            sim->pending[kept++] = sim->pending[i];
            continue;
        }
        change_names(&sim->media, &sim->pending[i]);
        free_change(&sim->pending[i]);
    }
    if (rc == 0) {
        sim->pending_count = kept;
        free_unused(sim);
    }
    return leave(sim, rc);
}

static int sim_space(void *ctx, const char *path, struct disk_space *ret)
{
    struct simdisk *sim = ctx;

    (void)pthread_mutex_lock(&sim->lock);
    *ret = (struct disk_space){.free = UINT64_MAX, .id = sim->id};
    for (size_t i = 0; i < sim->live.count; i++)
        if (sim->live.at[i].inode && is_in(sim->live.at[i].path, path))
            ret->used += sim->live.at[i].inode->claimed;
    if (sim->room != 0)
        ret->free = sim->room > used(sim) ? sim->room - used(sim) : 0;
    return leave(sim, sim->id == 0 ? -ENOENT : 0);
}

static int sim_list(void *ctx, const char *path, void (*each)(void *arg, const char *name), void *arg)
{
    struct simdisk *sim = ctx;
    char *names[NAMES_MAX];
    size_t count = 0;

    (void)pthread_mutex_lock(&sim->lock);
    for (size_t i = 0; i < sim->live.count; i++)
        if (is_in(sim->live.at[i].path, path))
            names[count++] = dup_text(strrchr(sim->live.at[i].path, '/') + 1);
    (void)leave(sim, 0);
    for (size_t i = 0; i < count; i++) {
        each(arg, names[i]);
        free(names[i]);
    }
    return 0;
}

/* Neither memory nor its sharing is simulated. */
static void sim_forget(void *ctx, int file) { (void)ctx, (void)file; }

static void sim_go_last(void *ctx, bool last) { (void)ctx, (void)last; }

static int sim_lock(void *ctx, const char *path, uint64_t *ret_pid)
{
    struct simdisk *sim = ctx;

    (void)path;
    (void)pthread_mutex_lock(&sim->lock);
    bool was = sim->locked;
    sim->locked = true;
    (void)leave(sim, 0);
    if (!was)
        return 0;
    *ret_pid = 1;
    return -EWOULDBLOCK;
}

static void sim_unlock(void *ctx, int lock)
{
    struct simdisk *sim = ctx;

    (void)lock;
    (void)pthread_mutex_lock(&sim->lock);
    sim->locked = false;
    (void)leave(sim, 0);
}

/* ---- life ------------------------------------------------------------------------------------------------------- */

struct simdisk *simdisk_new(uint64_t seed)
{
    struct simdisk *sim = calloc(1, sizeof(*sim));

    if (!sim)
        return NULL;
    sim->random = seed;
    sim->id = 1;
    (void)pthread_mutex_init(&sim->lock, NULL);
    sim->disk = (struct disk){
        .ctx = sim,
        .open = sim_open,
        .close = sim_close,
        .pwrite = sim_pwrite,
        .pread = sim_pread,
        .sync = sim_sync,
        .allocate = sim_allocate,
        .truncate = sim_truncate,
        .size = sim_size,
        .rename = sim_rename,
        .unlink = sim_unlink,
        .make_dir = sim_make_dir,
        .sync_dir = sim_sync_dir,
        .space = sim_space,
        .forget = sim_forget,
        .go_last = sim_go_last,
        .list = sim_list,
        .lock = sim_lock,
        .hold = sim_lock,
        .unlock = sim_unlock,
    };
    return sim;
}

void simdisk_free(struct simdisk *sim)
{
    if (!sim)
        return;
    while (sim->inodes) {
        struct inode *inode = sim->inodes;
        sim->inodes = inode->next;
        inode_free(inode);
    }
    drop_names(&sim->live);
    drop_names(&sim->media);
    simdisk_heal(sim);
    for (size_t i = 0; i < sim->pending_count; i++)
        free_change(&sim->pending[i]);
    (void)pthread_mutex_destroy(&sim->lock);
    free(sim);
}

struct disk *simdisk_disk(struct simdisk *sim) { return &sim->disk; }

static struct inode *copied(struct inode *inode) { return inode ? inode->copy : NULL; }

static void copy_change(struct change *to, const struct change *from, struct inode *inode)
{
    *to = (struct change){.kind = from->kind, .path = dup_text(from->path), .to = from->to ? dup_text(from->to) : NULL,
                          .inode = inode};
}

static struct simdisk *copy_disk(const struct simdisk *sim, bool no_media)
{
    struct simdisk *copy = simdisk_new(sim->random);

    if (!copy)
        return NULL;
    copy->no_media = no_media;
    for (struct inode *inode = sim->inodes; inode; inode = inode->next) {
        inode->copy = inode_new(copy);
        inode_copy(inode->copy, inode);
    }
    for (size_t i = 0; i < sim->live.count; i++)
        set_name(&copy->live, sim->live.at[i].path, copied(sim->live.at[i].inode));
    for (size_t i = 0; i < sim->media.count; i++)
        set_name(&copy->media, sim->media.at[i].path, copied(sim->media.at[i].inode));
    for (size_t i = 0; i < sim->pending_count; i++)
        copy_change(&copy->pending[i], &sim->pending[i], copied(sim->pending[i].inode));
    copy->pending_count = sim->pending_count;
    copy->room = sim->room;
    copy->id = sim->id;
    for (size_t i = 0; i < sim->patch_count; i++)
        patch_add(copy, copied(sim->patches[i].inode), sim->patches[i].at, sim->patches[i].seen,
                  sim->patches[i].bytes);
    return copy;
}

struct simdisk *simdisk_copy(const struct simdisk *sim) { return copy_disk(sim, sim->no_media); }
struct simdisk *simdisk_copy_cache(const struct simdisk *sim) { return copy_disk(sim, true); }

static struct inode *copy_of(struct simdisk *sim, const struct inode *origin)
{
    struct inode *inode = sim->inodes;

    while (origin && inode && inode->origin != origin)
        inode = inode->next;
    return origin ? inode : NULL;
}

void simdisk_rewind(struct simdisk *sim, const struct simdisk *to)
{
    ENSURE(to->patch_count == 0);
    simdisk_kill(sim);
    simdisk_heal(sim);
    for (struct inode *inode = sim->inodes; inode; inode = inode->next)
        if (inode->origin)
            inode_rewind(inode);
    for (size_t i = 0; i < sim->pending_count; i++)
        free_change(&sim->pending[i]);
    sim->pending_count = 0;
    drop_names(&sim->live);
    drop_names(&sim->media);
    for (size_t i = 0; i < to->live.count; i++)
        set_name(&sim->live, to->live.at[i].path, copy_of(sim, to->live.at[i].inode));
    for (size_t i = 0; i < to->media.count; i++)
        set_name(&sim->media, to->media.at[i].path, copy_of(sim, to->media.at[i].inode));
    for (size_t i = 0; i < to->pending_count; i++)
        copy_change(&sim->pending[i], &to->pending[i], copy_of(sim, to->pending[i].inode));
    sim->pending_count = to->pending_count;
    sim->random = to->random;
    sim->room = to->room;
    sim->ops = 0;
    free_unused(sim);
}

void simdisk_kill(struct simdisk *sim)
{
    memset(sim->handles, 0, sizeof(sim->handles));
    memset(sim->faults, 0, sizeof(sim->faults));
    sim->stop_at = 0;
    sim->astray.armed = false;
    sim->locked = false;
}

void simdisk_power_cut(struct simdisk *sim)
{
    ENSURE(!sim->no_media);
    simdisk_kill(sim);
    for (size_t i = 0; i < sim->pending_count; i++) {
        if (next_random(sim) % 2 == 0)
            change_names(&sim->media, &sim->pending[i]);
        free_change(&sim->pending[i]);
    }
    sim->pending_count = 0;
    copy_names(&sim->live, &sim->media);
    for (struct inode *inode = sim->inodes; inode; inode = inode->next)
        inode_tear(inode, next_random, sim);
}

uint64_t simdisk_ops(const struct simdisk *sim) { return sim->ops; }

void simdisk_stop_after(struct simdisk *sim, uint64_t ops) { sim->stop_at = sim->ops + ops + 1; }

void simdisk_fail(struct simdisk *sim, enum simdisk_op op, uint64_t skip, int error, bool forever)
{
    (void)pthread_mutex_lock(&sim->lock);
    sim->faults[op] = (struct fault){.armed = true, .forever = forever, .skip = skip, .error = error};
    (void)leave(sim, 0);
}

void simdisk_set_room(struct simdisk *sim, uint64_t bytes)
{
    (void)pthread_mutex_lock(&sim->lock);
    sim->room = bytes;
    (void)leave(sim, 0);
}

void simdisk_replace(struct simdisk *sim, uint64_t id)
{
    (void)pthread_mutex_lock(&sim->lock);
    sim->id = id;
    (void)leave(sim, 0);
}

uint64_t simdisk_used(const struct simdisk *sim) { return used(sim); }

static struct inode *inode_of(struct simdisk *sim, const char *path)
{
    struct name *name = find_name(&sim->live, path);

    return name ? name->inode : NULL;
}

char *simdisk_file(struct simdisk *sim, const char *path, uint64_t *ret_bytes)
{
    struct inode *inode = inode_of(sim, path);

    if (!inode)
        return NULL;
    *ret_bytes = inode->cache_bytes;
    return inode->cache;
}

bool simdisk_cut_file(struct simdisk *sim, const char *path, uint64_t bytes)
{
    struct inode *inode = inode_of(sim, path);

    if (!inode || bytes > inode->cache_bytes)
        return false;
    memset(inode->cache + bytes, 0, inode->cache_bytes - bytes);
    inode_touch(inode, bytes, inode->cache_bytes);
    inode->cache_bytes = bytes;
    inode_sync(inode);
    return true;
}

bool simdisk_remove_file(struct simdisk *sim, const char *path)
{
    struct name *name = find_name(&sim->live, path);

    if (!name)
        return false;
    drop_name(&sim->live, name);
    name = find_name(&sim->media, path);
    if (name)
        drop_name(&sim->media, name);
    return true;
}

void simdisk_each(struct simdisk *sim, void (*each)(void *arg, const char *path, uint64_t bytes), void *arg)
{
    for (size_t i = 0; i < sim->live.count; i++)
        if (sim->live.at[i].inode)
            each(arg, sim->live.at[i].path, sim->live.at[i].inode->cache_bytes);
}

/* ---- decay ------------------------------------------------------------------------------------------------------- */

char *simdisk_change(struct simdisk *sim, const char *path, uint64_t at, uint64_t bytes)
{
    struct inode *inode = inode_of(sim, path);

    if (!inode || at + bytes > inode->cache_bytes)
        return NULL;
    inode_touch(inode, at, at + bytes);
    return inode->cache + at;
}

bool simdisk_flip(struct simdisk *sim, const char *path, uint64_t at, unsigned bit)
{
    struct inode *inode = inode_of(sim, path);

    if (!inode || at >= inode->cache_bytes)
        return false;
    char seen = (char)(inode->cache[at] ^ (1 << bit % 8));
    patch_add(sim, inode, at, &seen, 1);
    return true;
}

bool simdisk_show(struct simdisk *sim, const char *path, uint64_t at, const void *bytes, size_t count)
{
    struct inode *inode = inode_of(sim, path);

    if (!inode || at >= inode->cache_bytes)
        return false;
    patch_add(sim, inode, at, bytes, min_u64(count, inode->cache_bytes - at));
    return true;
}

bool simdisk_spoil(struct simdisk *sim, const char *path, uint64_t at, uint64_t bytes)
{
    struct inode *inode = inode_of(sim, path);

    if (!inode || at >= inode->cache_bytes)
        return false;
    patch_add(sim, inode, at, NULL, min_u64(bytes, inode->cache_bytes - at));
    return true;
}

bool simdisk_misdirect(struct simdisk *sim, uint64_t skip, const char *path, uint64_t at)
{
    struct inode *inode = inode_of(sim, path);

    if (!inode)
        return false;
    sim->astray.armed = true;
    sim->astray.skip = skip;
    sim->astray.inode = inode;
    sim->astray.at = at;
    return true;
}

bool simdisk_damage(const struct simdisk *sim, size_t index, struct simdisk_range *ret)
{
    if (index >= sim->patch_count)
        return false;
    const struct patch *patch = &sim->patches[index];
    *ret = (struct simdisk_range){.path = NULL, .from = patch->at, .to = patch->at + patch->bytes,
                                  .unreadable = !patch->seen};
    for (size_t i = 0; i < sim->live.count; i++)
        if (sim->live.at[i].inode == patch->inode)
            ret->path = sim->live.at[i].path;
    return true;
}

void simdisk_heal(struct simdisk *sim)
{
    while (sim->patch_count > 0)
        patch_drop(sim, sim->patch_count - 1);
    sim->astray.armed = false;
    sim->astray.inode = NULL;
}
