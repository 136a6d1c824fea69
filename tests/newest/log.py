"""What Home Assistant's own log tells of Gatehouse."""

from itertools import pairwise
import re

from camera_agent.wire import QUERY_SIGNATURE

RECORD = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+\S* (\w+) ", re.MULTILINE)
OURS = re.compile(r"custom_components[./]gatehouse|\bintegration '?gatehouse\b|from gatehouse\b")

SIGNED = re.compile(rf"\b{QUERY_SIGNATURE}=[0-9a-f]+")

KNOWN = (
    # Said of every custom integration.
    "We found a custom integration gatehouse",
    # A site begins with the default model; a machine without internet says that it has none.
    "cannot be fetched",
)


def complaints(log: str) -> list[str]:
    """Return the warnings and errors about Gatehouse, and calls that block the loop."""
    return [text for text in _records(log) if _is_bad(text) and _is_ours(text)]


def betrayed(log: str, *secrets: str) -> list[str]:
    """Return which of these secrets a log tells, and the signatures of addresses in it."""
    return [*(secret for secret in secrets if secret in log), *SIGNED.findall(log)]


def _records(log: str) -> list[str]:
    """Return the records of a log, each with its traceback."""
    starts = [record.start() for record in RECORD.finditer(log)]
    return [log[start:end] for start, end in pairwise([*starts, len(log)])]


def _is_bad(text: str) -> bool:
    level = RECORD.match(text)
    return level is not None and level[1] in {"WARNING", "ERROR", "CRITICAL"}


def _is_ours(text: str) -> bool:
    ours = OURS.search(text) or "Detected blocking call" in text
    return bool(ours) and not any(known in text for known in KNOWN)
