"""gregister alone, with nodes that are made of sockets: its list, its file, its pings, its door.

SPDX-License-Identifier: MIT
"""
import http.server
import os
import socket
import threading
import urllib.parse

from gmqtest import SLOW, Case, Http, Tcp, free_port, wait_until

SUCCESS = b'{"code":0,"data":null,"msg":"success"}'


class Door:
    """A node's HTTP door: /ping answers `status`, or nothing while `status` is None."""

    def __init__(self, port=0):
        door = self
        self.status, self.asked, self.held = 200, 0, threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                door.asked += 1
                if door.status is None:
                    door.held.wait(30)
                    return
                self.send_response(door.status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"OK")

            def log_message(self, *_args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.addr = "127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        self.held.set()
        self.server.shutdown()
        self.server.server_close()


class Registry(Case):
    def door(self, port=0):
        door = Door(port)
        self.addCleanup(door.close)
        return door

    def tcp_door(self):
        door = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(door.close)
        return "127.0.0.1:%d" % door.getsockname()[1]

    def call(self, register, path, **params):
        with Http(register.http) as conn:
            return conn.get(path + "?" + urllib.parse.urlencode(params))

    def register(self, register, ident, tcp, http_addr, weight=1):
        return self.call(register, "/register", tcp_addr=tcp, http_addr=http_addr, weight=weight, node_id=ident)

    def says(self, reply, msg):
        self.assertEqual((reply.status, reply.content_type), (200, "application/json"))
        self.assertEqual(reply.json, {"code": 1, "data": None, "msg": msg})

    def ids(self, register):
        return [n["id"] for n in register.nodes()]


class Listing(Registry):
    def test_a_node_is_listed_edited_and_removed(self):
        register, door, tcp = self.gregister(), self.door(), self.tcp_door()
        self.assertEqual(self.call(register, "/getNodes").body, b'{"code":0,"data":{"nodes":null},"msg":"success"}')
        self.assertEqual(self.register(register, 7, tcp, door.addr, 3).body, SUCCESS)
        node, = register.nodes()
        self.assertRegex(node.pop("join_time"), r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")
        self.assertEqual(list(node), ["id", "http_addr", "tcp_addr", "weight", "http_tls", "tcp_tls"])
        self.assertEqual(list(node.values()), [7, door.addr, tcp, 3, 0, 0])
        self.assertEqual(self.call(register, "/editWeight", tcp_addr=tcp, weight=9).body, SUCCESS)
        self.assertEqual(register.nodes()[0]["weight"], 9)
        self.assertEqual(self.call(register, "/unregister", tcp_addr=tcp).body, SUCCESS)
        self.assertEqual(self.call(register, "/getNodes").body, b'{"code":0,"data":{"nodes":[]},"msg":"success"}')
        self.says(self.call(register, "/unregister", tcp_addr=tcp), "addr is not exist")

    def test_what_is_taken_is_refused_and_the_same_node_is_not(self):
        register, doors, tcps = self.gregister(), [self.door(), self.door()], [self.tcp_door(), self.tcp_door()]
        self.assertEqual(self.register(register, 1, tcps[0], doors[0].addr).body, SUCCESS)
        self.says(self.register(register, 1, tcps[1], doors[1].addr), "node.Id 1 has exist")
        self.says(self.register(register, 2, tcps[0], doors[0].addr), f"node.tcpAddr {tcps[0]} has exist")
        self.says(self.register(register, 2, tcps[1], doors[0].addr), f"node.httpAddr {doors[0].addr} has exist")
        self.assertEqual(self.register(register, 1, tcps[0], doors[0].addr, 5).body, SUCCESS)
        self.assertEqual([(n["id"], n["weight"]) for n in register.nodes()], [(1, 5)])

    def test_bad_weights_and_ids_are_refused(self):
        register, door, tcp = self.gregister(), self.door(), self.tcp_door()
        self.says(self.register(register, 1, tcp, door.addr, 0), "weight must be greater than 0.")
        self.says(self.register(register, 1, tcp, door.addr, -1), "weight must be greater than 0.")
        for ident in (0, 1025, "x"):
            self.says(self.register(register, ident, tcp, door.addr), "node_id must be 1..1024")
        self.assertEqual(self.register(register, 1, tcp, door.addr).body, SUCCESS)
        for weight in (0, -3, "", "x"):
            self.says(self.call(register, "/editWeight", tcp_addr=tcp, weight=weight), "weight must be greater than 0.")
        self.says(self.call(register, "/register", tcp_addr="x" * 300), "address is too long")

    def test_both_doors_are_tried(self):
        register, door, closed = self.gregister(), self.door(), free_port()
        self.says(self.register(register, 1, f"127.0.0.1:{closed}", door.addr),
                  f"dial tcp 127.0.0.1:{closed}: connect: connection refused")
        self.says(self.register(register, 1, self.tcp_door(), f"127.0.0.1:{closed}"),
                  f'Get "http://127.0.0.1:{closed}/ping": dial tcp 127.0.0.1:{closed}: connect: connection refused')
        door.status = 503
        self.says(self.register(register, 1, self.tcp_door(), door.addr),
                  f"register http addr http://{door.addr}/ping failed, the code is 503")
        self.assertEqual(register.nodes(), [])


class Pings(Registry):
    def test_a_node_that_stays_away_is_hidden_and_comes_back_by_itself(self):
        register, door, tcp = self.gregister(), self.door(), self.tcp_door()
        self.assertEqual(self.register(register, 1, tcp, door.addr).body, SUCCESS)
        door.status = 500
        asked = door.asked
        wait_until(lambda: not register.nodes(), "the node is hidden", 30 * SLOW)
        self.assertGreaterEqual(door.asked - asked, 3)
        door.status = 200
        wait_until(lambda: self.ids(register) == [1], "the node is back", 30 * SLOW)
        register.wait_line(r"node 1 at \S+ is back")

    def test_one_missed_ping_hides_nobody(self):
        register, door, tcp = self.gregister(), self.door(), self.tcp_door()
        self.assertEqual(self.register(register, 1, tcp, door.addr).body, SUCCESS)
        door.status, asked = 500, door.asked
        wait_until(lambda: door.asked > asked, "a ping", 30 * SLOW)
        door.status = 200
        asked = door.asked
        wait_until(lambda: door.asked > asked + 1, "more pings", 30 * SLOW)
        self.assertEqual(self.ids(register), [1])
        self.assertNotIn("missed", register.output)

    def test_what_a_hidden_node_held_can_be_taken_over(self):
        register, doors, tcps = self.gregister(), [self.door(), self.door()], [self.tcp_door(), self.tcp_door()]
        self.assertEqual(self.register(register, 1, tcps[0], doors[0].addr).body, SUCCESS)
        self.says(self.register(register, 1, tcps[1], doors[1].addr), "node.Id 1 has exist")
        doors[0].status = 500
        wait_until(lambda: not register.nodes(), "the node is hidden", 30 * SLOW)
        self.assertEqual(self.register(register, 1, tcps[1], doors[1].addr).body, SUCCESS)
        self.assertEqual([n["tcp_addr"] for n in register.nodes()], [tcps[1]])

    def test_a_node_that_hangs_delays_nobody(self):
        register, doors, tcps = self.gregister(), [self.door(), self.door()], [self.tcp_door(), self.tcp_door()]
        self.assertEqual(self.register(register, 1, tcps[0], doors[0].addr).body, SUCCESS)
        doors[0].status = None
        with Http(register.http) as slow:
            slow.send(f"GET /register?tcp_addr=127.0.0.1:9&http_addr=localhost:{doors[0].addr.split(':')[1]}&node_id=9"
                      "&weight=1 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            self.assertEqual(self.register(register, 2, tcps[1], doors[1].addr).body, SUCCESS)
            wait_until(lambda: self.ids(register) == [2], "the hanging node is hidden, the other is not", 30 * SLOW)


class File(Registry):
    def test_the_list_survives_stop_and_kill(self):
        register, doors, tcps = self.gregister(), [self.door(), self.door()], [self.tcp_door(), self.tcp_door()]
        for ident in (1, 2):
            got = self.register(register, ident, tcps[ident - 1], doors[ident - 1].addr, ident)
            self.assertEqual(got.body, SUCCESS)
        before = register.nodes()
        register.kill()
        register = self.gregister()
        self.assertEqual(register.nodes(), before)
        self.assertEqual(self.call(register, "/unregister", tcp_addr=tcps[0]).body, SUCCESS)
        register.kill()
        register = self.gregister()
        self.assertEqual(register.nodes(), before[1:])
        self.assertEqual(register.stop(), 0, register.output)
        register = self.gregister()
        self.assertEqual(register.nodes(), before[1:])

    def test_a_damaged_file_is_set_aside(self):
        register, door, tcp = self.gregister(), self.door(), self.tcp_door()
        self.assertEqual(self.register(register, 1, tcp, door.addr).body, SUCCESS)
        self.assertEqual(register.stop(), 0)
        path = self.path("register", "gregister", "nodes")
        with open(path, "r+b") as file:
            file.seek(20)
            file.write(b"\xff")
        register = self.gregister()
        self.assertEqual(register.nodes(), [])
        self.assertIn("damaged", register.output)
        self.assertTrue(os.path.exists(path + ".bad"))

    def test_two_registries_do_not_share_a_folder(self):
        self.gregister()
        second = self.gregister(wait=False)
        self.assertEqual(second.wait(), 1)
        self.assertIn("another gregister uses", second.output)

    def test_a_list_that_cannot_be_saved_is_served_all_the_same(self):
        register, door, tcp = self.gregister(), self.door(), self.tcp_door()
        os.mkdir(self.path("register", "gregister", "nodes"))
        self.assertEqual(self.register(register, 1, tcp, door.addr).body, SUCCESS)
        self.assertEqual(self.ids(register), [1])
        register.wait_line("cannot be saved")


class Frame(Registry):
    def test_requests_answered_by_the_server_itself(self):
        register = self.gregister()
        for raw, head in ((b"hello\r\n\r\n", b"HTTP/1.1 400 Bad Request\r\n"),
                          (b"GET /getNodes HTTP/1.1\r\n\r\n", b"HTTP/1.1 400 Bad Request"),
                          (b"GET //getNodes HTTP/1.0\r\n\r\n", b"HTTP/1.0 404 Not Found\r\n"),
                          (b"GET /%67etNodes HTTP/1.0\r\n\r\n", b"HTTP/1.0 200 OK\r\n"),
                          (b"POST /getNodes HTTP/1.0\r\nContent-Length: 70000\r\n\r\n" + b"x" * 70000,
                           b"HTTP/1.0 413 ")):
            with self.subTest(raw=raw[:40]), Tcp(register.http) as conn:
                conn.send(raw)
                while conn.fill():
                    pass
                self.assertTrue(conn.buf.startswith(head), conn.buf[:200])

    def test_a_stop_answers_registrations_under_way(self):
        register, door, tcp = self.gregister(), self.door(), self.tcp_door()
        door.status = None
        with Http(register.http) as conn:
            conn.send(f"GET /register?tcp_addr={tcp}&http_addr={door.addr}&node_id=1&weight=1 HTTP/1.1\r\n"
                      "Host: x\r\n\r\n".encode())
            wait_until(lambda: door.asked, "the node is asked")
            self.assertEqual(register.stop(), 0, register.output)
            self.says(conn.reply(), "the registry is stopping")
