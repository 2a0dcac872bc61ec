"""Topics over HTTP: made, settled, limited, paused, listed; who pops from them; the stream of events.

SPDX-License-Identifier: MIT
"""
import calendar
import http.client
import json
import time

import gmqtest
from gmqtest import Case

API = "/api/v1/topics"


def ms(text):
    """A time of the API as ms since 1970."""
    seconds, part = text.rstrip("Z").split(".")
    return calendar.timegm(time.strptime(seconds, "%Y-%m-%dT%H:%M:%S")) * 1000 + int(part)


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

    def stream(self):
        """A stream of events; the function that takes the next."""
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

        return reply, event

    def test_events_tell_all_topics_at_first_and_then_what_changes(self):
        self.expect(201, "POST", f"{API}/t/messages", {"body": "x"})
        reply, event = self.stream()
        first = event()
        self.assertEqual([(topic["topic"], topic["ready"]) for topic in first["topics"]], [("t", 1)])
        self.assertTrue(first["complete"])
        self.assertTrue(first["anew"])
        self.assertEqual(first["node"]["status"], "ok")
        self.expect(201, "POST", API, {"name": "late"})
        seen = {}
        while "late" not in seen:
            seen.update({topic["topic"]: topic for topic in event()["topics"]})
        self.node.stop()
        while reply.readline():
            pass

    def test_events_say_of_a_topic_what_topic_get_says(self):
        self.expect(201, "POST", API, {"name": "t", "ttr_ms": 30000, "max_retries": 3})
        tcp = self.tcp(self.node)
        for _ in range(2):
            tcp.pub("t", b"x")
        held = self.expect(200, "POST", "/api/v1/deliveries", {"topic": "t"})["messages"][0]["id"]
        self.expect(200, "POST", f"{API}/t/pause", {"pop": True, "for_ms": 3600000})
        self.expect(200, "POST", f"{API}/t/pause", {"push": True})
        _, event = self.stream()
        told = event()["topics"][0]
        topic = self.expect(200, "GET", f"{API}/t")
        for name in ("ready", "delayed", "in_flight", "dead", "waiting", "consumers", "pushed", "popped", "acked",
                     "auto_ack", "ttr_ms", "max_retries"):
            self.assertEqual(told[name], topic[name], name)
        self.assertEqual((told["ready"], told["in_flight"], told["consumers"], told["ttr_ms"], told["max_retries"]),
                         (1, 1, 1, 30000, 3))
        for name in ("oldest_ready_at", "last_push_at", "last_pop_at", "created_at", "pop_paused_until"):
            self.assertEqual(told[name], ms(topic[name]), name)
        self.assertEqual((told["push_paused"], told["push_paused_until"], told["pop_paused"]), (True, 0, True))
        shown = self.expect(200, "GET", f"/api/v1/messages/{held}")
        self.assertEqual(told["oldest_in_flight_at"], ms(shown["since"]))
        self.expect(200, "POST", f"{API}/t/resume", {})
        self.assertTrue(tcp.ack(held, "t"))
        while told["in_flight"] or told["push_paused"]:
            told = ([topic for topic in event()["topics"] if topic["topic"] == "t"] or [told])[0]
        self.assertEqual((told["oldest_in_flight_at"], told["pop_paused"], told["pop_paused_until"]), (0, False, 0))

    def test_events_tell_thousands_of_topics_in_pieces(self):
        tcp = self.tcp(self.node)
        names = {f"topic.{at}" for at in range(3000)}
        for name in names:
            tcp.send(tcp.pub_bytes(name, b"x"))
        for _ in names:
            self.assertEqual(tcp.reply()[0], gmqtest.RESULT)
        _, event = self.stream()
        told, pieces = {}, 0
        while True:
            got = event()
            if pieces == 0:
                self.assertTrue(got["anew"])
            if got["topics"]:
                pieces += 1
            for topic in got["topics"]:
                told[topic["topic"]] = topic
            if got["complete"]:
                break
        self.assertEqual(set(told), names)
        self.assertGreater(pieces, 3)
        self.assertEqual({topic["ready"] for topic in told.values()}, {1})
        self.all_change_at_once(tcp, names, event)

    def all_change_at_once(self, tcp, names, event):
        """What does not fit into an event follows it before the next second."""
        for name in names:
            tcp.send(tcp.pub_bytes(name, b"x"))
        for _ in names:
            self.assertEqual(tcp.reply()[0], gmqtest.RESULT)
        left, times = set(names), []
        while left:
            got = event()
            self.assertFalse(got["anew"])
            times.append(got["at"])
            left -= {topic["topic"] for topic in got["topics"] if topic["ready"] == 2}
        self.assertLess(min(b - a for a, b in zip(times, times[1:])), 500)

    def test_events_have_32_listeners_and_no_more(self):
        streams = []
        for i in range(33):
            stream = http.client.HTTPConnection(self.node.http, timeout=20)
            self.addCleanup(stream.close)
            stream.request("GET", "/api/v1/events")
            streams.append(stream)
            self.assertEqual(stream.getresponse().status, 200 if i < 32 else 503)
