"""An agent's own log, read by the integration."""

from datetime import UTC, datetime
import json
from typing import Any

import pytest

from custom_components.gatehouse.agent import AgentGarbled, LogBatch, LogLevel, LogLine
from custom_components.gatehouse.agent.messages import parse_message
from tests.rooms.agent.loopback import golden


def said(**fields: Any) -> str:
    """Return the golden message with other fields."""
    return json.dumps(golden("logs") | fields)


def one(**fields: Any) -> list[dict[str, Any]]:
    """Return one record with other fields."""
    return [golden("logs")["records"][0] | fields]


def test_the_golden_log_is_read() -> None:
    batch = parse_message(said())

    assert isinstance(batch, LogBatch)
    assert (batch.run, batch.lost, len(batch.lines)) == ("5f0c9a1e4b7d", 0, 2)
    assert batch.lines[1] == LogLine(
        seq=42,
        at=datetime(2026, 11, 18, 11, 6, 49, 250_000, UTC),
        level=LogLevel.WARNING,
        logger="camera_agent.cameras",
        text="Camera front: No frame for 2 s; restarting the camera.",
    )


def test_a_level_that_we_do_not_know_is_not_a_bad_one() -> None:
    batch = parse_message(said(records=one(level="notice")))

    assert isinstance(batch, LogBatch)
    assert batch.lines[0].level is LogLevel.INFO


def test_a_line_without_end_has_one() -> None:
    batch = parse_message(said(records=one(text="x" * 100_000)))

    assert isinstance(batch, LogBatch)
    assert len(batch.lines[0].text) == 4000


@pytest.mark.parametrize(
    "fields",
    [
        {"run": ""},
        {"run": "a/b"},
        {"run": "x" * 41},
        {"lost": -1},
        {"lost": 2**70},
        {"records": None},
        {"records": one(seq=-1)},
        {"records": one(seq="many")},
        {"records": one(at=1e30)},
        {"records": [{}]},
    ],
)
def test_a_log_without_sense_is_garbled(fields: dict[str, Any]) -> None:
    with pytest.raises(AgentGarbled):
        parse_message(said(**fields))
