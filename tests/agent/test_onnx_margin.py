"""The margin around wide and high pictures: left out where a network can do without it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from itertools import pairwise
import time
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
import pytest

from camera_agent.onnx import CPU, MARGIN, Model, OnnxNetwork, load
from tests.convolutions import SIDE, convolving
from tests.networks import FAMILIES, PERSON, Seen, network, picture, yolov8

if TYPE_CHECKING:
    from pathlib import Path

    from tests.networks import Array

PEOPLE = {"person"}
RED = (255, 0, 0)


def with_red(width: int, height: int, left: int, top: int) -> bytes:
    """Return a blue picture with a red square of 32 pixels."""
    image = Image.new("RGB", (width, height), "blue")
    image.paste(RED, (left, top, left + 32, top + 32))
    written = BytesIO()
    image.save(written, "PNG")
    return written.getvalue()


def shown(model: Model) -> tuple[int, ...]:
    """Return the height and width of what the network was shown last."""
    (eye,) = model._spare
    return eye.canvas.shape[2:]


@pytest.fixture
def model(tmp_path: Path) -> Model:
    return load(convolving(tmp_path / "yolox.onnx"))


@pytest.mark.parametrize(
    ("size", "canvas"),
    [
        ((SIDE, 128), (160, SIDE)),
        ((SIDE, 160 - MARGIN), (160, SIDE)),
        ((SIDE, 161 - MARGIN), (192, SIDE)),
        ((128, SIDE), (SIDE, 160)),
        ((SIDE, SIDE), (SIDE, SIDE)),
        ((SIDE, 250), (SIDE, SIDE)),
        ((SIDE, 1), (64, SIDE)),
        ((2 * SIDE, SIDE), (160, SIDE)),
    ],
)
def test_a_yolox_is_shown_little_more_than_the_picture(
    size: tuple[int, int], canvas: tuple[int, int], model: Model
) -> None:
    model.detect(picture(*size), 0.35, PEOPLE)
    assert shown(model) == canvas


@pytest.mark.parametrize(
    ("width", "height", "left", "top"),
    [(256, 128, 64, 32), (256, 128, 224, 96), (128, 256, 96, 224), (256, 256, 0, 0)],
)
def test_who_is_in_a_wide_or_high_picture_is_found_where_he_is(
    width: int, height: int, left: int, top: int, model: Model
) -> None:
    (found,) = model.detect(with_red(width, height, left, top), 0.9, PEOPLE)
    middle = (found.left + found.right) / 2 * width, (found.top + found.bottom) / 2 * height
    assert middle == pytest.approx((left + 16, top + 16))


def test_pictures_of_many_shapes_take_turns_on_one_canvas(model: Model) -> None:
    for width, height in [(256, 128), (128, 256), (256, 256), (64, 256), (256, 64)] * 2:
        (found,) = model.detect(with_red(width, height, 32, 32), 0.9, PEOPLE)
        assert (found.left + found.right) / 2 * width == pytest.approx(48)
        assert (found.top + found.bottom) / 2 * height == pytest.approx(48)


@pytest.mark.parametrize("family", ["yolov8", "yolo26", "detr", "rtdetr"])
def test_a_network_that_needs_its_size_is_shown_all_of_it(family: str, tmp_path: Path) -> None:
    answer = FAMILIES[family]([Seen(PERSON, 0.9, 0.25, 0.25, 0.5, 0.5)])
    model = load(network(tmp_path / "model.onnx", answer, picture=(1, 3, 160, 256)))
    assert len(model.detect(picture(256, 64), 0.35, PEOPLE)) == 1
    assert shown(model) == (160, 256)


def test_a_yolox_that_answers_as_if_it_had_seen_all_is_shown_all(tmp_path: Path) -> None:
    answer = {"output": np.zeros((1, 52 * 52 + 26 * 26 + 13 * 13, 85), np.float32)}
    model = load(network(tmp_path / "odd.onnx", answer, picture=(1, 3, 416, 416)))
    assert model.detect(picture(256, 64), 0.35, PEOPLE) == []
    assert shown(model) == (416, 416)


def test_a_network_whose_file_leaves_the_size_open_is_shown_little_more(tmp_path: Path) -> None:
    free = (1, 3, "height", "width")
    model = load(network(tmp_path / "free.onnx", yolov8([]), picture=free))
    model.detect(picture(640, 320), 0.35, PEOPLE)
    assert shown(model) == (352, 640)


@pytest.mark.parametrize("side", [64, 96, 160, 320])
def test_a_yolox_of_any_size_finds_people(side: int, tmp_path: Path) -> None:
    model = load(convolving(tmp_path / "yolox.onnx", height=side, width=side))
    assert len(model.detect(with_red(side, side // 2, 0, 0), 0.9, PEOPLE)) == 1


def test_other_processors_are_shown_all_of_it(tmp_path: Path) -> None:
    file = convolving(tmp_path / "yolox.onnx")
    assert OnnxNetwork(file, 1, [CPU]).step
    assert not OnnxNetwork(file, 1, ["NoSuchExecutionProvider", CPU]).step


def test_pictures_that_are_looked_at_by_two_threads_are_not_mixed_up(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, times = OnnxNetwork.run, list[tuple[float, float]]()

    def timed(network: OnnxNetwork, canvas: Array) -> dict[str, Array]:
        began = time.perf_counter()
        time.sleep(0.001)  # others have time to come in between
        answer = run(network, canvas)
        times.append((began, time.perf_counter()))
        return answer

    monkeypatch.setattr(OnnxNetwork, "run", timed)
    places = [(32 * (n % 8), 32 * (n % 4)) for n in range(200)]

    def look(place: tuple[int, int]) -> tuple[float, float]:
        (found,) = model.detect(with_red(256, 128, *place), 0.9, PEOPLE)
        return (found.left + found.right) * 128 - 16, (found.top + found.bottom) * 64 - 16

    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(look, places))
    assert np.allclose(found, places, atol=0.01)
    assert len(model._spare) == 2
    assert all(ended <= began for (_, ended), (began, _) in pairwise(sorted(times)))
