"""A PN532 as UM0701-02 describes its frames and commands, and the three ways to reach it."""

from collections.abc import Callable
import errno
import os
from pathlib import Path
import select
import threading
import tty

START = b"\x00\x00\xff"
ACK = bytes.fromhex("0000ff00ff00")
SYNTAX_ERROR = bytes.fromhex("0000ff01ff7f8100")
WAKE = 0x55
FOREVER = 0xFF


def said(content: bytes) -> bytes:
    """Return an information frame."""
    return (
        START
        + bytes([len(content), 256 - len(content)])
        + content
        + bytes([(256 - sum(content) % 256) % 256])
        + b"\x00"
    )


class Chip:
    """The firmware: bytes of the host go in, frames come out; it sleeps until it is woken."""

    def __init__(self) -> None:
        self.card: bytes | None = None
        self.speaks_protocol = False
        """ISO 14443-4: once the chip has activated such a card, only a lost field resets it."""
        self.ic = 0x32
        self.commands: list[int] = []
        self.garble = 0
        """How many answers will have a wrong checksum."""
        self.mute = False
        self._awake = self._normal = self._activated = False
        self._tries = FOREVER
        self._waits = False
        self._received = b""

    def receive(self, data: bytes) -> list[bytes]:
        """Return the frames that the chip says to what the host sent."""
        if not self._awake and WAKE not in data:
            return []
        self._awake = True
        self._received += data
        frames = []
        while (content := self._cut()) is not None:
            frames += self._obey(content)
        return [] if self.mute else frames

    def present(self, card: bytes | None) -> list[bytes]:
        """Put a card on the antenna, or take it away; a chip that waits for one says so."""
        self.card, self._activated = card, False
        if not card or not self._waits:
            return []
        self._waits = False
        return [said(b"\xd5\x4b" + self._listed(card))]

    def wake(self) -> None:
        """As the interfaces do that wake it by being selected."""
        self._awake = True

    def _cut(self) -> bytes | None:
        """Return the content of the next whole frame that is right in both checksums."""
        while (start := self._received.find(START[1:])) >= 0:
            rest = self._received[start + 2 :]
            if len(rest) < 2:
                return None
            length = rest[0]
            if rest[:2] == ACK[3:5]:  # of the host: it ends what is under way
                self._waits = False
                self._received = rest[2:]
                continue
            if (length + rest[1]) % 256:
                self._received = rest
                continue
            if len(rest) < length + 4:
                return None
            content, check = rest[2 : 2 + length], rest[2 + length]
            self._received = rest[length + 4 :]
            if (sum(content) + check) % 256 == 0 and content[0] == 0xD4:
                return content[1:]
        return None

    def _obey(self, content: bytes) -> list[bytes]:
        command, parameters = content[0], content[1:]
        self.commands.append(command)
        self._waits = False
        orders: dict[int, Callable[[bytes], bytes | None]] = {
            0x02: lambda _: bytes([self.ic, 1, 6, 7]),
            0x14: self._configure_sam,
            0x32: self._configure_field,
            0x4A: self._list,
        }
        order = orders.get(command)
        if order is None or (command == 0x4A and not self._normal):
            return [ACK, SYNTAX_ERROR]
        answer = order(parameters)
        if answer is None:
            return [ACK]
        frame = said(bytes([0xD5, command + 1]) + answer)
        if self.garble:
            self.garble -= 1
            frame = frame[:-2] + bytes([frame[-2] ^ 1, 0])
        return [ACK, frame]

    def _configure_sam(self, parameters: bytes) -> bytes:
        assert parameters[0] == 1, "the mode without a security module"
        self._normal = True
        return b""

    def _configure_field(self, parameters: bytes) -> bytes:
        item, values = parameters[0], parameters[1:]
        if item == 0x01:
            self._activated = self._activated and bool(values[0] & 1)
        if item == 0x05:
            assert len(values) == 3
            self._tries = values[2]
        return b""

    def _list(self, parameters: bytes) -> bytes | None:
        most, kind = parameters[:2]
        assert most in {1, 2}
        assert kind == 0, "106 kbit/s of type A"
        if self.card and not self._activated:
            return self._listed(self.card)
        self._waits = self._tries == FOREVER
        return None if self._waits else b"\x00"

    def _listed(self, card: bytes) -> bytes:
        self._activated = self.speaks_protocol
        sens = {4: b"\x00\x04", 7: b"\x00\x44", 10: b"\x00\x84"}.get(len(card), b"\x00\x04")
        sel, ats = (
            (b"\x20", b"\x06\x75\x77\x81\x02\x80") if self.speaks_protocol else (b"\x08", b"")
        )
        return b"\x01\x01" + sens + sel + bytes([len(card)]) + card + ats


class OnSerial:
    """The chip at the end of a serial line, which is a pty; it can be unplugged and come back."""

    def __init__(self, port: Path) -> None:
        self.port = port
        self.plug()

    def plug(self) -> None:
        """Appear under the same name, powered anew."""
        self.chip = Chip()
        self._line, agent = os.openpty()
        tty.setraw(agent)
        self.port.unlink(missing_ok=True)
        self.port.symlink_to(os.ttyname(agent))
        self._agent = agent  # kept open: a line without an opener would be hung up
        self._ended, self._end = os.pipe()
        self._thread = threading.Thread(target=self._serve, name="a PN532")
        self._thread.start()

    def unplug(self) -> None:
        os.close(self._end)
        self._thread.join()
        os.close(self._agent)
        self.port.unlink()

    def noise(self, data: bytes) -> None:
        os.write(self._line, data)

    def _serve(self) -> None:
        while self._ended not in select.select([self._line, self._ended], [], [])[0]:
            for frame in self.chip.receive(os.read(self._line, 512)):
                # In two pieces, as a real line may give it.
                os.write(self._line, frame[:4])
                os.write(self._line, frame[4:])
        os.close(self._line)
        os.close(self._ended)


class OnI2C:
    """A fake of what `os` and `fcntl` do with an I2C bus that the chip is wired to."""

    O_RDWR = O_NOCTTY = O_NONBLOCK = O_CLOEXEC = 0

    def __init__(self) -> None:
        self.chip = Chip()
        self.address: int | None = None
        self.is_open = False
        self._frames: list[bytes] = []
        self._asleep = True

    def open(self, path: str, flags: int) -> int:
        self.is_open = True
        return 7

    def ioctl(self, bus: int, request: int, address: int) -> None:
        assert request == 0x0703
        self.address = address

    def write(self, bus: int, data: bytes) -> int:
        if self._asleep:
            self._asleep = False
            self.chip.wake()
            raise OSError(errno.EREMOTEIO, "Remote I/O error")  # nobody acknowledged
        self._frames = self.chip.receive(data)
        return len(data)

    def read(self, bus: int, count: int) -> bytes:
        """Begin with the status; the rest of a longer read is what floats on the bus."""
        if not self._frames:
            return bytes(count)
        if count == 1:
            return b"\x01"
        return (b"\x01" + self._frames.pop(0) + b"\xff" * count)[:count]

    def close(self, bus: int) -> None:
        self.is_open = False


class OnSPI:
    """A fake of a spidev whose other end is the chip, which sends the lowest bit first."""

    def __init__(self) -> None:
        self.chip = Chip()
        self.opened: tuple[int, int] | None = None
        self.max_speed_hz = self.mode = None
        self._frames: list[bytes] = []

    def open(self, bus: int, device: int) -> None:
        self.opened = bus, device

    def close(self) -> None:
        self.opened = None

    def xfer2(self, values: list[int], hertz: int = 0, delay_us: int = 0) -> list[int]:
        sent = mirrored(bytes(values))
        self.chip.wake()
        match sent[0]:
            case 1:
                self._frames = self.chip.receive(sent[1:])
                answer = b""
            case 2:
                answer = b"\x01" if self._frames else b"\x00"
            case 3:
                answer = self._frames.pop(0) if self._frames else b""
            case _:
                answer = b""
        return list(mirrored((b"\x00" + answer + b"\xff" * len(values))[: len(values)]))


def mirrored(data: bytes) -> bytes:
    return bytes(int(f"{byte:08b}"[::-1], 2) for byte in data)
