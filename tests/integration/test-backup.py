# SPDX-License-Identifier: Apache-2.0
"""`doutok backup`, `restore` and `verify` on real servers: beside clients that write, over interruptions,
and with damage of every kind that they are there for."""

import fcntl
import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import tarfile
import tempfile
import threading
import time
import unittest

import server
import tap

TIMEOUT = 120
N_WRITERS = 4
# Writes that are answered before the backup begins, and go on during it.
MIN_WRITES = 200
# Runs of a backup that are killed.
N_KILLS = 12


def run(*arguments):
    return subprocess.run([server.find_program(), *map(str, arguments)], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIMEOUT, check=False)


def restore(name):
    """Who runs in the background may have been told to ignore some signals."""
    if name != "SIGKILL":
        signal.signal(getattr(signal, name), signal.SIG_DFL)


def make_video():
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "video.mp4"
        subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=64x64:rate=5",
                        "-t", "1", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-y", path],
                       check=True, timeout=TIMEOUT)
        return path.read_bytes()


VIDEO = make_video()


def ask(running, method, path, **parameters):
    return json.loads(running.request(method, path + "?" + server.form(**parameters)).body)


def register(running, name):
    answer = ask(running, "POST", "/douyin/user/register/", username=name, password="secret")
    assert answer["status_code"] == 0, answer
    return answer["user_id"], answer["token"]


def publish(running, token, title):
    """The id of the new video."""
    body, kind = server.multipart({"token": token, "title": title}, {"data": ("a.mp4", VIDEO)})
    answer = json.loads(running.request("POST", "/douyin/publish/action/", body,
                                        {"Content-Type": kind}).body)
    assert answer["status_code"] == 0, answer
    return next(video["id"] for video in ask(running, "GET", "/douyin/feed/")["video_list"]
                if video["title"] == title)


class Case(unittest.TestCase):
    """A server with a user and a video, and a place for backups."""

    name = "backup"

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="doutok-test-"))
        self.addCleanup(shutil.rmtree, self.directory)
        self.backup = self.directory / self.name
        self.server = server.Server("[limits]\nrate-limits=off\n")
        self.addCleanup(self.server.stop)
        self.user, self.token = register(self.server, "alice")
        self.video = publish(self.server, self.token, "first")

    def make_backup(self):
        done = run("backup", "--state-dir", self.server.state_dir, self.backup)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def restore(self, name="restored"):
        state = self.directory / name
        done = run("restore", "--state-dir", state, self.backup)
        self.assertEqual(done.returncode, 0, done.stderr)
        return state

    def assert_whole(self, *arguments):
        done = run("verify", *arguments)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("are whole", done.stdout)

    def assert_found(self, problem, *arguments):
        done = run("verify", *arguments)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn(problem, done.stdout)

    def assert_refused(self, message, *arguments):
        done = run(*arguments)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn(message, done.stderr)

    def get_snapshot(self):
        manifest = json.loads((self.backup / "manifest.json").read_text(encoding="utf-8"))
        return self.backup / manifest["snapshot"]

    def list_media(self):
        return sorted(path.relative_to(self.backup / "media")
                      for path in (self.backup / "media").rglob("*") if path.is_file())


class Writer(threading.Thread):
    """Comments, messages and uploads, one after the other; `done` has what was answered with success."""

    def __init__(self, running, number, video, peer):
        super().__init__()
        self.server, self.number, self.video, self.peer = running, number, video, peer
        self.user, self.token = register(running, f"writer{number}")
        self.done = []
        self.error = None
        self.is_over = False

    def _write(self, text):
        kind = len(self.done) % 20
        if kind == 19:
            publish(self.server, self.token, text)
        elif kind % 2:
            answer = ask(self.server, "POST", "/douyin/message/action/", token=self.token,
                         to_user_id=self.peer, action_type=1, content=text)
            assert answer["status_code"] == 0, answer
        else:
            answer = ask(self.server, "POST", "/douyin/comment/action/", token=self.token,
                         video_id=self.video, action_type=1, comment_text=text)
            assert answer["status_code"] == 0, answer

    def run(self):
        try:
            while not self.is_over:
                text = f"{self.number}-{len(self.done)}"
                self._write(text)
                self.done.append(text)
        except Exception as error:  # pylint: disable=broad-except
            self.error = error


class Load(Case):
    """A backup is taken while others write."""

    def setUp(self):
        super().setUp()
        self.writers = [Writer(self.server, i, self.video, self.user) for i in range(N_WRITERS)]
        for writer in self.writers:
            writer.start()
            self.addCleanup(writer.join)
            self.addCleanup(setattr, writer, "is_over", True)

    def _wait_for(self, n_more):
        end = time.monotonic() + TIMEOUT
        wanted = sum(len(writer.done) for writer in self.writers) + n_more
        while sum(len(writer.done) for writer in self.writers) < wanted:
            self.assertEqual([writer.error for writer in self.writers if writer.error], [])
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)

    def _collect(self, running):
        """The texts of all that is there."""
        texts = [video["title"] for video in
                 ask(running, "GET", "/douyin/publish/list/", user_id=self.user)["video_list"]]
        for writer in self.writers:
            texts += [video["title"] for video in
                      ask(running, "GET", "/douyin/publish/list/", user_id=writer.user)["video_list"]]
            messages = ask(running, "GET", "/douyin/message/chat/", token=writer.token,
                           to_user_id=self.user)
            texts += [message["content"] for message in messages["message_list"]]
        cursor = {}
        while cursor is not None:
            page = ask(running, "GET", "/douyin/comment/list/", video_id=self.video, count=1000, **cursor)
            texts += [comment["content"] for comment in page["comment_list"]]
            cursor = {"cursor": page["next_cursor"]} if "next_cursor" in page else None
        return texts

    def test_load(self):
        """Test that all that was answered before a backup began is in it once, and that what it holds
        is whole and serves; tokens of before are still good."""
        self._wait_for(MIN_WRITES)
        before = {text for writer in self.writers for text in list(writer.done)}
        self.make_backup()
        self._wait_for(MIN_WRITES)
        for writer in self.writers:
            writer.is_over = True
        for writer in self.writers:
            writer.join()
        self.assertEqual([writer.error for writer in self.writers if writer.error], [])

        self.assert_whole(self.backup)
        state = self.restore()
        self.assert_whole("--state-dir", state)
        restored = server.Server("[limits]\nrate-limits=off\n", state_dir=state)
        self.addCleanup(restored.stop)
        texts = self._collect(restored)
        self.assertEqual(len(texts), len(set(texts)))
        self.assertLessEqual(before, set(texts))
        self.assertLess(len(texts), sum(len(writer.done) for writer in self.writers) + 1)


class LoadFile(Load):
    """The same into a file."""

    name = "backup.tar.zst"


class File(Case):
    """Backups in one file each."""

    name = "backup.tar"

    def _unpack(self):
        directory = self.directory / "unpacked"
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir()
        subprocess.run(["tar", "-xf", self.backup, "-C", directory], check=True, timeout=TIMEOUT)
        return directory

    def test_tar(self):
        """Test that a file is what tar makes of a directory, and the other way round."""
        for suffix in (".tar", ".tar.gz", ".tgz", ".tar.zst"):
            self.backup = self.directory / ("backup" + suffix)
            self.assertIn("2 files", self.make_backup())
            self.assertEqual(self.backup.stat().st_mode & 0o777, 0o600)
            self.assert_whole(self.backup)
            # For this one tar needs a program that few machines have.
            if suffix != ".tar.zst":
                self.assert_whole(self._unpack())

        self.backup = self.directory / "made-by-tar"
        subprocess.run(["tar", "-czf", self.backup, "-C", self.directory / "unpacked", "."], check=True, timeout=TIMEOUT)
        state = self.restore()
        self.assert_whole("--state-dir", state)
        self.assertFalse((state / "unpacked").exists())
        self.assertEqual({path.name for path in self.directory.iterdir()},
                         {"backup.tar", "backup.tar.gz", "backup.tgz", "backup.tar.zst", "unpacked",
                          "made-by-tar", "restored"})

    def test_kill(self):
        """Test that a run which is killed at any time leaves the former file."""
        self.make_backup()
        for i in range(N_KILLS // 2):
            publish(self.server, self.token, f"more {i}")
            process = subprocess.Popen(
                [server.find_program(), "backup", "--state-dir", self.server.state_dir, self.backup],
                stdout=subprocess.DEVNULL)
            time.sleep(random.uniform(0, 0.15))
            process.kill()
            process.wait(TIMEOUT)
            self.assert_whole(self.backup)
        self.assertIn(f"{2 + 2 * (N_KILLS // 2)} files", self.make_backup())
        self.assertEqual([path.name for path in self.directory.iterdir()], [self.name])

    def test_two(self):
        """Test that a second run is refused and leaves the file of the first one alone."""
        part = self.directory / (self.name + ".part")
        with part.open("wb") as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            self.assert_refused("is under way", "backup", "--state-dir", self.server.state_dir, self.backup)
            self.assertTrue(part.exists())
        self.make_backup()
        self.assert_whole(self.backup)

    def test_damage(self):
        """Test that what is cut short, changed or no backup at all is told, and leaves nothing."""
        self.make_backup()
        content = self.backup.read_bytes()
        state = self.directory / "restored"
        for length in (0, 100, 512, len(content) // 2, len(content) - 10240 - 2048):
            self.backup.write_bytes(content[:length])
            self.assert_refused("is no whole backup", "verify", self.backup)
            self.assert_refused("is no whole backup", "restore", "--state-dir", state, self.backup)

        place = content.index(b"SQLite format 3") + 5000
        self.backup.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1:])
        self.assert_found("is damaged", self.backup)
        self.assert_refused("is damaged", "restore", "--state-dir", state, self.backup)
        self.assertFalse((state / "unpacked").exists())

        self.backup.write_bytes(content)
        self.restore()
        self.assert_whole("--state-dir", state)

    def test_killed_look(self):
        """Test that what is unpacked for a look goes with the one who looks, however that one ends."""
        self.make_backup()
        place = self.directory / "tmp"
        place.mkdir()
        # Sanitizers that are told where to report make directories, too.
        environment = {name: value for name, value in os.environ.items()
                       if name not in ("ASAN_OPTIONS", "UBSAN_OPTIONS")}
        environment["TMPDIR"] = str(place)
        for ending in ("SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"):
            # The second directory is the first one of the backup's own.
            done = subprocess.run(["strace", "-o", self.directory / "calls", "-e", "trace=/mkdir",
                                   "-e", f"inject=/mkdir:signal={ending}:when=2", server.find_program(),
                                   "verify", self.backup], env=environment,
                                  stdout=subprocess.DEVNULL, timeout=TIMEOUT, check=False,
                                  preexec_fn=lambda ending=ending: restore(ending))
            calls = (self.directory / "calls").read_text(encoding="utf-8")
            if "+++" not in calls:
                self.skipTest("strace may not look at processes here")
            self.assertIn(f"+++ killed by {ending} +++", calls)
            self.assertIn(f'mkdir("{place}/doutok-verify-', calls)
            end = time.monotonic() + TIMEOUT
            while list(place.iterdir()):
                self.assertLess(time.monotonic(), end, calls)
                time.sleep(0.01)
        shutil.rmtree(place)

    def test_foreign(self):
        """Test that nothing is unpacked to where a hostile archive wants it."""
        evil = self.directory / "evil"
        for name, kind, target in (("../evil", tarfile.REGTYPE, ""), (str(evil), tarfile.REGTYPE, ""),
                                   ("media/../../evil", tarfile.REGTYPE, ""), ("media", tarfile.SYMTYPE, "/"),
                                   ("manifest.json", tarfile.LNKTYPE, "/etc/passwd"),
                                   ("manifest.json", tarfile.CHRTYPE, ""), ("letter.txt", tarfile.REGTYPE, "")):
            with tarfile.open(self.backup, "w") as archive:
                entry = tarfile.TarInfo(name)
                entry.type, entry.linkname = kind, target
                archive.addfile(entry)
            self.assert_refused("is no backup: there is “", "verify", self.backup)
            self.assert_refused("is no backup: there is “", "restore", "--state-dir",
                                self.directory / "restored", self.backup)
            self.assertFalse(evil.exists())


class Runs(Case):
    """One backup after the other into the same directory."""

    def test_incremental(self):
        """Test that the next backup copies only what is new, and lets go of what was deleted."""
        self.assertIn("2 files", self.make_backup())
        first = self.get_snapshot()
        second_video = publish(self.server, self.token, "second")
        self.assertIn("4 files, 0 MiB; 2 of them were new", self.make_backup())
        self.assertFalse(first.exists())
        self.assertIn("0 of them were new", self.make_backup())

        answer = ask(self.server, "POST", "/douyin/publish/delete/", token=self.token,
                     video_id=second_video)
        self.assertEqual(answer["status_code"], 0)
        end = time.monotonic() + TIMEOUT
        while len([path for path in (self.server.state_dir / "media").rglob("*.mp4")]) > 1:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)
        self.make_backup()
        self.assertEqual(len(self.list_media()), 2)
        self.assert_whole(self.backup)

    def test_kill(self):
        """Test that a backup which is killed at any time leaves the former one, and that the next one
        does not mind."""
        self.make_backup()
        for i in range(N_KILLS):
            publish(self.server, self.token, f"more {i}")
            process = subprocess.Popen(
                [server.find_program(), "backup", "--state-dir", self.server.state_dir, self.backup],
                stdout=subprocess.DEVNULL)
            time.sleep(random.uniform(0, 0.15))
            process.kill()
            process.wait(TIMEOUT)
            self.assert_whole(self.backup)
        self.make_backup()
        self.assert_whole(self.backup)
        self.assertEqual(len(self.list_media()), 2 * (N_KILLS + 1))
        self.assertEqual({path.name for path in self.backup.iterdir()},
                         {"manifest.json", "media", self.get_snapshot().name})

    def test_secret(self):
        """Test that nobody else can read a backup."""
        self.backup.mkdir(mode=0o755)
        self.make_backup()
        for path in self.backup.rglob("*"):
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)

    def test_continued_restore(self):
        """Test that no server starts on a part of a backup, and that a restoration goes on."""
        self.make_backup()
        state = self.directory / "restored"
        film = next((self.backup / "media").rglob("*.mp4"))
        content = film.read_bytes()
        film.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        self.assert_refused("is damaged", "restore", "--state-dir", state, self.backup)
        self.assert_refused("is not complete", "serve", "--state-dir", state, "--runtime-dir",
                            self.directory / "run", "--listen", "127.0.0.1:0")
        film.write_bytes(content)
        self.restore()
        self.assert_whole("--state-dir", state)


class Refusals(Case):
    """What is not done, and is said."""

    def test_places(self):
        """Test that other people's directories, and the state directory itself, are left alone."""
        (self.directory / "letter.txt").write_text("Dear Alice", encoding="utf-8")
        state = self.server.state_dir
        self.assert_refused("holds no backup", "backup", "--state-dir", state, self.directory)
        self.assert_refused("inside the state directory", "backup", "--state-dir", state,
                            state / "backup")
        self.assert_refused("is no complete backup", "restore", "--state-dir",
                            self.directory / "new", self.directory)
        self.assert_refused("is no complete backup", "verify", self.directory)
        for command in ("backup", "restore"):
            self.assertEqual(run(command).returncode, 2)

    def test_state(self):
        """Test that nothing is restored over anything, nor below a running server."""
        self.make_backup()
        self.assert_refused("is running", "restore", "--state-dir", self.server.state_dir, self.backup)
        state = self.restore()
        self.assert_refused("is not empty", "restore", "--state-dir", state, self.backup)

    def test_server_databases(self):
        """Test that of databases on a server it is said that they are not in the backup."""
        configuration = self.directory / "postgresql.conf"
        configuration.write_text("[database]\nengine=postgresql\n", encoding="utf-8")
        self.assert_refused("pg_dump", "backup", "--config", configuration, "--state-dir",
                            self.server.state_dir, self.backup)
        self.assertEqual(len(self.list_media()), 2)
        self.assertFalse((self.get_snapshot() / "video.db").exists())
        self.assert_whole(self.backup)


class Damage(Case):
    """What `doutok verify` is there for."""

    def _get_file(self, pattern):
        return next((self.server.state_dir / "media").rglob(pattern))

    def test_files(self):
        """Test that a file that is missing, empty or nobody's is found on a running server."""
        state = ("--state-dir", self.server.state_dir)
        self.assert_whole(*state)
        film = self._get_file("*.mp4")
        content = film.read_bytes()
        name = str(film.relative_to(self.server.state_dir / "media"))

        film.unlink()
        self.assert_found(f"a row names {name}, and there is no such file", *state)
        film.write_bytes(b"")
        self.assert_found(f"{name} is no file or empty", *state)
        film.write_bytes(content)
        self.assert_whole(*state)

        other = film.with_name("123456789.mp4")
        other.write_bytes(content)
        self.assert_whole(*state)
        os.utime(other, (0, 0))
        self.assert_found("nothing names the file", *state)

    def test_database(self):
        """Test that a damaged page is found, and that such a database takes no backup's place."""
        self.make_backup()
        state = self.restore()
        with sqlite3.connect(state / "social.db") as database:
            page = database.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'comments'"
                                    ).fetchone()[0]
            size = database.execute("PRAGMA page_size").fetchone()[0]
        with open(state / "social.db", "r+b") as file:
            file.seek((page - 1) * size)
            file.write(b"\xff" * size)
        self.assert_found("social.db is damaged", "--state-dir", state)
        snapshot = self.get_snapshot()
        self.assert_refused("social.db", "backup", "--state-dir", state, self.backup)
        self.assertEqual(self.get_snapshot(), snapshot)
        self.assert_whole(self.backup)

    def test_backup(self):
        """Test that every flipped bit of a backup is found."""
        self.make_backup()
        for path in [*self.get_snapshot().iterdir(), *(self.backup / "media").rglob("*.*")]:
            content = path.read_bytes()
            place = random.randrange(len(content))
            path.write_bytes(content[:place] + bytes([content[place] ^ 4]) + content[place + 1:])
            done = run("verify", self.backup)
            self.assertEqual(done.returncode, 1, f"{path}, byte {place}: {done.stdout}")
            path.write_bytes(content)
        self.assert_whole(self.backup)


if __name__ == "__main__":
    tap.main()
