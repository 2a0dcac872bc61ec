"""docs/openapi.yaml is the contract of the HTTP API: every operation is driven, and every reply of a node held to it.

Schemas are checked by python3-jsonschema (draft 2020-12), the document is read by python3-yaml, and the program's own
table comes from `gnode --operations`.

SPDX-License-Identifier: MIT
"""
import copy
import json
import os
import re
import subprocess
import urllib.parse

import jsonschema
import yaml

from gmqtest import Case, program, wait_until

DOCUMENT = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "openapi.yaml")
METHODS = ("get", "post", "put", "delete", "patch")
NODE_ONLY = {"node.get", "node.live", "node.ready", "node.events", "api.openapi"}
RAW = "application/octet-stream"


def read_document():
    with open(DOCUMENT, encoding="utf-8") as file:
        return yaml.safe_load(file)


def read_table():
    done = subprocess.run([program("gnode"), "--operations"], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def closed(schema):
    """The same schema, where an object with members that it does not name is wrong: a new field must be documented."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    out = {name: closed(one) for name, one in schema.items()}
    if out.get("type") == "object" and "properties" in out:
        out.setdefault("additionalProperties", False)
    return out


class Document:
    """The document, and what it says of an operation."""

    def __init__(self, document):
        self.doc = document
        self.components = closed(document["components"])
        self.by_id = {}
        for path, item in document["paths"].items():
            for method in METHODS:
                if method in item:
                    self.by_id[item[method]["operationId"]] = (method.upper(), path, item[method])

    def resolve(self, one):
        while "$ref" in one:
            at = self.doc
            for part in one["$ref"].split("/")[1:]:
                at = at[part]
            one = at
        return one

    def validate(self, schema, value):
        """Raises jsonschema.ValidationError."""
        root = {**closed(schema), "components": self.components}
        jsonschema.Draft202012Validator(root, format_checker=jsonschema.FormatChecker()).validate(value)

    def check_reply(self, operation, reply):
        """Holds a reply to what the document says of the operation, status and type."""
        responses = self.by_id[operation][2]["responses"]
        response = responses.get(str(reply.status), responses["default"])
        response = self.resolve(response)
        kind = reply.content_type
        if kind not in response["content"]:
            raise AssertionError(f"{operation}: {reply.status} {kind} is not in the document: {reply.body[:300]}")
        schema = response["content"][kind]["schema"]
        if kind in ("application/json", "application/problem+json"):
            self.validate(schema, reply.json)
        elif kind == "application/jsonl":
            for line in reply.body.decode().splitlines():
                self.validate({"$ref": "#/components/schemas/Message"}, json.loads(line))
        elif kind.startswith("text/") or kind == "application/yaml":
            self.validate(schema, reply.body.decode())
        if kind == "application/problem+json" and reply.json["status"] != reply.status:
            raise AssertionError(f"{operation}: status {reply.status} is told as {reply.json['status']}")


DOC = Document(read_document())
TABLE = read_table()


class Driven(Case):
    """A node, and requests to it of which every reply is checked."""

    def setUp(self):
        super().setUp()
        self.driven = set()
        self.node = self.gnode("-msg_ttr=60")
        self.connection = self.http(self.node)

    def ask(self, operation, status=None, body=None, headers=None, raw=None, query=None, **path):
        method, template, _ = DOC.by_id[operation]
        url = re.sub(r"\{(\w+)\}", lambda m: urllib.parse.quote(str(path[m.group(1)]), safe=""), template)
        if query:
            url += "?" + urllib.parse.urlencode(query)
        reply = self.connection.v1(method, url, body, headers, raw)
        DOC.check_reply(operation, reply)
        if reply.status < 400:
            self.driven.add(operation)
        self.assertEqual(reply.status, status or int(next(iter(DOC.by_id[operation][2]["responses"]))), reply.body)
        return reply if reply.content_type not in ("application/json", "application/problem+json") else reply.json

    def push(self, topic, **message):
        return self.ask("message.push", body={"body": "x", **message}, topic=topic)["ids"][0]

    def pop(self, topic, count=1):
        got = self.ask("message.pop", body={"topic": topic, "count": count})["messages"]
        self.assertEqual(len(got), count)
        return [m["id"] for m in got]


class EveryOperation(Driven):
    def life_of_a_message_from_its_push_to_its_end(self):
        at = "2033-05-18T03:33:20Z"
        got = self.ask("message.push", topic="t", headers={"Idempotency-Key": "one"},
                       body={"body": "hé", "headers": {"trace": "7"}, "key": "k/1", "ttr_ms": 5000,
                             "max_retries": 3, "lifetime_ms": 3600000})
        ident = got["ids"][0]
        self.assertFalse(got["duplicate"])
        again = self.ask("message.push", topic="t", headers={"Idempotency-Key": "one"},
                         body={"body": "hé", "headers": {"trace": "7"}, "key": "k/1", "ttr_ms": 5000,
                               "max_retries": 3, "lifetime_ms": 3600000})
        self.assertEqual(again, {"ids": [ident], "duplicate": True})
        several = self.ask("message.push", topic="t", body={"messages": [{"body": "b"}, {"body_base64": "/w=="}]})
        self.assertEqual(len(several["ids"]), 2)
        late = self.ask("message.push", topic="t", body={"body": "late", "due_at": at}, status=400)
        self.assertEqual(late["code"], "DELAY")
        self.ask("message.push", topic="t", raw=b"\xff\x00raw", query={"delay_ms": 600000, "key": "r"},
                 headers={"Gmq-Header-Kind": "raw"})
        for query in ({}, {"from": "tail", "limit": 1}, {"body": "first", "body_bytes": 1},
                      {"body": "whole", "encoding": "base64"}, {"format": "jsonl"},
                      {"state": "delayed", "body": "whole"}):
            self.ask("message.list", topic="t", query=query)
        facts = self.ask("message.get", id=ident)
        self.assertEqual((facts["body"], facts["key"], facts["headers"]), ("hé", "k/1", {"trace": "7"}))
        self.assertEqual(self.ask("message.find", topic="t", key="k/1")["id"], ident)
        raw = self.ask("message.find", topic="t", key="r", headers={"Accept": RAW})
        self.assertEqual((raw.body, raw.headers["gmq-state"], raw.headers["gmq-header-kind"]),
                         (b"\xff\x00raw", "delayed", "raw"))
        popped = self.ask("message.pop", body={"topics": ["t"], "count": 3, "wait_ms": 1000, "client": "me"})
        popped = popped["messages"]
        self.assertEqual([m["id"] for m in popped], [ident, *several["ids"]])
        self.assertEqual((popped[0]["headers"], popped[0]["key"], popped[0]["topic"]), ({"trace": "7"}, "k/1", "t"))
        self.assertEqual(popped[2]["body_base64"], "/w==")
        self.assertEqual(self.ask("message.get", id=ident)["holder"], "me")
        self.assertEqual(self.ask("message.touch", topic="t", body={"ids": [ident], "ttr_ms": 9000}),
                         {"done": 1, "unknown": []})
        self.assertEqual(self.ask("message.ack", topic="t", body={"ids": [ident, "77"]}),
                         {"done": 1, "unknown": ["77"]})
        self.assertEqual(self.ask("message.get", id=ident)["state"], "gone")
        raw = self.ask("message.get", id=ident, headers={"Accept": RAW})
        self.assertEqual((raw.body.decode(), raw.headers["gmq-state"]), ("hé", "gone"))
        got = self.ask("message.get", id=ident, headers={"Accept": RAW}, query={"body": "none"}, status=400)
        self.assertEqual(got["code"], "VALUE")
        history = self.ask("message.history", id=ident)
        self.assertEqual(history["events"][0]["event"], "pushed")
        self.assertEqual(history["events"][-1]["event"], "gone")
        self.assertEqual(self.ask("message.pop", body={"topic": "t"}), {"messages": []})

    def life_of_a_message_that_is_steered(self):
        one, two, three = (self.push("s") for _ in range(3))
        self.assertEqual(self.pop("s"), [one])
        self.ask("message.nack", topic="s", body={"ids": [one], "delay_ms": 60000, "count_retry": False})
        self.assertEqual(self.ask("message.get", id=one)["state"], "delayed")
        self.assertEqual(self.ask("message.promote", id=one)["was"], "delayed")
        self.assertEqual(self.ask("message.reschedule", id=two, body={"delay_ms": 100000})["was"], "ready")
        self.assertIn("due_at", self.ask("message.reschedule", id=two, body={"delay_ms": 200000}))
        self.assertEqual(self.ask("message.cancel", id=two)["was"], "delayed")
        self.assertEqual(self.ask("message.cancel", id=two, status=409)["code"], "MESSAGE_STATE")
        self.assertEqual(self.ask("message.cancel", id="123", status=404)["code"], "MESSAGE_UNKNOWN")
        self.assertEqual(self.ask("message.cancel", id=three, query={"topic": "s"})["was"], "ready")

    def life_of_dead_letters_and_jobs(self):
        ids = [self.push("d") for _ in range(4)]
        self.pop("d", 4)
        self.ask("message.nack", topic="d", body={"ids": ids, "reject": True, "reason": "no such mailbox"})
        dead = self.ask("message.list", topic="d", query={"state": "dead", "text": "mailbox"})["messages"]
        self.assertEqual({m["reason"] for m in dead}, {"rejected"})
        job = self.ask("dead.redrive", topic="d", body={"ids": ids[:1]})
        self.assertEqual(job["kind"], "redrive")
        wait_until(lambda: self.ask("job.get", job=job["job"])["state"] == "done")
        self.ask("dead.redrive", topic="d", body={"ids": ids[3:], "to": "other"})
        told = self.ask("message.history", id=ids[3])["events"][-2]
        self.assertEqual((told["event"], told["topic"]), ("redriven", "other"))
        told = self.ask("message.history", id=told["id"])["events"][0]
        self.assertEqual((told["event"], told["from_id"], told["from_topic"]), ("pushed", ids[3], "d"))
        job = self.ask("dead.redrive", topic="d", body={"text": "mailbox", "to": "elsewhere", "rate": 1})
        self.assertIn(self.ask("job.cancel", job=job["job"])["state"], ("cancelled", "done", "running"))
        job = self.ask("dead.delete", topic="d", body={"all": True})
        wait_until(lambda: self.ask("job.get", job=job["job"])["state"] == "done")
        self.assertGreaterEqual(len(self.ask("job.list")["jobs"]), 3)
        self.assertEqual(self.ask("job.get", job="999", status=404)["code"], "JOB_UNKNOWN")

    def life_of_topics(self):
        settings = {"ttr_ms": 30000, "max_retries": 2, "auto_ack": False, "idle_ms": 3600000,
                    "retry": {"kind": "exponential", "delays_ms": [1000], "cap_ms": 60000, "jitter_percent": 10},
                    "limits": {"messages": 100, "bytes": None, "age_ms": None, "over": "drop"}}
        made = self.ask("topic.create", body={"name": "made", **settings})
        self.assertEqual(made["settings"], settings)
        self.assertEqual(self.ask("topic.create", body={"name": "made"}, status=409)["code"], "TOPIC_EXISTS")
        self.assertEqual(self.ask("topic.get", topic="made")["settings"], settings)
        self.assertEqual(self.ask("topic.get", topic="nobody", status=404)["code"], "TOPIC_UNKNOWN")
        back = {"ttr_ms": None, "max_retries": None, "retry": None, "limits": None, "idle_ms": None}
        plain = self.ask("topic.set", topic="made", body=back)
        self.assertEqual((plain["settings"]["ttr_ms"], plain["ttr_ms"]), (None, 60000))
        self.assertEqual(self.ask("topic.set", topic="made", body=settings)["settings"], settings)
        self.ask("topic.set", topic="made", body=plain["settings"])
        until = self.ask("topic.pause", topic="made", body={"pop": True, "for_ms": 600000})
        self.assertIsNone(until["push_paused_until"])
        self.assertRegex(until["pop_paused_until"], r"^\d{4}-")
        self.assertEqual(self.ask("topic.pause", topic="made")["push_paused_until"], "resumed")
        self.assertEqual(self.ask("message.push", topic="made", body={"body": "x"}, status=409)["code"], "TOPIC_PAUSED")
        self.assertIsNone(self.ask("topic.resume", topic="made")["pop_paused_until"])
        self.push("made")
        self.pop("made")
        self.push("made")
        self.assertEqual(len(self.ask("topic.consumers", topic="made")["consumers"]), 1)
        for name in ("n1", "n2"):
            self.push(name)
        page = self.ask("topic.list", query={"limit": 1})
        self.assertEqual(len(page["topics"]), 1)
        self.ask("topic.list", query={"limit": 1, "cursor": page["next"]})
        self.assertEqual([t["topic"] for t in self.ask("topic.list", query={"filter": "n"})["topics"]], ["n1", "n2"])
        self.assertEqual(self.ask("topic.purge", topic="made", body={"state": "ready"})["done"], 1)
        self.ask("topic.delete", topic="made")
        self.ask("topic.get", topic="made", status=404)

    def life_of_the_node(self):
        self.assertEqual(self.ask("node.live").body, b"OK\n")
        self.assertEqual(self.ask("node.ready"), {"status": "ok", "reasons": []})
        self.ask("node.get")
        with open(DOCUMENT, "rb") as file:
            self.assertEqual(self.ask("api.openapi").body, file.read())

    def life_of_a_stream_of_events(self):
        method, path, operation = DOC.by_id["node.events"]
        kind, content = next(iter(operation["responses"]["200"]["content"].items()))
        stream = self.http(self.node)
        for made in (None, "e1", "e2"):
            if made:
                self.push(made)
            else:
                stream.send(f"{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                head = stream.take_until(b"\r\n\r\n").decode().lower()
                self.assertTrue(head.startswith("http/1.1 200") and f"content-type: {kind}" in head, head)
            seen = None
            while seen is None or (made and made not in seen):
                self.assertTrue(stream.take_until(b"event: stats\ndata: ").endswith(b"data: "))
                data = json.loads(stream.take_until(b"\n\n"))
                DOC.validate(content["x-gmq-data"], data)
                seen = [topic["topic"] for topic in data["topics"]]
        self.driven.add("node.events")

    def test_every_operation_answers_as_the_document_says(self):
        for name in sorted(dir(self)):
            if name.startswith("life_of_"):
                with self.subTest(name=name):
                    getattr(self, name)()
        missed = set(DOC.by_id) - self.driven
        self.assertEqual(missed, set(), "operations that were not seen to succeed")


class Refusals(Driven):
    """Of every operation, each argument beyond its range: 400, as a problem."""

    def wrong_values(self, param):
        if param["type"] == "integer":
            return [param["min"] - 1, param["max"] + 1, "soon", 1.5]
        return {"boolean": ["maybe", 2], "id": ["x", "-1", "18446744073709551616"], "ids": ["x", [], [1], ["x"]],
                "time": ["yesterday", -1], "word": ["neither"], "names": ["x", [], [1]], "base64": ["=", "YQ"],
                "headers": [["x"], {"a": 1}], "messages": [[], [1], {}], "retry": [1, {"kind": "x"}, {"x": 1}],
                "limits": [1, {"messages": -1}, {"x": 1}]}.get(param["type"], [])

    def test_every_argument_is_held_to_its_range(self):
        for op in (one for one in TABLE if one["method"]):
            path = {p["name"]: "1" for p in op["params"] if p["in"] == "path"}
            for param in (p for p in op["params"] if p["in"] != "path"):
                for value in self.wrong_values(param):
                    with self.subTest(operation=op["name"], param=param["name"], value=value):
                        where = {"query": {param["name"]: value}} if param["in"] == "query" else \
                            {"body": {param["name"]: value}}
                        got = self.ask(op["name"], status=400, **where, **path)
                        self.assertEqual(got["code"], "VALUE")
                        self.assertIn(param["name"], got["detail"])

    def test_what_an_operation_does_not_know(self):
        for op in (one for one in TABLE if one["method"]):
            path = {p["name"]: "1" for p in op["params"] if p["in"] == "path"}
            with self.subTest(operation=op["name"]):
                for got in (self.ask(op["name"], status=400, query={"nobody": "1"}, **path),
                            self.ask(op["name"], status=400, body={"nobody": 1}, **path)):
                    self.assertEqual((got["code"], got["detail"]), ("VALUE", "unknown field 'nobody'"))


class TableAndDocument(Case):
    def document_params(self, operation):
        """(path names, query names, body names, names required in the body)."""
        found = {"path": set(), "query": set(), "header": set()}
        for param in operation.get("parameters", []):
            found[DOC.resolve(param)["in"]].add(DOC.resolve(param)["name"])
        content = operation.get("requestBody", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema", {"properties": {}})
        names, required = set(), set(schema.get("required", []))
        for one in schema.get("oneOf", [schema]):
            names |= set(DOC.resolve(one).get("properties", {}))
        return found["path"], found["query"], names, required

    def test_they_name_the_same_operations_and_parameters(self):
        over_http = {op["name"]: op for op in TABLE if op["method"]}
        self.assertEqual(set(DOC.by_id) - NODE_ONLY, set(over_http))
        self.assertEqual(DOC.doc["x-gmq-call-only"], [op["name"] for op in TABLE if not op["method"]])
        for name, op in over_http.items():
            method, path, operation = DOC.by_id[name]
            with self.subTest(operation=name):
                self.assertEqual((method, path), (op["method"], op["path"]))
                self.assertEqual(next(iter(operation["responses"])), str(op["status"]))
                paths, query, body, required = self.document_params(operation)
                places = {p: {q["name"] for q in op["params"] if q["in"] == p} for p in ("path", "query", "body")}
                raw = places["body"] - {"messages", "body", "body_base64", "headers"} if op["octets"] else set()
                self.assertEqual(paths, places["path"])
                self.assertEqual(query, places["query"] | raw)
                self.assertEqual(body, places["body"])
                self.assertEqual(required, {p["name"] for p in op["params"] if p["in"] == "body" and p["required"]})

    def test_examples_are_what_their_schemas_say(self):
        for name, schema in DOC.doc["components"]["schemas"].items():
            for example in schema.get("examples", []):
                with self.subTest(schema=name):
                    DOC.validate({"$ref": f"#/components/schemas/{name}"}, example)
        for name, (_, _, operation) in DOC.by_id.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content:
                with self.subTest(operation=name):
                    DOC.validate(content["schema"], copy.deepcopy(content["example"]))

    def test_the_schemas_are_schemas(self):
        for name, schema in DOC.doc["components"]["schemas"].items():
            with self.subTest(schema=name):
                jsonschema.Draft202012Validator.check_schema(schema)
