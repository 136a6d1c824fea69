"""What an agent says of its cameras, from JSON to nouns."""

from collections.abc import Mapping
from typing import Any

from ..models import CameraInfo, CameraState, CameraStatus
from .decoding import decoding, span_or_none


@decoding()
def parse_camera_info(body: Mapping[str, Any]) -> CameraInfo:
    """Return a camera as its agent describes it."""
    return CameraInfo(
        id=str(body["id"]),
        name=str(body["name"]),
        width=int(body["width"]),
        height=int(body["height"]),
        fps=float(body["fps"]),
    )


@decoding()
def parse_camera(body: Mapping[str, Any]) -> CameraState:
    """Return what a camera is doing; whatever we have no word for gives no pictures."""
    status = body["status"]
    return CameraState(
        status=CameraStatus(status) if status in CameraStatus else CameraStatus.OFFLINE,
        error=body.get("error"),
        motion=float(body["motion"]),
        moving=bool(body["moving"]),
        fps=float(body["fps"]),
        restarts=int(body["restarts"]),
        frame_age=span_or_none(body.get("frame_age_s")),
    )
