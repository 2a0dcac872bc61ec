/*
 * get.c - one message by its id, or the newest one with a key
 *
 * Of a message that is gone, and whose record is still there, the log is read on until a record says how it went.
 *
 * SPDX-License-Identifier: MIT
 */
#include "gnode/describe.h"
#include "gnode/history.h"
#include "gnode/locate.h"

#include "base/mem.h"

enum { SAME_KEY_MAX = 256 }; /* messages whose keys have the same hash */

/* The newest living message of the topic with this key. As locate(). */
static int locate_key(const struct turn *turn, struct located *ret)
{
    struct slice key = turn->cmd->args->key;

    if (!turn->queue || turn->queue->exited)
        return GMQ_E_TOPIC_UNKNOWN;
    for (uint32_t i = 0; i < SAME_KEY_MAX; i++) {
        struct payload_attrs attrs;
        uint64_t lsn = engine_find_key(turn->broker->engine, turn->queue, key, i);
        if (lsn == 0)
            return GMQ_E_MESSAGE_UNKNOWN;
        int rc = locate_at(turn->broker, lsn, ret);
        if (rc == 0)
            return 0;
        if (rc == 1 && ret->place != PLACE_GONE && ret->queue == turn->queue &&
            payload_get_attrs(ret->push.tlvs, &attrs) && slice_equal(attrs.key, key))
            return 1;
    }
    return GMQ_E_MESSAGE_UNKNOWN;
}

/* How a message went, as the log says it. */
struct ending {
    bool known;
    enum gone_how how;
    uint64_t gone_ms;
    char topic[STORY_TOPIC_BYTES_MAX]; /* of a topic that was deleted with it */
    size_t topic_len;
};

/* False: the log is being read. */
static bool tell_end(struct turn *turn, const struct located *at, struct ending *ret)
{
    struct log_walked walked;

    if (!turn->session->work) {
        struct story *story = telling_story(at->push.id, at->rec.queue, 0);
        (void)story_see(story, &at->rec);
        uint64_t from = at->lsn + record_stride(at->rec.type, at->rec.payload.len);
        if (!telling_begin(turn, story, from)) {
            telling_free_story(story);
            return false;
        }
    }
    const struct telling *telling = telling_of(turn->session);
    if (!log_walk_look(telling->walk, &walked))
        return false;
    const struct story *story = telling->story;
    story_end(telling->story, &(struct story_end){.place = PLACE_GONE});
    *ret = (struct ending){.known = story->gone, .how = story->how,
                           .gone_ms = min_u64(story->gone_ms, turn->now_ms),
                           .topic_len = story->topic_len};
    memcpy(ret->topic, story->topic, story->topic_len);
    session_end_work(turn->session);
    return true;
}

int exec_get(struct turn *turn)
{
    const struct cmd_args *args = turn->cmd->args;
    struct located at;

    if (args->body_bytes < 0 || args->body_bytes > CMD_BODY_FIRST_MAX)
        return refuse(turn, GMQ_E_VALUE, 0, "body_bytes must be 0 to 65536");
    int rc = args->key.len > 0 ? locate_key(turn, &at) : locate(turn->broker, turn->cmd->id, &at);
    if (rc < 0)
        return session_end_work(turn->session), refuse(turn, rc, turn->cmd->id, NULL);
    if (rc == 0)
        return no_room(turn, -EAGAIN);
    struct ending end = {.known = false};
    if (at.place == PLACE_GONE && !tell_end(turn, &at, &end))
        return no_room(turn, -EAGAIN);
    session_end_work(turn->session);
    struct report *report = report_new(REPORT_MESSAGE, 1);
    report->messages[0] = (struct report_message){.how_known = end.known, .how = end.how, .gone_ms = end.gone_ms};
    if (end.topic_len > 0)
        report->messages[0].topic = report_keep(report, slice_of(end.topic, end.topic_len));
    report->count = 1;
    uint64_t body_bytes = args->body_bytes > 0 ? (uint64_t)args->body_bytes : CMD_BODY_FIRST_BYTES;
    describe_located(report, &report->messages[0], turn->broker, &at, turn->now_ms, args->body, body_bytes);
    return answer_report(turn, report, 0);
}
