/*
 * engine_fuzz.c - arbitrary bytes as the image of a checkpoint
 *
 * What loads is sound in structure, saves, and loads again as the same state. That no message stands in two places
 * is not looked for at loading (engine/state.h), so no records are applied to what came in.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fuzz/fuzz.h"

#include "engine/state.h"
#include "engine/tape.h"

enum { IMAGE_BYTES_MAX = 1 << 26 };

static void check_loaded(const struct engine *engine)
{
    struct tape_deaths deaths;
    struct engine *again = tape_engine(&deaths);
    struct buf first, second;

    buf_init(&first, IMAGE_BYTES_MAX);
    buf_init(&second, IMAGE_BYTES_MAX);
    ENSURE(engine_save(engine, &first));
    ENSURE(engine_load(again, buf_data(&first), buf_len(&first)) == 0);
    state_check(again);
    ENSURE(engine_digest(again) == engine_digest(engine));
    ENSURE(engine_save(again, &second));
    ENSURE(slice_equal(buf_slice(&first), buf_slice(&second)));
    buf_free(&first);
    buf_free(&second);
    engine_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tape_deaths deaths;
    struct engine *engine = tape_engine(&deaths);
    struct slice image = fuzz_copy(data, size);

    if (engine_load(engine, image.ptr, image.len) == 0) {
        state_check(engine);
        check_loaded(engine);
    } else {
        ENSURE(engine_queues(engine) == 0);
        engine_check(engine);
    }
    ENSURE(deaths.messages == 0 && deaths.queues == 0);
    fuzz_free(image);
    engine_free(engine);
    return 0;
}
