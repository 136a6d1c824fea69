"""However scans, changes, kills and full disks follow each other: who was shut out stays out."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from hypothesis import settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from camera_agent import journal as journal_module, vault as vault_module
from camera_agent.durable import write_whole
from camera_agent.errors import Refused
from camera_agent.grants import Grants
from camera_agent.journal import Journal
from camera_agent.passages import Passage
from camera_agent.vault import Vault, sign
from camera_agent.verdicts import Verdict, judge
from camera_agent.wire import Direction, PassageKind
from tests.agent.granted import ANNA, BEN, MONDAY, STRANGER, card, credential, document, pin

TOKEN = "a token of sixteen characters or more"
NOW = MONDAY + 60
PIN = "2468"
CARDS = {"anna": ANNA, "ben": BEN, "guest": STRANGER}
GUESTS_USES = 3
CHANGES = [
    *(("holder", name) for name in CARDS),
    *(("verify", verify) for verify in ("card", "card", "card_and_pin")),
    *(("site", site) for site in ("normal", "normal", "lockdown", "evacuation")),
]
STEPS = st.sampled_from([0, 1, 2, 99])  # 99: all that there is to do


class Stepwise(ThreadPoolExecutor):
    """Stands for the threads of the agent: each piece of work is done when the test says so."""

    def __init__(self) -> None:
        super().__init__(max_workers=1)
        self.waiting: list[tuple[Future[Any], Callable[[], Any]]] = []

    def submit[**P, T](
        self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        future: Future[T] = Future()
        self.waiting.append((future, lambda: work(*args, **kwargs)))
        return future

    def step(self) -> None:
        future, work = self.waiting.pop(0)
        try:
            future.set_result(work())
        except Exception as error:  # noqa: BLE001 it belongs to who waits for the future
            future.set_exception(error)


@dataclass(kw_only=True)
class Policy:
    """What Home Assistant says, and what of it was ever sent."""

    holders: set[str] = field(default_factory=lambda: set(CARDS))
    verify: str = "card"
    site: str = "normal"
    version: int = 0
    written: list[str] = field(default_factory=list)
    allowed: list[frozenset[str]] = field(default_factory=lambda: [frozenset()])
    """Whom each version lets in; nobody before the first."""

    def write(self) -> None:
        self.version += 1
        cards = {
            card(number): credential(id=f"{name}s card", person=name, pin=pin(PIN))
            | {"disabled": name not in self.holders}
            | ({"uses": GUESTS_USES} if name == "guest" else {})
            for name, number in CARDS.items()
        }
        doors = {"front": {**document()["doors"]["front"], "verify": self.verify}}
        changes = {"version": self.version, "site": self.site, "doors": doors, "cards": cards}
        self.written.append(json.dumps(document() | {"profiles": [{"front": 0}], **changes}))
        closed = self.site == "lockdown"
        self.allowed.append(frozenset() if closed else frozenset(self.holders))


class Interleaving(RuleBasedStateMachine):
    """One agent with a door, and a Home Assistant that changes its mind."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.loop = asyncio.new_event_loop()
        self.policy = Policy()
        self.acknowledged = 0
        self.admitted = dict.fromkeys(CARDS, 0)
        self.seqs: list[int] = []
        self.asked: str | None = None
        self.disk_is_full = False
        self.disk = ExitStack()
        self.disk.enter_context(patch.object(vault_module, "write_whole", self.write_whole))
        self.disk.enter_context(patch.object(journal_module, "GARBAGE", 0))
        self.start()

    def start(self) -> None:
        path = Path(self.folder.name)
        self.threads = Stepwise()
        self.loop.set_default_executor(self.threads)
        self.sending: dict[asyncio.Task[Grants], int] = {}
        self.vault = Vault(path / "grants.json", TOKEN)
        self.vault.load()
        self.journal = Journal(path / "passages.jsonl")

    @initialize(steps=STEPS)
    def begin(self, steps: int) -> None:
        self.policy.write()
        self.send(1, steps)

    @rule(changes=st.lists(st.sampled_from(CHANGES), min_size=1, max_size=3))
    def change(self, changes: list[tuple[str, str]]) -> None:
        for key, value in changes:
            match key:
                case "holder":
                    self.policy.holders ^= {value}
                case "verify":
                    self.policy.verify = value
                case "site":
                    self.policy.site = value
        self.policy.write()

    @rule(back=st.sampled_from([1, 1, 2]), steps=STEPS)
    def send(self, back: int, steps: int) -> None:
        """Send the newest, or one that was sent long ago and comes only now."""
        text = self.policy.written[-min(back, len(self.policy.written))]
        task = self.loop.create_task(self.vault.accept(text, sign(TOKEN, text)))
        self.sending[task] = json.loads(text)["version"]
        self.spin()
        self.get_on(steps)

    @rule(steps=STEPS)
    def get_on(self, steps: int) -> None:
        """Let the threads do some of their work, or all of it."""
        while self.threads.waiting and steps:
            steps -= 1
            self.threads.step()
            self.spin()

    @rule(mishap=st.sampled_from(["kill", "kill", "leave", "fill", "make room"]))
    def suffer(self, mishap: str) -> None:
        match mishap:
            case "kill":  # what was on its way is gone, and the agent starts again
                self.stop()
                self.start()
            case "leave":  # who sent is gone; what the agent has begun goes on
                for task in self.sending:
                    task.cancel()
                self.spin()
            case _:
                self.disk_is_full = mishap == "fill"

    @rule(name=st.sampled_from(sorted(CARDS)))
    def scan(self, name: str) -> None:
        verdict = self.judged(name)
        self.asked = name if verdict.wants_pin else None
        self.conclude(name, verdict)

    @precondition(lambda self: self.asked)
    @rule(typed=st.sampled_from([PIN, PIN, "1111"]))
    def type_a_pin(self, typed: str) -> None:
        name, self.asked = self.asked, None
        assert name is not None
        verdict = self.judged(name, pin(typed))
        assert not (verdict.granted and typed != PIN and self.policy_wants_pin())
        self.conclude(name, verdict)

    @rule()
    def hand_over_the_passages(self) -> None:
        rows = self.journal.after(0, 1000)
        assert [row.seq for row in rows] == self.seqs
        self.journal.forget(self.journal.last, self.journal.id)
        self.seqs = []

    @invariant()
    def what_is_in_force_is_no_older_than_what_was_acknowledged(self) -> None:
        version = self.vault.grants.version if self.vault.grants else 0
        assert version >= self.acknowledged

    @invariant()
    def nobody_has_entered_more_often_than_allowed(self) -> None:
        assert self.admitted["guest"] <= GUESTS_USES

    def write_whole(self, path: Path, data: bytes) -> None:
        """Stand for a disk that may be full."""
        if self.disk_is_full:
            raise OSError(28, "No space left on device")
        write_whole(path, data)

    def judged(self, name: str, typed: str | None = None) -> Verdict:
        grants = self.vault.grants
        number = grants.hash_of(CARDS[name]) if grants else ""
        return judge(grants, "front", number, NOW, self.journal.memory, pin=typed)

    def conclude(self, name: str, verdict: Verdict) -> None:
        """Write the row as the agent does, and look whether anything that holds allowed it."""
        passage = Passage(
            at=NOW,
            door="front",
            kind=PassageKind.GRANTED if verdict.granted else PassageKind.DENIED,
            direction=Direction.IN,
            credential=verdict.credential,
            person=verdict.person,
            reason=verdict.reason,
        )
        self.seqs.append(self.journal.append(passage).seq)
        self.admitted[name] += verdict.granted
        allowed = self.policy.allowed[self.acknowledged :]
        assert not verdict.granted or any(name in names for names in allowed)
        settled = self.acknowledged == self.policy.version
        exhausted = name == "guest" and self.admitted[name] >= GUESTS_USES
        may_enter = name in allowed[-1] and not exhausted
        assert not (settled and may_enter and verdict.reason) or verdict.reason == "wrong_pin"

    def policy_wants_pin(self) -> bool:
        grants = self.vault.grants
        return grants is not None and grants.rules_of("front").verify == "card_and_pin"

    def spin(self) -> None:
        """Let the agent's loop do all that it can do without its threads."""
        self.loop.run_until_complete(_idle())
        for task in [task for task in self.sending if task.done()]:
            version = self.sending.pop(task)
            if not task.cancelled() and not isinstance(task.exception(), Refused | OSError):
                assert task.result().version == version
                self.acknowledged = max(self.acknowledged, version)

    def stop(self) -> None:
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.threads.waiting.clear()
        self.loop.run_until_complete(_idle())
        self.journal.close()

    def teardown(self) -> None:
        self.stop()
        self.disk.close()
        self.loop.close()
        self.folder.cleanup()


async def _idle() -> None:
    for _ in range(12):
        await asyncio.sleep(0)


def test_nobody_enters_once_the_agent_has_acknowledged_that_they_may_not() -> None:
    run_state_machine_as_test(
        Interleaving, settings=settings(max_examples=60, stateful_step_count=50, deadline=None)
    )
