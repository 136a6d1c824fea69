"""The machines of a site, and what somebody has to see to."""

from .machine import OwnMachine
from .nouns import AgentReport, Problem, ProblemKind, Severity, Word
from .patience import Patience
from .rules import is_older, problems

__all__ = [
    "AgentReport",
    "OwnMachine",
    "Patience",
    "Problem",
    "ProblemKind",
    "Severity",
    "Word",
    "is_older",
    "problems",
]
