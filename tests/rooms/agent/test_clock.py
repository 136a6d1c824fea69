"""How far an agent's clock is ahead, over every kind of link and whatever clock is set."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
import random

from hypothesis import given, strategies as st
import pytest

from custom_components.gatehouse.agent.clock import AgentClock

START = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
HOUR = 3600.0
BEAT = 10.0
"""Seconds between two words of a feed."""

SLOW = [0.9, 1.4, 0.6, 1.1, 0.8, 1.9, 0.7]
"""Delays of a link that is never quick."""


@dataclass
class Link:
    """A site and an agent, each with a clock of its own, and a link that delays."""

    ahead: float = 0.0
    passed: float = 0.0
    site_set_by: float = 0.0
    drift: float = 0.0
    """By how much of a second the agent's clock gains in each."""
    clock: AgentClock = field(init=False)

    def __post_init__(self) -> None:
        self.clock = AgentClock(now=self.site, clock=lambda: 77.0 + self.passed)

    def site(self) -> datetime:
        return START + timedelta(seconds=self.passed + self.site_set_by)

    def truth(self) -> float:
        return self.ahead + self.drift * self.passed - self.site_set_by

    def say(self, delay: float = 0.0, *, anew: bool = False) -> None:
        """Let the agent say what time it is, and the word arrive so many seconds later."""
        said = START + timedelta(seconds=self.passed + self.ahead + self.drift * self.passed)
        self.passed += delay
        self.clock.hear(said, anew=anew)

    def beat(self, *delays: float) -> None:
        """Let the agent say it once in a while."""
        for delay in delays:
            self.passed += BEAT
            self.say(delay)

    @property
    def error(self) -> float:
        """How wrong the measurement is, in seconds."""
        return self.clock.ahead.total_seconds() - self.truth()


def test_before_the_first_word_the_clocks_are_taken_for_the_same() -> None:
    link = Link(ahead=12)

    assert link.clock.ahead == timedelta()
    assert link.clock.now == START


@pytest.mark.parametrize("ahead", [0.0, 3.5, -3.5, HOUR, -50 * 365 * 24 * HOUR])
def test_the_first_word_is_believed(ahead: float) -> None:
    link = Link(ahead=ahead)

    link.say(anew=True)

    assert link.error == pytest.approx(0, abs=0.001)
    assert link.clock.now == link.site() + timedelta(seconds=ahead)


def test_of_words_that_are_delayed_the_least_delayed_tells_the_truth() -> None:
    link = Link(ahead=2.0)
    link.say(0.4, anew=True)

    link.beat(0.3, 0.01, 0.5, 1.5, 0.2)

    assert link.error == pytest.approx(-0.01, abs=0.001)


@given(st.lists(st.floats(0, 1.9), min_size=5, max_size=60), st.floats(-1e6, 1e6))
def test_whatever_the_delays_it_is_off_by_the_least_of_the_last_minutes(
    delays: list[float], ahead: float
) -> None:
    link = Link(ahead=ahead)

    link.say(0.0, anew=True)
    link.beat(*delays)

    assert -min(delays[-20:]) - 0.001 <= link.error <= 0.001


def test_a_slow_link_is_off_by_its_own_delay_and_no_more() -> None:
    link = Link(ahead=-5.0)
    link.say(2.0, anew=True)

    link.beat(*SLOW * 20)

    assert link.error == pytest.approx(-0.6, abs=0.001)


def test_a_word_that_was_held_up_for_long_changes_nothing() -> None:
    link = Link(ahead=7.0)
    link.say(0.01, anew=True)

    link.beat(30.0, 0.02, 30.0, 30.0, 0.02)

    assert link.error == pytest.approx(-0.01, abs=0.001)


@pytest.mark.parametrize("drift", [50e-6, -50e-6])
def test_drifting_quartzes_are_followed_all_day(drift: float) -> None:
    jitter = random.Random(4)
    link = Link(drift=drift)
    link.say(anew=True)

    for _ in range(24 * 60):
        link.beat(*(jitter.uniform(0.001, 0.05) for _ in range(6)))
        assert abs(link.error) < 0.05 + 0.016


def test_a_clock_that_is_set_ahead_is_believed_at_once() -> None:
    link = Link()
    link.say(anew=True)

    link.ahead = HOUR
    link.beat(0.5)

    assert link.error == pytest.approx(-0.5, abs=0.001)


def test_a_clock_that_is_set_back_by_seconds_is_believed_after_three_words() -> None:
    link = Link()
    link.say(anew=True)
    link.ahead = -30.0

    link.beat(0.0, 0.0)
    before = link.error
    link.beat(0.0)

    assert (before, link.error) == (30.0, 0)


def test_a_clock_that_is_set_back_by_more_than_any_delay_is_believed_at_once() -> None:
    link = Link()
    link.say(anew=True)

    link.ahead = -HOUR
    link.beat(0.5)

    assert link.error == pytest.approx(-0.5, abs=0.001)


@pytest.mark.parametrize("hours", [1, -1])
def test_setting_the_clock_of_the_site_needs_no_word(hours: int) -> None:
    link = Link(ahead=1.0)
    link.say(anew=True)

    link.site_set_by = hours * HOUR
    link.passed += BEAT

    assert link.error == 0
    assert link.clock.now == START + timedelta(seconds=BEAT + 1.0)
    link.beat(0.0, 0.0, 0.0)
    link.site_set_by = 0.0
    assert link.error == 0


def test_between_two_words_the_measure_does_not_change() -> None:
    clock = AgentClock()
    clock.hear(datetime.now(UTC), anew=True)

    assert len({clock.ahead for _ in range(1000)}) == 1


def test_a_pi_that_started_without_the_date_is_believed_with_its_first_word() -> None:
    link = Link()
    link.say(anew=True)
    link.beat(0.0, 0.0)

    link.ahead = -9 * HOUR
    link.passed += BEAT
    link.say(0.1, anew=True)

    assert link.error == pytest.approx(-0.1, abs=0.001)


def test_a_new_connection_alone_forgets_nothing() -> None:
    link = Link(ahead=4.0)
    link.say(0.01, anew=True)

    link.passed += BEAT
    link.say(1.5, anew=True)

    assert link.error == pytest.approx(-0.01, abs=0.001)


def test_what_was_heard_yesterday_is_no_measure() -> None:
    link = Link(ahead=0.0)
    link.say(anew=True)
    link.passed += 24 * HOUR

    link.ahead = -1.0
    link.say(anew=True)

    assert link.error == 0


def test_after_a_jam_the_first_quick_word_puts_it_right() -> None:
    link = Link(ahead=3.0)
    link.say(anew=True)

    link.beat(*chain(repeat(8.0, 5), [0.0]))

    assert link.error == 0
