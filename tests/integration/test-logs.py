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


if __name__ == "__main__":
    tap.main()
