# SPDX-License-Identifier: Apache-2.0
"""What is acknowledged is on the disk first: strace(1) watches all processes while a client writes one
thing after the other, and the trace is read in its order. Between the request that a gateway reads and the
answer that it sends there must be a write to the log of the database concerned, and after the last such
write an fsync(2) or fdatasync(2) of that log that has returned 0."""

import json
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import server
import tap

TIMEOUT = 60
UNLIMITED = "[limits]\nrate-limits=off\n"
CALLS = ("read,readv,recvfrom,recvmsg,write,writev,sendto,sendmsg,"
         "pwrite64,pwritev,pwritev2,fsync,fdatasync")
READS = ("read", "readv", "recvfrom", "recvmsg")
SENDS = ("write", "writev", "sendto", "sendmsg")
FILE_WRITES = ("write", "writev", "pwrite64", "pwritev", "pwritev2")
SYNCS = ("fsync", "fdatasync")


class Event:
    """A call, where it began and where it returned, as places in the trace. `end` is None for one that had
    not returned."""

    def __init__(self, start, name):
        self.start, self.name, self.text = start, name, ""
        self.end, self.result = None, None

    def finish(self, end, rest):
        self.text += rest
        self.end = end
        found = re.search(r"\) += (-?\d+)", rest)
        self.result = int(found.group(1)) if found else None

    def is_on(self, file):
        return re.match(rf"\d+<[^>]*{re.escape(file)}>", self.text) is not None


def parse(lines):
    """The events of a trace, as they began. What waits while another runs has two lines."""
    events, waiting = [], {}
    for place, line in enumerate(lines):
        begun = re.match(r"(\d+) +(\w+)\((.*)$", line)
        resumed = re.match(r"(\d+) +<\.\.\. (\w+) resumed>(.*)$", line)
        if begun:
            pid, name, text = begun.groups()
            event = Event(place, name)
            events.append(event)
            if text.endswith("<unfinished ...>"):
                event.text = text
                waiting[pid] = event
            else:
                event.finish(place, text)
        elif resumed and resumed.group(1) in waiting:
            waiting.pop(resumed.group(1)).finish(place, resumed.group(3))
    return events


def is_commit(event):
    """Whether this is the head of the frame in a log of SQLite that ends a transaction: a size of the
    database follows the number of the page."""
    found = re.search(r'"(.*)", 24, \d+', event.text)
    if event.name != "pwrite64" or found is None:
        return False
    head = found.group(1).encode("ascii").decode("unicode_escape").encode("latin-1")
    return len(head) == 24 and head[4:8] != bytes(4)


def find_fault(events, path, log, followed=False):
    """Why the first request for `path` was answered too early (None if it was not), and the events
    behind its answer. What is acknowledged may be `followed` by other writes of the service; then it is
    the first transaction that counts."""
    def is_request(event):
        return event.name in READS and f'"POST {path}' in event.text

    def is_answer(event):
        return event.name in SENDS and '"HTTP/1.1 200' in event.text

    first = next((i for i, event in enumerate(events) if is_request(event)), None)
    if first is None:
        return f"{path}: no request in the trace", events
    last = next((i for i in range(first, len(events)) if is_answer(events[i])), None)
    if last is None:
        return f"{path}: no answer in the trace", events
    answer, between, rest = events[last], events[first:last], events[last + 1:]
    writes = [e for e in between if e.name in FILE_WRITES and e.is_on(log)]
    if not writes:
        return f"{path}: nothing was written to {log} before the answer", rest
    needed = next((e for e in writes if is_commit(e)), writes[-1]) if followed else writes[-1]
    syncs = [e for e in between if e.name in SYNCS and e.is_on(log) and e.start > needed.start
             and e.result == 0 and e.end is not None and e.end < answer.start]
    if not syncs:
        return f"{path}: {log} was not synchronised before the answer", rest
    return None, rest


class Reading(unittest.TestCase):
    """That the trace is read as it should be: by traces that show the fault."""

    REQUEST = '7 recvfrom(5<socket:[1]>, "POST /x/?a=1 HTTP/1.1"..., 100, 0, NULL, NULL) = 100'
    WRITE = '9 pwrite64(8</s/a.db-wal>, "x", 4096, 0) = 4096'
    SYNC = '9 fdatasync(8</s/a.db-wal>) = 0'
    ANSWER = '7 sendto(5<socket:[1]>, "HTTP/1.1 200 OK"..., 90, 0, NULL, 0) = 90'

    def _judge(self, *lines, followed=False):
        return find_fault(parse(lines), "/x/", "a.db-wal", followed)[0]

    def test_order(self):
        """Test each order of events that must not be."""
        self.assertIsNone(self._judge(self.REQUEST, self.WRITE, self.SYNC, self.ANSWER))
        begun, resumed = "9 fdatasync(8</s/a.db-wal> <unfinished ...>", "9 <... fdatasync resumed>) = 0"
        self.assertIsNone(self._judge(self.REQUEST, self.WRITE, begun, resumed, self.ANSWER))
        for lines in (
                (self.REQUEST, self.WRITE, begun, self.ANSWER, resumed),
                (self.REQUEST, self.WRITE, begun, "9 <... fdatasync resumed>) = -1 EIO (error)",
                 self.ANSWER),
                (self.REQUEST, self.WRITE, self.ANSWER, self.SYNC),
                (self.REQUEST, self.SYNC, self.WRITE, self.ANSWER),
                (self.REQUEST, self.WRITE, self.SYNC.replace("a.db", "b.db"), self.ANSWER),
                (self.REQUEST, self.WRITE, self.SYNC.replace("= 0", "= -1 EIO (error)"), self.ANSWER),
                (self.REQUEST, self.SYNC, self.ANSWER),
                (self.WRITE, self.SYNC, self.REQUEST, self.ANSWER),
                (self.REQUEST, self.WRITE, self.SYNC),
                (self.WRITE, self.SYNC, self.ANSWER)):
            self.assertIsNotNone(self._judge(*lines), lines)

    def test_followed(self):
        """Test that what follows a transaction may wait, and the transaction itself may not."""
        def frame(size):
            head = r"\0\0\0\16\0\0\0" + size + r"\300p\7\17\35\213\304O\340\346;q\35476\177"
            return f'9 pwrite64(8</s/a.db-wal>, "{head}", 24, 144232) = 24'

        part, commit = frame(r"\0"), frame(r"\16")
        later = (part, self.WRITE, commit, self.WRITE)
        self.assertIsNone(self._judge(self.REQUEST, part, self.WRITE, commit, self.WRITE, self.SYNC,
                                      *later, self.ANSWER, followed=True))
        self.assertIsNotNone(self._judge(self.REQUEST, commit, self.WRITE, self.SYNC, *later,
                                         self.ANSWER))
        for lines in ((part, self.WRITE, self.SYNC, commit, self.WRITE, self.ANSWER),
                      (part, self.WRITE, commit, self.WRITE, self.ANSWER, self.SYNC)):
            self.assertIsNotNone(self._judge(self.REQUEST, *lines, followed=True), lines)


class Durability(unittest.TestCase):
    """A server, two users, a video, and strace on every process."""

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="doutok-test-"))
        self.addCleanup(shutil.rmtree, self.directory)
        self.trace = self.directory / "trace"
        self.server = server.Server(UNLIMITED)
        self.addCleanup(self.server.stop)
        self.film = self._make_film()
        # Each service is asked once, so that it runs when strace begins.
        self.token = self.post("/douyin/user/register/", username="alice", password="secret")["token"]
        self.peer = self.post("/douyin/user/register/", username="bob", password="secret")["user_id"]
        self.publish("first")
        feed = json.loads(self.server.request("GET", "/douyin/feed/").body)
        self.video = feed["video_list"][0]["id"]
        self.server.request("GET", "/douyin/message/chat/?" + server.form(token=self.token,
                                                                          to_user_id=self.peer))

    def _make_film(self):
        path = self.directory / "film.mp4"
        subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=64x64:rate=5",
                        "-t", "1", "-c:v", "libx264", "-pix_fmt", "yuv420p", path],
                       check=True, timeout=TIMEOUT)
        return path.read_bytes()

    def post(self, path, **parameters):
        answer = self.server.request("POST", path + "?" + server.form(**parameters))
        answer = json.loads(answer.body)
        self.assertEqual(answer["status_code"], 0, path)
        return answer

    def publish(self, title):
        body, kind = server.multipart({"token": self.token, "title": title},
                                      {"data": ("a.mp4", self.film)})
        answer = self.server.request("POST", "/douyin/publish/action/", body, {"Content-Type": kind})
        self.assertEqual(json.loads(answer.body)["status_code"], 0)

    def _is_traced(self, pid):
        return all("TracerPid:\t0\n" not in status.read_text(encoding="ascii")
                   for status in pathlib.Path(f"/proc/{pid}/task").glob("*/status"))

    def _start_strace(self):
        pids = self.server.list_processes()
        command = ["strace", "-f", "-y", "-s", "64", "-e", f"trace={CALLS}", "-e", "signal=none",
                   "-o", self.trace]
        for pid in pids:
            command += ["-p", str(pid)]
        with open(self.directory / "strace.log", "w+", encoding="utf-8") as log:
            strace = subprocess.Popen(command, stderr=log)
            end = time.monotonic() + TIMEOUT
            while not all(self._is_traced(pid) for pid in pids):
                if strace.poll() is not None or time.monotonic() > end:
                    strace.kill()
                    strace.wait(TIMEOUT)
                    log.seek(0)
                    said = log.read()
                    if "Operation not permitted" in said:
                        self.skipTest("strace may not look at processes here")
                    self.fail(said)
                time.sleep(0.05)
        return strace

    def test_writes(self):
        """Test every kind of write that is acknowledged."""
        social, chat, user, video = (f"{name}.db-wal" for name in ("social", "chat", "user", "video"))
        strace = self._start_strace()
        done = []

        def write(log, path, **parameters):
            done.append((path, log))
            return self.post(path, **parameters)

        try:
            write(user, "/douyin/user/register/", username="carol", password="secret")
            own = {"token": self.token}
            for action in (1, 2):
                write(social, "/douyin/favorite/action/", video_id=self.video, action_type=action, **own)
                write(social, "/douyin/relation/action/", to_user_id=self.peer, action_type=action, **own)
            comment = write(social, "/douyin/comment/action/", video_id=self.video, action_type=1,
                            comment_text="well", **own)["comment"]["id"]
            write(social, "/douyin/comment/feeling/", comment_id=comment, action_type=1, **own)
            write(social, "/douyin/comment/action/", video_id=self.video, action_type=2,
                  comment_id=comment, **own)
            write(chat, "/douyin/message/action/", to_user_id=self.peer, action_type=1, content="hello",
                  **own)
            write(user, "/douyin/user/update/", signature="here", **own)
            self.publish("second")
            done.append(("/douyin/publish/action/", video))
            write(video, "/douyin/publish/delete/", video_id=self.video, **own)
        finally:
            # It lets the others go, and leaves a whole trace.
            strace.send_signal(signal.SIGINT)
            strace.wait(TIMEOUT)
        events = parse(self.trace.read_text(encoding="utf-8", errors="replace").splitlines())
        faults = []
        for path, log in done:
            # The service notes when the files of a deleted video are gone, too.
            fault, events = find_fault(events, path, log, followed=path == "/douyin/publish/delete/")
            if fault is not None:
                faults.append(fault)
        self.assertEqual(faults, [])


if __name__ == "__main__":
    tap.main()
