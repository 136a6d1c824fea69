"""The agent, with `film` for its cameras."""

import sys

from camera_agent import child
from camera_agent.__main__ import main

if __name__ == "__main__":
    # It is final for whoever reads it; here alone another camera is put in its place.
    setattr(child, "PROGRAM", (sys.executable, "-m", "scripts.benchmarks.film"))  # noqa: B010
    sys.exit(main())
