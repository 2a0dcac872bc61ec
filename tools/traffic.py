#!/usr/bin/env python3
"""traffic - a shop's messages on a node, for what shall be looked at: make record, and what script/run leaves running

    tools/traffic.py ADDR SECONDS [COMMAND...]       ADDR is the node's for TCP; COMMAND takes the place of this
                                                     program when the time is over

SPDX-License-Identifier: MIT
"""
import json
import os
import struct
import sys
import threading

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))
sys.path.insert(0, os.path.join(ROOT, "tests"))

import gmqtest  # noqa: E402

STEP_S = 0.1
NAMES = ("ann", "ben", "cleo", "dan", "eve", "finn")


class Client(gmqtest.Tcp):
    """A client that also knows operations."""

    def operation(self, name, /, **arguments):
        data = json.dumps(arguments).encode()
        self.send(b"call %s\n%s%s" % (name.encode(), struct.pack(">I", len(data)), data))
        kind, answer = self.reply()
        if kind != 107:
            raise gmqtest.Refused(f"{name}: {answer.decode()}")
        return json.loads(answer)


class Traffic(threading.Thread):
    """A shop's messages: letters that are sent, pictures that pile up, reports for later, payments that fail."""

    def __init__(self, addr):
        super().__init__(daemon=True)
        self.tcp, self.worker, self.ending, self.trouble = Client(addr), Client(addr), threading.Event(), None
        self.worker.operation("client.name", name="mailer-1")
        self.count = 0
        self.tracked = None      # a message with a story

    def prepare(self):
        """What stands there from before."""
        for i in range(40):
            self.tcp.pub("reports", b'{"report":%d}' % i, 3600 + 60 * i)
        for i in range(3):
            self.tcp.pub("payments", b'{"payment":%d}' % (4711 + i))
            one = self.worker.pop("payments")
            self.worker.operation("message.nack", topic="payments", ids=[str(one["id"])], reject=True,
                                  reason="card declined")
        self.tcp.operation("topic.pause", topic="reports", pop=True)
        self.tracked = self.tcp.pub("letters", b'{"to":"zoe@example.org"}')
        one = self.worker.pop("letters")
        self.worker.operation("message.nack", topic="letters", ids=[str(one["id"])], delay_ms=2000)
        gmqtest.wait_until(lambda: self.again("letters"), "the letter comes again")

    def again(self, topic):
        """Pops and acks; True when there was something."""
        one = self.worker.pop(topic)
        return bool(one) and self.worker.ack(one["id"], topic)

    def step(self):
        """A tenth of a second."""
        for _ in range(3):
            self.count += 1
            name = NAMES[self.count % len(NAMES)]
            self.tcp.pub("letters", b'{"to":"%s@example.org","order":%d}' % (name.encode(), 10000 + self.count))
        for _ in range(2 if self.count % 10 == 0 else 3):
            self.again("letters")
        for _ in range(4):
            self.tcp.pub("pictures", b'{"picture":"img-%05d.jpg"}' % self.count)
        one = self.worker.pop("pictures")
        if one and self.count % 4:
            self.worker.ack(one["id"], "pictures")

    def run(self):
        try:
            while not self.ending.wait(STEP_S):
                self.step()
        except (OSError, gmqtest.Refused, ConnectionError, TypeError) as error:
            self.trouble = error

    def stop(self):
        self.ending.set()
        self.join(gmqtest.DEADLINE_S)
        if self.trouble:
            raise self.trouble


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    traffic = Traffic(sys.argv[1])
    traffic.prepare()
    traffic.start()
    traffic.join(float(sys.argv[2]))
    traffic.stop()
    if sys.argv[3:]:
        os.execv(sys.argv[3], sys.argv[3:])


if __name__ == "__main__":
    main()
