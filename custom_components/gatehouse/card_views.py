"""HTTP: administrators list the cards that people have, add some and take them away."""

from http import HTTPStatus
from typing import Final

from aiohttp import web
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from .access import AccessNotFound, Credential, CredentialKind, card_hash
from .access_fields import (
    ATTR_ACTIVE,
    ATTR_NAME,
    ATTR_NUMBER,
    ATTR_USER,
    CARD_NUMBER,
    VALIDITY,
    called,
    card_of,
)
from .access_words import credential_json
from .api_view import ApiView, Asking
from .deeds import Asked

CARDS_URL: Final = "/api/gatehouse/access/cards"
CARD_URL: Final = "/api/gatehouse/access/cards/{id}"

ATTR_CARD: Final = "card"
ATTR_MAX_USES: Final = "max_uses"
ATTR_VISITOR: Final = "visitor"


def _card(typed: object) -> object:
    """Take a number alone for a card's; what it must be is said by who reads it."""
    fields = typed if isinstance(typed, dict) else {ATTR_NUMBER: typed}
    return {**fields, ATTR_NUMBER: fields.get(ATTR_NUMBER)}


CARD: Final = vol.All(_card, vol.Schema(CARD_NUMBER))

NEW_CARD: Final = vol.Schema(
    {
        vol.Required(ATTR_USER): cv.string,
        vol.Required(ATTR_CARD): CARD,
        vol.Optional(ATTR_NAME, default="Card"): cv.string,
        vol.Optional(ATTR_ACTIVE, default=True): bool,
        vol.Optional(ATTR_MAX_USES): vol.Any(None, vol.All(int, vol.Range(1, 1_000_000))),
        vol.Optional(ATTR_VISITOR, default=False): bool,
        **VALIDITY,
    }
)


class CardsView(ApiView):
    """The cards that people have; their numbers are kept nowhere."""

    url = CARDS_URL
    name = "api:gatehouse:access:cards"
    admin = True

    async def get(self, request: web.Request) -> web.StreamResponse:
        """Return all cards."""
        return await self.answer(request, self._list)

    async def post(self, request: web.Request) -> web.StreamResponse:
        """Give somebody a card."""
        return await self.answer(request, self._add)

    async def _list(self, asking: Asking) -> web.StreamResponse:
        admission = asking.hub.admission
        uses, known = await admission.access.uses(), admission.policies.policy.credentials
        cards = [each for each in known.values() if each.kind is CredentialKind.RFID]
        return self.json({"cards": [credential_json(each, uses) for each in cards]})

    async def _add(self, asking: Asking) -> web.StreamResponse:
        fields = await asking.fields(NEW_CARD)
        policy = asking.hub.admission.policies.policy
        digest = card_hash(policy.key, card_of(fields.pop(ATTR_CARD)))
        person = called(policy.people, fields.pop(ATTR_USER)).id
        card = Credential(id="", person=person, kind=CredentialKind.RFID, hash=digest, **fields)
        saved = await asking.hub.admission.policies.save(card)
        return self.json(credential_json(saved.kept), HTTPStatus.CREATED)


class CardView(ApiView):
    """One card."""

    url = CARD_URL
    name = "api:gatehouse:access:card"
    admin = True

    async def delete(
        self,
        request: web.Request,
        id: str,  # noqa: A002 - the URL's word
    ) -> web.StreamResponse:
        """Take it from whoever has it, and say which agents do not know of that yet."""

        async def delete(asking: Asking) -> web.StreamResponse:
            asked = Asked(hub=asking.hub, fields={}, user=asking.user.id)
            known = asked.policy.credentials.get(id)
            if known is None or known.kind is not CredentialKind.RFID:
                raise AccessNotFound("There is no card of this id: list them again")
            await asked.forget(Credential, known.id)
            told = {"card": credential_json(known), "unconfirmed": await asked.unconfirmed()}
            return self.json(told)

        return await self.answer(request, delete)
