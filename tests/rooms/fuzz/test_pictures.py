"""Pictures and films from cameras that anybody may have made: read, or refused before they grow."""

from io import BytesIO
from pathlib import Path
import struct
import tracemalloc
from typing import Final
import zlib

from hypothesis import example, given, strategies as st
from PIL import Image
import pytest

from custom_components.gatehouse.footage import NotPlayable, length_of
from custom_components.gatehouse.vision import BadPicture, read_still
from custom_components.gatehouse.vision.onnx import PictureError, _decode
from tests.fuzzing import fuzzed
from tests.ha.scripted import clip, jpeg
from tests.rooms.footage.media import unheard_of

MOST_MEMORY: Final = 300 * 2**20  # bytes; a small machine has 1 GB


def png(width: int, height: int) -> bytes:
    """Return a PNG that says it is so large, and has hardly anything in it."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1000))
    chunks = ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def real_png(width: int, height: int) -> bytes:
    """Return a whole PNG in which every pixel is black."""
    written = BytesIO()
    Image.new("1", (width, height)).save(written, "PNG")
    return written.getvalue()


JPEG: Final = jpeg()
FILM: Final = clip(0.3)


def torn(whole: bytes) -> st.SearchStrategy[bytes]:
    """Draw what becomes of a file that is cut off and has some other bytes in it."""
    places = st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), max_size=8)
    return st.builds(_with_others, st.just(whole), places, st.integers(0, len(whole)))


def _with_others(whole: bytes, others: list[tuple[int, int]], length: int) -> bytes:
    changed = bytearray(whole)
    for place, byte in others:
        changed[place] = byte
    return bytes(changed[:length] if length % 3 else changed)


@given(data=st.one_of(torn(JPEG), torn(real_png(64, 64)), st.binary(max_size=200)))
@example(data=b"")
@example(data=JPEG[:-2])
@fuzzed(80)
def test_a_picture_is_whole_or_refused(data: bytes) -> None:
    try:
        assert Image.open(BytesIO(read_still(data).jpeg)).format == "JPEG"
    except BadPicture as error:
        assert str(error)


@given(data=st.one_of(torn(JPEG), torn(real_png(64, 64)), st.binary(max_size=200)))
@fuzzed(80)
def test_a_picture_for_a_model_fits_its_canvas_or_is_refused(data: bytes) -> None:
    try:
        assert _decode(data, 64, 64, keep_shape=False).size == (64, 64)
    except PictureError as error:
        assert str(error)


@pytest.mark.parametrize("side", [13_000, 50_000, 2**31 - 1])
def test_a_picture_that_would_grow_is_refused_before_it_does(side: int) -> None:
    data = png(side, side)
    tracemalloc.start()
    try:
        with pytest.raises(BadPicture):
            read_still(data)
        with pytest.raises(PictureError):
            _decode(data, 64, 64, keep_shape=True)
        assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY
    finally:
        tracemalloc.stop()


def test_a_small_file_that_is_a_large_picture_is_refused_by_the_detector_too() -> None:
    data = real_png(13_000, 13_000)
    assert len(data) < 100_000

    with pytest.raises(PictureError, match="pixels"):
        _decode(data, 64, 64, keep_shape=True)


@given(data=st.one_of(torn(FILM), st.binary(max_size=200)))
@example(data=b"")
@example(data=FILM[: len(FILM) // 2])
@example(data=b"\0\0\0\x01ftypisom" + b"\xff" * 8)
@example(data=unheard_of(FILM))
@fuzzed(40)
def test_a_film_lasts_some_time_or_is_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = Path(tmp_path_factory.getbasetemp()) / "film.mp4"
    path.write_bytes(data)
    try:
        assert length_of(path).total_seconds() >= 0
    except NotPlayable as error:
        assert str(error)
