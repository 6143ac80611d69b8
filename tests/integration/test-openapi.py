# SPDX-License-Identifier: Apache-2.0
"""The interface description against a real server.

For every operation there is a test of its name, which provokes everything that the operation is said
to answer: success, each refusal, and each HTTP code. All answers are validated as they come. At its
end a test finds out whether something that is described was not seen, and all together whether an
operation has no test.
"""

import asyncio
import itertools
import json
import re
import tempfile
import unittest

import websockets

import server
import tap
from openapi_world import DESCRIPTION, NOBODY, Operation, find_routes, make_picture, start

the_server = None
the_world = None


def setUpModule():
    global the_server, the_world
    words = tempfile.NamedTemporaryFile("w", suffix=".words")
    words.write("forbidden\n")
    words.flush()
    unittest.addModuleCleanup(words.close)
    the_server, the_world = start("[limits]\nrate-limits=off\nmax-upload=1MiB\n"
                                  f"[moderation]\nwords-file={words.name}\n")


def tearDownModule():
    the_server.stop()


class Users(unittest.TestCase):
    numbers = itertools.count()

    def test_register(self):
        with Operation("register") as operation:
            operation.post(0, lambda: {"username": f"user {next(self.numbers)}", "password": "p"})
            operation.post(10002, lambda: {"username": "", "password": "p"})
            operation.post(10002, lambda: {"username": "x" * 33, "password": "p"})
            operation.post(10002, lambda: {"username": "nobody", "password": ""})
            operation.post(10003, lambda: {"username": "alice", "password": "p"})
            operation.post(10019, lambda: {"username": "so forbidden", "password": "p"})

    def test_logIn(self):
        with Operation("logIn") as operation:
            operation.post(0, lambda: {"username": "alice", "password": "secret"})
            operation.post(10004, lambda: {"username": "alice", "password": "wrong"})
            operation.post(10004, lambda: {"username": "nobody", "password": "secret"})
            operation.post(10004, lambda: {})

    def test_getUser(self):
        alice, bob = the_world.alice, the_world.bob
        with Operation("getUser") as operation:
            operation.get(0, user_id=alice["user_id"])
            operation.get(0, user_id=f"{alice['user_id']:.17e}", token=bob["token"])
            operation.get(0, token=alice["token"])
            operation.get(10002, user_id="me")
            operation.get(10004)
            operation.get(10004, user_id=alice["user_id"], token="bad")
            operation.get(10010, user_id=NOBODY)
            operation.get(10010, user_id=the_world.mallory["user_id"])
            bearer = {"Authorization": f"Bearer {alice['token']}"}
            operation.see(the_server.request("GET", operation.path, headers=bearer), 200, 0)


    def test_updateUser(self):
        dave = the_world.register("dave")
        token, file = dave["token"], ("a.png", make_picture())
        with Operation("updateUser") as operation:
            operation.post(0, lambda: {"token": token, "signature": "I film my cat"})
            changed = operation.upload(200, 0, {"token": token, "old_password": "secret",
                                                "new_password": "another"}, {"avatar": file})
            token = changed["token"]
            operation.upload(200, 0, {"token": token}, {"background_image": file})
            operation.post(10002, lambda: {"token": token})
            operation.post(10002, lambda: {"token": token, "signature": " "})
            operation.post(10002, lambda: {"token": token, "new_password": "x"})
            operation.post(10004, lambda: {"signature": "A guest's"})
            operation.post(10004, lambda: {"token": dave["token"], "signature": "Before"})
            operation.post(10004, lambda: {"token": token, "old_password": "wrong",
                                           "new_password": "x"})
            operation.upload(200, 10013, {"token": token}, {"avatar": ("a.png", b"no picture")})
            operation.post(10019, lambda: {"token": token, "signature": "so forbidden"})
            operation.upload(413, 10012, {"token": token},
                             {"avatar": ("a.png", bytes(5 * 1024 * 1024 + 1))})

    def test_exportUser(self):
        erin = the_world.register("erin")
        query = server.form(token=erin["token"], password="secret")
        with Operation("exportUser") as operation:
            operation.see(the_server.request("POST", f"{operation.path}?{query}"), 200)
            operation.see(the_server.request("POST", operation.path, query, {
                "Content-Type": "application/x-www-form-urlencoded"}), 200)
            operation.post(10002, lambda: {"token": erin["token"]})
            operation.post(10004, lambda: {"password": "secret"})
            operation.post(10004, lambda: {"token": erin["token"], "password": "wrong"})
            operation.post(10004, lambda: {"token": erin["token"], "password": "x" * 1000})

    def test_deleteUser(self):
        def make_leaver():
            return {"token": the_world.register(f"leaver {next(self.numbers)}")["token"],
                    "password": "secret"}

        with Operation("deleteUser") as operation:
            operation.post(0, make_leaver)
            operation.post(10002, lambda: {"token": the_world.alice["token"]})
            operation.post(10004, lambda: {"password": "secret"})
            operation.post(10004, lambda: {"token": the_world.alice["token"], "password": "wrong"})
            gone = make_leaver()
            operation.see(the_server.request("POST", f"{operation.path}?{server.form(**gone)}"), 200, 0)
            operation.post(10004, lambda: gone)


class Videos(unittest.TestCase):
    def test_getFeed(self):
        with Operation("getFeed") as operation:
            page = operation.get(0)
            operation.get(0, latest_time=page["next_time"], token=the_world.bob["token"])
            operation.get(0, latest_time="garbage", token="null")
            operation.get(10004, token="bad")

    def test_publish(self):
        token, video = the_world.bob["token"], {"data": ("cat.mp4", the_world.video_file)}
        with Operation("publish") as operation:
            operation.upload(200, 0, {"token": token, "title": "One"}, video)
            operation.upload(200, 0, {}, video, "?" + server.form(token=token, title="Two"))
            operation.upload(200, 10002, {"token": token, "title": ""}, video)
            operation.upload(200, 10002, {"token": token, "title": "None"}, {})
            operation.upload(200, 10004, {"title": "A guest's"}, video)
            operation.upload(200, 10013, {"token": token, "title": "Text"},
                             {"data": ("cat.mp4", b"this is no video" * 100)})
            operation.upload(200, 10019, {"token": token, "title": "So forbidden"}, video)
            operation.upload(413, 10012, {"token": token, "title": "Big"},
                             {"data": ("big.mp4", bytes(1024 * 1024 + 1))})
            operation.see(the_server.request("POST", operation.path, "x", {
                "Content-Type": "text/plain"}), 400, 10005)

    def test_deleteVideo(self):
        carol = the_world.register("carol")
        token = carol["token"]

        def one():
            the_world.publish(carol)
            return {"token": token, "video_id": the_world.get_works(carol)[0]["id"]}

        with Operation("deleteVideo") as operation:
            operation.post(0, one)
            operation.post(10002, lambda: {"token": token})
            operation.post(10004, lambda: {"video_id": the_world.video["id"]})
            operation.post(10010, lambda: {"token": token, "video_id": NOBODY})
            operation.post(10011, lambda: {"token": token, "video_id": the_world.video["id"]})

    def assert_video_list(self, operation_id, user):
        with Operation(operation_id) as operation:
            page = operation.get(0, user_id=user["user_id"], count=1)
            self.assertEqual(len(page["video_list"]), 1)
            operation.get(0, token=user["token"])
            operation.get(0, user_id=NOBODY)
            operation.get(10002, user_id=user["user_id"], count=0)
            operation.get(10002, user_id=user["user_id"], cursor="x")
            operation.get(10004)
            operation.get(10004, user_id=user["user_id"], token="bad")

    def test_getWorks(self):
        self.assert_video_list("getWorks", the_world.alice)

    def test_getFavorites(self):
        self.assert_video_list("getFavorites", the_world.bob)

    def test_likeVideo(self):
        token, video = the_world.alice["token"], the_world.video["id"]
        with Operation("likeVideo") as operation:
            for action in (1, 1, 2):
                operation.post(0, lambda: {"token": token, "video_id": video,
                                           "action_type": action})
            operation.post(10002, lambda: {"token": token, "video_id": video, "action_type": 3})
            operation.post(10004, lambda: {"video_id": video, "action_type": 1})
            operation.post(10010, lambda: {"token": token, "video_id": NOBODY, "action_type": 1})
            operation.post(10017, lambda: {"token": token, "action_type": 1,
                                           "video_id": the_world.hidden_video["id"]})


class Comments(unittest.TestCase):
    def test_comment(self):
        alice, bob, video = the_world.alice["token"], the_world.bob["token"], the_world.video["id"]

        def write(**others):
            return lambda: {"token": bob, "video_id": video, "action_type": 1,
                            "comment_text": "What a cat!", **others}

        def delete(token, comment=None):
            return lambda: {"token": token, "video_id": video, "action_type": 2,
                            "comment_id": comment or the_world.comment(the_world.bob)}

        with Operation("comment") as operation:
            written = operation.post(0, write())
            self.assertEqual(written["comment"]["content"], "What a cat!")
            self.assertIsNone(operation.post(0, delete(bob))["comment"])
            self.assertIsNone(operation.post(0, delete(alice))["comment"])
            of_alice = the_world.comment(the_world.alice)
            operation.post(10002, write(comment_text=""))
            operation.post(10002, write(request_id="x" * 65))
            operation.post(10002, delete(bob, "x"))
            operation.post(10004, write(token="bad"))
            operation.post(10010, write(video_id=NOBODY))
            operation.post(10010, delete(bob, NOBODY))
            operation.post(10019, write(comment_text="This is forbidden"))
            operation.post(10011, delete(bob, of_alice))
            operation.post(10017, write(video_id=the_world.hidden_video["id"]))

    def test_getComments(self):
        video = the_world.video["id"]
        for _ in range(2):
            the_world.comment(the_world.bob)
        with Operation("getComments") as operation:
            page = operation.get(0, video_id=video, count=1)
            operation.get(0, video_id=video, token=the_world.alice["token"],
                          cursor=page["next_cursor"])
            operation.get(10002)
            operation.get(10004, video_id=video, token="bad")
            operation.get(10010, video_id=NOBODY)

    def test_feelAboutComment(self):
        token, comment = the_world.alice["token"], the_world.comment(the_world.bob)
        with Operation("feelAboutComment") as operation:
            for feeling in (1, 2, 3):
                operation.post(0, lambda: {"token": token, "comment_id": comment,
                                           "action_type": feeling})
            operation.post(10002, lambda: {"token": token, "comment_id": comment,
                                           "action_type": 4})
            operation.post(10004, lambda: {"comment_id": comment, "action_type": 1})
            operation.post(10010, lambda: {"token": token, "comment_id": NOBODY,
                                           "action_type": 1})
            operation.post(10017, lambda: {"token": token, "action_type": 1,
                                           "comment_id": the_world.hidden_comment})


class Reports(unittest.TestCase):
    def test_report(self):
        alice, bob, video = the_world.alice, the_world.bob, the_world.video["id"]
        comment = the_world.comment(alice)

        def report(user, kind, target, **others):
            return lambda: {"token": user["token"], "target_type": kind, "target_id": target,
                            "reason": "It is not a cat", **others}

        with Operation("report") as operation:
            for kind, target in (("video", video), ("comment", comment), ("user", alice["user_id"])):
                operation.post(0, report(bob, kind, target))
                operation.post(10010, report(bob, kind, NOBODY))
                operation.post(10018, report(alice, kind, target))
            operation.post(10002, report(bob, "channel", video))
            operation.post(10002, report(bob, "video", "x"))
            operation.post(10002, report(bob, "video", video, reason=""))
            operation.post(10004, report(bob, "video", video, token="bad"))


class Relations(unittest.TestCase):
    def test_follow(self):
        alice, bob = the_world.alice, the_world.bob
        with Operation("follow") as operation:
            for action in (2, 2, 1):
                operation.post(0, lambda: {"token": alice["token"], "to_user_id": bob["user_id"],
                                           "action_type": action})
            operation.post(10002, lambda: {"token": alice["token"], "action_type": 1})
            operation.post(10004, lambda: {"to_user_id": bob["user_id"], "action_type": 1})
            operation.post(10010, lambda: {"token": alice["token"], "to_user_id": NOBODY,
                                           "action_type": 1})
            operation.post(10011, lambda: {"token": alice["token"],
                                           "to_user_id": alice["user_id"], "action_type": 1})
            operation.post(10017, lambda: {"token": alice["token"], "action_type": 1,
                                           "to_user_id": the_world.oscar["user_id"]})

    def test_block(self):
        oscar, carl = the_world.oscar, the_world.register("carl")
        with Operation("block") as operation:
            for action in (1, 1, 2):
                operation.post(0, lambda: {"token": oscar["token"], "action_type": action,
                                           "to_user_id": carl["user_id"]})
            operation.post(10002, lambda: {"token": oscar["token"], "action_type": 3,
                                           "to_user_id": carl["user_id"]})
            operation.post(10004, lambda: {"to_user_id": carl["user_id"], "action_type": 1})
            operation.post(10010, lambda: {"token": oscar["token"], "to_user_id": NOBODY,
                                           "action_type": 1})
            operation.post(10011, lambda: {"token": oscar["token"], "action_type": 1,
                                           "to_user_id": oscar["user_id"]})

    def test_getBlocks(self):
        token = the_world.oscar["token"]
        with Operation("getBlocks") as operation:
            page = operation.get(0, token=token, count=1)
            self.assertEqual([user["id"] for user in page["user_list"]], [the_world.bob["user_id"]])
            page = operation.get(0, token=token, cursor=page["next_cursor"])
            self.assertEqual([user["id"] for user in page["user_list"]], [the_world.alice["user_id"]])
            operation.get(10002, token=token, count=0)
            operation.get(10004, user_id=the_world.oscar["user_id"])

    def assert_user_list(self, operation_id):
        alice = the_world.alice
        with Operation(operation_id) as operation:
            page = operation.get(0, token=alice["token"])
            self.assertEqual(len(page["user_list"]), 1)
            operation.get(0, user_id=alice["user_id"], count=1)
            operation.get(10002, user_id=0)
            operation.get(10004)
            operation.get(10004, user_id=alice["user_id"], token="bad")

    def test_getFollows(self):
        self.assert_user_list("getFollows")

    def test_getFollowers(self):
        self.assert_user_list("getFollowers")

    def test_getFriends(self):
        self.assert_user_list("getFriends")


class Messages(unittest.TestCase):
    def test_sendMessage(self):
        alice, bob = the_world.alice, the_world.bob

        def send(**others):
            return lambda: {"token": alice["token"], "to_user_id": bob["user_id"],
                            "action_type": 1, "content": "你好 😀", **others}

        with Operation("sendMessage") as operation:
            operation.post(0, send())
            operation.post(0, send(request_id="again"))
            operation.post(10002, send(content=""))
            operation.post(10002, send(action_type=2))
            operation.post(10004, send(token=""))
            operation.post(10010, send(to_user_id=NOBODY))
            operation.post(10011, send(to_user_id=alice["user_id"]))
            operation.post(10017, send(to_user_id=the_world.oscar["user_id"]))

    def test_getMessages(self):
        alice, bob = the_world.alice, the_world.bob
        with Operation("getMessages") as operation:
            messages = operation.get(0, token=alice["token"], to_user_id=bob["user_id"])
            newest = messages["message_list"][-1]["create_time"]
            operation.get(0, token=alice["token"], to_user_id=bob["user_id"],
                          pre_msg_time=newest, both=1)
            operation.get(10002, token=alice["token"])
            operation.get(10004, to_user_id=bob["user_id"])

    def test_getConversations(self):
        alice, bob = the_world.alice, the_world.bob
        with Operation("getConversations") as operation:
            conversations = operation.get(0, token=alice["token"])["conversation_list"]
            self.assertEqual([entry["user"]["id"] for entry in conversations], [bob["user_id"]])
            below = operation.get(0, token=alice["token"], count=1,
                                  cursor=conversations[0]["message"]["id"])
            self.assertEqual(below["conversation_list"], [])
            operation.get(10002, token=alice["token"], count=0)
            operation.get(10004)

    async def _hear(self, channel, kind):
        while True:
            event = json.loads(await asyncio.wait_for(channel.recv(), server.TIMEOUT))
            errors = DESCRIPTION.errors(event, {"$ref": "#/components/schemas/PushEvent"})
            self.assertEqual(errors, [], event)
            if event["type"] == kind:
                return event

    async def _say(self, channel, **command):
        errors = DESCRIPTION.errors(command, {"$ref": "#/components/schemas/PushCommand"})
        self.assertEqual(errors, [], command)
        await channel.send(json.dumps(command))

    async def _talk(self, url):
        alice, bob = the_world.alice, the_world.bob
        async with websockets.connect(f"{url}?token={alice['token']}") as hers, \
                websockets.connect(f"{url}?token={bob['token']}") as his:
            await self._say(hers, type="send", ref=1, to_user_id=bob["user_id"], content="Hi",
                            request_id="a")
            sent = await self._hear(hers, "message")
            self.assertEqual(await self._hear(his, "message"), sent)
            self.assertEqual((await self._hear(hers, "answer"))["message"], sent["message"])
            await self._say(his, type="read", ref="r", user_id=alice["user_id"],
                            time=sent["message"]["create_time"])
            self.assertEqual((await self._hear(hers, "read"))["user_id"], bob["user_id"])
            self.assertEqual((await self._hear(his, "answer"))["ref"], "r")
            await self._say(his, type="send", to_user_id=bob["user_id"], content="Me")
            self.assertEqual((await self._hear(his, "answer"))["status_code"], 10011)
            await his.send("garbage")
            self.assertEqual((await self._hear(his, "answer"))["status_code"], 10005)

    def test_openWebSocket(self):
        with Operation("openWebSocket") as operation:
            asyncio.run(self._talk(f"ws://{the_server.host}{operation.path}"))
            operation.http_codes.add("101")
            operation.get(10004)
            operation.see(the_server.request(
                "GET", f"{operation.path}?token={the_world.alice['token']}"), 400, 10005)


class Media(unittest.TestCase):
    def local(self, url):
        return url.removeprefix(the_server.url)

    def test_getMedia(self):
        path = self.local(the_world.video["play_url"])
        with Operation("getMedia") as operation:
            whole = operation.see(the_server.request("GET", path), 200)
            operation.see(the_server.request(
                "GET", self.local(the_world.video["cover_url"])), 200)
            part = operation.see(the_server.request("GET", path, headers={
                "Range": "bytes=0-9"}), 206)
            self.assertEqual(part.body, whole.body[:10])
            operation.see(the_server.request("GET", path.replace(".mp4", ".webm")), 302)
            operation.see(the_server.request("GET", path, headers={
                "If-None-Match": whole.headers["ETag"]}), 304)
            operation.see(the_server.request("GET", "/media/video/00/1.mp4"), 404, 10010)
            operation.see(the_server.request("GET", path, headers={
                "Range": "bytes=99999999-"}), 416)

    def test_headMedia(self):
        path = self.local(the_world.video["play_url"])
        with Operation("headMedia") as operation:
            head = operation.see(the_server.request("HEAD", path), 200)
            operation.see(the_server.request("HEAD", path, headers={
                "If-None-Match": head.headers["ETag"]}), 304)
            operation.see(the_server.request("HEAD", path.replace(".mp4", ".webm")), 302)
            operation.see(the_server.request("HEAD", "/media/video/00/1.mp4"), 404)

    def assert_picture(self, url, get, head):
        path = self.local(url)
        with Operation(get) as operation:
            operation.see(the_server.request("GET", path), 200)
            operation.see(the_server.request("GET", path.replace(".png", ".jpg")), 404, 10010)
        with Operation(head) as operation:
            operation.see(the_server.request("HEAD", path), 200)
            operation.see(the_server.request("HEAD", path.replace(".png", ".jpg")), 404)

    def test_getDefaultAvatar(self):
        self.assert_picture(the_world.video["author"]["avatar"], "getDefaultAvatar",
                            "headDefaultAvatar")

    test_headDefaultAvatar = test_getDefaultAvatar

    def test_getDefaultBackground(self):
        self.assert_picture(the_world.video["author"]["background_image"], "getDefaultBackground",
                            "headDefaultBackground")

    test_headDefaultBackground = test_getDefaultBackground


class TheServer(unittest.TestCase):
    def assert_alive(self, get, head):
        with Operation(get) as operation:
            operation.see(the_server.request("GET", operation.path), 200, 0)
        with Operation(head) as operation:
            operation.see(the_server.request("HEAD", operation.path), 200)

    def test_ping(self):
        self.assert_alive("ping", "headPing")

    def test_getHealth(self):
        self.assert_alive("getHealth", "headHealth")

    def test_getReadiness(self):
        self.assert_alive("getReadiness", "headReadiness")

    test_headPing, test_headHealth, test_headReadiness = test_ping, test_getHealth, test_getReadiness

    def test_getMetrics(self):
        with Operation("getMetrics") as operation:
            operation.see(the_server.request("GET", "/metrics"), 200)
            operation.see(the_server.request("GET", "/metrics", headers={
                "X-Forwarded-For": "192.0.2.1"}), 404, 10010)
        with Operation("headMetrics") as operation:
            operation.see(the_server.request("HEAD", "/metrics"), 200)

    test_headMetrics = test_getMetrics

    def assert_files(self, get, head, paths):
        with Operation(get) as operation, Operation(head) as head_operation:
            for path in paths:
                whole = operation.see(the_server.request("GET", path), 200)
                known = {"If-None-Match": whole.headers["ETag"]}
                operation.see(the_server.request("GET", path, headers=known), 304)
                head_operation.see(the_server.request("HEAD", path), 200)
                head_operation.see(the_server.request("HEAD", path, headers=known), 304)
            if "404" in operation.operation["responses"] and paths[0] != "/":
                operation.see(the_server.request("GET", f"{paths[0]}x"), 404, 10010)
                head_operation.see(the_server.request("HEAD", f"{paths[0]}x"), 404)
        return whole

    def test_getDescription(self):
        served = self.assert_files("getDescription", "headDescription", ["/openapi.json"])
        self.assertEqual(json.loads(served.body), DESCRIPTION.document)

    def test_getDocs(self):
        page = self.assert_files("getDocs", "headDocs", ["/docs"])
        policy = page.headers["Content-Security-Policy"]
        self.assertIn("default-src 'none'", policy)
        self.assertNotIn("unsafe", policy)
        for url in re.findall(rb'(?:src|href)="([^"#]+)"', page.body):
            self.assertEqual(the_server.request("GET", url.decode()).code, 200, url)

    def test_getDocsFile(self):
        path, _, _ = DESCRIPTION.find("getDocsFile")
        files = DESCRIPTION.document["paths"][path]["parameters"][0]["schema"]["enum"]
        self.assert_files("getDocsFile", "headDocsFile", [f"/docs/{file}" for file in files])

    test_headDescription, test_headDocs, test_headDocsFile = (
        test_getDescription, test_getDocs, test_getDocsFile)


class Web(unittest.TestCase):
    """The web client's files, all of them."""

    def assert_web(self, get, head):
        path, _, _ = DESCRIPTION.find(get)
        TheServer.assert_files(self, get, head, find_routes(the_server.list_routes(), path))

    def test_getWebClient(self):
        self.assert_web("getWebClient", "headWebClient")

    def test_getWebFile(self):
        self.assert_web("getWebFile", "headWebFile")

    def test_getWebStyle(self):
        self.assert_web("getWebStyle", "headWebStyle")

    def test_getWebScript(self):
        self.assert_web("getWebScript", "headWebScript")

    def test_getWebModule(self):
        self.assert_web("getWebModule", "headWebModule")

    test_headWebClient, test_headWebFile, test_headWebStyle = (
        test_getWebClient, test_getWebFile, test_getWebStyle)
    test_headWebScript, test_headWebModule = test_getWebScript, test_getWebModule


class Everything(unittest.TestCase):
    def test_every_operation_has_a_test(self):
        tested = {name.removeprefix("test_") for case in (
            Users, Videos, Comments, Reports, Relations, Messages, Media, TheServer, Web) for name in dir(case)}
        described = {operation["operationId"] for _, _, operation in DESCRIPTION.operations()}
        self.assertEqual(described - tested, set())

    def test_router_and_description_agree(self):
        served = the_server.list_routes()
        described = {}
        for path, method, _ in DESCRIPTION.operations():
            described.setdefault(path, set()).add(method.upper())

        missing = dict(served)
        for path, methods in described.items():
            routes = find_routes(served, path)
            self.assertNotEqual(routes, [], f"{path} is not served")
            for route in routes:
                self.assertIn(route, served, f"{path} is not served")
                self.assertEqual(served[route], methods, path)
                missing.pop(route, None)
        self.assertEqual(missing, {}, "not described")


if __name__ == "__main__":
    tap.main()
