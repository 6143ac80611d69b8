# SPDX-License-Identifier: Apache-2.0
"""What users and the administration take along of what is kept of somebody: all of it, in one zip, and
nothing of anybody else's."""

import fcntl
import json
import os
import pathlib
import re
import signal
import socket
import stat
import struct
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse
import zipfile

import server
import surroundings
import tap

PASSWORD = "Grün-8-Hexe"
# Above every page that a list is read in.
MANY = 501
# Connections, which the kernel spreads over the gateways.
CONNECTIONS = 12
# Exports that one user may ask for.
RATE = 8
# Of dou-export-lock.h: places to work in.
SLOTS = 2
BAD_PARAMETER, UNAUTHORIZED, RATE_LIMITED, BUSY = 10002, 10004, 10014, 10015
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
PARTS = ["profile.json", "videos.json", "likes.json", "comments.json", "feelings.json", "following.json",
         "followers.json", "blocked.json", "reports.json", "messages.json"]

the_server = None
video_file = None
picture = None


def setUpModule():
    global the_server, video_file, picture
    the_server = server.Server(f"[limits]\nrate-export={RATE}/d\n", workers=2)
    video_file = subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", "color=size=64x64:rate=5:duration=1",
         "-c:v", "libx264", "-pix_fmt", "yuv420p", "-f", "mp4", "-movflags",
         "frag_keyframe+empty_moov", "-"], stdout=subprocess.PIPE, check=True).stdout
    picture = subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", "color=size=64x64:color=red", "-frames:v",
         "1", "-f", "image2", "-c:v", "mjpeg", "-"], stdout=subprocess.PIPE, check=True).stdout


def tearDownModule():
    the_server.stop()


def call(method, path, status=0, body=None, media_type=None, **parameters):
    answer = the_server.request(method, f"/douyin/{path}/?{server.form(**parameters)}", body,
                                {"Content-Type": media_type} if media_type else None)
    value = json.loads(answer.body)
    assert value["status_code"] == status, value
    return value


def register(name):
    return call("POST", "user/register", username=name, password=PASSWORD)


def publish(user, title):
    body, media_type = server.multipart({"token": user["token"], "title": title},
                                        {"data": ("a.mp4", video_file)})
    call("POST", "publish/action", body=body, media_type=media_type)
    return next(video["id"] for video in call("GET", "publish/list", user_id=user["user_id"])["video_list"]
                if video["title"] == title)


def comment(user, video, text):
    return call("POST", "comment/action", token=user["token"], video_id=video, action_type=1,
                comment_text=text)["comment"]["id"]


def send(user, other, text):
    call("POST", "message/action", token=user["token"], to_user_id=other["user_id"], action_type=1,
         content=text)


def follow(user, other):
    call("POST", "relation/action", token=user["token"], to_user_id=other["user_id"], action_type=1)


def fill(user, others):
    """Gives a user something of everything, over the API. Returns what the export must say of it."""
    me, (bob, cat) = user["user_id"], others
    body, media_type = server.multipart(
        {"token": user["token"], "signature": "Line one\n“two” 🐈"},
        {"avatar": ("a.jpg", picture), "background_image": ("b.jpg", picture)})
    call("POST", "user/update", body=body, media_type=media_type)
    mine = [publish(user, title) for title in ("First", 'Say "cheese" \\ 笑')]
    theirs = publish(bob, "Bob's")
    for who, video in ((bob, mine[1]), (user, theirs), (user, mine[0])):
        call("POST", "favorite/action", token=who["token"], video_id=video, action_type=1)
    own = [comment(user, theirs, "Good\nold Bob"), comment(user, mine[1], "Self-praise")]
    foreign = comment(bob, mine[1], "Bob's secret opinion")
    call("POST", "comment/feeling", token=user["token"], comment_id=foreign, action_type=1)
    call("POST", "comment/feeling", token=user["token"], comment_id=own[0], action_type=2)
    follow(user, bob)
    follow(cat, user)
    follow(bob, user)
    call("POST", "report/action", token=user["token"], target_type="user", target_id=cat["user_id"],
         reason="Cat is rude")
    call("POST", "report/action", token=bob["token"], target_type="user", target_id=me, reason="Bob reports")
    send(user, bob, "Hello Bob")
    send(bob, user, "Hello back\t😀")
    send(cat, user, "Meow")
    send(bob, cat, "Between Bob and Cat")
    return {"videos": mine, "liked": [mine[0], theirs], "comments": own, "foreign": foreign}


def export(token, password=PASSWORD):
    """The answer to a request of a user."""
    return the_server.request("POST", "/douyin/user/export/", server.form(token=token, password=password),
                              {"Content-Type": "application/x-www-form-urlencoded"})


def wait_until(condition):
    """What a condition comes to, which is true sooner or later."""
    end = time.monotonic() + server.TIMEOUT
    while not (value := condition()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return value


class Lock:
    """A part of the file of locks that somebody else has."""

    def __init__(self, begin, length=1):
        self._where = begin, length

    def __enter__(self):
        self._file = open(the_server.state_dir / "exports", "a+b")
        fcntl.fcntl(self._file, fcntl.F_OFD_SETLK,
                    struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, *self._where, 0))

    def __exit__(self, *_):
        self._file.close()


def find_unnamed():
    """The gateways that have a file without a name in the media directory."""
    media = str(the_server.state_dir / "media") + "/"
    found = []
    for pid in the_server.find_processes("doutok-gateway"):
        try:
            for link in pathlib.Path(f"/proc/{pid}/fd").iterdir():
                target = os.readlink(link)
                if target.startswith(media) and target.endswith("(deleted)"):
                    found.append(pid)
        except FileNotFoundError:
            pass
    return found


def list_files():
    return sorted(path for path in the_server.state_dir.rglob("*") if path.is_file()
                  and not path.name.endswith(("-wal", "-shm", "-journal")))


def read_media(url):
    return the_server.request("GET", urllib.parse.urlsplit(url).path).body


class Export(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="doutok-test-", dir=the_server.directory))

    def open_zip(self, file):
        """The JSON of a good archive, by name, and the archive."""
        archive = zipfile.ZipFile(file)
        self.assertIsNone(archive.testzip())
        names = archive.namelist()
        self.assertEqual(names[:len(PARTS)] + names[-1:], PARTS + ["index.json"])
        self.assertEqual(len(set(names)), len(names))
        for info in archive.infolist():
            compression = (zipfile.ZIP_STORED if info.filename.startswith("media/")
                           else zipfile.ZIP_DEFLATED)
            self.assertEqual(info.compress_type, compression, info.filename)
            if info.filename.endswith(".json"):
                self.assertTrue(archive.read(info).endswith(b"\n"))
        return {name: json.loads(archive.read(name).decode("utf-8"))
                for name in names if name.endswith(".json")}, archive

    def run_export(self, user, *options, name="export.zip"):
        path = self.directory / name
        done = the_server.run("user", "export", user, path, *options)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout, path

    def check_all(self, user, others, known, parts, archive):
        """Compares what is in an archive with what the API tells."""
        bob, cat = ({"id": other["user_id"], "name": name} for other, name in zip(others, self.names))
        me = {"id": user["user_id"], "name": self.name}
        told = call("GET", "user", user_id=me["id"])["user"]
        profile = parts["profile.json"]
        self.assertEqual({name: profile[name] for name in ("id", "name", "signature", "banned_since",
                                                           "videos", "likes_received", "likes_given",
                                                           "following", "followers")},
                         {**me, "signature": told["signature"], "banned_since": None, "videos": 2,
                          "likes_received": 2, "likes_given": 2, "following": 1, "followers": 2})
        self.assertRegex(profile["registered_at"], TIME)
        media = {told["avatar"]: profile["avatar"], told["background_image"]: profile["background_image"]}

        works = call("GET", "publish/list", user_id=me["id"])["video_list"]
        self.assertEqual([(video["id"], video["title"], video["likes"], video["comments"],
                           video["hidden_since"]) for video in parts["videos.json"]],
                         [(work["id"], work["title"], work["favorite_count"], work["comment_count"], None)
                          for work in works])
        for video, work in zip(parts["videos.json"], works):
            self.assertRegex(video["published_at"], TIME)
            media[work["play_url"]] = video["file"]
            media[work["cover_url"]] = video["cover"]
        for url, name in media.items():
            self.assertEqual(urllib.parse.urlsplit(url).path, "/" + name)
            self.assertEqual(archive.read(name), read_media(url))
        self.assertEqual({name for name in archive.namelist() if name.startswith("media/")},
                         set(media.values()))

        self.assertEqual(parts["likes.json"],
                         [{"video": known["liked"][0], "title": "First", "author": me},
                          {"video": known["liked"][1], "title": "Bob's", "author": bob}])
        self.assertEqual([(entry["id"], entry["video"], entry["text"], entry["likes"], entry["dislikes"])
                          for entry in parts["comments.json"]],
                         [(known["comments"][1], known["videos"][1], "Self-praise", 0, 0),
                          (known["comments"][0], known["liked"][1], "Good\nold Bob", 0, 1)])
        self.assertCountEqual(parts["feelings.json"],
                              [{"comment": known["foreign"], "feeling": "like"},
                               {"comment": known["comments"][0], "feeling": "dislike"}])
        self.assertEqual(parts["following.json"], [bob])
        self.assertEqual(parts["followers.json"], [bob, cat])
        self.assertEqual(parts["blocked.json"], [])
        self.assertEqual([(report["about"], report["target"], report["reason"], report["resolved_at"])
                          for report in parts["reports.json"]], [("user", cat["id"], "Cat is rude", None)])
        self.assertEqual([(entry["with"], [(message["from"], message["text"])
                                           for message in entry["messages"]])
                          for entry in parts["messages.json"]],
                         [(cat, [(cat["id"], "Meow")]),
                          (bob, [(me["id"], "Hello Bob"), (bob["id"], "Hello back\t😀")])])
        index = parts["index.json"]
        self.assertEqual((index["user"], index["missing"], index["renamed"]), (me, [], []))
        self.assertEqual([(file["name"], file["records"]) for file in index["files"]],
                         list(zip(PARTS, (1, 2, 2, 2, 2, 1, 2, 0, 1, 3))) + [("media/", 6)])

    def check_private(self, archive):
        """Nothing of others', and no secret, is in any file."""
        for name in archive.namelist():
            content = archive.read(name)
            for secret in (b"Between Bob and Cat", b"Bob's secret opinion", b"Bob reports", b"argon2",
                           PASSWORD.encode(), *(token.encode() for token in self.tokens)):
                self.assertNotIn(secret, content, name)

    def make_all(self, prefix):
        self.name, self.names = f"{prefix} ann", [f"{prefix} bob", f"{prefix} cat"]
        user, *others = (register(name) for name in (self.name, *self.names))
        self.tokens = [one["token"] for one in (user, *others)]
        return user, others, fill(user, others)

    def test_command(self):
        """The command writes all of it for its owner only, and the audit log says so."""
        user, others, known = self.make_all("command")
        said, path = self.run_export(self.name, "--why", "asked by mail")
        self.assertIn("profile.json\n", said)
        self.assertIn(f"{path}: all of {self.name}. 6 videos and pictures, 0 MiB.", said)
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        self.assertEqual([entry.name for entry in self.directory.iterdir()], ["export.zip"])
        parts, archive = self.open_zip(path)
        self.check_all(user, others, known, parts, archive)
        self.check_private(archive)
        self.assertRegex(the_server.run("audit").stdout.splitlines()[0],
                         rf" user export {user['user_id']}  asked by mail$")

    def test_http(self):
        """Users get the same from the gateway, with their password."""
        user, others, known = self.make_all("http")
        answer = export(user["token"])
        self.assertEqual(answer.code, 200)
        self.assertEqual({name: answer.headers[name] for name in (
            "Content-Type", "Content-Disposition", "Content-Length", "Cache-Control")},
            {"Content-Type": "application/zip", "Cache-Control": "no-store",
             "Content-Disposition": f'attachment; filename="doutok-{user["user_id"]}.zip"',
             "Content-Length": str(len(answer.body))})
        path = self.directory / "answer.zip"
        path.write_bytes(answer.body)
        parts, archive = self.open_zip(path)
        self.check_all(user, others, known, parts, archive)
        self.check_private(archive)
        other = self.open_zip(self.run_export(self.name)[1])[1]
        self.assertEqual(archive.namelist(), other.namelist())
        for name in set(other.namelist()) - {"index.json"}:
            self.assertEqual(archive.read(name), other.read(name), name)
        self.assertEqual(find_unnamed(), [])

    def assert_refused(self, answer, code, status):
        self.assertEqual((answer.code, json.loads(answer.body)["status_code"]), (code, status))
        if code != 200:
            self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)

    def test_http_refusals(self):
        """Without token and password, both the user's own, there is nothing; and there is a limit."""
        user, other = register("refusals ann"), register("refusals bob")
        call("POST", "user/update", token=other["token"], old_password=PASSWORD, new_password="another")
        other["token"] = call("POST", "user/login", username="refusals bob", password="another")["token"]
        self.assert_refused(export(""), 200, UNAUTHORIZED)
        self.assert_refused(export(user["token"] + "x"), 200, UNAUTHORIZED)
        for _ in range(2):
            self.assert_refused(export(user["token"], ""), 200, BAD_PARAMETER)
            self.assert_refused(export(user["token"], "another"), 200, UNAUTHORIZED)
        self.assertEqual(the_server.request("GET", f"/douyin/user/export/?{server.form(**user)}").code, 405)
        for _ in range(RATE - 4):
            self.assertEqual(export(user["token"]).code, 200)
        self.assert_refused(export(user["token"]), 429, RATE_LIMITED)
        self.assertEqual(export(other["token"], "another").code, 200)

    def test_one_at_a_time(self):
        """A user has one export at a time, and a machine works on some, whichever gateway is asked."""
        user, other = register("once ann"), register("once bob")
        with Lock(SLOTS + user["user_id"]):
            self.assert_refused(export(user["token"]), 429, RATE_LIMITED)
            self.assertEqual(export(other["token"]).code, 200)
        with Lock(0, SLOTS):
            self.assert_refused(export(user["token"]), 503, BUSY)
        codes = []
        threads = [threading.Thread(target=lambda: codes.append(export(user["token"]).code))
                   for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertIn(200, codes)
        self.assertLessEqual(set(codes), {200, 429, 503})
        self.assertEqual(wait_until(lambda: export(other["token"])).code, 200)

    def test_interrupted(self):
        """What is gathered holds up nobody, and is gone with its client or its gateway."""
        user = register("killed ann")
        before = list_files()
        chat, = the_server.find_processes("doutok-chat")
        form = server.form(token=user["token"], password=PASSWORD)
        request = (f"POST /douyin/user/export/ HTTP/1.1\r\nHost: {the_server.host}\r\n"
                   "Content-Type: application/x-www-form-urlencoded\r\n"
                   f"Content-Length: {len(form)}\r\n\r\n{form}").encode()
        name, port = the_server.host.split(":")
        os.kill(chat, signal.SIGSTOP)
        try:
            for end in ("client", "gateway"):
                with self.subTest(end), socket.create_connection((name, int(port))) as connection:
                    connection.sendall(request)
                    gateway, = wait_until(find_unnamed)
                    for _ in range(CONNECTIONS):
                        self.assertEqual(the_server.request("GET", "/ping").code, 200)
                    self.assert_refused(export(user["token"]), 429, RATE_LIMITED)
                    if end == "client":
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        connection.close()
                    else:
                        os.kill(gateway, signal.SIGKILL)
                    wait_until(lambda: not find_unnamed())
        finally:
            os.kill(chat, signal.SIGCONT)
        wait_until(lambda: len(the_server.find_processes("doutok-gateway")) == 2)
        self.assertEqual([path for path in list_files() if path not in before
                          and path.name != "exports"], [])
        self.assertEqual(export(user["token"]).code, 200)

    def test_what_only_the_administration_sees(self):
        """Who is banned, and what is hidden, is exported, too."""
        user = register("hidden ann")
        video = publish(user, "Hidden")
        body, media_type = server.multipart({"token": user["token"]}, {"avatar": ("a.jpg", picture)})
        call("POST", "user/update", body=body, media_type=media_type)
        self.assertEqual(the_server.run("video", "hide", video).returncode, 0)
        self.assertEqual(the_server.run("user", "ban", "hidden ann").returncode, 0)
        parts, archive = self.open_zip(self.run_export(user["user_id"])[1])
        self.assertRegex(parts["profile.json"]["banned_since"], TIME)
        self.assertRegex(parts["videos.json"][0]["hidden_since"], TIME)
        for name in (parts["profile.json"]["avatar"], parts["videos.json"][0]["file"],
                     parts["videos.json"][0]["cover"]):
            self.assertEqual(archive.read(name), surroundings.read_media(
                the_server.state_dir, name.removeprefix("media/")))

    def test_long_lists(self):
        """Lists that are longer than a page are whole, in their order, and nothing is there twice."""
        user, other = register("long ann"), register("long bob")
        me, ids = user["user_id"], range(1, MANY + 1)
        for service, method, kind, items in (
                ("Chat", "SendMessages", "a(xxxss)",
                 [(i, me, other["user_id"], f"Message {i}", "") for i in ids]),
                ("Social", "SetFollows", "a(xxb)", [(me, i, "true") for i in ids]),
                ("Social", "SetFavorites", "a(xxxb)", [(me, i, 1, "true") for i in ids]),
                ("Social", "AddComments", "a(xxxxss)", [(i, me, 1, 1, f"Comment {i}", "") for i in ids]),
                ("Social", "SetFeelings", "a(xxi)", [(me, i, 1) for i in ids]),
                ("Social", "AddReports", "a(xixs)", [(me, 3, i, "Rude") for i in ids])):
            the_server.call(service, method, kind, len(items), *(word for item in items for word in item))
        parts, _ = self.open_zip(self.run_export("long ann")[1])
        newest_first = list(reversed(ids))
        self.assertEqual([message["text"] for message in parts["messages.json"][0]["messages"]],
                         [f"Message {i}" for i in ids])
        self.assertEqual([entry["id"] for entry in parts["following.json"]], newest_first)
        self.assertEqual([entry["video"] for entry in parts["likes.json"]], newest_first)
        self.assertEqual([entry["text"] for entry in parts["comments.json"]],
                         [f"Comment {i}" for i in newest_first])
        self.assertEqual([entry["comment"] for entry in parts["feelings.json"]], newest_first)
        self.assertEqual([entry["target"] for entry in parts["reports.json"]], newest_first)
        # Who is not there has no name, and a video that is not there no title.
        self.assertEqual(parts["following.json"][0], {"id": MANY, "name": None})
        self.assertEqual(parts["likes.json"][0], {"video": MANY, "title": None})

    def test_refusals(self):
        """What is there is not replaced unless that is asked for; who does not exist leaves no file."""
        register("refused ann")
        path = self.directory / "export.zip"
        path.write_bytes(b"precious")
        n_entries = len(the_server.run("audit").stdout.splitlines())
        for words, status, message in (
                (("refused ann", path), 1, "is there already: --force replaces it"),
                (("nobody", self.directory / "other.zip"), 1, "nobody: this user does not exist"),
                (("refused ann", self.directory / "none" / "other.zip"), 1, "No such file or directory"),
                (("refused ann",), 2, "a user and a file are needed"),
                (("refused ann", path, "more"), 2, "a user and a file are needed"),
                ((), 2, "USER FILE.zip is missing")):
            with self.subTest(words):
                done = the_server.run("user", "export", *words)
                self.assertEqual(done.returncode, status)
                self.assertIn(message, done.stderr)
        self.assertEqual(path.read_bytes(), b"precious")
        self.assertEqual([entry.name for entry in self.directory.iterdir()], ["export.zip"])
        self.assertEqual(len(the_server.run("audit").stdout.splitlines()), n_entries)
        parts, _ = self.open_zip(self.run_export("refused ann", "--force")[1])
        self.assertEqual(parts["profile.json"]["name"], "refused ann")
        self.assertEqual([entry.name for entry in self.directory.iterdir()], ["export.zip"])

    def test_missing_file(self):
        """A file that is lost does not keep the user from the rest."""
        user = register("lost ann")
        video = publish(user, "Lost")
        file, = (name for name in the_server.list_media() if name.startswith("video/") and f"/{video}" in name)
        surroundings.remove_media(the_server.state_dir, file)
        path = self.directory / "export.zip"
        done = the_server.run("user", "export", "lost ann", path)
        self.assertEqual((done.returncode, done.stderr),
                         (0, "doutok: 1 files are not there any more, index.json says which\n"))
        parts, archive = self.open_zip(path)
        self.assertEqual(parts["index.json"]["missing"], [file])
        self.assertIn(parts["videos.json"][0]["cover"], archive.namelist())


if __name__ == "__main__":
    tap.main()
