"""Footage from the wish to the file: the good way, and every stone on it."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
import hashlib
from pathlib import Path

import pytest

from custom_components.gatehouse.agent import RecordingChanged, RecordingStatus
from custom_components.gatehouse.footage import FootageOptions, FootageStore, rules
from custom_components.gatehouse.footage.mp4 import inspect
from custom_components.gatehouse.models import Footage, FootageStage, Level, Replay
from tests.rooms.footage.media import video
from tests.rooms.footage.recorder import Pi
from tests.rooms.footage.site import OPTIONS, Site, eventually

FRONT = "porch/front"
HOUR = "tennis@20261118T120000"


async def test_what_is_recorded_comes_home(site: Site, porch: Pi) -> None:
    async with site.running() as flow:
        row = await site.record(FRONT)
        row = await site.reaches(row, FootageStage.RECORDING)
        flow.recording_changed(FRONT, porch.finish(porch.names[0], video()))
        row = await site.reaches(row, FootageStage.READY)
        await eventually(lambda: site.news[-1] == row)

    assert row.path
    clip = inspect(row.path)
    assert (clip.duration, clip.size, clip.sha256) == (row.duration, row.size, row.sha256)
    assert row.md5 == hashlib.md5(row.path.read_bytes(), usedforsecurity=False).hexdigest()
    assert row.path.with_suffix(".jpg").read_bytes() == clip.poster
    assert site.files() == site.kept(row)
    assert porch.recordings == {}
    assert [news.stage for news in site.news] == [
        FootageStage.REQUESTED,
        FootageStage.RECORDING,
        FootageStage.FETCHED,
        FootageStage.CHECKED,
        FootageStage.READY,
    ]


async def test_an_agent_is_asked_at_once_and_for_the_past(site: Site, porch: Pi) -> None:
    async with site.running():
        row = await site.reaches(await site.record(FRONT), FootageStage.RECORDING)

    (recording,) = porch.recordings.values()
    assert recording["until"] == pytest.approx(row.until.timestamp())
    assert recording["started"] < row.since.timestamp() < datetime.now(UTC).timestamp()


def ends(agent: Pi, until: datetime) -> bool:
    """Whether the agent's only recording ends then."""
    (recording,) = agent.recordings.values()
    return datetime.fromtimestamp(recording["until"], UTC) == until


async def test_footage_is_extended_as_long_as_signs_come(site: Site, porch: Pi) -> None:
    async with site.running() as flow:
        row = await site.reaches(await site.record(FRONT), FootageStage.RECORDING)
        for seconds in (30, 50, 40, 500):
            await flow.extend(row.id, row.since + timedelta(seconds=seconds))
            row = await site.store.get(row.id) or row
            await eventually(partial(ends, porch, row.until))

    extended = await site.store.get(row.id)
    assert extended
    assert extended.until - extended.since == OPTIONS.longest


async def test_an_extension_before_the_agent_was_asked_is_not_lost(site: Site, porch: Pi) -> None:
    row = await site.record(FRONT)
    await site.flow.extend(row.id, row.until + timedelta(seconds=10))

    async with site.running():
        row = await site.reaches(row, FootageStage.RECORDING)

    assert porch.recordings[porch.names[0]]["until"] == pytest.approx(row.until.timestamp())


async def test_footage_is_no_longer_than_the_longest(site: Site) -> None:
    row = await site.record(FRONT, seconds=900)

    assert row.until - row.since == OPTIONS.longest


async def test_an_extension_that_comes_too_late_costs_nothing(site: Site, porch: Pi) -> None:
    porch.refusals["PATCH"] = (409, "recording_over")
    async with site.running() as flow:
        row = await site.reaches(await site.record(FRONT), FootageStage.RECORDING)
        await flow.extend(row.id, row.until + timedelta(seconds=10))
        await eventually(lambda: "PATCH" in porch.requests)
        flow.recording_changed(FRONT, porch.finish(porch.names[0], video()))
        row = await site.reaches(row, FootageStage.READY)

    assert row.error is None
    assert not any(news.error for news in site.news)


async def test_other_refusals_to_extend_are_tried_again(site: Site, porch: Pi) -> None:
    porch.refusals["PATCH"] = (500, "internal")
    async with site.running() as flow:
        row = await site.reaches(await site.record(FRONT), FootageStage.RECORDING)
        await flow.extend(row.id, row.until + timedelta(seconds=10))
        await site.until(row, lambda found: found.error == "internal")
        porch.refusals.clear()
        row = await site.until(row, lambda found: found.error is None)

    assert porch.recordings[porch.names[0]]["until"] == pytest.approx(row.until.timestamp())


async def test_a_recording_may_be_ended_earlier(site: Site, porch: Pi) -> None:
    async with site.running() as flow:
        row = await site.reaches(await site.record(FRONT, seconds=90), FootageStage.RECORDING)
        await flow.end(row.id, row.since + timedelta(seconds=30))
        await eventually(partial(ends, porch, row.since + timedelta(seconds=30)))
        await flow.end(row.id, row.since + timedelta(seconds=60))
        row = await site.until(row, lambda found: found.until < row.until)

    assert row.until == row.since + timedelta(seconds=30)


async def test_how_bad_an_incident_is_is_told_of_what_is_ready_of_it(site: Site, porch: Pi) -> None:
    porch.instantly = video()
    now = datetime.now(UTC)
    span = (now - timedelta(seconds=5), now)
    async with site.running() as flow:
        row = await flow.record(FRONT, *span, incident="i", level=Level.LOW)
        row = await site.reaches(row, FootageStage.READY)
    other = await site.flow.record(FRONT, *span, incident="i", level=Level.HIGH)
    site.news.clear()

    await site.flow.grade("i", Level.HIGH)
    await site.flow.grade("i", Level.HIGH)

    assert row.level is Level.LOW
    assert site.news == [replace(row, level=Level.HIGH)]
    assert await site.store.get(other.id) == other


async def test_what_an_agent_recorded_by_itself_comes_home_once_and_is_to_be_replayed(
    site: Site, porch: Pi
) -> None:
    news = porch.spool("spooled", video())
    site.flow.recording_changed(FRONT, news)
    async with site.running():
        await eventually(lambda: FootageStage.READY in {row.stage for row in site.news})

    flow = site.restarted()
    async with site.running():
        flow.recording_changed(FRONT, news)
        row = await site.reaches(await site.record(FRONT), FootageStage.RECORDING)

    (replayed,) = await site.library.to_replay()
    assert replayed.since == news.recording.started
    assert replayed.until == news.recording.until
    assert replayed.replay is Replay.PENDING
    assert replayed.level is None
    assert site.files() == site.kept(replayed)
    assert {found.id for found in await site.library.find()} == {row.id, replayed.id}


async def test_what_an_agent_still_records_by_itself_is_left_to_it(site: Site, porch: Pi) -> None:
    news = porch.spool("spooled", video())
    running = replace(news.recording, status=RecordingStatus.RECORDING)
    async with site.running() as flow:
        flow.recording_changed(FRONT, RecordingChanged(recording=running))
        await site.reaches(await site.record(FRONT), FootageStage.RECORDING)

    assert await site.library.to_replay() == []
    assert len(await site.library.find()) == 1


async def test_parts_of_appointments_come_home_once_and_are_shown_nowhere(
    site: Site, porch: Pi
) -> None:
    told = [porch.book(f"part-{number}", video(), HOUR, number) for number in range(2)]
    for news in (*told, *told):
        site.flow.recording_changed(FRONT, news)
    async with site.running():
        await eventually(lambda: [row.stage for row in site.news].count(FootageStage.READY) == 2)
    flow = site.restarted()
    async with site.running():
        flow.recording_changed(FRONT, told[0])
        await site.reaches(await site.record(FRONT), FootageStage.RECORDING)

    parts = await site.library.of_booking(HOUR)
    assert [row.since for row in parts] == [news.recording.started for news in told]
    assert [row.recording for row in parts] == ["part-0", "part-1"]
    assert {(row.part, row.kept, row.wanted, row.replay) for row in parts} == {
        (True, True, False, Replay.NONE)
    }
    assert site.files() == site.kept(*parts)
    assert not set(porch.names) & {"part-0", "part-1"}
    assert await site.library.to_replay() == []
    assert [row.booking for row in await site.library.find()] == [None]


async def test_a_part_may_be_longer_than_a_clip_and_is_extended_no_further(
    site: Site, porch: Pi
) -> None:
    now = datetime.now(UTC)
    hour = timedelta(hours=1)

    row = await site.flow.record(FRONT, now, now + timedelta(minutes=4), booking=HOUR, part=True)
    await site.flow.extend(row.id, now + hour)
    await site.flow.extend("missing", now + hour)
    other = await site.flow.record(FRONT, now, now + hour, booking=HOUR, part=True)

    assert row.until == now + timedelta(minutes=4)
    assert {one.until for one in await site.library.of_booking(HOUR)} == {now + OPTIONS.segment}
    assert (other.booking, other.part, other.kept, other.wanted) == (HOUR, True, True, False)
    assert porch.recordings == {}


async def test_parts_come_home_one_at_a_time_and_delay_no_clip(site: Site, porch: Pi) -> None:
    porch.instantly = video()
    porch.held.clear()
    now = datetime.now(UTC)
    parts = [
        await site.flow.record(FRONT, now, now + timedelta(seconds=20 + number), part=True)
        for number in range(3)
    ]
    async with site.running():
        await eventually(lambda: porch.sending == 1)
        for row in parts:
            await site.reaches(row, FootageStage.RECORDING)
        clips = [await site.record(FRONT, ago=ago) for ago in range(2)]
        await eventually(lambda: porch.sending == 1 + OPTIONS.transfers)
        porch.held.set()
        for row in (*clips, *parts):
            await site.reaches(row, FootageStage.READY)

    assert porch.most_sending == 1 + OPTIONS.transfers


async def test_an_end_that_the_feed_did_not_tell_is_found_by_looking(
    site: Site, porch: Pi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "LOOK_EVERY", timedelta(milliseconds=20))
    async with site.running():
        row = await site.reaches(await site.record(FRONT), FootageStage.RECORDING)
        porch.finish(porch.names[0], video())
        await site.reaches(row, FootageStage.READY)


async def test_a_word_about_somebody_elses_recording_changes_nothing(site: Site, porch: Pi) -> None:
    async with site.running() as flow:
        row = await site.reaches(await site.record(FRONT), FootageStage.RECORDING)
        porch.recordings["by hand"] = porch.recordings[porch.names[0]] | {"id": "by hand"}
        flow.recording_changed(FRONT, porch.finish("by hand", video()))
        flow.recording_changed(FRONT, porch.finish(porch.names[0], video()))
        await site.reaches(row, FootageStage.READY)

    assert porch.names == ["by hand"]


async def test_an_agent_that_is_off_is_asked_until_it_is_back(site: Site, porch: Pi) -> None:
    porch.is_off = True
    async with site.running() as flow:
        row = await site.record(FRONT)
        row = await site.until(row, lambda found: found.attempts >= 3)
        assert (row.stage, row.error) == (FootageStage.REQUESTED, "agent_unreachable")
        porch.is_off = False
        row = await site.reaches(row, FootageStage.RECORDING)
        assert (row.attempts, row.error) == (0, None)
        porch.is_off = True
        flow.recording_changed(FRONT, porch.finish(porch.names[0], video()))
        row = await site.until(row, lambda found: found.attempts >= 3)
        assert (row.stage, row.error) == (FootageStage.RECORDING, "agent_unreachable")
        porch.is_off = False
        await site.reaches(row, FootageStage.READY)

    assert porch.requests.count("POST") == 1


async def test_an_agent_that_is_not_known_yet_is_waited_for(site: Site, porch: Pi) -> None:
    del site.agents[FRONT]
    async with site.running():
        row = await site.record(FRONT)
        await site.until(row, lambda found: found.error == "agent_unreachable")
        site.agents[FRONT] = porch
        await site.reaches(row, FootageStage.RECORDING)


async def test_an_agent_that_is_off_delays_only_its_own(site: Site, porch: Pi, garage: Pi) -> None:
    porch.is_off = True
    async with site.running() as flow:
        rows = [await site.record(FRONT, ago=ago) for ago in (5, 4, 3)]
        other = await site.reaches(await site.record(garage.key), FootageStage.RECORDING)
        flow.recording_changed(garage.key, garage.finish(garage.names[0], video()))
        await site.reaches(other, FootageStage.READY)

    assert {found.stage for found in await site.library.find(FRONT)} == {FootageStage.REQUESTED}
    assert len(rows) == 3


async def test_a_slow_transfer_delays_neither_a_new_recording_nor_an_extension(
    site: Site, porch: Pi
) -> None:
    porch.held.clear()
    async with site.running() as flow:
        slow = [await site.record(FRONT, ago=ago) for ago in (9, 8, 7)]
        for row in slow:
            await site.reaches(row, FootageStage.RECORDING)
        for name in porch.names:
            flow.recording_changed(FRONT, porch.finish(name, video()))
        await eventually(lambda: porch.sending == OPTIONS.transfers)

        row = await site.reaches(await site.record(FRONT), FootageStage.RECORDING)
        await flow.extend(row.id, row.until + timedelta(seconds=10))
        await eventually(lambda: "PATCH" in porch.requests)

        porch.held.set()
        for row in slow:
            await site.reaches(row, FootageStage.READY)

    assert porch.most_sending == OPTIONS.transfers


async def test_an_answer_that_got_lost_doubles_nothing(site: Site, porch: Pi) -> None:
    porch.loses_answers_to = {"POST"}
    async with site.running() as flow:
        row = await site.record(FRONT)
        await site.until(row, lambda found: found.attempts > 0)
        await flow.extend(row.id, row.until + timedelta(seconds=10))
        row = await site.reaches(row, FootageStage.RECORDING)
        await eventually(lambda: "PATCH" in porch.requests)

    assert porch.requests.count("POST") == 1
    assert porch.names == [row.recording]


async def test_two_that_want_the_same_get_one_each(site: Site, porch: Pi) -> None:
    since = datetime.now(UTC)
    spans = [(FRONT, since, since + timedelta(seconds=20))] * 3
    async with site.running() as flow:
        rows = [await flow.record(*span) for span in spans]
        for row in rows:
            await site.reaches(row, FootageStage.RECORDING)
        for name in porch.names:
            flow.recording_changed(FRONT, porch.finish(name, video()))
        ready = [await site.reaches(row, FootageStage.READY) for row in rows]

    assert len({row.recording for row in ready}) == 3
    assert len({row.path for row in ready}) == 3


async def test_a_transfer_that_is_cut_goes_on(site: Site, porch: Pi) -> None:
    porch.cut_after = len(video()) * 2 // 5
    async with site.running() as flow:
        row = await site.reaches(await site.record(FRONT), FootageStage.RECORDING)
        flow.recording_changed(FRONT, porch.finish(porch.names[0], video()))
        row = await site.reaches(row, FootageStage.READY)

    assert row.path
    assert "agent_unreachable" in {news.error for news in site.news}


async def test_a_transfer_that_arrives_wrong_is_made_again(site: Site, porch: Pi) -> None:
    async with site.running() as flow:
        row = await site.reaches(await site.record(FRONT), FootageStage.RECORDING)
        flow.recording_changed(FRONT, porch.finish(porch.names[0], video(), sha256="0" * 64))
        await site.until(row, lambda found: found.error == "agent_garbled")
        await eventually(lambda: site.files() == set())
        porch.finish(porch.names[0], video())
        await site.reaches(row, FootageStage.READY)


@pytest.mark.parametrize(("code", "tries"), [("not_found", 1), ("bad_request", 5)])
async def test_a_wish_that_will_never_come_true_is_given_up(
    site: Site, porch: Pi, code: str, tries: int
) -> None:
    porch.refusals["POST"] = (400, code)
    async with site.running():
        row = await site.reaches(await site.record(FRONT), FootageStage.FAILED)

    assert row.error == code
    assert porch.requests == ["GET", "POST"] * tries


@pytest.mark.parametrize("hours", [1, -1])
async def test_what_was_asked_for_by_a_clock_that_was_set_since_is_asked_for_by_the_new_time(
    site: Site, porch: Pi, hours: int
) -> None:
    clock = porch.client._clock
    clock.hear(datetime.now(UTC), anew=True)
    porch.refusals["POST"] = (400, "bad_request")
    pause = timedelta(milliseconds=200)
    site.options = replace(OPTIONS, retry_first=pause, retry_longest=pause)
    site.restarted()
    async with site.running() as flow:
        asked = await site.record(FRONT)
        await site.until(asked, lambda found: found.error == "bad_request")
        await flow.extend(asked.id, asked.until + timedelta(seconds=5))
        clock.hear(datetime.now(UTC) + timedelta(hours=hours))
        await site.until(asked, lambda found: found.since != asked.since)
        porch.refusals.clear()
        row = await site.reaches(asked, FootageStage.RECORDING)
        flow.recording_changed(FRONT, porch.finish(porch.names[0], video()))
        await site.reaches(row, FootageStage.READY)

    second = timedelta(seconds=1)
    assert abs(row.since - asked.since - timedelta(hours=hours)) < second
    assert abs(row.until - asked.until - timedelta(hours=hours, seconds=5)) < second


async def test_who_knows_an_agents_clock_better_than_it_was_told_is_taken_at_his_word(
    site: Site, porch: Pi
) -> None:
    hour = timedelta(hours=1)
    clock = porch.client._clock
    clock.hear(datetime.now(UTC), anew=True)
    porch.is_off = True
    async with site.running() as flow:
        since = datetime.now(UTC) + hour
        asked = await flow.record(FRONT, since, since + timedelta(seconds=20))
        await site.until(asked, lambda found: found.error is not None)
        clock.hear(datetime.now(UTC) + hour)
        porch.is_off = False
        row = await site.reaches(asked, FootageStage.RECORDING)

    assert (row.since, row.until) == (asked.since, asked.until)


async def test_a_recording_that_the_agent_no_longer_has_is_lost(site: Site, porch: Pi) -> None:
    async with site.running() as flow:
        row = await site.reaches(await site.record(FRONT), FootageStage.RECORDING)
        news = porch.finish(porch.names[0], video())
        porch.recordings.clear()
        flow.recording_changed(FRONT, news)
        row = await site.reaches(row, FootageStage.FAILED)

    assert row.error == "recording_lost"


async def test_a_recording_without_a_picture_is_told_as_failed(site: Site, porch: Pi) -> None:
    async with site.running() as flow:
        row = await site.reaches(await site.record(FRONT), FootageStage.RECORDING)
        porch.fail(porch.names[0])
        await flow.extend(row.id, row.until)
        row = await site.reaches(row, FootageStage.FAILED)

    assert row.error == "recording_failed"


async def test_a_file_that_nobody_could_play_is_not_kept(site: Site, porch: Pi) -> None:
    async with site.running() as flow:
        row = await site.reaches(await site.record(FRONT), FootageStage.RECORDING)
        flow.recording_changed(FRONT, porch.finish(porch.names[0], b"not a video" * 1000))
        row = await site.reaches(row, FootageStage.FAILED)

    assert (row.error, row.path) == ("not_playable", None)
    assert site.files() == set()


async def test_nothing_is_fetched_onto_a_disk_that_is_full(site: Site, porch: Pi) -> None:
    site.floor_bytes = 10**18
    site.restarted()
    async with site.running() as flow:
        row = await site.reaches(await site.record(FRONT), FootageStage.RECORDING)
        flow.recording_changed(FRONT, porch.finish(porch.names[0], video()))
        await site.until(row, lambda found: found.error == "disk_full")
        assert porch.most_sending == 0

    site.floor_bytes = 0
    site.restarted()
    async with site.running():
        await site.reaches(row, FootageStage.READY)


async def test_a_media_folder_that_comes_late_is_waited_for(site: Site, porch: Pi) -> None:
    site.media.write_text("not mounted yet")
    async with site.running() as flow:
        row = await site.reaches(await site.record(FRONT), FootageStage.RECORDING)
        flow.recording_changed(FRONT, porch.finish(porch.names[0], video()))
        await site.until(row, lambda found: found.error == "disk_refused")
        site.media.unlink()
        await site.reaches(row, FootageStage.READY)


async def test_a_month_of_failures_is_enough(
    site: Site, porch: Pi, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(rules, "MOST_ATTEMPTS", 3)
    porch.cut_after = 100
    async with site.running() as flow:
        row = await site.reaches(await site.record(FRONT), FootageStage.RECORDING)
        flow.recording_changed(FRONT, porch.finish(porch.names[0], video()))
        row = await site.reaches(row, FootageStage.FAILED)

    assert (row.attempts, row.error) == (3, "agent_unreachable")
    assert site.files() == set()
    assert f"Footage of {FRONT}" in caplog.text


async def test_leftovers_that_cannot_be_removed_do_not_stop_the_others(
    site: Site, porch: Pi, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("read-only")

    porch.refusals["POST"] = (400, "bad_request")
    monkeypatch.setattr(Path, "unlink", refuse)
    async with site.running():
        await site.reaches(await site.record(FRONT), FootageStage.FAILED)

    assert "cannot be removed" in caplog.text


async def test_an_agent_that_keeps_its_copy_takes_nothing_from_us(site: Site, porch: Pi) -> None:
    porch.refusals["DELETE"] = (500, "internal")
    async with site.running() as flow:
        row = await site.reaches(await site.record(FRONT), FootageStage.RECORDING)
        flow.recording_changed(FRONT, porch.finish(porch.names[0], video()))
        await site.reaches(row, FootageStage.READY)

    assert porch.names == [row.recording]


async def test_pictures_lie_beside_the_clips(site: Site) -> None:
    at = datetime(2026, 11, 18, 23, 30, 5, tzinfo=UTC)

    place = await site.flow.keep_picture(FRONT, at, "0123456789abcdef", b"jpeg")
    again = await site.flow.keep_picture(FRONT, at, "0123456789abcdef", b"better")

    assert place == again == site.media / "porch-front/2026-11-19/003005-89abcdef.jpg"
    assert place.read_bytes() == b"better"


async def test_many_rows_come_home_two_at_a_time(site: Site, porch: Pi, garage: Pi) -> None:
    async with site.running() as flow:
        rows = [
            await site.record(agent.key, ago=ago)
            for agent in (porch, garage)
            for ago in range(1, 6)
        ]
        for row in rows:
            await site.reaches(row, FootageStage.RECORDING)
        for agent in (porch, garage):
            for name in agent.names:
                flow.recording_changed(agent.key, agent.finish(name, video()))
        ready = [await site.reaches(row, FootageStage.READY) for row in rows]

    assert site.files() == site.kept(*ready)
    assert len({row.path for row in ready}) == 10
    assert porch.recordings == garage.recordings == {}
    assert porch.most_sending <= FootageOptions().transfers


async def test_a_flow_with_nothing_to_do_sleeps(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []
    unfinished = FootageStore.unfinished

    async def counted(store: FootageStore) -> list[Footage]:
        looks.append(store)
        return await unfinished(store)

    monkeypatch.setattr(FootageStore, "unfinished", counted)
    async with site.running():
        await eventually(lambda: bool(looks))
        await asyncio.sleep(0.1)

    assert len(looks) == 1
