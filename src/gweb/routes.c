/* routes.c - see routes.h: the table. SPDX-License-Identifier: MIT */
#include "gweb/routes.h"

#include "gweb/api.h"
#include "gweb/api_fleet.h"
#include "gweb/live.h"
#include "gweb/proxy.h"

#define NODE "/api/nodes/{id}/v1/"
#define TOPIC NODE "topics/{topic}"
#define MESSAGE NODE "messages/{message}"

/* Reading from a node, and changing something there. */
#define READ(path) {"GET", path, ROLE_VIEWER, NULL, proxy_call, false, &PROXY_READ}
#define CHANGE(method, path, action, op) {method, path, ROLE_ADMIN, action, proxy_call, false, &(op)}

const struct route ROUTES[] = {
    {"GET", "/api/session", ROLE_ANYBODY, NULL, api_session_get, false, NULL},
    {"POST", "/api/session", ROLE_ANYBODY, "session.login", api_session_login, false, NULL},
    {"DELETE", "/api/session", ROLE_VIEWER, "session.logout", api_session_logout, false, NULL},
    {"GET", "/api/users", ROLE_ADMIN, NULL, api_users_list, false, NULL},
    {"POST", "/api/users", ROLE_ADMIN, "user.add", api_users_add, false, NULL},
    {"PATCH", "/api/users/{name}", ROLE_ADMIN, "user.change", api_users_change, false, NULL},
    {"DELETE", "/api/users/{name}", ROLE_ADMIN, "user.remove", api_users_remove, false, NULL},
    {"PUT", "/api/password", ROLE_VIEWER, "password.change", api_password, false, NULL},
    {"GET", "/api/audit", ROLE_VIEWER, NULL, api_audit, false, NULL},

    {"GET", "/api/events", ROLE_VIEWER, NULL, api_events, false, NULL},
    {"GET", "/api/past", ROLE_VIEWER, NULL, api_past, false, NULL},
    {"GET", "/api/fleet", ROLE_VIEWER, NULL, api_fleet_get, false, NULL},
    {"POST", "/api/fleet", ROLE_ADMIN, "node.register", api_fleet_register, false, NULL},
    {"PATCH", "/api/fleet/{id}", ROLE_ADMIN, "node.weight", api_fleet_weight, false, NULL},
    {"DELETE", "/api/fleet/{id}", ROLE_ADMIN, "node.unregister", api_fleet_unregister, false, NULL},

    READ(NODE "node"),
    READ(NODE "topics"),
    CHANGE("POST", NODE "topics", "topic.create", PROXY_TOPIC_CREATE),
    READ(TOPIC),
    CHANGE("DELETE", TOPIC, "topic.delete", PROXY_COUNTED),
    READ(TOPIC "/consumers"),
    CHANGE("POST", TOPIC "/settings", "topic.set", PROXY_TOPIC),
    CHANGE("POST", TOPIC "/pause", "topic.pause", PROXY_TOPIC),
    CHANGE("POST", TOPIC "/resume", "topic.resume", PROXY_TOPIC),
    CHANGE("POST", TOPIC "/purge", "topic.purge", PROXY_COUNTED),
    CHANGE("POST", TOPIC "/dead/redrive", "dead.redrive", PROXY_JOB_BEGIN),
    CHANGE("POST", TOPIC "/dead/delete", "dead.delete", PROXY_JOB_BEGIN),
    READ(TOPIC "/messages"),
    {"POST", TOPIC "/messages", ROLE_ADMIN, "message.push", proxy_call, true, &PROXY_PUSH},
    READ(TOPIC "/keys/{key...}"),
    CHANGE("POST", TOPIC "/acks", "message.ack", PROXY_COUNTED),
    CHANGE("POST", TOPIC "/nacks", "message.nack", PROXY_COUNTED),
    CHANGE("POST", TOPIC "/touches", "message.touch", PROXY_COUNTED),
    CHANGE("POST", NODE "deliveries", "message.pop", PROXY_POP),
    READ(MESSAGE),
    CHANGE("DELETE", MESSAGE, "message.cancel", PROXY_MESSAGE),
    READ(MESSAGE "/history"),
    CHANGE("POST", MESSAGE "/promote", "message.promote", PROXY_MESSAGE),
    CHANGE("POST", MESSAGE "/reschedule", "message.reschedule", PROXY_MESSAGE),
    READ(NODE "jobs"),
    READ(NODE "jobs/{job}"),
    CHANGE("DELETE", NODE "jobs/{job}", "job.cancel", PROXY_JOB),
};

const size_t ROUTES_COUNT = ARRAY_LEN(ROUTES);
