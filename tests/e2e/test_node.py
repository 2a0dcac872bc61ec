"""One node: delay, TTR, dead letters, auto-ack, binary bodies, limits, many and hostile clients.

SPDX-License-Identifier: MIT
"""
import json
import random
import struct
import threading
import time

from gmqtest import BINARY, ERROR, RESULT, Case, Http, Refused, Tcp, program, wait_until

MIB = 1 << 20


def sanitized():
    """Is this a sanitizer build, whose memory says nothing?"""
    with open(program("gnode"), "rb") as file:
        return b"__asan_init" in file.read() or b"__tsan_init" in file.read()


class Node(Case):
    """Ready-made: a node and waiting for a topic's figures."""

    def wait_stat(self, node, topic, **figures):
        http = self.http(node)
        return wait_until(lambda: all((http.stat(topic) or {}).get(k) == v for k, v in figures.items())
                          and http.stat(topic), f"topic {topic} has {figures}")


class Delay(Node):
    def test_a_delayed_message_comes_not_before_its_time_by_any_door(self):
        node = self.gnode()
        tcp, http = self.tcp(node), self.http(node)
        start = time.monotonic()
        ids = {tcp.pub("t", b"tcp", delay=1), http.push("t", "http", delay=1)}
        tcp.mpub("t", [(1, b"mpub"), (0, b"now")])
        self.assertEqual(tcp.pop("t")["body"], "now")
        self.assertIsNone(tcp.pop("t"))
        self.assertEqual(http.stat("t")["delay_num"], 3)
        got = {}
        while len(got) < 3:
            message = wait_until(lambda: tcp.pop("t"), "a delayed message comes")
            self.assertGreaterEqual(time.monotonic() - start, 0.999)
            got[message["body"]] = message["id"]
            self.assertEqual(message["retry_count"], 0)
            self.assertTrue(tcp.ack(message["id"], "t"))
        self.assertEqual(set(got), {"tcp", "http", "mpub"})
        self.assertLessEqual(ids, set(got.values()))

    def test_shorter_delays_come_first(self):
        tcp = self.tcp(self.gnode())
        for delay in (3, 1, 2):
            tcp.pub("t", b"%d" % delay, delay)
        order = [wait_until(lambda: tcp.pop("t"), "the next one is due")["body"] for _ in range(3)]
        self.assertEqual(order, ["1", "2", "3"])

    def test_the_limit_of_delays_is_the_same_on_every_door(self):
        node = self.gnode()
        tcp, http = self.tcp(node), self.http(node)
        tcp.pub("t", b"x", 259200)
        http.push("t", "x", 259200)
        with self.assertRaisesRegex(Refused, "pub.delay exceeding the maximum"):
            http.push("t", "x", 259201)
        with self.assertRaisesRegex(Refused, "pub.delay exceeding the maximum"):
            tcp.mpub("t", [(0, b"a"), (259201, b"b")])
        with self.assertRaisesRegex(Refused, "delay must not be negative"):
            tcp.pub("t", b"x", -1)
        with self.assertRaisesRegex(Refused, "pub.delay exceeding the maximum"):
            tcp.pub("t", b"x", 259201)
        self.assertEqual(self.http(node).stat("t")["delay_num"], 2)
        self.assertEqual(self.http(node).stat("t")["queue_num"], 0)


class Leases(Node):
    def test_an_unacked_message_comes_back_and_the_late_ack_is_refused(self):
        node = self.gnode("-msg_ttr=1")
        tcp = self.tcp(node)
        ident = tcp.pub("t", b"x")
        start = time.monotonic()
        self.assertEqual(tcp.pop("t"), {"id": ident, "body": "x", "retry_count": 0})
        self.assertIsNone(tcp.pop("t"))
        self.wait_stat(node, "t", queue_num=1, wait_ack_num=0)
        self.assertGreaterEqual(time.monotonic() - start, 0.999)
        self.assertFalse(tcp.ack(ident, "t"))
        self.assertEqual(tcp.pop("t"), {"id": ident, "body": "x", "retry_count": 1})
        self.assertTrue(tcp.ack(ident, "t"))
        self.assertFalse(tcp.ack(ident, "t"))
        self.wait_stat(node, "t", queue_num=0, wait_ack_num=0, pop_num=2, push_num=1)

    def test_a_redelivered_message_goes_to_the_tail(self):
        node = self.gnode("-msg_ttr=1")
        tcp = self.tcp(node)
        tcp.pub("t", b"first")
        tcp.pop("t")
        tcp.pub("t", b"second")
        self.wait_stat(node, "t", queue_num=2)
        self.assertEqual([tcp.pop("t")["body"] for _ in range(2)], ["second", "first"])

    def test_an_ack_belongs_to_its_topic(self):
        tcp = self.tcp(self.gnode())
        ident = tcp.pub("a", b"x")
        tcp.pop("a")
        self.assertFalse(tcp.ack(ident, "b"))
        self.assertTrue(tcp.ack(ident, "a"))

    def test_the_configured_number_of_retries_leads_to_the_dead_letters(self):
        for retries in (0, 1):
            with self.subTest(retries=retries):
                node = self.gnode("-msg_ttr=1", f"-msg_max_retry={retries}", data=f"data{retries}")
                tcp = self.tcp(node)
                ident = tcp.pub("t", b"die")
                for count in range(retries + 1):
                    message = wait_until(lambda: tcp.pop("t"), "the next delivery")
                    self.assertEqual(message["retry_count"], count)
                self.wait_stat(node, "t", dead_num=1, queue_num=0, wait_ack_num=0)
                self.assertIsNone(tcp.pop("t"))
                self.assertFalse(tcp.ack(ident, "t"))
                self.assertEqual(tcp.dead("t", 5), [{"id": ident, "body": "die", "retry_count": retries + 1}])
                self.assertEqual(tcp.dead("t", 5), [])
                self.wait_stat(node, "t", dead_num=0)

    def test_dead_letters_are_given_oldest_first_and_only_as_many_as_asked(self):
        node = self.gnode("-msg_ttr=1", "-msg_max_retry=0")
        tcp = self.tcp(node)
        ids = [tcp.pub("t", b"%d" % n) for n in range(5)]
        for _ in ids:
            tcp.pop("t")
        self.wait_stat(node, "t", dead_num=5)
        self.assertEqual([m["id"] for m in tcp.dead("t", 2)], ids[:2])
        self.assertEqual([m["id"] for m in tcp.dead("t", -1)], ids[2:3])
        self.assertEqual([m["id"] for m in tcp.dead("t", 10 ** 9)], ids[3:])

    def test_auto_ack_takes_a_message_away_at_once(self):
        node = self.gnode("-msg_ttr=1")
        tcp, http = self.tcp(node), self.http(node)
        tcp.set("t", 1)
        self.assertTrue(http.stat("t")["is_auto_ack"])
        ident = tcp.pub("t", b"x")
        self.assertEqual(tcp.pop("t")["id"], ident)
        self.assertFalse(tcp.ack(ident, "t"))
        self.wait_stat(node, "t", queue_num=0, wait_ack_num=0, pop_num=1)
        http.get("/setIsAutoAck?topic=t")
        self.assertFalse(http.stat("t")["is_auto_ack"])
        tcp.pub("t", b"y")
        tcp.pop("t")
        self.wait_stat(node, "t", queue_num=1)

    def test_first_in_first_out(self):
        tcp = self.tcp(self.gnode())
        ids = [tcp.pub("t", b"%d" % n) for n in range(200)]
        self.assertEqual(ids, sorted(set(ids)))
        self.assertEqual([tcp.pop("t")["id"] for _ in range(200)], ids)


class Bodies(Node):
    def test_any_bytes_come_back_as_they_were(self):
        tcp = self.tcp(self.gnode("-msg_ttr=1"))
        rng = random.Random(7)
        bodies = [b"", b"\0", bytes(range(256)) * 3, b'{"a":"<&>"}', b"\xff\xfe\x80", b"\n\r\n",
                  rng.randbytes(100000)]
        ids = [tcp.pub("t", body) for body in bodies]
        for ident, body in zip(ids, bodies):
            self.assertEqual(tcp.pop_bin("t"), (ident, 0, body))
            self.assertTrue(tcp.ack(ident, "t"))
        self.assertIsNone(tcp.pop_bin("t"))

    def test_the_binary_reply_tells_the_retry_count(self):
        node = self.gnode("-msg_ttr=1", "-msg_max_retry=1")
        tcp = self.tcp(node)
        ident = tcp.pub("t", b"\x00\xff")
        tcp.pop_bin("t")
        again = wait_until(lambda: tcp.pop_bin("t"), "it comes again")
        self.assertEqual(again, (ident, 1, b"\x00\xff"))
        self.wait_stat(node, "t", dead_num=1)
        kind, data = tcp.call(b"dead t 10 bin\n")
        self.assertEqual((kind, data), (BINARY, struct.pack(">QHHI", ident, 2, 0, 2) + b"\x00\xff"))

    def test_json_replies_escape_as_go_does(self):
        tcp = self.tcp(self.gnode())
        tcp.pub("t", '<a href="x">&\u2028\u00e9\x01'.encode() + b"\xff")
        _, data = tcp.call(b"pop t\n")
        self.assertIn(b'"\\u003ca href=\\"x\\"\\u003e\\u0026\\u2028\xc3\xa9\\u0001\\ufffd"', data)

    def test_big_bodies_through_http_and_tcp_are_the_same(self):
        node = self.gnode()
        body = "abc<>&\u4e2d" * 20000
        self.http(node).push("t", body)
        self.assertEqual(self.tcp(node).pop("t")["body"], body)
        self.tcp(node).pub("t", body.encode())
        self.assertEqual(self.http(node).get("/pop?topic=t").json["data"]["body"], body)


class Limits(Node):
    def closed_with(self, conn, request, text):
        """The request gets this 102, then the connection ends."""
        try:
            conn.send(request)
        except (BrokenPipeError, ConnectionResetError):
            pass                                   # the node need not wait for all of it
        self.assertEqual(conn.reply(), (ERROR, text))
        self.assertTrue(conn.at_end())

    def test_a_body_may_be_as_long_as_the_limit_and_no_longer(self):
        node = self.gnode()
        tcp = self.tcp(node)
        ident = tcp.pub("t", b"x" * (4 * MIB))
        self.assertEqual(tcp.pop_bin("t"), (ident, 0, b"x" * (4 * MIB)))
        self.closed_with(tcp, b"pub t 0\n" + struct.pack(">I", 4 * MIB + 1),
                         b"body exceeding the maximum of 4194304 bytes")
        self.closed_with(self.tcp(node), b"pub t 0\n\xff\xff\xff\xff", b"body exceeding the maximum of 4194304 bytes")

    def test_a_batch_is_limited_in_number_and_in_bytes_and_is_all_or_nothing(self):
        node = self.gnode()
        tcp = self.tcp(node)
        tcp.mpub("t", [b"x"] * 10000)
        self.assertEqual(self.http(node).stat("t")["queue_num"], 10000)
        self.closed_with(tcp, b"mpub t 10001\n", b"num exceeding the maximum of 10000")
        half = b"x" * (2 * MIB)
        self.tcp(node).mpub("u", [half, half])
        self.closed_with(self.tcp(node), Tcp.mpub_bytes("u", [half, half, b"x"]),
                         b"body exceeding the maximum of 4194304 bytes")
        self.assertEqual(self.http(node).stat("u")["queue_num"], 2)
        with self.assertRaises(Refused):
            self.tcp(node).mpub("v", [(0, b"a"), (999999, b"b")])
        self.assertIsNone(self.tcp(node).pop("v"))

    def test_topic_names(self):
        node = self.gnode()
        tcp, http = self.tcp(node), self.http(node)
        for name in ("x" * 128, "\u4e2d" * 42, "a.b", "a-b_c", "..."):
            tcp.pub(name, b"x")
            self.assertIsNotNone(tcp.pop(name))
            self.assertEqual(http.stat(name)["name"], name)
        for name in ("x" * 129, "\u4e2d" * 43, "a/b", "../x", ".", "..", 'a"b', "a\x01b", "a\x7fb"):
            with self.subTest(name=name):
                with self.assertRaisesRegex(Refused, "topic name is invalid"):
                    tcp.pub(name, b"x")
                with self.assertRaisesRegex(Refused, "topic name is invalid"):
                    http.push(name, "x")
        self.assertEqual(tcp.call(b"pub \xff\xfe 0\n\0\0\0\x01x")[0], ERROR)
        self.assertEqual(tcp.call(b"pub t 0\n\0\0\0\x01x")[0], RESULT)

    def test_a_line_is_limited(self):
        node = self.gnode()
        self.closed_with(self.tcp(node), b"pop " + b"x" * 70000, b"line exceeding the maximum of 65536 bytes")
        self.closed_with(self.tcp(node), b"pop " + b"x" * 70000 + b"\n", b"line exceeding the maximum of 65536 bytes")

    def test_an_http_body_is_limited(self):
        node = self.gnode()
        http = self.http(node)
        http.send(b"POST /push HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                  b"Content-Length: 1000000000\r\n\r\n")
        self.assertEqual(http.reply().status, 413)
        self.assertEqual(self.http(node).get("/ping").body, b"OK")

    def test_an_http_head_is_limited(self):
        node = self.gnode()
        http = self.http(node)
        try:
            http.send(b"GET /pop?topic=" + b"x" * 200000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            pass
        got = http.reply()
        self.assertIn(got.status if got else 431, (414, 431))
        self.assertEqual(self.http(node).get("/ping").body, b"OK")


class Clients(Node):
    def test_ten_thousand_requests_in_flight_on_one_connection(self):
        tcp, count = self.tcp(self.gnode("-msg_ttr=60")), 10000
        for request, check in ((lambda n: Tcp.pub_bytes("t", b"%d" % n), "pub"),
                               (lambda n: b"pop t\n", "pop"),
                               (lambda n: b"ack %d t\n" % ids[n], "ack")):
            data = b"".join(request(n) for n in range(count))
            sender = threading.Thread(target=tcp.send, args=(data,))
            sender.start()
            replies = [tcp.reply() for _ in range(count)]
            sender.join()
            if check == "pub":
                ids = [int(data) for _, data in replies]
                self.assertEqual(ids, sorted(set(ids)))
            elif check == "pop":
                self.assertEqual([json.loads(data)["body"] for _, data in replies], [str(n) for n in range(count)])
            else:
                self.assertEqual(set(replies), {(RESULT, b"ok")})
        self.assertIsNone(tcp.pop("t"))

    def test_a_slow_reader_costs_no_memory_and_nobody_else_waits(self):
        node = self.gnode("-msg_ttr=300")
        tcp, count, body = self.tcp(node), 600, b"b" * 65536
        for number in range(count):
            tcp.pub("big", b"%06d" % number + body)
        before = node.rss_bytes()
        slow = self.tcp(node)
        slow.send(b"pop big bin\n" * count)        # 38 MiB of replies, none of them read
        stats = self.http(node)
        wait_until(lambda: stats.stat("big")["wait_ack_num"], "the first pops are done")
        other = self.tcp(node)
        for number in range(200):
            other.pub("small", b"%d" % number)
            self.assertEqual(other.pop("small")["body"], str(number))
        grown = node.rss_bytes() - before
        self.assertLess(grown, (256 if sanitized() else 24) * MIB, "the replies are piled up in memory")
        for number in range(count):
            kind, data = slow.reply()
            self.assertEqual((kind, data[16:22]), (BINARY, b"%06d" % number))

    def test_garbage_on_every_door_harms_nobody(self):
        node = self.gnode()
        rng = random.Random(42)
        kept = self.tcp(node)
        kept.pub("t", b"kept")
        for round_number in range(60):
            data = rng.choice((rng.randbytes(rng.randrange(1, 5000)),
                               b"pub t 0\n" + rng.randbytes(rng.randrange(0, 20)),
                               b"mpub t 3\n" + rng.randbytes(rng.randrange(0, 60)),
                               b"\n" * 100, b" " * 1000 + b"\n", b"\0" * 1000,
                               b"GET / HTTP/1.1\r\n" + rng.randbytes(200) + b"\r\n\r\n",
                               b"POST /push HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                               b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + rng.randbytes(500)))
            for door in (node.tcp, node.http):
                with Tcp(door) as conn:
                    try:
                        conn.send(data)
                        if round_number % 3:
                            conn.half_close()
                            while door == node.tcp and conn.fill():
                                pass               # the TCP door closes its side then, too
                    except OSError:
                        pass
        self.assertEqual(kept.pop("t")["body"], "kept")
        self.assertEqual(self.http(node).get("/ping").body, b"OK")
        self.assertTrue(node.alive())

    def test_half_sent_requests_hold_up_nobody(self):
        node = self.gnode()
        halves = [b"pub t 0\n\0\0\0\x05hel", b"pub t 0\n\0\0", b"pub t", b"mpub t 2\n" + b"\0" * 9, b"p"]
        conns = [self.tcp(node) for _ in range(40)]
        for number, conn in enumerate(conns):
            conn.send(halves[number % len(halves)])
        web = [Http(node.http) for _ in range(10)]
        for conn in web:
            self.addCleanup(conn.close)
            conn.send(b"POST /push HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\ndata=")
        other = self.tcp(node)
        other.pub("t", b"x")
        self.assertEqual(other.pop("t")["body"], "x")
        self.assertEqual(self.http(node).get("/ping").body, b"OK")
        conns[0].send(b"lo")                       # the first is finished after all
        self.assertEqual(conns[0].reply()[0], RESULT)
        self.assertEqual(other.pop("t")["body"], "hello")

    def test_large_uploads_share_a_budget_and_small_requests_do_not_wait_for_it(self):
        node = self.gnode("-input_memory=1m")
        body = b"x" * 700000
        first, second, small = self.tcp(node), self.tcp(node), self.tcp(node)
        first.send(Tcp.pub_bytes("t", body)[:1000])      # it holds its share of the budget from now on
        for _ in range(10):
            small.pub("s", b"x")
        sender = threading.Thread(target=second.send, args=(Tcp.pub_bytes("t", body),))
        sender.start()
        for _ in range(100):
            small.pub("s", b"x")
        self.assertEqual(self.http(node).stat("s")["queue_num"], 110)
        self.assertIsNone(self.http(node).stat("t"))     # there is no room for both
        first.close()
        self.assertEqual(second.reply()[0], RESULT)
        sender.join()
        self.assertEqual(self.http(node).stat("t")["push_num"], 1)

    def test_a_request_may_come_byte_by_byte(self):
        tcp = self.tcp(self.gnode())
        for byte in Tcp.pub_bytes("t", b"slow") + b"pop t\r\n":
            tcp.send(bytes([byte]))
        self.assertEqual(tcp.reply()[0], RESULT)
        self.assertEqual(json.loads(tcp.reply()[1])["body"], "slow")

    def test_many_clients_share_a_topic_without_losing_or_doubling(self):
        node, each, clients = self.gnode("-msg_ttr=60"), 50, 20
        got, lock, wrong = [], threading.Lock(), []

        def work(number):
            try:
                with Tcp(node.tcp) as conn:
                    for n in range(each):
                        conn.pub("t", b"%d-%d" % (number, n))
                        message = conn.pop("t")
                        if message:
                            with lock:
                                got.append(message["body"])
                            assert conn.ack(message["id"], "t")
            except Exception as error:             # pylint: disable=broad-except
                wrong.append(error)
        threads = [threading.Thread(target=work, args=(n,)) for n in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])
        tcp = self.tcp(node)
        for message in iter(lambda: tcp.pop("t"), None):
            got.append(message["body"])
        self.assertEqual(sorted(got), sorted(f"{a}-{b}" for a in range(clients) for b in range(each)))

    def test_a_client_that_closes_its_side_gets_all_its_answers(self):
        tcp = self.tcp(self.gnode())
        tcp.send(b"".join(Tcp.pub_bytes("t", b"%d" % n) for n in range(100)))
        tcp.half_close()
        replies = [tcp.reply() for _ in range(100)]
        self.assertTrue(all(r and r[0] == RESULT for r in replies))
        self.assertTrue(tcp.at_end())
