"""Administrators have cameras, agents and Pis begun anew, and see which release they are of."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from homeassistant.auth.models import User
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from tests.ha.happened import CLIP, filmed
from tests.ha.scripted import AGENT_ID, CAMERA, ScriptedAgent
from tests.ha.seeing import LIVE, set_up, state_of
from tests.ha.site import site_with, subentry_of
from tests.ha.words import VERSION

RESTARTED = f"/api/v1/cameras/{CAMERA}/restart"
UPDATE = "update.porch_agent"

BUTTONS = [
    ("button.front_door_restart", RESTARTED),
    ("button.porch_restart_agent", "/api/v1/restart"),
    ("button.porch_reboot", "/api/v1/reboot"),
]
ACTIONS = [
    ("restart_camera", {"entity_id": LIVE}, RESTARTED),
    ("restart_agent", {"device_id": AGENT_ID}, "/api/v1/restart"),
    ("reboot_agent", {"device_id": AGENT_ID}, "/api/v1/reboot"),
]


@pytest.fixture
def housemate(hass: HomeAssistant) -> User:
    """Somebody who may use everything, and is no administrator."""
    user = MockUser(groups=[]).add_to_hass(hass)
    user.mock_policy({"entities": True})
    return user


@pytest.fixture(autouse=True)
def _all_of_them(every_entity: None) -> None:
    """Have the disabled ones too."""


def meant(hass: HomeAssistant, site: MockConfigEntry, fields: dict[str, str]) -> dict[str, str]:
    """Return the fields with the device of an agent in the place of its id."""
    if "device_id" not in fields:
        return fields
    identity = ("gatehouse", fields["device_id"])
    registry = dr.async_get(hass)
    device = registry.async_get_device_by_identifier(identity, site.entry_id)
    assert device
    return {"device_id": device.id}


async def press(hass: HomeAssistant, button: str, user: User | None = None) -> None:
    """Press a button."""
    context = Context(user_id=user.id if user else None)
    await hass.services.async_call(
        "button", "press", {"entity_id": button}, blocking=True, context=context
    )


@pytest.mark.parametrize(("button", "asked"), BUTTONS)
async def test_a_button_begins_something_anew(
    hass: HomeAssistant,
    running_site: MockConfigEntry,
    agent: ScriptedAgent,
    hass_admin_user: User,
    button: str,
    asked: str,
) -> None:
    await press(hass, button)
    await press(hass, button, hass_admin_user)

    assert agent.upkeep.asked == [asked, asked]


@pytest.mark.parametrize(("button", "asked"), BUTTONS)
async def test_a_housemate_does_not(
    hass: HomeAssistant,
    running_site: MockConfigEntry,
    agent: ScriptedAgent,
    housemate: User,
    button: str,
    asked: str,
) -> None:
    with pytest.raises(Unauthorized):
        await press(hass, button, housemate)

    assert agent.upkeep.asked == []


@pytest.mark.parametrize(("action", "fields", "asked"), ACTIONS)
async def test_an_action_begins_something_anew(
    hass: HomeAssistant,
    running_site: MockConfigEntry,
    agent: ScriptedAgent,
    housemate: User,
    action: str,
    fields: dict[str, str],
    asked: str,
) -> None:
    fields = meant(hass, running_site, fields)

    await hass.services.async_call("gatehouse", action, fields, blocking=True)
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            "gatehouse", action, fields, blocking=True, context=Context(user_id=housemate.id)
        )

    assert agent.upkeep.asked == [asked]


async def test_a_camera_that_gives_no_pictures_can_be_restarted(
    hass: HomeAssistant, running_site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    await agent.upkeep.tell(status="offline", error="No frame for 5 s.")
    await hass.async_block_till_done()

    await press(hass, "button.front_door_restart")

    assert agent.upkeep.asked == [RESTARTED]


@pytest.mark.parametrize(
    ("code", "key"), [("not_allowed", "agent_refused"), ("not_found", "agent_outdated")]
)
async def test_what_an_agent_says_against_it_is_told(
    hass: HomeAssistant,
    running_site: MockConfigEntry,
    agent: ScriptedAgent,
    code: str,
    key: str,
) -> None:
    agent.upkeep.refuse(code, "Allow it in the unit's file.")

    with pytest.raises(HomeAssistantError) as caught:
        await press(hass, "button.porch_reboot")

    assert caught.value.translation_key == key


async def test_what_is_no_agent_cannot_be_restarted(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    [device] = [
        each
        for each in dr.async_entries_for_config_entry(dr.async_get(hass), running_site.entry_id)
        if each.name == "Front door"
    ]
    for named in (device.id, "nothing"):
        with pytest.raises(ServiceValidationError) as caught:
            await hass.services.async_call(
                "gatehouse", "restart_agent", {"device_id": named}, blocking=True
            )
        assert caught.value.translation_key == "not_an_agent_device"


async def test_a_camera_that_is_on_no_agent_cannot_be_restarted(
    hass: HomeAssistant, agent: ScriptedAgent, folder: Any
) -> None:
    uploads = folder / "uploads"
    uploads.mkdir()
    hass.config.allowlist_external_dirs = {str(folder)}
    shed = {"subentry_type": "folder", "title": "Shed", "unique_id": None}
    site = site_with(
        subentry_of(agent),
        {**shed, "data": {"folder": str(uploads)}},  # type: ignore[typeddict-item]
        detectors=[],
    )
    await set_up(hass, site)

    with pytest.raises(ServiceValidationError) as caught:
        await hass.services.async_call(
            "gatehouse", "restart_camera", {"entity_id": "camera.shed"}, blocking=True
        )

    assert caught.value.translation_key == "not_on_an_agent"
    assert agent.upkeep.asked == []


# --- Releases ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "state"), [("0.0.9", "on"), (VERSION, "off"), ("99.0.0", "off")]
)
async def test_an_agent_is_to_be_of_the_integrations_release(
    hass: HomeAssistant,
    agent: ScriptedAgent,
    folder: Any,
    hass_ws_client: WebSocketGenerator,
    version: str,
    state: str,
) -> None:
    agent.state["info"]["version"] = version

    await set_up(hass, site_with(subentry_of(agent), detectors=[]))

    told = hass.states.get(UPDATE)
    assert told
    assert (told.state, told.attributes["installed_version"]) == (state, version)
    assert told.attributes["latest_version"] == VERSION
    client = await hass_ws_client()
    await client.send_json_auto_id({"type": "update/release_notes", "entity_id": UPDATE})
    notes = (await client.receive_json())["result"]
    assert f"runs version {version} of the agent" in notes
    assert f"installer of version {VERSION} on Porch" in notes


async def test_an_agent_that_is_away_tells_no_release(
    hass: HomeAssistant, running_site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    await agent.stop()
    await hass.async_block_till_done()

    assert state_of(hass, UPDATE) in {"unavailable", "off"}


async def test_what_is_too_old_is_deleted_when_somebody_says_so(
    hass: HomeAssistant,
    agent: ScriptedAgent,
    tmp_path: Path,
    housemate: User,
) -> None:
    site = site_with(subentry_of(agent), detectors=[])
    await set_up(hass, site)
    folder = tmp_path / "media" / "gatehouse"
    folder.mkdir(parents=True, exist_ok=True)
    now = dt_util.utcnow()
    for name, since in (("old", now - timedelta(days=40)), ("new", now - timedelta(days=2))):
        path = folder / f"{name}.mp4"
        path.write_bytes(name.encode())
        span = {"since": since, "until": since + timedelta(seconds=8)}
        await filmed(site, replace(CLIP, id=name, path=path, size=3, **span))
    clip = folder / "old.mp4"

    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            "gatehouse", "cleanup", blocking=True, context=Context(user_id=housemate.id)
        )
    assert clip.exists()
    freed = await hass.services.async_call(
        "gatehouse", "cleanup", blocking=True, return_response=True
    )

    assert freed == {"recordings": 1, "bytes": 3}
    assert [each.name for each in folder.glob("*.mp4")] == ["new.mp4"]
