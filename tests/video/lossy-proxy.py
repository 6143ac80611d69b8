# SPDX-License-Identifier: Apache-2.0
"""A way to PostgreSQL that breaks down between a commit and its answer.

    lossy-proxy.py FROM_DIRECTORY TO_DIRECTORY

Listens on FROM_DIRECTORY/.s.PGSQL.5432. When the first transaction that has sent “INSERT INTO videos” sends COMMIT,
the server's answer to that is awaited and thrown away, all connections are closed, and no new ones are taken for some
seconds: as when the server, or the way to it, dies just after a commit.
"""

import os
import select
import socket
import sys
import threading
import time

SECONDS_AWAY = 3

here, there = (f"{directory}/.s.PGSQL.5432" for directory in sys.argv[1:3])
broken = threading.Event()
lock = threading.Lock()
ends = []


def listen():
    server = socket.socket(socket.AF_UNIX)
    server.bind(here)
    os.chmod(here, 0o777)
    server.listen(16)
    return server


def break_down():
    """Nobody can connect any more before the first one notices."""
    with lock:
        if broken.is_set():
            return
        os.unlink(here)
        broken.set()
    for end in ends:
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Statements:
    """What a client has the server run: by its text, or prepared before."""

    def __init__(self):
        self._buffer = b""
        # The first message has no type.
        self._type_length = 0
        self._prepared = {}

    def read(self, data):
        self._buffer += data
        while len(self._buffer) >= self._type_length + 4:
            length = self._type_length + int.from_bytes(
                self._buffer[self._type_length:self._type_length + 4], "big")
            if len(self._buffer) < length:
                return
            kind = self._buffer[:self._type_length]
            body = self._buffer[self._type_length + 4:length]
            self._buffer = self._buffer[length:]
            self._type_length = 1
            if kind == b"P":
                name, text = body.split(b"\0")[:2]
                self._prepared[name] = text
            elif kind == b"B":
                yield self._prepared.get(body.split(b"\0")[1], b"")
            elif kind == b"Q":
                yield body


def pass_on(client, server):
    statements = Statements()
    inserts = False
    while True:
        for ready in select.select([client, server], [], [])[0]:
            data = ready.recv(65536)
            if not data:
                return
            if ready is server:
                client.sendall(data)
                continue
            server.sendall(data)
            for text in statements.read(data):
                inserts = inserts or b"INSERT INTO videos" in text
                if inserts and b"COMMIT" in text.upper() and not broken.is_set():
                    server.recv(65536)
                    break_down()
                    return


def serve(client):
    server = socket.socket(socket.AF_UNIX)
    try:
        server.connect(there)
        ends.extend([client, server])
        pass_on(client, server)
    except OSError:
        pass
    finally:
        client.close()
        server.close()


def main():
    listener = listen()
    print("ready", flush=True)
    was_broken = False
    while True:
        if broken.is_set() and not was_broken:
            was_broken = True
            listener.close()
            time.sleep(SECONDS_AWAY)
            listener = listen()
        if select.select([listener], [], [], 0.01)[0]:
            threading.Thread(target=serve, args=[listener.accept()[0]], daemon=True).start()


main()
