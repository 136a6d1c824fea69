"""What the demonstration remembers from run to run: passwords, tokens and ports."""

from dataclasses import asdict, dataclass, field, replace
import json
from pathlib import Path
import secrets
import socket
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentMemory:
    """One agent: who it is and where it was last."""

    id: str
    token: str
    port: int
    added: int | None = None
    """The port that Home Assistant knows it by; None until it was added."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageMemory:
    """The off-site storage: where it was last, and the secret that it is given."""

    port: int = 0
    secret: str = field(default_factory=lambda: secrets.token_hex(16))


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """The whole of it."""

    username: str
    password: str
    agents: dict[str, AgentMemory]
    storage: StorageMemory = field(default_factory=StorageMemory)
    site: str = ""
    """What Home Assistant calls Gatehouse's entry; empty until it was added."""
    gate: str = ""
    """What Home Assistant calls the camera that uploads; empty until it was added."""

    @classmethod
    def fresh(cls, agents: list[str]) -> Self:
        """Make up passwords and tokens for these agents."""
        return cls(
            username="owner",
            password=f"gate-{secrets.token_hex(4)}",
            agents={
                name: AgentMemory(id=secrets.token_hex(6), token=secrets.token_hex(16), port=0)
                for name in agents
            },
        )

    @classmethod
    def load(cls, path: Path) -> Self | None:
        """Return what was saved, None if nothing was."""
        if not path.is_file():
            return None
        saved = json.loads(path.read_text("utf-8"))
        agents = {name: AgentMemory(**agent) for name, agent in saved.pop("agents").items()}
        storage = StorageMemory(**saved.pop("storage", {}))
        return cls(**saved, agents=agents, storage=storage)

    def save(self, path: Path) -> None:
        """Keep it, for the owner's eyes only."""
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(self), indent=2), "utf-8")

    def with_agent(self, name: str, port: int | None = None, added: int | None = None) -> Memory:
        """Return a memory in which one agent has moved, or was added."""
        agent = self.agents[name]
        changed = replace(agent, port=port or agent.port, added=added or agent.added)
        return replace(self, agents={**self.agents, name: changed})


def free_port(host: str, wanted: int, taken: frozenset[int] = frozenset()) -> int:
    """Return the first port from wanted on that nobody listens on."""
    return next(port for port in range(wanted, 65536) if port not in taken and _is_free(host, port))


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
