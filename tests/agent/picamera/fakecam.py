"""Runs a camera's process on libcamera's virtual camera: what a Pi has and this machine lacks is put in its place."""
import mmap
import os
import sys
import time
from types import ModuleType

FPS = float(os.environ.get("FAKECAM_FPS", "15"))


class Pixels:
    """Any pixel format of a display that is not there."""

    def __getattr__(self, name):
        return name


display = ModuleType("pykms")  # picamera2 imports its screens' library unconditionally
display.PixelFormat = Pixels()
sys.modules["pykms"] = display

import libcamera
import picamera2.picamera2 as module
from picamera2.allocators.allocator import Allocator


class Memory(Allocator):
    """Buffers in memory files, for want of a DMA heap; two planes, as libcamera's generator needs."""

    class Sync:
        def __init__(self, allocator, buffer, write):
            self.memory = allocator.mapped_buffers[buffer]

        def __enter__(self):
            return self.memory

        def __exit__(self, *_):
            pass

    def __init__(self):
        super().__init__()
        self.sync = self.Sync
        self.mapped_buffers = {}
        self.frame_buffers = {}

    def allocate(self, configuration, use_case):
        for stream in configuration:
            self.frame_buffers[stream.stream] = [self._buffer(stream) for _ in range(stream.buffer_count)]

    def _buffer(self, stream):
        fd = os.memfd_create("frame")
        os.ftruncate(fd, stream.frame_size)
        luma = stream.frame_size * 2 // 3
        planes = []
        for offset, length in ((0, luma), (luma, stream.frame_size - luma)):
            plane = libcamera.FrameBuffer.Plane()
            plane.fd, plane.offset, plane.length = fd, offset, length
            planes.append(plane)
        buffer = libcamera.FrameBuffer(planes)
        self.mapped_buffers[buffer] = mmap.mmap(fd, stream.frame_size)
        return buffer

    def buffers(self, stream):
        return self.frame_buffers[stream]


def pace(request):
    """Make up for a sensor that gives frames as fast as they are taken."""
    global due
    now = time.monotonic()
    due = max(due + 1 / FPS, now)
    time.sleep(due - now)


due = 0.0
module.DmaAllocator = Memory
start = module.Picamera2.start


def paced(self, *args, **kwargs):
    self.pre_callback = pace
    return start(self, *args, **kwargs)


module.Picamera2.start = paced
# The virtual camera has no raw stream; its modes only have to be there.
module.Picamera2._get_raw_modes = lambda self: [{"format": "NV12", "size": (1280, 720)}]

from camera_agent.capture import main

main()
