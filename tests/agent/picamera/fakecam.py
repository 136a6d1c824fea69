"""Runs a camera's process on libcamera's virtual camera, with what a Pi has and this machine lacks.

`fakecam.py FD` is to that machine what `python -m camera_agent.capture FD` is to a Pi.
"""

# mypy: ignore-errors

import mmap
import os
import sys
import time
from types import ModuleType

FPS = 15


class Pixels:
    """Any pixel format of a screen that is not there."""

    def __getattr__(self, name):
        return name


# picamera2 imports the library of its screens in any case.
sys.modules["pykms"] = ModuleType("pykms")
sys.modules["pykms"].PixelFormat = Pixels()

import libcamera  # noqa: E402
from picamera2 import Picamera2  # noqa: E402
from picamera2.allocators.allocator import Allocator  # noqa: E402
import picamera2.picamera2  # noqa: E402

from camera_agent.capture import main  # noqa: E402


class Memory(Allocator):
    """Frames in memory files, for want of a DMA heap; in the two planes that libcamera draws."""

    def __init__(self):
        super().__init__()
        self.sync = Mapped
        self.mapped_buffers = {}
        self.frame_buffers = {}

    def allocate(self, libcamera_config, use_case):
        for stream in libcamera_config:
            frames = [self._frame(stream.frame_size) for _ in range(stream.buffer_count)]
            self.frame_buffers[stream.stream] = frames

    def buffers(self, stream):
        return self.frame_buffers[stream]

    def _frame(self, size):
        fd = os.memfd_create("frame")
        os.ftruncate(fd, size)
        luma = size * 2 // 3
        planes = [libcamera.FrameBuffer.Plane(), libcamera.FrameBuffer.Plane()]
        for plane, offset, length in zip(planes, (0, luma), (luma, size - luma), strict=True):
            plane.fd, plane.offset, plane.length = fd, offset, length
        frame = libcamera.FrameBuffer(planes)
        self.mapped_buffers[frame] = mmap.mmap(fd, size)
        return frame


class Mapped:
    """A frame's memory needs no synchronising."""

    def __init__(self, allocator, frame, write):
        self.memory = allocator.mapped_buffers[frame]

    def __enter__(self):
        return self.memory

    def __exit__(self, *_):
        pass


class Paced(Picamera2):
    """A camera as slow as a sensor: the virtual one gives frames as fast as they are taken."""

    def __init__(self, *args):
        super().__init__(*args)
        self.due = time.monotonic()
        self.pre_callback = self.wait

    def wait(self, request):
        now = time.monotonic()
        self.due = max(self.due + 1 / FPS, now)
        time.sleep(self.due - now)

    def _get_raw_modes(self):
        return [{"format": "NV12", "size": (1280, 720)}]  # it has no raw stream


picamera2.picamera2.DmaAllocator = Memory
picamera2.Picamera2 = Paced
main()
