"""What footage does next, by tables and by properties."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePath
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.gatehouse.agent import ErrorCode, Recording, RecordingOrigin, RecordingStatus
from custom_components.gatehouse.footage import FootageOptions, OffsiteOptions, is_wanted_offsite
from custom_components.gatehouse.footage.rules import (
    HOPELESS,
    MOST_ATTEMPTS,
    adopted,
    after_failure,
    bound,
    file_path,
    is_due,
    is_same_movie,
    is_short,
    needs_another_end,
    next_look,
    pause_after,
    slug,
    unasked,
)
from custom_components.gatehouse.models import Footage, FootageStage, Level, Replay

NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
OPTIONS = FootageOptions()


def seconds(number: float) -> timedelta:
    """Return a span."""
    return timedelta(seconds=number)


def row(
    stage: FootageStage = FootageStage.REQUESTED,
    attempts: int = 0,
    retry_in: float | None = None,
    ends_in: float = 20,
) -> Footage:
    """Return footage of the 20 seconds around its end."""
    return Footage(
        id="a",
        camera="pi/front",
        incident=None,
        stage=stage,
        since=NOW + seconds(ends_in - 20),
        until=NOW + seconds(ends_in),
        attempts=attempts,
        retry_at=None if retry_in is None else NOW + seconds(retry_in),
    )


def recording(
    name: str = "x",
    started: float | None = 0,
    until: float = 20,
    status: RecordingStatus = RecordingStatus.RECORDING,
    origin: RecordingOrigin = RecordingOrigin.ASKED,
) -> Recording:
    """Return a recording; times are seconds from NOW."""
    return Recording(
        id=name,
        camera="front",
        status=status,
        started=None if started is None else NOW + seconds(started),
        until=NOW + seconds(until),
        duration=None,
        size=None,
        sha256=None,
        error=None,
        origin=origin,
    )


@pytest.mark.parametrize(
    ("retry_in", "due"),
    [
        (None, True),
        (-1, True),
        (0, True),
        (1, False),
        (600, False),
        pytest.param(601, True, id="a clock that was set back"),
    ],
)
def test_a_row_is_due_when_its_time_has_come(retry_in: float | None, due: bool) -> None:
    assert is_due(row(retry_in=retry_in), NOW, OPTIONS) is due


@pytest.mark.parametrize(
    ("attempts", "pause"), [(1, 2), (2, 4), (3, 8), (9, 512), (10, 600), (149, 600), (10**6, 600)]
)
def test_each_failure_doubles_the_pause_up_to_ten_minutes(attempts: int, pause: int) -> None:
    assert pause_after(attempts, OPTIONS) == seconds(pause)


def test_a_row_is_given_up_after_a_month() -> None:
    pauses = (pause_after(number, OPTIONS) for number in range(1, MOST_ATTEMPTS))

    assert timedelta(days=29) < sum(pauses, timedelta()) < timedelta(days=31)


@given(st.integers(0, MOST_ATTEMPTS - 2), st.text())
def test_a_failure_keeps_the_stage_and_waits(attempts: int, code: str) -> None:
    failed = after_failure(row(attempts=attempts), f"-{code}", NOW, OPTIONS)

    assert failed.stage is FootageStage.REQUESTED
    assert failed.attempts == attempts + 1
    assert failed.error == f"-{code}"
    assert failed.retry_at is not None
    assert NOW < failed.retry_at <= NOW + OPTIONS.retry_longest


@pytest.mark.parametrize("code", sorted(HOPELESS))
@pytest.mark.parametrize("stage", [FootageStage.REQUESTED, FootageStage.FETCHED])
def test_what_will_never_work_is_not_tried_again(code: str, stage: FootageStage) -> None:
    failed = after_failure(row(stage), code, NOW, OPTIONS)

    assert (failed.stage, failed.error, failed.retry_at) == (FootageStage.FAILED, code, None)


def test_a_moment_that_is_refused_is_asked_for_until_the_agents_clock_was_heard() -> None:
    refused, waited = row(), timedelta()
    while refused.stage is FootageStage.REQUESTED:
        refused = after_failure(refused, ErrorCode.BAD_REQUEST, NOW, OPTIONS)
        waited += refused.retry_at - NOW if refused.retry_at else timedelta()

    assert seconds(20) < waited <= seconds(40)


def test_the_last_attempt_is_the_last() -> None:
    failed = after_failure(row(attempts=MOST_ATTEMPTS - 1), "agent_unreachable", NOW, OPTIONS)

    assert failed.stage is FootageStage.FAILED


def test_a_clip_that_is_at_its_place_is_never_given_up() -> None:
    checked = replace(
        row(FootageStage.CHECKED, attempts=MOST_ATTEMPTS), path=Path("/media/clip.mp4")
    )

    assert after_failure(checked, "disk_refused", NOW, OPTIONS).stage is FootageStage.CHECKED


@pytest.mark.parametrize(
    ("ends_in", "look_in"), [(2, 5), (7, 10), (20, 10), (0, 3), (-3600, 3), (3600, 10)]
)
def test_a_running_recording_is_looked_at_soon_after_its_end(
    ends_in: float, look_in: float
) -> None:
    assert next_look(row(ends_in=ends_in), NOW) == NOW + seconds(look_in)


@pytest.mark.parametrize(
    ("until", "needed"), [(20, False), (19.999, False), (20.001, False), (19, True), (25, True)]
)
def test_a_recording_is_told_when_it_is_to_end_otherwise(until: float, needed: bool) -> None:
    assert needs_another_end(row(), recording(until=until)) is needed


@pytest.mark.parametrize(
    ("plays", "promised", "short"),
    [
        (20, None, False),
        (20, 20, False),
        (20, 20.9, False),
        (100, 104, False),
        (100, 106, True),
        (2, 2.9, False),
        (2, 3.5, True),
        (25, 20, False),
    ],
)
def test_a_clip_is_short_by_more_than_a_second_and_a_twentieth(
    plays: float, promised: float | None, short: bool
) -> None:
    assert is_short(seconds(plays), promised and seconds(promised)) is short  # type: ignore[arg-type]


SPOOL, BOOKED = RecordingOrigin.SPOOL, RecordingOrigin.BOOKED
COMPLETE = RecordingStatus.COMPLETE


@pytest.mark.parametrize(
    ("candidate", "own"),
    [
        (recording(origin=SPOOL, status=COMPLETE), True),
        (recording(origin=BOOKED, status=COMPLETE), True),
        (recording(origin=SPOOL), False),
        (recording(origin=BOOKED), False),
        (recording(origin=SPOOL, status=RecordingStatus.FAILED), False),
        (recording(origin=BOOKED, status=RecordingStatus.FAILED), False),
        (recording(status=COMPLETE), False),
    ],
)
def test_only_what_an_agent_recorded_by_itself_and_to_its_end_is_taken_up(
    candidate: Recording, own: bool
) -> None:
    assert (unasked("pi/front", candidate, "a") is not None) is own


@pytest.mark.parametrize(("started", "since"), [(3, 3), (None, 12)])
def test_what_an_agent_recorded_by_itself_is_to_be_replayed(
    started: float | None, since: float
) -> None:
    found = replace(recording(started=started, origin=SPOOL, status=COMPLETE), duration=seconds(8))

    assert unasked("pi/front", found, "a") == Footage(
        id="a",
        camera="pi/front",
        incident=None,
        stage=FootageStage.RECORDING,
        since=NOW + seconds(since),
        until=NOW + seconds(20),
        recording="x",
        replay=Replay.PENDING,
    )


def test_what_an_agent_recorded_for_an_appointment_is_a_part_that_only_its_movie_ends() -> None:
    found = replace(
        recording(started=0.25, origin=BOOKED, status=COMPLETE), booking="tennis@20261118T120000"
    )

    assert unasked("pi/front", found, "a") == Footage(
        id="a",
        camera="pi/front",
        incident=None,
        stage=FootageStage.RECORDING,
        since=NOW + seconds(0.25),
        until=NOW + seconds(20),
        recording="x",
        booking="tennis@20261118T120000",
        part=True,
        kept=True,
        wanted=False,
        optimised=True,
    )


@pytest.mark.parametrize(
    ("options", "clip", "part"),
    [
        (FootageOptions(), 120, 300),
        (FootageOptions(longest=seconds(600)), 600, 600),
        (FootageOptions(segment=seconds(60)), 120, 120),
    ],
)
def test_a_part_may_be_longer_than_a_clip(options: FootageOptions, clip: int, part: int) -> None:
    assert bound(part=False, options=options) == seconds(clip)
    assert bound(part=True, options=options) == seconds(part)


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({}, True),
        ({"since": NOW - seconds(5), "until": NOW + seconds(15)}, True),
        ({"part": True}, False),
        ({"camera": "pi/garden"}, False),
        ({"since": NOW + seconds(20), "until": NOW + seconds(40)}, False),
    ],
)
def test_a_movie_is_known_by_its_camera_and_time(changes: dict[str, Any], same: bool) -> None:
    movie = replace(row(), **changes)

    assert is_same_movie(movie, "pi/front", NOW, NOW + seconds(20)) is same


HIGH = frozenset({Level.HIGH, Level.CRITICAL})


@pytest.mark.parametrize(
    ("level", "options", "wanted"),
    [
        (Level.HIGH, OffsiteOptions(), False),
        (None, OffsiteOptions(), False),
        (Level.HIGH, OffsiteOptions(levels=HIGH), True),
        (Level.LOW, OffsiteOptions(levels=HIGH), False),
        (None, OffsiteOptions(levels=HIGH), False),
        (None, OffsiteOptions(by_hand=True), True),
        (Level.HIGH, OffsiteOptions(levels=HIGH, by_camera={"pi/front": frozenset()}), False),
        (Level.LOW, OffsiteOptions(by_camera={"pi/front": frozenset(Level)}), True),
        (Level.LOW, OffsiteOptions(by_camera={"pi/garden": frozenset(Level)}), False),
    ],
)
def test_a_camera_may_have_a_rule_of_its_own_for_what_is_uploaded(
    level: Level | None, options: OffsiteOptions, wanted: bool
) -> None:
    assert is_wanted_offsite(replace(row(), level=level), options) is wanted


@pytest.mark.parametrize(
    ("said", "place", "wanted"),
    [(True, True, True), (True, False, False), (False, True, False), (None, True, False)],
)
def test_a_movie_is_uploaded_if_its_booking_wants_it_and_there_is_a_place(
    said: bool | None, place: bool, wanted: bool
) -> None:
    assert is_wanted_offsite(replace(row(), wanted=said), OffsiteOptions(booked=place)) is wanted


ADOPTIONS = {
    "as asked": (recording(), True),
    "from the key frame before": (recording(started=-0.9), True),
    "from where the ring begins": (recording(started=7), True),
    "without a frame yet": (recording(started=None), True),
    "before the row was extended": (recording(until=10), True),
    "over meanwhile": (recording(status=RecordingStatus.COMPLETE), True),
    "rounded": (recording(until=20.000001), True),
    "failed": (recording(status=RecordingStatus.FAILED), False),
    "of another row": (recording(name="known"), False),
    "from long before": (recording(started=-30), False),
    "until long after": (recording(until=60), False),
    "that nobody asked for": (recording(origin=RecordingOrigin.SPOOL), False),
    "of another time": (recording(started=-2, until=-1), False),
}


@pytest.mark.parametrize("case", ADOPTIONS)
def test_a_recording_that_lies_within_what_was_asked_for_is_ours(case: str) -> None:
    candidate, ours = ADOPTIONS[case]

    assert (adopted(row(), [candidate], frozenset({"known"})) is candidate) is ours


@pytest.mark.parametrize(("until", "ours"), [(20, True), (20.000001, True), (10, False)])
def test_a_part_does_not_take_the_recording_of_an_incident_within_it(
    until: float, ours: bool
) -> None:
    candidate = recording(until=until)

    assert (adopted(replace(row(), part=True), [candidate], frozenset()) is candidate) is ours


def test_nothing_is_adopted_from_nothing() -> None:
    assert adopted(row(), [], frozenset()) is None


@given(st.text(), st.text(), st.datetimes(timezones=st.just(UTC), min_value=datetime(1971, 1, 1)))  # noqa: DTZ001
def test_no_name_leads_out_of_the_folder(camera: str, name: str, at: datetime) -> None:
    path = file_path(camera, at, name, ".mp4", ZoneInfo("Europe/Berlin"))

    assert len(path.parts) == 3
    assert not path.is_absolute()
    assert not any(part.startswith(".") for part in path.parts)
    assert all(part.isascii() and len(part) < 100 for part in path.parts)


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("9f2c41d07ab3/front", "9f2c41d07ab3-front"),
        ("../../etc/passwd", "etc-passwd"),
        ("Haustür", "haust-r"),
        ("", "unnamed"),
        ("...", "unnamed"),
        ("x" * 300, "x" * 64),
        ("NUL\0", "nul"),
    ],
)
def test_a_name_is_safe_everywhere(text: str, safe: str) -> None:
    assert slug(text) == safe


def test_the_local_hour_that_comes_twice_still_gives_two_names() -> None:
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    paths = {
        file_path("pi/front", at, name, ".mp4", ZoneInfo("Europe/Berlin"))
        for at, name in ((first, "aaaaaaaa"), (first + timedelta(hours=1), "bbbbbbbb"))
    }

    assert paths == {
        PurePath("pi-front/2026-10-25/023000-aaaaaaaa.mp4"),
        PurePath("pi-front/2026-10-25/023000-bbbbbbbb.mp4"),
    }
