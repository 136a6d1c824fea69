"""Whom an agent belongs to: what strangers are told, how it changes hands, and what guessing costs.

Real servers, real TLS; the site's half is written from the words of the wire.
"""

import asyncio
from collections.abc import AsyncIterator
import json
import logging
import os
from pathlib import Path
from time import monotonic

from aiohttp import ClientSession, Fingerprint, TCPConnector, WSMsgType
import pytest

from camera_agent import code_file, reception, wire
from camera_agent.auth import signature
from camera_agent.code_file import CodeFile
from camera_agent.config import TlsConfig
from camera_agent.door_config import DoorConfig
from camera_agent.errors import Refused
from camera_agent.owner import Owner, Paired, stored
from camera_agent.pairing import GOOD, Code, new_code
from camera_agent.reader_config import ReaderConfig, ReaderKind
from camera_agent.vault import Vault, sign
from tests.waiting import eventually, within

from .granted import text as grants
from .meeting import INFO, PAIR, Here, Site, reached, somebody, visiting

TOKEN = "correct horse battery staple"
CODE = "K7QF-2MXA-9RTD"
PLAIN = TlsConfig(enabled=False)
BAD = "WRON-GWRO-NGWR"


def code(text: str = CODE) -> Code:
    return Code(text=text, until=monotonic() + GOOD / 2)


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Here]:
    """One that nobody owns, over TLS."""
    async with reached(somebody(tmp_path)) as there:
        yield there


@pytest.fixture
async def site(agent: Here) -> AsyncIterator[Site]:
    async with visiting(agent) as site:
        yield site


class TestAnAgentThatNobodyOwns:
    async def test_tells_what_it_is_and_no_more(self, agent: Here) -> None:
        pin = Fingerprint(bytes.fromhex(agent.fingerprint))
        stale = {"Authorization": "Bearer of an owner of old"}
        async with (
            ClientSession(agent.url, connector=TCPConnector(ssl=pin)) as session,
            session.get(INFO) as answer,
            session.get(INFO, headers=stale) as again,
        ):
            told = await answer.json()
            assert await again.json() == told

        assert told["paired"] is False
        assert told.keys() == {"product", "api", "id", "name", "version", "model", "paired"}

    @pytest.mark.parametrize("path", [wire.HEALTH, wire.HEALTH_LIVE, wire.HEALTH_READY])
    async def test_says_how_it_is(self, site: Site, path: str) -> None:
        assert (await site.ask(path))[1] != "not_paired"

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("POST", wire.INFO),
            ("GET", wire.FEED),
            ("GET", wire.SNAPSHOT),
            ("GET", wire.STREAM),
            ("GET", wire.LIVE),
            ("GET", wire.RECORDINGS),
            ("POST", wire.RECORDINGS),
            ("GET", wire.RECORDING),
            ("DELETE", wire.RECORDING),
            ("POST", wire.DETECT),
            ("GET", wire.SPOOL),
            ("DELETE", wire.SPOOL),
            ("PUT", wire.BOOKINGS),
            ("PUT", wire.GRANTS),
            ("GET", wire.GRANTS),
            ("POST", wire.UNLOCK),
            ("POST", wire.LOCK),
            ("POST", wire.ENROLL),
            ("GET", wire.PASSAGES),
            ("PUT", wire.PRIVACY),
            ("POST", wire.RESTART_CAMERA),
            ("POST", wire.RESTART),
            ("POST", wire.REBOOT),
            ("GET", "/"),
            ("GET", "/stream"),
            ("GET", "/snapshot"),
            ("GET", "/nowhere"),
            ("GET", "/health/../api/v1/feed"),
            ("GET", f"{INFO}/"),
        ],
    )
    async def test_serves_nobody(self, site: Site, method: str, path: str) -> None:
        path = path.format(camera="front", recording="1", door="front")

        assert await site.ask(path, None, method) == (403, "not_paired")
        assert await site.ask(path, TOKEN, method) == (403, "not_paired")

    async def test_serves_nobody_who_signs_with_nothing(self, site: Site) -> None:
        path, later = wire.LIVE.format(camera="front"), "1999999999"
        forged = f"{path}?expires={later}&auth={signature('', path, later)}"

        assert await site.ask(forged) == (403, "not_paired")

    async def test_shows_its_code_in_the_log_and_each_new_one(
        self,
        agent: Here,
        site: Site,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        monkeypatch.setattr(reception, "LOOK", 0.01)
        monkeypatch.setattr(reception, "SLOW", 0.01)
        monkeypatch.setattr(reception, "new_code", lambda now: new_code(now - GOOD + 0.5))
        showing = asyncio.create_task(agent.hub.reception.run())

        def shown() -> list[str]:
            return [str(one.args[0]) for one in caplog.records if one.msg == reception.SHOWN]

        await eventually(lambda: len(shown()) > 1)
        assert len(set(shown())) == len(shown())
        assert (await site.prove(shown()[0]))[2]["error"]["code"] == "wrong_code"

        before = len(shown())
        await eventually(lambda: len(shown()) > before)
        assert await site.pair(shown()[-1])
        before = len(shown())
        await asyncio.sleep(0.7)
        assert len(shown()) == before
        showing.cancel()

    async def test_goes_by_a_code_that_was_asked_for_before_it_started(
        self, agent: Here, site: Site, caplog: pytest.LogCaptureFixture
    ) -> None:
        agent.shows(code())
        showing = asyncio.create_task(agent.hub.reception.run())

        assert await site.pair(CODE)
        assert "Nobody owns this agent" not in caplog.text
        showing.cancel()

    def test_has_no_grants(self, tmp_path: Path) -> None:
        with pytest.raises(Refused):
            Vault(tmp_path / "grants.json", None)._verified(grants(), sign("", grants()))


class TestPairing:
    async def test_makes_who_knows_the_code_the_owner(self, agent: Here, site: Site) -> None:
        agent.shows(code())

        token = await site.pair(CODE.lower().replace("-", ""))

        assert len(token) == 64
        assert await site.ask(wire.GRANTS, token) == (404, "not_found")
        assert await site.ask(wire.GRANTS) == (401, "unauthorized")
        assert await site.ask(wire.GRANTS, TOKEN) == (401, "unauthorized")

    async def test_holds_after_a_restart_with_the_same_certificate(self, agent: Here) -> None:
        agent.shows(code())
        async with visiting(agent) as site:
            token = await site.pair(CODE)

        async with reached(agent.config) as again, visiting(again) as site:
            assert again.fingerprint == agent.fingerprint
            assert await site.ask(INFO, token) == (200, None)
            assert (await site.prove(CODE))[2]["error"]["code"] == "wrong_code"

    async def test_over_plain_http_proves_no_certificate(self, tmp_path: Path) -> None:
        async with reached(somebody(tmp_path, tls=PLAIN)) as agent, visiting(agent) as site:
            agent.shows(code())
            token = await site.pair(CODE)

            assert await site.ask(INFO, token) == (200, None)

    async def test_is_not_for_an_agent_whose_owner_is_named(self, tmp_path: Path) -> None:
        async with reached(somebody(tmp_path, token=TOKEN)) as agent, visiting(agent) as site:
            agent.shows(code())
            status, _, answer = await site.send(nonce=site.nonce)
            proof = {"nonce": site.nonce, "answer": site.nonce, "proof": site.nonce}
            again, _, _ = await site.send(**proof)

            assert (status, again, answer["error"]["code"]) == (403, 403, "not_allowed")
            assert "agent.toml" in answer["error"]["message"]
            assert await site.ask(INFO, TOKEN) == (200, None)

    @pytest.mark.parametrize(
        ("said", "sentence"),
        [
            ({}, "nonce is missing."),
            ({"nonce": 1}, "nonce must be 64 lower-case hex digits."),
            ({"nonce": "A" * 64}, "nonce must be 64 lower-case hex digits."),
            ({"nonce": "a" * 64, "proof": "b" * 64}, "answer is missing."),
            ({"proof": None}, "nonce is missing."),
            (
                {"nonce": "a" * 64, "answer": "b" * 64, "proof": "c" * 64, "certificate": 1},
                "certificate must be a text.",
            ),
            (
                {"nonce": "a" * 64, "answer": "b" * 64, "proof": "c" * 64, "certificate": "x"},
                "certificate must be a certificate as PEM.",
            ),
        ],
    )
    async def test_tells_what_it_did_not_understand(
        self, site: Site, said: dict[str, object], sentence: str
    ) -> None:
        status, _, answer = await site.send(**said)

        assert (status, answer["error"]["message"]) == (400, sentence)

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
    async def test_has_one_verb(self, site: Site, method: str) -> None:
        assert (await site.ask(PAIR, None, method))[0] == 405

    async def test_leaves_no_secret_in_the_log(
        self, agent: Here, site: Site, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        agent.shows(code())
        token = await site.pair(CODE)

        assert "belongs to who paired from 127.0.0.1" in caplog.text
        assert token not in caplog.text
        assert CODE not in caplog.text
        assert CODE.replace("-", "") not in caplog.text


class TestAnotherOwner:
    @pytest.fixture
    async def old(self, agent: Here) -> str:
        """The token of who paired first."""
        agent.shows(code())
        async with visiting(agent) as first:
            return await first.pair(CODE)

    async def test_needs_a_code_that_was_asked_for_on_the_machine(
        self, site: Site, old: str
    ) -> None:
        status, _, answer = await site.prove(CODE)

        assert (status, answer["error"]["code"]) == (403, "wrong_code")
        assert "gatehouse-agent pair" in answer["error"]["message"]
        assert await site.ask(INFO, old) == (200, None)

    async def test_takes_the_place_of_the_one_before(
        self, agent: Here, site: Site, old: str
    ) -> None:
        agent.shows(code("AAAA-BBBB-CCCC"))
        assert await site.ask(INFO, old) == (200, None)

        new = await site.pair("AAAA-BBBB-CCCC")

        assert new != old
        assert await site.ask(INFO, old) == (401, "unauthorized")
        assert await site.ask(INFO, new) == (200, None)

    async def test_ends_what_the_one_before_listens_to(
        self, agent: Here, site: Site, old: str
    ) -> None:
        pin = Fingerprint(bytes.fromhex(agent.fingerprint))
        bearer = {"Authorization": f"Bearer {old}"}
        async with (
            ClientSession(agent.url, headers=bearer, connector=TCPConnector(ssl=pin)) as listener,
            listener.ws_connect(wire.FEED) as feed,
        ):
            assert (await feed.receive(5)).type is WSMsgType.TEXT
            agent.shows(code("AAAA-BBBB-CCCC"))
            await site.pair("AAAA-BBBB-CCCC")
            with within(5):
                heard = [message.type async for message in feed]

        assert set(heard) <= {WSMsgType.TEXT}
        assert feed.closed

    async def test_is_stored_before_it_is_told(
        self, agent: Here, site: Site, old: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(path: Path, data: bytes) -> None:
            raise OSError(28, "No space left on device")

        agent.shows(code("AAAA-BBBB-CCCC"))
        with monkeypatch.context() as patched:
            patched.setattr("camera_agent.owner.write_whole", full)
            status, _, answer = await site.prove("AAAA-BBBB-CCCC")

        assert (status, answer["error"]["code"]) == (500, "internal")
        assert await site.ask(INFO, old) == (200, None)
        assert Owner(agent.config).token == old

    async def test_has_not_granted_what_the_one_before_did(self, tmp_path: Path) -> None:
        readers = (ReaderConfig(id="outside", kind=ReaderKind.SIMULATED),)
        door = DoorConfig(
            id="front", name="Front", simulated=str(tmp_path / "d.sock"), readers=readers
        )
        async with reached(somebody(tmp_path, doors=(door,))) as agent, visiting(agent) as site:
            doors = agent.hub.doors
            assert doors
            agent.shows(code())
            old = await site.pair(CODE)
            await doors.accept(grants(version=7), sign(old, grants(version=7)))
            assert doors.grants()

            agent.shows(code("AAAA-BBBB-CCCC"))
            new = await site.pair("AAAA-BBBB-CCCC")

            assert doors.grants() is None
            assert not (agent.config.data / "grants.json").exists()
            with pytest.raises(Refused):
                await doors.accept(grants(version=8), sign(old, grants(version=8)))
            await doors.accept(grants(version=1), sign(new, grants(version=1)))
            assert doors.grants()

    async def test_finds_grants_void_that_cannot_be_deleted(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        vault = Vault(tmp_path / "grants.json", "the old token")
        (tmp_path / "grants.json").mkdir()

        await vault.obey("the new token")

        assert "is worth nothing" in caplog.text
        assert vault.grants is None


class TestGuessing:
    async def test_costs_a_second_and_holds_up_nobody_else(self, agent: Here, site: Site) -> None:
        agent.shows(code())
        began = monotonic()
        guesses = [asyncio.create_task(site.prove(BAD)) for _ in range(2)]
        await asyncio.sleep(0.1)
        for _ in range(5):
            assert await site.ask(INFO) == (200, None)
        asked = monotonic() - began

        assert [(await guess)[0] for guess in guesses] == [403, 403]
        assert asked < reception.SLOW
        assert monotonic() - began > 2 * reception.SLOW

    async def test_a_hundred_times_is_refused_and_locks_pairing(
        self,
        agent: Here,
        site: Site,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        monkeypatch.setattr(reception, "SLOW", 0.01)
        agent.shows(code())
        _, theirs = await site.begin()
        told = [
            await site.send(nonce=site.nonce) if guess > 5 else await site.prove(BAD)
            for guess in range(1, 101)
        ]

        assert [status for status, _, _ in told] == [403] * 5 + [429] * 95
        _, headers, answer = told[-1]
        assert 0 < int(headers["Retry-After"]) <= 60
        assert answer["error"]["code"] == "too_many"
        assert "run `gatehouse-agent pair`" in answer["error"]["message"]
        proof = site.proof(CODE, "gatehouse site", theirs, agent.config.id, agent.fingerprint)
        late = await site.send(nonce=site.nonce, answer=theirs, proof=proof)
        assert late[0] == 429
        assert not (agent.config.data / "pairing.json").exists()
        assert caplog.text.count("A wrong code came from 127.0.0.1") == 5

        agent.shows(code("AAAA-BBBB-CCCC"))
        assert await site.pair("AAAA-BBBB-CCCC")

    async def test_by_playing_back_what_was_heard_leads_nowhere(
        self, agent: Here, site: Site
    ) -> None:
        agent.shows(code())
        agent_id, theirs = await site.begin()
        proof = site.proof(CODE, "gatehouse site", theirs, agent_id, agent.fingerprint)
        heard = {"nonce": site.nonce, "answer": theirs, "proof": proof}
        status, _, answer = await site.send(**heard)
        agent.shows(code())
        again = await site.send(**heard)

        assert status == 200
        assert (again[0], again[2]["error"]["code"]) == (400, "bad_request")
        assert await site.ask(INFO, answer["token"]) == (200, None)

    async def test_by_standing_in_the_middle_with_another_certificate_leads_nowhere(
        self, agent: Here, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reception, "SLOW", 0.01)
        agent.shows(code())
        agent_id, theirs = await site.begin()
        seen = "cd" * 32  # the fingerprint of whoever stands there, which the site saw
        proof = site.proof(CODE, "gatehouse site", theirs, agent_id, seen)
        status, _, answer = await site.send(nonce=site.nonce, answer=theirs, proof=proof)

        assert (status, answer["error"]["code"]) == (403, "wrong_code")


class TestWhatIsOnTheDisk:
    async def test_is_for_the_agent_alone(self, agent: Here, site: Site) -> None:
        agent.shows(code())
        left = (agent.config.data / "pairing.json").stat().st_mode & 0o777
        token = await site.pair(CODE)
        path = agent.config.data / "owner.json"

        assert (left, path.stat().st_mode & 0o777) == (0o600, 0o600)
        assert stored(agent.config.data) == Paired(token=token)
        assert token not in repr(stored(agent.config.data))

    @pytest.mark.parametrize(
        "damaged",
        [
            "",
            "{}",
            "[]",
            "\0" * 64,
            '{"token": "", "certificate": null}',
            '{"token": "a"}',
            '{"token": "a", "certificate": "-----BEGIN"}',
        ],
    )
    def test_makes_nobody_the_owner_if_it_is_damaged(
        self, tmp_path: Path, damaged: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        config = somebody(tmp_path)
        config.data.mkdir()
        (config.data / "owner.json").write_text(damaged)

        assert not Owner(config).is_there
        assert "pair again" in caplog.text

    def test_gives_way_to_what_the_configuration_says(self, tmp_path: Path) -> None:
        config = somebody(tmp_path, token=TOKEN)
        config.data.mkdir()
        (config.data / "owner.json").write_text('{"token": "another", "certificate": null}')

        assert Owner(config).token == TOKEN

    @pytest.mark.parametrize(
        "damaged", ["", "[]", '{"code": "abc", "until": 1.0}', '{"code": 1, "until": 1.0}']
    )
    def test_is_no_code_if_it_is_damaged(
        self, tmp_path: Path, damaged: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        (tmp_path / "pairing.json").write_text(damaged)

        assert CodeFile(tmp_path).read() is None
        assert "run gatehouse-agent pair" in caplog.text

    def test_is_no_code_after_the_machine_started_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        boot = tmp_path / "boot_id"
        monkeypatch.setattr(code_file, "BOOT", boot)
        boot.write_text("5d3f0b0e-8f0c-4a35-9d7c-0c1f7a1f2b11\n")
        left = code()
        CodeFile(tmp_path).leave(left)
        before = CodeFile(tmp_path).read()
        boot.write_text("0a9b6c52-4f0e-4d52-8f64-5f0f5f2a7c22\n")

        assert before == left
        assert CodeFile(tmp_path).read() is None
        assert caplog.text == ""

    def test_is_no_code_without_the_boot_that_it_is_of(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        left = {"code": CODE, "until": monotonic() + GOOD / 2}
        (tmp_path / "pairing.json").write_text(json.dumps(left))

        assert CodeFile(tmp_path).read() is None
        assert caplog.text == ""

    def test_is_a_code_even_where_no_boot_has_a_name(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(code_file, "BOOT", tmp_path / "absent")
        left = code()
        CodeFile(tmp_path).leave(left)

        assert CodeFile(tmp_path).read() == left

    def test_is_the_agents_even_if_another_user_asked_for_the_code(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        given: list[tuple[object, ...]] = []
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        monkeypatch.setattr(os, "chown", lambda *told, **_: given.append(told))

        CodeFile(tmp_path).leave(code())

        folder = tmp_path.stat()
        assert given == [(tmp_path / "pairing.json", folder.st_uid, folder.st_gid)]
        assert json.loads((tmp_path / "pairing.json").read_text())["code"] == CODE
