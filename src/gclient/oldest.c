/* oldest.c - see oldest.h. SPDX-License-Identifier: MIT */
#include "gclient/oldest.h"

void oldest_add(struct gmq *mq, struct json_object *topic)
{
    static const char key[] = "oldest_ready_at";
    struct json_object *whole;
    struct ask ask;

    if (!json_object_is_type(topic, json_type_object) || tree_number(topic, "ready") == 0 ||
        tree_text(topic, key).len > 0)
        return;
    ask_begin(&ask);
    ask_bytes(&ask, "topic", tree_text(topic, "topic"));
    if (ask_quietly(&ask, mq, "topic.get", &whole) != GMQ_OK)
        return;
    struct json_object *at = json_object_get(tree_at(whole, key));
    if (at && json_object_object_add(topic, key, at) != 0)
        json_object_put(at);
    json_object_put(whole);
}
