"""Codes, nonces, proofs and locks, at moments that the test names."""

import hashlib
import hmac
import re

import pytest

from camera_agent.errors import Refused
from camera_agent.pairing import (
    FRESH,
    GOOD,
    LONGEST_LOCK,
    NONCES,
    TRIES,
    Code,
    Encounter,
    Pairing,
    new_code,
)
from camera_agent.wire import PROOF_OF_AGENT, PROOF_OF_SITE, ErrorCode

NOW = 5000.0
AGENT = "9f2c41d07ab3"
FINGERPRINT = "ab" * 32
OURS = "01" * 32
CODE = Code(text="K7QF-2MXA-9RTD", until=NOW + GOOD)


@pytest.fixture
def pairing() -> Pairing:
    pairing = Pairing(AGENT, FINGERPRINT)
    pairing.show(CODE)
    return pairing


def proof(theirs: str, code: str = CODE.text, agent: str = AGENT, fp: str = FINGERPRINT) -> str:
    """Write the site's proof as the contract says, not as the code does."""
    said = f"gatehouse site\n{OURS}\n{theirs}\n{agent}\n{fp}".encode()
    return hmac.new(code.replace("-", "").encode(), said, hashlib.sha256).hexdigest()


def attempt(pairing: Pairing, now: float = NOW, code: str = CODE.text) -> Encounter | None:
    theirs = pairing.begin(OURS, now)["nonce"]
    return pairing.prove(OURS, theirs, proof(theirs, code), now)


def refused(pairing: Pairing, now: float = NOW) -> tuple[ErrorCode, int | None]:
    with pytest.raises(Refused) as why:
        attempt(pairing, now)
    assert why.value.message.endswith(".")
    return why.value.code, why.value.retry_after


def lock(pairing: Pairing, now: float) -> None:
    pairing.show(Code(text=CODE.text, until=now + GOOD))
    assert [attempt(pairing, now, "WRON-GWRO-NGWR") for _ in range(TRIES)] == [None] * TRIES


class TestACode:
    def test_is_twelve_letters_that_nobody_mistakes(self) -> None:
        codes = {new_code(NOW).text for _ in range(200)}

        assert len(codes) == 200
        assert all(re.fullmatch("[A-HJ-NP-Z2-9]{4}(-[A-HJ-NP-Z2-9]{4}){2}", one) for one in codes)

    def test_is_good_for_ten_minutes(self) -> None:
        code = new_code(NOW)

        assert [code.is_good(NOW + after) for after in (0, 599, 600)] == [True, True, False]

    def test_of_before_the_machine_started_anew_is_not(self) -> None:
        assert not Code(text=CODE.text, until=90_000.0).is_good(NOW)

    def test_is_never_printed_by_accident(self) -> None:
        assert CODE.text not in repr(CODE)


class TestWhoKnowsTheCode:
    def test_is_believed_and_gets_the_agents_own_proof(self, pairing: Pairing) -> None:
        encounter = attempt(pairing)

        assert encounter is not None
        assert CODE.text not in repr(encounter)
        said = ["gatehouse agent", OURS, encounter.agent_nonce, AGENT, FINGERPRINT, "a token"]
        right = hmac.new(b"K7QF2MXA9RTD", "\n".join(said).encode(), hashlib.sha256).hexdigest()
        assert encounter.proof(PROOF_OF_AGENT, "a token") == right
        assert encounter.proof(PROOF_OF_SITE) == proof(encounter.agent_nonce)

    def test_uses_it_up(self, pairing: Pairing) -> None:
        assert attempt(pairing)
        assert refused(pairing) == (ErrorCode.WRONG_CODE, None)

    def test_comes_too_late_when_it_has_run_out(self, pairing: Pairing) -> None:
        assert refused(pairing, NOW + GOOD) == (ErrorCode.WRONG_CODE, None)

    def test_is_told_when_there_is_none(self) -> None:
        assert refused(Pairing(AGENT, "")) == (ErrorCode.WRONG_CODE, None)

    def test_has_to_take_the_newest(self, pairing: Pairing) -> None:
        pairing.show(Code(text="AAAA-AAAA-AAAA", until=NOW + GOOD))

        assert attempt(pairing) is None
        assert attempt(pairing, code="AAAA-AAAA-AAAA")


class TestSomebodyInTheMiddle:
    """Each of these has all that was ever sent, and not the code."""

    @pytest.mark.parametrize(
        "changed",
        [
            {"fp": "cd" * 32},  # whose certificate the site saw
            {"fp": ""},
            {"agent": "0123456789ab"},
            {"code": "K7QF-2MXA-9RTE"},
            {"code": ""},
        ],
        ids=lambda changed: "-".join([*changed, *changed.values()])[:20],
    )
    def test_cannot_pass_on_a_proof_of_another_encounter(
        self, pairing: Pairing, changed: dict[str, str]
    ) -> None:
        theirs = pairing.begin(OURS, NOW)["nonce"]

        assert pairing.prove(OURS, theirs, proof(theirs, **changed), NOW) is None

    def test_cannot_send_a_proof_again(self, pairing: Pairing) -> None:
        theirs = pairing.begin(OURS, NOW)["nonce"]
        assert pairing.prove(OURS, theirs, proof(theirs), NOW)
        pairing.show(CODE)

        with pytest.raises(Refused, match="begin anew"):
            pairing.prove(OURS, theirs, proof(theirs), NOW)

    def test_cannot_send_the_proof_of_the_agent_back_to_it(self, pairing: Pairing) -> None:
        theirs = pairing.begin(OURS, NOW)["nonce"]
        encounter = Encounter(
            code=CODE.text,
            site_nonce=OURS,
            agent_nonce=theirs,
            agent=AGENT,
            fingerprint=FINGERPRINT,
        )

        assert pairing.prove(OURS, theirs, encounter.proof(PROOF_OF_AGENT), NOW) is None

    def test_cannot_answer_a_question_that_the_agent_never_asked(self, pairing: Pairing) -> None:
        with pytest.raises(Refused, match="begin anew"):
            pairing.prove(OURS, "02" * 32, proof("02" * 32), NOW)
        assert attempt(pairing)

    def test_cannot_answer_for_another_site(self, pairing: Pairing) -> None:
        theirs = pairing.begin("02" * 32, NOW)["nonce"]

        with pytest.raises(Refused, match="begin anew"):
            pairing.prove(OURS, theirs, proof(theirs), NOW)

    def test_cannot_wait_for_long(self, pairing: Pairing) -> None:
        theirs = pairing.begin(OURS, NOW)["nonce"]

        with pytest.raises(Refused, match="begin anew"):
            pairing.prove(OURS, theirs, proof(theirs), NOW + FRESH)

    def test_cannot_have_more_questions_asked_than_there_is_room_for(
        self, pairing: Pairing
    ) -> None:
        oldest, *_, newest = [pairing.begin(OURS, NOW)["nonce"] for _ in range(NONCES + 1)]

        with pytest.raises(Refused, match="begin anew"):
            pairing.prove(OURS, oldest, proof(oldest), NOW)
        assert pairing.prove(OURS, newest, proof(newest), NOW)


class TestWhoGuesses:
    def test_makes_the_code_void_and_locks_pairing(self, pairing: Pairing) -> None:
        lock(pairing, NOW)

        assert refused(pairing) == (ErrorCode.TOO_MANY, 60)
        assert refused(pairing, NOW + 59.5) == (ErrorCode.TOO_MANY, 1)
        assert refused(pairing, NOW + 60) == (ErrorCode.WRONG_CODE, None)

    def test_cannot_use_a_question_of_before_the_lock(self, pairing: Pairing) -> None:
        theirs = pairing.begin(OURS, NOW)["nonce"]
        lock(pairing, NOW)

        with pytest.raises(Refused, match="Too many wrong codes"):
            pairing.prove(OURS, theirs, proof(theirs), NOW)

    def test_waits_twice_as_long_each_time_and_an_hour_at_most(self, pairing: Pairing) -> None:
        now, waits = NOW, []
        for _ in range(8):
            lock(pairing, now)
            _, wait = refused(pairing, now)
            assert wait is not None
            waits.append(wait)
            now += wait

        assert waits == [60, 120, 240, 480, 960, 1920, LONGEST_LOCK, LONGEST_LOCK]

    def test_is_forgiven_by_whoever_stands_at_the_machine(self, pairing: Pairing) -> None:
        lock(pairing, NOW)
        pairing.unlock()
        pairing.show(CODE)
        assert attempt(pairing)

        lock(pairing, NOW)
        assert refused(pairing) == (ErrorCode.TOO_MANY, 60)

    def test_gets_no_code_shown_before_the_lock_is_over(self, pairing: Pairing) -> None:
        assert not pairing.wants_code(NOW)
        assert pairing.wants_code(NOW + GOOD)

        lock(pairing, NOW)
        assert [pairing.wants_code(NOW + after) for after in (0, 59, 60)] == [False, False, True]

    def test_has_a_few_tries_at_each_code(self, pairing: Pairing) -> None:
        for _ in range(TRIES - 1):
            assert attempt(pairing, code="WRON-GWRO-NGWR") is None

        assert attempt(pairing)
