"""All that who stands at a door waits for: the agent, the Home Assistant behind it, and the log."""

from datetime import UTC, datetime
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from custom_components.gatehouse.access import Policy, compile_grants, document

from . import access, door_agent, doors, passages, residents
from .beside import VIEWERS
from .harness import Case, Depth, doing, measure, say
from .results import Missing, Result

COMPILED_MS: Final = 500.0


async def measured(folder: Path, depth: Depth) -> list[Result | Missing]:
    """Measure all of it."""
    say(f"a door, {depth.cards:,} cards, {VIEWERS} who watch the camera beside it ...")
    if reason := door_agent.why_quieter():
        say(reason)
    with TemporaryDirectory(prefix="gatehouse-") as name:
        here = Path(name)
        policy = residents.policy(depth.cards)
        async with doors.opened(here, depth.cards) as bench:
            await bench.agent.grant(policy)
            results: list[Result | Missing] = [await measure(_granting(policy), depth.rounds)]
            results += await bench.idle(depth.checks, depth.rounds)
            async with bench.watched(here):
                results += await bench.results(depth.checks, depth.rounds)
                results.append(await bench.crowded(depth.checks, depth.rounds))
                if not depth.home:
                    results.append(Missing(name=access.BY_HTTP, reason="in a hurry", goal="A3"))
                else:
                    say("a Home Assistant behind it ...")
                    async with access.opened(here / "home", bench, policy) as home:
                        for case in home.cases(depth.calls):
                            say(f"{case.name} ...")
                            results.append(await measure(case, depth.rounds))
    say(f"an access log of {depth.incidents:,} passages ...")
    async with passages.opened(folder, depth.incidents) as log:
        return results + [await measure(case, depth.rounds) for case in log.cases(depth.calls)]


def _granting(policy: Policy) -> Case:
    """Return what it takes until everybody's rights are what an agent is sent."""
    now = datetime.now(UTC)

    def grant() -> dict[str, Any]:
        return compile_grants(policy, residents.AGENT, (residents.DOOR,), version=1, now=now)

    made = grant()
    return Case(
        name="rights compiled for an agent; beside their JSON",
        subject=doing(lambda _: document(grant()), 1),
        reference=doing(lambda _: json.dumps(made), 1),
        most=COMPILED_MS,
    )
