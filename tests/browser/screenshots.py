#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Takes the pictures of data/screenshots anew:

    DOUTOK_TEST_BINDIR=build-test-installed/bin python3 tests/browser/screenshots.py

Needs what the browser tests need, and the packages fonts-noto-cjk and fonts-noto-color-emoji."""

import json
import os
import subprocess
import tempfile
import time

from server import Server, find_program, run_ffmpeg
from webdriver import Browser, Driver

OUTPUT = os.environ.get("OUTPUT") or os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "..", "..", "data", "screenshots")
SIZES = {
    "phone": {"width": 390, "height": 844, "is_phone": True, "scale": 2},
    "desktop": {"width": 1280, "height": 800},
}
LANGUAGES = {"phone": "zh-CN", "desktop": "en"}
OWN_VIDEOS = [
    ("极光练习曲", "gradients=size=540x960:rate=24:n=4:c0=#06142e:c1=#0f6b5c:c2=#5df2b0:c3=#1b2a6b:x0=0:y0=0:x1=540:y1=960:speed=0.01"),
    ("Tiles, all the way down", "sierpinski=size=540x960:rate=24:seed=4,hue=h=200:s=3,colorbalance=rs=.4:bm=.4"),
    ("Ink", "mandelbrot=size=540x960:rate=24:start_scale=0.3:end_scale=0.05:start_x=0.28:start_y=0.53,hue=h=120"),
    ("海岸线有多长？", "mandelbrot=size=540x960:rate=24:start_scale=0.6:end_scale=0.1:start_x=-0.16:start_y=1.04"),
    ("第一次在海边看日落 🌅", "gradients=size=540x960:rate=24:n=3:c0=#ff9a3c:c1=#e0325a:c2=#22184a:x0=270:y0=0:x1=270:y1=960:speed=0.00001"),
    ("Into the set, very slowly", "mandelbrot=size=540x960:rate=24:start_scale=0.02:end_scale=0.004:start_x=-0.7436:start_y=0.1318"),
]
NAME = "小岚"
COMMENTS = ["第一眼就被迷住了 😍", "How long did this take to render?", "求原图！", "Could watch this all day.", "已关注，等更新"]
TALK = [(1, "在吗？"), (0, "在的 👋"), (1, "你昨天那个视频太好看了！"), (0, "谢谢！用 ffmpeg 做的 😄"), (1, "真的假的？教教我"),
        (0, "One command, I'll send it to you."), (1, "太好了，周末一起拍一个吧"),
        (0, "好啊！周六下午，老地方 🎬"), (1, "OK, see you there!")]
LETTERS = ["Hey, welcome to DouTok!", "周末去看展吗？", "Nice one 👏"]


def publish_own(server, token, directory):
    """Videos of the user whose page is shown."""
    for number, (title, picture) in enumerate(OWN_VIDEOS):
        path = run_ffmpeg(os.path.join(directory, f"{number}.mp4"), "-f", "lavfi", "-i", picture, "-t", "4", "-an",
                          "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "veryfast")
        server.publish(token, path, title)


def get(server, path, token):
    """The answer to a question."""
    return json.loads(server.get(path, {"Authorization": f"Bearer {token}"})[2])


def fill(server, directory):
    """Users, videos, likes, comments and messages; returns the user to log in as."""
    subprocess.run([find_program(), "demo", "--url", server.url, "--videos", "9"], check=True,
                   stdout=subprocess.DEVNULL, timeout=300)
    me, token = server.register(NAME)
    videos = get(server, "/douyin/feed/", token)["video_list"]
    authors = {}
    for video in videos:
        name = video["author"]["name"]
        if name not in authors:
            authors[name] = server.call("/douyin/user/login/", username=name, password="doutok-demo")
    tokens = {answer["user_id"]: answer["token"] for answer in authors.values()}
    publish_own(server, token, directory)
    server.call("/douyin/user/update/", token, signature="用代码画画，用镜头记录生活 ✨\nPictures by formula.")

    videos = get(server, "/douyin/feed/", token)["video_list"]
    for number, video in enumerate(videos):
        for user in list(tokens.values())[:1 + number % len(tokens)]:
            server.call("/douyin/favorite/action/", user, video_id=video["id"], action_type=1)
        for i, text in enumerate(COMMENTS):
            server.call("/douyin/comment/action/", list(tokens.values())[i % len(tokens)], video_id=video["id"],
                        action_type=1, comment_text=text)
        if number % 2:
            server.call("/douyin/favorite/action/", token, video_id=video["id"], action_type=1)
    for other, user in tokens.items():
        server.call("/douyin/relation/action/", user, to_user_id=me, action_type=1)
        server.call("/douyin/relation/action/", token, to_user_id=other, action_type=1)
    peers = list(tokens.items())
    for (other, user), text in zip(peers[1:], LETTERS):
        server.call("/douyin/message/action/", user, to_user_id=me, action_type=1, content=text)
    for sender, text in TALK:
        server.call("/douyin/message/action/", [token, peers[0][1]][sender],
                    to_user_id=[peers[0][0], me][sender], action_type=1, content=text)
    return me, token, peers[0][0], videos


def log_in(browser, server, me, token):
    """Begins a session without the form."""
    browser.open(server.url)
    browser.run("localStorage.setItem('doutok.session', JSON.stringify({ id: arguments[0], name: arguments[1], token: arguments[2] }))",
                me, NAME, token)
    browser.open("about:blank")


def save(browser, name, size):
    """Takes a picture, as small as it may be."""
    png = os.path.join(tempfile.gettempdir(), f"doutok-{os.getpid()}.png")
    browser.take_screenshot(png)
    run_ffmpeg(os.path.join(OUTPUT, f"{name}-{size}.jpg"), "-i", png, "-vf",
               "scale=585:-1:flags=lanczos" if size == "phone" else "null", "-q:v", "5")
    os.unlink(png)


def shoot(browser, server, size, peer, me, videos, video_path):
    """Takes all pictures of one size."""
    playing = "const v = document.querySelector('article:not([inert]) video'); return v && v.currentTime > 2"
    shown = next(v["id"] for v in videos if v["title"].startswith("飞进"))
    author = next(v["author"]["id"] for v in videos if v["id"] == shown)
    browser.open(f"{server.url}/#/user/{author}/play/works/{shown}")
    browser.wait(playing)
    save(browser, "feed", size)
    browser.press("c")
    browser.wait("return document.querySelectorAll('.comment').length > 3")
    time.sleep(1)
    save(browser, "comments", size)
    browser.press("Escape")
    browser.open(f"{server.url}/#/user/{me}")
    browser.wait("return document.querySelectorAll('.tile').length > 0")
    time.sleep(1)
    save(browser, "profile", size)
    browser.open(f"{server.url}/#/messages/{peer}")
    browser.wait("return document.querySelectorAll('.message').length > 3")
    time.sleep(1)
    save(browser, "chat", size)
    browser.open(f"{server.url}/#/upload")
    browser.choose_file("[data-test=file]", video_path)
    browser.wait("const v = document.querySelector('[data-test=preview]'); return v && v.currentTime > 1")
    browser.type("[data-test=title]", "曼德博集合的边缘 ✨" if size == "phone" else "At the edge of the Mandelbrot set")
    save(browser, "upload", size)


def main():
    """Takes them all."""
    os.makedirs(OUTPUT, exist_ok=True)
    server, driver = Server(), Driver()
    try:
        with tempfile.TemporaryDirectory() as directory:
            me, token, peer, videos = fill(server, directory)
            for size, options in SIZES.items():
                browser = Browser(driver, LANGUAGES[size], **options)
                try:
                    log_in(browser, server, me, token)
                    shoot(browser, server, size, peer, me, videos, os.path.join(directory, "2.mp4"))
                finally:
                    browser.close()
    finally:
        driver.stop()
        server.stop()


if __name__ == "__main__":
    main()
