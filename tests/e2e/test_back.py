"""Messages that are given back: nack, touch, reject; across a kill; headers, keys and expiry by the own API.

SPDX-License-Identifier: MIT
"""
import json
import struct

from gmqtest import BINARY, ERROR, RESULT, Case, wait_until


def many(tcp, line, ids):
    """The ids that were not in flight, of `nack` or `touch`."""
    kind, data = tcp.call(f"{line}\n".encode() + b"".join(struct.pack(">Q", i) for i in ids))
    assert kind == RESULT, (kind, data)
    return [] if data == b"ok" else [int(i) for i in json.loads(data)]


def pop(tcp, wait_ms=0):
    """(id, retries) of one message of topic t, or None."""
    kind, data = tcp.call(f"wpop t {wait_ms} 1\n".encode())
    if kind == ERROR:
        return None
    assert kind == BINARY, (kind, data)
    return struct.unpack(">QH", data[:10])


def operate(tcp, name, **arguments):
    data = json.dumps(arguments).encode()
    kind, answer = tcp.call(f"call {name}\n".encode() + struct.pack(">I", len(data)) + data)
    return kind, json.loads(answer) if kind != ERROR else answer.decode()


class Back(Case):
    def test_nack_brings_a_message_back_at_once_or_later(self):
        tcp = self.tcp(self.gnode())
        tcp.pub("t", b"x")
        ident, retries = pop(tcp)
        self.assertEqual(retries, 0)
        self.assertEqual(many(tcp, "nack t 2 -1", [ident, 7]), [7])
        self.assertEqual(pop(tcp), (ident, 1))
        self.assertEqual(many(tcp, "nack t 1 200 noretry", [ident]), [])
        self.assertIsNone(pop(tcp))
        self.assertEqual(pop(tcp, 60000), (ident, 1))
        self.assertEqual(tcp.call(b"nack t 1 259200001\n" + bytes(8)), (ERROR, b"pub.delay exceeding the maximum"))

    def test_touch_gives_more_time_across_a_kill(self):
        node = self.gnode("-msg_ttr=1")
        tcp = self.tcp(node)
        tcp.pub("t", b"x")
        tcp.pub("t", b"y")
        first, second = pop(tcp)[0], pop(tcp)[0]
        self.assertEqual(many(tcp, "touch t 1 300000", [first]), [])
        node.kill()
        tcp = self.tcp(self.gnode("-msg_ttr=1"))
        self.assertEqual(pop(tcp, 60000), (second, 1))
        self.assertEqual(many(tcp, "touch t 2 0", [first, second]), [])
        self.assertEqual(tcp.call(b"ack %d t\n" % first), (RESULT, b"ok"))

    def test_reject_and_too_many_nacks_make_dead_letters(self):
        node = self.gnode("-msg_max_retry=0")
        tcp = self.tcp(node)
        tcp.mpub("t", [b"x", b"y"])
        first, second = pop(tcp)[0], pop(tcp)[0]
        self.assertEqual(operate(tcp, "message.nack", topic="t", ids=[str(first)], reject=True, reason="no")[1],
                         {"done": 1, "unknown": []})
        self.assertEqual(many(tcp, "nack t 1 0", [second]), [])
        self.assertEqual(self.http(node).stat("t")["dead_num"], 2)


class Carry(Case):
    def test_what_was_pushed_with_a_message_comes_back_with_it(self):
        tcp = self.tcp(self.gnode())
        pushed = operate(tcp, "message.push", topic="t", body="x", headers={"Trace": "1"}, key="k", ttr_ms=5000)[1]
        ident = pushed["ids"][0]
        message = operate(tcp, "message.pop", topic="t")[1]["messages"][0]
        self.assertEqual((message["id"], message["headers"], message["key"]), (ident, {"trace": "1"}, "k"))
        self.assertIn("deadline_at", message)

    def test_what_needs_no_ack_is_gone_and_what_expired_does_not_come(self):
        node = self.gnode()
        tcp = self.tcp(node)
        operate(tcp, "message.push", topic="t",
                messages=[{"body": "x", "auto_ack": True}, {"body": "y", "lifetime_ms": 1}])
        self.assertIsNotNone(pop(tcp))
        wait_until(lambda: pop(tcp) is None and self.http(node).stat("t")["queue_num"] == 0, "the other one is gone")
        self.assertEqual(self.http(node).stat("t")["wait_ack_num"], 0)
