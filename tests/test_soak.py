"""The soak's own machinery: what goes wrong, how it is done, and that each invariant can fail."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from io import BytesIO
import json
import os
from pathlib import Path
import socket
import subprocess
import sys
import time
from unittest.mock import AsyncMock

import aiohttp
import av
from PIL import Image
import pytest
from pytest_socket import socket_allow_hosts

from camera_agent.config import load
from camera_agent.hardware.ports import open_serial
from camera_agent.hardware.rfid_serial import Frames
from scripts.demonstration.memory import AgentMemory, free_port
from scripts.soaking import invariants, several, visitors, weather
from scripts.soaking.evidence import ClipRow, Evidence, IncidentRow, Object, PassageRow
from scripts.soaking.film import (
    FPS,
    HEIGHT,
    LASTS_S,
    STAY,
    WIDTH,
    Look,
    jpeg,
    look,
    make_film,
    visits,
)
from scripts.soaking.invariants import INVARIANTS, Invariant
from scripts.soaking.ledger import (
    Announced,
    Answer,
    Lag,
    Ledger,
    Revoked,
    Sample,
    Shown,
    Sighting,
    Trouble,
    What,
)
from scripts.soaking.line import Line
from scripts.soaking.observer import announced
from scripts.soaking.place import PLAYED, WIRED, Place, write_agent
from scripts.soaking.programs import Program
from scripts.soaking.report import judge
from scripts.soaking.schedule import CALM_FIRST, CALM_LAST, RECOVERY, Kind, schedule
from scripts.soaking.served import FAULT
from scripts.soaking.several import outcome_of, seeds_of, soak_each
from scripts.soaking.storage import BUCKET, objects
from scripts.soaking.visitors import Cards, Door, Journal
from scripts.soaking.weather import Weather
from tests.waiting import eventually

ROOT = Path(__file__).parents[1]
AGENTS = ("agent0", "agent1")
NOTHING = Evidence(objects={}, journal={})
NEEDS_CC = pytest.mark.skipif(not weather.compiler(), reason="there is no C compiler")


# --- what goes wrong


def test_the_same_seed_is_the_same_weather() -> None:
    once, again = (schedule(7, 600, AGENTS, Kind) for _ in range(2))

    assert once == again
    assert once != schedule(8, 600, AGENTS, Kind)


@pytest.mark.parametrize("seed", range(5))
def test_in_ten_minutes_everything_goes_wrong_that_can(seed: int) -> None:
    assert {strike.kind for strike in schedule(seed, 600, AGENTS, Kind)} == set(Kind)


@pytest.mark.parametrize("seed", range(5))
def test_nothing_goes_wrong_at_first_and_at_last(seed: int) -> None:
    strikes = schedule(seed, 600, AGENTS, Kind)

    assert strikes[0].at >= CALM_FIRST
    assert max(strike.at + strike.lasts for strike in strikes) <= 600 - CALM_LAST


@pytest.mark.parametrize("seed", range(5))
def test_nobody_is_struck_again_before_he_has_recovered(seed: int) -> None:
    well: dict[str, float] = {}
    for strike in schedule(seed, 1200, AGENTS, Kind):
        assert strike.at >= well.get(strike.target, 0)
        well[strike.target] = strike.at + strike.lasts + RECOVERY


def test_what_cannot_be_done_here_is_left_out() -> None:
    strikes = schedule(1, 600, AGENTS, {Kind.KILL, Kind.LOCKED})

    assert {strike.kind for strike in strikes} == {Kind.KILL, Kind.LOCKED}
    assert schedule(1, 600, AGENTS, ()) == ()


# --- what must hold


def test_without_any_history_everything_holds() -> None:
    assert judge(1, 10, Ledger(), NOTHING).held


def shown(at: float = 100.0, **otherwise: object) -> Shown:
    card = Shown(at=at, door="a/door/front", reader=WIRED, card="01", answer=Answer.GRANTED)
    return replace(card, **otherwise)


def clip(name: str = "c1", **otherwise: object) -> ClipRow:
    row = ClipRow(
        id=name, camera="soak0/camera1", incident="i1", stage="ready", since=100.0, until=110.0
    )
    return replace(row, **otherwise)


def incident(name: str, since: float, until: float) -> IncidentRow:
    return IncidentRow(id=name, place="soak0/camera1", started=since, last_seen=until)


def said(what: What, name: str, at: float = 100.0, about: str = "") -> Ledger:
    ledger = Ledger()
    ledger.announce(Announced(what=what, id=name, at=at, about=about))
    return ledger


def seen(every: float) -> list[Sighting]:
    """Return sights of somebody's six seconds, so many seconds apart."""
    return [
        Sighting(camera=1, at=200 + step * every, walked=step * 0.5 / STAY[1]) for step in range(12)
    ]


VISIT = seen(0.5)


def trouble(kind: Kind, target: str = "home", since: float = 90.0, until: float = 120.0) -> Trouble:
    return Trouble(kind=kind, target=target, since=since, until=until)


def life(program: str, rss: Callable[[float], int], fds: Callable[[float], int]) -> list[Sample]:
    return [
        Sample(program=program, life=1, at=at, rss=rss(at), fds=fds(at)) for at in range(0, 600, 2)
    ]


def ticks(late: float, at: float = 300.0) -> Ledger:
    return Ledger(
        lags=[Lag(program="home", at=at, late=(late,) * 50)],
        samples=[Sample(program="home", life=1, at=100.0, rss=1, fds=1)],
    )


SERVED = Object(size=5, digest="d")
OFFSITE = clip(stage="uploaded", key="k.mp4", size=5)

BROKEN: list[tuple[Invariant, Ledger, Evidence]] = [
    (invariants.nothing_announced_is_lost, said(What.INCIDENT, "i1"), NOTHING),
    (invariants.nothing_announced_is_lost, said(What.PASSAGE, "p1"), NOTHING),
    (invariants.nothing_announced_is_lost, said(What.FOOTAGE, "c1"), NOTHING),
    (
        invariants.nothing_announced_is_lost,
        said(What.FOOTAGE, "c1"),
        replace(NOTHING, clips=(clip(stage="failed"),)),
    ),
    (
        invariants.nothing_announced_is_lost,
        said(What.FOOTAGE, "c1"),
        replace(NOTHING, clips=(clip(stage="expired"),)),
    ),
    (
        invariants.nothing_announced_is_lost,
        said(What.FOOTAGE, "c1"),
        replace(NOTHING, clips=(clip(unplayable="it is empty"),)),
    ),
    (invariants.nothing_announced_is_lost, said(What.OBJECT, "k.mp4", about="c1"), NOTHING),
    (
        invariants.nothing_announced_is_lost,
        said(What.OBJECT, "k.mp4", about="c1"),
        replace(NOTHING, clips=(replace(OFFSITE, size=6),), objects={"k.mp4": SERVED}),
    ),
    (
        invariants.nothing_written_down_is_lost,
        Ledger(),
        replace(NOTHING, journal={"a-j-1": "granted"}),
    ),
    (invariants.nothing_is_doubled, Ledger(shown=[shown(rows=("a-j-1", "a-j-2"))]), NOTHING),
    (
        invariants.nothing_is_doubled,
        Ledger(),
        replace(NOTHING, incidents=(incident("i1", 100, 120), incident("i2", 110, 130))),
    ),
    (
        invariants.nothing_is_doubled,
        Ledger(),
        replace(NOTHING, clips=(clip(), clip("c2", since=104.0, until=115.0))),
    ),
    (
        invariants.nothing_is_doubled,
        Ledger(),
        replace(NOTHING, clips=(OFFSITE, replace(OFFSITE, id="c2", incident="i2"))),
    ),
    (
        invariants.nothing_is_doubled,
        Ledger(),
        replace(NOTHING, objects={"c/120000-a.mp4": SERVED, "c/120000-b.mp4": SERVED}),
    ),
    # One of them is nobody's.
    (
        invariants.nothing_is_doubled,
        Ledger(troubles=[trouble(Kind.CLOCK_BEHIND)]),
        replace(
            NOTHING,
            clips=(clip(key="c/1-a.mp4"),),
            objects={"c/1-a.mp4": SERVED, "c/1-b.mp4": SERVED},
        ),
    ),
    (
        invariants.each_visit_is_an_incident,
        Ledger(sightings=VISIT),
        NOTHING,
    ),
    (
        invariants.each_visit_is_an_incident,
        Ledger(sightings=VISIT),
        replace(NOTHING, incidents=(incident("i1", 200, 202), incident("i2", 203, 206))),
    ),
    # Pictures that come a bit late are of somebody who is there.
    (
        invariants.each_visit_is_an_incident,
        Ledger(sightings=seen(0.4)),
        NOTHING,
    ),
    # A slow disk is no reason, nor is another agent's trouble.
    (
        invariants.each_visit_is_an_incident,
        Ledger(
            sightings=VISIT,
            troubles=[
                trouble(Kind.SLOW_DISK, since=201, until=260),
                trouble(Kind.KILL, "agent1", since=201, until=260),
            ],
        ),
        NOTHING,
    ),
    (
        invariants.nothing_ends_before_it_begins,
        Ledger(),
        replace(NOTHING, incidents=(incident("i1", 3700, 120),)),
    ),
    # An hour that a clock was set by is not how long somebody was there.
    (
        invariants.nothing_ends_before_it_begins,
        Ledger(troubles=[trouble(Kind.CLOCK_AHEAD)]),
        replace(NOTHING, incidents=(incident("i1", 120, 3720),)),
    ),
    (
        invariants.nothing_ends_before_it_begins,
        Ledger(),
        replace(NOTHING, incidents=(replace(incident("i1", 100, 120), ended=110.0),)),
    ),
    (
        invariants.nothing_ends_before_it_begins,
        Ledger(),
        replace(NOTHING, clips=(clip(since=120.0),)),
    ),
    (
        invariants.no_footage_is_given_up,
        Ledger(),
        replace(NOTHING, clips=(clip(stage="failed", error="bad_request"),)),
    ),
    # Neither the clock of Home Assistant nor another agent's trouble is an excuse.
    (
        invariants.no_footage_is_given_up,
        Ledger(troubles=[trouble(Kind.CLOCK_AHEAD), trouble(Kind.KILL, "agent1")]),
        replace(NOTHING, clips=(clip(stage="failed", error="bad_request"),)),
    ),
    (
        invariants.nobody_enters_after_revocation,
        Ledger(shown=[shown()], revoked=[Revoked(card="01", at=99.0)]),
        NOTHING,
    ),
    (invariants.every_card_is_answered, Ledger(shown=[shown(answer=None)]), NOTHING),
    (
        invariants.nothing_ends_by_itself,
        Ledger(fallen={"agent0 (life 1)": "agent0 ended by itself (code -11)."}),
        NOTHING,
    ),
    (
        invariants.memory_and_descriptors_are_flat,
        Ledger(samples=life("agent0", lambda at: 10**8 + int(at) * 400_000, lambda at: 50)),
        NOTHING,
    ),
    (
        invariants.memory_and_descriptors_are_flat,
        Ledger(samples=life("agent0", lambda at: 10**8, lambda at: 50 + int(at) // 10)),
        NOTHING,
    ),
    (
        invariants.memory_and_descriptors_are_flat,
        Ledger(samples=life("agent0", lambda at: 10**9, lambda at: 50)),
        NOTHING,
    ),
    (invariants.loops_are_never_late, ticks(0.2), NOTHING),
]


@pytest.mark.parametrize(("invariant", "ledger", "evidence"), BROKEN)
def test_an_invariant_sees_that_it_is_broken(
    invariant: Invariant, ledger: Ledger, evidence: Evidence
) -> None:
    assert len(list(invariant(ledger, evidence))) == 1
    assert not judge(1, 10, ledger, evidence).held


def test_each_invariant_was_seen_to_break() -> None:
    assert {invariant for invariant, _, _ in BROKEN} == set(INVARIANTS)


HELD: list[tuple[Invariant, Ledger, Evidence]] = [
    (
        invariants.nothing_announced_is_lost,
        said(What.INCIDENT, "i1"),
        replace(NOTHING, incidents=(incident("i1", 100, 120),)),
    ),
    (
        invariants.nothing_announced_is_lost,
        said(What.PASSAGE, "lock 100.5", at=100.5),
        replace(NOTHING, passages=(PassageRow(id="p", door="d", kind="granted", at=100.4),)),
    ),
    (
        invariants.nothing_announced_is_lost,
        said(What.OBJECT, "k.mp4", about="c1"),
        replace(NOTHING, clips=(OFFSITE,), objects={"k.mp4": SERVED}),
    ),
    # What came when all was read already has its row a moment later.
    (invariants.nothing_announced_is_lost, said(What.INCIDENT, "i1"), replace(NOTHING, read=101.0)),
    # On a full disk the oldest clips make room.
    (
        invariants.nothing_announced_is_lost,
        replace(said(What.FOOTAGE, "c1"), troubles=[trouble(Kind.FULL_DISK)]),
        replace(NOTHING, clips=(clip(stage="expired"),)),
    ),
    # The same film was recorded at two times.
    (
        invariants.nothing_is_doubled,
        Ledger(),
        replace(NOTHING, objects={"c/120000-a.mp4": SERVED, "c/120300-b.mp4": SERVED}),
    ),
    # A visit in which a clock is set is two incidents, each with a clip of it.
    (
        invariants.nothing_is_doubled,
        Ledger(troubles=[trouble(Kind.CLOCK_BEHIND)]),
        replace(
            NOTHING,
            clips=(clip(key="c/1-a.mp4"), clip("c2", incident="i2", key="c/1-b.mp4")),
            objects={"c/1-a.mp4": SERVED, "c/1-b.mp4": SERVED},
        ),
    ),
    # What happened while the clock was wrong has wrong times.
    (
        invariants.nothing_is_doubled,
        Ledger(troubles=[trouble(Kind.CLOCK_AHEAD)]),
        replace(NOTHING, incidents=(incident("i1", 3700, 3720), incident("i2", 3710, 3730))),
    ),
    # A clock that was set after the last sight of a visit ended its incident.
    (
        invariants.nothing_is_doubled,
        Ledger(troubles=[trouble(Kind.CLOCK_BEHIND, since=121.0, until=130.0)]),
        replace(
            NOTHING,
            incidents=(incident("i1", 100, 140), replace(incident("i2", 110, 120), ended=122.0)),
        ),
    ),
    (
        invariants.each_visit_is_an_incident,
        Ledger(sightings=VISIT),
        replace(NOTHING, incidents=(incident("i1", 200, 206),)),
    ),
    (
        invariants.each_visit_is_an_incident,
        Ledger(sightings=VISIT, troubles=[trouble(Kind.KILL, since=201, until=260)]),
        NOTHING,
    ),
    (invariants.each_visit_is_an_incident, Ledger(sightings=VISIT, began=199.0), NOTHING),
    # Footage of an absence was looked at, of which the incident was before.
    (invariants.each_visit_is_an_incident, Ledger(sightings=seen(0.04)), NOTHING),
    # Who came just before everything was read may not be in a row yet.
    (
        invariants.each_visit_is_an_incident,
        Ledger(sightings=VISIT),
        replace(NOTHING, read=max(each.at for each in VISIT) + 1),
    ),
    # What was recorded when the network was cut goes on; the agent begins another by itself.
    (
        invariants.nothing_is_doubled,
        Ledger(),
        replace(NOTHING, clips=(clip(), clip("c2", since=104.0, until=120.0, of_absence=True))),
    ),
    (
        invariants.nothing_ends_before_it_begins,
        Ledger(),
        replace(
            NOTHING,
            incidents=(
                replace(incident("i1", 100, 120), ended=128.0),
                replace(incident("i2", 100, 900), replayed=True),
            ),
            clips=(clip(),),
        ),
    ),
    (
        invariants.no_footage_is_given_up,
        Ledger(troubles=[trouble(Kind.CLOCK_AHEAD, "agent0")]),
        replace(NOTHING, clips=(clip(stage="failed", since=3700.0, until=3710.0),)),
    ),
    (
        invariants.nobody_enters_after_revocation,
        Ledger(shown=[shown()], revoked=[Revoked(card="01", at=101.0)]),
        NOTHING,
    ),
    (
        invariants.every_card_is_answered,
        Ledger(shown=[shown(answer=None, excuse="the agent was not there")]),
        NOTHING,
    ),
    (
        invariants.memory_and_descriptors_are_flat,
        Ledger(samples=life("agent0", lambda at: 10**8 + int(at) * 1000, lambda at: 50)),
        NOTHING,
    ),
    (invariants.loops_are_never_late, ticks(0.01), NOTHING),
    (
        invariants.loops_are_never_late,
        replace(ticks(0.2, at=105.0), troubles=[trouble(Kind.SLOW_DISK)]),
        NOTHING,
    ),
]


@pytest.mark.parametrize(("invariant", "ledger", "evidence"), HELD)
def test_an_invariant_is_not_broken_by_what_was_promised(
    invariant: Invariant, ledger: Ledger, evidence: Evidence
) -> None:
    assert list(invariant(ledger, evidence)) == []


def test_a_report_says_what_broke_to_people_and_to_programs() -> None:
    report = judge(3, 2, Ledger(shown=[shown(answer=None)]), NOTHING)

    assert "BROKEN  every card is answered" in report.as_text()
    assert "held    nothing is doubled" in report.as_text()
    assert "seed 3" in report.as_text()
    assert json.loads(json.dumps(report.as_json()))["held"] is False


@pytest.mark.parametrize(
    ("said", "seeds"),
    [("4", (4,)), ("1-3", (1, 2, 3)), ("7,1-2, 2-3", (7, 1, 2, 3)), ("20261122", (20261122,))],
)
def test_seeds_are_said_by_spans(said: str, seeds: tuple[int, ...]) -> None:
    assert seeds_of(said) == seeds


@pytest.mark.parametrize("said", ["", "-3", "1-", "5-3", "one"])
def test_what_says_no_seed_is_refused(said: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        seeds_of(said)


def test_of_each_seed_one_line_says_what_came_of_it() -> None:
    held = judge(3, 2, Ledger(troubles=[trouble(Kind.KILL)]), NOTHING)
    broken = judge(4, 2, Ledger(shown=[shown(answer=None)]), NOTHING)

    told = [
        outcome_of(report.seed, not report.held, json.dumps(report.as_json()).encode(), "")
        for report in (held, broken)
    ]

    assert [each.held for each in told] == [True, False]
    assert told[0].said == "seed 3: held, 1 faults, 0.00 processors"
    assert told[1].said.endswith(": every card is answered (1 ×)")
    killed = outcome_of(5, -9, b"", "Killed.")
    assert killed.said == "seed 5: BROKEN, it ended with code -9 and no report: Killed."


STAND_IN = """#!/bin/sh
# Says what it was told, and breaks with every other seed.
for word; do [ "$before" = --seed ] && seed=$word; before=$word; done
echo "$@" >>"{told}"
[ $((seed % 2)) = 0 ] && held=true || held=false
printf '{{"held": %s, "faults": {{}}, "processors": 0.5, "verdicts": []}}' $held
$held
"""


def test_several_seeds_are_soaked_beside_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = tmp_path / "told"
    soak = tmp_path / "soak"
    soak.write_text(STAND_IN.format(told=told))
    soak.chmod(0o755)
    monkeypatch.setattr(several, "SOAK", soak)
    asked = {"minutes": 1.0, "agents": 2, "only": [Kind.KILL], "keep": tmp_path / "kept"}

    code = asyncio.run(soak_each(argparse.Namespace(seeds=(1, 2, 4), beside=2, **asked)))

    lines = capsys.readouterr().out.splitlines()
    commands = told.read_text().splitlines()
    assert code == 1
    assert sorted(lines[:3])[1:] == [f"seed {n}: held, 0 faults, 0.50 processors" for n in (2, 4)]
    assert lines[3].endswith(f"logs and history are in {tmp_path / 'kept' / '1'}")
    assert lines[4] == "1 of 3 seeds broke 1"
    assert all("--only kill -9" in command for command in commands)
    assert {int(command.split("--port ")[1]) for command in commands} == {18123, 18173}
    asked["keep"] = None
    assert asyncio.run(soak_each(argparse.Namespace(seeds=(2,), beside=1, **asked))) == 0


SOAKS = """
import sys
from pathlib import Path
from scripts.soaking import __main__, several

several.SOAK = Path(sys.argv.pop(1))
sys.exit(__main__.main())
"""


async def test_who_is_told_to_end_ends_the_soaks_as_well(tmp_path: Path) -> None:
    soak, lives = tmp_path / "soak", tmp_path / "lives"
    soak.write_text(f"#!/bin/sh\necho $$ >{lives}\nexec sleep 60\n")
    soak.chmod(0o755)
    options = ["--seeds", "1", "--keep", tmp_path / "kept"]
    soaking = await asyncio.create_subprocess_exec(sys.executable, "-c", SOAKS, soak, *options)
    one = int(await eventually(lambda: lives.exists() and lives.read_text().strip()))

    soaking.terminate()

    assert await soaking.wait() == 130
    with pytest.raises(ProcessLookupError):
        os.kill(one, 0)


def test_what_is_announced_twice_is_announced_once() -> None:
    event = {
        "event_type": "gatehouse_incident",
        "data": {"incident_id": "i1", "type": "confirmed"},
    }
    ledger = Ledger()

    for _ in range(2):
        ledger.announce(announced(event))

    assert [each.id for each in ledger.said(What.INCIDENT)] == ["i1"]


# --- how it is done


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("weather") / "weather.so"
    weather.build(file)
    return file


TIMES = """
import datetime, os, sys, time
for line in sys.stdin:
    began = time.monotonic()
    with open(sys.argv[1], "w") as file:
        file.write("x")
        file.flush()
        os.fsync(file.fileno())
    now = datetime.datetime.now(datetime.UTC).timestamp()
    print(time.time(), now, time.monotonic() - began, flush=True)
"""


class Told:
    """A program that says what time it is, and how long its disk takes."""

    def __init__(self, weather: Weather, file: Path) -> None:
        self._process = subprocess.Popen(
            ["env", *weather.environment(), sys.executable, "-c", TIMES, file],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def now(self) -> tuple[float, float, float]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        ours, other, took = map(float, self._process.stdout.readline().split())
        return ours - time.time(), other - time.time(), took

    def end(self) -> None:
        self._process.communicate()


@pytest.fixture
def told(library: Path, tmp_path: Path) -> Iterator[tuple[Weather, Told]]:
    changing = Weather(library, tmp_path / "weather")
    program = Told(changing, tmp_path / "written")
    yield changing, program
    program.end()


@NEEDS_CC
@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_jumps_while_a_program_runs_and_back(
    told: tuple[Weather, Told], hours: int
) -> None:
    changing, program = told

    with changing.jumped(hours * 3600):
        jumped = program.now()
    right = program.now()

    assert jumped[:2] == pytest.approx((hours * 3600,) * 2, abs=1)
    assert right[:2] == pytest.approx((0, 0), abs=1)


@NEEDS_CC
def test_a_disk_is_slow_for_a_while(told: tuple[Weather, Told]) -> None:
    changing, program = told

    with changing.slowed():
        slow = program.now()[2]

    assert slow >= weather.SYNC_S
    assert program.now()[2] < weather.SYNC_S


def test_a_film_shows_whose_it_is_and_who_is_there(tmp_path: Path) -> None:
    make_film(tmp_path / "film.mp4", 5, "seed")
    since, until = visits("seed")[0]

    with av.open(str(tmp_path / "film.mp4")) as film:
        seen = [
            (frame.time or 0.0, look_at(frame.to_image()))
            for number, frame in enumerate(film.decode(video=0))
            if number < 40 * FPS
        ]

    assert {found.camera for _, found in seen} == {5}
    for moment, found in seen[: int(until * FPS)]:
        assert bool(found.box) == (since <= moment < until)
        assert found.walked == pytest.approx(max(0, moment - since) / STAY[1], abs=0.02)


def look_at(image: Image.Image) -> Look:
    written = BytesIO()
    image.save(written, "JPEG")
    return look(written.getvalue())


def test_a_picture_tells_where_somebody_is() -> None:
    there, empty = look(jpeg(3, 0.5)), look(jpeg(9, None))

    assert there.camera == 3
    assert there.box
    left, top, right, bottom = there.box
    assert 0 < left < right < WIDTH
    assert 0 < top < bottom < HEIGHT
    assert there.walked == pytest.approx(0.5, abs=0.01)
    assert (empty.camera, empty.box) == (9, None)


def test_half_a_picture_is_none() -> None:
    with pytest.raises(OSError, match=r"truncated|cannot identify"):
        look(jpeg(3, 0.5)[:2000])


def test_visits_are_apart_and_within_the_film() -> None:
    there = visits("any")

    assert len(there) >= 3
    assert all(until < LASTS_S for _, until in there)


# --- the programs


@pytest.fixture
async def session(socket_enabled: None) -> AsyncIterator[aiohttp.ClientSession]:
    socket_allow_hosts(["127.0.0.1"])
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def serving(tmp_path: Path, session: aiohttp.ClientSession) -> Callable[..., Program]:
    """Return how one of the programs is described, at its address."""

    def described(name: str, where: Path) -> tuple[Program, str]:
        port = free_port("127.0.0.1", 18900)
        address = f"http://127.0.0.1:{port}"

        async def is_up() -> bool:
            try:
                async with session.get(address) as response:
                    return response.status == 404
            except aiohttp.ClientConnectionError:
                return False

        command = [sys.executable, "-m", f"scripts.soaking.{name}", str(port), where]
        return Program(name, command, ROOT, tmp_path, is_up), address

    return described


async def test_the_storage_keeps_its_objects_over_a_kill(
    serving: Callable[..., tuple[Program, str]], session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    program, address = serving("storage", tmp_path / "objects")
    await program.start()
    key = f"{address}/{BUCKET}/2026/a clip.mp4"
    async with session.put(key, data=b"a clip") as response:
        etag = response.headers["ETag"]

    await program.kill()
    assert program.use() is None
    await program.start()

    async with session.head(key) as response:
        assert (response.headers["ETag"], response.headers["Content-Length"]) == (etag, "6")
    use = program.use()
    assert use
    assert use.rss > 1_000_000
    assert use.fds > 3
    assert list(objects(tmp_path / "objects")) == ["2026/a clip.mp4"]
    assert program.life == 2
    async with session.delete(key) as response:
        assert response.status == 204
    async with session.get(key) as response:
        assert response.status == 404
    await program.stop()


async def test_the_detector_tells_whom_it_was_shown_and_fails_on_demand(
    serving: Callable[..., tuple[Program, str]], session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    heard.bind(str(tmp_path / "told"))
    program, address = serving("detector", tmp_path / "told")
    await program.start()

    async def shown(picture: bytes) -> tuple[int, str]:
        async with session.post(f"{address}/detect", data=picture) as response:
            return response.status, await response.text()

    status, found = await shown(jpeg(2, 0.5))
    sighting = json.loads(heard.recv(1000))
    heard.close()

    assert (status, len(json.loads(found)["detections"])) == (200, 1)
    assert sighting["camera"] == 2
    assert await shown(jpeg(2, None)) == (200, '{"detections": []}')
    assert (await shown(b"half a picture"))[0] == 400
    answers = {}
    for kind in (Kind.BROKEN, Kind.DENIED, Kind.NONSENSE):
        await (await session.put(f"{address}{FAULT}", data=kind.value)).release()
        answers[kind] = (await shown(jpeg(2, None)))[0]
    await (await session.put(f"{address}{FAULT}")).release()
    assert answers == {Kind.BROKEN: 500, Kind.DENIED: 403, Kind.NONSENSE: 200}
    assert (await shown(jpeg(2, None)))[0] == 200
    await program.stop()


def test_an_agent_can_be_started_with_what_is_written_for_it(tmp_path: Path) -> None:
    place = a_place(tmp_path)

    config = load(write_agent(place))

    assert [camera.id for camera in config.cameras] == ["camera0", "camera1"]
    assert [reader.id for reader in config.doors[0].readers] == [WIRED, PLAYED]
    assert config.doors[0].simulated == str(place.socket)


def test_half_a_line_of_a_journal_is_no_row(tmp_path: Path) -> None:
    place = a_place(tmp_path)
    place.data.mkdir()
    row = {"journal": "j", "seq": 4, "kind": "granted"}
    place.journal.write_text(f'{json.dumps(row)}\n{{"forgotten": 2}}\n{{"journal": "j", "se')

    assert Journal(place).rows() == {"soak0-j-4": row}


class Writing(Line):
    """A line at whose other end rows are written down at once: those that one card is worth."""

    def __init__(self, place: Place, *worth: int) -> None:
        self._place = place
        self._worth = iter(worth)
        self._seq = 0

    def show(self, card: str) -> None:
        rows = [
            {"journal": "j", "reader": WIRED, "kind": "granted"} for _ in range(next(self._worth))
        ]
        with self._place.journal.open("a") as journal:
            for row in rows:
                self._seq += 1
                journal.write(json.dumps(row | {"seq": self._seq}) + "\n")


@pytest.mark.parametrize(
    ("full", "own"),
    [(True, ("soak0-j-3",)), (False, ("soak0-j-1", "soak0-j-2", "soak0-j-3"))],
)
async def test_what_a_full_disk_had_no_room_for_is_of_the_cards_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: bool, own: tuple[str, ...]
) -> None:
    monkeypatch.setattr(visitors, "ANSWERED_WITHIN", 0.2)
    place, ledger = a_place(tmp_path), Ledger()
    place.data.mkdir()
    if full:
        ledger.troubles.append(trouble(Kind.FULL_DISK, "agent0", until=time.time() + 60))
    agent = Program("agent0", [], tmp_path, tmp_path, is_up=AsyncMock(return_value=True))
    agent.began = time.time() - 60
    door = Door(place, Writing(place, 0, 0, 3, 1), agent, ledger)

    for card in ("01", "02", "03", "04"):
        await door.show(card, WIRED)

    excused = "nothing could be written down" if full else ""
    assert [each.excuse for each in ledger.shown] == [excused, excused, "", ""]
    assert [each.rows for each in ledger.shown] == [(), (), own, ("soak0-j-4",)]


def test_a_reader_at_a_line_hears_cards_and_the_next_agent_has_it_again(tmp_path: Path) -> None:
    line = Line(tmp_path / "line")
    for card in ("0102030405", "FF00000001"):
        port = open_serial(str(tmp_path / "line"), 9600)

        line.show(card)

        assert Frames().feed(os.read(port, 100)) == [bytes.fromhex(card)]
        os.close(port)
        line.let_go()
    line.close()


ISOLATED = """
import asyncio, socket, sys
from pathlib import Path
from scripts.soaking.isolation import Cable, SmallDisk, turn_on_loopback

def reaches(host):
    with socket.socket() as visitor:
        visitor.settimeout(1)
        return visitor.connect_ex((host, 8467)) == 0

def is_written(file):
    try:
        file.write_bytes(bytes(100_000))
    except OSError:
        return False
    return True

async def main():
    turn_on_loopback()
    cable = await Cable.lay(3)
    server = await asyncio.create_subprocess_exec(
        *cable.within(), sys.executable, "-m", "http.server", "8467", stdout=-3, stderr=-3
    )
    while not reaches(cable.host):
        await asyncio.sleep(0.1)
    with cable.cut():
        print(reaches(cable.host))
    print(any(reaches(cable.host) for _ in range(20)))
    server.kill()
    await server.wait()
    await cable.remove()
    disk = SmallDisk(Path(sys.argv[1]))
    print(is_written(Path(sys.argv[1], "before")))
    with disk.full():
        print(is_written(Path(sys.argv[1], "meanwhile")))
    print(is_written(Path(sys.argv[1], "after")))

asyncio.run(main())
"""
UNSHARE = ("unshare", "--map-root-user", "--net", "--mount")


def can_be_isolated() -> bool:
    try:
        return subprocess.run([*UNSHARE, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not can_be_isolated(), reason="there are no namespaces to be had here")
def test_a_network_is_cut_and_a_disk_is_full_for_a_while(tmp_path: Path) -> None:
    done = subprocess.run(
        [*UNSHARE, sys.executable, "-c", ISOLATED, str(tmp_path / "disk")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.split() == ["False", "True", "True", "False", "True"], done.stderr


def test_no_two_guests_have_the_same_card() -> None:
    cards = Cards()

    assert len({cards.guest() for _ in range(50)}) == 50


def a_place(folder: Path) -> Place:
    return Place(
        name="agent0",
        folder=folder,
        host="127.0.0.1",
        memory=AgentMemory(id="soak0", token="t" * 32, port=18467),
        cameras=(0, 1),
    )
