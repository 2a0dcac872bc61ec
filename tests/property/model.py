"""model - what a node should hold, as plainly as it can be said

Time stands still in it: tests that use it give no message a time that comes while they run.

SPDX-License-Identifier: MIT
"""

READY, DELAYED, FLIGHT, DEAD, GONE = "ready", "delayed", "in_flight", "dead", "gone"


class Message:
    """One message."""

    def __init__(self, ident, topic, body, **more):
        self.id, self.topic, self.body = ident, topic, body
        self.state, self.retries = READY, 0
        self.headers, self.key = more.get("headers", {}), more.get("key")
        self.auto_ack, self.max_retries = more.get("auto_ack", False), more.get("max_retries")
        self.rejected = None


class Topic:
    """One topic; `ready` is in the order of delivery."""

    def __init__(self):
        self.ready, self.auto_ack = [], False
        self.pushed = self.popped = 0
        self.paused = set()
        self.kept = False       # something was promised of it


class Model:
    """A node."""

    def __init__(self, max_retries):
        self.max_retries = max_retries
        self.topics, self.messages, self.dedup = {}, {}, {}
        self.unsure = []        # deliveries that a kill may undo, in order: (message, was auto-acked)

    def topic(self, name):
        return self.topics.setdefault(name, Topic())

    def of(self, topic, *states):
        """The messages of a topic in these states, by id."""
        return [m for _, m in sorted(self.messages.items()) if m.topic == topic and m.state in states]

    def sure(self):
        """Something was promised: all that came before it holds."""
        self.unsure.clear()

    def push(self, ident, name, body, delayed=False, **more):
        assert ident not in self.messages and ident > max(self.messages, default=0), "ids rise"
        topic, message = self.topic(name), Message(ident, name, body, **more)
        self.messages[ident] = message
        topic.pushed += 1
        topic.kept = True
        if delayed:
            message.state = DELAYED
        else:
            topic.ready.append(message)
        if more.get("dedup"):
            self.dedup[name, more["dedup"]] = (ident, more["content"])
        self.sure()
        return message

    def pop(self, name):
        """The message that a pop delivers, or None."""
        topic = self.topic(name)
        if not topic.ready or "pop" in topic.paused:
            return None
        message = topic.ready.pop(0)
        topic.popped += 1
        gone = topic.auto_ack or message.auto_ack
        message.state = GONE if gone else FLIGHT
        self.unsure.append(message)
        if gone:
            self.sure()
        return message

    def undo(self, count):
        """The last `count` deliveries have not been."""
        for _ in range(count):
            message = self.unsure.pop()
            topic = self.topics[message.topic]
            assert message.state == FLIGHT, message.__dict__
            message.state = READY
            topic.ready.insert(0, message)
            topic.popped -= 1
        self.sure()

    def leave(self, message):
        """Takes a message from where it is."""
        if message.state == READY:
            self.topics[message.topic].ready.remove(message)

    def gone(self, message):
        self.leave(message)
        message.state = GONE
        self.sure()

    def back(self, message, count=True, delayed=False):
        """A message in flight comes back, or is dead."""
        most = self.max_retries if message.max_retries is None else message.max_retries
        if count and message.retries >= most:
            message.state = DEAD
        else:
            self.again(message, delayed)
        message.retries += count
        self.sure()

    def again(self, message, delayed=False):
        """The message waits, behind all others."""
        self.leave(message)
        message.state = DELAYED if delayed else READY
        if not delayed:
            self.topics[message.topic].ready.append(message)
        self.sure()

    def figures(self, name):
        """queue_num, delay_num, wait_ack_num, dead_num, push_num, pop_num."""
        topic = self.topics[name]
        return (len(topic.ready), len(self.of(name, DELAYED)), len(self.of(name, FLIGHT)), len(self.of(name, DEAD)),
                topic.pushed, topic.popped)
