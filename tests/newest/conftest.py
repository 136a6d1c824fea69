"""Gatehouse on the newest Home Assistant, as real processes spoken to as by their owner."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
import json
import os
from pathlib import Path
import subprocess
import sys
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from scripts.demonstration.places import DEMO, PLACES, ROOT, Assets

from .site import Scene, Site

MATERIAL = Path(os.environ.get("GATEHOUSE_MATERIAL", ROOT.parent / "shared"))
PATIENCE = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A demonstration that is over."""

    folder: Path
    seen: dict[str, Any]


def demo_command(folder: Path, *options: str) -> list[str]:
    """Return how the demonstration is started."""
    return [sys.executable, "-m", "scripts.demonstration", "--folder", str(folder), *options]


@pytest.fixture(scope="session")
def assets() -> Assets:
    """Return what the demonstration plays and detects with, fetched before by scripts/test."""
    file = DEMO / "assets.json"
    if not file.is_file():
        pytest.skip("there is nothing to play: scripts/demo-assets says why")
    found = Assets.load(file)
    if found.model is None or found.video_kind != "vtest":
        pytest.skip(f"there is only {found.video.name} to play, and {found.why or found.model}")
    return found


@pytest.fixture(scope="session")
def scene(request: pytest.FixtureRequest) -> Scene:
    """Return a video in which one person comes and goes: the material's, else the demo's."""
    path = next(place for place in PLACES if place.agent == "path")
    video = MATERIAL / "media" / "clips" / "onebyone_dev.mp4"
    model = MATERIAL / "models" / "yolox_nano.onnx"
    if not (video.is_file() and model.is_file()):
        return Scene(place=path, assets=request.getfixturevalue("assets"))
    view = {"width": 768, "height": 432, "fps": 10, "start": 0, "end": 22.4}
    return Scene(
        place=replace(path, views={"onebyone": view}),
        assets=Assets(
            video=video,
            video_kind="onebyone",
            model=model,
            model_kind="yolox_nano",
            threshold=0.35,
            why="",
        ),
    )


@pytest.fixture(scope="session")
def shown(assets: Assets, tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """Let the demonstration run until it has seen an incident, and stop."""
    folder = tmp_path_factory.mktemp("demo")
    done = subprocess.run(
        demo_command(folder, "--check", "100"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Shown(folder=folder, seen=json.loads(done.stdout))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def site(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """Return a site that runs as long as the tests do."""
    async with aiohttp.ClientSession() as session:
        site = Site(tmp_path_factory.mktemp("site"), scene, session)
        try:
            await site.start_agent()
            await site.start_home()
            yield site
        finally:
            await site.stop()
