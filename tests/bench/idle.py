# SPDX-License-Identifier: Apache-2.0
"""Holds idle connections to a server:

    python3 idle.py HOST PORT KEPT-ALIVE WEBSOCKETS TOKENS

Prints “ready” when all of them are open and answered, then only answers the pings of WebSockets until it
is ended. TOKENS is a file with a line “ID TOKEN” for each user; each WebSocket is one of another user."""

import base64
import os
import selectors
import socket
import sys

import servers

TIMEOUT = 20
OPCODE_PING = 0x89
OPCODE_PONG = 0x8A


def connect(host, port, request):
    """Opens a connection and reads the head and body of one answer."""
    connection = socket.create_connection((host, port), TIMEOUT)
    connection.settimeout(TIMEOUT)
    connection.sendall(request.encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        data = connection.recv(4096)
        if not data:
            raise OSError("the server closed a connection")
        answer += data
    return connection, answer


def keep_alive(host, port):
    connection, answer = connect(host, port, f"GET /ping HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n")
    if not answer.startswith(b"HTTP/1.1 200"):
        raise OSError(answer.decode(errors="replace"))
    return connection


def websocket(host, port, token):
    key = base64.b64encode(os.urandom(16)).decode()
    connection, answer = connect(
        host, port, f"GET /douyin/message/ws?token={token} HTTP/1.1\r\nHost: {host}:{port}\r\n"
        f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n")
    if not answer.startswith(b"HTTP/1.1 101"):
        raise OSError(answer.decode(errors="replace"))
    return connection


def pong(data):
    """The masked answer to a ping, which is short and comes alone."""
    payload = data[2:2 + (data[1] & 0x7F)]
    return bytes([OPCODE_PONG, 0x80 | len(payload), 0, 0, 0, 0]) + payload


def main():
    host, port = sys.argv[1], int(sys.argv[2])
    n_kept, n_websockets = int(sys.argv[3]), int(sys.argv[4])
    with open(sys.argv[5], encoding="ascii") as file:
        tokens = [line.split()[1] for line in file]

    servers.raise_descriptor_limit()
    kept = [keep_alive(host, port) for _ in range(n_kept)]
    selector = selectors.DefaultSelector()
    for i in range(n_websockets):
        selector.register(websocket(host, port, tokens[i % len(tokens)]), selectors.EVENT_READ)
    print("ready", flush=True)

    while True:
        for key, _ in selector.select():
            data = key.fileobj.recv(4096)
            if not data:
                selector.unregister(key.fileobj)
            elif data[0] == OPCODE_PING:
                key.fileobj.sendall(pong(data))
        if not kept and not selector.get_map():
            return


if __name__ == "__main__":
    main()
