"""The unit is one that systemd takes, and lets the agent do nothing but its work."""

from pathlib import Path
import re
import shutil
import subprocess

import pytest

from camera_agent import service
from camera_agent.power import RESTART_CODE

MOST_EXPOSED: float = 2.0
ANALYZE = shutil.which("systemd-analyze")
with_systemd = pytest.mark.skipif(
    ANALYZE is None, reason="systemd-analyze is missing (on Debian: apt install systemd)"
)


def analyze(*arguments: str) -> str:
    command = [str(ANALYZE), "--no-pager", *arguments]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.stdout


@with_systemd
def test_it_is_exposed_to_little() -> None:
    told = analyze("security", "--offline=true", str(service.UNIT))

    (level,) = re.findall(r"Overall exposure level for \S+: ([\d.]+)", told)
    assert float(level) <= MOST_EXPOSED


@with_systemd
def test_systemd_finds_nothing_wrong_in_it(tmp_path: Path) -> None:
    unit = tmp_path / service.UNIT.name
    text = service.UNIT.read_text()
    (python,) = re.findall("^ExecStart=(.+?) ", text, re.MULTILINE)
    unit.write_text(text.replace(python, "/bin/true"))

    assert analyze("verify", "--man=no", str(unit)) == ""


@pytest.mark.parametrize(
    "setting",
    [
        "Type=notify",
        "WatchdogSec=30",
        "DynamicUser=yes",
        "StateDirectory=gatehouse-agent",
        "ProtectSystem=strict",
        "NoNewPrivileges=yes",
        "DevicePolicy=closed",
        "Restart=always",
        # Who keeps the doors ends after the agent, and locks them in between.
        "KillMode=control-group",
    ],
)
def test_it_says(setting: str) -> None:
    assert setting in service.UNIT.read_text().splitlines()


def test_it_may_ask_whether_the_clock_is_set() -> None:
    lines = service.UNIT.read_text().splitlines()

    # What stands later counts; ProtectClock would take it away again wherever it stands.
    assert not any(line.startswith("ProtectClock=") for line in lines)
    (allowed,) = (line for line in lines if "adjtimex" in line)
    assert allowed == "SystemCallFilter=adjtimex clock_adjtime clock_adjtime64"
    assert lines.index(allowed) > lines.index("SystemCallFilter=~@privileged @resources")


def test_it_asks_for_nothing_that_debian_12_does_not_know_or_that_ends_restarts() -> None:
    text = service.UNIT.read_text()

    assert "RestartSteps" not in text
    assert "RestartPreventExitStatus" not in text
    assert f"{RESTART_CODE} is a restart" in text


def test_the_drop_in_has_only_groups_that_there_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "group").write_text("root:x:0:\ninput:x:104:\nspider:x:1:\nvideo:x:44:\n")

    assert service.main(["groups", str(tmp_path)]) == 0

    assert capsys.readouterr().out == "[Service]\nSupplementaryGroups=video input\n"


def test_the_unit_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert service.main(["unit"]) == 0
    assert capsys.readouterr().out == service.UNIT.read_text()


def test_the_groups_of_this_machine_are_told_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert service.main(["groups"]) == 0
    assert capsys.readouterr().out.startswith("[Service]\nSupplementaryGroups=")


def test_anything_else_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert service.main([]) == 2
    assert "say unit, or groups" in capsys.readouterr().err
