"""restart - the end of the transcript: 100 pushed, 5 delayed by 2 s, 20 popped, 10 of them acked; stopped; started

What the original kept over a restart, and what gmq keeps:
    stopped by                     the original              gmq
    SIGTERM, registry up           all but the leases        everything
    SIGTERM, registry down         exit 1, 90 of 90 lost     exit 0, everything
    kill -9                        90 of 90 lost             everything
Everything: counters, waiting and delayed messages, leases (an ack of a message popped before the stop is good), the
list of topics, the start time.

SPDX-License-Identifier: MIT
"""
import os

import gmqtest
from gmqtest import Gnode, Gregister, Http, Tcp


def fill(node):
    """The load of the transcript; returns bodies by id of the unacked popped ones."""
    with Tcp(node.tcp) as conn:
        for number in range(100):
            conn.pub("rs", b"m%d" % number)
        for number in range(5):
            conn.pub("rs", b"d%d" % number, delay=2)
        popped = [conn.pop("rs") for _ in range(20)]
        for message in popped[:10]:
            assert conn.ack(message["id"], "rs"), "ack before the stop"
    return popped


def check(node, before, popped):
    """None, or what is not as it was."""
    with Http(node.http) as http, Tcp(node.tcp) as conn:
        after = http.stat("rs")
        # The delayed ones may have come due by now; each is in one of the two figures.
        same = ("name", "pop_num", "wait_ack_num", "dead_num", "start_time", "is_auto_ack")
        if any(after[k] != before[k] for k in same) or \
                after["queue_num"] + after["delay_num"] != before["queue_num"] + before["delay_num"]:
            return f"before {before}\nafter  {after}"
        if [s["name"] for s in http.stats()] != ["rs"]:
            return f"topics after the start: {http.stats()}"
        if not conn.ack(popped[10]["id"], "rs"):
            return "a message popped before the stop cannot be acked within its TTR"
        got = {}

        def drain():
            message = conn.pop("rs")
            while message:
                got[message["body"]] = message["retry_count"]
                conn.ack(message["id"], "rs")
                message = conn.pop("rs")
            return len(got) >= 94
        gmqtest.wait_until(drain, "94 messages come: 80 waiting, 5 delayed, 9 leased", 30 * gmqtest.SLOW)
        wanted = {**{f"m{i}": 1 for i in range(11, 20)}, **{f"m{i}": 0 for i in range(20, 100)},
                  **{f"d{i}": 0 for i in range(5)}}
        if got != wanted:
            return f"wanted {wanted}\ngot    {got}"
        end = http.stat("rs")
        figures = (end["queue_num"], end["delay_num"], end["wait_ack_num"], end["dead_num"])
        return None if figures == (0, 0, 0, 0) else f"at the end {end}"


def scenario(registry_ends, kill):
    """Runs one of the three."""
    folder, started = gmqtest.scratch(), []
    try:
        register = Gregister(folder)
        started.append(register)
        flags = ("-msg_ttr=5", f"-register_addr=http://{register.http}")
        node = Gnode(os.path.join(folder, "data"), *flags)
        started.append(node)
        gmqtest.wait_until(register.nodes, "the node has registered")
        popped = fill(node)
        with Http(node.http) as http:
            before = http.stat("rs")
        if registry_ends:
            register.kill()
        if kill:
            node.kill()
        else:
            code = node.stop()
            if code != 0:
                return f"the node ended with {code}"
        node = Gnode(os.path.join(folder, "data"), *flags)
        started.append(node)
        return check(node, before, popped)
    finally:
        for one in started:
            one.kill()
        gmqtest.scratch_remove(folder)


SCENARIOS = [("SIGTERM with the registry up", lambda: scenario(False, False)),
             ("SIGTERM with the registry down", lambda: scenario(True, False)),
             ("kill -9", lambda: scenario(False, True))]
