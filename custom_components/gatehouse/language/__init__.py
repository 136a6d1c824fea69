"""A language model, asked over HTTP."""

from .chat import ChatModel
from .errors import (
    LanguageBusy,
    LanguageError,
    LanguageGarbled,
    LanguageRefused,
    LanguageTimeout,
    LanguageUnreachable,
)

__all__ = [
    "ChatModel",
    "LanguageBusy",
    "LanguageError",
    "LanguageGarbled",
    "LanguageRefused",
    "LanguageTimeout",
    "LanguageUnreachable",
]
