"""The agent's unit, and what it has to be told of the machine that it runs on.

An installer runs `python -m camera_agent.service unit`, and `… groups [ROOT]` for the drop-in.
"""

from collections.abc import Sequence
from pathlib import Path
import sys
from typing import Final

UNIT: Final = Path(__file__).parent / "systemd" / "gatehouse-agent.service"
DROP_IN: Final = Path("etc/systemd/system/gatehouse-agent.service.d/groups.conf")
# Who may use which devices, on Raspberry Pi OS and Debian, and who may read agent.toml.
GROUPS: Final = {
    "video": "cameras and the firmware",
    "render": "memory that cameras share",
    "gpio": "lines of the pin header",
    "spi": "readers on SPI",
    "i2c": "readers on I2C",
    "dialout": "readers on serial ports",
    "input": "readers on USB",
    "gatehouse": "agent.toml",
}


def groups(root: Path = Path("/")) -> dict[str, int]:
    """Return those of our groups that there are on a machine, by number; raises OSError."""
    lines = (root / "etc/group").read_text(encoding="utf-8").splitlines()
    there = {name: int(number) for name, _, number, *_ in (line.split(":") for line in lines)}
    return {group: there[group] for group in GROUPS if group in there}


def drop_in(root: Path = Path("/")) -> str:
    """Return the drop-in that puts the agent into them."""
    return f"[Service]\nSupplementaryGroups={' '.join(groups(root))}\n"


def main(arguments: Sequence[str]) -> int:
    """Print the unit, or the drop-in for a machine whose root may be given."""
    match arguments:
        case ["unit"]:
            print(UNIT.read_text(encoding="utf-8"), end="")
        case ["groups"]:
            print(drop_in(), end="")
        case ["groups", root]:
            print(drop_in(Path(root)), end="")
        case _:
            print("gatehouse: say unit, or groups [ROOT]", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
