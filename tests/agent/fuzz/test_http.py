"""Requests as nobody should write them: each is refused in words, and the next one is answered."""

import asyncio
from collections.abc import AsyncIterator
import json
import logging
from pathlib import Path
import re
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from hypothesis import example, given, strategies as st
import pytest

from camera_agent import asked, listen, reception, wire
from camera_agent.config import TlsConfig
from camera_agent.door_config import DoorConfig
from camera_agent.reader_config import ReaderConfig, ReaderKind
from camera_agent.server import is_news
from tests.fuzzing import ANYTHING, NESTED, NUMBERS, TEXTS, fuzzed, mutated

from .. import granted
from ..conftest import Configured
from ..meeting import Here, reached, somebody

TOKEN = "correct horse battery staple"
LOGIN = f"Bearer {TOKEN}".encode()
# Beginning anew ends what answers.
ENDS = {wire.RESTART, wire.REBOOT}
PATHS = [
    re.sub("{(camera|door)}", "front", re.sub("{(?!camera|door).*?}", "1", path))
    for path in (value for name, value in vars(wire).items() if name.isupper())
    if isinstance(path, str) and path.startswith("/") and path not in ENDS
]
ASKED: list[dict[str, Any]] = [
    {"nonce": "0" * 64, "answer": "0" * 64, "proof": "0" * 64, "certificate": "PEM"},
    {"since": 1_795_000_000.0, "until": 1_795_000_060.0},
    {"person": "anna", "seconds": 3},
    {"reader": "outside", "seconds": 5},
    {"private": True},
    {"document": json.dumps(granted.document()), "signature": "0" * 64},
    {
        "segment_s": 60,
        "bookings": [{"id": "b1", "camera": "front", "since": 1.0, "until": 2.0}],
    },
]
QUERIES = ["until", "after", "limit", "journal", "fps", "threshold", "labels", "expires", "auth"]
QUERIES += ["camera", "action"]


class Request(NamedTuple):
    """A request, as it goes over the line."""

    method: bytes
    target: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""

    def written(self) -> bytes:
        head = b"%s %s HTTP/1.1\r\nHost: agent\r\nConnection: close\r\n" % (
            self.method,
            self.target,
        )
        lines = b"".join(b"%s: %s\r\n" % header for header in self.headers)
        return head + lines + b"\r\n" + self.body


def _line(raw: bytes) -> bytes:
    return raw.replace(b"\r", b"").replace(b"\n", b"")


def _target(path: str, query: dict[str, Any]) -> bytes:
    asked_for = urlencode({key: str(value) for key, value in query.items()}, errors="replace")
    return f"{path}?{asked_for}".encode()


def _with_length(request: Request) -> Request:
    return request._replace(
        headers=(*request.headers, (b"Content-Length", b"%d" % len(request.body)))
    )


BODIES = st.one_of(
    st.sampled_from(ASKED).flatmap(mutated).map(lambda said: json.dumps(said).encode()),
    ANYTHING.map(lambda said: json.dumps(said).encode()),
    st.binary(max_size=100),
    st.sampled_from([b"", NESTED.encode()[:60_000], b'{"until": ' + b"9" * 5000 + b"}"]),
)
TARGETS = st.one_of(
    st.builds(
        _target,
        st.sampled_from(PATHS),
        st.dictionaries(st.sampled_from(QUERIES), st.one_of(NUMBERS, TEXTS), max_size=3),
    ),
    st.builds(
        lambda path, name: path.replace("front", quote(name, errors="replace")).encode(),
        st.sampled_from(PATHS),
        TEXTS,
    ),
    st.binary(max_size=30).map(lambda raw: b"/" + _line(raw).replace(b" ", b"")),
    st.builds(
        lambda path, raw: path.encode() + b"?auth=" + _line(raw).replace(b" ", b""),
        st.sampled_from(PATHS),
        st.binary(max_size=10),
    ),
)
METHODS = st.sampled_from([b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"X"])
ODD = [b"Range", b"If-Range", b"Content-Type", b"Content-Encoding", b"Upgrade"]
HEADERS = st.lists(
    st.one_of(
        st.just((b"Authorization", LOGIN)),
        st.tuples(st.sampled_from([*ODD, b"Authorization"]), st.binary(max_size=20).map(_line)),
        st.tuples(
            st.sampled_from(ODD),
            st.sampled_from(
                [b"bytes=0-", b"bytes=-1", b"bytes=9-1", b"bytes=" + b"9" * 400 + b"-", b"gzip",
                 b"image/jpeg", b"deflate", b"websocket", b"application/json; charset=\xff"]
            ),
        ),
    ),
    max_size=4,
).map(tuple)  # fmt: skip
LIES = st.lists(
    st.tuples(
        st.sampled_from([b"Content-Length", b"Transfer-Encoding"]),
        st.sampled_from(
            [b"5", b"-1", b"1e3", b"99999999999", b"chunked", b"0", b"identity", b"\xff"]
        ),
    ),
    min_size=1,
    max_size=2,
).map(tuple)
OWNERS = st.builds(
    lambda method, target, headers, body: _with_length(
        Request(method, target, ((b"Authorization", LOGIN), *headers), body)
    ),
    METHODS, TARGETS, HEADERS, BODIES,
)  # fmt: skip
STRANGERS = st.builds(
    lambda method, target, headers, body: _with_length(Request(method, target, headers, body)),
    METHODS, TARGETS, HEADERS, BODIES,
)  # fmt: skip
LIARS = st.builds(
    lambda method, target, lies, body: Request(
        method, target, ((b"Authorization", LOGIN), *lies), body
    ),
    METHODS, TARGETS, LIES, BODIES,
)  # fmt: skip


@pytest.fixture
async def agent(
    configured: Configured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Here]:
    """One with a camera and a door, none of which runs; it waits for nobody."""
    for where, what in ((listen, "LINGER"), (asked, "WITHIN"), (reception, "SLOW")):
        monkeypatch.setattr(where, what, 0.05)
    reader = ReaderConfig(id="outside", kind=ReaderKind.SIMULATED)
    door = DoorConfig(
        id="front", name="Front", simulated=str(tmp_path / "door.sock"), readers=(reader,)
    )
    config = somebody(
        tmp_path, token=TOKEN, tls=TlsConfig(enabled=False), cameras=(configured(),), doors=(door,)
    )
    config.data.mkdir()
    async with reached(config) as agent:
        yield agent


async def answered(agent: Here, said: bytes, patience: float = 3.0) -> tuple[int, bytes]:
    """Say something, and return the status and the body of the answer; 0 if there is none."""
    reader, writer = await asyncio.open_connection("127.0.0.1", agent.port)
    try:
        writer.write(said)
        async with asyncio.timeout(patience):
            head = await reader.readuntil(b"\r\n\r\n")
            status = int(head.split()[1])
            # What is watched never ends.
            return status, b"" if status in {101, 200} else await reader.read()
    except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
        return 0, b""
    finally:
        writer.close()


async def holds(
    agent: Here, log: pytest.LogCaptureFixture, said: bytes, patience: float = 3.0
) -> None:
    """Whatever is said is answered or refused in words, without a traceback, and nobody suffers."""
    log.clear()
    status, body = await answered(agent, said, patience)

    if status >= 400 and b'"error"' in body:
        error = json.loads(body)["error"]
        assert wire.ErrorCode(error["code"]) is not wire.ErrorCode.INTERNAL, error
        assert len(error["message"]) > 10
    assert status < 500 or status in {503, 507}, body
    news = [one for one in log.records if is_news(one)]
    assert [one.getMessage() for one in news if one.exc_info or one.levelno >= logging.ERROR] == []
    assert await answered(agent, Request(b"GET", b"/health/live").written()) == (200, b"")


@pytest.mark.parametrize(
    ("whose", "requests"),
    [("the owner's", OWNERS), ("a stranger's", STRANGERS), ("a liar's", LIARS)],
    ids=["owner", "stranger", "liar"],
)
@given(data=st.data())
@fuzzed(60)
async def test_a_request_is_answered_or_refused_in_words(
    agent: Here,
    caplog: pytest.LogCaptureFixture,
    whose: str,
    requests: st.SearchStrategy[Request],
    data: st.DataObject,
) -> None:
    request = data.draw(requests, whose)

    await holds(agent, caplog, request.written())


@given(said=st.one_of(st.binary(max_size=200), st.binary(max_size=200).map(b"GET /\r\n".__add__)))
@example(said=b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")  # TLS, where there is none
@example(said=b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
@fuzzed(40)
async def test_what_is_no_request_hurts_nobody(
    agent: Here, caplog: pytest.LogCaptureFixture, said: bytes
) -> None:
    await holds(agent, caplog, said + b"\r\n\r\n", patience=0.05)


@given(frames=st.lists(st.binary(max_size=40), max_size=6))
@example(frames=[b"\x81\xfe\xff\xff"])  # a text that claims to be long
@example(frames=[b"\xff" * 10])
@fuzzed(30)
async def test_a_listener_who_sends_rubbish_loses_nothing_but_its_own_connection(
    agent: Here, caplog: pytest.LogCaptureFixture, frames: list[bytes]
) -> None:
    upgrade = (
        (b"Authorization", LOGIN),
        (b"Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="),
        (b"Sec-WebSocket-Version", b"13"),
        (b"Upgrade", b"websocket"),
    )
    feed = Request(b"GET", wire.FEED.encode(), upgrade).written()

    await holds(agent, caplog, feed.replace(b": close", b": upgrade") + b"".join(frames))


@pytest.mark.parametrize(
    ("path", "more", "status"),
    [
        (wire.PAIR, b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd", 400),
        ("/health/live", b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd", 405),
        (wire.PAIR, b"Expect: \xff\r\nContent-Length: 0\r\n\r\n", 500),  # by aiohttp itself
    ],
)
async def test_no_stranger_writes_tracebacks_into_the_log(
    agent: Here, caplog: pytest.LogCaptureFixture, path: str, more: bytes, status: int
) -> None:
    asked_for = Request(b"POST", path.encode()).written().removesuffix(b"\r\n") + more

    assert (await answered(agent, asked_for))[0] == status
    assert [one.getMessage() for one in caplog.records if is_news(one)] == []
