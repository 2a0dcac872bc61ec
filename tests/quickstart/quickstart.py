"""quickstart - the commands of the documents do what the documents say

Runs the code blocks marked by `<!-- quickstart -->` in README.md and README.zh-CN.md, and those of original.md (what
the original's README told its users to type), line by line in a copy of the project with the programs on the PATH.

What a reader would do is done here, too:
    git clone, make         the copy is there, and built; the line is taken as done
    cd                      each block is a terminal of its own, which begins in the project
    gnode, gregister, gweb  started in the background and awaited; the same program again is the document's other way
                            to start it: the first is ended before
    conf.ini                stands in the folder of the program, conf/gnode or conf/gregister, if it is not there yet
    curl ... xxx            xxx is the topic, the id of the message before; a URL with & or ? gets its quotes;
                            a pop is repeated until the message is due
    curl .../api/v1/...     answers no problem, and messages where it lists some
Every other line has to end with exit code 0.

The documents name the usual ports (9595, 9503, 9504, 8080). Where the kernel allows it the test has a network of its
own, in which they are always free; where not they must be free on this machine, and the test says so when they are not.

SPDX-License-Identifier: MIT
"""
import fcntl
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import gmqtest                                          # noqa: E402  pylint: disable=wrong-import-position
from gmqtest import ROOT, Program                       # noqa: E402  pylint: disable=wrong-import-position

HERE = os.path.dirname(os.path.abspath(__file__))
DOCUMENTS = (os.path.join(HERE, "original.md"), os.path.join(ROOT, "README.md"), os.path.join(ROOT, "README.zh-CN.md"))
PORTS = (9595, 9503, 9504, 8080)
HTTP_PORT = {"gregister": 9595, "gnode": 9504, "gweb": 8080}
MARK = re.compile(r"<!-- quickstart -->\s*\n```(?:bash|sh|shell)?\n(.*?)\n```", re.S)


def commands(path):
    """The command lines of a document's marked blocks, continued lines joined, remarks left out; None ends a block."""
    out = []
    with open(path, encoding="utf-8") as file:
        blocks = MARK.findall(file.read())
    for block in blocks:
        lines = [re.sub(r"^\$ ", "", line.strip()) for line in block.replace("\\\n", " ").split("\n")]
        out += [line for line in lines if line and not line.startswith("#")] + [None]
    return out


class Reader:
    """Someone who types what the document says."""

    def __init__(self):
        self.folder = gmqtest.scratch("gmq-quickstart-")
        self.copy = self.place = os.path.join(self.folder, "gmq")
        self.running, self.topic, self.ident = {}, None, None
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("GMQ_")}
        self.env["PATH"] = f"{gmqtest.build()}:{os.environ.get('PATH', '')}"
        files = subprocess.run(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard", "-z"],
                               capture_output=True, check=False).stdout.decode().split("\0")
        for name in filter(None, files):
            target = os.path.join(self.copy, name)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            if os.path.isfile(os.path.join(ROOT, name)):
                shutil.copy2(os.path.join(ROOT, name), target)
        os.makedirs(self.copy, exist_ok=True)

    def close(self):
        wrong = []
        for one in reversed(list(self.running.values())):
            try:
                code = one.stop()
                if code != 0:
                    wrong.append(f"{' '.join(one.argv)} ended with {code}:\n{one.output[-1500:]}")
            except AssertionError as error:
                one.kill()
                wrong.append(str(error))
        self.running = {}
        gmqtest.scratch_remove(self.folder)
        return "\n".join(wrong)

    def shell(self, line):
        done = subprocess.run(["bash", "-c", line], cwd=self.place, env=self.env, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=120, check=False)
        return done.returncode, done.stdout, done.stderr

    def start(self, line):
        """A daemon of the document, in the background."""
        name = line.split()[0].rsplit("/", 1)[-1]
        if name in self.running:
            code = self.running.pop(name).stop()
            if code != 0:
                return f"{name} ended with {code}"
        line, place = line.rstrip("& "), self.place
        if re.search(r"[= \"']conf\.ini", line) and not os.path.exists(os.path.join(place, "conf.ini")):
            place = os.path.join(self.copy, "conf", name)
        one = Program(["bash", "-c", "exec " + line], place, self.env)
        self.running[name] = one
        if name == "gnode":
            one.wait_line(r"listening on tcp://[\w.:]*:9503")
        one.wait_line(rf"listening on http://[\w.:\[\]]*:{HTTP_PORT[name]}")
        one.wait_line(r"is ready")
        return None

    def curl(self, line):
        """A request of the document; returns what is wrong with the answer, or None."""
        line = re.sub(r"topic=xxx", f"topic={self.topic}", line)
        line = re.sub(r"(msgId|msg_id)=xxx", rf"\1={self.ident}", line)
        line = re.sub(r"(?<=\s)(https?://[^\s'\"]*[&?][^\s'\"]*)", r"'\1'", line)
        line = re.sub(r"^curl\b", "curl -sS", line)
        end = time.monotonic() + 40
        while True:
            code, out, err = self.shell(line)
            try:
                answer = json.loads(out)
            except ValueError:
                answer = None
            if "/pop" in line and answer and answer["msg"] == "no message" and time.monotonic() < end:
                time.sleep(0.2)
                continue
            break
        if code != 0:
            return f"{line}\nexit code {code}: {err}"
        if answer is None:
            return None if out else f"{line}\nno answer"
        if "/api/v1/" in line:
            bad = "code" in answer or not answer.get("messages", True) or ("messages" in answer and "hello" not in out)
            return f"{line}\n{out}" if bad else None
        if answer["code"] != 0:
            return f"{line}\n{out}"
        if "/push" in line:
            self.topic = json.loads(re.search(r"data=(\{.*?\})'", line).group(1))["topic"]
        if "/pop" in line:
            self.ident = answer["data"]["id"]
            if answer["data"]["body"] != "this is a job":
                return f"{line}\n{out}"
        return None

    def cd(self, where):
        """Goes to a folder of the project; the clone is where the reader is already."""
        if not where.endswith("/gmq") and where != "gmq":
            self.place = os.path.join(self.place, where)
        return None if os.path.isdir(self.place) else f"there is no folder {where}"

    def do(self, line):
        """One line; what is wrong, or None."""
        if line is None:
            self.place = self.copy
            return None
        line = re.sub(r"\s+#.*$", "", line)
        if line.startswith("cd "):
            return self.cd(line[3:].strip())
        if re.match(r"(git clone|make|sudo make|export PATH|PATH=|script/run|script/test|\./script|script/deps)\b",
                    line):
            return None
        if re.match(r"(\./)?(build/)?(gnode|gregister|gweb)\b", line):
            return self.start(re.sub(r"^(\./)?(build/)?", "", line))
        if line.startswith("curl"):
            return self.curl(line)
        code, out, err = self.shell(line)
        return None if code == 0 else f"exit code {code}\n{out}{err}"


def document(path, add):
    """All of one document."""
    name = os.path.basename(path)
    if not os.path.exists(path):
        add(f"quickstart: {name}", "there is no such file")
        return
    lines = commands(path)
    if not any("curl" in (line or "") for line in lines):
        add(f"quickstart: {name}", "no block marked <!-- quickstart --> pushes a message")
        return
    reader = Reader()
    try:
        for line in lines:
            begun = time.monotonic()
            try:
                wrong = reader.do(line)
            except Exception as error:                  # pylint: disable=broad-except
                wrong = f"{type(error).__name__}: {error}"
            if line or wrong:
                add(f"quickstart: {name}: {line[:90]}", wrong, time.monotonic() - begun)
            if wrong:
                break
    finally:
        add(f"quickstart: {name}: the programs end cleanly", reader.close() or None)


def loopback_up():
    """`ip link set lo up`, without needing ip."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(sock, 0x8913, request))[1]
        fcntl.ioctl(sock, 0x8914, struct.pack("16sh14x", b"lo", flags | 1))


def network():
    """How to get a network of one's own: a command prefix, or None."""
    for prefix in (["unshare", "-n"], ["unshare", "-r", "-n"]):
        try:
            if subprocess.run(prefix + ["true"], capture_output=True, check=False).returncode == 0:
                return prefix
        except FileNotFoundError:
            break
    return None


def inside(path, own):
    """The part that runs in the network of its own; prints a JSON line a result."""
    def add(name, wrong, seconds=0.0):
        print(json.dumps([name, wrong, seconds]), flush=True)
    if own:
        loopback_up()
    for port in PORTS:
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                add("quickstart", f"port {port} is in use, and this kernel gives no network of one's own (unshare -n)")
                return
    document(path, add)


def run(_options, add):
    """The suite: the documents side by side where each has a network of its own, else one after the other."""
    prefix = network()
    children = []
    for path in DOCUMENTS:
        argv = (prefix or []) + [sys.executable, os.path.abspath(__file__), "own" if prefix else "shared", path]
        children.append(subprocess.Popen(argv, stdout=subprocess.PIPE, text=True))
        if not prefix:
            children[-1].wait()
    for child in children:
        with child.stdout:
            for line in child.stdout:
                add(*json.loads(line))
        if child.wait() != 0:
            add("quickstart", f"the runner ended with {child.returncode}")


if __name__ == "__main__":
    inside(sys.argv[2], sys.argv[1] == "own")
