"""syscall_kill - one life of gnode, ended or disturbed at every single call on its files

The life is always the same: recovery of a node that was killed before, pushes one by one and in flight, batches,
delays, dead letters, auto-ack, bodies that fill segments, a backlog read back from disk, an orderly stop with its
checkpoint, and a second, shorter life after it. preload.c counts the calls on files and strikes at number N:

    kill    SIGKILL instead of the call
    tear    half of a pwrite, then SIGKILL
    EIO, ENOSPC, short      the call fails, or does a part; once, or from then on (a broken disk)

Then the node is started without faults, and everything that was answered must be as it was answered: no push lost, no
acked message again, no id twice, dead letters gone or there, and ids go on upwards. While a disk fails, every refusal
says why, the node stays up, /ping and the figures answer. One call that fails with EIO makes no running node read-only:
it goes on degraded. The long form strikes at every call; the short form at a
sample that comes from the seed.

SPDX-License-Identifier: MIT
"""
import collections
import concurrent.futures
import errno
import json
import os
import random
import re
import shutil
import subprocess
import time

import fault
import gmqtest
from gmqtest import ERROR, MESSAGE, RESULT, Gnode, Http, Tcp

FLAGS = ("-msg_ttr=300", "-msg_max_retry=254", "-cache=1m", "-max_message=256k", "-read_cache=1m")
CLEAR = re.compile(rb"^(disk full|node is read-only: .+|no message|\[msgId\] \d+ is not exist|.* is not exist)$")
STRIKES = ("kill", "tear", "EIO once", "EIO", "ENOSPC once", "ENOSPC", "short")
KINDS = {"EIO": fault.PWRITE | fault.FDATASYNC | fault.FSYNC | fault.FALLOCATE | fault.PREAD,
         "ENOSPC": fault.PWRITE | fault.FALLOCATE, "short": fault.PWRITE | fault.PREAD, "tear": fault.PWRITE,
         "kill": fault.ALL}
SILENCE_S = 1.5 * gmqtest.SLOW
SHORT = {"kill": 28, "tear": 8, "EIO once": 12, "EIO": 10, "ENOSPC once": 8, "ENOSPC": 8, "short": 6}


class Memory:
    """What the client was told, of one life."""

    def __init__(self):
        self.sent, self.promised = collections.defaultdict(set), collections.defaultdict(set)
        self.acked, self.maybe_gone = set(), set()
        self.held, self.body_of, self.batches, self.wrong = {}, {}, [], []

    def bind(self, ident, body):
        if self.body_of.setdefault(int(ident), body) != body:
            self.wrong.append(f"id {ident} names two messages: {self.body_of[int(ident)][:20]}, {body[:20]}")

    def copy(self):
        other = Memory()
        for topic, bodies in self.sent.items():
            other.sent[topic] = set(bodies)
        for topic, bodies in self.promised.items():
            other.promised[topic] = set(bodies)
        other.acked, other.body_of = set(self.acked), dict(self.body_of)
        return other


class Gone(Exception):
    """The node went away."""


class Silent(Exception):
    """The node does not answer: it waits for room on the disk."""


class Client:
    """One connection; requests go out together, answers are believed one by one."""

    def __init__(self, memory, addr, seconds=gmqtest.DEADLINE_S):
        self.memory, self.refused = memory, []
        try:
            self.conn = Tcp(addr, seconds)
        except OSError as error:
            raise Gone from error

    def run(self, requests):
        """requests: (bytes, learn(kind, data), lost()). Raises Gone or Silent when the node does not answer all."""
        failure = Gone
        try:
            self.conn.send(b"".join(r[0] for r in requests))
        except OSError:
            pass
        for number, (_, learn, _) in enumerate(requests):
            try:
                reply = self.conn.reply()
            except TimeoutError:
                reply, failure = None, Silent
            except OSError:
                reply = None
            if reply is None:
                for _, _, lost in requests[number:]:
                    lost()
                raise failure
            kind, data = reply
            if kind == ERROR and not CLEAR.match(data):
                self.memory.wrong.append(f"an unclear refusal: {data[:200]!r}")
            if kind == ERROR:
                self.refused.append(data)
            learn(kind, data)

    def push(self, topic, bodies, delay=0):
        def one(body):
            def learn(kind, data):
                if kind == RESULT:
                    self.memory.promised[topic].add(body)
                    self.memory.bind(data, body)
            self.memory.sent[topic].add(body)
            return Tcp.pub_bytes(topic, body.encode(), delay), learn, lambda: None
        self.run([one(body) for body in bodies])

    def mpush(self, topic, bodies):
        def learn(kind, data):
            if kind == RESULT:
                self.memory.promised[topic].update(bodies)
                for ident, body in zip(json.loads(data), bodies):
                    self.memory.bind(ident, body)
            else:
                self.memory.batches.append(bodies)
        self.memory.sent[topic].update(bodies)
        self.run([(Tcp.mpub_bytes(topic, [b.encode() for b in bodies], " ids"), learn,
                   lambda: self.memory.batches.append(bodies))])

    def got(self, message):
        ident, body = int(message["id"]), message["body"]
        self.memory.bind(ident, body)
        if body in self.memory.acked:
            self.memory.wrong.append(f"acked, and delivered again: {ident} {body[:40]}")
        return ident, body

    def pop(self, topic, count, auto_ack=False):
        """Pops; returns [(id, body)], which are held, or gone with auto-ack."""
        found = []

        def learn(kind, data):
            if kind == MESSAGE:
                ident, body = self.got(json.loads(data))
                found.append((ident, body))
                if auto_ack:
                    self.memory.acked.add(body)
                else:
                    self.memory.held[ident] = (topic, body)

        def lost():
            if auto_ack:                            # taken by an answer that never came, or refused afterwards
                self.memory.maybe_gone.update(self.memory.sent[topic])
        refused = len(self.refused)
        self.run([(b"pop %s\n" % topic.encode(), learn, lost)] * count)
        if any(b"read-only" in text for text in self.refused[refused:]):
            lost()
        return found

    def ack(self, topic, messages):
        def one(ident, body):
            def learn(kind, data):
                if (kind, data) == (RESULT, b"ok"):
                    self.memory.acked.add(body)
                    self.memory.held.pop(ident, None)
                elif b"read-only" in data:
                    lost()

            def lost():
                self.memory.maybe_gone.add(body)
            return b"ack %d %s\n" % (ident, topic.encode()), learn, lost
        self.run([one(*message) for message in messages])

    def dead(self, topic, count):
        """Dead letters that are answered are gone."""
        found = []

        def learn(kind, data):
            if kind == MESSAGE:
                found.extend(self.got(m) for m in json.loads(data))
                self.memory.acked.update(body for _, body in found)
            elif b"read-only" in data:
                lost()

        def lost():
            self.memory.maybe_gone.update(self.memory.sent[topic])
        self.run([(b"dead %s %d\n" % (topic.encode(), count), learn, lost)])
        return found

    def set_auto_ack(self, topic):
        self.run([(b"set %s 1\n" % topic.encode(), lambda *_: None, lambda: None)])


def bodies(name, count, size=0):
    return [f"{name}{n}-" + "x" * size for n in range(count)]


def make_template(folder):
    """The data of a node with a backlog on disk, dead letters and delays, killed; and what it promised."""
    data, memory = os.path.join(folder, "template"), Memory()
    node = Gnode(data, *FLAGS, "-msg_ttr=1", "-msg_max_retry=0")
    try:
        client = Client(memory, node.tcp)
        client.push("dead", bodies("dead", 6))
        client.pop("dead", 6)
        memory.held.clear()
        client.push("late", bodies("late", 5), delay=3600)
        for part in range(4):
            client.push("old", bodies(f"old{part}.", 12, 100000))
        with Http(node.http) as http:
            gmqtest.wait_until(lambda: http.stat("dead")["dead_num"] == 6, "the letters are dead")
    finally:
        node.kill()
    if memory.wrong:
        raise AssertionError(memory.wrong)
    return data, memory


def first_life(client):
    """Something of everything."""
    client.push("a", bodies("one", 1))
    client.push("a", bodies("two", 1))
    client.push("a", bodies("many", 8, 50))
    client.mpush("a", bodies("batch", 8, 20))
    client.ack("a", client.pop("a", 6)[:4])
    client.push("late", bodies("later", 3), delay=3600)
    client.dead("dead", 2)
    client.set_auto_ack("auto")
    client.push("auto", bodies("auto", 4))
    client.pop("auto", 2, auto_ack=True)
    for part in range(4):
        client.push("big", bodies(f"big{part}.", 12, 120000))
    for _ in range(4):
        client.ack("old", client.pop("old", 11))
    client.ack("big", client.pop("big", 20))
    client.push("a", bodies("last", 3))


def second_life(client):
    client.ack("a", client.pop("a", 3))
    client.push("a", bodies("second", 5))
    client.dead("dead", 1)
    client.ack("old", client.pop("old", 2))


def check_figures(node, memory):
    with Http(node.http) as http:
        if http.get("/ping").body != b"OK" or not http.stats():
            memory.wrong.append("/ping or the figures do not answer")


def live_on(node, memory, control):
    """Where a write finds no room nothing is answered; when there is room again, the node goes on by itself."""
    check_figures(node, memory)
    control.disarm()
    client = Client(memory, node.tcp)

    def accepted():
        client.push("a", [f"resumed{len(memory.sent['a'])}"])
        return any(body.startswith("resumed") for body in memory.promised["a"])
    gmqtest.wait_until(accepted, "pushes are taken again when there is room")


def live(node, memory, steps, strike, control):
    """One start to its orderly stop. False when it ended before its time."""
    may_fail, waits = strike[0] == "E", strike == "ENOSPC"
    try:
        node.ready()
    except AssertionError as error:
        code = node.wait()
        if code < 0 and code != -9:
            memory.wrong.append(f"signal {-code} at the start:\n{node.output[-1500:]}")
        elif code >= 0 and (not may_fail or not re.search(r"\[E\].*(error|space)", node.output)):
            memory.wrong.append(f"it did not start, and did not say why: {error}")
        return False
    try:
        client = Client(memory, node.tcp, SILENCE_S if waits else gmqtest.DEADLINE_S)
        try:
            steps(client)
            check_figures(node, memory)
        except Silent:
            if not waits or not control.last:
                raise
            live_on(node, memory, control)
        if strike == "EIO once" and any(b"read-only" in r for r in client.refused):
            memory.wrong.append(f"one failure made it read-only: {client.refused[:3]}\n{node.output[-1500:]}")
        if client.refused and not may_fail and any(b"disk" in r or b"read-only" in r for r in client.refused):
            memory.wrong.append(f"refused on a sound disk: {client.refused[:3]}")
    except (Gone, Silent, ConnectionError, OSError):
        if may_fail or node.wait() != -9:
            memory.wrong.append(f"the node went away:\n{node.output[-1500:]}")
        return False
    node.signal(15)
    code = node.wait(30 * gmqtest.SLOW)
    if code not in (0, -9) and not may_fail:
        memory.wrong.append(f"exit code {code}:\n{node.output[-1500:]}")
    if code < 0 and code != -9:
        memory.wrong.append(f"ended by signal {-code}:\n{node.output[-1500:]}")
    return code == 0


def take_all(client, topic):
    found = []
    while True:
        some = client.pop(topic, 100)
        if not some:
            return found
        found += some


def verify(memory, data, strike):
    """A start without faults: what was answered is so."""
    node = Gnode(data, *FLAGS)
    try:
        client = Client(memory, node.tcp)
        memory.held, ids = {}, {body: ident for ident, body in memory.body_of.items()}
        before = max(memory.body_of)
        with Http(node.http) as http:
            late = (http.stat("late") or {"delay_num": 0})["delay_num"]
        there = set()
        for topic in ("a", "old", "big", "auto", "dead"):
            found = take_all(client, topic) + client.dead(topic, 10000)
            there.update(body for _, body in found)
            alien = {body for _, body in found} - memory.sent[topic]
            if alien:
                memory.wrong.append(f"{topic}: nobody pushed {sorted(alien)[:3]}")
        # What was delivered and not acked is still leased to whom it was delivered to, answered or not.
        for topic in ("a", "old", "big"):
            leased = memory.promised[topic] - there - memory.acked
            client.ack(topic, [(ids[body], body) for body in leased])
            there.update(leased & memory.acked)
        for topic in ("a", "old", "big", "auto", "dead"):
            lost = memory.promised[topic] - there - memory.acked - memory.maybe_gone
            if lost:
                memory.wrong.append(f"{topic}: lost {sorted(b[:20] for b in lost)[:5]}, {len(lost)} in all")
        if not len(memory.promised["late"]) <= late <= len(memory.sent["late"]):
            memory.wrong.append(f"{late} delayed messages, promised {len(memory.promised['late'])}")
        for batch in memory.batches:
            came = [b for b in batch if b in there]
            if came and len(came) != len(batch):
                memory.wrong.append(f"half a batch: {len(came)} of {len(batch)}")
        client.push("fresh", ["fresh"])
        if max(memory.body_of) <= before or memory.body_of[max(memory.body_of)] != "fresh":
            memory.wrong.append("a new id is not above all others")
        if strike in ("kill", "tear", "short") and re.search(r"damage|lost|quarantine", node.output, re.I):
            memory.wrong.append(f"damage after a kill:\n{node.output[-1500:]}")
        if node.stop() != 0:
            memory.wrong.append(f"no clean stop at the end:\n{node.output[-1500:]}")
    finally:
        node.kill()


def arm(control, strike, number):
    what, _, once = strike.partition(" ")
    action = {"kill": fault.KILL, "tear": fault.TEAR, "short": fault.SHORT}.get(what, fault.FAIL)
    control.arm(number, action, KINDS[what], getattr(errno, what, 0), forever=what.startswith("E") and not once)


def one(folder, template, promised, strike, number):
    """One life with one fault. Returns (what is wrong, the calls it made, where it struck)."""
    place = os.path.join(folder, f"{strike}-{number}".replace(" ", "-"))
    os.mkdir(place)
    data, memory = os.path.join(place, "data"), promised.copy()
    subprocess.run(["cp", "-r", "--sparse=always", template, data], check=True)
    may_fail = strike[0] == "E"
    with fault.Fault(place, data) as control:
        arm(control, strike, number)
        for steps in (first_life, second_life):
            node = Gnode(data, *FLAGS, env=control.env, wait=False)
            try:
                whole = live(node, memory, steps, strike, control)
            finally:
                node.kill()
            if not whole and not may_fail:
                break
        calls, last = control.count, control.last
    if not memory.wrong:
        verify(memory, data, strike)
    if not memory.wrong:
        shutil.rmtree(place)
    return memory.wrong, calls, last


def numbers(strike, calls, options, rng):
    """Where to strike: everywhere, or at a sample that has the first and the last."""
    if not options.short:
        return list(range(1, calls + 1))
    some = rng.sample(range(2, calls), min(SHORT[strike] - 2, max(calls - 2, 0)))
    return sorted({1, calls, *some})


def run(options, add):
    """The suite."""
    rng = random.Random(options.seed)
    print(f"syscall-kill: seed {options.seed}{', a sample' if options.short else ''}", flush=True)
    folder = gmqtest.scratch("gmq-faults-")
    template, promised = make_template(folder)
    failed = False

    def attempt(strike, number):
        begun = time.monotonic()
        try:
            wrong, calls, last = one(folder, template, promised, strike, number)
        except Exception as error:                  # pylint: disable=broad-except
            wrong, calls, last = [f"{type(error).__name__}: {error}"], 0, ""
        return wrong, calls, last, time.monotonic() - begun

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for strike in STRIKES:
            if options.k not in strike:
                continue
            wrong, calls, _, _ = attempt(strike, 1 << 40)   # a life without a fault tells how many calls there are
            if wrong or not calls:
                add(f"syscall-kill: {strike}: no fault", "\n".join(wrong) or "nothing was counted", 0)
                failed = True
                continue
            where = numbers(strike, calls, options, rng)
            for number, got in zip(where, pool.map(lambda n, s=strike: attempt(s, n), where)):
                wrong, _, last, seconds = got
                failed = failed or bool(wrong)
                add(f"syscall-kill: {strike} at call {number} of about {calls} ({last})",
                    "\n".join([f"data kept in {folder}"] + wrong[:10]) if wrong else None, seconds)
            print(f"syscall-kill: {strike}: {len(where)} of about {calls} calls", flush=True)
    if not failed:
        gmqtest.scratch_remove(folder)
