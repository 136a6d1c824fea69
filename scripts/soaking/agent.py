"""Runs an agent whose event loop tells how late it is; on Python 3.11."""

import asyncio
import runpy

from scripts.soaking.lag import attend


class Attended(asyncio.DefaultEventLoopPolicy):
    """Makes loops that are attended."""

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        loop = super().new_event_loop()
        attend(loop)
        return loop


if __name__ == "__main__":
    asyncio.set_event_loop_policy(Attended())
    runpy.run_module("camera_agent", run_name="__main__", alter_sys=True)
