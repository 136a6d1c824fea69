"""What is shown, and the files that make it so: the agents' and Home Assistant's."""

from dataclasses import dataclass, field
import json
from pathlib import Path
import shutil
from typing import Any, Final

from .memory import AgentMemory

ROOT: Final = Path(__file__).parents[2]
DEMO: Final = ROOT / ".demo"
AGENT_PYTHON: Final = ROOT / ".venv-agent" / "bin" / "python"
LOCAL: Final = "127.0.0.1"
EVERYWHERE: Final = "0.0.0.0"  # noqa: S104 - only where it was asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorPlace:
    """A simulated door beside a camera: one reader outside with a keypad, and all there can be."""

    id: str
    name: str

    def tables(self) -> list[tuple[str, dict[str, Any]]]:
        """Return its tables of agent.toml, by their heads."""
        door = {"id": self.id, "name": self.name, "simulated": f"{self.id}.sock", "unlock": 5}
        reader = {"id": "outside", "kind": "simulated", "direction": "in", "keypad": True}
        return [("[[doors]]", door), ("[[doors.readers]]", reader)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One agent with one camera; `views` says what it plays of each kind of video."""

    agent: str
    camera: str
    name: str
    views: dict[str, dict[str, Any]]
    zones: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Where in the picture somebody counts, by the kind of video."""
    door: DoorPlace | None = None


# Both show the same walk: where the path leaves the square, people come and go.
PLACES: Final = (
    Place(
        agent="square",
        camera="square",
        name="Square",
        views={
            "vtest": {"width": 768, "height": 576, "fps": 10, "start": 42, "end": 76},
            "bikes": {"width": 640, "height": 272, "fps": 25},
        },
        # There is always somebody on the square; only who walks here is worth telling.
        zones={
            "vtest": [{"name": "Path", "points": [[0.02, 0.62], [0.54, 0.62], [0.6, 1], [0.02, 1]]}]
        },
    ),
    # Of the picture and of the video the part in which people come and go: a walk every 34 s.
    Place(
        agent="path",
        camera="path",
        name="Garden path",
        views={
            "vtest": {
                "width": 896,
                "height": 512,
                "fps": 10,
                "crop": [0, 320, 448, 256],
                "start": 42,
                "end": 76,
            },
            "bikes": {"width": 640, "height": 272, "fps": 25, "start": 3},
        },
        door=DoorPlace(id="door", name="Garden door"),
    ),
)

GROUP: Final = "Garden"
"""What the agents' cameras and their door are called together: what happens there is one story."""

PAIR: Final = "Both views"
"""The two cameras that are booked together, in a calendar of this name."""

GATE: Final = "Gate"
"""The camera that uploads its pictures."""
GATE_CAMERA: Final = "camera"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assets:
    """What scripts/demo-assets found: a video, and a model (or why there is none)."""

    video: Path
    video_kind: str
    model: Path | None
    model_kind: str | None
    threshold: float
    why: str

    @classmethod
    def load(cls, path: Path) -> Assets:
        """Read what scripts/demo-assets wrote."""
        found = json.loads(path.read_text("utf-8"))
        model = found["model"]
        return cls(
            video=Path(found["video"]),
            video_kind=found["video_kind"],
            model=Path(model) if model else None,
            model_kind=found.get("model_kind"),
            threshold=found.get("threshold") or 0.35,
            why=found.get("why") or "",
        )


def write_agent(
    demo: Path, place: Place, memory: AgentMemory, assets: Assets, *, spool: bool = True
) -> Path:
    """Write an agent's configuration and return where it is.

    With a spool it records by itself whenever nobody listens.
    """
    folder = demo / "agents" / place.agent
    folder.mkdir(parents=True, exist_ok=True)
    agent = {
        "id": memory.id,
        "name": f"{place.name} Pi",
        "token": memory.token,
        "host": LOCAL,
        "port": memory.port,
        "data": str(folder / "data"),
        "announce": False,
    }
    camera = {
        "id": place.camera,
        "name": place.name,
        "source": "video",
        "path": str(assets.video),
        **place.views[assets.video_kind],
    }
    file = folder / "agent.toml"
    file.touch(mode=0o600)
    tables = (
        ("[agent]", agent),
        ("[tls]", {"enabled": False}),
        ("[[cameras]]", camera),
        ("[spool]", {"enabled": spool}),
        *(place.door.tables() if place.door else ()),
    )
    text = "\n".join(f"{name}\n{_toml(table)}" for name, table in tables)
    file.write_text(text, "utf-8")
    return file


def address_of(host: str, port: int) -> str:
    """Return where a browser on this machine finds what listens there."""
    return f"http://{LOCAL if host == EVERYWHERE else host}:{port}"


def write_home(demo: Path, host: str, port: int) -> Path:
    """Write Home Assistant's configuration, with Gatehouse in it, and return its folder."""
    home = demo / "config"
    media = demo / "media"
    storage = home / ".storage"
    media.mkdir(parents=True, exist_ok=True)
    storage.mkdir(parents=True, exist_ok=True)
    components = home / "custom_components"
    components.mkdir(exist_ok=True)
    link = components / "gatehouse"
    if not link.is_symlink():
        link.symlink_to(ROOT / "custom_components" / "gatehouse", target_is_directory=True)
    configuration = _CONFIGURATION.format(media=media, address=address_of(host, port))
    (home / "configuration.yaml").write_text(configuration, "utf-8")
    # The port is not read from YAML any more. The oldest form of this file is migrated.
    _store(storage / "http", {"server_host": [host], "server_port": port})
    if not (storage / "onboarding").exists():
        # The owner comes over the wire. These steps would fetch a weather service and a radio.
        _store(storage / "onboarding", {"done": ["core_config", "analytics", "integration"]}, 4)
    return home


def has_owner(demo: Path) -> bool:
    """Whether Home Assistant has been told who owns it."""
    onboarding = demo / "config" / ".storage" / "onboarding"
    return "user" in json.loads(onboarding.read_text("utf-8"))["data"]["done"]


def forget(demo: Path) -> None:
    """Remove what earlier runs left, but not what was fetched."""
    for name in ("config", "media", "agents", "uploads"):
        shutil.rmtree(demo / name, ignore_errors=True)
    (demo / "memory.json").unlink(missing_ok=True)


def _store(file: Path, data: dict[str, Any], version: int = 1) -> None:
    content = {"version": version, "minor_version": 1, "key": file.name, "data": data}
    file.write_text(json.dumps(content), "utf-8")


def _toml(table: dict[str, Any]) -> str:
    """Return a flat table; what JSON writes of texts, numbers, flags and lists is TOML as well."""
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())


# Only what the demonstration needs: the usual default_config also looks for devices in the network.
_CONFIGURATION: Final = """\
homeassistant:
  name: Gatehouse demo
  latitude: 51.4779
  longitude: -0.0015
  elevation: 45
  unit_system: metric
  time_zone: Europe/London
  country: GB
  currency: GBP
  language: en
  external_url: {address}
  media_dirs:
    local: {media}

config:
frontend:
history:
logbook:
media_source:
my:
recorder:
  commit_interval: 2
stream:
sun:

logger:
  default: warning
  logs:
    custom_components.gatehouse: info
"""
