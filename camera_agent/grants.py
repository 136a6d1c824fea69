"""What this agent may decide by itself: cards by their hashes, doors, windows, an expiry."""

from collections.abc import Mapping
from dataclasses import dataclass, field
import hashlib
import hmac
import json
from typing import Final, TypeAlias

from .checks import (
    Check,
    Wrong,
    choice,
    digest,
    fields,
    flag,
    list_of,
    moment,
    or_null,
    place_in,
    secret,
    table_of,
    text,
    whole,
)
from .wire import Antipassback, DoorMode, SiteMode, Verify

COSTLIEST_PIN: Final = 32 * 1024 * 1024  # bytes that a slow hash may take; a small Pi has 512 MB

Windows: TypeAlias = tuple[float, ...]  # from, until, from, until, …: it is open before an odd one


class GrantsError(Exception):
    """The grants make no sense; the message is a sentence that names the place and no secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorRules:
    """What a door asks of everybody."""

    mode: DoorMode = DoorMode.NORMAL
    mode_until: float | None = None
    verify: Verify = Verify.CARD
    antipassback: Antipassback = Antipassback.OFF
    antipassback_reset_s: float = 0.0

    def mode_at(self, now: float) -> DoorMode:
        """Return the mode that holds now."""
        is_over = self.mode_until is not None and now >= self.mode_until
        return DoorMode.NORMAL if is_over else self.mode


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A card or a PIN of somebody, and the windows of each door that it opens."""

    id: str
    person: str
    disabled: bool
    valid_from: float | None
    valid_until: float | None
    windows: Mapping[str, Windows]
    pin: str | None = field(repr=False)
    """The hash of its person's PIN."""
    uses: int | None
    """How often this agent may admit it in all its life; None for ever."""
    used: int
    """How often this agent did, as far as Home Assistant knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowHash:
    """How a PIN is hashed: scrypt's salt and cost."""

    salt: bytes = field(repr=False)
    n: int
    r: int
    p: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Grants:
    """Decisions with an expiry; cards and PINs are known by their hashes alone."""

    version: int
    agent: str
    issued: float
    until: float
    key: bytes = field(repr=False)
    slow_hash: SlowHash
    site: SiteMode
    doors: Mapping[str, DoorRules]
    cards: Mapping[str, Credential] = field(repr=False)
    pins: Mapping[str, Credential] = field(repr=False)

    def hash_of(self, canonical: str) -> str:
        """Return the hash by which a card's canonical id is known here."""
        return hmac.digest(self.key, canonical.encode(), "sha256").hex()

    def hash_of_pin(self, pin: str) -> str:
        """Return the hash by which a PIN is known here; takes some 50 ms, for a thread."""
        cost = self.slow_hash
        return hashlib.scrypt(
            pin.encode(),
            salt=cost.salt,
            n=cost.n,
            r=cost.r,
            p=cost.p,
            maxmem=2 * COSTLIEST_PIN,
            dklen=32,
        ).hex()

    def rules_of(self, door: str) -> DoorRules:
        """Return what a door asks; one that the grants do not name opens for nobody anyway."""
        return self.doors.get(door, UNNAMED)


UNNAMED: Final = DoorRules()


def parse(document: str) -> Grants:
    """Read the document of the grants; raises GrantsError for whatever is not as it must be."""
    try:
        raw = json.loads(document, parse_constant=_refuse_constant)
    except RecursionError:
        raise GrantsError("The grants are nested too deeply.") from None
    except ValueError as error:
        raise GrantsError(f"The grants are no JSON: {error}.") from None
    try:
        return _grants(raw)
    except Wrong as wrong:
        raise GrantsError(f"In the grants{wrong}.") from None


def _grants(raw: object) -> Grants:
    found = fields(raw, _DOCUMENT)
    found |= fields(raw, {"profiles": list_of(_profile(found["doors"], found["windows"]))})
    credentials = table_of(_credential(found["profiles"]), key=digest)
    found |= fields(raw, {"cards": credentials, "pins": credentials})
    return Grants(
        version=found["version"],
        agent=found["agent"],
        issued=found["issued"],
        until=found["until"],
        key=found["key"],
        slow_hash=found["pin"],
        site=found["site"],
        doors=found["doors"],
        cards=found["cards"],
        pins=found["pins"],
    )


def _windows(raw: object) -> Windows:
    flat: list[float] = []
    for pair in _PAIRS(raw):
        if len(pair) != 2 or pair[0] >= pair[1] or (flat and pair[0] < flat[-1]):
            raise Wrong(" must be pairs [from, until], sorted and apart")
        flat += pair
    return tuple(flat)


def _profile(doors: Mapping[str, DoorRules], windows: list[Windows]) -> Check:
    read = table_of(place_in(windows))

    def check(raw: object) -> Mapping[str, Windows]:
        found: Mapping[str, Windows] = read(raw)
        if not found.keys() <= doors.keys():
            raise Wrong(" must name none but the doors")
        return found

    return check


def _credential(profiles: list[Mapping[str, Windows]]) -> Check:
    checks = {**_CREDENTIAL, "profile": place_in(profiles)}

    def check(raw: object) -> Credential:
        found = fields(raw, checks)
        return Credential(
            id=found["id"],
            person=found["person"],
            disabled=found["disabled"],
            valid_from=found["from"],
            valid_until=found["until"],
            windows=found["profile"],
            pin=found["pin"],
            uses=found["uses"],
            used=found["used"],
        )

    return check


def _door(raw: object) -> DoorRules:
    return DoorRules(**fields(raw, _DOOR))


def _slow_hash(raw: object) -> SlowHash:
    cost = SlowHash(**fields(raw, _SLOW_HASH))
    if cost.n & (cost.n - 1) or 128 * cost.n * cost.r > COSTLIEST_PIN:
        raise Wrong(" must have a power of two for n, and take 32 MB at most")
    return cost


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number in JSON")


_PAIRS: Final = list_of(list_of(moment))
_DOOR: Final[Mapping[str, Check]] = {
    "mode": choice(DoorMode),
    "mode_until": or_null(moment),
    "verify": choice(Verify),
    "antipassback": choice(Antipassback),
    "antipassback_reset_s": moment,
}
_SLOW_HASH: Final[Mapping[str, Check]] = {
    "salt": secret,
    "n": whole(2),
    "r": whole(1, 64),
    "p": whole(1, 16),
}
_DOCUMENT: Final[Mapping[str, Check]] = {
    "version": whole(1),
    "agent": text,
    "issued": moment,
    "until": moment,
    "key": secret,
    "pin": _slow_hash,
    "site": choice(SiteMode),
    "windows": list_of(_windows),
    "doors": table_of(_door),
}
_CREDENTIAL: Final[Mapping[str, Check]] = {
    "id": text,
    "person": text,
    "disabled": flag,
    "from": or_null(moment),
    "until": or_null(moment),
    "pin": or_null(digest),
    "uses": or_null(whole(0)),
    "used": whole(0),
}
