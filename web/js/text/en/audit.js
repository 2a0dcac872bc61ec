/* SPDX-License-Identifier: MIT
 * English texts of the audit. */
export default {
    "audit.at": "Time", "audit.user": "User", "audit.action": "Action", "audit.target": "Target",
    "audit.count": "Count", "audit.result": "Result", "audit.address": "From", "audit.ok": "ok",
    "audit.filter": "Filter", "audit.refresh": "Refresh", "audit.more": "Older entries",
    "audit.none": "Nothing was changed yet", "audit.action.session.login": "log in",
    "audit.action.session.logout": "log out", "audit.action.user.add": "add a user",
    "audit.action.user.change": "change a user", "audit.action.user.remove": "delete a user",
    "audit.action.password.change": "change the own password", "audit.action.node.register": "register a node",
    "audit.action.node.weight": "change a weight", "audit.action.node.unregister": "unregister a node",
    "audit.action.topic.create": "create a topic", "audit.action.topic.delete": "delete a topic",
    "audit.action.topic.set": "change settings", "audit.action.topic.pause": "pause",
    "audit.action.topic.resume": "resume", "audit.action.topic.purge": "purge",
    "audit.action.dead.redrive": "redrive", "audit.action.dead.delete": "delete dead letters",
    "audit.action.job.cancel": "stop a job", "audit.action.message.push": "push",
    "audit.action.message.pop": "pop by hand", "audit.action.message.ack": "ack",
    "audit.action.message.nack": "give back or reject", "audit.action.message.touch": "give more time",
    "audit.action.message.cancel": "delete a message", "audit.action.message.promote": "make ready now",
    "audit.action.message.reschedule": "reschedule",
};
