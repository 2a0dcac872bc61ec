"""One message: where it is, how it went, what happened to it.

SPDX-License-Identifier: MIT
"""
import json
import time
from datetime import datetime

from gmqtest import Case, Http, Tcp

FLAGS = ("-segment_size=1m", "-gc_slack=0", "-sync=none")


def message(http, ident, what=""):
    """The answer as (status, object)."""
    got = http.get(f"/api/v1/messages/{ident}{what}")
    return got.status, json.loads(got.body)


def events(http, ident):
    status, got = message(http, ident, "/history")
    assert status == 200, got
    return [event["event"] for event in got["events"]], got["complete"]


class Message(Case):
    def test_found_in_every_state_and_after_a_restart(self):
        node = self.gnode()
        with Tcp(node.tcp) as tcp, Http(node.http) as http:
            ready, delayed, held, acked = (tcp.pub("t", b"1"), tcp.pub("t", b"2", delay=60), tcp.pub("u", b"3"),
                                           tcp.pub("v", b"4"))
            tcp.pop("u")
            tcp.pop("v")
            self.assertTrue(tcp.ack(acked, "v"))
        self.assertEqual(node.stop(), 0)
        node = self.gnode()
        with Http(node.http) as http:
            states = [message(http, ident)[1]["state"] for ident in (ready, delayed, held, acked)]
            self.assertEqual(states, ["ready", "delayed", "in_flight", "gone"])
            status, gone = message(http, acked)
            self.assertEqual((status, gone["how"], gone["body"], gone["topic"]), (200, "acked", "4", "v"))
            status, got = message(http, acked + 1)
            self.assertEqual((status, got["code"]), (404, "MESSAGE_UNKNOWN"))
            self.assertEqual(events(http, acked), (["pushed", "delivered", "gone"], True))
            self.assertEqual(events(http, held), (["pushed", "delivered"], True))

    def test_pushed_when_the_clock_says_so_also_after_a_kill(self):
        node = self.gnode()
        with Tcp(node.tcp) as tcp:
            before = tcp.pub("t", b"1")
        node.kill()
        node = self.gnode()
        with Tcp(node.tcp) as tcp, Http(node.http) as http:
            tcp.pub("u", b"2")
            tcp.mpub("u", [b"3", b"4"])
            self.assertIn(http.v1("POST", "topics/u/messages", {"body": "5"}).status, (200, 201))
            ids = [tcp.pop("u")["id"] for _ in range(4)]
            self.assertGreater((ids[0] >> 22) - (before >> 22), 50000, "ids are a minute ahead")
            for ident in ids:
                story = message(http, ident, "/history")[1]["events"]
                self.assertEqual([event["event"] for event in story], ["pushed", "delivered"])
                self.assertLessEqual(story[0]["at"], story[1]["at"])
                self.assertEqual(message(http, ident)[1]["pushed_at"], story[0]["at"])
                pushed = datetime.fromisoformat(story[0]["at"].replace("Z", "+00:00")).timestamp()
                self.assertLess(abs(pushed - time.time()), 30, "of the hour, not of the id")

    def test_kept_as_long_as_history_keep_says(self):
        node = self.gnode(*FLAGS, "-history_keep=4m")
        with Tcp(node.tcp) as tcp, Http(node.http) as http:
            first = tcp.pub("t", b"first")
            tcp.pop("t")
            self.assertTrue(tcp.ack(first, "t"))
            tcp.mpub("u", [b"x" * 1000] * 2000)  # 2 MiB, in which it stays
            self.assertEqual(events(http, first), (["pushed", "delivered", "gone"], True))
            last = tcp.pub("t", b"last")
            self.assertEqual(message(http, last)[1]["state"], "ready")
