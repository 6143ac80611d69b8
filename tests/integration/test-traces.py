# SPDX-License-Identifier: Apache-2.0
"""Traces of a real server, at a collector that is there, hangs, refuses or is not there yet."""

import json
import os
import pathlib
import re
import secrets
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import collector
import server
import surroundings
import tap

CLIENT = collector.KINDS["CLIENT"]
SERVER = collector.KINDS["SERVER"]
# More than one gateway keeps for a collector that does not take them: 512 on their way, 2048 in the queue.
N_TOO_MANY = 4000
# Requests that are sent before any answer is read.
N_PIPELINED = 500
# Requests whose calls are to travel together, and the calls of one method that are under way at a time
# (dou-backend.c).
N_TOGETHER = 12
N_CALLS = 2


def make_file(*arguments, suffix):
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / ("file" + suffix)
        subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=64x64:rate=5",
                        *arguments, "-y", path], check=True, timeout=server.TIMEOUT)
        return path.read_bytes()


def make_video():
    return make_file("-t", "1", "-c:v", "libx264", "-pix_fmt", "yuv420p", suffix=".mp4")


def configure(url, sample):
    return f"[limits]\nrate-limits=off\n[trace]\nendpoint={url}\nsample={sample}\n"


class Parent:
    """Whoever asks, and wants to see what becomes of it."""

    traces = set()

    def __init__(self, flags="01"):
        self.trace = secrets.token_hex(16)
        self.span = secrets.token_hex(8)
        self.headers = {"traceparent": f"00-{self.trace}-{self.span}-{flags}"}
        Parent.traces.add(self.trace)


def start(url, sample, log, environment=None):
    return server.Server(configure(url, sample), log, environment=environment)


def register(running, name, headers=None):
    answer = running.request("POST", f"/douyin/user/register/?username={name}&password=secret", headers=headers)
    return json.loads(answer.body)


def publish(running, token):
    body, kind = server.multipart({"token": token, "title": "a film"}, {"data": ("a.mp4", make_video())})
    return json.loads(running.request("POST", "/douyin/publish/action/", body, {"Content-Type": kind}).body)


def read_metric(running, name, **labels):
    """Of all processes together; 0 if there is none."""
    wanted = ",".join(f'{key}="{value}"' for key, value in labels.items())
    text = running.request("GET", "/metrics").body.decode()
    return sum(float(value) for found, value in re.findall(rf"^{name}\{{(.*)\}} (\S+)$", text, re.M)
               if wanted in found)


def wait_for_metric(running, name, is_right, **labels):
    deadline = time.monotonic() + server.TIMEOUT
    while not is_right(value := read_metric(running, name, **labels)):
        assert time.monotonic() < deadline, f"{name} is {value}"
        time.sleep(0.05)
    return value


def count_spans(running, outcome):
    return read_metric(running, "doutok_trace_spans_total", outcome=outcome)


def wait_for_count(running, outcome, is_right):
    return wait_for_metric(running, "doutok_trace_spans_total", is_right, outcome=outcome)


def connect(running):
    host, port = running.host.split(":")
    return socket.create_connection((host, int(port)), timeout=server.TIMEOUT)


def read_answer(stream):
    """The first line of the answer, which is read to its end."""
    first = stream.readline()
    length = 0
    while (line := stream.readline()) != b"\r\n":
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    stream.read(length)
    return first


class Wanted(unittest.TestCase):
    """Only those are seen who want to be."""

    @classmethod
    def setUpClass(cls):
        cls.collector = collector.Collector()
        cls.addClassCleanup(cls.collector.stop)
        cls.collector.start()
        cls.server = start(cls.collector.url, 0, None)
        cls.addClassCleanup(cls.server.stop)
        cls.user = register(cls.server, "alice")

    def tearDown(self):
        self.assertLessEqual({span.trace for span in self.collector.get_spans()}, Parent.traces)

    def _assert_whole(self, spans, parent):
        """Every span has its parent among them, but for the first one, whose parent asked."""
        by_id = {span.id: span for span in spans}
        self.assertEqual(len(by_id), len(spans))
        first, = (span for span in spans if span.parent == parent.span)
        for span in spans:
            if span is not first:
                self.assertIn(span.parent, by_id, span)
        return first, by_id

    def test_feed(self):
        """Test that the trace of a feed leads from the gateway to the services and into their SQL."""
        self.assertEqual(publish(self.server, self.user["token"])["status_code"], 0)
        parent = Parent()
        answer = self.server.request("GET", "/douyin/feed/?token=" + self.user["token"],
                                     headers={**parent.headers, "X-Request-Id": "walk-1"})
        self.assertEqual(len(json.loads(answer.body)["video_list"]), 1)

        def is_enough(spans):
            handled = {span.parent for span in spans if span.kind == SERVER}
            calls = {span.id for span in spans if span.kind == CLIENT and span.service == "doutok-gateway"}
            asked = {span.service for span in spans if "db.query.summary" in span.attributes}
            return ("GET /douyin/feed" in {span.name for span in spans} and calls <= handled
                    and asked >= {"doutok-user", "doutok-video", "doutok-social"})

        spans = self.collector.wait_for(is_enough, parent.trace)
        root, by_id = self._assert_whole(spans, parent)
        self.assertEqual((root.service, root.name, root.kind, root.has_failed),
                         ("doutok-gateway", "GET /douyin/feed", SERVER, False))
        self.assertEqual(root.attributes, {"http.request.method": "GET", "http.route": "/douyin/feed",
                                           "http.response.status_code": 200, "doutok.request_id": "walk-1"})
        for method in ("Video1/GetFeed", "Video1/GetVideos", "User1/GetUsers", "Social1/GetVideoCounts"):
            self._assert_call(spans, root, method)
        for span in spans:
            if "db.system.name" in span.attributes:
                self.assertEqual(by_id[span.parent].kind, SERVER)
                self.assertNotEqual(span.service, "doutok-gateway")
        self.assertNotIn(self.user["token"], repr(spans))

    def _assert_call(self, spans, root, method):
        service = "doutok-" + method.partition("1")[0].lower()
        call, = (span for span in spans if span.name == "org.doutok." + method and span.kind == CLIENT)
        self.assertEqual((call.service, call.parent, call.links), ("doutok-gateway", root.id, []))
        handled, = (span for span in spans if span.parent == call.id)
        self.assertEqual((handled.service, handled.name, handled.kind, handled.pid),
                         (service, call.name, SERVER, self.server.find_processes(service)[0]))
        for span in (call, handled):
            self.assertEqual(span.attributes["doutok.batch.items"], 1)
        # The newest page is in the service's memory.
        if method != "Video1/GetFeed":
            statement = next(span for span in spans if span.parent == handled.id)
            self.assertEqual((statement.service, statement.kind), (service, CLIENT))
            self.assertEqual(statement.attributes["db.system.name"], surroundings.ENGINE)
            self.assertEqual(statement.attributes["doutok.batch.items"], 1)
            # Nobody has liked it, so there is nothing to count.
            self.assertEqual(statement.attributes["db.response.returned_rows"], int(service != "doutok-social"))

    def test_nobody(self):
        """Test that nobody is seen who does not want to be, nor who knows not how to say it."""
        wrong = Parent().headers["traceparent"]
        for headers in ({}, Parent(flags="00").headers, {"traceparent": wrong.upper()},
                        {"traceparent": wrong + "-00"}, {"traceparent": "ff" + wrong[2:]}):
            self.server.request("GET", "/ping", headers=headers)
        last = Parent()
        self.server.request("GET", "/nothing/here", headers=last.headers)
        span, = self.collector.wait_for(lambda spans: spans, last.trace)
        self.assertEqual((span.name, span.parent, span.attributes["http.response.status_code"]),
                         ("GET", last.span, 404))
        self.assertNotIn("GET /ping", {span.name for span in self.collector.get_spans()})

    def test_writes(self):
        """Test that a trace goes on where a service goes on with what has taken time: hashes and commits."""
        parent = Parent()
        self.assertEqual(register(self.server, "bob", parent.headers)["status_code"], 0)
        spans = self.collector.wait_for(
            lambda spans: {"POST /douyin/user/register", "COMMIT"} <= {span.name for span in spans}
            and "doutok-user" in {span.service for span in spans if span.kind == SERVER}, parent.trace)
        root, _ = self._assert_whole(spans, parent)
        self.assertEqual(root.attributes["doutok.status_code"], 0)
        handled, = (span for span in spans if span.kind == SERVER and span.service == "doutok-user")
        self.assertEqual(handled.name, "org.doutok.User1/Register")
        statements = [span.attributes for span in spans if span.parent == handled.id]
        self.assertEqual({attributes["db.system.name"] for attributes in statements}, {surroundings.ENGINE})
        self.assertIn(1, {attributes.get("doutok.changed_rows") for attributes in statements})
        self.assertIn(1, {attributes.get("doutok.batch.jobs") for attributes in statements})

    def _wait_for_handled(self, parent, root, *calls):
        """The spans of a request and its calls: the last ones of every process are those of its own end."""
        spans = self.collector.wait_for(
            lambda spans: root in {span.name for span in spans}
            and {*calls} <= {span.name for span in spans if span.kind == SERVER}, parent.trace)
        first, by_id = self._assert_whole(spans, parent)
        self.assertEqual((first.name, first.attributes["doutok.status_code"]), (root, 0))
        return first, by_id, [span for call in calls for span in spans if (span.name, span.kind) == (call, SERVER)]

    def _assert_imported(self, path, form, file, content, method):
        """What a form has in a file is in its trace: the call that carries it, ffmpeg, and the row."""
        parent = Parent()
        body, kind = server.multipart({"token": self.user["token"], **form}, {file: ("a", content)})
        self.assertEqual(json.loads(self.server.request(
            "POST", path + "/", body, {"Content-Type": kind, **parent.headers}).body)["status_code"], 0)
        root, by_id, (handled,) = self._wait_for_handled(parent, "POST " + path, "org.doutok.Video1/" + method)
        call = by_id[handled.parent]
        self.assertEqual((call.service, call.kind, call.name, call.parent),
                         ("doutok-gateway", CLIENT, handled.name, root.id))
        for span in (call, handled):
            self.assertEqual(span.attributes["doutok.batch.items"], 1)
        below = {span.name: span for span in by_id.values() if span.parent == handled.id}
        self.assertEqual((below["import"].service, below["import"].kind, below["import"].has_failed),
                         ("doutok-video", collector.KINDS["INTERNAL"], False))
        self.assertGreaterEqual(below["COMMIT"].begun, below["import"].ended)

    def test_files(self):
        """Test that calls that carry files are in the trace, with what becomes of the files."""
        picture = make_file("-frames:v", "1", suffix=".png")
        self._assert_imported("/douyin/publish/action", {"title": "a film"}, "data", make_video(), "Publish")
        self._assert_imported("/douyin/user/update", {}, "avatar", picture, "ImportPictures")

    def test_services(self):
        """Test that a call that a service makes of another one is in the trace."""
        carol = register(self.server, "carol")
        self.assertEqual(publish(self.server, carol["token"])["status_code"], 0)
        video, = json.loads(self.server.request("GET", "/douyin/publish/list/?" + server.form(
            user_id=carol["user_id"], token=carol["token"])).body)["video_list"]
        parent = Parent()
        self.server.request("POST", "/douyin/publish/delete/?" + server.form(
            video_id=video["id"], token=carol["token"]), headers=parent.headers)
        root, by_id, (deleted, removed) = self._wait_for_handled(
            parent, "POST /douyin/publish/delete", "org.doutok.Video1/DeleteVideos",
            "org.doutok.Social1/RemoveVideos")
        call = by_id[removed.parent]
        self.assertEqual((call.service, call.kind, call.name, call.parent),
                         ("doutok-video", CLIENT, removed.name, deleted.id))
        self.assertEqual(by_id[deleted.parent].parent, root.id)
        self.assertIn("COMMIT", {span.name for span in by_id.values() if span.parent == removed.id})

    def test_together(self):
        """Test that a call for many requests is in the trace of one, and linked with all the others."""
        # Whose token it is, is known from now on.
        self.server.request("GET", self._find_user(1))
        n_calls = read_metric(self.server, "doutok_bus_batch_items_count", method="User1.GetUsers")
        service = self.server.find_processes("doutok-user")[0]
        parents = [Parent() for _ in range(N_TOGETHER)]
        connections = []
        os.kill(service, signal.SIGSTOP)
        try:
            for i, parent in enumerate(parents):
                connections.append(connect(self.server))
                connections[i].sendall(f"GET {self._find_user(1000 + i)} HTTP/1.1\r\nHost: a\r\n"
                                       f"traceparent: {parent.headers['traceparent']}\r\n\r\n".encode())
                if i < N_CALLS:
                    wait_for_metric(self.server, "doutok_bus_batch_items_count", lambda n: n == n_calls + i + 1,
                                    method="User1.GetUsers")
            wait_for_metric(self.server, "doutok_bus_queue_items", lambda n: n == N_TOGETHER - N_CALLS,
                            method="User1.GetUsers")
        finally:
            os.kill(service, signal.SIGCONT)
        for connection in connections:
            with connection, connection.makefile("rb") as stream:
                self.assertTrue(read_answer(stream).startswith(b"HTTP/1.1 "))

        def find_calls(spans):
            return [span for span in spans if span.name == "org.doutok.User1/GetUsers" and span.kind == CLIENT
                    and span.trace in {parent.trace for parent in parents}]

        def find_roots(spans):
            return {(span.trace, span.id) for parent in parents for span in spans if span.parent == parent.span}

        spans = self.collector.wait_for(
            lambda spans: len(find_roots(spans)) == N_TOGETHER
            and sum(span.attributes["doutok.batch.requests"] for span in find_calls(spans)) == N_TOGETHER)
        calls = find_calls(spans)
        self.assertEqual(len(calls), N_CALLS + 1)
        served = []
        for call in calls:
            self.assertEqual(len(call.links), call.attributes["doutok.batch.requests"] - 1)
            served += [(call.trace, call.parent), *call.links]
        self.assertEqual(len(served), N_TOGETHER)
        self.assertEqual(set(served), find_roots(spans))

    def _find_user(self, number):
        return "/douyin/user/?" + server.form(user_id=number, token=self.user["token"])


class All(unittest.TestCase):
    """A share of one: all are seen who do not say otherwise, and the collector is not always there."""

    def _start(self, url):
        self.log = tempfile.TemporaryFile("w+", encoding="utf-8")
        self.addCleanup(self.log.close)
        # The server warns of the collector.
        self.server = start(url, 1, self.log, {"G_DEBUG": "fatal-criticals"})
        self.addCleanup(self.server.stop)

    def _pipeline(self, n_requests, head):
        """Sends many requests over one connection and reads their answers."""
        with connect(self.server) as connection, connection.makefile("rb") as stream:
            for begun in range(0, n_requests, N_PIPELINED):
                n = min(N_PIPELINED, n_requests - begun)
                connection.sendall(head * n)
                for _ in range(n):
                    self.assertEqual(read_answer(stream), b"HTTP/1.1 200 OK\r\n")

    def test_hung(self):
        """Test that nobody waits for a collector that takes connections and says nothing."""
        with socket.create_server(("127.0.0.1", 0)) as deaf:
            self._start(f"http://127.0.0.1:{deaf.getsockname()[1]}/v1/traces")
            self.assertEqual(register(self.server, "alice")["status_code"], 0)
            self._pipeline(N_TOO_MANY, b"GET /ping HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertGreater(count_spans(self.server, "dropped"), 0)
            self.assertEqual(count_spans(self.server, "exported"), 0)
            self.assertEqual(register(self.server, "bob")["status_code"], 0)

    def test_down(self):
        """Test that spans are counted that no collector took, with one line in the log, and one when it does;
        and that who has decided about a trace already is heard."""
        target = collector.Collector()
        self.addCleanup(target.stop)
        self._start(target.url)
        for _ in range(5):
            self.assertEqual(self.server.request("GET", "/ping").code, 200)
        dropped = wait_for_count(self.server, "dropped", lambda n: n >= 5)
        target.code = 503
        target.start()
        wait_for_count(self.server, "dropped", lambda n: n > dropped)
        self.assertEqual(count_spans(self.server, "exported"), 0)
        target.code = 200

        unwanted, wrong, last = Parent(flags="00"), Parent(), Parent()
        for value in (unwanted.headers["traceparent"], wrong.headers["traceparent"] + "-00",
                      f"{wrong.headers['traceparent']}\r\ntraceparent: {wrong.headers['traceparent']}",
                      last.headers["traceparent"]):
            self._pipeline(1, f"GET /douyin/feed/ HTTP/1.1\r\nHost: a\r\ntraceparent: {value}\r\n\r\n".encode())
        spans = target.wait_for(lambda spans: last.trace in {span.trace for span in spans
                                                             if span.name == "GET /douyin/feed"})
        spans = [span for span in spans if span.name == "GET /douyin/feed"]
        self.assertEqual([span.parent for span in spans], [None, None, last.span])
        self.assertFalse({unwanted.trace, wrong.trace} & {span.trace for span in spans})
        wait_for_count(self.server, "exported", lambda n: n > 0)

        self.log.seek(0)
        lines = [line for line in self.log.read().splitlines() if " gateway[" in line and "Traces" in line]
        self.assertEqual(len(lines), 2, lines)
        self.assertIn(target.url, lines[0])
        self.assertIn("again", lines[1])


if __name__ == "__main__":
    tap.main()
