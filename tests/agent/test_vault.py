"""What the agent may decide is signed, newer than before, and stored whole."""

import asyncio
import hashlib
import hmac
import json
import os
from pathlib import Path
import random
import signal
import subprocess
import sys

import pytest

from camera_agent import vault as module
from camera_agent.errors import Refused
from camera_agent.vault import Vault, sign
from camera_agent.wire import ErrorCode

from .granted import text

ROOT = Path(__file__).parents[2]
TOKEN = "a token of sixteen characters or more"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "grants.json"


async def stored(path: Path, document: str) -> Vault:
    """A vault that has accepted a document."""
    vault = Vault(path, TOKEN)
    await vault.accept(document, sign(TOKEN, document))
    return vault


async def refused(vault: Vault, document: str, signature: str | None = None) -> ErrorCode:
    with pytest.raises(Refused) as why:
        await vault.accept(document, signature or sign(TOKEN, document))
    return why.value.code


def test_the_signature_is_that_of_the_contract() -> None:
    key = hmac.new(TOKEN.encode(), b"gatehouse grants", hashlib.sha256).digest()
    expected = hmac.new(key, '{"ä": 1}'.encode(), hashlib.sha256).hexdigest()
    assert sign(TOKEN, '{"ä": 1}') == expected


async def test_what_was_accepted_is_in_force_at_once_and_after_a_restart(path: Path) -> None:
    vault = await stored(path, text(version=5))
    assert vault.grants is not None
    assert vault.grants.version == 5

    again = Vault(path, TOKEN)
    assert again.grants is None
    assert again.load() == vault.grants == again.grants


async def test_nobody_else_may_read_it(path: Path) -> None:
    before = os.umask(0)
    try:
        await stored(path, text())
    finally:
        os.umask(before)
    assert [path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777] == [0o600, 0o700]
    assert [one.name for one in path.parent.iterdir()] == ["grants.json"]


def test_a_new_agent_has_none(path: Path) -> None:
    assert Vault(path, TOKEN).load() is None


@pytest.mark.parametrize(
    "forged", ["", "0" * 64, "\ud800", sign("the token of another agent", text(version=2))]
)
async def test_what_is_not_signed_with_the_token_is_refused(path: Path, forged: str) -> None:
    vault = await stored(path, text(version=1))
    with pytest.raises(Refused) as why:
        await vault.accept(text(version=2), forged)
    assert why.value.code is ErrorCode.BAD_SIGNATURE
    assert vault.grants == Vault(path, TOKEN).load()


async def test_a_text_that_was_tampered_with_is_refused(path: Path) -> None:
    vault = await stored(path, text(version=1))
    signature = sign(TOKEN, text(version=2))
    assert await refused(vault, text(version=3), signature) is ErrorCode.BAD_SIGNATURE


async def test_an_older_version_is_refused_before_and_after_a_restart(path: Path) -> None:
    vault = await stored(path, text(version=5))
    again = Vault(path, TOKEN)
    again.load()
    codes = [await refused(one, text(version=4)) for one in (vault, again)]
    assert codes == [ErrorCode.STALE, ErrorCode.STALE]
    assert Vault(path, TOKEN).load() == vault.grants


async def test_the_same_version_may_come_again_but_with_no_other_text(path: Path) -> None:
    await stored(path, text(version=5))
    again = Vault(path, TOKEN)
    again.load()
    await again.accept(text(version=5), sign(TOKEN, text(version=5)))
    assert await refused(again, text(version=5, site="lockdown")) is ErrorCode.STALE


@pytest.mark.parametrize("nonsense", ["{", "[]", '{"version": 9}', "\ud800"])
async def test_what_makes_no_sense_is_refused_whoever_signed_it(path: Path, nonsense: str) -> None:
    vault = await stored(path, text())
    assert await refused(vault, nonsense) is ErrorCode.BAD_REQUEST


@pytest.mark.parametrize("damaged", ["", "{}", "[]", "\0" * 512, "[" * 100_000, '{"document": 1}'])
def test_what_is_damaged_is_worth_nothing(
    path: Path, caplog: pytest.LogCaptureFixture, damaged: str
) -> None:
    path.parent.mkdir()
    path.write_text(damaged)
    assert Vault(path, TOKEN).load() is None
    (told,) = caplog.messages
    assert "nobody enters until Home Assistant sends them again" in told


async def test_what_somebody_changed_on_the_disk_is_worth_nothing(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await stored(path, text(site="lockdown"))
    content = json.loads(path.read_text())
    content["document"] = content["document"].replace("lockdown", "normal")
    path.write_text(json.dumps(content))
    assert Vault(path, TOKEN).load() is None
    assert "not signed with the token" in caplog.text


async def test_grants_of_another_token_are_worth_nothing_and_replaced(path: Path) -> None:
    await stored(path, text(version=9))
    renewed = Vault(path, "another token of sixteen characters")
    assert renewed.load() is None
    await renewed.accept(text(version=1), sign("another token of sixteen characters", text()))
    assert renewed.grants == Vault(path, "another token of sixteen characters").load()


async def test_what_cannot_be_stored_is_obeyed_but_not_accepted(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    vault = await stored(path, text(version=1))
    with monkeypatch.context() as patched:
        patched.setattr(module, "write_whole", full)
        with pytest.raises(OSError, match="No space left"):
            await vault.accept(text(version=2), sign(TOKEN, text(version=2)))
    assert vault.grants is not None
    assert vault.grants.version == 2

    await vault.accept(text(version=2), sign(TOKEN, text(version=2)))
    assert Vault(path, TOKEN).load() == vault.grants


async def test_of_many_at_once_the_newest_holds(path: Path) -> None:
    vault = Vault(path, TOKEN)
    documents = [text(version=version) for version in (3, 1, 5, 2, 4)]
    await asyncio.gather(
        *(vault.accept(one, sign(TOKEN, one)) for one in documents), return_exceptions=True
    )
    assert vault.grants is not None
    assert vault.grants.version == 5
    assert vault.grants == Vault(path, TOKEN).load()


async def test_who_sends_and_leaves_does_not_part_what_holds_from_what_is_stored(
    path: Path,
) -> None:
    vault = Vault(path, TOKEN)
    sending = asyncio.ensure_future(vault.accept(text(), sign(TOKEN, text())))
    await asyncio.sleep(0)
    sending.cancel()
    # The next waits for the one that was left alone.
    await vault.accept(text(version=2), sign(TOKEN, text(version=2)))
    assert sending.cancelled()
    assert vault.grants == Vault(path, TOKEN).load()


PROGRAM = """
import asyncio, sys
from pathlib import Path
from camera_agent.vault import Vault, sign

async def main(path, token, first):
    vault = Vault(Path(path), token)
    vault.load()
    template = sys.stdin.read()
    for version in range(first, first + 200):
        document = template.replace('"version": 1', f'"version": {version}')
        await vault.accept(document, sign(token, document))
        print(version, flush=True)

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


def test_a_kill_at_any_moment_leaves_the_old_or_the_new_whole(path: Path) -> None:
    chance = random.Random(20)
    accepted = 0
    for _ in range(8):
        child = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(path), TOKEN, str(accepted + 1)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with child:
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write(text())
            child.stdin.close()
            told = [int(child.stdout.readline()) for _ in range(chance.randint(5, 45))]
            signalled = chance.random() * 0.003
            with pytest.raises(subprocess.TimeoutExpired):
                child.wait(signalled)
            child.send_signal(signal.SIGKILL)
            told += [int(line) for line in child.stdout.read().splitlines()]

        found = Vault(path, TOKEN).load()
        assert found is not None
        assert found.version in (told[-1], told[-1] + 1)
        assert told == list(range(accepted + 1, told[-1] + 1))
        accepted = found.version

    assert accepted > 100
