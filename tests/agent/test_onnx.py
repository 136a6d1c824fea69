"""Detections, from the pixels of a picture to labelled boxes, by every family of networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings, strategies as st
import numpy as np
import onnxruntime
import pytest

from camera_agent.families import COCO, ModelError
from camera_agent.onnx import CPU, OVERLAP, Model, PictureError, fit, load, size_of, unique
from tests.networks import (
    DOG,
    FAMILIES,
    HEIGHT,
    LETTERBOXED,
    PERSON,
    STRETCHED,
    WIDTH,
    Seen,
    detr,
    network,
    picture,
    yolov8,
    yolox,
)

if TYPE_CHECKING:
    from pathlib import Path

PEOPLE = {"person"}
ONE = Seen(PERSON, 0.9, 0.25, 0.25, 0.5, 0.75)


def model(folder: Path, family: str, *seen: Seen) -> Model:
    return load(network(folder / f"{family}.onnx", FAMILIES[family](seen)))


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_says_where_a_person_is(family: str, tmp_path: Path) -> None:
    (found,) = model(tmp_path, family, ONE).detect(picture(), 0.35, PEOPLE)
    assert found.label == "person"
    assert found[1:] == pytest.approx((0.9, 0.25, 0.25, 0.5, 0.75), abs=1e-3)


@pytest.mark.parametrize("family", LETTERBOXED)
def test_the_margin_under_a_wide_picture_is_not_part_of_it(family: str, tmp_path: Path) -> None:
    half_down = Seen(PERSON, 0.9, 0.25, 0.0, 0.5, 1 / 3)
    (found,) = model(tmp_path, family, half_down).detect(picture(512, 256), 0.35, PEOPLE)
    assert found[2:] == pytest.approx((0.25, 0.0, 0.5, 0.5), abs=1e-3)


@pytest.mark.parametrize("family", STRETCHED)
def test_a_wide_picture_is_stretched_for_a_transformer(family: str, tmp_path: Path) -> None:
    (found,) = model(tmp_path, family, ONE).detect(picture(512, 256), 0.35, PEOPLE)
    assert found[2:] == pytest.approx((0.25, 0.25, 0.5, 0.75), abs=1e-3)


@pytest.mark.parametrize("family", LETTERBOXED)
def test_what_lies_in_the_margin_is_not_found(family: str, tmp_path: Path) -> None:
    below = Seen(PERSON, 0.9, 0.25, 0.75, 0.5, 0.95)
    assert model(tmp_path, family, below).detect(picture(512, 256), 0.35, PEOPLE) == []


@pytest.mark.parametrize("family", FAMILIES)
def test_a_box_that_sticks_out_ends_at_the_edge(family: str, tmp_path: Path) -> None:
    (found,) = model(tmp_path, family, Seen(PERSON, 0.9, -0.5, -0.25, 1.5, 1.25)).detect(
        picture(), 0.35, PEOPLE
    )
    assert found[2:] == (0.0, 0.0, 1.0, 1.0)


@pytest.mark.parametrize("family", FAMILIES)
def test_only_what_is_looked_for_counts_and_the_best_comes_first(
    family: str, tmp_path: Path
) -> None:
    far = Seen(PERSON, 0.5, 0.0, 0.0, 0.1, 0.2)
    dog = Seen(DOG, 0.7, 0.6, 0.6, 0.8, 0.9)
    unsure = Seen(PERSON, 0.3, 0.8, 0.0, 0.9, 0.3)
    seeing = model(tmp_path, family, far, dog, unsure, ONE)
    labels = [found.label for found in seeing.detect(picture(), 0.35, {"dog", "person"})]
    assert labels == ["person", "dog", "person"]
    people = seeing.detect(picture(), 0.35, PEOPLE)
    assert [found.score for found in people] == pytest.approx([0.9, 0.5], abs=1e-3)
    assert len(seeing.detect(picture(), 0.25, PEOPLE)) == 3
    assert seeing.detect(picture(), 0.35, {"unicorn"}) == []


@pytest.mark.parametrize(("family", "left"), [("yolox", 1), ("yolov8", 1), ("detr", 2)])
def test_doubles_are_left_out_where_a_network_gives_them(
    family: str, left: int, tmp_path: Path
) -> None:
    beside = Seen(PERSON, 0.8, 0.26, 0.26, 0.51, 0.76)
    assert len(model(tmp_path, family, ONE, beside).detect(picture(), 0.35, PEOPLE)) == left


@pytest.mark.parametrize("family", FAMILIES)
def test_a_dog_in_front_of_a_person_hides_nobody(family: str, tmp_path: Path) -> None:
    seeing = model(tmp_path, family, ONE, Seen(DOG, 0.8, 0.25, 0.25, 0.5, 0.75))
    assert len(seeing.detect(picture(), 0.35, {"dog", "person"})) == 2


@pytest.mark.parametrize(
    ("family", "plane", "colour", "most"),
    [
        ("yolox", 0, "blue", 255),
        ("yolox", 2, "red", 255),
        ("yolov8", 0, "red", 1),
        ("yolov8", 2, "blue", 1),
        ("yolo26", 0, "red", 1),
    ],
)
def test_each_family_is_shown_colours_as_it_was_trained(
    family: str, plane: int, colour: str, most: int, tmp_path: Path
) -> None:
    (answer,) = FAMILIES[family]([Seen(PERSON, 1.0, 0.1, 0.1, 0.9, 0.9)]).items()
    bright = {answer[0]: answer[1] / np.float32(most)}
    seeing = load(network(tmp_path / "bright.onnx", bright, brightness=plane))
    assert len(seeing.detect(picture(colour=colour), 0.9, PEOPLE)) == 1
    assert seeing.detect(picture(colour="lime"), 0.1, PEOPLE) == []


@pytest.mark.parametrize("family", FAMILIES)
def test_nothing_of_an_earlier_picture_is_left_beside_a_narrower_one(
    family: str, tmp_path: Path
) -> None:
    used, fresh = model(tmp_path, family, ONE), model(tmp_path, family, ONE)
    used.detect(picture(512, 256, "white"), 0.35, PEOPLE)
    used.detect(picture(64, 200, "black"), 0.35, PEOPLE)
    fresh.detect(picture(64, 200, "black"), 0.35, PEOPLE)
    assert np.array_equal(used._spare[0].canvas, fresh._spare[0].canvas)


def test_a_network_of_free_size_is_shown_640_pixels(tmp_path: Path) -> None:
    free = ("batch", "channels", "height", "width")
    seeing = load(network(tmp_path / "free.onnx", yolov8([ONE]), picture=free))
    assert seeing._network.size == (640, 640)


def test_names_that_the_file_carries_are_used(tmp_path: Path) -> None:
    file = network(
        tmp_path / "own.onnx", yolov8([Seen(1, 0.9, 0, 0, 1, 1)], 2), names="{0: 'cat', 1: 'post'}"
    )
    assert load(file).labels == ("cat", "post")
    assert [found.label for found in load(file).detect(picture(), 0.35, {"post"})] == ["post"]


def test_a_network_of_one_class_finds_people(tmp_path: Path) -> None:
    assert load(network(tmp_path / "one.onnx", yolov8([ONE], 1))).labels == ("person",)


def test_a_network_of_eighty_classes_knows_the_names_of_coco(tmp_path: Path) -> None:
    labels = model(tmp_path, "yolox", ONE).labels
    assert (len(labels), labels[PERSON], labels[DOG], labels[-1]) == (
        80,
        "person",
        "dog",
        "toothbrush",
    )
    assert labels == COCO


@pytest.mark.parametrize("names", ["[1, 2", "7", "['a', 'b']", "import os"])
def test_names_that_cannot_be_read_are_told(names: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="names of classes"):
        load(network(tmp_path / "own.onnx", yolov8([ONE], 2), names=names))


@pytest.mark.parametrize("outputs", [yolov8([ONE], 79), detr([ONE], 91), yolox([ONE], 20)])
def test_classes_without_names_are_told(outputs: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="has names for 80"):
        load(network(tmp_path / "odd.onnx", outputs))  # type: ignore[arg-type]


@pytest.mark.parametrize("threads", [0, 1, 2])
def test_more_threads_find_the_same(threads: int, tmp_path: Path) -> None:
    file = network(tmp_path / "yolox.onnx", yolox([ONE]))
    seeing = load(file, threads=threads)
    assert seeing.detect(picture(), 0.35, PEOPLE) == load(file).detect(picture(), 0.35, PEOPLE)


@pytest.mark.parametrize("providers", [(), (CPU,), (CPU, CPU)])
def test_the_processor_comes_last_and_the_runtime_is_told(
    providers: tuple[str, ...], tmp_path: Path
) -> None:
    seeing = load(network(tmp_path / "yolox.onnx", yolox([ONE])), providers=providers)
    assert seeing.runtime == f"onnxruntime {onnxruntime.__version__} (CPU)"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_size_of_a_picture_is_read_off_it(kind: str) -> None:
    assert size_of(picture(512, 256, kind=kind)) == (512, 256)


@pytest.mark.parametrize("broken", [b"", b"<html>", picture(kind="GIF")])
def test_what_is_no_picture_has_no_size(broken: bytes) -> None:
    with pytest.raises(PictureError, match="cannot be read"):
        size_of(broken)


@pytest.mark.parametrize("kept", [0.0, 0.01, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_told(kept: float, tmp_path: Path) -> None:
    file = network(tmp_path / "cut.onnx", yolox([ONE]))
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(ModelError, match=r"cut\.onnx is damaged or no ONNX model"):
        load(file)


def test_a_web_page_in_place_of_a_model_is_told(tmp_path: Path) -> None:
    file = tmp_path / "page.onnx"
    file.write_text("<!doctype html><title>404</title>")
    with pytest.raises(ModelError, match="damaged or no ONNX model"):
        load(file)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none\.onnx"):
        load(tmp_path / "none.onnx")


def test_a_network_of_another_kind_is_told_with_what_it_takes_and_gives(tmp_path: Path) -> None:
    file = network(tmp_path / "class.onnx", {"probabilities": np.zeros((1, 1000), np.float32)})
    with pytest.raises(ModelError, match=r"images \[1, 3, 96, 128\].*probabilities \[1, 1000\]"):
        load(file)


def test_a_network_that_takes_no_picture_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"images.*is no picture"):
        load(network(tmp_path / "words.onnx", yolox([ONE]), picture=(1, 512)))


def test_a_network_that_wants_eight_pictures_at_once_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not run"):
        load(network(tmp_path / "batch.onnx", yolox([ONE]), picture=(8, 3, HEIGHT, WIDTH)))


@pytest.mark.parametrize(
    "broken",
    [b"", b"<html>not found</html>", picture()[:200], picture(kind="GIF"), b"\xff\xd8" + bytes(99)],
    ids=["empty", "page", "cut", "animation", "noise"],
)
def test_what_is_no_picture_is_told_and_the_next_one_is_looked_at(
    broken: bytes, tmp_path: Path
) -> None:
    seeing = model(tmp_path, "yolox", ONE)
    with pytest.raises(PictureError, match="cannot be read"):
        seeing.detect(broken, 0.35, PEOPLE)
    assert len(seeing.detect(picture(), 0.35, PEOPLE)) == 1


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("L", "JPEG"), ("CMYK", "JPEG"), ("RGBA", "PNG"), ("P", "PNG"), ("RGB", "WEBP")],
)
def test_pictures_without_three_colours_are_looked_at(mode: str, kind: str, tmp_path: Path) -> None:
    seeing = model(tmp_path, "yolox", ONE)
    assert len(seeing.detect(picture(mode=mode, kind=kind), 0.35, PEOPLE)) == 1


sides = st.integers(1, 8000)


@given(sides, sides, sides, sides)
def test_a_fitted_picture_fills_one_side_and_keeps_its_shape(
    width: int, height: int, into_width: int, into_height: int
) -> None:
    fitted = fit(width, height, into_width, into_height)
    assert 1 <= fitted[0] <= into_width
    assert 1 <= fitted[1] <= into_height
    assert fitted[0] == into_width or fitted[1] == into_height
    ratio = min(into_width / width, into_height / height)
    assert fitted[0] == pytest.approx(width * ratio, abs=1)
    assert fitted[1] == pytest.approx(height * ratio, abs=1)


boxes = st.lists(
    st.tuples(*[st.floats(0, 1, width=32)] * 4, st.integers(0, 1)).map(
        lambda box: (min(box[0], box[2]), min(box[1], box[3]), max(box[0], box[2]),
                     max(box[1], box[3]), box[4])
    ),
    max_size=20,
)  # fmt: skip


def shared(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    width = max(0.0, min(one[2], other[2]) - max(one[0], other[0]))
    height = max(0.0, min(one[3], other[3]) - max(one[1], other[1]))
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    both = width * height
    return both / (areas - both) if areas > both else 0.0


@settings(deadline=None)
@given(boxes)
def test_of_boxes_that_double_each_other_only_the_best_is_kept(
    boxes: list[tuple[float, float, float, float, int]],
) -> None:
    table = np.array(boxes).reshape(-1, 5)
    kept = unique(table[:, :4], table[:, 4])
    assert kept == sorted(kept)
    for index, box in enumerate(boxes):
        better = [boxes[i] for i in kept if i < index and boxes[i][4] == box[4]]
        overlap = max((shared(box, other) for other in better), default=0.0)
        assert (index in kept) == (overlap <= OVERLAP) or overlap == pytest.approx(OVERLAP)
