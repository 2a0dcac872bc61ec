/*
 * imager.c - a life's imager: the image is that of the moment, and is there later, or never
 *
 * SPDX-License-Identifier: MIT
 */
#include "sim/life.h"

#include <errno.h>
#include <stdlib.h>

enum { REFUSED_PERMILLE = 100, FAILED_PERMILLE = 30, READY_PERMILLE = 300 };

static int begin(struct imager *imager, const struct engine *engine)
{
    struct life *life = CONTAINER_OF(imager, struct life, imager);

    ENSURE(!life->image);
    if (rng_chance(&life->rng, REFUSED_PERMILLE))
        return -EAGAIN;
    life->image_bytes = engine_saved_bytes(engine);
    life->image = malloc(life->image_bytes);
    ENSURE(life->image);
    engine_save_to(engine, life->image);
    return 0;
}

static void cancel(struct imager *imager)
{
    struct life *life = CONTAINER_OF(imager, struct life, imager);

    ENSURE(life->image);
    free(life->image);
    life->image = NULL;
}

static int poll_image(struct imager *imager, struct image *ret)
{
    struct life *life = CONTAINER_OF(imager, struct life, imager);

    ENSURE(life->image);
    if (rng_chance(&life->rng, FAILED_PERMILLE)) {
        cancel(imager);
        return -ECHILD;
    }
    if (!rng_chance(&life->rng, READY_PERMILLE))
        return 0;
    *ret = (struct image){.bytes = life->image, .count = life->image_bytes};
    life->image = NULL;
    return 1;
}

void imager_init(struct life *life)
{
    life->imager = (struct imager){.begin = begin, .poll = poll_image, .cancel = cancel};
}
