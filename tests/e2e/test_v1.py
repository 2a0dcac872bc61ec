"""The doors of the operations: routing and errors of /api/v1, raw bodies and JSON lines, TCP's call, legacy_http.

SPDX-License-Identifier: MIT
"""
import base64
import json
import struct
import threading

from gmqtest import ERROR, JSON, Case, Refused, wait_until

ROOT = "/api/v1/"


class Routing(Case):
    def setUp(self):
        super().setUp()
        self.node = self.gnode()
        self.conn = self.http(self.node)

    def problem(self, status, code, *request, **more):
        got = self.conn.v1(*request, **more)
        self.assertEqual((got.status, got.content_type), (status, "application/problem+json"), got.body)
        self.assertEqual((got.json["code"], got.json["status"], got.json["type"]), (code, status, "about:blank"))
        return got

    def test_a_path_that_is_not_there(self):
        for path in ("", "topic", "topics/", "topics//messages", "topics/a/", "topics/a/b", "messages/1/2", "jobs/",
                     "deliveries/1", "topics/a%2Fb/pause", "topics/a/keys/"):
            with self.subTest(path=path):
                self.problem(404, "NOT_FOUND", "GET", ROOT + path)
        self.assertEqual(self.conn.v1("GET", "/api/v2/topics").body, b"not found")

    def test_a_method_that_is_not_there(self):
        for path, allow in (("topics/a/messages", "POST, GET, HEAD"), ("deliveries", "POST"),
                            ("messages/1", "GET, HEAD, DELETE"), ("node", "GET, HEAD")):
            for method in ("PUT", "PATCH", "OPTIONS"):
                with self.subTest(path=path, method=method):
                    self.assertEqual(self.problem(405, "METHOD", method, path).headers["allow"], allow)
        self.problem(405, "METHOD", "DELETE", "/livez")

    def test_head_is_get_without_a_body(self):
        self.conn.v1("POST", "topics/t/messages", {"body": "x"})
        got = self.conn.v1("HEAD", "topics/t/messages")
        self.assertEqual((got.status, got.body, got.content_type), (200, b"", "application/json"))
        self.assertEqual(self.conn.v1("GET", "topics/t/messages").status, 200)

    def test_a_body_of_another_type_is_refused(self):
        for kind in ("application/x-www-form-urlencoded", "text/plain", "application/jsonx", ""):
            with self.subTest(kind=kind):
                self.problem(415, "CONTENT_TYPE", "POST", "deliveries", {"topic": "t"}, {"Content-Type": kind})
        self.assertEqual(self.conn.v1("POST", "deliveries", {"topic": "t"},
                                      {"Content-Type": "Application/JSON; charset=utf-8"}).status, 200)

    def test_what_is_no_json(self):
        for raw in (b"x", b"[]", b"null", b"{", b'{"topic":"t"} x', b'{"topic":"\xff"}', b"[" * 20 + b"]" * 20):
            with self.subTest(raw=raw):
                self.problem(400, "JSON", "POST", "deliveries", raw=raw, headers={"Content-Type": "application/json"})

    def test_names_are_decoded_and_checked(self):
        self.problem(400, "TOPIC_NAME", "POST", "topics/a%20b/messages", {"body": "x"})
        self.problem(400, "TOPIC_NAME", "POST", "deliveries", {"topics": ["a/b"]})
        self.problem(400, "TOPIC_EMPTY", "POST", "deliveries", {"topics": [""]})
        self.assertEqual(self.conn.v1("POST", "topics/h%C3%A9/messages", {"body": "x", "key": "a/b c"}).status, 201)
        self.assertEqual(self.conn.v1("GET", "topics/h%C3%A9/keys/a%2Fb%20c").json["topic"], "hé")

    def test_limits_of_lists_and_bodies(self):
        node = self.gnode("-max_batch=3", "-max_message=1024", data="small")
        self.conn = self.http(node)
        ids = ["1", "2", "3"]
        self.assertEqual(self.conn.v1("POST", "topics/t/acks", {"ids": ids}).json, {"done": 0, "unknown": ids})
        got = self.problem(413, "BATCH_LIMIT", "POST", "topics/t/acks", {"ids": ids + ["4"]})
        self.assertEqual(got.json["detail"], "num exceeding the maximum of 3")
        self.problem(413, "BATCH_LIMIT", "POST", "topics/t/messages", {"messages": [{"body": "x"}] * 4})
        self.assertEqual(self.conn.v1("POST", "topics/t/messages", {"body": "x" * 1024}).status, 201)
        self.problem(413, "BODY_LIMIT", "POST", "topics/t/messages", {"body": "x" * 1025})
        self.problem(413, "BODY_LIMIT", "POST", "topics/t/messages", {"messages": [{"body": "x" * 513}] * 2})

    def test_an_empty_key_is_not_a_missing_one(self):
        for headers, args in (({"Idempotency-Key": ""}, {}), ({}, {"dedup_key": ""})):
            got = self.conn.v1("POST", "topics/t/messages", {"body": "x", **args}, headers=headers)
            self.assertEqual((got.status, got.json["code"]), (400, "VALUE"))

    def keyed(self, conn, key, *messages, **more):
        return conn.v1("POST", "topics/t/messages", {"messages": [{"body": one} for one in messages], **more},
                       headers={"Idempotency-Key": key})

    def test_one_key_for_a_batch_means_that_batch(self):
        first = self.keyed(self.conn, "k", "a", "b")
        self.assertEqual((first.status, first.json["duplicate"]), (201, False))
        again = self.keyed(self.conn, "k", "a", "b")
        self.assertEqual((again.status, again.json), (201, {"ids": first.json["ids"], "duplicate": True}))
        for other in (("a",), ("b", "a"), ("a", "c"), ("a", "b", "c")):
            got = self.keyed(self.conn, "k", *other)
            self.assertEqual((got.status, got.json["code"]), (422, "DEDUP_MISMATCH"), other)
        self.assertEqual(self.keyed(self.conn, "l", "a", dedup_key="l").status, 400)
        longest = "k" * 128
        first = self.keyed(self.conn, longest, *"0123456789ab")
        self.assertEqual((first.status, len(first.json["ids"])), (201, 12))
        self.assertEqual(self.keyed(self.conn, longest, *"0123456789ab").json["ids"], first.json["ids"])
        self.assertEqual(self.keyed(self.conn, longest + "k", "a").status, 400)
        self.assertEqual(self.conn.v1("GET", "topics/t").json["ready"], 14)

    def test_one_key_for_a_batch_is_known_after_a_kill(self):
        first = self.keyed(self.conn, "k", "a", "b").json["ids"]
        self.node.kill()
        self.conn = self.http(self.gnode())
        self.assertEqual(self.keyed(self.conn, "k", "a", "b").json, {"ids": first, "duplicate": True})
        self.assertEqual(self.keyed(self.conn, "k", "a").status, 422)
        self.assertEqual(self.conn.v1("GET", "topics/t").json["ready"], 2)

    def test_one_key_for_a_batch_that_many_push_at_once(self):
        got, conns = [], [self.http(self.node) for _ in range(8)]
        threads = [threading.Thread(target=lambda c=conn: got.append(self.keyed(c, "k", "a", "b").json))
                   for conn in conns]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(one["duplicate"] for one in got), [False] + [True] * 7)
        self.assertEqual({tuple(one["ids"]) for one in got}, {tuple(got[0]["ids"])})
        self.assertEqual(self.conn.v1("GET", "topics/t").json["ready"], 2)

    def test_spans_of_topics_just_within_and_just_beyond(self):
        self.assertEqual(self.conn.v1("POST", "topics", {"name": "t"}).status, 201)
        years = 3650 * 86400 * 1000
        for path, name, least in (("settings", "idle_ms", 1000), ("pause", "for_ms", 1)):
            for good in (least, years):
                self.assertEqual(self.conn.v1("POST", f"topics/t/{path}", {name: good}).status, 200)
            for bad in (least - 1, years + 1):
                got = self.problem(400, "VALUE", "POST", f"topics/t/{path}", {name: bad})
                self.assertEqual(got.json["detail"], f"{name}: must be an integer from {least} to {years}")

    def test_which_dead_messages_by_an_age_of_nothing(self):
        for what in ("redrive", "delete"):
            got = self.problem(400, "VALUE", "POST", f"topics/t/dead/{what}", {"older_than_ms": 0})
            self.assertRegex(got.json["detail"], "^older_than_ms: must be an integer from 1 to ")

    def test_a_node_that_is_full_says_when_to_come_back(self):
        node = self.gnode("-max_topics=1", data="full")
        self.conn = self.http(node)
        self.assertEqual(self.conn.v1("POST", "topics/a/messages", {"body": "x"}).status, 201)
        self.assertEqual(self.problem(429, "TOPIC_LIMIT", "POST", "topics/b/messages",
                                      {"body": "x"}).headers["retry-after"], "1")


class Bodies(Case):
    def setUp(self):
        super().setUp()
        self.conn = self.http(self.gnode())

    def test_every_byte_goes_in_and_out_raw(self):
        body = bytes(range(256)) * 3
        got = self.conn.v1("POST", "topics/t/messages?key=k&delay_ms=60000", raw=body,
                           headers={"Gmq-Header-TraceParent": "00-1", "gmq-header-b": "", "Idempotency-Key": "i"})
        self.assertEqual(got.status, 201)
        ident = got.json["ids"][0]
        out = self.conn.v1("GET", f"messages/{ident}", headers={"Accept": "application/octet-stream"})
        self.assertEqual((out.status, out.content_type, out.body), (200, "application/octet-stream", body))
        self.assertEqual((out.headers["gmq-id"], out.headers["gmq-key"], out.headers["gmq-header-traceparent"]),
                         (ident, "k", "00-1"))
        part = self.conn.v1("GET", f"messages/{ident}?body=first&body_bytes=5",
                            headers={"Accept": "application/octet-stream"})
        self.assertEqual((part.body, part.headers["gmq-truncated"], part.headers["gmq-body-bytes"]),
                         (body[:5], "true", "768"))
        facts = self.conn.v1("GET", f"messages/{ident}").json
        self.assertEqual(base64.b64decode(facts["body_base64"]), body)
        self.assertNotIn("truncated", facts)
        empty = self.conn.v1("POST", "topics/t/messages?key=e", raw=b"").json["ids"][0]
        out = self.conn.v1("GET", f"messages/{empty}", headers={"Accept": "application/octet-stream"})
        self.assertEqual((out.status, out.body), (200, b""))

    def test_a_body_comes_as_text_or_as_base64(self):
        for body, auto in (("h\u00e9\0", "body"), ("", "body")):
            ident = self.conn.v1("POST", "topics/t/messages", {"body": body}).json["ids"][0]
            self.assertEqual(self.conn.v1("GET", f"messages/{ident}").json[auto], body)
            got = self.conn.v1("GET", f"messages/{ident}?encoding=base64").json
            self.assertEqual(base64.b64decode(got["body_base64"]).decode(), body)
        ident = self.conn.v1("POST", "topics/t/messages", {"body_base64": "/w=="}).json["ids"][0]
        self.assertEqual(self.conn.v1("GET", f"messages/{ident}?encoding=text").json["body"], "\ufffd")
        self.assertEqual(self.conn.v1("GET", f"messages/{ident}").json["body_base64"], "/w==")

    def test_pages_of_lines(self):
        ids = self.conn.v1("POST", "topics/t/messages", {"messages": [{"body": str(n)} for n in range(5)]}).json["ids"]
        seen, cursor, pages = [], "", 0
        while True:
            got = self.conn.v1("GET", f"topics/t/messages?limit=2&body=whole{cursor}",
                               headers={"Accept": "application/jsonl"})
            self.assertEqual(got.content_type, "application/jsonl")
            seen += [json.loads(line)["id"] for line in got.body.decode().splitlines()]
            pages += 1
            if "gmq-next" not in got.headers:
                break
            cursor = "&cursor=" + got.headers["gmq-next"]
        self.assertEqual((seen, pages), (ids, 3))
        none = self.conn.v1("GET", "topics/t/messages?state=dead&format=jsonl")
        self.assertEqual((none.status, none.body), (200, b""))

    def test_a_pop_waits_and_tells_who_holds(self):
        node = self.gnode(data="wait")
        one, two = self.http(node), self.http(node)
        got = []
        waiting = threading.Thread(target=lambda: got.append(
            one.v1("POST", "deliveries", {"topics": ["a", "b"], "wait_ms": 60000}, {"Gmq-Client": "w-1"}).json))
        two.v1("POST", "topics", {"name": "b"})
        waiting.start()
        wait_until(lambda: two.v1("GET", "topics/b").json["waiting"] == 1)
        ident = two.v1("POST", "topics/b/messages", {"body": "x"}).json["ids"][0]
        waiting.join()
        self.assertEqual([(m["topic"], m["id"]) for m in got[0]["messages"]], [("b", ident)])
        self.assertEqual(two.v1("GET", f"messages/{ident}").json["holder"], "w-1")


class Call(Case):
    def setUp(self):
        super().setUp()
        self.node = self.gnode()
        self.conn = self.tcp(self.node)

    def test_a_message_by_call(self):
        ident = self.conn.op("message.push", topic="t", body_base64="/w==")["ids"][0]
        self.assertEqual(self.conn.op("message.list", topic="t", body="whole")["messages"][0]["body_base64"], "/w==")
        got = self.conn.op("message.pop", topics=["x", "t"], count=5)["messages"]
        self.assertEqual([(m["topic"], m["id"]) for m in got], [("t", ident)])
        self.assertEqual(self.conn.op("message.ack", topic="t", ids=[ident, "5"]), {"done": 1, "unknown": ["5"]})
        self.assertEqual(self.conn.op("message.pop", topic="t"), {"messages": []})
        self.assertEqual(self.conn.op("message.get", id=ident)["state"], "gone")

    def test_errors_keep_the_connection(self):
        for name, arguments, text in (("no.such", {}, "unknown operation"),
                                      ("topic.get", {}, "topic: is missing"),
                                      ("topic.get", {"topic": "t", "x": 1}, "unknown field 'x'"),
                                      ("topic.get", {"topic": "t"}, "topic is not exist"),
                                      ("message.get", {"id": 5}, "id: must be an id: a string of decimal digits"),
                                      ("message.get", {"id": "5"}, "no message with this id is here"),
                                      ("job.list", b"x", "invalid character 'x' looking for beginning of value"),
                                      ("job.list", b"", "unexpected end of JSON input")):
            with self.subTest(name=name, text=text):
                self.assertEqual(self.conn.call(self.conn.call_bytes(name, arguments)), (ERROR, text.encode()))
        self.assertEqual(self.conn.op("job.list"), {"jobs": []})

    def test_replies_stay_in_order_whatever_their_form(self):
        push = self.conn.pub_bytes("t", b"a", 0)
        self.conn.send(push + self.conn.call_bytes("message.push", {"topic": "t", "body": "b"}) +
                       self.conn.call_bytes("no.such", {}) + b"pop t\n" +
                       self.conn.call_bytes("message.pop", {"topic": "t"}) +
                       self.conn.call_bytes("message.pop", {"topics": ["u"]}) + b"pop t bin\n")
        kinds = [self.conn.reply() for _ in range(7)]
        self.assertEqual([kind for kind, _ in kinds], [103, JSON, ERROR, 101, JSON, JSON, ERROR])
        self.assertEqual(json.loads(kinds[4][1])["messages"][0]["topic"], "t")
        self.assertEqual(json.loads(kinds[5][1]), {"messages": []})

    def test_a_name_for_the_connection(self):
        self.conn.op("client.name", name="w-2")
        ident = self.conn.op("message.push", topic="t", body="x")["ids"][0]
        self.conn.pop("t")
        self.assertEqual(self.conn.op("message.get", id=ident)["holder"], "w-2")
        self.assertEqual(self.conn.op("topic.consumers", topic="t")["consumers"][0]["name"], "w-2")
        with self.assertRaises(Refused):
            self.conn.op("client.name", name="")

    def test_a_call_above_its_limit_closes(self):
        node = self.gnode("-max_message=1k", data="small")
        conn = self.tcp(node)
        limit = 1024 + 512 + 65536
        text = b"{" + b" " * (limit - 2) + b"}"
        self.assertEqual(conn.call(conn.call_bytes("job.list", text)), (JSON, b'{"jobs":[]}'))
        kind, data = conn.call(b"call job.list\n" + struct.pack(">I", limit + 1))
        self.assertEqual((kind, data), (ERROR, b"body exceeding the maximum of %d bytes" % limit))
        self.assertTrue(conn.at_end())


class Legacy(Case):
    def test_the_originals_api_can_be_switched_off(self):
        conn = self.http(self.gnode("-legacy_http=no"))
        for path in ("/push", "/pop?topic=t", "/getAllTopicStat", "/set?topic=t&isAutoAck=1", "/mpush"):
            got = conn.get(path)
            self.assertEqual((got.status, got.body), (404, b"not found"))
        self.assertEqual(conn.get("/ping").body, b"OK")
        self.assertEqual(conn.v1("POST", "topics/t/messages", {"body": "x"}).status, 201)
        self.assertEqual(conn.get("/readyz").status, 200)
