"""What the bench is for: each goal, and whether what was measured reaches it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from .results import Missing, Result

WORST_FIRST: Final = ("falls short", "noisy", "not measured", "passes", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What must hold, and which group measures it."""

    group: str
    figure: str
    must: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What became of a goal; of all that belongs to it, the tightest."""

    goal: str
    verdict: str
    tightest: Result | None = None
    reason: str = ""


GOALS: Final[dict[str, Goal]] = {
    "M1": Goal(
        group="mjpeg",
        figure="the agent's CPU for a delivered frame, beside ustreamer's; 10/50/100 viewers",
        must="<= 0.4 / 0.3 / 0.35",
    ),
    "M2": Goal(
        group="mjpeg",
        figure="the same, beside a loop of plain sends in C",
        must="<= 2.2 / 1.6 / 1.3",
    ),
    "M3": Goal(
        group="mjpeg",
        figure="each of 50 viewers gets the frames, soon, whoever stalls beside them",
        must=">= 99 %; p99 age <= 2 x the C loop's + 2 ms; a stalled one: <= 2 MB",
    ),
    "D1": Goal(
        group="detect", figure="a 720p JPEG to boxes, beside bare session.run", must="<= 1.3"
    ),
    "D2": Goal(
        group="detect", figure="the agent's model-sized frame to boxes, beside it", must="<= 1.15"
    ),
    "D3": Goal(
        group="detect", figure="boxes that full decoding gives too (IoU >= 0.9)", must="all"
    ),
    "D4": Goal(
        group="detect",
        figure="the motion gate beside one 1/8 JPEG decode; an idle camera",
        must="<= 0.05; 0 bytes of pictures; <= 0.01 % of a core",
    ),
    "D5": Goal(
        group="detect",
        figure="from the first frame with a person to the sensor, p95",
        must="<= k frames + 2 x the bare model",
    ),
    "D6": Goal(
        group="detect",
        figure="4 active of 64 cameras, beside bare session.run; the most by the least served",
        must=">= 0.95; <= 1.2",
    ),
    "C1": Goal(
        group="clips",
        figure="a clip made playable, beside ffmpeg -c copy and reading and writing",
        must="<= 0.5; <= 4",
    ),
    "C2": Goal(
        group="clips",
        figure="JPEGs to an H.264 clip, beside the ffmpeg program; its size",
        must="<= 0.8; <= 1.2",
    ),
    "C3": Goal(group="merge", figure="side by side, beside the ffmpeg program", must="<= 0.95"),
    "E1": Goal(
        group="store",
        figure="a day's page of 50 of a million rows, beside sqlite3",
        must="<= 4; p99 < 10 ms",
    ),
    "E2": Goal(
        group="store",
        figure="a search, beside bare FTS5; counts, beside a scan",
        must="<= 2; <= 1/50",
    ),
    "E3": Goal(group="store", figure="rows in batches, beside sqlite3", must=">= 0.8"),
    "A1": Goal(
        group="access", figure="a card checked by the feed, idle, p99 beside an echo", must="<= 2"
    ),
    "A2": Goal(
        group="access", figure="the same with 20 viewers and detection beside it", must="<= 5 ms"
    ),
    "A3": Goal(
        group="access",
        figure="card complete to relay written, loaded, p99; a check by HTTP",
        must="<= 1 ms; <= 15 ms",
    ),
    "S1": Goal(
        group="s3",
        figure="100 clips off-site beside plain PUTs: CPU; wall; Home Assistant's loop held up",
        must="<= 2; <= 1; <= 50 ms",
    ),
    "H1": Goal(
        group="ha",
        figure="viewing through Home Assistant, beside its own mjpeg camera; 1/10 viewers",
        must="<= 0.8 / 0.65",
    ),
    "H2": Goal(
        group="ha",
        figure="added to Home Assistant: its start; MB without/with a model; loop lag p99",
        must="<= 5 %; <= 10 / 40 MB; <= 20 ms",
    ),
}
"""Each as it is agreed; the limits that are compared stand beside what is measured."""


def reached(groups: Mapping[str, Sequence[Result | Missing]]) -> Iterator[Row]:
    """Yield what became of each goal."""
    told = [each for group in groups.values() for each in group]
    for name, goal in GOALS.items():
        results = [each for each in told if isinstance(each, Result) and each.goal == name]
        missing = [each for each in told if isinstance(each, Missing) and each.goal == name]
        reasons = list(dict.fromkeys(each.reason for each in missing))
        if not results and not reasons:
            reasons = [_why_nothing(goal, groups)]
        yield _row(name, results, reasons)


def _why_nothing(goal: Goal, groups: Mapping[str, object]) -> str:
    if goal.group in groups:
        return f"nothing in the group {goal.group} measures it"
    return f"the group {goal.group} was left out"


def _row(goal: str, results: Sequence[Result], reasons: Sequence[str]) -> Row:
    """Return the worst that is known: what falls short outweighs what could not be measured."""
    tightest = max(results, key=lambda each: each.strain, default=None)
    verdicts = [each.verdict for each in results] + ["not measured" for _ in reasons]
    worst = min(verdicts, key=WORST_FIRST.index)
    told = [*reasons, *(each.reason for each in results if each.reason)]
    return Row(goal=goal, verdict=worst, tightest=tightest, reason="; ".join(told))
