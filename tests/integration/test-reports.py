# SPDX-License-Identifier: Apache-2.0
"""Reports on their way from users to the administration: as they are made over HTTP, and as doutok(1) lists and
resolves them."""

import json
import re
import unittest

import server
import tap

RATE_LIMITED = 10014
REPORTED = re.compile(r"^(\d+) +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  (.*)$", re.M)


class Reports(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = server.Server("[limits]\nrate-report=5/d\n", workers=2)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def post(self, path, code=200, **parameters):
        answer = self.server.request("POST", f"{path}?{server.form(**parameters)}")
        self.assertEqual(answer.code, code)
        return json.loads(answer.body)

    def register(self, name):
        return self.post("/douyin/user/register/", username=name, password="secret")

    def report(self, user, target, reason, code=200):
        return self.post("/douyin/report/action/", code, token=user["token"], target_type="user",
                         target_id=target["user_id"], reason=reason)["status_code"]

    def list_reports(self, *options):
        """The numbers of what is listed, by what each is about; and all that is printed."""
        done = self.server.run("report", "list", *options)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return {what: number for number, what in REPORTED.findall(done.stdout)}, done.stdout

    def test_resolve(self):
        """A report is listed once, until it is resolved; who has resolved it and why stands in the audit log."""
        alice, bob = self.register("alice"), self.register("bob")
        for _ in range(2):
            self.assertEqual(self.report(alice, bob, "Rude,\nand a liar"), 0)
        listed, text = self.list_reports()
        about = f"user {bob['user_id']}"
        self.assertEqual(list(listed), [about])
        self.assertIn(f"user {alice['user_id']}: Rude, and a liar\n", text)

        done = self.server.run("report", "resolve", "--why", "warned", listed[about])
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, f"{listed[about]}: resolved\n", ""))
        self.assertEqual(self.list_reports(), ({}, ""))
        self.assertEqual(self.list_reports("--all")[0][about], listed[about])
        newest, text = self.list_reports("--all", "--count=1")
        self.assertEqual(list(newest), [about])
        self.assertIn("  resolved ", text)
        audit = self.server.run("audit").stdout
        self.assertRegex(audit, rf"report resolve {listed[about]}  warned\n")

        self.assertEqual(self.report(alice, bob, "Still rude"), 0)
        self.assertEqual(self.list_reports(), ({}, ""))

    def test_refusals(self):
        """What the commands do not understand they say."""
        for words, status, message in (
                (("resolve",), 2, "REPORT… is missing"),
                (("resolve", "x"), 2, "“x” is not the number of a report"),
                (("resolve", "999"), 1, "999: this report does not exist"),
                (("close",), 2, "there is no command “close”")):
            with self.subTest(words):
                done = self.server.run("report", *words)
                self.assertEqual((done.returncode, done.stdout), (status, ""))
                self.assertIn(message, done.stderr)

    def test_limit(self):
        """Who reports too much has to wait, on all gateways; others do not."""
        carol, dave = self.register("carol"), self.register("dave")
        for _ in range(5):
            self.assertEqual(self.report(carol, dave, "Spam"), 0)
        for _ in range(4):
            self.assertEqual(self.report(carol, dave, "Spam", 429), RATE_LIMITED)
        self.assertEqual(self.report(dave, carol, "Reports me all day"), 0)
        numbers, _ = self.list_reports()
        self.assertEqual(set(numbers), {f"user {carol['user_id']}", f"user {dave['user_id']}"})
        done = self.server.run("report", "resolve", *numbers.values())
        self.assertEqual(done.returncode, 0)


if __name__ == "__main__":
    tap.main()
