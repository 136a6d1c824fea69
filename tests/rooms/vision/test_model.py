"""Model files are fetched whole or not at all, and a sentence says why not."""

import asyncio
from hashlib import sha256
from pathlib import Path
import re
import resource
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
import pytest

from custom_components.gatehouse.vision import (
    MODELS,
    ModelFile,
    ModelSource,
    ModelUnavailable,
    Runtime,
    fetch_model,
    model,
    model_for,
)
from tests.rooms.vision.conftest import Serve

WHOLE = bytes(range(256)) * 4096


class Shelf:
    """A server with one file, counting who asks."""

    def __init__(self, body: bytes = WHOLE, status: int = 200, promised: int | None = None) -> None:
        self.asked = 0
        self._body, self._status, self._promised = body, status, promised

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        response = web.StreamResponse(status=self._status)
        response.content_length = self._promised or len(self._body)
        await response.prepare(request)
        await response.write(self._body)
        assert request.transport is not None
        if self._promised:
            request.transport.close()
        return response


def source(url: str, size: int = len(WHOLE), *names: str) -> ModelSource:
    """A model of one file, unless more are named, which all hold the same."""
    digest = sha256(WHOLE).hexdigest()
    files = [
        ModelFile(name=name, url=f"{url}/{name}", sha256=digest, size=size)
        for name in names or ("tiny.onnx",)
    ]
    return ModelSource(name="tiny", files=tuple(files))


def ignored(_: float) -> None:
    """Do not look at progress."""


async def test_a_model_is_fetched_once_with_progress(
    serve: Serve, session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    shelf, told = Shelf(), list[float]()
    tiny = source(await serve(shelf.serve))
    path = await fetch_model(session, tiny, tmp_path / "new" / "models", told.append)
    assert path.read_bytes() == WHOLE
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) > 3
    assert await fetch_model(session, tiny, path.parent, told.append) == path
    assert shelf.asked == 1
    assert [each.name for each in path.parent.iterdir()] == ["tiny.onnx"]


async def test_a_model_of_two_files_is_told_of_as_one_and_found_by_its_first(
    serve: Serve, session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    shelf, told = Shelf(), list[float]()
    both = source(await serve(shelf.serve), len(WHOLE), "tiny.param", "tiny.bin")
    assert await fetch_model(session, both, tmp_path, told.append) == tmp_path / "tiny.param"
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert 0.5 in told
    assert sorted(each.name for each in tmp_path.iterdir()) == ["tiny.bin", "tiny.param"]


async def test_only_the_file_that_is_missing_is_fetched(
    serve: Serve, session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    shelf, told = Shelf(), list[float]()
    both = source(await serve(shelf.serve), len(WHOLE), "tiny.param", "tiny.bin")
    (tmp_path / "tiny.param").write_bytes(WHOLE)
    await fetch_model(session, both, tmp_path, told.append)
    assert shelf.asked == 1
    assert told[0] > 0.5


@pytest.mark.parametrize(
    "damage", [WHOLE[:-1], b"\0" * len(WHOLE), b""], ids=["cut", "other", "empty"]
)
async def test_a_damaged_file_is_fetched_again(
    damage: bytes, serve: Serve, session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    (tmp_path / "tiny.onnx").write_bytes(damage)
    path = await fetch_model(session, source(await serve(Shelf().serve)), tmp_path, ignored)
    assert path.read_bytes() == WHOLE


@pytest.mark.parametrize(
    ("shelf", "sentence"),
    [
        (Shelf(b"gone", 404), "answers 404 Not Found"),
        (Shelf(b"no", 503), "answers 503"),
        (Shelf(b"\0" * len(WHOLE)), "not the expected file"),
        (Shelf(WHOLE[:-1]), "gave 1048575 bytes that are not the expected file of 1048576"),
        (Shelf(WHOLE + WHOLE), "not the expected file"),
        (Shelf(WHOLE[:5000], promised=len(WHOLE)), "cannot be fetched"),
    ],
    ids=["404", "503", "other", "short", "long", "cut"],
)
async def test_a_fetch_that_fails_says_why_and_leaves_nothing(
    shelf: Shelf, sentence: str, serve: Serve, session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    with pytest.raises(ModelUnavailable, match=sentence):
        await fetch_model(session, source(await serve(shelf.serve)), tmp_path, ignored)
    assert list(tmp_path.iterdir()) == []


async def test_a_host_out_of_reach_is_told(
    session: aiohttp.ClientSession, unused_tcp_port: int, tmp_path: Path
) -> None:
    away = source(f"http://127.0.0.1:{unused_tcp_port}")
    with pytest.raises(ModelUnavailable, match="cannot be fetched: Cannot connect"):
        await fetch_model(session, away, tmp_path, ignored)


async def test_a_host_that_falls_silent_is_told(
    serve: Serve,
    session: aiohttp.ClientSession,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go_on = asyncio.Event()

    async def dawdle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(WHOLE[:1000])
        await go_on.wait()
        return response

    monkeypatch.setattr(model, "TIMEOUT", aiohttp.ClientTimeout(sock_read=0.1))
    with pytest.raises(ModelUnavailable, match="cannot be fetched"):
        await fetch_model(session, source(await serve(dawdle)), tmp_path, ignored)
    go_on.set()
    assert list(tmp_path.iterdir()) == []


async def test_a_folder_that_cannot_be_made_is_told(
    session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ModelUnavailable, match="cannot be written"):
        await fetch_model(session, source("http://127.0.0.1:9"), tmp_path / "file", ignored)


async def test_a_disk_without_room_is_told_before_anything_is_fetched(
    serve: Serve, session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    shelf = Shelf()
    huge = source(await serve(shelf.serve), size=1 << 60)
    with pytest.raises(ModelUnavailable, match=r"has room for \d+ MB, the model needs \d+ MB"):
        await fetch_model(session, huge, tmp_path, ignored)
    assert shelf.asked == 0


async def test_a_disk_that_fills_up_is_told_and_left_clean(
    serve: Serve, session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    tiny = source(await serve(Shelf().serve))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(WHOLE) // 2, limits[1]))
    try:
        with pytest.raises(ModelUnavailable, match="cannot be written: File too large"):
            await fetch_model(session, tiny, tmp_path, ignored)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == []


OFFERED = [*MODELS.values(), model_for("yolox_nano", Runtime.NCNN)]


@pytest.mark.parametrize(
    "file", [pytest.param(file, id=file.name) for source in OFFERED for file in source.files]
)
def test_every_offered_file_is_pinned(file: ModelFile) -> None:
    address = urlsplit(file.url)
    assert address.scheme == "https"
    assert address.path.endswith(f"/{file.name}")
    assert re.search("/[0-9a-f]{40}/|/download/", address.path)
    assert re.fullmatch("[0-9a-f]{64}", file.sha256)
    assert file.size < 100_000_000


@pytest.mark.parametrize("name", MODELS)
def test_a_model_has_the_name_by_which_it_is_offered(name: str) -> None:
    assert MODELS[name].name == name
    assert model_for(name, Runtime.ONNXRUNTIME) is MODELS[name]


@pytest.mark.parametrize("name", MODELS)
def test_ncnn_gets_a_description_and_the_weights_beside_it(name: str) -> None:
    serves = model_for(name, Runtime.NCNN)
    description, weights = (Path(file.name) for file in serves.files)
    assert serves.name == "nanodet_plus"
    assert description.suffix == ".param"
    assert description.with_suffix(".bin") == weights
