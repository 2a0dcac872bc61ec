"""doors - the operations of a node by each of its doors, for the property tests

    api = Call(node); api.op("message.push", topic="t", body="x")    # TCP `call`
    api = V1(node);   api.op("message.push", topic="t", body="x")    # /api/v1

op() returns the answer's JSON or raises Refused with the error's text.

SPDX-License-Identifier: MIT
"""
import base64
import json
import struct
import urllib.parse

import gmqtest
from gmqtest import Refused

REPLY_JSON = 107

# name: method, path below /api/v1; what is not in the path stands in the query of a GET or DELETE, else in the body.
OPS = {
    "message.push": ("POST", "topics/{topic}/messages"),
    "message.pop": ("POST", "deliveries"),
    "message.ack": ("POST", "topics/{topic}/acks"),
    "message.nack": ("POST", "topics/{topic}/nacks"),
    "message.touch": ("POST", "topics/{topic}/touches"),
    "message.list": ("GET", "topics/{topic}/messages"),
    "message.get": ("GET", "messages/{id}"),
    "message.find": ("GET", "topics/{topic}/keys/{key}"),
    "message.history": ("GET", "messages/{id}/history"),
    "message.cancel": ("DELETE", "messages/{id}"),
    "message.reschedule": ("POST", "messages/{id}/reschedule"),
    "message.promote": ("POST", "messages/{id}/promote"),
    "dead.redrive": ("POST", "topics/{topic}/dead/redrive"),
    "dead.delete": ("POST", "topics/{topic}/dead/delete"),
    "job.list": ("GET", "jobs"),
    "job.get": ("GET", "jobs/{job}"),
    "job.cancel": ("DELETE", "jobs/{job}"),
    "topic.list": ("GET", "topics"),
    "topic.create": ("POST", "topics"),
    "topic.get": ("GET", "topics/{topic}"),
    "topic.set": ("POST", "topics/{topic}/settings"),
    "topic.delete": ("DELETE", "topics/{topic}"),
    "topic.pause": ("POST", "topics/{topic}/pause"),
    "topic.resume": ("POST", "topics/{topic}/resume"),
    "topic.purge": ("POST", "topics/{topic}/purge"),
    "topic.consumers": ("GET", "topics/{topic}/consumers"),
}


class Call:
    """The TCP command `call`."""

    name = "call"

    def __init__(self, node):
        self.tcp = gmqtest.Tcp(node.tcp)

    def op(self, name, **args):
        data = json.dumps(args).encode()
        kind, reply = self.tcp.call(b"call %s\n%s%s" % (name.encode(), struct.pack(">I", len(data)), data))
        if kind == gmqtest.ERROR:
            raise Refused(reply.decode())
        assert kind == REPLY_JSON, (name, kind, reply)
        return json.loads(reply) if reply else {}

    def close(self):
        self.tcp.close()


class V1:
    """/api/v1; what is refused must be a problem (RFC 9457)."""

    name = "v1"

    def __init__(self, node):
        self.http = gmqtest.Http(node.http)

    def op(self, name, **args):
        method, path = OPS[name]
        used = {key for key in args if "{" + key + "}" in path}
        path = "/api/v1/" + path.format(**{key: urllib.parse.quote(str(args[key]), safe="") for key in used})
        rest = {key: value for key, value in args.items() if key not in used}
        head, body = "", b""
        if method == "POST":
            body = json.dumps(rest).encode()
            head = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        elif rest:
            path += "?" + urllib.parse.urlencode({key: str(value).lower() if isinstance(value, bool) else value
                                                  for key, value in rest.items()})
        reply = self.http.call(f"{method} {path} HTTP/1.1\r\nHost: x\r\n{head}\r\n".encode() + body)
        if reply.status >= 400:
            raise Refused(check_problem(reply)["detail"])
        assert 200 <= reply.status < 300, (name, reply.status, reply.body)
        return reply.json if reply.body else {}

    def close(self):
        self.http.close()


def check_problem(reply):
    """The problem of a reply, which must be a well-formed one."""
    assert reply.content_type.split(";")[0] == "application/problem+json", (reply.status, reply.headers, reply.body)
    problem = reply.json
    assert problem["status"] == reply.status and problem["type"] == "about:blank", problem
    assert all(isinstance(problem[key], str) and problem[key] for key in ("title", "detail", "code")), problem
    return problem


def body_args(body):
    """A body as a push takes it."""
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"body_base64": base64.b64encode(body).decode()}


def body_of(message):
    """The body of a message that an operation answered."""
    return base64.b64decode(message["body_base64"]) if "body_base64" in message else message["body"].encode()
