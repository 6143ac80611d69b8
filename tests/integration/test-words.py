# SPDX-License-Identifier: Apache-2.0
"""Unwanted words on a whole server: what is masked, what is refused, and words that change while it runs. That each
operation refuses them is for the test of the interface description."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import server
import tap

REFUSED = 10019
# Requests after a reload, over connections that the kernel gives to either gateway.
N_REQUESTS = 8


def doutok(*arguments):
    return subprocess.run([server.find_program(), *map(str, arguments)], text=True, capture_output=True,
                          timeout=server.TIMEOUT, check=False,
                          env=os.environ | {"LC_ALL": "C.UTF-8", "LANGUAGE": "en"})


class Words(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.file = pathlib.Path(directory.name) / "words.txt"
        self.configuration = pathlib.Path(directory.name) / "words.conf"

    def start(self, action):
        text = f"[limits]\nrate-limits=off\n[moderation]\nwords-file={self.file}\nwords-action={action}\n"
        self.configuration.write_text(text, encoding="utf-8")
        running = server.Server(text, workers=2)
        self.addCleanup(running.stop)
        return running

    def post(self, running, path, **parameters):
        answer = running.request("POST", f"{path}?{server.form(**parameters)}")
        self.assertEqual(answer.code, 200)
        return json.loads(answer.body)

    def register(self, running, name):
        return self.post(running, "/douyin/user/register/", username=name, password="secret")

    def set_signature(self, running, token, text):
        return self.post(running, "/douyin/user/update/", token=token, signature=text)

    def reload(self, running):
        return doutok("reload", "--runtime-dir", running.runtime_dir)

    def test_mask(self):
        """Texts are masked, names are refused."""
        self.file.write_text("# unwanted\nspam\n微信\n", encoding="utf-8")
        running = self.start("mask")
        token = self.register(running, "alice")["token"]
        self.assertEqual(self.register(running, "ＳＰＡＭmer"),
                         {"status_code": REFUSED, "status_msg": "there is a word in it that is not allowed here",
                          "user_id": 0, "token": ""})
        answer = self.set_signature(running, token, "No Spam 加微信")
        self.assertEqual((answer["status_code"], answer["user"]["signature"]), (0, "No **** 加**"))

    def test_reload(self):
        """Other words hold for all gateways when the command has ended; a file that is wrong changes nothing."""
        self.file.write_text("spam\n", encoding="utf-8")
        running = self.start("refuse")
        token = self.register(running, "alice")["token"]

        def assert_statuses(expected):
            for text, status in expected.items():
                codes = {self.set_signature(running, token, text)["status_code"] for _ in range(N_REQUESTS)}
                self.assertEqual(codes, {status}, text)

        assert_statuses({"spam": REFUSED, "eggs": 0})
        self.file.write_text("eggs\nham\n", encoding="utf-8")
        assert_statuses({"spam": REFUSED, "eggs": 0})
        done = self.reload(running)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, f"{self.file}: 2 words\n", ""))
        assert_statuses({"spam": 0, "eggs": REFUSED})

        self.file.write_bytes(b"spam\n\xff\n")
        done = self.reload(running)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn(f"{self.file}: line 2: this is not text in UTF-8", done.stderr)
        assert_statuses({"spam": 0, "eggs": REFUSED})

    def test_wrong_file(self):
        """A server does not start with a file that is wrong, and says why; so does the check."""
        self.file.write_text("x" * 65, encoding="utf-8")
        self.configuration.write_text(f"[moderation]\nwords-file={self.file}\n", encoding="utf-8")
        reason = f"{self.file}: line 1: a word has 1 to 64 characters that can be seen"
        with tempfile.TemporaryDirectory() as directory:
            places = ("--config", self.configuration, "--state-dir", f"{directory}/state",
                      "--runtime-dir", f"{directory}/run")
            started = doutok("serve", *places, "--listen", "127.0.0.1:0")
            self.assertEqual((started.returncode, started.stdout), (1, ""))
            self.assertIn(reason, started.stderr)
            self.assertIn(f"FAIL words: {reason}", doutok("check", *places).stdout.splitlines())
            self.file.write_text("word\n", encoding="utf-8")
            self.assertIn(f"ok   words: {self.file}: 1 words", doutok("check", *places).stdout.splitlines())

    def test_none(self):
        """A server without a file has nothing to reload, and says so."""
        running = server.Server("")
        self.addCleanup(running.stop)
        done = self.reload(running)
        self.assertEqual(done.returncode, 1)
        self.assertIn("The running server has no words-file", done.stderr)


if __name__ == "__main__":
    tap.main()
