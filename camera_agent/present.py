"""Plays at a simulated door from the command line: cards, keys, the contact and the buttons."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
import json
import socket
from typing import Any, Final, TypeAlias

from .config import AgentConfig
from .door_config import DoorConfig
from .hardware import Feedback
from .reader_config import ReaderKind

Act: TypeAlias = dict[str, str]

PLAYED: Final = ("present", "door", "press")
PATIENCE: Final = 5.0  # seconds for an answer; checking a PIN is slow on purpose
OUTCOMES: Final = {
    Feedback.GRANTED: "Admitted",
    Feedback.DENIED: "Denied",
    Feedback.PIN_WANTED: "The door wants a PIN too: add --pin",
}


class PresentError(Exception):
    """There is nothing to play at, or nobody who answers; the message says what to do."""


def acts_of(command: str, what: str | None, pin: str | None) -> list[Act]:
    """Return what a command line asks for, one by one; raises PresentError."""
    match command, what:
        case "present", _ if what or pin:
            shown = [{"present": what}] if what else []
            return shown + [{"key": key} for key in (f"{pin}#" if pin else "")]
        case "door", ("open" | "close"):
            return [{"contact": what}]
        case "press", ("exit" | "doorbell"):
            return [{"press": what}]
    raise PresentError("Say present CARD, door open, door close, press exit or press doorbell.")


def play(config: AgentConfig, acts: Sequence[Act], door: str | None, reader: str | None) -> bool:
    """Do something at a simulated door, the first unless one is named; print what comes of it.

    Returns whether it was done, and who asked to be admitted was. Raises PresentError.
    """
    where = {"reader": reader} if reader else {}
    with _visit(_socket(config, door)) as (visitor, told):
        for act in acts:
            visitor.sendall(json.dumps(act | where).encode() + b"\n")
        outcome = _outcome(acts, told)
    if outcome is not None:
        print(OUTCOMES[outcome])
    return outcome in {None, Feedback.GRANTED}


def _outcome(acts: Sequence[Act], told: Iterator[dict[str, Any]]) -> Feedback | None:
    """Wait until all is done, and return how the door received who asked to be admitted."""
    asks = "present" in acts[0] or "key" in acts[0]
    passing = {Feedback.LEARNING, *([Feedback.PIN_WANTED] if "key" in acts[-1] else [])}
    done, outcome = 0, None
    while done < len(acts) or (asks and outcome is None):
        one = next(told)
        if "error" in one:
            raise PresentError(one["error"])
        done += "done" in one
        if (shown := one.get("feedback")) and shown not in passing:
            outcome = Feedback(shown)
    return outcome


@contextmanager
def _visit(path: str) -> Iterator[tuple[socket.socket, Iterator[dict[str, Any]]]]:
    with socket.socket(socket.AF_UNIX) as visitor:
        visitor.settimeout(PATIENCE)
        try:
            visitor.connect(path)
            with visitor.makefile("rb") as lines:
                yield visitor, (json.loads(line) for line in lines)
        except (TimeoutError, StopIteration) as error:
            raise PresentError("The agent does not answer: its log may tell why.") from error
        except OSError as error:
            sentence = f"Nobody is at {path} ({error.strerror}): start the agent, as this user."
            raise PresentError(sentence) from error


def _socket(config: AgentConfig, door: str | None) -> str:
    for one in config.doors:
        if door in {None, one.id} and (path := _plays(one)):
            return path
    named = f"The door {door} is not simulated" if door else "There is no simulated door"
    raise PresentError(f"{named}: give one simulated = a path in agent.toml.")


def _plays(door: DoorConfig) -> str | None:
    """Return the socket of a door, or of the first of its readers that is played."""
    devices = (one.device for one in door.readers if one.kind is ReaderKind.SIMULATED)
    return door.simulated or next(devices, None)
