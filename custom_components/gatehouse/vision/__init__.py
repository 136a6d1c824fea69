"""Pixels in, detections out."""

from .aws_lambda import AwsKey, LambdaDetector
from .codeproject import CodeProjectDetector
from .detector import Detector, DetectorOptions, NcnnDetector, NoDetector, OnnxDetector, Sight
from .errors import (
    BadModel,
    BadPicture,
    DetectorFailed,
    DetectorUnavailable,
    ModelUnavailable,
    VisionError,
)
from .kserve import KServeDetector
from .lineup import DetectorHealth, DetectorState, Lineup
from .model import MODELS, ModelFile, ModelSource, Runtime, fetch_model, model_for
from .onnx import size_of
from .remote import RemoteDetector
from .still import Still, read_still
from .thumbnail import thumbnail

__all__ = [
    "MODELS",
    "AwsKey",
    "BadModel",
    "BadPicture",
    "CodeProjectDetector",
    "Detector",
    "DetectorFailed",
    "DetectorHealth",
    "DetectorOptions",
    "DetectorState",
    "DetectorUnavailable",
    "KServeDetector",
    "LambdaDetector",
    "Lineup",
    "ModelFile",
    "ModelSource",
    "ModelUnavailable",
    "NcnnDetector",
    "NoDetector",
    "OnnxDetector",
    "RemoteDetector",
    "Runtime",
    "Sight",
    "Still",
    "VisionError",
    "fetch_model",
    "model_for",
    "read_still",
    "size_of",
    "thumbnail",
]
