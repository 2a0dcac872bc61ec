"""fault - a node whose files can be made to fail: the other side of preload.c

    with Fault(folder, data) as fault:
        node = Gnode(data, env=fault.env)
        fault.arm(3, FAIL, PWRITE, error=errno.EIO)     # the third pwrite from now on
        fault.room(32 << 20)                            # a disk of 32 MiB

SPDX-License-Identifier: MIT
"""
import mmap
import os
import struct

import gmqtest

OPEN, PWRITE, PREAD, FDATASYNC, FSYNC, FALLOCATE, FTRUNCATE, RENAME, UNLINK, WRITE = (1 << n for n in range(10))
ALL = (1 << 10) - 1
COUNT, KILL, TEAR, FAIL, SHORT = range(5)
LAYOUT = struct.Struct("=QQQQIIII64s")


def preloads():
    """Can preload.c be loaded into gnode? Not into a sanitizer build."""
    return not gmqtest.sanitized() and os.path.exists(os.path.join(gmqtest.build(), "faults", "preload.so"))


class Fault:
    """The control page that preload.c shares."""

    def __init__(self, folder, data):
        self.path = os.path.join(folder, "fault.control")
        with open(self.path, "wb") as file:
            file.write(bytes(mmap.PAGESIZE))
        with open(self.path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), mmap.PAGESIZE)
        self.env = {"LD_PRELOAD": os.path.join(gmqtest.build(), "faults", "preload.so"),
                    "FAULT_FILE": self.path, "FAULT_DIR": os.path.abspath(data)}
        self.arm(0, COUNT, ALL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.map.close()

    def _get(self):
        return LAYOUT.unpack_from(self.map)

    def arm(self, calls, action, kinds, error=0, forever=False):
        """The call that comes as number `calls` from now on, of these kinds, is the one; 0 = none."""
        room = self._get()[2]
        LAYOUT.pack_into(self.map, 0, 0, 0, room, 0, action, kinds, error, forever, b"")
        struct.pack_into("=Q", self.map, 8, calls)

    def disarm(self):
        struct.pack_into("=Q", self.map, 8, 0)

    def room(self, room):
        """What all files of the node may take; 0 = no limit."""
        struct.pack_into("=Q", self.map, 16, room)

    @property
    def count(self):
        """Calls since it was armed."""
        return self._get()[0]

    @property
    def faults(self):
        """Calls that were made to fail since it was armed."""
        return self._get()[3]

    @property
    def last(self):
        """The call it struck at, "" while it has not."""
        return self._get()[8].split(b"\0")[0].decode("utf-8", "replace")
