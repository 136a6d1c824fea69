"""agent.toml as anybody may write it: what is taken is within bounds, what is not says where."""

from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from datetime import timedelta
import json
import math
from pathlib import Path
from typing import Any

from hypothesis import example, given
import pytest

from camera_agent.config import AgentConfig
from camera_agent.reader_config import ReaderKind
from tests.fuzzing import ANYTHING, fuzzed, mutated

from .properties import read_configuration

WHOLE: dict[str, Any] = {
    "agent": {
        "id": "porch", "name": "Porch", "token": "0123456789abcdef", "host": "127.0.0.1",
        "port": 8467, "data": "data", "announce": False, "ring": 15.0,
    },
    "tls": {"enabled": True, "certificate": "own.pem", "key": "own.key", "mutual": False},
    "cameras": [
        {
            "id": "front", "name": "Front", "source": "video", "path": "a.mp4", "width": 640,
            "height": 360, "fps": 15, "jpeg_fps": 5.5, "quality": 80, "bitrate": 2000,
            "crop": [0, 0, 10, 10], "start": 0, "end": 10, "motion_threshold": 0.01, "audio": True,
        }
    ],
    "doors": [
        {
            "id": "back", "relay": 17, "contact": {"line": 4, "debounce": 0.1}, "unlock": 5,
            "longest": 30, "fail": "safe", "held_open": 60, "led": {"line": 5, "chip": "x"},
            "readers": [
                {"id": "in", "kind": "wiegand", "lines": [1, 2], "direction": "in"},
                {"id": "out", "kind": "osdp", "device": "/dev/ttyUSB0", "address": 1,
                 "key": "0" * 32, "baud": 9600, "debounce": 2, "keypad": True, "bytes": 4},
                {"id": "usb", "kind": "hid", "device": "x", "format": "hex", "byteorder": "little"},
            ],
        }
    ],
    "spool": {"enabled": True, "quota_mb": 100, "free_mb": 200},
    "bookings": {"quota_mb": 500, "free_mb": 200},
    "detector": {"model": "model.onnx", "threads": 1, "threshold": 0.5},
}  # fmt: skip

# What docs/agent.md promises of numbers, by the names of the fields.
BOUNDS = {
    "port": (1, 65_535), "ring": (1, 120), "width": (64, 4096), "height": (64, 4096),
    "fps": (1, 60), "jpeg_fps": (0.1, 60), "quality": (10, 100), "bitrate": (100, 50_000),
    "start": (0, 86_400), "end": (0, 86_400), "motion_threshold": (0.0005, 1),
    "quota_mb": (50, 10_000_000), "free_mb": (200, 1_000_000), "threads": (0, 64),
    "threshold": (0.01, 1), "line": (0, 1023), "debounce": (0, 60), "baud": (1200, 921_600),
    "address": (0, 127), "bytes": (1, 16), "unlock": (0.2, 600), "longest": (1, 600),
    "held_open": (1, 3600),
}  # fmt: skip


def toml(value: Any) -> str:
    """Write a value as TOML has it; what it cannot hold becomes something else."""
    match value:
        case dict():
            return f"{{{', '.join(f'{_text(key)} = {toml(one)}' for key, one in value.items())}}}"
        case list():
            return f"[{', '.join(map(toml, value))}]"
        case str():
            return _text(value)
        case None:
            return "1979-05-27"
        case float() if not math.isfinite(value):
            return str(value)
    return json.dumps(value)


def _text(text: str) -> str:
    return json.dumps(text.encode(errors="replace").decode()).replace("\x7f", "\\u007f")


def leaves(config: object, name: str = "") -> Iterable[tuple[str, Any]]:
    """Yield all values of a configuration, with the names of their fields."""
    if is_dataclass(config):
        for one in fields(config):
            yield from leaves(getattr(config, one.name), one.name)
    elif isinstance(config, tuple):
        for each in config:
            yield from leaves(each, name)
    else:
        yield name, config


def in_bounds(config: AgentConfig) -> None:
    for name, value in leaves(config):
        number = value.total_seconds() if isinstance(value, timedelta) else value
        if name in BOUNDS and number is not None:
            low, high = BOUNDS[name]
            assert low <= number <= high, name
        assert "\0" not in str(value), name
    for door in config.doors:
        assert door.unlock <= door.longest
        for reader in door.readers:
            assert reader.kind is not ReaderKind.WIEGAND or len(reader.lines) == 2


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "agent.toml"


@given(said=mutated(WHOLE))
@example(said=WHOLE)
@fuzzed(150)
def test_whatever_is_taken_is_within_bounds(file: Path, said: Any) -> None:
    tables = said.items() if isinstance(said, dict) else [("agent", said)]
    file.write_text("\n".join(f"{_text(key)} = {toml(value)}" for key, value in tables))

    config = read_configuration(file)

    assert config is None or in_bounds(config) is None


@pytest.mark.parametrize("place", ["agent", "tls", "cameras", "doors", "spool", "detector"])
@given(wild=ANYTHING)
@fuzzed(15)
def test_a_table_that_is_something_else_is_told_by_its_name(
    file: Path, place: str, wild: Any
) -> None:
    rest = {key: value for key, value in WHOLE.items() if key != place}
    file.write_text(
        "\n".join(f"{key} = {toml(value)}" for key, value in {**rest, place: wild}.items())
    )

    config = read_configuration(file)

    assert config is None or in_bounds(config) is None


def test_what_is_whole_is_taken(file: Path) -> None:
    """Else the tests above would only try what is refused."""
    file.write_text("\n".join(f"{key} = {toml(value)}" for key, value in WHOLE.items()))

    assert read_configuration(file) is not None
