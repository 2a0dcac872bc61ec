"""Looking at messages without taking them, and jobs on dead letters: by `call`, over the whole program.

SPDX-License-Identifier: MIT
"""
from gmqtest import Case, Refused, wait_until

SECOND = 1000


def pages(conn, topic, **arguments):
    """All messages, page by page."""
    got, cursor = [], None
    while True:
        page = conn.op("message.list", topic=topic, **arguments, **({"cursor": cursor} if cursor else {}))
        got += page["messages"]
        cursor = page["next"]
        if not cursor:
            return got


def ids(messages):
    return [int(m["id"]) for m in messages]


class Desk(Case):
    def node_with_dead(self, count, *flags):
        """A node, a connection, and the ids of dead letters."""
        node = self.gnode("-msg_ttr=1", "-msg_max_retry=0", *flags)
        conn = self.tcp(node)
        dead = [conn.pub("t", b"letter %d" % i) for i in range(count)]
        for _ in dead:
            assert conn.pop("t")
        wait_until(lambda: len(ids(pages(conn, "t", state="dead"))) == count, "they are dead")
        return node, conn, dead

    def test_pages_of_ready_messages_are_the_order_of_delivery(self):
        conn = self.tcp(self.gnode())
        sent = [conn.pub("t", b"body %d" % i) for i in range(250)]
        self.assertEqual(ids(pages(conn, "t", limit=70)), sent)
        self.assertEqual(ids(pages(conn, "t", limit=70, **{"from": "tail"})), sent[::-1])
        self.assertEqual([conn.pop("t")["id"] for _ in sent], sent)
        self.assertEqual(pages(conn, "t"), [])

    def test_lists_that_are_on_disk_are_shown_as_well(self):
        conn = self.tcp(self.gnode("-list_memory=64k", "-delay_memory=64k", "-sync=none"))
        for _ in range(20):
            conn.mpub("t", [b"x"] * 2000)
            conn.mpub("late", [(3600 + i, b"x") for i in range(2000)])
        first = conn.op("message.list", topic="t", limit=1000)["messages"]
        last = conn.op("message.list", topic="t", limit=1000, **{"from": "tail"})["messages"]
        everything = ids(pages(conn, "t", limit=1000))
        self.assertEqual(len(everything), 40000)
        self.assertEqual(everything, sorted(everything))
        self.assertEqual((ids(first), ids(last)), (everything[:1000], everything[:-1001:-1]))
        late = pages(conn, "late", state="delayed", limit=1000)
        self.assertEqual(len(set(ids(late))), 40000)
        self.assertEqual([m["due_at"] for m in late], sorted(m["due_at"] for m in late))

    def test_bodies_are_shown_as_far_as_they_are_asked_for(self):
        conn = self.tcp(self.gnode())
        conn.pub("t", b"x" * 1000)
        got = {body: conn.op("message.list", topic="t", body=body)["messages"][0] for body in
               ("none", "first", "whole")}
        self.assertNotIn("body", got["none"])
        self.assertEqual(got["first"]["body"], "x" * 256)
        self.assertEqual(got["whole"]["body"], "x" * 1000)
        self.assertEqual({m["body_bytes"] for m in got.values()}, {1000})

    def test_a_message_in_flight_is_shown_with_the_end_of_its_time(self):
        conn = self.tcp(self.gnode())
        ident = conn.pub("t", b"x")
        conn.pop("t")
        shown = conn.op("message.list", topic="t", state="in_flight")["messages"]
        self.assertEqual(ids(shown), [ident])
        self.assertIn("deadline_at", shown[0])
        self.assertTrue(conn.ack(ident, "t"))

    def test_a_cursor_is_of_one_list_and_one_life(self):
        node = self.gnode()
        conn = self.tcp(node)
        for _ in range(3):
            conn.pub("t", b"x")
        cursor = conn.op("message.list", topic="t", limit=1)["next"]
        conn.pop("t")
        self.assertEqual(len(conn.op("message.list", topic="t", cursor=cursor)["messages"]), 2)
        for wrong in ({"state": "dead"}, {"from": "tail"}):
            with self.assertRaisesRegex(Refused, "cursor is not of this list"):
                conn.op("message.list", topic="t", cursor=cursor, **wrong)
        with self.assertRaisesRegex(Refused, "topic is not exist"):
            conn.op("message.list", topic="u")
        node.kill()
        conn = self.tcp(self.gnode())
        with self.assertRaisesRegex(Refused, "cursor is not of this list"):
            conn.op("message.list", topic="t", cursor=cursor)

    def test_limits_of_a_page(self):
        conn = self.tcp(self.gnode())
        conn.pub("t", b"x")
        for good in ({"limit": 1}, {"limit": 1000}, {"body": "first", "body_bytes": 65536}):
            self.assertEqual(len(conn.op("message.list", topic="t", **good)["messages"]), 1)
        for bad in ({"limit": 0}, {"limit": 1001}, {"body": "first", "body_bytes": 65537}, {"text": "x"},
                    {"state": "gone"}, {"state": "delayed", "from": "tail"}):
            with self.assertRaises(Refused):
                conn.op("message.list", topic="t", **bad)

    def test_dead_letters_are_found_by_text_and_age(self):
        _, conn, dead = self.node_with_dead(20)
        found = conn.op("message.list", topic="t", state="dead", text="letter 17", body="whole")["messages"]
        self.assertEqual(ids(found), [dead[17]])
        self.assertEqual(found[0]["reason"], "retries")
        self.assertEqual(ids(pages(conn, "t", state="dead", older_than_ms=3600 * SECOND)), [])
        self.assertEqual(ids(pages(conn, "t", state="dead", limit=3)), dead)
        self.assertEqual(ids(pages(conn, "t", state="dead", limit=3, **{"from": "tail"})), dead[::-1])

    def test_redrive_makes_dead_letters_new_again(self):
        node, conn, dead = self.node_with_dead(30)
        job = conn.op("dead.redrive", topic="t", ids=[str(dead[3]), str(dead[7]), "99"])
        self.assertEqual((job["state"], job["done"]), ("done", 2))
        self.assertEqual([conn.pop("t")["id"] for _ in range(2)], [dead[3], dead[7]])
        job = conn.op("dead.redrive", topic="t", text="letter 1", to="u")
        self.assertEqual((job["state"], job["done"], job["to"]), ("done", 11, "u"))
        got = conn.pop("u")
        self.assertNotIn(got["id"], dead)
        self.assertEqual((got["body"], got["retry_count"]), ("letter 1", 0))
        self.assertEqual(conn.op("job.get", job=job["job"])["done"], 11)
        node.kill()
        conn = self.tcp(self.gnode("-msg_ttr=1", "-msg_max_retry=0"))
        self.assertIn(len(pages(conn, "u")), (10, 11))  # a kill may take back a pop that was not yet written
        with self.assertRaisesRegex(Refused, "no such job"):
            conn.op("job.get", job=job["job"])

    def test_a_job_with_a_rate_is_seen_at_work_and_cancelled(self):
        _, conn, dead = self.node_with_dead(50)
        job = conn.op("dead.delete", topic="t", all=True, rate=10)
        self.assertEqual(job["state"], "running")
        wait_until(lambda: conn.op("job.get", job=job["job"])["done"] >= 3, "it works")
        job = conn.op("job.cancel", job=job["job"])
        self.assertEqual(job["state"], "cancelled")
        self.assertEqual(len(pages(conn, "t", state="dead")), len(dead) - job["done"])
        self.assertEqual([j["job"] for j in conn.op("job.list")["jobs"]], [job["job"]])
        job = conn.op("dead.delete", topic="t", all=True)
        self.assertEqual((job["state"], job["done"]), ("done", len(pages(conn, "t", state="dead")) + job["done"]))
        self.assertEqual(pages(conn, "t", state="dead"), [])

    def test_a_job_says_what_it_is_about(self):
        _, conn, dead = self.node_with_dead(1)
        for bad in ({}, {"all": True, "ids": [str(dead[0])]}, {"all": True, "older_than_ms": 1},
                    {"all": True, "rate": -1}):
            with self.assertRaises(Refused):
                conn.op("dead.delete", topic="t", **bad)
        with self.assertRaisesRegex(Refused, "topic is not exist"):
            conn.op("dead.delete", topic="u", all=True)
        with self.assertRaisesRegex(Refused, "topic name is invalid"):
            conn.op("dead.redrive", topic="t", all=True, to="a b")
