"""Pops that wait: order, wake-ups, clients that go away, several topics; acks of many.

SPDX-License-Identifier: MIT
"""
import json
import signal
import socket
import struct
import subprocess

from gmqtest import BINARY, ERROR, RESULT, Case, Gnode, Program, Tcp, program, wait_until


def unpack(data):
    """The messages of a binary reply: (id, retry count, topic, body)."""
    got = []
    while data:
        ident, retry, topic, length = struct.unpack(">QHHI", data[:16])
        got.append((ident, retry, topic, data[16:16 + length]))
        data = data[16 + length:]
    return got


def ask(tcp, topics, wait_ms, count=1):
    tcp.send(f"wpop {topics} {wait_ms} {count}\n".encode())


def answer(tcp):
    """The messages, or None for `no message`."""
    kind, data = tcp.reply()
    if (kind, data) == (ERROR, b"no message"):
        return None
    assert kind == BINARY, (kind, data)
    return unpack(data)


def bodies(tcp):
    return [m[3] for m in answer(tcp)]


def mack(tcp, topic, ids):
    kind, data = tcp.call(f"mack {topic} {len(ids)}\n".encode() + b"".join(struct.pack(">Q", i) for i in ids))
    assert kind == RESULT, (kind, data)
    return [] if data == b"ok" else [int(i) for i in json.loads(data)]


class Wait(Case):
    def waiting(self, node, topics, wait_ms=60000, count=1):
        """
        A client that surely waits: a connection's requests are done in their order, so once the reply to the pipelined
        push before it is there, the wpop was read with it.
        """
        tcp = self.tcp(node)
        tcp.send(Tcp.pub_bytes("before", b"x") + f"wpop {topics} {wait_ms} {count}\n".encode())
        self.assertEqual(tcp.reply()[0], RESULT)
        return tcp

    def wait_stat(self, node, topic, **figures):
        http = self.http(node)
        return wait_until(lambda: all((http.stat(topic) or {}).get(k) == v for k, v in figures.items()),
                          f"topic {topic} has {figures}")

    def test_the_first_who_waits_gets_the_message(self):
        node = self.gnode()
        first, second, tcp = self.waiting(node, "t"), self.waiting(node, "t"), self.tcp(node)
        tcp.pub("t", b"1")
        self.assertEqual(bodies(first), [b"1"])
        tcp.pub("t", b"2")
        self.assertEqual(bodies(second), [b"2"])

    def test_several_topics_in_the_order_of_the_list(self):
        node = self.gnode()
        tcp = self.tcp(node)
        for topic in "cb":
            tcp.pub(topic, topic.encode())
        for want in (("b", 1), ("c", 2)):
            ask(tcp, "a/b/c", 1000)
            self.assertEqual([(m[3].decode(), m[2]) for m in answer(tcp)], [want])
        waiter = self.waiting(node, "a/b/c")
        tcp.pub("c", b"late")
        self.assertEqual(answer(waiter)[0][2:], (2, b"late"))

    def test_a_delay_and_a_ttr_that_are_over_wake(self):
        node = self.gnode("-msg_ttr=1")
        waiter, tcp = self.waiting(node, "t"), self.tcp(node)
        ident = tcp.pub("t", b"x", delay=1)
        self.assertEqual(answer(waiter), [(ident, 0, 0, b"x")])
        ask(waiter, "t", 60000)
        self.assertEqual(answer(waiter), [(ident, 1, 0, b"x")])

    def test_the_wait_ends_by_time_and_the_connection_goes_on(self):
        node = self.gnode()
        tcp = self.tcp(node)
        ask(tcp, "t/u", 50)
        self.assertIsNone(answer(tcp))
        got = json.loads(self.http(node).get("/pop?topic=t&wait=1").body)
        self.assertEqual(got, {"code": 1, "data": None, "msg": "no message"})
        tcp.pub("t", b"x")
        ask(tcp, "t", 0)
        self.assertEqual(bodies(tcp), [b"x"])

    def test_replies_behind_a_wait_wait_too(self):
        node = self.gnode()
        waiter, tcp = self.waiting(node, "t"), self.tcp(node)
        waiter.send(Tcp.pub_bytes("u", b"y") + b"pop u bin\npop t bin\n")
        self.assertIsNone(tcp.pop("u"))
        tcp.pub("t", b"x")
        self.assertEqual(bodies(waiter), [b"x"])
        self.assertEqual(waiter.reply()[0], RESULT)
        self.assertEqual(unpack(waiter.reply()[1])[0][3], b"y")
        self.assertEqual(waiter.reply(), (ERROR, b"no message"))

    def test_what_is_sent_behind_a_wait_is_read_only_so_far(self):
        node = self.gnode()
        waiter, tcp = self.waiting(node, "t"), self.tcp(node)
        request, sent = Tcp.pub_bytes("u", b"x" * 1000), 0
        waiter.sock.setblocking(False)
        while True:
            try:
                sent += waiter.sock.send(request[sent % len(request):])
            except BlockingIOError:
                break
        self.assertLess(node.rss_bytes(), 200 << 20)
        waiter.sock.settimeout(15)
        tcp.pub("t", b"go on")
        self.assertEqual(bodies(waiter), [b"go on"])
        if sent % len(request):
            waiter.send(request[sent % len(request):])
        for _ in range((sent + len(request) - 1) // len(request)):
            self.assertEqual(waiter.reply()[0], RESULT)

    def test_a_client_that_goes_away_loses_no_message(self):
        node = self.gnode()
        tcp = self.tcp(node)

        def close(waiter):
            waiter.close()

        def reset(waiter):
            waiter.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            waiter.close()

        def half_close(waiter):
            waiter.half_close()

        def close_with_input_that_is_not_read(waiter):
            waiter.send(b"x" * 80000)
            waiter.close()

        for leave in (close, reset, half_close, close_with_input_that_is_not_read):
            with self.subTest(leave.__name__):
                waiter = self.waiting(node, "t")
                leave(waiter)
                tcp.pub("t", leave.__name__.encode())
                ask(tcp, "t", 60000)
                self.assertEqual([m[1:] for m in answer(tcp)], [(0, 0, leave.__name__.encode())])
                if leave is half_close:
                    self.assertIsNone(answer(waiter))
                    self.assertTrue(waiter.at_end())

    def test_an_http_client_that_goes_away_loses_no_message(self):
        node = self.gnode()
        tcp = self.tcp(node)
        for half in (False, True):
            with self.subTest(half=half):
                http = self.http(node)
                http.send(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\nGET /pop?topic=t&wait=60 HTTP/1.1\r\nHost: x\r\n\r\n")
                self.assertEqual(http.reply().body, b"OK")
                http.half_close() if half else http.close()
                tcp.pub("t", b"x")
                ask(tcp, "t", 60000)
                self.assertEqual([m[1:] for m in answer(tcp)], [(0, 0, b"x")])

    def test_http_waits_for_a_message(self):
        node = self.gnode()
        http, tcp = self.http(node), self.tcp(node)
        http.send(b"GET /pop?topic=t&wait=60 HTTP/1.1\r\nHost: x\r\n\r\n")
        ident = tcp.pub("t", b"x")
        self.assertEqual(http.reply().json["data"], {"id": str(ident), "body": "x", "retry_count": 0})
        for wait, text in (("61", "wait must be 0 to 60 seconds"), ("-1", "wait must be 0 to 60 seconds"),
                           ("0", "no message"), ("", "no message")):
            self.assertEqual(http.get(f"/pop?topic=t&wait={wait}").json, {"code": 1, "data": None, "msg": text})
        self.assertEqual(http.get("/pop?topic=t/u&wait=1").json["code"], 1)

    def test_two_thousand_waiters_get_a_message_each(self):
        node = self.gnode()
        waiters = []
        for n in range(2000):
            waiters.append(self.tcp(node))
            ask(waiters[-1], f"t{n % 7}/all", 60000)
        for waiter in waiters[::2]:
            waiter.close()
        tcp = self.tcp(node)
        self.wait_connections(node, 1001)
        for start in range(0, 1000, 250):
            tcp.mpub("all", [b"%d" % n for n in range(start, start + 250)])
        got = [bodies(waiter)[0] for waiter in waiters[1::2]]
        self.assertEqual(sorted(got, key=int), [b"%d" % n for n in range(1000)])
        self.wait_stat(node, "all", queue_num=0, wait_ack_num=1000, pop_num=1000)

    def wait_connections(self, node, count):
        """Until the node has no more than so many connections."""
        port = int(node.tcp.rsplit(":", 1)[1])
        mark = f":{port:04X} "

        def established():
            with open("/proc/net/tcp", encoding="ascii") as file:
                rows = [row.split() for row in file]
            return sum(mark.strip() == ":" + r[1].rsplit(":", 1)[1] and r[3] in ("01", "08") for r in rows[1:])

        wait_until(lambda: established() <= count, f"{count} connections")

    def test_auto_ack_and_waiting(self):
        node = self.gnode()
        waiter, tcp = self.waiting(node, "t", count=10), self.tcp(node)
        tcp.set("t", 1)
        tcp.mpub("t", [b"a", b"b", b"c"])
        self.assertEqual(bodies(waiter), [b"a", b"b", b"c"])
        self.wait_stat(node, "t", queue_num=0, wait_ack_num=0, pop_num=3)

    def test_a_topic_at_its_limit_in_flight_serves_when_there_is_room(self):
        node = self.gnode("-max_in_flight=1")
        tcp, waiter = self.tcp(node), None
        first, second = tcp.pub("t", b"1"), tcp.pub("t", b"2")
        tcp.pop("t")
        waiter = self.waiting(node, "t")
        ask(tcp, "t", 10)
        self.assertEqual(tcp.reply(), (ERROR, b"too many messages wait for their ack"))
        self.assertTrue(tcp.ack(first, "t"))
        self.assertEqual(answer(waiter)[0][0], second)

    def test_a_node_that_stops_tells_who_waits_and_a_new_one_serves_them(self):
        node = self.gnode()
        waiter, http = self.waiting(node, "t"), self.http(node)
        http.send(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\nGET /pop?topic=t&wait=60 HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertEqual(http.reply().body, b"OK")
        wait_until(lambda: self.http(node).stat("t"), "the topic is there")
        self.assertEqual(node.stop(), 0)
        self.assertEqual(waiter.reply(), (ERROR, b"node is stopping"))
        self.assertEqual(http.reply().json["msg"], "node is stopping")
        node = self.gnode()
        waiter, tcp = self.waiting(node, "t"), self.tcp(node)
        tcp.pub("t", b"x")
        self.assertEqual(bodies(waiter), [b"x"])

    def test_a_killed_node_keeps_what_its_waiters_have_not_acked(self):
        node = self.gnode("-msg_ttr=1")
        waiter, tcp = self.waiting(node, "t", count=5), self.tcp(node)
        tcp.mpub("t", [b"a", b"b"])
        ident = answer(waiter)[0][0]
        self.assertEqual(mack(waiter, "t", [ident]), [])
        ask(waiter, "t", 60000)
        node.kill()
        node = self.gnode("-msg_ttr=1")
        tcp = self.tcp(node)
        ask(tcp, "t", 60000, 5)
        self.assertEqual([m[1:] for m in answer(tcp)], [(1, 0, b"b")])


class Many(Case):
    def test_mack_acks_and_names_those_that_are_not_there(self):
        tcp = self.tcp(self.gnode())
        tcp.mpub("t", [b"%d" % n for n in range(5000)])
        ask(tcp, "t", 0, 10000)
        ids = [m[0] for m in answer(tcp)]
        self.assertEqual(len(ids), 5000)
        self.assertEqual(mack(tcp, "t", ids[:4999]), [])
        self.assertEqual(mack(tcp, "t", [7, ids[4999], ids[0], ids[4999]]), [7, ids[0], ids[4999]])
        self.assertEqual(mack(tcp, "nowhere", [1, 2]), [1, 2])

    def test_bodies_behind_the_first_are_at_most_a_mebibyte(self):
        tcp = self.tcp(self.gnode())
        for _ in range(4):
            tcp.pub("t", b"x" * 500000)
        ask(tcp, "t", 0, 10)
        self.assertEqual(len(answer(tcp)), 2)
        ask(tcp, "t", 0, 10)
        self.assertEqual(len(answer(tcp)), 2)


class Gclient(Case):
    def test_pop_waits_and_acks(self):
        node = self.gnode()
        client = Program([program("gclient"), "pop", "urgent", "mail", "--wait", "60", "-n", "3", "--ack", "--node",
                          node.tcp], self.folder)
        tcp = self.tcp(node)
        tcp.mpub("mail", [b"a", b"b"])
        client.wait_line("b$")
        tcp.pub("urgent", b"c")
        self.assertEqual(client.wait(), 0)
        self.assertEqual([line.split("  ")[2] for line in client.lines], ["a", "b", "c"])
        http = self.http(node)
        wait_until(lambda: http.stat("mail")["wait_ack_num"] + http.stat("urgent")["wait_ack_num"] == 0, "acked")

    def test_pop_gives_up_and_can_be_interrupted(self):
        node = self.gnode()
        argv = [program("gclient"), "pop", "t", "--node", node.tcp, "--wait"]
        self.assertEqual(subprocess.run(argv + ["50ms"], capture_output=True, check=False).returncode, 3)
        self.assertEqual(subprocess.run(argv + ["61"], capture_output=True, check=False).returncode, 2)
        # What a shell starts in the background ignores SIGINT, and so would all that it starts.
        client = Program(["env", "--default-signal=INT", *argv, "60"], self.folder)
        http = self.http(node)
        wait_until(lambda: http.v1("GET", "topics/t").json["waiting"] == 1, "it waits")
        client.signal(signal.SIGINT)
        self.assertEqual(client.wait(), -signal.SIGINT)
        tcp = self.tcp(node)
        tcp.pub("t", b"x")
        ask(tcp, "t", 60000)
        self.assertEqual([m[1:] for m in answer(tcp)], [(0, 0, b"x")])
