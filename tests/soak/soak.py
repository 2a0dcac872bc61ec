#!/usr/bin/env python3
"""soak - hours of load on one node: a huge backlog, delays, many topics, endless churn

    tests/soak/soak.py [--build DIR] [--dir DIR] [--short] [--count N] [--gb N] backlog|delay|topics|churn

backlog  100 million messages of 128 bytes wait (30 million where less than 40 GB of disk is free), in one topic, then
         spread over 10,000; the node is restarted, and some are taken. It may have 256 MiB of memory in all: a cgroup
         limits it, page cache included, where that is permitted; else its resident memory is watched.
delay    30 million messages, delayed by up to three days
topics   10,000 topics; one is flooded and has a slow consumer: how long do the others take?
churn    GB gigabytes are pushed, popped and acked while one message is kept for ever; then again, while one in 1000 is

Everything lies in DIR: the node's data, NAME.json, which says how far it came, so that an interrupted run goes on when
it is started again, NAME.csv, a row every few seconds, and at the end NAME.svg. A run that has ended begins anew. What
must hold stands in BOUNDS; the last line is `N passed, N failed`. --short says how long things took, and judges only
what does not depend on the machine.

SPDX-License-Identifier: MIT
"""
import argparse
import csv
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import gmqtest  # noqa: E402  pylint: disable=wrong-import-position
import plot  # noqa: E402  pylint: disable=wrong-import-position
from gmqtest import Gnode, Http, Tcp  # noqa: E402  pylint: disable=wrong-import-position

MIB = 1 << 20
FLAGS = ("-sync=none",)
MEMORY_MIB = 256
ROW_S = 5
COLUMNS = ("s", "phase", "done", "per_s", "rss_mib", "anon_mib", "disk_mib", "p50_us", "p99_us", "max_us")
BOUNDS = {
    "rss_mib": 96,          # resident memory, at any time
    "delay_rss_mib": 160,   # the same with 30 million delayed
    "restart_ms": 1000,     # from the start of the process to the first pop, files in the page cache
    "p99_us": 50000,        # of an answer, in 95 of 100 rows
    "max_us": 1000000,      # of any answer
    "disk_times": 2,        # disk <= this x what is live + slack
    "disk_slack_mib": 1024, # gc_slack, segments begun and ahead, reserves, what comes in while a compaction runs
    "disk_stop_mib": 16384, # beyond the bound: then it is of no use to go on
}


class Unbounded(Exception):
    """The disk fills up."""


class Memory:
    """A limit for one process, where cgroups permit it."""

    def __init__(self, pid, limit):
        self.path, self.how = None, "watched"
        for root, name in (("/sys/fs/cgroup", "memory.max"), ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")):
            path = os.path.join(root, f"gmq-soak-{pid}")
            if not os.path.exists(os.path.join(root, "cgroup.procs")):
                continue                            # no cgroups there
            try:
                os.mkdir(path)
                self.path = path
                with open(os.path.join(path, name), "w", encoding="ascii") as file:
                    file.write(str(limit))
                with open(os.path.join(path, "cgroup.procs"), "w", encoding="ascii") as file:
                    file.write(str(pid))
                self.how = f"limited by {name}"
                return
            except OSError:
                self.close()

    def close(self):
        """After the process has ended."""
        if self.path:
            try:
                os.rmdir(self.path)
            except OSError:
                pass
        self.path = None


def anon_bytes(pid):
    """Memory that is not of files."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("RssAnon")) * 1024


def disk_bytes(folder):
    """What the files take."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(place, name)).st_blocks * 512
            except FileNotFoundError:
                pass
    return total


class Pulse:
    """`load ping` or `load trip` beside the load: percentiles of the last seconds."""

    def __init__(self, argv):
        self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *argv], stdout=subprocess.PIPE, text=True)
        self.lock, self.rows, self.wrong, self.told = threading.Lock(), [], None, False
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            words = line.split()
            with self.lock:
                if len(words) == 4 and words[0].isdigit():
                    self.rows.append([int(w) for w in words[1:]])
                    self.told = True
                else:
                    self.wrong = line.strip()

    def take(self):
        """(p50, p99, max) since the last call: the median of the seconds, the worst of them, the maximum."""
        with self.lock:
            rows, self.rows = self.rows, []
        if not rows:
            return (0, 0, 0)
        return (sorted(r[0] for r in rows)[len(rows) // 2], max(r[1] for r in rows), max(r[2] for r in rows))

    def stop(self):
        self.process.kill()
        self.process.wait()


class Soak:
    """One soak: its folder, its node, its rows and its verdicts."""

    def __init__(self, name, options):
        self.name, self.options, self.short = name, options, options.short
        self.folder = os.path.abspath(os.path.join(options.dir, name + ("-short" if options.short else "")))
        os.makedirs(self.folder, exist_ok=True)
        self.data = os.path.join(self.folder, "data")
        self.load = os.path.join(gmqtest.build(), "soak", "load")
        self.node = self.memory = None
        self.rss_bound = BOUNDS["rss_mib"]
        self.state = self._old_state() or self._new_state()
        self.begun = time.monotonic() - self.state["s"]

    # ---- state

    def _file(self, ending):
        return os.path.join(self.folder, f"{self.name}.{ending}")

    def _old_state(self):
        try:
            with open(self._file("json"), encoding="utf-8") as file:
                state = json.load(file)
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        return None if state["over"] else state

    def _new_state(self):
        shutil.rmtree(self.data, ignore_errors=True)
        with open(self._file("csv"), "w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerow(COLUMNS)
        return {"s": 0, "over": False, "phases": [], "values": {}, "checks": [], "rows": 0, "slow_rows": 0,
                "rss_mib": 0, "max_us": 0, "disk_over_mib": 0}

    def save(self):
        self.state["s"] = round(time.monotonic() - self.begun, 1)
        with open(self._file("json.tmp"), "w", encoding="utf-8") as file:
            json.dump(self.state, file, indent=1)
        os.replace(self._file("json.tmp"), self._file("json"))

    def phase(self, name, work):
        """Does the work once, however often the run is interrupted."""
        if name in self.state["phases"]:
            return
        print(f"{self.name}: {name}", flush=True)
        work()
        self.state["phases"].append(name)
        self.save()

    # ---- the node

    def start(self):
        if self.node:
            return
        self.node = Gnode(self.data, *FLAGS, before=("setpriv", "--pdeathsig", "KILL"), wait=False)
        self.memory = Memory(self.node.pid, MEMORY_MIB * MIB)
        self.node.wait_line(r"is ready", seconds=600)
        self.node.ready()

    def stop(self):
        """An orderly stop."""
        if self.node:
            code = self.node.stop(600)
            if code != 0:
                killed = f": it needed more than {MEMORY_MIB} MiB" if code == -9 else ""
                self.node = None
                raise AssertionError(f"a stop ends with {code}{killed}")
        self.node = None
        if self.memory:
            self.memory.close()

    def wipe(self):
        self.stop()
        shutil.rmtree(self.data, ignore_errors=True)

    def total(self, key):
        """A figure, summed over all topics."""
        with Http(self.node.http) as http:
            return sum(topic[key] for topic in http.get("/getAllTopicStat").json["data"] or [])

    def restart(self, topic, asked):
        """An orderly stop, then ms from the start of the process until `asked(reply to a pop)` is true."""
        self.stop()
        port = gmqtest.free_port()
        begin = time.monotonic()
        self.node = Gnode(self.data, *FLAGS, f"-tcp_addr=127.0.0.1:{port}",
                          before=("setpriv", "--pdeathsig", "KILL"), wait=False)
        while True:
            try:
                with Tcp(f"127.0.0.1:{port}", 600) as conn:
                    assert asked(conn.pop_bin(topic))
                took = (time.monotonic() - begin) * 1000
                break
            except ConnectionRefusedError:
                assert self.node.alive(), self.node.output
                time.sleep(0.001)
        self.node.ready()
        self.memory = Memory(self.node.pid, MEMORY_MIB * MIB)
        return took

    # ---- rows

    def row(self, phase, done, per_s, pulse, live_bytes):
        """One row, and what it says about the bounds."""
        rss, disk = self.node.rss_bytes() / MIB, disk_bytes(self.data) / MIB
        p50, p99, top = pulse.take()
        state = self.state
        state["rows"] += 1
        state["slow_rows"] += p99 > BOUNDS["p99_us"]
        state["rss_mib"] = max(state["rss_mib"], rss)
        state["max_us"] = max(state["max_us"], top)
        if live_bytes is not None:
            allowed = BOUNDS["disk_times"] * live_bytes / MIB + BOUNDS["disk_slack_mib"]
            state["disk_over_mib"] = max(state["disk_over_mib"], disk - allowed)
            if disk > allowed + BOUNDS["disk_stop_mib"]:
                raise Unbounded(f"the disk grows without bound: {disk:.0f} MiB, {live_bytes / MIB:.0f} MiB are live")
        self.save()
        values = (state["s"], phase, done, round(per_s), round(rss, 1), round(anon_bytes(self.node.pid) / MIB, 1),
                  round(disk, 1), p50, p99, top)
        with open(self._file("csv"), "a", encoding="utf-8", newline="") as file:
            csv.writer(file).writerow(values)
        print("  ".join(f"{name} {value}" for name, value in zip(COLUMNS, values)), flush=True)
        if pulse.wrong:
            raise AssertionError(f"the pulse says: {pulse.wrong}")

    def drive(self, phase, argv, pulse=None, live=None, seconds=None):
        """Runs `load`, a row every few seconds; `live(done)`: bytes that are needed then."""
        self.start()
        own = pulse is None
        pulse = pulse or Pulse([self.load, "ping", self.node.http])
        load = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", self.load, argv[0], self.node.tcp,
                                 *(str(a) for a in argv[1:])], stdout=subprocess.PIPE, text=True)
        begun = last_at = time.monotonic()
        last, done = None, 0
        try:
            for line in load.stdout:
                if not line.startswith("done "):
                    raise AssertionError(f"{phase}: {line.strip()}; the node: {self.node.output[-1000:]}")
                done, now = int(line.split()[1]), time.monotonic()
                last = done if last is None else last
                if now - last_at >= (1 if self.short else ROW_S):
                    self.row(phase, done, (done - last) / (now - last_at), pulse, live(done) if live else None)
                    last, last_at = done, now
                if seconds and now - begun > seconds:
                    load.kill()
                    break
            if load.wait() != 0 and not seconds:
                raise AssertionError(f"{phase}: load ends with {load.returncode}")
            if own:                                 # a short one ends before the pulse has told anything
                gmqtest.wait_until(lambda: pulse.told, "a ping is answered")
            self.row(phase, done, (done - (last or 0)) / max(time.monotonic() - last_at, 0.001), pulse,
                     live(done) if live else None)
        finally:
            load.kill()
            load.wait()
            if own:
                pulse.stop()
        return done

    # ---- verdicts

    def check(self, good, what):
        """One verdict."""
        self.state["checks"].append([bool(good), what])
        print(f"{'ok   ' if good else 'FAIL '} {self.name}: {what}", flush=True)

    def timed(self, good, what):
        """A verdict on how long something took; a short run shares the machine with others, so it only says it."""
        if self.short:
            print(f"info  {self.name}: {what}", flush=True)
        else:
            self.check(good, what)

    def check_all(self):
        """What holds for every soak."""
        state = self.state
        self.check(state["rss_mib"] <= self.rss_bound,
                   f"resident memory {state['rss_mib']:.1f} MiB, at most {self.rss_bound}")
        self.timed(state["slow_rows"] * 20 <= state["rows"],
                   f"p99 above {BOUNDS['p99_us'] / 1000:.0f} ms in {state['slow_rows']} of {state['rows']} rows")
        self.timed(state["max_us"] <= BOUNDS["max_us"],
                   f"longest answer {state['max_us'] / 1000:.1f} ms, at most {BOUNDS['max_us'] / 1000:.0f}")
        for key, value in state["values"].items():
            bound = BOUNDS["restart_ms"] if key.startswith("restart") else None
            if bound:
                self.timed(value <= bound, f"{key}: {value:.0f} ms to the first answer, at most {bound}")

    def finish(self):
        """Verdicts, plot, clean-up."""
        self.check_all()
        self.wipe()
        self.state["over"] = True
        self.save()
        plot.write(self._file("csv"), self._file("svg"), f"{self.name}, {self.state['s']:.0f} s")
        print(f"rows in {self._file('csv')}, drawn in {self._file('svg')}")
        passed = sum(good for good, _ in self.state["checks"])
        failed = len(self.state["checks"]) - passed
        print(f"{passed} passed, {failed} failed")
        return 1 if failed or not passed else 0

    # ---- the soaks

    def fill(self, phase, count, *options, live=None):
        """Pushes what is missing."""
        self.start()
        have = self.total("push_num")
        if have < count:
            self.drive(phase, ("fill", "--count", count, "--from", have, *options), live=live)
        assert self.total("push_num") == count, (self.total("push_num"), count)

    def backlog(self):
        free = shutil.disk_usage(self.folder).free + disk_bytes(self.data)
        count = self.options.count or (300000 if self.short else 100000000 if free >= 40e9 else 30000000)
        for kind, topic, spread in (("one topic", "t", ("--topic", "t")),
                                    ("10,000 topics", "t000000", ("--topics", 200 if self.short else 10000))):
            part = count // 2 if kind != "one topic" and self.short else count

            def restarted(key=f"restart, {kind}", name=topic):
                self.state["values"][key] = self.restart(name, lambda reply: int(reply[2][:16], 16) == 0)

            self.phase(f"fill {kind}", lambda k=kind, s=spread, n=part: self.fill(f"fill {k}", n, *s))
            self.phase(f"restart {kind}", restarted)
            if kind == "one topic":
                self.phase(f"take {kind}", lambda n=part: self.drive(
                    "take", ("drain", "--topic", "t", "--count", min(n - 1, n // 10 + 1000))))
            self.phase(f"wipe {kind}", self.wipe)

    def delay(self):
        count = self.options.count or (300000 if self.short else 30000000)
        self.rss_bound = BOUNDS["delay_rss_mib"]

        def restarted():
            self.start()
            with Tcp(self.node.tcp) as conn:
                conn.pub("ready", b"0" * 16)
            self.state["values"]["restart, delayed"] = self.restart("ready", lambda reply: reply is not None)
            left = self.total("delay_num") + self.total("queue_num") + self.total("wait_ack_num")
            self.check(left == count + 1, f"{left} messages of {count + 1} are there after a restart")

        def due():
            self.start()
            with Tcp(self.node.tcp) as conn:
                conn.mpub("soon", [(1, b"%d" % n) for n in range(100)])
                got = []
                gmqtest.wait_until(lambda: got.append(conn.pop_bin("soon")) or sum(g is not None for g in got) == 100,
                                   "what is due comes", 30)

        self.phase("fill delayed", lambda: self.fill("fill", count, "--topic", "t", "--delay-max", 259200))
        self.phase("restart delayed", restarted)
        self.phase("due", due)

    def topics(self):
        topics = 500 if self.short else 10000
        seconds = 5 if self.short else self.options.count or 600

        def flood():
            self.start()
            with Http(self.node.http) as http:
                stats = {t["name"]: t["push_num"] for t in http.get("/getAllTopicStat").json["data"] or []}
            pulse = Pulse([self.load, "trip", self.node.tcp, "--topics", str(topics)])
            over = threading.Event()

            def consume():
                with Tcp(self.node.tcp) as conn:
                    while not over.is_set():
                        conn.pop_bin("slow")        # never acks: it is delivered again, and dies
                        over.wait(0.1)

            consumer = threading.Thread(target=consume)
            consumer.start()
            try:
                self.drive("flood", ("fill", "--topic", "slow", "--from", stats.get("slow", 0), "--count", 10**12,
                                     "--rate", 20000), pulse=pulse, seconds=max(seconds - self.state["s"], 3))
            finally:
                over.set()
                consumer.join()
                pulse.stop()

        self.phase("fill topics", lambda: self.fill("fill", topics * 10, "--topics", topics, "--batch", 10))
        # What was filled in is taken again, so that a trip gets the message that it pushed.
        self.phase("empty topics", lambda: self.empty(topics))
        self.phase("flood", flood)

    def empty(self, topics):
        """Takes everything out of t000000.. again."""
        self.start()
        with Tcp(self.node.tcp) as conn:
            for number in range(topics):
                conn.set(f"t{number:06d}", 1)
                while conn.pop_bin(f"t{number:06d}"):
                    pass
                conn.set(f"t{number:06d}", 0)

    def churn(self):
        size = 1024
        count = self.options.count or int((0.3 if self.short else self.options.gb) * 1e9 / size)

        def keep_one():
            self.start()
            with Tcp(self.node.tcp) as conn:
                conn.pub("kept", b"0" * size)

        def run(phase, *options, live=None):
            self.start()
            with Http(self.node.http) as http:
                stats = {t["name"]: t["push_num"] for t in http.get("/getAllTopicStat").json["data"] or []}
            self.drive(phase, ("churn", "--bytes", size, "--count", count, "--from", stats.get("churn", 0), *options),
                       live=live)

        self.phase("keep one", keep_one)
        self.phase("churn, one kept", lambda: run("one kept", live=lambda done: size))
        self.phase("wipe", self.wipe)
        try:
            self.phase("churn, 1 in 1000 kept",
                       lambda: run("1 in 1000 kept", "--keep", 1000, live=lambda done: done // 1000 * (size + 64)))
        except Unbounded as wrong:
            self.check(False, str(wrong))
        self.check(self.state["disk_over_mib"] <= 0,
                   f"disk above {BOUNDS['disk_times']} x live + {BOUNDS['disk_slack_mib']} MiB by at most "
                   f"{max(self.state['disk_over_mib'], 0):.0f} MiB")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", default=os.path.join(gmqtest.ROOT, "build"))
    parser.add_argument("--dir", default=os.environ.get("SOAK_DIR", "/var/tmp/gmq-soak"))
    parser.add_argument("--short", action="store_true", help="some hundred thousand messages, under 20 s")
    parser.add_argument("--count", type=int, help="messages; topics: seconds")
    parser.add_argument("--gb", type=float, default=100, help="churn: GB pushed in each variant")
    parser.add_argument("soak", choices=("backlog", "delay", "topics", "churn"))
    options = parser.parse_args()
    os.environ["GMQ_BUILD"] = os.path.abspath(options.build)
    soak = Soak(options.soak, options)
    try:
        soak.start()
        print(f"{soak.name}: memory {soak.memory.how} at {MEMORY_MIB} MiB, in {soak.folder}", flush=True)
        getattr(soak, options.soak)()
        return soak.finish()
    except (AssertionError, OSError, socket.timeout) as error:
        print(f"FAIL  {soak.name}: {error}\nit goes on from there when it is started again\n0 passed, 1 failed")
        return 1
    finally:
        soak.save()
        if soak.node and soak.node.alive():
            soak.node.kill()
        if soak.memory:
            soak.memory.close()


if __name__ == "__main__":
    sys.exit(main())
