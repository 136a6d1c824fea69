"""What people do about doors, bookings and the log: each an action, and a command for cards."""

from collections.abc import Awaitable, Callable, Mapping, Set
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from homeassistant.core import ServiceCall, SupportsResponse

from .access import Noun, Policy, Saved
from .actions import Action
from .commands import Command, Request
from .secret_fields import NOTHING_SECRET

if TYPE_CHECKING:
    from .hub import Hub

# An agent that is connected confirms within milliseconds; somebody waits for the answer.
CONFIRMED_WITHIN: Final = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked, and by whom."""

    hub: Hub
    fields: Mapping[str, Any]
    user: str | None
    """The id of a user of Home Assistant, None for an automation."""

    @property
    def policy(self) -> Policy:
        """What decides who may enter, as it is now."""
        return self.hub.admission.policies.policy

    def given(self, *names: str) -> dict[str, Any]:
        """Return those of these fields that are given."""
        return {name: self.fields[name] for name in names if name in self.fields}

    async def keep[T: Noun](self, noun: T) -> Saved[T]:
        """Keep something; raises AccessError."""
        return await self.hub.admission.policies.save(noun)

    async def forget(self, kind: type[Noun], identity: str) -> None:
        """Forget something; raises AccessError."""
        await self.hub.admission.policies.delete(kind, identity)

    async def asker(self) -> str | None:
        """Return what people call who asks."""
        known = await self.hub.hass.auth.async_get_user(self.user) if self.user else None
        return known.name if known else None

    async def unconfirmed(self) -> list[str]:
        """Return the agents that do not go by the policy of now, after a while for them to do so.

        By their doors somebody may still enter who was revoked.
        """
        owing = await self.hub.admission.access.settle(CONFIRMED_WITHIN)
        # Whoever was never there since Home Assistant started goes by what it had before.
        away = {
            agent
            for agent, coordinator in self.hub.cameras.agents.items()
            if coordinator.data.doors and not coordinator.last_update_success
        }
        return agent_names(self.hub, owing | away)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something to ask of the site, by an automation or on a card."""

    do: Callable[[Asked], Awaitable[dict[str, Any]]]
    fields: Mapping[Any, Any]
    action: str = ""
    """What automations call it, if they may."""
    command: str = ""
    """What cards call it, if they need it."""
    secrets: Set[str] = NOTHING_SECRET
    """The fields that are in no event and no log."""
    response: SupportsResponse = SupportsResponse.OPTIONAL
    admin: bool = True
    """Whether a user must be an administrator."""

    def as_action(self) -> Action:
        """Return how automations ask for it."""

        async def run(hub: Hub, call: ServiceCall) -> dict[str, Any]:
            return await self.do(Asked(hub=hub, fields=call.data, user=call.context.user_id))

        return Action(
            name=self.action,
            run=run,
            fields=self.fields,
            response=self.response,
            admin=self.admin,
            secrets=self.secrets,
        )

    def as_command(self) -> Command:
        """Return how cards ask for it."""

        async def answer(request: Request) -> dict[str, Any]:
            user = request.connection.user.id
            return await self.do(Asked(hub=request.hub, fields=request.fields, user=user))

        return Command(name=self.command, answer=answer, fields=self.fields, admin=self.admin)


def agent_names(hub: Hub, agents: Set[str]) -> list[str]:
    """Return what people call these agents."""
    known = hub.cameras.agents
    return sorted(known[each].subentry.title for each in agents & known.keys())
