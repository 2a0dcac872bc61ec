/*
 * again.h - was this message pushed before? The dedup keys of a CMD_PUT
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_AGAIN_H
#define GMQ_GNODE_AGAIN_H

#include "gnode/turn.h"

/* What is known of one message of a CMD_PUT. All zero: it has no dedup key. */
struct again {
    bool deduped;
    struct payload_dedup dedup; /* for its PUSH */
    uint64_t id;     /* of the push that came before it with this key and the same content; 0 = it is new */
    uint32_t before; /* 1 + the index of the message of the same command that did; 0 = none */
};

/* Has any of them a dedup key? */
bool again_asked(const struct cmd_put *puts, uint32_t count);

/*
 * Fills `ret`, one for each message, as of turn->now_ms. The topic need not be there yet. 0, or why all of them are
 * refused: GMQ_E_DEDUP_MISMATCH = other content was pushed with one of the keys; GMQ_E_KEY = one is no key;
 * GMQ_E_VALUE = this node keeps no dedup keys.
 */
NODISCARD int again_look(const struct turn *turn, const struct cmd_put *puts, uint32_t count, struct again *ret);

#endif
