"""systemd is told what it asks for, over a real socket of the kind that it listens at."""

import asyncio
from collections.abc import Iterator
import os
from pathlib import Path
import socket
import time

import pytest

from camera_agent.camera_config import CameraConfig, SourceKind
from camera_agent.config import AgentConfig
from camera_agent.hub import Hub
from camera_agent.notify import condition, supervised
from camera_agent.owner import Paired


class Systemd:
    """The end of the socket that systemd has."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address.replace("@", "\0"))
        self.socket.setblocking(False)

    async def hears(self) -> list[str]:
        async with asyncio.timeout(30):
            told = await asyncio.get_running_loop().sock_recv(self.socket, 4096)
        return told.decode().split("\n")


@pytest.fixture(params=["file", "abstract"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return {"file": str(tmp_path / "notify"), "abstract": f"@gatehouse-{os.getpid()}"}[
        request.param
    ]


@pytest.fixture
def systemd(address: str) -> Iterator[Systemd]:
    systemd = Systemd(address)
    yield systemd
    systemd.socket.close()


def config(tmp_path: Path) -> AgentConfig:
    cameras = tuple(
        CameraConfig(id=name, name=name, source=SourceKind.PATTERN) for name in ("front", "yard")
    )
    return AgentConfig(id="porch", name="Porch", data=tmp_path, cameras=cameras)


async def test_systemd_hears_of_the_beginning_and_the_end(systemd: Systemd, address: str) -> None:
    async with supervised(lambda: "fine", {"NOTIFY_SOCKET": address}):
        assert await systemd.hears() == ["READY=1"]
        assert await systemd.hears() == ["WATCHDOG=1", "STATUS=fine"]

    assert await systemd.hears() == ["STOPPING=1"]


async def test_the_watchdog_is_fed_twice_in_its_time(systemd: Systemd, address: str) -> None:
    patience = 0.2
    environment = {
        "NOTIFY_SOCKET": address,
        "WATCHDOG_USEC": str(int(patience * 1e6)),
        "WATCHDOG_PID": str(os.getpid()),
    }
    async with supervised(lambda: "fine", environment):
        assert await systemd.hears() == ["READY=1"]
        began = time.monotonic()
        for _ in range(4):
            assert "WATCHDOG=1" in await systemd.hears()

    assert time.monotonic() - began >= 2.9 * patience / 2


async def test_a_loop_that_hangs_feeds_no_watchdog(systemd: Systemd, address: str) -> None:
    environment = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "20000"}
    async with supervised(lambda: "fine", environment):
        assert await systemd.hears() == ["READY=1"]
        await systemd.hears()
        time.sleep(0.3)  # the hang
        with pytest.raises(BlockingIOError):
            systemd.socket.recv(4096)


@pytest.mark.parametrize(
    "watchdog", [{"WATCHDOG_PID": "1", "WATCHDOG_USEC": "1000"}, {"WATCHDOG_USEC": "soon"}]
)
async def test_the_watchdog_of_another_is_not_ours(
    systemd: Systemd, address: str, watchdog: dict[str, str]
) -> None:
    async with supervised(lambda: "fine", {"NOTIFY_SOCKET": address, **watchdog}):
        await systemd.hears()
        await systemd.hears()
        await asyncio.sleep(0.1)
        with pytest.raises(BlockingIOError):
            systemd.socket.recv(4096)


async def test_without_systemd_nothing_is_told() -> None:
    asked: list[str] = []
    async with supervised(lambda: asked.append("asked") or "", {}):
        await asyncio.sleep(0)

    assert asked == []


async def test_a_systemd_that_is_gone_is_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with supervised(lambda: "fine", {"NOTIFY_SOCKET": str(tmp_path / "gone")}):
        await asyncio.sleep(0)

    assert "systemd cannot be told READY=1: [Errno 2]" in caplog.text


async def test_the_condition_counts_the_cameras_and_names_what_to_do(tmp_path: Path) -> None:
    hub = Hub(config(tmp_path))
    assert condition(hub) == "0 of 2 cameras online, not paired yet: gatehouse-agent pair"

    await hub.owner.take(Paired(token="0123456789abcdef"))
    assert condition(hub) == "0 of 2 cameras online, paired"
