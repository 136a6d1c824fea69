"""How much is kept, here and off-site, and how uploads come along: for who looks at it."""

import asyncio
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from homeassistant.components.websocket_api import ActiveConnection
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError

from .asking import translated
from .following import async_follow_site, async_run_until_left
from .footage import Progress, Transfer
from .serialize import iso
from .telling import async_tell_changes

if TYPE_CHECKING:
    from .hub import Hub
    from .storage import Figures, Storage

STORAGE: Final = "storage"
FAILED: Final = "failed"


class StorageFeed:
    """Tells one viewer how the storage is, at once and at changes, over reloads of the site."""

    def __init__(self, hass: HomeAssistant, connection: ActiveConnection, identity: int) -> None:
        """Answer the subscription of this id."""
        self._hass = hass
        self._connection = connection
        self._id = identity
        self._changed = asyncio.Event()

    @callback
    def open(self) -> CALLBACK_TYPE:
        """Begin to tell, as soon as the site runs; return how to end."""
        return async_follow_site(self._hass, self._join)

    @callback
    def _join(self, hub: Hub | None) -> Iterator[CALLBACK_TYPE]:
        if hub is None:
            return
        yield hub.storage.async_subscribe(lambda _: self._changed.set())
        yield hub.storage.offsite.watch(self._changed.set)
        yield async_run_until_left(
            self._hass,
            async_tell_changes(self._changed, partial(_news, hub.storage), self._send),
            f"storage feed {self._id}",
        )

    @callback
    def _send(self, news: dict[str, Any]) -> None:
        self._connection.send_event(self._id, news)


async def _news(storage: Storage) -> dict[str, Any]:
    try:
        async with translated():
            figures = await storage.figures()
    except HomeAssistantError as err:
        return {"kind": FAILED, "code": err.translation_key, "message": str(err)}
    return {"kind": STORAGE} | storage_json(figures)


def progress_json(progress: Progress) -> dict[str, Any]:
    """Return what is being uploaded, and what hinders it."""
    error = {
        "code": progress.error,
        "message": progress.reason,
        "since": iso(progress.failing_since),
    }
    return {
        "uploading": [_transfer_json(each) for each in progress.uploading],
        "error": error if progress.error else None,
    }


def storage_json(figures: Figures) -> dict[str, Any]:
    """Return how much is kept, here and off-site, and how uploads come along."""
    stock, backlog = figures.stock, figures.backlog
    return {
        "here": {"files": stock.here, "bytes": stock.here_bytes},
        "off_site": {"files": stock.away, "bytes": stock.away_bytes},
        "freed": stock.freed,
        "free_bytes": figures.free_bytes,
        "backlog": {
            "depth": backlog.depth,
            "bytes": backlog.size,
            "oldest": iso(backlog.oldest),
        },
        **progress_json(figures.progress),
    }


def _transfer_json(transfer: Transfer) -> dict[str, Any]:
    return {
        "footage": transfer.footage,
        "camera": transfer.camera,
        "percent": transfer.percent,
    }
