"""A door: what it is allowed from one moment to the next, and what its lines are told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from camera_agent import door as module
from camera_agent.door import Door, DoorListener, DoorState
from camera_agent.door_config import DoorConfig, Fail
from camera_agent.doorway import GRACE, Doorway
from camera_agent.hardware import Feedback, LineError
from camera_agent.hardware.deadman import Allowed
from camera_agent.hardware.wiring import Wiring
from camera_agent.keeper import Keeper
from camera_agent.lamp import Beat, Lamp
from camera_agent.wire import DoorMode
from tests.waiting import eventually

HELD_OPEN = 30.0
NOON = 1_795_000_000.0
LOCKED, RELEASED, HELD = Allowed
NORMAL, KEEP_LOCKED, KEEP_UNLOCKED = DoorMode

# What happens, second by second, and what it comes to: (when, what); a number is a release.
Step = tuple[float, Any]


def told(steps: list[Step], until: float) -> tuple[Doorway, list[tuple[float, str]]]:
    """Return a doorway to which all this happened, and what it said, and when."""
    way = Doorway(HELD_OPEN)
    said = []
    script = {float(when): what for when, what in steps}
    for now in sorted({*script, *(tenth / 10 for tenth in range(int(until * 10) + 1))}):
        if way.tick(now, NOON + now):
            said.append((now, "held open"))
        match script.get(now):
            case "open" | "close" | None as how if how:
                if way.contact(how == "open", now):
                    said.append((now, "forced"))
            case "blind":
                way.contact(None, now)
            case "lock":
                way.lock(now)
            case int(span):
                way.release(span, now)
            case (DoorMode() as mode, end):
                way.hold(mode, end and NOON + end, now)
    return way, said


@pytest.mark.parametrize(
    ("steps", "moments"),
    [
        ([], {0: LOCKED}),
        ([(1, 3)], {0.9: LOCKED, 1: RELEASED, 3.9: RELEASED, 4: LOCKED}),
        ([(1, 3), (2, 3)], {4.9: RELEASED, 5: LOCKED}),  # who comes second extends it
        ([(1, 9), (2, 1)], {9.9: RELEASED, 10: LOCKED}),  # and never shortens it
        ([(1, 9), (2, "lock")], {2: LOCKED}),
        ([(0, "close"), (1, 9), (2, "open")], {5: RELEASED}),
        ([(0, "close"), (1, 9), (2, "open"), (3, "close")], {2.9: RELEASED, 3: LOCKED}),
        # Who holds the door for somebody does not let it fall shut on who was let in after that.
        ([(0, "close"), (1, 9), (2, "open"), (3, 9), (4, "close")], {4: RELEASED, 12: LOCKED}),
        ([(1, (KEEP_UNLOCKED, None))], {0.9: LOCKED, 1: HELD, 99: HELD}),
        ([(1, (KEEP_UNLOCKED, 8))], {7.9: HELD, 8: LOCKED}),
        ([(1, (KEEP_UNLOCKED, None)), (2, (NORMAL, None))], {2: LOCKED}),
        ([(1, (KEEP_UNLOCKED, None)), (2, "lock")], {2: HELD}),
        ([(1, 5), (2, (KEEP_UNLOCKED, 4))], {3: HELD, 4: RELEASED, 6: LOCKED}),
        ([(1, 9), (2, (KEEP_LOCKED, None))], {2: LOCKED}),  # nobody slips in behind a lockdown
        ([(1, (KEEP_LOCKED, None)), (2, 3)], {2: RELEASED, 5: LOCKED}),
        ([(1, (KEEP_LOCKED, None)), (2, 3), (3, (KEEP_LOCKED, 9))], {4: RELEASED}),
    ],
)
def test_a_lock_does_what_it_may(steps: list[Step], moments: dict[float, Allowed]) -> None:
    seen = {}
    for when in moments:
        way, _ = told([step for step in steps if step[0] <= when], when)
        seen[when] = way.allowed(when)

    assert seen == moments


@pytest.mark.parametrize(
    ("steps", "until", "said"),
    [
        ([(0, "open")], 40, [(30, "held open")]),  # whoever opened it before we looked
        ([(0, "close"), (5, "open")], 60, [(5, "forced")]),  # and held open says nothing new
        ([(0, "close"), (5, "open"), (5.1, "open")], 9, [(5, "forced")]),
        ([(0, "close"), (5, "open"), (6, "close"), (7, "open")], 9, [(5, "forced"), (7, "forced")]),
        ([(0, "close"), (1, 3), (2, "open"), (3, "close")], 60, []),
        ([(0, "close"), (1, 3), (4 + GRACE - 0.1, "open"), (9, "close")], 60, []),
        ([(0, "close"), (1, 3), (4 + GRACE, "open")], 9, [(4 + GRACE, "forced")]),
        # A door that bounces when it falls shut was not forced.
        ([(0, "close"), (1, 9), (2, "open"), (3, "close"), (3.1, "open"), (3.2, "close")], 9, []),
        ([(0, "close"), (1, 9), (2, "lock"), (2 + GRACE, "open")], 5, [(2 + GRACE, "forced")]),
        ([(0, "close"), (1, 3), (2, "open")], 60, [(32, "held open")]),
        ([(0, "close"), (1, 3), (2, "open"), (31.9, "close")], 60, []),
        ([(0, "close"), (1, 3), (2, "open"), (20, 3)], 60, [(50, "held open")]),
        ([(0, "close"), (1, (KEEP_UNLOCKED, None)), (2, "open")], 99, []),
        ([(0, "close"), (1, (KEEP_UNLOCKED, 40)), (2, "open")], 99, [(70, "held open")]),
        ([(0, "close"), (1, (KEEP_UNLOCKED, 8)), (9, "open"), (10, "close")], 20, []),
        ([(0, "close"), (1, (KEEP_UNLOCKED, 8)), (11, "open")], 20, [(11, "forced")]),
        ([(0, "close"), (1, "blind"), (2, "open"), (3, "close")], 9, []),  # nobody saw it
    ],
)
def test_a_door_that_is_open_for_no_reason_is_told(
    steps: list[Step], until: float, said: list[tuple[float, str]]
) -> None:
    assert told(steps, until)[1] == said


@pytest.mark.parametrize(
    ("steps", "state"),
    [
        ([], (None, False, False)),
        ([(0, "close")], (False, False, False)),
        ([(0, "close"), (5, "open")], (True, True, False)),
        ([(0, "close"), (5, "open"), (6, "close")], (False, False, False)),
        ([(0, "open")], (True, False, True)),
        ([(0, "open"), (35, "close")], (False, False, False)),
        ([(0, "open"), (35, "blind")], (None, False, False)),
    ],
)
def test_a_door_stands_as_its_contact_says(
    steps: list[Step], state: tuple[bool | None, bool, bool]
) -> None:
    way, _ = told(steps, 40)
    assert (way.open, way.forced, way.held_open) == state


@pytest.mark.parametrize(
    ("steps", "now", "left"),
    [
        ([], 0, float("inf")),
        ([(1, 3)], 1, 3.0),
        ([(0, "open")], 1, 14.0),  # half-way somebody should hear of it
        ([(0, "open")], 16, 14.0),
        ([(0, "open")], 31, float("inf")),
        ([(0, (KEEP_UNLOCKED, 20))], 1, 19.0),
    ],
)
def test_time_is_looked_at_when_it_has_something_to_do(
    steps: list[Step], now: float, left: float
) -> None:
    way, _ = told(steps, now)
    assert way.left(now, NOON + now) == pytest.approx(left)


@pytest.mark.parametrize(
    ("elapsed", "shown"),
    [
        (0, (True, 0.2)),
        (0.1, (True, 0.1)),
        (0.2, (False, 0.3)),
        (0.6, (True, 0.1)),
        (1, (False, None)),
    ],
)
def test_a_beat_is_on_and_off_and_over(elapsed: float, shown: tuple[bool, float | None]) -> None:
    active, left = Beat(on=0.2, off=0.3, times=2).at(elapsed)
    assert (active, left and round(left, 6)) == shown


class ScriptedLine:
    """A wire that a test holds the other end of."""

    def __init__(self) -> None:
        self.written: list[bool] = []
        self.trouble: str | None = None
        self.closed = 0
        self.news: asyncio.Queue[bool | LineError] = asyncio.Queue()

    def set(self, active: bool) -> None:
        if self.trouble:
            raise LineError(self.trouble)
        self.written.append(active)

    def get(self) -> bool:
        return self.written[-1]

    async def changes(self) -> AsyncIterator[bool]:
        while True:
            heard = await self.news.get()
            if isinstance(heard, LineError):
                raise heard
            yield heard

    def close(self) -> None:
        self.closed += 1


class HeardKeeper(Keeper):
    """A keeper without a process, which writes down what it is told."""

    def __init__(self) -> None:
        super().__init__(())
        self.told: list[Allowed] = []

    def tell(self, door: str, allowed: Allowed) -> None:
        assert door == "front"
        self.told.append(allowed)


class Scene:
    """A door in a time of its own, and all that is heard of it."""

    def __init__(self, **settings: Any) -> None:
        self.now = 100.0
        self.heard: list[str] = []
        self.states: list[DoorState] = []
        self.keeper = HeardKeeper()
        names = ("relay", "contact", "exit_button", "doorbell", "buzzer", "led")
        self.lines = {name: ScriptedLine() for name in names}
        config = DoorConfig(id="front", name="Front door", **settings)
        wiring = Wiring(**self.lines)
        listener = DoorListener(
            changed=lambda: self.states.append(self.door.state),
            opened=lambda open_: self.heard.append("opened" if open_ else "closed"),
            forced=lambda: self.heard.append("forced"),
            held_open=lambda: self.heard.append("held open"),
            exit=self.exit,
            rang=lambda: self.heard.append("rang"),
        )
        self.door = Door(
            config, wiring, self.keeper, listener, lambda: self.now, lambda: NOON + self.now
        )

    def exit(self) -> None:
        self.heard.append("exit" if self.door.state.locked else "exit, too late")

    def after(self, seconds: float) -> "Scene":
        """Let time pass as the door itself would: from one tick that it asked for to the next."""
        end = self.now + seconds
        while (left := self.door.tick()) < end - self.now:
            self.now += left
        self.now = end
        self.door.tick()
        return self

    def tell(self, line: str, *levels: bool | LineError) -> None:
        for level in levels:
            self.lines[line].news.put_nowait(level)

    @property
    def relay(self) -> list[bool]:
        return self.lines["relay"].written


class SpeechlessScene(Scene):
    """One where nobody can be told of an exit."""

    def exit(self) -> None:
        raise OSError("the disk is full")


@asynccontextmanager
async def running(scene: Scene) -> AsyncIterator[Scene]:
    task = asyncio.create_task(scene.door.run())
    try:
        await eventually(lambda: scene.states)
        yield scene
    finally:
        task.cancel()
        await asyncio.wait({task})


@pytest.fixture
def scene() -> Scene:
    return Scene()


class TestTheRelay:
    async def test_is_written_before_a_release_returns(self, scene: Scene) -> None:
        scene.after(0)
        scene.door.release()

        assert scene.relay == [False, True]
        assert not scene.door.state.locked

    async def test_falls_when_the_time_is_over(self, scene: Scene) -> None:
        scene.door.release()
        assert scene.after(2.9).relay == [True]
        assert scene.after(0.2).relay == [True, False]
        assert [state.locked for state in scene.states] == [False, True]

    @pytest.mark.parametrize(("asked", "given"), [(None, 3.0), (1.0, 1.0), (600.0, 30.0)])
    async def test_is_energised_as_long_as_asked_and_allowed(
        self, scene: Scene, asked: float | None, given: float
    ) -> None:
        scene.door.release(asked)
        assert scene.after(given - 0.1).relay == [True]
        assert scene.after(0.2).relay == [True, False]

    async def test_of_a_lock_that_opens_without_power_has_power_while_it_is_locked(self) -> None:
        scene = Scene(fail=Fail.SAFE).after(0)
        scene.door.release()
        assert scene.after(4).relay == [True, False, True]
        assert scene.keeper.told == [LOCKED, RELEASED, LOCKED]

    async def test_moves_after_the_keeper_was_told_and_falls_before(self, scene: Scene) -> None:
        scene.after(0)
        scene.door.release()
        scene.after(1).door.release()
        scene.after(9).door.hold(KEEP_UNLOCKED)
        scene.door.hold(NORMAL)

        assert scene.keeper.told == [LOCKED, RELEASED, RELEASED, LOCKED, HELD, LOCKED]

    async def test_stays_for_a_mode_and_falls_when_it_ends(self, scene: Scene) -> None:
        scene.door.hold(KEEP_UNLOCKED, NOON + scene.now + 3600)
        assert scene.after(3599).relay == [True]
        assert scene.door.state.mode is KEEP_UNLOCKED
        assert scene.after(1).relay == [True, False]
        assert (scene.door.state.mode, scene.door.state.mode_until) == (NORMAL, None)

    async def test_falls_when_it_is_told_to(self, scene: Scene) -> None:
        scene.door.release()
        scene.door.lock()
        assert scene.relay == [True, False]

    async def test_falls_when_the_agent_ends(self, scene: Scene) -> None:
        async with running(scene):
            scene.door.hold(KEEP_UNLOCKED)
            scene.door.show(Feedback.GRANTED)
        assert scene.relay == [False, True, False]
        assert scene.lines["led"].written == [False, True, False]
        assert {line.closed for line in scene.lines.values()} == {1}

    async def test_is_nothing_to_a_door_without_one(self) -> None:
        scene = Scene()
        bare = Door(
            DoorConfig(id="front", name="Front door"),
            Wiring(),
            scene.keeper,
            scene.door._listener,
        )
        bare.release()
        assert not bare.state.locked


class TestARelayThatFails:
    async def test_is_told_to_who_asked_and_by_the_state(
        self, scene: Scene, caplog: pytest.LogCaptureFixture
    ) -> None:
        scene.after(0).lines["relay"].trouble = "Line 17 is gone."
        with pytest.raises(LineError, match="Line 17 is gone"):
            scene.door.release()

        assert scene.door.state.locked
        assert scene.door.state.error == "Line 17 is gone."
        assert scene.states[-1].error == "Line 17 is gone."
        assert caplog.text.count("Door front, relay: Line 17 is gone.") == 1
        assert scene.keeper.told[-1] is LOCKED  # which it is: nobody has to be ended for it

    async def test_does_not_move_later_when_nobody_stands_there_any_more(
        self, scene: Scene
    ) -> None:
        scene.after(0).lines["relay"].trouble = "Line 17 is gone."
        with pytest.raises(LineError):
            scene.door.release()
        scene.after(0.5).lines["relay"].trouble = None

        assert scene.after(1).relay == [False, False]
        assert scene.door.state.error is None

    async def test_while_it_should_fall_leaves_it_to_the_keeper_and_is_tried_again(
        self, scene: Scene
    ) -> None:
        scene.door.release()
        scene.lines["relay"].trouble = "Line 17 is gone."
        assert scene.after(5).keeper.told == [RELEASED]
        scene.lines["relay"].trouble = None

        assert scene.after(1).relay == [True, False]
        assert scene.keeper.told == [RELEASED, LOCKED]

    async def test_opens_for_who_comes_when_it_works_again(self, scene: Scene) -> None:
        scene.after(0).lines["relay"].trouble = "Line 17 is gone."
        with pytest.raises(LineError):
            scene.door.release()
        scene.lines["relay"].trouble = None
        scene.door.release()

        assert scene.relay == [False, True]
        assert scene.door.state.error is None
        assert scene.after(3.1).relay == [False, True, False]

    async def test_does_not_keep_the_agent_from_ending(self, scene: Scene) -> None:
        async with running(scene):
            scene.lines["relay"].trouble = scene.lines["led"].trouble = "Gone."
        assert scene.lines["relay"].closed == 1


class TestAContact:
    async def test_tells_what_happens_at_the_door(self, scene: Scene) -> None:
        async with running(scene):
            scene.tell("contact", False)
            await eventually(lambda: scene.door.state.open is False)
            scene.door.release()
            scene.tell("contact", True, False)
            await eventually(lambda: scene.heard == ["opened", "closed"])
            assert scene.door.state.locked

            scene.now += 10
            scene.tell("contact", True)
            await eventually(lambda: scene.heard[2:] == ["opened", "forced"])
            assert scene.door.state.forced

    async def test_tells_when_the_door_stands_open_and_somebody_hears_it_before(
        self, scene: Scene
    ) -> None:
        async with running(scene):
            scene.tell("contact", True)
            await eventually(lambda: scene.door.state.open)
            scene.after(14.5)
            assert scene.lines["buzzer"].written == [False]
            assert True in scene.after(1).lines["buzzer"].written
            assert scene.heard == []
            scene.after(15)
            assert scene.heard == ["held open"]
            assert scene.door.state.held_open
            scene.tell("contact", False)
            await eventually(lambda: scene.heard == ["held open", "closed"])
            assert scene.after(5).lines["buzzer"].written[-1] is False

    async def test_that_fails_makes_the_door_blind_until_it_is_back(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "RETRY", 0.01)
        async with running(scene):
            scene.tell("contact", False)
            await eventually(lambda: scene.door.state.open is False)
            scene.tell("contact", LineError("Line 23 is gone."))
            await eventually(lambda: scene.states[-1].error == "Line 23 is gone.")
            assert scene.door.state.open is None
            assert scene.lines["contact"].closed == 1
            scene.tell("contact", True)
            await eventually(lambda: scene.states[-1].error is None)
            assert scene.heard == []  # nobody saw who opened it


class TestButtons:
    async def test_an_exit_is_told_and_then_the_door_is_unlocked(self, scene: Scene) -> None:
        scene.door.hold(KEEP_LOCKED)
        async with running(scene):
            scene.tell("exit_button", False, True, False)
            await eventually(lambda: scene.relay == [False, True])
        assert scene.heard == ["exit"]

    async def test_an_exit_opens_even_if_telling_it_fails(self) -> None:
        scene = SpeechlessScene()
        scene.tell("exit_button", False, True)

        with pytest.raises(ExceptionGroup):
            await scene.door.run()
        assert scene.relay == [False, True, False]

    async def test_a_doorbell_rings_and_opens_nothing(self, scene: Scene) -> None:
        async with running(scene):
            scene.tell("doorbell", False, True, False, True)
            await eventually(lambda: scene.heard == ["rang", "rang"])
        assert scene.relay == [False, False]

    async def test_a_button_that_hangs_from_the_start_was_not_pressed(self, scene: Scene) -> None:
        async with running(scene):
            scene.tell("exit_button", True, False, True)
            await eventually(lambda: scene.heard)
        assert scene.heard == ["exit"]

    async def test_a_button_on_a_relay_that_fails_is_told_by_the_state(self, scene: Scene) -> None:
        async with running(scene):
            scene.lines["relay"].trouble = "Line 17 is gone."
            scene.tell("exit_button", False, True)
            await eventually(lambda: scene.states[-1].error)
        assert scene.heard == ["exit"]


class TestFeedback:
    @pytest.mark.parametrize("feedback", list(Feedback))
    async def test_is_shown_and_then_over(self, scene: Scene, feedback: Feedback) -> None:
        scene.door.show(feedback)
        assert scene.lines["led"].written == [True]
        assert scene.lines["buzzer"].written == [True]
        scene.after(31)
        assert scene.lines["led"].written[-1] is False
        assert scene.lines["buzzer"].written[-1] is False

    async def test_of_a_denial_is_another_than_that_of_an_admission(self) -> None:
        granted, denied = Scene(), Scene()
        granted.door.show(Feedback.GRANTED)
        denied.door.show(Feedback.DENIED)
        assert granted.after(3).lines["led"].written == [True, False]
        assert denied.after(3).lines["led"].written == [True, False] * 4
        assert denied.lines["buzzer"].written == [True, False] * 3

    async def test_that_cannot_be_shown_is_told_and_does_not_matter(self, scene: Scene) -> None:
        scene.lines["led"].trouble = "Line 5 is gone."
        scene.door.show(Feedback.GRANTED)
        scene.door.release()

        assert scene.door.state.error == "Line 5 is gone."
        assert scene.relay == [False, True]
        scene.lines["led"].trouble = None
        scene.after(1.5)
        assert scene.door.state.error is None

    async def test_without_a_lamp_is_nothing(self) -> None:
        lamp = Lamp(None)
        lamp.play(Beat(on=1.0), 0.0)
        assert lamp.tick(0.0) == 1.0


async def test_a_door_keeps_its_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    config = DoorConfig(id="front", name="Front door", unlock=timedelta(seconds=0.2))
    scene.door = Door(config, Wiring(**scene.lines), scene.keeper, scene.door._listener)
    async with running(scene):
        scene.door.release()
        await eventually(lambda: scene.relay == [False, True, False], 5.0)
