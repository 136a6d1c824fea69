"""What holds of each parser of bytes, whatever the bytes: a function fails when it does not.

Hypothesis makes up bytes for them (`test_bytes.py`), atheris such as reach new code
(`scripts/fuzz`).
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import reduce
import json
from operator import xor
from pathlib import Path
from tempfile import gettempdir
from types import SimpleNamespace
from typing import Final

from camera_agent import asked, grants, plan
from camera_agent.config import AgentConfig, ConfigError, load
from camera_agent.errors import Refused
from camera_agent.hardware import Heard, Key, ReaderError, Scan, Tamper
from camera_agent.hardware.osdp_panel import Panel
from camera_agent.hardware.ports import Reset
from camera_agent.hardware.rfid_hid import EVENT, Wedge
from camera_agent.hardware.rfid_pn532 import PN532, UID_LENGTHS, Garbled, cut, frame
from camera_agent.hardware.rfid_serial import LONGEST, Frames
from camera_agent.hardware.rfid_wiegand import GAP, KEYS, LONGEST as MOST_BITS, Bits
from camera_agent.hardware.simulated import NONSENSE, Stage
from camera_agent.onnx import PictureError, size_of
from camera_agent.tls import first_certificate
from camera_agent.wire import ErrorCode

from ..listening import reader_config

CARD: Final = bytes.fromhex("2a00bc614e")
RDM6300: Final = b"\x02%s%02X\x03" % (CARD.hex().upper().encode(), reduce(xor, CARD))
WIEGAND: Final = "00010101000100111001100000"  # 2a2730 between an even and an odd parity
DIGITS: Final = (2, 3, 4, 5, 6, 7, 8, 9)  # the codes of 1 to 8
ENTER: Final = 28
# The words of libosdp, which speaks C and is not needed for this.
OSDP: Final = SimpleNamespace(
    EVENT_CARDREAD=1, EVENT_KEYPRESS=2, EVENT_STATUS=3, STATUS_REPORT_LOCAL=1
)


def pieces(data: bytes) -> Iterator[bytes]:
    """Yield all but the first byte in pieces of a length that the first one says."""
    size = 1 + (data[0] if data else 0) % 32
    for begin in range(1, len(data), size):
        yield data[begin : begin + size]


def rdm6300(data: bytes) -> None:
    """However the line is cut, the same cards are found, and a card after rubbish too."""
    frames, found = Frames(), []
    for piece in pieces(data):
        found += frames.feed(piece)
        assert len(frames._rest) < LONGEST

    assert found == Frames().feed(data[1:])
    assert {len(card) for card in found} <= {5}
    assert frames.feed(RDM6300)[-1:] == [CARD]


def wiegand(data: bytes) -> None:
    """Each byte is a pulse and the pause before it: cards and keys come of it, as of any noise."""
    heard: list[Heard] = []
    bits = Bits(reader_config("wiegand", keypad=True), heard.append)
    at = 0.0
    for byte in data:
        at += (byte >> 1) / 2000
        bits.pulse(byte & 1, at)
        assert len(bits._pulses) <= MOST_BITS + 1
    bits.end()

    for one in heard:
        assert one.key in KEYS if isinstance(one, Key) else _is_card(one, range(3, 17))
    at += 2 * GAP
    for bit in WIEGAND:
        bits.pulse(int(bit), at := at + 0.001)
    bits.end()
    assert isinstance(heard[-1], Scan)
    assert heard[-1].card == b"\x2a\x27\x30"


def pn532_frames(data: bytes) -> None:
    """What is cut out was there with its checksum, and whatever comes after it is left."""
    rest = data
    with suppress(Garbled):
        while (found := cut(rest))[0] is not None:
            content, after = found
            assert len(after) < len(rest)
            assert rest.endswith(after)
            assert content == b"" or frame(content)[3:-1] in rest
            rest = after
        assert found[1] == rest
    assert cut(frame(b"\xd5\x4b\0")) == (b"\xd5\x4b\0", b"\0")


def pn532(data: bytes) -> None:
    """A chip that says anything at all shows a card, none, or is lost for a reason."""
    chip = PN532("/dev/serial0", _Line(data), Reset(reader_config("pn532")))
    try:
        found = chip.find()
    except ReaderError as error:
        assert str(error).startswith("The PN532 at /dev/serial0 ")
    else:
        assert found is None or _is_card(found, UID_LENGTHS)


def hid_events(data: bytes) -> None:
    """Whatever the kernel tells of keys, what is typed is bounded."""
    wedge = Wedge(reader_config("hid", keypad=bool(data[:1] > b"\x7f")))
    for begin in range(0, len(data) - EVENT.size, EVENT.size):
        for one in wedge.feed(data[begin : begin + EVENT.size], 1.0):
            assert isinstance(one, Key) or _is_card(one, range(1, 33))


def hid_typing(data: bytes) -> None:
    """Each two bytes are a key and the pause before it; what is typed after a pause is a card."""
    heard: list[Heard] = []
    wedge, now = Wedge(reader_config("hid")), 1_795_000_000.0

    def press(code: int, pause: float) -> None:
        nonlocal now
        now += pause
        event = EVENT.pack(int(now), int(now % 1 * 1e6), 1, code, 1)
        heard.extend(wedge.feed(event, now))
        assert len(wedge._line) <= 65

    for code, pause in zip(data[::2], data[1::2], strict=False):
        press(code, pause / 200)
    before = len(heard)
    press(DIGITS[0], 3.0)
    for code in (*DIGITS[1:], ENTER):
        press(code, 0.008)
    assert [one.card.hex() for one in heard[before:] if isinstance(one, Scan)] == ["12345678"]


def osdp(data: bytes) -> None:
    """Whatever a reader is said to have read comes of it as a card, as keys, or as nothing."""
    panel = Panel("/dev/ttyUSB0", 9600)
    panel._osdp = OSDP
    kind, length, said = data[:1], int.from_bytes(data[1:3], "little"), data[3:]
    for event in (
        {"event": OSDP.EVENT_CARDREAD, "length": length, "data": said},
        {"event": OSDP.EVENT_KEYPRESS, "data": said},
        {"event": OSDP.EVENT_STATUS, "type": len(kind), "report": said or b"\0"},
    ):
        for one in panel._heard(event, 1.0):
            assert isinstance(one, Key | Tamper) or _is_card(one, range(1, len(said) + 1))


def json_body(data: bytes) -> None:
    """A body is an object, or one without fields."""
    assert isinstance(asked.parsed(data), dict)


def bookings(data: bytes) -> None:
    """A plan is within its bounds and can be written down, or is refused with a sentence."""
    try:
        found = plan.parse(asked.parsed(data))
    except Refused as refused:
        assert refused.code is ErrorCode.BAD_REQUEST
        assert refused.message.endswith(".")
        return
    assert plan.SHORTEST <= found.segment_s <= plan.LONGEST
    assert len(found.bookings) <= plan.MOST
    for one in found.bookings:
        assert 0 <= one.since < one.until <= plan.FAR
        assert one.until - one.since <= plan.DAY


def grants_document(data: bytes) -> None:
    """Grants make sense, or are refused with a sentence that holds nothing of them."""
    try:
        found = grants.parse(data.decode(errors="replace"))
    except grants.GrantsError as error:
        assert str(error).startswith(("In the grants", "The grants are "))
        return
    assert found.slow_hash.n * found.slow_hash.r * 128 <= grants.COSTLIEST_PIN
    json.dumps([found.version, found.agent, *found.doors], ensure_ascii=False).encode()


def configuration(data: bytes) -> None:
    """A configuration is taken, or refused by its keys."""
    folder = Path(gettempdir())
    path = folder / "gatehouse-fuzz.toml"
    path.write_bytes(data)
    read_configuration(path)


def read_configuration(path: Path) -> AgentConfig | None:
    """Return what is taken of a file, None if each mistake in it is told by its place."""
    try:
        return load(path)
    except ConfigError as error:
        for problem in error.problems:
            where, found, what = problem.partition(": ")
            assert where
            assert found
            assert what
        return None


def picture(data: bytes) -> None:
    """A picture has a size, or cannot be read; nothing of it is unpacked."""
    with suppress(PictureError):
        width, height = size_of(data)
        assert width > 0
        assert height > 0


def certificate(data: bytes) -> None:
    """A certificate is one, or a ValueError says that it is none."""
    with suppress(ValueError):
        assert "CERTIFICATE" in first_certificate(data.decode("latin-1"))


def stage(data: bytes) -> None:
    """Whoever plays a reader says what makes sense, or is told that it does not."""
    with suppress(*NONSENSE):
        Stage("/nowhere").meaning(data)


class _Line:
    """A link that says some bytes in pieces, and then no more."""

    def __init__(self, said: bytes) -> None:
        self._said = pieces(said)

    def open(self) -> None:
        """Be there."""

    def wake(self) -> None:
        """Be awake."""

    def close(self) -> None:
        """Be there all the same."""

    def write(self, frame: bytes) -> None:
        """Listen to nobody."""

    def read(self, count: int, seconds: float) -> bytes:
        for piece in self._said:
            return piece
        raise TimeoutError


def _is_card(one: Heard, lengths: object) -> bool:
    return isinstance(one, Scan) and len(one.card) in lengths  # type: ignore[operator]


PROPERTIES: Final[Mapping[str, Callable[[bytes], None]]] = {
    one.__name__: one
    for one in (
        rdm6300,
        wiegand,
        pn532_frames,
        pn532,
        hid_events,
        hid_typing,
        osdp,
        json_body,
        bookings,
        grants_document,
        configuration,
        picture,
        certificate,
        stage,
    )
}
