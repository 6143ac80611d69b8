# SPDX-License-Identifier: Apache-2.0
"""What a real server writes into its log, and how that is changed while it runs."""

import json
import os
import signal
import subprocess
import tempfile
import time
import unittest

import server
import tap

SERVICES = ("User", "Video", "Social", "Chat")


class Logs(unittest.TestCase):
    def _start(self, configuration):
        self.log = tempfile.TemporaryFile("w+", encoding="utf-8")
        self.addCleanup(self.log.close)
        self.server = server.Server(configuration, self.log)
        self.addCleanup(self._stop)

    def _stop(self):
        if self.server is not None:
            self.server.stop()
            self.server = None

    def _run(self, *arguments):
        return subprocess.run([server.find_program(), *arguments, "--state-dir", self.server.state_dir],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=server.TIMEOUT, check=False)

    def _bus(self, *arguments):
        return subprocess.run(["busctl", f"--address=unix:path={self.server.runtime_dir}/bus", *arguments],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=server.TIMEOUT, check=False)

    def _get_level(self, name):
        shown = self._bus("get-property", f"org.doutok.{name}", "/org/doutok/Log", "org.doutok.Log1", "Level")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        return shown.stdout.strip()

    def _set_level(self, name, level):
        return self._bus("call", f"org.doutok.{name}", "/org/doutok/Log", "org.doutok.Log1", "SetLevel", "s",
                         level)

    def _list_levels(self):
        shown = self._run("log-level")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        return dict(line.split() for line in shown.stdout.splitlines())

    def _read_lines(self):
        self.log.seek(0)
        return self.log.read().splitlines()

    def test_levels(self):
        """Test that each part has the level that was configured for it."""
        self._start("[log]\nlevel=warning, video=debug, gateway=info\n")
        self.assertEqual(self._get_level("Video"), 's "debug"')
        self.assertEqual(self._list_levels(), {"gateway0": "info", "user": "warning", "video": "debug",
                                               "social": "warning", "chat": "warning"})

    def test_change_on_the_bus(self):
        """Test that busctl changes the level of one process, and a wrong level changes nothing."""
        self._start("")
        for name in (*SERVICES, "Gateway0"):
            refused = self._set_level(name, "loud")
            self.assertNotEqual(refused.returncode, 0)
            self.assertIn("loud", refused.stderr)
            self.assertEqual(self._get_level(name), 's "info"')
            self.assertEqual(self._set_level(name, "debug").returncode, 0)
            self.assertEqual(self._get_level(name), 's "debug"')
        part = self._bus("get-property", "org.doutok.Gateway0", "/org/doutok/Log", "org.doutok.Log1", "Part")
        self.assertEqual(part.stdout.strip(), 's "gateway"')

    def test_change_by_command(self):
        """Test that the command changes all processes of a part, and names what is wrong."""
        self._start("")
        self.assertEqual(self._run("log-level", "gateway", "debug").returncode, 0)
        self.assertEqual(self._run("log-level", "chat", "warning").returncode, 0)
        self.assertEqual(self._list_levels(), {"gateway0": "debug", "user": "info", "video": "info",
                                               "social": "info", "chat": "warning"})
        refused = self._run("log-level", "film", "debug")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("film", refused.stderr)

    def _log_something(self):
        """Makes a gateway say, at the level debug, that a service has another owner. It has said so before
        the answer, since it hears of it before it asks the new one."""
        before = len(self._read_lines())
        pid = self.server.find_processes("doutok-user")[0]
        os.kill(pid, signal.SIGKILL)
        answer = self.server.request("POST", "/douyin/user/login/?username=alice&password=wrong")
        self.assertEqual(answer.code, 200)
        self.assertNotIn(pid, self.server.find_processes("doutok-user"))
        return self._read_lines()[before:]

    def _wait_for(self, lines, is_wanted):
        """The lines so far, or with those to come until one of them is wanted."""
        before = len(self._read_lines()) - len(lines)
        deadline = time.monotonic() + server.TIMEOUT
        while not any(map(is_wanted, lines)) and time.monotonic() < deadline:
            self.server.request("GET", "/ping")
            lines = self._read_lines()[before:]
        self.assertTrue(any(map(is_wanted, lines)), lines)

    def test_a_change_shows(self):
        """Test that lines of a level appear once it is set, and no more once it is set back."""
        self._start("[log]\nlevel=warning\nformat=json\n")

        def is_debug(text):
            line = json.loads(text) if text.startswith("{") else {}
            return line.get("part") == "gateway" and line["level"] == "debug"

        def list_debug():
            return [text for text in self._read_lines() if is_debug(text)]

        self._log_something()
        self.assertEqual(list_debug(), [])
        self._set_level("Gateway0", "debug")
        self._wait_for(self._log_something(), is_debug)
        self._set_level("Gateway0", "warning")
        shown = list_debug()
        self._log_something()
        self._stop()
        self.assertEqual(list_debug(), shown)

    def test_text(self):
        """Test that a line for people says when, which part and process, and how important it is."""
        self._start("[log]\nlevel=debug\n")
        gateway = self.server.find_processes("doutok-gateway")[0]
        said = f" gateway[{gateway}] debug: org.doutok.User has another owner"
        self._wait_for(self._log_something(), lambda line: said in line)

    def _find_lines(self, request):
        """What is known of a request: dictionaries."""
        lines = [json.loads(line) for line in self._read_lines() if line.startswith("{")]
        return [line for line in lines if request in line.get("request", "").split(",")]

    def test_request_ids(self):
        """Test that an answer has the id that its request came with, or one of its own."""
        self._start("")
        given = self.server.request("GET", "/ping", headers={"X-Request-Id": "edge-7.A_b"})
        self.assertEqual(given.headers["X-Request-Id"], "edge-7.A_b")
        minted = [self.server.request("GET", "/ping", headers=headers).headers["X-Request-Id"]
                  for headers in ({}, {}, {"X-Request-Id": ""}, {"X-Request-Id": "two words"},
                                  {"X-Request-Id": "a,b"}, {"X-Request-Id": "x" * 65})]
        for name in minted:
            self.assertRegex(name, "^[0-9a-f]{16}$")
        self.assertEqual(len(set(minted)), len(minted))
        self.assertRegex(self.server.request("GET", "/nothing").headers["X-Request-Id"], "^[0-9a-f]{16}$")

    def test_one_request(self):
        """Test that one id is in lines of the gateway and of every service that was asked."""
        self._start("[log]\nlevel=debug\nformat=json\naccess=on\n")
        answer = self.server.request("POST", "/douyin/user/register/?username=alice&password=secret")
        account = json.loads(answer.body)
        query = server.form(user_id=account["user_id"], token=account["token"])
        answer = self.server.request("GET", "/douyin/user/?" + query, headers={"X-Request-Id": "walk-1"})
        self.assertEqual(json.loads(answer.body)["status_code"], 0)
        lines = self._find_lines("walk-1")
        self.assertEqual({line["part"] for line in lines}, {"gateway", "user", "social", "video"}, lines)
        messages = {line["message"] for line in lines}
        self.assertLessEqual({"GetUsers of 1 items", "GetUserCounts of 1 items", "GetWorkCounts of 1 items",
                              "GET /douyin/user 200"}, messages)
        access, = (line for line in lines if line["message"] == "GET /douyin/user 200")
        self.assertEqual(access["user"], str(account["user_id"]))

    def test_calls_with_requests(self):
        """Test that a call over the bus may say whose it is, and other arguments are refused as before."""
        self._start("[log]\nlevel=debug\nformat=json\n")
        target = ("call", "org.doutok.User", "/org/doutok/User", "org.doutok.User1", "GetUsers")
        plain = self._bus(*target, "ax", "1", "5")
        named = self._bus(*target, "axa{sv}", "1", "5", "1", "requests", "as", "2", "one", "two")
        empty = self._bus(*target, "axa{sv}", "1", "5", "0")
        other = self._bus(*target, "axa{sv}", "1", "5", "1", "requests", "x", "2")
        for answer in (named, empty, other):
            self.assertEqual((answer.returncode, answer.stdout), (0, plain.stdout), answer.stderr)
        self.assertEqual([line["message"] for line in self._find_lines("two")], ["GetUsers of 1 items"])
        for wrong in (("axs", "1", "5", "a"), ("axa{ss}", "1", "5", "0"), ("asa{sv}", "1", "a", "0"),
                      ("axa{sv}x", "1", "5", "0", "5"), ("a{sv}", "0")):
            self.assertNotEqual(self._bus(*target, *wrong).returncode, 0, wrong)

    def test_access(self):
        """Test that the access log says what was asked and answered, and nothing that a client made up."""
        self._start("[log]\nformat=json\naccess=on\n")
        for i, (method, path) in enumerate((("GET", "/douyin/feed/?token=made-up"), ("GET", "/made-up"),
                                            ("GET", "/media/made-up"), ("MADEUP", "/ping"),
                                            ("GET", "/media/avatar/default/5.png"))):
            self.server.request(method, path, headers={"X-Request-Id": f"access-{i}"})
        lines = [self._find_lines(f"access-{i}")[0] for i in range(5)]
        self.assertEqual([line["message"] for line in lines],
                         ["GET /douyin/feed 200", "GET - 404", "GET /media/* 404", "- /ping 405",
                          "GET /media/avatar/default/5.png 200"])
        feed = lines[0]
        self.assertEqual((feed["part"], feed["level"], feed["status"], feed["client"]),
                         ("gateway", "info", "10004", "127.0.0.1"))
        self.assertGreater(int(feed["bytes"]), 20)
        self.assertGreater(int(feed["duration_us"]), 0)
        self.assertNotIn("user", feed)
        self.assertNotIn("made-up", "".join(self._read_lines()))

    def test_no_access(self):
        """Test that there is none unless it is asked for."""
        self._start("[log]\nlevel=debug\n")
        self.server.request("GET", "/douyin/feed/")
        self._stop()
        self.assertNotIn("/douyin/feed", "".join(self._read_lines()))


if __name__ == "__main__":
    tap.main()
