"""Card numbers and PINs are kept as hashes, and those that are none are refused."""

import contextlib
import hashlib
import hmac
import re

from hypothesis import given, strategies as st
import pytest

from custom_components.gatehouse.access import (
    CardFormat,
    CardNumberBad,
    PinBad,
    canonical,
    card_hash,
    checked_pin,
    new_key,
    new_salt,
    pin_hash,
)

DECIMAL = CardFormat.DECIMAL


def test_a_card_is_known_by_its_keyed_hash() -> None:
    key = bytes(32)

    digest = card_hash(key, "04A2B3C4")

    assert digest == hmac.new(key, b"04A2B3C4", hashlib.sha256).hexdigest()
    assert digest != card_hash(new_key(), "04A2B3C4")


def test_a_pin_is_known_by_its_slow_hash() -> None:
    salt = bytes(16)

    digest = pin_hash("2580", salt)

    assert digest == hashlib.scrypt(b"2580", salt=salt, n=2**14, r=8, p=1, dklen=32).hex()
    assert digest != pin_hash("2580", new_salt())


def test_keys_and_salts_are_long_and_never_the_same() -> None:
    assert len(new_key()) == 32
    assert len(new_salt()) == 16
    assert new_key() != new_key()
    assert new_salt() != new_salt()


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("04a2b3c4", "04A2B3C4"),
        ("04:A2:B3:C4", "04A2B3C4"),
        (" 04-a2 b3 c4\n", "04A2B3C4"),
        ("0x0123456789", "0123456789"),
        ("04112233445566", "04112233445566"),
        ("0000", "0000"),
    ],
)
def test_hexadecimal_digits_are_bytes_however_they_are_grouped(number: str, expected: str) -> None:
    assert canonical(number) == expected


@pytest.mark.parametrize(
    ("number", "length", "expected"),
    [
        ("0012345678", None, "00BC614E"),
        ("12345678", 4, "00BC614E"),
        ("12345678", 5, "0000BC614E"),
        ("16777215", 3, "FFFFFF"),
        ("0", 2, "0000"),
    ],
)
def test_a_decimal_number_has_as_many_bytes_as_is_said(
    number: str, length: int | None, expected: str
) -> None:
    assert canonical(number, DECIMAL, length=length) == expected


def test_bytes_are_turned_round_before_the_last_ones_are_taken() -> None:
    assert canonical("0102030405", length=4) == "02030405"
    assert canonical("0102030405", length=4, last_byte_first=True) == "04030201"
    assert canonical("258", DECIMAL, length=4, last_byte_first=True) == "02010000"


@pytest.mark.parametrize(
    ("number", "written", "length", "message"),
    [
        ("", CardFormat.HEX, None, "0 to 9 and A to F"),
        ("0x", CardFormat.HEX, None, "0 to 9 and A to F"),
        ("47G1AB99", CardFormat.HEX, None, "say that it is decimal"),
        ("47F1AB9", CardFormat.HEX, None, "is missing"),
        ("47", CardFormat.HEX, None, "2 to 16 bytes"),
        ("47" * 17, CardFormat.HEX, None, "2 to 16 bytes"),
        ("4747474747", CardFormat.HEX, 0, "2 to 16 bytes"),
        ("47AB9911", DECIMAL, None, "say that it is hexadecimal"),
        ("147,12345", DECIMAL, None, "0 to 9"),
        ("-4712345", CardFormat.HEX, -1, "2 to 16 bytes"),
        ("٤٧١٢", DECIMAL, None, "0 to 9"),
        ("4294967296", DECIMAL, None, "too large for 4 bytes"),
        ("471147" * 1000, DECIMAL, None, "too large for 4 bytes"),
    ],
)
def test_what_is_no_card_number_is_refused_and_never_repeated(
    number: str, written: CardFormat, length: int | None, message: str
) -> None:
    with pytest.raises(CardNumberBad, match=message) as refused:
        canonical(number, written, length=length)

    assert "47" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


@pytest.mark.parametrize("pin", ["0000", " 2580 ", "0123456789"])
def test_a_pin_has_four_to_ten_digits(pin: str) -> None:
    assert checked_pin(pin) == pin.strip()


@pytest.mark.parametrize("pin", ["", "258", "01234567891", "25 80", "25a0", "-258", "٢٥٨٠", "²²²²"])
def test_what_is_no_pin_is_refused_and_never_repeated(pin: str) -> None:
    with pytest.raises(PinBad) as refused:
        checked_pin(pin)

    assert str(refused.value) == "A PIN has 4 to 10 digits and nothing else"


@given(st.text(), st.sampled_from(CardFormat), st.none() | st.integers(), st.booleans())
def test_whatever_is_typed_is_a_canonical_id_or_refused(
    number: str, written: CardFormat, length: int | None, turned: bool
) -> None:
    found = ""
    with contextlib.suppress(CardNumberBad):
        found = canonical(number, written, length=length, last_byte_first=turned)

    assert re.fullmatch("|([0-9A-F]{2}){2,16}", found)


@given(st.binary(min_size=2, max_size=16))
def test_every_card_can_be_typed_as_it_is_shown(card: bytes) -> None:
    expected = card.hex().upper()

    assert canonical(card.hex(":")) == expected
    assert canonical(str(int.from_bytes(card)), DECIMAL, length=len(card)) == expected
