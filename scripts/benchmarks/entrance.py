"""All that who stands at a door waits for: the agent, the Home Assistant behind it, and the log."""

from pathlib import Path
from tempfile import TemporaryDirectory

from . import access, door_agent, doors, passages, residents
from .beside import VIEWERS
from .harness import Depth, measure, say
from .results import Missing, Result


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
            results: list[Result | Missing] = [*await bench.idle(depth.checks, depth.rounds)]
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
