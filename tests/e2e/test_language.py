"""An incident told by a real language model: it talks nonsense, and what is made of it does not."""

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
import json

from aiohttp import ClientSession
import pytest

from custom_components.gatehouse.incidents import BadAnswer
from custom_components.gatehouse.incidents.risk import Surroundings, assess, level_of
from custom_components.gatehouse.incidents.summary import Answer, answer, question, revised
from custom_components.gatehouse.language import ChatModel, LanguageTimeout
from custom_components.gatehouse.language.dialect import Dialect, Form
from custom_components.gatehouse.models import (
    Author,
    Box,
    Detection,
    Incident,
    IncidentState,
    Passage,
    PassageKind,
    Sighting,
)
from tests.e2e.llama import LlamaServer
from tests.networks import picture

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

NIGHT = datetime(2026, 11, 21, 23, 40, tzinfo=UTC)
BOX = Box(0.4, 0.2, 0.6, 0.9)
NAMES = {"porch/front": "Front", "front_door": "Front door"}
NOBODY_HOME = Surroundings(dark=True, anybody_home=False)

INCIDENT = Incident(
    id="an-incident",
    group="porch/front",
    place="Porch",
    state=IncidentState.CLOSED,
    started=NIGHT,
    last_seen=NIGHT + timedelta(seconds=45),
    ended=NIGHT + timedelta(seconds=75),
    labels=("person",),
    count=1,
    sightings=(
        Sighting(
            camera="porch/front",
            first=NIGHT,
            last=NIGHT + timedelta(seconds=45),
            best=Detection(label="person", score=0.91, box=BOX),
        ),
    ),
    passages=(
        Passage(
            id="a-passage",
            door="front_door",
            kind=PassageKind.DENIED,
            at=NIGHT + timedelta(seconds=12),
            reason="unknown card",
        ),
    ),
)
BY_RULE = assess(INCIDENT, NOBODY_HOME)
ASKED = question(INCIDENT, NAMES, NOBODY_HOME, 0)


# For what is about asking and not about the answer: a small one comes soon.
SHORT = {
    "type": "object",
    "properties": {
        "risk": {"type": "integer", "minimum": 0, "maximum": 100},
        "summary": {"type": "string", "maxLength": 40},
    },
    "required": ["risk", "summary"],
    "additionalProperties": False,
}

TRIES = 4  # as many as an incident has


@pytest.fixture
async def session(socket_enabled: None) -> AsyncIterator[ClientSession]:
    """A session that is closed after the test."""
    async with ClientSession() as session:
        yield session


@pytest.fixture
def chat(session: ClientSession, llama: LlamaServer) -> ChatModel:
    """The model, with patience for a busy machine."""
    return ChatModel(session, llama.url, timeout=timedelta(minutes=2))


async def understood(chat: ChatModel) -> Answer:
    """Ask until what the model says is an answer."""
    for _ in range(TRIES):
        with suppress(BadAnswer):
            return answer(await chat.ask(ASKED.instructions, ASKED.schema))
    pytest.fail(f"no answer in {TRIES} tries")


async def test_the_server_tells_its_model(chat: ChatModel, llama: LlamaServer) -> None:
    assert await chat.models() == (llama.model,)


async def test_a_real_model_tells_an_incident_within_bounds(chat: ChatModel) -> None:
    told = revised(BY_RULE, await understood(chat))
    assert told.author is Author.MODEL
    assert 0 < len(told.summary) <= 400
    assert max(BY_RULE.risk - 30, BY_RULE.floor) <= told.risk <= BY_RULE.risk + 30
    assert told.level is level_of(told.risk)
    assert told.reasons[: len(BY_RULE.reasons)] == BY_RULE.reasons
    assert chat._dialect == Dialect()


@pytest.mark.parametrize("form", [Form.SCHEMA, Form.OBJECT, Form.COMPLETION])
async def test_a_real_model_keeps_to_the_schema_in_whichever_way_it_is_given(
    form: Form, chat: ChatModel
) -> None:
    chat._dialect = Dialect(form=form)
    said = await chat.ask("Somebody rang at the door. Tell it, and how risky it is.", SHORT)
    assert isinstance(said, str)
    answered = json.loads(said)
    assert set(answered) == {"risk", "summary"}
    assert 0 <= answered["risk"] <= 100
    assert len(answered["summary"]) <= 40
    assert chat._dialect.form is form


async def test_a_real_model_that_cannot_see_is_asked_without_pictures(chat: ChatModel) -> None:
    await chat.ask("Who is this?", SHORT, [picture()])
    assert chat._dialect == Dialect(pictures=False)


async def test_a_real_model_is_waited_for_no_longer_than_said(
    session: ClientSession,
    llama: LlamaServer,
) -> None:
    hasty = ChatModel(session, llama.url, model=llama.model, timeout=timedelta(seconds=0.02))
    with pytest.raises(LanguageTimeout):
        await hasty.ask(ASKED.instructions, ASKED.schema)
