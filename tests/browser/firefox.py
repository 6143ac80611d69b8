# SPDX-License-Identifier: Apache-2.0
"""Firefox, spoken to in WebDriver BiDi, the W3C's protocol over a WebSocket: Debian has no geckodriver.
Everything that waits has a limit, and everything that was started is ended."""

import asyncio
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

import websockets

# Seconds: until the browser listens, for one command, for what a page is waited for, and between two looks.
START_TIMEOUT = 120
COMMAND_TIMEOUT = 60
WAIT_TIMEOUT = 60
WAIT_STEP = 0.05
LISTENS = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
EVENTS = ["log.entryAdded", "network.beforeRequestSent"]
KEYS = {"Enter": "\ue007", "Escape": "\ue00c", "ArrowDown": "\ue015", "ArrowUp": "\ue013"}

# The browser keeps to this machine: no updates, no lists of bad sites, no questions whether there is a
# network, and no server of Mozilla's.
PREFERENCES = {
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.safebrowsing.downloads.remote.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.getAddons.cache.enabled": False,
    "extensions.systemAddon.update.enabled": False,
    "media.gmp-manager.updateEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.proxy.type": 0,
    "services.settings.server": "data:,",
    "toolkit.telemetry.enabled": False,
}


class FirefoxError(Exception):
    """What the browser answered instead of a result."""


class Firefox:
    """A headless Firefox with a profile of its own, and one tab."""

    def __init__(self, language="en"):
        self.profile = tempfile.mkdtemp(prefix="doutok-firefox-")
        self.console = []
        self.requests = []
        self.numbers = itertools.count(1)
        self.loop = asyncio.new_event_loop()
        self.socket = None
        with open(os.path.join(self.profile, "user.js"), "w", encoding="utf-8") as file:
            for name, value in {**PREFERENCES, "intl.accept_languages": language}.items():
                file.write(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n")
        self.process = subprocess.Popen(
            ["firefox-esr", "--headless", "--no-remote", "--profile", self.profile, "--remote-debugging-port", "0"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "HOME": self.profile}, start_new_session=True)
        try:
            address = self._read_address()
            self.socket = self._wait_for(self._connect(address))
            self.call("session.new", capabilities={})
            self.call("session.subscribe", events=EVENTS)
            self.context = self.call("browsingContext.getTree")["contexts"][0]["context"]
        except BaseException:
            self.close()
            raise

    def _read_address(self):
        timer = threading.Timer(START_TIMEOUT, self.process.kill)
        timer.start()
        found = next((found for found in map(LISTENS.search, self.process.stderr) if found), None)
        timer.cancel()
        if not found:
            raise FirefoxError("Firefox does not start")
        threading.Thread(target=self.process.stderr.read, daemon=True).start()
        return found.group(1)

    @staticmethod
    async def _connect(address):
        return await websockets.connect(f"{address}/session", max_size=None, ping_interval=None)

    def _wait_for(self, awaitable):
        return self.loop.run_until_complete(asyncio.wait_for(awaitable, COMMAND_TIMEOUT))

    def close(self):
        """Ends the browser, and whatever it has started."""
        if self.socket:
            self._wait_for(self.socket.close())
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(20)
        except ProcessLookupError:
            pass
        self.loop.close()
        shutil.rmtree(self.profile, ignore_errors=True)

    def _hear(self, event):
        if event["method"] == "log.entryAdded":
            self.console.append(event["params"])
        elif event["method"] == "network.beforeRequestSent":
            self.requests.append(event["params"]["request"]["url"])

    async def _exchange(self, number, command):
        await self.socket.send(json.dumps(command))
        while True:
            message = json.loads(await self.socket.recv())
            if message.get("id") == number:
                return message
            if message["type"] == "event":
                self._hear(message)

    def call(self, method, **params):
        """Sends a command and returns its result. What is heard meanwhile goes to `console` and `requests`."""
        number = next(self.numbers)
        answer = self._wait_for(self._exchange(number, {"id": number, "method": method, "params": params}))
        if answer["type"] == "error":
            raise FirefoxError(f"{method}: {answer['error']}: {answer['message']}")
        return answer["result"]

    def resize(self, width, height):
        """Gives the page another size."""
        self.call("browsingContext.setViewport", context=self.context, viewport={"width": width, "height": height})

    def open(self, url):
        """Goes to an address."""
        self.call("browsingContext.navigate", context=self.context, url=url, wait="complete")

    def run(self, script, *arguments):
        """Runs the body of a function in the page and returns its value."""
        answer = self.call(
            "script.callFunction", target={"context": self.context}, awaitPromise=True,
            functionDeclaration=f"async (json) => JSON.stringify(await (function () {{ {script} }})"
                                ".apply(null, JSON.parse(json)) ?? null)",
            arguments=[{"type": "string", "value": json.dumps(arguments)}])
        if answer["type"] == "exception":
            raise FirefoxError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    def wait(self, script, *arguments, what=None):
        """Waits until the body of a function returns something true, and returns that."""
        end = time.monotonic() + WAIT_TIMEOUT
        while True:
            value = self.run(script, *arguments)
            if value:
                return value
            if time.monotonic() > end:
                raise FirefoxError(f"waited in vain for {what or script}{arguments or ''}, at "
                                   f"{self.run('return location.href')}: "
                                   f"{self.run('return document.body.innerText.slice(0, 500)')!r}")
            time.sleep(WAIT_STEP)

    def find(self, selector):
        """A reference to the first element of a selector that can be used, as soon as there is one."""
        usable = "[...document.querySelectorAll(arguments[0])].findIndex((e) => !e.closest('[inert], [hidden]'))"
        index = self.wait(f"const i = {usable}; return i < 0 ? 0 : i + 1", selector, what=selector) - 1
        nodes = self.call("browsingContext.locateNodes", context=self.context,
                          locator={"type": "css", "value": selector})["nodes"]
        return {"sharedId": nodes[index]["sharedId"]}

    def _act(self, kind, actions, **parameters):
        self.call("input.performActions", context=self.context,
                  actions=[{"type": kind, "id": kind, "actions": actions, **parameters}])

    def click(self, selector):
        """Clicks an element with the mouse, where it is."""
        element = {"type": "element", "element": self.find(selector)}
        self._act("pointer", [{"type": "pointerMove", "x": 0, "y": 0, "origin": element},
                              {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}])

    def press(self, *keys):
        """Presses keys one after the other, wherever the focus is."""
        self._act("key", [{"type": kind, "value": KEYS.get(key, key)} for key in keys for kind in ("keyDown", "keyUp")])

    def type(self, selector, text):
        """Types into a field."""
        self.click(selector)
        self.press(*text)

    def choose_file(self, selector, path):
        """Chooses a file in a field."""
        self.call("input.setFiles", context=self.context, element=self.find(selector), files=[path])
