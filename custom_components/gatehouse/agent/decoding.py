"""Words of the wire to values: moments, spans, and what broken JSON means."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from .errors import AgentGarbled


@contextmanager
def decoding() -> Iterator[None]:
    """Turn everything that broken JSON can raise into AgentGarbled."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, OSError) as error:
        raise AgentGarbled(f"What the agent sent makes no sense: {error!r}") from error


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
