"""test_gclient_ops - gclient's operations: see and steer messages, topics, jobs, top, tail

SPDX-License-Identifier: MIT
"""
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import fcntl
import termios
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import gmqtest  # noqa: E402  (run.py puts tests/ into the path)
import test_gclient_tools  # noqa: E402

FACTS = {"id": "7", "topic": "mail", "state": "dead", "retry_count": 2, "reason": "rejected",
         "text": "no \u001b[2Jsuch", "body_bytes": 9, "body": "a\u202eb\u001b]0;x\u0007", "truncated": False,
         "pushed_at": "2026-01-31T08:00:00.000Z", "since": "2026-01-31T08:00:00.000Z"}
ODD = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


class Terminal:
    """gclient on a terminal of so many lines and columns; what it shows is collected."""

    def __init__(self, argv, env, cwd, lines=24, columns=80):
        leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.before = termios.tcgetattr(follower)
        self.process = subprocess.Popen([gmqtest.program("gclient"), *argv], stdin=follower, stdout=follower,
                                        stderr=follower, env=env, cwd=cwd, start_new_session=True)
        self.leader, self.follower, self.shown = leader, follower, ""

    def read(self, seconds):
        """Takes in what comes within that time."""
        if not select.select([self.leader], [], [], seconds)[0]:
            return
        self.shown += os.read(self.leader, 65536).decode("utf-8", "replace")

    def wait(self, pattern):
        """Waits until the pattern was shown, and forgets all up to there; returns the match."""
        end = time.monotonic() + gmqtest.DEADLINE_S
        while True:
            match = re.search(pattern, self.shown, re.S)
            if match:
                self.shown = self.shown[match.end():]
                return match
            if time.monotonic() > end:
                raise AssertionError(f"never shown: {pattern!r}, but {self.shown[-2000:]!r}")
            self.read(0.1)

    def type(self, text):
        os.write(self.leader, text.encode())

    def end(self):
        """Waits for the end; returns (exit code, all that was shown since the last match)."""
        code = self.process.wait(gmqtest.DEADLINE_S)
        while select.select([self.leader], [], [], 0)[0]:
            self.read(0)
        settings = termios.tcgetattr(self.follower)
        os.close(self.leader)
        os.close(self.follower)
        if settings != self.before:
            raise AssertionError("the terminal was left in another state")
        return code, self.shown


class OpsCase(test_gclient_tools.ToolCase):
    def terminal(self, *args, env=None, **more):
        full = {k: v for k, v in os.environ.items() if not k.startswith("GMQ_") and k != "NO_COLOR"}
        full.update({"XDG_CONFIG_HOME": self.path("config"), "LC_ALL": "C.UTF-8", **(env or {})})
        one = Terminal(args, full, self.folder, **more)
        self.addCleanup(lambda: one.process.poll() is None and one.process.kill())
        return one

    def fake(self, **operations):
        """A node that answers operations; `message_list` stands for message.list."""
        node = self.fake_node()
        node.operations = {name.replace("_", ".", 1): answer for name, answer in operations.items()}
        return node, {"GMQ_NODE": node.addr}

    def lines(self, ran):
        self.assertEqual((ran.code, ran.err), (0, ""))
        return [json.loads(line) for line in ran.out.splitlines()]


class Arguments(OpsCase):
    """What is asked for, by a node that only listens."""

    def asked(self, *args, answer=None, code=0):
        """The operation and the arguments that a command line becomes."""
        name = {"peek": "message.list", "get": "message.get"}.get(args[0])
        node, env = self.fake()
        given = answer or {}

        def any_answer(_):
            return given

        node.operations = {op: any_answer for op in (
            "message.list message.get message.find message.history message.cancel message.reschedule message.promote "
            "message.nack message.touch message.push message.pop dead.redrive dead.delete job.list job.get job.cancel "
            "topic.list topic.get topic.create topic.set topic.delete topic.pause topic.resume topic.purge "
            "topic.consumers").split()}
        ran = self.tool(*args, env=env)
        self.assertEqual(ran.code, code, ran.err)
        self.assertTrue(node.calls, name)
        return node.calls[-1]

    def test_messages(self):
        for args, want in (
            (("peek", "t"), ("message.list", {"topic": "t", "state": "ready", "body": "first", "limit": 100})),
            (("peek", "t", "--state", "dead", "--from", "tail", "--limit", "5", "--cursor", "c.1", "--body", "none",
              "--text", "x", "--older-than", "2h"),
             ("message.list", {"topic": "t", "state": "dead", "from": "tail", "limit": 5, "cursor": "c.1",
                               "body": "none", "text": "x", "older_than_ms": 7200000})),
            (("get", "7"), ("message.get", {"id": "7", "body": "whole"})),
            (("get", "t", "--key", "k", "--body", "first", "--body-bytes", "1k"),
             ("message.find", {"topic": "t", "key": "k", "body": "first", "body_bytes": 1024})),
            (("history", "7", "--limit", "3"), ("message.history", {"id": "7", "limit": 3})),
            (("cancel", "7"), ("message.cancel", {"id": "7"})),
            (("promote", "7"), ("message.promote", {"id": "7"})),
            (("reschedule", "7", "--delay", "5m"), ("message.reschedule", {"id": "7", "delay_ms": 300000})),
            (("reschedule", "7", "--at", "2026-01-31T08:00:00Z"),
             ("message.reschedule", {"id": "7", "due_at": "2026-01-31T08:00:00Z"})),
            (("nack", "t", "7", "8", "--delay", "0", "--no-retry"),
             ("message.nack", {"topic": "t", "ids": ["7", "8"], "delay_ms": 0, "count_retry": False})),
            (("nack", "t", "7"), ("message.nack", {"topic": "t", "ids": ["7"]})),
            (("reject", "t", "7", "--reason", "no"),
             ("message.nack", {"topic": "t", "ids": ["7"], "reject": True, "reason": "no"})),
            (("touch", "t", "7", "--ttr", "2m"), ("message.touch", {"topic": "t", "ids": ["7"], "ttr_ms": 120000})),
        ):
            self.assertEqual(self.asked(*args), want)

    def test_dead_and_jobs(self):
        for args, want in (
            (("redrive", "t", "7", "--to", "u", "--delay", "3d"),
             ("dead.redrive", {"topic": "t", "ids": ["7"], "to": "u", "delay_ms": 259200000})),
            (("redrive", "t", "--all", "--rate", "50"), ("dead.redrive", {"topic": "t", "all": True, "rate": 50})),
            (("dead", "redrive", "t", "--older-than", "1d", "--text", "x"),
             ("dead.redrive", {"topic": "t", "older_than_ms": 86400000, "text": "x"})),
            (("dead", "delete", "t", "7"), ("dead.delete", {"topic": "t", "ids": ["7"]})),
            (("dead", "delete", "t", "--all", "--yes"), ("dead.delete", {"topic": "t", "all": True})),
            (("dead", "list", "t"),
             ("message.list", {"topic": "t", "state": "dead", "body": "first", "limit": 100})),
            (("dead", "export", "t"),
             ("message.list", {"topic": "t", "state": "dead", "body": "whole", "limit": 1000})),
            (("dead", "show", "7"), ("message.get", {"id": "7", "body": "whole"})),
            (("jobs",), ("job.list", {})),
            (("jobs", "3"), ("job.get", {"job": "3"})),
            (("jobs", "3", "--cancel"), ("job.cancel", {"job": "3"})),
        ):
            self.assertEqual(self.asked(*args), want)

    def test_topics(self):
        for args, want in (
            (("topic", "list"), ("topic.list", {"limit": 1000})),
            (("topic", "list", "ma", "--limit", "5"), ("topic.list", {"filter": "ma", "limit": 5})),
            (("topic", "show", "t"), ("topic.get", {"topic": "t"})),
            (("topic", "create", "t", "--ttr", "2m", "--auto-ack", "on"),
             ("topic.create", {"name": "t", "ttr_ms": 120000, "auto_ack": True})),
            (("topic", "set", "t", "--max-messages", "5"), ("topic.set", {"topic": "t", "limits": {"messages": 5}})),
            (("topic", "set", "t", "--max-age", "default", "--over", "drop", "--jitter", "5"),
             ("topic.set", {"topic": "t", "limits": {"age_ms": None, "over": "drop"}, "retry": {"jitter_percent": 5}})),
            (("topic", "delete", "t", "--yes"), ("topic.delete", {"topic": "t"})),
            (("pause", "t", "--pop", "--for", "30m"), ("topic.pause", {"topic": "t", "for_ms": 1800000, "pop": True})),
            (("pause", "t", "--until", "2026-01-31T08:00:00Z"),
             ("topic.pause", {"topic": "t", "until": "2026-01-31T08:00:00Z"})),
            (("resume", "t", "--push"), ("topic.resume", {"topic": "t", "push": True})),
            (("purge", "t", "--state", "ready", "--yes"), ("topic.purge", {"topic": "t", "state": "ready"})),
            (("consumers", "t"), ("topic.consumers", {"topic": "t"})),
            (("top", "ma", "--once"), ("topic.list", {"filter": "ma", "limit": 1000})),
        ):
            self.assertEqual(self.asked(*args), want)

    def test_push(self):
        ids = {"ids": ["9"], "duplicate": False}
        self.assertEqual(
            self.asked("push", "t", "x", "--ttr", "90", "--max-retries", "0", "--lifetime", "1d",
                       "--header", "a: b", "--header", "c:d:e", "--key", "k", "--dedup-key", "q", answer=ids),
            ("message.push", {"topic": "t", "body": "x", "ttr_ms": 90000, "max_retries": 0,
                              "lifetime_ms": 86400000, "headers": {"a": "b", "c": "d:e"}, "key": "k",
                              "dedup_key": "q"}))
        self.assertEqual(self.asked("push", "t", "x", "--ttr", "0", "--auto-ack", answer=ids),
                         ("message.push", {"topic": "t", "body": "x", "ttr_ms": 0, "auto_ack": True}))
        self.assertEqual(self.asked("push", "t", "x", "--delay", "1500ms", answer=ids),
                         ("message.push", {"topic": "t", "body": "x", "delay_ms": 1500}))
        self.assertEqual(self.asked("push", "t", "x", "--count", "2", "--suffix", "_", "--ttr", "9", answer=ids),
                         ("message.push", {"topic": "t", "messages": [{"body": "x_0", "ttr_ms": 9000},
                                                                      {"body": "x_1", "ttr_ms": 9000}]}))

    def test_wrong_command_lines_ask_for_nothing(self):
        node, env = self.fake(message_list={})
        for args in (("cancel", "x"), ("get", "mail"), ("reschedule", "7"), ("reschedule", "7", "--at", "soon"),
                     ("reschedule", "7", "--at", "2026-01-31T08:00:00Z", "--delay", "1"), ("redrive", "t"),
                     ("redrive", "t", "7", "--all"), ("redrive", "t", "x"), ("dead", "list"), ("dead", "delete", "t"),
                     ("dead", "nosuch", "t"), ("dead", "show", "7", "8"), ("purge", "t"), ("topic", "show"),
                     ("purge", "t", "--state", "ready"), ("topic", "delete", "t"), ("dead", "delete", "t", "--all"),
                     ("topic", "nosuch"), ("topic", "create", "t", "--ttr", "soon"), ("jobs", "x"),
                     ("jobs", "--cancel"), ("node", "hide"), ("pause", "t", "--until", "soon"),
                     ("pause", "t", "--until", "2026-01-31T08:00:00Z", "--for", "1"), ("peek", "t", "--state", "gone"),
                     ("push", "t", "x", "--at", "soon"), ("push", "t", "x", "--count", "2", "--dedup-key", "k"),
                     ("push", "t", "x", "--ttr", "1", "--auto-ack"),
                     ("top", "--sort", "nothing")):
            ran = self.tool(*args, env=env)
            self.assertEqual((ran.code, ran.out), (2, ""), args)
            self.assertTrue(ran.err.startswith("gclient: "), ran.err)
        self.assertEqual(node.calls, [])


class Answers(OpsCase):
    """What is shown of an answer, and how a failure ends."""

    def test_nothing_odd_reaches_a_terminal(self):
        node, env = self.fake(message_list={"messages": [FACTS], "next": None}, message_get=FACTS,
                              message_history={"id": "7", "complete": True, "next": None, "events": [
                                  {"at": "2026-01-31T08:00:00Z", "event": "dead", "text": "\u202ex\u001b[1m"}]},
                              message_cancel="bad \u001b[31m \u202e thing",
                              topic_list={"topics": [{"topic": "a\u202eb\u001b[2J\u009bc"}], "next": None},
                              job_list={"jobs": [{"job": "1", "kind": "\u001b[2J", "error": "\u009b"}]})
        for args in (("peek", "mail", "--state", "dead"), ("peek", "mail", "--json"), ("get", "7"), ("history", "7"),
                     ("get", "7", "--json"), ("history", "7", "--json"), ("topic", "list"), ("topic", "list", "--json"),
                     ("top", "--once"), ("top", "--once", "--json"), ("jobs",), ("cancel", "7")):
            ran = self.tool(*args, env=env)
            self.assertFalse(ODD.search(ran.out + ran.err), (args, ran.out, ran.err))
            self.assertTrue(ran.out + ran.err)
        self.assertEqual(json.loads(self.tool("get", "7", "--json", env=env).out), FACTS)
        self.assertEqual(self.tool("get", "7", "--raw", env=env).out, FACTS["body"])
        self.assertEqual(self.tool("cancel", "7", env=env).err, "gclient: bad \\x1b[31m \\xe2\\x80\\xae thing\n")
        self.assertEqual(node.calls[0][1]["state"], "dead")

    def test_lists_page_by_themselves(self):
        def page(arguments):
            first = int(arguments.get("cursor", "0"))
            count = min(arguments["limit"], 2500 - first)
            return {"messages": [{"id": str(i)} for i in range(first, first + count)],
                    "next": str(first + count) if first + count < 2500 else None}

        node, env = self.fake(message_list=page)
        got = self.lines(self.tool("dead", "export", "t", env=env))
        self.assertEqual([m["id"] for m in got], [str(i) for i in range(2500)])
        self.assertEqual([c[1]["limit"] for c in node.calls], [1000, 1000, 1000])
        ran = self.tool("peek", "t", "--limit", "1200", "--json", env=env)
        self.assertEqual((ran.code, ran.out.count("\n"), ran.err), (0, 1200, "gclient: there is more: --cursor 1200\n"))
        ran = self.tool("peek", "t", "--limit", "2000", "--cursor", "1200", "--json", env=env)
        self.assertEqual((ran.code, ran.out.count("\n"), ran.err), (0, 1300, ""))

    def test_exit_codes(self):
        for text, code in (("no message with this id is here", 6), ("topic is not exist", 6), ("no such job", 6),
                           ("the message is in flight", 5), ("topic is paused", 5), ("unknown operation", 5)):
            _, env = self.fake(message_cancel=text)
            ran = self.tool("cancel", "7", env=env)
            self.assertEqual((ran.code, ran.out, ran.err), (code, "", f"gclient: {text}\n"))
        self.assertEqual(self.tool("cancel", "7", env={"GMQ_NODE": self.dead_addr()}).code, 4)
        _, env = self.fake(message_nack={"done": 1, "unknown": ["8"]})
        ran = self.tool("nack", "t", "7", "8", env=env)
        self.assertEqual((ran.code, ran.out, ran.err), (6, "1 given back\n", "gclient: 8 is not in flight\n"))

    def test_some_of_many_may_fail(self):
        def cancel(arguments):
            if arguments["id"] == "8":
                return "no message with this id is here"
            return {"id": arguments["id"], "topic": "t", "was": "ready"}

        node, env = self.fake(message_cancel=cancel)
        ran = self.tool("cancel", "7", "8", "9", env=env)
        self.assertEqual((ran.code, ran.out), (6, "7  cancelled, was ready in t\n9  cancelled, was ready in t\n"))
        self.assertEqual(len(node.calls), 3)

    def test_pop_shows_all_that_a_message_has(self):
        left = [{"topic": "t", "id": str(i), "body": "x", "retry_count": 0, "headers": {"a": "b"}, "key": "k"}
                for i in range(1, 4)]

        def pop(arguments):
            return {"messages": [left.pop(0) for _ in range(min(arguments["count"], len(left)))]}

        node, env = self.fake(message_pop=pop)
        got = self.lines(self.tool("pop", "t", "--json", "-n", "2", env=env))
        self.assertEqual([(m["id"], m["headers"], m["key"]) for m in got], [("1", {"a": "b"}, "k"),
                                                                           ("2", {"a": "b"}, "k")])
        self.lines(self.tool("pop", "t", "--json", "-n", "9", env=env))
        self.assertEqual(self.tool("pop", "t", "u", "--json", "--wait", "1", env=env).code, 3)
        self.assertEqual(node.calls[-1], ("message.pop", {"topics": ["t", "u"], "count": 1, "wait_ms": 1000}))

    def test_a_duplicate_is_told(self):
        _, env = self.fake(message_push={"ids": ["9"], "duplicate": True})
        ran = self.tool("push", "t", "x", "--dedup-key", "k", env=env)
        self.assertEqual((ran.code, ran.out, ran.err), (0, "9\n", "gclient: it was pushed before\n"))
        ran = self.tool("push", "t", "x", "--dedup-key", "k", "--json", env=env)
        self.assertEqual((json.loads(ran.out), ran.err), ({"id": "9", "duplicate": True}, ""))

    def test_what_cannot_be_undone_wants_the_name(self):
        node, env = self.fake(topic_purge={"done": 3}, topic_delete={"done": 3}, dead_delete={"job": "1"})
        for args in (("purge", "mail", "--state", "ready"), ("topic", "delete", "mail"),
                     ("dead", "delete", "mail", "--all")):
            for typed, code in (("y\n", 1), ("mai\n", 1), ("mail\n", 0)):
                before = len(node.calls)
                one = self.terminal(*args, env=env)
                one.wait("Type its name to go on: ")
                one.type(typed)
                self.assertEqual(one.end()[0], code)
                self.assertEqual(len(node.calls) - before, 1 - code)


class RealNode(OpsCase):
    """The same against a node: what a command line does to its messages."""

    def ids(self, ran):
        self.assertEqual((ran.code, ran.err), (0, ""))
        return ran.out.split()

    def state(self, env, ident):
        return self.lines(self.tool("get", ident, "--json", env=env))[0]

    def test_a_message_with_all_it_may_carry(self):
        _, env = self.node()
        ident, = self.ids(self.tool("push", "mail", "hello", "--ttr", "2m", "--max-retries", "1", "--header", "a: b",
                                    "--key", "k", "--dedup-key", "q", env=env))
        again = self.tool("push", "mail", "hello", "--ttr", "2m", "--max-retries", "1", "--header", "a: b",
                          "--key", "k", "--dedup-key", "q", env=env)
        self.assertEqual((again.code, again.out.split(), again.err), (0, [ident], "gclient: it was pushed before\n"))
        facts = self.state(env, ident)
        self.assertEqual((facts["body"], facts["headers"], facts["key"], facts["ttr_ms"], facts["max_retries"]),
                         ("hello", {"a": "b"}, "k", 120000, 1))
        self.assertEqual(self.lines(self.tool("get", "mail", "--key", "k", "--json", env=env))[0]["id"], ident)
        self.assertEqual(self.tool("get", ident, "--raw", env=env).out, "hello")
        self.assertRegex(self.tool("get", ident, env=env).out,
                         f"^id  +{ident}\n(.*\n)+header  +a: b\n(.*\n)+\nhello\n$")
        self.assertRegex(self.tool("peek", "mail", env=env).out, f"^ID .*\n{ident} .* hello\n$")
        got, = self.lines(self.tool("pop", "mail", "--json", "--ack", env=env))
        self.assertEqual((got["id"], got["headers"], got["key"]), (ident, {"a": "b"}, "k"))
        self.assertEqual(self.state(env, ident)["state"], "gone")
        story = [e["event"] for e in self.lines(self.tool("history", ident, "--json", env=env))]
        self.assertEqual(story, ["pushed", "delivered", "gone"])
        self.assertRegex(self.tool("history", ident, env=env).out, r"(?m)^\d{4}-.* gone, acked$")

    def test_popped_messages_are_given_back_touched_and_rejected(self):
        node, env = self.node()
        ids = self.ids(self.tool("push", "mail", "x", "--count", "3", env=env))
        self.lines(self.tool("pop", "mail", "-n", "3", "--json", env=env))
        self.assertEqual(self.tool("touch", "mail", ids[0], "--ttr", "5m", env=env).out, "1 touched\n")
        self.assertEqual(self.tool("nack", "mail", ids[1], "--delay", "1h", env=env).out, "1 given back\n")
        self.assertEqual(self.tool("reject", "mail", ids[2], "--reason", "no such address", env=env).out,
                         "1 rejected\n")
        self.assertEqual([self.state(env, i)["state"] for i in ids], ["in_flight", "delayed", "dead"])
        self.assertEqual(self.tool("nack", "mail", ids[2], env=env).code, 6)
        self.assertRegex(self.tool("dead", "list", "mail", env=env).out,
                         f"^ID .*\n{ids[2]} .* rejected: no such address +1  x\n$")
        exported, = self.lines(self.tool("dead", "export", "mail", env=env))
        self.assertEqual((exported["id"], exported["body"], exported["text"]), (ids[2], "x", "no such address"))
        self.assertEqual(self.tool("dead", "show", ids[2], env=env).code, 0)
        self.assertEqual(self.tool("dead", "mail", env=env).out, f"{ids[2]}  1  x\n")
        self.assertEqual(self.http(node).stat("mail")["dead_num"], 0)

    def test_one_message_is_moved(self):
        _, env = self.node()
        ids = self.ids(self.tool("push", "mail", "x", "--count", "3", env=env))
        self.assertEqual(self.tool("cancel", ids[0], env=env).out, f"{ids[0]}  cancelled, was ready in mail\n")
        self.assertEqual(self.tool("cancel", ids[0], env=env).code, 5)
        self.assertEqual(self.tool("cancel", "12345", env=env).code, 6)
        ran = self.tool("reschedule", ids[1], "--delay", "1h", env=env)
        self.assertRegex(ran.out, f"^{ids[1]}  rescheduled, was ready in mail, due 2")
        self.assertEqual(self.state(env, ids[1])["state"], "delayed")
        self.assertEqual(self.tool("promote", ids[1], env=env).code, 0)
        self.assertEqual(self.state(env, ids[1])["state"], "ready")
        ran = self.tool("reschedule", ids[2], "--at", "2100-01-01T00:00:00Z", env=env)
        self.assertEqual((ran.code, ran.out), (5, ""), "further away than max_delay")

    def test_dead_messages_come_back_or_go(self):
        node, env = self.node()
        tcp = self.tcp(node)
        ids = self.ids(self.tool("push", "mail", "x", "--count", "4", env=env))
        self.lines(self.tool("pop", "mail", "-n", "4", "--json", env=env))
        self.tool("reject", "mail", *ids, "--reason", "bad", env=env)
        ran = self.tool("redrive", "mail", ids[0], env=env)
        self.assertRegex(ran.out, r"^job \d+: redrive of mail, ")
        gmqtest.wait_until(lambda: self.http(node).stat("mail")["queue_num"] == 1, "one is back")
        self.tool("dead", "redrive", "mail", "--text", "bad", "--to", "other", "--rate", "1000", env=env)
        gmqtest.wait_until(lambda: (self.http(node).stat("mail")["dead_num"]) == 0, "all are moved")
        self.assertEqual(self.http(node).stat("other")["queue_num"], 3)
        one = tcp.pop("mail")
        self.tool("reject", "mail", str(one["id"]), env=env)
        self.assertEqual(self.tool("dead", "delete", "mail", "--all", env=env).code, 2)
        self.assertEqual(self.tool("dead", "delete", "mail", "--all", "--yes", env=env).code, 0)
        gmqtest.wait_until(lambda: self.http(node).stat("mail")["dead_num"] == 0, "it is deleted")
        jobs = gmqtest.wait_until(
            lambda: [j for j in [self.lines(self.tool("jobs", "--json", env=env))]
                     if all(x["state"] == "done" for x in j)], "all are done")[0]
        self.assertEqual(sorted(j["done"] for j in jobs), [1, 1, 3])
        self.assertRegex(self.tool("jobs", env=env).out, r"(?m)^ *\d+  redrive  done +mail   other ")
        self.assertEqual(self.tool("jobs", jobs[0]["job"], env=env).code, 0)
        self.assertEqual(self.tool("jobs", "999", env=env).code, 6)

    def test_topics_are_settled_paused_purged_and_deleted(self):
        _, env = self.node()
        ran = self.tool("topic", "create", "mail", "--ttr", "2m", "--retry", "list", "--delays", "1s,5m", "--cap", "1h",
                        "--max-messages", "100", "--max-bytes", "1m", "--over", "drop", "--idle", "1d", env=env)
        self.assertEqual((ran.code, ran.err), (0, ""))
        self.assertRegex(ran.out, r"(?m)^ttr +2m00s$(.|\n)*^retry +list 1s, 5m00s, no longer than 1h00m$(.|\n)*"
                                  r"^limits +100 messages, 1048576 bytes, over: drop$(.|\n)*^idle +1d00h$")
        self.assertEqual(self.tool("topic", "create", "mail", env=env).code, 5)
        got, = self.lines(self.tool("topic", "set", "mail", "--max-bytes", "default", "--ttr", "default", "--auto-ack",
                                    "on", "--json", env=env))
        self.assertEqual((got["settings"]["limits"]["messages"], got["settings"]["limits"]["bytes"], got["ttr_ms"],
                          got["auto_ack"]), (100, None, 60000, True))
        self.assertEqual(self.tool("topic", "show", "nosuch", env=env).code, 6)
        ran = self.tool("pause", "mail", "--pop", "--for", "1h", env=env)
        self.assertRegex(ran.out, r"^mail: pops paused until 2\d{3}-")
        self.ids(self.tool("push", "mail", "x", env=env))
        self.assertEqual(self.tool("pop", "mail", env=env).code, 3)
        self.assertRegex(self.tool("topic", "list", env=env).out, r"(?m)^mail .*  pops paused$")
        self.assertEqual(self.tool("resume", "mail", env=env).out, "mail: not paused\n")
        self.assertEqual(self.tool("pause", "mail", "--push", env=env).out, "mail: pushes paused until resumed\n")
        self.assertEqual(self.tool("push", "mail", "x", env=env).code, 5)
        self.assertEqual(self.tool("purge", "mail", "--state", "ready", "--yes", env=env).out, "1 deleted\n")
        self.assertEqual(self.tool("topic", "delete", "mail", "--yes", env=env).out, "deleted, with 0 messages\n")
        self.assertEqual(self.tool("topic", "show", "mail", env=env).code, 6)

    def test_consumers_and_the_node(self):
        node, env = self.node()
        self.ids(self.tool("push", "mail", "x", env=env))
        tcp = self.tcp(node)
        tcp.pop("mail")
        one, = self.lines(self.tool("consumers", "mail", "--json", env=env))
        self.assertEqual((one["in_flight"], one["popped"]), (1, 1))
        self.assertRegex(self.tool("consumers", "mail", env=env).out, r"^NAME .*\n +127\.0\.0\.1[:\d]* +1 ")
        for number, how in enumerate(((), ("--json",), ("--wait", "5"))):
            self.ids(self.tool("push", "mail", "y", env=env))
            self.assertEqual(self.tool("pop", "mail", "--client", f"worker-{number}", *how, env=env).code, 0)
            told = {one["name"]: one for one in self.lines(self.tool("consumers", "mail", "--json", env=env))}
            self.assertEqual(told[f"worker-{number}"]["in_flight"], 1)
        self.assertEqual(self.tool("pop", "mail", "--client", "x" * 65, env=env).code, 5)
        self.assertEqual(self.tool("pop", "mail", "--client", "x", "--original", env=env).code, 2)
        ran = self.tool("node", "show", env=env)
        self.assertRegex(ran.out, r"(?m)^status +ok$")
        self.assertEqual(json.loads(self.tool("node", "show", "--json", env=env).out)["status"], "ok")


class Top(OpsCase):
    def topics(self, count):
        return {"topics": [{"topic": f"topic-{i}", "ready": i, "delayed": 100 - i, "push_rate": 1.5}
                           for i in range(count)], "next": None}

    def test_a_screen_is_drawn_in_place_until_q(self):
        _, env = self.fake(topic_list=self.topics(100))
        one = self.terminal("top", "--interval", "50ms", env=env, lines=12, columns=60)
        one.wait(r"\x1b\[\?1049h")
        screen = one.wait(r"\x1b\[H(.*?)\x1b\[J").group(1)
        self.assertIn("\x1b[1m", screen)
        lines = re.sub(r"\x1b\[[0-9;]*[mK]", "", screen).split("\r\n")
        self.assertEqual(len(lines), 12)
        self.assertTrue(all(len(line) <= 60 for line in lines), lines)
        self.assertRegex(lines[1], r"sorted by ready +s sort  r turn  q quit")
        self.assertTrue(lines[3].startswith("TOPIC "))
        self.assertTrue(lines[4].startswith("topic-99 "), lines)
        self.assertEqual(lines[11], "and 93 more")
        one.type("s")
        one.wait(r"sorted by delayed.*?topic-0 ")
        one.type("r")
        one.wait(r"sorted by delayed, turned.*?topic-99 ")
        fcntl.ioctl(one.follower, termios.TIOCSWINSZ, struct.pack("HHHH", 8, 40, 0, 0))
        one.wait("and 97 more")
        one.type("q")
        code, shown = one.end()
        self.assertEqual(code, 0)
        self.assertTrue(shown.endswith("\x1b[?25h\x1b[?1049l"))

    def test_no_color_and_ctrl_c(self):
        _, env = self.fake(topic_list=self.topics(2))
        one = self.terminal("top", env={**env, "NO_COLOR": "1"})
        screen = one.wait(r"\x1b\[H(.*?)\x1b\[J").group(1)
        self.assertNotRegex(screen, r"\x1b\[[0-9;]*m")
        one.process.send_signal(signal.SIGINT)
        self.assertEqual(one.end()[0], 0)

    def test_a_node_that_goes_away_is_told_and_waited_for(self):
        node, env = self.fake(topic_list=self.topics(2))
        one = self.terminal("top", "--interval", "50ms", env=env, columns=200)
        one.wait("sorted by ready")
        node.operations["topic.list"] = "node is stopping"
        one.wait("sorted by ready[^\n]*node is stopping.*?topic-1 ")
        node.operations["topic.list"] = self.topics(3)
        one.wait("topic-2 ")
        one.type("q")
        self.assertEqual(one.end()[0], 0)

    def test_once_and_json(self):
        node, env = self.fake(topic_list=self.topics(3))
        ran = self.tool("top", "--once", "--sort", "delayed", env=env)
        self.assertEqual((ran.code, ran.err), (0, ""))
        self.assertNotIn("\x1b", ran.out)
        self.assertEqual([line.split()[0] for line in ran.out.splitlines()[3:]],
                         ["TOPIC", "topic-0", "topic-1", "topic-2"])
        got, = self.lines(self.tool("top", "--once", "--json", env=env))
        self.assertEqual([t["topic"] for t in got["topics"]], ["topic-2", "topic-1", "topic-0"])
        self.assertRegex(got["at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        one = self.keep(gmqtest.Program([gmqtest.program("gclient"), "top", "--json", "--interval", "50ms"],
                                        self.folder, env))
        for _ in range(2):
            since = len(one.lines)
            one.wait_line('"topics":', since=since)
        node.operations["topic.list"] = "node is stopping"
        one.wait_line("gclient: node is stopping")
        one.signal(signal.SIGINT)
        self.assertEqual(one.wait(), 0)
        self.assertEqual(self.tool("top", env={"GMQ_NODE": self.dead_addr()}).code, 4)


class Tail(OpsCase):
    def tail(self, env, *args):
        return self.keep(gmqtest.Program([gmqtest.program("gclient"), "tail", "mail", "--interval", "10ms", *args],
                                         self.folder, env))

    def pushed_until(self, tcp, shown):
        """Pushes until a message is shown: then the first look is over. Returns how many."""
        for pushed in range(1, 1000):
            tcp.pub("mail", b"there?")
            try:
                gmqtest.wait_until(shown, seconds=0.1)
                return pushed
            except AssertionError:
                pass
        raise AssertionError("nothing is shown")

    def test_messages_are_shown_as_they_come_and_stay(self):
        node, env = self.node()
        tcp = self.tcp(node)
        tcp.pub("mail", b"before")
        one = self.terminal("tail", "mail", "--interval", "10ms", env=env)

        def shown():
            one.read(0.01)
            return "there?" in one.shown

        pushed = self.pushed_until(tcp, shown)
        tcp.pub("mail", b"first \x1b[2J")
        self.assertNotIn("before", one.wait(r".*\d{19}  first \\x1b\[2J\r\n").group(0))
        for i in range(50):
            tcp.pub("mail", b"next %d" % i)
        for i in range(50):
            one.wait(rf"^\d{{19}}  next {i}\r\n")
        one.process.send_signal(signal.SIGINT)
        code, rest = one.end()
        self.assertEqual((code, rest), (0, ""))
        self.assertEqual(self.http(node).stat("mail")["queue_num"], 52 + pushed)

    def test_json_and_what_comes_again(self):
        node, env = self.node("-msg_ttr=1")
        tcp = self.tcp(node)
        tcp.pub("mail", b"old")
        one = self.tail(env, "--json")
        pushed = self.pushed_until(tcp, lambda: one.lines)
        tcp.pub("mail", b"new")
        one.wait_line('"body":"new"')
        self.assertEqual(tcp.pop("mail")["body"], "old")
        gmqtest.wait_until(lambda: self.http(node).stat("mail")["queue_num"] == 2 + pushed, "the lease is over")
        tcp.pub("mail", b"last")
        one.wait_line('"body":"last"')
        one.signal(signal.SIGTERM)
        self.assertEqual(one.wait(), 0)
        bodies = [json.loads(line)["body"] for line in one.lines]
        self.assertEqual([b for b in bodies if b != "there?"], ["new", "last"])

    def test_what_it_missed_is_told(self):
        state = {"pushed": 5, "messages": []}
        node, env = self.fake(topic_get=lambda _: {"topic": "mail", "pushed": state["pushed"]},
                              message_list=lambda _: {"messages": state["messages"], "next": None})
        one = self.tail(env)
        gmqtest.wait_until(lambda: len(node.calls) >= 4, "two looks")
        with node.lock:
            state.update(pushed=9, messages=[{"id": "4", "body": "d", "retry_count": 0}])
        one.wait_line("^4  d$")
        one.wait_line("^gclient: 3 more came and went unseen$")
        one.signal(signal.SIGINT)
        self.assertEqual(one.wait(), 0)
        self.assertEqual(len(one.lines), 2)

    def test_a_topic_that_is_not_there_yet_and_a_node_that_goes_away(self):
        node = self.gnode("-register_addr=")
        env = {"GMQ_NODE": node.tcp}
        one = self.tail(env)
        one.wait_line("gclient: topic is not exist: waiting for it")
        self.tcp(node).pub("mail", b"first")
        one.wait_line("  first$")
        node.stop()
        one.wait_line("gclient: .*: trying again")
        one.signal(signal.SIGINT)
        self.assertEqual(one.wait(), 0)
        self.assertEqual(self.tool("tail", "mail", env={"GMQ_NODE": self.dead_addr()}).code, 4)
