"""What is to be deleted: by age, by size, by room on the disk, and never what must stay."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.gatehouse.footage import OffsiteOptions, RetentionOptions
from custom_components.gatehouse.footage.expiry import (
    HEADROOM_BYTES,
    is_plausible,
    lifetime,
    shortest_lifetime,
    to_expire,
    to_forget,
)
from custom_components.gatehouse.models import Footage, FootageStage, Level, Replay
from tests.rooms.footage.finished import BACK, FRONT, NOW

DAY = timedelta(days=1)
MB = 1_000_000
NOTHING_AWAY = OffsiteOptions()
ALL_AWAY = OffsiteOptions(levels=frozenset(Level), by_hand=True)
ROOMY = 10**15
MONTH = RetentionOptions()


def clip(days: float, name: str = "", **changes: Any) -> Footage:
    """Return a clip of 10 MB that began so many days ago."""
    since = NOW - days * DAY
    plain = Footage(
        id=name or f"{days} days",
        camera=FRONT,
        incident=None,
        stage=FootageStage.READY,
        since=since,
        until=since + timedelta(seconds=20),
        path=NotImplemented,
        size=10 * MB,
    )
    return replace(plain, **changes)


def expired(
    *rows: Footage,
    options: RetentionOptions = MONTH,
    offsite: OffsiteOptions = NOTHING_AWAY,
    free: int = ROOMY,
    now: datetime = NOW,
) -> list[str]:
    return [row.id for row in to_expire(rows, options, offsite, now=now, free=free)]


def test_what_is_older_than_its_age_goes_and_the_rest_stays() -> None:
    assert expired(clip(31), clip(29.9), clip(30.1)) == ["31 days", "30.1 days"]


def test_parts_of_appointments_stay_and_their_movies_go_like_clips() -> None:
    booked: dict[str, Any] = {"booking": "tennis", "wanted": False}
    part = clip(31, "part", part=True, kept=True, **booked)
    movie, kept = clip(31, "movie", **booked), clip(31, "kept", kept=True, **booked)
    waits = clip(31, "waits", **booked | {"wanted": True})
    place = OffsiteOptions(booked=True)

    assert expired(part, movie, kept, waits, offsite=place, free=0) == ["movie"]
    assert expired(waits) == ["waits"]


@pytest.mark.parametrize(
    ("level", "camera", "age"),
    [
        (None, FRONT, 30 * DAY),
        (None, BACK, 7 * DAY),
        (Level.HIGH, FRONT, 90 * DAY),
        (Level.HIGH, BACK, 90 * DAY),
        (Level.LOW, BACK, 7 * DAY),
        (Level.LOW, FRONT, 30 * DAY),
    ],
)
def test_a_levels_own_age_goes_before_the_cameras_and_that_before_the_sites(
    level: Level | None, camera: str, age: timedelta
) -> None:
    options = RetentionOptions(by_level={Level.HIGH: 90 * DAY}, by_camera={BACK: 7 * DAY})
    days = age / DAY

    assert lifetime(level, (camera,), options) == age
    made = (clip(days - 0.1, level=level, camera=camera), clip(days + 0.1, "old", level=level))
    assert expired(*made[:1], options=options) == []
    assert expired(replace(made[1], camera=camera), options=options) == ["old"]


def test_what_several_cameras_saw_stays_as_long_as_any_of_them_wants() -> None:
    options = RetentionOptions(by_camera={FRONT: 60 * DAY, BACK: 7 * DAY})

    assert lifetime(None, (BACK, FRONT), options) == 60 * DAY
    assert lifetime(None, (BACK,), options) == 7 * DAY
    assert lifetime(None, (), options) == 30 * DAY


def test_the_shortest_age_is_that_of_whoever_wants_the_least() -> None:
    options = RetentionOptions(by_level={Level.HIGH: 90 * DAY}, by_camera={BACK: 7 * DAY})

    assert shortest_lifetime(MONTH) == 30 * DAY
    assert shortest_lifetime(options) == 7 * DAY


STAYS = {
    "kept": clip(99, kept=True),
    "not looked at yet": clip(99, replay=Replay.PENDING),
    "still to be uploaded": clip(99, level=Level.HIGH),
    "still to be uploaded, by hand": clip(99),
    "being recorded": clip(99, stage=FootageStage.RECORDING, path=None),
    "being checked": clip(99, stage=FootageStage.CHECKED, level=Level.LOW),
    "not here": clip(99, stage=FootageStage.UPLOADED, path=None),
}


@pytest.mark.parametrize("row", STAYS.values(), ids=STAYS)
def test_however_old_and_however_full_the_disk_some_footage_stays(row: Footage) -> None:
    options = RetentionOptions(most_bytes=1)

    assert expired(row, options=options, offsite=ALL_AWAY, free=0) == []


def test_what_was_uploaded_or_is_not_wanted_off_site_may_go() -> None:
    only_high = OffsiteOptions(levels=frozenset({Level.HIGH}))
    uploaded = clip(99, "uploaded", stage=FootageStage.UPLOADED, level=Level.HIGH)
    looked_at = clip(98, "looked at", replay=Replay.DONE, level=Level.LOW)

    assert expired(uploaded, looked_at, offsite=only_high) == ["uploaded", "looked at"]


def test_the_oldest_go_until_the_files_are_small_enough_together() -> None:
    options = RetentionOptions(most_bytes=25 * MB)

    assert expired(clip(1), clip(3), clip(2), clip(4), options=options) == ["4 days", "3 days"]


def test_what_must_stay_counts_as_well_and_others_go_for_it() -> None:
    options = RetentionOptions(most_bytes=20 * MB)

    assert expired(clip(9, kept=True), clip(2), clip(1), options=options) == ["2 days"]


def test_what_goes_for_its_age_makes_room_for_the_rest() -> None:
    options = RetentionOptions(by_level={Level.CRITICAL: 365 * DAY}, most_bytes=20 * MB)
    critical = clip(99, "critical", level=Level.CRITICAL)

    assert expired(critical, clip(31), clip(1), options=options) == ["31 days"]


@pytest.mark.parametrize(("lacking", "going"), [(0, 0), (1, 1), (10, 1), (11, 2), (999, 3)])
def test_the_oldest_go_until_the_disk_has_room_for_the_next_hour(lacking: int, going: int) -> None:
    options = RetentionOptions(floor_bytes=2000 * MB)
    free = 2000 * MB + HEADROOM_BYTES - lacking * MB

    gone = expired(clip(3), clip(2), clip(1), options=options, free=free)

    assert gone == ["3 days", "2 days", "1 days"][:going]


def test_what_is_from_the_future_is_not_too_old_and_goes_last() -> None:
    options = RetentionOptions(most_bytes=10 * MB)

    assert expired(clip(-400), clip(-9)) == []
    assert expired(clip(-400), clip(1), options=options) == ["1 days"]


def test_a_clock_that_was_set_back_deletes_nothing() -> None:
    assert expired(clip(31), clip(99), now=datetime(1970, 1, 1, tzinfo=UTC)) == []


@given(
    ages=st.lists(st.floats(-50, 200), max_size=30, unique=True),
    most=st.none() | st.integers(0, 300),
    lacking=st.integers(-300, 300),
)
def test_no_more_goes_than_must(ages: list[float], most: int | None, lacking: int) -> None:
    rows = [clip(days) for days in ages]
    options = RetentionOptions(most_bytes=None if most is None else most * MB)
    free = options.floor_bytes + HEADROOM_BYTES - lacking * MB

    gone = to_expire(rows, options, NOTHING_AWAY, now=NOW, free=free)

    too_old = [row for row in gone if row.since < NOW - options.age]
    others = [row for row in gone if row not in too_old]
    surplus = max(lacking, 10 * len(rows) - (10**9 if most is None else most))
    still = surplus - 10 * len(too_old)
    assert len(too_old) == sum(days > 30 for days in ages)
    assert len(others) == min(max(0, -(-still // 10)), len(rows) - len(too_old))
    assert others == sorted(rows, key=lambda row: row.since)[len(too_old) :][: len(others)]


# Off-site


def test_objects_stay_for_ever_unless_somebody_wants_them_gone() -> None:
    rows = [clip(9999, key="a")]

    assert to_forget(rows, MONTH, NOW) == []
    assert to_forget(rows, RetentionOptions(offsite_age=365 * DAY), NOW) == rows


def test_objects_that_are_kept_or_young_or_not_there_are_not_deleted() -> None:
    rows = [clip(99, kept=True, key="a"), clip(9, key="b"), clip(99)]

    assert to_forget(rows, RetentionOptions(offsite_age=30 * DAY), NOW) == []


# The clock


@pytest.mark.parametrize(
    ("newest", "old", "of", "believed"),
    [
        (2, 10, 10, True),
        (3, 10, 10, True),
        (3.1, 10, 10, False),
        (60, 4, 9, False),
        (60, 3, 9, True),
        (None, 0, 0, True),
        (None, 1, 1, False),
    ],
)
def test_a_clock_is_believed_that_was_right_lately_or_costs_little(
    newest: float | None, old: int, of: int, believed: bool
) -> None:
    at = None if newest is None else NOW - newest * DAY

    assert is_plausible(NOW, at, old, of) is believed
