"""What can go wrong between a camera's pictures and an incident's summary."""

from datetime import timedelta


class IncidentError(Exception):
    """Watching, or telling what was seen, does not work."""


class PicturesLost(IncidentError):
    """A camera's pictures ended; they may come again."""


class ModelFailed(IncidentError):
    """The language model gave no answer; it may later."""

    def __init__(self, reason: str, retry_after: timedelta | None = None) -> None:
        """Say why, and when to ask again if the model said so."""
        super().__init__(reason)
        self.retry_after = retry_after


class BadAnswer(IncidentError):
    """The language model's answer makes no sense."""
