# SPDX-License-Identifier: Apache-2.0
"""What README promises under “Security”, tried on a real server: another user of the machine, secrets in
logs and process titles, forged tokens, and what the time of an answer gives away."""

import base64
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import tempfile
import time
import unittest
import urllib.parse

import server
import surroundings
import tap

NOBODY = 65534
UNAUTHORIZED = 10004
# Times that an answer's time is measured for each of two cases, in turns.
N_TRIALS = 40
# Of the medians of the two. Without a password to hash they would differ twentyfold.
MAX_RATIO = 2.0


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def ask(running, method, path, **parameters):
    answer = running.request(method, path + "?" + server.form(**parameters))
    return json.loads(answer.body)


def register(running, name, password):
    answer = ask(running, "POST", "/douyin/user/register/", username=name, password=password)
    assert answer["status_code"] == 0, answer
    return answer["user_id"], answer["token"]


class OtherUser(unittest.TestCase):
    """Somebody else with an account on the machine."""

    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("only root can become another user")
        self.server = server.Server()
        self.addCleanup(self.server.stop)
        self.user_id, _ = register(self.server, "alice", "secret")
        # Not this directory is what keeps others out, but those of the server in it.
        self.server.directory.chmod(0o755)

    def _run(self, *command):
        return subprocess.run(command, user=NOBODY, group=NOBODY, extra_groups=[], cwd="/",
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)

    def test_files(self):
        """Test that others can neither list nor read anything of state and runtime."""
        paths = [path for top in (self.server.state_dir, self.server.runtime_dir)
                 for path in [top, *sorted(top.rglob("*"))]]
        names = {path.name for path in paths}
        databases = {"user.db", "chat.db"} if surroundings.ENGINE == "sqlite" else set()
        self.assertLessEqual(databases | {"token-keys", "bus", "doutok.conf"}, names)
        for path in paths:
            command = "ls" if path.is_dir() else "cat"
            if path.is_socket():
                continue
            tried = self._run(command, path)
            self.assertNotEqual(tried.returncode, 0, f"{path} can be read")
            self.assertEqual(tried.stdout, b"")
        self.assertEqual(self._run("ls", self.server.directory).returncode, 0)

    def test_modes(self):
        """Test that no file is open to others, even if its directory were."""
        for top in (self.server.state_dir, self.server.runtime_dir):
            self.assertEqual(top.stat().st_mode & 0o077, 0, f"{top} is open to others")
        for path in [self.server.state_dir / "token-keys", self.server.runtime_dir / "doutok.conf"]:
            self.assertEqual(path.stat().st_mode & 0o077, 0, f"{path} is open to others")

    def _connect(self):
        bus = f"unix:path={self.server.runtime_dir}/bus"
        return self._run("busctl", f"--address={bus}", "list")

    def test_bus(self):
        """Test that others cannot connect to the bus, also if its directory lets them in."""
        self.assertNotEqual(self._connect().returncode, 0)
        self.server.runtime_dir.chmod(0o755)
        (self.server.runtime_dir / "bus").chmod(0o666)
        knock = ("import socket; socket.socket(socket.AF_UNIX)"
                 f".connect({str(self.server.runtime_dir / 'bus')!r})")
        self.assertEqual(self._run("/usr/bin/python3", "-c", knock).returncode, 0)
        self.assertNotEqual(self._connect().returncode, 0)
        self.server.runtime_dir.chmod(0o700)
        self.assertIn('"alice"', self.server.call("User", "GetUsers", "ax", 1, self.user_id))


class Secrets(unittest.TestCase):
    """A journey at the most talkative log level, after which everything that was written is searched."""

    PASSWORD = "Geheim-4711-Wort"
    WRONG = "Falsch-4712-Wort"
    NEW = "Neues-4713-Wort"
    MESSAGE = "Nachricht-4714-Text"
    COMMENT = "Kommentar-4715-Text"

    def setUp(self):
        self.log = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
        self.addCleanup(self.log.close)
        self.server = None
        self.answers = []
        self.titles = ""

    def _ask(self, method, path, headers=None, body=None, **parameters):
        answer = self.server.request(method, path + "?" + server.form(**parameters), body, headers)
        if b'"status_code":0' not in answer.body:
            self.answers.append(answer.body.decode(errors="replace"))
        self._look_at_processes()
        return json.loads(answer.body)

    def _look_at_processes(self):
        for pid in self.server.list_processes():
            for name in ("cmdline", "comm", "environ"):
                try:
                    data = pathlib.Path(f"/proc/{pid}/{name}").read_bytes()
                except (FileNotFoundError, ProcessLookupError):
                    continue
                self.titles += data.decode(errors="replace") + "\n"

    def _journey(self):
        alice = self._ask("POST", "/douyin/user/register/", username="alice", password=self.PASSWORD)
        bob = self._ask("POST", "/douyin/user/register/", username="bob", password=self.PASSWORD)
        token = alice["token"]
        for _ in range(2):
            self._ask("POST", "/douyin/user/register/", username="alice", password=self.PASSWORD)
            self._ask("POST", "/douyin/user/login/", username="alice", password=self.WRONG)
            self._ask("POST", "/douyin/user/login/", username="alice", password=self.PASSWORD * 9)
            self._ask("POST", "/douyin/message/action/", token=token, to_user_id=bob["user_id"],
                      action_type=1, content=self.MESSAGE)
            self._ask("POST", "/douyin/message/action/", token=token, to_user_id=alice["user_id"],
                      action_type=1, content=self.MESSAGE)
            self._ask("POST", "/douyin/message/action/", token=token, to_user_id=bob["user_id"],
                      action_type=1, content=self.MESSAGE * 100)
            self._ask("POST", "/douyin/comment/action/", token=token, video_id=5, action_type=1,
                      comment_text=self.COMMENT)
            self._ask("GET", "/douyin/message/chat/", token=token, to_user_id=bob["user_id"])
            self._ask("GET", "/douyin/user/", token=token + "x", user_id=5)
            self._ask("GET", "/douyin/nothing/" + token, token=token)
            self._ask("GET", "/douyin/user/", {"Authorization": "Bearer " + token})
            self._ask("POST", "/douyin/publish/action/",
                      {"Content-Type": "multipart/form-data; boundary=b"},
                      f'--b\r\nContent-Disposition: form-data; name="token"\r\n\r\n{token}\r\n'
                      '--b\r\nContent-Disposition: form-data; name="data"; filename="a"\r\n\r\nno '
                      f"video {self.MESSAGE}\r\n--b--\r\n")
            self._ask("POST", "/douyin/user/login/", {"Content-Type": "application/json"},
                      json.dumps({"password": self.PASSWORD}), username="alice")
            # What is under way is sent again, and that is logged.
            os.kill(self.server.find_processes("doutok-user")[0], signal.SIGKILL)
            os.kill(self.server.find_processes("doutok-chat")[0], signal.SIGKILL)
        self._malformed(token)
        # A gateway asks again until the service is back; busctl does not.
        self._ask("POST", "/douyin/user/login/", username="bob", password=self.PASSWORD)
        self.server.call("User", "ChangePasswords", "a(xss)", 2, alice["user_id"], self.PASSWORD,
                         self.NEW, bob["user_id"], self.WRONG, self.NEW)
        self._ask("GET", "/douyin/user/", token=token)
        return [token, bob["token"]]

    def _malformed(self, token):
        host, port = self.server.host.split(":")
        for request in (f"GET /douyin/user/?token={token} HTTP/9.9\r\n\r\n",
                        f"GET /douyin/user/?token={token}\r\n\r\n",
                        f"POST /douyin/user/login/?password={self.PASSWORD} HTTP/1.1\r\nHost: a\r\n"
                        "Content-Length: x\r\n\r\n",
                        f"GET /douyin/user/ HTTP/1.1\r\nHost: a\r\nAuthorization: {token}\r\n bad\r\n\r\n"):
            with socket.create_connection((host, int(port)), 20) as connection:
                connection.sendall(request.encode())
                connection.shutdown(socket.SHUT_WR)
                self.answers.append(b"".join(iter(lambda: connection.recv(4096), b"")).decode())

    def test_text(self):
        """Test that no token, password or message is in a log, a process's title, or an error."""
        self._search("text")

    def test_json(self):
        """Test the same of a log of JSON, each line of which can be read."""
        for line in self._search("json").splitlines():
            if line.startswith("{"):
                self.assertLessEqual({"time", "level", "part", "pid", "message"}, json.loads(line).keys())

    def _search(self, form):
        self.server = server.Server(f"[log]\nlevel=debug\naccess=on\nformat={form}\n", self.log)
        tokens = self._journey()
        self.server.stop()
        self.log.seek(0)
        log = self.log.read()
        self.assertGreater(len(log.splitlines()), 20, "there is nothing to search")
        self.assertGreater(len(self.answers), 10)
        self.assertIn("doutok-gateway", self.titles)

        secrets = [self.PASSWORD, self.WRONG, self.NEW, self.MESSAGE, self.COMMENT]
        for token in tokens:
            secrets += [token, token.split(".")[1], token.split(".")[2]]
        for where, text in (("the log", log), ("a process", self.titles),
                            ("an answer", "\n".join(self.answers))):
            for secret in secrets:
                for form in (secret, urllib.parse.quote(secret), secret[:-1]):
                    self.assertNotIn(form, text, f"a secret is in {where}")
        self.assertIn("POST /douyin/user/login 200", log)
        return log


class Tokens(unittest.TestCase):
    """Somebody who makes tokens, without the key or with it."""

    @classmethod
    def setUpClass(cls):
        cls.server = server.Server("[limits]\nrate-limits=off\n")
        cls.user_id, cls.token = register(cls.server, "alice", "secret")
        line = (cls.server.state_dir / "token-keys").read_text(encoding="ascii").split("\n")[0]
        cls.kid, secret = line.split(" ")
        cls.secret = base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))
        cls.connection = http.client.HTTPConnection(cls.server.host, timeout=server.TIMEOUT)

    @classmethod
    def tearDownClass(cls):
        cls.connection.close()
        cls.server.stop()

    def _claims(self, **changes):
        now = int(time.time())
        claims = {"sub": str(self.user_id), "iat": now, "exp": now + 3600, "gen": 0, **changes}
        return {name: value for name, value in claims.items() if value is not None}

    def _make(self, head=None, claims=None, key=None, digest=hashlib.sha256):
        head = {"alg": "HS256", "typ": "JWT", "kid": self.kid, **(head or {})}
        head = {name: value for name, value in head.items() if value is not None}
        parts = [json.dumps(part, separators=(",", ":")).encode()
                 for part in (head, claims or self._claims())]
        body = ".".join(base64url(part) for part in parts)
        return body + "." + base64url(hmac.new(self.secret if key is None else key, body.encode(),
                                               digest).digest())

    def _check(self, token):
        """The number of an answer that needs a login."""
        self.connection.request("GET", "/douyin/message/chat/?" + server.form(token=token,
                                                                             to_user_id=1))
        return json.loads(self.connection.getresponse().read())["status_code"]

    def _refused(self, token, what):
        self.assertEqual(self._check(token), UNAUTHORIZED, f"{what}: {token}")

    def test_good(self):
        """Test that what is forged here is refused for its fault, and not for its form."""
        self.assertEqual(self._check(self.token), 0)
        self.assertEqual(self._check(self._make()), 0)
        self.assertEqual(self._check(self._make(claims=self._claims(iat=int(time.time()) + 20))), 0)

    def test_algorithms(self):
        """Test that the token does not choose how it is checked."""
        for algorithm in ("none", "None", "NONE", "nOnE", "", "HS384", "HS512", "RS256", "ES256",
                          "PS256", "hs256x", None, 5, ["HS256"]):
            head = {"alg": algorithm}
            self._refused(self._make(head), f"algorithm {algorithm}")
            self._refused(self._make(head, key=b""), f"algorithm {algorithm}, empty key")
            self._refused(self._make(head).rsplit(".", 1)[0] + ".", f"algorithm {algorithm}, unsigned")
            self._refused(self._make(head).rsplit(".", 1)[0], f"algorithm {algorithm}, two parts")
        self._refused(self._make({"alg": "HS384"}, digest=hashlib.sha384), "HS384 with our key")
        self._refused(self._make({"alg": "HS512"}, digest=hashlib.sha512), "HS512 with our key")

    def test_keys(self):
        """Test that nothing but the key itself signs: not its text, its name, or one from the token."""
        text = base64url(self.secret).encode()
        public = b"-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n-----END PUBLIC KEY-----\n"
        for key in (b"", b"\0" * 32, b"secret", text, self.kid.encode(), public):
            for algorithm in ("HS256", "RS256"):
                self._refused(self._make({"alg": algorithm}, key=key), f"key {key}, {algorithm}")
        for kid in (None, "", "other", self.kid + "x", self.kid.upper() + "_", "../../dev/null", 7,
                    "' or 1=1 --"):
            self._refused(self._make({"kid": kid}), f"kid {kid}")
        jwk = {"kty": "oct", "k": base64url(b"x" * 32)}
        self._refused(self._make({"jwk": jwk}, key=b"x" * 32), "a key of its own")

    def test_claims(self):
        """Test that a signature is not enough."""
        now = int(time.time())
        for changes in ({"exp": now - 1}, {"exp": 0}, {"exp": None}, {"exp": str(now + 3600)},
                        {"exp": -1}, {"iat": now + 3600}, {"iat": 2 ** 62}, {"sub": None}, {"sub": ""},
                        {"sub": "0"}, {"sub": "-1"}, {"sub": str(2 ** 53)}, {"sub": str(2 ** 64 + 1)},
                        {"sub": self.user_id}, {"sub": f" {self.user_id}"}, {"sub": f"{self.user_id}x"},
                        {"sub": "1"}, {"gen": -1}, {"gen": "0x"}, {"gen": 2 ** 63}, {"gen": [0]}):
            self._refused(self._make(claims=self._claims(**changes)), str(changes))

    def test_damaged(self):
        """Test that a token is good as a whole or not at all."""
        for length in range(1, len(self.token)):
            self._refused(self.token[:length], "cut off")
        for i, c in enumerate(self.token):
            self._refused(self.token[:i] + chr(ord(c) ^ 1) + self.token[i + 1:], f"bit of {i}")
            self._refused(self.token[:i] + chr(ord(c) ^ 4) + self.token[i + 1:], f"bit of {i}")
        for token in (self.token + ".", self.token + "A", self.token + "=", "." + self.token,
                      self.token + " ", self.token + "." + self.token, self.token.replace(".", ".."),
                      ".", "..", "...", "a.b.c", "é" + self.token):
            self._refused(token, "spoilt")
        self.assertNotEqual(self._check(self.token + "\0x"), 0)

    def test_oversized(self):
        """Test that a signed token which is longer than any of ours is not even looked at, and one
        that no request may have is refused as that."""
        self.assertEqual(self._check(self._make(claims=self._claims(pad="x" * 400))), 0)
        self._refused(self._make(claims=self._claims(pad="x" * 2000)), "oversized")
        answer = self.server.request("GET", "/douyin/message/chat/?to_user_id=1&token=" + "x" * 300000)
        self.assertIn(answer.code, (400, 413, 414, 431))
        self.assertNotEqual(json.loads(answer.body)["status_code"], 0)
        self.assertEqual(self._check(self.token), 0)

    def test_revoked(self):
        """Test that a change of the password ends the tokens of before, and no others."""
        user_id, token = register(self.server, "bob", "first")
        self.assertEqual(self._check(token), 0)
        self.server.call("User", "ChangePasswords", "a(xss)", 1, user_id, "wrong", "second")
        self.assertEqual(self._check(token), 0)
        self.server.call("User", "ChangePasswords", "a(xss)", 1, user_id, "first", "second")
        self._refused(token, "revoked")
        answer = ask(self.server, "POST", "/douyin/user/login/", username="bob", password="first")
        self.assertEqual(answer["status_code"], UNAUTHORIZED)
        answer = ask(self.server, "POST", "/douyin/user/login/", username="bob", password="second")
        self.assertEqual(self._check(answer["token"]), 0)
        self._refused(token, "revoked")
        self.assertEqual(self._check(self.token), 0)

    def test_timing(self):
        """Test that the time of an answer does not tell whether a name exists."""
        times = {"alice": [], "nobody": []}
        said = set()
        for i in range(N_TRIALS + 2):
            for name, taken in times.items():
                begin = time.perf_counter()
                self.connection.request("POST", "/douyin/user/login/?" + server.form(
                    username=name, password=f"wrong {i}"))
                said.add(self.connection.getresponse().read())
                taken.append(time.perf_counter() - begin)
        self.assertEqual(len(said), 1, "the answers differ")
        wrong, unknown = (statistics.median(taken[2:]) for taken in times.values())
        print(f"# wrong password {wrong * 1000:.1f} ms, unknown name {unknown * 1000:.1f} ms")
        self.assertLess(max(wrong, unknown) / min(wrong, unknown), MAX_RATIO)


if __name__ == "__main__":
    tap.main()
