"""What an agent shows to who connects, what it wants to be shown, and who is kept waiting by whom.

Real connections; certificates of others are made here by the same library.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
import hashlib
from pathlib import Path
import ssl
import sys
from time import monotonic, time

from aiohttp import (
    ClientConnectorCertificateError,
    ClientError,
    ClientSession,
    ServerFingerprintMismatch,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
import pytest

from camera_agent import asked, listen as module, wire
from camera_agent.auth import signature
from camera_agent.config import TlsConfig
from camera_agent.owner import Owner
from camera_agent.pairing import GOOD, Code
from camera_agent.tls import Certificate
from tests.waiting import eventually, within

from .meeting import INFO, PAIR, Here, Site, There, reached, somebody, visiting

CODE = "K7QF-2MXA-9RTD"
MUTUAL = TlsConfig(mutual=True)
PLAIN = TlsConfig(enabled=False)
LIVE = wire.LIVE.format(camera="front")
SNAPSHOT = wire.SNAPSHOT.format(camera="front")


def made(folder: Path, name: str) -> Path:
    """Make somebody's certificate, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    path = folder / f"{name}.pem"
    path.write_bytes(
        certificate.public_bytes(pem)
        + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


def public(path: Path) -> str:
    """The part of it that others may see."""
    return path.read_text().partition("-----BEGIN PRIVATE")[0]


def showing(path: Path | None, highest: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    """How somebody connects who shows a certificate, and believes everybody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if path:
        context.load_cert_chain(path)
    if highest:
        context.maximum_version = highest
    return context


class TestItsOwnCertificate:
    def test_is_made_once_and_for_the_agent_alone(self, tmp_path: Path) -> None:
        config = somebody(tmp_path)
        first, second = Certificate.of(config), Certificate.of(config)

        assert first == second
        assert first
        assert first.path == config.data / "tls" / "agent.pem"
        assert first.path.stat().st_mode & 0o777 == 0o600
        assert first.path.parent.stat().st_mode & 0o777 == 0o700

    def test_is_good_for_ever(self, tmp_path: Path) -> None:
        found = Certificate.of(somebody(tmp_path))
        assert found
        certificate = x509.load_pem_x509_certificate(found.path.read_bytes())

        assert certificate.not_valid_before_utc.year == 2020
        assert certificate.not_valid_after_utc.year == 9999
        assert isinstance(certificate.public_key(), ec.EllipticCurvePublicKey)
        assert certificate.fingerprint(hashes.SHA256()).hex() == found.fingerprint

    def test_is_none_without_tls(self, tmp_path: Path) -> None:
        assert Certificate.of(somebody(tmp_path, tls=PLAIN)) is None
        assert not (tmp_path / "data" / "tls").exists()

    def test_needs_a_library_and_says_which(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "cryptography", None)

        with pytest.raises(OSError, match="apt install python3-cryptography"):
            Certificate.of(somebody(tmp_path))

    def test_needs_no_library_once_it_is_there(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        config = somebody(tmp_path)
        first = Certificate.of(config)
        monkeypatch.setitem(sys.modules, "cryptography", None)

        assert Certificate.of(config) == first

    @pytest.mark.parametrize(
        "damaged",
        [
            "",
            "nonsense",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----\n",
        ],
    )
    def test_is_told_to_be_damaged(self, tmp_path: Path, damaged: str) -> None:
        config = somebody(tmp_path)
        found = Certificate.of(config)
        assert found
        found.path.write_text(damaged)

        with pytest.raises(OSError, match=r"cannot be used .*: delete it, and pair again"):
            Certificate.of(config)


class TestACertificateOfItsOwners:
    def test_is_taken_with_its_key_in_the_same_file(self, tmp_path: Path) -> None:
        path = made(tmp_path, "mine")
        found = Certificate.of(somebody(tmp_path, tls=TlsConfig(certificate=path)))

        assert found
        der = ssl.PEM_cert_to_DER_cert(public(path))
        assert found.fingerprint == hashlib.sha256(der).hexdigest()

    def test_is_taken_with_its_key_beside_it(self, tmp_path: Path) -> None:
        both = made(tmp_path, "mine")
        certificate, key = tmp_path / "agent.crt", tmp_path / "agent.key"
        certificate.write_text(public(both))
        key.write_text(both.read_text().removeprefix(public(both)))

        assert Certificate.of(somebody(tmp_path, tls=TlsConfig(certificate=certificate, key=key)))

    def test_has_to_be_there_and_to_fit_its_key(self, tmp_path: Path) -> None:
        mine, other = made(tmp_path, "mine"), made(tmp_path, "other")
        missing = TlsConfig(certificate=tmp_path / "missing.pem")
        mixed = TlsConfig(certificate=mine, key=other)

        for tls in (missing, mixed):
            with pytest.raises(OSError, match=r"cannot be used .*: correct \[tls\]"):
                Certificate.of(somebody(tmp_path, tls=tls))


class TestAConnection:
    @pytest.fixture
    async def agent(self, tmp_path: Path) -> AsyncIterator[Here]:
        async with reached(somebody(tmp_path)) as agent:
            yield agent

    async def test_is_to_the_agent_that_has_the_fingerprint(self, agent: Here) -> None:
        async with visiting(agent) as site:
            assert await site.ask(INFO) == (200, None)

    async def test_is_not_to_somebody_with_another_certificate(
        self, agent: Here, tmp_path: Path
    ) -> None:
        impostor = somebody(tmp_path, tls=TlsConfig(certificate=made(tmp_path, "impostor")))
        async with reached(impostor) as other:
            expected = There(
                config=other.config,
                port=other.port,
                fingerprint=agent.fingerprint,
            )
            async with visiting(expected) as site:
                with pytest.raises(ServerFingerprintMismatch):
                    await site.ask(INFO)

    async def test_is_refused_by_who_wants_an_authority(self, agent: Here) -> None:
        async with visiting(agent, ssl.create_default_context()) as site:
            with pytest.raises(ClientConnectorCertificateError):
                await site.ask(INFO)

    async def test_is_made_with_tls_1_2_and_not_with_less(self, agent: Here) -> None:
        async with visiting(agent, showing(None, ssl.TLSVersion.TLSv1_2)) as site:
            assert await site.ask(INFO) == (200, None)
        found = Certificate.of(agent.config)
        assert found
        assert found.context().minimum_version is ssl.TLSVersion.TLSv1_2

    async def test_needs_tls(self, agent: Here) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", agent.port)
        writer.write(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")

        assert b"HTTP" not in await reader.read()
        writer.close()


class TestMutualTls:
    @pytest.fixture
    def identity(self, tmp_path: Path) -> Path:
        return made(tmp_path, "site")

    @pytest.fixture
    async def agent(self, tmp_path: Path) -> AsyncIterator[Here]:
        async with reached(somebody(tmp_path, tls=MUTUAL)) as agent:
            agent.config.data.mkdir(exist_ok=True)
            agent.shows(Code(text=CODE, until=monotonic() + GOOD / 2))
            yield agent

    @pytest.fixture
    async def token(self, agent: Here, identity: Path) -> str:
        async with visiting(agent) as site:
            return await site.pair(CODE, public(identity))

    async def test_wants_the_owners_certificate_from_pairing_on(
        self, agent: Here, identity: Path, token: str
    ) -> None:
        async with visiting(agent) as without, visiting(agent, showing(identity)) as site:
            assert await without.ask(INFO, token) == (403, "no_certificate")
            assert await without.ask(wire.FEED, token) == (403, "no_certificate")
            assert await site.ask(INFO, token) == (200, None)
            assert await site.ask(wire.FEED) == (401, "unauthorized")

    async def test_wants_it_after_a_restart(self, agent: Here, identity: Path, token: str) -> None:
        async with (
            reached(agent.config) as again,
            visiting(again) as without,
            visiting(again, showing(identity)) as site,
        ):
            assert await without.ask(INFO, token) == (403, "no_certificate")
            assert await site.ask(INFO, token) == (200, None)

    @pytest.mark.usefixtures("token")
    async def test_talks_to_nobody_with_another_certificate(
        self, agent: Here, tmp_path: Path
    ) -> None:
        async with visiting(agent, showing(made(tmp_path, "stranger"))) as stranger:
            with pytest.raises(ClientError):
                await stranger.ask(INFO)

    async def test_says_to_anybody_what_anybody_may_know(self, agent: Here, token: str) -> None:
        async with visiting(agent) as anybody:
            assert await anybody.ask(INFO) == (200, None)
            assert (await anybody.ask(wire.HEALTH_LIVE))[1] is None
            assert (await anybody.prove(CODE, None))[0] == 400

    async def test_lets_players_watch_at_a_signed_address(self, agent: Here, token: str) -> None:
        async with visiting(agent) as player:
            assert await player.ask(signed(token, LIVE)) == (404, "not_found")
            assert await player.ask(signed(token, SNAPSHOT)) == (403, "no_certificate")
            assert await player.ask(LIVE, token) == (403, "no_certificate")

    async def test_follows_another_owner(
        self, agent: Here, identity: Path, token: str, tmp_path: Path
    ) -> None:
        another = made(tmp_path, "another")
        agent.shows(Code(text="AAAA-BBBB-CCCC", until=monotonic() + GOOD / 2))
        async with visiting(agent) as site:
            new = await site.pair("AAAA-BBBB-CCCC", public(another))

        async with visiting(agent, showing(another)) as site:
            assert await site.ask(INFO, new) == (200, None)
        async with visiting(agent, showing(identity)) as old:
            assert await old.ask(INFO, token) == (401, "unauthorized")
            assert await old.ask(INFO, new) == (403, "no_certificate")

    async def test_needs_a_certificate_to_pair(self, agent: Here) -> None:
        async with visiting(agent) as site:
            status, _, answer = await site.prove(CODE)

            assert (status, answer["error"]["code"]) == (400, "bad_request")
            assert "tls.mutual" in answer["error"]["message"]

    async def test_that_is_wanted_later_finds_nobody_who_could(self, tmp_path: Path) -> None:
        async with reached(somebody(tmp_path)) as agent, visiting(agent) as site:
            agent.shows(Code(text=CODE, until=monotonic() + GOOD / 2))
            token = await site.pair(CODE)

        async with reached(somebody(tmp_path, tls=MUTUAL)) as agent, visiting(agent) as site:
            assert await site.ask(INFO, token) == (403, "no_certificate")

    async def test_keeps_the_certificate_for_when_it_is_wanted(
        self, tmp_path: Path, identity: Path
    ) -> None:
        async with reached(somebody(tmp_path)) as agent, visiting(agent) as site:
            agent.shows(Code(text=CODE, until=monotonic() + GOOD / 2))
            token = await site.pair(CODE, public(identity))
            assert await site.ask(INFO, token) == (200, None)

        async with reached(somebody(tmp_path, tls=MUTUAL)) as agent:
            assert Owner(agent.config).certificate == public(identity)
            async with visiting(agent, showing(identity)) as site:
                assert await site.ask(INFO, token) == (200, None)


def signed(token: str, path: str, lifetime: int = 60) -> str:
    expires = str(int(time()) + lifetime)
    return f"{path}?expires={expires}&auth={signature(token, path, expires)}"


class Dawdlers:
    """Many who connect, say a part of what they want, and then hardly anything."""

    def __init__(self) -> None:
        self.lines: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def come(
        self, port: int, count: int, said: bytes, tls: ssl.SSLContext | None = None
    ) -> None:
        for _ in range(count):
            line = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
            line[1].write(said)
            self.lines.append(line)

    async def dawdle(self, more: bytes) -> None:
        """Say a little more, again and again, until all are cut off."""
        while self.lines:
            for line in list(self.lines):
                reader, writer = line
                if reader.at_eof() or writer.is_closing() or reader.exception():
                    self.lines.remove(line)
                    writer.close()
                else:
                    writer.write(more)
            await asyncio.sleep(0.05)


class TestWhoDawdles:
    @pytest.fixture(autouse=True)
    def hurry(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "HANDSHAKE", 1.0)
        monkeypatch.setattr(module, "IDLE", 1.0)
        monkeypatch.setattr(module, "LINGER", 0.1)
        monkeypatch.setattr(asked, "WITHIN", 1.0)

    @pytest.mark.parametrize(
        ("said", "more"),
        [
            (b"GET /health/live HTTP/1.1\r\nHost: a\r\n", b"X: y\r\n"),
            (b"POST /api/v1/pair HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n", b"{"),
        ],
        ids=["headers", "body"],
    )
    async def test_over_http_is_cut_off_and_delays_nobody(
        self, tmp_path: Path, said: bytes, more: bytes
    ) -> None:
        async with reached(somebody(tmp_path, tls=PLAIN)) as agent, visiting(agent) as site:
            await self.is_cut_off(agent, site, said, more)

    async def test_over_tls_is_cut_off_and_delays_nobody(self, tmp_path: Path) -> None:
        async with reached(somebody(tmp_path)) as agent, visiting(agent) as site:
            said = b"GET / HTTP/1.1\r\n"
            await self.is_cut_off(agent, site, said, b"X: y\r\n", showing(None))

    async def test_in_the_handshake_is_cut_off_and_delays_nobody(self, tmp_path: Path) -> None:
        hello = ssl.MemoryBIO()
        handshake = showing(None).wrap_bio(ssl.MemoryBIO(), hello)
        with pytest.raises(ssl.SSLWantReadError):
            handshake.do_handshake()
        async with reached(somebody(tmp_path)) as agent, visiting(agent) as site:
            await self.is_cut_off(agent, site, hello.read()[:40], b"")

    async def is_cut_off(
        self,
        agent: Here,
        site: Site,
        said: bytes,
        more: bytes,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        dawdlers = Dawdlers()
        await dawdlers.come(agent.port, 200, said, tls)
        dawdling = asyncio.create_task(dawdlers.dawdle(more))
        assert await site.ask(INFO) == (200, None)
        assert dawdlers.lines
        await eventually(dawdling.done, 20, "the dawdling")
        assert await site.ask(INFO) == (200, None)
        await dawdling

    async def test_over_a_body_that_is_too_large_is_told_before_it_is_read(
        self, tmp_path: Path
    ) -> None:
        async with reached(somebody(tmp_path, tls=PLAIN)) as agent:
            reader, writer = await asyncio.open_connection("127.0.0.1", agent.port)
            writer.write(
                f"POST {PAIR} HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n".encode()
            )
            with within(0.9):
                assert b" 413 " in await reader.readline()
            with within(5):
                await reader.read()
            writer.close()

    async def test_over_a_body_without_a_length_is_told_when_it_is_too_large(
        self, tmp_path: Path
    ) -> None:
        async def endless() -> AsyncIterator[bytes]:
            for _ in range(3):
                yield b" " * 32 * 1024

        async with (
            reached(somebody(tmp_path, tls=PLAIN)) as agent,
            ClientSession(agent.url) as session,
            session.post(PAIR, data=endless()) as answer,
        ):
            assert answer.status == 413
