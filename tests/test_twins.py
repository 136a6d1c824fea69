"""The files that both programs carry are the same to the byte."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("leads", "follows"),
    [
        ("camera_agent/wire.py", "custom_components/gatehouse/agent/wire.py"),
        ("camera_agent/onnx.py", "custom_components/gatehouse/vision/onnx.py"),
        ("camera_agent/families.py", "custom_components/gatehouse/vision/families.py"),
        ("camera_agent/gauges.py", "custom_components/gatehouse/care/gauges.py"),
        ("camera_agent/viewer.py", "custom_components/gatehouse/viewer.py"),
        ("camera_agent/hardware/nvidia.py", "custom_components/gatehouse/care/nvidia.py"),
    ],
)
def test_a_twin_is_the_same_in_both_programs(leads: str, follows: str) -> None:
    assert (ROOT / leads).read_bytes() == (ROOT / follows).read_bytes(), "run scripts/sync-twins"
