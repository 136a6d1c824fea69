"""A storage that speaks as much S3 as is needed, and keeps its objects over a kill: a program."""

import hashlib
import os
from pathlib import Path
import sys
from typing import Final

from aiohttp import web

from .served import Failing, serve

BUCKET: Final = "clips"
DRAFT: Final = ".draft"


class Bucket:
    """Objects as files; one is there whole, or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, request: web.Request) -> web.Response:
        """Keep the body."""
        file, body = self._file(request), await request.read()
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(file.name + DRAFT)
        with draft.open("wb") as written:
            written.write(body)
            written.flush()
            os.fsync(written.fileno())
        draft.replace(file)
        return web.Response(headers={"ETag": _etag(body)})

    async def get(self, request: web.Request) -> web.Response:
        """Give an object; HEAD comes here too."""
        file = self._file(request)
        if not file.is_file():
            return web.Response(status=404, text="<Error><Code>NoSuchKey</Code></Error>")
        body = file.read_bytes()
        return web.Response(body=body, headers={"ETag": _etag(body)})

    async def delete(self, request: web.Request) -> web.Response:
        """Remove an object, if it is there."""
        self._file(request).unlink(missing_ok=True)
        return web.Response(status=204)

    def _file(self, request: web.Request) -> Path:
        return self._folder / request.match_info["key"]


def objects(folder: Path) -> dict[str, Path]:
    """Return the files of all objects by their keys."""
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return {str(file.relative_to(folder)): file for file in files if file.suffix != DRAFT}


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'


def main(port: int, folder: Path) -> None:
    """Serve one bucket, kept in a folder."""
    bucket = Bucket(folder)
    app = web.Application(client_max_size=2**28, middlewares=[Failing().fail])
    where = f"/{BUCKET}/{{key:.+}}"
    app.router.add_put(where, bucket.put)
    app.router.add_get(where, bucket.get)
    app.router.add_delete(where, bucket.delete)
    serve(app, port)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
