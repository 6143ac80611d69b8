# SPDX-License-Identifier: Apache-2.0
"""A server with users, videos and messages, and an operation of the interface description while it is tested on
it."""

import http.client
import json
import os
import pathlib
import re
import socket
import subprocess

import openapi
import server

ROOT = pathlib.Path(os.environ["G_TEST_SRCDIR"]).parent
DESCRIPTION = openapi.Description.load(ROOT / "data" / "openapi.json")

# Faults of the server, which it has none of, and what a server of its own is needed for.
FAULTS = {10001, 10007}
HTTP_ELSEWHERE = {"408", "429", "503", "default"}

# More parameters than any request may have: 10002 wherever it is said.
TOO_MANY = "&".join(f"p{i}=1" for i in range(33))
# An id that is nobody's.
NOBODY = 1
# Who has been banned is told so wherever a token is taken.
BANNED = 10016

the_server = None
the_world = None


def make_video(seconds=1):
    return subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi",
         "-i", f"testsrc=size=320x240:rate=10:duration={seconds}", "-c:v", "libx264",
         "-pix_fmt", "yuv420p", "-f", "mp4", "-movflags", "frag_keyframe+empty_moov", "-"],
        stdout=subprocess.PIPE, check=True).stdout


def make_picture():
    return subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc=size=64x64",
         "-frames:v", "1", "-c:v", "png", "-f", "image2pipe", "-"],
        stdout=subprocess.PIPE, check=True).stdout


class World:
    """Two users who follow each other, and a video of the first; a third one who blocks both, and has a
    video with a comment, too."""

    def __init__(self):
        self.video_file = make_video()
        self.alice = self.register("alice")
        self.bob = self.register("bob")
        self.mallory = self.register("mallory")
        banned = the_server.run("user", "ban", "mallory")
        assert banned.returncode == 0, banned.stderr
        self.publish(self.alice)
        self.video = self.get_works(self.alice)[0]
        for user, other in ((self.alice, self.bob), (self.bob, self.alice)):
            self._post("/douyin/relation/action/", {
                "token": user["token"], "to_user_id": other["user_id"], "action_type": 1})
        self._post("/douyin/favorite/action/", {
            "token": self.bob["token"], "video_id": self.video["id"], "action_type": 1})
        self._post("/douyin/message/action/", {
            "token": self.bob["token"], "to_user_id": self.alice["user_id"], "action_type": 1,
            "content": "Hello Alice"})
        self.oscar = self.register("oscar")
        self.publish(self.oscar)
        self.hidden_video = self.get_works(self.oscar)[0]
        self.hidden_comment = self.comment(self.oscar, self.hidden_video)
        for user in (self.alice, self.bob):
            self._post("/douyin/relation/block/", {
                "token": self.oscar["token"], "to_user_id": user["user_id"], "action_type": 1})

    def comment(self, user, video=None):
        return self._post("/douyin/comment/action/", {
            "token": user["token"], "video_id": (video or self.video)["id"], "action_type": 1,
            "comment_text": "What a cat!"})["comment"]["id"]

    def register(self, name):
        return self._post("/douyin/user/register/", {"username": name, "password": "secret"})

    def publish(self, user):
        self._post("/douyin/publish/action/", {"token": user["token"], "title": "My cat"},
                   {"data": ("cat.mp4", self.video_file)})

    def get_works(self, user):
        return self._get("/douyin/publish/list/", user_id=user["user_id"])["video_list"]

    def _post(self, path, fields, files=None):
        body, media_type = server.multipart(fields, files or {})
        return self._read(the_server.request("POST", path, body, {"Content-Type": media_type}))

    def _get(self, path, **parameters):
        return self._read(the_server.request("GET", f"{path}?{server.form(**parameters)}"))

    @staticmethod
    def _read(answer):
        value = json.loads(answer.body)
        assert value["status_code"] == 0, value
        return value


def start(configuration):
    """The server, and the world on it."""
    global the_server, the_world
    the_server = server.Server(configuration)
    the_world = World()
    return the_server, the_world


def exchange_raw(host, text, method="GET"):
    """The answer to bytes that need not be a request."""
    name, port = host.split(":")
    with socket.create_connection((name, int(port)), server.TIMEOUT) as connection:
        connection.sendall(text.encode())
        response = http.client.HTTPResponse(connection, method=method)
        response.begin()
        return server.Answer(response)


def find_routes(served, path):
    """The routes that a described path stands for: itself, the files of a template, or a prefix."""
    if "{" not in path:
        return [path.rstrip("/") or "/"]
    parameters = {parameter["name"]: parameter["schema"] for parameter in map(
        DESCRIPTION.resolve, DESCRIPTION.document["paths"][path]["parameters"])
        if parameter["in"] == "path"}
    pattern = path
    for name, schema in parameters.items():
        values = "|".join(map(re.escape, schema.get("enum", []))) or "[^/]+"
        pattern = pattern.replace(f"{{{name}}}", f"({values})")
    files = [route for route in served if "*" not in route and re.fullmatch(pattern, route)]
    prefixes = [route for route in served if route.endswith("*") and path.startswith(route[:-1])]
    return files or sorted(prefixes, key=len)[-1:]


class Operation:
    """An operation while it is tested."""

    def __init__(self, operation_id):
        self.path, self.method, self.operation = DESCRIPTION.find(operation_id)
        self.codes = set()
        self.http_codes = set()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if error is None:
            self._provoke_http_codes()
            if BANNED in DESCRIPTION.refusal_codes(self.operation):
                self._provoke_ban()
            self._assert_all_seen()

    def find_example(self):
        """A path that is served: for a template that of a file, or anything below a prefix."""
        routes = find_routes(the_server.list_routes(), self.path)
        return routes[0].replace("*", "x")

    def _provoke_http_codes(self):
        path = self.find_example()
        method = self.method.upper()
        self.http_codes.add("default" if method == "HEAD" else "405")
        if method != "HEAD":
            other = "GET" if method == "POST" else "POST"
            self.see(the_server.request(other, path), 405)
            self.see(the_server.request(method, f"{path}?{TOO_MANY}"), 200, 10002)
        self.see(exchange_raw(the_server.host, f"{method} {path} HTTP/1.1\r\n\r\n", method), 400)
        self.see(exchange_raw(the_server.host,
                              f"{method} {path} HTTP/1.1\r\nHost: x\r\n"
                              "Content-Type: multipart/form-data; boundary=x\r\n"
                              "Content-Length: 9999999999\r\n\r\n", method), 413)

    def _provoke_ban(self):
        """What the operation says to who has been banned."""
        query = server.form(token=the_world.mallory["token"], username="mallory", password="secret")
        if self.operation["operationId"] == "publish":
            body, media_type = server.multipart({}, {"data": ("cat.mp4", the_world.video_file)})
            answer = the_server.request("POST", f"{self.path}?{query}", body,
                                        {"Content-Type": media_type})
        else:
            answer = the_server.request(self.method.upper(), f"{self.path}?{query}")
        value = self.see(answer, 200, BANNED)
        assert value["status_msg"] == "this account has been banned", value

    def _assert_all_seen(self):
        described = DESCRIPTION.refusal_codes(self.operation) - FAULTS
        assert self.codes - {0} >= described, f"not seen: {described - self.codes}"
        described = set(self.operation["responses"]) - HTTP_ELSEWHERE
        assert self.http_codes >= described, f"not seen: {described - self.http_codes}"

    def see(self, answer, http_code, status_code=None):
        """Takes an answer, which must be described."""
        DESCRIPTION.check_answer(self.operation, answer)
        assert answer.code == http_code, f"{answer.code} instead of {http_code}: {answer.body}"
        self.http_codes.add(str(http_code))
        if status_code is None:
            return answer
        value = json.loads(answer.body)
        assert value["status_code"] == status_code, value
        self.codes.add(status_code)
        return value

    def get(self, status_code, **parameters):
        """With parameters in the query, and again in the body."""
        query, path = server.form(**parameters), self.path.rstrip("/")
        self.see(the_server.request("GET", path, query, {
            "Content-Type": "application/x-www-form-urlencoded"}), 200, status_code)
        return self.see(the_server.request("GET", f"{path}/?{query}"), 200, status_code)

    def post(self, status_code, parameters):
        """Once for each place that parameters can stand in; `parameters` makes them each time."""
        value = self.see(the_server.request("POST", f"{self.path}?{server.form(**parameters())}"),
                         200, status_code)
        self.see(the_server.request("POST", self.path, server.form(**parameters()), {
            "Content-Type": "application/x-www-form-urlencoded"}), 200, status_code)
        body, media_type = server.multipart(parameters(), {})
        self.see(the_server.request("POST", self.path.rstrip("/"), body, {
            "Content-Type": media_type}), 200, status_code)
        return value

    def upload(self, http_code, status_code, fields, files, query=""):
        body, media_type = server.multipart(fields, files)
        return self.see(the_server.request("POST", self.path + query, body, {
            "Content-Type": media_type}), http_code, status_code)
