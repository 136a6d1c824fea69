"""Films, streams and the drawn pattern, as they come out of the encoder."""

from collections.abc import Iterator
from io import BytesIO
from itertools import pairwise
from pathlib import Path
import time
from typing import TypeVar

import av
import numpy as np
from PIL import Image
import pytest

from camera_agent.camera_config import CameraConfig
from camera_agent.hardware import CameraError, Luma, Opened, camera
from camera_agent.hardware.encode import H264, LUMA_SIZE, Jpeg
from camera_agent.hardware.pattern import background, draw
from camera_agent.hardware.timing import Pace, now_us
from camera_agent.hardware.video import Fit, VideoCamera
from camera_agent.models import Packet, Picture
from camera_agent.motion import Plane, differing

from .conftest import Configured, Filmed

T = TypeVar("T", Opened, Packet, Picture, Luma)
Item = Opened | Packet | Picture | Luma


class Enough(Exception):
    """The test has seen what it wants."""


class Roll:
    """Collects what a camera emits, up to so many packets."""

    def __init__(self, config: CameraConfig, packets: int, pictures: float = 0) -> None:
        self.items: list[Item] = []
        self._left = packets
        self.began = time.time()
        with pytest.raises(Enough):
            camera(config).run(self._emit, lambda: pictures)
        self.took = time.time() - self.began

    def _emit(self, item: Item) -> None:
        self.items.append(item)
        self._left -= isinstance(item, Packet)
        if not self._left:
            raise Enough

    def of(self, kind: type[T]) -> list[T]:
        return [item for item in self.items if isinstance(item, kind)]

    def frames(self) -> list[Plane]:
        """Decode the packets; return the luma of each."""
        codec = av.CodecContext.create("h264", "r")
        shown = [
            frame
            for packet in [*map(av.Packet, (one.data for one in self.of(Packet))), None]
            for frame in codec.decode(packet)
        ]
        return [np.asarray(frame.to_ndarray()[: frame.height], np.uint8) for frame in shown]

    def brightness(self) -> list[int]:
        """Return the number of each film frame, by its brightness."""
        return [round((float(np.median(frame)) - 20) / 8) for frame in self.frames()]


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Films run as fast as they can be encoded."""
    monkeypatch.setattr(Pace, "wait", lambda self, due: now_us())


class TestAFilm:
    @pytest.mark.usefixtures("hasty")
    def test_is_played_over_and_over_without_a_gap(
        self, configured: Configured, filmed: Filmed
    ) -> None:
        roll = Roll(configured("video", path=str(filmed(frames=8))), packets=24)
        assert roll.brightness() == list(range(8)) * 3

    @pytest.mark.usefixtures("hasty")
    def test_may_be_played_from_and_to_a_second(
        self, configured: Configured, filmed: Filmed
    ) -> None:
        path = str(filmed(frames=25))
        roll = Roll(configured("video", path=path, start=1.2, end=1.6), packets=8)
        assert roll.brightness() == [12, 13, 14, 15] * 2

    @pytest.mark.usefixtures("hasty")
    def test_gives_no_more_frames_than_wanted(self, configured: Configured, filmed: Filmed) -> None:
        path = str(filmed(frames=24, fps=24))
        roll = Roll(configured("video", path=path, fps=12.0), packets=12)
        assert roll.brightness()[:12] == list(range(0, 24, 2))
        assert roll.of(Opened) == [Opened(width=320, height=180, fps=12.0)]

    def test_runs_in_real_time(self, configured: Configured, filmed: Filmed) -> None:
        roll = Roll(configured("video", path=str(filmed(fps=10, frames=8))), packets=21)
        stamps = [packet.captured_us for packet in roll.of(Packet)]
        assert stamps[-1] - stamps[0] == pytest.approx(2_000_000, abs=250_000)
        assert all(one < two for one, two in pairwise(stamps))
        assert roll.began <= stamps[0] / 1e6 <= stamps[-1] / 1e6 <= time.time()

    def test_has_its_own_rate_if_that_is_lower(
        self, configured: Configured, filmed: Filmed
    ) -> None:
        roll = Roll(configured("video", path=str(filmed(fps=10))), packets=1)
        assert roll.of(Opened)[0].fps == 10.0

    @pytest.mark.usefixtures("hasty")
    def test_of_one_picture_is_a_picture_that_stays(
        self, configured: Configured, tmp_path: Path
    ) -> None:
        path = tmp_path / "still.png"
        Image.new("L", (64, 64), 100).save(path)
        roll = Roll(configured("video", path=str(path), width=64, height=64), packets=30)
        assert len(roll.frames()) == 30

    def test_without_pictures_in_the_section_is_a_mistake(
        self, configured: Configured, filmed: Filmed
    ) -> None:
        config = configured("video", path=str(filmed(frames=10)), start=50.0)
        with pytest.raises(CameraError, match="has no pictures from start to end"):
            camera(config).run(lambda item: None, lambda: 0)

    def test_that_is_no_film_is_named(self, configured: Configured, tmp_path: Path) -> None:
        path = tmp_path / "words.mp4"
        path.write_text("not a film " * 100)
        with pytest.raises(CameraError, match=r"Cannot open .*words\.mp4: Invalid data"):
            camera(configured("video", path=str(path))).run(lambda item: None, lambda: 0)

    def test_with_sound_alone_is_named(self, configured: Configured, tmp_path: Path) -> None:
        path = tmp_path / "sound.wav"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("pcm_s16le", rate=8000)
            frame = av.AudioFrame(format="s16", layout="mono", samples=800)
            frame.rate = 8000
            container.mux(stream.encode(frame))
        with pytest.raises(CameraError, match=r"There is no picture in .*sound\.wav"):
            camera(configured("video", path=str(path))).run(lambda item: None, lambda: 0)

    def test_of_a_kind_that_nobody_has_heard_of_is_named(
        self, configured: Configured, filmed: Filmed
    ) -> None:
        path = filmed(frames=10)
        head, _, tail = path.read_bytes().rpartition(b"avc1")
        path.write_bytes(head + b"zzzz" + tail)
        with pytest.raises(CameraError, match="are of an unknown kind"):
            camera(configured("video", path=str(path))).run(lambda item: None, lambda: 0)

    @pytest.mark.usefixtures("hasty")
    def test_with_a_damaged_packet_goes_on(self, configured: Configured, filmed: Filmed) -> None:
        path = filmed(frames=20)
        with av.open(str(path)) as film:
            places = [packet.pos or 0 for packet in film.demux(video=0) if packet.size]
        damaged = bytearray(path.read_bytes())
        damaged[places[5] : places[5] + 4] = b"\xff" * 4  # the length of what follows
        path.write_bytes(damaged)
        shown = Roll(configured("video", path=str(path)), packets=18).brightness()
        assert 10 < len(set(shown)) < 20


class TestAStream:
    def test_ends_with_a_reason(
        self, configured: Configured, filmed: Filmed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        film = av.open(str(filmed(frames=5)))
        monkeypatch.setattr(VideoCamera, "_open", lambda self: Endless(film))
        packets: list[Item] = []
        config = configured("video", path="http://me:secret@camera/live?password=secret")
        with pytest.raises(CameraError, match=r"^http://camera ended\.$"):
            camera(config).run(packets.append, lambda: 0)
        assert len([item for item in packets if isinstance(item, Packet)]) >= 1

    def test_that_breaks_is_named_without_its_password(
        self, configured: Configured, monkeypatch: pytest.MonkeyPatch, filmed: Filmed
    ) -> None:
        monkeypatch.setattr(VideoCamera, "_open", lambda self: Broken(av.open(str(filmed()))))
        config = configured("video", path="rtsp://me:secret@camera/1")
        with pytest.raises(CameraError, match=r"Cannot read rtsp://camera: Connection reset"):
            camera(config).run(lambda item: None, lambda: 0)

    @pytest.mark.parametrize(
        ("path", "options", "kind"),
        [
            ("rtsp://camera/1", {"rtsp_transport": "tcp"}, None),
            ("/dev/video0", {"video_size": "320x180", "framerate": "15"}, "v4l2"),
            ("http://camera/video", {}, None),
        ],
    )
    def test_is_opened_as_its_kind_asks(
        self,
        configured: Configured,
        monkeypatch: pytest.MonkeyPatch,
        path: str,
        options: dict[str, str],
        kind: str | None,
    ) -> None:
        asked: dict[str, object] = {}

        def opened(path: str, **settings: object) -> None:
            asked.update(settings)
            raise av.FFmpegError(5, "Input/output error", path)

        monkeypatch.setattr("camera_agent.hardware.video.av.open", opened)
        with pytest.raises(CameraError, match="Input/output error"):
            camera(configured("video", path=path)).run(lambda item: None, lambda: 0)
        assert asked["options"] == options
        assert asked["format"] == kind


class Endless:
    """A film that does not know its length, like a stream."""

    duration = None

    def __init__(self, film: av.container.InputContainer) -> None:
        self.streams = film.streams
        self._film = film

    def demux(self, streams: list[av.VideoStream]) -> Iterator[object]:
        yield from self._film.demux(streams)


class Broken(Endless):
    """A stream that breaks off."""

    def demux(self, streams: list[av.VideoStream]) -> Iterator[object]:
        raise av.FFmpegError(104, "Connection reset by peer", "rtsp://me:secret@camera/1")


class TestTheFit:
    def test_leaves_alone_what_fits(self, configured: Configured) -> None:
        frame = av.VideoFrame(320, 180, "yuv420p")
        assert Fit(configured()).fit(frame) is frame

    def test_cuts_out_what_is_wanted(self, configured: Configured) -> None:
        planes = np.full((270, 320), 128, np.uint8)
        planes[:180] = 50
        planes[40:130, 80:240] = 200
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        fitted = Fit(configured(crop=(80, 40, 160, 90))).fit(frame)
        assert (fitted.width, fitted.height) == (320, 180)
        assert fitted.to_ndarray()[:180].min() > 190

    def test_does_not_stretch_another_shape(self, configured: Configured) -> None:
        frame = av.VideoFrame.from_ndarray(np.full((480, 640, 3), 200, np.uint8), format="rgb24")
        luma = Fit(configured()).fit(frame).to_ndarray()[:180]
        assert luma[:, :38].max() == 16
        assert luma[:, 42:278].min() > 150
        assert luma[:, 282:].max() == 16

    def test_follows_a_source_that_changes_its_size(self, configured: Configured) -> None:
        fit = Fit(configured())
        for size in ((640, 360), (160, 90), (640, 360)):
            fitted = fit.fit(av.VideoFrame(*size, "yuv420p"))
            assert (fitted.width, fitted.height, fitted.format.name) == (320, 180, "yuv420p")

    def test_refuses_a_crop_that_is_not_there(self, configured: Configured) -> None:
        fit = Fit(configured(crop=(600, 0, 160, 90)))
        with pytest.raises(CameraError, match="reaches out of the picture of 640x360"):
            fit.fit(av.VideoFrame(640, 360, "yuv420p"))


class TestTheEncoder:
    def test_starts_each_second_with_a_key_frame_that_decodes_alone(
        self, configured: Configured
    ) -> None:
        packets = encoded(configured(), fps=15, seconds=5)
        keys = [packet.captured_us for packet in packets if packet.key]
        assert [round((key - keys[0]) / 1e6, 1) for key in keys] == [0, 1, 2, 3, 4]
        for packet in packets[::15]:
            decoder = av.CodecContext.create("h264", "r")
            assert len([*decoder.decode(av.Packet(packet.data)), *decoder.decode(None)]) == 1

    def test_keeps_to_the_second_when_frames_come_slowly(self, configured: Configured) -> None:
        keys = [packet for packet in encoded(configured(), fps=2, seconds=6) if packet.key]
        assert len(keys) == 6

    def test_gives_one_packet_a_frame_without_delay(self, configured: Configured) -> None:
        h264 = H264(configured())
        for number in range(5):
            (packet,) = h264.encode(av.VideoFrame(320, 180, "yuv420p"), number * 66_667)
            assert packet.captured_us == number * 66_667

    def test_keeps_to_the_bitrate(self, configured: Configured) -> None:
        random = np.random.default_rng(3)
        h264 = H264(configured(bitrate=300))
        sent = 0
        for number in range(75):
            noise = random.integers(0, 255, (270, 320), dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(noise, format="yuv420p")
            sent += sum(len(packet.data) for packet in h264.encode(frame, number * 66_667))
        assert sent * 8 / 5 < 1.6 * 300_000


class TestAJpeg:
    def test_shows_the_brightness_of_the_frame(self, configured: Configured) -> None:
        planes = np.full((270, 320), 128, np.uint8)
        planes[:180], planes[:90] = 235, 16
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        image = Image.open(BytesIO(Jpeg(configured()).encode(frame)))
        assert image.size == (320, 180)
        assert image.getpixel((10, 10)) == pytest.approx((0, 0, 0), abs=3)
        assert image.getpixel((10, 170)) == pytest.approx((255, 255, 255), abs=3)

    def test_is_smaller_with_less_quality(self, configured: Configured) -> None:
        planes = np.random.default_rng(1).integers(0, 255, (270, 320), dtype=np.uint8)
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        sizes = [len(Jpeg(configured(quality=q)).encode(frame)) for q in (95, 80, 50, 10)]
        assert sizes == sorted(sizes, reverse=True)
        assert sizes[-1] < sizes[0] / 2


class TestThePattern:
    def test_gives_pictures_as_often_as_they_are_wanted(self, configured: Configured) -> None:
        roll = Roll(configured(fps=30.0), packets=30, pictures=10)
        assert len(roll.of(Picture)) == pytest.approx(10, abs=1)
        assert {picture.captured_us for picture in roll.of(Picture)} <= {
            packet.captured_us for packet in roll.of(Packet)
        }

    def test_gives_no_more_pictures_than_are_allowed(self, configured: Configured) -> None:
        roll = Roll(configured(fps=30.0, jpeg_fps=5.0), packets=30, pictures=30)
        assert len(roll.of(Picture)) == pytest.approx(5, abs=1)

    def test_gives_a_small_luma_plane_five_times_a_second(self, configured: Configured) -> None:
        roll = Roll(configured(fps=30.0), packets=30)
        planes = roll.of(Luma)
        assert len(planes) == pytest.approx(5, abs=1)
        assert {plane.plane.shape for plane in planes} == {LUMA_SIZE[::-1]}
        assert roll.of(Picture) == []

    def test_moves_for_ten_seconds_and_rests_for_ten(self) -> None:
        assert moved(0.0, 0.5)
        assert moved(9.0, 9.5)
        assert not moved(10.0, 19.9)
        assert moved(19.9, 20.9)

    def test_its_clock_alone_is_no_motion(self) -> None:
        night, day = drawn(12.0, "00:00:00"), drawn(12.0, "18:58:58")
        assert not np.array_equal(night, day)
        assert differing(day - night.astype(np.float32)) < 0.002

    def test_fits_into_any_size(self) -> None:
        for width, height in ((64, 64), (4096, 2160), (640, 480)):
            planes = background(width, height)
            draw(planes[:height], 3.0, "23:59:59")
            assert planes.shape == (height * 3 // 2, width)


def encoded(config: CameraConfig, fps: int, seconds: int) -> list[Packet]:
    h264 = H264(config)
    frames = range(fps * seconds)
    return [
        packet
        for number in frames
        for packet in h264.encode(
            av.VideoFrame(320, 180, "yuv420p"), 1_795_000_000_000_000 + number * 1_000_000 // fps
        )
    ]


def drawn(moment: float, clock: str = "12:00:00") -> Plane:
    planes = background(640, 360)[:360]
    draw(planes, moment, clock)
    return planes


def moved(one: float, two: float) -> bool:
    return not np.array_equal(drawn(one), drawn(two))
