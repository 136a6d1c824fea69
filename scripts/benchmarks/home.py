"""What Gatehouse is to a Home Assistant: pictures through it, and what it adds to it."""

from pathlib import Path
from tempfile import TemporaryDirectory

from . import home_viewing, home_weight
from .harness import Depth
from .results import Missing, Result


async def measured(folder: Path, depth: Depth) -> list[Result | Missing]:
    """Measure all of it, in real Home Assistants with real agents."""
    kept = folder / "mjpeg"
    with TemporaryDirectory(prefix="gatehouse-") as name:
        here = Path(name)
        viewing = await home_viewing.measured(here / "viewing", kept, depth)
        return viewing + await home_weight.measured(here / "weight", kept, depth)
