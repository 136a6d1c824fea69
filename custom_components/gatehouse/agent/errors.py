"""What can go wrong between us and an agent."""

from datetime import timedelta


class AgentError(Exception):
    """Something went wrong with an agent; `code` is a short name of what."""

    code = "agent_failed"


class AgentUnreachable(AgentError):
    """Nobody answered, the answer did not come in time, or the connection was cut."""

    code = "agent_unreachable"


class AgentUnauthorized(AgentError):
    """The agent does not take our token."""

    code = "agent_unauthorized"


class AgentImpostor(AgentError):
    """Who answers there cannot be the agent: another certificate, or a proof that is wrong."""

    code = "agent_impostor"


class AgentRefused(AgentError):
    """The agent understood, and said no: `code` is its own (see `wire.ErrorCode`)."""

    def __init__(self, code: str, message: str, retry_after: timedelta | None = None) -> None:
        """Keep the agent's own code and sentence, and when to ask again if it told."""
        super().__init__(message)
        self.code = code
        self.retry_after = retry_after


class AgentGarbled(AgentError):
    """What came makes no sense: broken JSON, a broken stream, other bytes than promised."""

    code = "agent_garbled"


class NotAnAgent(AgentError):
    """Something answers there, but it is not an agent of Gatehouse."""

    code = "not_an_agent"


class AgentOutdated(AgentError):
    """The agent is too old for what was asked of it; all else goes on."""

    code = "agent_outdated"


class AgentIncompatible(AgentError):
    """The agent speaks another version of the API: `theirs`."""

    code = "agent_incompatible"

    def __init__(self, theirs: object, ours: int) -> None:
        """Say which of the two is to be updated."""
        older = isinstance(theirs, int) and theirs < ours
        super().__init__(
            f"The agent speaks version {theirs} of the API, this integration version {ours}. "
            f"Update the {'agent' if older else 'integration'}."
        )
        self.theirs = theirs
