"""What an agent says of its doors, from JSON to nouns: unknown keys are passed over."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from . import wire
from .decoding import (
    decoding,
    milliseconds_or_none,
    moment_or_none,
    span_or_none,
    text_or_none,
    whole,
    whole_or_none,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderInfo:
    """A reader as its agent describes it."""

    id: str
    direction: str | None
    """Which way it lets people through (see `wire.Direction`); None if it does not matter."""
    keypad: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorInfo:
    """A door as its agent describes it."""

    id: str
    name: str
    contact: bool
    """Whether it knows if the door is open."""
    exit_button: bool
    doorbell: bool
    readers: tuple[ReaderInfo, ...]
    unlock: timedelta | None
    """How long it is unlocked for somebody who may enter; None if it does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderState:
    """How a reader is."""

    online: bool
    error: str | None
    tampered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorState:
    """How a door is."""

    locked: bool
    open: bool | None
    """None if it has no contact and cannot know."""
    forced: bool
    held_open: bool
    mode: wire.DoorMode
    mode_until: datetime | None
    readers: Mapping[str, ReaderState]
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessState:
    """By which grants an agent decides, and what it has to tell of its doors."""

    version: int | None
    """None if it has no grants."""
    issued: datetime | None
    until: datetime | None
    cards: int
    journal: str
    """The id of its passages; another one means that they are counted anew."""
    last: int
    """The number of the last passage."""
    waiting: int
    """How many passages it keeps until somebody acknowledges them."""
    lost: int
    """How many had to go before anybody came for them."""
    latency_p50: timedelta | None
    latency_p99: timedelta | None
    """How long decisions take, from the last byte of a card to the word for the relay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """A card that was shown to a reader that learns."""

    card: str
    """Its keyed hash."""
    technology: str
    length: int
    """How many bytes its number has."""
    random: bool
    """Whether it shows another number each time, so that it can never be known again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorChanged:
    """A door is in another state."""

    door: str
    state: DoorState


@dataclass(frozen=True, slots=True, kw_only=True)
class Rang:
    """Somebody rings at a door."""

    door: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessChanged:
    """The agent goes by other grants, or has more to tell."""

    access: AccessState


@decoding()
def parse_door_info(body: Mapping[str, Any]) -> DoorInfo:
    """Return a door as the agent describes it."""
    return DoorInfo(
        id=str(body["id"]),
        name=str(body["name"]),
        contact=bool(body.get("contact", False)),
        exit_button=bool(body.get("exit_button", False)),
        doorbell=bool(body.get("doorbell", False)),
        readers=tuple(_reader_info(reader) for reader in body.get("readers", ())),
        unlock=span_or_none(body.get("unlock_s")),
    )


@decoding()
def parse_door(body: Mapping[str, Any]) -> DoorState:
    """Return how a door is."""
    return DoorState(
        locked=bool(body["locked"]),
        open=None if (open_ := body.get("open")) is None else bool(open_),
        forced=bool(body.get("forced", False)),
        held_open=bool(body.get("held_open", False)),
        mode=wire.DoorMode(body.get("mode", wire.DoorMode.NORMAL)),
        mode_until=moment_or_none(body.get("mode_until")),
        readers={reader: _reader(state) for reader, state in body.get("readers", {}).items()},
        error=text_or_none(body.get("error")),
    )


@decoding()
def parse_access(body: Mapping[str, Any]) -> AccessState:
    """Return by which grants an agent decides, and what it has to tell."""
    grants = body.get("grants") or {}
    return AccessState(
        version=whole_or_none(grants.get("version")),
        issued=moment_or_none(grants.get("issued")),
        until=moment_or_none(grants.get("until")),
        cards=whole(grants.get("cards") or 0),
        journal=str(body["journal"]),
        last=whole(body["last"]),
        waiting=whole(body.get("waiting", 0)),
        lost=whole(body.get("lost", 0)),
        latency_p50=milliseconds_or_none(body.get("latency_p50_ms")),
        latency_p99=milliseconds_or_none(body.get("latency_p99_ms")),
    )


@decoding()
def parse_enrolled(body: Mapping[str, Any]) -> Enrolled:
    """Return the card that was shown to a reader that learns."""
    return Enrolled(
        card=str(body["card"]),
        technology=str(body["technology"]),
        length=whole(body["length"]),
        random=bool(body.get("random", False)),
    )


def _reader_info(body: Mapping[str, Any]) -> ReaderInfo:
    return ReaderInfo(
        id=str(body["id"]),
        direction=text_or_none(body.get("direction")),
        keypad=bool(body.get("keypad", False)),
    )


def _reader(body: Mapping[str, Any]) -> ReaderState:
    return ReaderState(
        online=bool(body["online"]),
        error=text_or_none(body.get("error")),
        tampered=bool(body.get("tampered", False)),
    )
