"""gnode --check, --dump and --repair, by the real program on directories that are sound, torn and damaged.

SPDX-License-Identifier: MIT
"""
import glob
import hashlib
import json
import os
import shutil
import struct
import subprocess

from gmqtest import Case, program, wait_until

HEADER = 4096


class Check(Case):
    def make(self, name="data", kill=False, rounds=1):
        """A directory with two topics: 50 waiting, 5 in flight, 1 delayed in `jobs`; 1 in `other`."""
        data = self.path(name)
        for number in range(rounds):
            node = self.gnode(data=name)
            tcp = self.tcp(node)
            for item in range(60):
                tcp.pub("jobs", b"job %d of %d" % (item, number))
            held = [tcp.pop("jobs") for _ in range(10)]
            for message in held[:5]:
                self.assertTrue(tcp.ack(message["id"], "jobs"))
            tcp.pub("jobs", b"late", delay=3000)
            tcp.pub("other", b"\x00\xff\"quoted\"")
            if kill and number == rounds - 1:
                node.kill()
            else:
                self.assertEqual(node.stop(), 0)
        return data

    def ask(self, *flags, text=None):
        done = subprocess.run([program("gnode"), *flags], capture_output=True, input=text, timeout=120, check=False)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def check(self, data):
        """The exit code and the object of --check --json; the text must agree, and nothing may have changed."""
        before = self.digest(data)
        code, out, err = self.ask("--check", data, "--json")
        self.assertEqual(err, "")
        found = json.loads(out)
        again, text, _ = self.ask("--check", data)
        self.assertEqual(code, again)
        self.assertEqual(text.strip().split("\n")[-1].split(":")[0].split(" ")[0],
                         found["verdict"] if code < 2 else "cannot")
        self.assertEqual(self.digest(data), before)
        self.assertEqual(code, ["sound", "damaged", "impossible"].index(found["verdict"]))
        return code, found

    @staticmethod
    def digest(data):
        files = {}
        for folder, _, names in os.walk(data):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    files[path] = (hashlib.sha256(file.read()).hexdigest(), os.stat(path).st_mtime_ns)
        return files

    @staticmethod
    def files(data, pattern):
        return sorted(glob.glob(os.path.join(data, pattern)))

    @staticmethod
    def patch(path, at, data):
        with open(path, "r+b") as file:
            file.seek(at)
            file.write(data)

    def records(self, data, kind):
        code, out, _ = self.ask("--dump", data, "--json")
        self.assertLess(code, 2)
        return [r for r in map(json.loads, out.splitlines()) if r["type"] == kind]

    def hit(self, data, lsn, bytes_=b"\xee" * 8):
        """Damages the record at `lsn`."""
        base, path = [(int(os.path.basename(p)[:16], 16), p) for p in self.files(data, "log/*.seg")
                      if int(os.path.basename(p)[:16], 16) <= lsn][-1]
        self.patch(path, HEADER + lsn - base + 30, bytes_)

    def lists(self, found):
        return {t["name"]: (t["ready"], t["delayed"], t["in_flight"], t["dead"]) for t in found["topics"]}

    def test_a_sound_directory_after_a_stop_and_after_a_kill(self):
        for kill in (False, True):
            with self.subTest(kill=kill):
                data = self.make(f"data{kill}", kill=kill)
                code, found = self.check(data)
                self.assertEqual(code, 0, found)
                self.assertEqual(found["clean"], not kill)
                self.assertEqual(self.lists(found), {"jobs": (50, 1, 5, 0), "other": (1, 0, 0, 0)})
                self.assertEqual((found["messages"], found["unreadable"], found["damage"]), (57, 0, []))
                self.assertEqual(found["segments"][0]["needed"], found["segments"][0]["counted"])

    def test_a_torn_tail_is_no_damage_and_a_start_cuts_what_the_check_says(self):
        data = self.make(kill=True)
        path = self.files(data, "log/*.seg")[-1]
        end = json.loads(self.ask("--check", data, "--json")[1])["segments"][-1]["end"]
        base = int(os.path.basename(path)[:16], 16)
        self.patch(path, HEADER + end - base, b"half a record that nobody was promised")
        code, found = self.check(data)
        self.assertEqual(code, 0, found)
        self.assertEqual(found["segments"][-1]["torn_bytes"], 38)
        self.assertIn("torn tail of 38 bytes", " ".join(found["a_start_would"]))
        node = self.gnode()
        self.assertIn("38 bytes of a torn tail", node.output)

    def test_a_damaged_message_is_told_and_repaired(self):
        data = self.make()
        pushes = self.records(data, "PUSH")
        self.assertEqual((pushes[20]["topic"], pushes[20]["body"]), ("jobs", "job 20 of 0"))
        self.hit(data, pushes[20]["lsn"])
        code, found = self.check(data)
        self.assertEqual(code, 1)
        self.assertEqual(found["unreadable"], 1)
        self.assertIn("%016x" % pushes[20]["lsn"], " ".join(found["damage"]))
        code, out, err = self.ask("--repair", data, text=b"")
        self.assertEqual(code, 1)
        self.assertIn("--yes", err)
        self.assertEqual(self.files(data, "quarantine/*"), [])
        code, out, err = self.ask("--repair", data, "--yes")
        self.assertEqual(code, 1, "the message stays lost until it is delivered as dead: " + out + err)
        self.assertEqual(len(self.files(data, "quarantine/*.bin")), 1)
        node = self.gnode()
        tcp = self.tcp(node)
        for _ in range(40):
            tcp.pop("jobs")
        self.assertEqual(self.http(node).stat("jobs")["dead_num"], 1)
        tcp.dead("jobs", 10)
        self.assertEqual(node.stop(), 0)
        code, found = self.check(data)
        self.assertEqual(code, 0, found)
        self.assertIn("quarantine", " ".join(found["notes"]))

    def test_a_terminal_is_asked_before_a_repair(self):
        data = self.make(kill=True)
        self.hit(data, self.records(data, "PUSH")[30]["lsn"])
        for answer, code, files in ((b"no\n", 1, 0), (b"y\n", 0, 2)):
            master, slave = os.openpty()
            try:
                os.write(master, answer)
                done = subprocess.run([program("gnode"), "--repair", data], stdin=slave, capture_output=True,
                                      timeout=120, check=False)
            finally:
                os.close(master)
                os.close(slave)
            self.assertEqual(done.returncode, code, done.stdout)
            self.assertIn(b"[y/N]", done.stdout)
            self.assertEqual(len(self.files(data, "quarantine/*")), files)

    def test_damage_that_a_start_would_meet(self):
        data = self.make(kill=True)
        pushes = self.records(data, "PUSH")
        self.hit(data, pushes[30]["lsn"])
        code, found = self.check(data)
        self.assertEqual(code, 1)
        self.assertEqual(found["segments"][0]["damaged_bytes"], 64)
        self.assertIn("quarantine", " ".join(found["a_start_would"]))
        code, out, _ = self.ask("--repair", data, "--yes")
        self.assertEqual(code, 0, out)
        self.assertEqual(len(self.files(data, "quarantine/*.bin")), 1)
        self.assertEqual(self.lists(self.check(data)[1])["jobs"][0], 49)

    def test_no_checkpoint_left_and_no_beginning_of_the_log_the_rest_is_rebuilt(self):
        data = self.make(rounds=3, kill=True)
        self.assertGreaterEqual(len(self.files(data, "log/*.seg")), 3)
        for path in self.files(data, "ckpt/*.ckpt"):
            self.patch(path, 140, b"\xff\xff\xff\xff")
        whole = self.lists(self.check(data)[1])
        self.assertEqual(whole["jobs"], (150, 3, 15, 0), "the whole log gives the whole state")
        os.remove(self.files(data, "log/*.seg")[0])
        code, found = self.check(data)
        self.assertEqual((code, found["rebuilt"]), (1, True))
        self.assertEqual(found["unreadable"], 0)
        self.assertEqual(sum(t["ready"] + t["delayed"] + t["in_flight"] for t in found["topics"]), 2 * 57 + 5 + 5)
        code, out, err = self.ask("--repair", data, "--yes")
        self.assertEqual(code, 0, out + err)
        self.assertEqual(len(self.files(data, "quarantine/*.ckpt")), 2)
        node = self.gnode()
        self.assertIn("recovered.", " ".join(t["name"] for t in self.http(node).stats()))

    def test_a_start_with_both_checkpoints_bad_says_so_and_loses_nothing(self):
        data = self.make(rounds=2, kill=True)
        for path in self.files(data, "ckpt/*.ckpt"):
            self.patch(path, 140, b"\xff\xff\xff\xff")
        node = self.gnode()
        self.assertIn("no checkpoint is usable", node.output)
        wait_until(lambda: len(self.files(data, "ckpt/*.ckpt")) == 1, "a checkpoint replaces both at once")
        tcp = self.tcp(node)
        self.assertEqual(len([tcp.pop("jobs") for _ in range(100)]), 100)

    def test_a_newer_format_is_refused_by_all(self):
        data = self.make(kill=True)
        path = self.files(data, "log/*.seg")[0]
        with open(path, "rb") as file:
            head = bytearray(file.read(72))
        head[8:10] = struct.pack("<H", 3)
        self.patch(path, 0, bytes(head))
        before = self.digest(data)
        code, out, _ = self.ask("--check", data)
        self.assertEqual(code, 2)
        self.assertIn("format 3", out)
        node = self.gnode(wait=False)
        self.assertEqual(node.wait(), 1)
        self.assertIn("format 3", node.output)
        self.assertEqual({k: v[0] for k, v in self.digest(data).items() if k.endswith(".seg")},
                         {k: v[0] for k, v in before.items() if k.endswith(".seg")})
        code, out, err = self.ask("--repair", data, "--yes")    # the checksum is wrong: it may be damage
        self.assertEqual(code, 0, out + err)
        self.assertEqual(self.lists(self.check(data)[1])["jobs"], (50, 1, 5, 0))

    def test_a_running_node_is_not_disturbed(self):
        node = self.gnode()
        self.tcp(node).pub("t", b"x")
        data = self.path("data")
        for command in ("--check", "--repair"):
            code, _, err = self.ask(command, data)
            self.assertEqual(code, 2)
            self.assertIn(f"pid {node.pid}", err)
        code, out, err = self.ask("--dump", data)
        self.assertIn("PUSH", out)
        self.assertIn("as it is now", err)

    def test_the_dump_is_in_order_and_may_be_of_one_topic(self):
        data = self.make()
        code, out, _ = self.ask("--dump", data, "--topic", "other")
        self.assertEqual(code, 0)
        kinds = [line.split()[1] for line in out.splitlines()]
        self.assertEqual(kinds, ["QUEUE", "PUSH"])
        self.assertIn('body="\\x00\\xff\\"quoted\\""', out)
        code, out, _ = self.ask("--dump", data, "--json")
        lsns = [json.loads(line)["lsn"] for line in out.splitlines()]
        self.assertEqual(lsns, sorted(lsns))
        types = {json.loads(line)["type"] for line in out.splitlines()}
        self.assertLessEqual({"BATCH", "QUEUE", "PUSH", "POP", "ACK", "SEAL"}, types)

    def test_what_is_no_data_directory_and_what_is_no_command_line(self):
        os.makedirs(self.path("empty"), exist_ok=True)
        for flags in (("--check", self.path("none")), ("--check", self.path("empty")), ("--check",), ("--check", ""),
                      ("--dump", self.path("none")), ("--repair", self.path("none"), "--yes"),
                      ("--check", "x", "--yes"), ("--check", "x", "--dump", "y"), ("--check", "x", "-node_id=1"),
                      ("--repair", "x", "--json"), ("--check", "x", "--topic", "t")):
            with self.subTest(flags=flags):
                self.assertEqual(self.ask(*flags)[0], 2)
        self.assertFalse(os.path.exists(self.path("none")))
        self.assertEqual(os.listdir(self.path("empty")), [])
        code, out, _ = self.ask("-help")
        self.assertIn("--check DIR", out)

    def test_a_copy_without_a_lock_file_can_be_checked_and_gets_none(self):
        data = self.make()
        copy = self.path("copy")
        shutil.copytree(data, copy)
        os.remove(os.path.join(copy, "LOCK"))
        self.assertEqual(self.check(copy)[0], 0)
        self.assertFalse(os.path.exists(os.path.join(copy, "LOCK")))
