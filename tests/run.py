#!/usr/bin/env python3
"""run - the whole-program tests

    tests/run.py [--build DIR] SUITE... [-k WORD] [--rounds N] [--seed N] [--jobs N] [--short] [-v]

Suites: conformance (the original's transcript), quickstart (the code blocks of the READMEs), e2e (whole programs),
crash (kill -9 under load), syscall-kill and full-disk (files that fail, tests/faults/), clocks (that are set, and a
machine that sleeps), property (drawn operations against a model; needs hypothesis), tsan-load (on a build with the
thread sanitizer), web (the pages in Chromium), tools (the static checks), or all, which is all but property,
tsan-load and web.
The last line is `N passed, N failed`; the exit code is 1 when anything failed or nothing ran. Failing tests print
what they saw.

SPDX-License-Identifier: MIT
"""
import argparse
import concurrent.futures
import importlib.util
import os
import random
import re
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
SUITES = ("tools", "conformance", "quickstart", "e2e", "crash", "syscall-kill", "full-disk", "clocks", "property",
          "tsan-load", "web")
MODULES = {"conformance": "conformance/replay.py", "quickstart": "quickstart/quickstart.py", "crash": "crash/crash.py",
           "syscall-kill": "faults/syscall_kill.py", "full-disk": "faults/full_disk.py",
           "clocks": "faults/clocks.py", "property": "property/property.py", "tsan-load": "faults/tsan_load.py",
           "web": "web/web.py"}
NOT_IN_ALL = ("property", "tsan-load", "web")   # they need hypothesis, a build of its own, and Chromium


class Tally:
    """Counts and prints as results come in."""

    def __init__(self, verbose):
        self.passed, self.failed, self.verbose = 0, 0, verbose

    def add(self, name, wrong, seconds=None):
        """One result; `wrong` is None or what was seen."""
        if wrong is None:
            self.passed += 1
            if self.verbose:
                print(f"ok    {name}" + (f" ({seconds:.1f} s)" if seconds is not None else ""), flush=True)
        else:
            self.failed += 1
            print(f"FAIL  {name}\n" + "".join("      " + line + "\n" for line in str(wrong).splitlines()), flush=True)


def load(path):
    """A module from its file."""
    spec = importlib.util.spec_from_file_location(os.path.basename(path)[:-3], path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def flatten(suite):
    """The single tests of a unittest suite."""
    for one in suite:
        if isinstance(one, unittest.TestSuite):
            yield from flatten(one)
        else:
            yield one


def short(text):
    """A traceback without the frames of the helpers, and without the underlining."""
    text = re.sub(r'  File "[^"]*(gmqtest|subprocess|unittest/\w+)\.py".*\n(    .*\n)*', "", text)
    return re.sub(r"(?m)^ *[~^]+\n", "", text)


def run_unittests(folder, options, tally):
    """Every test_*.py of a folder, `jobs` tests at a time: they mostly wait."""
    cases = []
    for name in sorted(os.listdir(folder)):
        if name.startswith("test_") and name.endswith(".py"):
            cases += flatten(unittest.defaultTestLoader.loadTestsFromModule(load(os.path.join(folder, name))))
    if options.k:
        cases = [c for c in cases if options.k in c.id()]

    def run_one(case):
        result, start = unittest.TestResult(), time.monotonic()
        result.buffer = False
        case.run(result)
        wrong = result.errors + result.failures
        texts = [short(text) for _, text in wrong] + [f"skipped: {why}" for _, why in result.skipped]
        return case, "\n".join(texts) if texts else None, time.monotonic() - start

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for case, wrong, seconds in pool.map(run_one, cases):
            tally.add(case.id(), wrong, seconds)


def run_module(path, options, tally):
    """A suite that brings its own run(options, add)."""
    sys.path.insert(0, os.path.dirname(path))
    load(path).run(options, tally.add)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", default=os.path.join(HERE, "..", "build"), help="folder with the programs")
    parser.add_argument("--rounds", type=int, default=30, help="crash: how many kills")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32), help="crash: the seed")
    parser.add_argument("--short", action="store_true", help="syscall-kill, full-disk: a sample")
    parser.add_argument("--jobs", type=int, default=4, help="e2e: tests at a time")
    parser.add_argument("-k", default="", help="only tests whose name holds this word")
    parser.add_argument("-v", "--verbose", action="store_true", help="print passed tests, too")
    parser.add_argument("suites", nargs="+", choices=SUITES + ("all",))
    options = parser.parse_args()
    os.environ["GMQ_BUILD"] = os.path.abspath(options.build)
    sys.path.insert(0, HERE)
    tally = Tally(options.verbose)
    for suite in [s for s in SUITES if s not in NOT_IN_ALL] if "all" in options.suites else options.suites:
        before, start = (tally.passed, tally.failed), time.monotonic()
        if suite in ("e2e", "tools"):
            run_unittests(os.path.join(HERE, suite), options, tally)
        else:
            run_module(os.path.join(HERE, MODULES[suite]), options, tally)
        print(f"{suite}: {tally.passed - before[0]} passed, {tally.failed - before[1]} failed"
              f" ({time.monotonic() - start:.0f} s)", flush=True)
    print(f"{tally.passed} passed, {tally.failed} failed")
    sys.stdout.flush()
    return 1 if tally.failed or not tally.passed else 0


if __name__ == "__main__":
    sys.exit(main())
