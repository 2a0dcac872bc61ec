/* SPDX-License-Identifier: MIT
 * English texts of nodes. */
export default {
    "nodes.node": "Node {id}", "nodes.register": "Register a node",
    "nodes.register.text":
        "Nodes that know the registry register by themselves. The registry tries both addresses before it "
        + "lists the node.",
    "nodes.id": "Id", "nodes.tcp": "TCP address", "nodes.http": "HTTP address", "nodes.weight": "Weight",
    "nodes.weight.edit": "Change the weight", "nodes.wrong.id": "A whole number from 1 to 1024",
    "nodes.wrong.weight": "A whole number from 1", "nodes.wrong.address": "host:port is needed",
    "nodes.registered": "Node {id} is registered", "nodes.weighed": "Node {id} has weight {weight} now",
    "nodes.unregister": "Unregister", "nodes.unregister.title": "Unregister node {id}?",
    "nodes.unregister.text":
        "Clients are no longer sent to it; its messages stay on it. A node that still runs registers again "
        + "within 10 seconds: stop it first if it is to stay away.",
    "nodes.unregistered": "Node {id} is unregistered", "nodes.unlisted": "not listed",
    "nodes.unlisted.text": "It has left the registry's list and is not asked any more.",
    "nodes.state.down": "no answer", "nodes.state.connecting": "connecting", "nodes.status.ok": "OK",
    "nodes.status.degraded": "degraded", "nodes.status.full": "disk full", "nodes.status.read-only": "read-only",
    "nodes.status.stopping": "draining", "nodes.stopped": "stopped",
    "nodes.down.text": "It does not answer: {detail}. Heard of last {ago}.",
    "nodes.unknown": "What is on these nodes is not known now: {ids}",
    "nodes.unknown.hint": "Sums over all nodes are without them; their figures are the last ones known.",
    "nodes.none": "No nodes are registered",
    "nodes.none.hint": "Start a node with -register_addr, or register one here.", "nodes.registry.ok": "registry OK",
    "nodes.registry.bad": "registry does not answer", "nodes.topics.show": { one: "{n} topic", other: "{n} topics" },
    "nodes.share": "Share of traffic", "nodes.traffic": "Traffic",
    "nodes.traffic.text": "{push} pushed, {pop} popped", "nodes.disk": "Disk",
    "nodes.disk.hint": "Used by the log, and free on its disk", "nodes.disk.text": "{used} used, {free} free",
    "nodes.memory": "Memory", "nodes.sync": "Disk sync", "nodes.sync.text": "last {last}, worst {max}",
    "nodes.connections": "Connections", "nodes.joined": "Joined", "nodes.seen": "Last heard", "nodes.seen.now": "now",
};
