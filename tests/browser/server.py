# SPDX-License-Identifier: Apache-2.0
"""A DouTok of the test's own, and videos and pictures for it."""

import json
import os
import shutil
import subprocess
import tempfile
import threading
import urllib.parse
import urllib.request

READY = "doutok: ready on "
# Seconds for the server to start or stop.
TIMEOUT = 60


def find_program():
    """The installed doutok(1) if the environment names it, else the one of the build tree."""
    directory = os.environ.get("DOUTOK_TEST_BINDIR")
    if not directory:
        directory = os.path.join(os.environ["G_TEST_BUILDDIR"], "..", "src", "launcher")
    return os.path.join(directory, "doutok")


class Server:
    """`doutok serve` on a free loopback port, with directories of its own."""

    def __init__(self, config="[limits]\nrate-limits=off\n"):
        self.directory = tempfile.mkdtemp(prefix="doutok-browser-server-")
        config_path = os.path.join(self.directory, "doutok.conf")
        with open(config_path, "w", encoding="utf-8") as file:
            file.write(config)
        self.process = subprocess.Popen(
            [find_program(), "serve", "--config", config_path, "--listen", "127.0.0.1:0",
             "--state-dir", os.path.join(self.directory, "state"),
             "--runtime-dir", os.path.join(self.directory, "run")],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        timer = threading.Timer(TIMEOUT, self.process.kill)
        timer.start()
        self.url = next((line[len(READY):].strip() for line in self.process.stdout if line.startswith(READY)), None)
        timer.cancel()
        if not self.url:
            raise RuntimeError("the server does not start")
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def stop(self):
        """Ends the server and removes what it had."""
        self.process.terminate()
        try:
            self.process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    def run(self, *arguments):
        """What a command of doutok(1) prints about this server."""
        return subprocess.run([find_program(), *arguments, "--runtime-dir", os.path.join(self.directory, "run")],
                              stdout=subprocess.PIPE, text=True, check=True, timeout=TIMEOUT).stdout

    def get(self, path, headers=None, method="GET"):
        """An answer: its status, headers and bytes."""
        request = urllib.request.Request(self.url + path, headers=headers or {}, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=TIMEOUT) as response:
            return response.status, response.headers, response.read()

    def call(self, path, token=None, **parameters):
        """Calls an endpoint with POST and returns what it answers."""
        request = urllib.request.Request(
            self.url + path, data=urllib.parse.urlencode(parameters).encode(), method="POST",
            headers={"Authorization": f"Bearer {token}"} if token else {})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=TIMEOUT) as response:
            return json.load(response)

    def register(self, name, password="secret"):
        """Makes a user; returns the id and the token."""
        answer = self.call("/douyin/user/register/", username=name, password=password)
        return answer["user_id"], answer["token"]

    def publish(self, token, path, title):
        """Publishes a file."""
        boundary = "doutok-boundary"
        with open(path, "rb") as file:
            content = file.read()
        body = (f'--{boundary}\r\nContent-Disposition: form-data; name="title"\r\n\r\n{title}\r\n'
                f'--{boundary}\r\nContent-Disposition: form-data; name="data"; filename="v.mp4"\r\n\r\n').encode()
        body += content + f"\r\n--{boundary}--\r\n".encode()
        request = urllib.request.Request(
            self.url + "/douyin/publish/action/", data=body, method="POST",
            headers={"Authorization": f"Bearer {token}",
                     "Content-Type": f"multipart/form-data; boundary={boundary}"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=TIMEOUT) as response:
            answer = json.load(response)
        if answer["status_code"] != 0:
            raise RuntimeError(answer["status_msg"])


def run_ffmpeg(path, *arguments):
    """Has ffmpeg make a file; returns its path."""
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *arguments, path], check=True, timeout=TIMEOUT)
    return path


def make_video(path, seconds=3, size="360x640", picture="testsrc2"):
    """A small upright video with sound, which the server takes as it is."""
    return run_ffmpeg(path, "-f", "lavfi", "-i", f"{picture}=s={size}:r=24:d={seconds}",
                      "-f", "lavfi", "-i", f"sine=d={seconds}", "-pix_fmt", "yuv420p", "-c:v", "libx264",
                      "-preset", "ultrafast", "-c:a", "aac", "-movflags", "+faststart")


def make_picture(path, color="tomato"):
    """A picture of one colour."""
    return run_ffmpeg(path, "-f", "lavfi", "-i", f"color=c={color}:s=256x256", "-frames:v", "1")
