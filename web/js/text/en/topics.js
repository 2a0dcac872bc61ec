/* SPDX-License-Identifier: MIT
 * English texts of Topics. */
export default {
    "topics.filter": "Filter by name", "topics.state": "State", "topics.node": "Node", "topics.every_node": "All nodes",
    "topics.all": "All", "topics.stuck": "Stuck", "topics.paused": "Paused", "topics.dead": "With dead letters",
    "topics.none": "No topic matches", "topics.unfilter": "Show all topics",
    "topics.empty": "There are no topics yet", "topics.empty_hint": "A push makes its topic, or make one here.",
    "topics.bulk": "For the selected topics", "topics.selected": { one: "{n} selected", other: "{n} selected" },
    "topics.clear": "Clear selection",
    "topics.paused_badge": "paused", "topics.old": "The node does not answer: these figures are old",
    "topics.on": "on", "topics.off": "off", "topics.auto_ack_of": "Auto-ack of {topic}",
    "topics.columns": "Columns", "topics.columns_usual": "The usual ones", "topics.columns_original": "The nine of the original",
    "topics.new": "New topic", "topics.make": "Make topic", "topics.made": "Topic {topic} is made.",
    "topics.name_hint": "1 to 128 bytes.", "topics.ttr": "Time for the ack", "topics.ttr_hint": "Empty: as the node has it.",
    "topics.nodes_own": "node's", "topics.auto_ack": "Auto-ack: messages are done once delivered",
    "column.topic": "Name", "column.node": "Node", "column.ready": "Ready", "column.delayed": "Delayed",
    "column.in_flight": "Unacked", "column.dead": "Dead", "column.consumers": "Consumers", "column.waiting": "Waiting pops",
    "column.push_rate": "Push/s", "column.pop_rate": "Pop/s", "column.ack_rate": "Ack/s", "column.oldest": "Oldest",
    "column.spark": "Last minute", "column.pushed": "Pushed", "column.popped": "Popped", "column.acked": "Acked",
    "column.last_push_at": "Last push", "column.last_pop_at": "Last pop", "column.created_at": "Made at",
    "column.auto_ack": "Auto-ack",
};
