"""Which footage is wanted off-site."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from ..models import Footage, Level


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsiteOptions:
    """What is uploaded, and how fast."""

    levels: frozenset[Level] = frozenset()
    """How bad an incident must be for its footage to be wanted off-site."""
    by_camera: Mapping[str, frozenset[Level]] = field(default_factory=dict)
    """The same for cameras that have a rule of their own."""
    by_hand: bool = False
    """Whether footage that belongs to no incident is wanted too."""
    booked: bool = False
    """Whether there is a place for the movies of those bookings that want it."""
    bytes_per_second: int | None = None
    """How fast all uploads together may be; None for as fast as it goes."""
    parallel: int = 3
    """How many files are uploaded at once."""
    retry_first: timedelta = timedelta(seconds=5)
    retry_longest: timedelta = timedelta(minutes=15)


def is_wanted_offsite(row: Footage, options: OffsiteOptions) -> bool:
    """Whether footage is to be uploaded once it is ready."""
    if row.wanted is not None:
        return row.wanted and options.booked
    if row.level is None:
        return options.by_hand
    return row.level in options.by_camera.get(row.camera, options.levels)


def is_any_wanted(options: OffsiteOptions) -> bool:
    """Whether there is footage at all that would be uploaded."""
    by_camera = any(options.by_camera.values())
    return bool(options.levels or by_camera or options.by_hand or options.booked)
