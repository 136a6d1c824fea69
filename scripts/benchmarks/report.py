"""What was measured, for people and for programs: the goals first, then every group."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
import json
from typing import Any

from .goals import GOALS, Row, reached
from .results import Missing, Result

type Groups = Mapping[str, Sequence[Result | Missing]]


def as_tables(title: str, groups: Groups, figures: Mapping[str, str]) -> str:
    """Return tables for who reads them: ratios first, for only they travel."""
    lines = [title, "", "goals: of all that belongs to one, the tightest", *_goals(groups)]
    for name, group in groups.items():
        lines += ["", f"{name}: {figures[name]}"]
        lines += [f"{'':42}{'p50':>12}{'p99':>12}{'beside':>12}   times", *map(_line, group)]
    return "\n".join(line.rstrip() for line in lines)


def as_json(title: str, groups: Groups) -> str:
    """Return the same for a program."""
    told = {name: [_told(each) for each in group] for name, group in groups.items()}
    goals = {row.goal: _goal(row) for row in reached(groups)}
    return json.dumps({"machine": title, "goals": goals, **told}, indent=2)


def _goals(groups: Groups) -> Iterator[str]:
    for row in reached(groups):
        goal = GOALS[row.goal]
        yield f"{row.goal:4}{row.verdict:14}{_tightest(row.tightest):34}{goal.figure}: {goal.must}"
        if row.reason:
            yield f"{'':18}{row.reason}"


def _tightest(result: Result | None) -> str:
    if result is None:
        return ""
    if result.is_tighter_by_ratio:
        return f"{result.ratio:.2f} of {result.times:g} times ({_value(result, result.p50)})"
    return f"{_value(result, result.p99)} of {result.most:g}"


def _line(result: Result | Missing) -> str:
    if isinstance(result, Missing):
        return f"{result.name:42}not measured: {result.reason}"
    must = [
        *([f"p99 <= {result.most:g} {result.unit}"] if result.most is not None else []),
        *([f"times <= {result.times:g}"] if result.times is not None else []),
    ]
    values = "".join(
        f"{_value(result, value):>12}" for value in (result.p50, result.p99, result.reference_p50)
    )
    return (
        f"{result.name:42}{values}   {_spread(result):22}"
        f"{', '.join(must)}{': ' if must else ''}{result.verdict}"
    )


def _spread(result: Result) -> str:
    if result.ratio is None:
        return ""
    return f"{result.ratio:6.2f} [{min(result.ratios):.2f}-{max(result.ratios):.2f}]"


def _value(result: Result, value: float) -> str:
    return f"{value:.2f} {result.unit}"


def _told(result: Result | Missing) -> dict[str, Any]:
    if isinstance(result, Missing):
        return {**asdict(result), "verdict": "not measured"}
    return {**asdict(result), "ratio": result.ratio, "verdict": result.verdict}


def _goal(row: Row) -> dict[str, Any]:
    goal = GOALS[row.goal]
    tightest = _told(row.tightest) if row.tightest else None
    return {**asdict(goal), "verdict": row.verdict, "reason": row.reason, "tightest": tightest}
