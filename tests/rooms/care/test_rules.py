"""What is wrong with an agent, and what is not."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from custom_components.gatehouse.agent import AgentStats, Booked
from custom_components.gatehouse.care import ProblemKind, is_older, problems
from custom_components.gatehouse.models import CameraStatus
from tests.rooms.care.reports import FRONT, NOON, WELL, access, camera

GIGABYTE = 1_000_000_000


def wrong(told: frozenset[str] = frozenset(), **fields: Any) -> list[ProblemKind]:
    """Return the kinds of what is wrong with an agent that differs from a healthy one so."""
    return [each.kind for each in problems(replace(WELL, **fields), "0.2.0", NOON, told)]


def booked(error: str | None) -> dict[str, Any]:
    """Return what to replace for an agent to say so of its bookings."""
    return {"bookings": Booked(planned=1, running=0, waiting=0, size=0, error=error)}


def disk(percent: float | None, free: int | None) -> dict[str, Any]:
    """Return what to replace for an agent to have such a disk."""
    return {"stats": AgentStats(disk_percent=percent, disk_free_bytes=free)}


def test_nothing_is_wrong_with_a_healthy_agent() -> None:
    assert wrong() == []


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"connected": False}, ProblemKind.AGENT_OFFLINE),
        (camera(CameraStatus.OFFLINE), ProblemKind.CAMERA_OFFLINE),
        (camera(CameraStatus.STARTING), ProblemKind.CAMERA_OFFLINE),
        (
            camera(CameraStatus.ONLINE, frame_age=timedelta(seconds=61)),
            ProblemKind.CAMERA_OFFLINE,
        ),
        (disk(90.0, 50 * GIGABYTE), ProblemKind.AGENT_DISK),
        (disk(30.0, GIGABYTE - 1), ProblemKind.AGENT_DISK),
        (disk(95.0, None), ProblemKind.AGENT_DISK),
        ({"clock_ahead": timedelta(seconds=5.1)}, ProblemKind.AGENT_CLOCK),
        ({"clock_ahead": timedelta(seconds=-5.1)}, ProblemKind.AGENT_CLOCK),
        (
            {"clock_ahead": timedelta(seconds=31), "doors": ("Front",)},
            ProblemKind.AGENT_CLOCK_DOORS,
        ),
        ({"clock_ahead": timedelta(seconds=29), "doors": ("Front",)}, ProblemKind.AGENT_CLOCK),
        ({"clock_ahead": timedelta(hours=1)}, ProblemKind.AGENT_CLOCK),
        ({"version": "0.1.9"}, ProblemKind.AGENT_OUTDATED),
        ({"stats": AgentStats(under_voltage=True)}, ProblemKind.UNDER_VOLTAGE),
        ({"access": access(version=None, issued=None)}, ProblemKind.NO_GRANTS),
        ({"access": access(issued=NOON - timedelta(hours=25))}, ProblemKind.GRANTS_OLD),
        (booked("no_space"), ProblemKind.BOOKINGS_NO_SPACE),
        (booked("internal"), ProblemKind.BOOKINGS_FAILING),
    ],
)
def test_somebody_has_to_see_to(fields: dict[str, Any], kind: ProblemKind) -> None:
    assert wrong(**fields) == [kind]


@pytest.mark.parametrize(
    "fields",
    [
        {"connected": False, "is_told": True},
        camera(CameraStatus.PRIVATE),
        camera(CameraStatus.ONLINE, frame_age=timedelta(seconds=59)),
        disk(89.9, GIGABYTE),
        disk(None, None),
        {"clock_ahead": timedelta(seconds=4.9)},
        {"version": "0.3.0"},
        {"version": None},
        {"access": access()},
        {"access": access(issued=None)},
        booked(None),
        booked("camera_offline"),
        booked("camera_private"),
    ],
)
def test_nobody_has_to_see_to(fields: dict[str, Any]) -> None:
    assert wrong(**fields) == []


def test_of_an_agent_that_is_away_nothing_else_is_known() -> None:
    fields = disk(99.0, 0) | camera(CameraStatus.OFFLINE) | {"version": "0.1.0"}

    assert wrong(connected=False, error="It does not answer.", **fields) == [
        ProblemKind.AGENT_OFFLINE
    ]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (disk(88.0, 50 * GIGABYTE), "agent_disk_porch"),
        (disk(30.0, GIGABYTE + 1), "agent_disk_porch"),
        ({"clock_ahead": timedelta(seconds=4)}, "agent_clock_porch"),
    ],
)
def test_what_was_told_stays_told_until_it_is_clearly_better(
    fields: dict[str, Any], problem: str
) -> None:
    assert wrong(**fields) == []
    assert wrong(frozenset({problem}), **fields) == [problem.removesuffix("_porch")]


def test_a_problem_of_a_camera_is_called_by_the_camera_and_can_be_fixed() -> None:
    agent = replace(WELL, **camera(CameraStatus.OFFLINE, error="No frame for 5 s."))

    [problem] = problems(agent, "0.2.0", NOON, frozenset())

    assert problem.id == f"camera_offline_{FRONT}"
    assert problem.fixable
    assert problem.words == {"camera": "Front door", "name": "Porch", "error": "No frame for 5 s."}


@pytest.mark.parametrize(
    ("version", "than", "older"),
    [
        ("0.9.0", "0.10.0", True),
        ("0.10.0", "0.9.0", False),
        ("1.0", "1.0.1", True),
        ("1.0.0b2", "1.0.0", False),
        ("dev", "1.0.0", False),
        ("", "1.0.0", False),
        ("1.0.0", "unknown", False),
    ],
)
def test_a_release_is_older(version: str, than: str, older: bool) -> None:
    assert is_older(version, than) is older
