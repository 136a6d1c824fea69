"""The benchmarks' own machinery, with few rows: that it measures, not how fast anything is."""

import asyncio
from contextlib import closing
from dataclasses import replace
import json
from pathlib import Path
import sqlite3
import subprocess
import sys
import time

from PIL import Image
import pytest
from pytest_socket import socket_allow_hosts

from custom_components.gatehouse.database import Database
from custom_components.gatehouse.footage.mp4 import inspect
from custom_components.gatehouse.models import Box, Detection
from scripts.benchmarks import (
    __main__ as bench,
    batches,
    clips,
    compiled,
    crowds,
    detecting,
    doors,
    encoding,
    entrance,
    fanout,
    offsite,
    passages,
    servers,
    sightings,
    watchers,
)
from scripts.benchmarks.__main__ import main
from scripts.benchmarks.goals import GOALS, reached
from scripts.benchmarks.harness import Case, asking, doing, measure, spending
from scripts.benchmarks.lateness import watched
from scripts.benchmarks.report import as_json, as_tables
from scripts.benchmarks.results import Missing, Result, bounded
from scripts.benchmarks.seeds import incidents, seeded
from tests.networks import FAMILIES, PERSON, Seen, network
from tests.rooms.footage.storage import SeaweedFS

FEW = 2_000
DETECTION = ("D1", "D2", "D3", "D4", "D5", "D6")
WEED = SeaweedFS.program()


def result(
    *ratios: float, p99: float = 1.0, busy: bool = False, times: float | None = None
) -> Result:
    return Result(
        name="work",
        p50=0.5,
        p99=p99,
        reference_p50=0.1,
        reference_p99=0.2,
        ratios=ratios,
        most=10.0,
        times=times,
        busy=busy,
    )


@pytest.mark.parametrize(
    ("measured", "verdict"),
    [
        (result(2.0, 2.1), "passes"),
        (result(2.0, 2.1, p99=10.1), "falls short"),
        (result(2.0, 4.1), "passes"),
        (result(2.0, 4.1, p99=10.1), "noisy"),
        (result(2.0, 2.1, p99=10.1, busy=True), "noisy"),
        (result(2.0, 2.1, times=2.1), "passes"),
        (result(2.0, 2.1, times=2.0), "falls short"),
        (result(2.0, 2.1, times=2.0, busy=True), "noisy"),
        (result(2.0, 2.1, times=2.1, p99=10.1), "falls short"),
    ],
)
def test_what_falls_short_in_noise_is_called_noisy(measured: Result, verdict: str) -> None:
    assert measured.verdict == verdict


def of_goal(goal: str, p99: float, *, busy: bool = False) -> Result:
    return Result(name="work", p50=p99, p99=p99, unit="MB", most=10.0, goal=goal, busy=busy)


ABSENT = Missing(name="work", reason="there is no peer", goal="M1")


@pytest.mark.parametrize(
    ("group", "verdict"),
    [
        ([of_goal("M1", 9.0), of_goal("M1", 10.0)], "passes"),
        ([of_goal("M1", 9.0), of_goal("M1", 10.1)], "falls short"),
        ([of_goal("M1", 9.0), of_goal("M1", 10.1, busy=True)], "noisy"),
        ([of_goal("M1", 9.0), ABSENT], "not measured"),
        ([of_goal("M1", 10.1), ABSENT], "falls short"),
        ([of_goal("M1", 9.0), of_goal("M2", 10.1)], "passes"),
    ],
)
def test_a_goal_is_reached_when_all_that_belongs_to_it_is(
    group: list[Result | Missing], verdict: str
) -> None:
    first = next(reached({"mjpeg": group}))

    assert (first.goal, first.verdict) == ("M1", verdict)


def test_each_goal_has_a_row_that_tells_why_nothing_is_known_of_it() -> None:
    rows = {row.goal: row for row in reached({"mjpeg": [ABSENT], "store": []})}

    assert list(rows) == list(GOALS)
    assert {row.verdict for row in rows.values()} == {"not measured"}
    assert rows["M1"].reason == "there is no peer"
    assert rows["M2"].reason == "nothing in the group mjpeg measures it"
    assert rows["A1"].reason == "the group access was left out"


def test_of_a_goal_the_tightest_is_shown_the_ratio_first() -> None:
    cheap, dear = (
        replace(of_goal("M1", 9.0), most=None, times=0.5, ratios=(ratio,)) for ratio in (0.1, 0.4)
    )

    table = as_tables("a machine", {"mjpeg": [cheap, dear, ABSENT]}, bench.FIGURES)
    told = json.loads(as_json("a machine", {"mjpeg": [cheap, dear, ABSENT]}))

    assert "M1  not measured  0.40 of 0.5 times (9.00 MB)" in table
    assert table.startswith("a machine")
    assert told["goals"]["M1"]["tightest"]["ratio"] == 0.4
    assert told["mjpeg"][2]["verdict"] == "not measured"


def test_nothing_at_all_may_be_what_is_allowed() -> None:
    nothing = replace(of_goal("D4", 0.0), most=0.0)

    assert nothing.verdict == "passes"
    assert replace(nothing, p99=0.1).verdict == "falls short"


def test_each_goal_is_measured_by_a_group_that_says_what_its_figures_are() -> None:
    assert set(bench.GROUPS) == set(bench.FIGURES)
    assert {goal.group for goal in GOALS.values()} <= {*bench.GROUPS, "ha"}


async def test_both_sides_take_turns_and_the_ratio_is_of_one_round() -> None:
    said: list[str] = []

    async def ours(number: int) -> None:
        said.append(f"ours {number}")

    case = Case(
        name="work",
        subject=asking(ours, 2),
        reference=doing(lambda number: said.append(f"theirs {number}"), 1),
    )

    measured = await measure(case, rounds=2)

    assert said[3:] == ["ours 2", "ours 3", "theirs 1", "ours 4", "ours 5", "theirs 2"]
    assert len(measured.ratios) == 2
    assert min(measured.ratios) > 0


async def test_what_child_processes_cost_counts_as_well() -> None:
    def child() -> None:
        subprocess.run([sys.executable, "-c", "sum(range(3_000_000))"], check=True)

    idle, busy = await spending(lambda: None, 1)(), await spending(child, 1)()

    assert busy[0] > 10 + idle[0]


async def test_the_rows_are_the_same_each_time_and_made_once(tmp_path: Path) -> None:
    first = await seeded(tmp_path, 100)
    made = first.stat().st_mtime_ns

    assert await seeded(tmp_path, 100) == first
    assert first.stat().st_mtime_ns == made
    assert list(incidents(20)) == list(incidents(20))


@pytest.mark.timeout(300)
def test_the_store_is_measured_and_left_as_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--quick", "--incidents", str(FEW), "--folder", str(tmp_path), "store"]

    main([*asked, "--json"])
    figures = json.loads(capsys.readouterr().out)

    assert f"{FEW:,} incidents" in figures["machine"]
    names = [case["name"] for case in figures["store"]]
    assert {"24-hour page of 50", "text: a common word", "save and commit"} <= set(names)
    counts = figures["store"][-2]
    assert (counts["verdict"], counts["goal"]) == ("not measured", "E2")
    assert figures["store"][-1]["goal"] == "E3"
    measured = [case for case in figures["store"] if case is not counts]
    assert all(case["p50"] > 0 and case["ratio"] > 0 for case in measured)
    with closing(sqlite3.connect(next(tmp_path.glob("*.db")))) as rows:
        assert rows.execute("SELECT count(*) FROM incidents").fetchone() == (FEW,)
        assert rows.execute("SELECT count(*) FROM incident_text").fetchone() == (FEW,)


def test_beside_what_falls_short_stands_what_nobody_gets_below() -> None:
    whole = Result(name="whole", p50=9.0, p99=9.0, ratios=(0.9,), times=0.8, goal="C2")
    part = Result(name="part", p50=7.0, p99=7.0, ratios=(0.7,))

    results = bounded([whole, part], "whole", "part", "encoding")

    assert [each.bound for each in results] == ["encoding takes 0.70 times", ""]
    (row,) = [row for row in reached({"clips": results}) if row.goal == "C2"]
    assert (row.verdict, row.reason) == ("falls short", "encoding takes 0.70 times")
    again, _ = bounded(results, "whole", "part", "half of it")
    assert again.bound == "encoding takes 0.70 times; half of it takes 0.70 times"


def test_beside_what_takes_too_long_now_and_then_stands_how_long_the_least_takes_then() -> None:
    late = Result(
        name="late", p50=1.0, p99=9.0, reference_p50=0.5, reference_p99=4.0, most=5.0, goal="A2"
    )
    soon = replace(late, p99=4.5)

    (row,) = [row for row in reached({"access": [late]}) if row.goal == "A2"]
    assert row.reason == "late: what it is beside takes 4.0 ms (p99)"
    (row,) = [row for row in reached({"access": [soon]}) if row.goal == "A2"]
    assert (row.verdict, row.reason) == ("passes", "")


@pytest.mark.timeout(120)
def test_who_stands_at_a_door_is_measured_beside_a_bare_echo(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    socket_enabled: None,
) -> None:
    socket_allow_hosts(["127.0.0.1"], allow_unix_socket=True)  # the simulated door is one
    few = replace(bench.QUICK, home=False, cards=20, checks=20, rounds=1, calls=2)
    monkeypatch.setattr(bench, "QUICK", few)

    main(["--quick", "--json", "--incidents", "200", "--folder", str(tmp_path), "access"])
    cases = json.loads(capsys.readouterr().out)["access"]

    granted, heard, tails, least, rushed, decision, outside, loaded, by_http, *pages = cases
    assert granted["most"] == entrance.COMPILED_MS
    assert heard["p99"] >= tails["p50"] > 0
    assert least["reference_p50"] == rushed["reference_p50"] == tails["reference_p50"]
    assert [each["goal"] for each in (tails, decision, loaded)] == ["A1", "A3", "A2"]
    assert decision["most"] == doors.DECISION_MS
    assert decision["p50"] > decision["reference_p50"]
    assert "relay" in outside["name"]
    assert by_http["verdict"] == "not measured"
    measured = [case for case in cases if case is not by_http]
    assert all(case["p50"] > 0 and case["reference_p50"] > 0 for case in measured)
    assert {case["most"] for case in pages} == {passages.DAY_MS}
    assert len(list(tmp_path.glob("passages-*.db"))) == 1


@pytest.mark.parametrize(("held_up", "least", "most"), [(0.0, 0, 100), (0.3, 250, 400)])
async def test_how_long_a_loop_is_held_up_is_told_at_its_worst(
    held_up: float, least: float, most: float
) -> None:
    async with watched() as late:
        await asyncio.sleep(0.1)
        time.sleep(held_up)
        await asyncio.sleep(0.1)

    assert least <= max(late) < most


async def test_rows_that_are_written_by_the_thousand_are_the_same_on_both_sides(
    tmp_path: Path,
) -> None:
    made = batches._batches(2)
    database = await Database.open(tmp_path / "rows.db")
    with closing(sqlite3.connect(tmp_path / "rows.db", isolation_level=None)) as raw:
        await batches._write(database, next(made))
        batches._write_raw(raw, next(made))

        kinds = set(raw.execute("SELECT typeof(number), typeof(ended) FROM incidents"))
        count = raw.execute("SELECT count(*) FROM incident_text").fetchone()
    await database.close()

    assert kinds == {("integer", "integer")}
    assert count == (2 * batches.BATCH,)


def test_a_clip_is_measured_beside_all_that_could_do_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clips, "SIZE", (160, 90))
    program = tmp_path / "ffmpeg"
    program.write_text('#!/bin/sh\nfor last; do :; done\necho nothing >"$last"\n')
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    main(["--quick", "--json", "--folder", str(tmp_path / "bench"), "clips"])
    figures = json.loads(capsys.readouterr().out)

    assert [case["name"] for case in figures["clips"]] == [
        "remux, and PyAV's bare mux",
        "remux, and reading and writing",
        "remux, and ffmpeg -c copy",
        "remux, check, poster; bare mux",
        encoding.NAME,
        encoding.ALONE,
        "the same: its size",
        encoding.SMALLER,
    ]
    assert figures["clips"][0]["times"] == clips.MUX_TIMES
    assert {path.name for path in (tmp_path / "bench").iterdir()} == {"clip-30.mp4"}


def test_without_the_program_the_rest_is_measured_and_the_reason_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clips, "SIZE", (160, 90))
    monkeypatch.setenv("PATH", str(tmp_path))

    main(["--quick", "--folder", str(tmp_path / "bench"), "clips"])
    told = capsys.readouterr()

    assert "ffmpeg is not installed" in told.err
    for name in (clips.BY_FFMPEG, encoding.NAME, encoding.SMALLER):
        assert f"{name:42}not measured: the program ffmpeg is not installed" in told.out
    assert "times <= 1.2" in told.out


def test_what_plain_code_makes_plays_as_long_as_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clips, "SIZE", (160, 90))
    source = clips.recorded(tmp_path, 2)

    clips.bare_mux(source, tmp_path / "bare.mp4")
    clips.read_and_write(source, tmp_path / "copy.mp4")

    length = inspect(source).duration
    assert inspect(tmp_path / "bare.mp4").duration == length
    assert (tmp_path / "copy.mp4").read_bytes() == source.read_bytes()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("program", [WEED, None], ids=["what there is", "moto"])
def test_uploads_are_measured_beside_plain_ones_and_nothing_stays(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    socket_enabled: None,
    program: str | None,
) -> None:
    monkeypatch.setattr(offsite, "SIZE", 10_000)
    monkeypatch.setattr(SeaweedFS, "program", staticmethod(lambda: program))
    quick = program is None
    monkeypatch.setattr(bench, "QUICK", replace(bench.QUICK, uploads=4, rounds=1, quick=quick))

    main(["--quick", "--json", "--folder", str(tmp_path), "s3"])
    told = capsys.readouterr()

    cases = json.loads(told.out)["s3"]
    ways = (offsite.VERIFIED, offsite.QUEUED, *(() if quick else (offsite.BOTO3,)))
    *spent, held_up = cases
    assert [case["name"] for case in spent] == [
        f"4 clips, {way}: {sort}" for sort in ("wall", "CPU") for way in ways
    ]
    assert all(case["ratio"] > 0 for case in spent)
    assert (held_up["goal"], held_up["most"]) == ("S1", offsite.HELD_UP_MS)
    assert ("moto is the server instead" in told.err) == (program is None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(compiled.why_none() is not None, reason="there is no C compiler")
@pytest.mark.timeout(60)
def test_pictures_to_many_are_measured_beside_plain_sends_with_or_without_the_peer(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    socket_enabled: None,
) -> None:
    socket_allow_hosts(["127.0.0.1"], allow_unix_socket=True)
    monkeypatch.setattr(servers, "SIZE", (160, 90))
    monkeypatch.setattr(servers, "USTREAMER", "/bin/false")
    monkeypatch.setattr(fanout, "AUDIENCES", (1, 3))
    monkeypatch.setattr(fanout, "CROWD", 3)
    monkeypatch.setattr(fanout, "QUICK_SECONDS", 0.3)
    monkeypatch.setattr(watchers, "WARM_S", 0.2)

    main(["--quick", "--json", "--folder", str(tmp_path), "mjpeg"])
    told = json.loads(capsys.readouterr().out)

    peer, cost, camera, *owed = told["mjpeg"]
    assert peer["verdict"] == "not measured"
    assert told["goals"]["M1"]["reason"] == "no ustreamer is to be had (scripts/ustreamer says why)"
    assert cost["unit"] == camera["unit"] == "µs"
    assert cost["p50"] > 0
    assert cost["reference_p50"] > 0
    assert [(each["name"], each["unit"]) for each in owed] == [
        ("3 viewers, all take them: missed", "%"),
        ("3 viewers, all take them: age", "ms"),
        ("3 viewers, one stalls: missed", "%"),
        ("3 viewers, one stalls: age", "ms"),
        ("one stalls: memory", "MB"),
    ]
    assert owed[1]["p50"] > 0


def test_without_a_compiler_nobody_watches_and_the_goals_say_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "COMPILER", "no-such-compiler")

    main(["--json", "--folder", str(tmp_path), "mjpeg"])
    told = json.loads(capsys.readouterr().out)

    assert all("no C compiler" in told["goals"][goal]["reason"] for goal in fanout.GOALS)


@pytest.fixture
def few_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "SIZE", (160, 90))
    monkeypatch.setattr(sightings, "SIZE", (160, 90))
    monkeypatch.setattr(crowds, "SITES", (5,))
    monkeypatch.setattr(crowds, "QUICK_ARRIVALS", 2)
    monkeypatch.setattr(crowds, "QUICK_SECONDS", 0.2)
    monkeypatch.setattr(crowds, "WARM_S", 0.1)
    monkeypatch.setattr(bench, "QUICK", replace(bench.QUICK, rounds=1))


def material_that_shows(folder: Path, *seen: Seen) -> Path:
    """Write pictures, and a model that sees just that in each."""
    images = folder / "media" / "images"
    images.mkdir(parents=True)
    for each in range(2):
        Image.effect_noise((64, 48), 20 + each).save(images / f"{each}.jpg")
    (folder / "models").mkdir()
    network(folder / "models" / "yolox_nano.onnx", FAMILIES["yolox"](list(seen)))
    return folder


def test_looks_are_measured_beside_the_bare_model_and_on_a_site_of_many_cameras(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    few_looks: None,
) -> None:
    somebody = Seen(PERSON, 0.9, 0.25, 0.25, 0.5, 0.75)
    there = material_that_shows(tmp_path / "there", somebody)
    monkeypatch.setenv("GATEHOUSE_MATERIAL", str(there))

    main(["--quick", "--json", "--folder", str(tmp_path / "bench"), "detect"])
    told = json.loads(capsys.readouterr().out)

    assert {told["goals"][goal]["reason"] for goal in DETECTION} == {""}
    by_name = {each["name"]: each for each in told["detect"]}
    assert by_name["of 4, other boxes than decoded whole"]["p50"] == 0
    assert by_name["an idle camera: pictures"]["p50"] == 0
    assert 0 < by_name["an idle camera: of a core"]["p50"] < 100
    assert by_name["a 720p JPEG to boxes"]["reference_p50"] > 0
    assert by_name["one active: first frame to person, p95"]["p50"] > 400
    assert by_name["4 active of 5: a picture"]["ratio"] > 0
    assert {path.name for path in (tmp_path / "bench").iterdir()} == {"mjpeg"}


@pytest.mark.parametrize(
    ("place", "reason"), [("there", detecting.NOBODY), ("nowhere", detecting.NO_MATERIAL)]
)
def test_what_cannot_be_measured_of_detection_is_told_with_its_reason(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    few_looks: None,
    place: str,
    reason: str,
) -> None:
    material_that_shows(tmp_path / "there")
    monkeypatch.setenv("GATEHOUSE_MATERIAL", str(tmp_path / place))
    monkeypatch.setattr(sightings, "DEMO", tmp_path / "no demo")

    main(["--quick", "--json", "--folder", str(tmp_path / "bench"), "detect"])
    told = json.loads(capsys.readouterr().out)

    assert {told["goals"][goal]["reason"] for goal in detecting.OF_A_CROWD} == {reason}
    assert told["goals"]["D6"]["verdict"] == "not measured"
    assert told["detect"][0]["goal"] == "D4"


def test_boxes_are_the_same_only_where_each_sure_one_has_its_own_on_the_other_side() -> None:
    sure = Detection(label="person", score=0.9, box=Box(0.1, 0.1, 0.5, 0.5))
    aside = replace(sure, box=Box(0.2, 0.1, 0.6, 0.5))
    unsure = replace(aside, score=0.4)

    assert sightings.are_alike([sure], [sure, unsure])
    assert not sightings.are_alike([sure], [aside])
    assert not sightings.are_alike([], [sure])
    assert not sightings.are_alike([sure], [])


def test_the_demos_video_and_model_will_do_where_there_is_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEHOUSE_MATERIAL", str(tmp_path / "nowhere"))
    monkeypatch.setattr(clips, "SIZE", (160, 90))
    monkeypatch.setattr(sightings, "SIZE", (160, 90))
    monkeypatch.setattr(sightings, "DEMO", tmp_path)
    assets = {"video": str(clips.recorded(tmp_path, 6)), "video_kind": "vtest"}
    assets |= {"model": str(tmp_path / "model.onnx"), "threshold": 0.25}
    (tmp_path / "assets.json").write_text(json.dumps(assets))

    found = sightings.material()

    assert found is not None
    assert (found.model.name, found.threshold) == ("model.onnx", 0.25)
    assert len(found.pictures) > 1
