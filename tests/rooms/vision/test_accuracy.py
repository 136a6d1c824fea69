"""People are found, and nobody where nobody is: real pictures, real models, the default threshold.

The material is not part of the repository. It lies in the folder that GATEHOUSE_MATERIAL names, or
in `shared` beside the repository; what scripts/demo-assets fetched is used too. A test whose
material is missing is skipped, and says so.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO
import json
import os
from pathlib import Path
from typing import Any

import av
from PIL import Image
import pytest

from custom_components.gatehouse.models import Box, Detection, Picture
from custom_components.gatehouse.vision import Detector, DetectorOptions, NcnnDetector, OnnxDetector

ROOT = Path(__file__).parents[3]
MATERIAL = Path(os.environ.get("GATEHOUSE_MATERIAL") or ROOT.parent / "shared")
MODELS = MATERIAL / "models"
MEDIA = MATERIAL / "media"
ASSETS = ROOT / ".demo" / "assets.json"

material = pytest.mark.skipif(
    not (MODELS.is_dir() and MEDIA.is_dir()), reason=f"no models and media in {MATERIAL.name}/"
)

Find = Callable[[bytes], Any]


def finder(detector: Detector) -> Find:
    async def find(jpeg: bytes) -> tuple[Detection, ...]:
        picture = Picture(jpeg=jpeg, captured=datetime.now(UTC))
        return (await detector.detect(lambda: picture)).detections

    return find


# What each runtime is given when nobody asks for more, to the byte.
OFFERED = {
    "onnxruntime": (OnnxDetector, "yolox_nano.onnx"),
    "ncnn": (NcnnDetector, "nanodet-plus-m_416.param"),
}


@pytest.fixture(params=OFFERED)
async def find(request: pytest.FixtureRequest) -> AsyncIterator[Find]:
    """Find people by the smallest model that is offered, as it is set when nobody says more."""
    kind, file = OFFERED[request.param]
    detector = await kind.load(MODELS / file, DetectorOptions())
    yield finder(detector)
    await detector.close()


def pictures(tier: str) -> list[bytes]:
    """Return the pictures of a tier: clear (a person of some size) or negative (nobody)."""
    truth = json.loads((MEDIA / "images" / "ground_truth.json").read_text("utf-8"))
    files = [each["file"] for each in truth["images"] if each["tier"] == tier]
    return [(MEDIA / "images" / file).read_bytes() for file in files]


def frames(clip: str, state: str, step: int = 4) -> Iterator[bytes]:
    """Return every fourth frame in which people are present, or absent."""
    truth = json.loads((MEDIA / "clips" / "ground_truth.json").read_text("utf-8"))
    (segments,) = [each["segments"] for each in truth["clips"] if each["file"] == clip]
    numbers = {
        number
        for each in segments
        if each["state"] == state
        for number in range(each["start"], each["end"] + 1)
    }
    return shots(MEDIA / "clips" / clip, numbers, step)


def shots(video: Path, numbers: set[int], step: int, part: Box | None = None) -> Iterator[bytes]:
    """Return frames of a video as JPEGs, or a part of them, by pixels."""
    with av.open(str(video)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number in numbers and number % step == 0:
                image = frame.to_image()
                yield encoded(image.crop(part) if part else image, "JPEG")


def encoded(image: Image.Image, kind: str) -> bytes:
    written = BytesIO()
    image.save(written, kind, quality=85, compress_level=1)
    return written.getvalue()


async def rate(find: Find, jpegs: Iterator[bytes] | list[bytes]) -> float:
    """Return in how many of the pictures somebody is found, as a fraction."""
    found = [bool(await find(jpeg)) for jpeg in jpegs]
    return sum(found) / len(found)


@material
async def test_people_who_are_clearly_there_are_found(find: Find) -> None:
    assert await rate(find, pictures("clear")) >= 16 / 18


@material
async def test_nobody_is_found_in_pictures_without_people(find: Find) -> None:
    assert await rate(find, pictures("negative")) <= 1 / 24


@material
async def test_somebody_who_comes_and_goes_is_found_while_there(find: Find) -> None:
    assert await rate(find, frames("onebyone_dev.mp4", "present")) >= 0.95


@material
async def test_an_empty_room_is_empty(find: Find) -> None:
    assert await rate(find, frames("onebyone_dev.mp4", "absent")) == 0


@material
async def test_cars_are_nobody(find: Find) -> None:
    assert await rate(find, frames("cars_dev.mp4", "absent")) == 0


@material
async def test_a_large_picture_shows_the_same_when_only_half_of_it_is_decoded(find: Find) -> None:
    for jpeg in pictures("clear"):
        image = Image.open(BytesIO(jpeg)).convert("RGB")
        large = encoded(image.resize((image.width * 2, image.height * 2)), "JPEG")
        # A PNG of the same pixels: there is no such thing as half of it.
        half, whole = await find(large), await find(encoded(Image.open(BytesIO(large)), "PNG"))
        sure = [each for each in whole if each.score > 0.5]
        assert all(any(overlap(each.box, other.box) >= 0.9 for other in half) for each in sure)


@material
async def test_a_yolox_in_ncnns_files_sees_what_it_sees_as_onnx(find_by_twins: list[Find]) -> None:
    for jpeg in pictures("clear"):
        onnx, ncnn = [await find(jpeg) for find in find_by_twins]
        sure = [each for each in onnx if each.score > 0.6]
        assert all(any(overlap(each.box, other.box) >= 0.8 for other in ncnn) for each in sure)


@pytest.fixture
async def find_by_twins() -> AsyncIterator[list[Find]]:
    """Find people by the same network, in the files of one runtime and of the other."""
    onnx = await OnnxDetector.load(MODELS / "yolox_nano.onnx", DetectorOptions())
    ncnn = await NcnnDetector.load(MODELS / "yolox_nano.ncnn.param", DetectorOptions())
    yield [finder(onnx), finder(ncnn)]
    await onnx.close()
    await ncnn.close()


def overlap(one: Box, other: Box) -> float:
    """Return the shared part of the area of two boxes."""
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    both = max(width, 0.0) * max(height, 0.0)
    areas = sum((box.right - box.left) * (box.bottom - box.top) for box in (one, other))
    return both / (areas - both)


# --- the same on what the demo fetches -----------------------------------------------------------

PATH = Box(0, 320, 448, 576)
EMPTY = {*range(241), *range(728, 758)}
WALKING = set(range(523, 728))


def demo() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ASSETS.read_text("utf-8")) if ASSETS.is_file() else {}
    return found


fetched = pytest.mark.skipif(
    demo().get("video_kind") != "vtest" or not demo().get("model"),
    reason="scripts/demo-assets has fetched no vtest.avi and model",
)


@pytest.fixture
async def find_in_demo() -> AsyncIterator[Find]:
    """Find people as the demo does."""
    assets = demo()
    options = DetectorOptions(threshold=assets["threshold"])
    detector = await OnnxDetector.load(Path(assets["model"]), options)
    yield finder(detector)
    await detector.close()


@fetched
async def test_the_demos_garden_path_is_empty_until_somebody_comes(find_in_demo: Find) -> None:
    assert await rate(find_in_demo, shots(Path(demo()["video"]), EMPTY, 6, PATH)) == 0


@fetched
async def test_who_walks_on_the_demos_garden_path_is_found(find_in_demo: Find) -> None:
    assert await rate(find_in_demo, shots(Path(demo()["video"]), WALKING, 6, PATH)) >= 0.95


@fetched
async def test_there_is_always_somebody_on_the_demos_square(find_in_demo: Find) -> None:
    assert await rate(find_in_demo, shots(Path(demo()["video"]), WALKING, 12)) == 1
