"""tsan_load - a node built with the thread sanitizer under a mixed load: no two threads may race

Clients push messages of all sizes, some delayed, pop, ack, let leases run out, take dead letters and ask for figures,
by both doors, until the log has rolled several times, lists have gone to disk and messages have been read back; then
the node is stopped, started again and drained. Memory is small, so that the log thread, the reader and the janitor have
work all the time. Any report of the sanitizer fails it.

SPDX-License-Identifier: MIT
"""
import os
import random
import threading
import time

import gmqtest
from gmqtest import Gnode, Http, Tcp

FLAGS = ("-sync=interval:5", "-max_message=64k", "-cache=1m", "-read_cache=1m", "-list_memory=64k", "-msg_ttr=1",
         "-msg_max_retry=1", "-max_in_flight=2000")
TOPICS = ("a", "b", "c", "d")
LOG_BYTES, LOG_BYTES_SHORT = 64 << 20, 24 << 20


class Load:
    """Clients at work until so many bytes were pushed."""

    def __init__(self, node, bytes_wanted):
        self.node, self.left, self.errors = node, bytes_wanted, []
        self.lock = threading.Lock()

    def _pushes(self, seed):
        chance = random.Random(seed)
        with Tcp(self.node.tcp) as conn:
            while self.left > 0:
                bodies = [os.urandom(8) * chance.choice((2, 2, 20, 500, 4000)) for _ in range(chance.randrange(1, 40))]
                items = [(chance.choice((0, 0, 0, 1)), body) for body in bodies if len(body) < 60000]
                items = items[:max(1, 60000 // max(len(body) for _, body in items))]
                conn.mpub(chance.choice(TOPICS), items)
                with self.lock:
                    self.left -= sum(len(body) for _, body in items)

    def _pops(self, seed):
        chance = random.Random(seed)
        with Tcp(self.node.tcp) as conn:
            while self.left > 0:
                topic = chance.choice(TOPICS)
                for ident, _, _ in filter(None, (conn.pop_bin(topic) for _ in range(chance.randrange(1, 30)))):
                    if chance.randrange(4):
                        conn.ack(ident, topic)
                if chance.randrange(10) == 0:
                    conn.dead(topic, 20)

    def _looks(self):
        with Http(self.node.http) as http:
            while self.left > 0:
                http.get("/getAllTopicStat")
                http.get("/pop?topic=a")
                http.get("/ping")

    def _run(self, work, *args):
        try:
            work(*args)
        except Exception as error:                  # pylint: disable=broad-except
            self.errors.append(f"{work.__name__}: {type(error).__name__}: {error}")
            self.left = 0

    def run(self):
        """All of them; the first error, or None."""
        threads = [threading.Thread(target=self._run, args=(self._pushes, 1)),
                   threading.Thread(target=self._run, args=(self._pushes, 2)),
                   threading.Thread(target=self._run, args=(self._pops, 3)),
                   threading.Thread(target=self._run, args=(self._looks,))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self.errors[0] if self.errors else None


def drain(node):
    """Reads back what waits."""
    with Tcp(node.tcp) as conn:
        for topic in TOPICS:
            conn.set(topic, 1)
            while conn.pop_bin(topic):
                pass


def run(options, add):
    """The suite."""
    folder, begun, wrong, node = gmqtest.scratch("gmq-tsan-"), time.monotonic(), None, None
    env = {"TSAN_OPTIONS": "halt_on_error=0:exitcode=66:second_deadlock_stack=1"}
    data = os.path.join(folder, "data")
    try:
        node = Gnode(data, *FLAGS, env=env)
        wrong = Load(node, LOG_BYTES_SHORT if options.short else LOG_BYTES).run()
        segments = len(os.listdir(os.path.join(data, "log")))
        code = node.stop(120)
        if not wrong and (code != 0 or segments < 4):
            wrong = f"exit code {code}, {segments} files in log/"
        if not wrong:
            node = Gnode(data, *FLAGS, env=env)
            drain(node)
            code = node.stop(120)
            wrong = None if code == 0 else f"exit code {code} after the second start"
    except Exception as error:                      # pylint: disable=broad-except
        wrong = f"{type(error).__name__}: {error}"
    if node and node.alive():
        node.kill()
    add("tsan-load: mixed load", wrong, time.monotonic() - begun)
    gmqtest.scratch_remove(folder)
