"""Every limit, just below and just above: what is refused, with which words, what goes on, and when it is over.

SPDX-License-Identifier: MIT
"""
import os
import subprocess
import sys

from gmqtest import Case, Refused, wait_until

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "faults"))
import fault  # noqa: E402  pylint: disable=wrong-import-position

MIB = 1 << 20
SMALL = ("-cache=4m", "-max_message=1m", "-msg_ttr=300")


def taken(data):
    """What the files of a node take."""
    return int(subprocess.run(["du", "-s", "--block-size=1", data], check=True, capture_output=True).stdout.split()[0])


class Disk(Case):
    def fill(self, tcp, body_bytes):
        """Pushes until it is refused, then small ones until these are; returns the ids and the refusal."""
        ids, refusal = [], ""
        for size in (body_bytes, 1):
            try:
                while True:
                    ids.append(tcp.pub("t", b"x" * size))
            except Refused as refused:
                refusal = str(refused)
        return ids, refusal

    def drain(self, tcp, ids):
        self.assertEqual([self.take(tcp) for _ in ids], ids)
        self.assertIsNone(tcp.pop("t"))

    @staticmethod
    def take(tcp):
        ident = tcp.pop("t")["id"]
        assert tcp.ack(ident, "t")
        return ident

    def pushes(self, tcp, ids):
        """Is a push taken?"""
        try:
            ids.append(tcp.pub("t", b"again"))
            return True
        except Refused:
            return False

    def refuses_clearly(self, node, tcp, http, text):
        with self.assertRaisesRegex(Refused, f"^{text}$"):
            http.push("t", "x")
        for request in (lambda: tcp.pub("new", b"x"), lambda: tcp.pop("other"), lambda: tcp.set("third", 1),
                        lambda: tcp.mpub("t", [b"x", b"y"])):
            with self.assertRaisesRegex(Refused, f"^{text}$"):
                request()
        self.assertEqual([s["name"] for s in http.stats()], ["t"])
        self.assertEqual(http.get("/ping").body, b"OK")
        node.wait_line(r"\[E\].*" + text + ": no messages are accepted")

    def lives_with(self, node, text, body_bytes):
        """Full, drained, and full and drained again; returns what the files took at most."""
        tcp, http, most = self.tcp(node), self.http(node), 0
        for _ in range(2):
            ids, refusal = self.fill(tcp, body_bytes)
            self.assertEqual(refusal, text)
            most = max(most, taken(self.path("data")))
            self.refuses_clearly(node, tcp, http, text)
            self.drain(tcp, ids)
            again = []
            wait_until(lambda: self.pushes(tcp, again), "pushes are taken again")  # nothing else goes on meanwhile
            node.wait_line("has room again")
            self.drain(tcp, again)
        return most

    def test_max_disk_refuses_pushes_drains_and_takes_them_again_by_itself(self):
        node = self.gnode("-max_disk=32m", *SMALL)
        most = self.lives_with(node, "disk full: max_disk is reached", 3000)
        self.assertLessEqual(most, 32 * MIB)
        self.assertGreater(most, 26 * MIB)

    def test_max_disk_with_few_large_messages(self):
        node = self.gnode("-max_disk=32m", *SMALL)
        self.assertLessEqual(self.lives_with(node, "disk full: max_disk is reached", 500000), 32 * MIB)

    def test_a_node_that_has_more_than_max_disk_starts_and_drains(self):
        node = self.gnode(*SMALL)
        with self.tcp(node) as tcp:
            ids = [tcp.pub("t", b"x" * 100000) for _ in range(500)]
        node.kill()
        node = self.gnode("-max_disk=32m", *SMALL)
        tcp = self.tcp(node)
        with self.assertRaisesRegex(Refused, "^disk full: max_disk is reached$"):
            tcp.pub("t", b"x")
        self.drain(tcp, ids)
        wait_until(lambda: self.pushes(tcp, []), "pushes are taken again")
        self.assertLessEqual(taken(self.path("data")), 32 * MIB)

    def test_disk_free_min_refuses_pushes_while_others_have_taken_the_room(self):
        with fault.Fault(self.folder, self.path("data")) as control:
            control.room(64 * MIB)
            node = self.gnode("-disk_free_min=16m", *SMALL, env=control.env)
            tcp, http, ids = self.tcp(node), self.http(node), []
            ids.append(tcp.pub("t", b"x"))
            control.room(taken(self.path("data")) + 15 * MIB)
            wait_until(lambda: not self.pushes(tcp, ids), "less is free than is to be")
            self.refuses_clearly(node, tcp, http, "disk full: less than disk_free_min is free")
            self.assertTrue(tcp.ack(tcp.pop("t")["id"], "t"))
            ids.pop(0)
            control.room(taken(self.path("data")) + 20 * MIB)
            wait_until(lambda: self.pushes(tcp, ids), "there is room again")
            self.drain(tcp, ids)

    def test_disk_free_min_leaves_that_much_of_a_disk(self):
        with fault.Fault(self.folder, self.path("data")) as control:
            control.room(48 * MIB)
            node = self.gnode("-disk_free_min=16m", *SMALL, env=control.env)
            most = self.lives_with(node, "disk full: less than disk_free_min is free", 3000)
            self.assertLessEqual(most, 32 * MIB)
            self.assertGreater(most, 26 * MIB)
