"""A panorama goes by how the cameras hang when it is made, not only by how they once hung."""

from datetime import timedelta
from pathlib import Path

import av
import pytest

pytest.importorskip("cv2", reason="panoramas need OpenCV (opencv-python-headless)")

from custom_components.gatehouse.footage import MergeOptions, MergePlan, Part, Reel
from custom_components.gatehouse.footage.calibration import Calibration
from custom_components.gatehouse.footage.errors import CamerasMoved
from custom_components.gatehouse.footage.merge import Made, merge
from custom_components.gatehouse.footage.panorama import calibrate
from custom_components.gatehouse.models import Layout
from tests.rooms.footage.reels import at
from tests.rooms.footage.views import Seen, look, pair

PICTURES = 5


@pytest.fixture(scope="module")
def kept() -> Calibration:
    left, right = pair()
    return calibrate(left.jpeg, right.jpeg)


def filmed(folder: Path, name: str, seen: Seen) -> Reel:
    """Return what a camera records that shows the same all the time."""
    path = folder / f"{name}.mp4"
    with av.open(str(path), "w", options={"movflags": "faststart"}) as file:
        stream = file.add_stream("libx264", rate=10, options={"preset": "ultrafast", "crf": "20"})
        stream.width, stream.height = seen.size
        stream.pix_fmt = "yuv420p"
        for _ in range(PICTURES):
            file.mux(stream.encode(seen.frame()))
        file.mux(stream.encode())
    until = at(0) + timedelta(seconds=PICTURES / 10)
    return Reel(camera=name, parts=(Part(path=path, began=at(0), until=until),))


def made(folder: Path, left: Seen, right: Seen, kept: Calibration) -> Made:
    plan = MergePlan(
        layout=Layout.PANORAMA,
        left=filmed(folder, "left", left),
        right=filmed(folder, "right", right),
        since=at(0),
        until=at(1),
        calibration=kept,
    )
    return merge(plan, MergeOptions(), folder / "movie.mp4", lambda _: None)


def test_cameras_that_hang_as_they_did_have_not_moved(tmp_path: Path, kept: Calibration) -> None:
    assert not made(tmp_path, *pair(), kept).moved


def test_a_camera_that_was_moved_a_little_has_its_pictures_compared_anew(
    tmp_path: Path, kept: Calibration
) -> None:
    left, _ = pair()

    assert made(tmp_path, left, look(17, 1.5, 2), kept).moved


def test_of_a_camera_that_looks_elsewhere_there_is_no_panorama(
    tmp_path: Path, kept: Calibration
) -> None:
    left, _ = pair()

    with pytest.raises(CamerasMoved, match="A camera was moved since"):
        made(tmp_path, left, look(15, seed=7), kept)
