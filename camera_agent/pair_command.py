"""What the command line says about owners: a code for the next one, and who it is now."""

from time import monotonic
from typing import Any

from .code_file import CodeFile
from .config import AgentConfig
from .owner import stored
from .pairing import GOOD, new_code


class PairError(Exception):
    """There can be no code; the message says what to do."""


def ask_for_code(config: AgentConfig) -> dict[str, Any]:
    """Leave a code for the agent that runs here, and return what to tell; raises PairError.

    An agent that has an owner keeps it until another one has typed the code.
    """
    if config.token:
        raise PairError(
            "The owner of this agent is named in agent.toml: give Home Assistant that token, or"
            " take it out there and start the agent again."
        )
    code = new_code(monotonic())
    try:
        CodeFile(config.data).leave(code)
    except FileNotFoundError as error:
        sentence = f"{config.data} is not there: start the agent, which makes it."
        raise PairError(sentence) from error
    except OSError as error:
        sentence = f"{error.filename} cannot be written ({error.strerror}): try it with sudo."
        raise PairError(sentence) from error
    return {
        "code": code.text,
        "good_for_s": GOOD,
        "id": config.id,
        "name": config.name,
        "port": config.port,
    }


def told(code: dict[str, Any]) -> list[str]:
    """Say it to a person."""
    return [
        code["code"],
        "",
        f"Type this within {code['good_for_s'] / 60:g} minutes in Home Assistant, where it asks for"
        f" the code of {code['name']}:",
        "Settings > Devices & services, at what was discovered, or Gatehouse > Add agent (port"
        f" {code['port']}).",
        "The agent has to be running. Each new code takes the place of the one before.",
    ]


def owned(config: AgentConfig) -> str:
    """Say whether the agent has an owner."""
    if config.token:
        return "owned by who has the token in agent.toml"
    try:
        paired = stored(config.data)
    except PermissionError:
        return "paired perhaps: ask with sudo"
    except (OSError, ValueError) as error:
        return f"not paired: what is stored cannot be used ({error})"
    return "paired" if paired else "not paired yet: gatehouse-agent pair"
