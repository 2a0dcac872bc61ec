"""gmqtest - what every whole-program test needs

Programs are started on free ports (they bind port 0 and log the address), with a scratch folder on disk as working
directory, and are awaited by their log lines: no test sleeps where it can wait for an event. What a test started it
ends, by process id. A sanitizer's report, or a failed ENSURE, in a program's output fails the test whatever else
happened.

    node = Gnode(folder, "-msg_ttr=3"); tcp = Tcp(node.tcp); tcp.pub("t", b"x"); tcp.pop("t"); node.stop()

Environment: GMQ_BUILD is the folder with the programs (tests/run.py --build sets it), GMQ_SLOW multiplies deadlines
(sanitizer builds), GMQ_KEEP=1 keeps the scratch folders.

SPDX-License-Identifier: MIT
"""
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))
SLOW = float(os.environ.get("GMQ_SLOW", "1"))
DEADLINE_S = 15 * SLOW          # the longest anything local may take before a test gives up

MESSAGE, ERROR, RESULT, BINARY, JSON = 101, 102, 103, 106, 107
REPORTS = re.compile(r"(AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:|gmq stops, this must hold)")


def build():
    """The folder with the programs under test."""
    return os.path.abspath(os.environ.get("GMQ_BUILD", os.path.join(ROOT, "build")))


def program(name):
    """The path of one program."""
    return os.path.join(build(), name)


def sanitized():
    """Are the programs built with the address sanitizer?"""
    with open(program("gnode"), "rb") as file:
        return b"__asan_init" in file.read()


def wait_until(question, what="the condition", seconds=DEADLINE_S, pause=0.005):
    """Asks until the answer is true and returns it; the pause between two questions grows to 50 ms."""
    end = time.monotonic() + seconds
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:.0f} s: {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)


def scratch(prefix="gmq-test-"):
    """A new folder on disk (/tmp may be memory)."""
    root = os.environ.get("TMPDIR") or ("/var/tmp" if os.access("/var/tmp", os.W_OK) else None)
    return tempfile.mkdtemp(prefix=prefix, dir=root)


def scratch_remove(path):
    """Removes what scratch() made, unless GMQ_KEEP is set."""
    if not os.environ.get("GMQ_KEEP"):
        shutil.rmtree(path, ignore_errors=True)


def take_rest(folder):
    """Somebody else takes what is left of the disk."""
    with open(os.path.join(folder, "others"), "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass


def free_port():
    """A port that is free now; only for addresses that have to be known before their program starts."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Program:
    """A running program; its output, both streams, is collected line by line."""

    def __init__(self, argv, cwd, env=None):
        self.argv, self.lines, self.ended, self.checked = argv, [], False, False
        self.changed = threading.Condition()
        full = {k: v for k, v in os.environ.items() if not k.startswith("GMQ_")}
        full.setdefault("ASAN_OPTIONS", "abort_on_error=0:detect_leaks=1")
        full.update(env or {})
        # A core dump of a killed sanitizer build is gigabytes; nobody reads it.
        self.process = subprocess.Popen(argv, cwd=cwd, env=full, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, close_fds=True)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        with self.process.stdout:
            for line in self.process.stdout:
                with self.changed:
                    self.lines.append(re.sub(r"\x1b\[[0-9;]*m", "", line.decode("utf-8", "replace")).rstrip("\n"))
                    self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    @property
    def pid(self):
        return self.process.pid

    @property
    def output(self):
        with self.changed:
            return "\n".join(self.lines)

    def alive(self):
        return self.process.poll() is None

    def wait_line(self, pattern, seconds=DEADLINE_S, since=0):
        """Waits for a line of output that holds the pattern; returns the match."""
        end, looked = time.monotonic() + seconds, since
        with self.changed:
            while True:
                for line in self.lines[looked:]:
                    match = re.search(pattern, line)
                    if match:
                        return match
                looked = len(self.lines)
                left = end - time.monotonic()
                if self.ended or left <= 0:
                    raise AssertionError(f"{os.path.basename(self.argv[0])} "
                                         f"{'ended' if self.ended else 'runs'} without the line /{pattern}/:\n"
                                         + "\n".join(self.lines[-40:]))
                self.changed.wait(left)

    def wait(self, seconds=DEADLINE_S):
        """Waits for the end; returns the exit code (negative: the signal)."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{' '.join(self.argv)} did not end within {seconds:.0f} s:\n"
                                 + "\n".join(self.output.split("\n")[-20:])) from None
        self.reader.join(5)
        self.check()
        return code

    def signal(self, number):
        """Sends a signal to this process, if it still runs."""
        if self.alive():
            self.process.send_signal(number)

    def stop(self, seconds=DEADLINE_S):
        """SIGTERM; returns the exit code."""
        self.signal(signal.SIGTERM)
        return self.wait(seconds)

    def kill(self):
        """kill -9, and waits until it is gone."""
        self.signal(signal.SIGKILL)
        self.process.wait(DEADLINE_S)
        self.reader.join(5)
        self.check()

    def check(self):
        """Fails when a sanitizer or an ENSURE has spoken."""
        if not self.checked and REPORTS.search(self.output):
            self.checked = True
            raise AssertionError(f"{' '.join(self.argv)} reported:\n{self.output[-6000:]}")

    def rss_bytes(self):
        """Resident memory now."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmRSS:\s+(\d+) kB", status.read()).group(1)) * 1024


class Gnode(Program):
    """A node on free ports; `data` is its folder, flags come after the usual ones and so win; `before` runs it."""

    def __init__(self, data, *flags, cwd=None, env=None, wait=True, before=()):
        argv = [program("gnode"), "-tcp_addr=127.0.0.1:0", "-http_addr=127.0.0.1:0", f"-data_save_path={data}"]
        super().__init__([*before, *argv, *flags], cwd or os.path.dirname(os.path.abspath(data)), env)
        self.tcp = self.http = None
        if wait:
            self.ready()

    def ready(self):
        """Waits until both doors are open."""
        self.tcp = self.wait_line(r"listening on tcp://([\w.:\[\]]+)").group(1)
        self.http = self.wait_line(r"listening on http://([\w.:\[\]]+)").group(1)
        self.wait_line(r"is ready")
        return self


class Gregister(Program):
    """A registry on a free port."""

    def __init__(self, folder, *flags, env=None, wait=True):
        argv = [program("gregister"), "-http_addr=127.0.0.1:0", f"-data_save_path={os.path.join(folder, 'register')}"]
        super().__init__(argv + list(flags), folder, env)
        self.http = None
        if wait:
            self.http = self.wait_line(r"listening on http://([\w.:\[\]]+)").group(1)
            self.wait_line(r"is ready")

    def nodes(self):
        """The list that getNodes answers."""
        return Http(self.http).get("/getNodes").json["data"]["nodes"] or []


class Gweb(Program):
    """The web admin on a free port; `data` is its folder. Without logins unless a flag says -auth=on."""

    def __init__(self, data, *flags, register="", cwd=None, env=None, wait=True):
        argv = [program("gweb"), "-web_addr=127.0.0.1:0", f"-register_addr={register}", f"-data_save_path={data}",
                "-auth=off"]
        super().__init__(argv + list(flags), cwd or os.path.dirname(os.path.abspath(data)), env)
        self.http = None
        if wait:
            self.http = self.wait_line(r"listening on http://([\w.:\[\]]+)").group(1)
            self.wait_line(r"is ready")


class Refused(Exception):
    """A 102."""


class Stream:
    """A TCP connection with a reader that stops where it is told."""

    def __init__(self, addr, seconds=DEADLINE_S):
        host, port = addr.rsplit(":", 1)
        self.sock = socket.create_connection((host, int(port)), seconds)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buf = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def half_close(self):
        self.sock.shutdown(socket.SHUT_WR)

    def fill(self):
        """Reads more; False at the end of the stream (a reset is an end, too)."""
        try:
            more = self.sock.recv(1 << 16)
        except ConnectionResetError:
            more = b""
        self.buf += more
        return more != b""

    def take(self, count):
        """Exactly `count` bytes, or None when the stream ends before."""
        while len(self.buf) < count:
            if not self.fill():
                return None
        data, self.buf = self.buf[:count], self.buf[count:]
        return data

    def take_until(self, mark):
        """Bytes up to and with `mark`, or None when the stream ends before."""
        while mark not in self.buf:
            if not self.fill():
                return None
        at = self.buf.index(mark) + len(mark)
        data, self.buf = self.buf[:at], self.buf[at:]
        return data

    def at_end(self):
        """True when the peer closes without another byte."""
        return not self.buf and not self.fill()


class Tcp(Stream):
    """The protocol of the TCP door."""

    def reply(self):
        """The next reply as (type, data), or None at the end of the stream."""
        head = self.take(6)
        if head is None:
            return None
        kind, length = struct.unpack(">HI", head)
        data = self.take(length)
        return None if data is None else (kind, data)

    def call(self, request):
        self.send(request)
        return self.reply()

    def want(self, request, *kinds):
        """The data of the reply, which must be of one of the kinds; a 102 raises Refused."""
        got = self.call(request)
        if got is None:
            raise ConnectionError("connection closed by the node")
        if got[0] == ERROR and ERROR not in kinds:
            raise Refused(got[1].decode("utf-8", "replace"))
        if got[0] not in kinds:
            raise AssertionError(f"reply of type {got[0]}, wanted {kinds}: {got[1][:200]!r}")
        return got[1]

    @staticmethod
    def pub_bytes(topic, body, delay=0):
        return b"pub %s %d\n%s%s" % (topic.encode(), delay, struct.pack(">I", len(body)), body)

    @staticmethod
    def mpub_bytes(topic, items, word=""):
        """items: bodies, or (delay, body)."""
        packed = b"".join(struct.pack(">II", i[0], len(i[1])) + i[1] for i in
                          ((0, i) if isinstance(i, bytes) else i for i in items))
        return f"mpub {topic} {len(items)}{word}\n".encode() + packed

    def pub(self, topic, body, delay=0):
        """Pushes; returns the id."""
        return int(self.want(self.pub_bytes(topic, body, delay), RESULT))

    def mpub(self, topic, items):
        return self.want(self.mpub_bytes(topic, items), RESULT)

    def pop(self, topic):
        """The message as a dict with an int id, or None."""
        kind, data = self.call(f"pop {topic}\n".encode())
        if kind == ERROR:
            if data == b"no message":
                return None
            raise Refused(data.decode())
        message = json.loads(data)
        return {**message, "id": int(message["id"])}

    def pop_bin(self, topic):
        """(id, retry_count, body), or None."""
        kind, data = self.call(f"pop {topic} bin\n".encode())
        if kind == ERROR and data == b"no message":
            return None
        if kind != BINARY:
            raise Refused(data.decode("utf-8", "replace"))
        ident, retry, zero, length = struct.unpack(">QHHI", data[:16])
        assert zero == 0 and len(data) == 16 + length, data[:16]
        return ident, retry, data[16:]

    def ack(self, ident, topic):
        """True, or False when the id is not in flight."""
        kind, data = self.call(f"ack {ident} {topic}\n".encode())
        if kind == ERROR and data.endswith(b"is not exist"):
            return False
        if (kind, data) != (RESULT, b"ok"):
            raise Refused(data.decode())
        return True

    def dead(self, topic, count):
        """The dead messages as dicts."""
        kind, data = self.call(f"dead {topic} {count}\n".encode())
        if kind == ERROR and data == b"no message":
            return []
        return [{**m, "id": int(m["id"])} for m in json.loads(data)]

    def set(self, topic, on):
        return self.want(f"set {topic} {on}\n".encode(), RESULT)

    def call_bytes(self, operation, arguments):
        text = arguments if isinstance(arguments, bytes) else json.dumps(arguments).encode()
        return f"call {operation}\n".encode() + struct.pack(">I", len(text)) + text

    def op(self, operation, **arguments):
        """An operation by `call`: its answer, or Refused with the error's text."""
        kind, data = self.call(self.call_bytes(operation, arguments))
        if kind != JSON:
            raise Refused(data.decode("utf-8", "replace"))
        return json.loads(data)


class HttpReply:
    """One reply: status, lower-case headers, decoded body."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body
        self.content_type = headers.get("content-type", "")

    @property
    def json(self):
        return json.loads(self.body)


class Http(Stream):
    """HTTP by hand, so that every byte of the request is the test's own."""

    def reply(self, method="GET"):
        """The next reply, interim ones (100) included, or None at the end of the stream."""
        head = self.take_until(b"\r\n\r\n")
        if head is None:
            return None
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ")[1])
        headers = {k.strip().lower(): v.strip() for k, v in (x.split(":", 1) for x in lines[1:] if ":" in x)}
        if method == "HEAD" or status < 200 or status in (204, 304):
            body = b""
        elif "chunked" in headers.get("transfer-encoding", "").lower():
            body = self._chunks()
        elif "content-length" in headers:
            body = self.take(int(headers["content-length"]))
        else:
            while self.fill():
                pass
            body, self.buf = self.buf, b""
        return None if body is None else HttpReply(status, headers, body)

    def _chunks(self):
        body = b""
        while True:
            line = self.take_until(b"\r\n")
            size = int(line.split(b";")[0], 16)
            body += self.take(size)
            self.take(2)
            if size == 0:
                return body

    def call(self, raw, method="GET"):
        self.send(raw)
        return self.reply(method)

    def get(self, path):
        """GET; the path is sent as it is."""
        got = self.call(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        if got is None:
            raise ConnectionError("connection closed by the server")
        return got

    def post(self, path, **form):
        body = urllib.parse.urlencode(form).encode()
        return self.call(b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                         b"Content-Length: %d\r\n\r\n%s" % (path.encode(), len(body), body))

    def v1(self, method, path, value=None, headers=None, raw=None):
        """A request; `path` is below /api/v1 unless it begins with a slash. `value` goes as JSON, `raw` as octets."""
        headers = dict(headers or {})
        body = b"" if value is None else json.dumps(value).encode()
        if value is not None:
            headers.setdefault("Content-Type", "application/json")
        if raw is not None:
            body = raw
            headers.setdefault("Content-Type", "application/octet-stream")
        lines = [f"{method} {path if path.startswith('/') else '/api/v1/' + path} HTTP/1.1", "Host: x",
                 f"Content-Length: {len(body)}", *(f"{k}: {v}" for k, v in headers.items())]
        got = self.call("\r\n".join(lines).encode() + b"\r\n\r\n" + body, method)
        if got is None:
            raise ConnectionError("connection closed by the server")
        return got

    def push(self, topic, body, delay=0):
        """Pushes through /push; returns the id."""
        got = self.post("/push", data=json.dumps({"body": body, "topic": topic, "delay": delay})).json
        if got["code"] != 0:
            raise Refused(got["msg"])
        return int(got["data"]["msgId"])

    def stat(self, topic):
        """The figures of a topic, or None when it is not known."""
        return self.get("/getTopicStat?topic=" + urllib.parse.quote(topic)).json["data"]

    def stats(self):
        return self.get("/getAllTopicStat").json["data"]


class Case(unittest.TestCase):
    """A test with a scratch folder; programs that it starts here are ended and checked after it."""

    def setUp(self):
        self.folder = scratch()
        self.started = []
        self.addCleanup(scratch_remove, self.folder)
        self.addCleanup(self._end)

    def _end(self):
        wrong = []
        for one in self.started:
            try:
                one.kill()
                one.check()
            except AssertionError as error:
                wrong.append(str(error))
        if wrong:
            raise AssertionError("\n".join(wrong))

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def keep(self, one):
        self.started.append(one)
        return one

    def gnode(self, *flags, data="data", **more):
        return self.keep(Gnode(self.path(data), *flags, cwd=self.folder, **more))

    def gregister(self, *flags, **more):
        return self.keep(Gregister(self.folder, *flags, **more))

    def gweb(self, *flags, data="web-data", **more):
        return self.keep(Gweb(self.path(data), *flags, cwd=self.folder, **more))

    def tcp(self, node):
        conn = Tcp(node if isinstance(node, str) else node.tcp)
        self.addCleanup(conn.close)
        return conn

    def http(self, server):
        conn = Http(server if isinstance(server, str) else server.http)
        self.addCleanup(conn.close)
        return conn

    def run_program(self, name, *flags, seconds=DEADLINE_S, env=None):
        """Runs a program to its end; returns (exit code, output)."""
        one = self.keep(Program([program(name), *flags], self.folder, env))
        return one.wait(seconds), one.output
