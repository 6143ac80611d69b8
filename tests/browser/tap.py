# SPDX-License-Identifier: Apache-2.0
"""Runs tests and reports them in TAP."""

import sys
import traceback


def run(tests):
    """Runs tests, a list of (name, function); those after a failure, too. Ends the process."""
    failed = False
    print(f"1..{len(tests)}", flush=True)
    for number, (name, function) in enumerate(tests, 1):
        try:
            function()
            print(f"ok {number} {name}", flush=True)
        except Exception:  # pylint: disable=broad-except # whatever went wrong is the test's failure
            failed = True
            print(f"not ok {number} {name}")
            for line in traceback.format_exc().splitlines():
                print(f"# {line}")
            sys.stdout.flush()
    sys.exit(1 if failed else 0)


def check(condition, text):
    """Fails the test with a text that says what is wrong."""
    if not condition:
        raise AssertionError(text)


def check_equal(actual, expected, what=""):
    """Fails the test if two values differ."""
    check(actual == expected, f"{what}: {actual!r} is not {expected!r}")
