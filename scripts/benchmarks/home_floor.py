"""What nobody gets below who adds as much: code, bare entities, a bare model."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from .homes import python


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasons:
    """What parts of it take by themselves."""

    import_ms: float
    """Of the processor, to load our code."""
    import_mb: float
    model_mb: float | None = None
    """Of onnxruntime with the model, in a process of its own; None if there is none."""

    def of_start(self, entities: list[list[float]] | None, bare: list[list[float]]) -> str:
        """Say what a start of these many entities takes beside one without, and the code."""
        parts = [f"loading the code takes {self.import_ms:.0f} ms of the processor"]
        if entities:
            times = median(one[0] / other[0] for one, other in zip(entities, bare, strict=True))
            parts.append(f"a start with as many bare entities takes {times:.2f} times that without")
        return ", ".join(parts)

    def of_memory(self, entities_mb: float | None, *, with_model: bool) -> str:
        """Say what of the memory is code, bare entities and a bare model."""
        parts = [f"the code takes {self.import_mb:.0f} MB"]
        if entities_mb is not None:
            parts.append(f"as many bare entities {entities_mb:.0f} MB")
        if with_model and self.model_mb is not None:
            parts.append(f"onnxruntime with the model alone {self.model_mb:.0f} MB")
        return ", ".join(parts)


async def model_mb(model: Path) -> float:
    """Return what onnxruntime and a model take of memory, where nothing is around them."""
    process = await asyncio.create_subprocess_exec(
        python(),
        Path(__file__).with_name("home_model.py"),
        model,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    said, _ = await process.communicate()
    return float(said)
