"""A fake at the pins of an MFRC522: the registers of its data sheet, and cards by ISO 14443-3."""

from collections import deque
from functools import reduce
from operator import xor

CASCADE = {0x93: 0, 0x95: 1, 0x97: 2}
TAG = 0x88


def crc_a(content: bytes) -> bytes:
    crc = 0x6363
    for byte in content:
        low = byte ^ crc & 0xFF
        mixed = (low ^ low << 4) & 0xFF
        crc = (crc >> 8) ^ (mixed << 8) ^ (mixed << 3) ^ (mixed >> 4)
    return crc.to_bytes(2, "little")


class Card:
    """Answers nothing but what its state allows; every misunderstanding makes it idle again."""

    def __init__(self, uid: bytes) -> None:
        parts = {4: [uid], 7: [bytes([TAG]) + uid[:3], uid[3:]]}
        parts[10] = [bytes([TAG]) + uid[:3], bytes([TAG]) + uid[3:6], uid[6:]]
        self.parts = parts[len(uid)]
        self.state = "idle"
        self.halted = False
        self.level = 0
        self.wrong_bcc = self.wrong_crc = False

    def hear(self, sent: bytes, bits: int) -> bytes | None:
        answer = self._answer(sent, bits)
        if answer is None and self.state != "halted":
            self.state = "halted" if self.halted else "idle"
        return answer

    def _answer(self, sent: bytes, bits: int) -> bytes | None:
        if bits == 7 and (sent == b"\x52" or (sent == b"\x26" and self.state == "idle")):
            awake = self.state in {"idle", "halted"}
            self.state, self.level = ("ready" if awake else "idle"), 0
            return bytes([0x04 | 0x40 * (len(self.parts) - 1), 0x00]) if awake else None
        if self.state == "active" and sent == b"\x50\x00" + crc_a(b"\x50\x00"):
            self.state, self.halted = "halted", True
            return None
        if self.state == "ready" and CASCADE.get(sent[0]) == self.level:
            return self._climb(sent)
        return None

    def _climb(self, sent: bytes) -> bytes | None:
        part = self.parts[self.level]
        whole = part + bytes([reduce(xor, part) ^ self.wrong_bcc])
        if sent[1:] == b"\x20":
            return whole
        if sent[1:] != b"\x70" + whole + crc_a(sent[:7]):
            return None
        self.level += 1
        more = self.level < len(self.parts)
        self.state = "ready" if more else "active"
        sak = b"\x04" if more else b"\x08"
        return sak + (bytes(2) if self.wrong_crc else crc_a(sak))


class Chip:
    """What spidev would do with a chip that obeys."""

    def __init__(self) -> None:
        self.card: Card | None = None
        self.others: list[Card] = []
        self.opened: tuple[int, int] | None = None
        self.max_speed_hz = self.mode = None
        self.floating: int | None = None
        """What is read when no chip is there: the level of a line that nobody drives."""
        self.deaf = False
        """It says that it never received nor waited long enough."""
        self.resets = 0
        self.sent: list[bytes] = []
        self.power_on()

    def power_on(self) -> None:
        self._registers = [0] * 64
        self._registers[0x01], self._registers[0x14], self._registers[0x37] = 0x20, 0x80, 0x92
        self._fifo: deque[int] = deque()

    def open(self, bus: int, device: int) -> None:
        self.opened = bus, device

    def close(self) -> None:
        self.opened = None

    def xfer2(self, values: list[int]) -> list[int]:
        assert self.opened
        assert self.mode == 0
        assert self.max_speed_hz is not None
        assert self.max_speed_hz <= 10_000_000
        if self.floating is not None:
            return [self.floating] * len(values)
        if values[0] & 0x80:
            assert values[-1] == 0
            return [0, *(self._read(value >> 1 & 0x3F) for value in values[:-1])]
        for value in values[1:]:
            self._write(values[0] >> 1, value)
        return [0] * len(values)

    def _read(self, register: int) -> int:
        if register == 0x09:
            return self._fifo.popleft() if self._fifo else 0
        if register == 0x0A:
            return len(self._fifo)
        return self._registers[register]

    def _write(self, register: int, value: int) -> None:
        match register:
            case 0x01:
                self._command(value)
            case 0x04 | 0x05 if not value & 0x80:
                self._registers[register] &= ~value
            case 0x09:
                self._fifo.append(value)
            case 0x0A if value & 0x80:
                self._fifo.clear()
            case 0x0D:
                self._registers[register] = value
                if value & 0x80 and self._registers[0x01] == 0x0C:
                    self._transceive(value & 0x07)
            case _:
                self._registers[register] = value

    def _command(self, command: int) -> None:
        if command == 0x0F:
            self.resets += 1
            self.power_on()
            return
        self._registers[0x01] = command
        if command == 0x03 and not self.deaf:
            assert self._registers[0x11] & 3 == 1, "the preset of ISO 14443A"
            crc = crc_a(bytes(self._fifo))
            self._fifo.clear()
            self._registers[0x22], self._registers[0x21] = crc
            self._registers[0x05] |= 0x04

    def _transceive(self, bits: int) -> None:
        sent = bytes(self._fifo)
        self._fifo.clear()
        self.sent.append(sent)
        self._registers[0x06] = 0
        on_air = self._registers[0x14] & 3 == 3 and self._registers[0x15] & 0x40
        cards = [card for card in [self.card, *self.others] if card] if on_air else []
        answers = {answer for card in cards if (answer := card.hear(sent, bits)) is not None}
        if self.deaf:
            return
        if not answers:
            self._registers[0x04] |= 0x01  # its timer ran out
            return
        if len(answers) > 1:
            self._registers[0x06] = 0x08
        self._fifo.extend(answers.pop())
        self._registers[0x04] |= 0x30
