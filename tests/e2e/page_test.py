#!/usr/bin/env python3
"""The HTML page of a comparison in a real browser, at two widths and both colour schemes: no error, nothing too wide.

  page_test.py PROGRAM MODEL [FOLDER]      FOLDER: where screenshots are kept

Skipped (status 77) without Debian's chromium.
"""
import base64
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time

PROGRAM, MODEL = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
WIDTHS = {"phone": (390, 844), "desktop": (1280, 900)}


class Browser:
    """Chromium over its debugging pipe: JSON messages, each ended by a zero byte."""

    def __init__(self, program, profile):
        to_browser, self.write_end = os.pipe()
        self.read_end, from_browser = os.pipe()
        # Descriptors 3 and 4 are what chromium expects.
        command = f"exec {program} --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars " \
                  f"--user-data-dir={profile} --remote-debugging-pipe about:blank 3<&{to_browser} 4>&{from_browser}"
        self.process = subprocess.Popen(["bash", "-c", command], pass_fds=[to_browser, from_browser], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self.buffer, self.number, self.events = b"", 0, []

    def message(self, deadline):
        while b"\0" not in self.buffer:
            if not select.select([self.read_end], [], [], max(0, deadline - time.time()))[0]:
                raise TimeoutError("the browser does not answer")
            part = os.read(self.read_end, 1 << 20)
            if not part:
                raise RuntimeError("the browser went away")
            self.buffer += part
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, session=None, **parameters):
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if session:
            request["sessionId"] = session
        os.write(self.write_end, json.dumps(request).encode() + b"\0")
        deadline = time.time() + 120
        while True:
            found = self.message(deadline)
            if found.get("id") == self.number:
                assert "error" not in found, (method, found)
                return found["result"]
            self.events.append(found)

    def close(self):
        os.close(self.write_end)
        self.process.terminate()
        self.process.wait(30)


def main():
    program = shutil.which("chromium")
    if program is None:
        print("skipped: Debian's chromium is not installed (apt-get install chromium)")
        return 77
    folder = os.path.abspath(sys.argv[3]) if len(sys.argv) > 3 else None
    with tempfile.TemporaryDirectory(prefix="kerf-page-", ignore_cleanup_errors=True) as temporary:
        page = os.path.join(temporary, "page.html")
        subprocess.run([PROGRAM, "compare", MODEL, "--text", os.path.join(MODEL, "evaluation.txt"), "--windows", "12", "--context", "256",
                        "--calibration", os.path.join(MODEL, "calibration.txt"), "--samples", "8", "--quiet", "--html", page,
                        "--candidate", "int8", "int4-g32/rtn", "int4-g128/rtn", "int4-g32/gptq"], check=True, stdout=subprocess.DEVNULL)
        findings = []
        browser = Browser(program, os.path.join(temporary, "profile"))
        try:
            target = browser.call("Target.createTarget", url="about:blank")["targetId"]
            session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            call = lambda method, **parameters: browser.call(method, session, **parameters)
            value = lambda expression: call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")
            for domain in ("Page", "Runtime", "Log", "Network"):
                call(f"{domain}.enable")
            for name, (width, height) in WIDTHS.items():
                for scheme in ("light", "dark"):
                    call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=name == "phone")
                    call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
                    call("Page.navigate", url="file://" + page)
                    for _ in range(200):
                        if value("document.readyState") == "complete" and value("location.protocol") == "file:":
                            break
                        time.sleep(0.05)
                    value("for (const part of document.querySelectorAll('details')) part.open = true")
                    wide, inner = value("document.documentElement.scrollWidth"), value("innerWidth")
                    if wide > inner:
                        findings.append(f"{name}, {scheme}: {wide} pixels wide in a window of {inner}")
                    if value("document.querySelectorAll('svg').length") < 4:
                        findings.append(f"{name}, {scheme}: plots are missing")
                    if value("[...document.querySelectorAll('svg')].some(s => !s.getAttribute('aria-label') || s.getAttribute('role') != 'img')"):
                        findings.append(f"{name}, {scheme}: a plot has no name")
                    if value("[...document.querySelectorAll('svg text')].some(t => /nan|inf/i.test(t.textContent))"):
                        findings.append(f"{name}, {scheme}: a plot says nan or inf")
                    # The search leaves the rows that have all words.
                    rows = value("""(() => { const f = document.querySelector('input[data-rows]'); f.value = 'down layers.1';
                        f.dispatchEvent(new Event('input')); const r = [...document.getElementById('tensors').tBodies[0].rows];
                        const n = r.filter(x => !x.hidden).length; f.value = ''; f.dispatchEvent(new Event('input'));
                        return n + ' of ' + r.length + ' then ' + r.filter(x => !x.hidden).length; })()""")
                    if not rows.startswith("1 of ") or rows.split()[2] != rows.split()[-1]:
                        findings.append(f"{name}, {scheme}: the search shows {rows}")
                    if folder:
                        os.makedirs(folder, exist_ok=True)
                        shot = call("Page.captureScreenshot", captureBeyondViewport=True,
                                    clip={"x": 0, "y": 0, "width": width, "height": min(6000, value("document.documentElement.scrollHeight")), "scale": 1})
                        with open(os.path.join(folder, f"{name}-{scheme}.png"), "wb") as file:
                            file.write(base64.b64decode(shot["data"]))
            for event in browser.events:
                method, parameters = event.get("method"), event.get("params", {})
                if method == "Runtime.exceptionThrown" or (method == "Runtime.consoleAPICalled" and parameters["type"] == "error"):
                    findings.append(f"script error: {json.dumps(parameters)[:300]}")
                if method == "Log.entryAdded" and parameters["entry"]["level"] == "error":
                    findings.append(f"log: {parameters['entry']['text']}")
                if method == "Network.requestWillBeSent" and not parameters["request"]["url"].startswith(("file://" + page, "about:", "data:")):
                    findings.append(f"asks for {parameters['request']['url']}")
        finally:
            browser.close()
    for line in findings:
        print(line)
    print(f"{len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
