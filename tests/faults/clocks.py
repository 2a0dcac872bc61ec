"""clocks - a node whose wall clock is set by a year, and whose machine sleeps: clock_preload.c plays the clocks

    set        by a year forward and back, while messages wait for their time: none comes early, none is held back,
               each step is counted in the log, ids go on growing
    sleep      the machine sleeps for an hour: what came due meanwhile is there at once, leases are over, the rest waits
    restart    the clock is set across restarts: a year forward is time that has passed; a year back changes nothing:
               what was pushed comes at its time, ids go on growing
    wild       a hundred steps by up to a year under load: everything is delivered once, nothing early

SPDX-License-Identifier: MIT
"""
import mmap
import os
import random
import struct
import time

import gmqtest
from gmqtest import Gnode, Tcp

YEAR_S = 365 * 86400
LIMIT_S = 60 * gmqtest.SLOW
DELAY_S = 2
EARLY_S = 0.005                 # engine time is in ms, and drawn by 500 ppm


class Hands:
    """The clocks of one machine."""

    def __init__(self, folder):
        path = os.path.join(folder, "hands")
        with open(path, "wb") as file:
            file.write(bytes(mmap.PAGESIZE))
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), mmap.PAGESIZE)
        self.env = {"LD_PRELOAD": os.path.join(gmqtest.build(), "faults", "clock.so"), "CLOCK_FILE": path}
        self.wall = self.boot = 0

    def set_wall(self, seconds):
        """By so much forward, or back."""
        self.wall += seconds
        struct.pack_into("=q", self.map, 0, int(self.wall * 1e9))

    def sleep(self, seconds):
        """The machine sleeps: both clocks of the machine go on, that of the process does not."""
        self.boot += seconds
        struct.pack_into("=q", self.map, 8, int(self.boot * 1e9))
        self.set_wall(seconds)


class Story:
    """A node, its clocks, and what was pushed."""

    def __init__(self, folder):
        self.hands, self.data = Hands(folder), os.path.join(folder, "data")
        self.waiting, self.last_id, self.count = {}, 0, 0       # body -> time.monotonic() at which it may come
        self.node = self.conn = None

    def start(self):
        self.node = Gnode(self.data, "-msg_ttr=60", env=self.hands.env)
        self.conn = Tcp(self.node.tcp)

    def stop(self):
        self.conn.close()
        assert self.node.stop() == 0, self.node.output

    def push(self, delay=0):
        """One message, which may come `delay` seconds after now and not before."""
        self.count += 1
        body, begun = b"m%d" % self.count, time.monotonic()
        ident = self.conn.pub("t", body, delay)
        assert ident > self.last_id, f"id {ident} follows id {self.last_id}"
        self.last_id = ident
        self.waiting[body] = begun + delay
        return body

    def come(self):
        """Takes what is there; nothing may be early. True when nothing is waited for any more."""
        got = self.conn.pop_bin("t")
        if got:
            now = time.monotonic()
            assert got[2] in self.waiting, f"{got[2]!r} came twice, or was never pushed"
            at = self.waiting.pop(got[2])
            assert now >= at - EARLY_S, f"{got[2]!r} came {at - now:.3f} s early"
            assert self.conn.ack(got[0], "t")
        return not self.waiting

    def all_come(self):
        gmqtest.wait_until(self.come, "all messages come", LIMIT_S)

    def steps_logged(self):
        return self.node.output.count("the wall clock was set by")


def set_while_running(story):
    story.start()
    for number, step in enumerate((YEAR_S, -YEAR_S, -YEAR_S, YEAR_S)):
        story.push(DELAY_S)
        story.push(1)
        story.hands.set_wall(step)
        story.push(DELAY_S)
        story.push()
        story.come()
        gmqtest.wait_until(lambda n=number: story.come() and False or story.steps_logged() == n + 1,
                           "the step is logged")
        story.all_come()
    story.stop()


def sleep(story):
    story.start()
    early = story.push(1800)
    late = story.push(7200)
    story.conn.pub("leased", b"x")
    first = story.conn.pop_bin("leased")
    assert story.conn.pop_bin("t") is None
    now = time.monotonic()
    story.hands.sleep(3600)
    story.waiting[early] = now                      # it slept through the time of this one
    story.waiting[late] -= 3600
    gmqtest.wait_until(lambda: story.come() or early not in story.waiting, "what came due in the sleep", LIMIT_S)
    assert story.conn.pop_bin("t") is None
    again = gmqtest.wait_until(lambda: story.conn.pop_bin("leased"), "the lease is over", LIMIT_S)
    assert again[0] == first[0] and again[1] == 1, (first, again)
    assert story.steps_logged() == 0, "a sleep is no step of the wall clock"
    story.hands.sleep(3600)
    story.waiting[late] = now
    story.all_come()
    story.stop()


def restart(story):
    story.start()
    story.push(3000)
    story.stop()
    story.hands.set_wall(YEAR_S)
    story.waiting = {body: 0 for body in story.waiting}
    story.start()
    story.all_come()
    for end in ("stop", "kill", "stop"):
        story.push()
        story.push(DELAY_S)
        if end == "stop":
            story.stop()
        else:
            story.conn.close()
            story.node.kill()
        # A restart takes the wall clock for what has passed when it stands higher, so it may only be set back.
        story.hands.set_wall(-YEAR_S)
        story.start()
        story.push(1)
        story.all_come()
    story.stop()


def wild(story):
    chance = random.Random(7)
    story.start()
    for _ in range(100):
        for _ in range(chance.randrange(1, 6)):
            story.push(chance.choice((0, 0, 1, 2, 3)))
        story.hands.set_wall(chance.choice((1, -1)) * chance.choice((1, 3600, 86400, YEAR_S)))
        for _ in range(4):
            story.come()
    story.all_come()
    assert story.steps_logged() > 0
    story.stop()


def run(options, add):
    """The suite."""
    folder = gmqtest.scratch("gmq-clock-")
    failed = False
    for name, tale in (("set while running", set_while_running), ("sleep", sleep), ("restart", restart),
                       ("wild", wild)):
        if options.k not in name:
            continue
        begun, wrong = time.monotonic(), None
        place = os.path.join(folder, name.split(" ", maxsplit=1)[0])
        os.mkdir(place)
        story = Story(place)
        try:
            tale(story)
        except Exception as error:                  # pylint: disable=broad-except
            wrong = f"{type(error).__name__}: {error}\n{story.node.output[-1500:] if story.node else ''}"
            failed = True
        finally:
            if story.node and story.node.alive():
                story.node.kill()
        add(f"clock: {name}", wrong, time.monotonic() - begun)
    if not failed:
        gmqtest.scratch_remove(folder)
