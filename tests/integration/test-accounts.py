# SPDX-License-Identifier: Apache-2.0
"""Users who delete their accounts: what is asked of them, what everybody sees at once, on every gateway, and
that nothing is left afterwards, in no database and no directory, whatever is killed meanwhile."""

import asyncio
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

import websockets

import server
import surroundings
import tap

GATEWAYS = 2
# Connections, which the kernel spreads over the gateways; and WebSockets, of which a user may have eight.
MANY = 8
SOCKETS = 4
BAD_PARAMETER, TAKEN, NOT_LOGGED_IN, NOT_FOUND, TOO_MANY = 10002, 10003, 10004, 10010, 10014
UNLIMITED = "[limits]\nrate-limits=off\n"
# How any column can be compared as a text.
AS_TEXT = "CAST({} AS text)" if surroundings.ENGINE == "sqlite" else "concat({}, '')"
# Where there is one database for all domains, this one's has another name.
TOTALS = "totals" if surroundings.ENGINE == "sqlite" else "chat_totals"
SERVICES = ("doutok-user", "doutok-video", "doutok-social", "doutok-chat")


def make(codec, *words):
    return subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", "color=size=64x64:rate=5:duration=1",
         *words, "-c:v", codec, "-pix_fmt", "yuv420p" if codec != "png" else "rgb24", "-f",
         "mp4" if codec != "png" else "image2pipe", "-movflags", "frag_keyframe+empty_moov", "-"],
        stdout=subprocess.PIPE, check=True).stdout


# What a server with a world in it has left, and who and what is there; made once, for all tests, if it
# can be copied.
the_state = None
the_world = None


def setUpModule():
    global the_state, the_world
    if not surroundings.IS_IN_FILES:
        return
    the_state = pathlib.Path(tempfile.mkdtemp(prefix="doutok-accounts-"))
    unittest.addModuleCleanup(shutil.rmtree, the_state)
    maker = Account()
    maker.start(the_state)
    try:
        the_world = maker.make_world()
    finally:
        maker.stop()


class Account(unittest.TestCase):
    configuration = UNLIMITED

    def setUp(self):
        state_dir = pathlib.Path(tempfile.mkdtemp(prefix="doutok-accounts-"))
        self.addCleanup(shutil.rmtree, state_dir)
        if surroundings.IS_IN_FILES:
            shutil.copytree(the_state, state_dir, dirs_exist_ok=True)
        self.start(state_dir)
        self.addCleanup(self.stop)
        self.world = the_world or self.make_world()

    def start(self, state_dir):
        self.state_dir = state_dir
        self.server = server.Server(self.configuration, state_dir=self.state_dir, workers=GATEWAYS)
        self.stopped = False

    def stop(self):
        if not self.stopped:
            self.stopped = True
            self.server.stop()

    def call(self, method, path, status=0, body=None, media_type=None, **parameters):
        answer = self.server.request(method, f"/douyin/{path}/?{server.form(**parameters)}", body,
                                     {"Content-Type": media_type} if media_type else None)
        value = json.loads(answer.body)
        self.assertEqual(value["status_code"], status, value)
        return value

    def everywhere(self, *arguments, **parameters):
        """The same of many connections."""
        return [self.call(*arguments, **parameters) for _ in range(MANY)][0]

    def register(self, name, status=0):
        return self.call("POST", "user/register", status, username=name, password="secret")

    def act(self, user, path, status=0, **parameters):
        return self.call("POST", path, status, token=user["token"], **parameters)

    def publish(self, user, video_file, title):
        body, media_type = server.multipart({"token": user["token"], "title": title},
                                            {"data": ("a.mp4", video_file)})
        self.call("POST", "publish/action", body=body, media_type=media_type)
        return self.call("GET", "publish/list", user_id=user["user_id"])["video_list"][0]["id"]

    def delete(self, user, status=0, password="secret"):
        return self.act(user, "user/delete", status, password=password)

    def get_user(self, user):
        return self.call("GET", "user", user_id=user["user_id"])["user"]

    def make_world(self):
        """Ann, who is about to go, and Ben and Cat, who stay; and all that can be between them."""
        video_file = make("libx264")
        picture = make("png", "-frames:v", "1")
        ann, ben, cat = users = [self.register(name) for name in ("Ann", "ben", "cat")]
        videos = {user["user_id"]: [self.publish(user, video_file, f"Work {i}") for i in range(2)]
                  for user in users}
        body, media_type = server.multipart({"token": ann["token"], "signature": "here"},
                                            {"avatar": ("a.png", picture),
                                             "background_image": ("b.png", picture)})
        self.call("POST", "user/update", body=body, media_type=media_type)
        comments = {}
        for user in users:
            for other in users:
                if user is other:
                    continue
                self.act(user, "relation/action", to_user_id=other["user_id"], action_type=1)
                self.act(user, "message/action", to_user_id=other["user_id"], action_type=1, content="Hi")
                for video in videos[other["user_id"]]:
                    self.act(user, "favorite/action", video_id=video, action_type=1)
                    comment = self.act(user, "comment/action", video_id=video, action_type=1,
                                       comment_text="Nice", request_id=f"r{video}")["comment"]["id"]
                    comments.setdefault(user["user_id"], []).append(comment)
        for user in users:
            for other in users:
                for comment in comments[other["user_id"]]:
                    self.act(user, "comment/feeling", comment_id=comment,
                             action_type=1 if user is ann else 2)
        self.act(ann, "report/action", target_type="user", target_id=ben["user_id"], reason="Why not")
        self.act(ben, "report/action", target_type="user", target_id=ann["user_id"], reason="Why")
        self.act(ben, "report/action", target_type="video", target_id=videos[ann["user_id"]][0], reason="No")
        self.act(ben, "report/action", target_type="comment", target_id=comments[ann["user_id"]][0],
                 reason="So")
        dan = self.register("dan")
        self.act(ann, "relation/block", to_user_id=dan["user_id"], action_type=1)
        return ann, ben, cat, dan, videos, comments, video_file

    def select(self, domain, columns, sql):
        return surroundings.select(self.state_dir, domain, columns, sql)

    def find_rows(self, user_id):
        """Where there is still a row with that id, but where it is to stay."""
        kept = {"video_removed_users", "social_removed_users", "chat_removed_users", "user_audit",
                # What is remembered for a week, without a text.
                "deleted_videos", "deleted_comments",
                # What the administration is told, and has resolved by now.
                "reports"}
        found = set()
        for domain in ("user", "video", "social", "chat"):
            for table, column in surroundings.list_columns(self.state_dir, domain):
                if table not in kept and self.select(
                        domain, "x", f"SELECT count(*) FROM {table} WHERE "
                        f"{AS_TEXT.format(column)} = '{user_id}'") != [(0,)]:
                    found.add(f"{domain}: {table}.{column}")
        return found

    def is_pending(self):
        return self.select("user", "x", "SELECT count(*) FROM user_deletions") != [(0,)]

    def wait_until_gone(self):
        """Until everything is removed. The user service, which does that, is started by who asks."""
        end = time.monotonic() + server.TIMEOUT
        while self.is_pending():
            self.assertLess(time.monotonic(), end, "the deletion does not end")
            self.call("GET", "user", NOT_FOUND, user_id=1)
            time.sleep(0.05)

    def list_media(self):
        return self.server.list_media()

    def assert_nothing_left(self, user, files):
        self.assertEqual(self.find_rows(user["user_id"]), set())
        self.assertEqual(self.list_media(), files)
        for service in ("Social", "Video"):
            self.assertEqual(self.server.call(service, "Recount").strip(), "x 0")
        (listed, counted), = self.select(
            "chat", "xx", f"SELECT (SELECT count(*) FROM messages), messages FROM {TOTALS}")
        self.assertEqual(listed, counted)
        self.assertEqual(self.select("social", "x", "SELECT count(*) FROM reports WHERE "
                                     f"reporter = {user['user_id']} OR resolved = 0"), [(0,)])
        self.stop()
        # What is on servers is not looked at by this command.
        if not surroundings.IS_IN_FILES:
            return
        done = subprocess.run([server.find_program(), "verify", "--state-dir", self.state_dir],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, text=True,
                              env={**os.environ, "LC_ALL": "C.UTF-8", "LANGUAGE": "en"})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("are whole", done.stdout)


class Asking(Account):
    def test_refusals(self):
        """Test what is asked for, and that a wrong password changes nothing."""
        ann = self.world[0]
        self.call("POST", "user/delete", NOT_LOGGED_IN, password="secret")
        self.call("POST", "user/delete", BAD_PARAMETER, token=ann["token"])
        answer = self.delete(ann, NOT_LOGGED_IN, "wrong")
        self.assertEqual(answer["status_msg"], "wrong user name or password")
        self.delete(ann, NOT_LOGGED_IN, "x" * 2000)
        self.delete(ann, NOT_LOGGED_IN, "")
        self.assertEqual(self.get_user(ann)["name"], "Ann")
        self.call("POST", "user/login", username="ann", password="secret")

    def test_seen_at_once(self):
        """Test that the user is nobody from the answer on, on every gateway and every WebSocket."""
        ann, ben, cat, dan, videos, _, _ = self.world
        self.assertEqual(len(self.everywhere("GET", "feed", token=ben["token"])["video_list"]), 6)
        self.everywhere("GET", "comment/list", video_id=videos[ben["user_id"]][0])
        self.everywhere("GET", "relation/follower/list", user_id=ben["user_id"])
        self.everywhere("GET", "user", token=ben["token"], user_id=ann["user_id"])
        self.assertEqual(asyncio.run(self._delete_while_connected(ann)), {4001})

        for user in (ben, cat, dan):
            self.everywhere("GET", "user", NOT_FOUND, token=user["token"], user_id=ann["user_id"])
        self.everywhere("GET", "user", NOT_LOGGED_IN, token=ann["token"])
        self.everywhere("GET", "feed", NOT_LOGGED_IN, token=ann["token"])
        self.call("POST", "user/login", NOT_LOGGED_IN, username="ann", password="secret")
        for path, parameters in (
                ("favorite/action", {"video_id": videos[ben["user_id"]][0], "action_type": 1}),
                ("relation/action", {"to_user_id": ben["user_id"], "action_type": 1}),
                ("message/action", {"to_user_id": ben["user_id"], "action_type": 1, "content": "x"}),
                ("user/delete", {"password": "secret"})):
            self.act(ann, path, NOT_LOGGED_IN, **parameters)
        for path, parameters in (("relation/action", {}), ("relation/block", {}),
                                 ("message/action", {"content": "Where are you?"})):
            self.act(ben, path, NOT_FOUND, to_user_id=ann["user_id"], action_type=1, **parameters)
        feed = self.everywhere("GET", "feed", token=ben["token"])["video_list"]
        self.assertEqual({video["author"]["name"] for video in feed}, {"ben", "cat"})
        for video in videos[ben["user_id"]]:
            listed = self.everywhere("GET", "comment/list", video_id=video)["comment_list"]
            self.assertEqual([comment["user"]["name"] for comment in listed], ["cat"])
        for path in ("relation/follower/list", "relation/follow/list"):
            listed = self.everywhere("GET", path, user_id=ben["user_id"])["user_list"]
            self.assertEqual([user["name"] for user in listed], ["cat"])
        friends = self.everywhere("GET", "relation/friend/list", token=ben["token"],
                                  user_id=ben["user_id"])["user_list"]
        self.assertEqual([user["name"] for user in friends], ["cat"])
        chats = self.everywhere("GET", "message/conversations", token=ben["token"])["conversation_list"]
        self.assertEqual([chat["user"]["name"] for chat in chats], ["cat"])
        for path in ("publish/list", "favorite/list"):
            self.assertEqual(self.everywhere("GET", path, user_id=ann["user_id"])["video_list"], [])
        for path in ("relation/follower/list", "relation/follow/list"):
            self.assertEqual(self.everywhere("GET", path, user_id=ann["user_id"])["user_list"], [])

        self.wait_until_gone()
        self.assert_counters(ben, videos)
        self.assertEqual(self.call("GET", "message/chat", token=ben["token"],
                                   to_user_id=ann["user_id"])["message_list"], [])
        # Somebody else may have the name, in any case, and has nothing to do with the one before.
        again = self.register("ANN")
        self.assertNotEqual(again["user_id"], ann["user_id"])
        self.assertEqual(self.get_user(again)["work_count"], 0)
        self.everywhere("GET", "user", NOT_LOGGED_IN, token=ann["token"])
        self.delete(again)
        self.wait_until_gone()
        files = self.list_media()
        self.assertEqual(len(files), 8)
        self.assert_nothing_left(ann, files)

    def assert_counters(self, ben, videos):
        """What is counted of who stays."""
        user = self.get_user(ben)
        self.assertEqual((user["follow_count"], user["follower_count"], user["total_favorited"],
                          user["favorite_count"], user["work_count"]), (1, 1, 2, 2, 2))
        works = self.call("GET", "publish/list", user_id=ben["user_id"])["video_list"]
        self.assertEqual([(work["favorite_count"], work["comment_count"]) for work in works],
                         [(1, 1), (1, 1)])
        for comment in self.call("GET", "comment/list", video_id=videos[ben["user_id"]][0])["comment_list"]:
            self.assertEqual((comment["like_count"], comment["tease_count"]), (0, 2))
        liked = self.call("GET", "favorite/list", user_id=ben["user_id"])["video_list"]
        self.assertEqual({video["author"]["name"] for video in liked}, {"cat"})

    async def _delete_while_connected(self, user):
        url = f"ws://{self.server.host}/douyin/message/ws?token={user['token']}"
        channels = [await websockets.connect(url) for _ in range(SOCKETS)]
        await asyncio.to_thread(self.delete, user)
        for channel in channels:
            await asyncio.wait_for(channel.wait_closed(), server.TIMEOUT)
        return {channel.close_code for channel in channels}


class Killing(Account):
    def kill(self, *programs):
        for program in programs:
            for pid in self.server.find_processes(program):
                os.kill(pid, signal.SIGKILL)

    def test_killed(self):
        """Test that a deletion is completed whichever services are killed amid it, again and again."""
        ann, ben, *_ = self.world
        files = self.list_media()
        self.assertEqual(len(files), 14)
        self.kill("doutok-social", "doutok-chat", "doutok-video")
        self.delete(ann)
        for program in SERVICES:
            self.kill(program)
            self.call("GET", "user", NOT_FOUND, user_id=ann["user_id"])
        self.register("ann", TAKEN if self.is_pending() else 0)
        self.kill(*SERVICES)
        self.wait_until_gone()
        left = self.list_media()
        self.assertEqual(len(left), 8)
        self.assertEqual(self.get_user(ben)["follower_count"], 1)
        self.assert_nothing_left(ann, left)

    def test_killed_server(self):
        """Test that what a server had not finished the next one does."""
        ann = self.world[0]
        # With a domain that does not answer, the deletion cannot be completed.
        stopped = self.server.find_processes("doutok-video")
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        self.delete(ann)
        self.assertTrue(self.is_pending())
        self.register("ann", TAKEN)
        for pid in self.server.list_processes()[1:] + self.server.list_processes()[:1]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(AssertionError):
            self.server.stop()
        self.assertTrue(self.is_pending())
        self.server = server.Server(self.configuration, state_dir=self.state_dir)
        self.call("GET", "user", NOT_FOUND, user_id=ann["user_id"])
        self.call("GET", "user", NOT_LOGGED_IN, token=ann["token"])
        self.wait_until_gone()
        self.register("ann")
        self.assertEqual(len(self.list_media()), 8)
        self.assert_nothing_left(ann, self.list_media())

    def test_writes_amid(self):
        """Test that what the user and others do while the account goes leaves nothing behind."""
        ann, ben, cat, _, videos, comments, video_file = self.world
        over = threading.Event()
        failures = []

        def write(user, others):
            number = 0
            while not over.is_set():
                number += 1
                for other in others:
                    for path, parameters in (
                            ("favorite/action", {"video_id": videos[other["user_id"]][0]}),
                            ("relation/action", {"to_user_id": other["user_id"]}),
                            ("comment/action", {"video_id": videos[other["user_id"]][1],
                                                "comment_text": f"{number}"}),
                            ("comment/feeling", {"comment_id": comments[other["user_id"]][0]}),
                            ("message/action", {"to_user_id": other["user_id"], "content": f"{number}"}),
                            ("relation/block", {"to_user_id": other["user_id"]}),
                            ("relation/block", {"to_user_id": other["user_id"], "action_type": 2})):
                        answer = self.server.request("POST", f"/douyin/{path}/?" + server.form(
                            **{"token": user["token"], "action_type": 1, **parameters}))
                        code = json.loads(answer.body)["status_code"]
                        if code not in (0, NOT_LOGGED_IN, NOT_FOUND, 10017):
                            failures.append((path, code))

        def upload():
            while not over.is_set():
                body, media_type = server.multipart({"token": ann["token"], "title": "Late"},
                                                    {"data": ("a.mp4", video_file)})
                self.server.request("POST", "/douyin/publish/action/", body, {"Content-Type": media_type})

        writers = [threading.Thread(target=write, args=arguments)
                   for arguments in ((ann, (ben, cat)), (ann, (cat, ben)), (ben, (ann,)), (cat, (ann,)))]
        writers += [threading.Thread(target=upload) for _ in range(2)]
        for writer in writers:
            writer.start()
        try:
            self.delete(ann)
            self.wait_until_gone()
        finally:
            over.set()
            for writer in writers:
                writer.join()
        self.assertEqual(failures, [])
        # What was on its way then is answered by now.
        self.assertEqual(self.find_rows(ann["user_id"]), set())
        self.assertEqual(len(self.list_media()), 8)
        self.assert_nothing_left(ann, self.list_media())


class Guessing(Account):
    configuration = "[limits]\nrate-failed-login=1/min burst 3\n"

    def test_throttled(self):
        """Test that guesses are counted as those of a login, and that the right password waits, too."""
        ann = self.world[0]
        for _ in range(3):
            self.delete(ann, NOT_LOGGED_IN, "wrong")
        answer = self.server.request("POST", "/douyin/user/delete/?" + server.form(
            token=ann["token"], password="secret"))
        self.assertEqual(answer.code, 429)
        self.assertEqual(json.loads(answer.body)["status_code"], TOO_MANY)
        self.assertIsNotNone(answer.headers["Retry-After"])
        self.assertEqual(self.get_user(ann)["name"], "Ann")


if __name__ == "__main__":
    tap.main()
