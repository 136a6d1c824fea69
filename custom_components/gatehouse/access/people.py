"""The nouns of the room: who may enter, with what, where and when."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from ..agent import Antipassback, DoorMode, SiteMode, Verify

# What one guess at a PIN costs whoever has the hashes, as scrypt's n, r and p: 16 MiB and some
# 40 ms. Agents are told it with the salt.
PIN_COST: Final = (2**14, 8, 1)


class CredentialKind(StrEnum):
    """What somebody shows at a door."""

    RFID = "rfid"
    PIN = "pin"


class Weekday(StrEnum):
    """A day of the week, Monday first, in Home Assistant's words."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


class HolidayRule(StrEnum):
    """What a schedule does on a holiday: nothing, what it does on Sundays, or as on any day."""

    CLOSED = "closed"
    AS_SUNDAY = "as_sunday"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """From when to when, by the clock on the wall; what begins on a day belongs to that day.

    An end that is not after the start is one of the next day: midnight is the end of a day, and
    equal times are 24 hours.
    """

    start: time
    end: time

    @property
    def is_over_midnight(self) -> bool:
        """Whether the end is on the next day."""
        return self.end <= self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Window(Hours):
    """Hours of some days of every week."""

    days: frozenset[Weekday]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialDays:
    """Days, both ends included, that go by their own hours: not by the week, nor by holidays."""

    first: date
    last: date
    hours: tuple[Hours, ...] = ()
    """Without any, the days are closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When somebody may enter, by the site's local time."""

    id: str
    name: str
    windows: tuple[Window, ...] = ()
    special: tuple[SpecialDays, ...] = ()
    holidays: HolidayRule = HolidayRule.CLOSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Holiday:
    """A day or more, both ends included, on which most schedules are closed."""

    id: str
    name: str
    first: date
    last: date
    yearly: bool = False
    """Whether it comes on the same days of every year; the 29th of February in leap years only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorGroup:
    """Doors that are given to people together."""

    id: str
    name: str
    doors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """Doors that somebody may enter, by their keys and by their groups, and when."""

    doors: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    schedule: str | None = None
    """None for always."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who may enter, from `valid_from` to before `valid_until`."""

    id: str
    name: str
    active: bool = True
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    permissions: tuple[Permission, ...] = ()
    """One door in several of them is open whenever one of them says so."""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A card or PIN of somebody; one for a visitor has an end, or a number of uses."""

    id: str
    person: str
    kind: CredentialKind
    name: str
    hash: str = field(repr=False)
    """What is kept of its number: `secrets.card_hash` or `secrets.pin_hash`."""
    active: bool = True
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    max_uses: int | None = None
    visitor: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorRules:
    """What people say about one door; `door` is its key."""

    door: str
    mode: DoorMode = DoorMode.NORMAL
    mode_until: datetime | None = None
    """When the mode is normal again; None for when somebody says so."""
    verify: Verify = Verify.CARD
    antipassback: Antipassback = Antipassback.OFF
    antipassback_reset: timedelta = timedelta(hours=12)
    """After so long it no longer matters where somebody went last."""

    def mode_at(self, at: datetime) -> DoorMode:
        """Return the mode that holds at a moment."""
        over = self.mode_until is not None and at >= self.mode_until
        return DoorMode.NORMAL if over else self.mode


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """All that decides who may enter, as it is at one moment; everything by its id."""

    zone: ZoneInfo
    key: bytes = field(repr=False)
    """The key of the hashes of cards."""
    salt: bytes = field(repr=False)
    """The salt of the hashes of PINs."""
    site: SiteMode = SiteMode.NORMAL
    people: Mapping[str, Person] = field(default_factory=dict)
    credentials: Mapping[str, Credential] = field(default_factory=dict)
    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    holidays: Mapping[str, Holiday] = field(default_factory=dict)
    groups: Mapping[str, DoorGroup] = field(default_factory=dict)
    doors: Mapping[str, DoorRules] = field(default_factory=dict)
    """What is said of doors, by their keys; of others nothing is."""
    _known: Mapping[tuple[CredentialKind, str], Credential] = field(
        init=False, repr=False, compare=False
    )
    _pins: Mapping[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the credentials as a door asks for them; nobody's are left out."""
        known = [each for each in self.credentials.values() if each.person in self.people]
        object.__setattr__(self, "_known", {(each.kind, each.hash): each for each in known})
        pins = [each for each in known if each.kind is CredentialKind.PIN and each.active]
        pins.sort(key=lambda each: each.id)
        object.__setattr__(self, "_pins", {each.person: each.hash for each in pins})

    def find(self, kind: CredentialKind, digest: str) -> Credential | None:
        """Return the credential of this hash; its person is among the people."""
        return self._known.get((kind, digest))

    def pin_of(self, person: str) -> str | None:
        """Return the hash of the PIN that goes with somebody's cards.

        It is an active one, of several always the same; when it is valid alone does not matter.
        """
        return self._pins.get(person)

    def door(self, key: str) -> DoorRules:
        """Return what is said of a door."""
        return self.doors.get(key) or DoorRules(door=key)


def door_key(agent: str, door: str) -> str:
    """Return the key by which the site knows an agent's door."""
    return f"{agent}/door/{door}"
