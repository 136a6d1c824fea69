"""What the demo fetches: pinned, found again at once, and converted so that Gatehouse reads it."""

import base64
from collections.abc import Iterable
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
import json
from pathlib import Path
import subprocess
import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from custom_components.gatehouse.vision import MODELS
from custom_components.gatehouse.vision.onnx import Model
from tests.networks import picture

ROOT = Path(__file__).parents[1]


def script(name: str) -> ModuleType:
    loader = SourceFileLoader(name.replace("-", "_"), str(ROOT / "scripts" / name))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    sys.modules[loader.name] = module
    loader.exec_module(module)
    return module


@pytest.fixture
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, with a cache of its own and a video in it."""
    module = script("demo-assets")
    monkeypatch.setattr(module, "DEMO", tmp_path)
    monkeypatch.setattr(module, "CACHE", tmp_path / "assets")
    monkeypatch.setattr(module, "CENTERNET", tmp_path / "assets" / "centernet.onnx")
    monkeypatch.setattr(sys, "argv", ["demo-assets"])
    monkeypatch.delenv("GATEHOUSE_MODEL", raising=False)
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "clip.mp4").write_bytes(b"a clip")
    clip = "30f0a72a14c9d0ff0b8b7ad2a4c2c1ab"
    monkeypatch.setattr(module, "VTEST", module.Pinned("none.avi", clip))
    return module
