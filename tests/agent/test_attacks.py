"""Strangers at an agent, byte for byte: every path there is, ways out of it, and large bodies."""

import asyncio
from collections.abc import AsyncIterator
import gzip
from pathlib import Path
import time

from aiohttp import ClientSession
import pytest

from camera_agent import listen, wire
from camera_agent.auth import OPEN, signature
from camera_agent.config import AgentConfig, TlsConfig
from camera_agent.door_config import DoorConfig
from camera_agent.hub import Hub
from camera_agent.reader_config import ReaderConfig, ReaderKind
from camera_agent.server import application
from tests.waiting import within

from .conftest import Configured
from .meeting import Here, reached, somebody

TOKEN = "correct horse battery staple"
SECRET = "nobody else may read this"
PLAIN = TlsConfig(enabled=False)
KNOWN = {"camera": "front", "recording": "1", "door": "front", "session": "1"}
# What begins something anew takes nothing: it answers without looking at a body.
HARMLESS = {
    path.format(**KNOWN) for path in (wire.RESTART_CAMERA, wire.RESTART, wire.REBOOT, wire.LOCK)
}

UP = [
    "../secret",
    "../../secret",
    "../../../secret",
    "..%2f..%2fsecret",
    "..%2F..%2F..%2Fsecret",
    "%2e%2e%2f%2e%2e%2fsecret",
    "%2e%2e/%2e%2e/secret",
    "..%252f..%252fsecret",
    "%252e%252e%252f%252e%252e%252fsecret",
    "..%5c..%5csecret",
    "..\\..\\secret",
    "....//....//secret",
    "..%c0%af..%c0%afsecret",
    "%c0%ae%c0%ae%2fsecret",
    "%EF%BC%8E%EF%BC%8E%2fsecret",
    "..%00/secret",
    "secret%00",
    "..;/secret",
    "%2f{data}%2fsecret",
    "{data}/secret",
]


async def asked(
    agent: Here, path: str, method: str = "GET", token: str | None = TOKEN, more: str = ""
) -> tuple[int, bytes]:
    """Ask for a path as it is written, whatever else is promised to come; return all that comes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", agent.port)
    login = f"Authorization: Bearer {token}\r\n" if token else ""
    head = f"{method} {path} HTTP/1.1\r\nHost: agent\r\nConnection: close\r\n{login}{more}\r\n"
    writer.write(head.encode())
    with within(3):
        said = await reader.read()
    writer.close()
    return int(said.split()[1]), said


def furnished(configured: Configured, folder: Path, owner: str | None) -> AgentConfig:
    """Configure an agent that has all there can be: also a camera and a door."""
    reader = ReaderConfig(id="outside", kind=ReaderKind.SIMULATED)
    door = DoorConfig(
        id="front", name="Front", simulated=str(folder / "door.sock"), readers=(reader,)
    )
    return somebody(folder, token=owner, tls=PLAIN, cameras=(configured(),), doors=(door,))


def routes(config: AgentConfig) -> list[tuple[str, str]]:
    """Return all that an agent serves, by method and path."""
    found = {
        (route.method, route.resource.canonical.format(**KNOWN))
        for route in application(Hub(config)).router.routes()
        if route.resource
    }
    return sorted(found)


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listen, "LINGER", 0.05)


@pytest.fixture
async def agent(configured: Configured, tmp_path: Path) -> AsyncIterator[Here]:
    """One that somebody owns, with a camera, and with a secret beside its recordings."""
    config = furnished(configured, tmp_path, TOKEN)
    for folder in (tmp_path, config.data, config.data / "recordings"):
        folder.mkdir(exist_ok=True)
        (folder / "secret").write_text(SECRET)
        (folder / "secret.mp4").write_text(SECRET)
    async with reached(config) as agent:
        yield agent


# --- Whoever is not the owner ----------------------------------------------------------------


@pytest.mark.parametrize(("owner", "status"), [(None, 403), (TOKEN, 401)])
@pytest.mark.parametrize("token", [None, "not the token"])
async def test_every_path_is_closed_to_strangers(
    configured: Configured, tmp_path: Path, owner: str | None, status: int, token: str | None
) -> None:
    config = furnished(configured, tmp_path, owner)
    closed = [(method, path) for method, path in routes(config) if path not in {*OPEN, wire.INFO}]
    async with reached(config) as agent:
        told = {
            (method, path): (await asked(agent, path, method, token))[0] for method, path in closed
        }

    assert told == dict.fromkeys(closed, status)
    assert len(closed) > 30


@pytest.mark.parametrize(
    "path",
    [
        "/health%2f..%2fapi%2fv1%2ffeed",
        "/health/%2e%2e/api/v1/feed",
        "/health/live/../../api/v1/spool",
        "//health/../api/v1/spool",
        "/api/v1/pair/../spool",
        "/api/v1/info%2f..%2fspool",
        "/api/v1/info;/../spool",
        "/api/v1/spool?/health",
        "/api/v1/spool%3f/health",
        "/api/v1/spool#/health",
        "http://agent/api/v1/spool",
    ],
)
async def test_no_spelling_of_an_open_path_opens_another(agent: Here, path: str) -> None:
    status, body = await asked(agent, path, token=None)

    assert status in {400, 401, 404}
    assert b'"spooled"' not in body


@pytest.mark.parametrize(
    "other",
    [
        "/api/v1/cameras/back/snapshot",
        "/api/v1/cameras/front%2fsnapshot",
        "/api/v1/cameras/front/../back/snapshot",
        "/api/v1/cameras/back%2f..%2ffront/snapshot",
        "/api/v1/cameras/front/live.ts",
        "/api/v1/cameras/front/recordings",
        "/snapshot",
        "/api/v1/grants",
    ],
)
async def test_a_stolen_address_is_good_for_what_it_names(agent: Here, other: str) -> None:
    query = signed("/api/v1/cameras/front/snapshot")
    nowhere = "/api/v1/cameras/nowhere/snapshot"

    assert (await asked(agent, other + query, token=None))[0] in {400, 401, 404}
    assert (await asked(agent, nowhere + query, token=None))[0] == 401
    assert (await asked(agent, nowhere + signed(nowhere), token=None))[0] == 404


@pytest.mark.parametrize("lifetime", [-1, 86_500])
async def test_a_stolen_address_runs_out_and_none_is_good_for_more_than_a_day(
    agent: Here, lifetime: int
) -> None:
    path = "/api/v1/cameras/front/snapshot"

    assert (await asked(agent, path + signed(path, lifetime), token=None))[0] == 401


def signed(path: str, lifetime: int = 60) -> str:
    """Return what makes an address of a path good for some seconds."""
    expires = str(int(time.time()) + lifetime)
    return f"?expires={expires}&auth={signature(TOKEN, path, expires)}"


# --- Paths that lead out ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "folder",
    [
        "/api/v1/cameras/front/recordings/",
        "/api/v1/cameras/",
        "/api/v1/",
        "/",
    ],
)
@pytest.mark.parametrize("method", ["GET", "DELETE", "PATCH"])
async def test_no_path_leads_to_a_file_that_is_not_meant(
    agent: Here, folder: str, method: str
) -> None:
    paths = [folder + path.format(data=agent.config.data) for path in UP]
    paths += [f"{path}{end}" for path in paths for end in (".mp4", "/recordings/secret")]

    told = {path: await asked(agent, path, method) for path in paths}

    refused = {400, 404, 405}
    assert {path: status for path, (status, _) in told.items() if status not in refused} == {}
    assert [path for path, (_, body) in told.items() if SECRET.encode() in body] == []
    assert (agent.config.data / "secret").exists()
    assert (agent.config.data / "recordings" / "secret.mp4").exists()


# --- Bodies ----------------------------------------------------------------------------------


@pytest.mark.parametrize("token", [TOKEN, None])
async def test_an_oversized_body_is_refused_before_any_of_it_has_come(
    configured: Configured, tmp_path: Path, token: str | None
) -> None:
    config = furnished(configured, tmp_path, TOKEN)
    taking = [one for one in routes(config) if one[0] in {"POST", "PUT", "PATCH"}]
    more = "Content-Type: image/jpeg\r\nContent-Length: 99999999999\r\n"
    async with reached(config) as agent:
        told = {
            (method, path): (await asked(agent, path, method, token, more))[0]
            for method, path in taking
            if path not in HARMLESS
        }

    assert {key: status for key, status in told.items() if status not in {401, 413}} == {}
    assert len(told) > 5


@pytest.mark.parametrize("path", [wire.PAIR, wire.DETECT])
async def test_a_small_body_that_unpacks_to_a_large_one_is_refused(agent: Here, path: str) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    assert len(bomb) < 64 * 1024

    async with ClientSession(agent.url) as session:
        headers = {
            "Authorization": f"Bearer {TOKEN}",
            "Content-Encoding": "gzip",
            "Content-Type": "image/jpeg",
        }
        async with session.post(path, data=bomb, headers=headers) as answer:
            assert answer.status == 413
