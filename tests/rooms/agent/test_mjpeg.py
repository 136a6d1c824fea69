"""Bytes to pictures, whatever the network does to them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, strategies as st
import pytest

from custom_components.gatehouse.agent import AgentGarbled
from custom_components.gatehouse.agent.mjpeg import (
    BOUNDARY as BOUNDARY_LINE,
    LARGEST_HEAD,
    LARGEST_PICTURE,
    PartParser,
    PictureParser,
)
from custom_components.gatehouse.models import Picture

BOUNDARY = "gatehouse"
NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)

# Anything but a whole boundary, though as like it as can be.
GARBAGE = st.lists(st.sampled_from([b"\r\n", b"--gate", b"--gatehouse--", b"-", b"\0"])).map(
    b"".join
)
PICTURES = st.builds(
    Picture,
    jpeg=st.one_of(
        st.binary(min_size=1, max_size=60),
        st.just(b"--gatehouse\r\nContent-Length: 3\r\n\r\nabc"),
    ),
    captured=st.one_of(
        st.just(NOW),
        st.integers(0, 10**9).map(lambda us: NOW + timedelta(microseconds=us)),
    ),
)


def part(picture: Picture) -> bytes:
    """Return a part as an agent writes it; a picture of NOW has no time in it."""
    stamp = f"X-Timestamp: {picture.captured.timestamp():.6f}\r\n" * (picture.captured != NOW)
    head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture.jpeg)}\r\n"
    return f"{head}{stamp}\r\n".encode() + picture.jpeg + b"\r\n"


def parse(*chunks: bytes) -> Iterator[Picture]:
    """Feed a parser."""
    parser = PictureParser(BOUNDARY, lambda: NOW)
    for chunk in chunks:
        yield from parser.feed(chunk)


@given(st.lists(st.tuples(GARBAGE, PICTURES)), GARBAGE, st.data())
def test_however_the_bytes_come_the_pictures_are_the_same(
    parts: list[tuple[bytes, Picture]], tail: bytes, data: st.DataObject
) -> None:
    stream = b"".join(garbage + part(picture) for garbage, picture in parts) + tail
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)))))
    chunks = [stream[start:end] for start, end in pairwise([0, *cuts, len(stream)])]

    assert list(parse(*chunks)) == [picture for _, picture in parts]


def test_every_single_byte_may_come_alone() -> None:
    pictures = [Picture(jpeg=b"one", captured=NOW), Picture(jpeg=b"two", captured=NOW)]
    stream = b"".join(map(part, pictures))

    assert list(parse(*(stream[at : at + 1] for at in range(len(stream))))) == pictures


def test_a_picture_is_there_with_its_last_byte() -> None:
    whole = part(Picture(jpeg=b"abc", captured=NOW)).removesuffix(b"\r\n")

    assert list(parse(whole[:-1])) == []
    assert [picture.jpeg for picture in parse(whole)] == [b"abc"]


def test_the_time_of_capture_keeps_its_microseconds() -> None:
    captured = NOW + timedelta(microseconds=123457)

    assert [picture.captured for picture in parse(part(Picture(jpeg=b"a", captured=captured)))] == [
        captured
    ]


@pytest.mark.parametrize(
    "head",
    [
        "Content-Type: image/jpeg",
        "Content-Length: many",
        "Content-Length: -1",
        "Content-Length: 0",
        f"Content-Length: {LARGEST_PICTURE + 1}",
        "Content-Length: 3\r\nX-Timestamp: yesterday",
        "Content-Length: 3\r\nX-Timestamp: inf",
        "X-Long: " + "x" * LARGEST_HEAD + "\r\nContent-Length: 3",
    ],
)
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_a_broken_head_is_told_after_the_pictures_before_it(head: str, size: int) -> None:
    whole = part(Picture(jpeg=b"whole", captured=NOW))
    stream = whole + f"--{BOUNDARY}\r\n{head}\r\n\r\nabc".encode()
    pictures = parse(*(stream[at : at + size] for at in range(0, len(stream), size)))

    assert next(pictures).jpeg == b"whole"
    with pytest.raises(AgentGarbled):
        next(pictures)


def test_a_head_without_end_takes_no_more_memory_than_a_head_may() -> None:
    parser = PictureParser(BOUNDARY, lambda: NOW)
    list(parser.feed(f"--{BOUNDARY}\r\n".encode()))

    with pytest.raises(AgentGarbled, match="too long"):
        list(parser.feed(b"x" * (LARGEST_HEAD + 100)))


def test_garbage_without_end_takes_no_memory() -> None:
    parser = PictureParser(BOUNDARY, lambda: NOW)
    for _ in range(100):
        list(parser.feed(b"x" * 10_000))

    assert parser.kept < 100


def as_sent(*pictures: Picture) -> bytes:
    """Return a stream as an agent of ours sends it."""
    return BOUNDARY_LINE + b"".join(passed_on(picture) for picture in pictures)


def passed_on(picture: Picture) -> bytes:
    """Return a part as browsers are to get it."""
    return part(picture).removeprefix(BOUNDARY_LINE) + BOUNDARY_LINE


def cut(*chunks: bytes, boundary: str = BOUNDARY) -> list[bytes]:
    """Feed a parser of parts."""
    parser = PartParser(boundary)
    return [part for chunk in chunks for part in parser.feed(chunk)]


@given(st.lists(PICTURES), st.data())
def test_however_the_bytes_come_the_parts_are_passed_on_as_they_came(
    pictures: list[Picture], data: st.DataObject
) -> None:
    stream = as_sent(*pictures)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)))))
    chunks = [stream[start:end] for start, end in pairwise([0, *cuts, len(stream)])]

    assert cut(*chunks) == [passed_on(picture) for picture in pictures]


def test_a_part_that_came_in_one_piece_is_passed_on_without_a_copy() -> None:
    picture = passed_on(Picture(jpeg=b"x" * 100_000, captured=NOW))
    parser = PartParser(BOUNDARY)
    list(parser.feed(BOUNDARY_LINE))

    for _ in range(2):
        (passed,) = parser.feed(picture)
        assert passed is picture


def test_parts_of_another_boundary_and_what_is_between_them_are_passed_on_with_ours() -> None:
    first, second = (Picture(jpeg=jpeg, captured=NOW) for jpeg in (b"one", b"two"))
    stream = b"?" + part(first) + b"!\r\n" + part(second)
    stream = stream.replace(b"gatehouse", b"frame")

    assert cut(stream, boundary="frame") == [passed_on(first), passed_on(second)]


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Type: text/html\r\nContent-Length: 3",
        b"Content-Type: image/jpeg\r\nContent-Length: 3\r\ncontent-type: text/html",
        b"Content-Type: image/jpeg",
        b"Content-Length: 0",
        b"Content-Length: 99999999",
        b"X-" + b"x" * LARGEST_HEAD,
    ],
)
def test_what_says_that_it_is_something_else_than_a_picture_never_reaches_a_browser(
    head: bytes,
) -> None:
    with pytest.raises(AgentGarbled):
        cut(BOUNDARY_LINE + head + b"\r\n\r\n<p>\r\n" + BOUNDARY_LINE)
