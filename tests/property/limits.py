"""limits - every limit of what an operation takes, just below and just above it, by `call` and /api/v1

SPDX-License-Identifier: MIT
"""
import gmqtest

import doors

MAX_MESSAGE, MAX_BATCH, MAX_DELAY_S = 4096, 8, 1000
FLAGS = (f"-max_message={MAX_MESSAGE}", f"-max_batch={MAX_BATCH}", f"-max_delay={MAX_DELAY_S}", "-max_topics=40")


def push(**more):
    return "message.push", {"topic": "t", "body": "x", **more}


def push_two(one, other):
    return "message.push", {"topic": "t", "messages": [{"body": one}, {"body": other}]}


def headers(size):
    """So many bytes of headers as they are kept: `a: ...\\n`."""
    return {"a": "x" * (size - len("a: \n"))}


def settings(**more):
    return "topic.set", {"topic": "t", **more}


# name, the operation for a value, values that are taken, values that are refused
LIMITS = (
    ("topic name", lambda n: ("message.push", {"topic": "n" * n, "body": "x"}), (1, 128), (129,)),
    ("body", lambda n: push(body="x" * n), (0, MAX_MESSAGE), (MAX_MESSAGE + 1,)),
    ("bodies of a batch", lambda n: push_two("x" * (n - 9), "x" * 9), (MAX_MESSAGE,), (MAX_MESSAGE + 1,)),
    ("batch", lambda n: ("message.push", {"topic": "t", "messages": [{"body": "x"}] * n}), (1, MAX_BATCH),
     (0, MAX_BATCH + 1)),
    ("delay", lambda n: push(delay_ms=n), (0, 1000 * MAX_DELAY_S), (-1, 1000 * MAX_DELAY_S + 1)),
    ("ttr of a message", lambda n: push(ttr_ms=n), (0, 1000, 300000), (-1, 1, 999, 300001)),
    ("retries of a message", lambda n: push(max_retries=n), (0, 254), (-1, 255)),
    ("lifetime", lambda n: push(lifetime_ms=n), (1,), (-1,)),
    ("headers", lambda n: push(headers=headers(n)), (4, 4096), (4097,)),
    ("key", lambda n: push(key="k" * n), (1, 128), (0, 129)),
    ("dedup key", lambda n: push(dedup_key="k" * n), (1, 128), (0, 129)),
    ("key to find", lambda n: ("message.find", {"topic": "t", "key": "k" * n}), (1, 128), (129,)),
    ("count of a pop", lambda n: ("message.pop", {"topic": "t", "count": n}), (1, MAX_BATCH), (0, MAX_BATCH + 1)),
    ("wait of a pop", lambda n: ("message.pop", {"topic": "t", "wait_ms": n}), (0, 60000), (-1, 60001)),
    ("topics of a pop", lambda n: ("message.pop", {"topics": ["t"] * n}), (1, 16), (0, 17)),
    ("ids of an ack", lambda n: ("message.ack", {"topic": "t", "ids": ["7"] * n}), (1, MAX_BATCH), (0, MAX_BATCH + 1)),
    ("reason", lambda n: ("message.nack", {"topic": "t", "ids": ["7"], "reject": True, "reason": "r" * n}), (1, 255),
     (256,)),
    ("ttr of a touch", lambda n: ("message.touch", {"topic": "t", "ids": ["7"], "ttr_ms": n}), (1000, 300000),
     (-1, 300001)),
    ("page", lambda n: ("message.list", {"topic": "t", "limit": n}), (1, 1000), (0, 1001)),
    ("bytes of bodies", lambda n: ("message.list", {"topic": "t", "body": "first", "body_bytes": n}), (1, 65536),
     (0, 65537)),
    ("ttr of a topic", lambda n: settings(ttr_ms=n), (1000, 300000), (0, 999, 300001)),
    ("retries of a topic", lambda n: settings(max_retries=n), (0, 254), (-1, 255)),
    ("jitter", lambda n: settings(retry={"kind": "fixed", "delays_ms": [1], "jitter_percent": n}), (0, 100), (-1, 101)),
    ("delays of retries", lambda n: settings(retry={"kind": "list", "delays_ms": [1] * n}), (1, 16), (0, 17)),
    ("delay of a retry", lambda n: settings(retry={"kind": "fixed", "delays_ms": [n]}), (0, 604800000),
     (-1, 604800001)),
)


def outcome(api, operation):
    """None, or the text of the refusal."""
    name, args = operation
    try:
        api.op(name, **args)
    except gmqtest.Refused as error:
        return str(error)
    return None


def check(api, name, make, taken, refused):
    """What is wrong with a limit, as lines."""
    wrong = []
    for value in taken:
        why = outcome(api, make(value))
        if why is not None and "no message with this" not in why:
            wrong.append(f"{api.name}: {name} {value} is refused: {why}")
    for value in refused:
        if outcome(api, make(value)) is None:
            wrong.append(f"{api.name}: {name} {value} is taken")
    return wrong


def run():
    folder, wrong = gmqtest.scratch("gmq-limits-"), []
    node = gmqtest.Gnode(folder + "/data", *FLAGS, cwd=folder)
    try:
        for kind in (doors.Call, doors.V1):
            api = kind(node)
            for name, make, taken, refused in LIMITS:
                for _ in range(16):                             # so that no pop waits
                    api.op("message.push", topic="t", body="x")
                wrong += check(api, name, make, taken, refused)
            api.op("topic.delete", topic="t")
            api.close()
        assert node.stop() == 0, node.output
    finally:
        node.kill()
        gmqtest.scratch_remove(folder)
    assert not wrong, "\n".join(wrong)
