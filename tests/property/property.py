"""property - tests that draw what they do, and show the shortest life that fails

    machine.py   random operations by all doors against a plain model, over restarts and kill -9
    limits.py    limits of the broker and of its settings, just below and just above them
    contract.py  every limit that docs/openapi.yaml names, just within and just beyond it
    routes.py    /api/v1 with requests of all kinds: no crash, no 500, and every refusal a well-formed problem

They need hypothesis (python3-hypothesis). The same lives are drawn in every run; PROPERTY_EXAMPLES says how many (60),
with PROPERTY_SEED=N others are, and PROPERTY_WITHOUT=cancel,purge leaves these steps out.

SPDX-License-Identifier: MIT
"""
import os
import traceback

EXAMPLES = int(os.environ.get("PROPERTY_EXAMPLES", "60"))


def settings(examples, **more):
    """For hypothesis: the same in every run, and no deadlines."""
    import hypothesis
    return hypothesis.settings(max_examples=examples, deadline=None, database=None, print_blob=True,
                               derandomize="PROPERTY_SEED" not in os.environ, **more,
                               suppress_health_check=list(hypothesis.HealthCheck))


def run_machine():
    import hypothesis
    from hypothesis.stateful import run_state_machine_as_test

    import machine
    for name in filter(None, os.environ.get("PROPERTY_WITHOUT", "").split(",")):
        setattr(machine.Machine, name, None)
    if "PROPERTY_SEED" in os.environ:
        hypothesis.seed(int(os.environ["PROPERTY_SEED"]))(machine.Machine)
    run_state_machine_as_test(machine.Machine, settings=settings(EXAMPLES, stateful_step_count=60))


def run_limits():
    import limits
    limits.run()


def run_contract():
    import contract
    contract.run()


def run_routes():
    import routes
    routes.run(settings(20 * EXAMPLES))


def run(options, add):
    """tests/run.py's: add(name, None or what was seen)."""
    try:
        import hypothesis                                       # noqa: F401, only whether it is there
    except ImportError:
        add("property", "hypothesis is not here: script/deps, or run it by the system's python3")
        return
    tests = [("property.machine", run_machine), ("property.limits", run_limits),
             ("property.contract", run_contract), ("property.routes", run_routes)]
    for name, test in tests:
        if options.k and options.k not in name:
            continue
        try:
            test()
            add(name, None)
        except Exception:                                       # pylint: disable=broad-except
            add(name, traceback.format_exc())
