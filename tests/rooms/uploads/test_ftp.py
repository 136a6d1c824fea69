"""A camera as it is sold: it logs in by FTP, makes a folder for the day, and uploads."""

import asyncio
from collections.abc import Iterator
from ftplib import FTP
from io import BytesIO
from threading import Event, Thread

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.ioloop import IOLoop
from pyftpdlib.servers import FTPServer
import pytest

from tests.networks import picture
from tests.rooms.footage.media import video
from tests.rooms.uploads.conftest import Porch

ORANGE, BLUE = picture(640, 360, "orange"), picture(640, 360, "blue")


@pytest.fixture
def server(porch: Porch, socket_enabled: None) -> Iterator[tuple[str, int]]:
    """Return the address of an FTP server of the folder."""

    class Handler(FTPHandler):
        authorizer = DummyAuthorizer()

    Handler.authorizer.add_user("camera", "secret", str(porch.folder), perm="elradfmwMT")
    server = FTPServer(("127.0.0.1", 0), Handler, ioloop=IOLoop())
    is_over = Event()

    def serve() -> None:
        while not is_over.is_set():
            server.serve_forever(timeout=0.02, blocking=False, handle_exit=False)

    thread = Thread(target=serve)
    thread.start()
    yield server.address
    is_over.set()
    thread.join()
    server.close_all()


@pytest.fixture
def camera(server: tuple[str, int]) -> Iterator[FTP]:
    """Return a camera that is logged in."""
    with FTP() as ftp:  # noqa: S321 (as cameras do)
        ftp.connect(*server)
        ftp.login("camera", "secret")
        yield ftp


def upload(camera: FTP, name: str, data: bytes) -> None:
    camera.storbinary(f"STOR {name}", BytesIO(data))


async def test_what_a_camera_uploads_by_ftp_is_seen(porch: Porch, camera: FTP) -> None:
    await porch.watch(4)

    def day() -> None:
        camera.mkd("20261121")
        camera.cwd("20261121")
        upload(camera, "MDAlarm_083000.jpg", ORANGE)
        upload(camera, "MDAlarm_083001.jpg", BLUE)
        upload(camera, "MDAlarm_083002.mp4", video())

    await asyncio.to_thread(day)

    seen = await porch.sees_only(10)
    assert [one.jpeg for one in seen[:2]] == [ORANGE, BLUE]


async def test_an_upload_that_pauses_half_way_is_seen_whole(porch: Porch, camera: FTP) -> None:
    await porch.watch()
    connection = await asyncio.to_thread(camera.transfercmd, "STOR slow.jpg")
    await asyncio.to_thread(connection.sendall, ORANGE[: len(ORANGE) // 2])
    await asyncio.sleep(0.5)
    assert not porch.seen

    await asyncio.to_thread(connection.sendall, ORANGE[len(ORANGE) // 2 :])
    connection.close()
    await asyncio.to_thread(camera.voidresp)

    assert [one.jpeg for one in await porch.sees_only(1)] == [ORANGE]


async def test_an_upload_that_broke_off_is_seen_when_it_is_resumed(
    porch: Porch, camera: FTP
) -> None:
    await porch.watch()
    await asyncio.to_thread(upload, camera, "broken.jpg", ORANGE[:1000])
    await asyncio.sleep(0.9)
    assert not porch.seen

    await asyncio.to_thread(camera.storbinary, "APPE broken.jpg", BytesIO(ORANGE[1000:]))

    assert [one.jpeg for one in await porch.sees_only(1)] == [ORANGE]


async def test_a_camera_that_renames_when_it_is_done_is_seen_once(
    porch: Porch, camera: FTP
) -> None:
    await porch.watch()

    def careful() -> None:
        upload(camera, "a.jpg.tmp", ORANGE)
        camera.rename("a.jpg.tmp", "a.jpg")

    await asyncio.to_thread(careful)

    assert [one.jpeg for one in await porch.sees_only(1)] == [ORANGE]
