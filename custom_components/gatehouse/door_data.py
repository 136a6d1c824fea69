"""The doors of one agent as entities read them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from .agent import DoorInfo, DoorState, State


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorData:
    """One door: what is known of it, and how it is."""

    info: DoorInfo
    state: DoorState | None = None
    """None until its agent has told it."""


def unseen_doors(infos: Iterable[DoorInfo]) -> dict[str, DoorData]:
    """Return doors of which nothing was told yet, by their own ids."""
    return {info.id: DoorData(info=info) for info in infos}


def doors_told(state: State) -> dict[str, DoorData]:
    """Return the doors that an agent tells of when it is connected, by their own ids."""
    return {
        info.id: DoorData(info=info, state=state.door_states.get(info.id)) for info in state.doors
    }


def with_state(
    doors: Mapping[str, DoorData], door: str, state: DoorState
) -> Mapping[str, DoorData]:
    """Return the doors with another state of one of them, if it is one."""
    if door not in doors:
        return doors
    return {**doors, door: replace(doors[door], state=state)}
