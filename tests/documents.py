"""The documents as tests read them: their tables, sections, examples and links."""

from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[1]
INTEGRATION: Final = ROOT / "custom_components" / "gatehouse"
DOCUMENTS: Final = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
WORDS: Final[dict[str, Any]] = json.loads((INTEGRATION / "translations" / "en.json").read_text())

HEADING: Final = re.compile(r"^#+ (.+)$", re.MULTILINE)


def rows(text: str, first: str) -> list[list[str]]:
    """Return the rows of the tables in a text whose head begins with this cell."""
    found = []
    for part in text.split("\n\n"):
        cells = [
            [cell.strip() for cell in line.strip("|").split("|")]
            for line in part.splitlines()
            if line.startswith("|")
        ]
        if cells and cells[0][0] == first:
            found += cells[2:]
    return found


def table(document: str, first: str) -> list[list[str]]:
    """Return the rows of a document's tables whose head begins with this cell: there is one."""
    found = rows((ROOT / document).read_text(), first)
    assert found, f"{document} has no table of {first}"
    return found


def section(document: str, title: str) -> str:
    """Return what stands below a heading of a document, without what has a heading of its own."""
    _, heading, below = (ROOT / document).read_text().partition(f"# {title}\n")
    assert heading, f"{document} has no section {title}"
    return re.split(r"^#+ ", below, maxsplit=1, flags=re.MULTILINE)[0]


def code(text: str, language: str) -> list[str]:
    """Return the examples in a text that are written in a language."""
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def examples(text: str) -> list[Any]:
    """Return the examples in a text that are written in YAML, as Home Assistant reads them."""
    return [yaml.load(block, _Loader) for block in code(text, "yaml")]  # noqa: S506 - a safe one


def prose(document: Path) -> str:
    """Return a document without its examples."""
    return re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL)


def anchors(document: Path) -> set[str]:
    """Return what the headings of a document can be linked by."""
    headings = HEADING.findall(prose(document))
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def described(kind: str) -> dict[str, dict[str, Any]]:
    """Return the fields of all triggers, conditions or services, by the names that users write."""
    known: dict[str, Any] = yaml.safe_load((INTEGRATION / f"{kind}s.yaml").read_text())
    return {
        f"gatehouse.{name}": (about or {}).get("fields", {})
        for name, about in known.items()
        if name[0] != "."
    }


def texts(words: object) -> Iterator[str]:
    """Yield every text of the translations."""
    if isinstance(words, dict):
        for value in words.values():
            yield from texts(value)
    else:
        yield str(words)


def shown(text: str) -> str:
    """Return a text as the documents write it: what stands in for something is slanted."""
    return re.sub(r"\{(\w+)\}", r"*\1*", text)


class _Loader(yaml.SafeLoader):
    """Takes what stands behind a tag, of Home Assistant or of ESPHome, as it is."""


_Loader.add_multi_constructor("!", lambda _loader, _tag, node: node.value)
