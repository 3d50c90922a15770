"""A headless Chromium, spoken to through its debugging pipe: no driver, no package of a language.

    with Chromium() as browser:
        page = browser.open("/tmp/report.html", width=400, dark=True)
        page.run("document.title"); page.errors(); page.screenshot("/tmp/shot.png")
"""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
WAIT_S = 60


def program():
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


class Trouble(Exception):
    """It could not be started, or did not answer."""


class Chromium:
    """The browser, with a profile of its own that is gone afterwards."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="vssrestore-chromium-")
        to_read, self.to = os.pipe()
        self.back, to_write = os.pipe()
        words = [program(), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                 "--no-first-run", "--disable-dev-shm-usage", f"--user-data-dir={self.folder}",
                 "--remote-debugging-pipe", "about:blank"]

        def place(): # the browser reads from 3 and writes to 4
            high = [os.dup(fd) if fd in (3, 4) else fd for fd in (to_read, to_write)]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.child = subprocess.Popen(words, stdin=subprocess.DEVNULL, # pylint: disable=consider-using-with
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                      preexec_fn=place, close_fds=False) # pylint: disable=subprocess-popen-preexec-fn
        os.close(to_read)
        os.close(to_write)
        self.number, self.bytes, self.events = 0, b"", []
        return self

    def __exit__(self, *ignored):
        try:
            self.call("Browser.close")
        except Trouble:
            pass
        try:
            self.child.wait(10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        os.close(self.to)
        os.close(self.back)
        shutil.rmtree(self.folder, ignore_errors=True)

    def message(self, end):
        while b"\0" not in self.bytes:
            ready = select.select([self.back], [], [], max(0, end - time.monotonic()))[0]
            more = os.read(self.back, 1 << 20) if ready else b""
            if not more:
                raise Trouble("the browser does not answer")
            self.bytes += more
        one, _, self.bytes = self.bytes.partition(b"\0")
        return json.loads(one)

    def call(self, method, session=None, **params):
        self.number += 1
        request = {"id": self.number, "method": method, "params": params}
        if session:
            request["sessionId"] = session
        data, end = json.dumps(request).encode() + b"\0", time.monotonic() + WAIT_S
        try:
            while data:
                data = data[os.write(self.to, data):]
        except OSError as error:
            raise Trouble(f"the browser has gone: {error}") from error
        while True:
            told = self.message(end)
            if told.get("id") == self.number:
                if "error" in told:
                    raise Trouble(f"{method}: {told['error']}")
                return told["result"]
            self.events.append(told)

    def open(self, path, width=1400, height=1000, dark=False):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        return Page(self, session, path, width, height, dark)


class Page:
    """A page that has been loaded."""

    def __init__(self, browser, session, path, width, height, dark):
        self.browser, self.session = browser, session
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.call("Page.navigate", url="file://" + os.path.abspath(path))
        end = time.monotonic() + WAIT_S
        while self.run("document.readyState + location.protocol") != "completefile:":
            if time.monotonic() > end:
                raise Trouble("the page does not load")

    def call(self, method, **params):
        return self.browser.call(method, self.session, **params)

    def run(self, script):
        told = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in told:
            raise Trouble(f"{script}: {told['exceptionDetails']}")
        return told["result"].get("value")

    def errors(self):
        """What the console was told, exceptions, what the policy refused; and requests made."""
        self.run("0")
        return [event for event in self.browser.events if event.get("sessionId") == self.session and
                event["method"] in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled",
                                    "Log.entryAdded")]

    def requests(self):
        return [event["params"]["request"]["url"] for event in self.browser.events
                if event.get("sessionId") == self.session and
                event["method"] == "Network.requestWillBeSent"]

    def screenshot(self, path):
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True, format="png")
        with open(path, "wb") as file:
            file.write(base64.b64decode(shot["data"]))
