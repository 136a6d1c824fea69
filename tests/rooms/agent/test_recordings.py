"""Recordings on an agent: asked for, listed, and fetched over connections that break."""

import asyncio
from datetime import UTC, datetime
import hashlib
from pathlib import Path
from typing import Any

from aiohttp import web
import pytest

from custom_components.gatehouse.agent import (
    Agent,
    AgentGarbled,
    AgentRefused,
    AgentUnreachable,
    ErrorCode,
    Recording,
    wire,
)
from custom_components.gatehouse.agent.recording import parse_recording
from tests.rooms.agent.loopback import Handler, Loopback, golden, says

RECORDING = golden("recording")["recording"]
MEANING: Recording = parse_recording(RECORDING)
ALL = wire.RECORDINGS.format(camera="front")
ONE = wire.RECORDING.format(camera="front", recording=MEANING.id)

VIDEO = bytes(range(256)) * 4000
SHA256 = hashlib.sha256(VIDEO).hexdigest()


def at(seconds: float) -> datetime:
    """Return a time of the agent's clock."""
    return datetime.fromtimestamp(seconds, UTC)


def serves(path: Path) -> Handler:
    """Return a handler that serves a file as the agent does."""

    async def serve(_: web.Request) -> web.StreamResponse:
        return web.FileResponse(path)

    return serve


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Return the agent's file."""
    path = tmp_path / "agent.mp4"
    path.write_bytes(VIDEO)
    return path


async def test_a_recording_is_asked_for_in_the_golden_words(loopback: Loopback) -> None:
    heard: list[Any] = []

    async def start(request: web.Request) -> web.Response:
        heard.append(await request.json())
        return web.json_response(RECORDING, status=201)

    agent = await loopback.agent(web.post(ALL, start))

    recording = await agent.recordings.start("front", at(1795000001), at(1795000021.5))

    assert heard == [golden("start_recording")]
    assert recording == MEANING


async def test_times_keep_their_microseconds_on_the_wire(loopback: Loopback) -> None:
    since, until = at(1795000001.123457), at(1795000021.999999)

    async def echo(request: web.Request) -> web.Response:
        body = await request.json()
        said = {"started": body["since"], "until": body["until"]}
        return web.json_response(RECORDING | said, status=201)

    agent = await loopback.agent(web.post(ALL, echo))

    recording = await agent.recordings.start("front", since, until)

    assert (recording.started, recording.until) == (since, until)


async def test_a_recording_is_extended_listed_and_deleted(loopback: Loopback) -> None:
    heard: list[Any] = []

    async def extend(request: web.Request) -> web.Response:
        heard.append(await request.json())
        return web.json_response(RECORDING)

    async def delete(_: web.Request) -> web.Response:
        heard.append("deleted")
        return web.Response(status=204)

    agent = await loopback.agent(
        web.patch(ONE, extend),
        web.get(ALL, says({"recordings": [RECORDING]})),
        web.delete(ONE, delete),
    )

    assert await agent.recordings.extend("front", MEANING.id, at(1795000030)) == MEANING
    assert await agent.recordings.list("front") == (MEANING,)
    await agent.recordings.delete("front", MEANING.id)
    assert heard == [{"until": 1795000030.0}, "deleted"]


@pytest.mark.parametrize("body", [{}, {"recordings": None}, {"recordings": [{}]}])
async def test_a_list_that_is_none_is_garbled(loopback: Loopback, body: object) -> None:
    agent = await loopback.agent(web.get(ALL, says(body)))

    with pytest.raises(AgentGarbled):
        await agent.recordings.list("front")


async def test_a_recording_arrives_byte_for_byte(
    loopback: Loopback, video: Path, tmp_path: Path
) -> None:
    agent = await loopback.agent(web.get(ONE, serves(video)))

    await agent.recordings.fetch("front", MEANING.id, tmp_path / "here", SHA256)
    await agent.recordings.fetch("front", MEANING.id, tmp_path / "unchecked")

    assert (tmp_path / "here").read_bytes() == VIDEO
    assert (tmp_path / "unchecked").read_bytes() == VIDEO


async def test_a_fetch_that_was_cut_goes_on_where_it_ended(
    loopback: Loopback, tmp_path: Path
) -> None:
    here = tmp_path / "here"
    here.touch()
    asked: list[str | None] = []

    async def cut(request: web.Request) -> web.StreamResponse:
        asked.append(request.headers.get("Range"))
        start = request.http_range.start or 0
        response = web.StreamResponse(status=206 if start else 200)
        response.content_length = len(VIDEO) - start
        await response.prepare(request)
        await response.write(VIDEO[start : start + 600_000])
        while here.stat().st_size < min(start + 600_000, len(VIDEO)):
            await asyncio.sleep(0.001)
        assert request.transport
        request.transport.abort()
        return response

    agent = await loopback.agent(web.get(ONE, cut))

    with pytest.raises(AgentUnreachable):
        await agent.recordings.fetch("front", MEANING.id, here, SHA256)
    await agent.recordings.fetch("front", MEANING.id, here, SHA256)

    assert asked == [None, "bytes=600000-"]
    assert here.read_bytes() == VIDEO


async def test_a_server_without_ranges_begins_anew(loopback: Loopback, tmp_path: Path) -> None:
    async def whole(_: web.Request) -> web.Response:
        return web.Response(body=VIDEO)

    here = tmp_path / "here"
    here.write_bytes(VIDEO[:1000])
    agent = await loopback.agent(web.get(ONE, whole))

    await agent.recordings.fetch("front", MEANING.id, here, SHA256)

    assert here.read_bytes() == VIDEO


async def test_what_is_here_already_is_not_fetched_again(
    loopback: Loopback, tmp_path: Path
) -> None:
    here = tmp_path / "here"
    here.write_bytes(VIDEO)

    await loopback.nobody().recordings.fetch("front", MEANING.id, here, SHA256)

    assert here.read_bytes() == VIDEO


@pytest.mark.parametrize("there", [b"", b"other bytes", VIDEO + b"and more"])
async def test_wrong_bytes_do_not_stay(
    loopback: Loopback, video: Path, tmp_path: Path, there: bytes
) -> None:
    here = tmp_path / "here"
    here.write_bytes(there)
    agent = await loopback.agent(web.get(ONE, serves(video)))

    with pytest.raises(AgentGarbled):
        await agent.recordings.fetch("front", MEANING.id, here, "0" * 64)

    assert not here.exists()


async def test_a_recording_that_still_runs_is_refused_and_leaves_no_file(
    loopback: Loopback, tmp_path: Path
) -> None:
    running = {"error": {"code": "recording_running", "message": "End it first."}}
    agent = await loopback.agent(web.get(ONE, says(running, 409)))

    with pytest.raises(AgentRefused, match="End it first") as caught:
        await agent.recordings.fetch("front", MEANING.id, tmp_path / "here", SHA256)

    assert caught.value.code == ErrorCode.RECORDING_RUNNING
    assert not (tmp_path / "here").exists()


async def test_a_disk_that_refuses_is_no_fault_of_the_agent(
    loopback: Loopback, video: Path, tmp_path: Path
) -> None:
    agent: Agent = await loopback.agent(web.get(ONE, serves(video)))

    with pytest.raises(FileNotFoundError):
        await agent.recordings.fetch("front", MEANING.id, tmp_path / "missing" / "here", SHA256)
