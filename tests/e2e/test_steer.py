"""Messages and topics taken from where they stand: cancel, reschedule, promote, purge, delete; over the whole program.

RACES=n: how many messages cancel and delivery run for; `make races` does 100,000.

SPDX-License-Identifier: MIT
"""
import os
import random
import threading

from gmqtest import Case, Refused, wait_until

RACES = int(os.environ.get("RACES", "600"))
BATCH = 200


class Steer(Case):
    def counts(self, conn, topic):
        got = conn.op("topic.get", topic=topic)
        return tuple(got[k] for k in ("ready", "delayed", "in_flight", "dead"))

    def test_a_message_is_cancelled_wherever_it_is(self):
        conn = self.tcp(self.gnode("-msg_ttr=1", "-msg_max_retry=0"))
        dead = conn.pub("t", b"dead")
        self.assertEqual(conn.pop("t")["id"], dead)
        wait_until(lambda: self.counts(conn, "t") == (0, 0, 0, 1), "it is dead")
        flying, ready, late = conn.pub("t", b"a"), conn.pub("t", b"b"), conn.pub("t", b"c", 3600)
        self.assertEqual(conn.pop("t")["id"], flying)
        for ident, was in ((flying, "in_flight"), (ready, "ready"), (late, "delayed"), (dead, "dead")):
            got = conn.op("message.cancel", id=str(ident))
            self.assertEqual((got["id"], got["topic"], got["was"]), (str(ident), "t", was))
            with self.assertRaisesRegex(Refused, "the message is gone"):
                conn.op("message.cancel", id=str(ident))
        self.assertFalse(conn.ack(flying, "t"))
        self.assertEqual(self.counts(conn, "t"), (0, 0, 0, 0))
        with self.assertRaisesRegex(Refused, "no message with this id"):
            conn.op("message.cancel", id="4711")

    def test_a_message_is_moved_in_time_and_survives_a_kill(self):
        node = self.gnode()
        conn = self.tcp(node)
        late, now = conn.pub("t", b"late", 3600), conn.pub("t", b"now")
        self.assertEqual(conn.op("message.promote", id=str(late))["was"], "delayed")
        self.assertEqual(conn.op("message.reschedule", id=str(now), delay_ms=3600000)["was"], "ready")
        node.kill()
        conn = self.tcp(self.gnode())
        self.assertEqual(self.counts(conn, "t"), (1, 1, 0, 0))
        self.assertEqual(conn.pop("t")["id"], late)
        with self.assertRaisesRegex(Refused, "the message is in flight"):
            conn.op("message.promote", id=str(late))
        self.assertTrue(conn.ack(late, "t"))
        self.assertEqual(conn.op("message.get", id=str(now))["state"], "delayed")
        conn.op("message.promote", id=str(now))
        got = conn.pop("t")
        self.assertEqual((got["id"], got["body"], got["retry_count"]), (now, "now", 0))

    def test_a_purge_and_a_delete_take_everything_and_nothing_else(self):
        node = self.gnode("-list_memory=64k", "-delay_memory=64k", "-sync=none")
        conn = self.tcp(node)
        for _ in range(10):
            conn.mpub("t", [b"x"] * 2000)
            conn.mpub("t", [(3600, b"x")] * 1000)
        conn.pub("u", b"mine")
        self.assertEqual(conn.op("topic.purge", topic="t", state="ready")["done"], 20000)
        self.assertEqual(conn.op("topic.purge", topic="t", state="delayed")["done"], 10000)
        self.assertEqual(self.counts(conn, "t"), (0, 0, 0, 0))
        for _ in range(5):
            conn.mpub("t", [b"x"] * 2000)
        self.assertEqual(conn.op("topic.delete", topic="t")["done"], 10000)
        with self.assertRaisesRegex(Refused, "topic is not exist"):
            conn.op("topic.get", topic="t")
        again = conn.pub("t", b"anew")
        node.kill()
        conn = self.tcp(self.gnode())
        self.assertEqual(self.counts(conn, "t"), (1, 0, 0, 0))
        self.assertEqual(conn.pop("t")["id"], again)
        self.assertEqual(conn.pop("u")["body"], "mine")

    def race(self, node, conns, dice):
        """A consumer and somebody who cancels go for the same messages; who says what of each."""
        first, second = conns
        idents = [int(i) for i in second.op("message.push", topic="t",
                                            messages=[{"body": "x"}] * BATCH)["ids"]]
        acked, refused, was = set(), set(), {}

        def consume():
            while (got := first.pop("t")):
                (acked if first.ack(got["id"], "t") else refused).add(got["id"])

        def cancel():
            for ident in dice.sample(idents, len(idents)):
                try:
                    was[ident] = second.op("message.cancel", id=str(ident))["was"]
                except Refused as err:
                    self.assertIn("the message is gone", str(err))

        threads = [threading.Thread(target=f) for f in (consume, cancel)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(acked | set(was), set(idents))
        self.assertEqual(acked & set(was), set())
        self.assertEqual(refused, {i for i, place in was.items() if place == "in_flight"})
        return len(acked), len(was)

    def test_of_a_delivery_and_a_cancel_exactly_one_wins(self):
        node = self.gnode("-sync=none")
        conns, dice = (self.tcp(node), self.tcp(node)), random.Random(1)
        won = [0, 0]
        for _ in range(RACES // BATCH):
            for side, count in enumerate(self.race(node, conns, dice)):
                won[side] += count
        self.assertEqual(sum(won), RACES // BATCH * BATCH)
        self.assertEqual(self.counts(conns[0], "t"), (0, 0, 0, 0))
