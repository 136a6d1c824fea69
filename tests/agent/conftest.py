"""What the agent's tests share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from camera_agent.camera_config import CameraConfig, SourceKind

from .watching import Notes

Configured = Callable[..., CameraConfig]
Filmed = Callable[..., Path]


@pytest.fixture
def configured() -> Configured:
    """Make the configuration of a camera: a small pattern, unless something else is said."""

    def make(source: str = "pattern", **settings: Any) -> CameraConfig:
        plain: dict[str, Any] = {"id": "front", "name": "Front door", "width": 320, "height": 180}
        return CameraConfig(source=SourceKind(source), **plain | settings)

    return make


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def filmed(tmp_path: Path) -> Filmed:
    """Make a film; its frame n is a plain picture of brightness 20 + 8 n."""

    def make(
        frames: int = 20, fps: int = 10, size: tuple[int, int] = (320, 180), name: str = "yard.mp4"
    ) -> Path:
        path = tmp_path / name
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=fps)
            stream.width, stream.height = size
            stream.pix_fmt = "yuv420p"
            stream.codec_context.gop_size = 10
            for number in range(frames):
                planes = np.full((size[1] * 3 // 2, size[0]), 128, np.uint8)
                planes[: size[1]] = 20 + 8 * number
                container.mux(stream.encode(av.VideoFrame.from_ndarray(planes, format="yuv420p")))
            container.mux(stream.encode())
        return path

    return make
