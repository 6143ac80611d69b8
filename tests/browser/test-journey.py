#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two people meet: one publishes, likes and comments; the other follows and writes. In the size and
language that are given as arguments."""

import json
import os
import sys
import tempfile
import time

from server import Server, make_video
from tap import check, check_equal, run
from user import CURRENT, User
from webdriver import WAIT_TIMEOUT, Driver

SIZE, LANGUAGE = sys.argv[1:3]
HOSTILE = "<script>window.hostile = 1</script><img src=x onerror='window.hostile = 1'> \"&amp; 猫"
WORDS = {"zh-CN": ("首页", "发布", "喜欢"), "en": ("Home", "Publish", "Likes")}[LANGUAGE]


class Journey:
    """The tests, one after the other, each where the one before has ended."""

    def __init__(self, driver, server, directory):
        self.server = server
        self.ann_id = 0
        self.video = make_video(os.path.join(directory, "video.mp4"))
        self.ann = User(driver, server, "Ann", SIZE, LANGUAGE)
        self.bob = User(driver, server, "Bob <b>", SIZE, LANGUAGE)

    def feed(self):
        """The videos of the feed, as the server tells them."""
        return json.loads(self.server.get("/douyin/feed/")[2])["video_list"]

    def register(self):
        """Test that a new user comes in by the form, and sees the page in the right language."""
        self.ann.go("")
        self.ann.browser.wait_for_text(".nav-item", WORDS[0])
        self.ann.register()
        check_equal(self.ann.browser.run("return document.documentElement.lang"), LANGUAGE, "language")
        self.ann_id = self.ann.get_id()
        check(self.ann_id > 0, "no id")

    def upload(self):
        """Test that a chosen video is published and stands among the works."""
        self.ann.upload(self.video, HOSTILE)
        videos = self.feed()
        check_equal(len(videos), 1, "videos")
        check_equal(videos[0]["title"], HOSTILE, "title")

    def play(self):
        """Test that the video plays by itself, pauses and goes on."""
        self.ann.go("")
        self.ann.wait_for_play()
        before, after = self.ann.play_time()
        check(after > before, f"the video stands still at {before}")
        self.ann.browser.press("Space")
        self.ann.browser.wait(f"return {CURRENT}.querySelector('video').paused", what="a pause")
        self.ann.browser.press("Space")
        self.ann.browser.wait(f"return !{CURRENT}.querySelector('video').paused", what="an end of the pause")

    def like(self):
        """Test that a like is counted, taken back, and counted again."""
        for expected in (1, 0, 1):
            self.ann.browser.click("[data-test=like]")
            self.ann.browser.wait_for_text("[data-test=like]", str(expected))
            self.ann.browser.wait("return document.querySelector('[data-test=like]').ariaPressed === arguments[0]",
                                  "true" if expected else "false")
        self.ann.browser.wait("return fetch('douyin/feed/').then((r) => r.json()).then((a) => a.video_list[0].favorite_count === 1)")

    def hasty(self):
        """Test that of likes that are given and taken back faster than the server answers, the last one holds."""
        browser = self.ann.browser
        browser.run("""
            const { fetch } = window;
            window.likes = { begun: 0, ended: 0, fetch };
            window.fetch = async (address, options) => {
              if (!String(address).includes('favorite/action'))
                return fetch(address, options);
              if (likes.begun++ === 0)
                await new Promise((done) => setTimeout(done, 500));
              const answer = await fetch(address, options);
              likes.ended++;
              return answer;
            };""")
        for expected in (0, 1):
            browser.click("[data-test=like]")
            browser.wait_for_text("[data-test=like]", str(expected))
        browser.wait("return likes.begun === 2 && likes.ended === 2", what="both requests")
        check_equal(self.feed()[0]["favorite_count"], 1, "likes")
        browser.run("window.fetch = likes.fetch")

    def comment(self):
        """Test that a comment is written, shown as text, liked, and its sibling deleted."""
        browser = self.ann.browser
        browser.click("[data-test=comments]")
        self.ann.write_comment(HOSTILE)
        self.ann.write_comment("second")
        browser.click(".comment:first-child .comment-foot .icon-button")
        browser.wait("return document.querySelectorAll('.comment').length === 1", what="one comment")
        browser.click(".comment .feeling")
        browser.wait("return document.querySelector('.comment .feeling').ariaPressed === 'true'")
        check_equal(browser.text(".comment .feeling"), "1", "likes of the comment")
        browser.click(".comment .feeling:nth-of-type(2)")
        browser.wait("return document.querySelectorAll('.comment .feeling')[1].ariaPressed === 'true'")
        check_equal(browser.text(".comment .feeling"), "0", "likes of the comment")
        check_equal(browser.text(".comment-text"), HOSTILE, "comment")
        browser.press("Escape")
        browser.wait("return document.getElementById('panel').hidden")
        browser.wait_for_text("[data-test=comments]", "1")

    def feeling(self):
        """Test that what one feels about a comment is known on every device: here it is said on another one."""
        browser = self.ann.browser
        video = self.feed()[0]["id"]
        # The page shows a feeling before the server has it.
        end = time.monotonic() + WAIT_TIMEOUT
        while True:
            comment = json.loads(self.server.get(f"/douyin/comment/list/?video_id={video}")[2])["comment_list"][0]
            if comment["tease_count"] == 1 or time.monotonic() > end:
                break
            time.sleep(0.05)
        check_equal((comment["like_count"], comment["tease_count"]), (0, 1), "likes and dislikes")
        token = browser.run("return JSON.parse(localStorage.getItem('doutok.session')).token")
        self.server.call("/douyin/comment/feeling/", token, comment_id=comment["id"], action_type=1)
        browser.click("[data-test=comments]")
        browser.wait("return document.querySelector('.comment .feeling')?.ariaPressed === 'true'", what="the like")
        check_equal(browser.run("return document.querySelectorAll('.comment .feeling')[1].ariaPressed"), "false", "the dislike")
        browser.press("Escape")

    def inert(self):
        """Test that the texts of users have stayed texts."""
        check_equal(self.ann.browser.text(".slide:not([inert]) .caption-title"), HOSTILE, "title")
        check(not self.ann.browser.run("return 'hostile' in window"), "a script of a user has run")
        check(not self.ann.browser.exists("#view script, #view img[src=x], #panel img[src=x]"), "markup of a user")

    def follow(self):
        """Test that a second user follows the first, and that both see it."""
        self.bob.register()
        self.bob.go("")
        self.bob.wait_for_play()
        self.bob.browser.click(".slide:not([inert]) .rail-follow")
        self.bob.browser.wait(f"return {CURRENT}.querySelector('.rail-follow').disabled")
        self.bob.browser.click(".slide:not([inert]) .rail-author a")
        self.bob.browser.wait("return document.querySelector('.follow')?.ariaPressed === 'true'")
        self.ann.go(f"user/{self.ann.get_id()}/people/followers")
        self.ann.browser.wait_for_text(".person-name", "Bob <b>")
        self.ann.browser.click(".follow")
        self.ann.browser.wait("return document.querySelector('.follow').ariaPressed === 'true'")

    def chat(self):
        """Test that messages arrive by push, unread ones are marked, and that they were read is shown."""
        self.ann.go("")
        self.bob.browser.click(".profile-actions a")
        self.bob.send_message("first <i>words</i>")
        self.ann.browser.wait("return document.getElementById('unread').textContent === '1'", what="an unread mark")
        self.ann.go("messages")
        self.ann.browser.wait_for_text(".conversation-last", "first <i>words</i>")
        self.ann.browser.click(".conversation")
        self.ann.browser.wait_for_text(".message:not(.own) p", "first <i>words</i>")
        self.ann.browser.wait("return document.getElementById('unread').hidden", what="no unread mark")
        asked = self.ann.count_requests("message/chat")
        self.bob.send_message("by push")
        self.ann.browser.wait_for_text(".message:not(.own) p", "by push")
        check_equal(self.ann.count_requests("message/chat"), asked, "questions for messages")
        self.bob.browser.find(".message-read")
        self.ann.send_message("an answer")
        self.bob.browser.wait_for_text(".message:not(.own) p", "an answer")

    def stranger(self):
        """Test that what somebody whom nobody follows has written in one's absence is marked until it was read."""
        self.ann.browser.open("about:blank")
        self.bob.browser.wait("""
            const post = (path, fields) => fetch(path, { method: 'POST', body: new URLSearchParams(fields) })
              .then((response) => response.json());
            return post('douyin/user/register/', { username: 'Carl', password: 'secret' })
              .then(({ token }) => ['one', 'two'].reduce((before, content) => before.then(() =>
                post('douyin/message/action/', { token, to_user_id: arguments[0], action_type: 1, content })),
                Promise.resolve()))
              .then((answer) => answer.status_code === 0)""", self.ann_id)
        self.ann.go("")
        self.ann.browser.wait("return document.getElementById('unread').textContent === '2'", what="unread marks")
        self.ann.go("messages")
        self.ann.browser.wait_for_text(".conversation-name", "Carl")
        self.ann.browser.click(".conversation")
        self.ann.browser.wait_for_text(".message:not(.own) p", "one")
        self.ann.browser.wait("return document.getElementById('unread').hidden", what="no unread mark")
        self.ann.browser.wait("""
            const { token } = JSON.parse(localStorage.getItem('doutok.session'));
            return fetch('douyin/message/conversations/', { headers: { Authorization: `Bearer ${token}` } })
              .then((response) => response.json())
              .then((answer) => answer.conversation_list[0].unread_count === 0)""", what="the server to know that it was read")
        self.ann.browser.run("localStorage.removeItem('doutok.conversations')")
        self.ann.browser.open("about:blank")
        self.ann.go("messages")
        self.ann.browser.wait_for_text(".conversation-name", "Carl")
        check(self.ann.browser.run("return document.getElementById('unread').hidden"), "what was read is marked")

    def own_page(self):
        """Test that the own page shows the work and what is liked."""
        self.ann.go("me")
        self.ann.browser.find(".tile")
        self.ann.browser.click(".tab:nth-child(2)")
        self.ann.browser.wait("return document.querySelector('.tab:nth-child(2)')?.ariaCurrent === 'page'")
        self.ann.browser.wait_for_text(".tab[aria-current]", WORDS[2])
        self.ann.browser.wait_for_text(".tile-title", HOSTILE)

    def delete(self):
        """Test that one's own video is gone after a question, for everybody."""
        self.ann.go("me")
        self.ann.browser.click(".tile-delete")
        self.ann.browser.click("[data-test=confirm]")
        self.ann.browser.wait("return !document.querySelector('.tile')", what="no tile")
        check_equal(self.ann.browser.text(".tab[aria-current] .tab-count"), "0", "works")
        check_equal(self.feed(), [], "the feed")

    def log_out(self):
        """Test that one can leave, and that what is one's own then asks to log in."""
        self.ann.go("settings")
        self.ann.browser.click("[data-test=log-out]")
        self.ann.browser.wait("return !localStorage.getItem('doutok.session')")
        self.ann.go("messages")
        self.ann.browser.find("[data-test=log-in]")

    def silence(self):
        """Test that nothing was complained of, and nobody else was asked."""
        self.ann.check_silence()
        self.bob.check_silence()


def main():
    """Runs them all."""
    driver, server = Driver(), None
    try:
        server = Server()
        with tempfile.TemporaryDirectory() as directory:
            journey = Journey(driver, server, directory)
            names = ("register", "upload", "play", "like", "hasty", "comment", "feeling", "inert", "follow", "chat", "stranger", "own_page", "delete",
                     "log_out", "silence")
            run([(f"/browser/journey/{SIZE}/{LANGUAGE}/{name}", getattr(journey, name)) for name in names])
    finally:
        driver.stop()
        if server:
            server.stop()


if __name__ == "__main__":
    main()
