"""What can go wrong between a question and a language model's answer."""

from datetime import timedelta


class LanguageError(Exception):
    """A language model gave no answer; `code` is a short name of why."""

    code = "language_failed"


class LanguageUnreachable(LanguageError):
    """Nobody answered, the answer was cut off, or the server is out of order."""

    code = "language_unreachable"


class LanguageRefused(LanguageError):
    """The server said no, to the key or to the question, and will again until something changes."""

    code = "language_refused"


class LanguageBusy(LanguageError):
    """The server has too much to do, or too much was asked of it."""

    code = "language_busy"

    def __init__(self, reason: str, retry_after: timedelta | None = None) -> None:
        """Keep when to ask again, if the server told."""
        super().__init__(reason)
        self.retry_after = retry_after


class LanguageTimeout(LanguageError):
    """The answer did not come in time."""

    code = "language_timeout"


class LanguageGarbled(LanguageError):
    """What came is no answer, or not all of one."""

    code = "language_garbled"
