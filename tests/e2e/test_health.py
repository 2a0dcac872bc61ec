"""How a node says how it is: /livez, /readyz, /api/v1/node.

SPDX-License-Identifier: MIT
"""
import errno
import os
import re
import signal
import sys

from gmqtest import Case, Refused, wait_until

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "faults"))
import fault  # noqa: E402  pylint: disable=wrong-import-position


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

    def test_a_node_that_ends_serves_on_and_is_not_ready_for_its_delay(self):
        node = self.gnode("-stop_delay=600000")
        tcp = self.tcp(node)
        ident = tcp.pub("t", b"x")
        node.signal(signal.SIGTERM)
        wait_until(lambda: self.http(node).get("/readyz").status == 503)
        ready = self.http(node).get("/readyz")                  # on a new connection
        self.assertEqual(ready.json, {"status": "stopping", "reasons": ["node is stopping"]})
        self.assertEqual(self.http(node).get("/livez").status, 200)
        self.assertEqual(self.http(node).get("/api/v1/node").json["status"], "stopping")
        self.assertEqual(self.tcp(node).pop("t")["id"], ident)
        self.assertTrue(tcp.ack(ident, "t"))
        node.signal(signal.SIGTERM)                             # a second one: now
        self.assertEqual(node.wait(), 0, node.output[-2000:])
        self.assertIn("not ready any more, serving on for 600000 ms", node.output)

    def test_a_delay_ends_by_itself_and_without_one_the_end_is_at_once(self):
        for flags in (("-stop_delay=1",), ()):
            node = self.gnode(*flags)
            self.tcp(node).pub("t", b"x")
            self.assertEqual(node.stop(), 0, node.output[-2000:])

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

    def healed(self, kinds):
        """One call fails under a running node."""
        if not fault.preloads():
            return
        with fault.Fault(self.folder, self.path("data")) as control:
            node = self.gnode("-cache=4m", "-max_message=1m", env=control.env)
            tcp, http = self.tcp(node), self.http(node)
            wait_until(lambda: http.get("/api/v1/node").json["log"]["jobs"] == 0, "the files are there")
            ids = [tcp.pub("t", b"%d" % n) for n in range(20)]
            control.arm(1, fault.FAIL, kinds, errno.EIO)
            ids += [tcp.pub("t", b"%d" % n) for n in range(20, 40)]
            self.assertEqual(control.faults, 1)
            node.wait_line(r"\[E\].*Input/output error.*the log goes on in a new file")
            ready = http.get("/readyz")
            self.assertEqual((ready.status, ready.json["status"]), (200, "degraded"))
            self.assertIn("the log goes on in a new file", ready.json["reasons"][0])
            self.assertEqual(http.get("/api/v1/node").json["counters"]["healed_writes"], 1)
            got = [tcp.pop("t")["id"] for _ in range(10)]
            self.assertEqual(got, ids[:10])
            for ident in got:
                self.assertTrue(tcp.ack(ident, "t"))
            node.kill()
        node = self.gnode()
        self.assertNotIn("damage", node.output)
        self.assertEqual([self.tcp(node).pop("t")["id"] for _ in ids[10:]], ids[10:])
        self.assertEqual(self.http(node).get("/readyz").json["status"], "ok")

    def test_a_sync_that_fails_is_healed(self):
        self.healed(fault.FDATASYNC)

    def test_a_write_that_fails_is_healed(self):
        self.healed(fault.PWRITE)

    def test_a_disk_that_fails_for_good_makes_it_read_only(self):
        if not fault.preloads():
            return
        with fault.Fault(self.folder, self.path("data")) as control:
            node = self.gnode(env=control.env)
            tcp, http = self.tcp(node), self.http(node)
            ids = [tcp.pub("t", b"x")]
            control.arm(1, fault.FAIL, fault.FDATASYNC | fault.PWRITE, errno.EIO, forever=True)
            for request in (lambda: tcp.pub("t", b"x"), lambda: tcp.pop("t"), lambda: http.push("t", "x")):
                with self.assertRaisesRegex(Refused, "^node is read-only: .*Input/output error"):
                    request()
            ready = http.get("/readyz")
            self.assertEqual((ready.status, ready.json["status"]), (503, "read-only"))
            self.assertIn("Input/output error", ready.json["reasons"][0])
            self.assertEqual(http.get("/livez").status, 200)
            node.kill()
        tcp = self.tcp(self.gnode())
        self.assertEqual(tcp.pop("t")["id"], ids[0])
