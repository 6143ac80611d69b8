# SPDX-License-Identifier: Apache-2.0
"""A real server of a test's own: the installed programs, a free port, directories that go with it."""

import contextlib
import ctypes
import http.client
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import urllib.parse

import surroundings

READY = "doutok: ready on "
# Seconds after which an answer does not come any more.
TIMEOUT = 60
_PR_SET_PDEATHSIG = 1


def find_program():
    """The program doutok(1) under test."""
    directory = os.environ.get("DOUTOK_TEST_BINDIR")
    if directory is None:
        directory = pathlib.Path(os.environ["G_TEST_BUILDDIR"]).parent / "src" / "launcher"
    return pathlib.Path(directory) / "doutok"


def _die_with_parent():
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Answer:
    """What came back: `code`, `headers` and `body`."""

    def __init__(self, response):
        self.code = response.status
        self.headers = response.headers
        self.body = response.read()


class Server:
    """With `log`, a file open for writing, all processes write their logs into it. `state_dir` is a
    directory that is there already, and stays. `environment` is added to that of this process, and
    `prepare` is called in the new one. `workers` are its gateways. The database is on the engine under test."""

    def __init__(self, configuration="", log=None, state_dir=None, environment=None, prepare=None,
                 workers=1):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="doutok-test-"))
        self.runtime_dir = self.directory / "run"
        self.state_dir = state_dir or self.directory / "state"
        self._configuration = self.directory / "doutok.conf"
        self._configuration.write_text(
            configuration + surroundings.get_configuration(self.state_dir), encoding="utf-8")
        self._process = subprocess.Popen(
            [find_program(), "serve", "--config", self._configuration, "--listen", "127.0.0.1:0",
             "--state-dir", self.state_dir, "--runtime-dir", self.runtime_dir,
             "--workers", str(workers)],
            stdout=subprocess.PIPE, stderr=log, text=True, env={**os.environ, **(environment or {})},
            preexec_fn=lambda: (_die_with_parent(), prepare and prepare()))
        line = self._process.stdout.readline().strip()
        if not line.startswith(READY):
            self.stop()
            raise AssertionError(f"The server did not start: “{line}”")
        self.url = line.removeprefix(READY)
        self.host = urllib.parse.urlsplit(self.url).netloc

    def stop(self):
        """Ends the server, which must have nothing to complain of."""
        self._process.send_signal(signal.SIGTERM)
        status = self._process.wait(TIMEOUT)
        self._process.stdout.close()
        shutil.rmtree(self.directory)
        # The launcher ends by the signal that it was sent.
        assert status in (0, -signal.SIGTERM), f"The server ended with {status}"

    def request(self, method, path, body=None, headers=None):
        """One request over a connection of its own."""
        connection = http.client.HTTPConnection(self.host, timeout=TIMEOUT)
        try:
            connection.request(method, path, body, {"Accept-Language": "en", **(headers or {})})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def list_media(self):
        """The names of all media, as “video/ab/1.mp4”, wherever they are."""
        return surroundings.list_media(self.state_dir)

    def list_processes(self):
        """The ids of the launcher and all below it."""
        pids = [self._process.pid]
        for pid in pids:
            for task in pathlib.Path("/proc").glob(f"{pid}/task/*"):
                with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                    pids += map(int, (task / "children").read_text(encoding="ascii").split())
        return pids

    def find_processes(self, program):
        """The ids of those that run a program, such as `doutok-gateway`."""
        found = []
        for pid in self.list_processes():
            try:
                if pathlib.Path(f"/proc/{pid}/exe").readlink().name == program:
                    found.append(pid)
            except FileNotFoundError:
                pass
        return found

    def run(self, *words):
        """Runs a command of doutok(1) beside the server, in English."""
        return subprocess.run(
            [find_program(), *map(str, words), "--config", self._configuration,
             "--runtime-dir", self.runtime_dir],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, text=True, timeout=TIMEOUT,
            env={**os.environ, "LC_ALL": "C.UTF-8", "LANGUAGE": "en"})

    def call(self, service, method, *arguments, interface=""):
        """Calls a method of a service on the private bus: its name without org.doutok, and the
        arguments as busctl(1) takes them. `interface` is what its name ends in, such as .Admin."""
        return subprocess.run(
            ["busctl", f"--address=unix:path={self.runtime_dir}/bus", "call", f"org.doutok.{service}",
             f"/org/doutok/{service}", f"org.doutok.{service}1{interface}", method, *map(str, arguments)],
            stdout=subprocess.PIPE, check=True, text=True, timeout=TIMEOUT).stdout

    def list_routes(self):
        """All that a gateway serves: a dictionary of paths and sets of methods."""
        gateway = find_program().parent.parent / "libexec" / "doutok" / "doutok-gateway"
        if not gateway.exists():
            gateway = find_program().parent.parent / "gateway" / "doutok-gateway"
        listed = subprocess.run(
            [gateway, "--config", self.runtime_dir / "doutok.conf",
             "--bus-address", f"unix:path={self.runtime_dir}/bus", "--index", "15", "--list-routes"],
            stdout=subprocess.PIPE, check=True, text=True, timeout=TIMEOUT).stdout
        return {path: set(methods.split(", "))
                for path, methods in (line.split(": ") for line in listed.splitlines())}


def form(**parameters):
    return urllib.parse.urlencode(parameters)


def multipart(fields, files):
    """The body of a multipart form, and its type. `files` has names and (file name, content)."""
    boundary = "doutok-test-boundary"
    parts = []
    for name, value in fields.items():
        parts.append(f'Content-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
                     + str(value).encode())
    for name, (filename, content) in files.items():
        parts.append(f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
                     "Content-Type: application/octet-stream\r\n\r\n".encode() + content)
    body = b"".join(b"--" + boundary.encode() + b"\r\n" + part + b"\r\n" for part in parts)
    return body + b"--" + boundary.encode() + b"--\r\n", f"multipart/form-data; boundary={boundary}"
