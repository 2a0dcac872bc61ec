"""The disk comes back: messages that nobody acks, churn around them, stops and kills in between.

SPDX-License-Identifier: MIT
"""
import os

from gmqtest import Case, wait_until

MIB = 1 << 20
BODY = 60000
BATCH = 15                                         # x BODY: one message stays for each segment, about
FLAGS = ("-segment_size=1m", "-gc_slack=1m", "-sync=none", "-msg_ttr=300")


class Space(Case):
    def setUp(self):
        super().setUp()
        self.kept = {}

    def log(self):
        """The files of the log that hold records, by name: bytes on disk."""
        folder = self.path("data", "log")
        found = {}
        for name in os.listdir(folder):
            if name.endswith(".seg"):
                try:
                    found[name] = os.stat(os.path.join(folder, name)).st_blocks * 512
                except FileNotFoundError:
                    pass                           # removed since
        return found

    def churn(self, node, mib, until=lambda: False):
        """Pushes and pops `mib` MiB on an auto-ack topic, keeping one small message of every few."""
        tcp = self.tcp(node)
        tcp.set("churn", 1)
        body = bytes(range(32, 127)) * (BODY // 95)
        for _ in range(mib * MIB // (BATCH * BODY)):
            ident = tcp.pub("kept", b"kept %d " % len(self.kept) * 40)
            self.kept[ident] = f"kept {len(self.kept)} " * 40
            tcp.mpub("churn", [body] * BATCH)
            for _ in range(BATCH):
                tcp.pop("churn")
            if until():
                return

    def test_churn_around_messages_that_stay_leaves_the_disk_flat_and_the_messages_whole(self):
        node = self.gnode(*FLAGS)
        self.churn(node, 40)
        old = set(self.log())
        self.assertGreater(len(old), 8, "segments with a message that stays in each")
        self.assertEqual(node.stop(), 0, node.output[-2000:])

        # The first checkpoint of a life makes that of the stop the older one: then its segments can be compacted.
        node = self.gnode(*FLAGS)
        self.churn(node, 160, until=lambda: any("-" in name for name in self.log()))
        self.assertTrue(any("-" in name for name in self.log()), "nothing was compacted")
        node.kill()

        node = self.gnode(*FLAGS)
        self.churn(node, 80)
        wait_until(lambda: not old & set(self.log()), "the segments of the first life are gone")
        self.assertEqual(node.stop(), 0, node.output[-2000:])
        node = self.gnode(*FLAGS)
        self.churn(node, 80)
        # What is younger than the older checkpoint stays: there is one every 64 MiB.
        bound = 2 * sum(map(len, self.kept.values())) + (1 + 2 * 64 + 8) * MIB
        wait_until(lambda: sum(self.log().values()) <= bound, "the log is small")
        tcp = self.tcp(node)
        for ident, body in self.kept.items():
            self.assertEqual(tcp.pop("kept"), {"id": ident, "body": body, "retry_count": 0})
        self.assertEqual(node.stop(), 0, node.output[-2000:])
        self.assertEqual(self.run_program("gnode", "--check", self.path("data"))[0], 0)
