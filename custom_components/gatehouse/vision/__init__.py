"""Pixels in, detections out."""

from .detector import Detector, DetectorOptions, NoDetector, OnnxDetector, Sight
from .errors import (
    BadModel,
    BadPicture,
    DetectorFailed,
    DetectorUnavailable,
    ModelUnavailable,
    VisionError,
)
from .model import MODELS, ModelSource, fetch_model
from .remote import RemoteDetector
from .thumbnail import thumbnail

__all__ = [
    "MODELS",
    "BadModel",
    "BadPicture",
    "Detector",
    "DetectorFailed",
    "DetectorOptions",
    "DetectorUnavailable",
    "ModelSource",
    "ModelUnavailable",
    "NoDetector",
    "OnnxDetector",
    "RemoteDetector",
    "Sight",
    "VisionError",
    "fetch_model",
    "thumbnail",
]
