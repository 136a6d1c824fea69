"""The process of one camera, as its parent and the kernel see it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import io
import os
from pathlib import Path
import signal
import sys
import textwrap

from hypothesis import given, strategies as st
import numpy as np
import pytest

from camera_agent import capture
from camera_agent.camera_config import Sync
from camera_agent.capture import HEADER, Message, first_line, pack, unpack
from camera_agent.child import Child
from camera_agent.hardware import Luma, Opened
from camera_agent.models import Packet, Picture, Sound
from camera_agent.motion import Motion

from .conftest import Configured

times = st.integers(0, 2**62)
MESSAGES = st.one_of(
    st.builds(Packet, st.binary(), st.booleans(), times),
    st.builds(Sound, st.binary(), times),
    st.builds(Picture, st.binary(), times),
    st.builds(Motion, st.floats(0, 1), st.booleans(), times),
    st.builds(
        Opened,
        width=st.integers(1, 10000),
        height=st.integers(1, 10000),
        fps=st.floats(0.1, 100),
        lacks=st.text(st.characters(exclude_categories=["Cs"])),
    ),
)


@asynccontextmanager
async def child_of(
    configured: Configured, *source: str, **settings: object
) -> AsyncIterator[Child]:
    child = await Child.start(configured(*source, **settings))
    try:
        yield child
    finally:
        await child.end(0.5)


class Heard:
    """What a camera's process says, in its order; None is the end."""

    def __init__(self, child: Child) -> None:
        self._child = child
        self._messages: asyncio.Queue[Message | None] = asyncio.Queue()
        self._hearing = asyncio.create_task(self._hear())

    async def next(self) -> Message | None:
        async with asyncio.timeout(20):
            return await self._messages.get()

    async def first(self, kind: type[Message]) -> Message:
        while not isinstance(message := await self.next(), kind):
            assert message is not None, self._child.last_words()
        return message

    async def _hear(self) -> None:
        await self._child.pass_on(self._messages.put_nowait)
        self._messages.put_nowait(None)


@given(MESSAGES)
def test_a_message_arrives_as_it_was_sent(message: Message) -> None:
    header, body = pack(message)
    kind, flag, length, captured_us = HEADER.unpack(header)
    assert length == len(body)
    assert unpack(kind, flag, captured_us, body) == message


def test_the_configuration_arrives_as_it_was_sent(configured: Configured) -> None:
    config = configured(crop=(1, 2, 30, 40), end=3.0, path="a b", sync=Sync.CLIENT)
    assert capture._configuration(first_line(config)) == config
    assert capture._configuration(first_line(config)).sync is Sync.CLIENT
    assert capture._configuration(first_line(configured())) == configured()


def test_luma_planes_leave_the_process_only_as_motion(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    with path.open("wb") as pipe:
        sender = capture._Sender(pipe, threshold=0.01)
        dark, bright = np.zeros((90, 160), np.uint8), np.zeros((90, 160), np.uint8)
        bright[:30] = 200
        for n in range(20):
            sender.emit(Luma(dark, n * 200_000))
        assert path.stat().st_size == 0
        sender.emit(Luma(bright, 20 * 200_000))
    kind, flag, length, captured_us = HEADER.unpack(path.read_bytes()[: HEADER.size])
    motion = unpack(kind, flag, captured_us, path.read_bytes()[HEADER.size :])
    assert length == 8
    assert motion == Motion(1 / 3, True, 4_000_000)


def test_the_last_order_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)
    orders = tmp_path / "orders"
    orders.write_bytes(b"5\n12.5\n")
    demand = capture._Demand()
    assert demand.wanted() == 0
    with io.FileIO(orders) as file:
        demand.follow(file)
    assert demand.wanted() == 12.5
    assert codes == [0]


async def test_a_camera_opens_and_sends_a_key_frame_first(configured: Configured) -> None:
    async with child_of(configured, fps=10.0) as child:
        heard = Heard(child)
        assert await heard.first(Opened) == Opened(width=320, height=180, fps=10.0)
        packet = await heard.first(Packet)
        assert isinstance(packet, Packet)
        assert packet.key
        assert packet.data.startswith(b"\0\0\0\1\x67")


async def test_pictures_come_only_when_they_are_wanted(configured: Configured) -> None:
    async with child_of(configured) as child:
        heard = Heard(child)
        kinds = {type(await heard.next()) for _ in range(20)}
        assert kinds <= {Opened, Packet, Motion}
        child.order(15)
        picture = await heard.first(Picture)
        assert isinstance(picture, Picture)
        assert picture.jpeg.startswith(b"\xff\xd8")


async def test_a_camera_that_cannot_be_opened_says_why(configured: Configured) -> None:
    async with child_of(configured, "video", path="/nowhere/yard.mp4") as child:
        assert await Heard(child).next() is None
        await child.exited()
    assert child.last_words() == "Cannot open /nowhere/yard.mp4: No such file or directory."


async def test_a_password_is_never_said(configured: Configured) -> None:
    path = "rtsp://me:s@cret@127.0.0.1:1/yard?user=me&password=secret"
    async with child_of(configured, "video", path=path) as child:
        await child.exited()
    assert child.last_words() == "Cannot open rtsp://127.0.0.1:1: Connection refused."


async def test_a_process_that_says_nothing_is_spoken_for(
    configured: Configured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("camera_agent.child.PROGRAM", (sys.executable, "-c", "raise SystemExit(7)"))
    async with child_of(configured) as child:
        await child.exited()
    assert child.last_words() == "The camera's process ended with code 7."


async def test_a_crash_of_a_library_is_named(
    configured: Configured, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = "import os, sys; print('Assertion failed', file=sys.stderr, flush=True); os.abort()"
    monkeypatch.setattr("camera_agent.child.PROGRAM", (sys.executable, "-c", program))
    async with child_of(configured) as child:
        await child.exited()
    words = child.last_words()
    assert words == "The camera's process was killed (SIGABRT). Assertion failed"


async def test_what_ignores_the_end_is_killed(
    configured: Configured, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = "import signal, time, sys; signal.signal(15, signal.SIG_IGN); sys.stderr.close();"
    program += f"import os; os.write(int(sys.argv[1]), {b''.join(pack(Sound(b'x', 1)))!r});"
    program += "time.sleep(60)"
    monkeypatch.setattr("camera_agent.child.PROGRAM", (sys.executable, "-c", program))
    child = await Child.start(configured())
    async with asyncio.timeout(30):
        await Heard(child).next()
        await child.end(0.1)
    assert child._process.returncode == -signal.SIGKILL


PARENT = textwrap.dedent("""
    import asyncio
    from camera_agent.camera_config import CameraConfig, SourceKind
    from camera_agent.child import Child

    async def main():
        config = CameraConfig(id="a", name="a", source=SourceKind.PATTERN, width=320, height=180)
        child = await Child.start(config)
        await child.pass_on(lambda _: print(child._process.pid, flush=True))

    asyncio.run(main())
""")


async def test_no_camera_outlives_its_agent_however_that_ends() -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    async with asyncio.timeout(20):
        child = int(await parent.stdout.readline())
        parent.kill()
        await parent.wait()
        while is_running(child):
            await asyncio.sleep(0.01)


async def test_the_end_of_its_orders_is_enough_to_end_a_camera(configured: Configured) -> None:
    async with child_of(configured) as child:
        await Heard(child).first(Packet)
        assert child._process.stdin is not None
        child._process.stdin.close()
        async with asyncio.timeout(30):
            await child.exited()
    assert child._process.returncode == 0


def is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="ascii")
    except FileNotFoundError:
        return False
    return state.rpartition(")")[2].split()[0] != "Z"
