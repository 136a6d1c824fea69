"""The laws of the house, read off the syntax trees of both programs; the tables decide."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
import re
import sys
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]
INTEGRATION: Final = "custom_components/gatehouse"
AGENT: Final = "camera_agent"

ROOMS: Final = frozenset(
    {
        "agent",
        "care",
        "vision",
        "zones",
        "incidents",
        "access",
        "bookings",
        "footage",
        "uploads",
        "language",
        "logs",
    }
)

# What the hub joins besides the rooms: modules of ours that work with Home Assistant.
PARTS: Final = frozenset(
    {
        "admission",
        "agent_devices",
        "booking_events",
        "booking_notices",
        "caretaker",
        "database_choice",
        "database_health",
        "detection",
        "detector_choice",
        "door_data",
        "emergency",
        "footage_options",
        "incompatible_agents",
        "issues",
        "known_agents",
        "language_model",
        "local_detection",
        "log_keeping",
        "losses",
        "media_root",
        "observation",
        "on_demand",
        "options",
        "other_calendars",
        "passage_events",
        "pair_health",
        "pairs",
        "readings",
        "reconnecting",
        "schedule",
        "share_address",
        "site_identity",
        "site_machine",
        "snooze",
        "stills",
        "storage",
        "storage_health",
        "stories",
        "surroundings",
    }
)

# The parts that also know the database: they give it to a room's stores, or see it fail.
KEEPERS: Final = frozenset(
    {
        "admission",
        "database_choice",
        "database_health",
        "log_keeping",
        "observation",
        "other_calendars",
        "schedule",
        "storage",
        "storage_health",
    }
)

# What entities read, from the bottom to the top.
COORDINATORS: Final = (
    "coordinator",
    "agent_data",
    "agent_coordinator",
    "source_coordinator",
    "folder_coordinator",
    "entity_coordinator",
    "other_cameras",
    "roster",
    "household",
)

# Who may import whom inside the integration. What is not named here is Home Assistant's floor, and
# may know everybody.
KNOWS: Final[dict[str, frozenset[str]]] = {
    "models": frozenset(),
    "const": frozenset(),
    "migrations": frozenset(),
    "database_errors": frozenset(),
    "database_file": frozenset({"database_errors"}),
    "database_server": frozenset({"database_errors"}),
    "database_place": frozenset({"database_errors", "database_file", "database_server"}),
    "database": frozenset(
        {
            "models",
            "migrations",
            "database_errors",
            "database_file",
            "database_place",
            "database_server",
        }
    ),
    "database_copy": frozenset({"database", "database_server"}),
    "agent": frozenset({"models"}),
    "care": frozenset({"models", "agent"}),
    "vision": frozenset({"models"}),
    "footage": frozenset({"models", "database", "agent"}),
    "zones": frozenset({"models", "database"}),
    "incidents": frozenset({"models", "database", "vision", "footage", "zones"}),
    "uploads": frozenset({"models", "vision", "footage"}),
    "language": frozenset(),
    "access": frozenset({"models", "database", "agent"}),
    "logs": frozenset({"database", "agent"}),
    "bookings": frozenset({"models", "database", "agent", "footage"}),
    **dict.fromkeys(PARTS, frozenset({"models", "const"}) | ROOMS | PARTS),
    **dict.fromkeys(KEEPERS, frozenset({"models", "const", "database"}) | ROOMS | PARTS),
    **{
        name: frozenset({"models", "const", *COORDINATORS[:place]}) | ROOMS | PARTS
        for place, name in enumerate(COORDINATORS)
    },
    "hub": frozenset({"models", "const", "database", *COORDINATORS}) | ROOMS | PARTS,
}

ON_THE_FLOOR: Final = frozenset({"floor", "const", "hub", *COORDINATORS}) | PARTS

# What speaks SQL of the database's own modules: `database.py`, `database_copy.py`, ...
DATABASE: Final = ("", "_copy", "_file", "_place", "_server")

# Who may import what is neither ours nor the standard library's.
# A star stays inside its folder; a "!" takes a path out again.
FLOOR: Final = (
    f"{INTEGRATION}/*.py",
    f"!{INTEGRATION}/models.py",
    *(f"!{INTEGRATION}/database{part}.py" for part in ("_errors", *DATABASE)),
)
DEVICES: Final = (f"{AGENT}/hardware/*.py",)
# Detectors that are asked by HTTP, and where models come from.
SERVICES: Final = "aws_lambda codeproject kserve kserve_server model remote service".split()
PANORAMA: Final = "alignment exposure features geometry panorama recheck seam".split()
# The tables of a room, and what is asked of them and done to them.
INCIDENT_ROWS: Final = "indexing rows search totals".split()
FOOTAGE_ROWS: Final = "backlog rows search stock wishes".split()
WIRE: Final = (
    *FLOOR,
    f"{INTEGRATION}/agent/*.py",
    f"{INTEGRATION}/language/*.py",
    *(f"{INTEGRATION}/vision/{name}.py" for name in SERVICES),
    f"{AGENT}/*.py",
)
THIRD_PARTIES: Final = {
    "homeassistant": FLOOR,
    "voluptuous": FLOOR,
    "webrtc_models": FLOOR,
    "aiohttp": WIRE,
    "yarl": WIRE,  # aiohttp's own addresses
    "sqlalchemy": (
        *(f"{INTEGRATION}/database{part}.py" for part in DATABASE),
        f"{INTEGRATION}/*/store.py",
        # What the store of incidents is made of.
        *(f"{INTEGRATION}/incidents/{name}.py" for name in INCIDENT_ROWS),
        # What the store of footage is made of, and the store of the links to it.
        *(f"{INTEGRATION}/footage/{name}.py" for name in FOOTAGE_ROWS),
        f"{INTEGRATION}/footage/linkstore.py",
        # What happened at the doors: the store, its rows, and their search.
        *(f"{INTEGRATION}/access/{name}.py" for name in ("log", "passages", "search")),
        f"{INTEGRATION}/bookings/rows.py",
    ),
    # Home Assistant has it too: it reads the lists of a page of incidents in half the time.
    "orjson": (f"{INTEGRATION}/incidents/lists.py",),
    "psycopg": (f"{INTEGRATION}/database_server.py",),
    "dateutil": (f"{INTEGRATION}/bookings/recurrence.py",),
    "watchdog": (f"{INTEGRATION}/uploads/*.py",),
    "onnxruntime": (f"{INTEGRATION}/vision/*", f"{AGENT}/onnx.py"),
    "ncnn": (f"{INTEGRATION}/vision/*",),
    "numpy": (
        f"{INTEGRATION}/vision/*",
        # What two cameras see is put together from their pixels.
        *(f"{INTEGRATION}/footage/{name}.py" for name in PANORAMA),
        f"{AGENT}/onnx.py",
        f"{AGENT}/families.py",
        f"{AGENT}/motion.py",
        *DEVICES,
    ),
    "cv2": (f"{INTEGRATION}/footage/opencv.py",),
    "PIL": (f"{INTEGRATION}/vision/*", f"{AGENT}/onnx.py", f"{AGENT}/sign.py"),
    "av": (
        f"{INTEGRATION}/footage/*",
        f"{AGENT}/live.py",
        f"{AGENT}/mux.py",
        f"{AGENT}/peer.py",
        f"{AGENT}/recorder.py",
        f"{AGENT}/shelf.py",
        *DEVICES,
    ),
    "boto3": (f"{INTEGRATION}/footage/*",),
    "botocore": (f"{INTEGRATION}/footage/*", f"{INTEGRATION}/vision/aws_lambda.py"),
    "zeroconf": (f"{AGENT}/announce.py",),
    "aiortc": (f"{AGENT}/peer.py",),
    "cryptography": (f"{INTEGRATION}/site_identity.py", f"{AGENT}/tls.py"),
    "picamera2": DEVICES,
    "libcamera": DEVICES,
    "gpiod": DEVICES,
    # Home Assistant's own machine may have such a card too.
    "pynvml": (*DEVICES, f"{INTEGRATION}/care/nvidia.py"),
    "evdev": DEVICES,
    "osdp_sys": DEVICES,
    "serial": DEVICES,
    "smbus2": DEVICES,
    "spidev": DEVICES,
    "smartcard": DEVICES,
}

# Imported where they are used and not when the module is read.
LATE: Final = {name for name, where in THIRD_PARTIES.items() if where is DEVICES} | {
    "onnxruntime",
    "ncnn",
    "boto3",
    "botocore",
    "cryptography",
    "cv2",
    "psycopg",
    "pynvml",
}

# Decisions, beside the rules.py of every room: it may know them, and they each other.
PURE: Final = frozenset(
    {
        "checks",
        "compiler",
        "course",
        "expiry",
        "facts",
        "factors",
        "hours",
        "marks",
        "matching",
        "news",
        "nouns",
        "people",
        "polygons",
        "risk",
        "track",
        "tracks",
        "wanted",
        "wording",
    }
)

# All that a decision needs; PurePath because names of files are decided too.
RULES_MAY_IMPORT: Final = frozenset(
    "__future__ bisect collections dataclasses datetime enum functools itertools math operator "
    "pathlib re statistics string typing unicodedata zoneinfo".split()
)
PURE_PATHS: Final = frozenset({"PurePath", "PurePosixPath"})
# Of ours: what stands at the door of a room below, the nouns, and the errors of its own room.
RULES_MAY_KNOW: Final = frozenset({(), ("errors",), ("rules",), *((name,) for name in PURE)})
RULES_MAY_NOT_CALL: Final = frozenset(
    "open print input now utcnow today Path cwd home read_text read_bytes write_text write_bytes "
    "getLogger".split()
)

FORBIDDEN_NAMES: Final = frozenset(
    "util utils helper helpers common misc base shared manager managers handler handlers".split()
)

# The supervisors: the only places that may swallow everything, because they restart what fell.
SUPERVISORS: Final = frozenset({(f"{INTEGRATION}/stories.py", "_run")})

MODULE_LINES: Final = 400
HUB_LINES: Final = 200
FUNCTION_LINES: Final = 60
COLLABORATORS: Final = 6
DOOR_METHODS: Final = 8

# Modules that are one long table, and so may be longer than a module may be.
TABLES: Final = frozenset[str]()

# The class that is a room: what the others hold in their hand.
DOORS: Final = frozenset(
    {
        "Agent",
        "Detector",
        "Zones",
        "Incidents",
        "Archive",
        "Access",
        "Bookings",
        "Logs",
        "Footage",
        "FootageFlow",
        "Library",
        "Links",
        "Offsite",
        "Retention",
        "Database",
    }
)

NOUN_BASES: Final = frozenset({"StrEnum", "IntEnum", "NamedTuple", "TypedDict"})
NOUN_KEYWORDS: Final = frozenset({"frozen", "slots", "kw_only"})

DEVELOPER_PATH: Final = re.compile(r"(?<![\w.})])/(?:home/(?!pi\b)|root/|work/|Users/)\w")
TESTING: Final = re.compile(r"\b(?:is_|in_|under_)?test(?:ing|s)?\b|\bpytest\b", re.IGNORECASE)


@dataclass(frozen=True)
class Import:
    """One imported name: the dotted module, and the name taken out of it if there is one."""

    line: int
    module: str
    name: str | None
    late: bool
    for_types: bool

    @property
    def top(self) -> str:
        return self.module.partition(".")[0]


class Source:
    """One module: its path in the repository, its text and its tree."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.tree = ast.parse(text)

    @property
    def in_integration(self) -> bool:
        return self.path.startswith(f"{INTEGRATION}/")

    @property
    def place(self) -> str:
        """The room or the named module that this is in the integration, else `floor`."""
        first = PurePosixPath(self.path).relative_to(INTEGRATION).parts[0].removesuffix(".py")
        return first if first in KNOWS else "floor"

    @cached_property
    def functions(self) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        return [
            node
            for node in ast.walk(self.tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ]

    @cached_property
    def imports(self) -> list[Import]:
        late = {id(node) for function in self.functions for node in ast.walk(function)}
        types = {
            id(node)
            for block in ast.walk(self.tree)
            if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.unparse(block.test)
            for node in ast.walk(block)
        }
        return [
            Import(node.lineno, module, name, id(node) in late, id(node) in types)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for module, name in self._names(node)
        ]

    def _names(self, node: ast.Import | ast.ImportFrom) -> list[tuple[str, str | None]]:
        if isinstance(node, ast.Import):
            return [(alias.name, None) for alias in node.names]
        module = node.module or ""
        if node.level:
            package = PurePosixPath(self.path).parts[: -node.level]
            module = ".".join([*package, *filter(None, [module])])
        return [(module, alias.name) for alias in node.names]

    def inside(self, imported: Import) -> tuple[str, ...] | None:
        """Return an import's path below the integration, as `("vision", "onnx")`, else None."""
        prefix = INTEGRATION.replace("/", ".")
        dotted = f"{imported.module}.{imported.name}" if imported.name else imported.module
        if not dotted.startswith(f"{prefix}."):
            return None
        parts = tuple(dotted.removeprefix(f"{prefix}.").split("."))
        names_a_module = imported.name is None or _is_module(*parts)
        return parts if names_a_module else parts[:-1]


def _is_module(*parts: str) -> bool:
    path = ROOT / INTEGRATION / PurePosixPath(*parts)
    return (
        path.is_dir()
        or path.with_suffix(".py").is_file()
        or (len(parts) == 1 and parts[0] in KNOWS)
    )


type Found = Iterator[tuple[int, str]]


def imports_point_down(source: Source) -> Found:
    """Imports point down: floor, then coordinator and hub, then rooms, then database and models."""
    if not source.in_integration or (here := source.place) == "floor":
        return
    for imported in source.imports:
        parts = source.inside(imported)
        if parts is None or (imported.for_types and here not in ROOMS):
            continue
        there = parts[0] if parts and parts[0] in KNOWS else "the floor"
        if there not in {here, *KNOWS[here]}:
            yield imported.line, f"{here} may not import {there}"


def rooms_are_entered_by_the_door(source: Source) -> Found:
    """From outside a room import the package, never a module in it."""
    if not source.in_integration:
        return
    for imported in source.imports:
        parts = source.inside(imported)
        if parts and len(parts) > 1 and parts[0] in ROOMS and parts[0] != source.place:
            yield imported.line, f"import {parts[0]}, not {'.'.join(parts)}"


def third_parties_live_in_named_places(source: Source) -> Found:
    """A third party is imported only where the table THIRD_PARTIES says."""
    ours = AGENT if source.path.startswith(f"{AGENT}/") else INTEGRATION.replace("/", ".")
    for imported in source.imports:
        if imported.top in sys.stdlib_module_names or f"{imported.module}.".startswith(f"{ours}."):
            continue
        if not _lives_in(source.path, THIRD_PARTIES.get(imported.top, ())):
            yield imported.line, f"{imported.top} may not be imported here"


def heavy_libraries_are_imported_late(source: Source) -> Found:
    """A library that is heavy or often missing is imported inside the function that needs it."""
    for imported in source.imports:
        if imported.top in LATE and not imported.late and not imported.for_types:
            yield imported.line, f"import {imported.top} inside the function that uses it"


def rules_are_pure(source: Source) -> Found:
    """A decision has no clock, loop, disk or log; `now` is an argument."""
    path = PurePosixPath(source.path)
    if path.stem != "rules" and not (path.stem in PURE and path.parent.name in ROOMS):
        return
    for imported in source.imports:
        parts = source.inside(imported)
        known = imported.top in RULES_MAY_IMPORT if parts is None else parts[1:] in RULES_MAY_KNOW
        if not known or (imported.top == "pathlib" and imported.name not in PURE_PATHS):
            yield imported.line, f"rules may not import {imported.name or imported.module}"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and _called(node) in RULES_MAY_NOT_CALL:
            yield node.lineno, f"rules may not call {ast.unparse(node.func)}()"
        if isinstance(node, ast.AsyncFunctionDef | ast.Await):
            yield node.lineno, "rules do not wait"


def modules_have_a_subject(source: Source) -> Found:
    """No module or folder is named utils, helpers, common, base, manager or the like."""
    for part in PurePosixPath(source.path).parts:
        if part.removesuffix(".py").strip("_") in FORBIDDEN_NAMES:
            yield 1, f"'{part}' says nothing about what is in it"


def modules_are_short(source: Source) -> Found:
    """A module has at most 400 lines (hub.py 200), a table excepted."""
    lines = source.text.count("\n")
    limit = HUB_LINES if source.path == f"{INTEGRATION}/hub.py" else MODULE_LINES
    if lines > limit and source.path not in TABLES:
        yield lines, f"{lines} lines, {limit} are allowed"


def functions_are_short(source: Source) -> Found:
    """No function has more than 60 lines."""
    for function in source.functions:
        lines = (function.end_lineno or function.lineno) - function.lineno + 1
        if lines > FUNCTION_LINES:
            yield (
                function.lineno,
                f"{function.name} has {lines} lines, {FUNCTION_LINES} are allowed",
            )


def constructors_take_few_collaborators(source: Source) -> Found:
    """A constructor takes at most 6 collaborators."""
    for function in source.functions:
        arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
        if function.name == "__init__" and len(arguments) - 1 > COLLABORATORS:
            yield (
                function.lineno,
                f"{len(arguments) - 1} collaborators, {COLLABORATORS} are allowed",
            )


def doors_are_narrow(source: Source) -> Found:
    """A room's door has at most 8 methods."""
    for node in ast.walk(source.tree):
        if (
            isinstance(node, ast.ClassDef)
            and node.name in DOORS
            and source.path.startswith(INTEGRATION)
            and source.place in {"database", *ROOMS}
        ):
            public = [
                item.name
                for item in node.body
                if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)
                and not item.name.startswith("_")
                and "property" not in map(ast.unparse, item.decorator_list)
            ]
            if len(public) > DOOR_METHODS:
                yield (
                    node.lineno,
                    f"{node.name} has {len(public)} methods, {DOOR_METHODS} are allowed",
                )


def only_supervisors_swallow_everything(source: Source) -> Found:
    """Nobody swallows every error but the supervisor that restarts a story."""
    listed = [name for path, name in SUPERVISORS if path == source.path]
    supervisors = [function for function in source.functions if function.name in listed]
    excused = {id(node) for function in supervisors for node in ast.walk(function)}
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.ExceptHandler) or id(node) in excused:
            continue
        names = ast.walk(node.type) if node.type else [ast.Name("everything")]
        caught = {item.id for item in names if isinstance(item, ast.Name)}
        passed_on = isinstance(node.body[-1], ast.Raise)
        if not passed_on and (broad := caught & {"everything", "Exception", "BaseException"}):
            yield node.lineno, f"catches {broad.pop()}; name the errors that are meant"


def modules_say_what_they_are_for(source: Source) -> Found:
    """Every module has a docstring."""
    if ast.get_docstring(source.tree) is None:
        yield 1, "the first line says what the module is responsible for"


def nouns_are_values(source: Source) -> Found:
    """A noun in models.py is a frozen, slotted, keyword-only dataclass, an enum or a NamedTuple."""
    if source.path != f"{INTEGRATION}/models.py":
        return
    for node in source.tree.body:
        if not isinstance(node, ast.ClassDef) or NOUN_BASES & set(map(ast.unparse, node.bases)):
            continue
        keywords = {
            keyword.arg
            for decorator in node.decorator_list
            if isinstance(decorator, ast.Call) and _called(decorator) == "dataclass"
            for keyword in decorator.keywords
        }
        if missing := NOUN_KEYWORDS - keywords:
            yield node.lineno, f"{node.name} is not {', '.join(sorted(missing))}"


def the_async_prefix_is_home_assistants(source: Source) -> Found:
    """The prefix async_ is the custom of Home Assistant's floor; nothing else has it."""
    if source.in_integration and source.place in ON_THE_FLOOR:
        return
    for function in source.functions:
        if function.name.startswith("async_"):
            yield function.lineno, f"{function.name}: drop the prefix"


def nothing_knows_that_it_is_tested(source: Source) -> Found:
    """No code asks whether it is being tested."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.If | ast.IfExp | ast.While) and TESTING.search(
            ast.unparse(node.test)
        ):
            yield node.lineno, f"asks `{ast.unparse(node.test)}`"


def no_path_of_a_developers_machine(source: Source) -> Found:
    """No path of one developer's machine."""
    for number, line in enumerate(source.text.splitlines(), start=1):
        if found := DEVELOPER_PATH.search(line):
            yield number, f"{found.group()}... exists on one machine only"


def _called(node: ast.Call) -> str:
    return ast.unparse(node.func).rpartition(".")[2]


def _lives_in(path: str, patterns: tuple[str, ...]) -> bool:
    here = PurePosixPath(path)
    barred = any(here.full_match(pattern[1:]) for pattern in patterns if pattern[0] == "!")
    return not barred and any(here.full_match(pattern) for pattern in patterns)


type Law = Callable[[Source], Found]

EVERYWHERE: Final[tuple[Law, ...]] = (
    functions_are_short,
    modules_are_short,
    modules_have_a_subject,
    modules_say_what_they_are_for,
    no_path_of_a_developers_machine,
    only_supervisors_swallow_everything,
)
LAWS: Final[tuple[Law, ...]] = (
    *EVERYWHERE,
    constructors_take_few_collaborators,
    doors_are_narrow,
    heavy_libraries_are_imported_late,
    imports_point_down,
    nothing_knows_that_it_is_tested,
    nouns_are_values,
    rooms_are_entered_by_the_door,
    rules_are_pure,
    the_async_prefix_is_home_assistants,
    third_parties_live_in_named_places,
)


def violations(law: Law, source: Source) -> list[str]:
    """Return what a module does against a law, as `path:line: the law (what was found)`."""
    sentence = (law.__doc__ or "").rstrip(".")
    return [f"{source.path}:{line}: {sentence} ({found})" for line, found in law(source)]


def _read(*places: str) -> list[Source]:
    files = [file for place in places for file in sorted((ROOT / place).rglob("*.py"))]
    return [Source(file.relative_to(ROOT).as_posix(), file.read_text("utf-8")) for file in files]


def _scripts() -> list[Source]:
    files = [file for file in sorted((ROOT / "scripts").iterdir()) if file.is_file()]
    texts = [(file, file.read_text("utf-8")) for file in files]
    return [
        Source(file.relative_to(ROOT).as_posix(), text)
        for file, text in texts
        if file.suffix == ".py" or "python" in text.partition("\n")[0]
    ]


@pytest.fixture(scope="session")
def programs() -> list[Source]:
    return _read(INTEGRATION, AGENT)


@pytest.fixture(scope="session")
def tools() -> list[Source]:
    return _scripts()


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_the_house_keeps_the_law(law: Law, programs: list[Source]) -> None:
    found = [violation for source in programs for violation in violations(law, source)]

    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize("law", EVERYWHERE, ids=lambda law: law.__name__)
def test_the_scripts_keep_the_laws_that_are_for_everything(law: Law, tools: list[Source]) -> None:
    found = [violation for source in tools for violation in violations(law, source)]

    assert not found, "\n" + "\n".join(found)


def test_both_programs_are_there_to_be_read(programs: list[Source]) -> None:
    paths = {source.path for source in programs}

    assert {f"{INTEGRATION}/models.py", f"{AGENT}/wire.py"} <= paths


LONG: Final = '"""Long."""\n' + "\n" * 500
SWALLOW: Final = "async def _run():\n    try:\n        pass\n    except {}:\n        log()\n"
NINE_METHODS: Final = "".join(f"    def act{n}(self): ...\n" for n in range(9))
SOMEBODYS_FILE: Final = "'/" + "home/somebody/video.mp4'"

# Each law with modules that break it; paths are the integration's where nothing else is said.
BREAKS: Final[dict[Law, list[tuple[str, str]]]] = {
    imports_point_down: [
        ("models.py", "from .database import Database"),
        ("agent/client.py", "from ..footage import Footage"),
        ("agent/client.py", "def f():\n    from ..footage import Footage"),
        ("footage/flow.py", "from .. import incidents"),
        ("footage/flow.py", "from ..hub import Hub"),
        ("vision/model.py", "from ..const import DOMAIN"),
        ("vision/model.py", "from ..config_flow import Flow"),
        ("incidents/flow.py", "if TYPE_CHECKING:\n    from ..coordinator import AgentCoordinator"),
        ("coordinator.py", "from .hub import Hub"),
        ("hub.py", "from .camera import AgentCamera"),
    ],
    rooms_are_entered_by_the_door: [
        ("hub.py", "from .agent.client import Agent"),
        ("camera.py", "from .agent import wire"),
        ("incidents/flow.py", "from ..vision.onnx import Session"),
    ],
    third_parties_live_in_named_places: [
        ("agent/client.py", "import homeassistant"),
        ("footage/flow.py", "from homeassistant.core import HomeAssistant"),
        ("database.py", "import homeassistant"),
        ("incidents/flow.py", "import sqlalchemy"),
        ("incidents/flow.py", "import voluptuous"),
        ("incidents/flow.py", "import probatio"),
        ("camera.py", "import numpy as np"),
        ("vision/detector.py", "import av"),
        ("vision/detector.py", "import aiohttp"),
        ("hub.py", "import requests"),
        ("hub.py", "import camera_agent"),
        ("hub.py", "import custom_components.other"),
        ("camera_agent/server.py", "import homeassistant"),
        ("camera_agent/server.py", "import custom_components.gatehouse"),
        ("camera_agent/cameras.py", "import picamera2"),
        ("camera_agent/cameras.py", "import numpy"),
    ],
    heavy_libraries_are_imported_late: [
        ("camera_agent/hardware/picamera.py", "import picamera2"),
        ("camera_agent/onnx.py", "from onnxruntime import InferenceSession"),
    ],
    rules_are_pure: [
        ("incidents/rules.py", "import time"),
        ("incidents/tracks.py", "import time"),
        ("incidents/rules.py", "from pathlib import Path"),
        ("incidents/rules.py", "from .store import Store"),
        ("incidents/rules.py", "now = datetime.now(UTC)"),
        ("incidents/rules.py", "text = open('x')"),
        ("incidents/rules.py", "async def is_over(): ..."),
    ],
    modules_have_a_subject: [
        ("utils.py", ""),
        ("helpers/__init__.py", ""),
        ("camera_agent/hardware/_base.py", ""),
    ],
    modules_are_short: [("camera_agent/server.py", LONG), ("hub.py", LONG[:250])],
    functions_are_short: [("camera_agent/server.py", "def f():\n" + "    pass\n" * 60)],
    constructors_take_few_collaborators: [
        ("hub.py", "class Hub:\n    def __init__(self, a, b, c, d, /, e, f, *, g): ..."),
    ],
    doors_are_narrow: [("incidents/flow.py", f"class Incidents:\n{NINE_METHODS}")],
    only_supervisors_swallow_everything: [
        ("camera.py", SWALLOW.format("Exception")),
        ("stories.py", SWALLOW.format("Exception").replace("_run", "start")),
        ("camera_agent/server.py", SWALLOW.format("(OSError, BaseException)")),
        ("camera_agent/feed.py", SWALLOW.format("")),
    ],
    modules_say_what_they_are_for: [("camera_agent/server.py", "import asyncio")],
    nouns_are_values: [
        ("models.py", "class Incident:\n    id: str"),
        ("models.py", "@dataclass(frozen=True, slots=True)\nclass Incident:\n    id: str"),
    ],
    the_async_prefix_is_home_assistants: [
        ("agent/client.py", "def async_info(): ..."),
        ("camera_agent/server.py", "async def async_stop(): ..."),
    ],
    nothing_knows_that_it_is_tested: [
        ("camera_agent/server.py", "if testing:\n    pass"),
        ("camera_agent/server.py", "port = 0 if 'pytest' in modules else 80"),
    ],
    no_path_of_a_developers_machine: [("camera_agent/server.py", f"video = {SOMEBODYS_FILE}")],
}

ALLOWS: Final[dict[Law, list[tuple[str, str]]]] = {
    imports_point_down: [
        ("incidents/flow.py", "from ..footage import Footage"),
        ("camera.py", "from .hub import Hub"),
        ("coordinator.py", "if TYPE_CHECKING:\n    from . import GatehouseConfigEntry"),
    ],
    rooms_are_entered_by_the_door: [
        ("agent/client.py", "from . import wire"),
        ("hub.py", "from .agent import Agent"),
    ],
    third_parties_live_in_named_places: [
        ("hub.py", "import homeassistant"),
        ("footage/store.py", "import sqlalchemy"),
    ],
    heavy_libraries_are_imported_late: [
        ("camera_agent/hardware/picamera.py", "def opened():\n    import picamera2"),
        ("vision/onnx.py", "if TYPE_CHECKING:\n    from onnxruntime import InferenceSession"),
    ],
    rules_are_pure: [
        ("incidents/rules.py", "from .risk import LEVELS"),
        ("footage/rules.py", "from pathlib import PurePosixPath\nfrom ..models import Footage"),
        ("footage/rules.py", "from ..agent import Recording\nfrom .errors import NotPlayable"),
    ],
    only_supervisors_swallow_everything: [
        ("stories.py", SWALLOW.format("Exception")),
        ("database.py", SWALLOW.format("BaseException") + "        raise\n"),
        ("database.py", SWALLOW.format("OSError")),
    ],
    nothing_knows_that_it_is_tested: [
        ("camera_agent/server.py", "if latest > contest:\n    pass"),
    ],
    nouns_are_values: [("models.py", "class Box(NamedTuple):\n    left: float")],
}


def _examples(table: dict[Law, list[tuple[str, str]]]) -> list[tuple[Law, Source]]:
    return [
        (law, Source(path if path.startswith(AGENT) else f"{INTEGRATION}/{path}", text))
        for law, examples in table.items()
        for path, text in examples
    ]


def _name(value: object) -> str:
    return value.path if isinstance(value, Source) else getattr(value, "__name__", "")


@pytest.mark.parametrize(("law", "source"), _examples(BREAKS), ids=_name)
def test_the_law_bites(law: Law, source: Source) -> None:
    found = violations(law, source)

    assert found
    assert found[0].startswith(f"{source.path}:")
    assert (law.__doc__ or "").rstrip(".") in found[0]


@pytest.mark.parametrize(("law", "source"), _examples(ALLOWS), ids=_name)
def test_the_law_lets_the_honest_pass(law: Law, source: Source) -> None:
    assert violations(law, source) == []


def test_every_law_is_shown_to_bite() -> None:
    assert BREAKS.keys() == set(LAWS)
