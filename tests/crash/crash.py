"""crash - kill -9 at random moments under load, and a client that remembers what it was told

Each round starts gnode on the data of the round before, lets some connections push (plain, delayed, in batches), pop
and ack with pipelined requests, and kills it after a random time; some rounds kill it while it still recovers. The
client remembers per message what was answered:

    promised    its push was answered: it must come, until its ack was answered
    acked       its ack was answered: it must never come again
    unknown     sent, but the node died first: both is right, but for a batch all or nothing

Ids and bodies belong together for ever and no id names two messages. After the rounds of a mode everything left is
drained, and the figures of the topic must add up. A third of the rounds goes to each sync mode: none of the three
loses anything to kill -9. The seed is printed; `tests/run.py crash --seed N --rounds M` repeats the choices (the
moments of a real process are its own).

SPDX-License-Identifier: MIT
"""
import json
import os
import random
import threading
import time

import gmqtest
from gmqtest import RESULT, Gnode, Http, Tcp

MODES = ("always", "interval:50", "none")
TOPICS = ("a", "b", "c")
FLAGS = ("-msg_ttr=2", "-msg_max_retry=254")
CONNECTIONS = 4


class Memory:
    """What the client was told, over all rounds of a mode."""

    def __init__(self):
        self.lock = threading.Lock()
        self.sent, self.promised, self.acked, self.unknown_acks = set(), set(), set(), set()
        self.delivered, self.batches = set(), []        # batches: lists of bodies whose mpub was never answered
        self.id_of, self.body_of = {}, {}
        self.counter, self.wrong = 0, []
        self.starts = {}

    def new_bodies(self, count):
        with self.lock:
            self.counter += count
            bodies = [f"m{self.counter - n}-" + "x" * (self.counter % 97) for n in range(count)]
            self.sent.update(bodies)
            return bodies

    def bind(self, ident, body):
        """An id and a body have been seen together; call with the lock held."""
        if self.id_of.setdefault(body, ident) != ident:
            self.wrong.append(f"{body} has two ids: {self.id_of[body]} and {ident}")
        if self.body_of.setdefault(ident, body) != body:
            self.wrong.append(f"id {ident} names two messages: {self.body_of[ident]} and {body}")

    def answered(self, bodies, ids):
        with self.lock:
            self.promised.update(bodies)
            for ident, body in zip(ids, bodies):
                self.bind(int(ident), body)

    def got(self, message):
        """A delivery."""
        ident, body = int(message["id"]), message["body"]
        with self.lock:
            self.bind(ident, body)
            self.delivered.add(body)
            self.unknown_acks.discard(body)
            if body not in self.sent:
                self.wrong.append(f"a message nobody pushed: {message}")
            if body in self.acked:
                self.wrong.append(f"acked, and delivered again: {message}")

    def acknowledged(self, body):
        with self.lock:
            self.acked.add(body)


class Worker(threading.Thread):
    """One connection: random requests, several in flight, until the node is gone."""

    def __init__(self, memory, node, seed):
        super().__init__(daemon=True)
        self.memory, self.node, self.rng, self.held = memory, node, random.Random(seed), []

    def request(self):
        """Makes one request: (bytes, kind, what it is about)."""
        topic, dice = self.rng.choice(TOPICS), self.rng.random()
        if self.held and dice < 0.4:
            at, (ident, body) = self.held.pop(self.rng.randrange(len(self.held)))
            return b"ack %d %s\n" % (ident, at.encode()), "ack", body
        if dice < 0.75:
            return b"pop %s\n" % topic.encode(), "pop", topic
        if dice < 0.95:
            bodies = self.memory.new_bodies(1)
            delay = self.rng.choice((0, 0, 0, 1))
            return Tcp.pub_bytes(topic, bodies[0].encode(), delay), "pub", bodies
        bodies = self.memory.new_bodies(self.rng.randrange(1, 20))
        items = [(self.rng.choice((0, 0, 1)), b.encode()) for b in bodies]
        with_ids = self.rng.random() < 0.5
        return Tcp.mpub_bytes(topic, items, " ids" if with_ids else ""), "mpub", bodies

    def take(self, reply, kind, about):
        """Learns from one reply."""
        code, data = reply
        if kind == "ack":
            if (code, data) == (RESULT, b"ok"):
                self.memory.acknowledged(about)
        elif kind == "pop":
            if code == gmqtest.MESSAGE:
                message = json.loads(data)
                self.memory.got(message)
                self.held.append((about, (int(message["id"]), message["body"])))
        elif code != RESULT:
            with self.memory.lock:
                self.memory.wrong.append(f"{kind} refused: {data}")
        elif kind == "pub":
            self.memory.answered(about, [data])
        else:
            self.memory.answered(about, json.loads(data) if data != b"ok" else [])

    def lost(self, kind, about):
        """The node died before the answer."""
        with self.memory.lock:
            if kind == "ack":
                self.memory.unknown_acks.add(about)
            elif kind == "mpub":
                self.memory.batches.append(about)

    def run(self):
        try:
            with Tcp(self.node.tcp) as conn:
                while True:
                    batch = [self.request() for _ in range(self.rng.randrange(1, 40))]
                    try:
                        conn.send(b"".join(data for data, _, _ in batch))
                    except OSError:
                        pass                        # what came back before the end is still to be read
                    while batch:
                        reply = conn.reply()
                        if reply is None:
                            break
                        self.take(reply, *batch.pop(0)[1:])
                    if batch:
                        for _, kind, about in batch:
                            self.lost(kind, about)
                        return
        except OSError:
            pass
        except Exception as error:                  # pylint: disable=broad-except
            with self.memory.lock:
                self.memory.wrong.append(f"{type(error).__name__}: {error}")


def check_figures(memory, node):
    """After a start: the figures lie between what is certain and what is possible."""
    with Http(node.http) as http:
        stats = {s["name"]: s for s in http.stats()}
    with memory.lock:
        left = sum(s["queue_num"] + s["delay_num"] + s["wait_ack_num"] + s["dead_num"] for s in stats.values())
        least = len(memory.promised - memory.acked - memory.unknown_acks)
        most = len(memory.sent - memory.acked)
        if not least <= left <= most:
            memory.wrong.append(f"{left} messages are left, it should be {least} to {most}: {stats}")
        for name, stat in stats.items():
            if memory.starts.setdefault(name, stat["start_time"]) != stat["start_time"]:
                memory.wrong.append(f"start_time of {name} moved from {memory.starts[name]} to {stat['start_time']}")
            if stat["dead_num"]:
                memory.wrong.append(f"dead letters: {stat}")


def one_round(memory, data, mode, rng):
    """Start, load, kill."""
    node = Gnode(data, f"-sync={mode}", *FLAGS, wait=False)
    try:
        if rng.random() < 0.15:
            time.sleep(rng.uniform(0, 0.03) * gmqtest.SLOW)
            return                                  # killed while it recovers
        node.ready()
        check_figures(memory, node)
        workers = [Worker(memory, node, rng.randrange(1 << 32)) for _ in range(CONNECTIONS)]
        for worker in workers:
            worker.start()
        time.sleep(rng.uniform(0.01, 0.35))
        node.process.kill()
        for worker in workers:
            worker.join(gmqtest.DEADLINE_S)
            if worker.is_alive():
                memory.wrong.append("a client still waits for an answer of the dead node")
    finally:
        node.kill()


def take_many(memory, conn, topic, count):
    """Pops and acks up to `count` messages, pipelined; returns how many there were."""
    conn.send(b"pop %s\n" % topic.encode() * count)
    replies = [conn.reply() for _ in range(count)]
    messages = [json.loads(data) for kind, data in replies if kind == gmqtest.MESSAGE]
    for message in messages:
        memory.got(message)
    conn.send(b"".join(b"ack %s %s\n" % (m["id"].encode(), topic.encode()) for m in messages))
    for message in messages:
        if conn.reply() == (RESULT, b"ok"):
            memory.acknowledged(message["body"])
    return len(messages)


def drain(memory, data, mode):
    """Pops and acks all that is left, then checks the sums."""
    node = Gnode(data, f"-sync={mode}", *FLAGS)
    try:
        check_figures(memory, node)
        with Tcp(node.tcp) as conn:
            def empty():
                for topic in TOPICS:
                    while take_many(memory, conn, topic, 500):
                        pass
                with Http(node.http) as http:
                    return all(s["queue_num"] + s["delay_num"] + s["wait_ack_num"] == 0 for s in http.stats())
            gmqtest.wait_until(empty, "all that is left has come", 30 * gmqtest.SLOW)
        with Http(node.http) as http:
            stats = http.stats()
        lost = memory.promised - memory.acked - memory.unknown_acks
        if lost:
            memory.wrong.append(f"{len(lost)} answered pushes are lost: {sorted(lost)[:5]}")
        for batch in memory.batches:
            came = [b for b in batch if b in memory.delivered]
            if came and len(came) != len(batch):
                memory.wrong.append(f"half a batch was kept: {len(came)} of {len(batch)}")
        pushed = sum(s["push_num"] for s in stats)
        if not len(memory.promised) <= pushed <= len(memory.sent):
            memory.wrong.append(f"push_num {pushed}, it should be {len(memory.promised)} to {len(memory.sent)}")
        if sum(s["pop_num"] for s in stats) < len(memory.acked):
            memory.wrong.append(f"pop_num below the {len(memory.acked)} acked: {stats}")
        if node.stop() != 0:
            memory.wrong.append("the node did not stop cleanly at the end")
    finally:
        node.kill()


def run(options, add):
    """The suite."""
    print(f"crash: seed {options.seed}, {options.rounds} kills (repeat: tests/run.py crash --seed {options.seed} "
          f"--rounds {options.rounds})", flush=True)
    for number, mode in enumerate(MODES):
        if options.k not in mode:
            continue
        rounds = options.rounds // len(MODES) + (number < options.rounds % len(MODES))
        rng, memory = random.Random(f"{options.seed} {mode}"), Memory()
        folder = gmqtest.scratch("gmq-crash-")
        data, failed = os.path.join(folder, "data"), False
        for turn in range(rounds + 1):
            begun, memory.wrong = time.monotonic(), []
            try:
                if turn < rounds:
                    one_round(memory, data, mode, rng)
                else:
                    drain(memory, data, mode)
            except Exception as error:              # pylint: disable=broad-except
                memory.wrong.append(f"{type(error).__name__}: {error}")
            name = f"crash: sync={mode}: " + (f"kill {turn + 1}" if turn < rounds else "all that is left")
            failed = failed or bool(memory.wrong)
            add(name, "\n".join([f"seed {options.seed}, data kept in {folder}"] + memory.wrong[:10])
                if memory.wrong else None, time.monotonic() - begun)
            if memory.wrong:
                break
        print(f"crash: sync={mode}: {rounds} kills, {len(memory.promised)} answered pushes, "
              f"{len(memory.acked)} answered acks", flush=True)
        if not failed:
            gmqtest.scratch_remove(folder)
