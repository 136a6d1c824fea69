"""Bytes from outside: cards, bodies, documents, pictures and files, whatever they are."""

from collections.abc import Callable

from hypothesis import example, given, strategies as st
import pytest

from tests.fuzzing import NESTED, fuzzed

from .properties import PROPERTIES, RDM6300

pytestmark = pytest.mark.long

# What makes sense in places, so that not all is refused at the first byte.
WORDS = st.sampled_from(
    [
        b"\0\0\xff", b"\0\xff\0\xff", b"\xd5\x4b", b"\x01\x01\x00\x04\x08\x04", b"\x02", b"\x03",
        RDM6300, b'{"', b'": ', b"[", b"]", b"}", b"1e999", b"NaN", b"-0", b"9" * 5000,
        b'"\\ud800"',
        b"[[cameras]]\n", b"[[doors]]\n", b"id = ", b'"front"\n', b"source = 'pattern'\n",
        b"-----BEGIN CERTIFICATE-----\n", b"-----END CERTIFICATE-----\n", b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0", b"RIFF", b"WEBPVP8 ", b"\0" * 8, b"\xff" * 8,
    ]
)  # fmt: skip
BYTES = st.one_of(
    st.binary(max_size=300), st.lists(st.one_of(WORDS, st.binary(max_size=8))).map(b"".join)
)


@pytest.mark.parametrize("holds", list(PROPERTIES.values()), ids=list(PROPERTIES))
@given(data=BYTES)
@example(data=NESTED.encode())
@example(data=b"a = " + NESTED.encode())
@fuzzed(60)
def test_it_holds_whatever_the_bytes(holds: Callable[[bytes], None], data: bytes) -> None:
    holds(data)
