"""test_gclient - the command line client: the original's form, its own form, and libgmq as users build against it

SPDX-License-Identifier: MIT
"""
import base64
import collections
import json
import os
import pty
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import gmqtest  # noqa: E402  (run.py puts tests/ into the path)
from fakenode import FakeHttp, FakeNode, registry  # noqa: E402

STAMP = r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d "
USAGE = """Usage of gclient:
  -cmd string
    \tcommand name (default "push")
  -msg_id string
    \tthe id of message.
  -node_addr string
    \tnode address (default "127.0.0.1:9503")
  -pop_num int
    \tthe number of pop, default to 100. (default 100)
  -push_num int
    \tthe number of push, default to 100. (default 100)
  -register_addr string
    \tthe address of register (default "127.0.0.1:9595")
  -topic string
    \ttopic name (default "golang")
"""

Ran = collections.namedtuple("Ran", "code out err")


def sanitizers():
    """What the build under test was made with, as the Makefile's SAN; "" for none."""
    with open(gmqtest.program("libgmq.so"), "rb") as library:
        symbols = library.read()
    return "address,undefined" if b"__asan_init" in symbols else "thread" if b"__tsan_init" in symbols else ""


class ClientCase(gmqtest.Case):
    """Runs gclient to its end, with both streams apart."""

    def gclient(self, *args, stdin=b"", env=None):
        full = {k: v for k, v in os.environ.items() if not k.startswith("GMQ_") and k != "NO_COLOR"}
        full.update(env or {})
        ran = subprocess.run([gmqtest.program("gclient"), *args], input=stdin, env=full, cwd=self.folder,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=gmqtest.DEADLINE_S * 2,
                             check=False)
        err = ran.stderr.decode()
        self.assertFalse(gmqtest.REPORTS.search(err), err)
        return Ran(ran.returncode, ran.stdout.decode(), err)

    def fake_node(self, **more):
        node = FakeNode(**more)
        self.addCleanup(node.close)
        return node

    def fake_http(self, door):
        self.addCleanup(door.close)
        return door

    def dead_addr(self):
        return f"127.0.0.1:{gmqtest.free_port()}"


class Original(ClientCase):
    """The original's flags, lines and exit codes, from its transcript."""

    def old(self, node, *args):
        """Runs the original's form and returns its output lines without their times."""
        ran = self.gclient(f"-node_addr={node.addr}", *args)
        lines = ran.out.splitlines()
        for line in lines:
            self.assertRegex(line, "^" + STAMP)
        return Ran(ran.code, [line[20:] for line in lines], ran.err)

    def test_push_mpush_pop_ack(self):
        node = self.fake_node(original=True)
        ran = self.old(node, "-cmd=push", "-topic=gc", "-push_num=2")
        self.assertEqual(ran.out, ["rtype:103, msg.id:1001", "rtype:103, msg.id:1002"])
        self.assertRegex(ran.err, "^" + STAMP + r"[0-9.]+(\u00b5s|ms|s) in total\.\n$")
        self.assertEqual(ran.code, 0)
        self.assertEqual(self.old(node, "-cmd", "mpush", "--topic", "gc", "-push_num=3").out, ["rtype:103, result:ok"])
        self.assertEqual([body for _, body in node.ready["gc"]],
                         [b"golang_0", b"golang_1", b"golang_0", b"golang_1", b"golang_2"])
        self.assertEqual(self.old(node, "-cmd=pop", "-topic=gc").out,
                         ['rtype:101, result:{"id":"1001","body":"golang_0","retry_count":0}'])
        ack = ("-cmd=ack", "-topic=gc", "-msg_id=1001")
        self.assertEqual(self.old(node, *ack).out, ["rtype:103, result:ok"])
        ran = self.old(node, *ack)
        self.assertEqual((ran.code, ran.out), (0, ["rtype:102, result:msgId:1001 is not exist"]))
        self.assertEqual(self.old(node, "-cmd=ack", "-topic=gc").out, ["rtype:102, result:msgId:0 is not exist"])
        self.assertNotIn("bin", [w for words in node.seen for w in words])

    def test_pop_num_holds_for_pop_when_given(self):
        node = self.fake_node(original=True)
        self.old(node, "-push_num=3", "-topic=gc")
        ran = self.old(node, "-cmd=pop", "-topic=gc", "-pop_num=1000")
        self.assertEqual(len(ran.out), 4)
        self.assertEqual(ran.out[3], "rtype:102, result:no message")
        self.assertEqual(ran.code, 0)

    def test_push_many_keeps_order(self):
        node = self.fake_node(original=True)
        ran = self.old(node, "-push_num=1000")
        self.assertEqual(ran.out, [f"rtype:103, msg.id:{i}" for i in range(1001, 2001)])
        self.assertEqual([b for _, b in node.ready["golang"]], [b"golang_%d" % i for i in range(1000)])

    def test_mpush_beyond_a_batch_is_split(self):
        node = self.fake_node(original=True)
        self.assertEqual(self.old(node, "-cmd=mpush", "-push_num=10001").out, ["rtype:103, result:ok"] * 2)
        self.assertEqual(len(node.ready["golang"]), 10001)

    def test_dead_and_set(self):
        node = self.fake_node(original=True)
        self.assertEqual(self.old(node, "-cmd=dead", "-pop_num=3").out, ["rtype:102, result:no message"])
        node.dead["golang"] = [(7, b"a"), (8, b"b")]
        self.assertEqual(self.old(node, "-cmd=dead").out,
                         ['rtype:101, result:[{"id":"7","body":"a","retry_count":6},'
                          '{"id":"8","body":"b","retry_count":6}]'])
        self.assertEqual(self.old(node, "-cmd=set").out, ["rtype:103, result:ok"])
        self.assertTrue(node.auto_ack["golang"])
        self.old(node, "-cmd=set", "-auto_ack=0")
        self.assertFalse(node.auto_ack["golang"])

    def test_pop_loop_goes_on(self):
        node = self.fake_node(original=True)
        self.old(node, "-push_num=2")
        loop = self.keep(gmqtest.Program([gmqtest.program("gclient"), "-node_addr=" + node.addr, "-cmd=pop_loop"],
                                         self.folder))
        loop.wait_line("^" + STAMP + r'recv msg:\{"id":"1001","body":"golang_0","retry_count":0\}$')
        loop.wait_line(r"recv msg:.*golang_1")
        loop.wait_line("^" + STAMP + "no message$")

    def test_errors(self):
        node = self.fake_node(original=True)
        dead = self.dead_addr()
        cases = [
            (("-cmd=nosuch",), "unknown 'nosuch' command."),
            (("-cmd=push", "-topic="), "topic is empty"),
            ((f"-node_addr={dead}",), f"dial tcp {dead}: connect: connection refused"),
            (("-node_addr=nowhere",), "dial tcp: address nowhere: missing port in address"),
            (("-cmd=push_by_avg", "-register_addr=" + dead), None),
        ]
        for args, text in cases:
            ran = self.gclient(f"-node_addr={node.addr}", *args)
            self.assertEqual((ran.code, ran.out), (1, ""), args)
            self.assertRegex(ran.err, "^" + STAMP + (re.escape(text) if text else ".+") + "\n$")

    def test_usage(self):
        self.assertEqual(self.gclient("-help"), Ran(0, USAGE, ""))
        ran = self.gclient("-nosuch")
        self.assertEqual(ran, Ran(2, "", "flag provided but not defined: -nosuch\n" + USAGE))

    def test_push_by_the_three_choices(self):
        nodes = [self.fake_node(original=True), self.fake_node(original=True)]
        known = self.fake_http(registry((nodes[0].addr, 1), (nodes[1].addr, 9)))
        for cmd in ("push_by_weight", "push_by_rand", "push_by_avg"):
            for node in nodes:
                node.ready.clear()
            ran = self.old(nodes[0], f"-cmd={cmd}", "-push_num=200", "-topic=gc", "-register_addr=http://" + known.addr)
            self.assertEqual(ran.code, 0, ran)
            self.assertEqual(len(ran.out), 400)
            self.assertRegex(ran.out[0], r"^> select node\(127\.0\.0\.1:\d+\)$")
            self.assertRegex(ran.out[1], r"^rtype:103, msg\.id:\d+$")
            counts = [len(node.ready["gc"]) for node in nodes]
            self.assertEqual(sum(counts), 200)
            if cmd == "push_by_avg":
                self.assertEqual(counts, [100, 100])
            elif cmd == "push_by_rand":
                self.assertTrue(all(50 < count < 150 for count in counts), counts)
            else:
                self.assertTrue(counts[1] > 140, counts)

    def test_a_failing_node_and_a_failing_registry_are_passed_over(self):
        node = self.fake_node(original=True)
        known = self.fake_http(registry(self.dead_addr(), node.addr))
        ran = self.old(node, "-cmd=push_by_avg", "-push_num=10",
                       f"-register_addr=http://{self.dead_addr()},{known.addr}")
        self.assertEqual(ran.code, 0, ran)
        self.assertEqual(len(node.ready["golang"]), 10)

    def test_pop_by_weight_goes_on(self):
        node = self.fake_node(original=True)
        self.old(node, "-push_num=1")
        known = self.fake_http(registry(node.addr))
        loop = self.keep(gmqtest.Program([gmqtest.program("gclient"), "-cmd=pop_by_weight",
                                          "-register_addr=" + known.addr], self.folder))
        loop.wait_line("^" + STAMP + r"> select node\(" + re.escape(node.addr))
        loop.wait_line(r'rtype:101, result:\{"id":"1001","body":"golang_0","retry_count":0\}')
        loop.wait_line("rtype:102, result:no message")

    def test_the_answer_is_lost(self):
        node = self.fake_node(original=True)
        node.hang_up_after = 1
        ran = self.old(node, "-push_num=3")
        self.assertEqual((ran.code, ran.out), (1, ["rtype:103, msg.id:1001"]))
        self.assertIn("may or may not have been done", ran.err)


class Modern(ClientCase):
    """gclient COMMAND."""

    def at(self, node, command, *args, **more):
        return self.gclient(command, *args, "--node", node.addr, **more)

    def test_push_pop_ack(self):
        node = self.fake_node()
        self.assertEqual(self.at(node, "push", "mail", "hello", "--delay", "1h30m"), Ran(0, "1001\n", ""))
        self.assertEqual(node.seen[0], ["pub", "mail", "5400"])
        self.assertEqual(self.at(node, "pop", "mail"), Ran(0, "1001  0  hello\n", ""))
        self.assertEqual(self.at(node, "ack", "mail", "1001"), Ran(0, "", ""))
        self.assertEqual(self.at(node, "ack", "mail", "1001", "1002"),
                         Ran(6, "", "gclient: msgId:1001 is not exist\ngclient: msgId:1002 is not exist\n"))
        self.assertEqual(self.at(node, "pop", "mail"), Ran(3, "", "gclient: no message\n"))

    def test_bodies_are_bytes(self):
        node = self.fake_node()
        body = bytes(range(256)) * 3
        self.assertEqual(self.at(node, "push", "bin", "-", "--json", stdin=body).out, '{"id":"1001"}\n')
        self.assertEqual(node.ready["bin"][0][1], body)
        shown = json.loads(self.at(node, "pop", "bin", "--json").out)
        self.assertEqual(base64.b64decode(shown.pop("body_base64")), body)
        self.assertEqual(shown, {"topic": "bin", "id": "1001", "retry_count": 0})
        self.at(node, "push", "bin", "-", stdin=b"\x1b[31m\xff\n\xc2\x9b")
        self.assertEqual(self.at(node, "pop", "bin").out, "1002  0  \\x1b[31m\\xff\\x0a\\xc2\\x9b\n")
        self.at(node, "push", "bin", "a\nb")
        self.assertEqual(self.at(node, "pop", "bin", "--raw").out, "a\nb")
        self.at(node, "push", "bin", "中 <&>")
        self.assertEqual(json.loads(self.at(node, "pop", "bin", "--json").out)["body"], "中 <&>")

    def test_large_body(self):
        node = self.fake_node()
        body = os.urandom(3 << 20)
        self.assertEqual(self.at(node, "push", "big", "-", "--count", "40", "--quiet", stdin=body), Ran(0, "", ""))
        self.assertTrue(all(b == body for _, b in node.ready["big"]))
        self.assertEqual(len(node.ready["big"]), 40)
        node.ready["big"] = node.ready["big"][:5]
        self.assertEqual(self.at(node, "pop", "big", "--count", "5", "--json").code, 0)

    def test_many(self):
        node = self.fake_node()
        ran = self.at(node, "push", "load", "job", "--count", "1000", "--suffix", "_")
        self.assertEqual(ran.out.split(), [str(i) for i in range(1001, 2001)])
        self.assertEqual([b for _, b in node.ready["load"]], [b"job_%d" % i for i in range(1000)])
        ran = self.at(node, "pop", "load", "--count", "100", "--ack", "--json")
        self.assertEqual([json.loads(line)["body"] for line in ran.out.splitlines()], [f"job_{i}" for i in range(100)])
        self.assertEqual(node.flying["load"], [])
        ran = self.at(node, "pop", "load", "--count", "5000")
        self.assertEqual((ran.code, len(ran.out.splitlines())), (0, 900))

    def test_dead_and_set(self):
        node = self.fake_node()
        self.assertEqual(self.at(node, "dead", "t").code, 3)
        node.dead["t"] = [(i, b"x%d" % i) for i in range(1, 101)]
        self.assertEqual(self.at(node, "dead", "t"), Ran(0, "1  6  x1\n", ""))
        self.assertEqual(len(self.at(node, "dead", "t", "--count", "200", "--json").out.splitlines()), 99)
        self.assertEqual(self.at(node, "set", "t", "on"), Ran(0, "", ""))
        self.assertTrue(node.auto_ack["t"])
        self.assertEqual(self.at(node, "set", "t", "off", "--json").out, '{"topic":"t","auto_ack":false}\n')
        self.assertEqual(self.at(node, "set", "t", "maybe").code, 2)

    def test_original_node(self):
        node = self.fake_node(original=True)
        self.at(node, "push", "t", "x")
        self.assertEqual(self.at(node, "pop", "t"), Ran(5, "", "gclient: pop params is error\n"))
        self.assertEqual(self.at(node, "pop", "t", "--original"), Ran(0, "1001  0  x\n", ""))

    def test_figures_over_http(self):
        topic = {"name": "mail", "pop_num": 1, "push_num": 2, "queue_num": 3, "delay_num": 4, "wait_ack_num": 5,
                 "dead_num": 6, "start_time": "2026-11-22 09:04:57", "is_auto_ack": True}
        door = self.fake_http(FakeHttp({"/getAllTopicStat": [topic, {**topic, "name": "b"}]}))
        at = ("--http", door.addr)
        ran = self.gclient("topics", *at)
        self.assertEqual([line.split()[0] for line in ran.out.splitlines()], ["TOPIC", "b", "mail"])
        want = {"name": "mail", "ready": 3, "delayed": 4, "in_flight": 5, "dead": 6, "pushed": 2, "popped": 1,
                "auto_ack": True, "since": "2026-11-22 09:04:57"}
        self.assertEqual(json.loads(self.gclient("stat", "mail", "--json", *at).out), want)
        self.assertIn("in flight  5\n", self.gclient("stat", "mail", env={"GMQ_HTTP": door.addr}).out)
        self.assertEqual(json.loads(self.gclient("stat", "--json", *at).out)["ready"], 6)
        self.assertEqual(len(self.gclient("topics", "--json", *at).out.splitlines()), 2)
        self.assertEqual(self.gclient("stat", "nosuch", *at).code, 6)
        self.assertEqual(self.gclient("stat", "--http", self.dead_addr()).code, 4)
        door.answers["/getAllTopicStat"] = b"{"
        self.assertEqual(self.gclient("stat", *at).code, 1)

    def test_nodes(self):
        known = self.fake_http(registry("127.0.0.1:11", ("127.0.0.1:12", 5)))
        ran = self.gclient("nodes", "--register", known.addr)
        self.assertEqual([line.split()[:2] for line in ran.out.splitlines()],
                         [["ID", "TCP"], ["1", "127.0.0.1:11"], ["2", "127.0.0.1:12"]])
        lines = self.gclient("nodes", "--json", env={"GMQ_REGISTER": known.addr}).out.splitlines()
        self.assertEqual(json.loads(lines[1]), {"id": 2, "tcp_addr": "127.0.0.1:12", "http_addr": "127.0.0.1:1",
                                                "weight": 5, "join_time": "2026-11-22 09:04:20"})
        self.assertEqual(self.gclient("nodes", "--register", self.dead_addr()).code, 4)

    def test_exit_codes(self):
        node = self.fake_node()
        self.assertEqual(self.gclient("push", "t", "x", "--node", self.dead_addr()).code, 4)
        self.assertEqual(self.gclient("push", "t").code, 2)
        self.assertEqual(self.gclient("nosuch").code, 2)
        self.assertEqual(self.gclient("pop", "t", "--count", "0").code, 2)
        self.assertEqual(self.gclient("push", "t", "x", "--delay", "36501d").code, 2)
        self.assertEqual(self.gclient("push", "t", "x", "--ttr", "0.5").code, 2)
        self.assertEqual(self.gclient("ack", "t", "x").code, 2)
        self.assertEqual(self.gclient("pop", "t", "--delay", "1").code, 2)
        self.assertEqual(self.at(node, "push", "a b", "x").code, 2)
        node.hang_up_after = 10
        ran = self.at(node, "push", "t", "x", "--count", "20")
        self.assertEqual((ran.code, len(ran.out.splitlines())), (1, 10))
        self.assertIn("10 of 20 pushed, ", ran.err)

    def test_node_of_the_environment(self):
        node = self.fake_node()
        self.assertEqual(self.gclient("push", "t", "x", env={"GMQ_NODE": node.addr}).out, "1001\n")

    def test_help(self):
        ran = self.gclient("help")
        self.assertEqual((ran.code, ran.err), (0, ""))
        self.assertEqual(self.gclient("-h"), ran)
        for command in ("push", "pop", "ack", "dead", "set", "stat", "topics", "nodes"):
            self.assertRegex(ran.out, rf"(?m)^  {command}\b")
            more = self.gclient("help", command)
            self.assertEqual(more, self.gclient(command, "--help"))
            self.assertIn(f"examples:\n  gclient {command}", more.out)
            self.assertIn("--json", more.out)
        self.assertEqual(self.gclient("help", "nosuch").code, 2)
        self.assertRegex(self.gclient("--version").out, r"^gclient \d+\.\d+\.\d+\n$")

    def test_full_output(self):
        node = self.fake_node()
        node.add("t", b"x")
        with open("/dev/full", "wb") as full:
            ran = subprocess.run([gmqtest.program("gclient"), "pop", "t", "--ack", "--node", node.addr], stdout=full,
                                 stderr=subprocess.PIPE, check=False)
        self.assertEqual(ran.returncode, 1, ran.stderr)
        self.assertEqual(len(node.flying["t"]), 1)

    def test_progress_is_for_terminals(self):
        node = self.fake_node()
        for args, shown in (((), True), (("--no-progress",), False)):
            leader, follower = pty.openpty()
            command = [gmqtest.program("gclient"), "push", "t", "x", "--count", "100", "--node", node.addr, *args]
            ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=follower, check=True)
            os.write(follower, b"end")
            seen = b""
            while not seen.endswith(b"end"):
                seen += os.read(leader, 4096)
            os.close(leader)
            os.close(follower)
            self.assertEqual(b"100/100" in seen, shown)
            self.assertEqual(len(ran.stdout.splitlines()), 100)


class Whole(ClientCase):
    """Against the real programs where they are built, else against the stand-ins."""

    def node(self):
        if os.path.exists(gmqtest.program("gnode")):
            return self.gnode("-register_addr=").tcp
        return self.fake_node().addr

    def test_a_message_goes_round(self):
        addr = self.node()
        body = bytes(range(256))
        ident = self.gclient("push", "t", "-", "--node", addr, stdin=body).out.strip()
        shown = json.loads(self.gclient("pop", "t", "--json", "--node", addr).out)
        self.assertEqual((shown["id"], base64.b64decode(shown["body_base64"])), (ident, body))
        self.assertEqual(self.gclient("ack", "t", ident, "--node", addr).code, 0)
        self.assertEqual(self.gclient("ack", "t", ident, "--node", addr).code, 6)
        ran = self.gclient("push", "t", "x", "--count", "5000", "--suffix", ".", "--node", addr)
        self.assertEqual(len(set(ran.out.split())), 5000)
        ran = self.gclient("pop", "t", "--count", "6000", "--node", addr)
        self.assertEqual([line.split()[2] for line in ran.out.splitlines()], [f"x.{i}" for i in range(5000)])
        self.assertEqual(self.gclient("-cmd=mpush", "-node_addr=" + addr).code, 0)
        self.assertEqual(len(self.gclient("-cmd=pop", "-pop_num=1000", "-node_addr=" + addr).out.splitlines()), 101)

    def test_a_program_is_built_against_the_installed_library(self):
        addr, root = self.node(), self.path("root")
        san = sanitizers()
        subprocess.run(["make", "-s", "-C", gmqtest.ROOT, f"BUILD={gmqtest.build()}", "PROGRAMS=gclient",
                        f"SAN={san}", f"DESTDIR={root}", "PREFIX=/usr", "install"], check=True,
                       stdout=subprocess.DEVNULL)
        lib = os.path.join(root, "usr", "lib")
        env = {**os.environ, "PKG_CONFIG_PATH": os.path.join(lib, "pkgconfig"), "LD_LIBRARY_PATH": lib}
        sysroot = {**env, "PKG_CONFIG_SYSROOT_DIR": root, "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS": "1",
                   "PKG_CONFIG_ALLOW_SYSTEM_LIBS": "1"}
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "gmq"], env=sysroot, check=True,
                               capture_output=True, text=True).stdout.split()
        private = subprocess.run(["pkg-config", "--libs", "libcurl", "json-c"], check=True, capture_output=True,
                                 text=True).stdout.split()
        source = os.path.join(gmqtest.ROOT, "docs", "examples", "hello.c")
        compiler = [os.environ.get("CC", "cc"), "-std=c11", "-Wall", "-Wextra", "-Werror", source]
        compiler += [f"-fsanitize={san}"] if san else []
        include, archive = os.path.join(root, "usr", "include"), os.path.join(lib, "libgmq.a")
        for more in (flags, ["-I" + include, archive, *private, "-pthread"]):
            subprocess.run([*compiler, *more, "-o", self.path("hello")], env=env, check=True)
            ran = subprocess.run([self.path("hello"), addr], env=env, check=True, capture_output=True, text=True)
            self.assertRegex(ran.stdout, r"^pushed (\d+)\npopped \1: hello\nacked\n$")
        if shutil.which("c++"):
            subprocess.run(["c++", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-x", "c++",
                            os.path.join(include, "gmq.h")], check=True)

    def test_the_library_exports_its_own_names_only(self):
        for flags, name in (("-D", "libgmq.so"), ("-g", "libgmq.a")):
            out = subprocess.run(["nm", flags, "--defined-only", "-P", os.path.join(gmqtest.build(), name)], check=True,
                                 capture_output=True, text=True).stdout
            names = [line.split()[0] for line in out.splitlines() if len(line.split()) > 2]
            self.assertIn("gmq_push", names)
            self.assertEqual([n for n in names if not n.startswith("gmq_")], [])
