"""A PN532 on a real pseudo terminal, and on what stands for an I2C bus and an SPI bus."""

from collections.abc import Iterator
from contextlib import ExitStack
import errno
from pathlib import Path
import sys
import time
from types import SimpleNamespace

import pytest

from camera_agent.hardware import Scan, Technology, pn532_links, polling, ports, reader
from camera_agent.hardware.rfid_pn532 import Garbled, PN532Reader, cut, frame
from tests.waiting import slowness, within

from .listening import failing, is_silent, listening, percentile, reader_config
from .pn532_chip import ACK, OnI2C, OnSerial, OnSPI, said
from .watching import Eventually

pytestmark = pytest.mark.usefixtures("hurried")
UIDS = ["04a1b2c3", "04112233445566", "0402030405060708090a"]


@pytest.fixture
def module(tmp_path: Path) -> Iterator[OnSerial]:
    module = OnSerial(tmp_path / "serial0")
    yield module
    module.unplug()


@pytest.fixture
def on_i2c(monkeypatch: pytest.MonkeyPatch) -> OnI2C:
    bus = OnI2C()
    monkeypatch.setattr(ports, "os", bus)
    monkeypatch.setattr(pn532_links, "os", bus)
    monkeypatch.setattr(pn532_links, "fcntl", bus)
    return bus


@pytest.fixture
def on_spi(monkeypatch: pytest.MonkeyPatch) -> OnSPI:
    bus = OnSPI()
    monkeypatch.setitem(sys.modules, "spidev", SimpleNamespace(SpiDev=lambda: bus))
    return bus


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "PAUSE", 0.005)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def pn532(module: OnSerial) -> PN532Reader:
    return PN532Reader(reader_config("pn532", device=str(module.port)))


# On a serial line


@pytest.mark.parametrize("uid", UIDS)
async def test_a_card_is_told_with_its_uid(
    module: OnSerial, eventually: Eventually, uid: str
) -> None:
    device = reader(reader_config("pn532", device=str(module.port)))
    async with listening(device) as ears:
        await eventually(lambda: ears.online)
        before = time.monotonic()
        module.chip.present(bytes.fromhex(uid))
        await eventually(lambda: ears.heard)

    scan = ears.heard[0]
    assert isinstance(scan, Scan)
    assert ears.cards[0] == uid
    assert scan.technology is Technology.ISO14443A
    assert before <= scan.at <= time.monotonic()


@pytest.mark.parametrize("speaks_protocol", [False, True])
async def test_a_card_that_is_held_is_told_again_and_again(
    module: OnSerial, eventually: Eventually, speaks_protocol: bool
) -> None:
    module.chip.speaks_protocol = speaks_protocol
    async with listening(pn532(module)) as ears:
        module.chip.present(bytes.fromhex(UIDS[1]))
        await eventually(lambda: len(ears.heard) >= 4)
        module.chip.present(None)
        await eventually(lambda: module.chip.commands[-4:] == [0x4A] * 4)
        module.chip.present(bytes.fromhex(UIDS[0]))
        await eventually(lambda: ears.cards[-1] == UIDS[0])

    assert set(ears.cards) == {UIDS[0], UIDS[1]}


async def test_a_card_is_seen_within_a_tenth_of_a_second(
    module: OnSerial, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    delays = []
    async with listening(pn532(module)) as ears:
        await eventually(lambda: ears.online)
        for _ in range(5):
            ears.heard.clear()
            presented = time.monotonic()
            module.chip.present(bytes.fromhex(UIDS[0]))
            await eventually(lambda: ears.heard)
            delays.append(ears.heard[0].at - presented)
            module.chip.present(None)
            asked = len(module.chip.commands)
            await eventually(lambda since=asked: 0x4A in module.chip.commands[since + 1 :])

    print(f"presented -> read: p50 {percentile(delays, 0.5) * 1000:.0f} ms")
    assert sorted(delays)[2] < 0.1 * slowness()


async def test_nothing_is_told_while_no_card_is_there(
    module: OnSerial, eventually: Eventually
) -> None:
    async with listening(pn532(module)) as ears:
        await eventually(lambda: module.chip.commands.count(0x4A) >= 5)

    assert ears.online == 1
    assert not ears.heard
    assert ears.error is None


@pytest.mark.parametrize("noise", [b"\xff\x00\x7f", b"\x00\x00\xff\x05\x01", ACK])
async def test_noise_on_the_line_costs_no_card(
    module: OnSerial, eventually: Eventually, noise: bytes
) -> None:
    async with listening(pn532(module)) as ears:
        await eventually(lambda: ears.online)
        module.noise(noise)
        module.chip.present(bytes.fromhex(UIDS[1]))
        await eventually(lambda: ears.heard)

    assert set(ears.cards) == {UIDS[1]}


async def test_an_answer_with_a_wrong_checksum_is_asked_for_again(
    module: OnSerial, eventually: Eventually
) -> None:
    async with listening(pn532(module)) as ears:
        await eventually(lambda: ears.online)
        module.chip.garble = 2
        module.chip.present(bytes.fromhex(UIDS[1]))
        await eventually(lambda: ears.heard)

    assert set(ears.cards) == {UIDS[1]}
    assert module.chip.garble == 0


async def test_a_line_that_garbles_everything_is_no_reader(
    module: OnSerial, eventually: Eventually
) -> None:
    async with listening(pn532(module)) as ears:
        await eventually(lambda: ears.online)
        module.chip.garble = 99
        await eventually(lambda: ears.error)

    assert "cannot be understood: check its wires and baud." in str(ears.error)


async def test_a_chip_that_says_nothing_is_lost(module: OnSerial, eventually: Eventually) -> None:
    async with listening(pn532(module)) as ears:
        await eventually(lambda: ears.online)
        module.chip.mute = True
        await eventually(lambda: ears.error)

    assert "does not answer: check its wires, its power" in str(ears.error)


async def test_a_module_that_is_unplugged_is_lost_and_found_again(
    module: OnSerial, eventually: Eventually
) -> None:
    device = pn532(module)
    async with listening(device) as ears:
        await eventually(lambda: ears.online)
        module.unplug()
        await eventually(lambda: ears.error)
    assert ears.error == f"{module.port} is gone: plug the reader in again."

    module.plug()
    async with listening(device) as again:
        module.chip.present(bytes.fromhex(UIDS[2]))
        await eventually(lambda: again.heard)
    assert set(again.cards) == {UIDS[2]}


async def test_a_cancelled_reader_has_closed_its_port_within_a_second(
    module: OnSerial, eventually: Eventually
) -> None:
    before = open_files()
    with ExitStack() as ending:
        async with listening(pn532(module)) as ears:
            await eventually(lambda: ears.online)
            module.chip.mute = True
            commands = len(module.chip.commands)
            await eventually(lambda: len(module.chip.commands) > commands)
            ending.enter_context(within(1.0))

    assert open_files() == before


async def test_a_reader_that_is_cancelled_while_it_opens_has_closed_its_port(
    module: OnSerial, eventually: Eventually
) -> None:
    before = open_files()
    module.chip.mute = True
    with ExitStack() as ending:
        async with listening(pn532(module)):
            await eventually(lambda: module.chip.commands)
            ending.enter_context(within(1.0))

    assert open_files() == before


async def test_a_uid_of_an_odd_length_is_not_believed(
    module: OnSerial, eventually: Eventually
) -> None:
    module.chip.present(bytes(5))
    async with listening(pn532(module)) as ears:
        await eventually(lambda: ears.error)

    assert not ears.heard


async def test_another_chip_is_not_taken_for_a_pn532(module: OnSerial) -> None:
    module.chip.ic = 0x07

    told = await failing(pn532(module))

    assert told == f"{module.port} is another chip than a PN532: correct its kind."


@pytest.mark.parametrize(
    ("device", "baud", "sentence"),
    [
        (None, None, "The reader has no device: give it one in agent.toml."),
        ("/dev/absent", None, "/dev/absent is not there: plug the reader in"),
        ("/dev/null", None, "/dev/null is no serial port: correct it in agent.toml."),
        ("/dev/null", 9601, "No serial port knows 9601 baud: correct it in agent.toml."),
        ("/dev/i2c-99", None, "/dev/i2c-99 is not there: switch I2C on with raspi-config"),
        ("/dev/spi0", None, "SPI needs python3-spidev: install it with apt."),
    ],
)
async def test_what_is_wrong_is_told_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, device: str | None, baud: int | None, sentence: str
) -> None:
    monkeypatch.setitem(sys.modules, "spidev", None)

    told = await failing(PN532Reader(reader_config("pn532", device=device, baud=baud)))

    assert told.startswith(sentence)


async def test_it_has_nothing_to_show(module: OnSerial) -> None:
    await is_silent(pn532(module))


# On I2C and SPI


@pytest.mark.parametrize("uid", UIDS)
async def test_a_card_is_told_over_i2c(on_i2c: OnI2C, eventually: Eventually, uid: str) -> None:
    async with listening(PN532Reader(reader_config("pn532", device="/dev/i2c-1"))) as ears:
        await eventually(lambda: ears.online)
        on_i2c.chip.present(bytes.fromhex(uid))
        await eventually(lambda: len(ears.heard) > 1)

    assert on_i2c.address == 0x24
    assert set(ears.cards) == {uid}
    assert not on_i2c.is_open


async def test_an_address_that_a_driver_of_the_kernel_uses_is_told(
    on_i2c: OnI2C, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EBUSY, "Device or resource busy")

    monkeypatch.setattr(on_i2c, "ioctl", refuse)

    told = await failing(PN532Reader(reader_config("pn532", device="/dev/i2c-1")))

    assert told.startswith("/dev/i2c-1 is in use: end the other program")
    assert not on_i2c.is_open


async def test_a_silent_chip_on_i2c_is_lost(on_i2c: OnI2C, eventually: Eventually) -> None:
    device = PN532Reader(reader_config("pn532", device="/dev/i2c-1", address=0x25))
    async with listening(device) as ears:
        await eventually(lambda: ears.online)
        on_i2c.chip.mute = True
        await eventually(lambda: ears.error)

    assert on_i2c.address == 0x25
    assert "The PN532 at /dev/i2c-1 does not answer" in str(ears.error)


async def test_a_chip_that_does_not_acknowledge_on_i2c_is_not_ready(
    on_i2c: OnI2C, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> bytes:
        raise OSError(errno.EREMOTEIO, "Remote I/O error")

    monkeypatch.setattr(on_i2c, "read", refuse)

    told = await failing(PN532Reader(reader_config("pn532", device="/dev/i2c-1")))

    assert "does not answer" in told


@pytest.mark.parametrize("uid", UIDS)
async def test_a_card_is_told_over_spi(on_spi: OnSPI, eventually: Eventually, uid: str) -> None:
    async with listening(PN532Reader(reader_config("pn532", device="/dev/spidev1.2"))) as ears:
        await eventually(lambda: ears.online)
        assert on_spi.opened == (1, 2)
        on_spi.chip.present(bytes.fromhex(uid))
        await eventually(lambda: len(ears.heard) > 1)

    assert set(ears.cards) == {uid}
    assert on_spi.opened is None


async def test_a_silent_chip_on_spi_is_lost(on_spi: OnSPI, eventually: Eventually) -> None:
    on_spi.chip.mute = True

    told = await failing(PN532Reader(reader_config("pn532", device="/dev/spidev0.0")))

    assert "The PN532 at /dev/spidev0.0 does not answer" in told


# Frames


def test_the_frames_are_those_of_the_manual() -> None:
    assert frame(b"\xd4\x02") == bytes.fromhex("0000ff02fed4022a00")
    assert frame(b"\xd4\x4a\x01\x00") == bytes.fromhex("0000ff04fcd44a0100e100")


def test_a_frame_is_cut_where_it_ends() -> None:
    line = b"\x55\x00" + ACK + said(b"\xd5\x03\x32") + said(b"\xd5\x15")

    nothing, line = cut(line)
    first, line = cut(line)
    second, line = cut(line)

    assert (nothing, first, second) == (b"", b"\xd5\x03\x32", b"\xd5\x15")
    assert cut(line) == (None, line)


def test_a_frame_that_is_not_whole_is_waited_for() -> None:
    whole = said(b"\xd5\x4b\x00")

    for end in range(len(whole) - 1):
        assert cut(whole[:end]) == (None, whole[:end])
    assert cut(whole)[0] == b"\xd5\x4b\x00"


@pytest.mark.parametrize(
    "line",
    [
        bytes.fromhex("0000ffff0000"),  # NACK
        bytes.fromhex("0000ffffff0003fdd54b00e000"),  # an extended frame
        bytes.fromhex("0000ff02ffd4022a00"),
        bytes.fromhex("0000ff02fed4022b00"),
    ],
)
def test_a_frame_with_a_wrong_checksum_is_no_frame(line: bytes) -> None:
    with pytest.raises(Garbled):
        cut(line)
