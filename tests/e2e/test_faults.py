"""A node that was frozen, whose files may not grow, whose folder goes away or may not be written, whose disk is full.

SPDX-License-Identifier: MIT
"""
import errno
import os
import shutil
import signal
import sys
import threading
import time

from gmqtest import RESULT, Case, Gnode, Program, Refused, Tcp, program, wait_until

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "faults"))
import fault  # noqa: E402  pylint: disable=wrong-import-position


class Frozen(Case):
    def test_what_fell_due_while_the_process_was_stopped_comes_once_and_after_it(self):
        node = self.gnode("-msg_ttr=1", "-msg_max_retry=5")
        tcp, http = self.tcp(node), self.http(node)
        leased = [tcp.pub("leased", b"%d" % n) for n in range(20)]
        for _ in leased:
            tcp.pop("leased")
        delayed = [tcp.pub("delayed", b"%d" % n, delay=1) for n in range(20)]
        for _ in range(2):
            node.signal(signal.SIGSTOP)
            self.tcp(node).send(b"pub t 0\n\0\0\0\x01x")     # the kernel takes it, the node not yet
            time.sleep(1.2)                             # the one thing that has to happen is that time passes
            node.signal(signal.SIGCONT)
            wait_until(lambda: http.stat("leased")["queue_num"] == 20, "the leases have ended")
            wait_until(lambda: http.stat("delayed")["delay_num"] == 0, "the delays have ended")
        self.assertEqual(sorted(tcp.pop("delayed")["id"] for _ in delayed), delayed)
        again = [tcp.pop("leased") for _ in leased]
        self.assertEqual(sorted(m["id"] for m in again), leased)
        self.assertEqual({m["retry_count"] for m in again}, {1})
        for message in again:
            self.assertTrue(tcp.ack(message["id"], "leased"))
        wait_until(lambda: (http.stat("t") or {"queue_num": 0})["queue_num"] == 2, "what was sent meanwhile is there")

    def test_a_kill_of_a_stopped_node_loses_nothing(self):
        node = self.gnode("-msg_ttr=1")
        tcp = self.tcp(node)
        ids = [tcp.pub("t", b"x") for _ in range(50)]
        node.signal(signal.SIGSTOP)
        node.kill()
        tcp = self.tcp(self.gnode("-msg_ttr=1"))
        self.assertEqual([tcp.pop("t")["id"] for _ in ids], ids)


class Limits(Case):
    def limited(self, bytes_max):
        """A node whose files may not grow beyond this."""
        node = self.keep(Gnode(self.path("data"), "-cache=1m", "-max_message=256k", cwd=self.folder, wait=False,
                               before=("prlimit", f"--fsize={bytes_max}")))
        return node.ready()

    def test_files_that_may_not_grow_refuse_pushes_and_keep_the_node_up(self):
        node = self.gnode("-cache=4m", "-max_message=1m")
        first = self.tcp(node).pub("t", b"first")
        self.assertEqual(node.stop(), 0)
        node = self.limited(2 << 20)
        tcp, http, ids = self.tcp(node), self.http(node), [first]
        with self.assertRaisesRegex(Refused, "disk full|read-only: .*File too large"):
            while True:
                ids.append(tcp.pub("t", b"x" * 100000))
        self.assertEqual(http.get("/ping").body, b"OK")
        self.assertIn(http.stat("t")["queue_num"], (len(ids), len(ids) + 1))
        self.assertTrue(node.alive())
        node.kill()
        tcp = self.tcp(self.gnode())
        self.assertEqual([tcp.pop_bin("t")[0] for _ in ids], ids)

    def test_a_limit_of_the_size_of_files_makes_small_segments(self):
        node = self.limited(3 << 20)
        tcp = self.tcp(node)
        ids = [tcp.pub("t", b"x" * 100000) for _ in range(100)]
        node.kill()
        tcp = self.tcp(self.gnode())
        self.assertEqual([tcp.pop_bin("t")[0] for _ in ids], ids)


def catch_child(node, stop):
    """Stops (SIGSTOP) the process that writes an image of the state for the node, and returns its pid."""
    known = set(os.listdir("/proc"))
    while not stop.is_set():
        for name in set(os.listdir("/proc")) - known:
            try:
                with open(f"/proc/{name}/stat", encoding="ascii") as file:
                    if int(file.read().rsplit(")", 1)[1].split()[1]) == node.pid:
                        os.kill(int(name), signal.SIGSTOP)
                        return int(name)
            except (OSError, ValueError, IndexError):
                pass
    return 0


class Image(Case):
    """The state of many messages is written by a child of the node."""
    BATCH, BATCHES_MAX = 10000, 1000

    def push_until_a_child(self, node):
        """Pushes until there is one; returns its pid, stopped, and how many messages there are."""
        found, stop, count = [], threading.Event(), 0
        watch = threading.Thread(target=lambda: found.append(catch_child(node, stop)))
        watch.start()
        tcp = self.tcp(node)
        batch = Tcp.mpub_bytes("t", [b"x" * 100] * self.BATCH)
        while not found and count < self.BATCH * self.BATCHES_MAX:
            self.assertEqual(tcp.call(batch), (RESULT, b"ok"))
            count += self.BATCH
        stop.set()
        watch.join()
        self.assertTrue(found[0], "no child was caught")
        return found[0], count

    def test_a_node_killed_while_a_checkpoint_is_made_can_be_started_again_at_once(self):
        node = self.gnode("-sync=none")
        child, count = self.push_until_a_child(node)
        node.kill()
        try:
            os.kill(child, signal.SIGCONT)          # it was perhaps stopped before it had asked to die with the node
        except ProcessLookupError:
            pass
        node = self.gnode("-sync=none")             # the child holds neither the lock nor the ports
        self.assertEqual(self.http(node).stat("t")["queue_num"], count)

    def test_a_checkpoint_whose_child_is_killed_is_made_by_the_node(self):
        node = self.gnode("-sync=none")
        before = os.listdir(self.path("data", "ckpt"))  # now: a child may be caught in its last step
        child, count = self.push_until_a_child(node)
        os.kill(child, signal.SIGKILL)
        wait_until(lambda: [name for name in os.listdir(self.path("data", "ckpt"))
                                    if name.endswith(".ckpt") and name not in before], "a checkpoint is written")
        self.assertEqual(self.http(node).stat("t")["queue_num"], count)
        self.assertEqual(node.stop(), 0)

    def test_a_node_stops_although_the_child_does_not_come_to_an_end(self):
        node = self.gnode("-sync=none")
        _, count = self.push_until_a_child(node)
        self.assertEqual(node.stop(), 0)
        self.assertEqual(self.http(self.gnode()).stat("t")["queue_num"], count)


class Folder(Case):
    GONE = "^node is read-only: the data directory was removed or replaced$"

    def is_noticed(self, node, held):
        """Pushes until one is refused; from then on nothing is answered with OK any more."""
        tcp, http = self.tcp(node), self.http(node)
        with self.assertRaisesRegex(Refused, self.GONE):
            while True:                                 # the node looks around while it has work
                try:
                    tcp.pub("t", b"x")
                except Refused as refused:              # no file can be made; it does not yet know why
                    if str(refused) != "disk full":
                        raise
        for request in (lambda: tcp.pub("t", b"x"), lambda: tcp.pop("t"), lambda: tcp.ack(held, "t"),
                        lambda: tcp.set("t", 1), lambda: http.push("t", "x")):
            with self.assertRaisesRegex(Refused, self.GONE):
                request()
        node.wait_line(r"\[E\].*read-only.*the data directory was removed or replaced")
        self.assertEqual(http.get("/ping").body, b"OK")
        self.assertIsNotNone(http.stat("t"))
        self.assertTrue(node.alive())
        node.signal(signal.SIGTERM)
        self.assertGreaterEqual(node.wait(), 0)

    def with_a_message(self):
        """A node with two messages, one of which is held."""
        node = self.gnode("-cache=4m", "-max_message=1m")
        with self.tcp(node) as tcp:
            tcp.mpub("t", [b"x", b"y"])
            return node, tcp.pop("t")["id"]

    def test_a_folder_removed_under_a_node_is_noticed_and_nothing_is_promised_after_that(self):
        node, held = self.with_a_message()
        os.rename(self.path("data"), self.path("gone"))  # at once: the node is making files in it
        shutil.rmtree(self.path("gone"))
        self.is_noticed(node, held)

    def test_a_folder_replaced_by_a_copy_under_a_node_is_noticed(self):
        node, held = self.with_a_message()
        os.rename(self.path("data"), self.path("gone"))
        shutil.copytree(self.path("gone"), self.path("data"))
        self.is_noticed(node, held)

    def test_a_log_folder_replaced_under_a_node_is_noticed(self):
        node, held = self.with_a_message()
        os.rename(self.path("data/log"), self.path("gone"))
        os.mkdir(self.path("data/log"))
        self.is_noticed(node, held)

    def test_a_folder_that_may_not_be_written_is_an_error_with_its_name(self):
        data = self.path("data")
        self.assertEqual(self.gnode().stop(), 0)
        with fault.Fault(self.folder, data) as control:  # root may write everywhere; a read-only disk says EROFS
            control.arm(1, fault.FAIL, fault.OPEN, errno.EROFS, forever=True)
            env = {**control.env, **({"LD_PRELOAD": ""} if not fault.preloads() else {})}
            if not env["LD_PRELOAD"]:
                self.chmod_everything(data)
            node = self.keep(Gnode(data, cwd=self.folder, env=env, wait=False))
            self.assertNotEqual(node.wait(), 0)
            self.assertIn(data, node.output)
            self.assertRegex(node.output, "Read-only file system|Permission denied|Not a directory|Is a directory")

    def chmod_everything(self, data):
        """Makes the lock file one that cannot be opened for writing, by root neither."""
        os.remove(os.path.join(data, "LOCK"))
        os.mkdir(os.path.join(data, "LOCK"))

    def test_the_human_log_on_a_full_disk_stops_nobody(self):
        if not os.path.exists("/dev/full"):
            self.fail("this test needs /dev/full")
        os.symlink("/dev/full", self.path("gnode.log"))
        node = self.keep(Program([program("gnode"), "-tcp_addr=127.0.0.1:0", "-http_addr=127.0.0.1:0",
                                  f"-data_save_path={self.path('data')}", "-log_target=console,file",
                                  "-log_filename=../gnode.log", "-log_level=4"], self.folder))
        addr = node.wait_line(r"listening on tcp://([\w.:\[\]]+)").group(1)
        node.wait_line("is ready")
        with Tcp(addr) as tcp:
            ids = [tcp.pub("t", b"x") for _ in range(100)]
            self.assertEqual([tcp.pop("t")["id"] for _ in ids], ids)
        self.assertEqual(node.stop(), 0)
