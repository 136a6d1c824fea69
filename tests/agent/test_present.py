"""Playing at a simulated door from the command line, as its owner does."""

from collections.abc import Iterator
from contextlib import contextmanager
import json
from pathlib import Path
import socket
import threading
from typing import Any

import pytest

from camera_agent import present
from camera_agent.__main__ import main

TOML = """
[agent]
id = "porch"
token = "0123456789abcdef"
[[doors]]
id = "gate"
[[doors]]
id = "front"
simulated = "front.sock"
[[doors.readers]]
id = "outside"
kind = "simulated"
[[doors]]
id = "back"
[[doors.readers]]
id = "inside"
kind = "simulated"
device = "inside.sock"
"""
DONE = {"done": "it"}
Answer = list[dict[str, Any]]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "agent.toml"
    path.write_text(TOML)
    return path


@contextmanager
def answering(path: Path, *answers: Answer) -> Iterator[list[dict[str, Any]]]:
    """Play an agent that has these answers to the lines it is told, and leaves after the last."""
    told: list[dict[str, Any]] = []

    def play() -> None:
        visit, _ = stage.accept()
        with visit, visit.makefile("rwb") as lines:
            for answer in [[{"relay": False}], *answers]:
                for one in answer:
                    lines.write(json.dumps(one).encode() + b"\n")
                lines.flush()
                told.append(json.loads(lines.readline() or "{}"))

    with socket.socket(socket.AF_UNIX) as stage:
        stage.bind(str(path))
        stage.listen()
        player = threading.Thread(target=play)
        player.start()
        yield told
        player.join(10)


@pytest.mark.parametrize(
    ("arguments", "answers", "code", "said", "told"),
    [
        (
            ["present", "0102030405"],
            [[DONE, {"relay": True}, {"feedback": "granted"}]],
            0,
            "Admitted\n",
            [{"present": "0102030405"}],
        ),
        (
            ["present", "0102030405"],
            [[{"feedback": "denied"}, DONE]],
            1,
            "Denied\n",
            [{"present": "0102030405"}],
        ),
        (
            ["present", "01", "--reader", "outside"],
            [[DONE, {"feedback": "pin_wanted"}]],
            1,
            "The door wants a PIN too: add --pin\n",
            [{"present": "01", "reader": "outside"}],
        ),
        (
            ["present", "01", "--pin", "7"],
            [[DONE, {"feedback": "pin_wanted"}], [DONE], [DONE, {"feedback": "granted"}]],
            0,
            "Admitted\n",
            [{"present": "01"}, {"key": "7"}, {"key": "#"}],
        ),
        (
            ["present", "--pin", "7"],
            [[DONE], [DONE, {"feedback": "denied"}]],
            1,
            "Denied\n",
            [{"key": "7"}, {"key": "#"}],
        ),
        (
            ["present", "01"],
            [[{"feedback": "learning"}, DONE, {"feedback": "granted"}]],
            0,
            "Admitted\n",
            [{"present": "01"}],
        ),
        (["door", "open"], [[DONE]], 0, "", [{"contact": "open"}]),
        (["door", "close", "--door", "front"], [[DONE]], 0, "", [{"contact": "close"}]),
        (["press", "doorbell"], [[DONE]], 0, "", [{"press": "doorbell"}]),
    ],
)
def test_what_is_played_is_done_and_what_comes_of_it_is_told(
    config: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    answers: list[Answer],
    code: int,
    said: str,
    told: list[dict[str, Any]],
) -> None:
    with answering(config.parent / "front.sock", *answers) as heard:
        assert main([*arguments, "--config", str(config)]) == code

    assert [one for one in heard if one] == told
    assert capsys.readouterr().out == said


def test_a_reader_may_be_played_without_its_door(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with answering(config.parent / "inside.sock", [DONE, {"feedback": "granted"}]):
        assert main(["--config", str(config), "present", "01", "--door", "back"]) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["present"], "Say present CARD, door open"),
        (["door", "ajar"], "Say present CARD, door open"),
        (["press"], "Say present CARD, door open"),
        (["present", "01", "--door", "gate"], "The door gate is not simulated: give one"),
        (["present", "01", "--door", "attic"], "The door attic is not simulated: give one"),
        (["present", "01"], "front.sock (No such file or directory): start the agent, as this"),
    ],
)
def test_what_cannot_be_played_is_told(
    config: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert main([*arguments, "--config", str(config)]) == 1
    assert said in capsys.readouterr().err


def test_an_agent_without_simulated_doors_is_told(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(TOML.partition('[[doors]]\nid = "front"')[0])
    assert main(["present", "01", "--config", str(config)]) == 1
    assert "There is no simulated door: give one" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([[{"error": "There is no such reader."}]], "There is no such reader."),
        ([[DONE]], "The agent does not answer: its log may tell why."),
    ],
)
def test_a_door_that_does_not_play_along_is_told(
    config: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    answers: list[Answer],
    said: str,
) -> None:
    monkeypatch.setattr(present, "PATIENCE", 0.2)
    with answering(config.parent / "front.sock", *answers, []):
        assert main(["present", "01", "--config", str(config)]) == 1
    assert said in capsys.readouterr().err
