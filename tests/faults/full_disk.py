"""full_disk - gnode on a small disk: it fills up, is killed, drains without a byte of room, and takes pushes again

Once on a disk whose end preload.c plays (it counts what the files of the node take), and once on a real one, a tmpfs
of the same size; where mounting is not permitted, that is said, and the first stands for both.

    fill        pushes are taken until the disk is nearly full, then refused with `disk full`, nothing else
    go on       pops, acks, figures and /ping go on
    kill        after kill -9 the node starts on the full disk, with everything that was answered
    no room     what was left of the disk is taken by somebody else
    hold        all of it is popped, and nothing acked: the state grows, and its checkpoints
    drain       the whole backlog is popped and acked, with a kill -9 in the middle; no pop or ack is refused
    resume      pushes are taken again by themselves, and the disk fills up and drains once more

SPDX-License-Identifier: MIT
"""
import json
import os
import subprocess
import time

import fault
import gmqtest
from gmqtest import ERROR, MESSAGE, RESULT, Gnode, Http, Tcp

MIB = 1 << 20
FLAGS = ("-msg_ttr=300", "-msg_max_retry=254", "-cache=4m", "-max_message=1m")
CLAIMED = 8 * MIB       # reserves, room for checkpoints, and what pushes leave at the end of a segment
WINDOW = 500            # requests in flight
SIZES = (40,)
SIZES_LONG = (24, 40, 64)
BODIES = {"tiny": 1, "small": 60, "large": 3000}


class Quota:
    """A disk whose end is played."""

    name = "played"

    def __init__(self, folder, size):
        self.data = os.path.join(folder, "data")
        self.control = fault.Fault(folder, self.data)
        self.control.room(size)
        self.env = self.control.env

    def take_rest(self):
        """Somebody else takes what is left."""
        done = subprocess.run(["du", "-s", "--block-size=1", self.data], check=True, capture_output=True)
        self.control.room(int(done.stdout.split()[0]))

    def close(self):
        pass


class Tmpfs:
    """A real one."""

    name = "tmpfs"

    def __init__(self, folder, size):
        self.mount = os.path.join(folder, "disk")
        os.mkdir(self.mount)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", self.mount], check=True,
                       capture_output=True)
        self.data, self.env = os.path.join(self.mount, "data"), None

    def take_rest(self):
        """Somebody else takes what is left."""
        gmqtest.take_rest(self.mount)

    def close(self):
        subprocess.run(["umount", self.mount], check=True)


def may_mount(folder):
    """Is mounting permitted here?"""
    try:
        place = os.path.join(folder, "try")
        os.mkdir(place)
        Tmpfs(place, MIB).close()
        return True
    except (OSError, subprocess.CalledProcessError):
        return False


class Story:
    """One disk from empty to full to empty, twice."""

    def __init__(self, disk, size, body_bytes):
        self.disk, self.size, self.body_bytes = disk, size, body_bytes
        self.promised, self.acked, self.unknown, self.held = set(), set(), set(), {}
        self.counter, self.node, self.conn = 0, None, None

    def start(self):
        self.node = Gnode(self.disk.data, *FLAGS, env=self.disk.env)
        self.conn = Tcp(self.node.tcp)

    def kill(self):
        self.node.kill()
        self.conn.close()

    def must(self, true, what):
        if not true:
            raise AssertionError(f"{what}\n{self.node.output[-1500:]}")

    def ask(self, requests):
        """Sends them all, returns the replies."""
        self.conn.send(b"".join(requests))
        replies = [self.conn.reply() for _ in requests]
        self.must(None not in replies, "the connection ended")
        return replies

    def push_some(self):
        """A window of pushes; returns how many were refused."""
        bodies = [f"m{self.counter + n}-".ljust(self.body_bytes, "x") for n in range(WINDOW)]
        self.counter += WINDOW
        refused = 0
        for (kind, data), body in zip(self.ask([Tcp.pub_bytes("t", b.encode()) for b in bodies]), bodies):
            self.must(kind == RESULT or data == b"disk full", f"a push is refused with {data!r}")
            if kind == RESULT:
                self.promised.add(body)
            refused += kind == ERROR
        return refused

    def fill(self):
        while self.push_some() < WINDOW:
            pass

    def pop(self, count):
        """Pops; what came is held until it is acked."""
        found = 0
        for kind, data in self.ask([b"pop t\n"] * count):
            self.must(kind == MESSAGE or data == b"no message", f"a pop is refused with {data!r}")
            if kind == MESSAGE:
                message = json.loads(data)
                self.must(message["body"] not in self.acked, f"acked, and delivered again: {message['id']}")
                self.must(message["body"] in self.promised, f"nobody was promised {message}")
                self.held[int(message["id"])] = message["body"]
                found += 1
        return found

    def ack(self, count):
        """Acks of the oldest that are held."""
        some = list(self.held.items())[:count]
        for (kind, data), (ident, body) in zip(self.ask([b"ack %d t\n" % ident for ident, _ in some]), some):
            self.must(kind == RESULT, f"an ack is refused with {data!r}")
            self.acked.add(body)
            del self.held[ident]

    def check(self):
        """The figures say what was promised; the doors answer."""
        with Http(self.node.http) as http:
            self.must(http.get("/ping").body == b"OK", "/ping")
            stat = http.stat("t")
        left = stat["queue_num"] + stat["wait_ack_num"]
        self.must(left == len(self.promised) - len(self.acked) and stat["dead_num"] == 0,
                  f"{left} messages are left of {len(self.promised)} promised, {len(self.acked)} acked: {stat}")

    def is_settled(self):
        """
        Are the reserves there, the checkpoint of the start written, and nothing under way that uses one? A start takes
        one of the log's for the segment that it goes on in; there may be no room for another before an ack.
        """
        with Http(self.node.http) as http:
            log = http.get("/api/v1/node").json["log"]
        there = {name for name in ("log/reserve.tmp", "log/reserve2.tmp", "ckpt/reserve.tmp", "ckpt/reserve2.tmp")
                 if os.path.exists(os.path.join(self.disk.data, name))
                 and os.path.getsize(os.path.join(self.disk.data, name))}
        return log["jobs"] == 0 and len(there) >= 3 and {"ckpt/reserve.tmp", "ckpt/reserve2.tmp"} <= there

    def drain(self):
        while self.pop(WINDOW) or self.held:
            self.ack(WINDOW)
        self.must(self.promised == self.acked, f"{len(self.promised - self.acked)} messages are lost")

    def run(self):
        self.start()
        self.fill()
        took = len(self.promised) * self.body_bytes
        if self.body_bytes > 1000:
            self.must(took > self.size - CLAIMED - self.size // 16, f"pushes stop at {took} of {self.size} bytes")
        self.check()
        self.pop(200)
        self.ack(100)
        self.kill()
        self.start()
        self.check()
        gmqtest.wait_until(self.is_settled, "the reserves are there")
        self.disk.take_rest()
        while self.pop(WINDOW):                     # each message in flight is more in the next checkpoint
            pass
        self.must(len(self.held) > len(self.promised) - len(self.acked) - 200, "not all could be popped")
        half = len(self.promised) // 2
        while len(self.acked) < half:
            self.ack(WINDOW)
        self.kill()
        self.start()
        self.check()
        self.drain()
        gmqtest.wait_until(lambda: self.push_some() == 0, "pushes are taken again")
        self.fill()
        self.check()
        self.drain()
        self.check()
        self.must(self.node.stop() == 0, "no clean stop")
        self.conn.close()


def run(options, add):
    """The suite."""
    folder = gmqtest.scratch("gmq-full-")
    disks = [Quota]
    if may_mount(folder):
        disks.append(Tmpfs)
    else:
        print("full-disk: mounting is not permitted here: no tmpfs, the played disk stands for it", flush=True)
    failed = False
    for disk_type in disks:
        for size in SIZES if options.short else SIZES_LONG:
            for kind, body_bytes in BODIES.items():
                name, begun, wrong = f"full-disk: {disk_type.name}, {size} MiB, {kind} bodies", time.monotonic(), None
                if options.k not in name:
                    continue
                place = os.path.join(folder, f"{disk_type.name}-{size}-{kind}")
                os.mkdir(place)
                disk = disk_type(place, size * MIB)
                story = Story(disk, size * MIB, body_bytes)
                try:
                    story.run()
                except Exception as error:          # pylint: disable=broad-except
                    wrong = f"{type(error).__name__}: {error}"
                    failed = True
                finally:
                    if story.node:
                        story.node.kill()
                    disk.close()
                add(name, wrong, time.monotonic() - begun)
    if not failed:
        gmqtest.scratch_remove(folder)
