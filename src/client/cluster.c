/* cluster.c - the nodes of a registry, one chosen for each request; see gmq.h. SPDX-License-Identifier: MIT */
#include "client/client.h"

#include "base/err.h"
#include "client/choice.h"
#include "client/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

enum {
    REFRESH_MS = 5000,
    DOWN_MS = 1000,       /* how long a node that failed is passed over */
    GONE_MS = 10 * 60000, /* how long the handle of a node lives that the registry has dropped */
};

struct member {
    struct gmq *mq;
    uint32_t weight;
    bool listed; /* in the registry's last list */
    uint64_t gone_at_ms, down_until_ms;
};

struct gmq_cluster {
    char *register_addr;
    enum gmq_choice choice;
    struct gmq_options options;
    struct choice_rng rng;
    size_t turn;
    struct member *members;
    struct choice_node *candidates; /* one for each member, room for the choice */
    size_t count;
    uint64_t refresh_at_ms; /* 0: there has been no list yet */
    char text[CLIENT_TEXT_BYTES];
};

struct gmq_cluster *gmq_cluster_new(const char *register_addr, enum gmq_choice choice,
                                    const struct gmq_options *options)
{
    struct gmq_cluster *cluster;

    if (!register_addr || register_addr[0] == '\0' || !(cluster = calloc(1, sizeof(*cluster))))
        return NULL;
    cluster->register_addr = strdup(register_addr);
    if (!cluster->register_addr ||
        getrandom(&cluster->rng.state, sizeof(cluster->rng.state), 0) != (ssize_t)sizeof(cluster->rng.state)) {
        gmq_cluster_free(cluster);
        return NULL;
    }
    cluster->choice = choice;
    cluster->options = options ? *options : (struct gmq_options){0};
    return cluster;
}

void gmq_cluster_free(struct gmq_cluster *cluster)
{
    if (!cluster)
        return;
    for (size_t i = 0; i < cluster->count; i++)
        gmq_free(cluster->members[i].mq);
    free(cluster->members);
    free(cluster->candidates);
    free(cluster->register_addr);
    free(cluster);
}

const char *gmq_cluster_error_text(const struct gmq_cluster *cluster) { return cluster->text; }

size_t gmq_cluster_size(const struct gmq_cluster *cluster)
{
    size_t listed = 0;

    for (size_t i = 0; i < cluster->count; i++)
        listed += cluster->members[i].listed;
    return listed;
}

static int fail(struct gmq_cluster *cluster, int err, const char *text)
{
    (void)snprintf(cluster->text, sizeof(cluster->text), "%s", text);
    return err;
}

static struct member *find_member(struct gmq_cluster *cluster, const char *addr)
{
    for (size_t i = 0; i < cluster->count; i++)
        if (strcmp(gmq_addr(cluster->members[i].mq), addr) == 0)
            return &cluster->members[i];
    return NULL;
}

static void drop_long_gone(struct gmq_cluster *cluster, uint64_t now_ms)
{
    size_t kept = 0;

    for (size_t i = 0; i < cluster->count; i++) {
        struct member *member = &cluster->members[i];
        if (!member->listed && now_ms >= member->gone_at_ms + GONE_MS)
            gmq_free(member->mq);
        else
            cluster->members[kept++] = *member;
    }
    cluster->count = kept;
}

static bool make_room(struct gmq_cluster *cluster, size_t more)
{
    size_t count = cluster->count + more;
    struct member *members = realloc(cluster->members, count * sizeof(*members));

    if (members)
        cluster->members = members;
    struct choice_node *candidates = realloc(cluster->candidates, count * sizeof(*candidates));
    if (candidates)
        cluster->candidates = candidates;
    return members && candidates;
}

/* Brings the members in line with a list that is not empty. */
static int take_list(struct gmq_cluster *cluster, const struct gmq_nodes *nodes)
{
    uint64_t now_ms = clock_mono_ms();

    drop_long_gone(cluster, now_ms);
    if (!make_room(cluster, nodes->count))
        return GMQ_ERR_MEMORY;
    for (size_t i = 0; i < cluster->count; i++) {
        if (cluster->members[i].listed)
            cluster->members[i].gone_at_ms = now_ms;
        cluster->members[i].listed = false;
    }
    for (size_t i = 0; i < nodes->count; i++) {
        struct member *member = find_member(cluster, nodes->nodes[i].tcp_addr);
        if (!member) {
            struct gmq *mq = gmq_new(nodes->nodes[i].tcp_addr, &cluster->options);
            if (!mq)
                return GMQ_ERR_MEMORY;
            member = &cluster->members[cluster->count++];
            *member = (struct member){.mq = mq};
        }
        member->listed = true;
        member->weight = nodes->nodes[i].weight;
    }
    return GMQ_OK;
}

int gmq_cluster_refresh(struct gmq_cluster *cluster)
{
    char text[256];
    struct gmq_nodes nodes;

    int err = gmq_nodes_get(cluster->register_addr, cluster->options.connect_timeout_ms, &nodes, text);
    if (err != GMQ_OK)
        return fail(cluster, err == GMQ_ERR_ADDRESS ? GMQ_ERR_REGISTRY : err, text);
    /* A registry that has just been started knows no node yet: the nodes we know are better than none. */
    if (nodes.count > 0)
        err = take_list(cluster, &nodes);
    gmq_nodes_free(&nodes);
    cluster->refresh_at_ms = clock_mono_ms() + REFRESH_MS;
    return err == GMQ_OK ? err : fail(cluster, err, gmq_strerror(err));
}

static int refresh_if_due(struct gmq_cluster *cluster)
{
    if (clock_mono_ms() < cluster->refresh_at_ms)
        return GMQ_OK;
    int err = gmq_cluster_refresh(cluster);
    if (err == GMQ_OK || cluster->refresh_at_ms == 0)
        return err;
    cluster->refresh_at_ms = clock_mono_ms() + REFRESH_MS;
    return GMQ_OK;
}

static void mark_down(struct member *member) { member->down_until_ms = clock_mono_ms() + DOWN_MS; }

/* A node that is down is passed over, so its own back-off, which would wait, is not wanted on top. */
static int connect_member(struct gmq_cluster *cluster, struct member *member)
{
    member->mq->retry_at_ms = 0;
    int err = gmq_connect(member->mq);
    if (err == GMQ_OK || err == GMQ_ERR_STATE)
        return GMQ_OK;
    mark_down(member);
    return fail(cluster, err, gmq_error_text(member->mq));
}

static bool is_usable(const struct member *member, uint64_t now_ms)
{
    return member->listed && now_ms >= member->down_until_ms;
}

/* Chooses a member and connects it; GMQ_ERR_NO_NODES when none is left. */
static int choose(struct gmq_cluster *cluster, size_t *ret_at)
{
    for (;;) {
        uint64_t now_ms = clock_mono_ms();
        for (size_t i = 0; i < cluster->count; i++)
            cluster->candidates[i] = (struct choice_node){.weight = cluster->members[i].weight,
                                                          .usable = is_usable(&cluster->members[i], now_ms)};
        int at = choice_next(cluster->choice, cluster->candidates, cluster->count, &cluster->rng, &cluster->turn);
        if (at == CHOICE_NONE)
            return GMQ_ERR_NO_NODES;
        if (connect_member(cluster, &cluster->members[at]) == GMQ_OK) {
            *ret_at = (size_t)at;
            return GMQ_OK;
        }
    }
}

/* The text of the last connection that failed stays, where there is one: it is the cause. */
static int begin(struct gmq_cluster *cluster, size_t *ret_at)
{
    cluster->text[0] = '\0';
    int err = refresh_if_due(cluster);
    if (err != GMQ_OK)
        return err;
    err = choose(cluster, ret_at);
    return err == GMQ_OK || cluster->text[0] ? err : fail(cluster, err, gmq_strerror(err));
}

int gmq_cluster_next(struct gmq_cluster *cluster, struct gmq **ret_mq)
{
    size_t at;
    int err = begin(cluster, &at);

    if (err == GMQ_OK)
        *ret_mq = cluster->members[at].mq;
    return err;
}

/* Whether another node may do what this one surely has not done. */
static bool is_nodes_own_trouble(int err, const char *text)
{
    static const int troubles[] = {GMQ_E_STOPPING, GMQ_E_DISK_FULL, GMQ_E_MEMORY_LIMIT};
    static const char read_only[] = "node is read-only";

    if (err == GMQ_ERR_CONNECT || err == GMQ_ERR_ADDRESS || err == GMQ_ERR_CLOSED)
        return true;
    for (size_t i = 0; i < ARRAY_LEN(troubles); i++)
        if (err == GMQ_ERR_REFUSED && strcmp(text, err_text(troubles[i])) == 0)
            return true;
    return err == GMQ_ERR_REFUSED && strncmp(text, read_only, sizeof(read_only) - 1) == 0;
}

int gmq_cluster_push(struct gmq_cluster *cluster, const char *topic, const void *body, size_t body_bytes,
                     uint32_t delay_s, uint64_t *ret_id)
{
    size_t at;
    int err = begin(cluster, &at);

    while (err == GMQ_OK) {
        struct member *member = &cluster->members[at];
        err = gmq_push(member->mq, topic, body, body_bytes, delay_s, ret_id);
        if (err == GMQ_OK)
            return err;
        (void)fail(cluster, err, gmq_error_text(member->mq));
        if (!is_nodes_own_trouble(err, cluster->text))
            return err;
        mark_down(member);
        err = choose(cluster, &at);
    }
    return err;
}

int gmq_cluster_pop(struct gmq_cluster *cluster, const char *topic, struct gmq_message *ret_msg, struct gmq **ret_mq)
{
    size_t first;
    bool answered = false;
    int err = begin(cluster, &first);

    if (err != GMQ_OK)
        return err;
    for (size_t i = 0; i < cluster->count; i++) {
        struct member *member = &cluster->members[(first + i) % cluster->count];
        if (!is_usable(member, clock_mono_ms()) || connect_member(cluster, member) != GMQ_OK)
            continue;
        err = gmq_pop(member->mq, topic, ret_msg);
        if (err == GMQ_OK) {
            *ret_mq = member->mq;
            return err;
        }
        (void)fail(cluster, err, gmq_error_text(member->mq));
        if (err == GMQ_ERR_NO_MESSAGE)
            answered = true;
        else if (!is_nodes_own_trouble(err, cluster->text))
            return err;
        else
            mark_down(member);
    }
    return answered ? fail(cluster, GMQ_ERR_NO_MESSAGE, err_text(GMQ_E_NO_MESSAGE)) : GMQ_ERR_NO_NODES;
}
