"""The detectors made ready: runtime installed, model fetched, or a sentence that says why not."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from importlib.metadata import PackageNotFoundError
from pathlib import Path
import ssl
import sys
from typing import Any
from unittest.mock import patch

from aiohttp import web
from aiohttp.test_utils import TestServer
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.requirements import RequirementsNotFound
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.gatehouse.const import DEFAULTS, DetectorKind
from custom_components.gatehouse.detection import GRACE, Detection, DetectorStatus
from custom_components.gatehouse.detector_choice import (
    DetectorAgent,
    DetectorChoice,
    service_detector,
)
from custom_components.gatehouse.models import Picture
from custom_components.gatehouse.on_demand import async_installed_runtime
from custom_components.gatehouse.vision import (
    DetectorFailed,
    DetectorState,
    DetectorUnavailable,
    ModelFile,
    ModelSource,
    Runtime,
)
from tests.ha import words
from tests.ha.scripted import ScriptedDetections
from tests.networks import FAMILIES, PERSON, Seen, network, picture
from tests.pairable import make_certificate
from tests.rooms.vision.test_ncnn import ONE, made
from tests.waiting import eventually

PICTURE = Picture(jpeg=picture(), captured=dt_util.utc_from_timestamp(1795000000))
LOCAL = "custom_components.gatehouse.local_detection"
ON_DEMAND = "custom_components.gatehouse.on_demand.async_process_requirements"


def choice(*order: str, **options: Any) -> DetectorChoice:
    """Return what a user chose: detection inside Home Assistant unless said otherwise."""
    chosen = DEFAULTS | {"detectors": list(order or ["local"])} | options
    return DetectorChoice(chosen=chosen, agents={})


class Shelf:
    """A server of files, each of which can be taken away."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        app = web.Application()
        app.router.add_get("/{name}", self._serve)
        self.server = TestServer(app, host="127.0.0.1")

    def source(self, *files: Path) -> ModelSource:
        """Offer these files as a model."""
        self.files |= {file.name: file.read_bytes() for file in files}
        return ModelSource(
            name=files[0].stem,
            files=tuple(
                ModelFile(
                    name=file.name,
                    url=str(self.server.make_url(f"/{file.name}")),
                    sha256=sha256(self.files[file.name]).hexdigest(),
                    size=len(self.files[file.name]),
                )
                for file in files
            ),
        )

    async def _serve(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in self.files:
            raise web.HTTPNotFound
        return web.Response(body=self.files[name])


@pytest.fixture
async def shelf(socket_enabled: None) -> AsyncIterator[Shelf]:
    """A server of models, empty yet."""
    shelf = Shelf()
    await shelf.server.start_server()
    yield shelf
    await shelf.server.close()


@pytest.fixture
def offered(hass: HomeAssistant, shelf: Shelf, tmp_path: Path) -> Iterator[None]:
    """Offer a small model for each runtime, and keep them in a folder of this test's own."""
    hass.config.config_dir = str(tmp_path / "configuration")
    seen = Seen(PERSON, 0.9, 0.25, 0.25, 0.5, 0.75)
    made_here = tmp_path / "made"
    made_here.mkdir()
    param = made(made_here, "nanodet", ONE)
    offers = {
        Runtime.ONNXRUNTIME: shelf.source(
            network(made_here / "small.onnx", FAMILIES["yolox"]([seen]))
        ),
        Runtime.NCNN: shelf.source(param, param.with_suffix(".bin")),
    }
    with patch(f"{LOCAL}.model_for", lambda _, runtime: offers[runtime]):
        yield


@pytest.fixture
def prepared(hass: HomeAssistant) -> Iterator[Callable[[Detection], None]]:
    """Prepare a detection beside the test, and stop when that ends."""
    tasks = []

    def prepare(detection: Detection) -> None:
        tasks.append(hass.async_create_background_task(detection.prepare(), "prepare"))

    yield prepare
    for task in tasks:
        task.cancel()


@pytest.fixture
def impatient() -> Iterator[None]:
    """Try again at once what did not work."""
    with (
        patch(f"{LOCAL}.RETRY_FIRST", timedelta(seconds=0.05)),
        patch(f"{LOCAL}.RETRY_INSTALLING", timedelta(seconds=0.05)),
        patch("custom_components.gatehouse.detection.RETRY_LONGEST", timedelta(seconds=0.05)),
    ):
        yield


def issue(hass: HomeAssistant) -> ir.IssueEntry | None:
    """Return the repair issue about the detectors, if there is one."""
    return ir.async_get(hass).async_get_issue("gatehouse", "detector_unavailable")


def without(monkeypatch: pytest.MonkeyPatch, hass: HomeAssistant, *modules: str) -> None:
    """Be a system on which these cannot be imported, and would have to be installed."""
    hass.config.skip_pip = False
    for module in modules:
        monkeypatch.setitem(sys.modules, module, None)


def no_package(asked: list[str]) -> Any:
    """Have pip find nothing: the thinnest seam there is. Note what it was asked for."""

    def refuse(_hass: object, name: str, wanted: list[str], *, is_built_in: bool) -> None:
        assert not is_built_in
        asked.extend(wanted)
        raise RequirementsNotFound(name, wanted)

    return patch(ON_DEMAND, side_effect=refuse)


# --- Inside Home Assistant -------------------------------------------------------------------


@pytest.mark.usefixtures("offered")
async def test_a_named_model_is_fetched_into_storage_with_progress(
    hass: HomeAssistant, tmp_path: Path
) -> None:
    detection = Detection(hass, choice())
    told: list[tuple[DetectorStatus, int | None]] = []
    unsubscribe = detection.subscribe(lambda: told.append((detection.status, detection.progress)))

    await detection.prepare()
    sight = await detection.detect(lambda: PICTURE)
    unsubscribe()

    assert [found.label for found in sight.detections] == ["person"]
    assert told[-3:] == [
        (DetectorStatus.DOWNLOADING, 100),
        (DetectorStatus.READY, None),
        (DetectorStatus.READY, None),  # and well, since the first picture
    ]
    assert detection.runtime is not None
    assert detection.runtime.startswith("onnxruntime ")
    assert (tmp_path / "configuration" / ".storage" / "gatehouse.models" / "small.onnx").is_file()
    assert issue(hass) is None
    await detection.close()


@pytest.mark.usefixtures("offered")
async def test_who_asks_too_early_waits_for_the_only_detector(hass: HomeAssistant) -> None:
    detection = Detection(hass, choice())
    asked = hass.async_create_task(detection.detect(lambda: PICTURE))

    await detection.prepare()

    assert (await asked).detections
    await detection.close()


@pytest.mark.usefixtures("offered")
async def test_who_asks_too_early_is_answered_by_the_next_detector(
    hass: HomeAssistant, detections: ScriptedDetections
) -> None:
    detections.people = 2
    detection = Detection(hass, choice("local", "remote", remote_url=detections.url))

    sight = await detection.detect(lambda: PICTURE)

    assert len(sight.detections) == 2
    assert [each.state for each in detection.health] == [DetectorState.FAILING, DetectorState.WELL]
    assert detection.status is DetectorStatus.PREPARING
    await detection.close()


@pytest.mark.usefixtures("impatient")
async def test_a_model_that_cannot_be_had_is_said_once_and_tried_again(
    hass: HomeAssistant,
    offered: None,
    shelf: Shelf,
    prepared: Callable[[Detection], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    whole = shelf.files.pop("small.onnx")
    detection = Detection(hass, choice())
    states: list[DetectorStatus] = []
    detection.subscribe(lambda: states.append(detection.status))
    prepared(detection)
    await eventually(lambda: detection.status is DetectorStatus.FAILED)
    assert detection.error is not None
    assert "404" in detection.error
    found = issue(hass)
    assert found is not None
    assert found.translation_placeholders == {"error": detection.error}
    with pytest.raises(DetectorUnavailable, match="404"):
        await detection.detect(lambda: PICTURE)

    shelf.files["small.onnx"] = whole
    await eventually(lambda: detection.status is DetectorStatus.READY)

    assert detection.error is None
    assert issue(hass) is None
    assert caplog.text.count("No pictures are looked at inside Home Assistant") == 1
    await detection.close()


@pytest.mark.usefixtures("offered")
async def test_a_damaged_model_is_not_tried_again(hass: HomeAssistant, tmp_path: Path) -> None:
    file = tmp_path / "mine.onnx"
    file.write_bytes(b"no model")
    detection = Detection(hass, choice(model="file", model_path=str(file)))

    await detection.prepare()

    assert detection.status is DetectorStatus.FAILED
    assert issue(hass) is not None
    await detection.close()


@pytest.mark.parametrize("suffix", ["onnx", "param"])
async def test_a_model_file_says_by_its_name_what_runs_it(
    hass: HomeAssistant, tmp_path: Path, suffix: str
) -> None:
    made(tmp_path, "nanodet", ONE)
    network(tmp_path / "nanodet.onnx", FAMILIES["yolox"]([Seen(PERSON, 0.9, 0.1, 0.1, 0.5, 0.5)]))
    path = tmp_path / f"nanodet.{suffix}"
    detection = Detection(hass, choice(model="file", model_path=str(path)))

    await detection.prepare()

    runtime = {"onnx": "onnxruntime", "param": "ncnn"}[suffix]
    assert detection.runtime is not None
    assert detection.runtime.startswith(runtime)
    assert (await detection.detect(lambda: PICTURE)).detections
    await detection.close()


# --- What cannot be installed ----------------------------------------------------------------


@pytest.mark.usefixtures("offered")
async def test_a_runtime_that_is_there_is_not_installed_again(hass: HomeAssistant) -> None:
    hass.config.skip_pip = False
    detection = Detection(hass, choice())

    with no_package([]):
        await detection.prepare()

    assert detection.status is DetectorStatus.READY
    await detection.close()


async def test_a_build_of_ones_own_is_known_by_its_name_alone(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def version(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("custom_components.gatehouse.on_demand.metadata.version", version)

    assert await async_installed_runtime(hass) == "onnxruntime"


@pytest.mark.usefixtures("offered")
async def test_the_runtime_is_installed_before_the_model_is_loaded(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, hass, "onnxruntime")
    detection = Detection(hass, choice())
    told: list[DetectorStatus] = []
    detection.subscribe(lambda: told.append(detection.status))

    def install(*_: object, is_built_in: bool) -> None:
        monkeypatch.delitem(sys.modules, "onnxruntime")

    with patch(ON_DEMAND, side_effect=install) as asked:
        await detection.prepare()

    assert asked.await_args.args[1:] == ("gatehouse", ["onnxruntime>=1.20"])
    assert (told[0], detection.status) == (DetectorStatus.INSTALLING, DetectorStatus.READY)
    await detection.close()


@pytest.mark.usefixtures("offered")
async def test_where_onnxruntime_has_no_package_ncnn_looks(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, hass, "onnxruntime")
    detection = Detection(hass, choice())

    with no_package(asked := []):
        await detection.prepare()

    assert asked == ["onnxruntime>=1.20"]
    assert detection.runtime is not None
    assert detection.runtime.startswith("ncnn ")
    assert (await detection.detect(lambda: PICTURE)).detections
    assert issue(hass) is None
    await detection.close()


@pytest.mark.usefixtures("offered")
async def test_who_wants_a_provider_does_not_get_another_runtime_instead(
    hass: HomeAssistant, prepared: Callable[[Detection], None]
) -> None:
    detection = Detection(hass, choice(providers=["CUDAExecutionProvider"]))

    prepared(detection)

    await eventually(lambda: detection.status is DetectorStatus.FAILED)
    assert "onnxruntime has no CUDAExecutionProvider" in str(detection.error)
    await detection.close()


@pytest.mark.usefixtures("offered", "impatient")
async def test_a_system_without_any_runtime_is_told_the_way_out(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, prepared: Callable[[Detection], None]
) -> None:
    without(monkeypatch, hass, "onnxruntime", "ncnn")
    detection = Detection(hass, choice())

    with no_package(asked := []):
        prepared(detection)
        await eventually(lambda: len(asked) >= 4)

    assert asked[:2] == ["onnxruntime>=1.20", "ncnn>=1.0.20250503"]
    found = issue(hass)
    assert found is not None
    assert found.translation_placeholders is not None
    text = words.ENGLISH["issues"]["detector_unavailable"]["description"]
    said = text.format(**found.translation_placeholders)
    assert "onnxruntime could not be installed" in said
    assert "ncnn could not be installed" in said
    assert "detection on an agent, or a service" in said
    with pytest.raises(DetectorUnavailable, match="could not be installed"):
        await detection.detect(lambda: PICTURE)

    monkeypatch.undo()
    await eventually(lambda: detection.status is DetectorStatus.READY)
    await detection.close()


@pytest.mark.usefixtures("impatient")
async def test_what_signs_requests_is_installed_when_that_becomes_possible(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, hass, "botocore")
    options = {"lambda_url": "http://127.0.0.1/", "lambda_key_id": "AKIA", "lambda_secret": "x"}
    detection = Detection(hass, choice("lambda", **options))
    answers: list[Exception | None] = [RequirementsNotFound("gatehouse", ["botocore"]), None]

    with patch(ON_DEMAND, side_effect=answers) as asked:
        await detection.prepare()

    assert [call.args[2] for call in asked.await_args_list] == [["botocore>=1.35"]] * 2
    await detection.close()


# --- Several ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("offered")
async def test_no_repair_is_asked_for_while_another_detector_looks(
    hass: HomeAssistant, shelf: Shelf, detections: ScriptedDetections, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no model")
    local = {"model": "file", "model_path": str(broken)}
    detection = Detection(hass, choice("local", "remote", remote_url=detections.url, **local))

    await detection.prepare()
    assert (detection.status, issue(hass)) == (DetectorStatus.READY, None)
    assert "broken.onnx" in str(detection.error)

    await detections.server.close()
    with pytest.raises(DetectorUnavailable):
        await detection.detect(lambda: PICTURE)
    assert detection.status is DetectorStatus.FAILED
    assert issue(hass) is not None
    await detection.close()


async def test_a_service_that_fails_is_a_repair_only_after_a_while(
    hass: HomeAssistant, detections: ScriptedDetections
) -> None:
    url = detections.url
    detection = Detection(hass, choice("remote", remote_url=url.replace("/detect", "/away")))
    assert detection.status is DetectorStatus.READY

    with pytest.raises(DetectorFailed):
        await detection.detect(lambda: PICTURE)
    assert (detection.status, issue(hass)) == (DetectorStatus.FAILED, None)
    assert "404" in str(detection.error)

    async_fire_time_changed(hass, dt_util.utcnow() + GRACE)
    await hass.async_block_till_done()
    assert issue(hass) is not None
    await detection.close()


async def test_a_service_that_comes_back_was_no_repair(
    hass: HomeAssistant, detections: ScriptedDetections
) -> None:
    replies = [web.Response(status=500), web.json_response({"detections": []})]

    async def answer(_: web.Request) -> web.Response:
        return replies.pop(0)

    app = web.Application()
    app.router.add_post("/detect", answer)
    async with TestServer(app, host="127.0.0.1") as server:
        with patch("custom_components.gatehouse.vision.lineup.FIRST_REST", 0.0):
            detection = Detection(
                hass, choice("remote", remote_url=str(server.make_url("/detect")))
            )
            with pytest.raises(DetectorFailed):
                await detection.detect(lambda: PICTURE)
            await detection.detect(lambda: PICTURE)

    async_fire_time_changed(hass, dt_util.utcnow() + GRACE)
    await hass.async_block_till_done()

    assert (detection.status, issue(hass)) == (DetectorStatus.READY, None)
    await detection.close()


@asynccontextmanager
async def looking_agent(
    asked: list[str | None], shown: ssl.SSLContext | None = None
) -> AsyncIterator[dict[str, Any]]:
    """Run an agent that notes who asks it to look, and give its address."""

    async def detect(request: web.Request) -> web.Response:
        asked.append(request.headers.get("Authorization"))
        return web.json_response({"detections": [], "width": 64, "height": 64})

    app = web.Application()
    app.router.add_post("/api/v1/detect", detect)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server(ssl=shown)
    yield {"host": "127.0.0.1", "port": server.port, "token": "a-token"}
    await server.close()


def choice_of(address: dict[str, Any]) -> DetectorChoice:
    """Return what a user chose who has the agent at this address look."""
    porch = DetectorAgent(name="Porch", address=address)
    return replace(choice("agent", detector_agent="c0ffee"), agents={"c0ffee": porch})


async def test_an_agent_is_asked_by_its_address_and_called_by_its_name(
    hass: HomeAssistant, socket_enabled: None
) -> None:
    asked: list[str | None] = []
    async with looking_agent(asked) as address:
        detection = Detection(hass, choice_of(address))

        await detection.detect(lambda: PICTURE)

    assert asked == ["Bearer a-token"]
    assert list(detection.names.values()) == ["Porch"]
    await detection.close()


@pytest.mark.parametrize("known", [True, False], ids=["its certificate", "another certificate"])
async def test_an_agent_that_was_paired_sees_pictures_and_its_token_over_its_own_tls_alone(
    hass: HomeAssistant, socket_enabled: None, tmp_path: Path, known: bool
) -> None:
    asked: list[str | None] = []
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    fingerprint = make_certificate(tmp_path / "agent.pem")
    shown.load_cert_chain(tmp_path / "agent.pem")
    async with looking_agent(asked, shown) as address:
        paired = address | {"fingerprint": fingerprint if known else "0" * 64}
        detector = service_detector(hass, DetectorKind.AGENT, choice_of(paired))

        if known:
            await detector.detect(lambda: PICTURE)
        else:
            with pytest.raises(DetectorFailed, match="it shows another certificate"):
                await detector.detect(lambda: PICTURE)

    assert asked == (["Bearer a-token"] if known else [])


async def test_a_function_that_everybody_may_ask_is_asked_without_a_key(
    hass: HomeAssistant, socket_enabled: None
) -> None:
    asked: list[str | None] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.headers.get("Authorization"))
        return web.json_response({"detections": []})

    app = web.Application()
    app.router.add_post("/", answer)
    async with TestServer(app, host="127.0.0.1") as server:
        detection = Detection(hass, choice("lambda", lambda_url=str(server.make_url("/"))))
        await detection.prepare()
        await detection.detect(lambda: PICTURE)

    assert asked == [None]
    await detection.close()


async def test_home_assistant_itself_is_no_service(hass: HomeAssistant) -> None:
    with pytest.raises(ValueError, match="local is no service"):
        service_detector(hass, DetectorKind.LOCAL, choice())


async def test_a_site_stands_when_the_agent_that_detected_has_left_it(hass: HomeAssistant) -> None:
    detection = Detection(hass, choice("agent", detector_agent="c0ffee"))

    with pytest.raises(DetectorUnavailable, match="not part of the site"):
        await detection.detect(lambda: PICTURE)

    assert detection.status is DetectorStatus.FAILED
    await detection.close()


async def test_without_detectors_nobody_is_seen(hass: HomeAssistant) -> None:
    detection = Detection(hass, replace(choice(), chosen=DEFAULTS | {"detectors": []}))

    await detection.prepare()

    assert not detection.looks
    assert detection.status is DetectorStatus.OFF
    assert (detection.health, detection.runtime) == ((), None)
    assert not (await detection.detect(lambda: PICTURE)).detections
    await detection.close()
