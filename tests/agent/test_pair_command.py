"""Pairing from the command line, and an agent as a process that gets its owner that way."""

from collections.abc import Iterator
from contextlib import contextmanager
import hashlib
import json
from pathlib import Path
import re
import signal
import ssl
import subprocess
import sys
from time import monotonic
from typing import Any

from aiohttp import ClientSession, TCPConnector
import pytest

from camera_agent import code_file, pair_command
from camera_agent.__main__ import main
from camera_agent.code_file import CodeFile
from camera_agent.config import load
from camera_agent.owner import Owner, Paired
from tests.ports import free_port
from tests.waiting import eventually, within

from .meeting import INFO, There, visiting

ROOT = Path(__file__).parents[2]
CODE = re.compile("[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}")
TOML = """
[agent]
id = "porch"
name = "Porch"
host = "127.0.0.1"
port = {port}
data = "data"
announce = false
{token}

[tls]
{tls}

[[cameras]]
id = "front"
source = "pattern"
width = 320
height = 180
"""


@pytest.fixture
def port() -> int:
    return free_port()


def configured(folder: Path, port: int = 8467, token: str = "", tls: str = "") -> Path:
    path = folder / "agent.toml"
    path.write_text(TOML.format(port=port, token=token, tls=tls))
    (folder / "data").mkdir(exist_ok=True)
    return path


class TestTheCommand:
    def test_shows_a_code_and_where_to_type_it(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["pair", "--config", str(configured(tmp_path))]) == 0

        code, _, *rest = capsys.readouterr().out.splitlines()
        left = CodeFile(tmp_path / "data").read()
        assert CODE.fullmatch(code)
        assert left
        assert left.text == code
        assert left.is_good(monotonic())
        assert "within 10 minutes in Home Assistant" in rest[0]
        assert "port 8467" in rest[1]

    def test_tells_it_to_a_program(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["pair", "--json", "--config", str(configured(tmp_path))]) == 0

        told = json.loads(capsys.readouterr().out)
        assert CODE.fullmatch(told.pop("code"))
        assert told == {"good_for_s": 600.0, "id": "porch", "name": "Porch", "port": 8467}

    def test_has_no_code_for_an_agent_whose_owner_is_named(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        config = configured(tmp_path, token='token = "correct horse battery"')
        assert main(["pair", "--config", str(config)]) == 1

        told = capsys.readouterr()
        assert "named in agent.toml" in told.err
        assert told.out == ""

    def test_has_no_code_for_an_agent_that_never_ran(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        config = configured(tmp_path)
        (tmp_path / "data").rmdir()
        assert main(["pair", "--config", str(config)]) == 1

        assert "data is not there: start the agent, which makes it." in capsys.readouterr().err

    def test_says_who_may_ask(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        def forbidden(path: Path, data: bytes) -> None:
            raise PermissionError(13, "Permission denied", str(path))

        monkeypatch.setattr(code_file, "write_whole", forbidden)
        assert main(["pair", "--config", str(configured(tmp_path))]) == 1

        told = capsys.readouterr().err
        assert "pairing.json cannot be written (Permission denied): try it with sudo." in told


class TestACheck:
    @pytest.mark.parametrize(
        ("tls", "said"),
        [
            ("", "TLS with its own certificate"),
            ('certificate = "mine.pem"', "TLS with a certificate of yours"),
            ("mutual = true", "TLS with its own certificate, both sides show one"),
            ("enabled = false", "plain HTTP"),
        ],
    )
    def test_says_how_the_agent_is_reached(
        self, tmp_path: Path, tls: str, said: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["check", "--config", str(configured(tmp_path, tls=tls))]) == 0

        line = capsys.readouterr().out.splitlines()[1]
        assert line == f"  {said}, not paired yet: gatehouse-agent pair"
        assert list((tmp_path / "data").iterdir()) == []

    async def test_says_whether_it_is_paired(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        config = configured(tmp_path)
        await Owner(load(config)).take(Paired(token="secret of both"))
        assert main(["check", "--config", str(config)]) == 0

        told = capsys.readouterr().out
        assert told.splitlines()[1].endswith(", paired")
        assert "secret of both" not in told

    def test_says_what_is_wrong_with_what_is_stored(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        def forbidden(folder: Path) -> None:
            raise PermissionError(13, "Permission denied")

        config = configured(tmp_path)
        (tmp_path / "data" / "owner.json").write_text("{}")
        assert main(["check", "--config", str(config)]) == 0
        assert "not paired: what is stored cannot be used" in capsys.readouterr().out

        monkeypatch.setattr(pair_command, "stored", forbidden)
        assert main(["check", "--config", str(config)]) == 0
        assert "paired perhaps: ask with sudo" in capsys.readouterr().out


class Agent:
    """One as a process, which is started, killed and started again."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self.config = configured(folder, port)
        self.log = folder / "log"

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        with self.log.open("ab") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", "camera_agent", "--config", str(self.config)],
                cwd=ROOT,
                stderr=stderr,
            )
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def asks(self, *command: str) -> Any:
        """Run the program once more, beside the one that runs."""
        done = subprocess.run(
            [sys.executable, "-m", "camera_agent", *command, "--config", str(self.config)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(done.stdout)

    async def met(self) -> There:
        """Wait until it can be reached; return it with the certificate that it shows."""
        await eventually(lambda: "is there: port" in self.log.read_text(), 30, "the agent's log")
        pem = ssl.get_server_certificate(("127.0.0.1", self.port))
        shown = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
        config = load(self.config)
        return There(config=config, port=self.port, fingerprint=shown)


async def test_an_agent_gets_its_owner_and_keeps_it(tmp_path: Path, port: int) -> None:
    agent = Agent(tmp_path, port)
    with agent.running():
        there = await agent.met()
        await eventually(lambda: CODE.search(agent.log.read_text()), 10, "a code in the log")
        code = agent.asks("pair", "--json")["code"]
        async with visiting(there) as site:
            assert await site.ask("/snapshot") == (403, "not_paired")
            token = await site.pair(code)
            assert (await site.ask(INFO, token))[0] == 200

    agent.log.write_text("")
    with agent.running() as process:
        again = await agent.met()
        assert again.fingerprint == there.fingerprint
        async with visiting(again) as site:
            await eventually(lambda: seen(site, token), 10, "the picture")
        await ends_with_viewers(process, again, token)

    log = agent.log.read_text()
    assert token not in log
    assert "Traceback" not in log
    assert not CODE.search(log)


async def seen(site: Any, token: str) -> bool:
    status, _ = await site.ask("/snapshot", token)
    return bool(status == 200)


async def ends_with_viewers(process: subprocess.Popen[bytes], agent: There, token: str) -> None:
    """Tell it to stop while somebody watches over TLS."""
    anybody = TCPConnector(ssl=False)
    bearer = {"Authorization": f"Bearer {token}"}
    async with (
        ClientSession(agent.url, connector=anybody, headers=bearer) as session,
        session.get("/stream") as pictures,
    ):
        assert await pictures.content.readexactly(1000)
        with within(2):
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=30) == 0
