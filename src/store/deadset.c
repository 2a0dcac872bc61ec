/* deadset.c - see deadset.h. SPDX-License-Identifier: MIT */
#include "store/deadset.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"

enum {
    PAGE_BYTES = DEADSET_PAGE_SLOTS * DEADSET_SLOT_BYTES,
    BITMAP_BYTES = DEADSET_PAGE_SLOTS / 8,
    IMAGE_HEADER_BYTES = 16,
    LIST_ROOM_FIRST = 16,
    PAGES_MAX = 1 << 20, /* 4 TiB: more than any segment spans */
};

struct page {
    uint32_t refs;
    uint32_t count;
    uint32_t room;      /* of `list`; 0 = it is a bitmap */
    uint16_t list[];    /* ascending; or the bitmap */
};

/* One for each stretch of 4 MiB from `first` on; NULL = no members. */
struct deadset {
    uint32_t refs;
    uint64_t first, count;
    uint64_t members;
    struct page *pages[];
};

/* ---- pages ------------------------------------------------------------------------------------------------------- */

static size_t page_bytes(uint32_t room) { return sizeof(struct page) + (room == 0 ? BITMAP_BYTES : 2 * (size_t)room); }

static unsigned char *bits(struct page *page) { return (unsigned char *)page->list; }

static const unsigned char *bits_of(const struct page *page) { return (const unsigned char *)page->list; }

static struct page *page_new(uint32_t room)
{
    struct page *page = mem_new(page_bytes(room));

    page->refs = 1;
    page->room = room;
    return page;
}

static void page_free(struct page *page)
{
    if (page && --page->refs == 0)
        free(page);
}

/* The place of `slot` in the list, or where it would be. */
static uint32_t place_of(const struct page *page, uint32_t slot)
{
    uint32_t low = 0, high = page->count;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (page->list[mid] < slot)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static bool page_has(const struct page *page, uint32_t slot)
{
    if (page->room == 0)
        return bits_of(page)[slot / 8] >> slot % 8 & 1;
    uint32_t at = place_of(page, slot);
    return at < page->count && page->list[at] == slot;
}

/* The page as a bitmap, or with a longer list; the old one is given back. */
static struct page *page_grow(struct page *page)
{
    uint32_t room = page->room < DEADSET_LIST_MAX ? page->room * 2 : 0;
    struct page *grown = page_new(room);

    grown->count = page->count;
    if (room > 0)
        memcpy(grown->list, page->list, page->count * sizeof(page->list[0]));
    else
        for (uint32_t i = 0; i < page->count; i++)
            bits(grown)[page->list[i] / 8] |= (unsigned char)(1 << page->list[i] % 8);
    page_free(page);
    return grown;
}

/* The page for itself alone, to be changed. */
static struct page *page_own(struct page *page)
{
    if (page->refs == 1)
        return page;
    struct page *own = page_new(page->room);
    memcpy(own->list, page->list, page_bytes(page->room) - sizeof(*page));
    own->count = page->count;
    page->refs--;
    return own;
}

static bool page_add(struct page **slot_page, uint32_t slot)
{
    struct page *page = *slot_page;
    bool behind = page->room > 0 && (page->count == 0 || page->list[page->count - 1] < slot);

    if (!behind && page_has(page, slot))
        return false;
    page = page_own(page);
    if (page->room > 0 && page->count == page->room)
        page = page_grow(page);
    if (page->room > 0) {
        uint32_t at = behind ? page->count : place_of(page, slot);
        memmove(page->list + at + 1, page->list + at, (page->count - at) * sizeof(page->list[0]));
        page->list[at] = (uint16_t)slot;
    } else {
        bits(page)[slot / 8] |= (unsigned char)(1 << slot % 8);
    }
    page->count++;
    *slot_page = page;
    return true;
}

/* ---- sets -------------------------------------------------------------------------------------------------------- */

static struct deadset *set_new(uint64_t first, uint64_t count)
{
    ENSURE(count <= PAGES_MAX);
    struct deadset *set = mem_new(sizeof(*set) + count * sizeof(set->pages[0]));
    set->refs = 1;
    set->first = first;
    set->count = count;
    return set;
}

struct deadset *deadset_copy(struct deadset *set)
{
    if (set)
        set->refs++;
    return set;
}

void deadset_free(struct deadset *set)
{
    if (!set || --set->refs > 0)
        return;
    for (uint64_t i = 0; i < set->count; i++)
        page_free(set->pages[i]);
    free(set);
}

/* The set for itself alone, with a place for `page`. */
static struct deadset *set_own(struct deadset *set, uint64_t page)
{
    if (!set)
        return set_new(page, 1);
    uint64_t first = min_u64(page, set->first), end = set->first + set->count;
    if (page >= end) /* they come in order: room for as many again */
        end = page + min_u64(set->count, PAGES_MAX / 2);
    struct deadset *own = set_new(first, end - first);
    own->members = set->members;
    for (uint64_t i = 0; i < set->count; i++) {
        own->pages[set->first - first + i] = set->pages[i];
        if (set->pages[i])
            set->pages[i]->refs++;
    }
    deadset_free(set);
    return own;
}

static const struct page *page_at(const struct deadset *set, uint64_t page)
{
    return set && page >= set->first && page - set->first < set->count ? set->pages[page - set->first] : NULL;
}

bool deadset_has(const struct deadset *set, uint64_t lsn)
{
    const struct page *page = page_at(set, lsn / PAGE_BYTES);

    return page && page_has(page, (uint32_t)(lsn % PAGE_BYTES / DEADSET_SLOT_BYTES));
}

bool deadset_add(struct deadset **ret_set, uint64_t lsn)
{
    uint64_t page = lsn / PAGE_BYTES;

    struct deadset *set = *ret_set;
    if (UNLIKELY(!set || set->refs > 1 || page < set->first || page - set->first >= set->count))
        set = *ret_set = set_own(set, page);
    struct page **at = &set->pages[page - set->first];
    if (!*at)
        *at = page_new(LIST_ROOM_FIRST);
    bool added = page_add(at, (uint32_t)(lsn % PAGE_BYTES / DEADSET_SLOT_BYTES));
    set->members += added;
    return added;
}

uint64_t deadset_count(const struct deadset *set) { return set ? set->members : 0; }

/* Adds the members of `page`, from `base` on, that are not in `but`. */
static void join_page(struct deadset **set, uint64_t base, const struct page *page, const struct page *but)
{
    for (uint32_t n = 0; n < (page->room > 0 ? page->count : BITMAP_BYTES); n++) {
        unsigned left = page->room > 0 ? 1 : bits_of(page)[n];
        if (page->room == 0 && but && but->room == 0)
            left &= ~(unsigned)bits_of(but)[n];
        for (uint32_t bit = 0; left != 0; bit++, left >>= 1) {
            uint32_t slot = page->room > 0 ? page->list[n] : n * 8 + bit;
            if ((left & 1) && !(but && page_has(but, slot)))
                (void)deadset_add(set, base + slot * (uint64_t)DEADSET_SLOT_BYTES);
        }
    }
}

void deadset_join(struct deadset **set, const struct deadset *from, const struct deadset *but)
{
    for (uint64_t i = 0; from && i < from->count; i++) {
        const struct page *page = from->pages[i], *not_these = page_at(but, from->first + i);
        if (page && page != not_these)
            join_page(set, (from->first + i) * PAGE_BYTES, page, not_these);
    }
}

/* ---- images ------------------------------------------------------------------------------------------------------ */

static size_t body_bytes(uint32_t count)
{
    return count <= DEADSET_LIST_MAX ? ((size_t)count * 2 + 7) / 8 * 8 : BITMAP_BYTES;
}

size_t deadset_image_bytes(const struct deadset *set)
{
    size_t bytes = 0;

    for (uint64_t i = 0; set && i < set->count; i++)
        if (set->pages[i] && set->pages[i]->count > 0)
            bytes += IMAGE_HEADER_BYTES + body_bytes(set->pages[i]->count);
    return bytes;
}

static void save_page(const struct page *page, char *to)
{
    if (page->room == 0) {
        memcpy(to, bits_of(page), BITMAP_BYTES);
        return;
    }
    memset(to, 0, body_bytes(page->count));
    for (uint32_t i = 0; i < page->count; i++)
        put_le16(to + 2 * i, page->list[i]);
}

void deadset_save(const struct deadset *set, char *to)
{
    for (uint64_t i = 0; set && i < set->count; i++) {
        const struct page *page = set->pages[i];
        if (!page || page->count == 0)
            continue;
        put_le64(to, (set->first + i) * PAGE_BYTES);
        put_le32(to + 8, page->count);
        put_le32(to + 12, 0);
        save_page(page, to + IMAGE_HEADER_BYTES);
        to += IMAGE_HEADER_BYTES + body_bytes(page->count);
    }
}

/* Adds the members of one page, which must be `count` different ones within the range. */
static bool load_page(const char *body, uint64_t at, uint32_t count, uint64_t begin, uint64_t end,
                      struct deadset **set)
{
    uint32_t seen = 0, steps = count <= DEADSET_LIST_MAX ? count : DEADSET_PAGE_SLOTS;

    for (uint32_t i = 0; i < steps; i++) {
        bool listed = count <= DEADSET_LIST_MAX;
        if (!listed && !((unsigned char)body[i / 8] >> i % 8 & 1))
            continue;
        uint32_t slot = listed ? get_le16(body + 2 * i) : i;
        uint64_t lsn = at + slot * (uint64_t)DEADSET_SLOT_BYTES;
        if (lsn + DEADSET_SLOT_BYTES <= begin || lsn >= end || !deadset_add(set, lsn))
            return false;
        seen++;
    }
    return seen == count;
}

bool deadset_load(const char *from, size_t bytes, uint64_t begin, uint64_t end, struct deadset **ret)
{
    struct deadset *set = NULL;
    bool good = bytes == 0 || (end > begin && (end - begin) / PAGE_BYTES + 2 <= PAGES_MAX);

    while (good && bytes > 0) {
        uint32_t count = bytes >= IMAGE_HEADER_BYTES ? get_le32(from + 8) : 0;
        good = count > 0 && count <= DEADSET_PAGE_SLOTS && bytes - IMAGE_HEADER_BYTES >= body_bytes(count);
        if (!good)
            break;
        uint64_t at = get_le64(from);
        good = at % PAGE_BYTES == 0 && at < end && end - at <= end - begin + PAGE_BYTES &&
               load_page(from + IMAGE_HEADER_BYTES, at, count, begin, end, &set);
        from += IMAGE_HEADER_BYTES + body_bytes(count);
        bytes -= IMAGE_HEADER_BYTES + body_bytes(count);
    }
    if (!good) {
        deadset_free(set);
        set = NULL;
    }
    *ret = set;
    return good;
}
