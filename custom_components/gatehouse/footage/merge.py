"""Makes one movie of the parts of two cameras; a program, so that it can be nice and be killed.

Arguments: a file with the plan, where to write, how high a camera's picture may be, how many bits a
second may have, and how many threads may encode. Each line that it prints is JSON: a number is
how much is done (0 to 1), an object is what came of it.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import chain, pairwise
import json
from math import ceil
import os
from pathlib import Path
from typing import Any, Final, NamedTuple

from ..models import Layout
from .errors import NotPlayable, PanoramaUnavailable
from .layouts import Size, arranged
from .mp4 import PIXELS, PROFILES
from .plan import MergeOptions, MergePlan, Reel
from .player import Packet, Player, Scene, Shown, Sound, first_of, look, rate_of
from .screen import Screen
from .splice import Take, splice
from .writer import KEY_FRAMES_S, Format, written

FASTEST: Final = 30

type Say = Callable[[float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What was written."""

    began: datetime
    """When the first picture was taken."""
    cameras: tuple[str, ...]
    """Who is seen in it."""
    skipped: tuple[Path, ...]
    """Of which parts nothing could be seen."""
    moved: bool
    """Whether the cameras look elsewhere than they did when they were compared."""


class Seen(NamedTuple):
    """What there is to see of one camera."""

    camera: str
    scenes: list[Scene]
    skipped: list[Path]

    @property
    def size(self) -> Size:
        return self.scenes[0].size

    @property
    def rate(self) -> float:
        return rate_of(self.scenes)

    @property
    def heard(self) -> Scene | None:
        return next((scene for scene in self.scenes if scene.sound), None)


class View:
    """What one camera shows on a screen."""

    def __init__(self, player: Player, screen: Screen) -> None:
        """Show what is played."""
        self._player = player
        self._screen = screen
        self._black = screen.black()
        self._shown: Shown | None = None
        self.picture = self._black

    def turn(self, moment: float) -> float | None:
        """Show the picture of a moment; returns when that was taken."""
        shown = self._player.at(moment)
        if shown is not self._shown:
            self._shown = shown
            self.picture = self._screen.fit(shown.picture) if shown else self._black
        return shown.at if shown else None

    def heard(self) -> Iterator[tuple[float, Packet]]:
        """Give up what was heard so far."""
        while self._player.heard:
            yield self._player.heard.popleft()


def merge(plan: MergePlan, options: MergeOptions, target: Path, say: Say) -> Made:
    """Write a movie of what can be seen, and say how much of it is done.

    Raises NotPlayable if there is nothing to see, PanoramaUnavailable, and OSError for the disk.
    """
    reels = [_seen(reel, plan) for reel in (plan.left, plan.right) if reel]
    seen = [reel for reel in reels if reel.scenes]
    if not seen:
        raise NotPlayable("In none of the parts there is anything to see.")
    plan, kept = _rechecked(plan, seen), plan
    began = _copied(plan, seen, target, say)
    began = began or _encoded(plan, options, seen, target, say)
    with target.open("rb") as written:
        os.fsync(written.fileno())
    cameras = tuple(reel.camera for reel in seen)
    skipped = tuple(chain.from_iterable(reel.skipped for reel in reels))
    moved = plan.calibration != kept.calibration
    return Made(began=began, cameras=cameras, skipped=skipped, moved=moved)


def _rechecked(plan: MergePlan, seen: list[Seen]) -> MergePlan:
    """Have a panorama go by what the cameras see now. Raises PanoramaUnavailable."""
    if plan.layout is not Layout.PANORAMA or plan.calibration is None or len(seen) == 1:
        return plan
    # Only panoramas need OpenCV.
    from .recheck import rechecked

    halfway = (first_of(each.scenes[len(each.scenes) // 2].part.path) for each in seen)
    return replace(plan, calibration=rechecked(plan.calibration, *halfway))


def _seen(reel: Reel, plan: MergePlan) -> Seen:
    """Look at those parts of a reel that are wanted."""
    parts = sorted(reel.parts, key=lambda part: part.began)
    wanted = [part for part in parts if part.began < plan.until and part.until > plan.since]
    looked = [(part, look(part)) for part in wanted]
    return Seen(
        camera=reel.camera,
        scenes=[scene for _, scene in looked if scene],
        skipped=[part.path for part, scene in looked if scene is None],
    )


def _copied(plan: MergePlan, seen: list[Seen], target: Path, say: Say) -> datetime | None:
    """Put what one camera recorded behind each other; None if it has to be encoded anew."""
    encodings = {scene.encoding for each in seen for scene in each.scenes}
    codec, profile, pixels, *_ = next(iter(encodings))
    is_playable = codec == "h264" and profile in PROFILES and pixels in PIXELS
    if len(encodings) > 1 or len(seen) > 1 or not is_playable:
        return None
    # Where a file breaks off in its middle, the rest can still be encoded.
    with suppress(NotPlayable):
        return splice(_takes(plan, seen[0].scenes, say), target, movflags="faststart")
    return None


def _takes(plan: MergePlan, scenes: list[Scene], say: Say) -> Iterator[Take]:
    """Yield the scenes of one camera, each until the next one begins."""
    parts = [scene.part for scene in scenes]
    cuts = [*(later.began for _, later in pairwise(parts)), plan.until]
    for number, (part, cut) in enumerate(zip(parts, cuts, strict=True)):
        say(number / len(parts))
        since = max(plan.since, part.began)
        yield Take(path=part.path, began=part.began, since=since, until=min(cut, plan.until))


def _encoded(
    plan: MergePlan, options: MergeOptions, seen: list[Seen], target: Path, say: Say
) -> datetime:
    """Show at each moment what was seen then, from the first to the last picture of anybody."""
    scenes = [scene for each in seen for scene in each.scenes]
    began = max(plan.since, min(scene.part.began for scene in scenes))
    until = min(plan.until, max(scene.until for scene in scenes))
    left, right = seen[0], seen[-1]
    composer, places = arranged(plan, options.height, *(each.size for each in seen))
    rate = max(1, min(FASTEST, round(max(left.rate, right.rate))))
    form = Format(
        size=composer.size,
        rate=rate,
        count=max(1, ceil((until - began).total_seconds() * rate)),
        colours=left.scenes[0].colours,
        heard=left.heard or right.heard,
        options=options,
    )
    views = [
        View(Player(each.scenes, began, _sound(each, form)), Screen(place, form.colours[0]))
        for each, place in zip(seen, places, strict=True)
    ]
    # Who has more pictures leads: the other then has one that was taken at almost the same moment.
    in_turn = views if left.rate >= right.rate else views[::-1]
    with written(target, form) as writer:
        for number in range(form.count):
            _turn(in_turn, number / rate, 1 / rate)
            writer.show(composer.compose(views[0].picture, views[-1].picture))
            for at, packet in chain.from_iterable(view.heard() for view in views):
                writer.play(at, packet)
            if number % (KEY_FRAMES_S * rate) == 0:
                say(number / form.count)
    return began


def _sound(seen: Seen, form: Format) -> Sound | None:
    """Return what is to be played of a camera: all if it is the one that is heard."""
    return form.heard.sound if form.heard and form.heard in seen.scenes else None


def _turn(views: list[View], moment: float, step: float) -> None:
    """Have all views show a moment: the one at which the first one's picture was taken."""
    taken = views[0].turn(moment)
    is_near = taken is not None and abs(taken - moment) < step
    for view in views[1:]:
        view.turn(taken if taken is not None and is_near else moment)


def main(arguments: list[str]) -> None:
    order, target, height, bitrate, threads = arguments
    options = MergeOptions(height=int(height), bitrate=int(bitrate), threads=int(threads))
    try:
        plan = MergePlan.from_json(Path(order).read_text("utf-8"))
        made = merge(plan, options, Path(target), _say)
    except OSError as error:
        _say({"errno": error.errno, "sentence": str(error)})
    except (NotPlayable, PanoramaUnavailable) as error:
        _say({"code": error.code, "sentence": str(error)})
    else:
        _say(asdict(made))


def _say(what: float | dict[str, Any]) -> None:
    print(json.dumps(what, default=str), flush=True)
