"""Delays: longer than anybody needs, and more of them than memory holds.

SPDX-License-Identifier: MIT
"""
import json
import subprocess

from gmqtest import Case, Refused, program, wait_until

YEAR_S = 365 * 86400
FLAGS = ("-delay_memory=64k", "-cache=1m", "-max_message=256k", "-sync=none")


class LongDelays(Case):
    def test_a_delay_of_a_year_is_taken_when_it_is_allowed_and_a_longer_one_refused(self):
        node = self.gnode(f"-max_delay={YEAR_S}")
        tcp, http = self.tcp(node), self.http(node)
        tcp.pub("t", b"a year", delay=YEAR_S)
        http.push("t", "also", delay=YEAR_S)
        tcp.mpub("t", [(YEAR_S, b"one"), (0, b"other")])
        for push, body in ((tcp.pub, b"x"), (http.push, "x")):
            with self.assertRaisesRegex(Refused, "pub.delay exceeding the maximum"):
                push("t", body, YEAR_S + 1)
        with self.assertRaisesRegex(Refused, "pub.delay exceeding the maximum"):
            self.tcp(node).mpub("t", [(0, b"x"), (2 ** 32 - 1, b"x")])
        for kill in (False, True):
            stat = self.http(node).stat("t")
            self.assertEqual((stat["delay_num"], stat["queue_num"]), (3, 1))
            if kill:
                node.kill()
            else:
                self.assertEqual(node.stop(), 0)
            node = self.gnode(f"-max_delay={YEAR_S}")

    def test_a_hundred_years_are_the_most(self):
        node = self.gnode(f"-max_delay={100 * YEAR_S}")
        self.tcp(node).pub("t", b"x", delay=100 * YEAR_S)
        ran = subprocess.run([program("gclient"), "push", "t", "y", "--delay", "36500d", "--node", node.tcp],
                             capture_output=True, timeout=60, check=False)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertEqual(self.http(node).stat("t")["delay_num"], 2)
        done = subprocess.run([program("gnode"), f"-max_delay={100 * YEAR_S + 1}"], capture_output=True, timeout=60,
                              check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"max_delay", done.stderr)


class ManyDelays(Case):
    COUNT, DELAYS_S = 40000, (14, 15, 16, 17)      # beyond what is kept in the wheel, 12 s

    def push(self, tcp):
        """Pushes them all; returns the bodies in the order in which they come due."""
        due = []
        for first in range(0, self.COUNT, 1000):
            items = [(self.DELAYS_S[n * 7 % 4], b"%08d" % n) for n in range(first, first + 1000)]
            tcp.send(tcp.mpub_bytes("t", items, " ids"))
            ids = json.loads(tcp.reply()[1])
            due += [((int(ident) >> 22) + 1000 * delay, body) for ident, (delay, body) in zip(ids, items)]
        return [body for _, body in sorted(due)]

    def pieces(self, data):
        out = subprocess.run([program("gnode"), "--dump", data, "--json"], capture_output=True, timeout=60,
                             check=False).stdout
        return sum(json.loads(line)["type"] == "DCHUNK" for line in out.splitlines())

    def test_delays_larger_than_their_memory_come_in_due_order_over_restarts(self):
        node = self.gnode(*FLAGS)                  # 3276 of them fit into memory
        tcp = self.tcp(node)
        tcp.set("t", 1)
        due = self.push(tcp)
        for kill in (True, False):
            self.assertEqual(self.http(node).stat("t")["delay_num"], self.COUNT)
            if kill:
                node.kill()
            else:
                self.assertEqual(node.stop(), 0)
            self.assertGreater(self.pieces(self.path("data")), 100)
            code = subprocess.run([program("gnode"), "--check", self.path("data")], capture_output=True, timeout=60,
                                  check=False)
            self.assertEqual(code.returncode, 0, code.stdout)
            node = self.gnode(*FLAGS)
        http = self.http(node)
        wait_until(lambda: http.stat("t")["queue_num"] == self.COUNT, "all are due", seconds=60)
        self.assertEqual(http.stat("t")["delay_num"], 0)
        tcp, got = self.tcp(node), []
        for _ in range(0, self.COUNT, 500):
            tcp.send(b"pop t bin\n" * 500)
            got += [tcp.reply()[1][16:] for _ in range(500)]
        self.assertEqual(got, due)
        self.assertIsNone(tcp.pop("t"))
