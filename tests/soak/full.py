#!/usr/bin/env python3
"""full - a backlog of 30 million messages on a disk without a free byte, drained to the last one

    tests/soak/full.py [--build DIR] [--dir DIR] [--count N]

A tmpfs of just that size is filled with messages of 128 bytes until pushes are refused; the node is killed and started
again; somebody else takes what is left of the disk. Then all of it is popped and acked, with another kill in the
middle, and pushes are taken again by themselves. Needs the right to mount, and about 200 bytes of memory a message.
The last line is `N passed, N failed`.

SPDX-License-Identifier: MIT
"""
import argparse
import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import gmqtest  # noqa: E402  pylint: disable=wrong-import-position
from gmqtest import Gnode, Http, Refused, Tcp  # noqa: E402  pylint: disable=wrong-import-position

MIB = 1 << 20
MESSAGE_BYTES = 200  # of the disk, for one of 128, with what is kept free for checkpoints
TOPIC = "t"


class Full:
    """The disk and the node on it."""

    def __init__(self, options):
        self.load = os.path.join(options.build, "soak", "load")
        self.mount = os.path.join(options.dir, "full")
        self.count, self.checks, self.node = options.count, [], None

    def check(self, good, what):
        """One verdict."""
        self.checks.append(bool(good))
        print(f"{'ok   ' if good else 'FAIL '} full: {what}", flush=True)

    def start(self):
        """Starts the node, or starts it again; says how long that took."""
        begin = time.monotonic()
        self.node = Gnode(os.path.join(self.mount, "data"), "-sync=none", before=("setpriv", "--pdeathsig", "KILL"))
        return (time.monotonic() - begin) * 1000

    def run(self, *argv):
        """Runs `load`; returns what it did, and the answer that ended it."""
        done, answer = 0, ""
        load = subprocess.run([self.load, argv[0], self.node.tcp, *(str(a) for a in argv[1:])], check=False,
                              stdout=subprocess.PIPE, text=True)
        for line in load.stdout.splitlines():
            if line.startswith("done "):
                done = int(line.split()[1])
            else:
                answer = line
        return done, answer

    def figures(self):
        """How many are ready, and how many were not yet acked."""
        with Http(self.node.http) as http:
            topic = http.get("/getAllTopicStat").json["data"][0]
        return topic["queue_num"], topic["queue_num"] + topic["wait_ack_num"] + topic["dead_num"]

    def fill(self):
        """Until pushes are refused."""
        self.start()
        _, answer = self.run("fill", "--topic", TOPIC, "--count", 10 * self.count)
        ready, _ = self.figures()
        self.check("disk full" in answer, f"pushes end with: {answer}")
        self.check(ready >= self.count, f"{ready} messages were taken, at least {self.count}")
        return ready

    def drain(self, ready):
        """Half, a kill, and the rest."""
        half, answer = self.run("drain", "--topic", TOPIC, "--count", ready // 2)
        self.check(half == ready // 2, f"{half} messages drained at zero free space {answer}")
        _, left = self.figures()
        self.node.kill()
        took = self.start()
        _, after = self.figures()
        self.check(left <= after <= left + ready // 100 and left == ready - half,
                   f"{after} of {left} are left after kill -9, restarted in {took:.0f} ms")
        rest, answer = self.run("drain", "--topic", TOPIC, "--count", after)
        self.check(rest == after, f"{rest} messages drained after it {answer}")
        self.check(self.figures()[1] == 0, "nothing is left")

    def pushes(self):
        """Is a push taken?"""
        with Tcp(self.node.tcp) as conn:
            try:
                return conn.pub(TOPIC, b"again") is not None
            except Refused:
                return False

    def live(self):
        """The whole story."""
        os.makedirs(self.mount, exist_ok=True)
        size = self.count * MESSAGE_BYTES + 192 * MIB
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", self.mount], check=True)
        try:
            ready = self.fill()
            self.node.kill()
            took = self.start()
            self.check(self.figures()[0] == ready, f"all are there after kill -9, restarted in {took:.0f} ms")
            gmqtest.take_rest(self.mount)
            self.check(shutil.disk_usage(self.mount).free == 0, "no byte is free")
            self.drain(ready)
            gmqtest.wait_until(self.pushes, "pushes are taken again", 60)
            self.check(True, "pushes are taken again by themselves")
        finally:
            self.node.kill()
            subprocess.run(["umount", self.mount], check=True)


def main():
    """Parses, runs, counts."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", default=os.path.join(gmqtest.ROOT, "build"))
    parser.add_argument("--dir", default=os.environ.get("SOAK_DIR", "/var/tmp/gmq-soak"))
    parser.add_argument("--count", type=int, default=30000000)
    options = parser.parse_args()
    os.environ["GMQ_BUILD"] = os.path.abspath(options.build)
    full = Full(options)
    full.live()
    failed = full.checks.count(False)
    print(f"{len(full.checks) - failed} passed, {failed} failed")
    return 1 if failed or not full.checks else 0


if __name__ == "__main__":
    sys.exit(main())
