"""Doors as people choose them: by the entity that stands for one, by its lock, or by its key."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .access import AccessNotFound
from .asking import site_of
from .other_doors import locks

if TYPE_CHECKING:
    from .hub import Hub


def door_called(hub: Hub, name: str) -> str:
    """Return the key of a door; raises AccessNotFound."""
    if name in hub.admission.doors():
        return name
    others = locks(site_of(hub.hass))
    for door, entity in (*hub.admission.entities().items(), *others.items()):
        if entity == name:
            return door
    raise AccessNotFound(f"{name} is not a door of Gatehouse: choose the lock of one")


def doors_called(hub: Hub, names: Iterable[str]) -> tuple[str, ...]:
    """Return the keys of doors, each once; raises AccessNotFound."""
    return tuple(dict.fromkeys(door_called(hub, name) for name in names))
