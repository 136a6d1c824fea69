"""What a doctor finds: one line about one thing, and what to do about it."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How bad it is: with a problem, something that is configured does not work."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing as it was found; who is not well is advised."""

    subject: str
    verdict: Verdict = Verdict.OK
    found: str
    advice: str = ""


def fine(subject: str, found: str) -> Finding:
    return Finding(subject=subject, found=found)


def warning(subject: str, found: str, advice: str) -> Finding:
    return Finding(subject=subject, verdict=Verdict.WARNING, found=found, advice=advice)


def problem(subject: str, found: str, advice: str) -> Finding:
    return Finding(subject=subject, verdict=Verdict.PROBLEM, found=found, advice=advice)
