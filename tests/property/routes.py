"""routes - requests of all kinds to /api/v1: no crash, no 500, and every refusal a well-formed problem

Paths are put together from pieces that are routes and pieces that are not, with any method, query and body. An answer
is 2xx with what its type says, or a problem (RFC 9457). HEAD and what is no HTTP are left to others.

SPDX-License-Identifier: MIT
"""
import json
import urllib.parse

import gmqtest
from hypothesis import given
from hypothesis import strategies as st

import doors

PIECES = ("api", "v1", "topics", "t", "messages", "1", "0", "18446744073709551615", "99999999999999999999", "-1",
          "acks", "nacks", "touches", "keys", "k", "dead", "redrive", "delete", "jobs", "pause", "resume", "purge",
          "settings", "consumers", "deliveries", "history", "promote", "reschedule", "node", "events", "", ".",
          "..", "ö", "%00", "{topic}", "a" * 200)
NAMES = ("topic", "topics", "ids", "id", "body", "body_base64", "delay_ms", "due_at", "ttr_ms", "headers", "key",
          "dedup_key", "messages", "count", "wait", "client", "encoding", "state", "from", "cursor", "limit",
          "text", "older_than_ms", "all", "rate", "to", "push", "pop", "for_ms", "until", "retry", "limits", "name",
          "reject", "reason", "x")
numbers = st.integers(-(1 << 65), 1 << 65) | st.sampled_from((0, 1, -1, 255, 1000, 1001)) | st.floats()
words = st.sampled_from(("t", "ready", "dead", "whole", "text", "none", "2027-01-01T00:00:00Z", "\0", "", "ä😀"))
values = st.recursive(numbers | words | st.booleans() | st.none() | st.text(max_size=6),
                      lambda inner: st.lists(inner, max_size=3) |
                      st.dictionaries(st.sampled_from(NAMES), inner, max_size=3), max_leaves=8)
objects = st.dictionaries(st.sampled_from(NAMES), values, max_size=5)
requests = st.fixed_dictionaries({
    "method": st.sampled_from(("GET", "POST", "DELETE", "PUT", "PATCH", "OPTIONS")),
    "path": st.sampled_from(sorted(path for _, path in doors.OPS.values())).map(
        lambda path: path.format(topic="t", id="7", key="k", job="1").split("/")) |
    st.lists(st.sampled_from(PIECES), max_size=6),
    "query": st.lists(st.tuples(st.sampled_from(NAMES), st.text(max_size=5) | numbers.map(str)), max_size=3),
    "body": objects.map(lambda data: json.dumps(data).encode()) | values.map(lambda data: json.dumps(data).encode()) |
    st.binary(max_size=20),
    "type": st.sampled_from(("application/json", "application/octet-stream", "text/plain", "",
                             "application/json;charset=x")),
})


def send(http, request):
    """The reply to a drawn request."""
    path = "/api/v1/" + "/".join(piece if piece.startswith("%") else urllib.parse.quote(piece, safe="")
                                 for piece in request["path"])
    if request["query"]:
        path += "?" + urllib.parse.urlencode(request["query"], errors="replace")
    head = f"Content-Type: {request['type']}\r\n" if request["type"] else ""
    if request["method"] != "GET":
        head += f"Content-Length: {len(request['body'])}\r\n"
    body = b"" if request["method"] == "GET" else request["body"]
    return http.call(f"{request['method']} {path} HTTP/1.1\r\nHost: x\r\n{head}\r\n".encode() + body)


def check(reply, request):
    assert reply is not None, f"no reply to {request}"
    assert reply.status not in (500, 501) and reply.status < 600, (reply.status, reply.body, request)
    if reply.status >= 400:
        doors.check_problem(reply)
    elif reply.content_type.startswith("application/json"):
        assert reply.json is not None


class Life:
    """A node, and a connection that is made anew when the node has closed it."""

    def __init__(self):
        self.folder = gmqtest.scratch("gmq-routes-")
        self.node = gmqtest.Gnode(self.folder + "/data", cwd=self.folder)
        self.http = gmqtest.Http(self.node.http)

    def ask(self, request):
        reply = send(self.http, request)
        if reply is None or reply.headers.get("connection", "").lower() == "close":
            self.http.close()
            self.http = gmqtest.Http(self.node.http)
        return reply or send(self.http, request)

    def end(self):
        self.http.close()
        assert self.node.stop() == 0, self.node.output
        gmqtest.scratch_remove(self.folder)


def run(settings):
    life = Life()

    @settings
    @given(requests)
    def ask(request):
        if request["path"][-1:] == ["events"]:
            return                                              # a stream without an end
        check(life.ask(request), request)
        assert life.node.alive(), life.node.output

    try:
        ask()
    finally:
        life.end()
