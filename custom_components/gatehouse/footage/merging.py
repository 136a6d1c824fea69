"""Has the parts of an hour made one movie, by a process that gives way to all others."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
import json
from pathlib import Path
from typing import Any, Final

from .disk import refusals
from .errors import CamerasMoved, MergeFailed, NotPlayable, PanoramaUnavailable
from .mp4 import Clip, inspect
from .nice import ProgramFailed, run
from .plan import MergeOptions, MergePlan

PROGRAM: Final = Path(__file__).with_name("merge.py")

# A Pi that is busy takes minutes for the two seconds after which there is news of it.
PATIENCE: Final = timedelta(minutes=30)

REFUSALS: Final = {kind.code: kind for kind in (NotPlayable, PanoramaUnavailable, CamerasMoved)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """A movie that is whole and on the disk."""

    clip: Clip
    began: datetime
    """When its first picture was taken."""
    cameras: tuple[str, ...]
    """Who is seen in it: one of two if of the other there is nothing."""
    skipped: tuple[Path, ...]
    """The parts of which nothing can be seen."""
    moved: bool = False
    """Whether the cameras look elsewhere than they did when they were compared."""


class Merger:
    """Makes movies; how many at once is for others to say."""

    def __init__(self, options: MergeOptions | None = None) -> None:
        """Make movies no larger than that."""
        self._options = options or MergeOptions()

    async def merge(
        self, plan: MergePlan, target: Path, progress: Callable[[float], None]
    ) -> Merged:
        """Write a movie and tell how much of it is done (0 to 1), about every two seconds of it.

        It is written beside the target, and takes its place when it is whole; whoever is cancelled
        leaves nothing behind. Raises NotPlayable if there is nothing to see, PanoramaUnavailable,
        DiskFull, DiskRefused and MergeFailed.
        """
        draft, order = target.with_suffix(".draft"), target.with_suffix(".order")
        try:
            await asyncio.to_thread(_write, order, plan.as_json())
            made = await self._made(order, draft, progress)
            clip = await asyncio.to_thread(_published, draft, target)
        finally:
            await asyncio.to_thread(_remove, draft, order)
        return Merged(
            clip=clip,
            began=datetime.fromisoformat(made["began"]),
            cameras=tuple(made["cameras"]),
            skipped=tuple(map(Path, made["skipped"])),
            moved=made["moved"],
        )

    async def _made(
        self, order: Path, draft: Path, progress: Callable[[float], None]
    ) -> dict[str, Any]:
        """Have a movie written, and return what the program says of it."""
        clock = asyncio.get_running_loop().time
        options = self._options
        figures = map(str, (options.height, options.bitrate, options.threads))
        said: dict[str, Any] = {}
        patience = asyncio.timeout(PATIENCE.total_seconds())

        def hear(line: str) -> None:
            patience.reschedule(clock() + PATIENCE.total_seconds())
            if isinstance(what := json.loads(line), dict):
                said.update(what)
            else:
                progress(what)

        try:
            async with patience:
                await run(PROGRAM, str(order), str(draft), *figures, hear=hear)
        except (TimeoutError, ProgramFailed) as error:
            raise MergeFailed(f"The parts could not be made one movie: {error}") from error
        return _accepted(said)


def _accepted(said: dict[str, Any]) -> dict[str, Any]:
    """Return what was made, or raise why nothing was."""
    sentence = said.get("sentence", "")
    if "errno" in said:
        with refusals():
            raise OSError(said["errno"], sentence)
    if "code" in said:
        raise REFUSALS[said["code"]](sentence)
    return said


def _write(order: Path, text: str) -> None:
    with refusals():
        order.write_text(text, "utf-8")


def _published(draft: Path, target: Path) -> Clip:
    """Look whether a movie is whole, and put it in its place."""
    with refusals():
        clip = inspect(draft)
        draft.replace(target)
    return clip


def _remove(*paths: Path) -> None:
    with refusals():
        for path in paths:
            path.unlink(missing_ok=True)
