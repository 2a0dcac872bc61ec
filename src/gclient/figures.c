/* figures.c - see figures.h. SPDX-License-Identifier: MIT */
#include "gclient/figures.h"

#include "gclient/when.h"

#include <stdio.h>

const struct table_column FIGURES[FIGURES_COLUMNS] = {
    {"TOPIC", false}, {"READY", true},  {"DELAYED", true}, {"FLIGHT", true},    {"DEAD", true},
    {"PUSH/S", true}, {"POP/S", true},  {"OLDEST", true},  {"CONSUMERS", true}, {"", false}};

void figures_rate(double rate, char to[16])
{
    /* A node is not trusted with a number that has no end. */
    rate = rate > 0 && rate < 1e12 ? rate : 0;
    if (rate == 0)
        (void)snprintf(to, 16, "0");
    else if (rate < 0.995)
        (void)snprintf(to, 16, "%.2f", rate);
    else if (rate < 99.5)
        (void)snprintf(to, 16, "%.1f", rate);
    else if (rate < 99999.5)
        (void)snprintf(to, 16, "%.0f", rate);
    else if (rate < 999999.5)
        (void)snprintf(to, 16, "%.0fk", rate / 1e3);
    else
        (void)snprintf(to, 16, "%.1fM", rate / 1e6);
}

const char *figures_paused(struct json_object *topic)
{
    bool push = tree_text(topic, "push_paused_until").len > 0, pop = tree_text(topic, "pop_paused_until").len > 0;

    return push && pop ? "paused" : push ? "pushes paused" : pop ? "pops paused" : "";
}

void figures_row(struct table *table, struct json_object *topic, uint64_t now_ms)
{
    uint64_t oldest_ms = tree_ms(topic, "oldest_ready_at"), waiting = tree_number(topic, "waiting");
    const char *paused = figures_paused(topic);
    char text[WHEN_BYTES];

    table_text(table, tree_text(topic, "topic"));
    table_number(table, tree_number(topic, "ready"));
    table_number(table, tree_number(topic, "delayed"));
    table_number(table, tree_number(topic, "in_flight"));
    table_number(table, tree_number(topic, "dead"));
    figures_rate(tree_real(topic, "push_rate"), text);
    table_text(table, slice_str(text));
    figures_rate(tree_real(topic, "pop_rate"), text);
    table_text(table, slice_str(text));
    when_stretch(now_ms > oldest_ms ? now_ms - oldest_ms : 0, text);
    table_text(table, slice_str(oldest_ms > 0 ? text : "-"));
    table_number(table, tree_number(topic, "consumers"));
    if (paused[0] != '\0' || waiting == 0)
        table_text(table, slice_str(paused));
    else
        table_printf(table, "%llu waiting", (unsigned long long)waiting);
}
