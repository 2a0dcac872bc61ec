"""test_gweb_fleet - gweb and the nodes: the fleet, live events, the past, calls to nodes and registries

SPDX-License-Identifier: MIT
"""
import http.server
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.parse

import gmqtest
from gmqtest import Http, wait_until
from test_gweb import GwebCase

DOWN_S = 30 * gmqtest.SLOW


class Live(Http):
    """An open page: reads /api/events and keeps what it was told, as pages do."""

    def __init__(self, addr, cookie=None):
        super().__init__(addr, DOWN_S)
        self.topics, self.fleet, self.totals, self.events, self.anew, self.complete = {}, None, None, 0, 0, False
        more = f"Cookie: gmq_session={cookie}\r\n" if cookie else ""
        self.send(f"GET /api/events HTTP/1.1\r\nHost: {addr}\r\n{more}\r\n".encode())
        self.text = b""

    def begin(self):
        """Reads the head; the status."""
        head = self.take_until(b"\r\n\r\n")
        return int(head.split(b" ")[1])

    def chunk(self):
        """One more piece of the body; False at its end."""
        line = self.take_until(b"\r\n")
        size = int(line, 16) if line else 0
        if size == 0:
            return False
        self.text += self.take(size)
        self.take(2)
        return True

    def next(self):
        """The next event, applied; None at the end of the stream."""
        while b"\n\n" not in self.text:
            if not self.chunk():
                return None
        one, self.text = self.text.split(b"\n\n", 1)
        lines = one.decode("utf-8").split("\n")
        assert lines[0] == "event: live" and len(lines) == 2, lines
        data = json.loads(lines[1].removeprefix("data: "))
        self.events += 1
        if data["anew"]:
            self.topics, self.anew = {}, self.anew + 1
        for gone in data["gone"]:
            self.topics.pop((gone["node"], gone["topic"]), None)
        for topic in data["topics"]:
            self.topics[topic["node"], topic["topic"]] = topic
        self.fleet = data.get("fleet", self.fleet)
        self.totals, self.complete = data["totals"], data["complete"]
        return data

    def node(self, ident):
        return next((n for n in self.fleet["nodes"] if n["id"] == ident), None) if self.fleet else None

    def until(self, question, what="what the page shows"):
        """Reads on until the answer is true, and returns it."""
        end = time.monotonic() + DOWN_S
        while True:
            answer = question()
            if answer:
                return answer
            if time.monotonic() > end or self.next() is None:
                raise AssertionError(f"not seen: {what}; {self.fleet} {list(self.topics.items())[:5]}")


class FakeNode(http.server.ThreadingHTTPServer):
    """A registry that lists itself as node 9, and that node: it answers what a test says."""
    daemon_threads = True

    def __init__(self):
        self.asked, self.answers, self.listed = [], {}, None
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                fake.asked.append((self.command, self.path))
                fake.serve(self)
            do_POST = do_DELETE = do_GET

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.addr = f"127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def serve(self, handler):
        path = handler.path.split("?")[0]
        if path == "/getNodes":
            node = {"id": 9, "http_addr": self.listed or self.addr, "tcp_addr": "127.0.0.1:1", "weight": 1,
                    "join_time": "2026-11-22 10:00:00", "http_tls": 0, "tcp_tls": 0}
            status, headers, body = 200, {}, json.dumps({"code": 0, "data": {"nodes": [node]}, "msg": "success"})
        else:
            status, headers, body = self.answers.get(path, (404, {}, ""))
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        try:
            for piece in [body.encode()] if isinstance(body, str) else [body] if isinstance(body, bytes) else body:
                handler.wfile.write(piece)
        except OSError:
            pass  # gweb has enough


class FleetCase(GwebCase):
    def fleet(self, count=2, flags=()):
        """A registry and nodes 1..count that it lists."""
        registry = self.gregister()
        nodes = [self.node(registry, i + 1, *flags) for i in range(count)]
        wait_until(lambda: len(registry.nodes()) == count, "all nodes listed")
        return registry, nodes

    def node(self, registry, ident, *flags):
        return self.gnode(f"-node_id={ident}", f"-register_addr=http://{registry.http}", *flags, data=f"node{ident}")

    def admin(self, *registries, flags=()):
        """gweb without logins, and a browser at it."""
        web = self.gweb(*flags, register=",".join(r if isinstance(r, str) else f"http://{r.http}" for r in registries))
        return web, self.browser(web)

    def live(self, web, cookie=None):
        one = Live(web.http, cookie)
        self.addCleanup(one.close)
        self.assertEqual(one.begin(), 200)
        return one

    def up(self, web, *idents):
        """An open page that shows these nodes up."""
        page = self.live(web)
        page.until(lambda: all(page.node(i) and page.node(i)["state"] == "up" for i in idents), "nodes up")
        return page

    def ok(self, got, status=200):
        self.assertEqual(got.status, status, got.body)
        return got.json

    def push(self, browser, node, topic, body="x", **more):
        got = browser.ask("POST", f"/api/nodes/{node}/v1/topics/{urllib.parse.quote(topic)}/messages",
                          {"body": body, **more})
        return self.ok(got, 201)["ids"][0]


class Shown(FleetCase):
    def test_what_changes_on_the_nodes_is_seen(self):
        registry, nodes = self.fleet()
        web, browser = self.admin(registry)
        page = self.up(web, 1, 2)
        self.assertEqual(page.fleet["registries"], [{"url": f"http://{registry.http}", "ok": True, "detail": None}])
        self.assertEqual(page.node(2)["http_addr"], nodes[1].http)
        for ident in (1, 2):
            for _ in range(ident):
                self.push(browser, ident, "mail")
        page.until(lambda: page.totals["ready"] == 3, "three messages")
        page.until(lambda: (1, "mail") in page.topics and (2, "mail") in page.topics, "both topics")
        self.assertEqual(page.topics[2, "mail"]["ready"], 2)
        late = self.live(web)
        late.until(lambda: late.complete)
        self.assertEqual({k: v["ready"] for k, v in late.topics.items()}, {(1, "mail"): 1, (2, "mail"): 2})
        self.ok(browser.ask("DELETE", "/api/nodes/2/v1/topics/mail"))
        for one in (page, late):
            one.until(lambda one=one: (2, "mail") not in one.topics, "the topic is gone")
        page.until(lambda: page.totals["ready"] == 1, "one message")
        self.assertEqual(page.anew, 1)
        self.assertIsNotNone(page.until(lambda: page.node(1)["sync_ns_max"], "facts of GET /api/v1/node"))
        self.assertEqual(page.node(1)["version"], self.ok(Http(nodes[0].http).v1("GET", "node"))["version"])
        self.assertEqual(web.stop(), 0)
        self.assertIsNone(page.until(lambda: page.next() is None) and None)

    def test_the_numbers_are_those_of_gclient_stat(self):
        registry, nodes = self.fleet()
        web, browser = self.admin(registry)
        page, names = self.up(web, 1, 2), ("ready", "delayed", "in_flight", "dead", "pushed", "popped", "auto_ack")
        for ident, tcp in enumerate(map(self.tcp, nodes), 1):
            for delay in (0, 0, 0, 3600):
                self.push(browser, ident, "mail", delay_ms=delay * 1000)
            self.push(browser, ident, "bills")
            tcp.pop("mail")
            tcp.pop("bills")
            tcp.set("bills", 1)

        def told(ident, topic):
            done = subprocess.run([gmqtest.program("gclient"), "stat", topic, "--json", "--http",
                                   nodes[ident - 1].http], capture_output=True, check=True, timeout=DOWN_S)
            figures = json.loads(done.stdout)
            return {name: figures[name] for name in names}

        for ident in (1, 2):
            for topic in ("mail", "bills"):
                wanted = told(ident, topic)
                page.until(lambda: {name: page.topics.get((ident, topic), {}).get(name) for name in names} == wanted,
                           f"{wanted} of {topic} on node {ident}")
        self.assertEqual([told(1, "mail")[name] for name in names], [2, 1, 1, 0, 4, 1, False])
        self.assertEqual([page.totals[name] for name in ("ready", "delayed", "in_flight", "dead")], [4, 2, 4, 0])

    def test_a_node_that_dies_is_down_and_the_others_go_on(self):
        registry, nodes = self.fleet(3)
        web, browser = self.admin(registry)
        page = self.up(web, 1, 2, 3)
        for ident in (1, 2, 3):
            self.push(browser, ident, "mail")
        page.until(lambda: page.totals["ready"] == 3)
        nodes[1].kill()
        page.until(lambda: page.node(2)["state"] == "down", "node 2 down")
        self.assertTrue(page.node(2)["detail"])
        self.assertIsNone(page.node(2)["push_rate"])
        self.push(browser, 1, "mail")
        page.until(lambda: page.topics[1, "mail"]["ready"] == 2, "node 1 goes on")
        self.assertEqual(page.topics[2, "mail"]["ready"], 1)  # as it was seen last
        page.until(lambda: page.totals["ready"] == 3, "sums without it")
        got = browser.ask("GET", "/api/nodes/2/v1/topics")
        self.assertIn((got.status, got.json["code"]), [(502, "NODE_DOWN"), (404, "NODE_UNKNOWN")])
        again = self.gnode("-node_id=2", f"-register_addr=http://{registry.http}", f"-http_addr={nodes[1].http}",
                           f"-tcp_addr={nodes[1].tcp}", data="node2")
        page.until(lambda: page.node(2)["state"] == "up", "node 2 is back")
        page.until(lambda: page.totals["ready"] == 4, "with its messages")
        self.assertTrue(again.alive())

    def test_a_node_that_hangs_delays_nobody(self):
        registry, nodes = self.fleet()
        web, browser = self.admin(registry)
        page = self.up(web, 1, 2)
        nodes[1].signal(signal.SIGSTOP)
        try:
            slow = self.browser(web)
            slow.send(f"GET /api/nodes/2/v1/topics HTTP/1.1\r\nHost: {web.http}\r\n\r\n".encode())
            page.until(lambda: page.node(2)["state"] == "down", "node 2 down")
            self.push(browser, 1, "mail")
            page.until(lambda: (1, "mail") in page.topics, "node 1 goes on")
            self.assertEqual(page.node(1)["state"], "up")
            self.code(slow.reply(), 504, "NODE_SLOW")
        finally:
            nodes[1].signal(signal.SIGCONT)
        page.until(lambda: page.node(2)["state"] == "up", "node 2 is back")

    def test_a_registry_that_is_gone_leaves_its_list(self):
        registry, _ = self.fleet()
        web, browser = self.admin(registry)
        page = self.up(web, 1, 2)
        registry.kill()
        page.until(lambda: not page.fleet["registries"][0]["ok"], "the registry is gone")
        self.assertIn("connection refused", page.fleet["registries"][0]["detail"])
        self.push(browser, 2, "mail")
        page.until(lambda: (2, "mail") in page.topics, "nodes go on")
        self.assertEqual([n["state"] for n in page.fleet["nodes"]], ["up", "up"])
        self.code(browser.ask("PATCH", "/api/fleet/1", {"weight": 3}), 502, "REGISTRY_DOWN")

    def test_a_node_that_leaves_stays_shown_and_is_not_contacted(self):
        registry, nodes = self.fleet()
        web, browser = self.admin(registry)
        page = self.up(web, 1, 2)
        self.push(browser, 2, "mail")
        page.until(lambda: (2, "mail") in page.topics)
        self.assertEqual(nodes[1].stop(), 0)
        page.until(lambda: not page.node(2)["listed"] and page.node(2)["state"] == "down", "node 2 not listed")
        self.assertEqual(page.node(2)["detail"], "no registry lists it")
        self.code(browser.ask("GET", "/api/nodes/2/v1/topics"), 404, "NODE_UNKNOWN")
        fleet = self.ok(browser.ask("GET", "/api/fleet"))
        self.assertEqual([n["listed"] for n in fleet["nodes"]], [True, False])

    def test_a_node_that_drains_is_seen_to_drain_and_then_to_have_stopped(self):
        registry, _ = self.fleet(1)
        drains = self.node(registry, 2, "-stop_delay=600000")
        web, browser = self.admin(registry)
        page = self.up(web, 1, 2)
        drains.signal(signal.SIGTERM)
        page.until(lambda: page.node(2)["status"] == "stopping" and not page.node(2)["listed"], "it has left")
        self.assertEqual(page.node(2)["state"], "up")
        self.tcp(drains).pub("late", b"x")
        page.until(lambda: (2, "late") in page.topics and page.totals["ready"] == 1, "it is still listened to")
        self.assertEqual(drains.stop(), 0)
        page.until(lambda: page.node(2)["state"] == "down", "it has stopped")
        self.assertEqual(page.node(2)["status"], "stopping")
        self.push(browser, 1, "mail")
        page.until(lambda: (1, "mail") in page.topics, "the other goes on")

    def test_a_node_that_is_full_says_so(self):
        registry, _ = self.fleet(1, ["-disk_free_min=1048576g"])
        web, _ = self.admin(registry)
        page = self.up(web, 1)
        page.until(lambda: page.node(1)["status"] not in (None, "ok") and page.node(1)["reasons"], "a reason")

    def test_many_pages_cost_a_node_one_stream(self):
        registry, nodes = self.fleet(1)
        web, browser = self.admin(registry)
        pages = [self.live(web) for _ in range(100)]
        self.push(browser, 1, "mail")
        for page in pages:
            page.until(lambda page=page: (1, "mail") in page.topics, "the topic")
        figures = self.ok(self.http(nodes[0]).v1("GET", "node"))
        # The stream, the kept connections of the facts and of this test's calls, this question, the registry's ping.
        self.assertLessEqual(figures["connections"]["http"], 6)
        more = [self.live(web) for _ in range(156)]
        one = Live(web.http)
        self.addCleanup(one.close)
        self.code(one.reply(), 503, "STREAM_LIMIT")
        for page in more:
            page.close()
        wait_until(lambda: self.stream_status(web) == 200, "room again")

    def stream_status(self, web):
        one = Live(web.http)
        self.addCleanup(one.close)
        return one.begin()

    def test_a_page_that_does_not_read_holds_up_nobody(self):
        registry, nodes = self.fleet(1)
        web, _ = self.admin(registry)
        conn = self.tcp(nodes[0])
        names = [f"t{i:04}" + "x" * 100 for i in range(3000)]
        slow = self.up(web, 1)
        for i in range(0, len(names)):
            conn.send(conn.pub_bytes(names[i], b"x"))
        for _ in names:
            self.assertEqual(conn.reply()[0], gmqtest.RESULT)
        page = self.live(web)
        page.until(lambda: page.complete and len(page.topics) == len(names), "all topics")
        seen = page.events
        page.until(lambda: page.events > seen + 2, "each second")
        slow.until(lambda: len(slow.topics) == len(names), "the slow one has them, too")

    def test_the_end_of_a_session_is_the_end_of_its_pages(self):
        registry, _ = self.fleet(1)
        web = self.web(register=f"http://{registry.http}")
        admin = self.browser(web, "admin")
        self.assertEqual(Live(web.http).begin(), 401)
        page = self.live(web, admin.cookie)
        page.until(lambda: page.node(1) and page.node(1)["state"] == "up")
        self.assertEqual(admin.ask("DELETE", "/api/session").status, 204)
        page.until(lambda: page.next() is None, "the end")

    def test_the_past_has_a_sample_each_second(self):
        registry, _ = self.fleet(1)
        web, browser = self.admin(registry)
        self.up(web, 1)
        self.push(browser, 1, "mail")
        got = wait_until(lambda: (lambda p: p if p["ready"][-1:] == [1] else None)(
            self.ok(browser.ask("GET", "/api/past"))), "a sample with the message")
        self.assertEqual({len(v) for v in got.values() if isinstance(v, list)}, {len(got["at"])})
        steps = [b - a for a, b in zip(got["at"], got["at"][1:])]
        self.assertTrue(all(step > 0 for step in steps), steps)
        self.assertEqual(self.ok(browser.ask("GET", "/api/past?node=1"))["ready"][-1], 1)
        got = wait_until(lambda: (lambda p: p if p["ready"][-1:] == [1] else None)(
            self.ok(browser.ask("GET", "/api/past?node=1&topic=mail"))), "a sample of the topic")
        self.assertEqual(got["step_ms"], 5000)
        self.code(browser.ask("GET", "/api/past?node=0"), 400, "VALUE")
        self.code(browser.ask("GET", "/api/past?topic=%22"), 400, "TOPIC_NAME")


class Steered(FleetCase):
    def test_every_operation_reaches_the_node_and_the_log(self):
        registry, _ = self.fleet(1)
        web, browser = self.admin(registry)
        self.up(web, 1)
        api, want = "/api/nodes/1/v1/", []

        def call(method, path, value=None, status=200, action=None, target=None, count=None):
            got = self.ok(browser.ask(method, api + path, value), status)
            if action:
                want.append((action, f"node 1{target}", count(got) if callable(count) else count, "ok"))
            return got

        call("POST", "topics", {"name": "mail", "max_retries": 0}, 201, "topic.create", ", topic mail")
        self.assertEqual([t["topic"] for t in call("GET", "topics?filter=ma")["topics"]], ["mail"])
        call("POST", "topics/mail/settings", {"ttr_ms": 30000}, 200, "topic.set", ", topic mail")
        self.assertEqual(call("GET", "topics/mail")["ttr_ms"], 30000)
        call("POST", "topics/mail/pause", {"pop": True}, 200, "topic.pause", ", topic mail")
        call("POST", "topics/mail/resume", {"pop": True}, 200, "topic.resume", ", topic mail")
        ids = call("POST", "topics/mail/messages", {"messages": [{"body": str(i), "key": f"k/{i}"} for i in range(9)]},
                   201, "message.push", ", topic mail", 9)["ids"]
        self.assertEqual(len(call("GET", "topics/mail/messages?state=ready&limit=4")["messages"]), 4)
        self.assertEqual(call("GET", f"messages/{ids[3]}")["body"], "3")
        self.assertEqual(call("GET", "topics/mail/keys/k%2F3")["id"], ids[3])
        self.assertTrue(call("GET", f"messages/{ids[0]}/history")["events"])
        call("DELETE", f"messages/{ids[8]}", None, 200, "message.cancel", f", message {ids[8]}", 1)
        call("POST", f"messages/{ids[7]}/reschedule", {"delay_ms": 3600000}, 200, "message.reschedule",
             f", message {ids[7]}", 1)
        call("POST", f"messages/{ids[7]}/promote", None, 200, "message.promote", f", message {ids[7]}", 1)
        popped = call("POST", "deliveries", {"topic": "mail", "count": 5}, 200, "message.pop", ", topic mail", 5)
        popped = [m["id"] for m in popped["messages"]]
        consumers = call("GET", "topics/mail/consumers")["consumers"]
        self.assertEqual([c["name"] for c in consumers], ["local"])
        call("POST", "topics/mail/touches", {"ids": popped[:2]}, 200, "message.touch", ", topic mail", 2)
        call("POST", "topics/mail/acks", {"ids": popped[:1]}, 200, "message.ack", ", topic mail", 1)
        call("POST", "topics/mail/nacks", {"ids": popped[1:], "reject": True}, 200, "message.nack", ", topic mail", 4)
        job = call("POST", "topics/mail/dead/redrive", {"ids": popped[1:3]}, 202, "dead.redrive", ", topic mail")
        wait_until(lambda: call("GET", f"jobs/{job['job']}")["state"] == "done", "the job")
        call("POST", "topics/mail/dead/delete", {"all": True}, 202, "dead.delete", ", topic mail")
        wait_until(lambda: all(j["state"] == "done" for j in call("GET", "jobs")["jobs"]), "the jobs")
        call("POST", "topics/mail/purge", {"state": "ready"}, 200, "topic.purge", ", topic mail", lambda g: g["done"])
        call("DELETE", "topics/mail", None, 200, "topic.delete", ", topic mail", lambda g: g["done"])
        self.code(browser.ask("DELETE", api + f"jobs/{job['job']}999"), 404, "JOB_UNKNOWN")
        self.assertEqual(call("GET", "node")["node_id"], 1)
        entries = self.audit(browser, "?limit=100")["entries"][::-1]
        self.assertEqual([(e["action"], e["target"], e["count"], e["result"]) for e in entries[:-1]], want)
        self.assertEqual((entries[-1]["action"], entries[-1]["result"]), ("job.cancel", "JOB_UNKNOWN"))
        redrive = next(e for e in entries if e["action"] == "dead.redrive")
        self.assertIn(f"job {job['job']}", redrive["detail"])
        self.assertIn(popped[1], redrive["detail"])
        self.assertNotIn("body", json.dumps([e["detail"] for e in entries]))

    def test_bodies_of_any_kind_pass_unchanged(self):
        registry, _ = self.fleet(1)
        web, browser = self.admin(registry)
        self.up(web, 1)
        raw = bytes(range(256)) * 4096
        got = browser.ask("POST", "/api/nodes/1/v1/topics/blobs/messages?key=a", raw=raw,
                          headers={"Content-Type": "application/octet-stream"})
        ident = self.ok(got, 201)["ids"][0]
        got = browser.ask("GET", f"/api/nodes/1/v1/messages/{ident}", headers={"Accept": "application/octet-stream"})
        self.assertEqual((got.status, got.body), (200, raw))
        self.assertEqual((got.headers["gmq-topic"], got.headers["content-disposition"]), ("blobs", "attachment"))
        self.assertEqual(got.headers["x-content-type-options"], "nosniff")
        got = browser.ask("GET", "/api/nodes/1/v1/topics/blobs/messages?state=ready&format=jsonl&body=whole")
        self.assertEqual(got.headers["content-type"], "application/jsonl")
        self.assertEqual(json.loads(got.body)["id"], ident)
        self.push(browser, 1, "\u4f60\u597d?#&%+", "<script>")
        got = self.ok(browser.ask("GET", "/api/nodes/1/v1/topics/" + urllib.parse.quote("\u4f60\u597d?#&%+", safe="")))
        self.assertEqual(got["topic"], "\u4f60\u597d?#&%+")

    def test_problems_of_the_node_come_through(self):
        registry, _ = self.fleet(1)
        web, browser = self.admin(registry)
        self.up(web, 1)
        self.code(browser.ask("GET", "/api/nodes/1/v1/topics/none"), 404, "TOPIC_UNKNOWN")
        self.code(browser.ask("GET", "/api/nodes/1/v1/topics?limit=0"), 400, "VALUE")
        self.code(browser.ask("POST", "/api/nodes/1/v1/topics", {"name": "a", "x": 1}), 400, "VALUE")
        self.assertEqual(self.audit(browser)["entries"][0]["result"], "VALUE")

    def test_a_pop_ends_with_its_browser(self):
        registry, nodes = self.fleet(1)
        web, browser = self.admin(registry)
        self.up(web, 1)
        self.ok(browser.ask("POST", "/api/nodes/1/v1/topics", {"name": "mail"}), 201)
        leaving = self.browser(web)
        body = json.dumps({"topic": "mail", "wait_ms": 60000}).encode()
        leaving.send(f"POST /api/nodes/1/v1/deliveries HTTP/1.1\r\nHost: {web.http}\r\nContent-Type: application/json"
                     f"\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        topic = "/api/nodes/1/v1/topics/mail"
        wait_until(lambda: self.ok(browser.ask("GET", topic))["waiting"] == 1, "the pop waits")
        leaving.close()
        wait_until(lambda: self.ok(browser.ask("GET", topic))["waiting"] == 0, "the pop has ended")
        self.push(browser, 1, "mail")
        got = self.ok(browser.ask("GET", topic))
        self.assertEqual((got["ready"], got["in_flight"]), (1, 0))
        self.ok(browser.ask("POST", topic + "/pause", {"pop": True}))
        waiting = self.browser(web)
        waiting.send(f"POST /api/nodes/1/v1/deliveries HTTP/1.1\r\nHost: {web.http}\r\nContent-Type: application/json"
                     f"\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        wait_until(lambda: self.ok(browser.ask("GET", topic))["waiting"] == 1, "another pop waits")
        self.assertEqual(web.stop(), 0)
        self.assertTrue(nodes[0].alive())

    def test_the_audit_log_knows_what_was_popped_however_it_is_written(self):
        registry, _ = self.fleet(1)
        web, browser = self.admin(registry)
        self.up(web, 1)
        self.push(browser, 1, "secret")
        got = browser.ask("POST", "/api/nodes/1/v1/deliveries", raw=b'{"t\\u006fpics":["secret"]}',
                          headers={"Content-Type": "application/json"})
        entry = self.audit(browser)["entries"][0]
        self.assertEqual(entry["action"], "message.pop")
        self.assertEqual((entry["count"], entry["result"]), (1, "ok") if got.status == 200 else (None, entry["result"]))
        self.assertIn('["secret"]', entry["target"] + entry["detail"])

    def test_viewers_look_and_change_nothing(self):
        registry, nodes = self.fleet(1)
        web = self.web(register=f"http://{registry.http}")
        admin = self.browser(web, "admin")
        admin.ask("POST", "/api/users", {"name": "eve", "password": "long enough", "role": "viewer"})
        eve = self.browser(web, "eve", "long enough")
        wait_until(lambda: self.ok(eve.ask("GET", "/api/fleet"))["nodes"], "the node")
        self.ok(eve.ask("GET", "/api/nodes/1/v1/topics"))
        self.ok(eve.ask("GET", "/api/past"))
        for method, path in (("POST", "nodes/1/v1/topics"), ("POST", "nodes/1/v1/topics/a/messages"),
                             ("POST", "nodes/1/v1/deliveries"), ("DELETE", "nodes/1/v1/topics/a"),
                             ("POST", "fleet"), ("PATCH", "fleet/1"), ("DELETE", "fleet/1")):
            self.code(eve.ask(method, "/api/" + path, {}), 403, "ROLE")
        self.assertEqual(self.http(nodes[0]).v1("GET", "topics").json["topics"], [])
        stranger = self.browser(web)
        for path in ("fleet", "past", "events", "nodes/1/v1/topics", "nodes/77/v1/topics"):
            self.code(stranger.ask("GET", "/api/" + path), 401, "LOGIN_NEEDED")


class Registries(FleetCase):
    def test_nodes_are_registered_weighed_and_unregistered(self):
        registry, _ = self.fleet(1)
        other = self.gnode("-node_id=2", data="other")
        web, browser = self.admin(registry)
        page = self.up(web, 1)
        node = {"node_id": 2, "tcp_addr": other.tcp, "http_addr": other.http, "weight": 4}
        self.ok(browser.ask("POST", "/api/fleet", node))
        page.until(lambda: page.node(2) and page.node(2)["state"] == "up", "node 2 up")
        self.assertEqual(page.node(2)["weight"], 4)
        got = browser.ask("POST", "/api/fleet", {**node, "node_id": 3})
        self.code(got, 409, "REGISTRY_REFUSED")
        self.assertIn("has exist", got.json["detail"])
        self.ok(browser.ask("PATCH", "/api/fleet/2", {"weight": 7}))
        page.until(lambda: page.node(2)["weight"] == 7, "its weight")
        self.ok(browser.ask("DELETE", "/api/fleet/2"))
        page.until(lambda: not page.node(2)["listed"], "node 2 not listed")
        self.code(browser.ask("DELETE", "/api/fleet/2"), 409, "REGISTRY_REFUSED")
        self.code(browser.ask("DELETE", "/api/fleet/3"), 404, "NODE_UNKNOWN")
        for bad in ({}, {**node, "more": 1}, {**node, "node_id": 0}, {**node, "node_id": "2"}, {**node, "weight": -1},
                    {**node, "weight": 0}, {**node, "tcp_addr": None}, [node], 5):
            self.code(browser.ask("POST", "/api/fleet", bad), 400, "VALUE")
        seen = [(e["action"], e["target"], e["result"]) for e in self.audit(browser)["entries"]][::-1][:5]
        self.assertEqual(seen, [("node.register", "node 2", "ok"), ("node.register", "node 3", "REGISTRY_REFUSED"),
                                ("node.weight", "node 2", "ok"), ("node.unregister", "node 2", "ok"),
                                ("node.unregister", "node 2", "REGISTRY_REFUSED")])

    def test_what_a_browser_sends_stays_one_parameter(self):
        fake = FakeNode()
        self.addCleanup(fake.shutdown)
        fake.answers["/register"] = (200, {}, json.dumps({"code": 1, "data": None, "msg": "no & never"}))
        web, browser = self.admin(f"http://{fake.addr}")
        text = "a&weight=9#x?y=%20 \u00e9/../\r\nX: y"
        got = browser.ask("POST", "/api/fleet", {"node_id": 5, "tcp_addr": text, "http_addr": "b", "weight": 1})
        self.code(got, 409, "REGISTRY_REFUSED")
        self.assertEqual(got.json["detail"], "no & never")
        asked = next(path for _, path in fake.asked if path.startswith("/register"))
        self.assertEqual(urllib.parse.parse_qsl(asked.split("?", 1)[1]),
                         [("node_id", "5"), ("weight", "1"), ("tcp_addr", text), ("http_addr", "b")])
        self.assertTrue(web.alive())

    def test_of_several_registries_it_says_which_failed(self):
        first, nodes = self.fleet(1)
        fake = FakeNode()
        self.addCleanup(fake.shutdown)
        web, browser = self.admin(first, f"http://{fake.addr}")
        page = self.up(web, 1)
        page.until(lambda: page.node(9), "the other registry's node")
        fake.answers["/editWeight"] = (200, {}, json.dumps({"code": 1, "data": None, "msg": "not today"}))
        got = browser.ask("PATCH", "/api/fleet/1", {"weight": 6})
        self.code(got, 409, "REGISTRY_REFUSED")
        self.assertEqual(got.json["detail"], f"http://{first.http}: done; http://{fake.addr}: not today")
        page.until(lambda: page.node(1)["weight"] == 6, "its weight")
        fake.answers["/editWeight"] = (200, {}, json.dumps({"code": 0, "data": None, "msg": "success"}))
        got = self.ok(browser.ask("PATCH", "/api/fleet/1", {"weight": 5}))
        self.assertEqual([(r["ok"], r["detail"]) for r in got["registries"]], [(True, None), (True, None)])
        self.assertTrue(nodes[0].alive())


    def test_without_a_registry_nothing_is_changed(self):
        _, browser = self.admin("")
        self.assertEqual(self.ok(browser.ask("GET", "/api/fleet")), {"registries": [], "nodes": []})
        node = {"node_id": 1, "tcp_addr": "a:1", "http_addr": "a:2", "weight": 1}
        self.code(browser.ask("POST", "/api/fleet", node), 502, "REGISTRY_DOWN")


class Contained(FleetCase):
    """gweb contacts nobody but nodes that a registry lists."""

    def test_no_path_leads_to_another_host(self):
        registry, nodes = self.fleet(1)
        with socket.create_server(("127.0.0.1", 0)) as canary:
            canary.setblocking(False)
            other = f"127.0.0.1:{canary.getsockname()[1]}"
            web, browser = self.admin(registry)
            self.up(web, 1)
            lines = [f"GET {path} HTTP/1.1\r\nHost: {web.http}\r\n\r\n" for path in (
                "/api/nodes/2/v1/topics", "/api/nodes/0/v1/topics", "/api/nodes/1025/v1/topics",
                "/api/nodes/-1/v1/topics", "/api/nodes/99999999999999999999/v1/topics", "/api/nodes/1x/v1/topics",
                f"/api/nodes/{other}/v1/topics", f"/api/nodes/1@{other}/v1/topics",
                f"/api/nodes/http:%2F%2F{other}%2F/v1/topics", f"/api/nodes/1%2F..%2F{other}/v1/topics",
                "/api/nodes/1/v1/../../push", "/api/nodes/1/v1/%2e%2e/%2e%2e/push", "/api/nodes/1/push",
                "/api/nodes/1/v1/topics/%2e%2e/messages", "/api/nodes/1/v1/topics/..", "/api/nodes/1/v1/topics/%2e",
                "/api/nodes/1/v1/topics/a%2Fmessages%2Fb", "/api/nodes/1/v1/events", "/api/nodes/1/v1/",
                "/api/nodes/1//v1/topics", f"//{other}/api/v1/topics", "/api/nodes/1/v1/topics/a%00b",
                f"/api/nodes/1/v1/topics?x=http://{other}/%0d%0aX:y", "/api/nodes/1/v1/topics?a=\"<>",
                f"/api/past?node={other}", "/api/nodes/1/v1/jobs/%0d%0aHost:%20x")]
            lines.append(f"GET http://{other}/api/v1/node HTTP/1.1\r\nHost: {web.http}\r\n\r\n")
            lines.append(f"GET /api/nodes/1/v1/topics?a=b#c HTTP/1.1\r\nHost: {web.http}\r\n\r\n")
            for text in lines:
                one = self.browser(web)
                got = one.call(text.encode())
                self.assertTrue(got is None or got.status >= 400 or got.content_type.startswith("text/"),
                                (text, got and got.body))
            # A whole URL is as good as its path: it is gweb itself that answers.
            got = self.browser(web).call(f"GET http://{other}/api/nodes/1/v1/node HTTP/1.1\r\n"
                                         f"Host: {web.http}\r\n\r\n".encode())
            self.assertEqual(self.ok(got)["node_id"], 1)
            self.assertRaises(BlockingIOError, canary.accept)
        self.assertNotIn("X:y", nodes[0].output)
        self.assertEqual(self.ok(browser.ask("GET", "/api/nodes/1/v1/topics"))["topics"], [])

    def test_redirects_and_answers_of_strangers_stop_here(self):
        fake = FakeNode()
        self.addCleanup(fake.shutdown)
        with socket.create_server(("127.0.0.1", 0)) as canary:
            canary.setblocking(False)
            away = {"Location": f"http://127.0.0.1:{canary.getsockname()[1]}/", "Content-Length": "0"}
            fake.answers["/api/v1/topics"] = (302, away, "")
            fake.answers["/api/v1/events"] = (307, away, "")
            web, browser = self.admin(f"http://{fake.addr}")
            page = self.live(web)
            page.until(lambda: page.node(9) and page.node(9)["state"] == "down", "node 9 down")
            self.assertIn("status 307", page.node(9)["detail"])
            self.code(browser.ask("GET", "/api/nodes/9/v1/topics"), 502, "NODE_DOWN")
            fake.answers["/api/v1/topics"] = (200, {"Content-Type": "text/html", "Set-Cookie": "gmq_session=x"},
                                              "<script>alert(1)</script>")
            got = browser.ask("GET", "/api/nodes/9/v1/topics")
            self.assertEqual(got.content_type, "application/octet-stream")
            self.assertNotIn("set-cookie", got.headers)
            fake.answers["/api/v1/topics"] = (200, {"Content-Type": "application/json"}, b"x" * (17 << 20))
            self.code(browser.ask("GET", "/api/nodes/9/v1/topics"), 502, "ANSWER_LIMIT")
            self.assertRaises(BlockingIOError, canary.accept)

    def test_answers_that_nobody_takes_have_a_bound(self):
        fake = FakeNode()
        self.addCleanup(fake.shutdown)
        fake.answers["/api/v1/topics"] = (200, {"Content-Type": "application/json"}, b'"' + b"x" * (15 << 20) + b'"')
        web, browser = self.admin(f"http://{fake.addr}")
        page = self.live(web)
        page.until(lambda: page.node(9))
        held = []
        for _ in range(40):
            held.append(self.browser(web))
            held[-1].sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            held[-1].send(f"GET /api/nodes/9/v1/topics HTTP/1.1\r\nHost: {web.http}\r\n\r\n".encode())
            held[-1].fill()  # it begins
        self.code(browser.ask("GET", "/api/nodes/9/v1/topics"), 503, "BUSY")
        self.assertLess(web.rss_bytes(), 400 << 20 if gmqtest.sanitized() else 260 << 20)
        for one in held:
            one.close()
        wait_until(lambda: browser.ask("GET", "/api/nodes/9/v1/topics").status == 200, "room for answers")

    def test_a_node_that_never_stops_talking_leaves_time_for_others(self):
        fake = FakeNode()
        self.addCleanup(fake.shutdown)
        event = b'event: stats\ndata: {"anew":true,"complete":true,"topics":[{"topic":"a","ready":1}]}\n\n' * 1000
        fake.answers["/api/v1/events"] = (200, {}, itertools.repeat(event))
        web, browser = self.admin(f"http://{fake.addr}")
        wait_until(lambda: "node 9 at %s is up" % fake.addr in web.output, "node 9 up")
        for _ in range(30):
            self.assertEqual(browser.ask("GET", "/livez").body, b"OK\n")

    def test_a_node_that_says_nothing_in_many_bytes_is_down(self):
        fake = FakeNode()
        self.addCleanup(fake.shutdown)
        over = threading.Event()
        self.addCleanup(over.set)

        def talk():
            yield b'event: stats\ndata: {"anew":true,"complete":true,"topics":[]}\n\n'
            while not over.wait(0.2):
                yield b":\n"

        fake.answers["/api/v1/events"] = (200, {}, talk())
        web, _ = self.admin(f"http://{fake.addr}")
        page = self.live(web)
        page.until(lambda: page.node(9) and page.node(9)["state"] == "up", "node 9 up")
        page.until(lambda: page.node(9)["detail"] == "it sends, but no figures", "node 9 down")

    def test_nodes_that_talk_nonsense_are_down(self):
        fake = FakeNode()
        self.addCleanup(fake.shutdown)
        fake.answers["/api/v1/events"] = (200, {"Content-Type": "text/event-stream"}, "event: stats\ndata: {]\n\n")
        web, _ = self.admin(f"http://{fake.addr}")
        page = self.live(web)
        page.until(lambda: page.node(9) and page.node(9)["detail"] == "the node's events cannot be read")
        fake.answers["/api/v1/events"] = (200, {}, "data: " + "x" * (5 << 20))
        page.until(lambda: page.node(9)["state"] == "down")
        fake.answers["/api/v1/events"] = (404, {}, "")
        page.until(lambda: "older than" in (page.node(9)["detail"] or ""), "an older node")
        self.assertLess(web.rss_bytes(), 64 << 20)
        fake.listed = "127.0.0.1:1/evil?"
        page.until(lambda: not page.node(9)["listed"], "an address that is none")
        self.assertTrue(re.search(r"node 9", web.output))
        self.assertFalse([path for _, path in fake.asked if "evil" in path])
        self.assertTrue(os.path.isdir(self.folder))
