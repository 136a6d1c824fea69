"""Is a program whose work is one module of this room: nice to all others, gone with its parent.

Arguments: the module's file, and what its `main` is told.
"""

from importlib.util import module_from_spec, spec_from_file_location
import os
from pathlib import Path
import sys
from threading import Thread
from types import ModuleType
from typing import Final

NICEST: Final = 19
STDIN: Final = 0

ROOM: Final = Path(__file__).parent
PACKAGES: Final = {"gatehouse": ROOM.parent, "gatehouse.footage": ROOM}


def main(arguments: list[str]) -> None:
    os.nice(NICEST)
    Thread(target=_end_with_parent, daemon=True).start()
    sys.argv = arguments
    module(Path(arguments[0])).main(arguments[1:])


def module(path: Path) -> ModuleType:
    """Import a module of this room with its neighbours, and nothing of the house around them."""
    for name, folder in PACKAGES.items():
        # The real packages would import all that is in them, and so Home Assistant.
        package = sys.modules[name] = ModuleType(name)
        package.__path__ = [str(folder)]
    spec = spec_from_file_location(f"gatehouse.footage.{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no module.")
    made = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def _end_with_parent() -> None:
    """End when whoever started this has ended: then nobody holds the other end of our input."""
    os.read(STDIN, 1)
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
