/*
 * life.h - one simulated life of a broker, from an empty disk to the last message handed out
 *
 * seek.c      messages are found by their ids
 * life.c      the steps: which of clients, helper threads, clock and disk acts next; the end
 * client.c    clients: commands, the answers they must get, and when these may come
 * rules.c     which commands must be refused, and who waits for what
 * puts.c      puts of one or many messages, and those that were pushed before
 * names.c     clients with a name, and what they hold
 * settings.c  pauses, settings and limits of topics
 * desk.c      pages of messages that are looked at
 * steer.c     cancel, reschedule, purge, deleted topics: their records, and their answers
 * witness.c   every record as it is written: was it asked for, is it what was asked for?
 * imager.c    images for checkpoints that are there a while later, or never
 * crash.c     kill -9, power cuts, orderly stops, and what must be there afterwards
 *
 * Everything that is left to chance comes from the seed; so a life can be lived again.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_SIM_LIFE_H
#define GMQ_SIM_LIFE_H

#include "gnode/broker.h"
#include "net/clock.h"
#include "sim/oracle.h"
#include "sim/rng.h"
#include "sim/simdisk.h"
#include "sim/workload.h"

enum { LIFE_CLIENTS = 5, LIFE_PIECE_MAX = 5 };

/* What one execution of a command has written, as the witness saw it. */
struct deed {
    uint32_t records, pushes, pops, acks, letters, steered, over; /* over: messages that made room */
    unsigned place; /* of the topic that was popped from in the list of a wpop */
    bool auto_ack;
    uint64_t first_id;
    uint64_t end; /* of the last record */
    struct oracle_message popped[WORKLOAD_MAX_BATCH];
    struct oracle_message letter[WORKLOAD_MAX_BATCH];   /* taken by `dead` */
};

/* What must become of the messages of a put. */
struct puts {
    const struct cmd_put *puts;
    int err;         /* of them all; 0 = they are pushed */
    uint32_t count, fresh, seen; /* messages; those that were not pushed before; of these, in records so far */
    struct {
        uint64_t id, end; /* of its PUSH; 0 = it is new */
        uint32_t before;  /* 1 + the index of the one of the same command that counts for it; 0 = none */
    } of[WORKLOAD_MAX_PUTS];
};

/* A piece of a list, as its CHUNK or DCHUNK said. */
struct piece {
    uint64_t lsn, start_ms;
    uint16_t list;
    uint32_t count;
    uint64_t messages[LIFE_PIECE_MAX]; /* LSNs */
};

/* What a report of a steering command says. */
struct told {
    enum report_kind kind;
    uint64_t id, due_ms, done;
    enum message_place place;
};

/* What a client is about to be told of what it steers, while that takes its turns. */
struct steering {
    bool begun;
    struct told told;
    uint64_t end;    /* of the last record */
    uint64_t order;  /* READY: those that came in later stay */
    uint64_t left;   /* of those that were there: how many are to go */
};

/* What an answer says of a topic. */
struct topic_facts {
    bool given, auto_ack;
    struct topic_settings set;
    uint64_t ready, delayed, in_flight, dead, pushed, popped;
};

/* An answer that a client is owed. */
struct expected {
    enum answer_kind kind;
    enum parked_wait wait;
    int err;             /* ERROR: this one; 0 = the log's refusal */
    int or_err;          /* ... or this one, unless 0 */
    uint64_t lsn;        /* must be covered first */
    uint64_t id;
    unsigned place;      /* MESSAGES: of their topic in the list */
    size_t count;
    struct oracle_message *messages; /* owned; of MISSING the ids alone */
    struct told told;    /* REPORT */
    bool vague;          /* ERROR: any about a message that is not found */
    bool unread;         /* ... or that it cannot be read */
    bool disturbed; /* the log may have refused the command when it came */
    struct topic_facts facts; /* REPORT: of a topic */
    bool again;     /* REPORT: some of the ids are those of pushes before */
};

/* An answer that came, and the watermarks at that moment. */
struct came {
    enum answer_kind kind;
    int err;
    uint64_t id, written, durable;
    struct told told;
    bool again;
    struct topic_facts facts;
    size_t count;
    struct {
        uint64_t id, hash, attrs_hash;
        size_t bytes;
        unsigned retries, place;
    } *messages; /* owned */
};

struct client {
    struct session session;
    struct life *life;
    int name;
    struct order order;
    bool stalled;      /* `order` is to be submitted again */
    bool resumed;      /* ... now */
    bool deaf;         /* takes no answers */
    bool gone;         /* the broker can see that it is not there any more, when it looks */
    bool half_closed;  /* has said that it sends no more */
    uint64_t waits;    /* `order` is a wpop that waits: it came after all with a smaller number; 0 = it does not */
    uint64_t waits_until_ms;
    const char *called; /* the name that it has given itself; NULL = none */
    struct steering steering;
    struct expected *expected; /* oldest first */
    size_t expected_count, expected_room;
    struct came *came;
    size_t came_count, came_room;
};

/* A job on dead letters that somebody has begun. */
struct desk_job {
    bool runs;
    enum cmd_kind kind;
    uint64_t id;
    uint32_t topic;
    const char *name;
    const char *to; /* name of another topic; NULL = they stay in theirs */
    uint64_t delay_ms;
    uint64_t done, end;    /* messages, and the end of the last record, as the witness saw it */
    bool half;             /* a message was pushed to the other topic, and this one must go from its own: */
    uint64_t half_hash, half_from;
};

/* Somebody who looks at messages. */
struct desk {
    struct session session;
    struct cmd_args args;
    uint32_t topic;
    const char *name;
    char cursor[128];
    bool stalled, resumed; /* the page is to be asked for again; now */
    bool more;             /* there is a next page, and ... */
    uint64_t digest;       /* ... the engine was like this when the first was asked for */
    struct desk_job job;
    struct cmd_args job_args;
    enum cmd_kind asks;    /* PEEK, or about the job */
    uint64_t last_id;      /* of the last message shown, and how many were */
    size_t seen;
};

struct life {
    uint64_t seed;
    uint32_t steps, step;
    bool trace;
    struct rng rng;
    struct simdisk *disk;
    struct broker broker;
    bool is_open;
    struct broker_options options;
    struct log_options log_options;
    struct imager imager;
    char *image;       /* being made */
    size_t image_bytes;
    uint64_t wall_ms, boot_ns;  /* the machine's clocks */
    struct engine_clock clock;  /* what the broker makes of them */
    uint64_t now_ms;            /* what it says */
    uint64_t latest_ms;         /* it has never said more, in no life of the directory */
    uint64_t lossy_ms;          /* the same when the power was cut last while not everything promised was durable */
    struct oracle oracle;
    struct workload load;
    struct client clients[LIFE_CLIENTS];
    struct desk desk;

    /* of the command that is being executed */
    struct client *busy;
    struct deed deed;
    struct slice packed; /* items of an mpush not yet seen in records */
    struct puts puts;    /* of a put */

    uint64_t taken_end; /* of the last record by which something that was ready is gone without a delivery */

    /* what answers have vouched for since the last restart */
    uint64_t vouched_written, vouched_promised;
    /* The state recovered next must reach so far; if the power fails before it is, so far. */
    uint64_t at_least, at_least_power;

    /* habits of this life */
    unsigned weight_command, weight_turn, weight_writer, weight_reader, weight_janitor, weight_scout,
        weight_time;
    unsigned crash_permille, deaf_permille, leave_permille, checkpoint_permille, hangup_permille;
    unsigned quiet_permille; /* steps after which everybody waits until all is quiet */
    unsigned desk_permille; /* steps in which somebody begins to look at messages */
    unsigned job_permille;  /* steps in which somebody begins a job on dead letters, when none runs */
    bool steps_clock;  /* somebody sets the wall clock, by up to a year */
    bool decays;       /* the medium changes what it holds, and writes go astray */
    unsigned slow_permille; /* an operation of a helper takes many steps */
    uint32_t busy_until[4]; /* writer, reader, janitor, scout: step */
    unsigned seek_permille; /* somebody looks for a message by its id */
    bool faulty;       /* disk errors and a full disk are to be expected */
    bool resume_inside; /* clients act within the resume() call */
    bool disturbed;    /* since the last restart the disk has failed or been full */
    bool broken;       /* ... failed, which only a restart heals */
    bool decayed;      /* ... something was changed or went astray */
    bool healable;     /* ... by one write or sync alone, which the log must survive */
    bool unreadable;   /* ... or reading may have failed */
    bool limited;      /* the disk's room is limited */
    uint64_t leap_ms;  /* time may go on that much at once; 0 = it does not */
    uint32_t doom;     /* step of the crash after simdisk_stop_after(); 0 = none */
    uint64_t unlinked; /* segments removed in all lives of the directory */
    uint64_t compactions, copied, reclaimed; /* likewise: how many, bytes written by them, bytes that came free */
    uint64_t restarts, lost, answers, spills;
    uint64_t pages;         /* of messages, compared with the oracle's */
    uint64_t jobs;          /* that were over when they were asked for */
    uint64_t held;          /* deliveries to clients with a name */
    uint64_t gone_by_limits; /* messages that were too many or too old */
    uint64_t again;         /* messages of puts that were pushed before */
    uint64_t waits, served; /* wpops that waited, and that got something for it */
    struct piece *pieces; /* of delayed messages, all that were ever written; owned */
    size_t piece_count, piece_room;
    struct piece loaded;  /* the last one that was loaded in its turn */
    uint64_t loads, late; /* loads of them; those when their time had begun */
    uint64_t scratch;  /* digest of a replay from the very beginning; 0 = none was made */
};

/* Lives it; ends the process with a message when something is wrong. `trace`: tells everything on standard output. */
void life_live(uint64_t seed, uint32_t steps, bool trace);

/* ---- for the files of a life ----------------------------------------------------------------- */

_Noreturn void life_fail(struct life *life, const char *fmt, ...) PRINTF_LIKE(2, 3);
void life_say(struct life *life, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Ends the life unless `right`, with what the oracle found wrong. */
void life_must(struct life *life, bool right);

/* The helpers and the loop, each in turn, until nobody has anything to do; the clock goes on a little. */
void life_settle(struct life *life);

/* Time passes, for both clocks of the machine. The engine's may be faster or slower by 500 ppm, and no more. */
void life_pass(struct life *life, uint64_t ms);

/* Somebody sets the wall clock, by up to a year. */
void life_set_wall(struct life *life);

/* The broker's clock starts, at `last_ms` or later. */
void life_start_clock(struct life *life, uint64_t last_ms);

/* The disk has room again: soon nothing is refused any more. */
void life_lift_limit(struct life *life);

/* How much of the lists is in memory, from now on or from the next start on. */
void life_draw_lists(struct life *life);

/* imager.c */
void imager_init(struct life *life);

/* witness.c */
void witness_record(void *ctx, const struct record *rec, uint64_t end_lsn);

/* client.c */
void client_connect(struct life *life, int name);
void client_leave(struct client *client);
void client_free(struct client *client);
void client_submit(struct client *client);
void client_ask(struct client *client, enum cmd_kind kind, uint32_t topic, uint64_t id);
void client_listen(struct client *client);
bool client_is_free(const struct client *client);

/* What the client is owed for these messages, delivered by a record that ended at `end`. */
struct expected client_delivery(const struct cmd *cmd, const struct oracle_message *messages, size_t count,
                                bool auto_ack, uint64_t end);
void client_owe(struct client *client, const struct expected *expected);

/* steer.c: before a steering command is executed, and what is owed when it was; `before` as rules_refusal(). */
void steer_prepare(struct client *client, bool again);
struct expected steer_answer(struct client *client, int before);
bool steer_is(enum cmd_kind kind);

/* Where a report must say that the message is. */
enum message_place seek_place_of(const struct oracle_message *m);

/* rules.c: the error with which the rules refuse the command in the present state; 0 = they do not. */
int rules_refusal(struct life *life, const struct cmd *cmd);

/* Those ids of a mack that are not in flight, as messages that have an id alone; owned. */
struct oracle_message *rules_missing(struct life *life, const struct cmd *cmd, size_t *ret_count);

size_t rules_topic_count(const struct life *life);

/* Is there a message that may be handed out? -1 is no topic. */
bool rules_can_deliver(struct life *life, int topic);

/* The place of the topic in the list of a wpop, or -1. */
int rules_place(const struct life *life, const struct cmd *cmd, int topic);

/* Who is first among those that wait for the topic; NULL = nobody does. */
struct client *rules_first_waiter(struct life *life, int topic);

/* A wpop is served by the topic: by the first of its list that can, and in whose line it is the first. */
void rules_check_choice(struct life *life, const struct client *client, int topic);

/* Nobody may wait while there is a message for it. */
void rules_check_waiters(struct life *life);

/* puts.c: what must become of a put now, as far as that lies in its dedup keys. */
void puts_look(struct life *life, const struct cmd *cmd, struct puts *ret);

/* Of the put that is being executed: the message of the next record, or NULL; then what the record says of it. */
const struct cmd_put *puts_next(struct life *life);
void puts_see(struct life *life, struct oracle_event *event);

/* What the client is owed for the put that was just executed, and not refused. */
struct expected puts_answer(struct life *life);
void puts_keep(struct came *came, const struct report *report);
void puts_check(struct client *client, const struct expected *e, const struct came *came);

/* settings.c: is there something that must be refused in the settings, or the pause, that the command gives? */
bool settings_are_wrong(const struct cmd *cmd);

/*
 * A command that pushes to the topic, -1 = it is not there: why it is refused, or 0 and how many of the oldest make
 * room (NULL: not asked). When it was done: is it so?
 */
int settings_gate(struct life *life, int topic, const struct cmd *cmd, uint64_t *ret_over);
void settings_check_over(struct life *life, const struct cmd *cmd, uint64_t over);

struct topic_facts settings_facts(struct life *life, const struct cmd *cmd);
void settings_keep(struct came *came, const struct report *report);
void settings_check(struct client *client, const struct topic_facts *e, const struct topic_facts *came);

/* All topics are as the node is from now on. */
void settings_clear(struct life *life);

/* names.c: the error of a name. A message is shown as held by this one: is it? */
int names_refusal(struct slice name);
void names_check_holder(struct life *life, const struct oracle_message *m, struct slice holder);

/* After a turn: who waits for a message that is at hand has got it. */
void rules_check_turn(struct life *life);

/* seek.c */
void seek_one(struct life *life);
void seek_all(struct life *life, void (*turn)(struct life *life)); /* when all is quiet */

/* decay.c */
void decay_strike(struct life *life);
void decay_try(struct life *life); /* after the end of a broker, with the damage that was done to its disk and more */

/* desk.c */
void desk_connect(struct life *life);
void desk_leave(struct life *life);
void desk_act(struct life *life);

/* crash.c */
enum crash { CRASH_KILL, CRASH_POWER, CRASH_STOP };
void crash_now(struct life *life, enum crash crash);
void crash_open(struct life *life);

#endif
