"""How a node says how it is: /livez, /readyz, /api/v1/node.

SPDX-License-Identifier: MIT
"""
import os
import re

from gmqtest import Case, wait_until


class Health(Case):
    def test_a_sound_node_is_alive_and_ready_and_tells_about_itself(self):
        node = self.gnode("-node_id=7", "-node_weight=3")
        tcp, http = self.tcp(node), self.http(node)
        tcp.mpub("t", [b"x"] * 10)
        live = http.get("/livez")
        self.assertEqual((live.status, live.body), (200, b"OK\n"))
        ready = http.get("/readyz")
        self.assertEqual((ready.status, ready.content_type), (200, "application/json"))
        self.assertEqual(ready.json, {"status": "ok", "reasons": []})
        info = http.get("/api/v1/node").json
        self.assertEqual((info["node_id"], info["weight"], info["status"], info["topics"]), (7, 3, "ok", 1))
        self.assertEqual(info["connections"], {"tcp": 1, "http": 1})
        self.assertTrue(re.match(r"\d+\.\d+\.\d+$", info["version"]))
        self.assertGreater(info["log"]["durable_lsn"], 4096)
        self.assertLessEqual(info["log"]["durable_lsn"], info["log"]["written_lsn"])
        self.assertGreater(info["log"]["syncs"], 0)
        self.assertGreater(info["memory"]["estimate_bytes"], 16 << 20)
        self.assertEqual(set(info["counters"].values()), {0})
        self.assertGreaterEqual(http.get("/api/v1/node").json["uptime_ms"], info["uptime_ms"])

    def test_only_get_and_head(self):
        http = self.http(self.gnode())
        for path in ("/livez", "/readyz", "/api/v1/node"):
            reply = http.call(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode())
            self.assertEqual((reply.status, reply.headers["allow"]), (405, "GET, HEAD"))
            reply = http.call(f"HEAD {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), "HEAD")
            self.assertEqual(reply.status, 200)
        self.assertEqual(http.get("/api/v1/nodes").status, 404)

    def test_damage_degrades_until_the_next_start_that_finds_none(self):
        node = self.gnode()
        ids = [self.tcp(node).pub("t", b"x" * 1000) for _ in range(50)]
        log = self.path("data/log")
        node.kill()
        segment = min(name for name in os.listdir(log) if name.endswith(".seg"))
        with open(os.path.join(log, segment), "r+b") as file:
            file.seek(20000)
            file.write(b"damage")
        node = self.gnode()
        http = self.http(node)
        ready = http.get("/readyz")
        self.assertEqual((ready.status, ready.json["status"]), (200, "degraded"))
        self.assertRegex(ready.json["reasons"][0], "the start found damage: damaged bytes")
        info = http.get("/api/v1/node").json
        self.assertGreater(info["counters"]["damaged_bytes"], 0)
        self.assertEqual(http.stat("t")["queue_num"], len(ids) - 1)
        # The first checkpoint comes at once; after an orderly stop the next start has nothing to read there.
        wait_until(lambda: http.get("/api/v1/node").json["log"]["checkpoints"] > 0, "a checkpoint")
        self.assertEqual(node.stop(), 0)
        self.assertEqual(self.http(self.gnode()).get("/readyz").json, {"status": "ok", "reasons": []})
