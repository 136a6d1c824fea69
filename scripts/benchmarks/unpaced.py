"""Runs Home Assistant with a Gatehouse that takes as many questions a second as there are.

What somebody may ask is limited (`pace.py`); how fast it is answered is to be measured. It is
started as a file, from Home Assistant's own folder: there is a custom_components in both.
"""

import runpy
import sys


def main() -> None:
    """Run Home Assistant with the arguments that it takes."""
    sys.path[0] = sys.argv[sys.argv.index("-c") + 1]
    from custom_components.gatehouse import pace

    pace.Pace.wait = lambda *_: 0.0  # type: ignore[method-assign]
    runpy.run_module("homeassistant", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
