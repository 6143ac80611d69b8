# SPDX-License-Identifier: Apache-2.0
"""Runs the test cases of a module and reports in TAP, as the tests in C do."""

import sys
import traceback
import unittest


class _Result(unittest.TestResult):
    def _report(self, outcome, test, note=""):
        print(f"{outcome} {self.testsRun} {test.id().removeprefix('__main__.')}{note}", flush=True)

    def addSuccess(self, test):
        super().addSuccess(test)
        self._report("ok", test)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._report("ok", test, f" # SKIP {reason}")

    def _explain(self, error):
        for line in "".join(traceback.format_exception(*error)).splitlines():
            print(f"# {line}")

    def _fail(self, test, error):
        self._explain(error)
        self._report("not ok", test)

    def startTest(self, test):
        super().startTest(test)
        self._bad_subtests = False

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            print(f"# {subtest}")
            self._explain(err)
            self._bad_subtests = True

    def stopTest(self, test):
        # Nothing else is called for a test that is bad only in parts.
        if self._bad_subtests:
            self._report("not ok", test)
        super().stopTest(test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._fail(test, err)

    def addError(self, test, err):
        super().addError(test, err)
        if not isinstance(test, unittest.TestCase):
            self.testsRun += 1
        self._fail(test, err)


def main():
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    print(f"1..{suite.countTestCases()}", flush=True)
    result = _Result()
    suite.run(result)
    sys.exit(0 if result.wasSuccessful() else 1)
