"""Real networks see the same people without the margin around a picture, real pictures shown."""

import numpy as np
import pytest

from custom_components.gatehouse.models import Box
from custom_components.gatehouse.vision.ncnn import NcnnNetwork
from custom_components.gatehouse.vision.onnx import CPU, Eye, Found, Network, OnnxNetwork
from tests.networks import picture
from tests.rooms.vision.test_accuracy import MODELS, OFFERED, material, overlap, pictures

SURE = 0.5


def opened(runtime: str) -> Network:
    path = MODELS / OFFERED[runtime][1]
    return OnnxNetwork(path, 1, [CPU]) if path.suffix == ".onnx" else NcnnNetwork(path, 1)


def eye(network: Network, step: int) -> Eye:
    canvas = np.empty((1, 3, *network.size), np.float32)
    return Eye(canvas, network.family, network.labels, step)


def people(network: Network, by: Eye, jpeg: bytes) -> list[Found]:
    by.paint(jpeg)
    return by.read(network.run(by.canvas), SURE / 2, {"person"})


@material
@pytest.mark.parametrize("runtime", OFFERED)
def test_people_are_the_same_without_the_margin(runtime: str) -> None:
    network = opened(runtime)
    spared, whole = eye(network, network.step), eye(network, 0)
    for jpeg in pictures("clear"):
        fewer, more = people(network, spared, jpeg), people(network, whole, jpeg)
        for one in (each for each in more if each.score > SURE):
            assert any(overlap(Box(*one[2:]), Box(*other[2:])) > 0.8 for other in fewer)


@material
@pytest.mark.parametrize("runtime", OFFERED)
def test_what_is_offered_is_shown_less_of_wide_pictures(runtime: str) -> None:
    network = opened(runtime)
    by = eye(network, network.step)
    by.paint(picture(1280, 720))
    assert by.canvas.shape == (1, 3, 288, 416)
