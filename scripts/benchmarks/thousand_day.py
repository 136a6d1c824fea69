"""A busy day at many cameras and some doors: how often something happens, and when next."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
import heapq
from random import Random
from typing import Final

CAMERAS: Final = 4
"""So many has an agent."""
DOOR_EVERY: Final = 4
"""One of so many agents has a door, at which its first camera looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """How busy a camera and a door are."""

    moves_s: float = 10.0
    """How long something moves."""
    rests_s: float = 490.0
    """How long nothing does, in the mean: two hundredths of the time something moves."""
    person: float = 0.25
    """In how many of these it is somebody, and no cat."""
    passage_s: float = 120.0
    """How long it takes until the next comes to a door."""


def camera_name(number: int) -> str:
    """Return what people call a camera; Home Assistant makes the names of its entities of it."""
    return f"Camera {number:04}"


def door_name(agent: int) -> str:
    """Return what people call the door of an agent."""
    return f"Door {agent:03}"


def motion_entity(number: int) -> str:
    """Return the entity that says whether something moves there."""
    return f"binary_sensor.camera_{number:04}_motion"


def has_door(agent: int) -> bool:
    """Return whether an agent has a door."""
    return agent % DOOR_EVERY == 0


@dataclass(frozen=True, slots=True, order=True)
class Happening:
    """Something that begins: at a camera, or at the door of an agent."""

    due: float
    """In seconds of the day, which pass as quickly as one wants."""
    number: int
    """Of the camera; of the agent, if it is at a door."""
    at_door: bool


class Course:
    """What happens, in its order; the same for the same seed."""

    def __init__(self, cameras: int, day: Day, seed: int = 1) -> None:
        self._day = day
        self._random = Random(seed)  # noqa: S311 - to be repeated, not to be secret
        self._now = 0.0
        doors = filter(has_door, range(cameras // CAMERAS))
        begun = [Happening(0.0, number, at_door=False) for number in range(cameras)]
        begun += [Happening(0.0, agent, at_door=True) for agent in doors]
        self._next = [self._after(each) for each in begun]
        heapq.heapify(self._next)

    def pass_by(self, seconds: float) -> Iterator[Happening]:
        """Let so much of the day pass, and yield what begins in it."""
        self._now += seconds
        while self._next[0].due <= self._now:
            happening = self._next[0]
            heapq.heapreplace(self._next, self._after(happening))
            yield happening

    def is_somebody(self) -> bool:
        """Return whether what moves now is a person."""
        return self._random.random() < self._day.person

    def _after(self, happening: Happening) -> Happening:
        """Return what happens next at the same camera or door."""
        day = self._day
        mean = day.passage_s if happening.at_door else day.rests_s + day.moves_s
        pause = self._random.expovariate(1 / mean)
        return replace(happening, due=happening.due + pause)
