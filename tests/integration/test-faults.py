# SPDX-License-Identifier: Apache-2.0
"""What can go wrong around a server: a full disk, one that is read-only, no descriptors left, a clock that
steps back, a damaged database, a file that is gone. Each time: a clear answer and a line in the log, no
process that ends, nothing claimed that is not so, and all well again when the cause is gone."""

import email.utils
import json
import os
import pathlib
import re
import resource
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import time
import unittest

import server
import tap

TIMEOUT = 60
MIB = 1 << 20
DISK_SIZE = 40 * MIB
# Of the launcher and all that it starts. A gateway needs some 40 for itself.
DESCRIPTORS = 128
HOUR = 3600
UNLIMITED = "[limits]\nrate-limits=off\n"
UNAUTHORIZED = 10004
# What an answer says when something here is wrong: the service, or no room.
OUT_OF_ORDER = (10001, 10007, 10015)
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"

def make_video():
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "video.mp4"
        subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=64x64:rate=5",
                        "-t", "1", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-y", path],
                       check=True, timeout=TIMEOUT)
        return path.read_bytes()


VIDEO = make_video()
# The servers warn of what is done to them.
os.environ["G_DEBUG"] = "fatal-criticals"


def ask(running, method, path, **parameters):
    return json.loads(running.request(method, path + "?" + server.form(**parameters)).body)


def publish(running, token, title):
    body, kind = server.multipart({"token": token, "title": title}, {"data": ("a.mp4", VIDEO)})
    return json.loads(running.request("POST", "/douyin/publish/action/", body,
                                      {"Content-Type": kind}).body)["status_code"]


def wait_until(condition, message):
    end = time.monotonic() + TIMEOUT
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(message)
        time.sleep(0.05)


class Case(unittest.TestCase):
    """A place for a server, and its log."""

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="doutok-test-"))
        self.addCleanup(shutil.rmtree, self.directory)
        self.log_path = self.directory / "log"

    def start(self, **options):
        log = open(self.log_path, "ab")
        self.addCleanup(log.close)
        self.server = server.Server(UNLIMITED, log, **options)
        self.addCleanup(self.stop)

    def stop(self):
        """Ends the server; what fixed the cause comes before it."""
        if self.server is not None:
            running, self.server = self.server, None
            running.stop()

    def fill(self):
        """Two users who know each other, and a video."""
        answers = [ask(self.server, "POST", "/douyin/user/register/", username=name, password="secret")
                   for name in ("alice", "bob")]
        (self.user, self.token), (self.peer, self.peer_token) = (
            (answer["user_id"], answer["token"]) for answer in answers)
        self.assertEqual(publish(self.server, self.token, "first"), 0)
        self.video = self.get_videos()[0]["id"]

    def get_videos(self):
        return ask(self.server, "GET", "/douyin/feed/")["video_list"]

    def list_services(self):
        """What runs, but for what runs for a moment."""
        return {name: sorted(self.server.find_processes(name)) for name in
                ("doutok", "doutok-gateway", "doutok-user", "doutok-video", "doutok-social",
                 "doutok-chat")}

    def write_all(self, text):
        """One write of each kind that goes into a database; their status codes by name."""
        return {
            "comment": ask(self.server, "POST", "/douyin/comment/action/", token=self.token,
                           video_id=self.video, action_type=1, comment_text=text)["status_code"],
            "message": ask(self.server, "POST", "/douyin/message/action/", token=self.token,
                           to_user_id=self.peer, action_type=1, content=text)["status_code"],
            "user": ask(self.server, "POST", "/douyin/user/register/", username=text,
                        password="secret")["status_code"],
            "video": publish(self.server, self.token, text),
        }

    def find_all(self, text):
        """Which of these writes there are."""
        comments = ask(self.server, "GET", "/douyin/comment/list/", video_id=self.video, count=1000)
        messages = ask(self.server, "GET", "/douyin/message/chat/", token=self.peer_token,
                       to_user_id=self.user)
        login = ask(self.server, "POST", "/douyin/user/login/", username=text, password="secret")
        return {
            "comment": [c["content"] for c in comments["comment_list"]].count(text),
            "message": [m["content"] for m in messages["message_list"]].count(text),
            "user": int(login["status_code"] == 0),
            "video": [v["title"] for v in self.get_videos()].count(text),
        }

    def assert_written(self, text):
        self.assertEqual(set(self.write_all(text).values()), {0}, text)
        self.assertEqual(set(self.find_all(text).values()), {1}, text)

    def assert_logged(self, pattern):
        log = self.log_path.read_text(encoding="utf-8", errors="replace")
        self.assertRegex(log, pattern)

    def assert_consistent(self):
        """Nothing was lost, and no counter is wrong."""
        done = subprocess.run([server.find_program(), "verify", "--state-dir", self.server.state_dir],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=TIMEOUT, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)


class Disk(Case):
    """A state directory on a small disk of its own."""

    def setUp(self):
        super().setUp()
        self.disk = self.directory / "disk"
        self.disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_SIZE},mode=0700", "tmpfs",
                                  self.disk], stderr=subprocess.PIPE, text=True, check=False)
        if mounted.returncode != 0:
            self.skipTest(f"mount: {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "--lazy", self.disk], check=True)
        self.start(state_dir=self.disk / "state")
        self.fill()

    def _remount(self, mode):
        subprocess.run(["mount", "-o", f"remount,{mode}", self.disk], check=True)

    def _use_up(self):
        with open(self.disk / "ballast", "wb") as file:
            try:
                while True:
                    file.write(bytes(64 * 1024))
                    file.flush()
            except OSError:
                pass

    def test_full(self):
        """Test a disk without room: nothing is claimed to be written, what is there can be read."""
        before = self.list_services()
        self._use_up()
        # The log of a database may have a little room left.
        outcomes = [self.write_all(f"full{i}" + "x" * 20) for i in range(20)]
        self.assertTrue(any(code != 0 for code in outcomes[-1].values()))
        self.assertNotEqual(outcomes[-1]["video"], 0)
        for outcome in outcomes:
            self.assertLessEqual(set(outcome.values()), {0, *OUT_OF_ORDER})
        self.assertEqual(self.get_videos()[-1]["title"], "first")
        self.assertEqual(self.list_services(), before)
        self.assert_logged("The database: .*disk is full")

        (self.disk / "ballast").unlink()
        wait_until(lambda: set(self.write_all(f"after{time.monotonic_ns()}").values()) == {0},
                   "no writing after there was room again")
        for i, outcome in enumerate(outcomes):
            found = self.find_all(f"full{i}" + "x" * 20)
            for kind, code in outcome.items():
                self.assertEqual(found[kind], int(code == 0), f"{kind} {i}: {outcome}")
        self.assertEqual(self.list_services(), before)
        self.assert_consistent()

    def test_read_only(self):
        """Test that a server does not start there, and says why."""
        self.stop()
        self._remount("ro")
        done = subprocess.run([server.find_program(), "serve", "--state-dir", self.disk / "state",
                               "--runtime-dir", self.directory / "run", "--listen", "127.0.0.1:0"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=TIMEOUT,
                              check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("is not writable: Read-only file system", done.stderr)
        self._remount("rw")
        self.start(state_dir=self.disk / "state")
        self.assertEqual(self.get_videos()[-1]["title"], "first")


class Descriptors(Case):
    """A server that may open few files."""

    def test_exhausted(self):
        """Test that clients who take all descriptors keep others out only as long as they stay."""
        self.start(prepare=lambda: resource.setrlimit(resource.RLIMIT_NOFILE,
                                                      (DESCRIPTORS, DESCRIPTORS)))
        self.fill()
        before = self.list_services()
        address = self.server.host.split(":")
        idle = []
        for _ in range(3 * DESCRIPTORS):
            client = socket.socket()
            client.settimeout(TIMEOUT)
            client.connect((address[0], int(address[1])))
            idle.append(client)
        time.sleep(1)
        self.assertEqual(self.list_services(), before)
        for client in idle:
            client.close()
        wait_until(lambda: self._answers(), "no answer after the others had gone")
        self.assert_written("afterwards")
        self.assertEqual(self.list_services(), before)
        self.assert_consistent()

    def _answers(self):
        try:
            return len(self.get_videos()) == 1
        except OSError:
            return False


class Clock(Case):
    """A clock that somebody sets."""

    def setUp(self):
        super().setUp()
        if not os.path.exists(FAKETIME):
            self.skipTest("libfaketime is for another processor")
        self.offset = self.directory / "offset"
        self._set(0)
        self.start(environment={"LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": str(self.offset),
                                "FAKETIME_NO_CACHE": "1", "DONT_FAKE_MONOTONIC": "1",
                                "FAKETIME_DONT_RESET": "1"})
        self.fill()

    def _set(self, seconds):
        part = self.offset.with_suffix(".part")
        part.write_text(f"{seconds:+d}s\n", encoding="ascii")
        part.rename(self.offset)

    def _get_date(self):
        date = self.server.request("GET", "/healthz").headers["Date"]
        return email.utils.parsedate_to_datetime(date).timestamp()

    def test_back(self):
        """Test an hour back: ids and times of messages still increase, nobody is let in or kept out for
        good, and the feed is in order."""
        for i in range(3):
            self.assertEqual(set(self.write_all(f"before{i}").values()), {0})
        before = self.list_services()
        self._set(-HOUR)
        self.assertLess(self._get_date(), time.time() - HOUR / 2)
        # A token from the future is good where it was seen before; elsewhere its user is asked to log in.
        self.assertIn(ask(self.server, "GET", "/douyin/user/", user_id=self.user,
                          token=self.token)["status_code"], (0, UNAUTHORIZED))
        old_tokens = self.token, self.peer_token
        self.token, self.peer_token = (
            ask(self.server, "POST", "/douyin/user/login/", username=name, password="secret")["token"]
            for name in ("alice", "bob"))
        for i in range(3):
            self.assert_written(f"after{i}")

        messages = ask(self.server, "GET", "/douyin/message/chat/", token=self.peer_token,
                       to_user_id=self.user)["message_list"]
        contents = [message["content"] for message in messages]
        self.assertEqual(contents, [f"before{i}" for i in range(3)] + [f"after{i}" for i in range(3)])
        for key in ("id", "create_time"):
            values = [message[key] for message in messages]
            self.assertEqual(values, sorted(set(values)), key)
        titles = [video["title"] for video in self.get_videos()]
        self.assertEqual(sorted(titles), sorted(set(titles)))
        self.assertEqual(len(titles), 7)
        self.assertEqual(self.list_services(), before)

        self._set(0)
        self.assertEqual(ask(self.server, "GET", "/douyin/user/", user_id=self.user,
                             token=old_tokens[0])["status_code"], 0)
        self.assert_written("later")
        self.assert_consistent()


class Database(Case):
    """Databases that the disk has spoilt while the server was stopped."""

    def setUp(self):
        super().setUp()
        self.state = self.directory / "state"
        self.start(state_dir=self.state)
        self.fill()
        self.assert_written("before")
        self.stop()
        self.good = self.directory / "good"
        shutil.copytree(self.state, self.good)

    def _spoil(self, offset, length):
        with open(self.state / "social.db", "r+b") as file:
            file.seek(offset)
            file.write(b"\xa5" * length)

    def _repair(self):
        for path in self.good.glob("social.db*"):
            shutil.copy(path, self.state)

    def _find_page(self, table):
        with sqlite3.connect(self.state / "social.db") as database:
            root = database.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?",
                                    (table,)).fetchone()[0]
            size = database.execute("PRAGMA page_size").fetchone()[0]
        return (root - 1) * size, size

    def _list_comments(self):
        return ask(self.server, "GET", "/douyin/comment/list/", video_id=self.video)

    def test_header(self):
        """Test that no server starts on a file that is no database any more, that it says which one, and
        that it starts again with the file of before."""
        self._spoil(0, 100)
        done = subprocess.run([server.find_program(), "serve", "--state-dir", self.state,
                               "--runtime-dir", self.directory / "run", "--listen", "127.0.0.1:0"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=TIMEOUT,
                              check=False)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"doutok-social: .*social\.db.*(not a database|malformed)")
        self._repair()
        self.start(state_dir=self.state)
        self.assertEqual(self.find_all("before")["comment"], 1)
        self.assert_written("after")
        self.assert_consistent()

    def test_page(self):
        """Test a damaged page: what is on it cannot be had, the rest can."""
        offset, size = self._find_page("comments")
        self._spoil(offset, size)
        self.start(state_dir=self.state)
        before = self.list_services()
        self.assertIn(self._list_comments()["status_code"], OUT_OF_ORDER)
        answer = ask(self.server, "POST", "/douyin/comment/action/", token=self.token,
                     video_id=self.video, action_type=1, comment_text="lost")
        self.assertIn(answer["status_code"], OUT_OF_ORDER)
        self.assertEqual(ask(self.server, "GET", "/douyin/favorite/list/", user_id=self.user,
                             token=self.token)["status_code"], 0)
        self.assertEqual(self.get_videos()[-1]["title"], "first")
        self.assertEqual(self.list_services(), before)
        self.assert_logged("The database: .*malformed")


class Media(Case):
    """A file that somebody has removed."""

    def test_missing(self):
        """Test that it is not found, and nothing else."""
        self.start()
        self.fill()
        video = self.get_videos()[0]
        path = re.sub("^https?://[^/]*", "", video["play_url"])
        file = self.server.state_dir / path.lstrip("/")
        self.assertEqual(self.server.request("GET", path).code, 200)
        file.rename(self.directory / "film")
        before = self.list_services()
        for method in ("GET", "HEAD"):
            self.assertEqual(self.server.request(method, path).code, 404)
        self.assertEqual(self.get_videos(), [video])
        cover = re.sub("^https?://[^/]*", "", video["cover_url"])
        self.assertEqual(self.server.request("GET", cover).code, 200)
        done = subprocess.run([server.find_program(), "verify", "--state-dir", self.server.state_dir],
                              stdout=subprocess.PIPE, text=True, timeout=TIMEOUT, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("there is no such file", done.stdout)

        (self.directory / "film").rename(file)
        answer = self.server.request("GET", path)
        self.assertEqual(answer.code, 200)
        self.assertEqual(self.list_services(), before)
        self.assert_consistent()


if __name__ == "__main__":
    tap.main()
