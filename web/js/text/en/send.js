/* SPDX-License-Identifier: MIT
 * English texts of sending, and of taking by hand. */
export default {
    "send.title": "Send a message", "send.topic": "Topic", "send.node": "Node", "send.node.one": "Node {id}",
    "send.node.down": "away", "send.by.weight": "By weight", "send.by.random": "Random", "send.by.round": "In turn",
    "send.body": "Body", "send.kind.json": "valid JSON", "send.kind.broken": "looks like JSON, but is none",
    "send.kind.text": "text", "send.pretty": "Format", "send.delay": "Deliver", "send.delay.0": "at once",
    "send.delay.10s": "in 10 s", "send.delay.1m": "1 min", "send.delay.1h": "1 h", "send.delay.3d": "3 days",
    "send.delay.other": "other…", "send.delay.at": "at a time", "send.fields": "More", "send.count": "How many",
    "send.key": "Key", "send.key.hint": "Your own name for it, to find it by", "send.dedup": "Dedup key",
    "send.dedup.hint": "Of pushes with the same one only the first counts", "send.retries": "Retries at most",
    "send.topics": "the topic's", "send.ttr": "Time to ack (TTR)", "send.lifetime": "Lifetime",
    "send.lifetime.hint": "Gone so long after the push if nobody took it", "send.unlimited": "no limit",
    "send.headers": "Headers", "send.headers.hint": "One a line, name: value",
    "send.auto_ack": "Auto-ack: done once delivered", "send.do": { one: "Send", other: "Send {n}" },
    "send.no.node": "no node is up", "send.sent": "What was sent",
    "send.empty": "What you send is shown here, with its state as it changes.", "send.on": "node {node}, {time}",
    "send.duplicate": "A message with this dedup key was there already; nothing new was pushed.",
    "send.more": { one: "and {n} more", other: "and {n} more" }, "send.state.delayed": "due in {age}",
    "send.state.in_flight": "with {holder}, {age} left to ack", "send.commands": "The same as a command",
    "send.wrong.topic": "A topic is needed", "send.wrong.count": "A whole number from 1 to 1000",
    "send.wrong.headers": "Each line must be name: value, names without blanks",
    "send.wrong.retries": "A whole number from 0 to 254", "send.wrong.ttr": "From 1 to 300 seconds",
    "take.head": "Take a message by hand", "take.hint": "this consumes", "take.do": "Pop one…",
    "take.title": "Take a message away from its consumers?",
    "take.text": "The oldest ready message of {topic} on node {node} is delivered to you instead of a consumer. Ack "
        + "it, give it back or make it dead before its time is over. To look without taking, use the messages "
        + "of the topic.",
    "take.topic": "Fill in a topic above.", "take.node": "Choose one node above, not a policy.",
    "take.none": "There is no ready message.", "take.delivery": "delivery {n}", "take.left": "{age} left",
    "take.over": "Its time is over: it has gone back.", "take.ack": "Ack", "take.back": "Give back",
    "take.dead": "Make dead", "take.reason": "by hand", "take.done.ack": "Acked: it is done",
    "take.done.back": "Given back", "take.done.dead": "It is a dead letter now",
};
