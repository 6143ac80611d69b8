# SPDX-License-Identifier: Apache-2.0
"""What the administration does to a running server, and how soon it holds: on every gateway, and for
those who are connected. Nothing here waits for a second to pass: a gateway hears of it before it answers
another request."""

import asyncio
import json
import os
import re
import subprocess
import time
import unittest

import websockets

import server
import tap

GATEWAYS = 3
# Connections, which the kernel spreads over the gateways; and WebSockets, of which a user may have eight.
MANY = 12
SOCKETS = 8
BANNED = 10016
NOT_LOGGED_IN = 10004
NOT_FOUND = 10010

the_server = None


def setUpModule():
    global the_server
    the_server = server.Server("[limits]\nrate-limits=off\n", workers=GATEWAYS)


def tearDownModule():
    the_server.stop()


def call(method, path, status=0, body=None, media_type=None, **parameters):
    """What the server answers, over a connection of its own."""
    answer = the_server.request(method, f"/douyin/{path}/?{server.form(**parameters)}", body,
                                {"Content-Type": media_type} if media_type else None)
    value = json.loads(answer.body)
    assert value["status_code"] == status, value
    return value


def register(name):
    return call("POST", "user/register", username=name, password="secret")


def log_in(name, password="secret", status=0):
    return call("POST", "user/login", status, username=name, password=password)


def publish(user, title):
    video = subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", "color=size=64x64:rate=5:duration=1",
         "-c:v", "libx264", "-pix_fmt", "yuv420p", "-f", "mp4", "-movflags",
         "frag_keyframe+empty_moov", "-"], stdout=subprocess.PIPE, check=True).stdout
    body, media_type = server.multipart({"token": user["token"], "title": title},
                                        {"data": ("a.mp4", video)})
    call("POST", "publish/action", body=body, media_type=media_type)
    return next(video["id"] for video in call("GET", "publish/list", user_id=user["user_id"])["video_list"]
                if video["title"] == title)


def on_all_gateways(question):
    """What many connections are answered, which must be the same."""
    answers = [question() for _ in range(MANY)]
    assert all(answer == answers[0] for answer in answers), answers
    return answers[0]


def list_titles():
    return [video["title"] for video in call("GET", "feed")["video_list"]]


def list_comments(video):
    return [comment["content"] for comment in call("GET", "comment/list", video_id=video)["comment_list"]]


def list_audit():
    """What the audit log says of this moment on: actions, targets and reasons, the newest first."""
    done = the_server.run("audit")
    assert done.returncode == 0, done.stderr
    pattern = (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  \S+ \(" + str(os.getuid())
               + r"\)  ([a-z-]+ [a-z-]+) (\d+)(?:  (.*))?")
    return [re.fullmatch(pattern, line).groups() for line in done.stdout.splitlines()]


class Administration(unittest.TestCase):
    def run_well(self, *words):
        done = the_server.run(*words)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    async def _ban_while_connected(self, user):
        """Bans who has many WebSockets, and returns how each was closed."""
        url = f"ws://{the_server.host}/douyin/message/ws?token={user['token']}"
        channels = [await websockets.connect(url) for _ in range(SOCKETS)]
        said = await asyncio.to_thread(self.run_well, "user", "ban", "spammer", "--why",
                                       "sells watches")
        self.assertEqual(said, "spammer: banned\n")
        for channel in channels:
            await asyncio.wait_for(channel.wait_closed(), server.TIMEOUT)
        return {channel.close_code for channel in channels}

    def test_ban_a_spammer(self):
        """Whoever is banned is out at once, wherever they are connected, and what they have made is not
        seen; and when the ban ends it is there again."""
        ann, spammer = register("ann"), register("spammer")
        of_ann = publish(ann, "A cat")
        publish(spammer, "Watches")
        call("POST", "comment/action", token=spammer["token"], video_id=of_ann, action_type=1,
             comment_text="Buy watches")
        for gone in (ann, spammer):
            call("POST", "relation/action", token=gone["token"], action_type=1,
                 to_user_id=(spammer if gone is ann else ann)["user_id"])

        def list_followers():
            return [user["name"] for user in call("GET", "relation/follower/list",
                                                  user_id=ann["user_id"])["user_list"]]

        # Every gateway knows all of it.
        self.assertEqual(on_all_gateways(list_titles), ["Watches", "A cat"])
        self.assertEqual(on_all_gateways(lambda: list_comments(of_ann)), ["Buy watches"])
        self.assertEqual(on_all_gateways(list_followers), ["spammer"])
        on_all_gateways(lambda: call("GET", "user", token=spammer["token"],
                                     user_id=ann["user_id"])["user"])

        self.assertEqual(asyncio.run(self._ban_while_connected(spammer)), {4001})
        refusal = on_all_gateways(lambda: call("GET", "user", BANNED, token=spammer["token"]))
        self.assertEqual(refusal["status_msg"], "this account has been banned")
        on_all_gateways(lambda: call("GET", "feed", BANNED, token=spammer["token"]))
        on_all_gateways(lambda: call("GET", "user", NOT_FOUND, user_id=spammer["user_id"]))
        on_all_gateways(lambda: call("POST", "comment/action", BANNED, token=spammer["token"],
                                     video_id=of_ann, action_type=1, comment_text="Again"))
        on_all_gateways(lambda: call("POST", "message/action", NOT_FOUND, token=ann["token"],
                                     to_user_id=spammer["user_id"], action_type=1, content="Why?"))
        log_in("spammer", status=BANNED)
        log_in("spammer", "wrong", NOT_LOGGED_IN)
        self.assertEqual(on_all_gateways(list_titles), ["A cat"])
        self.assertEqual(on_all_gateways(lambda: list_comments(of_ann)), [])
        self.assertEqual(on_all_gateways(list_followers), [])
        self.assertIn("banned since", self.run_well("user", "show", "spammer"))
        self.assertRegex(self.run_well("user", "list", "--banned"),
                         rf"^{spammer['user_id']} +spammer \(banned since .*\)\n$")

        # By id, and once more, which changes nothing.
        self.run_well("user", "ban", spammer["user_id"], "--why", "again")
        ban = ("user ban", str(spammer["user_id"]), "sells watches")
        self.assertEqual(list_audit()[0], ban)

        self.assertEqual(self.run_well("user", "unban", "spammer"), "spammer: no longer banned\n")
        on_all_gateways(lambda: call("GET", "user", NOT_LOGGED_IN, token=spammer["token"]))
        token = log_in("spammer")["token"]
        on_all_gateways(lambda: call("GET", "user", token=token)["user"])
        self.assertEqual(on_all_gateways(list_titles), ["Watches", "A cat"])
        self.assertEqual(on_all_gateways(lambda: list_comments(of_ann)), ["Buy watches"])
        self.assertNotIn("banned since", self.run_well("user", "show", "spammer"))
        self.assertEqual(list_audit()[:2], [("user unban", str(spammer["user_id"]), None), ban])

    def test_hide_a_video(self):
        """A hidden video is seen nowhere, by nobody, in no count, and comes back to its place."""
        eve, fay = register("eve"), register("fay")
        of_eve = [publish(eve, f"Eve {i}") for i in range(3)]
        call("POST", "favorite/action", token=fay["token"], video_id=of_eve[1], action_type=1)
        call("POST", "comment/action", token=fay["token"], video_id=of_eve[1], action_type=1,
             comment_text="Oh")

        def look(status=0):
            """All that shows the video or counts it."""
            works = call("GET", "publish/list", user_id=eve["user_id"], token=eve["token"])
            favorites = call("GET", "favorite/list", user_id=fay["user_id"])
            comments = call("GET", "comment/list", status, video_id=of_eve[1])
            return ([title for title in list_titles() if title.startswith("Eve")],
                    [video["title"] for video in works["video_list"]],
                    [video["title"] for video in favorites["video_list"]],
                    [comment["content"] for comment in comments.get("comment_list") or []],
                    call("GET", "user", user_id=eve["user_id"])["user"]["work_count"])

        before = (["Eve 2", "Eve 1", "Eve 0"], ["Eve 2", "Eve 1", "Eve 0"], ["Eve 1"], ["Oh"], 3)
        self.assertEqual(on_all_gateways(look), before)
        self.assertEqual(self.run_well("video", "hide", of_eve[1], "--why", "blood"),
                         f"{of_eve[1]}: hidden\n")
        self.assertEqual(on_all_gateways(lambda: look(NOT_FOUND)),
                         (["Eve 2", "Eve 0"], ["Eve 2", "Eve 0"], [], [], 2))
        for path, more in (("favorite", {}), ("comment", {"comment_text": "Again"})):
            on_all_gateways(lambda: call("POST", f"{path}/action", NOT_FOUND, token=fay["token"],
                                         video_id=of_eve[1], action_type=1, **more))
        shown = self.run_well("video", "show", of_eve[1])
        self.assertRegex(shown, rf"^Eve 1\n +id +{of_eve[1]}\n +author +eve \({eve['user_id']}\)\n")
        self.assertRegex(shown, r"\n +likes +1\n +comments +1\n +hidden since .*\n$")
        self.assertRegex(self.run_well("video", "list", "--hidden"),
                         rf"^{of_eve[1]} .* {eve['user_id']} +Eve 1 \(hidden since .*\)\n$")
        self.run_well("video", "hide", of_eve[1], "--why", "again")

        self.assertEqual(self.run_well("video", "unhide", of_eve[1]), f"{of_eve[1]}: no longer hidden\n")
        self.assertEqual(on_all_gateways(look), before)
        self.assertEqual(self.run_well("video", "list", "--hidden"), "")
        self.assertEqual([entry for entry in list_audit() if entry[0].startswith("video")][:2],
                         [("video unhide", str(of_eve[1]), None), ("video hide", str(of_eve[1]), "blood")])

    def test_delete_a_video(self):
        """A video that the administration deletes is gone with all that belonged to it."""
        gil = register("gil")
        video = publish(gil, "Gil 0")
        files = {name for name in the_server.list_media() if f"/{video}" in name}
        self.assertEqual(len(files), 2, files)
        self.assertEqual(on_all_gateways(list_titles)[0], "Gil 0")
        done = the_server.run("video", "delete", video, 1, "--why", "stolen")
        self.assertEqual((done.returncode, done.stdout), (1, f"{video}: deleted\n"))
        self.assertIn("1: this video does not exist", done.stderr)
        self.assertNotIn("Gil 0", on_all_gateways(list_titles))
        self.assertEqual(files & set(the_server.list_media()), set())
        self.assertEqual(self.run_well("video", "delete", video), f"{video}: deleted\n")
        self.assertEqual([entry for entry in list_audit() if entry[1] == str(video)],
                         [("video delete", str(video), "stolen")])
        for words in (["video"], ["video", "hide"], ["video", "hide", "Gil"], ["video", "delete", "-1"]):
            self.assertEqual(the_server.run(*words).returncode, 2, words)

    def test_delete_a_comment(self):
        """A comment that the administration deletes is gone everywhere, and counted no more."""
        hal, ida = register("hal"), register("ida")
        video = publish(hal, "Hal 0")
        comments = [call("POST", "comment/action", token=ida["token"], video_id=video, action_type=1,
                         comment_text=text)["comment"]["id"] for text in ("Good", "Bad")]

        def look():
            works = call("GET", "publish/list", user_id=hal["user_id"])["video_list"]
            return list_comments(video), works[0]["comment_count"]

        self.assertEqual(on_all_gateways(look), (["Bad", "Good"], 2))
        done = the_server.run("comment", "delete", comments[1], 1, "--why", "insult")
        self.assertEqual((done.returncode, done.stdout), (1, f"{comments[1]}: deleted\n"))
        self.assertIn("1: this comment does not exist", done.stderr)
        self.assertEqual(on_all_gateways(look), (["Good"], 1))
        self.assertEqual(self.run_well("comment", "delete", comments[1]), f"{comments[1]}: deleted\n")
        call("POST", "comment/action", NOT_FOUND, token=ida["token"], video_id=video, action_type=2,
             comment_id=comments[1])
        self.assertEqual([entry for entry in list_audit() if entry[1] == str(comments[1])],
                         [("comment delete", str(comments[1]), "insult")])
        self.assertEqual(the_server.run("comment", "delete", "Bad").returncode, 2)

    def test_delete(self):
        """Who is deleted is nobody at once, on every gateway, and what they had is not seen; it is written
        down, and the name is free in the end."""
        joe, kim = register("joe"), register("kim")
        video = publish(joe, "Joe's")
        of_kim = publish(kim, "Kim's")
        call("POST", "comment/action", token=joe["token"], video_id=of_kim, action_type=1,
             comment_text="Hm")
        self.assertEqual(on_all_gateways(lambda: list_comments(of_kim)), ["Hm"])
        done = the_server.run("user", "delete", "Joe", 1, "--why", "asked by letter")
        self.assertEqual((done.returncode, done.stdout), (1, "Joe: deleted\n"))
        self.assertIn("1: this user does not exist", done.stderr)
        on_all_gateways(lambda: call("GET", "user", NOT_LOGGED_IN, token=joe["token"]))
        on_all_gateways(lambda: call("GET", "user", NOT_FOUND, user_id=joe["user_id"]))
        self.assertEqual(on_all_gateways(lambda: list_comments(of_kim)), [])
        self.assertNotIn("Joe's", on_all_gateways(list_titles))
        call("POST", "favorite/action", NOT_FOUND, token=kim["token"], video_id=video, action_type=1)
        log_in("joe", status=NOT_LOGGED_IN)
        self.assertEqual(list_audit()[0], ("user delete", str(joe["user_id"]), "asked by letter"))
        self.assertEqual(the_server.run("user", "delete", "joe").returncode, 1)
        self.assertEqual(the_server.run("user", "delete").returncode, 2)
        # The name, once all is gone.
        end = time.monotonic() + server.TIMEOUT
        while json.loads(the_server.request("POST", "/douyin/user/register/?" + server.form(
                username="joe", password="x")).body)["status_code"] != 0:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)

    def test_reset_password(self):
        """The new password is printed, and works at once; former logins have ended."""
        bea = register("bea")
        on_all_gateways(lambda: call("GET", "user", token=bea["token"])["user"])
        printed = self.run_well("user", "reset-password", "Bea", "--why", "by phone")
        password = re.fullmatch(r"Bea: ([a-z2-9]{16})\n", printed)[1]
        on_all_gateways(lambda: call("GET", "user", NOT_LOGGED_IN, token=bea["token"]))
        log_in("bea", status=NOT_LOGGED_IN)
        log_in("bea", password)
        self.assertEqual(list_audit()[0],
                         ("user reset-password", str(bea["user_id"]), "by phone"))
        for path in (the_server.directory).rglob("*"):
            if path.is_file():
                self.assertNotIn(password.encode(), path.read_bytes(), path)

    def test_list(self):
        """Users are listed from the newest on, page by page."""
        names = [f"user {i}" for i in range(5)]
        for name in names:
            register(name)
        lines = self.run_well("user", "list", "--count", 5).splitlines()
        self.assertEqual([line.split(maxsplit=1)[1] for line in lines], names[::-1])

    def test_refused(self):
        """Who does not exist, and what makes no sense; the others of the same command are served."""
        register("cleo")
        done = the_server.run("user", "ban", "nobody", "cleo", "--why", "x")
        self.assertEqual((done.returncode, done.stdout), (1, "cleo: banned\n"))
        self.assertIn("nobody: this user does not exist", done.stderr)
        done = the_server.run("user", "unban", "cleo", "--why", "x" * 501)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        log_in("cleo", status=BANNED)
        for words in (["user"], ["user", "ban"], ["user", "burn", "cleo"], ["user", "list", "cleo"],
                      ["audit", "cleo"], ["user", "ban", "cleo", "--no-such-option"]):
            done = the_server.run(*words)
            self.assertEqual((done.returncode, done.stdout), (2, ""), words)
            self.assertNotEqual(done.stderr, "", words)

    def test_bus(self):
        """The same by busctl(1)."""
        dan = register("dan")
        self.assertEqual(the_server.call("User", "SetBans", "a(xbs)", 1, dan["user_id"], "true",
                                         "by hand", interface=".Admin"), "ai 1 0\n")
        log_in("dan", status=BANNED)
        listed = the_server.call("User", "GetAudit", "a(xu)", 1, 0, 1, interface=".Admin")
        self.assertRegex(listed, rf'"user ban" {dan["user_id"]} "by hand"\n$')


if __name__ == "__main__":
    tap.main()
