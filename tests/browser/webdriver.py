# SPDX-License-Identifier: Apache-2.0
"""Chromium, spoken to in the W3C's WebDriver protocol: JSON over HTTP, for which Python's own library is
enough. Everything that waits has a limit, and everything that was started is ended."""

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

# Seconds: for one command, for what a page is waited for, and between two looks.
COMMAND_TIMEOUT = 60
WAIT_TIMEOUT = 30
WAIT_STEP = 0.05

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"Enter": "\ue007", "Tab": "\ue004", "Escape": "\ue00c", "ArrowDown": "\ue015", "ArrowUp": "\ue013",
        "Space": " ", "Shift": "\ue008"}

# The browser keeps to this machine: no updates, no lists of bad sites, and no name leads anywhere.
ARGUMENTS = [
    "--headless=new", "--disable-gpu", "--no-first-run", "--disable-sync", "--disable-extensions",
    "--disable-background-networking", "--disable-component-update", "--disable-default-apps",
    "--disable-dev-shm-usage", "--disable-features=Translate,OptimizationHints,MediaRouter",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", "--no-proxy-server",
    "--autoplay-policy=user-gesture-required", "--force-device-scale-factor=1",
]


class WebDriverError(Exception):
    """What the driver answered instead of a value."""


class Driver:
    """The chromedriver process, for any number of browsers one after the other or at the same time."""

    def __init__(self):
        self.process = subprocess.Popen(
            ["chromedriver", "--port=0", "--log-level=SEVERE"], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True)
        self.port = self._read_port()

    def _read_port(self):
        for line in self.process.stdout:
            found = re.search(r"started successfully on port (\d+)", line)
            if found:
                return int(found.group(1))
        raise WebDriverError("chromedriver does not start")

    def call(self, method, path, body=None, timeout=COMMAND_TIMEOUT):
        """Sends a command and returns its value."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", method=method,
            data=json.dumps(body if body is not None else {}).encode() if method == "POST" else None,
            headers={"Content-Type": "application/json"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=timeout) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            value = json.load(error)["value"]
            raise WebDriverError(f"{value['error']}: {value['message'].splitlines()[0]}") from None

    def stop(self):
        """Ends the driver, and with it whatever browser is left."""
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(10)
        except ProcessLookupError:
            pass
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
        self.process.stdout.close()


class Browser:
    """A browser with a profile of its own, of the size of a phone or a desktop."""

    def __init__(self, driver, language="en", width=1280, height=800, is_phone=False, scale=1,
                 prefers_still=False):
        self.driver = driver
        self.profile = tempfile.mkdtemp(prefix="doutok-browser-")
        arguments = ARGUMENTS + [f"--user-data-dir={self.profile}", f"--accept-lang={language}",
                                 f"--window-size={width},{height}"]
        if os.geteuid() == 0:
            arguments.append("--no-sandbox")
        value = driver.call("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": {"args": arguments},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }}})
        self.path = f"/session/{value['sessionId']}"
        self.console = []
        self.requests = []
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale,
                 mobile=is_phone)
        if is_phone:
            self.cdp("Emulation.setTouchEmulationEnabled", enabled=True)
        if prefers_still:
            self.cdp("Emulation.setEmulatedMedia",
                     features=[{"name": "prefers-reduced-motion", "value": "reduce"}])

    def _call(self, method, path, body=None):
        return self.driver.call(method, self.path + path, body)

    def close(self):
        """Ends the browser."""
        try:
            self.driver.call("DELETE", self.path, timeout=20)
        finally:
            shutil.rmtree(self.profile, ignore_errors=True)

    def cdp(self, command, **parameters):
        """Sends a command of Chromium's own protocol."""
        return self._call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def open(self, url):
        """Goes to an address."""
        self._call("POST", "/url", {"url": url})

    def run(self, script, *arguments):
        """Runs the body of a function in the page and returns its value."""
        return self._call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def await_(self, script, *arguments):
        """Runs the body of an async function in the page and returns what it comes to."""
        return self._call("POST", "/execute/async", {
            "script": f"const done = arguments[arguments.length - 1]; (async (...arguments_) => {{ {script} }})"
                      "(...arguments).then(done, (error) => done({ failed: String(error) }));",
            "args": list(arguments)})

    def wait(self, script, *arguments, what=None, timeout=WAIT_TIMEOUT):
        """Waits until the body of a function returns something true, and returns that."""
        end = time.monotonic() + timeout
        while True:
            value = self.run(script, *arguments)
            if value:
                return value
            if time.monotonic() > end:
                raise WebDriverError(f"waited in vain for {what or script}{arguments or ''}, at "
                                     f"{self.run('return location.href')}: "
                                     f"{self.run('return document.body.innerText.slice(0, 500)')!r}")
            time.sleep(WAIT_STEP)

    def find(self, selector, timeout=WAIT_TIMEOUT):
        """The first element in view of a selector, as soon as there is one."""
        return self.wait("return [...document.querySelectorAll(arguments[0])].find((e) => e.checkVisibility() "
                         "&& !e.closest('[inert]')) ?? null",
                         selector, what=selector, timeout=timeout)

    def exists(self, selector):
        """Whether there is such an element now."""
        return self.run("return document.querySelector(arguments[0]) !== null", selector)

    def _call_element(self, method, selector, command, body=None):
        """Does something with an element. If it is drawn anew just then, with the new one."""
        try:
            return self._call(method, f"/element/{self.find(selector)[ELEMENT]}/{command}", body)
        except WebDriverError as error:
            if not str(error).startswith("stale element"):
                raise
            return self._call(method, f"/element/{self.find(selector)[ELEMENT]}/{command}", body)

    def click(self, selector):
        """Clicks an element, as a user would: where it is, if nothing lies over it."""
        self._call_element("POST", selector, "click")

    def type(self, selector, text):
        """Types into a field."""
        self._call_element("POST", selector, "value", {"text": text})

    def choose_file(self, selector, path):
        """Chooses a file in a field that may be hidden."""
        element = self.wait("return document.querySelector(arguments[0])", selector, what=selector)
        self._call("POST", f"/element/{element[ELEMENT]}/value", {"text": path})

    def text(self, selector):
        """The text of an element."""
        return self._call_element("GET", selector, "text")

    def wait_for_text(self, selector, text):
        """Waits until some element of a selector has this text."""
        self.wait("return [...document.querySelectorAll(arguments[0])].some((e) => e.textContent.includes(arguments[1]))",
                  selector, text, what=f"“{text}” in {selector}")

    def press(self, *keys):
        """Presses keys one after the other, wherever the focus is."""
        actions = [{"type": kind, "value": KEYS.get(key, key)} for key in keys for kind in ("keyDown", "keyUp")]
        self._call("POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": actions}]})

    def press_with_shift(self, key):
        """Presses a key with the shift key down."""
        actions = [{"type": kind, "value": KEYS[name]} for kind, name in
                   (("keyDown", "Shift"), ("keyDown", key), ("keyUp", key), ("keyUp", "Shift"))]
        self._call("POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": actions}]})

    def swipe(self, x, y_from, y_to):
        """Draws a finger over the screen."""
        steps = [{"type": "pointerMove", "duration": 0, "x": x, "y": y_from}, {"type": "pointerDown", "button": 0}]
        steps += [{"type": "pointerMove", "duration": 20, "x": x, "y": round(y_from + (y_to - y_from) * i / 8)}
                  for i in range(1, 9)]
        self._call("POST", "/actions", {"actions": [{
            "type": "pointer", "id": "finger", "parameters": {"pointerType": "touch"},
            "actions": steps + [{"type": "pointerUp", "button": 0}]}]})

    def turn_wheel(self, x, y, pixels):
        """Turns the wheel of a mouse that is at a place."""
        self._call("POST", "/actions", {"actions": [{"type": "wheel", "id": "wheel", "actions": [
            {"type": "scroll", "x": x, "y": y, "deltaX": 0, "deltaY": pixels, "duration": 0}]}]})

    def double_tap(self, x, y):
        """Taps twice at a place."""
        taps = [{"type": kind, "button": 0} for _ in range(2) for kind in ("pointerDown", "pointerUp")]
        self._call("POST", "/actions", {"actions": [{
            "type": "pointer", "id": "finger", "parameters": {"pointerType": "touch"},
            "actions": [{"type": "pointerMove", "duration": 0, "x": x, "y": y}] + taps}]})

    def collect(self):
        """Takes what the browser has logged since: to `console` and, of each request, to `requests`."""
        self.console += self._call("POST", "/se/log", {"type": "browser"})
        for entry in self._call("POST", "/se/log", {"type": "performance"}):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self.requests.append(message["params"]["request"]["url"])
            elif message["method"] == "Network.webSocketCreated":
                self.requests.append(message["params"]["url"])

    def take_screenshot(self, path):
        """Writes what is seen as a PNG file."""
        with open(path, "wb") as file:
            file.write(base64.b64decode(self._call("GET", "/screenshot")))
