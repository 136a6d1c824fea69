"""Says what importing Gatehouse costs where Home Assistant is there already; JSON on stdout.

It is started as a file with the repository's folder: the Python is Home Assistant's.
"""

import gc
from importlib import import_module
import json
import os
from pathlib import Path
import sys
import time
from typing import Final

# What each Home Assistant has loaded when it comes to us.
THERE: Final = (
    "bootstrap",
    "components.api",
    "components.camera.media_source",
    "components.frontend",
    "components.history",
    "components.http",
    "components.logbook",
    "components.media_source",
    "components.recorder.migration",
    "components.stream",
    "components.sun",
)


def main() -> None:
    """Import all that Home Assistant would, and tell what that took."""
    root = Path(sys.argv[1])
    sys.path.insert(0, str(root))
    for name in THERE:
        import_module(f"homeassistant.{name}")
    import_module("av")  # by the set-up of stream
    package = import_module("homeassistant.const")
    for platform in package.Platform:
        import_module(f"homeassistant.components.{platform}")
    gc.disable()  # else it looks, at some moment, through all of Home Assistant
    before, memory, cpu = set(sys.modules), _memory_mb(), time.process_time()
    gatehouse = import_module("custom_components.gatehouse")
    for platform in (*gatehouse.PLATFORMS, "config_flow"):
        import_module(f"custom_components.gatehouse.{platform}")
    told = {
        "cpu_ms": 1000 * (time.process_time() - cpu),
        "memory_mb": _memory_mb() - memory,
        "modules": len(set(sys.modules) - before),
    }
    print(json.dumps(told))
    if "--modules" in sys.argv:
        print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before}), sep="\n")


def _memory_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1_000_000


if __name__ == "__main__":
    main()
