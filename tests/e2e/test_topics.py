"""Topics over HTTP: made, settled, limited, paused, listed; who pops from them; the stream of events.

SPDX-License-Identifier: MIT
"""
import http.client
import json

from gmqtest import Case

API = "/api/v1/topics"


class Topics(Case):
    def setUp(self):
        super().setUp()
        self.node = self.gnode()
        self.door = http.client.HTTPConnection(self.node.http, timeout=20)
        self.addCleanup(self.door.close)

    def ask(self, method, path, body=None, raw=None):
        """What is asked with `raw` bytes as the body, or with `body` as JSON."""
        self.door.request(method, path, raw or (None if body is None else json.dumps(body)),
                          {"Content-Type": "application/octet-stream" if raw else "application/json"})
        reply = self.door.getresponse()
        return reply.status, json.loads(reply.read())

    def expect(self, status, method, path, body=None):
        got, value = self.ask(method, path, body)
        self.assertEqual(got, status, value)
        return value

    def test_a_topic_is_made_settled_and_outlives_a_restart(self):
        topic = self.expect(201, "POST", API, {"name": "t", "ttr_ms": 1000, "limits": {"messages": 2}})
        self.assertEqual((topic["ttr_ms"], topic["settings"]["limits"]["messages"]), (1000, 2))
        self.assertEqual(self.expect(409, "POST", API, {"name": "t"})["code"], "TOPIC_EXISTS")
        self.assertEqual(self.expect(400, "POST", f"{API}/t/settings", {"ttr_ms": 999})["code"], "VALUE")
        self.expect(200, "POST", f"{API}/t/settings", {"ttr_ms": None, "max_retries": 7})
        self.node.kill()
        self.node = self.gnode()
        self.door = http.client.HTTPConnection(self.node.http, timeout=20)
        topic = self.expect(200, "GET", f"{API}/t")
        self.assertEqual((topic["ttr_ms"], topic["max_retries"], topic["settings"]["limits"]["messages"]),
                         (60000, 7, 2))
        self.assertEqual(self.expect(404, "GET", f"{API}/u")["code"], "TOPIC_UNKNOWN")

    def test_a_setting_keeps_the_parts_that_are_not_named(self):
        self.expect(201, "POST", API, {"name": "t", "limits": {"messages": 2, "bytes": 99, "over": "drop"},
                                       "retry": {"kind": "fixed", "delays_ms": [5], "jitter_percent": 9}})
        topic = self.expect(200, "POST", f"{API}/t/settings",
                            {"limits": {"bytes": None, "age_ms": 1000}, "retry": {"cap_ms": 7}})
        self.assertEqual(topic["settings"]["limits"],
                         {"messages": 2, "bytes": None, "age_ms": 1000, "over": "drop"})
        self.assertEqual(topic["settings"]["retry"],
                         {"kind": "fixed", "delays_ms": [5], "cap_ms": 7, "jitter_percent": 9})
        topic = self.tcp(self.node).op("topic.set", topic="t", limits={"messages": 0, "age_ms": 0}, retry={})
        self.assertEqual(topic["settings"]["limits"]["over"], "reject")
        self.assertEqual(topic["settings"]["retry"]["jitter_percent"], 9)
        self.expect(200, "POST", f"{API}/t/settings", {"retry": {"kind": "at_once"}})
        problem = self.expect(400, "POST", f"{API}/t/settings", {"retry": {"delays_ms": [5]}})
        self.assertEqual(problem["detail"], "retry.kind is missing: at_once has no delays, cap or jitter")

    def test_a_message_with_a_ttr_of_0_needs_no_ack(self):
        tcp = self.tcp(self.node)
        self.expect(201, "POST", f"{API}/t/messages", {"body": "http", "ttr_ms": 0})
        got, _ = self.ask("POST", f"{API}/t/messages?ttr_ms=0", raw=b"octets")
        self.assertEqual(got, 201)
        ids = tcp.op("message.push", topic="t", messages=[{"body": "call", "ttr_ms": 0}, {"body": "acked"}])["ids"]
        popped = self.expect(200, "POST", "/api/v1/deliveries", {"topic": "t", "count": 4})["messages"]
        self.assertEqual([("deadline_at" in m, m["body"]) for m in popped],
                         [(False, "http"), (False, "octets"), (False, "call"), (True, "acked")])
        self.assertEqual(tcp.op("message.ack", topic="t", ids=ids), {"done": 1, "unknown": [ids[0]]})
        for wrong in ({"ttr_ms": 0, "auto_ack": False}, {"ttr_ms": 1000, "auto_ack": True}):
            problem = self.expect(400, "POST", f"{API}/t/messages", {"body": "x", **wrong})
            self.assertIn("ttr_ms and auto_ack contradict each other", problem["detail"])
        self.expect(400, "POST", f"{API}/t/messages", {"body": "x", "ttr_ms": 999})

    def test_limits_refuse_drop_and_dead_letter(self):
        for over, code, left in (("reject", 429, (2, 0, 0)), ("drop", 201, (2, 0, 1)), ("dead_letter", 201, (2, 1, 0))):
            self.expect(201, "POST", API, {"name": over, "limits": {"messages": 2, "over": over}})
            for _ in range(2):
                self.expect(201, "POST", f"{API}/{over}/messages", {"body": "x"})
            self.expect(code, "POST", f"{API}/{over}/messages", {"body": "y"})
            topic = self.expect(200, "GET", f"{API}/{over}")
            self.assertEqual((topic["ready"], topic["dead"], topic["deleted"]), left, over)

    def test_a_pause_stops_the_original_commands_too_and_ends_by_itself(self):
        tcp = self.tcp(self.node)
        tcp.pub("t", b"x")
        topic = self.expect(200, "POST", f"{API}/t/pause", {"for_ms": 400})
        self.assertIsNotNone(topic["push_paused_until"])
        self.assertEqual(self.expect(409, "POST", f"{API}/t/messages", {"body": "y"})["code"], "TOPIC_PAUSED")
        self.assertEqual(self.expect(200, "POST", "/api/v1/deliveries", {"topic": "t"})["messages"], [])
        got = self.expect(200, "POST", "/api/v1/deliveries", {"topic": "t", "wait_ms": 20000})["messages"]
        self.assertEqual([message["body"] for message in got], ["x"])
        self.expect(200, "POST", f"{API}/t/pause", {})
        self.assertEqual(self.expect(200, "POST", f"{API}/t/resume", {})["pop_paused_until"], None)
        self.expect(201, "POST", f"{API}/t/messages", {"body": "y"})

    def test_topics_are_listed_by_page_and_filter(self):
        for name in ("a.1", "b.1", "a.2", "b.2", "a.3"):
            self.expect(201, "POST", API, {"name": name})
        names, cursor = [], ""
        while cursor is not None:
            page = self.expect(200, "GET", f"{API}?filter=a.&limit=2&cursor={cursor}")
            names += [topic["topic"] for topic in page["topics"]]
            cursor = page["next"]
        self.assertEqual(names, ["a.1", "a.2", "a.3"])

    def test_consumers_are_told_by_name_and_address(self):
        for _ in range(3):
            self.expect(201, "POST", f"{API}/t/messages", {"body": "x"})
        self.expect(200, "POST", "/api/v1/deliveries", {"topic": "t", "count": 2, "client": "worker 1"})
        self.expect(200, "POST", "/api/v1/deliveries", {"topic": "t"})
        told = {one["name"]: one for one in self.expect(200, "GET", f"{API}/t/consumers")["consumers"]}
        self.assertEqual({name: (one["address"], one["popped"], one["in_flight"]) for name, one in told.items()},
                         {"worker 1": ("127.0.0.1", 2, 2), None: ("127.0.0.1", 1, 1)})

    def test_events_tell_all_topics_at_first_and_then_what_changes(self):
        self.expect(201, "POST", f"{API}/t/messages", {"body": "x"})
        stream = http.client.HTTPConnection(self.node.http, timeout=20)
        self.addCleanup(stream.close)
        stream.request("GET", "/api/v1/events")
        reply = stream.getresponse()
        self.assertEqual((reply.status, reply.getheader("Content-Type")), (200, "text/event-stream"))

        def event():
            self.assertEqual(reply.readline(), b"event: stats\n")
            data = reply.readline()
            self.assertEqual(reply.readline(), b"\n")
            return json.loads(data[len("data: "):])

        first = event()
        self.assertEqual([(topic["topic"], topic["ready"]) for topic in first["topics"]], [("t", 1)])
        self.assertTrue(first["complete"])
        self.assertEqual(first["node"]["status"], "ok")
        self.expect(201, "POST", API, {"name": "late"})
        seen = {}
        while "late" not in seen:
            seen.update({topic["topic"]: topic for topic in event()["topics"]})
        self.node.stop()
        while reply.readline():
            pass

    def test_events_have_32_listeners_and_no_more(self):
        streams = []
        for i in range(33):
            stream = http.client.HTTPConnection(self.node.http, timeout=20)
            self.addCleanup(stream.close)
            stream.request("GET", "/api/v1/events")
            streams.append(stream)
            self.assertEqual(stream.getresponse().status, 200 if i < 32 else 503)
