"""gclient's own commands against a node: output, exit codes, binary bodies through standard input and output.

SPDX-License-Identifier: MIT
"""
import json
import subprocess

from gmqtest import DEADLINE_S, Case, free_port, program, wait_until

OK, USAGE, NOTHING, NO_CONNECTION, REFUSED, NOT_FOUND = 0, 2, 3, 4, 5, 6


class Client(Case):
    def run_client(self, *words, stdin=b""):
        """(exit code, standard output)."""
        done = subprocess.run([program("gclient"), *words], input=stdin, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=DEADLINE_S, check=False)
        self.assertNotIn(b"Sanitizer", done.stderr)
        self.assertNotIn(b"runtime error", done.stderr)
        return done.returncode, done.stdout

    def test_the_life_of_a_message(self):
        node = self.gnode("-msg_max_retry=0")
        at = f"--node={node.tcp}"
        code, out = self.run_client("push", "mail", "hello", at)
        self.assertEqual(code, OK)
        ident = out.decode().strip()
        code, out = self.run_client("pop", "mail", at, "--json")
        self.assertEqual(code, OK)
        self.assertEqual(str(json.loads(out)["id"]), ident)
        self.assertEqual(self.run_client("ack", "mail", ident, at)[0], OK)
        self.assertEqual(self.run_client("ack", "mail", ident, at)[0], NOT_FOUND)
        self.assertEqual(self.run_client("pop", "mail", at)[0], NOTHING)
        self.run_client("push", "mail", "die", "--ttr=1", at)
        self.run_client("pop", "mail", at)
        wait_until(lambda: self.http(node).stat("mail")["dead_num"], "it is dead")
        self.assertEqual(self.run_client("dead", "mail", at, "--raw"), (OK, b"die"))
        self.assertEqual(self.run_client("dead", "mail", at)[0], NOTHING)

    def test_binary_bodies_go_in_and_out_unchanged(self):
        node = self.gnode()
        body = bytes(range(256)) * 500
        self.assertEqual(self.run_client("push", "t", "-", f"--node={node.tcp}", stdin=body)[0], OK)
        self.assertEqual(self.run_client("pop", "t", f"--node={node.tcp}", "--raw", "--ack"), (OK, body))
        self.assertEqual(self.http(node).stat("t")["wait_ack_num"], 0)

    def test_many_messages(self):
        node = self.gnode()
        at = f"--node={node.tcp}"
        code, out = self.run_client("push", "t", "job", "--count=5000", "--suffix=_", at)
        self.assertEqual((code, len(out.split())), (OK, 5000))
        code, out = self.run_client("pop", "t", "--count=5000", "--ack", "--json", at)
        self.assertEqual([json.loads(line)["body"] for line in out.splitlines()], [f"job_{n}" for n in range(5000)])

    def test_figures_topics_and_nodes(self):
        register = self.gregister()
        node = self.gnode(f"-register_addr={register.http}")
        self.tcp(node).pub("a", b"x")
        self.tcp(node).pub("b", b"x")
        code, out = self.run_client("stat", "a", f"--http={node.http}", "--json")
        self.assertEqual((code, json.loads(out)["ready"]), (OK, 1))
        self.assertEqual(self.run_client("stat", "none", f"--http={node.http}")[0], NOT_FOUND)
        code, out = self.run_client("topics", f"--http={node.http}", "--json")
        self.assertEqual([json.loads(line)["name"] for line in out.splitlines()], ["a", "b"])
        wait_until(register.nodes, "the node has registered")
        code, out = self.run_client("nodes", f"--register={register.http}", "--json")
        self.assertEqual((code, json.loads(out)["tcp_addr"]), (OK, node.tcp))

    def test_set_switches_auto_ack(self):
        node = self.gnode()
        self.assertEqual(self.run_client("set", "t", "on", f"--node={node.tcp}")[0], OK)
        self.assertTrue(self.http(node).stat("t")["is_auto_ack"])
        self.assertEqual(self.run_client("set", "t", "off", f"--node={node.tcp}")[0], OK)
        self.assertFalse(self.http(node).stat("t")["is_auto_ack"])

    def test_what_goes_wrong_has_its_exit_code(self):
        node = self.gnode("-max_message=2k")
        nobody = f"127.0.0.1:{free_port()}"
        self.assertEqual(self.run_client("push", "t", "x", f"--node={nobody}")[0], NO_CONNECTION)
        self.assertEqual(self.run_client("push", "t", "x" * 3000, f"--node={node.tcp}")[0], REFUSED)
        self.assertEqual(self.run_client("push", "a/b", "x", f"--node={node.tcp}")[0], USAGE)
        self.assertEqual(self.run_client("push", "t")[0], USAGE)
        self.assertEqual(self.run_client("nosuch")[0], USAGE)
        self.assertEqual(self.run_client("push", "t", "x", "--no-such-flag")[0], USAGE)
        self.assertEqual(self.run_client("help")[0], OK)
