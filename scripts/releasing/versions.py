"""Whether all who tell the version say the same, and the Marketplace finds what it looks for."""

from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any, Final

from .integration import NAME

VERSION: Final = re.compile(r'^__version__.*"(.+)"$', re.MULTILINE)
SECTION: Final = re.compile(r"^## \[(.+?)\]", re.MULTILINE)
# What the Marketplace wants of a repository, and of what it unpacks.
HACS: Final = {"zip_release": True, "filename": NAME}
MANIFEST: Final = ("domain", "name", "version", "codeowners", "documentation", "issue_tracker")


def disagreements(root: Path, tag: str | None = None) -> list[str]:
    """Return a sentence for each thing that keeps this folder from being released."""
    manifest = _json(root / "custom_components" / "gatehouse" / "manifest.json")
    version = str(manifest.get("version"))
    return [
        *_of_the_agent(root, version),
        *_of_the_changelog(root, version, tag),
        *(f"manifest.json: {key} is missing" for key in MANIFEST if not manifest.get(key)),
        *_of_the_marketplace(root),
    ]


def _of_the_agent(root: Path, version: str) -> Iterator[str]:
    found = VERSION.search((root / "camera_agent" / "__init__.py").read_text(encoding="utf-8"))
    if found is None or found[1] != version:
        told = found[1] if found else "none"
        yield f"camera_agent.__version__ is {told}, the version in manifest.json {version}"
    if 'attr = "camera_agent.__version__"' not in (root / "pyproject.toml").read_text():
        yield "pyproject.toml: the version is no longer that of camera_agent"


def _of_the_changelog(root: Path, version: str, tag: str | None) -> Iterator[str]:
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    sections = SECTION.split(text)[1:]
    newest, words = sections[0], sections[1]
    if tag is None:
        if newest != version and not (newest == "Unreleased" and version in words):
            yield f"CHANGELOG.md: the newest section is neither [{version}] nor does it name it"
        return
    if tag.removeprefix("v") != version:
        yield f"the tag is {tag}, the version {version}"
    if newest != version:
        yield f"CHANGELOG.md: the newest section is [{newest}], not [{version}]"


def _of_the_marketplace(root: Path) -> Iterator[str]:
    told = _json(root / "hacs.json")
    for key, wanted in HACS.items():
        if told.get(key) != wanted:
            yield f"hacs.json: {key} must be {json.dumps(wanted)}"


def _json(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))
