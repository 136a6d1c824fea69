"""Several detectors in an order: who is asked, who rests, and what people are told of them."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import aiohttp
from aiohttp import web
from hypothesis import given, strategies as st
import pytest

from custom_components.gatehouse.models import Picture
from custom_components.gatehouse.vision import (
    BadPicture,
    CodeProjectDetector,
    DetectorFailed,
    DetectorHealth,
    DetectorOptions,
    DetectorState,
    DetectorUnavailable,
    Lineup,
    NoDetector,
    RemoteDetector,
    Sight,
)
from custom_components.gatehouse.vision.lineup import LONGEST_ALONE, LONGEST_REST, Form
from tests.rooms.vision.conftest import Serve
from tests.rooms.vision.servers import PERSON, says, shot
from tests.waiting import eventually

OPTIONS = DetectorOptions()
UNUSED, WELL, FAILING = DetectorState.UNUSED, DetectorState.WELL, DetectorState.FAILING


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Scripted:
    """A detector that does as it is told, and counts how often it is asked."""

    def __init__(self, error: Exception | None = None, clock: Clock | None = None) -> None:
        self.error = error
        self.asked = 0
        self.closed = False
        self.takes = 0.0
        self.go_on = asyncio.Event()
        self.go_on.set()
        self._clock = clock or Clock()
        self._turn = asyncio.Lock()

    async def detect(self, newest: Callable[[], Picture]) -> Sight:
        async with self._turn:
            picture = newest()
            self.asked += 1
            await self.go_on.wait()
            self._clock.now += self.takes
            if self.error is not None:
                raise self.error
            return Sight(picture=picture)

    async def close(self) -> None:
        async with self._turn:
            self.closed = True


def states(lineup: Lineup) -> list[DetectorState]:
    return [health.state for health in lineup.health()]


@pytest.mark.parametrize(
    ("form", "now", "takes"),
    [
        (Form(), 0.0, True),
        (Form(tried=True), 0.0, True),
        (Form(failures=1, failed=9.0), 10.9, False),
        (Form(failures=1, failed=9.0), 11.0, True),
        (Form(failures=1, failed=9.0, tried=True), 11.0, False),
        (Form(failures=9, failed=9.0), 68.9, False),
        (Form(failures=9, failed=9.0), 69.0, True),
    ],
)
def test_a_detector_takes_pictures_unless_it_rests_or_is_on_trial(
    form: Form, now: float, takes: bool
) -> None:
    assert form.takes(now, LONGEST_REST) is takes


@pytest.mark.parametrize(
    ("longest", "rests"),
    [
        (LONGEST_REST, [2, 4, 8, 16, 32, 60, 60, 60]),
        (LONGEST_ALONE, [2, 4, 5, 5, 5, 5, 5, 5]),
    ],
)
def test_a_rest_doubles_from_two_seconds_to_the_longest(longest: float, rests: list[int]) -> None:
    for failures, rest in enumerate(rests, 1):
        form = Form(failures=failures, failed=100.0)
        assert not form.takes(99.9 + rest, longest)
        assert form.takes(100.0 + rest, longest)


@given(st.integers(1, 5000), st.floats(0, 1e9), st.floats(0, 1e4))
def test_whoever_has_failed_is_asked_again_within_a_minute(
    failures: int, now: float, later: float
) -> None:
    form = Form(failures=failures, failed=now)
    assert not form.takes(now, LONGEST_REST)
    assert form.takes(now + LONGEST_REST + later, LONGEST_REST)


async def test_one_without_a_stand_in_is_soon_asked_again_after_a_long_failure() -> None:
    clock, alone = Clock(), Scripted(DetectorFailed("restarting"))
    lineup = Lineup([("alone", alone)], clock=clock)
    for _ in range(60):
        with pytest.raises(DetectorFailed):
            await lineup.detect(shot)
        clock.now += 1
    clock.now += LONGEST_ALONE
    alone.error = None
    assert await lineup.detect(shot)


async def test_one_that_rests_for_long_is_asked_when_its_stand_in_fails_too() -> None:
    clock = Clock()
    first, second = Scripted(DetectorFailed("first")), Scripted()
    lineup = Lineup([("first", first), ("second", second)], clock=clock)
    for _ in range(200):
        await lineup.detect(shot)
        clock.now += 1
    asked = first.asked
    clock.now += LONGEST_ALONE
    await lineup.detect(shot)
    assert first.asked == asked
    first.error, second.error = None, DetectorFailed("second")
    with pytest.raises(DetectorFailed):
        await lineup.detect(shot)
    assert await lineup.detect(shot)
    assert (first.asked, states(lineup)) == (asked + 1, [WELL, FAILING])


@given(st.lists(st.booleans(), min_size=1, max_size=5))
async def test_the_first_that_works_sees_and_nobody_behind_it_is_asked(works: list[bool]) -> None:
    scripted = [Scripted(None if well else DetectorFailed("no")) for well in works]
    lineup = Lineup([(str(i), each) for i, each in enumerate(scripted)], clock=Clock())
    await asyncio.gather(lineup.detect(shot), return_exceptions=True)
    first = (*works, True).index(True)
    assert [each.asked for each in scripted] == [int(i <= first) for i in range(len(works))]


def test_a_lineup_of_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a detector"):
        Lineup([])


async def test_where_all_are_well_the_first_looks() -> None:
    lineup = Lineup([("here", NoDetector()), ("there", NoDetector())])
    picture = shot()
    assert (await lineup.detect(lambda: picture)).picture is picture
    assert states(lineup) == [WELL, UNUSED]


@pytest.mark.parametrize("error", [DetectorFailed("no"), DetectorUnavailable("no")])
async def test_a_picture_goes_to_the_next_at_once_and_the_failed_one_rests(
    error: Exception,
) -> None:
    clock, first, second = Clock(), Scripted(error), Scripted()
    lineup = Lineup([("first", first), ("second", second)], clock=clock)
    for _ in range(3):
        await lineup.detect(shot)
    assert (first.asked, second.asked) == (1, 3)
    clock.now += 2
    await lineup.detect(shot)
    assert (first.asked, second.asked) == (2, 4)
    first.error = None
    clock.now += 3.9
    await lineup.detect(shot)
    assert first.asked == 2
    clock.now += 0.1
    await lineup.detect(shot)
    await lineup.detect(shot)
    assert (first.asked, second.asked) == (4, 5)
    assert states(lineup) == [WELL, WELL]


async def test_where_all_fail_the_error_of_the_first_is_told_until_one_has_rested() -> None:
    clock = Clock()
    first, second = Scripted(DetectorUnavailable("first")), Scripted(DetectorFailed("second"))
    lineup = Lineup([("first", first), ("second", second)], clock=clock)
    for _ in range(3):
        with pytest.raises(DetectorUnavailable, match=r"^first$"):
            await lineup.detect(shot)
    assert (first.asked, second.asked) == (1, 1)
    clock.now += 2
    second.error = None
    await lineup.detect(shot)
    assert states(lineup) == [FAILING, WELL]


async def test_a_bad_picture_is_no_failure_of_the_detector() -> None:
    first, second = Scripted(BadPicture("torn")), Scripted()
    lineup = Lineup([("first", first), ("second", second)])
    with pytest.raises(BadPicture, match="torn"):
        await lineup.detect(shot)
    assert states(lineup) == [WELL, UNUSED]


async def test_what_nobody_foresaw_is_passed_on_and_the_detector_asked_again() -> None:
    first = Scripted(RuntimeError("a mistake"))
    lineup = Lineup([("first", first)])
    for _ in range(2):
        with pytest.raises(RuntimeError, match="a mistake"):
            await lineup.detect(shot)
    assert first.asked == 2


async def test_who_waits_for_a_detector_that_fails_goes_on_to_the_next() -> None:
    first, second = Scripted(DetectorFailed("slow, then gone")), Scripted()
    first.go_on.clear()
    lineup = Lineup([("first", first), ("second", second)], clock=Clock())
    looking = [asyncio.create_task(lineup.detect(shot)) for _ in range(4)]
    await eventually(lambda: lineup.health()[0].waiting == 3)
    first.go_on.set()
    await asyncio.gather(*looking)
    assert (first.asked, second.asked) == (1, 4)


class Together(Scripted):
    """A detector that looks at several pictures at once."""

    async def detect(self, newest: Callable[[], Picture]) -> Sight:
        self.asked += 1
        picture = newest()
        await self.go_on.wait()
        if self.error is not None:
            raise self.error
        return Sight(picture=picture)


async def test_one_that_takes_several_at_once_gets_them_and_fails_with_them_once() -> None:
    clock, first, second = Clock(), Together(DetectorFailed("no")), Scripted()
    first.go_on.clear()
    lineup = Lineup([("first", first), ("second", second)], clock=clock)
    looking = [asyncio.create_task(lineup.detect(shot)) for _ in range(5)]
    await eventually(lambda: first.asked == 5)
    assert lineup.health()[0].waiting == 0
    first.go_on.set()
    await asyncio.gather(*looking)
    assert (lineup.health()[0].failures, second.asked) == (5, 5)
    clock.now += 2
    first.error = None
    await lineup.detect(shot)
    assert first.asked == 6


async def test_one_on_trial_holds_up_one_picture_only() -> None:
    clock, first, second = Clock(), Scripted(DetectorFailed("no")), Scripted()
    lineup = Lineup([("first", first), ("second", second)], clock=clock)
    await lineup.detect(shot)
    clock.now += 2
    first.go_on.clear()
    trial = asyncio.create_task(lineup.detect(shot))
    await eventually(lambda: first.asked == 2)
    await lineup.detect(shot)
    assert (first.asked, second.asked) == (2, 2)
    first.go_on.set()
    await trial
    assert (first.asked, second.asked) == (2, 3)


async def test_a_trial_that_is_called_off_leaves_the_detector_to_the_next_picture() -> None:
    clock, first = Clock(), Scripted(DetectorFailed("no"))
    lineup = Lineup([("first", first), ("second", NoDetector())], clock=clock)
    await lineup.detect(shot)
    clock.now += 2
    first.go_on.clear()
    trial = asyncio.create_task(lineup.detect(shot))
    await eventually(lambda: first.asked == 2)
    trial.cancel()
    await asyncio.wait([trial])
    first.go_on.set()
    await lineup.detect(shot)
    assert first.asked == 3


async def test_cameras_take_turns_and_give_their_newest_picture() -> None:
    detector = Scripted()
    detector.go_on.clear()
    lineup = Lineup([("only", detector)])
    slot, order = [shot()], list[str]()

    async def watch(camera: str) -> Picture:
        seen = await lineup.detect(lambda: slot[-1])
        order.append(camera)
        return seen.picture

    watching = [asyncio.create_task(watch(camera)) for camera in ("porch", "drive", "yard")]
    await eventually(lambda: lineup.health()[0].waiting == 2)
    old = slot[0]
    slot.append(shot())
    detector.go_on.set()
    assert await asyncio.gather(*watching) == [old, slot[-1], slot[-1]]
    assert order == ["porch", "drive", "yard"]


async def test_who_stops_waiting_is_counted_no_longer() -> None:
    detector = Scripted()
    detector.go_on.clear()
    lineup = Lineup([("only", detector)])
    first, second = (asyncio.create_task(lineup.detect(shot)) for _ in "ab")
    await eventually(lambda: lineup.health()[0].waiting == 1)
    second.cancel()
    await asyncio.wait([second])
    assert lineup.health()[0].waiting == 0
    detector.go_on.set()
    await first


async def test_the_health_of_each_is_told() -> None:
    clock = Clock()
    first, second = Scripted(DetectorFailed("the cable is out")), Scripted(clock=clock)
    lineup = Lineup([("garage", first), ("cloud", second)], clock=clock)
    assert lineup.health()[0] == DetectorHealth(name="garage", state=UNUSED)
    for second.takes in (0.1, 9.0, 0.2):
        first.error = DetectorFailed("the cable is out")
        await lineup.detect(shot)
    garage, cloud = lineup.health()
    assert (garage.state, garage.answered, garage.error) == (FAILING, 0, "the cable is out")
    assert garage.failures == first.asked
    assert (cloud.state, cloud.answered, cloud.failures, cloud.error) == (WELL, 3, 0, None)
    assert cloud.latency == timedelta(seconds=0.2)


async def test_the_latency_is_that_of_the_last_twenty_answers() -> None:
    clock = Clock()
    detector = Scripted(clock=clock)
    lineup = Lineup([("only", detector)], clock=clock)
    for detector.takes in [9.0] * 30 + [0.5] * 20:
        await lineup.detect(shot)
    assert lineup.health()[0].latency == timedelta(seconds=0.5)


async def test_a_change_of_state_is_told_once_until_nobody_listens() -> None:
    clock, first = Clock(), Scripted()
    lineup = Lineup([("first", first), ("second", NoDetector())], clock=clock)
    told = list[list[DetectorState]]()
    unsubscribe = lineup.subscribe(lambda: told.append(states(lineup)))
    await lineup.detect(shot)
    await lineup.detect(shot)
    first.error = DetectorFailed("no")
    await lineup.detect(shot)
    await lineup.detect(shot)
    assert told == [[WELL, UNUSED], [FAILING, UNUSED], [FAILING, WELL]]
    unsubscribe()
    first.error, clock.now = None, clock.now + 2
    await lineup.detect(shot)
    assert len(told) == 3
    assert states(lineup) == [WELL, WELL]


async def test_closing_waits_for_those_in_the_queue_and_closes_all() -> None:
    first, second = Scripted(), Scripted()
    first.go_on.clear()
    lineup = Lineup([("first", first), ("second", second)])
    looking = [asyncio.create_task(lineup.detect(shot)) for _ in range(2)]
    await eventually(lambda: lineup.health()[0].waiting == 1)
    closing = asyncio.create_task(lineup.close())
    await eventually(lambda: second.closed)
    assert not first.closed
    first.go_on.set()
    await asyncio.gather(closing, *looking)
    assert first.closed


async def test_a_service_that_breaks_down_is_stood_in_for_until_it_is_back(
    serve: Serve, session: aiohttp.ClientSession
) -> None:
    now = says([PERSON])

    async def detect(request: web.Request) -> web.Response:
        return await now(request)

    clock = Clock()
    spare = {"success": True, "predictions": []}
    first = RemoteDetector(session, await serve(detect), OPTIONS)
    second = CodeProjectDetector(session, await serve(says(spare)), OPTIONS)
    lineup = Lineup([("big", first), ("small", second)], clock=clock)
    assert (await lineup.detect(shot)).detections
    now = says("out of memory", 500)
    assert not (await lineup.detect(shot)).detections
    big, small = lineup.health()
    assert big.error is not None
    assert big.error.endswith("answered 500: out of memory; look into the log of the service")
    assert (big.state, small.state) == (FAILING, WELL)
    now = says([PERSON])
    clock.now += 2
    assert (await lineup.detect(shot)).detections
    assert lineup.health()[0].state is WELL
