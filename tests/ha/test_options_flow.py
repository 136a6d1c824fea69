"""The options: what is answered is tried, and saving one part leaves the others alone."""

from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
import sys
from typing import Any
from unittest.mock import patch

from aiohttp import web
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.requirements import RequirementsNotFound
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from yarl import URL

from custom_components.gatehouse import language_steps
from custom_components.gatehouse.const import DEFAULTS, DetectorKind
from custom_components.gatehouse.footage_forms import RULE_FORMS
from custom_components.gatehouse.options_forms import FORMS, MENU
from custom_components.gatehouse.vision import AwsKey, ModelFile, ModelSource
from tests.ha import words
from tests.ha.asking import answer, opened, serving
from tests.ha.scripted import AGENT_ID, ScriptedAgent, scripted_detections
from tests.ha.site import site_with, subentry_of
from tests.networks import network, yolov8
from tests.rooms.language.servers import FINE, TEXT, Scripted, refuses, spoken
from tests.rooms.vision.servers import Function, Triton

OPTIONS = words.ENGLISH["options"]
SAVED = FlowResultType.CREATE_ENTRY
NOBODY = {"success": True, "predictions": []}

pytestmark = pytest.mark.usefixtures("never_set_up")


@pytest.fixture
def site(hass: HomeAssistant) -> MockConfigEntry:
    """A site with a few options that are not the usual ones."""
    site = site_with(idle=10, longest=300, threshold=0.5)
    site.add_to_hass(hass)
    return site


@pytest.fixture
async def server(socket_enabled: None) -> AsyncIterator[Scripted]:
    """A server of language models that lists two of them, and can talk."""
    server = Scripted()
    server.chat(FINE)
    await server.start()
    yield server
    await server.stop()


async def tried(hass: HomeAssistant, form: Any, **fields: Any) -> Any:
    """Answer what is asked of the detector inside Home Assistant, and wait until it was tried."""
    trial = await answer(hass, form, **fields)
    assert (trial["type"], trial["progress_action"]) == (
        FlowResultType.SHOW_PROGRESS,
        "local_trial",
    )
    assert OPTIONS["progress"][trial["progress_action"]]
    await hass.async_block_till_done()
    return await hass.config_entries.options.async_configure(form["flow_id"])


async def detectors(hass: HomeAssistant, site: MockConfigEntry, *kinds: str) -> Any:
    """Choose detectors, and come to the form of the first of them."""
    form = await opened(hass, site, "detection")
    return await answer(hass, form, detectors=list(kinds))


async def test_a_site_without_cameras_is_not_asked_for_their_rules(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    menu = await hass.config_entries.options.async_init(site.entry_id)

    assert menu["type"] is FlowResultType.MENU
    assert menu["menu_options"] == [
        "detection",
        "incidents",
        "footage",
        "offsite",
        "retention",
        "language",
        "access",
        "database",
    ]


def test_every_option_is_asked_for_once() -> None:
    forms = (form for step, form in FORMS.items() if step not in RULE_FORMS)
    fields = [str(key) for form in forms for key in form.schema]

    assert sorted([*fields, "camera_rules"]) == sorted(DEFAULTS)


@pytest.mark.parametrize(
    ("part", "changed"),
    [
        ("detection", {"detectors": [], "labels": ["person", "dog"]}),
        ("incidents", {"needed": 2, "of": 4, "alarm": "alarm_control_panel.home"}),
        ("footage", {"pre_roll": 0, "optimise": True, "optimise_height": "480"}),
        ("offsite", {"upload_levels": ["high", "critical"], "upload_limit": 500}),
        ("retention", {"days": 7, "days_critical": 365, "most_gb": 20}),
        ("language", {"budget": 5, "at_once": 4}),
        ("access", {"log_days": 30, "tag_events": True}),
    ],
)
async def test_saving_one_part_leaves_the_others_alone(
    hass: HomeAssistant, site: MockConfigEntry, part: str, changed: dict[str, Any]
) -> None:
    before = dict(site.options)
    form = await opened(hass, site, part)

    saved = await answer(hass, form, **changed)

    assert saved["type"] is SAVED
    assert (DEFAULTS | site.options) == (DEFAULTS | before | changed)
    fields = FORMS[part].schema
    outside = {key: value for key, value in site.options.items() if key not in fields}
    assert outside == {key: value for key, value in before.items() if key not in fields}


async def test_numbers_are_stored_whole(hass: HomeAssistant, site: MockConfigEntry) -> None:
    form = await opened(hass, site, "footage")

    await answer(hass, form, longest=90.0)

    assert repr(site.options["longest"]) == "90"


async def test_a_field_that_was_emptied_is_forgotten(hass: HomeAssistant) -> None:
    site = site_with(alarm="alarm_control_panel.home", idle=7)
    site.add_to_hass(hass)
    form = await opened(hass, site, "incidents")
    kept = {key: DEFAULTS[str(key)] for key in form["data_schema"].schema if key != "alarm"}

    await hass.config_entries.options.async_configure(
        form["flow_id"], {str(key): value for key, value in kept.items()}
    )

    assert "alarm" not in site.options


async def test_a_sign_cannot_be_in_more_pictures_than_are_considered(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    form = await opened(hass, site, "incidents")

    again = await answer(hass, form, needed=6, of=5)
    assert again["errors"] == {"needed": "needed_above_of"}
    assert words.error(again, OPTIONS, "needed")

    saved = await answer(hass, again, needed=5)
    assert saved["type"] is SAVED


# --- Who looks -------------------------------------------------------------------------------


async def test_something_must_be_looked_for(hass: HomeAssistant, site: MockConfigEntry) -> None:
    form = await opened(hass, site, "detection")

    again = await answer(hass, form, labels=[])

    assert again["errors"] == {"labels": "no_labels"}
    assert words.error(again, OPTIONS, "labels")


async def test_an_agent_can_only_detect_where_there_is_one(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    again = await detectors(hass, site, "agent")

    assert again["errors"] == {"detectors": "no_agents"}
    assert words.error(again, OPTIONS, "detectors")


async def test_each_detector_is_asked_about_in_its_order_and_nothing_is_saved_before_the_last(
    hass: HomeAssistant, site: MockConfigEntry, socket_enabled: None
) -> None:
    async with scripted_detections() as service, serving(says_nobody) as url:
        form = await detectors(hass, site, "codeproject", "remote")
        assert form["step_id"] == "codeproject"

        form = await answer(hass, form, codeproject_url=url)
        assert form["step_id"] == "remote"
        assert "detectors" not in site.options

        saved = await answer(hass, form, remote_url=service.url)
        assert saved["type"] is SAVED
        assert site.options["detectors"] == ["codeproject", "remote"]
        assert (site.options["codeproject_url"], site.options["remote_url"]) == (url, service.url)
        assert service.asked == 1


async def says_nobody(_: web.Request) -> web.Response:
    return web.json_response(NOBODY)


@pytest.mark.parametrize("url", ["nonsense", "ftp://127.0.0.1/detect", "http://["])
@pytest.mark.parametrize(
    ("kind", "field", "others"),
    [
        ("remote", "remote_url", {}),
        ("lambda", "lambda_url", {}),
        ("kserve", "kserve_url", {"kserve_model": "yolo"}),
        ("codeproject", "codeproject_url", {}),
    ],
)
async def test_a_service_needs_a_complete_address(
    hass: HomeAssistant,
    site: MockConfigEntry,
    kind: str,
    field: str,
    others: dict[str, str],
    url: str,
) -> None:
    form = await detectors(hass, site, kind)

    again = await answer(hass, form, **{field: url}, **others)

    assert again["errors"] == {field: "bad_url"}
    assert words.error(again, OPTIONS, field)


async def test_a_service_that_fails_says_so_in_its_own_words(
    hass: HomeAssistant, site: MockConfigEntry, socket_enabled: None
) -> None:
    form = await detectors(hass, site, "remote")
    async with scripted_detections() as service:
        wrong = service.url.replace("/detect", "/wrong")

        again = await answer(hass, form, remote_url=wrong)
        assert again["errors"] == {"remote_url": "service_failed"}
        assert "404" in words.error(again, OPTIONS, "remote_url")

        saved = await answer(hass, again, remote_url=service.url)
        assert saved["type"] is SAVED
        assert service.asked == 1


async def test_a_server_of_models_is_asked_by_the_models_name(
    hass: HomeAssistant, site: MockConfigEntry, socket_enabled: None, tmp_path: Path
) -> None:
    triton = Triton(network(tmp_path / "yolo.onnx", yolov8(())))
    form = await detectors(hass, site, "kserve")
    async with serving(triton.answer) as url:
        again = await answer(hass, form, kserve_url=url, kserve_model="yola")
        assert again["errors"] == {"kserve_url": "service_failed"}
        assert "yolo" in words.error(again, OPTIONS, "kserve_url")

        saved = await answer(hass, again, kserve_model="yolo")
        assert saved["type"] is SAVED


async def test_servers_of_models_are_given_one_on_a_line_and_all_of_them_tried(
    hass: HomeAssistant, site: MockConfigEntry, socket_enabled: None, tmp_path: Path
) -> None:
    first, second = (Triton(network(tmp_path / "yolo.onnx", yolov8(()))) for _ in "ab")
    form = await detectors(hass, site, "kserve")
    async with serving(first.answer) as one, serving(second.answer) as other:
        half = await answer(hass, form, kserve_url=f"{one}\nnonsense", kserve_model="yolo")
        assert half["errors"] == {"kserve_url": "bad_url"}

        second.loaded = False
        again = await answer(hass, half, kserve_url=f"{one}, {other}", kserve_model="yolo")
        assert again["errors"] == {"kserve_url": "service_failed"}
        assert f"{URL(other).authority} answered 404" in words.error(again, OPTIONS, "kserve_url")

        second.loaded = True
        saved = await answer(hass, again, kserve_url=f" {one}\n\n{other}\n")
        assert saved["type"] is SAVED
        assert site.options["kserve_url"] == f"{one}\n\n{other}"


async def test_servers_of_different_models_are_not_saved(
    hass: HomeAssistant, site: MockConfigEntry, socket_enabled: None, tmp_path: Path
) -> None:
    small = Triton(network(tmp_path / "small.onnx", yolov8((), classes=1)))
    large = Triton(network(tmp_path / "large.onnx", yolov8(())))
    form = await detectors(hass, site, "kserve")
    async with serving(small.answer) as one, serving(large.answer) as other:
        again = await answer(hass, form, kserve_url=f"{one}\n{other}", kserve_model="yolo")
    assert again["errors"] == {"kserve_url": "service_failed"}
    told = words.error(again, OPTIONS, "kserve_url")
    assert f"{URL(other).authority} serves another model" in told
    assert "let all of them serve the same one" in told
    assert "kserve_url" not in site.options


async def test_an_agent_detects_if_it_has_a_detector(
    hass: HomeAssistant, agent: ScriptedAgent
) -> None:
    replies = [
        web.json_response(
            {"error": {"code": "no_detector", "message": "No detector."}}, status=503
        ),
        web.json_response({"detections": [], "width": 64, "height": 64}),
    ]

    async def detect(request: web.Request) -> web.Response:
        assert request.path == "/api/v1/detect"
        assert request.headers["Authorization"] == f"Bearer {agent.token}"
        return replies.pop(0)

    async with serving(detect) as url:
        site = site_with(subentry_of(agent, port=URL(url).port))
        site.add_to_hass(hass)
        form = await detectors(hass, site, "agent")
        (choice,) = form["data_schema"].schema.values()
        assert choice.config["options"] == [{"value": AGENT_ID, "label": "Porch"}]

        again = await answer(hass, form, detector_agent=AGENT_ID)
        assert again["errors"] == {"detector_agent": "service_failed"}
        assert "No detector" in words.error(again, OPTIONS, "detector_agent")

        saved = await answer(hass, again)

    assert saved["type"] is SAVED
    assert site.options["detector_agent"] == AGENT_ID


# --- AWS Lambda ------------------------------------------------------------------------------

KEY = AwsKey(access_key="AKIAGATEHOUSE", secret_key="not-a-real-secret", region="eu-central-1")
LAMBDA = {
    "detectors": ["lambda"],
    "lambda_region": KEY.region,
    "lambda_key_id": KEY.access_key,
    "lambda_secret": KEY.secret_key,
}


async def test_a_key_is_nothing_without_its_secret(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    form = await detectors(hass, site, "lambda")

    again = await answer(hass, form, lambda_url="http://127.0.0.1/", lambda_key_id="AKIA")

    assert again["errors"] == {"lambda_secret": "no_secret"}
    assert words.error(again, OPTIONS, "lambda_secret")


async def test_a_secret_stays_with_its_key_and_never_reaches_a_browser(
    hass: HomeAssistant, socket_enabled: None
) -> None:
    async with serving(Function({"detections": []}, KEY).answer) as url:
        site = site_with(**LAMBDA, lambda_url=url)
        site.add_to_hass(hass)
        form = await detectors(hass, site, "lambda")
        assert KEY.secret_key not in str([key.description for key in form["data_schema"].schema])

        saved = await answer(hass, form)

    assert saved["type"] is SAVED
    assert site.options["lambda_secret"] == KEY.secret_key


async def test_a_secret_that_was_typed_is_not_shown_again_and_yet_remembered(
    hass: HomeAssistant, site: MockConfigEntry, socket_enabled: None
) -> None:
    typed = {key: value for key, value in LAMBDA.items() if key != "detectors"}
    form = await detectors(hass, site, "lambda")

    again = await answer(hass, form, lambda_url="nonsense", **typed)
    assert again["errors"] == {"lambda_url": "bad_url"}
    shown = {str(key): key.description for key in again["data_schema"].schema}
    assert shown["lambda_key_id"] == {"suggested_value": KEY.access_key}
    assert shown["lambda_secret"] is None

    async with serving(Function({"detections": []}, KEY).answer) as url:
        saved = await answer(hass, again, lambda_url=url)
    assert saved["type"] is SAVED
    assert site.options["lambda_secret"] == KEY.secret_key


@pytest.mark.parametrize(
    ("key", "error"), [("AKIAANOTHER", "lambda_secret"), ("AKIAGATEHOUSE", "lambda_url")]
)
async def test_a_secret_does_not_go_with_another_key(
    hass: HomeAssistant, socket_enabled: None, key: str, error: str
) -> None:
    site = site_with(**LAMBDA | {"lambda_secret": "stale"})
    site.add_to_hass(hass)
    form = await detectors(hass, site, "lambda")
    async with serving(Function({"detections": []}, KEY).answer) as url:
        again = await answer(hass, form, lambda_url=url, lambda_key_id=key)

    assert list(again["errors"]) == [error]


async def test_what_signs_requests_is_installed_with_the_key(
    hass: HomeAssistant, site: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    hass.config.skip_pip = False
    monkeypatch.setitem(sys.modules, "botocore", None)
    form = await detectors(hass, site, "lambda")

    with no_packages() as asked:
        again = await answer(
            hass, form, lambda_url="http://127.0.0.1/", lambda_key_id="AKIA", lambda_secret="x"
        )

    assert asked.await_args.args[1:] == ("gatehouse", ["botocore>=1.35"])
    assert again["errors"] == {"lambda_url": "service_failed"}
    assert "botocore could not be installed" in words.error(again, OPTIONS, "lambda_url")


def no_packages() -> Any:
    """Be a system for which pip has nothing: the thinnest seam there is."""
    return patch(
        "custom_components.gatehouse.on_demand.async_process_requirements",
        side_effect=RequirementsNotFound("gatehouse", ["everything"]),
    )


# --- Inside Home Assistant -------------------------------------------------------------------


async def test_a_model_file_must_exist(
    hass: HomeAssistant, site: MockConfigEntry, tmp_path: Path
) -> None:
    form = await detectors(hass, site, "local")

    again = await tried(hass, form, model="file", model_path=str(tmp_path / "none.onnx"))

    assert again["errors"] == {"model_path": "no_such_file"}
    assert words.error(again, OPTIONS, "model_path")


async def test_a_model_file_is_loaded_before_it_is_saved(
    hass: HomeAssistant, site: MockConfigEntry, tmp_path: Path
) -> None:
    file = tmp_path / "model.onnx"
    file.write_bytes(b"not a model")
    form = await detectors(hass, site, "local")

    again = await tried(hass, form, model="file", model_path=str(file))

    assert again["errors"] == {"model_path": "bad_model"}
    assert "model.onnx" in words.error(again, OPTIONS, "model_path")


async def test_a_good_model_file_is_saved_and_what_runs_it_is_said(
    hass: HomeAssistant, site: MockConfigEntry, tmp_path: Path
) -> None:
    file = network(tmp_path / "model.onnx", yolov8(()))
    form = await detectors(hass, site, "local")
    assert "onnxruntime 1." in words.description(form, OPTIONS)

    saved = await tried(hass, form, model="file", model_path=str(file), threads=2.0)

    assert saved["type"] is SAVED
    assert site.options["model_path"] == str(file)
    assert repr(site.options["threads"]) == "2"


async def test_a_provider_that_this_machine_does_not_have_is_named_with_those_it_has(
    hass: HomeAssistant, site: MockConfigEntry, tmp_path: Path
) -> None:
    file = network(tmp_path / "model.onnx", yolov8(()))
    form = await detectors(hass, site, "local")

    again = await tried(
        hass, form, model="file", model_path=str(file), providers=["NpuExecutionProvider"]
    )

    assert again["errors"] == {"base": "no_runtime"}
    assert "it has" in words.error(again, OPTIONS)


@pytest.mark.parametrize("module", ["onnxruntime", "ncnn"])
async def test_where_one_runtime_is_missing_the_form_names_the_other(
    hass: HomeAssistant, site: MockConfigEntry, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    (other,) = {"onnxruntime", "ncnn"} - {module}

    form = await detectors(hass, site, "local")

    assert form["description_placeholders"]["runtime"].partition(" ")[0] == other


async def test_where_no_runtime_can_be_installed_the_way_out_is_told(
    hass: HomeAssistant, site: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    hass.config.skip_pip = False
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.setitem(sys.modules, "ncnn", None)
    form = await detectors(hass, site, "local")
    assert form["description_placeholders"] == {"runtime": "–"}

    with no_packages() as asked:
        again = await tried(hass, form)

    assert [call.args[2] for call in asked.await_args_list] == [
        ["onnxruntime>=1.20"],
        ["ncnn>=1.0.20250503"],
    ]
    assert again["errors"] == {"base": "no_runtime"}
    said = words.error(again, OPTIONS)
    assert "on an agent or by a service" in said
    assert "onnxruntime could not be installed" in said


async def test_a_model_is_fetched_before_it_is_saved(
    hass: HomeAssistant, site: MockConfigEntry, socket_enabled: None, tmp_path: Path
) -> None:
    hass.config.config_dir = str(tmp_path / "configuration")
    whole = network(tmp_path / "small.onnx", yolov8(())).read_bytes()
    replies = [web.Response(status=404), web.Response(body=whole)]

    async def serve(_: web.Request) -> web.Response:
        return replies.pop(0)

    form = await detectors(hass, site, "local")
    async with serving(serve) as url:
        file = ModelFile(
            name="small.onnx", url=url, sha256=sha256(whole).hexdigest(), size=len(whole)
        )
        small = ModelSource(name="small", files=(file,))
        with patch("custom_components.gatehouse.local_detection.model_for", return_value=small):
            again = await tried(hass, form, model="yolox_nano")
            assert again["errors"] == {"base": "no_model"}
            assert "404" in words.error(again, OPTIONS)

            saved = await tried(hass, again)

    assert saved["type"] is SAVED
    assert site.options["model"] == "yolox_nano"


# --- Language model --------------------------------------------------------------------------


async def test_a_server_is_asked_for_its_models_and_the_chosen_one_has_to_talk(
    hass: HomeAssistant, site: MockConfigEntry, server: Scripted
) -> None:
    form = await answer(hass, await opened(hass, site, "language"), language_model="server")
    form = await answer(hass, form, server_url=server.url, server_key="a-key")
    (choice,) = form["data_schema"].schema.values()
    assert [option["value"] for option in choice.config["options"]] == ["small", "large"]
    server.chat(refuses("there is no such model", 404))

    again = await answer(hass, form, server_model="medium")
    assert again["errors"] == {"server_model": "model_failed"}
    assert "there is no such model" in words.error(again, OPTIONS, "server_model")

    server.chat(FINE)
    saved = await answer(hass, again, server_model="large")
    assert saved["type"] is SAVED
    assert site.options["server_model"] == "large"
    assert server.questions[-1].body["model"] == "large"
    assert server.questions[-1].authorization == "Bearer a-key"


async def test_a_key_stays_where_it_belongs(hass: HomeAssistant, server: Scripted) -> None:
    site = site_with(language_model="server", server_url=server.url, server_key="a-key")
    site.add_to_hass(hass)
    form = await answer(hass, await opened(hass, site, "language"))
    assert "a-key" not in str([key.description for key in form["data_schema"].schema])

    again = await answer(hass, form, server_url=f"{server.url}/v1")
    assert [asked.authorization for asked in server.asked] == [None]
    await hass.config_entries.options.async_configure(again["flow_id"], {})

    assert site.options["server_url"] == f"{server.url}/v1"
    assert "server_key" not in site.options


async def test_a_server_that_lists_no_models_has_to_talk_at_once(
    hass: HomeAssistant, site: MockConfigEntry, server: Scripted
) -> None:
    del server.script["/v1/models"]
    form = await answer(hass, await opened(hass, site, "language"), language_model="server")

    form = await answer(hass, form, server_url=server.url)
    assert form["step_id"] == "server_model"
    saved = await answer(hass, form)

    assert saved["type"] is SAVED
    assert len(server.questions) == 2


@pytest.mark.parametrize(
    ("url", "error"), [("nonsense", "bad_url"), ("http://127.0.0.1:9", "model_failed")]
)
async def test_a_server_must_be_there(
    hass: HomeAssistant, site: MockConfigEntry, socket_enabled: None, url: str, error: str
) -> None:
    form = await answer(hass, await opened(hass, site, "language"), language_model="server")

    again = await answer(hass, form, server_url=url)

    assert again["errors"] == {"server_url": error}
    assert words.error(again, OPTIONS, "server_url")


async def test_a_server_that_knows_nobody_without_a_key_says_so(
    hass: HomeAssistant, site: MockConfigEntry, server: Scripted
) -> None:
    server.script["/v1/models"] = refuses("who are you?", 401)
    server.chat(refuses("who are you?", 401))
    form = await answer(hass, await opened(hass, site, "language"), language_model="server")

    again = await answer(hass, form, server_url=server.url)

    assert again["errors"] == {"server_url": "model_failed"}
    assert "who are you?" in words.error(again, OPTIONS, "server_url")


async def test_a_model_that_is_slow_may_be_saved(
    hass: HomeAssistant,
    site: MockConfigEntry,
    server: Scripted,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def never(_request: web.Request, _body: object) -> web.StreamResponse:
        await server.forever.wait()
        return web.json_response(spoken(TEXT))

    server.chat(never)
    form = await answer(hass, await opened(hass, site, "language"), language_model="server")
    form = await answer(hass, form, server_url=server.url)
    monkeypatch.setattr(language_steps, "PATIENCE", language_steps.PATIENCE / 100)

    saved = await answer(hass, form)

    assert saved["type"] is SAVED
    assert len(server.questions) == 1


async def test_an_ai_task_that_is_not_there_is_not_saved(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    form = await answer(hass, await opened(hass, site, "language"), language_model="ai_task")

    again = await answer(hass, form)

    assert again["errors"] == {"ai_task": "model_failed"}
    assert "not set up" in words.error(again, OPTIONS, "ai_task")


# --- Browsers --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "answers"),
    [
        *((part, {}) for part in MENU if part != "camera_rules"),
        *(("detection", {"detectors": [kind]}) for kind in DetectorKind),
        ("language", {"language_model": "ai_task"}),
        ("language", {"language_model": "server"}),
    ],
)
async def test_every_form_reaches_the_browser(
    hass: HomeAssistant,
    agent: ScriptedAgent,
    hass_client: ClientSessionGenerator,
    part: str,
    answers: dict[str, Any],
) -> None:
    site = site_with(subentry_of(agent))
    site.add_to_hass(hass)
    assert await async_setup_component(hass, "gatehouse", {})
    assert await async_setup_component(hass, "config", {})
    browser = await hass_client()
    flows = "/api/config/config_entries/options/flow"
    menu = await (await browser.post(flows, json={"handler": site.entry_id})).json()
    flow = f"{flows}/{menu['flow_id']}"
    form = await (await browser.post(flow, json={"next_step_id": part})).json()
    if answers:
        kept = {key: DEFAULTS[key] for key in map(str, FORMS[part].schema)}
        form = await (await browser.post(flow, json=kept | answers)).json()

    fields = FORMS[form["step_id"]].schema
    assert [field["name"] for field in form["data_schema"]] == [str(key) for key in fields]
    assert all("selector" in field for field in form["data_schema"])


async def test_the_model_list_reaches_the_browser(
    hass: HomeAssistant,
    site: MockConfigEntry,
    server: Scripted,
    hass_client: ClientSessionGenerator,
) -> None:
    assert await async_setup_component(hass, "gatehouse", {})
    assert await async_setup_component(hass, "config", {})
    browser = await hass_client()
    form = await answer(hass, await opened(hass, site, "language"), language_model="server")
    flow = f"/api/config/config_entries/options/flow/{form['flow_id']}"

    answered = await (await browser.post(flow, json={"server_url": server.url})).json()

    (field,) = answered["data_schema"]
    assert field["selector"]["select"]["custom_value"] is True
