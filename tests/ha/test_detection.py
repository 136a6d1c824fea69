"""The detector made ready: runtime installed, model fetched, or a sentence that says why not."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from unittest.mock import patch

from aiohttp import web
from aiohttp.test_utils import TestServer
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.requirements import RequirementsNotFound
from homeassistant.util import dt as dt_util
import pytest

from custom_components.gatehouse.detection import Detection, DetectorChoice, DetectorStatus
from custom_components.gatehouse.models import Picture
from custom_components.gatehouse.vision import DetectorOptions, DetectorUnavailable, ModelSource
from tests.networks import FAMILIES, PERSON, Seen, network, picture
from tests.waiting import eventually

PICTURE = Picture(jpeg=picture(), captured=dt_util.utc_from_timestamp(1795000000))


def choice(**changes: str) -> DetectorChoice:
    """Return what a user chose; a model by name unless said otherwise."""
    fields = {"kind": "local", "model": "small", "model_path": "", "remote_url": ""} | changes
    return DetectorChoice(options=DetectorOptions(), **fields)


@pytest.fixture
async def source(socket_enabled: None, tmp_path: Path) -> AsyncIterator[ModelSource]:
    """A small model, which sees one person, at an address on loopback."""
    seen = Seen(PERSON, 0.9, 0.25, 0.25, 0.5, 0.75)
    whole = network(tmp_path / "small.onnx", FAMILIES["yolox"]([seen])).read_bytes()

    async def serve(_: web.Request) -> web.Response:
        return web.Response(body=whole)

    app = web.Application()
    app.router.add_get("/small.onnx", serve)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    yield ModelSource(
        name="small",
        url=str(server.make_url("/small.onnx")),
        sha256=sha256(whole).hexdigest(),
        size=len(whole),
    )
    await server.close()


@pytest.fixture
def offered(hass: HomeAssistant, source: ModelSource, tmp_path: Path) -> Iterator[None]:
    """Offer the small model, and keep what is fetched in a folder of this test's own."""
    hass.config.config_dir = str(tmp_path)
    with patch("custom_components.gatehouse.detection.MODELS", {"small": source}):
        yield


def issue(hass: HomeAssistant) -> ir.IssueEntry | None:
    """Return the repair issue about the detector, if there is one."""
    return ir.async_get(hass).async_get_issue("gatehouse", "detector_unavailable")


@pytest.mark.usefixtures("offered")
async def test_a_named_model_is_fetched_into_storage_with_progress(
    hass: HomeAssistant, tmp_path: Path
) -> None:
    detection = Detection(hass, choice())
    told: list[tuple[DetectorStatus, int | None]] = []
    unsubscribe = detection.subscribe(lambda: told.append((detection.status, detection.progress)))

    await detection.prepare()
    sight = await detection.detect(lambda: PICTURE)
    await detection.close()
    unsubscribe()

    assert [found.label for found in sight.detections] == ["person"]
    assert told[0] == (DetectorStatus.DOWNLOADING, None)
    assert (DetectorStatus.DOWNLOADING, 100) in told
    assert told[-1] == (DetectorStatus.READY, None)
    assert (tmp_path / ".storage" / "gatehouse.models" / "small.onnx").is_file()
    assert issue(hass) is None


@pytest.mark.usefixtures("offered")
async def test_who_asks_too_early_waits_for_the_detector(hass: HomeAssistant) -> None:
    detection = Detection(hass, choice())
    asked = hass.async_create_task(detection.detect(lambda: PICTURE))

    await detection.prepare()

    assert (await asked).detections
    await detection.close()


async def test_a_model_that_cannot_be_had_is_said_once_and_tried_again(
    hass: HomeAssistant, source: ModelSource, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hass.config.config_dir = str(tmp_path)
    offers = {"small": replace(source, url=source.url.replace("small", "gone"))}
    with (
        patch("custom_components.gatehouse.detection.MODELS", offers),
        patch("custom_components.gatehouse.detection.RETRY_FIRST", timedelta(seconds=0.05)),
    ):
        detection = Detection(hass, choice())
        preparing = hass.async_create_task(detection.prepare())
        await eventually(lambda: detection.status is DetectorStatus.FAILED)
        assert detection.error is not None
        assert "404" in detection.error
        found = issue(hass)
        assert found is not None
        assert found.translation_placeholders == {"error": detection.error}
        with pytest.raises(DetectorUnavailable, match="404"):
            await detection.detect(lambda: PICTURE)
        await eventually(lambda: detection.status is DetectorStatus.DOWNLOADING)
        await eventually(lambda: detection.status is DetectorStatus.FAILED)
        assert caplog.text.count("Detection is not available") == 1

        offers["small"] = source
        await preparing

    assert detection.status is DetectorStatus.READY
    assert detection.error is None
    assert issue(hass) is None
    assert (await detection.detect(lambda: PICTURE)).detections
    await detection.close()


@pytest.mark.usefixtures("offered")
async def test_a_system_without_the_runtime_is_told_what_to_do(hass: HomeAssistant) -> None:
    hass.config.skip_pip = False
    detection = Detection(hass, choice())

    # The thinnest seam: what pip would say on a system that has no wheel.
    with patch(
        "custom_components.gatehouse.detection.async_process_requirements",
        side_effect=RequirementsNotFound("gatehouse", ["onnxruntime>=1.20"]),
    ):
        await detection.prepare()

    assert detection.status is DetectorStatus.FAILED
    assert detection.error is not None
    assert "detection service" in detection.error
    assert issue(hass) is not None
    with pytest.raises(DetectorUnavailable):
        await detection.detect(lambda: PICTURE)
    await detection.close()


@pytest.mark.usefixtures("offered")
async def test_the_runtime_is_installed_before_the_model_is_loaded(hass: HomeAssistant) -> None:
    hass.config.skip_pip = False
    detection = Detection(hass, choice())

    with patch("custom_components.gatehouse.detection.async_process_requirements") as install:
        await detection.prepare()

    assert install.await_args.args[1:] == ("gatehouse", ["onnxruntime>=1.20"])
    assert detection.status is DetectorStatus.READY
    await detection.close()


async def test_a_detector_that_is_switched_off_sees_nobody(hass: HomeAssistant) -> None:
    detection = Detection(hass, choice(kind="off"))

    await detection.prepare()

    assert not detection.looks
    assert detection.status is DetectorStatus.OFF
    assert not (await detection.detect(lambda: PICTURE)).detections
    await detection.close()
    with pytest.raises(DetectorUnavailable):
        await detection.detect(lambda: PICTURE)
