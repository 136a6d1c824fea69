"""Why the agent refuses: raised where it happens, answered as JSON in one place (`server`)."""

from .wire import ErrorCode


class Refused(Exception):
    """A request that cannot be granted: a code for programs and a sentence for people.

    Who may ask again later is told after how many seconds.
    """

    def __init__(self, code: ErrorCode, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry_after = retry_after


class Private(Refused):
    """What is asked for would show what a camera sees that is private."""

    def __init__(self) -> None:
        super().__init__(ErrorCode.CAMERA_PRIVATE, "The camera is private; switch that off first.")
