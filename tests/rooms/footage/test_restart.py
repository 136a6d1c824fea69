"""The power goes at every point on the way: nothing is lost, doubled, or left lying about."""

import asyncio
from pathlib import Path
import threading

import aiohttp
import pytest

from custom_components.gatehouse.agent import Agent, RecordingChanged, Recordings
from custom_components.gatehouse.database import Database
from custom_components.gatehouse.footage import Disk, FootageFlow, FootageStore, filing
from custom_components.gatehouse.footage.mp4 import Clip, remux
from custom_components.gatehouse.models import FootageStage
from tests import waiting
from tests.rooms.footage.killed import Cut, cuts, until_killed
from tests.rooms.footage.media import video
from tests.rooms.footage.recorder import CAMERA, TOKEN, Pi
from tests.rooms.footage.site import BERLIN, OPTIONS, PATIENCE_S, Site, eventually

FRONT = "porch/front"
HOUR = "tennis@20261118T120000"

# What the flow does on the way from the wish to the file: the ends of its stages, and whatever
# touches the agent, the disk or the database in between.
DEEDS = cuts(
    ("agent.recordings:Recordings.list", 1),
    ("agent.recordings:Recordings.start", 1),
    ("footage.store:FootageStore.move", 1),
    ("agent.recordings:Recordings.list", 2),
    ("footage.disk:Disk.make_room", 1),
    ("agent.recordings:_append", 1),
    ("agent.recordings:Recordings.fetch", 1),
    ("footage.store:values_of", 2),
    ("footage.store:FootageStore.move", 2),
    ("footage.mp4:_Reel.take", 20),
    ("footage.filing:remux", 1),
    ("footage.disk:Disk.publish", 1),
    ("footage.disk:Disk.publish", 2),
    ("footage.store:values_of", 3),
    ("footage.store:FootageStore.move", 3),
    ("agent.recordings:Recordings.delete", 1),
    ("footage.disk:Disk.discard", 1),
    ("footage.store:values_of", 4),
    ("footage.store:FootageStore.move", 4),
)


# The same of a part of an appointment, from the word of it on.
PART_DEEDS = cuts(
    ("footage.store:FootageStore.add", 1),
    ("agent.recordings:_append", 1),
    ("footage.store:FootageStore.move", 1),
    ("footage.disk:Disk.publish", 1),
    ("footage.disk:Disk.publish", 2),
    ("footage.store:FootageStore.move", 2),
    ("agent.recordings:Recordings.delete", 1),
    ("footage.store:FootageStore.move", 3),
)


async def bring_home(database: Path, media: Path, host: str, port: int) -> None:
    """Run a flow with one agent, for as long as the power is on."""
    async with aiohttp.ClientSession() as session:
        agent = Agent(session, host, port, TOKEN).recordings
        await (await _flow(database, media, agent)).run()


async def meet(database: Path, media: Path, host: str, port: int) -> None:
    """Do the same, having been told of all that the agent recorded."""
    async with aiohttp.ClientSession() as session:
        agent = Agent(session, host, port, TOKEN).recordings
        flow = await _flow(database, media, agent)
        for recording in await agent.list(CAMERA):
            flow.recording_changed(FRONT, RecordingChanged(recording=recording))
        await flow.run()


async def _flow(database: Path, media: Path, agent: Recordings) -> FootageFlow:
    store = FootageStore(await Database.open(database))
    disk = Disk(media, BERLIN, floor_bytes=0)
    return FootageFlow(store, lambda _: (agent, CAMERA), disk, OPTIONS, lambda _: None)


async def lives(site: Site, agent: Pi, cut: Cut) -> None:
    """Let the flow run in a process of its own until the power goes."""
    database = site.media.with_name("gatehouse.db")
    await until_killed(cut, bring_home, database, site.media, *agent.address)


@pytest.mark.parametrize("cut", DEEDS, ids=str)
async def test_after_a_power_cut_the_footage_still_comes_home_once(
    site: Site, porch: Pi, cut: Cut
) -> None:
    porch.instantly = video()
    row = await site.record(FRONT)

    await lives(site, porch, cut)
    async with site.running():
        row = await site.reaches(row, FootageStage.READY)

    assert row.path
    assert row.path.stat().st_size == row.size
    assert site.files() == site.kept(row)
    assert porch.requests.count("POST") == 1
    assert porch.recordings == {}
    assert await site.library.find() == [row]


@pytest.mark.parametrize("cut", PART_DEEDS, ids=str)
async def test_after_a_power_cut_a_part_still_comes_home_once(
    site: Site, porch: Pi, cut: Cut
) -> None:
    news = porch.book("part", video(), HOUR)
    database = site.media.with_name("gatehouse.db")
    await until_killed(cut, meet, database, site.media, *porch.address)

    async with site.running() as flow:
        flow.recording_changed(FRONT, news)
        await waiting.eventually(lambda: site.library.of_booking(HOUR))
        (part,) = await site.library.of_booking(HOUR)
        part = await site.reaches(part, FootageStage.READY)
        await eventually(lambda: not porch.recordings)

    assert await site.library.of_booking(HOUR) == [part]
    assert part.path
    assert part.path.stat().st_size == part.size
    assert site.files() == site.kept(part)


@pytest.mark.parametrize("cut", cuts(("footage.disk:Disk.publish", 1)), ids=str)
async def test_what_is_given_up_after_a_power_cut_leaves_nothing(
    site: Site, porch: Pi, cut: Cut
) -> None:
    porch.instantly = video()
    row = await site.record(FRONT)
    await lives(site, porch, cut)
    porch.recordings.clear()
    site.disk.incoming(row.id).unlink()

    async with site.running():
        row = await site.reaches(row, FootageStage.FAILED)
        await eventually(lambda: not site.files())

    assert row.error == "recording_lost"


async def test_a_recording_that_vanished_here_is_fetched_again(site: Site, porch: Pi) -> None:
    porch.instantly = video()
    row = await site.record(FRONT)
    await lives(site, porch, Cut("footage.filing:remux", 1, "before"))
    site.disk.incoming(row.id).unlink()

    async with site.running():
        row = await site.reaches(row, FootageStage.READY)

    assert site.files() == site.kept(row)


@pytest.mark.parametrize("suffixes", [(".mp4",), (".mp4", ".part")], ids=["clip", "both"])
async def test_a_clip_that_vanished_before_its_recorder_let_go_is_made_again(
    site: Site, porch: Pi, suffixes: tuple[str, ...]
) -> None:
    porch.instantly = video()
    row = await site.record(FRONT)
    await lives(site, porch, Cut("agent.recordings:Recordings.delete", 1, "before"))
    row = await site.reaches(row, FootageStage.CHECKED)
    assert row.path
    copies = {".mp4": row.path, ".part": site.disk.incoming(row.id)}
    for suffix in suffixes:
        copies[suffix].unlink()

    async with site.running():
        row = await site.reaches(row, FootageStage.READY)

    assert site.files() == site.kept(row)
    assert porch.recordings == {}


async def test_a_transfer_goes_on_after_a_restart(site: Site, porch: Pi) -> None:
    porch.instantly = video()
    porch.cut_after = len(video()) // 2
    porch.may_cut.clear()
    row = await site.record(FRONT)
    part = site.media / ".gatehouse" / f"{row.id}.part"
    async with site.running():
        await eventually(lambda: part.exists() and part.stat().st_size == porch.cut_after)

    porch.cut_after = len(video()) - len(video()) // 2
    porch.may_cut.set()
    site.restarted()
    async with site.running():
        row = await site.reaches(row, FootageStage.READY)

    assert porch.ranges == [0, len(video()) // 2]


async def test_a_running_recording_is_found_again_and_extended(site: Site, porch: Pi) -> None:
    async with site.running():
        row = await site.reaches(await site.record(FRONT), FootageStage.RECORDING)
    await site.flow.extend(row.id, row.until.replace(microsecond=0).replace(year=2100))

    flow = site.restarted()
    async with site.running():
        row = await site.until(row, lambda found: found.until > row.until)
        await flow.extend(row.id, row.until)
        await eventually(lambda: "PATCH" in porch.requests)

    assert porch.names == [row.recording]


async def test_who_stops_the_flow_gets_it_back_when_nothing_is_written_any_more(
    site: Site, porch: Pi, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, may_end = threading.Event(), threading.Event()

    def slow(source: Path, target: Path) -> Clip:
        began.set()
        assert may_end.wait(PATIENCE_S)
        return remux(source, target)

    monkeypatch.setattr(filing, "remux", slow)
    porch.instantly = video()
    row = await site.record(FRONT)
    story = asyncio.create_task(site.flow.run())
    await eventually(began.is_set)

    story.cancel()
    await asyncio.sleep(0.05)
    assert not story.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await story

    row = await site.store.get(row.id) or row
    assert row.stage is FootageStage.FETCHED
    site.restarted()
    async with site.running():
        row = await site.reaches(row, FootageStage.READY)
    assert site.files() == site.kept(row)
