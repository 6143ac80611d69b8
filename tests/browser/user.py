# SPDX-License-Identifier: Apache-2.0
"""What users do in the web client, by its buttons and fields."""

import time
from urllib.parse import urlsplit

from tap import check
from webdriver import Browser

SIZES = {
    "phone": {"width": 390, "height": 844, "is_phone": True},
    "desktop": {"width": 1280, "height": 800},
}
CURRENT = "document.querySelector('article:not([inert])')"
TIME = f"return {CURRENT}?.querySelector('video')?.currentTime ?? 0"


class User:
    """A person in front of a browser."""

    def __init__(self, driver, server, name, size="phone", language="en", **options):
        self.server = server
        self.name = name
        self.browser = Browser(driver, language, **{**SIZES[size], **options})

    def close(self):
        """Goes away."""
        self.browser.close()

    def go(self, path):
        """Goes to a view by its address."""
        if self.browser.run("return location.origin") == self.server.url:
            self.browser.run("location.hash = arguments[0]", f"#/{path}")
        else:
            self.browser.open(f"{self.server.url}/#/{path}")

    def register(self, password="secret"):
        """Opens the page and registers with the form."""
        self.go("login")
        self.browser.type("[data-test=username]", self.name)
        self.browser.type("[data-test=password]", password)
        self.browser.click("[data-test=register]")
        self.browser.wait("return !!localStorage.getItem('doutok.session')", what="a session")

    def get_id(self):
        """The own id."""
        return self.browser.run("return JSON.parse(localStorage.getItem('doutok.session')).id")

    def upload(self, path, title):
        """Publishes a file with the form."""
        self.go("upload")
        self.browser.choose_file("[data-test=file]", path)
        self.browser.type("[data-test=title]", title)
        self.browser.click("[data-test=publish]")
        self.browser.find(".tile")

    def wait_for_play(self):
        """Waits until the video in view plays."""
        self.browser.wait(f"const v = {CURRENT}?.querySelector('video'); return v && !v.paused && v.currentTime > 0.2",
                          what="a video that plays")

    def write_comment(self, text):
        """Writes a comment in the open panel."""
        self.browser.type("[data-test=comment-text]", text)
        self.browser.click(".panel .send")
        self.browser.wait_for_text(".comment-text", text)

    def send_message(self, text):
        """Writes a message in the open chat."""
        self.browser.type("[data-test=message-text]", text)
        self.browser.click(".chat .send")
        self.browser.wait_for_text(".message.own p", text)

    def check_silence(self, allowed=()):
        """Checks that the console has no complaint, and that nothing but the server was asked for anything."""
        self.browser.collect()
        complaints = [entry["message"] for entry in self.browser.console
                      if entry["level"] in ("SEVERE", "WARNING") and not any(text in entry["message"] for text in allowed)]
        check(not complaints, f"the console says {complaints}")
        server = urlsplit(self.server.url).netloc
        others = [url for url in self.browser.requests
                  if urlsplit(url).scheme in ("http", "https", "ws", "wss") and urlsplit(url).netloc != server]
        check(not others, f"other hosts were asked: {others}")
        check(self.browser.requests, "no request was seen")

    def count_requests(self, part):
        """How many requests went to addresses with this part until now."""
        self.browser.collect()
        return sum(part in url for url in self.browser.requests)

    def play_time(self):
        """Where the video in view is, in seconds, twice: a moment lies between."""
        before = self.browser.run(TIME)
        time.sleep(0.4)
        return before, self.browser.run(TIME)
