#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What users change about themselves: signature, pictures, password."""

import json
import os
import tempfile
import time
import zipfile

from server import Server, make_picture, make_video
from tap import check, check_equal, run
from user import User
from webdriver import Driver, WAIT_TIMEOUT

SIGNATURE = "<b>hello</b> & 你好\nsecond line"


class Profile:
    """The tests, one after the other."""

    def __init__(self, driver, server, directory):
        self.server = server
        self.directory = directory
        self.picture = make_picture(os.path.join(directory, "picture.png"))
        self.video = make_video(os.path.join(directory, "video.mp4"))
        self.text = os.path.join(directory, "text.png")
        with open(self.text, "w", encoding="utf-8") as file:
            file.write("no picture\n" * 20)
        self.ann = User(driver, server, "Ann")
        self.bob = User(driver, server, "Bob", "desktop")
        self.browser = self.ann.browser

    def save(self, name):
        """Presses the button of a form of the settings and waits until it may be pressed again."""
        self.browser.click(f"[data-test={name}-save]")
        self.browser.wait("return !document.querySelector(arguments[0]).disabled", f"[data-test={name}-save]")
        return self.browser.run("return document.querySelector(arguments[0]).textContent", f"[data-test={name}-problem]")

    def signature(self):
        """Test that a signature is saved, and shown as text."""
        self.ann.register()
        self.bob.register()
        self.ann.go("settings")
        self.browser.type("[data-test=signature]", SIGNATURE)
        check_equal(self.save("signature"), "", "problem")
        self.bob.go(f"user/{self.ann.get_id()}")
        self.bob.browser.find(".profile-signature")
        check_equal(self.bob.browser.run("return document.querySelector('.profile-signature').textContent"), SIGNATURE, "signature")

    def followed(self):
        """Test that a follow is counted where it is made, and taken back."""
        count = "return document.querySelector('.profile-counts li:nth-child(3) b').textContent"
        self.bob.browser.find(".follow")
        for pressed, expected in (("true", "1"), ("false", "0")):
            self.bob.browser.click(".follow")
            self.bob.browser.wait("return document.querySelector('.follow').ariaPressed === arguments[0]", pressed)
            check_equal(self.bob.browser.run(count), expected, "followers")

    def incomplete(self):
        """Test that the page says in its own language what a form lacks."""
        for name, text in (("avatar", "Choose a picture first."), ("background_image", "Choose a picture first."),
                           ("password", "Type in the current password.")):
            self.ann.go("settings")
            check_equal(self.save(name), text, name)

    def pictures(self):
        """Test that pictures are shown before they are sent, and to others afterwards."""
        for name, shown in (("avatar", ".profile-who .avatar"), ("background_image", ".profile-background")):
            self.ann.go("settings")
            self.browser.choose_file(f"[data-test={name}]", self.picture)
            self.browser.wait("return document.querySelector('img[src^=\"blob:\"]')?.naturalWidth > 0", what="a preview")
            check_equal(self.save(name), "", "problem")
            self.bob.go("messages")
            self.bob.browser.find(".inbox")
            self.bob.go(f"user/{self.ann.get_id()}")
            self.bob.browser.wait("const i = document.querySelector(arguments[0]);"
                                  "return i && i.complete && i.naturalWidth > 0 && !i.src.includes('default')", shown)
            self.ann.go("me")
            self.browser.find(".profile")

    def picture_refused(self):
        """Test that the page says why a picture is refused."""
        self.ann.go("settings")
        self.browser.choose_file("[data-test=avatar]", self.text)
        check(self.save("avatar") != "", "no problem")

    def read_block_button(self):
        """What the button says, once it may be pressed."""
        self.browser.wait("return document.querySelector('[data-test=block]')?.disabled === false", what="a button")
        return self.browser.run("return document.querySelector('[data-test=block]').textContent")

    def block(self):
        """Test that one blocks somebody on their page, after a question, and that it is all over then."""
        self.bob.upload(self.video, "Hello")
        self.ann.go(f"user/{self.bob.get_id()}")
        self.browser.click("button.follow")
        self.browser.wait("return document.querySelector('button.follow').getAttribute('aria-pressed') === 'true'")
        self.browser.find(".tile")
        check_equal(self.read_block_button(), "Block", "button")
        self.browser.click("[data-test=block]")
        self.browser.click("[data-test=confirm]")
        self.browser.wait_for_text("[data-test=block]", "Unblock")
        self.browser.find(".empty-note")
        check_equal(self.browser.run("return document.querySelectorAll('.tile').length"), 0, "videos")
        check_equal(self.browser.run("return document.querySelector('button.follow').getAttribute('aria-pressed')"),
                    "false", "follow")
        self.bob.go(f"messages/{self.ann.get_id()}")
        self.bob.browser.type("[data-test=message-text]", "why?")
        self.bob.browser.click(".chat .send")
        self.bob.browser.wait_for_text(".toast", "blocked")

        self.ann.go("me")
        self.browser.find(".profile-actions a[href='#/settings']")
        self.ann.go(f"user/{self.bob.get_id()}")
        check_equal(self.read_block_button(), "Unblock", "button")
        self.browser.click("[data-test=block]")
        self.browser.wait_for_text("[data-test=block]", "Block")
        self.browser.find(".tile")

    def send_report(self, button, reason):
        """Presses a button, and says what is wrong; what was asked."""
        self.browser.click(button)
        question = self.browser.text("dialog p")
        check(self.browser.run("return document.querySelector('[data-test=report-send]').disabled"), "no reason is needed")
        self.browser.type("[data-test=reason]", reason)
        self.browser.click("[data-test=report-send]")
        self.browser.wait("return !document.querySelector('dialog')", what="an end of the question")
        self.browser.wait_for_text(".toast:last-child", "Reported")
        self.browser.run("document.querySelectorAll('.toast').forEach((toast) => toast.remove())")
        return question

    def report(self):
        """Test that somebody, their video and their comment are reported, and that all of it is listed."""
        bob = self.bob.get_id()
        self.ann.go(f"user/{bob}")
        self.browser.click("[data-test=report-user]")
        self.browser.click("dialog button[value=no]")
        self.browser.wait("return !document.querySelector('dialog')", what="an end of the question")
        check_equal(self.send_report("[data-test=report-user]", "rude"), "Report Bob", "question")

        self.browser.click(".tile a")
        check_equal(self.send_report("[data-test=report-video]", "a lie"), "Report the video “Hello”", "question")
        video = int(self.browser.run("return location.hash.split('/').pop()"))
        self.bob.go(f"user/{bob}/play/works/{video}")
        self.bob.browser.click("[data-test=comments]")
        self.bob.write_comment("spam")
        check(not self.bob.browser.exists(".comment-report"), "one's own comment can be reported")
        check(not self.bob.browser.exists("[data-test=report-video]"), "one's own video can be reported")
        self.browser.click("[data-test=comments]")
        check_equal(self.send_report(".comment-report", "an advertisement"), "Report a comment by Bob", "question")

        listed = self.server.run("report", "list")
        for line in (f"user {bob}", f"video {video}", "“spam”", ": rude", ": a lie", ": an advertisement"):
            check(line in listed, f"{line} is not in {listed}")
        check_equal(len([line for line in listed.splitlines() if line[:1].isdigit()]), 3, "reports")

    def change(self, old, new):
        """Fills in the form of the password."""
        self.browser.type("[data-test=old-password]", old)
        self.browser.type("[data-test=new-password]", new)
        return self.save("password")

    def data_refused(self):
        """Test that without the right password nothing is given, and one stays logged in."""
        self.ann.go("settings")
        check_equal(self.save("data"), "Type in the current password.", "problem")
        self.browser.type("[data-test=data-password]", "wrong")
        check("rong" in self.save("data"), "no problem")
        check(self.browser.run("return !!localStorage.getItem('doutok.session')"), "the session has ended")

    def data(self):
        """Test that one gets all that is kept of oneself as a file."""
        directory = tempfile.mkdtemp(dir=self.directory)
        self.browser.cdp("Page.setDownloadBehavior", behavior="allow", downloadPath=directory)
        self.ann.go("me")
        self.browser.find(".profile")
        self.ann.go("settings")
        self.browser.type("[data-test=data-password]", "secret")
        check_equal(self.save("data"), "", "problem")
        path = os.path.join(directory, f"doutok-{self.ann.get_id()}.zip")
        end = time.monotonic() + WAIT_TIMEOUT
        while os.listdir(directory) != [os.path.basename(path)]:
            check(time.monotonic() < end, "no file")
            time.sleep(0.05)
        with zipfile.ZipFile(path) as archive:
            check_equal(archive.testzip(), None, "damaged")
            profile = json.loads(archive.read("profile.json"))
            check_equal((profile["name"], profile["signature"]), ("Ann", SIGNATURE), "profile")
            check(len(archive.read(profile["avatar"])) > 0, "no avatar")

    def password_refused(self):
        """Test that a wrong password changes nothing, and ends nothing."""
        check(self.change("wrong", "another") != "", "no problem")
        check(self.browser.run("return !!localStorage.getItem('doutok.session')"), "the session has ended")
        self.ann.go("me")
        self.browser.find(".profile")

    def password(self):
        """Test that a password is changed, and that one stays logged in here, and messages arrive."""
        self.ann.go("settings")
        check_equal(self.change("secret", "another"), "", "problem")
        self.ann.go(f"messages/{self.bob.get_id()}")
        self.browser.find("[data-test=message-text]")
        self.bob.go(f"messages/{self.ann.get_id()}")
        self.bob.send_message("still there?")
        self.browser.wait_for_text(".message:not(.own) p", "still there?")
        self.ann.send_message("yes")

    def log_in(self):
        """Test that the new password is the one that counts from now on."""
        self.ann.go("settings")
        self.browser.click("[data-test=log-out]")
        self.ann.go("login")
        self.browser.type("[data-test=username]", "Ann")
        self.browser.type("[data-test=password]", "secret")
        self.browser.click("[data-test=log-in]")
        self.browser.wait_for_text("[data-test=problem]", "Wrong")
        self.browser.run("document.querySelector('[data-test=password]').value = ''")
        self.browser.type("[data-test=password]", "another")
        self.browser.click("[data-test=log-in]")
        self.browser.wait("return !!localStorage.getItem('doutok.session')", what="a session")

    def deletion(self):
        """Test that an account is deleted after its password and a question, and not without."""
        ann = self.ann.get_id()
        self.ann.go("settings")
        self.browser.click("[data-test=deletion-save]")
        self.browser.wait_for_text("[data-test=deletion-problem]", "Type in the current password.")
        self.browser.type("[data-test=deletion-password]", "wrong")
        self.browser.click("[data-test=deletion-save]")
        self.browser.click("[data-test=confirm]")
        self.browser.wait_for_text("[data-test=deletion-problem]", "Wrong user name or password")
        self.browser.run("document.querySelector('[data-test=deletion-password]').value = ''")
        self.browser.type("[data-test=deletion-password]", "another")
        self.browser.click("[data-test=deletion-save]")
        self.browser.click(".dialog button[value=no]")
        check(self.browser.run("return !!localStorage.getItem('doutok.session')"), "the session has ended")
        self.browser.wait("return !document.querySelector('[data-test=deletion-save]').disabled")
        self.browser.click("[data-test=deletion-save]")
        self.browser.click("[data-test=confirm]")
        self.browser.wait("return !localStorage.getItem('doutok.session')", what="no session")
        self.browser.wait_for_text(".toast", "Your account is deleted.")
        self.bob.go(f"user/{ann}")
        self.bob.browser.wait("return !document.querySelector('.profile-head')")

    def silence(self):
        """Test that nothing was complained of, and nobody else was asked."""
        self.ann.check_silence(allowed=("WebSocket",))
        self.bob.check_silence()


def main():
    """Runs them all."""
    driver, server = Driver(), None
    try:
        server = Server()
        with tempfile.TemporaryDirectory() as directory:
            profile = Profile(driver, server, directory)
            names = ("signature", "followed", "incomplete", "pictures", "block", "report", "picture_refused",
                     "data_refused", "data", "password_refused", "password", "log_in", "deletion", "silence")
            run([(f"/browser/profile/{name}", getattr(profile, name)) for name in names])
    finally:
        driver.stop()
        if server:
            server.stop()


if __name__ == "__main__":
    main()
