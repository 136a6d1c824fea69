"""What cameras upload, verified: whole, upright, of a sane size."""

from datetime import datetime, timedelta, timezone
from io import BytesIO
import warnings
from zlib import crc32

from hypothesis import given, settings, strategies as st
from PIL import Image
from PIL.ExifTags import IFD, Base
import pytest

from custom_components.gatehouse.vision import BadPicture, Still, read_still
from tests.networks import picture


def noise(width: int = 320, height: int = 240, kind: str = "JPEG", **how: object) -> bytes:
    """Return a picture of which every part matters."""
    written = BytesIO()
    Image.effect_noise((width, height), 80).convert("RGB").save(written, kind, **how)
    return written.getvalue()


def exif(orientation: int = 1, taken: str = "", offset: str = "") -> Image.Exif:
    made = Image.Exif()
    made[Base.Orientation] = orientation
    made.get_ifd(IFD.Exif)[Base.DateTimeOriginal] = taken
    made.get_ifd(IFD.Exif)[Base.OffsetTimeOriginal] = offset
    return made


def opened(found: Still) -> Image.Image:
    image = Image.open(BytesIO(found.jpeg))
    assert image.format == "JPEG"
    image.load()
    return image


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_jpeg_stays_as_it_is(mode: str) -> None:
    data = picture(mode=mode)
    assert read_still(data) == Still(jpeg=data)


@pytest.mark.parametrize("progressive", [False, True])
def test_a_large_jpeg_stays_as_it_is(progressive: bool) -> None:
    data = noise(1920, 1080, progressive=progressive)
    assert read_still(data).jpeg == data


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "1"])
def test_a_png_becomes_a_jpeg(mode: str) -> None:
    image = opened(read_still(picture(64, 48, "orange", mode, "PNG")))
    assert (image.size, image.mode) == ((64, 48), "RGB")


def test_a_png_keeps_its_colours() -> None:
    red, green, blue = opened(read_still(picture(64, 48, "orange", kind="PNG"))).getpixel((32, 24))
    assert (red, green, blue) == pytest.approx((255, 165, 0), abs=4)


def test_a_jpeg_for_printers_becomes_one_for_screens() -> None:
    assert opened(read_still(picture(mode="CMYK"))).mode == "RGB"


@pytest.mark.parametrize(("orientation", "corner"), [(3, (60, 44)), (6, (44, 3)), (8, (3, 60))])
def test_a_turned_picture_is_put_upright(orientation: int, corner: tuple[int, int]) -> None:
    image = Image.new("RGB", (64, 48), "black")
    image.paste("white", (0, 0, 8, 8))
    written = BytesIO()
    image.save(written, "JPEG", exif=exif(orientation))

    turned = opened(read_still(written.getvalue()))

    assert turned.getpixel(corner)[0] > 200
    assert turned.convert("L").resize((1, 1)).getpixel((0, 0)) < 30
    assert read_still(turned_bytes := read_still(written.getvalue()).jpeg).jpeg == turned_bytes


@pytest.mark.parametrize(
    ("taken", "offset", "moment"),
    [
        ("2026:11:21 08:30:00", "", datetime(2026, 11, 21, 8, 30)),  # noqa: DTZ001
        (
            "2026:11:21 08:30:00",
            "+01:00",
            datetime(2026, 11, 21, 8, 30, tzinfo=timezone(timedelta(hours=1))),
        ),
        ("2026:11:21 08:30:00", "   :  ", datetime(2026, 11, 21, 8, 30)),  # noqa: DTZ001
        ("0000:00:00 00:00:00", "", None),
        ("yesterday", "", None),
        ("", "", None),
    ],
)
def test_a_camera_may_tell_when_a_picture_was_taken(
    taken: str, offset: str, moment: datetime | None
) -> None:
    data = noise(exif=exif(taken=taken, offset=offset))
    assert read_still(data) == Still(jpeg=data, taken=moment)


def test_a_jpeg_with_broken_exif_is_still_a_picture() -> None:
    data = noise(exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\xee" * 40)
    assert read_still(data) == Still(jpeg=data)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60))
def test_no_exif_makes_a_picture_unreadable(scribble: bytes) -> None:
    data = picture(32, 32)
    length = (len(scribble) + 8).to_bytes(2)
    with warnings.catch_warnings(action="ignore"):  # Pillow's, of what is wrong with it
        assert read_still(data[:2] + b"\xff\xe1" + length + b"Exif\0\0" + scribble + data[2:]).jpeg


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.6, 0.9])
def test_a_picture_that_is_half_there_is_none(kind: str, share: float) -> None:
    data = noise(kind=kind)
    with pytest.raises(BadPicture, match="cannot be read"):
        read_still(data[: int(len(data) * share)])


@pytest.mark.parametrize(
    "data", [b"", b"no picture", b"<svg/>", picture(kind="GIF"), picture(kind="BMP"), b"\0" * 9000]
)
def test_what_is_neither_jpeg_nor_png_is_refused(data: bytes) -> None:
    with pytest.raises(BadPicture, match="cannot be read"):
        read_still(data)


@pytest.mark.parametrize("size", [(8, 600), (600, 15), (1, 1)])
def test_a_picture_in_which_nothing_can_be_seen_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(BadPicture, match="is only"):
        read_still(picture(*size))


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(("side", "why"), [(9_000, "smaller ones"), (20_000, "cannot be read")])
def test_a_small_file_that_would_fill_the_memory_is_refused(side: int, why: str) -> None:
    data = bytearray(picture(kind="PNG"))
    data[16:24] = side.to_bytes(4) + side.to_bytes(4)
    header = bytes(data[12:29])
    data[29:33] = crc32(header).to_bytes(4)

    with pytest.raises(BadPicture, match=why):
        read_still(bytes(data))
