/*
 * clients.h - who clients are: the numbers that deliveries name them by
 *
 * What   A table of 4096 numbers, each with the name that a client gave itself, which may be empty, and the address of
 *        its host. It is the broker that gives numbers and takes them back, by CLIENT records; what a number holds is
 *        counted by flight.h. Number 0 is nobody known.
 * Cost   8 bytes a number once there is one, and 16 and the texts for each client.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_ENGINE_CLIENTS_H
#define GMQ_ENGINE_CLIENTS_H

#include "base/base.h"
#include "base/slice.h"

enum { CLIENTS_MAX = 4096, CLIENT_TEXT_BYTES_MAX = 255 }; /* of name and of address */

struct client_entry {
    uint8_t name_len, address_len;
    char text[]; /* name, address */
};

struct clients {
    struct client_entry **entries; /* by number; NULL while there never was one */
    uint64_t words;                /* of 8 bytes that all take in an image */
    uint64_t bytes;                /* of memory */
};

void clients_free(struct clients *clients);

/* Replaces who the number 1..4096 is; texts of at most 255 bytes are copied. */
void clients_set(struct clients *clients, uint32_t number, struct slice name, struct slice address);

/* NULL when the number is nobody's. */
const struct client_entry *clients_get(const struct clients *clients, uint32_t number);

static inline struct slice client_entry_name(const struct client_entry *entry)
{
    return slice_of(entry->text, entry->name_len);
}

static inline struct slice client_entry_address(const struct client_entry *entry)
{
    return slice_of(entry->text + entry->name_len, entry->address_len);
}

/* Words in an image: number and lengths, the texts padded to 8. */
static inline uint64_t client_entry_words(const struct client_entry *entry)
{
    return 1 + ((uint64_t)entry->name_len + entry->address_len + 7) / 8;
}

#endif
