"""One bucket: the protocol as a server checks it, and what is said when it says no."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, tzinfo
import logging
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from aiohttp import web
from botocore import auth
import pytest

from custom_components.gatehouse.footage import complaints
from custom_components.gatehouse.footage.errors import (
    BucketMissing,
    ClockSkewed,
    FileMissing,
    NotVerified,
    StorageDenied,
    StorageError,
    StorageRefused,
    StorageUnreachable,
    UploadGone,
)
from custom_components.gatehouse.footage.parcel import PART, Parcel, measured
from custom_components.gatehouse.footage.s3 import S3, Quirk, S3Options
from tests.rooms.footage.storage import SECRET, Fault, SeaweedFS, Storage
from tests.waiting import eventually

HOUR = timedelta(hours=1)


@pytest.fixture
async def storage(moto_address: str, socket_enabled: None) -> AsyncIterator[Storage]:
    """Return a storage that believes everybody, behind a line that fails at will."""
    async with Storage(moto_address) as storage:
        storage.make_bucket()
        yield storage


@pytest.fixture
async def strict(seaweed: SeaweedFS, socket_enabled: None) -> AsyncIterator[Storage]:
    """Return a storage that checks every signature."""
    async with Storage(seaweed.address) as storage:
        await eventually(storage.is_made, 60)
        yield storage


def clip(
    folder: Path, size: int = 300_000, key: str = "gatehouse/2026/11/21/porch/a.mp4"
) -> Parcel:
    path = folder / f"{size}.mp4"
    # No two parts are the same.
    path.write_bytes(b"".join(number.to_bytes(4) for number in range(size // 4 + 1))[:size])
    told = {"camera": "porch/front", "since": "2026-11-21T10:00:00+00:00"}
    return Parcel(key=key, content=measured(path), content_type="video/mp4", metadata=told)


async def put(s3: S3, parcel: Parcel, upload: str | None = None) -> None:
    await asyncio.to_thread(s3.put, parcel, upload=upload)


def played(address: str, **headers: str) -> tuple[int, bytes, Any]:
    """Ask as a browser does; returns status, body and headers."""
    try:
        with urlopen(Request(address, headers=headers), timeout=10) as answer:
            return answer.status, answer.read(), answer.headers
    except HTTPError as error:
        with error:
            return error.code, error.read(), error.headers


@pytest.mark.parametrize("size", [1, 300_000, 20_000_000], ids=["tiny", "usual", "large"])
async def test_a_clip_arrives_with_what_is_told_of_it(
    strict: Storage, tmp_path: Path, size: int
) -> None:
    s3, parcel = strict.s3(), clip(tmp_path, size, "gate house/ä+b&c=~(1).mp4")
    upload = await asyncio.to_thread(s3.begin, parcel) if size > PART else None

    await put(s3, parcel, upload)

    assert await asyncio.to_thread(strict.objects) == {parcel.key: parcel.content.sha256}
    head = strict.client.head_object(Bucket=strict.bucket, Key=parcel.key)
    assert head["ContentType"] == "video/mp4"
    assert head["Metadata"] == parcel.metadata
    assert await asyncio.to_thread(s3.is_there, parcel)
    assert strict.unfinished() == []


async def test_a_storage_is_probed_and_nothing_is_left(strict: Storage) -> None:
    assert await asyncio.to_thread(strict.s3().probe) == (Quirk.HEAD_REFUSED,)

    assert strict.keys() == []
    assert [method for method, _ in strict.arrived] == ["PUT", "HEAD", "HEAD", "GET", "DELETE"]


async def test_a_prefix_may_be_empty_and_checksums_be_kept(strict: Storage, tmp_path: Path) -> None:
    s3, parcel = strict.s3(prefix="", checksums=True), clip(tmp_path)

    await asyncio.to_thread(s3.probe)
    await put(s3, parcel)

    stored = await asyncio.to_thread(s3.head, parcel.key)
    assert stored
    assert stored.sha256 == parcel.content.sha256


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"secret": "another"}, StorageDenied, "secret"),
        ({"key_id": "NOBODY"}, StorageDenied, "key id"),
        ({"bucket": "there-is-no-such"}, BucketMissing, "bucket"),
        ({"bucket": ""}, BucketMissing, "No bucket"),
        ({"bucket": "not a bucket"}, StorageRefused, "bucket"),
        ({"endpoint": "somewhere"}, StorageRefused, "https://"),
        ({"endpoint": "http://127.0.0.1:9"}, StorageUnreachable, "endpoint"),
    ],
    ids=str,
)
async def test_a_wrong_option_is_called_by_its_name(
    strict: Storage, changes: dict[str, str], error: type[StorageError], says: str
) -> None:
    with pytest.raises(StorageError, match=says) as caught:
        await asyncio.to_thread(strict.s3(**changes).probe)

    assert type(caught.value) is error
    assert SECRET not in str(caught.value)


async def test_a_secret_is_in_no_message_of_ours(
    strict: Storage, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "wrong-and-still-not-to-be-seen"
    with pytest.raises(StorageDenied) as caught:
        await put(strict.s3(secret=secret), clip(tmp_path))
    s3 = strict.s3()
    await asyncio.to_thread(s3.probe)

    said = f"{caught.value!r} {caught.value.__cause__!r} {s3!r} {s3.options!r} {caplog.text}"
    assert secret not in said
    assert SECRET not in said


async def test_an_address_plays_a_clip_until_it_expires(strict: Storage, tmp_path: Path) -> None:
    s3, parcel = strict.s3(), clip(tmp_path)
    content = parcel.content.path.read_bytes()
    await put(s3, parcel)
    address, brief = await asyncio.to_thread(
        lambda: (s3.url(parcel.key, HOUR, "Porch ä.mp4"), s3.url(parcel.key, timedelta(0)))
    )

    status, body, headers = await asyncio.to_thread(played, address)
    assert (status, body) == (200, content)
    assert headers["Content-Type"] == "video/mp4"
    assert headers["Content-Disposition"] == "inline; filename*=UTF-8''Porch%20%C3%A4.mp4"
    part = await asyncio.to_thread(lambda: played(address, Range="bytes=100-199"))
    assert part[:2] == (206, content[100:200])

    elsewhere = address.replace("a.mp4", "b.mp4")
    assert (await asyncio.to_thread(played, elsewhere))[0] == 403
    assert (await asyncio.to_thread(played, address.partition("?")[0]))[0] == 403
    await eventually(lambda: asyncio.to_thread(lambda: played(brief)[0] == 403))


async def test_no_address_lives_longer_than_seven_days(storage: Storage) -> None:
    s3 = storage.s3()

    assert "X-Amz-Expires=604800" in await asyncio.to_thread(s3.url, "a", timedelta(days=30))
    assert "X-Amz-Expires=3600" in await asyncio.to_thread(s3.url, "a", HOUR)


@pytest.mark.parametrize("seconds", [-3600, 3600])
async def test_a_wrong_clock_is_called_a_wrong_clock(
    strict: Storage, tmp_path: Path, seconds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3, parcel = strict.s3(), clip(tmp_path)
    await asyncio.to_thread(s3.head, parcel.key)

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return datetime.now(tz) + timedelta(seconds=seconds)

    monkeypatch.setattr(auth, "get_current_datetime", lambda: Clock.now(UTC).replace(tzinfo=None))
    monkeypatch.setattr(complaints, "datetime", Clock)

    with pytest.raises(ClockSkewed, match=r"apart .* Set the one that is wrong"):
        await put(s3, parcel)


async def test_a_file_that_is_not_what_its_row_says_is_refused(
    strict: Storage, tmp_path: Path
) -> None:
    s3, parcel = strict.s3(), clip(tmp_path)
    path = parcel.content.path
    path.write_bytes(path.read_bytes()[::-1])

    with pytest.raises(StorageRefused):
        await put(s3, parcel)

    assert strict.keys() == []


async def test_a_file_that_ends_too_early_is_told_of(strict: Storage, tmp_path: Path) -> None:
    s3, parcel = strict.s3(), clip(tmp_path)
    parcel.content.path.write_bytes(b"short")

    with pytest.raises(FileMissing):
        await put(s3, parcel)

    assert strict.keys() == []


@pytest.mark.parametrize(
    ("fault", "error", "code"),
    [
        (Fault(status=500, code="InternalError"), StorageUnreachable, "storage_unreachable"),
        (Fault(status=503, code="SlowDown"), StorageUnreachable, "storage_unreachable"),
        (Fault(status=400, code="RequestTimeout"), StorageUnreachable, "storage_unreachable"),
        (Fault(status=429), StorageUnreachable, "storage_unreachable"),
        (Fault(cut_after=100_000), StorageUnreachable, "storage_unreachable"),
        (Fault(loses_answer=True), StorageUnreachable, "storage_unreachable"),
        (Fault(status=400, code="x" * 100_000), StorageUnreachable, "storage_unreachable"),
        (Fault(status=403, code="RequestTimeTooSkewed"), ClockSkewed, "clock_skewed"),
        (
            Fault(status=403, headers={"Date": "Sat, 21 Nov 2020 10:00:00 GMT"}),
            ClockSkewed,
            "clock_skewed",
        ),
        (Fault(status=403, headers={"Date": "once upon a time"}), StorageDenied, "storage_denied"),
        (Fault(status=401), StorageDenied, "storage_denied"),
        (Fault(status=404, code="NoSuchBucket"), BucketMissing, "bucket_missing"),
        (Fault(status=400, code="InvalidStorageClass"), StorageRefused, "storage_refused"),
    ],
    ids=lambda each: str(each)[:80],
)
async def test_what_a_storage_says_becomes_an_error_of_ours(
    storage: Storage, tmp_path: Path, fault: Fault, error: type[StorageError], code: str
) -> None:
    storage.weather = lambda request, _: fault if request.method == "PUT" else None

    with pytest.raises(StorageError) as caught:
        await put(storage.s3(), clip(tmp_path))

    assert type(caught.value) is error
    assert caught.value.code == code


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=301, headers={"x-amz-bucket-region": "eu-central-1"}),
        Fault(
            status=400,
            code="AuthorizationHeaderMalformed</Code><Region>eu-central-1</Region><Code>",
        ),
    ],
    ids=["redirect", "malformed"],
)
async def test_a_bucket_in_another_region_tells_which(
    storage: Storage, tmp_path: Path, fault: Fault
) -> None:
    storage.weather = lambda request, _: fault

    with pytest.raises(StorageRefused, match="eu-central-1: set that"):
        await put(storage.s3(), clip(tmp_path))


async def test_an_error_of_a_large_upload_is_ours_too(storage: Storage, tmp_path: Path) -> None:
    s3, parcel = storage.s3(), clip(tmp_path)
    storage.weather = lambda request, _: Fault(status=503, code="SlowDown")
    with pytest.raises(StorageUnreachable):
        await asyncio.to_thread(s3.begin, parcel)

    await storage.go_away()
    with pytest.raises(StorageUnreachable):
        await asyncio.to_thread(s3.begin, parcel)


async def test_who_may_not_list_begins_all_the_same(storage: Storage, tmp_path: Path) -> None:
    s3, parcel = storage.s3(), clip(tmp_path)
    storage.weather = lambda request, _: (
        Fault(status=403, code="AccessDenied") if request.method == "GET" else None
    )

    await asyncio.to_thread(s3.begin, parcel)

    assert storage.unfinished() == [parcel.key]


async def test_what_was_begun_before_is_given_up(storage: Storage, tmp_path: Path) -> None:
    s3, parcel = storage.s3(), clip(tmp_path)
    beside = clip(tmp_path, key=f"{parcel.key}.jpg")
    first = await asyncio.to_thread(s3.begin, parcel)
    await asyncio.to_thread(s3.begin, beside)

    second = await asyncio.to_thread(s3.begin, parcel)

    assert first != second
    assert sorted(storage.unfinished()) == [parcel.key, beside.key]
    await asyncio.to_thread(s3.delete, parcel.key, second)
    assert storage.unfinished() == [beside.key]


async def test_a_large_upload_goes_on_where_it_broke(strict: Storage, tmp_path: Path) -> None:
    s3, parcel = strict.s3(), clip(tmp_path, 20_000_000)
    upload = await asyncio.to_thread(s3.begin, parcel)
    strict.weather = lambda request, _: (
        Fault(cut_after=1_000_000) if request.query.get("partNumber") == "3" else None
    )
    with pytest.raises(StorageUnreachable):
        await put(s3, parcel, upload)

    strict.weather = lambda request, _: None
    await put(strict.s3(), parcel, upload)

    assert strict.puts()[parcel.key] == 3
    assert await asyncio.to_thread(strict.objects) == {parcel.key: parcel.content.sha256}
    assert strict.unfinished() == []


async def test_a_part_of_another_file_is_sent_again(strict: Storage, tmp_path: Path) -> None:
    s3, parcel = strict.s3(), clip(tmp_path, 20_000_000)
    upload = await asyncio.to_thread(s3.begin, parcel)
    strict.client.upload_part(
        Bucket=strict.bucket, Key=parcel.key, UploadId=upload, PartNumber=1, Body=bytes(PART)
    )

    await put(s3, parcel, upload)

    assert await asyncio.to_thread(strict.objects) == {parcel.key: parcel.content.sha256}


async def test_an_upload_that_is_no_longer_known_says_so(strict: Storage, tmp_path: Path) -> None:
    s3, parcel = strict.s3(), clip(tmp_path, 20_000_000)
    upload = await asyncio.to_thread(s3.begin, parcel)
    await asyncio.to_thread(s3.delete, parcel.key, upload)
    await asyncio.to_thread(s3.delete, parcel.key, upload)

    with pytest.raises(UploadGone):
        await put(s3, parcel, upload)


async def test_an_etag_that_is_no_digest_has_the_clip_read_again(
    storage: Storage, tmp_path: Path
) -> None:
    s3, parcel = storage.s3(), clip(tmp_path)
    storage.weather = lambda request, _: Fault(headers={"ETag": '"encrypted"'})

    await put(s3, parcel)

    assert [method for method, _ in storage.arrived] == ["PUT", "HEAD", "GET"]
    assert Quirk.ETAG_IS_NO_MD5 in await asyncio.to_thread(s3.probe)


async def test_what_a_storage_mangles_is_not_verified(storage: Storage, tmp_path: Path) -> None:
    s3, parcel = storage.s3(), clip(tmp_path)

    def mangles(request: web.Request, _: int) -> Fault | None:
        if request.method == "HEAD":
            key, other = parcel.key, bytes(parcel.content.size)
            storage.client.put_object(Bucket=storage.bucket, Key=key, Body=other)
        return None

    storage.weather = mangles

    with pytest.raises(NotVerified, match="sent again"):
        await put(s3, parcel)


@pytest.mark.parametrize(
    "fault",
    [Fault(status=404), Fault(headers={"Content-Length": "7"})],
    ids=["nothing", "another size"],
)
async def test_what_is_not_there_afterwards_is_not_verified(
    storage: Storage, tmp_path: Path, fault: Fault
) -> None:
    storage.weather = lambda request, _: fault if request.method == "HEAD" else None

    with pytest.raises(NotVerified):
        await put(storage.s3(), clip(tmp_path))


async def test_what_one_must_not_look_for_counts_as_missing(
    storage: Storage, tmp_path: Path
) -> None:
    s3, parcel = storage.s3(), clip(tmp_path)
    assert not await asyncio.to_thread(s3.is_there, parcel)

    storage.weather = lambda request, _: Fault(status=403)
    assert not await asyncio.to_thread(s3.is_there, parcel)


async def test_a_storage_without_ranges_or_deletion_can_be_used(storage: Storage) -> None:
    def limited(request: web.Request, _: int) -> Fault | None:
        refused = {"DELETE": Fault(status=403, code="AccessDenied"), "GET": Fault(whole=True)}
        return refused.get(request.method)

    storage.weather = limited

    odd = await asyncio.to_thread(storage.s3().probe)

    assert odd == (Quirk.NO_RANGES, Quirk.DELETE_REFUSED)


async def test_a_storage_class_is_sent_only_where_one_is_set(
    storage: Storage, tmp_path: Path
) -> None:
    small, large = clip(tmp_path, key="small.mp4"), clip(tmp_path, 9_000_000, key="large.mp4")
    s3 = storage.s3(storage_class="STANDARD_IA")
    await put(s3, small)
    await put(s3, large, await asyncio.to_thread(s3.begin, large))
    await put(storage.s3(), clip(tmp_path, key="plain.mp4"))

    def class_of(key: str) -> str:
        told = storage.client.head_object(Bucket=storage.bucket, Key=key)
        return str(told.get("StorageClass", "STANDARD"))

    assert [class_of(key) for key in ("small.mp4", "large.mp4")] == ["STANDARD_IA"] * 2
    assert class_of("plain.mp4") == "STANDARD"


async def test_connections_are_kept_and_given_up_when_the_server_does(
    storage: Storage, tmp_path: Path
) -> None:
    s3, parcel = storage.s3(), clip(tmp_path)
    ports = set()

    def note(request: web.Request, _: int) -> None:
        assert request.transport
        ports.add(request.transport.get_extra_info("peername")[1])

    storage.weather = note
    await put(s3, parcel)
    await put(s3, parcel)
    assert len(ports) == 1

    await storage.go_away()
    await storage.come_back()
    await put(s3, parcel)
    assert len(ports) == 2

    s3.rest()
    await put(s3, parcel)
    assert len(ports) == 3


async def test_who_waits_for_an_answer_can_be_woken(storage: Storage, tmp_path: Path) -> None:
    s3 = storage.s3()
    s3.rest()
    s3.break_off()
    storage.weather = lambda request, _: Fault(seconds=60)
    waiting = asyncio.create_task(put(s3, clip(tmp_path)))
    await eventually(lambda: storage.asked["PUT"])

    s3.break_off()

    with pytest.raises(StorageUnreachable):
        await waiting


@pytest.mark.parametrize(
    ("options", "begins"),
    [
        ({}, "https://a-bucket.s3.amazonaws.com/a?"),
        ({"region": "eu-central-1"}, "https://a-bucket.s3.eu-central-1.amazonaws.com/a?"),
        ({"path_style": True}, "https://s3.amazonaws.com/a-bucket/a?"),
        ({"endpoint": "https://nas.home:9000"}, "https://nas.home:9000/a-bucket/a?"),
        ({"endpoint": "https://r2.example", "path_style": False}, "https://a-bucket.r2.example/a?"),
    ],
    ids=str,
)
def test_the_bucket_is_in_the_path_or_before_the_host(options: dict[str, Any], begins: str) -> None:
    s3 = S3(S3Options(bucket="a-bucket", key_id="k", secret="s", **options))

    assert s3.url("a", HOUR).startswith(begins)
    assert s3._courier._origin + s3._courier._path == begins.removesuffix("a?")
