"""Devices that the kernel itself plays; without a kernel of their own these tests are left out."""

from collections.abc import Iterator

import pytest

from .chip import CONFIGFS, Chip

WHY = "tests/kernel need uinput and gpio-sim in a kernel of their own: scripts/kernel runs them"

if not CONFIGFS.is_dir():
    collect_ignore_glob = ["test_*.py"]


def pytest_report_header() -> str:
    return "" if CONFIGFS.is_dir() else WHY


@pytest.fixture
def header() -> Iterator[Chip]:
    """The pin header of a Raspberry Pi 4, beside a chip that is none."""
    other, header = Chip("raspberrypi-exp-gpio", lines=8), Chip("pinctrl-bcm2711")
    yield header
    header.unplug()
    other.unplug()
