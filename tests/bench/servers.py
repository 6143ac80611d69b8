# SPDX-License-Identifier: Apache-2.0
"""The programs of the benchmark: starting them, asking the kernel what they use, ending them."""

import ctypes
import json
import os
import re
import resource
import select
import shutil
import signal
import subprocess
import time
import urllib.request

PR_SET_PDEATHSIG = 1
START_TIMEOUT = 30
END_TIMEOUT = 20
# Characters of a log that are shown.
LOG_TAIL = 2000
# Beside the time that wrk was told to take.
WRK_GRACE = 20

_libc = ctypes.CDLL(None)


class Failure(Exception):
    """What cannot be measured, and why."""


def _end_with_parent():
    """Runs in the child: whatever becomes of the benchmark, its servers do not outlive it."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def raise_descriptor_limit():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def descendants(pid):
    """The process and all below it."""
    children = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                parent = int(file.read().rsplit(b")", 1)[1].split()[1])
            children.setdefault(parent, []).append(int(name))
        except OSError:
            continue
    found = [pid]
    for process in found:
        found += children.get(process, [])
    return found


def cpu_seconds(pid):
    """CPU time of the process and all below it, to the nanosecond, while they live."""
    total = 0
    for process in descendants(pid):
        try:
            for thread in os.listdir(f"/proc/{process}/task"):
                with open(f"/proc/{process}/task/{thread}/schedstat", encoding="ascii") as file:
                    total += int(file.read().split()[0])
        except OSError:
            continue
    return total / 1e9


def memory(pid):
    """Proportional set size in bytes of the process and all below it, by program."""
    sizes = {}
    for process in descendants(pid):
        try:
            with open(f"/proc/{process}/comm", encoding="utf-8") as file:
                name = file.read().strip()
            with open(f"/proc/{process}/smaps_rollup", encoding="ascii") as file:
                pss = int(re.search(r"^Pss: *(\d+) kB", file.read(), re.M).group(1))
        except (OSError, AttributeError):
            continue
        sizes[name] = sizes.get(name, 0) + pss * 1024
    return sizes


class Server:
    """A process that prints a line when it serves."""

    def __init__(self, arguments, log_path, **options):
        self._log = open(log_path, "ab")
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [str(argument) for argument in arguments], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=self._log, preexec_fn=_end_with_parent, **options)
        self.log_path = log_path
        self._output = b""

    @property
    def pid(self):
        return self.process.pid

    def wait_for(self, pattern):
        """Reads what it prints until a line matches."""
        stdout = self.process.stdout
        end = time.monotonic() + START_TIMEOUT
        while True:
            match = re.search(pattern, self._output.decode(errors="replace"), re.M)
            if match:
                return match
            ready, _, _ = select.select([stdout], [], [], max(0, end - time.monotonic()))
            data = os.read(stdout.fileno(), 4096) if ready else b""
            if not data:
                raise self.failure("does not start")
            self._output += data

    def failure(self, what):
        """An exception that tells the end of its log, which goes with everything temporary."""
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            end = file.read()[-LOG_TAIL:].strip()
        return Failure(f"{self.process.args[0]} {what}\n{end}")

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(END_TIMEOUT)
        except subprocess.TimeoutExpired:
            for pid in reversed(descendants(self.pid)):
                os.kill(pid, signal.SIGKILL)
            self.process.wait()
        self.process.stdout.close()
        self._log.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


# All connections come from one address here.
CONFIG = """
[limits]
rate-limits=off
max-connections=16384
max-connections-per-address=16384
[log]
level=warning
"""


class DouTok(Server):
    """`doutok serve`; ready when its services answer."""

    def __init__(self, places, state, workers):
        runtime = places.new_directory("runtime")
        config = places.new_file("doutok.conf", CONFIG + places.configuration)
        super().__init__([os.path.join(places.bin, "doutok"), "serve", "--config", config,
                          "--state-dir", state, "--runtime-dir", runtime,
                          "--listen", "127.0.0.1:0", "--workers", workers],
                         places.path("doutok.log"))
        try:
            self.url = self.wait_for(r"ready on (http://\S+?)/?$").group(1)
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise
        self.seconds_to_ready = time.monotonic() - self.started

    def _wait_until_ready(self):
        end = time.monotonic() + START_TIMEOUT
        while True:
            try:
                with urllib.request.urlopen(self.url + "/readyz", timeout=START_TIMEOUT) as answer:
                    if json.load(answer)["status_code"] == 0:
                        return
            except (OSError, ValueError):
                pass
            if time.monotonic() > end:
                raise self.failure("is not ready")
            time.sleep(0.005)


class ConstantServer(Server):
    """Plain libsoup with a fixed body."""

    def __init__(self, places, body_path, processes):
        super().__init__([os.path.join(places.build, "tests/bench/constant-server"), processes,
                          body_path], places.path("constant-server.log"))
        try:
            self.url = "http://127.0.0.1:" + self.wait_for(r"^(\d+)$").group(1)
        except BaseException:
            self.stop()
            raise


NGINX_CONF = """
daemon off;
{user}
worker_processes {workers};
pid {directory}/nginx.pid;
error_log {directory}/nginx-error.log;
events {{ worker_connections 1024; }}
http {{
  types {{ video/mp4 mp4; }}
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location /media/ {{ alias {media}/; }}
  }}
}}
"""


class Nginx(Server):
    """nginx with sendfile, over the same files."""

    def __init__(self, places, media, workers):
        directory = places.new_directory("nginx")
        port = free_port()
        program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
        if program is None:
            raise Failure("nginx is not installed")
        config = os.path.join(directory, "nginx.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(NGINX_CONF.format(user="user root;" if os.getuid() == 0 else "",
                                         workers=workers, directory=directory, port=port,
                                         media=media))
        super().__init__([program, "-p", directory, "-c", config,
                          "-e", os.path.join(directory, "nginx-error.log")],
                         places.path("nginx.log"))
        self.url = f"http://127.0.0.1:{port}"
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def _wait_until_ready(self):
        end = time.monotonic() + START_TIMEOUT
        while True:
            try:
                urllib.request.urlopen(self.url + "/media/", timeout=START_TIMEOUT).close()
                return
            except urllib.error.HTTPError:
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise self.failure("does not start") from None
            time.sleep(0.01)


def free_port():
    """nginx cannot say which port it was given, so this is one that was free a moment ago."""
    import socket
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Wrk:
    """One run of wrk, in the background."""

    def __init__(self, places, script, url, seconds, connections, arguments=()):
        script_path = os.path.join(os.path.dirname(os.path.abspath(__file__)), script)
        self.seconds = seconds
        self.process = subprocess.Popen(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s",
             script_path, url, "--", *[str(argument) for argument in arguments]],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            preexec_fn=_end_with_parent)

    def finish(self):
        try:
            output, _ = self.process.communicate(timeout=self.seconds + WRK_GRACE)
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise
        text = output.decode(errors="replace")
        match = re.search(r"^\{.*\}$", text, re.M)
        if self.process.returncode != 0 or match is None:
            raise Failure("wrk: " + text.strip())
        result = json.loads(match.group(0))
        result["rate"] = result["requests"] / (result["microseconds"] / 1e6)
        result["errors"] = result["wrong"] + result["lost"]
        return result
