"""What the configuration of each agent of a benchmark begins with."""

from typing import Final

from scripts.demonstration.memory import AgentMemory
from scripts.demonstration.places import LOCAL

_BEGINNING: Final = """\
[agent]
id = "{id}"
token = "{token}"
host = "{host}"
port = {port}
data = "data"
announce = false

[tls]
enabled = false

[spool]
enabled = false
"""


def beginning(agent: AgentMemory) -> str:
    """Return an agent that nobody finds, and that keeps nothing for nobody; what it has follows."""
    return _BEGINNING.format(id=agent.id, token=agent.token, host=LOCAL, port=agent.port)
