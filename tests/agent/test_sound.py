"""Sound: out of films and streams, through the ring, into recordings."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
import signal
import subprocess
import sys
from threading import Thread
import time

import av
from hypothesis import given, strategies as st
import numpy as np
import pytest

from camera_agent.hardware import camera, sound as sound_module
from camera_agent.hardware.timing import SoundClock
from camera_agent.models import Packet, Sound
from camera_agent.mux import Mp4File, mend
from camera_agent.ring import Ring
from camera_agent.running import Running
from camera_agent.shelf import Recording

from .conftest import Configured
from .media import FPS, SIZE, SOUND_US, beeps, onsets, packets, sounds, spans
from .watching import Eventually, Notes, running

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
Item = Packet | Sound
Filmed = Callable[..., Path]


def mixed(pictures: list[Packet], heard: list[Sound]) -> list[Item]:
    return sorted([*pictures, *heard], key=lambda one: one.captured_us)


def written(path: Path, items: list[Item]) -> Path:
    file = Mp4File(path)
    file.write(items)
    file.close()
    return path


def flashes(path: Path) -> list[float]:
    """When the bright pictures of a recording begin."""
    with av.open(str(path)) as container:
        bright = [
            frame.time or 0.0
            for frame in container.decode(video=0)
            if frame.to_ndarray()[: SIZE[1]].mean() > 120
        ]
    return [moment for before, moment in pairwise([-1.0, *bright]) if moment - before > 0.5]


# Into files


def test_a_recording_has_its_sound_at_the_time_of_its_pictures(tmp_path: Path) -> None:
    path = written(tmp_path / "a.mp4", mixed(packets(75, 1000), sounds(78, 1000)))

    shown, heard = spans(path)
    assert heard == pytest.approx(shown, abs=0.1)
    assert onsets(path)[1:] == pytest.approx([1, 2, 3, 4], abs=0.02)
    with av.open(str(path)) as container:
        (stream,) = container.streams.audio
        assert (stream.codec_context.name, stream.codec_context.sample_rate) == ("aac", 16000)


def test_sound_that_begins_late_stays_in_its_place(tmp_path: Path) -> None:
    path = written(tmp_path / "a.mp4", mixed(packets(75, 1000), sounds(78, 1000)[9:]))

    assert onsets(path) == pytest.approx([1, 2, 3, 4], abs=0.02)


def test_sound_from_before_the_first_picture_is_left_out(tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.mp4", [packets(1, 1002)[0], *sounds(100, 1000), *packets(60, 1002)[1:]]
    )

    assert onsets(path)[1:] == pytest.approx([1, 2, 3, 4], abs=0.02)


def test_a_header_with_a_checksum_is_left_out_too(tmp_path: Path) -> None:
    checked = []
    for sound in sounds(78, 1000):
        header = int.from_bytes(sound.data[:7]) - (1 << 40) + (2 << 13)  # a flag, and the length
        checked.append(Sound(header.to_bytes(7) + b"\0\0" + sound.data[7:], sound.captured_us))

    path = written(tmp_path / "a.mp4", mixed(packets(75, 1000), checked))

    assert onsets(path)[1:] == pytest.approx([1, 2, 3, 4], abs=0.02)


def test_sound_that_is_all_from_before_makes_no_track(tmp_path: Path) -> None:
    path = written(tmp_path / "a.mp4", [*packets(1, 1002), *sounds(9, 1000), *packets(30, 1003)])

    with av.open(str(path)) as container:
        assert not container.streams.audio


def test_damaged_sound_costs_only_itself(tmp_path: Path) -> None:
    heard = sounds(78, 1000)
    damaged = [Sound(one.data[:7] + b"\xff" * 40, one.captured_us) for one in heard[:5]]

    path = written(tmp_path / "a.mp4", mixed(packets(75, 1000), [*damaged, *heard[5:]]))

    with av.open(str(path)) as container:
        assert len(list(container.decode(video=0))) == 75
        assert container.streams.audio[0].codec_context.sample_rate == 16000


@pytest.mark.parametrize("data", [b"", b"\xff\xf1", b"nothing that sounds", bytes(100)])
def test_a_recording_of_noise_alone_is_one_without_sound(tmp_path: Path, data: bytes) -> None:
    heard = [Sound(data, one.captured_us) for one in sounds(78, 1000)]

    path = written(tmp_path / "a.mp4", mixed(packets(75, 1000), heard))

    with av.open(str(path)) as container:
        assert not container.streams.audio
        assert len(list(container.decode(video=0))) == 75


def test_a_recording_without_sound_has_no_track_for_it(tmp_path: Path) -> None:
    path = written(tmp_path / "a.mp4", [*packets(30, 1000)])

    with av.open(str(path)) as container:
        assert not container.streams.audio


def test_sounds_that_come_too_close_do_not_break_a_file(tmp_path: Path) -> None:
    doubled = [one for sound in sounds(78, 1000) for one in (sound, sound)]

    path = written(tmp_path / "a.mp4", mixed(packets(75, 1000), doubled))

    assert onsets(path)[1:] == pytest.approx([1, 2, 3, 4], abs=0.02)


@pytest.mark.parametrize(
    ("heard", "pictures", "tones"),
    [(78, 60, [1, 2, 3]), (24, 45, [1])],  # 24 are 1.5 s of a microphone that fails then
)
def test_a_power_cut_costs_the_last_group_of_pictures_and_its_sound(
    tmp_path: Path, heard: int, pictures: int, tones: list[int]
) -> None:
    path = tmp_path / "a.mp4"
    program = f"""
import os, signal
from pathlib import Path
from camera_agent.mux import Mp4File
from tests.agent.media import packets, sounds
file = Mp4File(Path({str(path)!r}))
items = [*packets(75, 1000), *sounds({heard}, 1000)]
file.write(sorted(items, key=lambda one: one.captured_us))
os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL

    mend(path)

    with av.open(str(path)) as container:
        assert len(container.streams.audio) == 1
        shown = list(container.decode(video=0))
    assert len(shown) >= pictures
    assert onsets(path)[1:][: len(tones)] == pytest.approx(tones, abs=0.02)


# Out of the ring


def filled(*items: Item) -> Ring:
    ring = Ring(timedelta(seconds=2))
    for item in items:
        (ring.append if isinstance(item, Packet) else ring.hear)(item)  # type: ignore[operator]
    return ring


def test_a_ring_gives_the_sound_with_its_pictures() -> None:
    items = mixed(packets(100, 1000), sounds(104, 1000))

    kept = filled(*items).since(0)

    assert kept == [one for one in items if one.captured_us >= kept[0].captured_us]
    assert isinstance(kept[0], Packet)


def test_a_ring_keeps_sound_with_its_key_frame_though_it_came_before(tmp_path: Path) -> None:
    late_pictures = sorted(
        [*packets(100, 1000), *sounds(104, 1000)],
        key=lambda one: one.captured_us + 300_000 * isinstance(one, Packet),
    )

    kept = filled(*late_pictures).since(1_005_000_000)

    began = kept[0].captured_us
    heard = sorted(one.captured_us for one in kept if isinstance(one, Sound))
    assert heard[0] - began < SOUND_US
    assert {after - before for before, after in pairwise(heard)} == {SOUND_US}


def test_sound_without_a_picture_is_not_kept() -> None:
    assert filled(*sounds(10, 1000)).since(0) == []


def test_the_newest_pictures_come_without_sound() -> None:
    ring = filled(*mixed(packets(40, 1000), sounds(40, 1000)))

    assert ring.newest() == packets(40, 1000)[30:]


# While it is recorded


@pytest.fixture
async def recorded() -> Running:
    recording = Recording(id="0", camera="front", started=1000.0, until=1001.0)
    return Running(recording, 60.0)


async def test_a_recording_waits_for_the_sound_of_its_last_pictures(recorded: Running) -> None:
    for packet in packets(20, 1000):
        recorded.take(packet)
        for sound in sounds(1, packet.captured_us / 1e6 - 0.3):
            recorded.hear(sound)

    assert not recorded.is_over
    recorded.hear(sounds(1, 1001.0)[0])
    recorded.take(packets(21, 1000)[20])
    assert recorded.is_over


async def test_a_microphone_that_failed_holds_no_recording_open(recorded: Running) -> None:
    recorded.take(packets(1, 1000)[0])
    recorded.hear(sounds(1, 1000)[0])

    for packet in packets(29, 1000)[1:]:
        recorded.take(packet)
    assert not recorded.is_over
    for packet in packets(32, 1000)[29:]:
        recorded.take(packet)

    assert recorded.is_over


async def test_only_sound_of_its_time_is_recorded(recorded: Running) -> None:
    heard = [*sounds(1, 999.5), *sounds(2, 1000.5), *sounds(1, 1001.0)]
    recorded.hear(heard[0])
    recorded.take(packets(1, 1000)[0])
    for sound in heard[1:]:
        recorded.hear(sound)
    recorded.end()
    recorded.hear(sounds(1, 1000.9)[0])

    (batch,) = [batch async for batch in recorded.batches()]

    assert batch == [packets(1, 1000)[0], *heard[1:3]]


# Out of films and streams


@pytest.fixture
def sounding(tmp_path: Path) -> Filmed:
    """Make a film whose seconds each begin with a bright picture and a tone of 0.1 s."""

    def make(codec: str, rate: int, name: str = "yard.mkv", seconds: int = 4) -> Path:
        path = tmp_path / name
        with av.open(str(path), "w") as container:
            pictures = container.add_stream("libx264", rate=10)
            pictures.width, pictures.height = SIZE
            pictures.pix_fmt = "yuv420p"
            sound = container.add_stream(codec, rate=rate, layout="mono")
            for number in range(seconds * 10):
                planes = np.full((SIZE[1] * 3 // 2, SIZE[0]), 128, np.uint8)
                planes[: SIZE[1]] = 16 if number % 10 else 235
                frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
                container.mux(pictures.encode(frame))
            container.mux(pictures.encode())
            container.mux(sound.encode(beeps(seconds, rate)))
            container.mux(sound.encode())
        return path

    return make


class Enough(Exception):
    """The test has seen what it wants."""


def played(
    configured: Configured, path: Path | str, seconds: float, **settings: object
) -> list[Item]:
    """What a camera gives in its first seconds."""
    items: list[Item] = []

    def emit(item: object) -> None:
        if isinstance(item, Packet | Sound):
            items.append(item)
            if item.captured_us - items[0].captured_us > seconds * 1e6:
                raise Enough

    with pytest.raises(Enough):
        camera(configured("video", path=str(path), **settings)).run(emit, lambda: 0)
    return items


def played_in_time(configured: Configured, path: Path, seconds: float) -> list[Item]:
    """What it gives in seconds in which the machine has time for each of its pictures."""
    for _ in range(5):
        items = played(configured, path, seconds)
        shown = [item.captured_us for item in items if isinstance(item, Packet)]
        if all(now - before < 150_000 for before, now in pairwise(shown)):
            return items
    raise AssertionError(f"a picture of ten a second is left out each time: {shown}")


def recording_of(items: list[Item], path: Path) -> Path:
    ring = Ring(timedelta(seconds=15))
    for item in items:
        (ring.append if isinstance(item, Packet) else ring.hear)(item)  # type: ignore[operator]
    return written(path, ring.since(0))


def test_aac_that_no_header_can_describe_is_encoded(
    configured: Configured, sounding: Filmed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: sound_module._Passed, packet: object) -> None:
        raise av.InvalidDataError(1094995529, "MPEG-4 AOT 42 is not allowed in ADTS")

    monkeypatch.setattr(sound_module._Passed, "read", refuse)

    items = played(configured, sounding("aac", 44100, "yard.mp4"), 2)

    assert len([item for item in items if isinstance(item, Sound)]) > 60


@pytest.mark.parametrize(
    ("codec", "rate", "name"),
    [
        ("aac", 44100, "yard.mp4"),
        ("aac", 16000, "yard.ts"),
        ("pcm_s16le", 16000, "yard.mov"),
        ("pcm_alaw", 8000, "yard.mov"),
        ("libopus", 48000, "yard.mkv"),
    ],
)
def test_flash_and_beep_are_together_whatever_the_sound_is(
    configured: Configured, sounding: Filmed, tmp_path: Path, codec: str, rate: int, name: str
) -> None:
    items = played_in_time(configured, sounding(codec, rate, name), 3.4)

    path = recording_of(items, tmp_path / "a.mp4")

    seen, heard = flashes(path)[1:], onsets(path)[-3:]
    assert len(seen) == 3
    assert heard == pytest.approx(seen, abs=0.05)


@contextmanager
def streamed(film: Path, seconds: float) -> Iterator[str]:
    """Serve a film as a network camera would: as long as it lasts, without a length."""
    content = film.read_bytes()
    piece = len(content) // 100

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "video/mp2t")
            self.end_headers()
            with suppress(ConnectionError):
                for place in range(0, len(content), piece):
                    self.wfile.write(content[place : place + piece])
                    time.sleep(seconds / 100)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving = Thread(target=server.serve_forever)
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/live.ts"
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


@pytest.mark.parametrize("codec", ["aac", "mp2"])
def test_the_sound_of_a_stream_is_with_its_pictures(
    configured: Configured, sounding: Filmed, tmp_path: Path, codec: str
) -> None:
    film = sounding(codec, 48000, "yard.ts", seconds=7)

    with streamed(film, 7) as address:
        items = played(configured, address, 4)

    result = recording_of(items, tmp_path / "a.mp4")
    seen, heard = flashes(result)[-3:], onsets(result)[-3:]
    # Pictures come as the network and a busy machine let them, sounds as evenly as they are there.
    uneven = max(abs(after - before - 1.0) for before, after in pairwise(seen))
    assert heard == pytest.approx(seen, abs=0.1 + uneven)


def test_the_sound_lasts_as_long_as_the_pictures(
    configured: Configured, sounding: Filmed, tmp_path: Path
) -> None:
    items = played(configured, sounding("aac", 44100, "yard.mp4"), 3)

    shown, heard = spans(recording_of(items, tmp_path / "a.mp4"))

    assert heard == pytest.approx(shown, abs=0.1)


@pytest.mark.parametrize(("codec", "rate"), [("aac", 44100), ("pcm_alaw", 8000)])
def test_a_film_that_begins_anew_keeps_its_sound_in_place(
    configured: Configured, sounding: Filmed, tmp_path: Path, codec: str, rate: int
) -> None:
    path = sounding(codec, rate, "yard.mov", seconds=2)

    items = played(configured, path, 5.4)

    heard = [one.captured_us for one in items if isinstance(one, Sound)]
    gaps = np.diff(heard)
    assert gaps.min() > 0
    assert gaps.max() < 200_000
    result = recording_of(items, tmp_path / "a.mp4")
    seen = [moment for moment in flashes(result) if round(moment) % 2]  # in the midst of a round
    odd = [moment for moment in onsets(result) if round(moment) % 2]
    assert len(seen) == 3
    assert odd == pytest.approx(seen, abs=0.05)


def test_a_part_of_a_film_has_the_sound_of_that_part(
    configured: Configured, sounding: Filmed, tmp_path: Path
) -> None:
    path = sounding("aac", 44100, "yard.mp4")

    items = played(configured, path, 4.4, start=0.5, end=2.5)

    result = recording_of(items, tmp_path / "a.mp4")
    assert flashes(result) == pytest.approx([0.5, 1.5, 2.5, 3.5], abs=0.11)
    assert onsets(result) == pytest.approx(flashes(result), abs=0.06)


def test_sound_that_nobody_wants_is_not_given(configured: Configured, sounding: Filmed) -> None:
    items = played(configured, sounding("aac", 44100, "yard.mp4"), 1, audio=False)

    assert {type(item) for item in items} == {Packet}


def test_sound_of_which_nothing_makes_sense_costs_no_picture(
    configured: Configured, sounding: Filmed
) -> None:
    path = sounding("libopus", 48000, "yard.mkv")
    with av.open(str(path)) as film:
        places = [(one.pos or 0, one.size) for one in film.demux(audio=0) if one.size]
    damaged = bytearray(path.read_bytes())
    for place, size in places:
        damaged[place + 8 : place + size] = b"\xff" * (size - 8)
    path.write_bytes(damaged)

    items = played(configured, path, 2)

    assert sum(isinstance(item, Packet) for item in items) > 15


async def test_a_camera_with_sound_gives_it_to_the_agent(
    configured: Configured, sounding: Filmed, notes: Notes, eventually: Eventually
) -> None:
    config = configured("video", path=str(sounding("aac", 44100, "yard.mp4")))

    async with running(config, notes):
        await eventually(lambda: len(notes.sounds) > 40, 20)

    lag_us = notes.packets[-1].captured_us - notes.sounds[-1].captured_us
    assert abs(lag_us) < 500_000
    assert notes.sounds[0].data[0] == 0xFF


# Their clock


def test_sounds_are_as_even_as_they_are_though_pictures_come_late_by_turns() -> None:
    clock, stamps = SoundClock(), []
    late = np.random.default_rng(3).integers(0, 60_000, 150)
    for number in range(150):
        clock.follow(number / FPS, round(1e12 + number / FPS * 1e6 + late[number]))
        stamps.append(clock.stamp(number / FPS, 1 / FPS))

    gaps = np.diff(stamps[60:])
    assert gaps == pytest.approx(1e6 / FPS, abs=2000)
    assert stamps[-1] == pytest.approx(1e12 + 149 / FPS * 1e6 + late.mean(), abs=15_000)


def test_a_source_that_counts_anew_is_followed() -> None:
    clock = SoundClock()
    clock.follow(50.0, 1_000_000_000)
    assert clock.stamp(50.0, 0.1) == 1_000_000_000
    clock.follow(0.0, 1_000_100_000)

    assert clock.stamp(0.0, 0.1) == 1_000_100_000


def test_a_pause_of_the_sound_is_kept() -> None:
    clock = SoundClock()
    clock.follow(0.0, 1_000_000_000)
    clock.stamp(0.0, 0.1)

    assert clock.stamp(5.0, 0.1) == 1_005_000_000


@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0, 10)), max_size=40))
def test_no_sound_is_ever_before_the_last(steps: list[tuple[float, float]]) -> None:
    clock, stamps = SoundClock(), []
    for moment, captured in steps:
        clock.follow(moment, round(1e9 + captured * 1e6))
        stamps.append(clock.stamp(moment, 0.064))

    given_out = [stamp for stamp in stamps if stamp is not None]
    assert all(one < two for one, two in pairwise(given_out))
