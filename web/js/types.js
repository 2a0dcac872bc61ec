// types.js - what the API answers, as the pages see it (docs/openapi.yaml says the same of the node's part)
//
// Only types: nothing is run. `import("./types.js").Topic` names one. A field that may be absent is not known yet, or
// does not apply; pages show "-" for it. Times of the node's API are RFC 3339 texts, those of events ms since 1970.
//
// SPDX-License-Identifier: MIT

/**
 * A node of the fleet, null where a figure is not known.
 * @typedef {object} Node
 * @property {number} id
 * @property {string} tcp_addr
 * @property {string} http_addr
 * @property {number} weight
 * @property {string|number|null} joined_at
 * @property {boolean} listed                 by the registry
 * @property {"up"|"down"|"connecting"} state
 * @property {string|null} detail             why it is down
 * @property {string|number|null} since       when the state began
 * @property {string|number|null} last_seen
 * @property {string|null} version
 * @property {"ok"|"degraded"|"full"|"read-only"|"stopping"|null} status
 * @property {string[]} reasons
 * @property {number|null} disk_used_bytes
 * @property {number|null} disk_free_bytes
 * @property {number|null} memory_bytes
 * @property {number|null} sync_ns_last
 * @property {number|null} sync_ns_max
 * @property {number|null} connections
 * @property {number|null} topics
 * @property {number|null} push_rate
 * @property {number|null} pop_rate
 */

/**
 * A registry as gweb sees it.
 * @typedef {object} Registry
 * @property {string} url
 * @property {boolean} ok
 * @property {string|null} [detail]
 */

/** @typedef {{registries: Registry[], nodes: Node[]}} Fleet */

/**
 * Figures of one topic on one node, from events.
 * @typedef {object} TopicStats
 * @property {number} node
 * @property {string} topic
 * @property {number} ready
 * @property {number} delayed
 * @property {number} in_flight
 * @property {number} dead
 * @property {number} waiting                 pops that wait now
 * @property {number} push_rate               a second
 * @property {number} pop_rate
 * @property {number} ack_rate
 * @property {number} [dead_rate]
 * @property {number} [redeliver_rate]
 * @property {boolean} push_paused
 * @property {boolean} pop_paused
 * @property {number} [push_paused_until]     ms since 1970, 0: none
 * @property {number} [pop_paused_until]
 * @property {number} [oldest_ready_at]       ms since 1970, 0: none
 * @property {number} [oldest_in_flight_at]
 * @property {number} [consumers]
 * @property {number} [last_push_at]
 * @property {number} [last_pop_at]
 * @property {boolean} [auto_ack]
 * @property {number} [ttr_ms]
 * @property {number} [max_retries]
 * @property {number} [pushed]
 * @property {number} [popped]
 * @property {number} [acked]
 * @property {string|number|null} [created_at]
 */

/**
 * Sums over all nodes.
 * @typedef {object} Totals
 * @property {number} ready
 * @property {number} delayed
 * @property {number} in_flight
 * @property {number} dead
 * @property {number} push_rate
 * @property {number} pop_rate
 * @property {number} ack_rate
 * @property {number} dead_rate
 */

/**
 * What one event of GET /api/events says.
 * @typedef {object} Live
 * @property {number} at
 * @property {boolean} anew
 * @property {boolean} complete
 * @property {Fleet} [fleet]
 * @property {TopicStats[]} topics
 * @property {{node: number, topic: string}[]} gone
 * @property {Totals} totals
 */

/**
 * The last minutes, a value a step; null: not known.
 * @typedef {object} Past
 * @property {number} step_ms
 * @property {number[]} at
 * @property {(number|null)[]} ready
 * @property {(number|null)[]} delayed
 * @property {(number|null)[]} in_flight
 * @property {(number|null)[]} dead
 * @property {(number|null)[]} push_rate
 * @property {(number|null)[]} pop_rate
 * @property {(number|null)[]} ack_rate
 * @property {(number|null)[]} dead_rate
 */

/** @typedef {"ready"|"delayed"|"in_flight"|"dead"|"gone"} State */

/**
 * A message; what does not apply to its state is left out.
 * @typedef {object} Message
 * @property {string} id
 * @property {string} [topic]
 * @property {State} state
 * @property {"acked"|"auto_acked"|"deleted"|"expired"} [how]
 * @property {string} [pushed_at]
 * @property {number} [body_bytes]
 * @property {string} [body]
 * @property {string} [body_base64]
 * @property {boolean} [truncated]
 * @property {number} [retry_count]
 * @property {string} [due_at]
 * @property {string} [deadline_at]
 * @property {string} [expires_at]
 * @property {string} [gone_at]
 * @property {string} [holder]
 * @property {string} [since]
 * @property {string} [first_delivery_at]
 * @property {string} [last_delivery_at]
 * @property {"retries"|"unreadable"|"rejected"|"limit"} [reason]
 * @property {string} [text]
 * @property {number} [ttr_ms]
 * @property {number} [max_retries]
 * @property {boolean} [auto_ack]
 * @property {Record<string, string>} [headers]
 * @property {string} [key]
 * @property {boolean} [unreadable]
 */

/** @typedef {{messages: Message[], next: string|null}} MessagePage */

/**
 * One thing that happened to a message.
 * @typedef {object} HistoryEvent
 * @property {string} at
 * @property {"pushed"|"due"|"delivered"|"touched"|"expired"|"released"|"dead"|"redriven"|"rescheduled"|"gone"} event
 * @property {string} [due_at]
 * @property {string} [deadline_at]
 * @property {number} [retry_count]
 * @property {string} [client]
 * @property {"acked"|"auto_acked"|"deleted"|"expired"} [how]
 * @property {"retries"|"unreadable"|"rejected"|"limit"} [reason]
 * @property {string} [text]
 * @property {string} [id] redriven: the message that it is now, in another topic
 * @property {string} [topic]
 * @property {string} [from_id] pushed: the dead letter that it was, of another topic
 * @property {string} [from_topic]
 */

/** @typedef {{id: string, events: HistoryEvent[], complete: boolean, next: string|null}} History */

/**
 * What takes longer than a request.
 * @typedef {object} Job
 * @property {string} job
 * @property {"redrive"|"delete"} kind
 * @property {"running"|"done"|"cancelled"|"failed"} state
 * @property {string} topic
 * @property {string|null} to
 * @property {number} looked_at
 * @property {number} done
 * @property {string|null} started_at
 * @property {string|null} ended_at
 * @property {string|null} error
 */

/**
 * Who pops from a topic.
 * @typedef {object} Consumer
 * @property {string|null} name
 * @property {string|null} address
 * @property {string|null} since
 * @property {string|null} last_pop_at
 * @property {number} in_flight
 * @property {string|null} oldest_in_flight_at
 * @property {number} popped
 * @property {number} pop_rate
 */

/**
 * A topic as topic.get tells it; the rates and figures are those of TopicStats.
 * @typedef {object} Topic
 * @property {string} topic
 * @property {string|null} created_at
 * @property {number} ready
 * @property {number} delayed
 * @property {number} in_flight
 * @property {number} dead
 * @property {number} bytes
 * @property {number} pushed
 * @property {number} popped
 * @property {number} acked
 * @property {number} redelivered
 * @property {number} died
 * @property {number} expired
 * @property {number} deleted
 * @property {number} push_rate
 * @property {number} pop_rate
 * @property {number} ack_rate
 * @property {string|null} oldest_ready_at
 * @property {string|null} last_push_at
 * @property {string|null} last_pop_at
 * @property {number} consumers
 * @property {number} waiting
 * @property {boolean} auto_ack
 * @property {string|null} push_paused_until  "resumed": until somebody resumes it
 * @property {string|null} pop_paused_until
 * @property {number} ttr_ms
 * @property {number} max_retries
 * @property {object} settings
 */

/**
 * An error of gweb or of a node.
 * @typedef {object} Problem
 * @property {string} type
 * @property {string} title
 * @property {number} status
 * @property {string} detail
 * @property {string} code
 */

/** @typedef {{name: string, role: "admin"|"viewer"}} User */
/** @typedef {{auth: "on"|"off", user: User|null, version: string}} Session */

/**
 * A line of the audit.
 * @typedef {object} AuditEntry
 * @property {string|number} at
 * @property {string} user
 * @property {string} address
 * @property {string} action
 * @property {string} target
 * @property {number|null} count
 * @property {string} result                  "ok", or the code of the error
 * @property {string} [detail]
 */

export {};
