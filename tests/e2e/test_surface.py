"""What a hostile client or a page of another origin sends to the HTTP door, and streams of events that nobody reads.

SPDX-License-Identifier: MIT
"""
import json
import socket
import threading

from gmqtest import RESULT, Case, wait_until

EVENTS = b"GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n"


class Browsers(Case):
    def setUp(self):
        super().setUp()
        self.conn = self.http(self.gnode())
        self.conn.v1("POST", "topics", {"name": "t"})

    def test_pages_of_other_origins_change_nothing(self):
        foreign = ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "http://evil"},
                   {"Origin": "null"}, {"Origin": "http://x.evil"}, {"Origin": "http://x:1"})
        for headers in foreign:
            for method, path in (("POST", "topics/t/pause"), ("DELETE", "topics/t"), ("POST", "messages/1/promote")):
                with self.subTest(headers=headers, path=path):
                    got = self.conn.v1(method, path, headers=headers)
                    self.assertEqual((got.status, got.json["code"]), (403, "FOREIGN"))
            for path in ("/setIsAutoAck?topic=t", "/pop?topic=t", "/exitTopic?topic=t"):
                got = self.conn.v1("GET", path, headers=headers)
                self.assertEqual((got.status, got.json["code"]), (403, 1))
        self.assertIsNone(self.conn.v1("GET", "topics/t").json["push_paused_until"])

    def test_a_page_of_the_node_and_a_program_may(self):
        for headers in ({}, {"Origin": "http://X"}, {"Origin": "https://x"}, {"Sec-Fetch-Site": "same-origin"},
                        {"Sec-Fetch-Site": "none"}, {"Sec-Fetch-Site": "same-origin", "Origin": "http://a.proxy"}):
            with self.subTest(headers=headers):
                self.assertEqual(self.conn.v1("POST", "topics/t/pause", headers=headers).status, 200)

    def named(self, node, path, host, *lines, method="GET"):
        """The status of a request for a name."""
        head = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Content-Length: 0", *lines]
        return self.http(node).call("\r\n".join(head).encode() + b"\r\n\r\n")

    def test_a_name_that_was_made_to_point_here_is_none_of_the_node(self):
        node = self.gnode("-report_http_addr=mq.example.com:9504", data="named")
        for browser in ("Origin: http://evil.com", "Sec-Fetch-Site: same-origin"):
            for path, method in (("/api/v1/topics", "GET"), ("/api/v1/topics/t/pause", "POST"),
                                 ("/pop?topic=t", "GET")):
                got = self.named(node, path, "evil.com", browser, method=method)
                self.assertEqual((got.status, got.json["code"]), (421, "HOST"))
            self.assertEqual(self.named(node, "/livez", "evil.com", browser).status, 200)
        for host in ("127.0.0.1:1", "localhost", "[::1]", "mq.example.com:9504"):
            self.assertEqual(self.named(node, "/api/v1/topics", host, f"Origin: http://{host}").status, 200, host)
        self.assertEqual(self.named(node, "/getAllTopicStat", "any.program.org").status, 200)

    def test_listed_names_are_the_only_ones_for_all(self):
        node = self.gnode("-http_hosts=a.example.com,b.example.com", data="listed")
        for path in ("/api/v1/topics", "/getAllTopicStat", "/api/v1/node", "/api/v1/events"):
            self.assertEqual(self.named(node, path, "evil.com").status, 421, path)
        for path in ("/ping", "/livez", "/readyz"):
            self.assertEqual(self.named(node, path, "evil.com").status, 200, path)
        for host in ("B.example.com:80", "127.0.0.1", "localhost:9504"):
            self.assertEqual(self.named(node, "/getAllTopicStat", host).status, 200, host)
        self.assertEqual(self.http(node).call(b"GET /getAllTopicStat HTTP/1.0\r\n\r\n").status, 200)
        for bad in ("a:80", "a,,b", "http://a", "a b"):
            self.assertEqual(self.run_program("gnode", f"-http_hosts={bad}", "--check-config")[0], 2, bad)

    def test_an_empty_body_has_no_type_of_a_form(self):
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            got = self.conn.v1("POST", "topics/t/pause", headers={"Content-Type": kind})
            self.assertEqual((got.status, got.json["code"]), (415, "CONTENT_TYPE"))


class Refused(Case):
    def test_what_is_refused_before_it_is_a_call_is_a_problem_too(self):
        node = self.gnode("-max_message=1k")
        for raw, status, code in (
                (b"GET /api/v1/topics/%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400, "REQUEST"),
                (b"GET http://x/api/v1/topics/%4 HTTP/1.1\r\nHost: x\r\n\r\n", 400, "REQUEST"),
                (b"GET /api/v1/topics/a\0b HTTP/1.1\r\nHost: x\r\n\r\n", 400, "REQUEST"),
                (b"GET /api/v1/topics HTTP/1.1\r\n\r\n", 400, "REQUEST"),
                (b"GET /api/v1/topics HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400, "REQUEST"),
                (b"POST /api/v1/topics HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n", 413, "BODY_LIMIT")):
            with self.subTest(raw=raw):
                got = self.http(node).call(raw)
                self.assertEqual((got.status, got.content_type), (status, "application/problem+json"), got.body)
                self.assertEqual((got.json["code"], got.json["status"]), (code, status))
        got = self.http(node).call(b"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertEqual((got.status, got.body), (400, b"400 Bad Request"))


class Reader:
    """The events of a stream, one after the other."""

    def __init__(self, stream):
        self.stream, self.text = stream, b""
        stream.send(EVENTS)

    def begin(self):
        assert b" 200 " in self.stream.take_until(b"\r\n\r\n")
        return self

    def next(self):
        while b"\n\n" not in self.text:
            size = int(self.stream.take_until(b"\r\n"), 16)
            self.text += self.stream.take(size + 2)[:-2]
        event, self.text = self.text.split(b"\n\n", 1)
        return json.loads(event.split(b"data: ", 1)[1])


class Streams(Case):
    def test_more_than_32_streams_are_refused_until_one_ends(self):
        node = self.gnode()
        streams = [self.http(node) for _ in range(32)]
        for stream in streams:
            stream.send(EVENTS)
            self.assertIsNotNone(stream.take_until(b"\r\n\r\n"))
        conn = self.http(node)
        got = conn.v1("GET", "events")
        self.assertEqual((got.status, got.json["code"]), (503, "STREAM_LIMIT"))
        self.assertEqual(got.headers["retry-after"], "1")
        self.assertEqual(conn.v1("HEAD", "events").content_type, "text/event-stream")
        self.assertEqual(conn.v1("POST", "events").headers["allow"], "GET, HEAD")
        streams.pop().close()
        wait_until(lambda: json.loads(conn.v1("GET", "node").body)["connections"]["http"] == 32)
        more = self.http(node)
        more.send(EVENTS)
        self.assertIn(b" 200 ", more.take_until(b"\r\n\r\n"))

    def test_a_client_that_does_not_read_delays_nobody(self):
        node = self.gnode()
        conn = self.http(node)
        for at in range(300):
            conn.v1("POST", "topics", {"name": f"{at:03}" + "x" * 120})
        silent, reader = self.http(node), self.http(node)
        silent.send(EVENTS)
        reader.send(EVENTS)
        for _ in range(3):
            self.assertIsNotNone(reader.take_until(b"event: stats"))
        self.assertEqual(conn.v1("GET", "topics?limit=1").status, 200)
        self.assertLess(conn.v1("GET", "node").json["memory"]["doors_bytes"], 64 << 20)

    def test_a_client_that_reads_nothing_at_first_is_told_all_in_the_end(self):
        node, many = self.gnode(), 12000                        # 7 MB of events: more than sockets and the node hold
        tcp = self.tcp(node)
        names = [f"{at:05}" + "x" * 100 for at in range(many)]
        sender = threading.Thread(target=tcp.send, args=(b"".join(tcp.pub_bytes(name, b"x") for name in names),))
        sender.start()
        for _ in names:
            self.assertEqual(tcp.reply()[0], RESULT)
        sender.join()
        silent = self.http(node)
        silent.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 10)
        silent, reader = Reader(silent), Reader(self.http(node)).begin()
        while not reader.next()["complete"]:
            pass
        reader.next()                                           # others are told as ever
        memory = self.http(node).get("/api/v1/node").json["memory"]
        self.assertLess(memory["doors_bytes"], 32 << 20)
        silent.begin()
        known, complete = {}, False
        while not (complete and len(known) == many):
            event = silent.next()
            if event["anew"]:
                known = {}
            known.update({topic["topic"]: topic["ready"] for topic in event["topics"]})
            complete = event["complete"]
        self.assertEqual(set(known), set(names))
