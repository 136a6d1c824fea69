"""Plain English for what happened: numbers, lists, spans, things seen and cards shown."""

from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from typing import Final

from ..models import Passage

NUMBERS: Final = "no one two three four five six seven eight nine ten eleven twelve".split()

# Why somebody was denied, by its code; what is not here is said as it is.
REASONS: Final = {
    "no_grants": "nobody has told this door who may enter",
    "clock": "the clock of this door is wrong",
    "grants_expired": "this door has not heard for too long who may enter",
    "locked_out": "too many wrong attempts",
    "unknown_card": "nobody's card",
    "lockdown": "lockdown",
    "keep_locked": "the door is kept locked",
    "disabled": "the card is disabled",
    "not_yet_valid": "the card is not valid yet",
    "expired": "the card has expired",
    "no_access": "not for this door",
    "outside_schedule": "not at this time",
    "uses_exhausted": "used up",
    "antipassback": "already inside",
    "pin_timeout": "no PIN",
    "wrong_pin": "wrong PIN",
}

PLURALS: Final = {
    "knife": "knives",
    "mouse": "mice",
    "person": "people",
    "scissors": "scissors",
    "sheep": "sheep",
    "skis": "skis",
}


def number(count: int) -> str:
    """Return a count as people write it: two, but 13."""
    return NUMBERS[count] if 0 <= count < len(NUMBERS) else str(count)


def times(count: int) -> str:
    """Return how often: once, twice, three times."""
    return {1: "once", 2: "twice"}.get(count) or f"{number(count)} times"


def several(label: str, count: int) -> str:
    """Return so many of a thing: a person, two people."""
    if count == 1:
        return f"{'an' if label[:1] in 'aeiou' else 'a'} {label}"
    return f"{number(count)} {_plural(label)}"


def listed(words: Collection[str], most: int = 5) -> str:
    """Return "a, b and c", or "a, b and 7 more" of more than so many."""
    shown = list(words)
    if len(shown) > most:
        shown = [*shown[: most - 1], f"{len(shown) - most + 1} more"]
    return " and ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]]))


def were(words: Collection[str]) -> str:
    """Return the list with its verb: "a was", "a and b were"."""
    return f"{listed(words)} {'was' if len(words) == 1 else 'were'}"


def span(duration: timedelta) -> str:
    """Return a duration: 45 s, 1 min 5 s, 2 h 3 min."""
    minutes, seconds = divmod(max(int(duration.total_seconds()), 0), 60)
    hours, minutes = divmod(minutes, 60)
    parts = {"h": hours, "min": minutes, "s": 0 if hours else seconds}
    return " ".join(f"{each} {unit}" for unit, each in parts.items() if each) or "0 s"


def things(labels: Sequence[str], count: int) -> str:
    """Return what was seen: two people; a car and a dog; a car and a person (three at once)."""
    if len(labels) == 1:
        return several(labels[0], max(count, 1))
    crowd = f" ({number(count)} at once)" if count > len(labels) else ""
    return listed([several(label, 1) for label in labels]) + crowd


def cards(passages: Iterable[Passage], nobodys: str) -> list[str]:
    """Return whose cards were shown, each once: Anna's card, or what a nobody's card is called."""
    owners = dict.fromkeys(passage.person for passage in passages)
    return [f"{owner}'s card" if owner else nobodys for owner in owners]


def why(passage: Passage) -> str:
    """Return why somebody was denied, in plain words; empty if nobody knows, or was."""
    return REASONS.get(passage.reason or "", passage.reason or "")


def sentence(text: str) -> str:
    """Return the text as a sentence, its first letter large and a full stop behind it."""
    return f"{text[:1].upper()}{text[1:]}."


def clipped(text: str, longest: int) -> str:
    """Return the text, cut between two words where it is longer than so many characters."""
    if len(text) <= longest:
        return text
    head = text[: longest - 1]
    return (head.rpartition(" ")[0] or head).rstrip(" ,;:") + "…"


def _plural(label: str) -> str:
    if label.endswith(("s", "x", "ch", "sh")) and label not in PLURALS:
        return f"{label}es"
    return PLURALS.get(label, f"{label}s")
