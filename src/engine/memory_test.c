/* memory_test.c - what the engine counts is what it takes. SPDX-License-Identifier: MIT */
#include <malloc.h>
#include <stdio.h>

#include "engine/tape.h"
#include "unit/unit.h"

static size_t in_use(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

/* Within a tenth, and a little for the tape's own. An allocator that tells nothing (a sanitizer's) proves nothing. */
static void check_near(uint64_t counted, uint64_t taken)
{
    if (in_use() == 0)
        return;
    assert_in_range(counted, taken - taken / 10 - 20000, taken + taken / 10 + 20000);
}

TEST(engine_memory_is_what_the_engine_takes)
{
    struct tape tape;
    char name[64];
    uint64_t ids = 1;

    tape_open(&tape);
    size_t tape_bytes = tape.bytes.size, before = in_use();
    uint64_t counted = engine_memory(tape.engine);
    for (uint32_t queue = 1; queue <= 300; queue++) {
        (void)snprintf(name, sizeof(name), "topic.with.a.name.%u", (unsigned)queue);
        (void)tape_queue(&tape, queue, name, 0, 0);
    }
    for (uint32_t i = 0; i < 60000; i++) {
        uint32_t queue = i % 3 == 0 ? 1 + i % 300 : 1;
        uint64_t lsn = tape_push(&tape, queue, ids, i % 4 == 0 ? 100000 + i : 0);
        if (i % 4 == 1 && queue == 1 && i > 3 && i % 8 == 1)
            tape_bury(&tape, queue, 1, ref_make(lsn, 0));
        ids++;
    }
    check_near(engine_memory(tape.engine) - counted, in_use() - before - (tape.bytes.size - tape_bytes));
    engine_check(tape.engine);
    tape_close(&tape);
}
