"""Says what onnxruntime and a model take of memory where nothing is around them; MB on stdout.

It is started as a file with the model's: the Python is Home Assistant's.
"""

import os
from pathlib import Path
import sys
from typing import Any

import numpy as np
import PIL.Image  # noqa: F401 - Home Assistant has it already, as it has numpy

KINDS = {"tensor(float)": np.float32, "tensor(int64)": np.int64}


def main() -> None:
    """Load both, and look at nothing once."""
    before = _memory_mb()
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
    session.run(None, {each.name: _nothing(each) for each in session.get_inputs()})
    print(_memory_mb() - before)


def _nothing(wanted: Any) -> Any:
    shape = [side if isinstance(side, int) else 1 for side in wanted.shape]
    return np.ones(shape, KINDS[wanted.type])


def _memory_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1_000_000


if __name__ == "__main__":
    main()
