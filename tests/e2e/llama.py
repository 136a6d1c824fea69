"""A real language model in a real server, both from scripts/llama."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
import re
import subprocess
import time

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "llama"
FETCHING = 150  # seconds; it takes ten where the mirrors are near
STARTING = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class LlamaServer:
    """A llama-server that runs."""

    url: str
    model: str = "smollm2-135m"


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaServer]:
    """A small model that is served on loopback; without one, the test is skipped."""
    fetched = subprocess.run(
        [SCRIPT], capture_output=True, text=True, timeout=FETCHING, check=False
    )
    if fetched.returncode:
        pytest.skip(f"no language model to ask: {' '.join(fetched.stderr.splitlines()[-3:])}")
    log = tmp_path_factory.mktemp("llama") / "llama.log"
    # Port 0: a free one. No seed, which begins anew with each question: it would write the same
    # nonsense however often it is asked. One thread, because several wait for each other on a
    # machine that is busy.
    command = [SCRIPT, "serve", "0", "--threads", "1"]
    with log.open("wb") as written:
        process = subprocess.Popen(command, stdout=written, stderr=written)
    try:
        yield LlamaServer(url=_address(process, log))
    finally:
        process.terminate()
        process.wait(10)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Return where the server listens, which it tells when the model is loaded."""
    deadline = time.monotonic() + STARTING
    while not (told := re.search(r"listening on (http://[\d.:]+)", log.read_text())):
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
    return told[1]
