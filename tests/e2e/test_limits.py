"""Every limit, just below and just above: what is refused, with which words, what goes on, and when it is over.

SPDX-License-Identifier: MIT
"""
import os
import socket
import subprocess
import sys

import gmqtest
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
        tcp, most = self.tcp(node), 0
        for _ in range(2):
            ids, refusal = self.fill(tcp, body_bytes)
            self.assertEqual(refusal, text)
            most = max(most, taken(self.path("data")))
            self.refuses_clearly(node, tcp, self.http(node), text)  # a new one: idle ones are closed, by and by
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
        if not fault.preloads():
            return
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
        if not fault.preloads():
            return
        with fault.Fault(self.folder, self.path("data")) as control:
            control.room(48 * MIB)
            node = self.gnode("-disk_free_min=16m", *SMALL, env=control.env)
            most = self.lives_with(node, "disk full: less than disk_free_min is free", 3000)
            self.assertLessEqual(most, 32 * MIB)
            self.assertGreater(most, 26 * MIB)


class Memory(Case):
    FULL = "^memory limit reached$"
    FLAGS = ("-cache=4m", "-max_message=1m", "-read_cache=1m", "-list_memory=1m", "-delay_memory=64m",
             "-input_memory=8m", "-msg_ttr=300", "-sync=none", "-memory_limit=64m")

    def until_refused(self, request):
        """Repeats it until it is refused for want of memory; returns the answers."""
        answers = []
        with self.assertRaisesRegex(Refused, self.FULL):
            while True:
                answers.append(request())
        return answers

    def below_the_limit(self, node):
        if not gmqtest.sanitized():  # whose allocator takes a multiple
            self.assertLess(node.rss_bytes(), 64 * MIB)

    def test_delays_and_leases_fill_the_memory_and_acks_and_answers_free_it(self):
        node = self.gnode(*self.FLAGS)
        tcp, http = self.tcp(node), self.http(node)
        for _ in range(6):
            tcp.mpub("t", [b"x"] * 10000)
        held = [tcp.pop("t")["id"] for _ in range(10)]
        tcp.mpub("late", [(2, b"x")] * 100)
        self.until_refused(lambda: tcp.mpub("late", [(3000, b"x")] * 10000))
        self.below_the_limit(node)
        self.until_refused(lambda: tcp.mpub("late", [(3000, b"x")] * 10))
        for request in (lambda: tcp.pub("t", b"x"), lambda: tcp.pub("new", b"x"), lambda: tcp.pop("other"),
                        lambda: tcp.set("third", 1), lambda: http.push("t", "x")):
            with self.assertRaisesRegex(Refused, self.FULL):
                request()
        node.wait_line(r"\[E\].*memory limit reached")
        self.assertEqual(http.get("/readyz").status, 503)
        self.assertEqual(http.get("/readyz").json, {"status": "full", "reasons": ["memory limit reached"]})
        for ident in held:
            self.assertTrue(tcp.ack(ident, "t"))
        held = [m["id"] for m in self.until_refused(lambda: tcp.pop("t"))]  # they go on for a while
        self.assertGreater(len(held), 1000)
        self.below_the_limit(node)
        late = self.tcp(node)
        self.assertEqual((late.reply(), late.reply()), ((102, b"memory limit reached"), None))
        refused = self.http(node)
        got = refused.get("/pop?topic=t")
        self.assertEqual((got.status, got.json["msg"]), (503, "memory limit reached"))
        for ident in held:
            self.assertTrue(tcp.ack(ident, "t"))
        self.assertIsNotNone(tcp.pop("t"))
        self.assertTrue(self.tcp(node).pop("t"))         # connections are taken again
        self.below_the_limit(node)
        self.assertEqual(node.stop(), 0)

    def test_topics_fill_the_memory_and_messages_go_on_after_an_answer(self):
        node = self.gnode(*self.FLAGS, "-max_topics=1000000")
        tcp, names = self.tcp(node), iter(range(1000000))
        self.until_refused(lambda: tcp.pub(f"a-rather-long-name-of-a-topic-{next(names)}", b"x"))
        self.below_the_limit(node)
        self.assertGreater(next(names), 10000)
        message = tcp.pop("a-rather-long-name-of-a-topic-0")
        self.assertTrue(tcp.ack(message["id"], "a-rather-long-name-of-a-topic-0"))

    def test_clients_that_do_not_read_cannot_fill_the_memory(self):
        node = self.gnode(*self.FLAGS)
        tcp = self.tcp(node)
        for _ in range(40):
            tcp.mpub("t", [b"x" * 100000] * 10)
        lazy = [self.tcp(node) for _ in range(40)]
        for conn in lazy:
            conn.send(b"pop t\n" * 10)
        wait_until(lambda: self.http(node).stat("t")["queue_num"] == 0, "all were asked for")
        self.below_the_limit(node)
        got = [conn.reply()[0] for conn in lazy for _ in range(10)]
        self.assertEqual(set(got), {101})
        self.below_the_limit(node)

    def lookers(self, node, ask):
        """Clients ask for what is large, and read nothing: others are refused, until those are gone."""
        probe = self.tcp(node)

        def is_refused():
            try:
                probe.op("topic.list", limit=1)
                return False
            except Refused as refused:
                self.assertRegex(str(refused), self.FULL)
                return True

        lazy = [ask() for _ in range(150)]
        wait_until(is_refused, "so much is owed that looks are refused")
        for _ in range(3):
            lazy += [ask() for _ in range(50)]
            memory = self.http(node).v1("GET", "node").json["memory"]
            self.assertLess(memory["estimate_bytes"], 60 * MIB)
            self.below_the_limit(node)
        probe.pub("t", b"others go on")
        for conn in lazy:
            conn.close()
        wait_until(lambda: not is_refused(), "nothing is owed any more")
        probe.close()

    def test_clients_that_do_not_read_their_lists_cannot_fill_the_memory(self):
        node = self.gnode(*self.FLAGS)
        tcp = self.tcp(node)
        for number in range(1000):
            tcp.send(tcp.pub_bytes(f"{number:0100}", b"x"))
        for _ in range(1000):
            self.assertEqual(tcp.reply()[0], gmqtest.RESULT)
        for _ in range(10):
            tcp.mpub("t", [b"\x01" * 90000] * 10)
        large = tcp.pub("t", b"\x01" * 1000000)

        def lazily(conn, request):
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # the kernels take little
            conn.send(request)
            return conn

        for name, args in (("topic.list", {"limit": 1000}),
                           ("message.list", {"topic": "t", "limit": 100, "body": "whole"}),
                           ("message.get", {"id": str(large), "body": "whole"})):
            call = tcp.call_bytes(name, args) * 5
            with self.subTest(door="tcp", name=name):
                self.lookers(node, lambda call=call: lazily(self.tcp(node), call))
        for path in ("topics/t/messages?limit=100&body=whole", f"messages/{large}?body=whole"):
            request = f"GET /api/v1/{path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
            with self.subTest(door="http", path=path):
                self.lookers(node, lambda request=request: lazily(self.http(node), request))
        self.assertEqual(node.stop(), 0)


class Counts(Case):
    def test_messages_in_flight_up_to_the_limit_and_not_one_more(self):
        node = self.gnode("-max_in_flight=100")
        tcp, http = self.tcp(node), self.http(node)
        tcp.mpub("t", [b"x"] * 101)
        held = [tcp.pop("t")["id"] for _ in range(100)]
        with self.assertRaisesRegex(Refused, "^too many messages wait for their ack$"):
            tcp.pop("t")
        self.assertEqual(http.get("/pop?topic=t").json["msg"], "too many messages wait for their ack")
        self.assertTrue(tcp.ack(held[0], "t"))
        self.assertIsNotNone(tcp.pop("t"))

    def test_topics_up_to_the_limit_and_not_one_more(self):
        tcp = self.tcp(self.gnode("-max_topics=100"))
        for number in range(100):
            tcp.pub(f"t{number}", b"x")
        for request in (lambda: tcp.pub("more", b"x"), lambda: tcp.pop("more"), lambda: tcp.set("more", 1)):
            with self.assertRaisesRegex(Refused, "^too many topics$"):
                request()
        tcp.pub("t99", b"x")

    def test_connections_up_to_the_limit_and_the_next_one_when_one_goes(self):
        node = self.gnode("-max_connections=10")
        conns = [self.tcp(node) for _ in range(10)]
        for conn in conns:
            conn.pub("t", b"x")
        late = self.tcp(node)
        late.send(b"pop t\n")
        conns[0].close()
        self.assertEqual(late.reply()[0], 101)
