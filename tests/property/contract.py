"""contract - every limit that docs/openapi.yaml names, just within and just beyond it, by /api/v1 and `call`

For each minimum, maximum, length and count of each argument of each operation a request is made that is good but for
this one value. Just within it must not be refused for the argument's sake (it may be for another: nobody has this id);
just beyond it must be, and the text must name the argument or what it is.

SPDX-License-Identifier: MIT
"""
import json
import os
import re
import urllib.parse

import gmqtest
import yaml

DOCUMENT = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "openapi.yaml")
BOUNDS = ("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems")
PATH = {"topic": "t", "id": "7", "job": "1", "key": "k"}

# What an operation needs beside the one argument, unless that is in WITHOUT.
BASE = {
    "message.push": {"body": "x"}, "message.pop": {"topic": "t"}, "message.ack": {"ids": ["7"]},
    "message.nack": {"ids": ["7"]}, "message.touch": {"ids": ["7"]}, "dead.redrive": {"ids": ["7"]},
    "dead.delete": {"ids": ["7"]}, "topic.create": {"name": "t"}, "topic.purge": {"state": "ready"},
}
WITHOUT = {"older_than_ms": "ids", "text": "ids", "topics": "topic", "messages": "body"}
BESIDE = {"body_bytes": {"body": "first"}, "reason": {"reject": True}}
PARTS = {"delays_ms": {"kind": "list"}, "delays_ms[]": {"kind": "fixed"},
         "cap_ms": {"kind": "fixed", "delays_ms": [1]}, "jitter_percent": {"kind": "fixed", "delays_ms": [1]}}
ITEMS = {"ids": "7", "topics": "t", "messages": {"body": "x"}, "delays_ms": 1}

# Refusals that name what an argument is, and not the argument.
NAMED = {"topic": "topic name is invalid|topic is empty", "name": "topic name is invalid|topic is empty",
         "to": "topic name is invalid", "topics": "topic name is invalid|topic is empty|topics: must",
         "key": "key is invalid", "client": "client name is invalid", "Gmq-Client": "client: must",
         "Idempotency-Key": "dedup_key: must"}


class Limits:
    """The limits of the document: (operation, where, path of names, bound, number)."""

    def __init__(self):
        with open(DOCUMENT, encoding="utf-8") as file:
            self.doc = yaml.safe_load(file)
        self.ops, self.found = {}, []
        for path, item in self.doc["paths"].items():
            for method in ("get", "post", "delete"):
                if method in item:
                    self.ops[item[method]["operationId"]] = (method.upper(), path)
                    self.look_at(item[method])

    def resolve(self, one):
        while "$ref" in one:
            at = self.doc
            for part in one["$ref"].split("/")[1:]:
                at = at[part]
            one = at
        return one

    def look_at(self, operation):
        for param in map(self.resolve, operation.get("parameters", [])):
            self.walk(operation["operationId"], param["in"], (param["name"],), param["schema"])
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content:
            self.walk(operation["operationId"], "body", (), content["schema"])

    def walk(self, name, where, path, schema):
        schema = self.resolve(schema)
        self.found += [(name, where, path, bound, schema[bound]) for bound in BOUNDS if bound in schema]
        for key, inner in schema.get("properties", {}).items():
            self.walk(name, where, (*path, key), inner)
        if "items" in schema:
            self.walk(name, where, (*path, "[]"), schema["items"])
        for inner in schema.get("oneOf", []) + schema.get("anyOf", []):
            self.walk(name, where, path, inner)


def value_at(path, bound, number):
    """The value of an argument that is so large, long or many."""
    if bound.endswith("mum"):
        return number
    return "k" * number if bound.endswith("Length") else [ITEMS[path[-1]]] * number


def arguments(name, where, path, value):
    """The arguments of a request in which the one at `path` has this value; all of them in one object."""
    for at in range(len(path) - 1, 0, -1):                      # from the inside out
        if path[at] == "[]":
            value = [value]
        else:
            part = "".join(path[at:at + 2]) if path[at + 1:at + 2] == ("[]",) else path[at]
            beside = {"body": "x"} if path[0] == "messages" else PARTS.get(part, {})
            value = {**beside, path[at]: value}
    base = dict(BASE.get(name, {}))
    if path[0] in WITHOUT:
        base.pop(WITHOUT[path[0]], None)
    return {**base, **(BESIDE.get(path[0], {}) if where != "path" else {}), path[0]: value}


def ask_http(http, method, template, where, name, args):
    """By /api/v1; the refusal's text, or None. A push with its arguments in the query has a raw body."""
    given, headers, raw = dict(args), {}, None
    path = re.sub(r"\{(\w+)\}", lambda m: urllib.parse.quote(str(given.pop(m.group(1)) if where == "path" and
                                                                 m.group(1) == name else PATH[m.group(1)]), safe=""),
                  template)
    if where == "header":
        headers[name] = given.pop(name)
    if method == "POST" and where == "query":
        raw = given.pop("body").encode()
    if method != "POST" or raw is not None:
        path += "?" + urllib.parse.urlencode(given)
        given = None
    reply = http.v1(method, path, given, headers, raw)
    return None if reply.status < 400 else reply.json["detail"]


def ask_call(tcp, operation, template, args):
    """By `call`; the same."""
    needed = {name: PATH[name] for name in re.findall(r"\{(\w+)\}", template)}
    try:
        tcp.op(operation, **{**needed, **args})
    except gmqtest.Refused as error:
        return str(error)
    return None


def names(path, why):
    """Whether the refusal is for the sake of the argument at `path`."""
    parts = [re.escape(part) for part in path if part != "[]"]
    return any(re.search(rf"(^|\.){part}(: must| must be 0 or )", why) for part in parts) or \
        re.search(NAMED.get(path[0], "$^"), why) is not None


class Node:
    """A node with something to pop, and both of its doors."""

    def __init__(self):
        self.folder = gmqtest.scratch("gmq-contract-")
        self.node = gmqtest.Gnode(self.folder + "/data", cwd=self.folder)
        self.http, self.tcp = gmqtest.Http(self.node.http), gmqtest.Tcp(self.node.tcp)

    def renew(self):
        """The topic as it was: one message, so that no pop waits."""
        try:
            self.tcp.op("topic.delete", topic="t")
        except gmqtest.Refused:
            pass                                                # the last operation was that
        self.tcp.pub("t", b"x")

    def answers(self, operation, method, template, where, path, value):
        """(door, why it was refused or None) of each door."""
        args = arguments(operation, where, path, value)
        self.renew()
        yield "v1", ask_http(self.http, method, template, where, path[0], args)
        if where != "header":
            self.renew()
            yield "call", ask_call(self.tcp, operation, template, args)

    def end(self):
        self.http.close()
        self.tcp.close()
        try:
            assert self.node.stop() == 0, self.node.output
        finally:
            self.node.kill()
            gmqtest.scratch_remove(self.folder)


def run():
    limits, node, wrong = Limits(), Node(), []
    try:
        for operation, where, path, bound, number in limits.found:
            method, template = limits.ops[operation]
            beyond = number - 1 if bound.startswith("min") else number + 1
            for what, at in (("within", number), ("beyond", beyond)):
                if at < 0 and not bound.endswith("mum"):
                    continue
                value = value_at(path, bound, at)
                for door, why in node.answers(operation, method, template, where, path, value):
                    refused = why is not None and names(path, why)
                    if refused != (what == "beyond"):
                        shown = json.dumps(value)[:60]
                        wrong.append(f"{door} {operation} {'.'.join(path)} {what} {bound} {number}: {shown}: {why}")
    finally:
        node.end()
    assert len(limits.found) > 150, "the document has fewer limits than it had"
    assert not wrong, "\n".join(wrong)
