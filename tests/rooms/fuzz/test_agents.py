"""What may come from an agent, or from who answers in its place: sound nouns, or an AgentError."""

from collections.abc import Callable
from datetime import UTC, datetime
import json
from pathlib import Path
from typing import Any, Final

from hypothesis import example, given, strategies as st
import pytest

from custom_components.gatehouse.agent import AgentError, AgentGarbled
from custom_components.gatehouse.agent.access import Enrolled, parse_enrolled
from custom_components.gatehouse.agent.bookings import Underway, parse_plan
from custom_components.gatehouse.agent.decoding import decoding, read_json
from custom_components.gatehouse.agent.machine import AgentInfo
from custom_components.gatehouse.agent.messages import Message, parse_info, parse_message
from custom_components.gatehouse.agent.mjpeg import LARGEST_HEAD, LARGEST_PICTURE, PictureParser
from custom_components.gatehouse.agent.passages import PassagePage, parse_passages
from custom_components.gatehouse.agent.recording import Recording, parse_recording
from custom_components.gatehouse.agent.spool import SpoolReport, parse_spool
from custom_components.gatehouse.models import Picture
from tests.fuzzing import ANYTHING, NESTED, fuzzed, mutated
from tests.rooms.fuzz.sound import is_sound

WIRE: Final = Path(__file__).parents[2] / "wire"
NOW: Final = datetime(2026, 11, 20, tzinfo=UTC)


def golden(name: str) -> Any:
    return json.loads((WIRE / f"{name}.json").read_text())


FEED: Final = sorted(
    path.stem for path in WIRE.glob("*.json") if "type" in json.loads(path.read_text())
)
ANSWERS: Final[dict[str, tuple[Callable[[Any], Any], Any]]] = {
    "info": (parse_info, AgentInfo),
    "info_doors": (parse_info, AgentInfo),
    "passages": (parse_passages, PassagePage),
    "enroll": (parse_enrolled, Enrolled),
    "spool": (parse_spool, SpoolReport),
    "start_recording": (parse_recording, Recording),
}


@pytest.mark.parametrize("name", FEED)
@given(data=st.data())
@fuzzed(25)
def test_a_message_of_a_feed_is_sound_or_garbled(name: str, data: st.DataObject) -> None:
    text = json.dumps(data.draw(mutated(golden(name)), "message"))
    try:
        message = parse_message(text)
    except AgentError as error:
        assert str(error)
    else:
        assert message is None or is_sound(message, Message)


@pytest.mark.parametrize("name", FEED)
def test_a_golden_message_is_sound(name: str) -> None:
    assert is_sound(parse_message(json.dumps(golden(name))), Message)


@pytest.mark.parametrize("name", sorted(ANSWERS))
@given(data=st.data())
@fuzzed(25)
def test_an_answer_of_an_agent_is_sound_or_garbled(name: str, data: st.DataObject) -> None:
    parse, kind = ANSWERS[name]
    whole = golden(name)
    text = json.dumps(data.draw(mutated(whole.get("answer", whole)), "answer"))
    try:
        with decoding():
            body = read_json(text)
        found = parse(body)
    except AgentError as error:
        assert str(error)
    else:
        assert is_sound(found, kind)


@given(said=mutated(golden("bookings")))
@fuzzed(40)
def test_a_plan_of_an_agent_is_sound_or_garbled(said: Any) -> None:
    try:
        with decoding():
            body = read_json(json.dumps(said))
        found = parse_plan(body)
    except AgentError as error:
        assert str(error)
    else:
        assert is_sound(found, tuple[Underway, ...])


@given(text=st.one_of(st.text(), ANYTHING.map(json.dumps)))
@example(text=NESTED)
@example(text='{"type": ' * 100_000)
@example(text="9" * 5000)
@fuzzed(100)
def test_what_is_no_message_is_garbled(text: str) -> None:
    try:
        assert parse_message(text) is None
    except AgentGarbled as error:
        assert str(error)


# Pictures


def stream(*pictures: bytes) -> bytes:
    return b"".join(
        b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n" % (len(one), one)
        for one in pictures
    )


HEADS: Final = st.sampled_from(
    [
        b"--frame\r\n", b"Content-Length: ", b"\r\n\r\n", b"\r\n", b"1", b"-1", b"9" * 5000, b"1_0",
        b"X-Timestamp: nan", b"X-Timestamp: 1e400", b"--frame", b"\xff\xd8", b"A" * LARGEST_HEAD,
    ]
)  # fmt: skip


@given(
    said=st.lists(st.one_of(HEADS, st.binary(max_size=10))).map(b"".join),
    size=st.integers(1, 50),
)
@fuzzed(150)
def test_a_stream_of_pictures_is_cut_into_some_or_garbled(said: bytes, size: int) -> None:
    parser = PictureParser("frame", lambda: NOW)
    try:
        for begin in range(0, len(said), size):
            for picture in parser.feed(said[begin : begin + size]):
                assert is_sound(picture, Picture)
                assert 0 < len(picture.jpeg) <= LARGEST_PICTURE
            assert parser.kept <= LARGEST_PICTURE
    except AgentGarbled as error:
        assert str(error)


@given(
    pictures=st.lists(st.binary(min_size=1, max_size=40), max_size=4),
    noise=st.binary(max_size=30).filter(lambda noise: b"-" not in noise),
    size=st.integers(1, 60),
)
@fuzzed(60)
def test_pictures_are_the_same_however_the_stream_is_cut(
    pictures: list[bytes], noise: bytes, size: int
) -> None:
    parser, said = PictureParser("frame", lambda: NOW), noise + stream(*pictures)

    found = [
        picture.jpeg
        for begin in range(0, len(said), size)
        for picture in parser.feed(said[begin : begin + size])
    ]

    assert found == pictures
