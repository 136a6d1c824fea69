"""A real Chromium without a window, from scripts/chromium, spoken to by its debugging protocol."""

from base64 import b64decode
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
import json
import os
from pathlib import Path
import re
import signal
import subprocess
import time
from typing import Any, Self

import aiohttp
import pytest
import pytest_asyncio

SCRIPT = Path(__file__).parents[2] / "scripts" / "chromium"
FETCHING = 120  # seconds; it takes twenty where the mirrors are near
STARTING = 30

# What a page has to be asked until the answer is true; it is given the element as `video`.
PATIENT = """
(async () => {{
    const video = document.querySelector("video");
    const deadline = performance.now() + {milliseconds};
    while (true) {{
        const answer = {question};
        if (answer) return answer instanceof Node || answer;
        if (video && video.error) throw new Error("the player: " + video.error.message);
        if (performance.now() > deadline) throw new Error("never true: " + {question_text});
        await new Promise(next => setTimeout(next, 20));
    }}
}})()
"""


class Page:
    """One tab."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._id = 0

    async def open(self, address: str) -> None:
        """Go to an address, and wait until all but its media is there."""
        await self.send("Page.navigate", url=address)
        await self.until(f"document.readyState === 'complete' && location.href === {address!r}")

    async def show(self, html: str) -> None:
        """Show a page that comes from nowhere."""
        frame = (await self.send("Page.getFrameTree"))["frameTree"]["frame"]["id"]
        await self.send("Page.setDocumentContent", frameId=frame, html=html)

    async def run(self, script: str) -> Any:
        """Return what a script says, as somebody would who clicks."""
        told = await self.send(
            "Runtime.evaluate",
            expression=script,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    async def until(self, question: str, seconds: float = 30) -> Any:
        """Return the answer to a question in JavaScript, as soon as it is true."""
        return await self.run(
            PATIENT.format(
                question=question,
                question_text=json.dumps(question),
                milliseconds=seconds * 1000,
            )
        )

    async def look(self, width: int, height: int, scheme: str = "light") -> None:
        """Be a screen of this size, light or dark."""
        await self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < height,
        )
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        await self.send("Emulation.setEmulatedMedia", features=features)

    async def screenshot(self) -> bytes:
        """Return what is to be seen, as a PNG."""
        return b64decode((await self.send("Page.captureScreenshot"))["data"])

    async def send(self, method: str, **fields: Any) -> Any:
        """Return what the browser answers to a command of its debugging protocol."""
        self._id += 1
        await self._socket.send_json({"id": self._id, "method": method, "params": fields})
        while (told := await self._socket.receive_json()).get("id") != self._id:
            pass
        assert "error" not in told, (method, told)
        return told["result"]


class Browser:
    """A Chromium that runs."""

    def __init__(self, process: subprocess.Popen[bytes], address: str) -> None:
        self._process = process
        self._address = address

    @classmethod
    def start(cls, folder: Path) -> Self:
        """Start it, with a profile of its own in a folder."""
        log = folder / "chromium.log"
        # The first port that is free; what Chromium may not play by itself is for advertisers.
        options = ["--remote-debugging-port=0", "--autoplay-policy=no-user-gesture-required"]
        with log.open("wb") as written:
            process = subprocess.Popen(
                [SCRIPT, "run", *options, f"--user-data-dir={folder / 'profile'}", "about:blank"],
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=written,
                start_new_session=True,
            )
        return cls(process, _address(process, log))

    @asynccontextmanager
    async def page(self) -> AsyncIterator[Page]:
        """Give a new tab."""
        async with aiohttp.ClientSession() as session:
            async with session.put(f"http://{self._address}/json/new") as response:
                tab = await response.json(content_type=None)
            try:
                async with session.ws_connect(
                    tab["webSocketDebuggerUrl"], max_msg_size=0
                ) as socket:
                    yield Page(socket)
            finally:
                await session.get(f"http://{self._address}/json/close/{tab['id']}")

    def stop(self) -> None:
        """End it and all the processes that it began."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Return where it listens, which it tells once it does."""
    deadline = time.monotonic() + STARTING
    while not (told := re.search(r"DevTools listening on ws://([\d.:]+)/", log.read_text())):
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
    return told[1]


type Viewing = Callable[[], AbstractAsyncContextManager[Page]]


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser that is shown only what is on this machine; without one, the test is skipped."""
    try:
        fetched = subprocess.run(
            [SCRIPT], capture_output=True, text=True, timeout=FETCHING, check=False
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"no browser: it was not fetched within {FETCHING} s; run scripts/chromium")
    if fetched.returncode:
        pytest.skip(f"no browser: {' '.join(fetched.stderr.splitlines()[-3:])}")
    browser = Browser.start(tmp_path_factory.mktemp("browser"))
    yield browser
    browser.stop()


@pytest.fixture
def viewing(request: pytest.FixtureRequest) -> Viewing:
    """A new tab for a test that has checked all else before: without a browser, that counts."""
    return lambda: request.getfixturevalue("browser").page()


@pytest_asyncio.fixture
async def page(browser: Browser, socket_enabled: None) -> AsyncIterator[Page]:
    """A new tab."""
    async with browser.page() as page:
        yield page
