/* lsnset.c - see lsnset.h. SPDX-License-Identifier: MIT */
#include "base/lsnset.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"

enum {
    PAGE_BYTES = LSNSET_PAGE_SLOTS * LSNSET_SLOT_BYTES,
    BITMAP_BYTES = LSNSET_PAGE_SLOTS / 8,
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
struct lsnset {
    uint32_t refs;
    uint64_t first, count;
    uint64_t members;
    uint64_t image_bytes, page_bytes; /* of all pages */
    struct page *pages[];
};

/* ---- pages ------------------------------------------------------------------------------------------------------- */

static size_t page_bytes(uint32_t room) { return sizeof(struct page) + (room == 0 ? BITMAP_BYTES : 2 * (size_t)room); }

static size_t page_taken(uint32_t room) { return mem_taken(page_bytes(room)); }

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
    uint32_t room = page->room < LSNSET_LIST_MAX ? page->room * 2 : 0;
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

/* Takes `slot` out; a list that becomes short stays as long as it is. */
static bool page_remove(struct page **slot_page, uint32_t slot)
{
    struct page *page = *slot_page;

    if (!page_has(page, slot))
        return false;
    *slot_page = page = page_own(page);
    if (page->room > 0) {
        uint32_t at = place_of(page, slot);
        memmove(page->list + at, page->list + at + 1, (page->count - at - 1) * sizeof(page->list[0]));
    } else {
        bits(page)[slot / 8] &= (unsigned char)~(1 << slot % 8);
    }
    page->count--;
    return true;
}

/* The first member from `slot` on, or LSNSET_PAGE_SLOTS. */
static uint32_t page_next(const struct page *page, uint32_t slot)
{
    if (page->room > 0) {
        uint32_t at = place_of(page, slot);
        return at < page->count ? page->list[at] : LSNSET_PAGE_SLOTS;
    }
    while (slot < LSNSET_PAGE_SLOTS && !page_has(page, slot))
        slot += slot % 8 == 0 && bits_of(page)[slot / 8] == 0 ? 8 : 1;
    return slot;
}

/* What a page of so many members takes in an image. */
static size_t body_bytes(uint32_t count)
{
    return count <= LSNSET_LIST_MAX ? ((size_t)count * 2 + 7) / 8 * 8 : BITMAP_BYTES;
}

static size_t page_image_bytes(const struct page *page)
{
    return page && page->count > 0 ? IMAGE_HEADER_BYTES + body_bytes(page->count) : 0;
}

/* ---- sets -------------------------------------------------------------------------------------------------------- */

static struct lsnset *set_new(uint64_t first, uint64_t count)
{
    ENSURE(count <= PAGES_MAX);
    struct lsnset *set = mem_new(sizeof(*set) + count * sizeof(set->pages[0]));
    set->refs = 1;
    set->first = first;
    set->count = count;
    return set;
}

struct lsnset *lsnset_copy(struct lsnset *set)
{
    if (set)
        set->refs++;
    return set;
}

void lsnset_free(struct lsnset *set)
{
    if (!set || --set->refs > 0)
        return;
    for (uint64_t i = 0; i < set->count; i++)
        page_free(set->pages[i]);
    free(set);
}

/* The set for itself alone, with a place for `page`. */
static struct lsnset *set_own(struct lsnset *set, uint64_t page)
{
    if (!set)
        return set_new(page, 1);
    uint64_t first = min_u64(page, set->first), end = set->first + set->count;
    if (page >= end) /* they come in order: room for as many again */
        end = page + min_u64(set->count, PAGES_MAX / 2);
    struct lsnset *own = set_new(first, end - first);
    own->members = set->members;
    own->image_bytes = set->image_bytes;
    own->page_bytes = set->page_bytes;
    for (uint64_t i = 0; i < set->count; i++) {
        own->pages[set->first - first + i] = set->pages[i];
        if (set->pages[i])
            set->pages[i]->refs++;
    }
    lsnset_free(set);
    return own;
}

static const struct page *page_at(const struct lsnset *set, uint64_t page)
{
    return set && page >= set->first && page - set->first < set->count ? set->pages[page - set->first] : NULL;
}

bool lsnset_has(const struct lsnset *set, uint64_t lsn)
{
    const struct page *page = page_at(set, lsn / PAGE_BYTES);

    return page && page_has(page, (uint32_t)(lsn % PAGE_BYTES / LSNSET_SLOT_BYTES));
}

bool lsnset_add(struct lsnset **ret_set, uint64_t lsn)
{
    uint64_t page = lsn / PAGE_BYTES;

    struct lsnset *set = *ret_set;
    if (UNLIKELY(!set || set->refs > 1 || page < set->first || page - set->first >= set->count))
        set = *ret_set = set_own(set, page);
    struct page **at = &set->pages[page - set->first];
    bool fresh = !*at;
    if (fresh)
        *at = page_new(LIST_ROOM_FIRST);
    uint32_t room = (*at)->room;
    bool added = page_add(at, (uint32_t)(lsn % PAGE_BYTES / LSNSET_SLOT_BYTES));
    if (!added)
        return false;
    uint32_t count = (*at)->count;
    set->members++;
    if (UNLIKELY(fresh || room != (*at)->room))
        set->page_bytes += page_taken((*at)->room) - (fresh ? 0 : page_taken(room));
    set->image_bytes += fresh ? IMAGE_HEADER_BYTES + body_bytes(count) : body_bytes(count) - body_bytes(count - 1);
    return true;
}

bool lsnset_remove(struct lsnset **ret_set, uint64_t lsn)
{
    uint64_t page = lsn / PAGE_BYTES;
    struct lsnset *set = *ret_set;

    if (!lsnset_has(set, lsn))
        return false;
    if (set->refs > 1)
        set = *ret_set = set_own(set, page);
    struct page **at = &set->pages[page - set->first];
    set->image_bytes -= page_image_bytes(*at);
    (void)page_remove(at, (uint32_t)(lsn % PAGE_BYTES / LSNSET_SLOT_BYTES));
    set->image_bytes += page_image_bytes(*at);
    set->members--;
    if ((*at)->count == 0) {
        set->page_bytes -= page_taken((*at)->room);
        page_free(*at);
        *at = NULL;
    }
    if (set->members == 0) {
        lsnset_free(set);
        *ret_set = NULL;
    }
    return true;
}

bool lsnset_next(const struct lsnset *set, uint64_t from, uint64_t *ret)
{
    if (!set)
        return false;
    uint64_t first = max_u64(from / PAGE_BYTES, set->first);
    for (uint64_t i = first; i - set->first < set->count; i++) {
        uint32_t slot = i == from / PAGE_BYTES ? (uint32_t)(from % PAGE_BYTES / LSNSET_SLOT_BYTES) : 0;
        if (set->pages[i - set->first])
            slot = page_next(set->pages[i - set->first], slot);
        if (!set->pages[i - set->first] || slot == LSNSET_PAGE_SLOTS)
            continue;
        *ret = i * PAGE_BYTES + slot * (uint64_t)LSNSET_SLOT_BYTES;
        return true;
    }
    return false;
}

uint64_t lsnset_memory(const struct lsnset *set)
{
    return set ? mem_taken(sizeof(*set) + set->count * sizeof(set->pages[0])) + set->page_bytes : 0;
}

uint64_t lsnset_count(const struct lsnset *set) { return set ? set->members : 0; }

/* Adds the members of `page`, from `base` on, that are not in `but`. */
static void join_page(struct lsnset **set, uint64_t base, const struct page *page, const struct page *but)
{
    for (uint32_t n = 0; n < (page->room > 0 ? page->count : BITMAP_BYTES); n++) {
        unsigned left = page->room > 0 ? 1 : bits_of(page)[n];
        if (page->room == 0 && but && but->room == 0)
            left &= ~(unsigned)bits_of(but)[n];
        for (uint32_t bit = 0; left != 0; bit++, left >>= 1) {
            uint32_t slot = page->room > 0 ? page->list[n] : n * 8 + bit;
            if ((left & 1) && !(but && page_has(but, slot)))
                (void)lsnset_add(set, base + slot * (uint64_t)LSNSET_SLOT_BYTES);
        }
    }
}

void lsnset_join(struct lsnset **set, const struct lsnset *from, const struct lsnset *but)
{
    for (uint64_t i = 0; from && i < from->count; i++) {
        const struct page *page = from->pages[i], *not_these = page_at(but, from->first + i);
        if (page && page != not_these)
            join_page(set, (from->first + i) * PAGE_BYTES, page, not_these);
    }
}

/* ---- images ------------------------------------------------------------------------------------------------------ */

size_t lsnset_image_bytes(const struct lsnset *set) { return set ? set->image_bytes : 0; }

static void save_page(const struct page *page, char *to)
{
    if (page->count > LSNSET_LIST_MAX) {
        memcpy(to, bits_of(page), BITMAP_BYTES);
        return;
    }
    memset(to, 0, body_bytes(page->count));
    for (uint32_t slot = page_next(page, 0); slot < LSNSET_PAGE_SLOTS; slot = page_next(page, slot + 1), to += 2)
        put_le16(to, (uint16_t)slot);
}

void lsnset_save(const struct lsnset *set, char *to)
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
                      struct lsnset **set)
{
    uint32_t seen = 0, steps = count <= LSNSET_LIST_MAX ? count : LSNSET_PAGE_SLOTS;

    for (uint32_t i = 0; i < steps; i++) {
        bool listed = count <= LSNSET_LIST_MAX;
        if (!listed && !((unsigned char)body[i / 8] >> i % 8 & 1))
            continue;
        uint32_t slot = listed ? get_le16(body + 2 * i) : i;
        uint64_t lsn = at + slot * (uint64_t)LSNSET_SLOT_BYTES;
        if (lsn + LSNSET_SLOT_BYTES <= begin || lsn >= end || !lsnset_add(set, lsn))
            return false;
        seen++;
    }
    return seen == count;
}

bool lsnset_load(const char *from, size_t bytes, uint64_t begin, uint64_t end, struct lsnset **ret)
{
    struct lsnset *set = NULL;
    bool good = bytes == 0 || (end > begin && (end - begin) / PAGE_BYTES + 2 <= PAGES_MAX);

    while (good && bytes > 0) {
        uint32_t count = bytes >= IMAGE_HEADER_BYTES ? get_le32(from + 8) : 0;
        good = count > 0 && count <= LSNSET_PAGE_SLOTS && bytes - IMAGE_HEADER_BYTES >= body_bytes(count);
        if (!good)
            break;
        uint64_t at = get_le64(from);
        good = at % PAGE_BYTES == 0 && at < end && end - at <= end - begin + PAGE_BYTES &&
               load_page(from + IMAGE_HEADER_BYTES, at, count, begin, end, &set);
        from += IMAGE_HEADER_BYTES + body_bytes(count);
        bytes -= IMAGE_HEADER_BYTES + body_bytes(count);
    }
    if (!good) {
        lsnset_free(set);
        set = NULL;
    }
    *ret = set;
    return good;
}
