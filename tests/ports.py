"""Ports for servers that tests start."""

from contextlib import ExitStack
from pathlib import Path
import random
import socket
import subprocess
import sys

# Below those that the kernel gives to whoever connects: such a one may be taken before the server
# listens.
LOWEST, HIGHEST = 10_000, 32_000


def free_port() -> int:
    """Return a port of this machine that is free."""
    (port,) = _free(1)
    return port


def free_ports(number: int) -> list[int]:
    """Return so many.

    Another process looks for them: Home Assistant's plugin lets tests open no sockets.
    """
    command = [sys.executable, Path(__file__), str(number)]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    return [int(port) for port in found.stdout.split()]


def _free(number: int) -> list[int]:
    with ExitStack() as held:
        ports = list[int]()
        while len(ports) < number:
            port = random.randrange(LOWEST, HIGHEST)
            try:
                held.enter_context(socket.create_server(("127.0.0.1", port)))
            except OSError:
                continue
            ports.append(port)
        return ports


if __name__ == "__main__":
    print(*_free(int(sys.argv[1])))
