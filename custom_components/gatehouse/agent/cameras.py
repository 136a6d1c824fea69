"""What an agent says of its cameras, from JSON to nouns."""

from collections.abc import Mapping
from typing import Any

from ..models import CameraInfo, CameraState, CameraStatus
from .decoding import decoding, number, span_or_none, text_or_none, whole


@decoding()
def parse_camera_info(body: Mapping[str, Any]) -> CameraInfo:
    """Return a camera as its agent describes it."""
    return CameraInfo(
        id=str(body["id"]),
        name=str(body["name"]),
        width=whole(body["width"]),
        height=whole(body["height"]),
        fps=number(body["fps"]),
    )


@decoding()
def parse_camera(body: Mapping[str, Any]) -> CameraState:
    """Return what a camera is doing; whatever we have no word for gives no pictures."""
    status = body["status"]
    return CameraState(
        status=CameraStatus(status) if status in CameraStatus else CameraStatus.OFFLINE,
        error=text_or_none(body.get("error")),
        motion=number(body["motion"]),
        moving=bool(body["moving"]),
        fps=number(body["fps"]),
        restarts=whole(body["restarts"]),
        frame_age=span_or_none(body.get("frame_age_s")),
    )
