# SPDX-License-Identifier: Apache-2.0
"""What the journal gets of a real server: with a real systemd-journald, in a /run of its own."""

import ctypes
import json
import os
import pathlib
import socket
import subprocess
import time
import unittest

import server
import tap

JOURNALD = "/lib/systemd/systemd-journald"
STDOUT_SOCKET = "/run/systemd/journal/stdout"
_CLONE_NEWNS = 0x00020000


def enter_namespace():
    """From now on this process and its children have mounts of their own; whether that may be done."""
    if os.geteuid() != 0 or ctypes.CDLL(None).unshare(_CLONE_NEWNS) != 0:
        return False
    for command in (("mount", "--make-rprivate", "/"), ("mount", "-t", "tmpfs", "tmpfs", "/run"),
                    ("mount", "-t", "tmpfs", "tmpfs", "/var/log")):
        if subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode != 0:
            return False
    # Without a directory in /var/log the journal stays below /run.
    pathlib.Path("/run/log/journal").mkdir(parents=True)
    pathlib.Path("/run/systemd/journal").mkdir(parents=True)
    return True


class Journal(unittest.TestCase):
    def setUp(self):
        if not enter_namespace():
            self.skipTest("mounting a file system is not allowed here")
        self.journald = subprocess.Popen([JOURNALD], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(self._stop_journald)
        with self._connect() as log:
            self.server = server.Server("[log]\nlevel=debug\naccess=on\n", log)
        self.addCleanup(self.server.stop)

    def _stop_journald(self):
        self.journald.terminate()
        self.journald.wait(server.TIMEOUT)

    def _connect(self):
        """A stream as systemd makes one for the standard error of a service: journald.c has its head."""
        stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        deadline = time.monotonic() + server.TIMEOUT
        while True:
            try:
                stream.connect(STDOUT_SOCKET)
                break
            except OSError:
                self.assertIsNone(self.journald.poll(), "journald has ended")
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.05)
        # Name, unit, priority, whether levels are prefixed, and where else it goes.
        stream.sendall(b"doutok\n\n6\n0\n0\n0\n0\n")
        return stream

    def _find(self, parts, *match):
        """The entries, once there is one of each part."""
        deadline = time.monotonic() + server.TIMEOUT
        while True:
            found = subprocess.run(["journalctl", "--no-pager", "--output=json", *match], check=False,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                   timeout=server.TIMEOUT).stdout
            entries = [json.loads(line) for line in found.splitlines() if line.startswith("{")]
            if parts <= {entry["DOUTOK_PART"] for entry in entries}:
                return entries
            self.assertLess(time.monotonic(), deadline, found)
            time.sleep(0.05)

    def test_fields(self):
        """Test that lines arrive as fields, and those of one request are found by its id."""
        self.server.request("GET", "/douyin/user/?user_id=5&token=", headers={"X-Request-Id": "walk-1"})
        entries = self._find({"gateway", "user"}, "DOUTOK_REQUEST=walk-1")
        by_part = {entry["DOUTOK_PART"]: entry for entry in entries}
        access = by_part["gateway"]
        self.assertEqual((access["MESSAGE"], access["PRIORITY"], access["DOUTOK_CLIENT"], access["_COMM"]),
                         ("GET /douyin/user 200", "6", "127.0.0.1", "doutok-gateway"))
        self.assertEqual((by_part["user"]["PRIORITY"], by_part["user"]["_COMM"]), ("7", "doutok-user"))
        self.assertEqual({entry["_TRANSPORT"] for entry in entries}, {"journal"})


if __name__ == "__main__":
    tap.main()
