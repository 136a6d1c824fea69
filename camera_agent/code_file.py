"""The code that somebody asked for at this machine, left for the agent that runs on it."""

import json
import logging
import os
from pathlib import Path
import re
from typing import Final

from .durable import write_whole
from .pairing import ALPHABET, Code

LOGGER = logging.getLogger(__name__)

FILE: Final = "pairing.json"
BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_TEXT: Final = re.compile(rf"[{ALPHABET}]{{4}}(-[{ALPHABET}]{{4}}){{2}}")


class CodeFile:
    """One code, which the agent and nobody else may read; everything here blocks."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def leave(self, code: Code) -> None:
        """Put a code there, in the place of the one before; raises OSError."""
        left = {"code": code.text, "until": code.until, "boot": _boot()}
        write_whole(self._path, json.dumps(left).encode())
        if os.geteuid() == 0:  # the agent is another user
            owner = self._path.parent.stat()
            os.chown(self._path, owner.st_uid, owner.st_gid, follow_symlinks=False)

    def read(self) -> Code | None:
        """Return the code that was left since the machine started; perhaps it has run out."""
        try:
            return _code(json.loads(self._path.read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            LOGGER.warning("%s cannot be used (%s): run gatehouse-agent pair", self._path, error)
            return None

    def remove(self) -> None:
        """Have it used up; raises OSError."""
        self._path.unlink(missing_ok=True)


def _code(found: object) -> Code | None:
    match found:
        case {"code": str(text), "until": float(until), **more} if _TEXT.fullmatch(text):
            return Code(text=text, until=until) if more.get("boot") == _boot() else None
    raise ValueError("it holds no code")


def _boot() -> str:
    """Name this start of the machine: the clock of a code begins anew with each."""
    try:
        return BOOT.read_text().strip()
    except OSError:
        return ""  # not Linux, where no agent is installed: to refuse would leave no way to pair
