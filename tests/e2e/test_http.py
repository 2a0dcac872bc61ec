"""gmq's own HTTP paths (/mpush, /dead, /set), settings of limits, and the library's behaviour at the door.

SPDX-License-Identifier: MIT
"""
import json

from gmqtest import Case, Refused, wait_until


class OwnPaths(Case):
    def post(self, http, path, value):
        return http.post(path, data=json.dumps(value)).json

    def test_mpush_pushes_all_and_tells_the_ids(self):
        node = self.gnode()
        http, tcp = self.http(node), self.tcp(node)
        got = self.post(http, "/mpush", {"topic": "t", "messages": [{"body": "a"}, {"body": "b"}]})
        self.assertEqual((got["code"], got["msg"]), (0, "success"))
        popped = [tcp.pop("t") for _ in range(2)]
        self.assertEqual([m["body"] for m in popped], ["a", "b"])
        self.assertEqual([int(i) for i in got["data"]["msgIds"]], [m["id"] for m in popped])

    def test_mpush_is_all_or_nothing(self):
        node = self.gnode()
        http = self.http(node)
        for messages, text in (([], "num must be greather than 0"),
                               ([{"body": "a"}, {"body": "b", "delay": 259201}], "pub.delay exceeding the maximum"),
                               ([{"body": "a"}, {"body": "b", "delay": -1}], "delay must not be negative"),
                               ([{"body": "a"}, {"body": 1}], "json: cannot unmarshal number")):
            with self.subTest(text=text):
                got = self.post(http, "/mpush", {"topic": "t", "messages": messages})
                self.assertEqual(got["code"], 1)
                self.assertIn(text, got["msg"])
        self.assertEqual(self.post(http, "/mpush", {"messages": [{"body": "x"}]})["msg"], "topic is empty")
        self.assertIsNone(http.stat("t"))

    def test_dead_and_set(self):
        node = self.gnode("-msg_ttr=1", "-msg_max_retry=0")
        http, tcp = self.http(node), self.tcp(node)
        ids = [tcp.pub("t", b"%d" % n) for n in range(3)]
        for _ in ids:
            tcp.pop("t")
        wait_until(lambda: http.stat("t")["dead_num"] == 3, "three are dead")
        got = http.get("/dead?topic=t&num=2").json
        self.assertEqual([(m["id"], m["retry_count"]) for m in got["data"]], [(str(i), 1) for i in ids[:2]])
        self.assertEqual(len(http.get("/dead?topic=t&num=9").json["data"]), 1)
        self.assertEqual(http.get("/dead?topic=t&num=9").json["msg"], "no message")
        self.assertEqual(http.get("/set?topic=t&isAutoAck=1").json["code"], 0)
        self.assertTrue(http.stat("t")["is_auto_ack"])
        self.assertEqual(http.get("/set?topic=t&isAutoAck=0").json["code"], 0)
        self.assertFalse(http.stat("t")["is_auto_ack"])


class SetLimits(Case):
    def test_limits_are_settings(self):
        node = self.gnode("-max_message=2k", "-max_delay=5", "-max_batch=2", "-max_line=1k", "-max_in_flight=2",
                          "-max_topics=2")
        self.tcp(node).pub("t", b"x" * 2048, 5)
        for request, text in (((b"t", b"x" * 2049, 0), "body exceeding the maximum of 2048 bytes"),
                              ((b"t", b"x", 6), "pub.delay exceeding the maximum")):
            with self.assertRaisesRegex(Refused, text):
                self.tcp(node).pub(request[0].decode(), *request[1:])
        with self.assertRaisesRegex(Refused, "num exceeding the maximum of 2"):
            self.tcp(node).mpub("t", [b"a", b"b", b"c"])
        tcp = self.tcp(node)
        tcp.mpub("t", [b"1", b"2"])
        tcp.mpub("t", [b"3"])
        tcp.pop("t")
        tcp.pop("t")
        with self.assertRaisesRegex(Refused, "too many messages wait for their ack"):
            tcp.pop("t")
        tcp.pub("u", b"x")
        with self.assertRaisesRegex(Refused, "too many topics"):
            tcp.pub("v", b"x")

    def test_more_connections_than_allowed_wait_and_are_served_later(self):
        node = self.gnode("-max_connections=2")
        first, second = self.tcp(node), self.tcp(node)
        first.pub("t", b"1")
        second.pub("t", b"2")
        third = self.tcp(node)
        third.send(b"pop t\n")
        first.close()
        kind_and_data = third.reply()
        if kind_and_data is None:                  # refused is as good as late, if it is said by closing
            second.close()
            wait_until(lambda: self.tcp(node).pop("t"), "a later connection is served")
        else:
            self.assertEqual(kind_and_data[0], 101)


class Door(Case):
    def test_one_connection_serves_many_requests_and_methods(self):
        http = self.http(self.gnode())
        for number in range(200):
            http.push("t", str(number))
        self.assertEqual([http.get("/pop?topic=t").json["data"]["body"] for _ in range(200)],
                         [str(n) for n in range(200)])

    def test_a_client_that_leaves_before_its_reply_harms_nobody(self):
        node = self.gnode()
        for _ in range(50):
            conn = self.http(node)
            conn.send(b"GET /getAllTopicStat HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
            conn.close()
        self.assertEqual(self.http(node).get("/ping").body, b"OK")

    def test_two_lengths_are_refused(self):
        node = self.gnode()
        http = self.http(node)
        http.send(b"POST /push HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        self.assertEqual(http.reply().status, 400)
        self.assertTrue(http.at_end())
