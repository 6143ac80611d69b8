#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The feed: every way from video to video, what taps do, and that it neither ends nor grows nor jumps. In
the size that is given as argument."""

import os
import sys
import tempfile

from server import Server, make_video
from tap import check, check_equal, run
from user import CURRENT, User
from webdriver import Driver

SIZE = sys.argv[1]
N_VIDEOS = 6
# More than the feed keeps.
N_STEPS = 110
MAX_SLIDES = 100
# Milliseconds that are surely a double tap to the page, and how often a busy browser may miss them.
DOUBLE_TAP = 200
MAX_DOUBLE_TAPS = 5
TITLE = f"return {CURRENT}?.querySelector('.caption-title').textContent ?? null"


class Feed:
    """The tests, on one page."""

    def __init__(self, driver, server, directory):
        self.ann_id, token = server.register("Ann")
        upright = make_video(os.path.join(directory, "upright.mp4"))
        wide = make_video(os.path.join(directory, "wide.mp4"), size="640x360")
        for number in range(N_VIDEOS):
            server.publish(token, wide if number % 2 else upright, f"video {number}")
        self.server = server
        self.bob = User(driver, server, "Bob", SIZE)
        self.browser = self.bob.browser

    def wait_for_rest(self):
        """A finger that comes while the feed still moves only stops it, and a click meets what has come there."""
        self.browser.wait(f"return Math.abs(document.querySelector('.feed').scrollTop - {CURRENT}.offsetTop) < 1",
                          what="the feed's rest")

    def wait_for_title(self, number):
        """Waits until this video is in view and plays."""
        self.browser.wait(TITLE.replace("?? null", f"=== 'video {number}'"), what=f"video {number}")
        self.bob.wait_for_play()

    def guest(self):
        """Test that a guest who likes a video is asked to log in, and then is back at that video."""
        self.bob.go("")
        self.wait_for_title(N_VIDEOS - 1)
        for number in (N_VIDEOS - 2, N_VIDEOS - 3):
            self.browser.press("ArrowDown")
            self.wait_for_title(number)
        self.browser.press("l")
        self.browser.type("[data-test=username]", self.bob.name)
        self.browser.type("[data-test=password]", "secret")
        self.browser.click("[data-test=register]")
        self.wait_for_title(N_VIDEOS - 3)
        check(self.browser.run("return !!localStorage.getItem('doutok.session')"), "no session")
        self.browser.press("ArrowUp")
        self.wait_for_title(N_VIDEOS - 2)
        self.browser.press("ArrowUp")
        self.wait_for_title(N_VIDEOS - 1)

    def shown(self):
        """Test that the newest video plays at once, alone, and the next ones are loaded."""
        self.browser.open("about:blank")
        self.bob.go("")
        self.wait_for_title(N_VIDEOS - 1)
        self.browser.wait("return document.querySelectorAll('article')[1].querySelector('video')?.readyState >= 3",
                          what="the next video")
        check_equal(self.browser.run("return [...document.querySelectorAll('video')].filter((v) => !v.paused).length"),
                    1, "videos that play")
        check_equal(self.browser.run("return document.querySelectorAll('video').length"), 3, "videos that are loaded")

    def keys(self):
        """Test that arrow keys go from video to video."""
        self.browser.press("ArrowDown")
        self.wait_for_title(N_VIDEOS - 2)
        self.browser.press("ArrowUp")
        self.wait_for_title(N_VIDEOS - 1)

    def wheel(self):
        """Test that a turn of the wheel goes one video on, however far it turns."""
        self.browser.turn_wheel(300, 300, 120)
        self.wait_for_title(N_VIDEOS - 2)
        self.browser.wait("window.rested ??= performance.now(); return performance.now() > window.rested + 600")
        self.browser.turn_wheel(300, 300, -900)
        self.wait_for_title(N_VIDEOS - 1)

    def swipe(self):
        """Test that a finger goes from video to video."""
        self.wait_for_rest()
        self.browser.swipe(150, 600, 150)
        self.wait_for_title(N_VIDEOS - 2)
        self.wait_for_rest()
        self.browser.swipe(150, 200, 650)
        self.wait_for_title(N_VIDEOS - 1)

    def double_tap(self, x, y):
        """Taps twice, and again if the browser was too busy to pass the second tap on in time: to the page those
        are two taps, which pause and go on."""
        for _ in range(MAX_DOUBLE_TAPS):
            self.browser.run("if (!window.taps) addEventListener('click', (event) => taps.push(event.timeStamp), true);"
                             "window.taps = []")
            self.browser.double_tap(x, y)
            self.browser.wait("return taps.length >= 2", what="two taps")
            if self.browser.run("return taps[1] - taps[0]") < DOUBLE_TAP:
                return
            self.browser.wait("return performance.now() - taps[1] > 2 * arguments[0]", DOUBLE_TAP, what="the end of both")

    def taps(self):
        """Test that a tap pauses, another goes on, and two likes."""
        video = f"{CURRENT}.querySelector('video')"
        self.browser.click("article:not([inert]) .slide-toggle")
        self.browser.wait(f"return {video}.paused", what="a pause")
        check_equal(self.browser.run(f"return {CURRENT}.querySelector('.slide-toggle').ariaLabel"), "Play", "label")
        self.browser.click("article:not([inert]) .slide-toggle")
        self.browser.wait(f"return !{video}.paused", what="its end")
        x, y = self.browser.run(f"const r = {CURRENT}.querySelector('.slide-stage').getBoundingClientRect();"
                                "return [Math.round(r.x + r.width / 3), Math.round(r.y + r.height / 3)]")
        for _ in range(2):
            self.double_tap(x, y)
            self.browser.wait(f"return {CURRENT}.querySelector('[data-test=like]').ariaPressed === 'true'", what="a like")
        check_equal(self.browser.text("article:not([inert]) [data-test=like]"), "1", "likes")
        check(not self.browser.run(f"return {video}.paused"), "two taps have paused it")

    def busy(self):
        """Test that two taps like also when the page hears of the second after what the first does."""
        self.browser.press("l")
        self.browser.wait(f"return {CURRENT}.querySelector('[data-test=like]').ariaPressed === 'false'", what="no like")
        self.browser.await_(f"""
            const toggle = {CURRENT}.querySelector('.slide-toggle');
            const taps = [1, 2].map((detail) => new MouseEvent('click', {{ bubbles: true, detail }}));
            toggle.dispatchEvent(taps[0]);
            await new Promise((resolve) => setTimeout(resolve, 600));
            window.wasPaused = {CURRENT}.querySelector('video').paused;
            toggle.dispatchEvent(taps[1]);""")
        check(self.browser.run("return wasPaused"), "the first tap has not paused")
        self.browser.wait(f"return {CURRENT}.querySelector('[data-test=like]').ariaPressed === 'true'", what="a like")
        self.browser.wait(f"return !{CURRENT}.querySelector('video').paused", what="what plays")

    def sound(self):
        """Test that sound is turned off and on for all videos, and stays so."""
        is_muted = f"return {CURRENT}.querySelector('video').muted"
        first = self.browser.run(is_muted)
        self.browser.click("article:not([inert]) [data-test=mute]")
        self.browser.wait(f"{is_muted} === arguments[0]", not first)
        self.browser.press("ArrowDown")
        self.wait_for_title(N_VIDEOS - 2)
        check_equal(self.browser.run(is_muted), not first, "muted")
        self.browser.press("m")
        self.browser.wait(f"{is_muted} === arguments[0]", first)
        self.browser.press("ArrowUp")
        self.wait_for_title(N_VIDEOS - 1)

    def progress(self):
        """Test that the bar follows the video, and the video the bar."""
        bar = f"{CURRENT}.querySelector('.slide-progress')"
        self.browser.wait(f"return {bar}.value > 0", what="progress")
        self.browser.press("Space")
        self.browser.run(f"{bar}.value = 500; {bar}.dispatchEvent(new Event('input'))")
        self.browser.wait(f"const v = {CURRENT}.querySelector('video'); return Math.abs(v.currentTime / v.duration - 0.5) < 0.05")
        check("of" in self.browser.run(f"return {bar}.ariaValueText"), "no text")
        self.browser.press("Space")

    def left(self):
        """Test that the feed is found where it was left."""
        self.browser.press("ArrowDown")
        self.wait_for_title(N_VIDEOS - 2)
        self.wait_for_rest()
        self.browser.click("article:not([inert]) .caption-author")
        self.browser.find(".profile")
        check_equal(self.browser.run("return document.querySelectorAll('video').length"), 0, "videos")
        self.browser.run("history.back()")
        self.wait_for_title(N_VIDEOS - 2)

    def works(self):
        """Test that a video of a profile opens where it stands, and goes on to the next."""
        self.browser.click("article:not([inert]) .rail-author a")
        self.browser.click(".tile:nth-child(3) a")
        self.wait_for_title(N_VIDEOS - 3)
        self.browser.press("ArrowUp")
        self.wait_for_title(N_VIDEOS - 2)
        self.browser.click(".feed-back")
        self.browser.find(".profile")
        self.bob.go(f"user/{self.ann_id}/play/works/1")
        self.browser.wait_for_text("h1", "This video does not exist.")

    def still(self):
        """Test that nothing on the page jumps, while it is loaded and while one goes on."""
        self.browser.open("about:blank")
        self.bob.go("")
        self.wait_for_title(N_VIDEOS - 1)
        for number in range(N_VIDEOS - 2, -1, -1):
            self.browser.press("ArrowDown")
            self.wait_for_title(number)
        shifts = self.browser.await_("""
            const shifts = [];
            const take = (list) => shifts.push(...list.getEntries().map((entry) => [entry.value, entry.sources.map(
              (source) => `${source.node?.className} ${JSON.stringify(source.previousRect)} ${JSON.stringify(source.currentRect)}`)]));
            const observer = new PerformanceObserver(take);
            observer.observe({ type: 'layout-shift', buffered: true });
            await new Promise((resolve) => setTimeout(resolve, 300));
            return shifts;""")
        check_equal(shifts, [], "shifts")

    def endless(self):
        """Test that the feed goes on when all was seen, and that the page does not grow with it."""
        self.browser.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}])
        titles = set()
        steps = 0
        # As many as go at once: the next ones are there when the server has told them.
        while steps < N_STEPS:
            seen = self.browser.wait("""
                const seen = [];
                for (let before = null; seen.length < arguments[0]; ) {
                  document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown', bubbles: true }));
                  const now = document.querySelector('article:not([inert])');
                  if (now === before || now === window.lastArticle)
                    break;
                  window.lastArticle = before = now;
                  seen.push(now.querySelector('.caption-title').textContent);
                }
                return seen.length ? seen : null;""", N_STEPS - steps, what=f"a video after {steps}")
            steps += len(seen)
            titles.update(seen)
        check_equal(len(titles), N_VIDEOS, "different videos")
        slides, videos = self.browser.run("return ['article', 'video'].map((name) => document.querySelectorAll(name).length)")
        check(slides <= MAX_SLIDES, f"{slides} slides are kept")
        check(videos <= 4, f"{videos} videos are loaded")
        self.bob.wait_for_play()

    def silence(self):
        """Test that nothing was complained of, and nobody else was asked."""
        self.bob.check_silence()


def main():
    """Runs them all."""
    driver, server = Driver(), None
    try:
        server = Server()
        with tempfile.TemporaryDirectory() as directory:
            feed = Feed(driver, server, directory)
            names = ["guest", "shown", "keys", "wheel", "taps", "busy", "sound", "progress", "left", "works", "still", "endless", "silence"]
            if SIZE == "phone":
                names.insert(4, "swipe")
            run([(f"/browser/feed/{SIZE}/{name}", getattr(feed, name)) for name in names])
    finally:
        driver.stop()
        if server:
            server.stop()


if __name__ == "__main__":
    main()
