"""Schedules, people and policies as hypothesis draws them: near the days on which clocks change."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from custom_components.gatehouse.access import (
    Credential,
    CredentialKind,
    DoorGroup,
    DoorRules,
    Holiday,
    HolidayRule,
    Hours,
    Permission,
    Person,
    Policy,
    Schedule,
    SpecialDays,
    Weekday,
    Whereabouts,
    Window,
)
from custom_components.gatehouse.agent import Antipassback, Direction, DoorMode, SiteMode, Verify
from tests.rooms.access.policies import FRONT, GARAGE, card, policy

ZONES: Final = tuple(
    map(
        ZoneInfo,
        (
            "Europe/Berlin",
            "America/New_York",
            "Australia/Lord_Howe",
            "Asia/Kathmandu",
            "Pacific/Apia",
            "America/St_Johns",
            "Africa/Casablanca",
            "UTC",
        ),
    )
)

# Days around which the zones above change their clocks, a leap day, and the turn of a year.
TURNS: Final = (
    date(2011, 12, 29),
    date(2027, 3, 13),
    date(2027, 3, 27),
    date(2027, 4, 3),
    date(2027, 10, 2),
    date(2027, 10, 30),
    date(2027, 11, 6),
    date(2027, 12, 30),
    date(2028, 2, 28),
)

# Some of what a policy may speak of is not there, or is not there any more.
PEOPLE: Final = ("anna", "bert", "nobody")
SCHEDULES: Final = ("week", "night", "gone")
ELSEWHERE: Final = "another agent"
HORIZON: Final = timedelta(days=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A policy, the moment at which it is compiled, and what happened at its doors before."""

    policy: Policy
    now: datetime
    told: dict[str, int]
    """How often this agent admitted each credential, as far as we have heard."""
    counted: dict[str, int]
    """How often it did: sometimes it has forgotten that."""
    elsewhere: dict[str, int]
    whereabouts: dict[str, Whereabouts]

    def uses_of(self, credential: str) -> int:
        """Return how often a credential opened any door."""
        here = max(self.told[credential], self.counted[credential])
        return here + self.elsewhere[credential]


def clocks() -> st.SearchStrategy[time]:
    """Draw times of a clock, most of them of the night in which it changes."""
    quarters = st.integers(0, 95).map(lambda each: time(each // 4, each % 4 * 15))
    small = st.integers(0, 16).map(lambda each: time(each // 4, each % 4 * 15))
    return st.one_of(small, quarters, st.times().map(lambda each: each.replace(microsecond=0)))


def days() -> st.SearchStrategy[date]:
    return st.builds(
        lambda turn, step: turn + timedelta(days=step), st.sampled_from(TURNS), st.integers(-2, 6)
    )


def clock_changes() -> st.SearchStrategy[datetime]:
    """Draw moments shortly before clocks may change."""
    seconds = st.integers(0, 2 * 86400)
    return st.builds(
        lambda day, step: datetime.combine(day, time(), UTC) - timedelta(seconds=step),
        st.sampled_from(TURNS),
        seconds,
    )


def windows() -> st.SearchStrategy[Window]:
    return st.builds(
        Window,
        days=st.frozensets(st.sampled_from(Weekday), min_size=1),
        start=clocks(),
        end=clocks(),
    )


@st.composite
def special_days(draw: st.DrawFn) -> SpecialDays:
    first = draw(days())
    inside = st.lists(st.builds(Hours, start=clocks(), end=clocks()), max_size=2)
    last = first + timedelta(days=draw(st.integers(0, 2)))
    return SpecialDays(first=first, last=last, hours=tuple(draw(inside)))


def schedules(name: str = "hours") -> st.SearchStrategy[Schedule]:
    return st.builds(
        Schedule,
        id=st.just(name),
        name=st.just("Hours"),
        windows=st.lists(windows(), max_size=3).map(tuple),
        special=st.lists(special_days(), max_size=2).map(tuple),
        holidays=st.sampled_from(HolidayRule),
    )


@st.composite
def holidays(draw: st.DrawFn) -> Holiday:
    first = draw(days())
    return Holiday(
        id="holiday",
        name="Holiday",
        first=first,
        last=first + timedelta(days=draw(st.integers(0, 10))),
        yearly=draw(st.booleans()),
    )


def moments(now: datetime) -> st.SearchStrategy[datetime]:
    """Draw moments from before it until after the horizon."""
    return st.integers(-86400, 4 * 86400).map(lambda each: now + timedelta(seconds=each))


@st.composite
def sites(draw: st.DrawFn) -> Site:
    """Draw a site on which nearly everything may be the reason."""
    now = draw(clock_changes())
    some = moments(now)
    things: list[Any] = [
        *(draw(_person(name, some)) for name in PEOPLE[:2]),
        *(draw(_credential(f"tag {name}", name, CredentialKind.RFID, some)) for name in PEOPLE),
        *(draw(_credential(f"pin {name}", name, CredentialKind.PIN, some)) for name in PEOPLE),
        *(draw(schedules(name)) for name in SCHEDULES[:2]),
        *draw(st.lists(holidays(), max_size=1)),
        DoorGroup(id="all", name="All", doors=(FRONT, GARAGE)),
        *(draw(_door(key, some)) for key in (FRONT, GARAGE)),
    ]
    site = draw(_mostly(SiteMode.NORMAL, st.sampled_from(SiteMode), 4))
    drawn = policy(*things, site=site, zone=draw(st.sampled_from(ZONES)))
    counts = {name: st.integers(0, 2) for name in drawn.credentials}
    seen = st.builds(Whereabouts, direction=st.sampled_from(Direction), at=some)
    went = draw(st.fixed_dictionaries({name: _mostly(None, seen, 2) for name in PEOPLE}))
    return Site(
        policy=drawn,
        now=now,
        told=draw(st.fixed_dictionaries(counts)),
        counted=draw(st.fixed_dictionaries(counts)),
        elsewhere=draw(st.fixed_dictionaries(counts)),
        whereabouts={name: last for name, last in went.items() if last},
    )


def _mostly(usual: Any, other: st.SearchStrategy[Any], one_of: int = 8) -> st.SearchStrategy[Any]:
    """Draw what is usual, but once in so often: else nobody would ever get in."""
    return st.integers(1, one_of).flatmap(lambda each: other if each == one_of else st.just(usual))


def _person(name: str, some: st.SearchStrategy[datetime]) -> st.SearchStrategy[Person]:
    permission = st.builds(
        Permission,
        doors=st.sampled_from([(FRONT, GARAGE), (FRONT,), (GARAGE,), ()]),
        groups=st.sampled_from([(), (), ("all",), ("gone",)]),
        schedule=st.sampled_from([None, None, *SCHEDULES]),
    )
    return st.builds(
        Person,
        id=st.just(name),
        name=st.just(name),
        active=_mostly(True, st.just(False)),
        valid_from=_mostly(None, some),
        valid_until=_mostly(None, some),
        permissions=st.tuples(permission, permission) | _mostly((), st.tuples(permission), 2),
    )


def _credential(
    name: str, person: str, kind: CredentialKind, some: st.SearchStrategy[datetime]
) -> st.SearchStrategy[Credential]:
    return st.builds(
        card,
        st.just(name),
        st.just(person),
        kind=st.just(kind),
        active=_mostly(True, st.just(False)),
        valid_from=_mostly(None, some),
        valid_until=_mostly(None, some),
        max_uses=_mostly(None, st.integers(1, 4), 4),
    )


def _door(key: str, some: st.SearchStrategy[datetime]) -> st.SearchStrategy[DoorRules]:
    return st.builds(
        DoorRules,
        door=st.just(key),
        mode=_mostly(DoorMode.NORMAL, st.sampled_from(DoorMode)),
        mode_until=st.none() | some,
        verify=st.sampled_from(Verify),
        antipassback=st.sampled_from(Antipassback),
        antipassback_reset=st.sampled_from([timedelta(hours=each) for each in (1, 12, 48)]),
    )
