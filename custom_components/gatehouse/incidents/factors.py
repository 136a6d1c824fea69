"""What makes the risk of an incident greater or smaller: one table that anybody can read."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final


class Seen(IntEnum):
    """The kinds of things seen that differ in risk; nobody minds when an animal comes."""

    NOTHING = 0
    ANIMAL = 1
    THING = 2
    PERSON = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """One thing that makes a risk greater, or smaller."""

    name: str
    points: Mapping[int, int]
    """How many points from which measure on; only the highest measure that is reached counts."""
    reason: str
    excusable: bool = True
    """Whether somebody who was let in or out makes up for it."""
    binding: bool = False
    """Whether its points are also the floor below which no language model may go."""


# By day, with somebody at home, whoever walks past is low. At night it is medium, and high when
# nobody is at home. What is done to a door stays, whoever is let in afterwards.
FACTORS: Final = (
    Factor(
        name="seen",
        points={Seen.ANIMAL: 5, Seen.THING: 10, Seen.PERSON: 20},
        reason="{seen} seen",
    ),
    # At once, in one camera's picture.
    Factor(name="company", points={2: 10, 3: 15}, reason="{company} at once"),
    # Seconds; most who only pass are gone after ten.
    Factor(name="stay", points={10: 5, 30: 10, 60: 20}, reason="stayed {stay}"),
    Factor(name="dark", points={1: 25}, reason="{dark}"),
    Factor(name="sensitive", points={1: 15}, reason="in {sensitive}"),
    Factor(name="away", points={1: 15}, reason="nobody is at home"),
    # In the order of AlarmState.
    Factor(name="armed", points={1: 5, 2: 10, 3: 15}, reason="the alarm is armed"),
    Factor(
        name="triggered",
        points={1: 60},
        reason="the alarm went off",
        excusable=False,
        binding=True,
    ),
    Factor(
        name="denied",
        points={1: 10, 2: 20, 3: 35},
        reason="{denied} refused{often} at {denied_at}",
        excusable=False,
    ),
    Factor(name="held", points={1: 15}, reason="{held} held open", excusable=False),
    Factor(
        name="tailgating",
        points={1: 20},
        reason="perhaps more people than cards entered",
        excusable=False,
    ),
    Factor(
        name="tamper",
        points={1: 45},
        reason="the reader at {tampered} was opened",
        excusable=False,
        binding=True,
    ),
    # The second measure is reached while the alarm is armed.
    Factor(
        name="forced",
        points={1: 60, 2: 85},
        reason="{forced} forced open",
        excusable=False,
        binding=True,
    ),
    Factor(name="granted", points={1: -50}, reason="{granted} opened {granted_at}"),
    Factor(name="exit", points={1: -25}, reason="somebody was let out at {exit_at}"),
)
