"""The serial line of a reader: a pseudo-terminal in its place."""

import fcntl
from functools import reduce
from operator import xor
import os
from pathlib import Path
import termios
import tty


class Line:
    """A line over which cards come as an RDM6300 tells them, whether or not anybody listens."""

    def __init__(self, path: Path) -> None:
        """Be found at a path."""
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        os.set_blocking(self._ours, False)
        path.symlink_to(os.ttyname(self._theirs))

    def show(self, card: str) -> None:
        """Send a card; raises OSError if nobody has read the line for long."""
        checksum = reduce(xor, bytes.fromhex(card))
        os.write(self._ours, b"\x02%s%02X\x03" % (card.encode(), checksum))

    def let_go(self) -> None:
        """Take it back from a program that had it for itself, and was killed.

        A real port does so when its last user ends; here we are another one.
        """
        fcntl.ioctl(self._theirs, termios.TIOCNXCL)

    def close(self) -> None:
        """Cut the line."""
        os.close(self._ours)
        os.close(self._theirs)
