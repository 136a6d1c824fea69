"""The bench of Home Assistant, its own machinery: what it writes, and what it makes of lives."""

from dataclasses import replace
from pathlib import Path
import socket

import pytest
from pytest_socket import socket_allow_hosts

from camera_agent.config import load
from scripts.benchmarks import __main__ as bench, compiled, home_viewing, home_weight
from scripts.benchmarks.home_agents import CAMERAS, config_of, resting
from scripts.benchmarks.home_floor import Reasons, model_mb
from scripts.benchmarks.home_weight import ALIKE, BARE, FEW, MANY, MODEL, added
from scripts.benchmarks.homes import NAME, PROBE, Home, Life
from scripts.benchmarks.results import Missing, Result
from scripts.benchmarks.watchers import Watched
from scripts.demonstration.memory import AgentMemory
from tests.networks import network, yolov8

REASONS = Reasons(import_ms=350.0, import_mb=20.0, model_mb=55.0)


def lives(*starts: float, memory_mb: float = 250.0) -> list[Life]:
    return [Life(start_s=start, start_cpu_s=start, memory_mb=memory_mb) for start in starts]


def verdicts(results: list[Result]) -> dict[str, str]:
    return {each.name: each.verdict for each in results if each.goal == "H2"}


def test_what_is_added_is_told_beside_the_same_round_without_it() -> None:
    told = added(
        {
            BARE: lives(4.0, 5.0, 4.0),
            FEW: lives(4.2, 5.0, 4.1, memory_mb=260.0),
            MANY: lives(4.4, 5.5, 4.4, memory_mb=261.0),
            ALIKE: lives(4.2, 5.2, 4.2, memory_mb=254.0),
        },
        REASONS,
        busy=False,
    )

    results = list(told)
    assert verdicts(results) == {
        f"start, {FEW}": "passes",
        f"memory added, {FEW}": "passes",
        f"start, {MANY}": "falls short",
        f"memory added, {MANY}": "falls short",
    }
    reasons = {each.name: each.bound for each in results}
    assert reasons[f"start, {MANY}"] == (
        "loading the code takes 350 ms of the processor, "
        "a start with as many bare entities takes 1.05 times that without"
    )
    assert reasons[f"memory added, {FEW}"] == "the code takes 20 MB"
    assert reasons[f"memory added, {MANY}"] == ("the code takes 20 MB, as many bare entities 4 MB")


def test_a_model_may_take_more_memory_and_a_busy_machine_is_not_our_fault() -> None:
    told = list(added({BARE: lives(4.0), MODEL: lives(4.4, memory_mb=290.0)}, REASONS, busy=True))

    assert told[-1].bound == "the code takes 20 MB, onnxruntime with the model alone 55 MB"
    assert verdicts(told) == {f"start, {MODEL}": "noisy", f"memory added, {MODEL}": "passes"}


async def test_onnxruntime_with_a_model_is_weighed_in_a_process_of_its_own(tmp_path: Path) -> None:
    network(tmp_path / "model.onnx", yolov8([]))

    assert 5 < await model_mb(tmp_path / "model.onnx") < 200


def test_an_agent_of_the_bench_has_all_its_cameras(tmp_path: Path) -> None:
    file = tmp_path / "agent.toml"
    memory = AgentMemory(id="bench0", token="x" * 32, port=8967)

    file.write_text(config_of(memory, resting(tmp_path, (1280, 720)), CAMERAS))

    config = load(file)
    assert [camera.id for camera in config.cameras] == [f"camera{n}" for n in range(CAMERAS)]
    assert {camera.fps for camera in config.cameras} == {5}


def test_a_home_and_its_copy_have_the_probe_and_the_same_door(
    tmp_path: Path, socket_enabled: None
) -> None:
    socket_allow_hosts(["127.0.0.1"], allow_unix_socket=True)
    home = Home.made(tmp_path / "home")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as left_over:
        left_over.bind(str(tmp_path / "home" / "told.sock"))

    copy = home.copied(tmp_path / "copy")

    probe = tmp_path / "copy" / "config" / "custom_components" / NAME
    assert {"__init__.py", "lag.py", "manifest.json"} <= {path.name for path in probe.iterdir()}
    assert (probe / "__init__.py").read_bytes() == (PROBE / "__init__.py").read_bytes()
    assert copy.address == home.address


async def test_without_a_compiler_nobody_looks_through_home_assistant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "COMPILER", "no-such-compiler")

    (told,) = await home_viewing.measured(tmp_path, tmp_path, bench.QUICK)

    assert isinstance(told, Missing)
    assert "no C compiler" in told.reason


def test_what_home_assistant_does_when_nobody_watches_is_no_picture_s_cost() -> None:
    core = Watched(cost_us=700, camera_us=0, missed=0, age_ms=2, memory_mb=300)
    ours = replace(core, cost_us=500)
    both = {home_viewing.OURS: [ours], home_viewing.CORE: [core]}
    each_second = 200.0 * home_viewing.FPS

    viewing, alone, *_ = home_viewing._results(1, both, [each_second], busy=False)

    assert (viewing.p50, viewing.ratio) == (300, 0.6)
    assert (alone.p50, alone.verdict) == (each_second, "")


async def test_a_glance_imports_and_says_why_the_rest_is_not_measured(tmp_path: Path) -> None:
    imported, memory, missing = await home_weight.measured(tmp_path, tmp_path, bench.QUICK)

    assert isinstance(imported, Result)
    assert imported.p50 > 0
    assert isinstance(memory, Result)
    assert memory.unit == "MB"
    assert missing == Missing(name="start, memory, loop lag", reason=home_weight.LONG, goal="H2")
