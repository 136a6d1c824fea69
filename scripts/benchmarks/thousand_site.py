"""A site of very many cameras, written down before Home Assistant starts, as if set up by hand."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
import json
from pathlib import Path
import secrets
from typing import Any, Final
from zoneinfo import ZoneInfo

from custom_components.gatehouse.access import (
    Credential,
    CredentialKind,
    Noun,
    Permission,
    Person,
    Policy,
    PolicyStore,
    card_hash,
    door_key,
)
from custom_components.gatehouse.access.store import Site
from custom_components.gatehouse.const import (
    CONF_CAMERAS,
    CONF_DETECTOR_AGENT,
    CONF_DETECTORS,
    CONF_DOORS,
    DOMAIN,
    SUBENTRY_AGENT,
    SUBENTRY_GROUP,
    DetectorKind,
)
from custom_components.gatehouse.coordinator import camera_key
from custom_components.gatehouse.database import Database

from .thousand_agents import DOOR, PEOPLE, agent_id
from .thousand_day import has_door
from .thousand_wire import LOCAL, TOKEN

SITE: Final = "site"  # what the one entry is known by


async def write_site(config: Path, ports: Sequence[int]) -> None:
    """Have Home Assistant know an agent at each of these ports, and who may enter."""
    now = datetime.now(UTC).isoformat()
    entry = {
        "created_at": now,
        "data": {},
        "discovery_keys": {},
        "disabled_by": None,
        "domain": DOMAIN,
        "entry_id": "01SITE0F0A0TH0USAND0CAMERA",
        "minor_version": 2,
        "modified_at": now,
        "options": {
            CONF_DETECTORS: [DetectorKind.AGENT.value],
            CONF_DETECTOR_AGENT: agent_id(0),
        },
        "pref_disable_new_entities": False,
        "pref_disable_polling": False,
        "source": "user",
        "subentries": list(_subentries(ports)),
        "title": "A thousand cameras",
        "unique_id": SITE,
        "version": 1,
    }
    file = config / ".storage" / "core.config_entries"
    stored = {"version": 1, "minor_version": 5, "key": file.name, "data": {"entries": [entry]}}
    file.write_text(json.dumps(stored), "utf-8")
    await _remember(config / "gatehouse.db", _policy(len(ports)))


def _subentries(ports: Sequence[int]) -> Iterator[dict[str, Any]]:
    for number, port in enumerate(ports):
        agent = agent_id(number)
        yield {
            "data": {"host": LOCAL, "port": port, "token": TOKEN},
            "subentry_id": f"agent{number:04}",
            "subentry_type": SUBENTRY_AGENT,
            "title": f"Agent {number:03}",
            "unique_id": agent,
        }
        if has_door(number):
            yield {
                "data": {
                    CONF_CAMERAS: [camera_key(agent, "camera0")],
                    CONF_DOORS: [door_key(agent, DOOR)],
                },
                "subentry_id": f"group{number:04}",
                "subentry_type": SUBENTRY_GROUP,
                "title": f"Entrance {number:03}",
                "unique_id": None,
            }


def _policy(agents: int) -> Policy:
    """Return people with a card each, who may always enter everywhere."""
    key, salt = secrets.token_bytes(32), secrets.token_bytes(16)
    doors = tuple(door_key(agent_id(n), DOOR) for n in range(agents) if has_door(n))
    people = {
        f"p{n}": Person(id=f"p{n}", name=f"Person {n}", permissions=(Permission(doors=doors),))
        for n in range(PEOPLE)
    }
    credentials = {
        f"c{n}": Credential(
            id=f"c{n}",
            person=f"p{n}",
            kind=CredentialKind.RFID,
            name="Card",
            hash=card_hash(key, f"{n:010X}"),
        )
        for n in range(PEOPLE)
    }
    empty = Policy(zone=ZoneInfo("UTC"), key=key, salt=salt)
    return replace(empty, people=people, credentials=credentials)


async def _remember(path: Path, policy: Policy) -> None:
    database = await Database.open(path)
    try:
        store = PolicyStore(database)
        await store.save_site(Site(key=policy.key, salt=policy.salt))
        nouns: list[Noun] = [*policy.people.values(), *policy.credentials.values()]
        await store.save(nouns)
    finally:
        await database.close()
