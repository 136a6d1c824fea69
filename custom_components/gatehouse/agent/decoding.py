"""Words of the wire to values: moments, spans, and what broken JSON means."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
import json
import math
import re
from typing import Any, Final

from .errors import AgentGarbled

HIGHEST: Final = 2**62  # what any database counts to

# How JSON writes halves of characters; two of them are a whole one.
_HALVES: Final = re.compile(r"\\u[dD][89a-fA-F]")


@contextmanager
def decoding() -> Iterator[None]:
    """Turn everything that broken JSON can raise into AgentGarbled."""
    try:
        yield
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        ArithmeticError,
        OSError,
        RecursionError,
    ) as error:
        raise AgentGarbled(f"What the agent sent makes no sense: {error!r}") from error


def read_json(text: str | bytes) -> Any:
    """Return what JSON says; raises ValueError also for text that nobody could write down."""
    found = json.loads(text)
    if _HALVES.search(text if isinstance(text, str) else text.decode()):
        json.dumps(found, ensure_ascii=False).encode()
    return found


def whole(value: Any) -> int:
    """Return a number that can be counted to; raises ValueError."""
    if not -HIGHEST < (found := int(value)) < HIGHEST:
        raise ValueError("nothing has so many")
    return found


def number(value: Any) -> float:
    """Return a finite number; raises ValueError."""
    if not math.isfinite(found := float(value)):
        raise ValueError("a number has an end")
    return found


def whole_or_none(value: Any) -> int | None:
    """Return a number that can be counted to, None for none."""
    return None if value is None else whole(value)


def text_or_none(value: Any) -> str | None:
    """Return a text, None for none."""
    return None if value is None else str(value)


def moment(seconds: float) -> datetime:
    """Return the time that the wire calls by seconds since the epoch."""
    return datetime.fromtimestamp(seconds, UTC)


def moment_or_none(seconds: float | None) -> datetime | None:
    """Return the time, None for none."""
    return None if seconds is None else moment(seconds)


def span_or_none(seconds: float | None) -> timedelta | None:
    """Return the span of so many seconds, None for none."""
    return None if seconds is None else timedelta(seconds=seconds)


def milliseconds_or_none(milliseconds: float | None) -> timedelta | None:
    """Return the span of so many milliseconds, None for none."""
    return None if milliseconds is None else timedelta(milliseconds=milliseconds)
