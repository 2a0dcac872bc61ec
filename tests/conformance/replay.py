"""replay - the original's transcript against this gmq

transcript.txt holds what the original's programs answered; differences.txt where gmq means to answer otherwise, with
the reason and the exact reply. Each case sends its request on a connection of its own and compares every reply, and
then whether the connection is still good: a request that has a known answer must be answered next, or the stream
must end. So nothing more than the expected bytes can have come. After each case the programs must be alive.

SPDX-License-Identifier: MIT
"""
import ast
import concurrent.futures
import json
import os
import re
import time

import gmqtest
from gmqtest import Http, Program, Tcp

import restart

HERE = os.path.dirname(os.path.abspath(__file__))
REGISTER_PATHS = ("/getNodes", "/register", "/unregister", "/editWeight")
PLACE = re.compile(rb"<(id\d+|time|tcp|http|register|tcp_port|http_port|stamp|elapsed)>")
PATTERNS = {b"time": rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", b"stamp": rb"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d",
            b"elapsed": rb"(?:\d+h)?(?:\d+m)?[\d.]+(?:ns|\xc2\xb5s|ms|s)"}


class Case:
    """One conversation: what is sent and what has to come."""

    def __init__(self, title, section):
        self.title, self.section, self.why, self.check = title, section, None, None
        self.waits, self.before, self.request, self.half_close = [], [], None, False
        self.replies, self.end = [], None               # replies: (type or status, content type, bytes)
        self.command, self.output, self.code = None, [], None
        self.given = set()                              # which kinds of line a difference replaces

    def line(self, mark, rest):
        """Takes one line of a file."""
        if mark == "?":
            self.waits.append(rest.split())
        elif mark == "!":
            self.before.append(read_bytes(rest))
        elif mark == ">":
            self.half_close = rest.endswith(" half-close")
            self.request = read_bytes(rest[:-11] if self.half_close else rest)
        elif mark == "<":
            self.replies.append(read_reply(rest))
        elif mark == "=":
            self.end = rest
        elif mark == "$":
            self.command = rest
        elif mark == "|":
            self.output.append(rest)
        elif mark == "why:":
            self.why = rest
        elif mark == "check:":
            self.check = rest
        elif mark == "[exit":
            self.code = int(rest.rstrip("]"))
        else:
            raise ValueError(f"case '{self.title}': cannot read '{mark} {rest}'")
        self.given.add(mark)

    def replace(self, other):
        """Takes over what a difference says."""
        self.why, self.check = other.why, other.check
        for mark, name in (("?", "waits"), ("<", "replies"), ("=", "end"), ("|", "output"), ("[exit", "code")):
            if mark in other.given:
                setattr(self, name, getattr(other, name))


def read_bytes(text):
    """b'..' literals joined by + and repeated by * N; nothing else is evaluated."""
    out = b""
    for literal, times in re.findall(r"(b(?:'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"))(?: \* (\d+))?", text):
        out += ast.literal_eval(literal) * int(times or 1)
    return out


def read_reply(text):
    """`TYPE bytes`, `STATUS CONTENT-TYPE bytes` or a bare status."""
    kind, _, rest = text.partition(" ")
    if rest.startswith(("b'", 'b"')) or not rest:
        return int(kind), None, read_bytes(rest)
    content, _, rest = rest.partition(" ")
    return int(kind), content, read_bytes(rest)


def read_cases(path):
    """The cases of a file in order."""
    cases, section = [], None
    with open(path, encoding="utf-8") as file:
        for line in file.read().split("\n"):
            if line.startswith("## "):
                section = line[3:]
            elif line.startswith("### "):
                cases.append(Case(line[4:], section))
            elif line.strip() and cases:
                # The rest of an output line of gclient counts to the blank.
                mark, _, rest = line.partition(" ")
                cases[-1].line(mark, rest)
    titles = [c.title for c in cases]
    assert len(set(titles)) == len(titles), "two cases with one title"
    return cases


class World:
    """The programs, and what is known of ids and addresses."""

    def __init__(self):
        self.folder = gmqtest.scratch()
        self.register = gmqtest.Gregister(self.folder)
        self.node = gmqtest.Gnode(os.path.join(self.folder, "data"), "-msg_ttr=3",
                                  f"-register_addr=http://{self.register.http}")
        gmqtest.wait_until(self.register.nodes, "the node has registered")
        self.names = {b"tcp": self.node.tcp.encode(), b"http": self.node.http.encode(),
                      b"register": self.register.http.encode(),
                      b"tcp_port": self.node.tcp.rsplit(":", 1)[1].encode(),
                      b"http_port": self.node.http.rsplit(":", 1)[1].encode()}

    def close(self):
        try:
            code = self.node.stop()
            assert code == 0, f"gnode ended with {code}"
            code = self.register.stop()
            assert code == 0, f"gregister ended with {code}"
        finally:
            self.node.kill()
            self.register.kill()
            gmqtest.scratch_remove(self.folder)

    def fill(self, data):
        """Bytes to send: placeholders become what they stand for."""
        return PLACE.sub(lambda m: self.names[m.group(1)], data)

    def match(self, expected, got):
        """Compares; binds ids that are seen for the first time. None, or what is wrong."""
        pattern, last, new = b"", 0, set()
        for place in PLACE.finditer(expected):
            name = place.group(1)
            pattern += re.escape(expected[last:place.start()])
            last = place.end()
            if name in PATTERNS:
                pattern += PATTERNS[name]
            elif name in self.names:
                pattern += re.escape(self.names[name])
            elif name in new:
                pattern += b"(?P=" + name + b")"
            else:
                pattern += b"(?P<" + name + rb">[1-9]\d{0,19})"
                new.add(name)
        found = re.fullmatch(pattern + re.escape(expected[last:]), got, re.S)
        if not found:
            return f"wanted {shorten(self.known(expected))}\ngot    {shorten(got)}"
        for name in new:
            value = found.group(name.decode())
            if value in self.names.values():
                return f"the id {value.decode()} was given before"
            self.names[name] = value
        return None

    def known(self, data):
        """Expected bytes with what is known filled in, for messages."""
        return PLACE.sub(lambda m: self.names.get(m.group(1), m.group(0)), data)


def shorten(data):
    """repr, but not for ever."""
    return repr(data) if len(data) < 1500 else f"{data[:700]!r}... ({len(data)} bytes)"


def wait_for(world, waits):
    """Waits until topics are where the case wants them."""
    for topic, field, number in waits:
        with Http(world.node.http) as http:
            gmqtest.wait_until(lambda h=http, t=topic, f=field, n=number: (h.stat(t) or {}).get(f) == int(n),
                               f"{field} of topic {topic} is {number}", 40 * gmqtest.SLOW)


def is_http(request):
    return b" HTTP/1." in request or request.startswith(b"hello\r")


def talk_http(world, case):
    """Runs an HTTP case."""
    request = world.fill(case.request)
    path = request.split(b" ")[1].split(b"?")[0].decode() if b" " in request else ""
    registry = case.section == "gregister" or path in REGISTER_PATHS
    with Http(world.register.http if registry else world.node.http) as conn:
        conn.send(request)
        method = request.split(b" ")[0].decode("latin-1")
        got = None
        for status, content, body in case.replies:
            # A 100 may be left out when the body came along with the head, so the reply in hand may be the next one.
            got = conn.reply(method) if got is None else got
            if status == 100 and got and got.status != 100:
                continue
            if got is None:
                return f"wanted a reply {status}, got the end of the connection"
            if got.status != status:
                return f"wanted status {status}, got {got.status} {shorten(got.body)}"
            if content is not None and got.content_type.replace("; ", ";") != content:
                return f"wanted Content-Type {content}, got {got.content_type}"
            if status == 100:
                got = None
                continue
            wrong = CHECKS[case.check](world, got.body) if case.check else world.match(body, got.body)
            if wrong:
                return wrong
            got = None
        if case.end == "closed":
            return None if conn.at_end() else f"the connection is not closed: {shorten(conn.buf)}"
        probe = conn.get("/no/such/path")
        return None if probe.status == 404 else f"more came than one reply: {probe.status} {shorten(probe.body)}"


def talk_tcp(world, case):
    """Runs a TCP case."""
    with Tcp(world.node.tcp) as conn:
        conn.send(world.fill(case.request))
        if case.half_close:
            conn.half_close()
        for kind, _, data in case.replies:
            got = conn.reply()
            if got is None:
                return f"wanted a reply {kind} {shorten(data)}, got the end of the connection"
            if got[0] != kind:
                return f"wanted type {kind}, got {got[0]} {shorten(got[1])}"
            wrong = world.match(data, got[1])
            if wrong:
                return wrong
        if case.end == "closed":
            return None if conn.at_end() else f"the connection is not closed: {shorten(conn.buf)}"
        # The empty topic makes no topic, and its answer is known.
        probe = conn.call(b"pop \n")
        return None if probe == (102, b"topic is empty") else f"more came than the replies: {probe}"


def polls_as_one(lines):
    """Runs of polls of an endless loop that found nothing become one poll."""
    out = []
    for line in lines:
        out.append(line)
        for width in (1, 2):
            if len(out) >= 2 * width and "no message" in line and \
                    [x.split(" ", 2)[-1] for x in out[-width:]] == \
                    [x.split(" ", 2)[-1] for x in out[-2 * width:-width]]:
                del out[-width:]
                break
    return out


def run_client(world, case):
    """Runs gclient and compares its output line by line."""
    words = [world.fill(w.encode()).decode() for w in case.command.split()]
    client = Program([gmqtest.program(words[0])] + words[1:], world.folder)
    wanted = [line.encode() for line in case.output]
    try:
        if case.code == 124:                   # an endless loop: watch it until it has said everything
            wanted = [x.encode() for x in polls_as_one([x.decode().replace("<stamp> ", "- - ") for x in wanted])]
            wanted = [x.replace(b"- - ", b"<stamp> ") for x in wanted]
            gmqtest.wait_until(lambda: len(polls_as_one(client.output.split("\n"))) >= len(wanted)
                               or not client.alive(), "gclient has printed its lines", 20 * gmqtest.SLOW)
            if not client.alive():
                return f"gclient ended with {client.wait()}:\n{client.output}"
        else:
            code = client.wait()
            if code != case.code:
                return f"wanted exit code {case.code}, got {code}:\n{client.output}"
    finally:
        client.kill()
    got = client.output.encode().split(b"\n") if client.output else []
    if case.code == 124:
        got = [x.encode() for x in polls_as_one([x.decode() for x in got])][:len(wanted)]
    if len(got) != len(wanted):
        return f"wanted {len(wanted)} lines, got {len(got)}:\n{client.output}"
    for want, line in zip(wanted, got):
        wrong = world.match(want, line)
        if wrong:
            return wrong
    return None


def run_case(world, case):
    """None, or what is wrong."""
    wait_for(world, case.waits)
    for data in case.before:
        with Tcp(world.node.tcp) as conn:
            conn.call(world.fill(data))
    if case.command:
        wrong = run_client(world, case)
    elif is_http(case.request):
        wrong = talk_http(world, case)
    else:
        wrong = talk_tcp(world, case)
    for one in (world.node, world.register):
        if not one.alive():
            return (wrong or "") + f"\n{one.argv[0]} has ended:\n{one.output[-3000:]}"
    return wrong


# Every topic of the transcript that exists when getAllTopicStat asks, in the order of its first use.
TOPICS = """fresh game_1 plus mp game_put chunk expect case nulls esc emptyb \u4e2d\u6587 nope1 none3
            t1 tnew t1d t1n te bin pl mp1 mp2 t1z dl dly ex""".split()


def check_all_topics(world, body):
    """The list has every topic in order of creation, each as getTopicStat shows it."""
    stats = json.loads(body)["data"]
    names = [s["name"] for s in stats]
    if names != TOPICS:
        return f"wanted the topics {TOPICS}\ngot               {names}"
    with Http(world.node.http) as http:
        one_by_one = [http.stat(name) for name in names]
    if stats != one_by_one:
        return f"wanted {one_by_one}\ngot    {stats}"
    wanted = json.dumps({"code": 0, "data": stats, "msg": "success"}, ensure_ascii=False, separators=(",", ":"))
    return None if body == wanted.encode() else f"not the bytes of Go's encoder: {shorten(body)}"


CHECKS = {"all_topics": check_all_topics}


def run(options, add):
    """The suite: replayed + different = all cases."""
    cases = read_cases(os.path.join(HERE, "transcript.txt"))
    by_title = {case.title: case for case in cases}
    for difference in read_cases(os.path.join(HERE, "differences.txt")):
        assert difference.title in by_title, f"differences.txt: no case '{difference.title}'"
        assert difference.why and difference.given - {"why:"}, f"'{difference.title}' gives no reason or nothing new"
        by_title[difference.title].replace(difference)
    replayed = different = 0
    pool = concurrent.futures.ThreadPoolExecutor(len(restart.SCENARIOS))
    restarts = [(title, pool.submit(question)) for title, question in restart.SCENARIOS]
    world, start = World(), time.monotonic()
    try:
        for case in cases:
            begun = time.monotonic()
            try:
                wrong = run_case(world, case)
            except Exception as error:          # pylint: disable=broad-except
                wrong = f"{type(error).__name__}: {error}"
            replayed += case.why is None
            different += case.why is not None
            if options.k in case.title or wrong:
                add(f"conformance: {case.section}: {case.title}", wrong, time.monotonic() - begun)
            if not world.node.alive() or not world.register.alive():
                break
    finally:
        world.close()
    for title, question in restarts:
        different += 1
        try:
            wrong = question.result()
        except Exception as error:              # pylint: disable=broad-except
            wrong = f"{type(error).__name__}: {error}"
        add(f"conformance: restart: {title}", wrong)
    total = len(cases) + len(restart.SCENARIOS)
    print(f"conformance: {replayed} cases as the original, {different} with an intended difference, {total} in all "
          f"({time.monotonic() - start:.0f} s)")
    add("conformance: every case was run", None if replayed + different == total else
        f"only {replayed + different} of {total} cases were run")
