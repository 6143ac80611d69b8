#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The web client in Firefox: what the tests in Chromium go through at length, once and by mouse and keys."""

import json
import os
import tempfile
from urllib.parse import urlsplit

from firefox import Firefox
from server import Server, make_video
from tap import check, check_equal, run
from user import CURRENT, TIME

SIZES = {"desktop": (1280, 800), "phone": (390, 844)}


class Smoke:
    """The tests, one after the other, each where the one before has ended."""

    def __init__(self, browser, server, directory):
        self.browser = browser
        self.server = server
        self.video = make_video(os.path.join(directory, "video.mp4"))
        self.bob_id, self.bob = server.register("Bob")

    def first_video(self):
        """The newest video, as the server tells it."""
        return json.loads(self.server.get("/douyin/feed/")[2])["video_list"][0]

    def register(self):
        """Test that a new user comes in by the form."""
        self.browser.resize(*SIZES["desktop"])
        self.browser.open(f"{self.server.url}/#/login")
        self.browser.type("[data-test=username]", "Ann")
        self.browser.type("[data-test=password]", "secret")
        self.browser.click("[data-test=register]")
        self.browser.wait("return !!localStorage.getItem('doutok.session')", what="a session")

    def upload(self):
        """Test that a video is chosen, seen before it is sent, and published."""
        self.browser.run("location.hash = '#/upload'")
        self.browser.choose_file("[data-test=file]", self.video)
        self.browser.wait("const v = document.querySelector('[data-test=preview]'); return v && v.currentTime > 0",
                          what="a preview")
        self.browser.type("[data-test=title]", "in Firefox")
        self.browser.click("[data-test=publish]")
        self.browser.find(".tile")
        check_equal(self.first_video()["title"], "in Firefox", "title")

    def play(self):
        """Test that the feed plays by itself, in either size, fits, and pauses."""
        self.browser.run("location.hash = '#/'")
        for size in ("phone", "desktop"):
            self.browser.resize(*SIZES[size])
            before = self.browser.run(TIME)
            self.browser.wait(f"const v = {CURRENT}?.querySelector('video');"
                              "return v && !v.paused && v.currentTime > 0 && v.currentTime !== arguments[0]",
                              before, what="a video that plays")
            check(not self.browser.run("return document.documentElement.scrollWidth > innerWidth"), f"too wide for a {size}")
        self.browser.press(" ")
        self.browser.wait(f"return {CURRENT}.querySelector('video').paused", what="a pause")
        self.browser.press(" ")
        self.browser.wait(f"return !{CURRENT}.querySelector('video').paused", what="an end of the pause")

    def like(self):
        """Test that a like is shown and counted."""
        self.browser.click("article:not([inert]) [data-test=like]")
        self.browser.wait("return document.querySelector('[data-test=like]').getAttribute('aria-pressed') === 'true'")
        self.browser.wait("return fetch('douyin/feed/').then((r) => r.json()).then((a) => a.video_list[0].favorite_count === 1)",
                          what="a like at the server")

    def comment(self):
        """Test that a comment is written and counted."""
        self.browser.press("c")
        self.browser.type("[data-test=comment-text]", "hello")
        self.browser.press("Enter")
        self.browser.wait("return document.querySelector('.comment-text')?.textContent === 'hello'", what="the comment")
        self.browser.press("Escape")
        self.browser.wait("return document.getElementById('panel').hidden", what="a closed panel")
        check_equal(self.first_video()["comment_count"], 1, "comments")

    def chat(self):
        """Test that a message arrives over the WebSocket, and an answer goes the same way."""
        self.browser.run("location.hash = arguments[0]", f"#/messages/{self.bob_id}")
        self.browser.type("[data-test=message-text]", "hello Bob")
        self.browser.press("Enter")
        self.browser.wait("return document.querySelector('.message.own p')?.textContent === 'hello Bob'", what="the message")
        asked = sum("message/chat" in url for url in self.browser.requests)
        ann = self.browser.run("return JSON.parse(localStorage.getItem('doutok.session')).id")
        self.server.call("/douyin/message/action/", self.bob, to_user_id=ann, action_type=1, content="hello Ann")
        self.browser.wait("return document.querySelector('.message:not(.own) p')?.textContent === 'hello Ann'", what="an answer")
        check_equal(sum("message/chat" in url for url in self.browser.requests), asked, "questions for messages")

    def silence(self):
        """Test that nothing was complained of, and nobody else was asked."""
        self.browser.run("return 0")
        complaints = [entry["text"] for entry in self.browser.console if entry["level"] in ("error", "warn")]
        check_equal(complaints, [], "the console")
        server = urlsplit(self.server.url).netloc
        others = [url for url in self.browser.requests
                  if urlsplit(url).scheme in ("http", "https", "ws", "wss") and urlsplit(url).netloc != server]
        check_equal(others, [], "other hosts")
        check(self.browser.requests, "no request was seen")


def main():
    """Runs them all."""
    server, browser = Server(), None
    try:
        browser = Firefox()
        with tempfile.TemporaryDirectory() as directory:
            smoke = Smoke(browser, server, directory)
            names = ("register", "upload", "play", "like", "comment", "chat", "silence")
            run([(f"/browser/firefox/{name}", getattr(smoke, name)) for name in names])
    finally:
        if browser:
            browser.close()
        server.stop()


if __name__ == "__main__":
    main()
