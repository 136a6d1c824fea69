"""Is footage's `program.py`, and gives way to nobody: a test waits for what it does.

On a machine whose processors are all busy, what gives way to all others gets nothing done.
"""

import os
from pathlib import Path
import runpy
from typing import Final

EAGER: Final = Path(__file__)
NICE: Final = EAGER.parents[1] / "custom_components" / "gatehouse" / "footage" / "program.py"

if __name__ == "__main__":
    vars(os).update(nice=int)
    runpy.run_path(str(NICE), run_name="__main__")
