"""The picture that people see: its size, and what is drawn into it."""

from io import BytesIO

from PIL import Image
import pytest

from custom_components.gatehouse.models import Box, Detection
from custom_components.gatehouse.vision import BadPicture, thumbnail
from tests.networks import picture

Colour = tuple[int, int, int]


MIDDLE = Box(0.25, 0.25, 0.75, 0.75)


def found(label: str = "person", box: Box = MIDDLE) -> Detection:
    return Detection(label=label, score=0.87, box=box)


def drawn(jpeg: bytes, *detections: Detection, width: int = 1280) -> Image.Image:
    return Image.open(BytesIO(thumbnail(jpeg, detections, width))).convert("RGB")


def difference(one: Colour, other: Colour) -> int:
    return sum(abs(a - b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(
    ("size", "smaller"),
    [((2560, 1440), (1280, 720)), ((1920, 1080), (1280, 720)), ((640, 480), (640, 480))],
)
def test_a_picture_keeps_its_shape_and_is_never_made_larger(
    size: tuple[int, int], smaller: tuple[int, int]
) -> None:
    assert drawn(picture(*size)).size == smaller


def test_a_picture_without_detections_is_only_made_smaller() -> None:
    image = drawn(picture(1280, 720, "white"), width=320)
    assert image.getextrema() == ((255, 255),) * 3


@pytest.mark.parametrize("background", ["white", "black", "grey", "orange", "blue"])
def test_a_box_stands_out_from_any_background(background: str) -> None:
    image = drawn(picture(1280, 720, background), found())
    plain = image.getpixel((10, 700))
    across = [image.getpixel((x, 500)) for x in range(310, 330)]
    assert max(difference(pixel, plain) for pixel in across) > 200
    assert difference(image.getpixel((640, 500)), plain) < 12


@pytest.mark.parametrize(
    ("box", "where"),
    [
        (MIDDLE, (320, 120, 520, 180)),
        (Box(0.0, 0.0, 1.0, 1.0), (0, 0, 200, 40)),
        (Box(0.95, 0.5, 1.0, 0.9), (1080, 310, 1280, 360)),
    ],
    ids=["above", "inside at the top", "inside at the right"],
)
def test_the_words_are_written_within_the_picture(
    box: Box, where: tuple[int, int, int, int]
) -> None:
    image = drawn(picture(1280, 720, "black"), found(box=box))
    words = image.crop(where).convert("L").histogram()
    assert sum(words[150:]) > 1500  # the bright plate
    unlabelled = drawn(picture(1280, 720, "black"))
    assert sum(unlabelled.crop(where).convert("L").histogram()[150:]) == 0


def test_a_label_has_its_own_colour_every_time() -> None:
    def edge(label: str) -> Colour:
        return drawn(picture(1280, 720, "black"), found(label)).getpixel((321, 500))

    assert difference(edge("person"), edge("dog")) > 60
    assert edge("dog") == edge("dog")


def test_the_best_is_drawn_last_and_so_on_top() -> None:
    weak = Detection(label="dog", score=0.4, box=found().box)
    one = drawn(picture(1280, 720, "black"), found(), weak).getpixel((321, 500))
    other = drawn(picture(1280, 720, "black"), weak, found()).getpixel((321, 500))
    alone = drawn(picture(1280, 720, "black"), found()).getpixel((321, 500))
    assert one == other
    assert difference(one, alone) < 12


@pytest.mark.parametrize("size", [(1, 1), (3, 2000), (40, 30)])
def test_the_smallest_of_pictures_is_drawn_into(size: tuple[int, int]) -> None:
    assert drawn(picture(*size), found()).size == size


@pytest.mark.parametrize("broken", [b"", b"no picture", picture()[:200]])
def test_what_is_no_picture_is_told(broken: bytes) -> None:
    with pytest.raises(BadPicture, match="cannot be read"):
        thumbnail(broken, [found()])
