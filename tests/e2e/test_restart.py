"""What a node keeps when it is stopped, killed, started again; who may use a data folder.

SPDX-License-Identifier: MIT
"""
import os
import signal
import time

from gmqtest import Case, Gnode, wait_until


class Restart(Case):
    def again(self, node, *flags, kill=False, data="data"):
        """Ends a node and starts it on the same data."""
        if kill:
            node.kill()
        else:
            self.assertEqual(node.stop(), 0, node.output[-2000:])
        return self.gnode(*flags, data=data)

    def test_everything_is_there_again_after_a_stop_and_after_a_kill(self):
        for kill in (False, True):
            with self.subTest(kill=kill):
                data = f"data{kill}"
                flags = ("-msg_ttr=60",)
                node = self.gnode(*flags, data=data)
                tcp, http = self.tcp(node), self.http(node)
                ready = [tcp.pub("many", b"%d" % n) for n in range(50)]
                held = [tcp.pop("many") for _ in range(10)]
                for message in held[:5]:
                    self.assertTrue(tcp.ack(message["id"], "many"))
                late = tcp.pub("later", b"x", delay=300)
                tcp.pop("empty")
                tcp.set("auto", 1)                 # answered when it is written, and with it all before it
                before = http.stats()
                node = self.again(node, *flags, kill=kill, data=data)
                tcp, http = self.tcp(node), self.http(node)
                self.assertEqual(http.stats(), before)
                self.assertFalse(tcp.ack(held[0]["id"], "many"))
                for message in held[5:]:
                    self.assertTrue(tcp.ack(message["id"], "many"))
                self.assertEqual([tcp.pop("many")["id"] for _ in range(40)], ready[10:])
                self.assertEqual(http.stat("later")["delay_num"], 1)
                fresh = tcp.pub("many", b"new")
                self.assertGreater(fresh, late, "ids go on growing")
                self.assertEqual(tcp.pop("many"), {"id": fresh, "body": "new", "retry_count": 0})

    def test_what_fell_due_while_the_node_was_down_comes_without_being_touched(self):
        node = self.gnode("-msg_ttr=1")
        tcp = self.tcp(node)
        delayed = tcp.pub("t", b"delayed", delay=1)
        leased = tcp.pub("u", b"leased")
        tcp.pop("u")
        tcp.pub("v", b"x")                         # a pop need not be written, a push and all before it is
        node.kill()
        time.sleep(1.2)                            # the one thing that has to happen is that time passes
        node = self.gnode("-msg_ttr=1")
        http = self.http(node)
        wait_until(lambda: http.stat("t")["queue_num"] == 1 and http.stat("u")["queue_num"] == 1, "both are due")
        tcp = self.tcp(node)
        self.assertEqual(tcp.pop("t"), {"id": delayed, "body": "delayed", "retry_count": 0})
        self.assertEqual(tcp.pop("u"), {"id": leased, "body": "leased", "retry_count": 1})

    def test_a_delayed_message_keeps_its_time(self):
        node = self.gnode()
        start = time.monotonic()
        self.tcp(node).pub("t", b"x", delay=2)
        node = self.again(node, kill=True)
        tcp = self.tcp(node)
        self.assertIsNone(tcp.pop("t"))
        wait_until(lambda: tcp.pop("t"), "it is due")
        self.assertGreaterEqual(time.monotonic() - start, 1.99)

    def test_dead_letters_and_retry_counts_are_kept(self):
        flags = ("-msg_ttr=1", "-msg_max_retry=1")
        node = self.gnode(*flags)
        tcp, http = self.tcp(node), self.http(node)
        ident = tcp.pub("t", b"x")
        tcp.pop("t")
        wait_until(lambda: http.stat("t")["queue_num"], "it came back")
        tcp.pub("v", b"x")                         # a push, and all before it, is written when it is answered
        node = self.again(node, *flags, kill=True)
        tcp, http = self.tcp(node), self.http(node)
        self.assertEqual(tcp.pop("t")["retry_count"], 1)
        wait_until(lambda: http.stat("t")["dead_num"], "it is dead")
        node = self.again(node, *flags)
        self.assertEqual(self.tcp(node).dead("t", 1), [{"id": ident, "body": "x", "retry_count": 2}])

    def test_an_exited_topic_stays_out_of_the_lists_until_it_is_used(self):
        node = self.gnode()
        tcp, http = self.tcp(node), self.http(node)
        ident = tcp.pub("t", b"x")
        self.assertEqual(http.get("/exitTopic?topic=t").json["msg"], "topic.t has exit.")
        node = self.again(node, kill=True)
        tcp, http = self.tcp(node), self.http(node)
        self.assertEqual(http.stats(), [])
        self.assertIsNone(http.stat("t"))
        self.assertEqual(tcp.pop("t")["id"], ident)
        self.assertEqual([s["name"] for s in http.stats()], ["t"])

    def test_no_sync_mode_loses_an_answered_push_to_a_kill(self):
        for mode in ("always", "interval:50", "none"):
            with self.subTest(sync=mode):
                data = "data-" + mode.replace(":", "-")
                node = self.gnode(f"-sync={mode}", data=data)
                tcp = self.tcp(node)
                ids = [tcp.pub("t", b"%d" % n) for n in range(100)]
                acked = [tcp.pop("t")["id"] for _ in range(10)]
                for ident in acked:
                    self.assertTrue(tcp.ack(ident, "t"))
                node = self.again(node, f"-sync={mode}", kill=True, data=data)
                tcp = self.tcp(node)
                self.assertEqual([m["id"] for m in iter(lambda t=tcp: t.pop("t"), None)], ids[10:])

    def test_a_backlog_of_many_segments_is_there_again(self):
        node = self.gnode("-sync=none")
        tcp, body = self.tcp(node), bytes(200000)
        for number in range(200):                  # 40 MB: more than the first segments and the cache
            tcp.pub("t", b"%04d" % number + body)
        node = self.again(node, "-sync=none", kill=True)
        tcp = self.tcp(node)
        for number in range(200):
            ident, retry, got = tcp.pop_bin("t")
            self.assertEqual((retry, got), (0, b"%04d" % number + body))
            self.assertTrue(tcp.ack(ident, "t"))


class Stop(Case):
    def test_each_signal_of_the_end_stops_the_node_cleanly_and_soon(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=number):
                node = self.gnode(data=f"data{number}")
                idle = [self.tcp(node) for _ in range(5)] + [self.http(node) for _ in range(3)]
                idle[0].send(b"pub t 0\n\0\0\0\x09half")
                idle[5].send(b"POST /push HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n")
                idle[6].get("/ping")
                self.tcp(node).pub("t", b"x")
                start = time.monotonic()
                node.signal(number)
                self.assertEqual(node.wait(), 0, node.output[-2000:])
                self.assertLess(time.monotonic() - start, 5)

    def test_a_stop_while_messages_are_pushed_loses_no_answered_one(self):
        node = self.gnode("-sync=none")
        tcp, ids = self.tcp(node), []
        try:
            while len(ids) < 100000:
                ids.append(tcp.pub("t", b"x"))
                if len(ids) == 200:
                    node.signal(signal.SIGTERM)
        except (ConnectionError, OSError, Exception):   # pylint: disable=broad-except
            pass
        self.assertEqual(node.wait(), 0)
        tcp = self.tcp(self.gnode())
        got = [m["id"] for m in iter(lambda: tcp.pop("t"), None)]
        self.assertGreaterEqual(len(ids), 200)
        self.assertEqual(got[:len(ids)], ids)
        self.assertLessEqual(len(got), len(ids) + 1)


class DataFolder(Case):
    def test_a_second_node_on_the_same_data_is_refused_and_told_why(self):
        node = self.gnode()
        second = self.keep(Gnode(self.path("data"), cwd=self.folder, wait=False))
        self.assertNotEqual(second.wait(), 0)
        self.assertIn(str(node.pid), second.output)
        self.assertIn("data_save_path", second.output)
        self.assertIsNone(self.tcp(node).pop("t"))
        node.stop()
        self.gnode()

    def test_node_and_registry_live_in_one_folder(self):
        data = self.path("data")
        register = self.gregister(f"-data_save_path={data}")
        node = self.gnode(f"-register_addr=http://{register.http}")
        wait_until(register.nodes, "the node has registered")
        self.assertEqual(node.stop(), 0)
        self.assertEqual(register.stop(), 0)
        self.gregister(f"-data_save_path={data}")
        self.gnode()

    def test_a_folder_that_cannot_be_made_is_an_error_with_its_name(self):
        with open(self.path("file"), "w", encoding="ascii") as file:
            file.write("in the way")
        node = self.keep(Gnode(os.path.join(self.path("file"), "data"), cwd=self.folder, wait=False))
        self.assertNotEqual(node.wait(), 0)
        self.assertIn("file", node.output)
