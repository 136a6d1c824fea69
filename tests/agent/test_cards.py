"""A card is the same card at every reader."""

from hypothesis import given, strategies as st
import pytest

from camera_agent.cards import CardError, canonical, digits, is_random
from camera_agent.hardware import Scan, Technology
from camera_agent.reader_config import ByteOrder, CardFormat

from .listening import reader_config

cards = st.binary(min_size=1, max_size=10)


def scan(card: str, technology: Technology = Technology.UNKNOWN) -> Scan:
    return Scan(card=bytes.fromhex(card), technology=technology, at=0.0)


@pytest.mark.parametrize(
    ("card", "order", "size", "identity"),
    [
        ("0102030405", "big", None, "0102030405"),
        ("04a1b2c3d4e5f6", "big", None, "04A1B2C3D4E5F6"),
        ("0a0b0c0d", "little", None, "0D0C0B0A"),
        ("2a00bc614e", "big", 4, "00BC614E"),
        ("2a00bc614e", "big", 3, "BC614E"),
        ("4e61bc002a", "little", 3, "BC614E"),
        ("bc614e", "big", 4, "BC614E"),
        ("00", "big", 1, "00"),
    ],
)
def test_the_identity_of_a_card(card: str, order: str, size: int | None, identity: str) -> None:
    config = reader_config(byteorder=ByteOrder(order), bytes=size)

    assert canonical(scan(card), config) == identity


def test_a_card_without_a_number_is_none() -> None:
    with pytest.raises(CardError, match="without a number"):
        canonical(scan(""), reader_config())


@given(cards, st.integers(1, 10))
def test_readers_of_either_order_agree(card: bytes, size: int) -> None:
    forth = canonical(Scan(card=card, at=0.0), reader_config(bytes=size))
    back = canonical(
        Scan(card=card[::-1], at=0.0), reader_config(bytes=size, byteorder=ByteOrder.LITTLE)
    )

    assert forth == back
    assert bytes.fromhex(forth) == card[-size:]


@pytest.mark.parametrize(
    ("text", "style", "size", "card"),
    [
        ("0012345678", "decimal", None, "00bc614e"),
        ("12345678", "decimal", None, "00bc614e"),
        ("4294967295", "decimal", None, "ffffffff"),
        ("4294967296", "decimal", None, "0100000000"),
        ("0", "decimal", None, "00000000"),
        ("0012345678", "decimal", 3, "bc614e"),
        ("0712345678", "decimal", 3, "2a75884e"),
        ("0012345678", "decimal", 5, "0000bc614e"),
        ("01Ab", "hex", None, "01ab"),
        ("1AB", "hex", None, "01ab"),
        ("00BC614E", "hex", None, "00bc614e"),
        ("BC614E", "hex", 4, "bc614e"),
        ("2A00BC614E", "hex", 4, "2a00bc614e"),
    ],
)
def test_the_digits_of_a_wedge(text: str, style: str, size: int | None, card: str) -> None:
    config = reader_config("hid", format=CardFormat(style), bytes=size)

    assert digits(text, config).hex() == card


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("", "hex"),
        ("", "decimal"),
        ("00BC614E", "decimal"),
        ("12 34", "hex"),
        ("0x12", "hex"),
        ("1_2", "decimal"),
        ("-12", "decimal"),
        ("٣٤", "decimal"),
        ("12*", "hex"),
        ("7" * 65, "hex"),
    ],
)
def test_what_is_no_number_is_refused_without_repeating_it(text: str, style: str) -> None:
    with pytest.raises(CardError) as refused:
        digits(text, reader_config("hid", format=CardFormat(style)))

    assert str(refused.value).startswith("The reader typed ")
    assert not set(text) & set("0123456789٣٤") & set(str(refused.value))


@given(cards.filter(lambda card: len(card) >= 4 and card[0]))
def test_a_wedge_says_the_same_in_either_format(card: bytes) -> None:
    decimal = reader_config("hid", format=CardFormat.DECIMAL)

    assert digits(str(int.from_bytes(card, "big")), decimal) == card
    assert digits(card.hex(), reader_config("hid")) == card


@pytest.mark.parametrize(
    ("card", "technology", "random"),
    [
        ("08a1b2c3", Technology.ISO14443A, True),
        ("a1b2c308", Technology.ISO14443A, False),
        ("08a1b2c3d4e5f6", Technology.ISO14443A, False),
        ("08a1b2c3", Technology.WIEGAND, False),
        ("", Technology.ISO14443A, False),
    ],
)
def test_a_telephone_makes_up_its_number(card: str, technology: Technology, random: bool) -> None:
    assert is_random(scan(card, technology)) is random
