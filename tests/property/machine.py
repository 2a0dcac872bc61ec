"""machine - random operations by all doors at once against a plain model, over restarts and kill -9

Every step is one operation by one door, chosen at random: the original's TCP commands, gmq's own, `call`, the
original's HTTP and /api/v1. Its answer must be the model's; so must the figures of all topics, after
each restart and at the end.
A life that fails is made as short as can be before it is shown, step by step.

What a node may forget is no more than what it may: the deliveries of pops that nothing promised came after, when it is
killed.

SPDX-License-Identifier: MIT
"""
import json
import struct
import sys

import gmqtest
from gmqtest import Gnode, Http, Refused, Tcp
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

import doors
import model
from model import DEAD, DELAYED, FLIGHT, GONE, READY

TOPICS = ("a", "b.c", "größe")
KEYS = ("k", "order 17", "ü/ö")
MAX_RETRIES = 2
LATER_MS = 3600000
UNKNOWN = 42

topics = st.sampled_from(TOPICS)
keys = st.sampled_from(KEYS)
picks = st.integers(0, 40)
texts = st.text(st.characters(blacklist_categories=("Cs",)), max_size=12)
bodies = st.one_of(st.binary(max_size=12), texts.map(str.encode))
api_doors = st.sampled_from(("call", "v1"))


def ids_of(messages):
    return [str(m.id) for m in messages]


class Machine(RuleBasedStateMachine):
    """The life of one node."""

    FLAGS = (f"-msg_max_retry={MAX_RETRIES}", "-msg_ttr=300")

    def __init__(self):
        super().__init__()
        self.folder = gmqtest.scratch("gmq-property-")
        self.node, self.conns, self.model = None, {}, model.Model(MAX_RETRIES)

    @initialize()
    def start(self):
        self.node = Gnode(self.folder + "/data", *self.FLAGS, cwd=self.folder)

    # ---- doors -------------------------------------------------------------------------------------------------

    def conn(self, kind):
        """The connection of a door, one for all of a life."""
        if kind.__name__ not in self.conns:
            self.conns[kind.__name__] = kind(self.node) if kind in (doors.Call, doors.V1) else kind(
                self.node.http if kind is Http else self.node.tcp)
        return self.conns[kind.__name__]

    @property
    def tcp(self):
        return self.conn(Tcp)

    @property
    def http(self):
        return self.conn(Http)

    def api(self, door):
        return self.conn(doors.Call if door == "call" else doors.V1)

    def pick(self, number, *states, topic=None):
        """Some message in one of these states, or None."""
        all_of = [m for _, m in sorted(self.model.messages.items())
                  if m.state in states and (topic is None or m.topic == topic)]
        return all_of[number % len(all_of)] if all_of else None

    def refused(self, call, text, *args, **more):
        """It must be refused with this text."""
        try:
            answer = call(*args, **more)
        except Refused as error:
            assert text in str(error), f"refused with {error}, not with {text}"
            return
        raise AssertionError(f"not refused ({text}): {answer}")

    # ---- push --------------------------------------------------------------------------------------------------

    def may_push(self, topic):
        return topic not in self.model.topics or "push" not in self.model.topics[topic].paused

    @rule(topic=topics, body=bodies, later=st.booleans())
    def pub(self, topic, body, later):
        delay = LATER_MS // 1000 if later else 0
        if not self.may_push(topic):
            return self.refused(self.tcp.pub, "paused", topic, body, delay)
        self.model.push(self.tcp.pub(topic, body, delay), topic, body, delayed=later)

    @rule(topic=topics, items=st.lists(bodies, min_size=1, max_size=4))
    def mpub_ids(self, topic, items):
        if not self.may_push(topic):
            return self.refused(self.tcp.want, "paused", Tcp.mpub_bytes(topic, items, " ids"), 103)
        ids = json.loads(self.tcp.want(Tcp.mpub_bytes(topic, items, " ids"), 103))
        for ident, body in zip(ids, items, strict=True):
            self.model.push(int(ident), topic, body)

    @rule(topic=topics, text=texts.filter(lambda text: text and "\0" not in text))
    def http_push(self, topic, text):
        if not self.may_push(topic):
            return self.refused(self.http.push, "paused", topic, text)
        self.model.push(self.http.push(topic, text), topic, text.encode())

    @rule(door=api_doors, topic=topics, body=bodies, later=st.booleans(), key=st.none() | keys,
          auto_ack=st.sampled_from(({}, {"auto_ack": True}, {"ttr_ms": 0})), retries=st.none() | st.integers(0, 2),
          header=st.none() | st.sampled_from("xy"))
    def put(self, door, topic, body, later, key, auto_ack, retries, header):
        args = doors.body_args(body)
        args.update({} if key is None else {"key": key})
        args.update({} if retries is None else {"max_retries": retries})
        args.update({} if header is None else {"headers": {"h": header}})
        args.update(auto_ack)
        args.update({"delay_ms": LATER_MS} if later else {})
        if not self.may_push(topic):
            return self.refused(self.api(door).op, "paused", "message.push", topic=topic, **args)
        answer = self.api(door).op("message.push", topic=topic, **args)
        assert len(answer["ids"]) == 1 and not answer["duplicate"], answer
        self.model.push(int(answer["ids"][0]), topic, body, delayed=later, key=key, auto_ack=bool(auto_ack),
                        max_retries=retries, headers={} if header is None else {"h": header})

    @rule(door=api_doors, topic=topics, key=keys, body=st.sampled_from((b"one", b"two")))
    def put_once(self, door, topic, key, body):
        """A push with a dedup key counts once."""
        if not self.may_push(topic):
            return
        known = self.model.dedup.get((topic, key))
        args = {"topic": topic, "dedup_key": key, **doors.body_args(body)}
        if known and known[1] != body:
            return self.refused(self.api(door).op, "the key was used for another message", "message.push", **args)
        answer = self.api(door).op("message.push", **args)
        assert answer["duplicate"] == (known is not None), answer
        if known:
            assert answer["ids"] == [str(known[0])], (answer, known)
            self.model.sure()
        else:
            self.model.push(int(answer["ids"][0]), topic, body, dedup=key, content=body)

    @rule(door=api_doors, topic=topics, items=st.lists(bodies, min_size=1, max_size=3))
    def put_batch(self, door, topic, items):
        if not self.may_push(topic):
            return
        answer = self.api(door).op("message.push", topic=topic, messages=[doors.body_args(body) for body in items])
        for ident, body in zip(answer["ids"], items, strict=True):
            self.model.push(int(ident), topic, body)

    # ---- pop ---------------------------------------------------------------------------------------------------

    def delivered(self, topic, got):
        """`got`: id, retries, body, or None."""
        message = self.model.pop(topic)
        if message is None or got is None:
            assert message is None and got is None, (got, message and message.__dict__)
            return
        assert got == (message.id, message.retries, message.body), (got, message.__dict__)

    @rule(topic=topics)
    def pop_bin(self, topic):
        self.delivered(topic, self.tcp.pop_bin(topic))

    @rule(topic=topics)
    def http_pop(self, topic):
        first = self.model.topic(topic).ready[:1]
        if first and not self.is_text(first[0].body):
            return
        reply = self.http.get("/pop?topic=" + gmqtest.urllib.parse.quote(topic)).json
        data = reply["data"]
        self.delivered(topic, None if data is None else (int(data["id"]), data["retry_count"], data["body"].encode()))

    @staticmethod
    def is_text(body):
        try:
            return body.decode() is not None
        except UnicodeDecodeError:
            return False

    @rule(topic=topics, count=st.integers(1, 4))
    def wpop(self, topic, count):
        kind, data = self.tcp.call(f"wpop {topic} 0 {count}\n".encode())
        if kind == gmqtest.ERROR:
            assert data == b"no message", data
            return self.delivered(topic, None)
        for got in self.deliveries(data):
            self.delivered(topic, got)

    @staticmethod
    def deliveries(data):
        """Of the reply of a wpop."""
        at = 0
        while at < len(data):
            ident, retries, _, length = struct.unpack(">QHHI", data[at:at + 16])
            yield ident, retries, data[at + 16:at + 16 + length]
            at += 16 + length

    @rule(door=api_doors, topic=topics, count=st.integers(1, 4))
    def take(self, door, topic, count):
        waiting = [m for m in self.model.topic(topic).ready[:count]]
        got = self.api(door).op("message.pop", topic=topic, count=count)["messages"]
        if "pop" not in self.model.topic(topic).paused:
            assert len(got) == len(waiting), (got, waiting)
        for one in got:
            assert one["topic"] == topic
            message = self.model.messages[int(one["id"])]
            assert one.get("headers", {}) == message.headers and one.get("key") == message.key, (one, message.__dict__)
            self.delivered(topic, (int(one["id"]), one["retry_count"], doors.body_of(one)))

    # ---- what is in flight -------------------------------------------------------------------------------------

    @rule(number=picks, door=st.sampled_from(("tcp", "mack", "http", "call", "v1")), unknown=st.booleans())
    def ack(self, number, door, unknown):
        message = self.pick(number, FLIGHT)
        topic = message.topic if message else TOPICS[0]
        ident = UNKNOWN if unknown or not message else message.id
        known = ident != UNKNOWN
        if door == "tcp":
            assert self.tcp.ack(ident, topic) == known
        elif door == "mack":
            data = self.tcp.want(f"mack {topic} 1\n".encode() + struct.pack(">Q", ident), 103)
            assert data == (b"ok" if known else json.dumps([str(ident)]).encode()), data
        elif door == "http":
            path = f"/ack?msgId={ident}&topic={gmqtest.urllib.parse.quote(topic)}"
            assert (self.http.get(path).json["code"] == 0) == known
        else:
            answer = self.api(door).op("message.ack", topic=topic, ids=[str(ident)])
            assert answer == {"done": int(known), "unknown": [] if known else [str(ident)]}, answer
        if known:
            self.model.gone(message)

    @rule(number=picks, door=api_doors, count=st.booleans(), later=st.booleans())
    def nack(self, number, door, count, later):
        message = self.pick(number, FLIGHT)
        if not message:
            return
        args = {"delay_ms": LATER_MS} if later else {}
        answer = self.api(door).op("message.nack", topic=message.topic, ids=[str(message.id)], count_retry=count,
                                   **args)
        assert answer == {"done": 1, "unknown": []}, answer
        self.model.back(message, count, later)

    @rule(number=picks, door=api_doors, reason=texts)
    def reject(self, number, door, reason):
        message = self.pick(number, FLIGHT)
        reason = "".join(c for c in reason if c.isprintable())
        if not message:
            return
        args = {"reason": reason} if reason else {}
        answer = self.api(door).op("message.nack", topic=message.topic, ids=[str(message.id)], reject=True, **args)
        assert answer == {"done": 1, "unknown": []}, answer
        message.state, message.rejected = DEAD, reason
        self.model.sure()

    @rule(number=picks, door=api_doors)
    def touch(self, number, door):
        message = self.pick(number, FLIGHT)
        if message:
            answer = self.api(door).op("message.touch", topic=message.topic, ids=[str(message.id)], ttr_ms=300000)
            assert answer == {"done": 1, "unknown": []}, answer

    # ---- one message, by its id --------------------------------------------------------------------------------

    @rule(number=picks, door=api_doors)
    def get(self, number, door):
        message = self.pick(number, READY, DELAYED, FLIGHT, DEAD)
        if not message:
            return self.refused(self.api(door).op, "no message with this id", "message.get", id=str(UNKNOWN))
        self.check_facts(self.api(door).op("message.get", id=str(message.id), body="whole"), message)

    @staticmethod
    def check_facts(facts, message):
        assert facts["id"] == str(message.id) and facts["topic"] == message.topic, facts
        assert facts["state"] == message.state, (facts, message.__dict__)
        assert doors.body_of(facts) == message.body and facts["body_bytes"] == len(message.body), (facts, message.body)
        assert facts.get("headers", {}) == message.headers and facts.get("key") == message.key, facts

    @rule(door=api_doors, topic=topics, key=keys)
    def find(self, door, topic, key):
        living = [m for m in self.model.of(topic, READY, DELAYED, FLIGHT, DEAD) if m.key == key]
        if not living:
            return self.refused(self.api(door).op, "", "message.find", topic=topic, key=key)
        facts = self.api(door).op("message.find", topic=topic, key=key, body="whole")
        message = self.model.messages[int(facts["id"])]
        assert message in living and facts["key"] == key, (facts, ids_of(living))
        self.check_facts(facts, message)

    @rule(number=picks, door=api_doors)
    def cancel(self, number, door):
        message = self.pick(number, READY, DELAYED, FLIGHT, DEAD)
        if not message:
            return self.refused(self.api(door).op, "no message with this id", "message.cancel", id=str(UNKNOWN))
        answer = self.api(door).op("message.cancel", id=str(message.id))
        assert answer == {"id": str(message.id), "topic": message.topic, "was": message.state}, answer
        self.model.gone(message)

    @rule(number=picks, door=api_doors)
    def promote(self, number, door):
        message = self.pick(number, DELAYED, DEAD)
        if not message:
            return
        answer = self.api(door).op("message.promote", id=str(message.id))
        assert answer["was"] == message.state and answer["topic"] == message.topic, answer
        if message.state == DEAD:
            message.retries = 0
        self.model.again(message)

    @rule(number=picks, door=api_doors)
    def reschedule(self, number, door):
        message = self.pick(number, READY, DELAYED, DEAD)
        if not message:
            return
        answer = self.api(door).op("message.reschedule", id=str(message.id), delay_ms=2 * LATER_MS)
        assert answer["was"] == message.state and answer["topic"] == message.topic, answer
        if message.state == DEAD:
            message.retries = 0
        self.model.again(message, delayed=True)

    # ---- topics ------------------------------------------------------------------------------------------------

    @rule(door=st.sampled_from(("tcp", "call", "v1")), topic=topics, on=st.booleans())
    def set_auto_ack(self, door, topic, on):
        if door == "tcp" or topic not in self.model.topics:
            self.tcp.set(topic, int(on))
        else:
            assert self.api(door).op("topic.set", topic=topic, auto_ack=on)["auto_ack"] == on
        self.model.topic(topic).auto_ack = on
        self.model.topic(topic).kept = True
        self.model.sure()

    @rule(door=api_doors, topic=topics, sides=st.sampled_from((("push",), ("pop",), ("push", "pop"))),
          resume=st.booleans())
    def pause(self, door, topic, sides, resume):
        if topic not in self.model.topics:
            return
        answer = self.api(door).op("topic.resume" if resume else "topic.pause", topic=topic,
                                   **{side: True for side in sides})
        paused = self.model.topics[topic].paused
        paused.difference_update(sides) if resume else paused.update(sides)
        assert {s for s in ("push", "pop") if answer.get(s + "_paused_until")} == paused, (answer, paused)
        self.model.sure()

    @rule(door=api_doors, topic=topics, state=st.sampled_from((READY, DELAYED, DEAD)))
    def purge(self, door, topic, state):
        if topic not in self.model.topics:
            return
        goes = self.model.of(topic, state)
        answer = self.api(door).op("topic.purge", topic=topic, state=state)
        assert answer["done"] == len(goes), (answer, ids_of(goes))
        for message in goes:
            self.model.gone(message)

    @rule(door=api_doors, topic=topics, state=st.sampled_from((READY, DELAYED, FLIGHT, DEAD)), tail=st.booleans(),
          limit=st.integers(1, 5))
    def peek(self, door, topic, state, tail, limit):
        """All pages together are what there is."""
        if topic not in self.model.topics:
            return
        tail = tail and state in (READY, DEAD)
        seen, args = [], {"from": "tail" if tail else "head"}
        while True:
            page = self.api(door).op("message.list", topic=topic, state=state, limit=limit, **args)
            seen += [m["id"] for m in page["messages"]]
            assert len(page["messages"]) <= limit and all(m["state"] == state for m in page["messages"]), page
            if not page.get("next"):
                break
            args["cursor"] = page["next"]
        should = ids_of(self.model.topics[topic].ready if state == READY else self.model.of(topic, state))
        if state == READY:
            assert seen == (should[::-1] if tail else should), (seen, should)
        else:
            assert sorted(seen) == sorted(should), (seen, should)

    @rule(topic=topics, count=st.integers(1, 3))
    def dead(self, topic, count):
        dead = self.model.of(topic, DEAD)
        if not all(self.is_text(m.body) for m in dead):
            return
        got = self.tcp.dead(topic, count)
        assert len(got) == min(count, len(dead)), (got, ids_of(dead))
        for one in got:
            message = self.model.messages[one["id"]]
            assert message in dead and one["body"].encode() == message.body, one
            self.model.gone(message)

    @rule(door=api_doors, topic=topics)
    def redrive(self, door, topic):
        if topic not in self.model.topics:
            return
        dead = self.model.of(topic, DEAD)
        job = self.api(door).op("dead.redrive", topic=topic, all=True)["job"]
        facts = gmqtest.wait_until(lambda: self.done(door, job), "the end of the job")
        assert facts["state"] == "done" and facts["done"] == len(dead), (facts, ids_of(dead))
        for message in dead:
            message.retries = 0
        # They come in the order in which a list of the dead letters has them.
        page = self.api(door).op("message.list", topic=topic, state=READY, limit=1000)["messages"]
        dead_ids = {m.id for m in dead}
        order = [int(m["id"]) for m in page if int(m["id"]) in dead_ids]
        assert sorted(order) == sorted(dead_ids), (order, dead_ids)
        for ident in order:
            self.model.again(self.model.messages[ident])

    def done(self, door, job):
        facts = self.api(door).op("job.get", job=job)
        return facts if facts["state"] != "running" else None

    @rule(door=api_doors, topic=topics)
    def delete_topic(self, door, topic):
        if topic not in self.model.topics:
            return
        living = self.model.of(topic, READY, DELAYED, FLIGHT, DEAD)
        answer = self.api(door).op("topic.delete", topic=topic)
        assert answer["done"] == len(living), (answer, ids_of(living))
        for message in living:
            self.model.gone(message)
        del self.model.topics[topic]
        for name, key in [at for at in self.model.dedup if at[0] == topic]:
            del self.model.dedup[name, key]
        self.model.sure()

    # ---- the node ----------------------------------------------------------------------------------------------

    def check_figures(self):
        """Of every topic, by the original's stat; returns how many deliveries it does not know of."""
        lost = 0
        for name in self.model.topics:
            stat, should = self.http.stat(name), self.model.figures(name)
            assert stat is not None, f"topic {name} is not there"
            got = tuple(stat[key] for key in ("queue_num", "delay_num", "wait_ack_num", "dead_num", "push_num",
                                              "pop_num"))
            missing = should[5] - got[5]
            lost += missing
            should = (should[0] + missing, should[1], should[2] - missing, *should[3:5], got[5])
            assert got == should and missing >= 0, f"topic {name}: {got}, should be {should}"
        return lost

    @precondition(lambda self: self.model.messages)
    @rule(kill=st.booleans())
    def restart(self, kill):
        for conn in self.conns.values():
            conn.close()
        self.conns = {}
        if kill:
            self.node.kill()
        else:
            assert self.node.stop() == 0, self.node.output
        self.start()
        # A topic that only a pop has made, which found nothing, was promised to nobody.
        for name, topic in list(self.model.topics.items()):
            if kill and not topic.kept and self.http.stat(name) is None:
                del self.model.topics[name]
        lost = self.check_figures()
        assert kill or lost == 0, f"{lost} deliveries are forgotten by an orderly stop"
        assert lost <= len(self.model.unsure), f"{lost} deliveries are forgotten, {len(self.model.unsure)} may be"
        self.model.undo(lost)

    @rule()
    def figures(self):
        assert self.check_figures() == 0

    def teardown(self):
        try:
            if self.node and sys.exc_info()[0] is None:
                self.check_figures()
                assert self.node.stop() == 0, self.node.output
        finally:
            for conn in self.conns.values():
                conn.close()
            if self.node:
                self.node.kill()
            gmqtest.scratch_remove(self.folder)
