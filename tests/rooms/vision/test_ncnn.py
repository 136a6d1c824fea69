"""Networks by ncnn: from the files' text to labelled boxes, and what is told of bad files."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
import threading

import ncnn
import numpy as np
from PIL import Image
import pytest

from custom_components.gatehouse.models import Box, Detection, Picture
from custom_components.gatehouse.vision import (
    BadModel,
    BadPicture,
    DetectorFailed,
    DetectorOptions,
    NcnnDetector,
)
from custom_components.gatehouse.vision.detector import AT_ONCE
from custom_components.gatehouse.vision.ncnn import SIZE, load
from tests.networks import DOG, PERSON, Array, Seen, picture

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
OPTIONS = DetectorOptions()
PEOPLE = {"person"}
# Their edges lie on the coarsest grid, so that both kinds of networks can say them.
ONE = Seen(PERSON, 0.9, 64 / SIZE, 64 / SIZE, 192 / SIZE, 256 / SIZE)
PET = Seen(DOG, 0.7, 256 / SIZE, 192 / SIZE, 320 / SIZE, 320 / SIZE)


def yolox(seen: Sequence[Seen], classes: int = 80) -> Array:
    """Answer by the cells of stride 32, which come last."""
    rows = np.zeros((52 * 52 + 26 * 26 + 13 * 13, 5 + classes), np.float32)
    for cell, one in enumerate(seen):
        x, y, width, height = np.array(one.middle()) * SIZE / 32
        rows[-13 * 13 + cell, :5] = [x - cell, y, np.log(width), np.log(height), 1.0]
        rows[-13 * 13 + cell, 5 + one.kind] = one.score
    return rows


def nanodet(seen: Sequence[Seen], classes: int = 80) -> Array:
    """Answer by the cells of stride 64, which come last: the one a step in from the left top."""
    rows = np.zeros((52 * 52 + 26 * 26 + 13 * 13 + 7 * 7, classes + 32), np.float32)
    for one in seen:
        left, top, right, bottom = (
            round(edge * SIZE / 64) for edge in (one.left, one.top, one.right, one.bottom)
        )
        row = rows[-7 * 7 + 7 * (top + 1) + left + 1]
        row[one.kind] = one.score
        for side, steps in enumerate((1, 1, right - left - 1, bottom - top - 1)):
            row[classes + 8 * side + steps] = 50.0
    return rows


KINDS: dict[str, tuple[int, Callable[[Sequence[Seen]], Array]]] = {
    "yolox": (12, yolox),
    "nanodet": (3, nanodet),
}

PREPARED = "Input in 0 1 in\n"
PUBLISHED = "Input images 0 1 images\nYoloV5Focus focus 1 1 images in\n"


def network(
    path: Path, answer: Array, channels: int, *, weights: Array | None = None, top: str = PREPARED
) -> Path:
    """Write a network that answers so, times the mean of the weighted channels if there are any."""
    layers = 4 + top.count("\n")
    path.write_text(
        f"7767517\n{layers} {layers}\n{top}"
        f"Convolution first 1 1 in first 0=1 1=1 5=1 6={channels}\n"
        "Reduction mean 1 1 first mean 0=3 1=1\n"
        f"MemoryData answer 0 1 answer 0={answer.shape[1]} 1={answer.shape[0]}\n"
        "BinaryOp output 2 1 answer mean output 0=2\n"
    )
    factors = np.zeros(channels, np.float32) if weights is None else weights.astype(np.float32)
    bias = np.array([1.0 if weights is None else 0.0], np.float32)
    path.with_suffix(".bin").write_bytes(
        bytes(4) + factors.tobytes() + bias.tobytes() + answer.tobytes()
    )
    return path


def made(folder: Path, kind: str, *seen: Seen) -> Path:
    channels, answer = KINDS[kind]
    return network(folder / f"{kind}.param", answer(seen), channels)


def shot(jpeg: bytes = picture(416, 416)) -> Picture:
    return Picture(jpeg=jpeg, captured=NOON)


@pytest.fixture(params=KINDS)
def model(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return made(tmp_path, request.param, ONE, PET)


@pytest.fixture
async def detector(model: Path) -> AsyncIterator[NcnnDetector]:
    detector = await NcnnDetector.load(model, OPTIONS)
    yield detector
    await detector.close()


# What is found


async def test_a_person_is_seen_by_each_kind_of_networks(detector: NcnnDetector) -> None:
    taken = shot()
    sight = await detector.detect(lambda: taken)
    assert sight.picture is taken
    (found,) = sight.detections
    assert found == Detection(
        label="person",
        score=pytest.approx(0.9, abs=1e-3),
        box=Box(*(pytest.approx(edge / SIZE, abs=1e-3) for edge in (64, 64, 192, 256))),
    )


def test_all_that_is_looked_for_is_found_best_first(model: Path) -> None:
    found = load(model).detect(picture(416, 416), 0.35, {"dog", "person"})
    assert [each.label for each in found] == ["person", "dog"]


def test_the_margin_under_a_wide_picture_is_not_part_of_it(model: Path) -> None:
    (found,) = load(model).detect(picture(832, 512), 0.35, PEOPLE)
    assert (found.top, found.bottom) == pytest.approx((0.25, 1.0), abs=1e-3)


def test_a_published_yolox_is_taken_as_it_is(tmp_path: Path) -> None:
    file = network(tmp_path / "published.param", yolox([ONE]), 12, top=PUBLISHED)
    prepared = made(tmp_path, "yolox", ONE)
    assert load(file).detect(picture(), 0.35, PEOPLE) == (
        load(prepared).detect(picture(), 0.35, PEOPLE)
    )


@pytest.mark.parametrize("threads", [0, 1, 2])
def test_more_threads_find_the_same(threads: int, model: Path) -> None:
    seeing = load(model, threads=threads)
    assert len(seeing.detect(picture(), 0.35, PEOPLE)) == 1
    assert seeing.runtime == f"ncnn {ncnn.__version__}"


def test_the_same_picture_is_seen_in_the_same_way_however_often(model: Path) -> None:
    seeing = load(model)
    first = seeing.detect(picture(), 0.35, PEOPLE)
    assert all(
        seeing.detect(picture(), 0.35, PEOPLE) == first and np.full((3, SIZE, SIZE), 1e9).any()
        for _ in range(30)
    )


# How a network is shown a picture


def score(file: Path, shown: bytes) -> float:
    """Return the score of the only object: with it grows the mean of the weighted channels."""
    seeing = load(file)
    (found,) = seeing.detect(shown, 1e-6, PEOPLE)
    return found.score


def one_hot(channels: int, *lit: int) -> Array:
    return np.isin(np.arange(channels), lit) / len(lit)


@pytest.mark.parametrize(("plane", "colour"), [(0, "blue"), (1, "lime"), (2, "red")])
def test_yolox_is_shown_blue_first_from_0_to_255(plane: int, colour: str, tmp_path: Path) -> None:
    answer = yolox([Seen(PERSON, 1.0, 0.1, 0.1, 0.9, 0.9)]) / np.float32(255)
    lit = one_hot(12, plane, plane + 3, plane + 6, plane + 9)
    file = network(tmp_path / "bright.param", answer, 12, weights=lit)
    assert score(file, picture(416, 416, colour, kind="PNG")) == pytest.approx(1.0)


@pytest.mark.parametrize(("part", "row", "column"), [(0, 0, 0), (1, 1, 0), (2, 0, 1), (3, 1, 1)])
def test_yolox_is_shown_every_second_pixel_four_times(
    part: int, row: int, column: int, tmp_path: Path
) -> None:
    pixels = np.zeros((SIZE, SIZE, 3), np.uint8)
    pixels[row::2, column::2] = 255
    written = BytesIO()
    Image.fromarray(pixels).save(written, "PNG")
    answer = yolox([Seen(PERSON, 1.0, 0.1, 0.1, 0.9, 0.9)]) / np.float32(255)
    file = network(tmp_path / "part.param", answer, 12, weights=one_hot(12, 3 * part))
    assert score(file, written.getvalue()) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("plane", "colour", "seen"),
    [(0, "blue", 2.6400), (1, "lime", 2.4286), (2, "red", 2.2489)],
)
def test_nanodet_is_shown_blue_first_centred_and_scaled(
    plane: int, colour: str, seen: float, tmp_path: Path
) -> None:
    answer = nanodet([Seen(PERSON, 0.1, 64 / SIZE, 64 / SIZE, 192 / SIZE, 192 / SIZE)])
    file = network(tmp_path / "bright.param", answer, 3, weights=one_hot(3, plane))
    assert score(file, picture(416, 416, colour, kind="PNG")) == pytest.approx(seen / 10, rel=1e-3)


# The detector


async def test_a_broken_picture_is_told_and_the_next_is_looked_at(detector: NcnnDetector) -> None:
    with pytest.raises(BadPicture, match="cannot be read"):
        await detector.detect(lambda: shot(b"<html>"))
    assert len((await detector.detect(shot)).detections) == 1


async def test_a_network_that_fails_later_is_told(
    detector: NcnnDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What ncnn says when it is out of memory.
    monkeypatch.setattr(ncnn.Extractor, "extract", lambda *_: (-100, None))
    with pytest.raises(DetectorFailed, match="ncnn answers -100"):
        await detector.detect(shot)


async def test_the_detector_says_what_runs_it(detector: NcnnDetector) -> None:
    assert detector.runtime == f"ncnn {ncnn.__version__}"


async def test_the_network_runs_in_threads_that_end_with_the_detector(model: Path) -> None:
    detector = await NcnnDetector.load(model, OPTIONS)
    await asyncio.gather(*(detector.detect(shot) for _ in range(2 * AT_ONCE)))
    assert len(threads()) == AT_ONCE
    await detector.close()
    assert threads() == []


async def test_a_network_that_knows_none_of_the_labels_is_told(model: Path) -> None:
    with pytest.raises(BadModel, match=r"\(unicorn\); it knows person, bicycle, "):
        await NcnnDetector.load(model, DetectorOptions(labels=frozenset({"unicorn"})))
    assert threads() == []


def test_a_network_of_one_class_finds_people(tmp_path: Path) -> None:
    file = network(tmp_path / "one.param", yolox([ONE], 1), 12)
    assert load(file).labels == ("person",)


# Files that cannot be used


@pytest.mark.parametrize("kept", [0.0, 0.2, 0.5, 0.9])
async def test_a_truncated_description_is_told(kept: float, model: Path) -> None:
    text = model.read_text()
    model.write_text(text[: int(len(text) * kept)])
    with pytest.raises(BadModel, match=rf"The model {model.name} cannot be used"):
        await NcnnDetector.load(model, OPTIONS)


@pytest.mark.parametrize("kept", [0.0, 0.5, 0.999])
async def test_truncated_weights_are_told(kept: float, model: Path) -> None:
    weights = model.with_suffix(".bin")
    whole = weights.read_bytes()
    weights.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(BadModel, match=rf"{weights.name}.* is missing or damaged"):
        await NcnnDetector.load(model, OPTIONS)


async def test_missing_weights_are_told(model: Path) -> None:
    model.with_suffix(".bin").unlink()
    with pytest.raises(BadModel, match=r"\.bin, which belongs beside .*\.param, is missing"):
        await NcnnDetector.load(model, OPTIONS)


async def test_a_missing_description_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadModel, match=r"none\.param cannot be read"):
        await NcnnDetector.load(tmp_path / "none.param", OPTIONS)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\x08\x08\xff\xfe", "cannot be read"),
        (b"<!doctype html><title>404</title>", "no description by ncnn"),
        (b"", "no description by ncnn"),
    ],
    ids=["onnx", "page", "empty"],
)
async def test_what_is_no_description_is_told(
    content: bytes, sentence: str, tmp_path: Path
) -> None:
    file = tmp_path / "odd.param"
    file.write_bytes(content)
    with pytest.raises(BadModel, match=sentence):
        await NcnnDetector.load(file, OPTIONS)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("Reduction", "Riddle", "has layers that ncnn does not know"),
        ("Convolution", "Swish", "is no detector that is understood"),
        ("0=1 1=1 5=1 6=", "0=1 1=9 5=1 6=", "it takes 0 channels"),
        ("0=2\n", "0=2\nReduction last 1 1 output last 0=3 1=1\n", "it gives"),
    ],
    ids=["layer", "top", "channels", "answer"],
)
async def test_a_network_of_another_kind_is_told(
    old: str, new: str, sentence: str, model: Path
) -> None:
    head, _, rest = model.read_text().replace(old, new).partition("\n5 5\n")
    layers = rest.count("\n")
    model.write_text(f"{head}\n{layers} {layers}\n{rest}")
    with pytest.raises(BadModel, match=sentence):
        await NcnnDetector.load(model, OPTIONS)


async def test_a_network_without_names_for_its_classes_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadModel, match="tells 20 classes apart, but has names for 80"):
        await NcnnDetector.load(network(tmp_path / "odd.param", yolox([ONE], 20), 12), OPTIONS)


def threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith("gatehouse ncnn")]
