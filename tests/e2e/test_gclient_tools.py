"""test_gclient_tools - what gclient has for operators: bench, latency, check, context, errors, completion, its manual

SPDX-License-Identifier: MIT
"""
import csv
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import gmqtest  # noqa: E402  (run.py puts tests/ into the path)
from fakenode import FakeHttp, FakeNode  # noqa: E402
import test_gclient  # noqa: E402

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden")
COMMANDS = ("push pop ack dead set peek get history cancel reschedule promote nack reject touch redrive purge pause "
            "resume topic jobs consumers node top tail stat topics nodes bench latency check context errors completion "
            "help").split()


class StallingNode(FakeNode):
    """Stands still for a while before one of its answers."""

    stall_at, stall_s = None, 0.4

    def answer(self, words, rfile):
        if self.stall_at is not None and len(self.seen) == self.stall_at:
            time.sleep(self.stall_s)
        return super().answer(words, rfile)


class ToolCase(test_gclient.ClientCase):
    """With a configuration folder of its own."""

    def tool(self, *args, env=None, stdin=b""):
        return self.gclient(*args, env={"XDG_CONFIG_HOME": self.path("config"), **(env or {})}, stdin=stdin)

    def node(self, *flags):
        """A real node, and the environment that leads to it."""
        node = self.gnode("-register_addr=", *flags)
        return node, {"GMQ_NODE": node.tcp, "GMQ_HTTP": node.http}

    def on_terminal(self, *args, env=None, typed=b"", until=None, interrupt=None):
        """Runs gclient with a terminal on all its streams; returns (exit code, what it showed)."""
        leader, follower = pty.openpty()
        full = {k: v for k, v in os.environ.items() if not k.startswith("GMQ_") and k != "NO_COLOR"}
        full.update({"XDG_CONFIG_HOME": self.path("config"), **(env or {})})
        one = subprocess.Popen([gmqtest.program("gclient"), *args], stdin=follower, stdout=follower, stderr=follower,
                               env=full, cwd=self.folder, start_new_session=True)
        os.close(follower)
        shown, sent = b"", False
        end = time.monotonic() + gmqtest.DEADLINE_S
        while time.monotonic() < end:
            if until and not sent and re.search(until, shown):
                sent = True
                if interrupt:
                    one.send_signal(interrupt)
                else:
                    os.write(leader, typed)
            if not select.select([leader], [], [], 0.1)[0]:
                continue
            try:
                more = os.read(leader, 65536)
            except OSError:
                break
            if not more:
                break
            shown += more
        os.close(leader)
        code = one.wait(gmqtest.DEADLINE_S)
        text = shown.decode("utf-8", "replace").replace("\r\n", "\n")
        self.assertFalse(gmqtest.REPORTS.search(text), text)
        return code, text


class Bench(ToolCase):
    def test_all_modes_leave_the_node_as_it_was(self):
        node, env = self.node()
        for mode, kinds in (("push", ["push"]), ("pop", ["pop", "ack"]), ("mixed", ["push", "pop", "ack"])):
            ran = self.tool("bench", mode, "--count", "2000", "--json", env=env)
            self.assertEqual((ran.code, ran.err), (0, ""))
            got = json.loads(ran.out)
            self.assertEqual([k["request"] for k in got["kinds"]], kinds)
            for kind in got["kinds"]:
                self.assertEqual((kind["requests"], kind["messages"], kind["empty"]), (2000, 2000, 0))
                steps = [kind["latency"][k] for k in ("min_ns", "p50_ns", "p90_ns", "p99_ns", "p99_9_ns", "max_ns")]
                self.assertEqual(steps, sorted(steps))
                self.assertGreater(steps[0], 0)
                self.assertLessEqual(steps[0], kind["latency"]["avg_ns"])
            self.assertEqual(len(got["connections"]), 8)
            self.assertEqual(sum(c["messages"] for c in got["connections"]), 4000 if mode == "mixed" else 2000)
            self.assertRegex(got["topic"], r"^bench\.\d+$")
            self.assertEqual((got["lost"], got["unsent"], got["error"]), (0, 0, ""))
        self.assertEqual(self.http(node).stats(), [])

    def test_batches_delays_and_kept_messages(self):
        node, env = self.node()
        args = ("--count", "2500", "--batch", "1000", "--size", "1k", "--clients", "2", "--in-flight", "1", "--json")
        got = json.loads(self.tool("bench", "push", "kept", *args, env=env).out)
        self.assertEqual([(k["requests"], k["messages"]) for k in got["kinds"]], [(3, 2500)])
        self.assertEqual(self.http(node).stat("kept")["queue_num"], 2500)
        self.assertEqual(self.tcp(node).pop_bin("kept")[2], (b"gmqbench" * 128)[:1024])
        ran = self.tool("bench", "push", "--count", "10", "--keep", env=env)
        topic = re.search(r"topic (bench\.\d+) is kept", ran.err).group(1)
        self.assertEqual(self.http(node).stat(topic)["queue_num"], 10)
        ran = self.tool("bench", "push", "--count", "10", "--delay", "1h", env=env)
        self.assertIn("may hold messages still", ran.err)
        self.assertEqual(max(s["delay_num"] for s in self.http(node).stats()), 10)

    def test_text_chart_and_csv(self):
        _, env = self.node()
        series = self.path("series.csv")
        for _ in range(2):
            ran = self.tool("bench", "mixed", "--count", "500", "--csv", series, env={**env, "LC_ALL": "C.UTF-8"})
            self.assertEqual((ran.code, ran.err), (0, ""))
        self.assertRegex(ran.out, r"(?m)^push +500 +500 +\d+ +\d+\.\d\d( +[\d.]+(ns|\u00b5s|ms|s)){7}$")
        self.assertRegex(ran.out, r"(?m)^msg/s of a connection: min \d+, avg \d+, max \d+, deviation \d+$")
        self.assertRegex(ran.out, r"(?m)^  <= +\d+(us|ms|s) +\d+ +100\.000% [\u2588-\u258f]+$")
        self.assertNotIn("\x1b", ran.out)
        plain = self.tool("bench", "push", "--count", "100", env={**env, "LC_ALL": "C"}).out
        self.assertTrue(plain.isascii(), plain)
        self.assertRegex(plain, r"100\.000% #+\n")
        with open(series, newline="", encoding="ascii") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([r["request"] for r in rows], ["push", "pop", "ack"] * 2)
        self.assertTrue(all(int(r["p50_ns"]) <= int(r["max_ns"]) and r["messages"] == "500" for r in rows))
        self.assertEqual(self.tool("bench", "push", "--count", "1", "--csv", "/nosuch/x", env=env).code, 1)

    def test_messages_of_others_are_not_acked(self):
        node, env = self.node()
        tcp = self.tcp(node)
        tcp.pub("work", b"precious")
        ran = self.tool("bench", "pop", "work", "--count", "5", env=env)
        self.assertEqual(ran.code, 1)
        self.assertIn("work holds 1 messages already", ran.err)
        self.assertIn("that bench has not pushed", ran.err)
        self.assertEqual(self.http(node).stat("work")["wait_ack_num"], 1)
        tcp.pub("work", b"less precious")
        ran = self.tool("bench", "pop", "work", "--count", "5", "--yes", env=env)
        self.assertEqual(ran.code, 0, ran.err)
        self.assertEqual(self.http(node).stat("work")["queue_num"], 0)
        ran = self.tool("bench", "push", "work", "--count", "5", env={**env, "GMQ_HTTP": self.dead_addr()})
        self.assertEqual(ran.code, 0)
        self.assertIn("cannot be told", ran.err)

    def test_a_stall_shows_where_the_rate_is_open(self):
        """A closed loop sends nothing while it waits, and so sees one slow request; an open loop counts all."""
        slow = {}
        for name, more in (("closed", ()), ("open", ("--rate", "1000"))):
            node = StallingNode()
            self.addCleanup(node.close)
            node.stall_at = 100
            ran = self.tool("bench", "push", "t", "--count", "400", "--clients", "1", "--in-flight", "1", "--json",
                            *more, env={"GMQ_NODE": node.addr, "GMQ_HTTP": self.dead_addr()})
            self.assertEqual(ran.code, 0, ran.err)
            slow[name] = json.loads(ran.out)["kinds"][0]["latency"]
        self.assertGreaterEqual(slow["open"]["max_ns"], 300e6)
        self.assertGreaterEqual(slow["closed"]["max_ns"], 300e6)
        self.assertGreaterEqual(slow["open"]["p90_ns"], 100e6)      # 400 requests were due in the 0.4 s
        self.assertLess(slow["closed"]["p90_ns"], slow["open"]["p90_ns"])

    def test_what_was_due_and_never_sent_is_told(self):
        node = StallingNode()
        self.addCleanup(node.close)
        node.stall_at = 10
        ran = self.tool("bench", "push", "t", "--duration", "200ms", "--rate", "1000", "--clients", "1", "--in-flight",
                        "1", "--json", env={"GMQ_NODE": node.addr, "GMQ_HTTP": self.dead_addr()})
        got = json.loads(ran.out)
        self.assertGreater(got["unsent"], 50)
        self.assertLessEqual(got["unsent"] + got["kinds"][0]["requests"], 201)

    def test_failures(self):
        node = FakeNode()
        self.addCleanup(node.close)
        env = {"GMQ_NODE": node.addr, "GMQ_HTTP": self.dead_addr()}
        self.assertEqual(self.tool("bench", "push", env={"GMQ_NODE": self.dead_addr()}).code, 4)
        for args in (("fly",), ("push", "--delay", "500ms"), ("pop", "--batch", "2"), ("pop", "--delay", "1"),
                     ("push", "--clients", "0"), ("push", "--in-flight", "5000"), ("push", "--size", "33m"),
                     ("push", "--size", "1m", "--batch", "100"), (), ("push", "a", "b"), ("push", "a b")):
            self.assertEqual(self.tool("bench", *args, env=env).code, 2, args)
        node.hang_up_after = 50
        ran = self.tool("bench", "push", "t", "--count", "1000", "--json", env=env)
        self.assertEqual(ran.code, 1)
        got = json.loads(ran.out)
        self.assertIn("closed by the node", got["error"])
        self.assertGreater(got["lost"], 0)
        node.hang_up_after = None
        node.do_pub = lambda words, rfile: (rfile.read(132), (102, b"disk full"))[1]
        ran = self.tool("bench", "push", "t", "--count", "1000", env=env)
        self.assertEqual(ran.code, 5)
        self.assertIn("gclient: push: disk full\n", ran.err)

    def test_an_original_node(self):
        node = FakeNode(original=True)
        self.addCleanup(node.close)
        env = {"GMQ_NODE": node.addr, "GMQ_HTTP": self.dead_addr()}
        ran = self.tool("bench", "mixed", "t", "--count", "100", "--original", "--json", env=env)
        self.assertEqual((ran.code, [k["messages"] for k in json.loads(ran.out)["kinds"]]), (0, [100, 100, 100]))

    def test_ctrl_c_prints_what_it_has(self):
        _, env = self.node()
        code, shown = self.on_terminal("bench", "mixed", "--duration", "1h", env=env, until=rb"mixed \d+ .*/s",
                                       interrupt=signal.SIGINT)
        self.assertEqual(code, 130, shown)
        self.assertIn("(interrupted)", shown)
        self.assertRegex(shown, r"(?m)^(\x1b\[1m)?push +\d+")
        self.assertIn("\x1b[36m", shown)
        code, shown = self.on_terminal("bench", "push", "--count", "100", "--no-progress", env={**env, "NO_COLOR": "1"})
        self.assertEqual(code, 0)
        self.assertNotIn("\x1b", shown)


class Latency(ToolCase):
    def test_pings(self):
        node, env = self.node()
        ran = self.tool("latency", "--count", "20", "--interval", "1ms", "--json", env=env)
        got = json.loads(ran.out)
        self.assertEqual((ran.code, got["pings"], got["lost"]), (0, 20, 0))
        self.assertLessEqual(got["min_ns"], got["p50_ns"])
        self.assertLessEqual(got["p50_ns"], got["max_ns"])
        self.assertEqual(self.http(node).stats(), [])
        ran = self.tool("latency", "--count", "5", "--interval", "1ms", env=env)
        self.assertRegex(ran.out, r"^http://\S+/ping: 5 pings, 0 lost\nmin .*, avg .*, p50 .*, max .*\n\n  <=")
        self.assertEqual(self.tool("latency", env={"GMQ_HTTP": self.dead_addr()}).code, 4)
        self.assertEqual(self.tool("latency", "--http", "ftp://x").code, 4)
        self.assertEqual(self.tool("latency", "x").code, 2)

    def test_ctrl_c_ends_it_well(self):
        _, env = self.node()
        code, shown = self.on_terminal("latency", "--interval", "5ms", env=env, until=rb"\d+ pings, 0 lost: p50",
                                       interrupt=signal.SIGINT)
        self.assertEqual(code, 0, shown)
        self.assertRegex(shown, r"\d+ pings, 0 lost\nmin ")


class Check(ToolCase):
    def test_a_node(self):
        node, env = self.node()
        ran = self.tool("check", "node", env=env)
        self.assertEqual((ran.code, ran.err), (0, ""))
        self.assertRegex(ran.out, r"^GMQ OK - node: \d\.\d+ s ping, 0 topics, 0 ready, .* "
                         r"\| ping=\d\.\d+s;;;0 topics=0;;;0 ")
        self.assertEqual(self.tool("check", "node", "--latency-max", "1h", env=env).code, 0)
        node.stop()
        ran = self.tool("check", "node", env=env)
        self.assertEqual(ran.code, 2)
        self.assertIn("GMQ CRITICAL - node: http://", ran.out)

    def test_the_tcp_door_counts_too(self):
        node, env = self.node()
        ran = self.tool("check", "node", env={**env, "GMQ_NODE": self.dead_addr()})
        self.assertEqual(ran.code, 2)
        self.assertIn("Connection refused", ran.out)
        self.assertEqual(self.tool("check", "topic", "x", env={**env, "GMQ_NODE": self.dead_addr()}).code, 3)
        self.assertTrue(node.alive())

    def test_a_topic(self):
        node, env = self.node()
        tcp = self.tcp(node)
        for i in range(5):
            tcp.pub("mail", b"x")
        tcp.pub("mail", b"later", 1000)
        tcp.pop("mail")
        cases = [((), 0), (("--ready-max", "4"), 0), (("--ready-warn", "3"), 1), (("--ready-max", "3"), 2),
                 (("--ready-warn", "0", "--ready-max", "100"), 1), (("--delayed-max", "0"), 2),
                 (("--in-flight-warn", "0"), 1), (("--dead-max", "0"), 0)]
        for args, code in cases:
            for form in ("nagios", "text", "json", "prometheus"):
                ran = self.tool("check", "topic", "mail", *args, "--format", form, env=env)
                self.assertEqual((ran.code, ran.err), (code, ""), (args, form))
        got = json.loads(self.tool("check", "topic", "mail", "--json", env=env).out)
        self.assertEqual(got["measures"][0]["value"], 4)
        ran = self.tool("check", "topic", "nosuch", env=env)
        self.assertEqual((ran.code, ran.out), (3, "GMQ UNKNOWN - topic nosuch: there is no such topic\n"))

    def test_a_wrong_command_line_is_unknown(self):
        for args in ((), ("moon",), ("topic",), ("node", "x"), ("node", "--ready-max", "-1"), ("node", "--format", "x"),
                     ("node", "--context", "nosuch")):
            self.assertEqual(self.tool("check", *args).code, 3, args)

    def test_another_service_is_unknown(self):
        door = self.fake_http(FakeHttp({"/ping": b"hello", "/getAllTopicStat": b"hello"}))
        self.assertEqual(self.tool("check", "node", env={"GMQ_HTTP": door.addr}).code, 3)
        self.assertEqual(self.tool("check", "topic", "t", env={"GMQ_HTTP": door.addr}).code, 3)


class Context(ToolCase):
    def test_a_context_leads_to_its_node(self):
        node, _ = self.node()
        self.assertEqual(self.tool("context", "ls"), test_gclient.Ran(0, "", ""))
        self.assertEqual(self.tool("context", "show").code, 6)
        ran = self.tool("context", "add", "live", "--node", node.tcp, "--http", node.http, "--description",
                        "the real one")
        self.assertEqual(ran, test_gclient.Ran(0, "", ""))
        self.assertEqual(self.tool("topics", "--context", "live").code, 0)
        self.assertEqual(self.tool("push", "mail", "x", "--context", "live").code, 0)
        self.assertEqual(self.tool("stat", "mail", env={"GMQ_CONTEXT": "live"}).code, 0)
        self.assertEqual(self.tool("stat", "mail", env={"GMQ_HTTP": self.dead_addr(), "GMQ_CONTEXT": "live"}).code, 4)
        self.assertEqual(self.tool("stat", "mail", "--context", "live", env={"GMQ_HTTP": self.dead_addr()}).code, 0)
        self.assertEqual(self.tool("context", "select", "live").code, 0)
        self.assertEqual(self.tool("pop", "mail").out[-5:], "0  x\n")
        ran = self.tool("pop", "mail", "--node", self.dead_addr(), "--timeout", "1")
        self.assertEqual(ran.code, 4)
        shown = json.loads(self.tool("context", "show", "--json").out)
        self.assertEqual(shown, {"name": "live", "selected": True, "description": "the real one", "node": node.tcp,
                                 "http": node.http, "register": ""})
        self.assertIn("context      live (selected)\n", self.tool("context", "show").out)
        self.assertRegex(self.tool("context", "ls").out, r"\* live +127\.0\.0\.1:\d+ .* the real one\n")
        self.assertEqual(json.loads(self.tool("context", "rm", "live", "--json").out), {"name": "live", "done": "rm"})
        self.assertEqual(self.tool("context", "show").code, 6)

    def test_a_context_that_cannot_be_read_is_never_passed_over(self):
        self.tool("context", "add", "a", "--node", self.dead_addr())
        self.tool("context", "add", "b", "--node", self.dead_addr())
        self.tool("context", "select", "a")
        with open(self.path("config", "gmq", "context", "a.conf"), "a", encoding="ascii") as file:
            file.write("nonsense = 1\n")
        ran = self.tool("push", "t", "x")
        self.assertEqual(ran.code, 2)
        self.assertRegex(ran.err, r"^gclient: context a: .*/a\.conf:\d+: unknown key 'nonsense'")
        ran = self.tool("context", "ls", "--json")
        self.assertEqual((ran.code, json.loads(ran.out)["name"]), (2, "b"))
        os.unlink(self.path("config", "gmq", "context", "a.conf"))
        self.assertEqual(self.tool("push", "t", "x").code, 2)
        self.assertEqual(self.tool("errors", "DELAY").code, 0)
        self.assertEqual(self.tool("context", "select").code, 0)
        self.assertEqual(self.tool("push", "t", "x", env={"GMQ_URL": "http://x"}).code, 2)
        self.assertEqual(self.tool("push", "t", "x", env={"GMQ_URL": f"tcp://{self.dead_addr()}"}).code, 4)

    def test_usage_and_codes(self):
        cases = [((), 2), (("fly",), 2), (("add",), 2), (("add", "x"), 2), (("add", "../x", "--node", "a:1"), 2),
                 (("add", "x", "--node", "a b"), 2), (("rm",), 2), (("rm", "x"), 6), (("show", "x"), 6),
                 (("select", "x"), 6), (("ls", "x"), 2), (("add", "x", "--node", "a:1"), 0),
                 (("add", "x", "--node", "b:1"), 1), (("add", "x", "--node", "b:1", "--yes"), 0), (("rm", "x"), 0)]
        for args, code in cases:
            self.assertEqual(self.tool("context", *args).code, code, args)
        self.assertEqual(self.gclient("context", "ls", env={"HOME": "", "XDG_CONFIG_HOME": ""}).code, 1)


class Errors(ToolCase):
    def test_lookup(self):
        self.assertEqual(self.tool("errors", "TOPIC_LIMIT").out.splitlines()[0], "TOPIC_LIMIT  -5019")
        one = json.loads(self.tool("errors", "gmq_e_disk_full", "--json").out)
        self.assertEqual((one["name"], one["code"], one["http_status"], one["text"]),
                         ("DISK_FULL", -5021, 507, "disk full"))
        self.assertTrue(one["hint"])
        self.assertEqual(self.tool("errors", "-5021", "--json").out, self.tool("errors", "5021", "--json").out)
        self.assertIn("ERR_UNKNOWN_OUTCOME", self.tool("errors", "answer was lost").out)
        self.assertEqual(self.tool("errors", "nosuch").code, 6)
        self.assertEqual(self.tool("errors", "a", "b").code, 2)
        lines = [json.loads(line) for line in self.tool("errors", "--json").out.splitlines()]
        self.assertGreater(len(lines), 40)
        self.assertTrue(all(line["hint"] for line in lines))
        self.assertFalse([line["text"] for line in lines if "%" in line["text"]])


class Ask(ToolCase):
    def test_what_is_gone_for_good_is_asked_for_on_a_terminal(self):
        node, env = self.node("-msg_ttr=1", "-msg_max_retry=0")
        tcp = self.tcp(node)
        for body in (b"first", b"second", b"third"):
            tcp.pub("t", body)
            tcp.pop("t")
        gmqtest.wait_until(lambda: self.http(node).stat("t")["dead_num"] == 3, "three dead messages")
        question = rb"for good\? \[y/N\] $"
        for typed in (b"\n", b"n\n"):
            code, shown = self.on_terminal("dead", "t", env=env, until=question, typed=typed)
            self.assertEqual((code, "nothing was done" in shown), (1, True), shown)
        self.assertEqual(self.http(node).stat("t")["dead_num"], 3)
        code, shown = self.on_terminal("dead", "t", env=env, until=question, typed=b"y\n")
        self.assertEqual((code, "first" in shown), (0, True), shown)
        code, shown = self.on_terminal("dead", "t", "--yes", env=env)
        self.assertEqual((code, "second" in shown, "[y/N]" in shown), (0, True, False), shown)
        self.assertEqual(self.tool("dead", "t", env=env).out[-6:], "third\n")

    def test_contexts_are_not_lost_by_mistake(self):
        self.tool("context", "add", "a", "--node", "a:1")
        code, _ = self.on_terminal("context", "rm", "a", until=rb"\[y/N\] $", typed=b"n\n")
        self.assertEqual((code, self.tool("context", "show", "a").code), (1, 0))
        code, _ = self.on_terminal("context", "add", "a", "--node", "b:1", until=rb"\[y/N\] $", typed=b"y\n")
        self.assertEqual((code, json.loads(self.tool("context", "show", "a", "--json").out)["node"]), (0, "b:1"))


class Completion(ToolCase):
    def complete(self, line, env=None, breaks=None):
        """What bash would offer for the line, by its own script."""
        script = ('eval "$(gclient completion bash)"\n' + (f"COMP_WORDBREAKS={breaks}\n" if breaks else "") +
                  'COMP_LINE=$1; COMP_POINT=${#1}; read -ra COMP_WORDS <<<"$1"\n'
                  '[[ $1 == *" " ]] && COMP_WORDS+=("")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n'
                  '_gclient gclient "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"\n'
                  'printf "%s\\n" "${COMPREPLY[@]}"\n')
        full = {"PATH": f"{gmqtest.build()}:{os.environ['PATH']}", "XDG_CONFIG_HOME": self.path("config"),
                **(env or {})}
        ran = subprocess.run(["bash", "--norc", "-c", script, "bash", line], env=full, cwd=self.folder, check=True,
                             capture_output=True, text=True, timeout=gmqtest.DEADLINE_S)
        self.assertEqual(ran.stderr, "")
        return [one for one in ran.stdout.split("\n") if one]

    def test_bash(self):
        node, env = self.node()
        tcp = self.tcp(node)
        for topic in ("mail", "mail:in", "map", "$(touch x)"[:7] + ")", "`id`", "a'b"):
            tcp.pub(topic, b"x")
        self.tool("context", "add", "live", "--node", node.tcp, "--http", node.http)
        self.assertEqual(self.complete("gclient "), list(COMMANDS))
        self.assertEqual(self.complete("gclient pu"), ["push", "purge"])
        self.assertEqual(self.complete("gclient push ma", env), ["mail", "mail:in", "map"])
        self.assertEqual(self.complete("gclient push mail:", env), ["in"])
        self.assertEqual(self.complete("gclient push mail:", env, breaks="' '"), ["mail:in"])
        self.assertEqual(self.complete("gclient push $", env), [r"\$\(touch\)"])
        self.assertEqual(self.complete("gclient push `", env), [r"\`id\`"])
        self.assertEqual(self.complete("gclient push a'", env), [r"a\'b"])
        self.assertFalse(os.path.exists(self.path("x")))
        self.assertEqual(self.complete("gclient stat map --ht"), ["--http"])
        self.assertEqual(self.complete("gclient stat --http " + node.http + " map"), ["map"])
        self.assertEqual(self.complete("gclient stat --context live map"), ["map"])
        self.assertEqual(self.complete("gclient stat --context "), ["live"])
        self.assertEqual(self.complete("gclient set map "), ["on", "off"])
        self.assertEqual(self.complete("gclient check topic map --format=p", env), ["prometheus"])
        self.assertEqual(self.complete("gclient bench push --csv "), [])

    def test_silent_and_bounded_without_a_node(self):
        self.assertEqual(self.complete("gclient push ma", {"GMQ_HTTP": self.dead_addr()}), [])
        self.assertEqual(self.complete("gclient push ma", {"GMQ_HTTP": "!"}), [])
        self.assertEqual(self.complete("gclient push ma", {"GMQ_CONTEXT": "nosuch"}), [])
        deaf = gmqtest.socket.create_server(("127.0.0.1", 0))
        self.addCleanup(deaf.close)
        self.assertEqual(self.complete("gclient push ma", {"GMQ_HTTP": "127.0.0.1:%d" % deaf.getsockname()[1]}), [])

    def test_scripts_are_the_ones_that_were_looked_at(self):
        for shell in ("bash", "zsh", "fish"):
            ran = self.tool("completion", shell)
            with open(os.path.join(GOLDEN, "completion." + shell), encoding="utf-8") as file:
                self.assertEqual(ran.out, file.read(), shell)
            self.assertEqual(json.loads(self.tool("completion", shell, "--json").out)["script"], ran.out)
            if shutil.which(shell):
                subprocess.run([shell, "-n"], input=ran.out, text=True, check=True)
        self.assertEqual(self.tool("completion", "cmd").code, 2)


class Manual(ToolCase):
    def test_help_is_made_from_the_tables(self):
        everything = json.loads(self.tool("help", "--json").out)
        self.assertEqual([c["name"] for c in everything["commands"]], list(COMMANDS))
        for command in everything["commands"]:
            self.assertIn("json", [f["name"] for f in command["flags"]], command["name"])
            text = self.tool("help", command["name"]).out
            self.assertTrue(all(f"--{f['name']}" in text for f in command["flags"]))
            self.assertEqual(json.loads(self.tool("help", command["name"], "--json").out), command)
            self.assertEqual(self.tool(command["name"], "--nosuch").code, 3 if command["name"] == "check" else 2)

    def test_the_manual_page_is_sound(self):
        page = self.tool("help", "--man").out
        lines = page.splitlines()
        self.assertRegex(lines[1], r'^\.TH GCLIENT 1 "" "gmq \d+\.\d+\.\d+" "gmq"$')
        self.assertEqual([line[4:].strip('"') for line in lines if line.startswith(".SH ")],
                         ["NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "ENVIRONMENT", "FILES", "EXIT STATUS",
                          "THE ORIGINAL'S FORM"])
        known = re.compile(r"^\.(\\\"|TH |SH |SS |TP$|PP$|br$|nf$|fi$)")
        self.assertEqual([line for line in lines if line.startswith(".") and not known.match(line)], [])
        self.assertEqual([line for line in lines if line.startswith("'") or line != line.rstrip()], [])
        self.assertEqual(lines.count(".nf"), lines.count(".fi"))
        self.assertEqual(page.count("\\fB") + page.count("\\fI"), page.count("\\fR"))
        if shutil.which("groff"):
            ran = subprocess.run(["groff", "-man", "-ww", "-Tutf8"], input=page, text=True, capture_output=True,
                                 check=True)
            self.assertEqual(ran.stderr, "")
            self.assertIn("bench", ran.stdout)

    def test_the_document_has_the_tables_of_the_program(self):
        ran = subprocess.run([os.path.join(gmqtest.ROOT, "tools", "docs"), gmqtest.build(), "--check"],
                             capture_output=True, text=True, check=False)
        self.assertIn(ran.returncode, (0, 1), ran.stderr)
        self.assertNotIn("gclient.md", ran.stdout)

    def test_make_install_brings_completion_and_manual(self):
        root = self.path("root")
        subprocess.run(["make", "-s", "-C", gmqtest.ROOT, f"BUILD={gmqtest.build()}", "PROGRAMS=gclient",
                        f"SAN={test_gclient.sanitizers()}", f"DESTDIR={root}", "PREFIX=/usr", "install"], check=True,
                       stdout=subprocess.DEVNULL)
        share = os.path.join(root, "usr", "share")
        for path, args in (("bash-completion/completions/gclient", ("completion", "bash")),
                           ("zsh/site-functions/_gclient", ("completion", "zsh")),
                           ("fish/vendor_completions.d/gclient.fish", ("completion", "fish")),
                           ("man/man1/gclient.1", ("help", "--man"))):
            with open(os.path.join(share, path), encoding="utf-8") as file:
                self.assertEqual(file.read(), self.tool(*args).out, path)
