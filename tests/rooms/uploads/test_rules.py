"""Which files are uploads, when one has arrived, and when its light fell on the sensor."""

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import PurePath

from hypothesis import given, strategies as st
import pytest

from custom_components.gatehouse.uploads import UploadOptions
from custom_components.gatehouse.uploads.rules import (
    Kind,
    Progress,
    captured,
    kind_of,
    needs_polling,
    progress,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
BERLIN = timezone(HOUR)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a.jpg", Kind.PICTURE),
        ("A.JPEG", Kind.PICTURE),
        ("2026/11/21/snap.Png", Kind.PICTURE),
        ("a.b.mp4", Kind.VIDEO),
        ("a.avi", Kind.VIDEO),
        ("a.mkv", Kind.VIDEO),
        ("a.mov", Kind.VIDEO),
        ("a.gif", None),
        ("jpg", None),
        (".jpg", None),
        ("a.jpg.part", None),
        ("a.jpg.tmp", None),
        ("a.jpg.filepart", None),
        (".a.jpg", None),
        (".trash/a.jpg", None),
        ("x/@eaDir/a.jpg", None),
        ("#recycle/a.jpg", None),
    ],
)
def test_an_upload_is_known_by_its_name(path: str, kind: Kind | None) -> None:
    assert kind_of(PurePath(path)) is kind


@pytest.mark.parametrize(
    ("still_for", "tried", "so"),
    [
        (0.0, False, Progress.GROWING),
        (0.4, False, Progress.GROWING),
        (0.5, False, Progress.SETTLED),
        (90.0, False, Progress.SETTLED),
        (0.5, True, Progress.GROWING),
        (59.0, True, Progress.GROWING),
        (60.0, True, Progress.EXPIRED),
    ],
)
def test_a_file_is_tried_once_it_is_still_and_given_up_in_the_end(
    still_for: float, tried: bool, so: Progress
) -> None:
    assert progress(timedelta(seconds=still_for), tried, UploadOptions()) is so


@pytest.mark.parametrize(
    ("taken", "zone", "moment"),
    [
        (None, UTC, NOON),
        (NOON - HOUR, BERLIN, NOON - HOUR),
        (NOON.replace(tzinfo=None), UTC, NOON),
        (NOON.replace(tzinfo=None), BERLIN, NOON - HOUR),
        (NOON + 12 * HOUR, UTC, NOON + HOUR),
        (NOON + 25 * HOUR, UTC, NOON),
        (NOON - 24 * HOUR, UTC, NOON - 24 * HOUR),
        (NOON - 25 * HOUR, UTC, NOON),
        (datetime(1970, 1, 1), BERLIN, NOON),  # noqa: DTZ001
    ],
)
def test_a_camera_is_believed_within_a_day(
    taken: datetime | None, zone: tzinfo, moment: datetime
) -> None:
    assert captured(taken, NOON, now=NOON + HOUR, zone=zone) == moment


@given(taken=st.none() | st.datetimes(), written=st.datetimes(timezones=st.just(UTC)))
def test_no_picture_is_from_the_future(taken: datetime | None, written: datetime) -> None:
    moment = captured(taken, written, now=NOON, zone=UTC)
    assert moment <= NOON
    assert moment.tzinfo is UTC


@pytest.mark.parametrize("name", ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "fuseblk"])
def test_network_drives_are_read_again_and_again(name: str) -> None:
    assert needs_polling(name)


@pytest.mark.parametrize("name", ["", "ext4", "btrfs", "overlay", "tmpfs", "xfs", "zfs"])
def test_local_drives_tell_of_changes(name: str) -> None:
    assert not needs_polling(name)


def test_a_video_may_be_larger_than_a_picture() -> None:
    options = UploadOptions(largest_picture=1, largest_video=2)
    assert [options.largest(kind) for kind in Kind] == [1, 2]
