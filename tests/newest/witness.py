"""Somebody who stands beside a camera and sees for himself who comes and goes."""

import asyncio
from datetime import UTC, datetime
from typing import Self

import aiohttp

from camera_agent.wire import CAPTURED_HEADER, SNAPSHOT
from custom_components.gatehouse.models import Picture
from custom_components.gatehouse.vision import DetectorOptions, OnnxDetector
from scripts.demonstration.places import LOCAL, Assets

GONE_FOR = 20  # pictures in a row that show nobody; two seconds


class Witness:
    """Asks an agent for one picture after the other, which is not listening to its feed."""

    def __init__(self, detector: OnnxDetector, address: str, token: str) -> None:
        self._detector = detector
        self._address = address
        self._headers = {"Authorization": f"Bearer {token}"}

    @classmethod
    async def of(cls, assets: Assets, port: int, camera: str, token: str) -> Self:
        assert assets.model is not None
        options = DetectorOptions(threshold=assets.threshold, labels=frozenset({"person"}))
        detector = await OnnxDetector.load(assets.model, options)
        return cls(detector, f"http://{LOCAL}:{port}{SNAPSHOT.format(camera=camera)}", token)

    async def a_visit(self, seconds: float) -> tuple[datetime, datetime]:
        """Wait until nobody is there, somebody comes, and leaves; return when he was seen."""
        async with asyncio.timeout(seconds), aiohttp.ClientSession() as session:
            await self._nobody(session)
            while not (first := await self._look(session)):
                pass
            return first, await self._nobody(session) or first

    async def close(self) -> None:
        await self._detector.close()

    async def _nobody(self, session: aiohttp.ClientSession) -> datetime | None:
        """Wait until nobody has been there for a while; return when somebody was seen last."""
        last, empty = None, 0
        while empty < GONE_FOR:
            seen = await self._look(session)
            last, empty = seen or last, 0 if seen else empty + 1
        return last

    async def _look(self, session: aiohttp.ClientSession) -> datetime | None:
        """Return when the newest picture was taken, if it shows somebody."""
        await asyncio.sleep(0.1)
        async with session.get(self._address, headers=self._headers) as response:
            response.raise_for_status()
            captured = datetime.fromtimestamp(float(response.headers[CAPTURED_HEADER]), UTC)
            picture = Picture(jpeg=await response.read(), captured=captured)
        return captured if (await self._detector.detect(lambda: picture)).detections else None
