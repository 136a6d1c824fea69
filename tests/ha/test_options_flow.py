"""The options: what is answered is tried, and saving one part leaves the others alone."""

from pathlib import Path
import sys
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.gatehouse.const import DEFAULTS
from custom_components.gatehouse.options_flow import PARTS
from tests.ha import words
from tests.ha.scripted import scripted_detections
from tests.ha.site import site_with
from tests.networks import network, yolov8

OPTIONS = words.ENGLISH["options"]

pytestmark = pytest.mark.usefixtures("never_set_up")


@pytest.fixture
def site(hass: HomeAssistant) -> MockConfigEntry:
    """A site with a few options that are not the usual ones."""
    site = site_with(idle=10, longest=300, threshold=0.5)
    site.add_to_hass(hass)
    return site


async def opened(hass: HomeAssistant, site: MockConfigEntry, part: str) -> Any:
    """Open one part of the options."""
    menu = await hass.config_entries.options.async_init(site.entry_id)
    return await hass.config_entries.options.async_configure(
        menu["flow_id"], {"next_step_id": part}
    )


async def answer(hass: HomeAssistant, form: Any, **fields: Any) -> Any:
    """Change some fields of a form and leave the others as they are shown."""
    shown = {
        str(key): key.description["suggested_value"]
        for key in form["data_schema"].schema
        if key.description and key.description["suggested_value"] is not None
    }
    return await hass.config_entries.options.async_configure(form["flow_id"], shown | fields)


async def test_the_options_have_three_parts(hass: HomeAssistant, site: MockConfigEntry) -> None:
    menu = await hass.config_entries.options.async_init(site.entry_id)

    assert menu["type"] is FlowResultType.MENU
    assert menu["menu_options"] == ["detection", "incidents", "footage"]


async def test_every_option_is_in_a_part() -> None:
    fields = [str(key) for schema in PARTS.values() for key in schema.schema]

    assert sorted(fields) == sorted(DEFAULTS)


@pytest.mark.parametrize(
    ("part", "changed"),
    [
        ("detection", {"model": "yolox_nano", "labels": ["person", "dog"]}),
        ("incidents", {"needed": 2, "of": 4}),
        ("footage", {"pre_roll": 0}),
    ],
)
async def test_saving_one_part_leaves_the_others_alone(
    hass: HomeAssistant, site: MockConfigEntry, part: str, changed: dict[str, Any]
) -> None:
    before = dict(site.options)
    form = await opened(hass, site, part)

    saved = await answer(hass, form, **changed)

    assert saved["type"] is FlowResultType.CREATE_ENTRY
    assert (DEFAULTS | site.options) == (DEFAULTS | before | changed)
    outside = {key: value for key, value in site.options.items() if key not in PARTS[part].schema}
    assert outside == {key: value for key, value in before.items() if key not in PARTS[part].schema}


async def test_numbers_are_stored_whole(hass: HomeAssistant, site: MockConfigEntry) -> None:
    form = await opened(hass, site, "footage")

    await answer(hass, form, longest=90.0)

    assert repr(site.options["longest"]) == "90"


async def test_a_field_that_was_emptied_is_forgotten(hass: HomeAssistant) -> None:
    site = site_with(detector="off", remote_url="http://127.0.0.1/detect")
    site.add_to_hass(hass)
    form = await opened(hass, site, "detection")

    await hass.config_entries.options.async_configure(
        form["flow_id"],
        {"detector": "off", "model": "yolox_s", "threshold": 0.4, "labels": ["cat"]},
    )

    assert "remote_url" not in site.options


async def test_a_sign_cannot_be_in_more_pictures_than_are_considered(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    form = await opened(hass, site, "incidents")

    again = await answer(hass, form, needed=6, of=5)
    assert again["errors"] == {"needed": "needed_above_of"}
    assert words.error(again, OPTIONS, "needed")

    saved = await answer(hass, again, needed=5)
    assert saved["type"] is FlowResultType.CREATE_ENTRY


async def test_something_must_be_looked_for(hass: HomeAssistant, site: MockConfigEntry) -> None:
    form = await opened(hass, site, "detection")

    again = await answer(hass, form, labels=[])

    assert again["errors"] == {"labels": "no_labels"}
    assert words.error(again, OPTIONS, "labels")


async def test_a_model_file_must_exist(
    hass: HomeAssistant, site: MockConfigEntry, tmp_path: Path
) -> None:
    form = await opened(hass, site, "detection")

    again = await answer(hass, form, model="file", model_path=str(tmp_path / "none.onnx"))

    assert again["errors"] == {"model_path": "no_such_file"}
    assert words.error(again, OPTIONS, "model_path")


async def test_a_model_file_is_loaded_before_it_is_saved(
    hass: HomeAssistant, site: MockConfigEntry, tmp_path: Path
) -> None:
    file = tmp_path / "model.onnx"
    file.write_bytes(b"not a model")
    form = await opened(hass, site, "detection")

    again = await answer(hass, form, model="file", model_path=str(file))

    assert again["errors"] == {"model_path": "bad_model"}
    assert "model.onnx" in words.error(again, OPTIONS, "model_path")


async def test_a_good_model_file_is_saved(
    hass: HomeAssistant, site: MockConfigEntry, tmp_path: Path
) -> None:
    file = network(tmp_path / "model.onnx", yolov8(()))
    form = await opened(hass, site, "detection")

    saved = await answer(hass, form, model="file", model_path=str(file))

    assert saved["type"] is FlowResultType.CREATE_ENTRY
    assert site.options["model_path"] == str(file)


async def test_a_model_file_is_taken_on_trust_where_nothing_can_load_it(
    hass: HomeAssistant,
    site: MockConfigEntry,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    file = tmp_path / "model.onnx"
    file.write_bytes(b"who knows")
    form = await opened(hass, site, "detection")

    saved = await answer(hass, form, model="file", model_path=str(file))

    assert saved["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize("url", ["", "nonsense", "ftp://127.0.0.1/detect", "http://["])
async def test_a_service_needs_a_complete_address(
    hass: HomeAssistant, site: MockConfigEntry, url: str
) -> None:
    form = await opened(hass, site, "detection")

    again = await answer(hass, form, detector="remote", remote_url=url)

    assert again["errors"] == {"remote_url": "bad_url"}
    assert words.error(again, OPTIONS, "remote_url")


@pytest.mark.usefixtures("socket_enabled")
async def test_a_service_is_tried_before_it_is_saved(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    form = await opened(hass, site, "detection")
    async with scripted_detections() as service:
        wrong = service.url.replace("/detect", "/wrong")

        again = await answer(hass, form, detector="remote", remote_url=wrong)
        assert again["errors"] == {"remote_url": "service_failed"}
        assert "404" in words.error(again, OPTIONS, "remote_url")

        saved = await answer(hass, again, remote_url=service.url)
        assert saved["type"] is FlowResultType.CREATE_ENTRY
        assert service.asked == 1
        assert site.options["remote_url"] == service.url


@pytest.mark.parametrize("part", PARTS)
async def test_every_form_reaches_the_browser(
    hass: HomeAssistant,
    site: MockConfigEntry,
    hass_client: ClientSessionGenerator,
    part: str,
) -> None:
    assert await async_setup_component(hass, "gatehouse", {})
    assert await async_setup_component(hass, "config", {})
    browser = await hass_client()
    flows = "/api/config/config_entries/options/flow"
    menu = await (await browser.post(flows, json={"handler": site.entry_id})).json()

    answered = await browser.post(f"{flows}/{menu['flow_id']}", json={"next_step_id": part})

    form = await answered.json()
    assert [field["name"] for field in form["data_schema"]] == [str(k) for k in PARTS[part].schema]
    assert all("selector" in field for field in form["data_schema"])
