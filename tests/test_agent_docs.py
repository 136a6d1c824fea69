"""What docs/agent.md tells of commands and keys is what the agent knows."""

from dataclasses import MISSING, fields
from datetime import timedelta
from pathlib import Path
import re
import subprocess

import pytest

from camera_agent import camera_config, config
from camera_agent.__main__ import COMMANDS

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "agent.md").read_text()
INSTALLER = ROOT / "camera_agent" / "install"
TABLES = {
    "agent": (config._AGENT, config.AgentConfig),
    "tls": (config._TLS, config.TlsConfig),
    "cameras": (camera_config._CAMERA, camera_config.CameraConfig),
    "spool": (config._SPOOL, config.SpoolConfig),
    "bookings": (config._BOOKINGS, config.BookingsConfig),
    "detector": (config._DETECTOR, config.DetectorConfig),
}


def rows(head: str) -> list[list[str]]:
    """Return the cells of the table whose first head is this, without its head."""
    (part,) = [part for part in TEXT.split("\n\n") if part.startswith(f"| {head} |")]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in part.splitlines()[2:]]


def named(name: str) -> str:
    return f"key of `[[{name}]]`" if name == "cameras" else f"key of `[{name}]`"


def worth(default: object) -> str:
    """Write a default as the table does."""
    match default:
        case bool():
            return f"`{str(default).lower()}`"
        case timedelta():
            return f"{default.total_seconds():g}"
        case str():
            return f"`{default}`"
        case _:
            return f"{default:g}"


@pytest.mark.parametrize("name", TABLES)
def test_every_key_is_told(name: str) -> None:
    rules, _ = TABLES[name]

    assert [cells[0].strip("`") for cells in rows(named(name))] == [*rules]


@pytest.mark.parametrize("name", TABLES)
def test_a_default_is_what_it_says(name: str) -> None:
    _, kind = TABLES[name]
    told = {cells[0].strip("`"): cells[1] for cells in rows(named(name))}
    plain = {
        field.name: worth(field.default)
        for field in fields(kind)
        if field.name in told and field.default not in {MISSING, None}
    }

    assert {key: told[key] for key in plain} == plain


def test_every_command_is_told() -> None:
    told = re.findall(r"`(?:sudo )?gatehouse-agent ([a-z]+)", TEXT)

    assert {"check", "doctor", "pair", "present"} <= {*told} <= {*COMMANDS, "doctor"}


def test_every_option_of_the_installer_is_told() -> None:
    usage = subprocess.run(
        ["sh", INSTALLER, "--help"], capture_output=True, text=True, check=True
    ).stdout
    options = {*re.findall(r"--[a-z-]+", usage)}

    assert {"--with", "--uninstall"} <= options
    # To run from a folder is for who works on it.
    assert options - {*re.findall(r"`(--[a-z-]+)", TEXT)} == {"--start"}
