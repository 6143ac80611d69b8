#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The page itself, in the size that is given as argument: how much is loaded, contrast, names, the order of
the focus, languages, less movement, installing, and opening it without the server."""

import json
import os
import sys
import tempfile

from server import Server, make_video
from tap import check, check_equal, run
from user import CURRENT, User
from webdriver import Driver

SIZE = sys.argv[1]
MAX_SHELL = 100 * 1000
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "checks.js"), encoding="utf-8") as checks_file:
    CHECKS = checks_file.read()

NAVIGATION = ["feed", "friends", "upload", "messages", "me"] + (["settings"] if SIZE == "desktop" else [])
SLIDE = ["slide-toggle", "", "rail-follow", "like", "comments", "mute", "report-video", "caption-author", "slide-progress"]
STEPS = ["icon-button", "icon-button"] if SIZE == "desktop" else []


class Page:
    """The tests, in one browser."""

    def __init__(self, driver, server, directory):
        self.server = server
        self.ann_id, self.ann = server.register("Ann")
        self.dan_id, self.dan = server.register("Dan")
        server.publish(self.ann, make_video(os.path.join(directory, "video.mp4")), "a video")
        self.eve = User(driver, server, "Eve", SIZE, "en-GB")
        self.browser = self.eve.browser

    def checks(self, name):
        """Calls a function of checks.js."""
        return self.browser.run(f"{CHECKS} return checks.{name}();")

    def small(self):
        """Test that the page, with its first view, needs less than 100 KB, compressed or not."""
        self.eve.go("")
        self.eve.wait_for_play()
        size = self.browser.run("""
            const entries = [...performance.getEntriesByType('resource'), ...performance.getEntriesByType('navigation')];
            return entries.filter(({ name }) => !/\\/(media|douyin)\\//.test(name))
              .reduce((sum, entry) => sum + entry.decodedBodySize, 0);""")
        check(20000 < size < MAX_SHELL, f"{size} bytes")

    def focus(self):
        """Test that the Tab key goes through the page in the order in which it is seen, and can be seen."""
        self.browser.run("document.activeElement.blur(); document.body.tabIndex = -1; document.body.focus()")
        found = []
        for _ in range(1 + len(NAVIGATION) + len(SLIDE) + len(STEPS)):
            self.browser.press("Tab")
            focus = self.checks("describeFocus")
            check(focus["name"] and focus["isInView"] and focus["hasMark"], str(focus))
            found.append(focus["what"])
        found = ["" if what == "a" else what for what in found]
        check_equal(found, ["skip"] + NAVIGATION + SLIDE + STEPS, "order")
        self.browser.press_with_shift("Tab")
        check_equal(self.checks("describeFocus")["what"], (SLIDE + STEPS)[-2], "back")

    def keyboard(self):
        """Test that comments are opened, left and the focus put back by keys alone."""
        self.browser.run(f"{CURRENT}.querySelector('[data-test=comments]').focus()")
        self.browser.press("Enter")
        self.browser.wait("return document.getElementById('panel').contains(document.activeElement)", what="focus in the panel")
        self.browser.press("Escape")
        self.browser.wait("return document.activeElement.dataset.test === 'comments'", what="focus where it was")

    def guest(self):
        """Test that guests are told in the language of the page what is missing, and that only a wish to write
        leads them to log in."""
        self.browser.run(f"{CURRENT}.querySelector('[data-test=comments]').click()")
        self.browser.find("[data-test=comment-guest]")
        for _ in range(6):
            self.browser.press("Tab")
        check(not self.browser.exists("[data-test=username]"), "the focus alone has led away")
        self.browser.click("[data-test=comment-guest]")
        self.browser.click("[data-test=log-in]")
        self.browser.wait_for_text("[data-test=problem]", "Type in a user name.")
        check_equal(self.checks("describeFocus")["what"], "username", "focus")
        self.browser.type("[data-test=username]", "Eve")
        self.browser.click("[data-test=register]")
        self.browser.wait_for_text("[data-test=problem]", "Type in a password.")
        check(not self.browser.run("return document.querySelector('form').reportValidity === undefined"
                                   " || !document.querySelector('form').noValidate"), "the browser speaks, too")

    def nowhere(self):
        """Test that an address that leads nowhere says so, and leads home; and that nobody is not just empty."""
        for path, text in (("nowhere", "no such page"), ("user/abc", "no such page"), ("user/%", "no such page"),
                           ("user/1/list/toString", "no such page"), ("user/123", "This user does not exist"),
                           ("user/123/people/followers", "This user does not exist")):
            self.eve.go(path)
            self.browser.wait_for_text("h1", text)
            self.browser.wait("return document.title.startsWith(document.querySelector('h1').textContent)", what="a title")
        self.browser.click("#view .empty a.button")
        self.eve.wait_for_play()

    def views(self):
        """Test contrast, names, sizes and widths of all views."""
        self.look("")
        self.look("login")
        self.eve.register()
        eve = self.eve.get_id()
        for token, user in ((self.ann, self.ann_id), (self.dan, self.dan_id)):
            self.server.call("/douyin/relation/action/", token, to_user_id=eve, action_type=1)
            self.server.call("/douyin/message/action/", token, to_user_id=eve, action_type=1, content="hello " * 20)
            self.browser.await_("const s = JSON.parse(localStorage.getItem('doutok.session'));"
                                "await fetch(`douyin/relation/action/?to_user_id=${arguments_[0]}&action_type=1`,"
                                "{ method: 'POST', headers: { Authorization: `Bearer ${s.token}` } });", user)
        for path, wanted in (("me", ".profile-head"), ("friends", ".person"), ("upload", ".upload-form"),
                             ("messages", ".conversation"), (f"messages/{self.ann_id}", ".message"),
                             ("settings", "[data-test=log-out]"), (f"user/{self.ann_id}", ".tile"),
                             (f"user/{self.ann_id}/people/followers", ".person"), ("messages/123", ".empty h1")):
            self.look(path, wanted)
        self.eve.go("")
        self.eve.wait_for_play()
        self.browser.click("[data-test=comments]")
        self.eve.write_comment("comment" + " and comment" * 30)
        self.look(None)

    def look(self, path, wanted="body"):
        """Goes to a view and checks it."""
        if path is not None:
            self.eve.go(path)
        self.browser.find(wanted)
        self.browser.wait("return document.getAnimations().every((a) => a.playState !== 'running')")
        texts = self.checks("findPaleTexts")
        check(texts["judged"] >= 5, f"{path}: {texts['judged']} texts")
        check_equal(texts["pale"], [], f"{path}: pale texts")
        for name in ("findNameless", "findSmall", "findDuplicates", "findPicturesWithoutText"):
            check_equal(self.checks(name), [], f"{path}: {name}")
        check(not self.checks("isTooWide"), f"{path} is wider than the screen")

    def sizes(self):
        """Test that a phone on its side shows where one can go, and a tablet the video beside its comments."""
        width, height = self.browser.run("return [innerWidth, innerHeight]")
        self.eve.go("")
        self.eve.wait_for_play()
        try:
            for wide, high in ((844, 390), (820, 1180)):
                self.browser.cdp("Emulation.setDeviceMetricsOverride", width=wide, height=high, deviceScaleFactor=1,
                                 mobile=SIZE == "phone")
                self.browser.wait("return innerWidth === arguments[0]", wide)
                self.browser.press("c")
                self.browser.find(".panel")
                hidden = self.browser.run("return [...document.querySelectorAll('.nav-item')].filter((e) =>"
                                          "e.getBoundingClientRect().bottom > innerHeight).length")
                check_equal(hidden, 0, f"entries below a screen of {high}")
                stage = self.browser.run(f"return {CURRENT}.querySelector('.slide-stage').clientWidth")
                check(stage > 180, f"at {wide} by {high} the video is {stage} wide")
                check(not self.checks("isTooWide"), f"wider than {wide}")
                self.browser.press("Escape")
        finally:
            self.browser.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                             mobile=SIZE == "phone")

    def languages(self):
        """Test that the language of the browser is taken, and another one chosen, for answers, too."""
        check_equal(self.browser.run("return document.documentElement.lang"), "en", "language")
        self.eve.go("settings")
        self.browser.run("const s = document.querySelector('[data-test=language]'); s.value = 'zh-CN';"
                         "s.dispatchEvent(new Event('change'))")
        self.browser.wait_for_text(".nav-item", "首页")
        self.browser.wait_for_text("h1", "设置")
        self.browser.run("location.reload()")
        self.browser.wait_for_text("h1", "设置")
        self.browser.click("[data-test=log-out]")
        self.eve.go("login")
        self.browser.type("[data-test=username]", "Eve")
        self.browser.type("[data-test=password]", "wrong")
        self.browser.click("[data-test=log-in]")
        self.browser.wait_for_text("[data-test=problem]", "错误")

    def docs(self):
        """Test that the description of the interface can be read: each operation once, in any size, in good contrast."""
        self.browser.open(f"{self.server.url}/docs")
        self.browser.wait("return document.querySelectorAll('article').length > 0", what="operations")
        description = json.loads(self.server.get("/openapi.json")[2])
        wanted = [operation["operationId"]
                  for path in [*description["paths"].values(), *description["components"]["pathItems"].values()]
                  for operation in path.values() if isinstance(operation, dict)]
        shown = self.browser.run("return [...document.querySelectorAll('article')].map((article) => article.id)")
        check_equal(sorted(shown), sorted(wanted), "operations")
        check_equal(self.checks("findPaleTexts")["pale"], [], "pale texts")
        check(not self.browser.run("return document.documentElement.scrollWidth > innerWidth"), "too wide")
        self.browser.open("about:blank")

    def movement(self):
        """Test that nothing moves by itself for those who asked for less movement."""
        self.browser.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}])
        self.eve.go("")
        self.eve.wait_for_play()
        check_equal(self.browser.run("return document.getAnimations().length"), 0, "animations")
        check_equal(self.browser.run(
            "return [...document.querySelectorAll('*')].filter((e) => parseFloat(getComputedStyle(e).transitionDuration) > 0).length"),
            0, "transitions")

    def installable(self):
        """Test that browsers take the page for something that can be installed."""
        self.browser.cdp("Page.enable")
        manifest = self.browser.cdp("Page.getAppManifest")
        check(manifest["url"].endswith("/manifest.webmanifest"), manifest["url"])
        check_equal(manifest["errors"], [], "errors of the manifest")
        self.browser.await_("await navigator.serviceWorker.ready;")
        errors = self.browser.cdp("Page.getInstallabilityErrors")["installabilityErrors"]
        # Chromium says so of every profile of a test: it is no trouble of the page.
        check_equal([error for error in errors if error["errorId"] != "in-incognito"], [], "installability")

    def silence(self):
        """Test that nothing was complained of, and nobody else was asked."""
        self.eve.check_silence()

    def tidied(self):
        """Test that a new service worker removes what an older version has kept, and that the page comes from the
        server, not from what was kept."""
        self.browser.await_("""
            const cache = await caches.open('doutok-shell');
            await cache.put('js/gone.js', new Response('old'));
            await cache.put('icon.svg', new Response('old'));
            await (await navigator.serviceWorker.ready).unregister();""")
        self.browser.open("about:blank")
        self.eve.go("")
        self.browser.wait("return caches.match('js/gone.js').then((found) => !found)", what="an end of what is old")
        check(self.browser.await_("await navigator.serviceWorker.ready;"
                                  "return (await (await fetch('icon.svg')).text()).startsWith('<svg')"), "the icon is old")

    def offline(self):
        """Test that the page opens when the server is gone, and says so where it has nothing to show."""
        self.server.stop()
        self.browser.run("location.hash = '#/login'; location.reload()")
        self.browser.wait_for_text(".nav-item", "首页")
        self.browser.find("[data-test=log-in]")
        for path in ("", f"user/{self.ann_id}", f"user/{self.ann_id}/play/works/1"):
            self.eve.go(path)
            self.browser.wait_for_text("h1", "服务器没有响应")
            self.browser.find("#view button")


def main():
    """Runs them all."""
    driver, server = Driver(), None
    try:
        server = Server()
        with tempfile.TemporaryDirectory() as directory:
            page = Page(driver, server, directory)
            names = ("small", "focus", "keyboard", "guest", "nowhere", "views", "sizes", "languages", "docs", "movement", "installable", "tidied", "silence", "offline")
            run([(f"/browser/page/{SIZE}/{name}", getattr(page, name)) for name in names])
    finally:
        driver.stop()
        if server:
            server.stop()


if __name__ == "__main__":
    main()
