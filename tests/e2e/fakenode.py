"""fakenode - a node and a registry for tests of clients: small, deterministic, and able to misbehave

    node = FakeNode(original=True)      speaks the TCP protocol; `original` refuses gmq's own words
    door = FakeHttp({"/getNodes": {...}})   answers GET with {"code":0,"data":...,"msg":"success"}

SPDX-License-Identifier: MIT
"""
import collections
import http.server
import json
import socketserver
import struct
import threading


class Hangup(Exception):
    """The connection is to be closed now."""


class _Conversation(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self):
        try:
            while True:
                line = self.rfile.readline()
                if not line:
                    return
                words = line.decode().rstrip("\r\n").split(" ")
                kind, data = self.server.fake.answer(words, self.rfile)
                self.wfile.write(struct.pack(">HI", kind, len(data)) + data)
        except (Hangup, ConnectionError):
            pass


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    request_queue_size = 64


class FakeNode:
    """Topics are plain lists; ids count up from `first_id`."""

    def __init__(self, original=False, first_id=1000):
        self.original, self.next_id, self.hang_up_after = original, first_id, None
        self.ready, self.flying, self.dead = (collections.defaultdict(list) for _ in range(3))
        self.auto_ack, self.seen, self.lock = {}, [], threading.Lock()
        self.operations, self.calls = {}, []   # name -> what is answered, see do_call(); (name, arguments)
        self.server = _Server(("127.0.0.1", 0), _Conversation)
        self.server.fake = self
        self.addr = "127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, words, rfile):
        """The reply to one request as (type, data)."""
        with self.lock:
            self.seen.append(words)
            call = getattr(self, "do_" + words[0], None)
            reply = call(words[1:], rfile) if call else (102, b"unknown command")
            if self.hang_up_after is not None:
                self.hang_up_after -= 1
                if self.hang_up_after < 0:
                    raise Hangup()
            return reply

    def add(self, topic, body):
        self.next_id += 1
        self.ready[topic].append((self.next_id, body))
        return self.next_id

    def do_pub(self, words, rfile):
        length, = struct.unpack(">I", rfile.read(4))
        return 103, b"%d" % self.add(words[0], rfile.read(length))

    def do_mpub(self, words, rfile):
        ids = []
        for _ in range(int(words[1])):
            _, length = struct.unpack(">II", rfile.read(8))
            ids.append(str(self.add(words[0], rfile.read(length))))
        return 103, json.dumps(ids).encode() if words[2:] == ["ids"] else b"ok"

    @staticmethod
    def _as_json(message, retry):
        return {"id": str(message[0]), "body": message[1].decode("utf-8", "replace"), "retry_count": retry}

    def _messages(self, messages, binary, retry, many):
        if binary:
            return 106, b"".join(struct.pack(">QHHI", i, retry, 0, len(b)) + b for i, b in messages)
        shown = [self._as_json(m, retry) for m in messages]
        return 101, json.dumps(shown if many else shown[0], separators=(",", ":")).encode()

    def do_pop(self, words, _):
        if self.original and len(words) > 1:
            return 102, b"pop params is error"
        if not self.ready[words[0]]:
            return 102, b"no message"
        message = self.ready[words[0]].pop(0)
        if not self.auto_ack.get(words[0]):
            self.flying[words[0]].append(message)
        return self._messages([message], words[1:] == ["bin"], 0, False)

    def do_ack(self, words, _):
        ident = int(words[0] or 0)
        if not any(m[0] == ident for m in self.flying[words[1]]):
            return 102, b"msgId:%d is not exist" % ident
        self.flying[words[1]] = [m for m in self.flying[words[1]] if m[0] != ident]
        return 103, b"ok"

    def do_dead(self, words, _):
        count = int(words[1])
        taken, self.dead[words[0]] = self.dead[words[0]][:count], self.dead[words[0]][count:]
        return self._messages(taken, words[2:] == ["bin"], 6, True) if taken else (102, b"no message")

    def do_call(self, words, rfile):
        """Answers with what `operations` has: an object, a text, which is an error, or a function of the arguments."""
        length, = struct.unpack(">I", rfile.read(4))
        arguments = json.loads(rfile.read(length))
        if not self.operations:
            return 102, b"unknown command"
        self.calls.append((words[0], arguments))
        answer = self.operations.get(words[0], "unknown operation")
        answer = answer(arguments) if callable(answer) else answer
        return (102, answer.encode()) if isinstance(answer, str) else (107, json.dumps(answer).encode())

    def do_set(self, words, _):
        self.auto_ack[words[0]] = words[1] == "1"
        return 103, b"ok"


class _Door(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        answer = self.server.fake.answers.get(self.path)
        body = answer
        if not isinstance(answer, bytes):
            body = json.dumps({"code": 0, "data": answer, "msg": "success"}).encode()
        self.send_response(404 if answer is None else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class FakeHttp:
    """`answers` maps a path to its data, or to the bytes of the whole body."""

    def __init__(self, answers):
        self.answers = answers
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Door)
        self.server.fake = self
        self.addr = "127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def registry(*nodes):
    """A registry that knows the nodes: addresses, or (address, weight)."""
    pairs = [n if isinstance(n, tuple) else (n, 1) for n in nodes]
    return FakeHttp({"/getNodes": {"nodes": [
        {"id": i, "http_addr": "127.0.0.1:1", "tcp_addr": addr, "join_time": "2026-11-22 09:04:20", "weight": weight}
        for i, (addr, weight) in enumerate(pairs, 1)]}})
