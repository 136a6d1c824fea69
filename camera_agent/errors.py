"""Why the agent refuses: raised where it happens, answered as JSON in one place (`server`)."""

from .wire import ErrorCode


class Refused(Exception):
    """A request that cannot be granted: a code for programs and a sentence for people."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
