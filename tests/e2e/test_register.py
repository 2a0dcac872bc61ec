"""The registry and its nodes: coming, going, dying, and a registry that is not there or does not answer.

SPDX-License-Identifier: MIT
"""
import random
import socket
import time

from gmqtest import SLOW, Case, Tcp, free_port, wait_until


class Registry(Case):
    def ids(self, register):
        return sorted(n["id"] for n in register.nodes())

    def wait_ids(self, register, ids):
        wait_until(lambda: self.ids(register) == ids, f"the registry lists {ids}", 20 * SLOW)

    def test_two_nodes_come_and_go(self):
        register = self.gregister()
        addr = f"-register_addr=http://{register.http}"
        one = self.gnode(addr, "-node_id=1", "-node_weight=2", data="one")
        two = self.gnode(addr, "-node_id=2", data="two")
        self.wait_ids(register, [1, 2])
        nodes = {n["id"]: n for n in register.nodes()}
        self.assertEqual((nodes[1]["tcp_addr"], nodes[1]["http_addr"], nodes[1]["weight"]), (one.tcp, one.http, 2))
        self.assertEqual(two.stop(), 0)
        self.assertEqual(self.ids(register), [1], "a node that stops takes itself off the list")
        one.kill()
        self.wait_ids(register, [])

    def test_clients_spread_over_the_nodes(self):
        register = self.gregister()
        nodes = [self.gnode(f"-register_addr=http://{register.http}", f"-node_id={n}", data=f"data{n}")
                 for n in (1, 2)]
        self.wait_ids(register, [1, 2])
        code, out = self.run_program("gclient", f"-register_addr={register.http}", "-cmd=push_by_avg", "-topic=t",
                                     "-push_num=10")
        self.assertEqual(code, 0, out)
        self.assertEqual([self.http(n).stat("t")["queue_num"] for n in nodes], [5, 5])

    def test_ids_of_two_nodes_never_meet(self):
        nodes = [self.gnode(f"-node_id={n}", data=f"data{n}") for n in (1, 1024)]
        conns = [self.tcp(n) for n in nodes]
        ids = [c.pub("t", b"x") for _ in range(100) for c in conns]
        self.assertEqual(len(set(ids)), 200)

    def test_a_killed_node_may_come_back_at_once_under_its_id(self):
        register = self.gregister()
        addr = f"-register_addr=http://{register.http}"
        node = self.gnode(addr)
        self.wait_ids(register, [1])
        node.kill()
        node = self.gnode(addr)
        wait_until(lambda: [n["tcp_addr"] for n in register.nodes()] == [node.tcp], "the new address is listed",
                   20 * SLOW)

    def test_a_node_starts_works_and_stops_without_its_registry_and_registers_when_it_comes(self):
        port = free_port()
        node = self.gnode(f"-register_addr=http://127.0.0.1:{port}")
        tcp = self.tcp(node)
        tcp.pub("t", b"x")
        register = self.gregister(f"-http_addr=127.0.0.1:{port}")
        self.wait_ids(register, [1])
        register.kill()
        self.assertEqual(tcp.pop("t")["body"], "x")
        register = self.gregister(f"-http_addr=127.0.0.1:{port}")
        self.wait_ids(register, [1])
        register.kill()
        self.assertEqual(node.stop(), 0, node.output[-2000:])

    def test_a_registry_that_never_answers_holds_up_nothing(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            node = self.gnode(f"-register_addr=http://127.0.0.1:{silent.getsockname()[1]}")
            tcp = self.tcp(node)
            for number in range(100):
                tcp.pub("t", b"%d" % number)
                self.assertEqual(tcp.pop("t")["body"], str(number))
            start = time.monotonic()
            self.assertEqual(node.stop(), 0)
            self.assertLess(time.monotonic() - start, 5)

    def test_one_of_two_registries_is_down(self):
        register = self.gregister()
        node = self.gnode(f"-register_addr=http://127.0.0.1:{free_port()},{register.http}")
        self.wait_ids(register, [1])
        self.assertEqual(node.stop(), 0)
        self.assertEqual(self.ids(register), [])

    def test_the_reported_address_may_differ_from_the_bound_one(self):
        register = self.gregister()
        tcp, http = free_port(), free_port()
        node = self.gnode(f"-register_addr=http://{register.http}", f"-tcp_addr=127.0.0.1:{tcp}",
                          f"-http_addr=127.0.0.1:{http}", f"-report_tcp_addr=localhost:{tcp}",
                          f"-report_http_addr=localhost:{http}")
        self.wait_ids(register, [1])
        self.assertEqual(node.tcp, f"127.0.0.1:{tcp}")
        self.assertEqual(register.nodes()[0]["tcp_addr"], f"localhost:{tcp}")
        self.assertEqual(register.nodes()[0]["http_addr"], f"localhost:{http}")

    def test_garbage_harms_no_registry(self):
        register, rng = self.gregister(), random.Random(5)
        for _ in range(40):
            with Tcp(register.http) as conn:
                try:
                    conn.send(rng.choice((rng.randbytes(2000), b"GET /register?" + b"&" * 3000 + b" HTTP/1.1\r\n",
                                          b"GET /register?tcp_addr=" + b"x" * 100000, b"\0\r\n\r\n", b"G")))
                    conn.half_close()
                except OSError:
                    pass
        self.assertEqual(register.nodes(), [])
        self.assertEqual(register.stop(), 0)

    def test_the_registry_probes_both_addresses(self):
        register, node = self.gregister(), self.gnode()
        http = self.http(register)
        got = http.get(f"/register?tcp_addr=127.0.0.1:{free_port()}&http_addr={node.http}&weight=1&node_id=5").json
        self.assertEqual(got["code"], 1)
        self.assertIn("connection refused", got["msg"])
        self.assertEqual(register.nodes(), [])
