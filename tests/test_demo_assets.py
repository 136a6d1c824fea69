"""What the demo fetches: pinned, kept, told when it is not to be had, and read by Gatehouse."""

import base64
from hashlib import sha256
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from io import BytesIO
import json
from pathlib import Path
import sys
from types import ModuleType
from typing import Any

import numpy as np
import onnx
from PIL import Image
import pytest

from custom_components.gatehouse.vision import MODELS
from custom_components.gatehouse.vision.onnx import Found, load

ROOT = Path(__file__).parents[1]


def script(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Read a script as a module."""
    loader = SourceFileLoader(name.replace("-", "_"), str(ROOT / "scripts" / name))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, loader.name, module)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loader.exec_module(module)
    return module


@pytest.fixture
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script on a machine without apt, npm, pip and network, with a folder of its own."""
    module = script("demo-assets", monkeypatch)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "DEMO", tmp_path)
    monkeypatch.setattr(module, "CACHE", tmp_path / "assets")
    monkeypatch.setattr(module, "CENTERNET", tmp_path / "assets" / "centernet.onnx")
    monkeypatch.setattr(module, "TINY_URL", "http://127.0.0.1:1/yolox_tiny.onnx")
    monkeypatch.setattr(sys, "argv", ["demo-assets"])
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("GATEHOUSE_MODEL", raising=False)
    (tmp_path / "assets").mkdir()
    return module


@pytest.fixture
def video(assets: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A video that was fetched earlier."""
    pinned = assets.Pinned("vtest.avi", sha256(b"a video").hexdigest())
    monkeypatch.setattr(assets, "VTEST", pinned)
    path: Path = pinned.path
    path.write_bytes(b"a video")
    return path


def answer(assets: ModuleType) -> dict[str, Any]:
    """Run the script and return what it wrote."""
    assets.main()
    found: dict[str, Any] = json.loads((assets.DEMO / "assets.json").read_text("utf-8"))
    return found


def test_the_demos_official_model_is_the_one_that_is_offered(assets: ModuleType) -> None:
    tiny = MODELS["yolox_tiny"].files[0]
    original = (ROOT / "scripts" / "demo-assets").read_text("utf-8")
    assert assets.TINY.sha256 == tiny.sha256
    assert f'"{tiny.url}"' in original


def test_a_model_that_is_named_is_taken(
    assets: ModuleType, video: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own = tmp_path / "own.onnx"
    own.touch()
    monkeypatch.setenv("GATEHOUSE_MODEL", str(own))
    assert answer(assets) == {
        "video": str(video),
        "video_kind": "vtest",
        "model": str(own),
        "model_kind": "own",
        "threshold": 0.35,
        "why": "",
    }


def test_a_model_that_is_named_wrongly_is_told(
    assets: ModuleType, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEHOUSE_MODEL", "nowhere.onnx")
    with pytest.raises(SystemExit, match=r"GATEHOUSE_MODEL is nowhere\.onnx, and there is no such"):
        assets.main()


def test_the_converted_model_has_a_threshold_of_its_own(assets: ModuleType, video: Path) -> None:
    assets.CENTERNET.touch()
    found = answer(assets)
    assert (found["model_kind"], found["threshold"]) == ("centernet", 0.25)
    assert "CenterNet" in found["why"]


def test_the_official_model_is_the_first_choice(
    assets: ModuleType, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assets.CENTERNET.touch()
    tiny = assets.Pinned("yolox_tiny.onnx", sha256(b"a model").hexdigest())
    monkeypatch.setattr(assets, "TINY", tiny)
    tiny.path.write_bytes(b"a model")
    found = answer(assets)
    assert (found["model_kind"], found["threshold"], found["why"]) == ("yolox_tiny", 0.35, "")


@pytest.mark.usefixtures("socket_enabled")
def test_without_any_model_the_demo_goes_on_and_says_why(
    assets: ModuleType, video: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = answer(assets)
    assert (found["video"], found["model"]) == (str(video), None)
    said = capsys.readouterr().out
    assert "detection stays off: no model was to be had" in said
    assert "Connection refused" in found["why"]
    assert "there is no npm here" in found["why"]
    assert [each.name for each in assets.CACHE.iterdir()] == ["vtest.avi"]


def test_without_a_video_there_is_nothing_to_play(assets: ModuleType) -> None:
    with pytest.raises(SystemExit, match="no video to play: there is no apt-get here; there is no"):
        assets.main()


def test_a_damaged_video_is_not_played(assets: ModuleType, video: Path) -> None:
    video.write_bytes(b"half a vid")
    with pytest.raises(SystemExit, match="no video to play"):
        assets.main()


class Tensors:
    """A graph as TensorFlow.js keeps it, in the making."""

    def __init__(self) -> None:
        self.nodes: list[dict[str, Any]] = []
        self.weights: list[dict[str, Any]] = []
        self.bytes = b""
        self.add("tower_0/images", "Placeholder")

    def weight(self, value: Any, kind: str = "float32") -> str:
        """Keep a constant; floats lose half of their bits."""
        name = f"weight_{len(self.weights)}"
        array = np.asarray(value, "float16" if kind == "float32" else kind)
        halved = {"quantization": {"dtype": "float16"}} if kind == "float32" else {}
        self.weights.append({"name": name, "shape": list(array.shape), "dtype": kind, **halved})
        self.bytes += array.tobytes()
        self.nodes.append({"name": name, "op": "Const"})
        return name

    def add(self, name: str, operation: str, *inputs: str, stride: int = 1, fused: str = "") -> str:
        attributes = {
            "padding": {"s": base64.b64encode(b"SAME").decode()},
            "strides": {"list": {"i": ["1", str(stride), str(stride), "1"]}},
            "fused_ops": {
                "list": {"s": [base64.b64encode(word.encode()).decode() for word in fused.split()]}
            },
        }
        node = {"name": name, "op": operation, "input": list(inputs), "attr": attributes}
        self.nodes.append(node)
        return name

    def write(self, folder: Path) -> Path:
        manifest = [{"paths": ["centernet.bin"], "weights": self.weights}]
        (folder / "centernet.bin").write_bytes(self.bytes)
        graph = {"modelTopology": {"node": self.nodes}, "weightsManifest": manifest}
        path = folder / "centernet.json"
        path.write_text(json.dumps(graph), "utf-8")
        return path


def red_means_person() -> Tensors:
    """Return a graph in which red is the middle of a person, who reaches 8, 16, 24, 32 pixels."""
    graph = Tensors()
    kernel = np.zeros((4, 4, 3, 1))
    kernel[:, :, 0] = 1 / 16 / 255
    red = graph.add("red", "Conv2D", "tower_0/images", graph.weight(kernel), stride=4)
    red = graph.add("deep", "DepthwiseConv2dNative", red, graph.weight(np.ones((1, 1, 1, 1))))
    red = graph.add("limited", "Relu6", red)
    nothing = graph.weight(np.zeros((8, 8, 3, 79)))
    others = graph.add("others", "Conv2D", "tower_0/images", nothing, stride=8)
    others = graph.add("large", "ResizeBilinear", others, graph.weight([128, 128], "int32"))
    both = graph.add("both", "ConcatV2", red, others, graph.weight(3, "int32"))
    graph.add("tower_0/keypoints", "Identity", both)
    nothing, reach = graph.weight(np.zeros((4, 4, 3, 4))), graph.weight([8, 16, 24, 32])
    fixed = graph.add(
        "fixed", "_FusedConv2D", "tower_0/images", nothing, reach, stride=4, fused="BiasAdd Relu"
    )
    mean = graph.add("mean", "Mean", "tower_0/images", graph.weight([1, 2], "int32"))
    none = graph.add("none", "Mul", mean, graph.weight(0.0))
    none = graph.add("half", "Sigmoid", none)
    none = graph.add("grey", "Mul", none, graph.weight(np.zeros((1, 1, 1, 1))))
    first = graph.add("first", "Conv2D", none, graph.weight(np.zeros((1, 1, 3, 4))))
    graph.add("tower_0/wh", "Add", fixed, first)
    return graph


def test_the_converted_model_finds_what_lights_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    converted = script("tfjs2onnx", monkeypatch).convert(red_means_person().write(tmp_path))
    onnx.save(converted, tmp_path / "centernet.onnx")
    image = Image.new("RGB", (512, 512))
    image.paste("red", (160, 320, 164, 324))
    image.save(written := BytesIO(), "PNG")
    found = load(tmp_path / "centernet.onnx").detect(written.getvalue(), 0.25, {"person"})
    box = (152 / 512, 304 / 512, 184 / 512, 352 / 512)
    assert found == [Found("person", pytest.approx(1.0, abs=0.01), *map(pytest.approx, box))]


def test_an_operation_that_is_not_known_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = Tensors()
    graph.add("tower_0/keypoints", "Softplus", "tower_0/images")
    with pytest.raises(SystemExit, match="tower_0/keypoints is a Softplus, which is not known"):
        script("tfjs2onnx", monkeypatch).convert(graph.write(tmp_path))
