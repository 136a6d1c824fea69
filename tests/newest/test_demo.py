"""scripts/demo, as a process: what it shows, what it leaves in the log, how it ends."""

from datetime import datetime
from io import BytesIO
from itertools import pairwise
from pathlib import Path
import signal
import subprocess
import time
from typing import IO

import av
from PIL import Image
import pytest

from custom_components.gatehouse.models import Picture
from custom_components.gatehouse.vision import DetectorOptions, OnnxDetector
from scripts.demonstration.memory import Memory
from scripts.demonstration.people import ANNA, BOB, STRANGERS
from scripts.demonstration.places import ROOT, Assets

from .conftest import Shown, demo_command
from .log import betrayed, complaints

pytestmark = pytest.mark.timeout(400)

READY_AGAIN = 30
"""Seconds that a second start may take."""
STOPPED = 15
ENDED = 5


def test_the_demo_closes_an_incident_with_a_risk_and_its_reasons(shown: Shown) -> None:
    incident = shown.seen["incident"]

    assert incident["state"] == "closed"
    assert incident["labels"] == ["person"]
    assert 0 < incident["risk"] <= 100
    assert incident["reasons"][0] == "a person was seen"
    assert incident["summary"].startswith("Two people at Garden from ")
    assert shown.seen["confirmed_s"] < 60


def test_what_two_cameras_of_a_group_see_is_one_incident_and_its_zone_is_told(
    shown: Shown,
) -> None:
    incident = shown.seen["incident"]

    assert incident["place"] == "Garden"
    assert {seen["entity_id"] for seen in incident["sightings"]} == set(incident["cameras"])
    assert len(incident["cameras"]) == 2
    assert incident["zones"] == ["Path"]


def test_what_a_camera_uploads_is_an_incident_with_a_picture(shown: Shown) -> None:
    uploaded = shown.seen["uploaded"]

    assert uploaded["place"] == "Gate"
    assert uploaded["cameras"] == ["camera.gate"]
    assert uploaded["labels"] == ["person"]


def test_the_demo_shows_all_cameras_and_people_who_come_and_go(shown: Shown) -> None:
    assert len(shown.seen["live"]) == 3
    assert len(shown.seen["persons"]) == 3
    assert all(("on", "off") in pairwise(states) for states in shown.seen["persons"].values())


def test_the_demos_clip_plays_in_every_browser_and_is_as_long_as_the_incident(shown: Shown) -> None:
    clip, incident = shown.seen["clip"], shown.seen["incident"]
    # It is that of the camera that saw most of it.
    wanted = max(map(_seconds, incident["sightings"])) + 5 + 5

    assert clip["type"] == "video/mp4"
    assert (clip["codec"], clip["pixels"]) == ("h264", "yuv420p")
    assert clip["starts_at_once"]
    # The first frame is a key frame, so it may come up to a group of pictures earlier.
    assert wanted - 1 <= clip["seconds"] <= wanted + 2
    assert clip["frames"] == pytest.approx(clip["seconds"] * 10, rel=0.1)


async def test_the_demos_pictures_and_clips_show_somebody(shown: Shown, assets: Assets) -> None:
    media = shown.folder / "media" / "gatehouse"
    # Later somebody was let in whom no camera saw.
    passed = datetime.fromisoformat(shown.seen["passed"]["event"]["occurred_at"]).timestamp()
    files = [file for file in media.rglob("*.*") if file.stat().st_mtime < passed]
    clips = [file for file in files if file.suffix == ".mp4"]
    posters = {clip.with_suffix(".jpg") for clip in clips}
    pictures = [file for file in files if file.suffix == ".jpg" and file not in posters]
    assert pictures
    assert clips
    assert assets.model is not None
    options = DetectorOptions(threshold=assets.threshold, labels=frozenset({"person"}))
    detector = await OnnxDetector.load(assets.model, options)

    async def shows_somebody(jpeg: bytes) -> bool:
        picture = Picture(jpeg=jpeg, captured=datetime.now().astimezone())
        return bool((await detector.detect(lambda: picture)).detections)

    for picture in pictures:
        assert await shows_somebody(picture.read_bytes()), picture.name
    for clip in clips:
        # Whoever is seen comes and goes: a clip begins before that, and ends after it.
        assert any([await shows_somebody(jpeg) for jpeg in _frames(clip)]), clip.name
    await detector.close()


def test_the_demos_incident_is_told_in_the_logbook_and_the_media_browser(shown: Shown) -> None:
    risk = shown.seen["incident"]["risk"]

    assert any(row.startswith("Garden sees ") for row in shown.seen["logbook"])
    told = [row for row in shown.seen["logbook"] if row.startswith("Garden saw 2 people")]
    assert f"(risk {risk}, " in told[0]
    assert any(title.endswith(f"person, risk {risk}") for title in shown.seen["browsed"])


def test_what_the_demo_records_goes_off_site_and_anybody_with_its_link_can_play_it(
    shown: Shown,
) -> None:
    shared, stored = shown.seen["shared"], shown.seen["stored"]

    assert shared["page"].startswith(("Garden path · ", "Square · "))
    assert shared["from_storage"]
    assert shared["clip_bytes"] > 100_000
    assert stored["upload_queue"] == 0
    assert stored["stored_here"] > 0


def test_a_card_that_is_shown_unlocks_the_demos_door_and_is_part_of_an_incident(
    shown: Shown,
) -> None:
    passed = shown.seen["passed"]
    event, incident = passed["event"], passed["incident"]

    assert (passed["said"], passed["refused"]) == ("Admitted", "Denied")
    assert passed["lock"][-2:] == ["unlocked", "locked"]
    assert (event["actor"], event["event_type"]) == (ANNA.name, "access_granted")
    assert event["decided_by"] == "agent"
    assert event["incident_id"] == incident["id"]
    assert incident["place"] == "Garden"
    assert ANNA.name in incident["summary"]
    assert any(row.startswith("Garden door was opened by Anna") for row in shown.seen["logbook"])


def test_the_log_of_the_demo_has_no_complaint_about_gatehouse_and_no_secret(shown: Shown) -> None:
    log = (shown.folder / "logs" / "home-assistant.log").read_text()
    memory = Memory.load(shown.folder / "memory.json")
    assert memory is not None

    assert "Square Pi is connected" in log
    assert complaints(log) == []
    tokens = [agent.token for agent in memory.agents.values()]
    shown_at_the_door = [ANNA.card, BOB.card, STRANGERS, str(ANNA.pin)]
    secrets = [memory.password, memory.storage.secret, _token(shown), *tokens, *shown_at_the_door]
    assert betrayed(log, *secrets) == []


def test_a_second_demo_is_ready_soon_and_ctrl_c_ends_all_of_it(shown: Shown) -> None:
    began = time.monotonic()
    with subprocess.Popen(
        demo_command(shown.folder), cwd=ROOT, stderr=subprocess.PIPE, text=True
    ) as demo:
        assert demo.stderr is not None
        said = heard(demo.stderr, "press exit")
        ready = time.monotonic() - began
        link = heard(demo.stderr, "/share/")
        family = descendants(demo.pid)

        demo.send_signal(signal.SIGINT)
        code = demo.wait(STOPPED)

    assert "Ctrl-C stops everything" in said
    assert f"agent present {ANNA.card}" in said
    assert ready < READY_AGAIN
    # That of the run before: it is still good.
    assert link.rpartition("/")[2].strip() == _token(shown)
    assert code == 0
    # Home Assistant, the storage, two agents, a process for each of their cameras, and the one that
    # locks the door when its agent is gone.
    assert len(family) >= 7
    assert remaining(family) == []


def heard(stream: IO[str], word: str) -> str:
    """Return what is said until a line has this word."""
    said = ""
    while word not in said:
        line = stream.readline()
        assert line, said
        said += line
    return said


def remaining(family: list[int]) -> list[int]:
    """Return which processes are still there after a moment in which they may end."""
    deadline = time.monotonic() + ENDED
    while found := [pid for pid in family if Path(f"/proc/{pid}").exists()]:
        if time.monotonic() > deadline:
            break
        time.sleep(0.05)
    return found


def descendants(pid: int) -> list[int]:
    """Return the processes that a process began, and those that they began."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    children = [int(child) for task in tasks for child in task.read_text().split()]
    return [*children, *(one for child in children for one in descendants(child))]


def _token(shown: Shown) -> str:
    """Return what makes the link that was shared a secret."""
    link: str = shown.seen["shared"]["link"]
    return link.rpartition("/")[2]


def _seconds(seen: dict[str, str]) -> float:
    """Return for how long a camera saw somebody."""
    first, last = (datetime.fromisoformat(seen[key]) for key in ("first", "last"))
    return (last - first).total_seconds()


def _frames(clip: Path) -> list[bytes]:
    """Return nine frames of a clip, at equal distances."""
    with av.open(str(clip), "r") as container:
        frames = [frame.to_image() for frame in container.decode(video=0)]
    taken = [frames[len(frames) * step // 10] for step in range(1, 10)]
    return [_jpeg(frame) for frame in taken]


def _jpeg(image: Image.Image) -> bytes:
    jpeg = BytesIO()
    image.save(jpeg, "JPEG", quality=90)
    return jpeg.getvalue()
