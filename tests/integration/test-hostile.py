# SPDX-License-Identifier: Apache-2.0
"""Clients that mean no good, or are just very many: what they do must not be felt by a normal one, and what
is too much is refused at once, until it is not too much any more."""

import base64
import concurrent.futures
import http.client
import json
import os
import pathlib
import resource
import select
import signal
import socket
import threading
import time
import unittest

import server
import tap

CONFIGURATION = """[limits]
rate-limits=off
max-connections=30000
max-connections-per-address=30000
"""
N_SILENT = 2000
N_SLOW = 500
SLOW_SECONDS = 4
N_DEAF = 200
N_IDLE = 10000
N_WEBSOCKETS = 2000
# Of one user, as many as there may be.
N_WEBSOCKETS_PER_USER = 8
# Descriptors for everything else, here as in a gateway.
N_SPARE_DESCRIPTORS = 500
# Requests for the feed whose slowest hundredth is compared, and how often that is tried at most: the
# machine may have something else to do for a while.
N_FEEDS = 300
N_TRIES = 3
# An answer's time may become so many times what it was, or up to so many seconds where it was next to none.
MAX_RATIO = 3
FLOOR = 0.03
# KiB of a gateway's own memory a connection: these are a few times what was measured.
MAX_IDLE_MEMORY = 4
MAX_WEBSOCKET_MEMORY = 64
# What a connection that does not read may hold back.
MAX_DEAF_MEMORY = 1024
N_LOOKUPS = 100
MAX_QUEUE = 4
# Calls of one method that are under way at a time, see dou-backend.c; each has up to MAX_QUEUE users.
N_CALLS = 2
# Seconds after an overload in which everything is as before.
MAX_RECOVERY = 1.0


class Hostile(unittest.TestCase):
    configuration = CONFIGURATION

    def setUp(self):
        self.server = server.Server(self.configuration)
        self.addCleanup(self.server.stop)
        host, port = self.server.host.split(":")
        self.address = (host, int(port))
        self.gateway = self.server.find_processes("doutok-gateway")[0]
        self.sockets = []
        self.addCleanup(lambda: [each.close() for each in self.sockets])

    def _connect(self, data=b"", receive_buffer=None):
        connection = socket.socket()
        self.sockets.append(connection)
        if receive_buffer is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.settimeout(server.TIMEOUT)
        connection.connect(self.address)
        connection.sendall(data)
        return connection

    def _exchange(self, request):
        """A connection on which one request was answered; the answer's head, too."""
        connection = self._connect(request.encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            data = connection.recv(4096)
            self.assertNotEqual(data, b"", "the server hung up")
            answer += data
        return connection, answer

    def _feed(self):
        """The time that all but the slowest hundredth of answers take."""
        times = []
        connection = http.client.HTTPConnection(self.server.host, timeout=server.TIMEOUT)
        for _ in range(N_FEEDS):
            begin = time.perf_counter()
            connection.request("GET", "/douyin/feed/")
            answer = connection.getresponse()
            body = json.loads(answer.read())
            times.append(time.perf_counter() - begin)
            self.assertEqual((answer.status, body["status_code"]), (200, 0))
        connection.close()
        return sorted(times)[N_FEEDS * 99 // 100 - 1]

    def _compare(self, before, what, seconds=0):
        during = []
        end = time.monotonic() + seconds
        while not during or time.monotonic() < end or (
                len(during) < N_TRIES and min(during) > max(MAX_RATIO * before, FLOOR)):
            during.append(self._feed())
        print(f"# feed p99 {before * 1000:.1f} ms, {min(during) * 1000:.1f} ms beside {what}", flush=True)
        self.assertLessEqual(min(during), max(MAX_RATIO * before, FLOOR), what)

    def _count_ended(self):
        poll = select.poll()
        for connection in self.sockets:
            poll.register(connection, select.POLLIN | select.POLLRDHUP)
        return len(poll.poll(0))

    def _memory(self):
        """KiB that belong to the gateway alone; the kernel's buffers are not in it."""
        rollup = pathlib.Path(f"/proc/{self.gateway}/smaps_rollup").read_text(encoding="ascii")
        return sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Private_"))

    def _is_sanitized(self):
        return "asan" in pathlib.Path(f"/proc/{self.gateway}/maps").read_text(encoding="utf-8")


class Attack(Hostile):
    def test_silent(self):
        """Test that connections which say nothing stop nobody."""
        before = self._feed()
        for _ in range(N_SILENT):
            self._connect()
        self._compare(before, f"{N_SILENT} silent connections")
        self.assertEqual(self._count_ended(), 0)

    def test_slow(self):
        """Test that clients which send a byte a second stop nobody, and are told at last."""
        before = self._feed()
        request = b"GET /douyin/feed/ HTTP/1.1\r\nHost: a\r\nX-Slow: " + b"x" * 1000
        for _ in range(N_SLOW):
            self._connect()
        is_over = threading.Event()

        def drip():
            for byte in request:
                for connection in self.sockets:
                    try:
                        connection.send(bytes([byte]))
                    except OSError:
                        pass
                if is_over.wait(1):
                    break

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            self._compare(before, f"{N_SLOW} connections with a byte a second", SLOW_SECONDS)
            self.assertEqual(self._count_ended(), 0)
            # A limit for the whole head, however steadily it comes.
            answer = self.sockets[0].recv(4096)
            self.assertTrue(answer == b"" or answer.startswith(b"HTTP/1.1 408 "), answer)
        finally:
            is_over.set()
            thread.join()

    def test_deaf(self):
        """Test that clients which ask for much and never read stop nobody, and cost a bounded amount."""
        before = self._feed()
        memory = self._memory()
        request = b"GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n" * 100
        for _ in range(N_DEAF):
            self._connect(request, receive_buffer=4096)
        self._compare(before, f"{N_DEAF} connections that never read")
        memory = (self._memory() - memory) / N_DEAF
        print(f"# {memory:.1f} KiB each", flush=True)
        if not self._is_sanitized():
            self.assertLess(memory, MAX_DEAF_MEMORY)


class Crowd(Hostile):
    configuration = CONFIGURATION + "idle-timeout=10min\n"

    def _register(self, number):
        answer = self.server.request("POST", "/douyin/user/register/?" + server.form(
            username=f"user {number}", password="p"))
        return json.loads(answer.body)["token"]

    def _count_possible(self):
        """Of keep-alive connections and WebSockets, as many as both ends have descriptors for."""
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        share = min(1.0, (hard - N_SPARE_DESCRIPTORS) / (N_IDLE + N_WEBSOCKETS))
        if share < 1:
            print(f"# only {hard} descriptors: fewer connections", flush=True)
        return int(N_IDLE * share), int(N_WEBSOCKETS * share)

    def _open_websockets(self, n):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            tokens = list(pool.map(self._register, range((n - 1) // N_WEBSOCKETS_PER_USER + 1)))
        memory = self._memory()
        for i in range(n):
            key = base64.b64encode(os.urandom(16)).decode()
            _, answer = self._exchange(
                f"GET /douyin/message/ws?token={tokens[i // N_WEBSOCKETS_PER_USER]} HTTP/1.1\r\n"
                "Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                f"Sec-WebSocket-Key: {key}\r\n\r\n")
            self.assertTrue(answer.startswith(b"HTTP/1.1 101 "), answer)
        return (self._memory() - memory) / n

    def test_held(self):
        """Test that connections which are merely open cost little and leave the feed as it is."""
        n_idle, n_websockets = self._count_possible()
        before = self._feed()
        memory = self._memory()
        for _ in range(n_idle):
            _, answer = self._exchange("GET /ping HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertTrue(answer.startswith(b"HTTP/1.1 200 "), answer)
        idle = (self._memory() - memory) / n_idle
        websocket = self._open_websockets(n_websockets)
        print(f"# a gateway's memory: {idle:.2f} KiB for each of {n_idle} keep-alive connections, "
              f"{websocket:.2f} KiB for each of {n_websockets} WebSockets", flush=True)
        self._compare(before, f"{n_idle} keep-alive connections and {n_websockets} WebSockets")
        self.assertEqual(self._count_ended(), 0)
        if not self._is_sanitized():
            self.assertLess(idle, MAX_IDLE_MEMORY)
            self.assertLess(websocket, MAX_WEBSOCKET_MEMORY)


class Overload(Hostile):
    configuration = CONFIGURATION + f"max-queue={MAX_QUEUE}\n"
    number = 0

    def _look_up(self):
        """Asks for somebody who is not remembered."""
        self.number += 1
        return f"/douyin/user/?user_id={self.number}"

    def _get_code(self):
        return self.server.request("GET", self._look_up()).code

    def _overload(self):
        """Stops a service, asks more of it than may wait, and lets it go on. The seconds until it
        answers again."""
        service = self.server.find_processes("doutok-user")[0]
        os.kill(service, signal.SIGSTOP)
        waiting = []
        refused = 0
        may_wait = (N_CALLS + 1) * MAX_QUEUE
        try:
            for _ in range(N_LOOKUPS):
                waiting.append(self._connect(f"GET {self._look_up()} HTTP/1.1\r\nHost: a\r\n\r\n".encode()))
            end = time.monotonic() + server.TIMEOUT
            while len(waiting) > may_wait and time.monotonic() < end:
                for connection in select.select(waiting, [], [], 1)[0]:
                    waiting.remove(connection)
                    head, body = connection.recv(4096).split(b"\r\n\r\n")
                    self.assertTrue(head.startswith(b"HTTP/1.1 503 "), head)
                    self.assertIn(b"\r\nRetry-After: ", head)
                    self.assertEqual(json.loads(body)["status_code"], 10015)
                    refused += 1
        finally:
            os.kill(service, signal.SIGCONT)
        begin = time.monotonic()
        while self._get_code() != 200:
            self.assertLess(time.monotonic() - begin, server.TIMEOUT)
        taken = time.monotonic() - begin
        self.assertGreaterEqual(refused, N_LOOKUPS - may_wait)
        codes = [connection.recv(4096).split(b" ")[1] for connection in waiting]
        self.assertLessEqual(set(codes), {b"200", b"503"})
        self.assertIn(b"200", codes)
        return taken

    def test_queue(self):
        """Test that what finds no room in a queue is told when to come again, what waits is answered,
        and everything is as before within a second."""
        self.assertEqual(self._get_code(), 200)
        taken = min(self._overload() for _ in range(N_TRIES))
        print(f"# as before after {taken * 1000:.0f} ms", flush=True)
        self.assertLess(taken, MAX_RECOVERY)
        self.assertEqual(self._get_code(), 200)


if __name__ == "__main__":
    tap.main()
