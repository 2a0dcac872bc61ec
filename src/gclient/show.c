/* show.c - gclient stat, topics and nodes: asked over HTTP. SPDX-License-Identifier: MIT */
#include "gclient/command.h"
#include "gclient/out.h"
#include "wire/json.h"

#include <inttypes.h>
#include <stdio.h>

enum { ERR_TEXT_BYTES = 256, LINE_BYTES_MAX = 16 << 10 };

static bool topic_as_json(const struct gmq_topic *topic)
{
    struct buf line;

    buf_init(&line, LINE_BYTES_MAX);
    bool made = buf_append_str(&line, "{") && out_append_member(&line, "name", topic->name) &&
                buf_printf(&line,
                           ",\"ready\":%" PRIu64 ",\"delayed\":%" PRIu64 ",\"in_flight\":%" PRIu64 ",\"dead\":%" PRIu64
                           ",\"pushed\":%" PRIu64 ",\"popped\":%" PRIu64 ",\"auto_ack\":%s,",
                           topic->queue_num, topic->delay_num, topic->wait_ack_num, topic->dead_num, topic->push_num,
                           topic->pop_num, topic->is_auto_ack ? "true" : "false") &&
                out_append_member(&line, "since", topic->start_time) && buf_append_str(&line, "}");
    return out_line(&line, made);
}

static int get_topics(const struct values *values, struct gmq_topics *ret)
{
    char text[ERR_TEXT_BYTES];
    int err = gmq_topics_get(values->http, (unsigned)values->timeout_ms, ret, text);

    return err == GMQ_OK ? EXIT_OK : out_error(out_exit_code(err), "%s", text);
}

static void print_figures(const struct gmq_topic *topic, bool is_sum)
{
    (void)printf("ready      %" PRIu64 "\ndelayed    %" PRIu64 "\nin flight  %" PRIu64 "\ndead       %" PRIu64
                 "\npushed     %" PRIu64 "\npopped     %" PRIu64 "\n",
                 topic->queue_num, topic->delay_num, topic->wait_ack_num, topic->dead_num, topic->push_num,
                 topic->pop_num);
    if (!is_sum)
        (void)printf("auto-ack   %s\nsince      %s\n", topic->is_auto_ack ? "on" : "off", topic->start_time);
}

static int show_sum(const struct values *values, const struct gmq_topics *topics)
{
    struct gmq_topic sum = {0};

    for (size_t i = 0; i < topics->count; i++) {
        const struct gmq_topic *topic = &topics->topics[i];
        sum.queue_num += topic->queue_num;
        sum.delay_num += topic->delay_num;
        sum.wait_ack_num += topic->wait_ack_num;
        sum.dead_num += topic->dead_num;
        sum.push_num += topic->push_num;
        sum.pop_num += topic->pop_num;
    }
    if (values->json) {
        (void)printf("{\"topics\":%zu,\"ready\":%" PRIu64 ",\"delayed\":%" PRIu64 ",\"in_flight\":%" PRIu64
                     ",\"dead\":%" PRIu64 ",\"pushed\":%" PRIu64 ",\"popped\":%" PRIu64 "}\n",
                     topics->count, sum.queue_num, sum.delay_num, sum.wait_ack_num, sum.dead_num, sum.push_num,
                     sum.pop_num);
        return EXIT_OK;
    }
    (void)printf("topics     %zu\n", topics->count);
    print_figures(&sum, true);
    return EXIT_OK;
}

static int show_one(const struct values *values, const struct gmq_topics *topics, const char *name)
{
    for (size_t i = 0; i < topics->count; i++) {
        if (strcmp(topics->topics[i].name, name) != 0)
            continue;
        if (values->json)
            return topic_as_json(&topics->topics[i]) ? EXIT_OK : EXIT_FAILED;
        (void)printf("topic      %s\n", name);
        print_figures(&topics->topics[i], false);
        return EXIT_OK;
    }
    return out_error(EXIT_NOT_FOUND, "topic is not exist");
}

int stat_run(const struct job *job)
{
    struct gmq_topics topics;
    int code = get_topics(&job->values, &topics);

    if (code != EXIT_OK)
        return code;
    code = job->word_count > 0 ? show_one(&job->values, &topics, job->words[0]) : show_sum(&job->values, &topics);
    gmq_topics_free(&topics);
    return code;
}

static void print_topics(const struct gmq_topics *topics)
{
    int wide = (int)strlen("TOPIC");

    for (size_t i = 0; i < topics->count; i++)
        wide = (int)max_u64((uint64_t)wide, strlen(topics->topics[i].name));
    (void)printf("%s%-*s %10s %10s %10s %10s %12s %12s  %-8s%s\n", out_bold(true), wide, "TOPIC", "READY", "DELAYED",
                 "IN FLIGHT", "DEAD", "PUSHED", "POPPED", "AUTO-ACK", out_bold(false));
    for (size_t i = 0; i < topics->count; i++) {
        const struct gmq_topic *topic = &topics->topics[i];
        (void)printf("%-*s %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %12" PRIu64 " %12" PRIu64 "  %s\n",
                     wide, topic->name, topic->queue_num, topic->delay_num, topic->wait_ack_num, topic->dead_num,
                     topic->push_num, topic->pop_num, topic->is_auto_ack ? "on" : "off");
    }
}

int topics_run(const struct job *job)
{
    struct gmq_topics topics;
    int code = get_topics(&job->values, &topics);

    if (code != EXIT_OK)
        return code;
    for (size_t i = 0; job->values.json && i < topics.count && code == EXIT_OK; i++)
        code = topic_as_json(&topics.topics[i]) ? EXIT_OK : EXIT_FAILED;
    if (!job->values.json)
        print_topics(&topics);
    gmq_topics_free(&topics);
    return code;
}

static bool node_as_json(const struct gmq_node *node)
{
    struct buf line;

    buf_init(&line, LINE_BYTES_MAX);
    bool made = buf_printf(&line, "{\"id\":%u,", node->id) && out_append_member(&line, "tcp_addr", node->tcp_addr) &&
                buf_append_str(&line, ",") && out_append_member(&line, "http_addr", node->http_addr) &&
                buf_printf(&line, ",\"weight\":%u,", node->weight) &&
                out_append_member(&line, "join_time", node->join_time) && buf_append_str(&line, "}");
    return out_line(&line, made);
}

int nodes_run(const struct job *job)
{
    char text[ERR_TEXT_BYTES];
    struct gmq_nodes nodes;
    int code = EXIT_OK;

    int err = gmq_nodes_get(job->values.registry, (unsigned)job->values.timeout_ms, &nodes, text);
    if (err != GMQ_OK)
        return out_error(out_exit_code(err), "%s", text);
    if (!job->values.json)
        (void)printf("%s%5s  %-22s %-22s %7s  %s%s\n", out_bold(true), "ID", "TCP", "HTTP", "WEIGHT", "JOINED",
                     out_bold(false));
    for (size_t i = 0; i < nodes.count && code == EXIT_OK; i++) {
        const struct gmq_node *node = &nodes.nodes[i];
        if (job->values.json)
            code = node_as_json(node) ? EXIT_OK : EXIT_FAILED;
        else
            (void)printf("%5u  %-22s %-22s %7u  %s\n", node->id, node->tcp_addr, node->http_addr, node->weight,
                         node->join_time);
    }
    gmq_nodes_free(&nodes);
    return code;
}
