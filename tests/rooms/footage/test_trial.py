"""What scripts/s3 tells of a bucket is what the storage did."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
import os
from pathlib import Path
import socket
import subprocess
import sys
from typing import Any

from aiohttp import web
import pytest

from custom_components.gatehouse.footage import Quirk, S3Options, StorageError
from scripts.storing.trial import LEAST, ODD, trial
from tests.rooms.footage.storage import KEY_ID, SECRET, Fault, SeaweedFS, Storage, Weather
from tests.waiting import eventually

ROOT = Path(__file__).parents[3]
SIZE = 18_000_000  # three parts


@pytest.fixture
async def strict(seaweed: SeaweedFS, socket_enabled: None) -> AsyncIterator[Storage]:
    """Return a storage that checks every signature, behind a line that fails at will."""
    async with Storage(seaweed.address) as storage:
        await eventually(storage.is_made, 60)
        yield storage


async def tried(options: S3Options, size: int = SIZE) -> list[str]:
    return await asyncio.to_thread(lambda: list(trial(options, size)))


def by_name(options: S3Options) -> S3Options:
    """Return the same storage by a name: a number as the host allows no bucket beside it."""
    assert options.endpoint
    return replace(options, endpoint=options.endpoint.replace("127.0.0.1", "localhost"))


def refusing(method: str, status: int = 403) -> Weather:
    return lambda request, _: Fault(status=status) if request.method == method else None


async def test_a_good_storage_passes_and_nothing_is_left_there(strict: Storage) -> None:
    lines = await tried(strict.options())

    assert [line for line in lines if line not in ODD.values()] == [
        "a small file was written, found, and played by an address without login",
        lines[-4],
        lines[-3],
        "addresses have the bucket in the path: a number as the host allows nothing else",
        "and deleted again",
    ]
    assert lines[-4].startswith("18 MB were sent in 3 parts and verified, ")
    assert lines[-4].endswith("after a break it went on where it had ended")
    assert lines[-3].startswith("they were played by an address without login, byte for byte, ")
    assert await asyncio.to_thread(strict.is_empty)


async def test_each_part_is_sent_once_although_the_line_breaks(strict: Storage) -> None:
    await tried(strict.options())

    sent = strict.puts()
    [large] = [key for key in sent if key.endswith(".mp4")]
    assert sent[large] == 3


async def test_a_key_that_may_not_delete_is_told_and_what_stays(strict: Storage) -> None:
    strict.weather = refusing("DELETE")

    lines = await tried(strict.options())

    assert any("may not delete: leave 'Delete there after' at 0" in line for line in lines)
    [key] = [key for key in await asyncio.to_thread(strict.keys) if key.endswith(".mp4")]
    assert lines[-1] == f"{key} stays there: this key may not delete"


async def test_a_storage_without_parts_of_files_is_told(strict: Storage) -> None:
    strict.weather = lambda request, _: Fault(whole=True) if request.method == "GET" else None

    lines = await tried(strict.options())

    assert any("nobody can jump" in line for line in lines)


async def test_a_storage_that_tells_no_md5_is_told(strict: Storage) -> None:
    strict.weather = lambda request, _: (
        Fault(headers={"ETag": '"another"'}) if request.method == "HEAD" else None
    )

    lines = await tried(strict.options())

    assert ODD[Quirk.ETAG_IS_NO_MD5] in lines
    assert await asyncio.to_thread(strict.is_empty)


@pytest.mark.parametrize(
    ("changes", "says"),
    [({"secret": "another"}, "secret"), ({"bucket": "there-is-no-such"}, "bucket")],
    ids=str,
)
async def test_what_is_wrong_is_told_at_once(
    strict: Storage, changes: dict[str, str], says: str
) -> None:
    with pytest.raises(StorageError, match=says):
        await tried(strict.options(**changes))

    assert strict.arrived == []


async def test_a_break_in_earnest_leaves_nothing_behind(strict: Storage) -> None:
    broken = False

    def weather(request: web.Request, _: int) -> Fault | None:
        nonlocal broken
        if request.query.get("partNumber") != "3" or broken:
            return None
        broken = True
        return Fault(cut_after=100_000)

    strict.weather = weather
    with pytest.raises(StorageError):
        await tried(strict.options())

    assert await asyncio.to_thread(strict.is_empty)


@pytest.mark.parametrize("path_style", [None, False], ids=["path", "host"])
async def test_a_storage_that_takes_the_bucket_in_both_places_says_so(
    path_style: bool | None,
    moto_address: str,
    socket_enabled: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolve = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *asked, **named: resolve("127.0.0.1", *asked, **named)
    )
    async with Storage(moto_address) as storage:
        storage.make_bucket()
        lines = await tried(by_name(storage.options(path_style=path_style)))

    places = ("path", "host") if path_style is None else ("host", "path")
    told = "addresses have the bucket in the {}; in the {} it works too".format(*places)
    assert lines[-2:] == [told, "and deleted again"]


async def test_the_command_takes_its_key_from_the_environment(strict: Storage) -> None:
    options = by_name(strict.options())
    command = [
        sys.executable, "-m", "scripts.storing", options.bucket, "--endpoint", options.endpoint,
        "--folder", "trials", "--megabytes", str(LEAST),
    ]  # fmt: skip
    key = {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET}

    done = await asyncio.to_thread(_run, command, key)
    wrong = await asyncio.to_thread(_run, command, key | {"AWS_SECRET_ACCESS_KEY": "another"})

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-2:] == [
        "addresses have the bucket in the path; in the host it does not work",
        "and deleted again",
    ]
    assert {key.partition("/")[0] for key in strict.puts()} == {"trials"}
    assert wrong.returncode == 1
    assert wrong.stdout == ""
    assert "secret" in wrong.stderr
    assert "Traceback" not in wrong.stderr
    assert SECRET not in done.stdout + done.stderr + wrong.stderr


def _run(command: list[Any], key: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | key, capture_output=True, text=True, check=False
    )
