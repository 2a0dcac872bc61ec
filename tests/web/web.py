"""web - the pages of gweb in a real Chromium: tests/web/*.mjs, run by node

Needs node, Chromium, and playwright-core in web/node_modules (`make web-test` fetches it).

SPDX-License-Identifier: MIT
"""
import json
import os
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
LONGEST_S = 900         # all tests together, with room for a slow machine


def missing():
    """What stands in the way, or None."""
    if not shutil.which("node"):
        return "node is missing: run script/deps, or apt-get install nodejs"
    if not os.path.isdir(os.path.join(ROOT, "web", "node_modules", "playwright-core")):
        return "web/node_modules/playwright-core is missing: run `make web-test`, or `npm ci` in web/"
    return None


def run(options, add):
    """Runs all tests whose name holds options.k; add(name, wrong, seconds) for each."""
    wrong = missing()
    if wrong:
        add("web", wrong)
        return
    build = os.environ["GMQ_BUILD"]
    command = ["node", os.path.join(HERE, "run.mjs"), "--build", build, "--shots", os.path.join(build, "web-shots"),
               "-k", options.k]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as node:
        failed = False
        for line in node.stdout:
            result = json.loads(line)
            failed = failed or result["wrong"] is not None
            add("web: " + result["name"], result["wrong"], result["seconds"])
        said = node.stderr.read()
        code = node.wait(LONGEST_S)
    if code != 0 and not failed:
        add("web: the run itself", f"exit code {code}\n{said[-4000:]}")
