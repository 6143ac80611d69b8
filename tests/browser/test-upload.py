#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Uploads that are refused, cancelled or too large: what the page says, and that nothing is published. And
messages where no WebSocket can be opened."""

import json
import os
import tempfile

from server import Server, make_video
from tap import check, check_equal, run
from user import User
from webdriver import Driver

MIB = 1024 * 1024


class Upload:
    """The tests, on one page."""

    def __init__(self, driver, server, directory):
        self.server = server
        self.video = make_video(os.path.join(directory, "video.mp4"))
        self.long = make_video(os.path.join(directory, "long.mp4"), seconds=6)
        self.paths = {}
        with open(self.video, "rb") as file:
            half = file.read(os.path.getsize(self.video) // 2)
        for name, content in (("text.mp4", b"no video at all\n" * 100), ("half.mp4", half),
                              ("slow.mp4", os.urandom(3 * MIB)), ("large.mp4", os.urandom(6 * MIB))):
            self.paths[name] = os.path.join(directory, name)
            with open(self.paths[name], "wb") as file:
                file.write(content)
        self.ann = User(driver, server, "Ann")
        self.browser = self.ann.browser
        self.bob = User(driver, server, "Bob", "desktop", "zh-CN")

    def publish(self, path, title):
        """Opens the form anew, fills it in and sends it."""
        self.ann.go("me")
        self.browser.find(".profile")
        self.ann.go("upload")
        if path:
            self.browser.choose_file("[data-test=file]", path)
        if title:
            self.browser.type("[data-test=title]", title)
        self.browser.click("[data-test=publish]")

    def expect(self, text):
        """Waits for what the page says, and checks that the form can be sent again."""
        self.browser.wait_for_text("[data-test=problem]", text)
        self.browser.find("[data-test=publish]")
        check_equal(json.loads(self.server.get("/douyin/feed/")[2])["video_list"], [], "videos")

    def incomplete(self):
        """Test that the page asks for what is missing, and goes there."""
        self.ann.register()
        self.publish(None, "title")
        self.expect("Choose a video first.")
        self.publish(self.video, "   ")
        self.expect("Give it a title.")
        check_equal(self.browser.run("return document.activeElement.dataset.test"), "title", "focus")

    def refused(self):
        """Test that the page says why the server refuses a file."""
        self.publish(self.paths["text.mp4"], "title")
        self.expect("This is not a video")
        self.publish(self.paths["half.mp4"], "title")
        self.expect("damaged")
        self.publish(self.long, "title")
        self.expect("The video is too long")

    def too_large(self):
        """Test that the page says that a file is too large, and does not just break off."""
        self.publish(self.paths["large.mp4"], "title")
        self.expect("too large")

    def cancelled(self):
        """Test that an upload shows how far it is, and can be cancelled."""
        self.browser.cdp("Network.enable")
        self.browser.cdp("Network.emulateNetworkConditions", offline=False, latency=0, downloadThroughput=-1,
                         uploadThroughput=400 * 1024)
        self.publish(self.paths["slow.mp4"], "title")
        self.browser.wait("const p = document.querySelector('.upload-bar'); return !p.hidden && p.value > 0 && p.value < 1",
                          what="progress")
        self.browser.wait_for_text(".upload-state", "Uploading")
        self.browser.click("[data-test=cancel]")
        self.expect("Cancelled")
        self.browser.cdp("Network.emulateNetworkConditions", offline=False, latency=0, downloadThroughput=-1,
                         uploadThroughput=-1)

    def preview(self):
        """Test that a chosen video is shown before it is sent, and published afterwards with a title of one line."""
        self.ann.go("me")
        self.browser.find(".profile")
        self.ann.go("upload")
        self.browser.choose_file("[data-test=file]", self.video)
        self.browser.wait("const v = document.querySelector('[data-test=preview]'); return v && v.currentTime > 0",
                          what="a preview")
        check_equal(self.browser.run("return document.querySelector('[data-test=preview]').src.split(':')[0]"), "blob", "source")
        self.ann.upload(self.video, "at\n  last ")
        check_equal(json.loads(self.server.get("/douyin/feed/")[2])["video_list"][0]["title"], "at last", "title")

    def polled(self):
        """Test that messages arrive by asking where a WebSocket cannot be opened, and are sent."""
        self.browser.cdp("Network.enable")
        self.browser.cdp("Page.enable")
        self.browser.cdp("Page.addScriptToEvaluateOnNewDocument", source="""
            window.WebSocket = class extends EventTarget {
              static OPEN = 1;
              constructor() { super(); this.readyState = 3; setTimeout(() => this.dispatchEvent(new CloseEvent('close'))); }
              close() {}
            };""")
        self.bob.register()
        self.browser.open("about:blank")
        self.ann.go(f"messages/{self.bob.get_id()}")
        self.browser.find("[data-test=message-text]")
        self.bob.go(f"messages/{self.ann.get_id()}")
        self.bob.send_message("can you hear me")
        self.browser.wait_for_text(".message:not(.own) p", "can you hear me")
        self.ann.send_message("yes")
        self.bob.browser.wait_for_text(".message:not(.own) p", "yes")

    def expired(self):
        """Test that the page says that a login has ended, and lets one log in again."""
        self.bob.browser.run("const s = JSON.parse(localStorage.getItem('doutok.session'));"
                             "localStorage.setItem('doutok.session', JSON.stringify({ ...s, token: 'stale' })); location.reload()")
        self.bob.browser.find("[data-test=log-in]")
        self.bob.browser.type("[data-test=username]", "Bob")
        self.bob.browser.type("[data-test=password]", "wrong")
        self.bob.browser.click("[data-test=log-in]")
        self.bob.browser.wait_for_text("[data-test=problem]", "密码")
        self.bob.browser.type("[data-test=password]", "\ue009a\ue000secret")
        self.bob.browser.click("[data-test=log-in]")
        self.bob.browser.find("[data-test=message-text]")

    def silence(self):
        """Test that nothing was complained of but what was meant to go wrong."""
        self.ann.check_silence(allowed=("413",))
        self.bob.check_silence(allowed=("WebSocket",))


def main():
    """Runs them all."""
    driver, server = Driver(), None
    try:
        server = Server("[limits]\nrate-limits=off\nmax-upload=4MiB\n[video]\nmax-duration=5s\n")
        with tempfile.TemporaryDirectory() as directory:
            upload = Upload(driver, server, directory)
            names = ("incomplete", "refused", "too_large", "cancelled", "preview", "polled", "expired", "silence")
            run([(f"/browser/upload/{name}", getattr(upload, name)) for name in names])
    finally:
        driver.stop()
        if server:
            server.stop()


if __name__ == "__main__":
    main()
