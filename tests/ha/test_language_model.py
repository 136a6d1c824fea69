"""The language model of the options: a real AI Task entity, a real server, or none."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, override

from homeassistant.components import ai_task, conversation
from homeassistant.config_entries import ConfigEntry, ConfigFlow
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockModule,
    MockPlatform,
    mock_config_flow,
    mock_integration,
    mock_platform,
)

from custom_components.gatehouse import language_model as module
from custom_components.gatehouse.const import ModelKind
from custom_components.gatehouse.incidents import ModelFailed, Question
from custom_components.gatehouse.language_model import ModelChoice, language_model
from tests.ha.scripted import jpeg
from tests.rooms.language.servers import FINE, TEXT, Scripted, says

QUESTION = Question(
    instructions="What was that?",
    schema={
        "type": "object",
        "properties": {
            "risk": {"type": "integer", "minimum": 0, "maximum": 100},
            "summary": {"type": "string", "maxLength": 400},
        },
        "required": ["risk", "summary"],
        "additionalProperties": False,
    },
)
ANSWER = {"risk": 40, "summary": "Somebody rang."}
SEES = ai_task.AITaskEntityFeature.GENERATE_DATA | ai_task.AITaskEntityFeature.SUPPORT_ATTACHMENTS

type Answers = Callable[[ai_task.GenDataTask], Any]


class Provider(ai_task.AITaskEntity):
    """A provider that answers as a test says, and notes what it was asked."""

    _attr_name = "Llama"
    _attr_unique_id = "llama"

    def __init__(self) -> None:
        self._attr_supported_features = SEES
        self.answers: Answers = lambda _: ANSWER
        self.asked: list[ai_task.GenDataTask] = []
        self.read: list[bytes] = []

    @override
    async def _async_generate_data(
        self, task: ai_task.GenDataTask, chat_log: conversation.ChatLog
    ) -> ai_task.GenDataTaskResult:
        self.asked.append(task)
        for attachment in task.attachments or []:
            self.read.append(await self.hass.async_add_executor_job(attachment.path.read_bytes))
        answer = self.answers(task)
        data = await answer if hasattr(answer, "__await__") else answer
        return ai_task.GenDataTaskResult(conversation_id=chat_log.conversation_id, data=data)


class ProviderFlow(ConfigFlow, domain="test"):
    """Nobody sets it up by hand."""


@pytest.fixture
async def provider(hass: HomeAssistant, tmp_path: Path) -> Provider:
    """A provider of AI Task that takes pictures, in a house with two media folders."""
    hass.config.media_dirs = {"music": str(tmp_path / "music"), "local": str(tmp_path / "media")}
    (tmp_path / "media" / "gatehouse").mkdir(parents=True)
    provider = Provider()

    async def set_up(hass: HomeAssistant, entry: ConfigEntry) -> bool:
        await hass.config_entries.async_forward_entry_setups(entry, [Platform.AI_TASK])
        return True

    async def add(
        _hass: HomeAssistant, _entry: ConfigEntry, add: AddConfigEntryEntitiesCallback
    ) -> None:
        add([provider])

    mock_integration(hass, MockModule("test", async_setup_entry=set_up))
    mock_platform(hass, "test.config_flow")
    mock_platform(hass, "test.ai_task", MockPlatform(async_setup_entry=add))
    assert await async_setup_component(hass, "homeassistant", {})
    assert await async_setup_component(hass, "ai_task", {})
    entry = MockConfigEntry(domain="test")
    entry.add_to_hass(hass)
    with mock_config_flow("test", ProviderFlow):
        assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert hass.states.get("ai_task.llama")
    return provider


@pytest.fixture
def frames(tmp_path: Path) -> list[Path]:
    """Three pictures of an incident: one is gone, one is in no media folder."""
    folder = tmp_path / "media" / "gatehouse"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "frame 1.jpg").write_bytes(jpeg(10))
    (tmp_path / "elsewhere.jpg").write_bytes(jpeg(20))
    return [folder / "frame 1.jpg", folder / "gone.jpg", tmp_path / "elsewhere.jpg"]


@pytest.fixture
async def server(socket_enabled: None) -> AsyncIterator[Scripted]:
    """A server of language models that answers."""
    server = Scripted()
    server.chat(FINE)
    await server.start()
    yield server
    await server.stop()


def asking(hass: HomeAssistant, entity: str | None = "ai_task.llama") -> Any:
    """Return the model of a site that chose AI Task."""
    return language_model(hass, ModelChoice(kind=ModelKind.AI_TASK, entity=entity))


# --- AI Task ---------------------------------------------------------------------------------


async def test_a_provider_is_asked_for_an_object_and_shown_the_pictures_that_are_there(
    hass: HomeAssistant, provider: Provider, frames: list[Path]
) -> None:
    answer = await asking(hass).ask(QUESTION, frames)

    assert answer == ANSWER
    [task] = provider.asked
    assert task.instructions == "What was that?"
    wanted = {str(key): field.serialize() for key, field in task.structure.schema.items()}
    assert wanted["risk"]["selector"]["number"].items() >= {"min": 0, "max": 100}.items()
    assert list(wanted["summary"]["selector"]) == ["text"]
    assert [each.mime_type for each in task.attachments] == ["image/jpeg"]
    assert provider.read == [jpeg(10)]


async def test_a_provider_that_takes_no_pictures_gets_none(
    hass: HomeAssistant, provider: Provider, frames: list[Path]
) -> None:
    provider._attr_supported_features = ai_task.AITaskEntityFeature.GENERATE_DATA
    provider.__dict__.pop("supported_features", None)
    provider.async_write_ha_state()

    assert await asking(hass).ask(QUESTION, frames) == ANSWER

    assert provider.asked[0].attachments is None


async def test_without_an_entity_the_one_that_the_house_prefers_is_asked(
    hass: HomeAssistant, provider: Provider, frames: list[Path]
) -> None:
    hass.data["ai_task_preferences"].async_set_preferences(gen_data_entity_id="ai_task.llama")

    assert await asking(hass, None).ask(QUESTION, frames) == ANSWER

    assert provider.read == [jpeg(10)]


async def test_a_house_without_a_preference_says_so(
    hass: HomeAssistant, provider: Provider
) -> None:
    with pytest.raises(ModelFailed, match=r"AI Task: .*(entity|no_entity)"):
        await asking(hass, None).ask(QUESTION, ())
    assert provider.asked == []


async def test_an_entity_that_is_gone_is_named(hass: HomeAssistant, provider: Provider) -> None:
    with pytest.raises(ModelFailed, match="ai_task"):
        await asking(hass, "ai_task.gone").ask(QUESTION, ())


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (HomeAssistantError("the quota is used up"), "the quota is used up"),
        (ZeroDivisionError("a bug of theirs"), "a bug of theirs"),
        (NotImplementedError(), "NotImplementedError"),
        (TimeoutError(), "TimeoutError"),
    ],
)
async def test_whatever_a_provider_raises_is_that_it_gave_no_answer(
    hass: HomeAssistant, provider: Provider, error: Exception, words: str
) -> None:
    def fail(_: ai_task.GenDataTask) -> None:
        raise error

    provider.answers = fail

    with pytest.raises(ModelFailed, match=words):
        await asking(hass).ask(QUESTION, ())


async def test_a_provider_that_never_answers_is_given_up(
    hass: HomeAssistant, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", timedelta(seconds=0.05))
    never = hass.loop.create_future()
    provider.answers = lambda _: never

    with pytest.raises(ModelFailed, match="no answer in"):
        await asking(hass).ask(QUESTION, ())

    assert never.cancelled()


async def test_a_house_without_ai_task_says_so(hass: HomeAssistant) -> None:
    with pytest.raises(ModelFailed, match="not set up"):
        await asking(hass).ask(QUESTION, ())


# --- A server --------------------------------------------------------------------------------


async def test_a_server_is_shown_the_pictures_that_are_there(
    hass: HomeAssistant, server: Scripted, frames: list[Path]
) -> None:
    choice = ModelChoice(kind=ModelKind.SERVER, url=server.url, model="small", api_key="a-key")

    answer = await language_model(hass, choice).ask(QUESTION, frames)

    assert answer == TEXT
    [asked] = server.questions
    assert len(asked.pictures) == 2
    assert asked.authorization == "Bearer a-key"
    assert "a-key" not in repr(choice)


async def test_a_server_that_is_busy_says_when_to_ask_again(
    hass: HomeAssistant, server: Scripted
) -> None:
    refusal = {"error": {"message": "too many"}}
    server.chat(says(refusal, 429, **{"Retry-After": "7"}))
    choice = ModelChoice(kind=ModelKind.SERVER, url=server.url)

    with pytest.raises(ModelFailed, match="too many") as failed:
        await language_model(hass, choice).ask(QUESTION, ())

    assert failed.value.retry_after == timedelta(seconds=7)


async def test_without_a_model_nothing_is_told(hass: HomeAssistant) -> None:
    with pytest.raises(ModelFailed, match="No language model is set up"):
        await language_model(hass, ModelChoice()).ask(QUESTION, ())
