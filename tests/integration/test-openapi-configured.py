# SPDX-License-Identifier: Apache-2.0
"""The interface description against servers that are configured otherwise than by default: for pages of other servers, and
with so little of everything that it is soon used up."""

import json
import socket
import unittest

import server
import tap
from openapi_world import DESCRIPTION, HTTP_ELSEWHERE, exchange_raw


class Preflight(unittest.TestCase):
    """Browsers ask before a page of another server may use a path: any path, on a server of its own."""

    @classmethod
    def setUpClass(cls):
        cls.server = server.Server("[server]\ncors-origins=https://example.org\n")

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def ask(self, path, origin, **headers):
        answer = self.server.request("OPTIONS", path, headers={"Origin": origin, **headers})
        DESCRIPTION.check_answer(DESCRIPTION.preflight(), answer)
        return answer

    def test_every_path(self):
        method = {"Access-Control-Request-Method": "POST"}
        routes = [route.replace("*", "x") for route in self.server.list_routes()]
        self.assertGreater(len(routes), 30)
        for path in routes:
            answer = self.ask(path, "https://example.org", **method)
            self.assertEqual(answer.code, 204, path)
            self.assertEqual(answer.headers["Access-Control-Allow-Origin"], "https://example.org")
            for refused in (self.ask(path, "https://example.com", **method),
                            self.ask(path, "https://example.org")):
                self.assertEqual(refused.code, 405, path)
                self.assertIsNone(refused.headers["Access-Control-Allow-Methods"])

    def test_http_codes(self):
        answer = exchange_raw(self.server.host, "OPTIONS /ping HTTP/1.1\r\n\r\n", "OPTIONS")
        DESCRIPTION.check_answer(DESCRIPTION.preflight(), answer)
        self.assertEqual(answer.code, 400)
        self.assertEqual(set(DESCRIPTION.preflight()["responses"]) - HTTP_ELSEWHERE,
                         {"204", "400", "405"})


class Limits(unittest.TestCase):
    """What takes a server that is soon tired, another one each time."""

    def setUp(self):
        self.server = server.Server("[limits]\nrate-general=30/d\nrate-login=1/d\n"
                                    "rate-register=1/d\nrequest-timeout=1s\nmax-connections=16\n")

    def tearDown(self):
        self.server.stop()

    def see(self, operation_id, answer, http_code, status_code):
        _, _, operation = DESCRIPTION.find(operation_id)
        DESCRIPTION.check_answer(operation, answer)
        self.assertEqual(answer.code, http_code)
        self.assertEqual(json.loads(answer.body)["status_code"], status_code)

    def test_rate(self):
        account = server.form(username="alice", password="secret")
        for operation_id in ("logIn", "register"):
            path, _, _ = DESCRIPTION.find(operation_id)
            self.server.request("POST", f"{path}?{account}")
            answer = self.server.request("POST", f"{path}?{account}")
            self.see(operation_id, answer, 429, 10014)
        for _ in range(40):
            answer = self.server.request("GET", "/douyin/feed/")
        self.see("getFeed", answer, 429, 10014)

    def test_slow(self):
        answer = exchange_raw(self.server.host, "GET /douyin/feed/ HTTP/1.1\r\n")
        self.see("getFeed", answer, 408, 10005)

    def test_full(self):
        name, port = self.server.host.split(":")
        others = [socket.create_connection((name, int(port)), server.TIMEOUT) for _ in range(16)]
        answer = exchange_raw(self.server.host, "GET /douyin/feed/ HTTP/1.1\r\nHost: x\r\n\r\n")
        self.see("getFeed", answer, 503, 10015)
        for other in others:
            other.close()


if __name__ == "__main__":
    tap.main()
