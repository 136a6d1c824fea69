"""A language model over HTTP: what it is sent, what is taken from it, and what goes wrong."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta
import traceback
from typing import Any

from aiohttp import ClientSession, web
from aiohttp.test_utils import unused_port
import pytest

from custom_components.gatehouse.language import (
    ChatModel,
    LanguageBusy,
    LanguageError,
    LanguageGarbled,
    LanguageRefused,
    LanguageTimeout,
    LanguageUnreachable,
)
from tests.rooms.language.servers import (
    FINE,
    NOT_FOUND,
    TEXT,
    Answer,
    Scripted,
    refuses,
    says,
    sends,
    spoken,
    takes,
)

SCHEMA = {
    "type": "object",
    "properties": {
        "risk": {"type": "integer", "minimum": 0, "maximum": 100},
        "summary": {"type": "string", "maxLength": 400},
        "reasoning": {"type": "string", "maxLength": 400},
    },
    "required": ["risk", "summary", "reasoning"],
    "additionalProperties": False,
}
KEY = "sk-a-key-that-nobody-may-see"
JPEG = b"\xff\xd8 a picture \xff\xd9"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MOMENT = timedelta(seconds=0.3)

NO_PICTURES = (
    "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"
)


def is_form(*forms: str | None) -> Any:
    """Return a question of a body: is the answer asked for in one of these forms?"""
    return lambda body: body.get("response_format", {}).get("type") in forms


def is_blind(body: Any) -> bool:
    return isinstance(body["messages"][0]["content"], str)


def model(session: ClientSession, server: Scripted, **settings: Any) -> ChatModel:
    return ChatModel(session, server.url, **{"model": "small", **settings})


async def ask(session: ClientSession, server: Scripted, *pictures: bytes) -> Any:
    return await model(session, server).ask("What happened?", SCHEMA, pictures)


async def refused(
    session: ClientSession, server: Scripted, answer: Answer, **settings: Any
) -> LanguageError:
    """Let the server answer this, and return the error that comes of it."""
    server.chat(answer)
    with pytest.raises(LanguageError) as caught:
        await model(session, server, **settings).ask("What happened?", SCHEMA)
    return caught.value


async def test_a_question_is_asked_with_its_schema_and_answered(
    session: ClientSession, server: Scripted
) -> None:
    server.chat(FINE)
    assert await ask(session, server) == TEXT
    (asked,) = server.asked
    assert (asked.path, asked.words, asked.authorization) == (
        "/v1/chat/completions",
        "What happened?",
        None,
    )
    assert asked.body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "strict": True, "schema": SCHEMA},
    }
    assert asked.body["model"] == "small"
    assert 0 < asked.body["max_tokens"] <= 4096
    assert 0 <= asked.body["temperature"] < 0.5


@pytest.mark.parametrize("end", ["", "/", "/v1", "/v1/", "/v1/chat/completions", "/v1?key=1#top"])
async def test_an_address_is_understood_as_people_write_it(
    end: str, session: ClientSession, server: Scripted
) -> None:
    server.chat(FINE)
    chat = ChatModel(session, f" {server.url}{end} ")
    assert await chat.ask("What happened?", SCHEMA) == TEXT
    assert await chat.models() == ("small", "large")


async def test_an_address_with_a_path_of_its_own_is_kept(
    session: ClientSession, server: Scripted
) -> None:
    server.script["/cloud/openai/chat/completions"] = FINE
    chat = ChatModel(session, f"{server.url}/cloud/openai", model="x")
    assert await chat.ask("What happened?", SCHEMA) == TEXT


async def test_pictures_are_shown_but_no_more_than_four(
    session: ClientSession, server: Scripted
) -> None:
    server.chat(FINE)
    await ask(session, server, *[JPEG] * 6)
    data = f"data:image/jpeg;base64,{base64.b64encode(JPEG).decode()}"
    assert server.asked[0].pictures == [data] * 4


async def test_without_a_name_the_servers_first_model_is_asked(
    session: ClientSession, server: Scripted
) -> None:
    server.chat(FINE)
    await model(session, server, model=None).ask("What happened?", SCHEMA)
    assert server.questions[0].body["model"] == "small"


@pytest.mark.parametrize("answer", [NOT_FOUND, says({"data": []}), sends("no", 405)])
async def test_a_server_that_lists_no_models_is_asked_without_a_name(
    answer: Answer, session: ClientSession, server: Scripted
) -> None:
    server.script["/v1/models"] = answer
    server.chat(FINE)
    await model(session, server, model=None).ask("What happened?", SCHEMA)
    assert "model" not in server.questions[0].body


async def test_the_names_of_the_models_are_read_whatever_lies_between(
    session: ClientSession, server: Scripted
) -> None:
    server.script["/v1/models"] = says({"data": [{"id": "one"}, {}, 3, {"id": 4}, {"id": "two"}]})
    assert await model(session, server).models() == ("one", "two")


@pytest.mark.parametrize("answer", [says(["one"]), says({"data": {}}), sends("<html>Hello</html>")])
async def test_what_is_no_list_of_models_is_told(
    answer: Answer, session: ClientSession, server: Scripted
) -> None:
    server.script["/v1/models"] = answer
    with pytest.raises(LanguageGarbled, match="lists no models"):
        await model(session, server).models()


async def test_a_server_without_models_at_that_address_is_refused_with_advice(
    session: ClientSession, server: Scripted
) -> None:
    with pytest.raises(LanguageRefused, match="often ends in /v1"):
        await ChatModel(session, f"{server.url}/elsewhere").models()


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("[{'loc': ('body', 'response_format', 'type'), 'msg': \"Input should be 'text'\"}]", 500),
        ("'response_format' of type 'json_schema' is not supported with this model.", 400),
        ("Bad Request", 400),
        ("Unprocessable", 422),
        ("No endpoints found that support structured outputs", 404),
    ],
)
async def test_a_server_that_knows_no_schemas_is_asked_for_an_object(
    words: str, status: int, session: ClientSession, server: Scripted
) -> None:
    server.chat(takes(FINE, refuses(words, status), is_form("json_object")))
    chat = model(session, server)
    assert await chat.ask("What happened?", SCHEMA) == TEXT
    assert [asked.form for asked in server.questions] == ["json_schema", "json_object"]
    last = server.questions[-1]
    assert last.body["response_format"]["schema"] == SCHEMA
    assert '"reasoning"' in last.words


async def test_a_server_that_knows_only_text_is_asked_for_that(
    session: ClientSession, server: Scripted
) -> None:
    said = f"Here it is:\n```json\n{TEXT}\n```"
    server.chat(takes(says(spoken(said)), refuses("Unknown field: response_format"), is_form(None)))
    assert await ask(session, server) == said
    assert [asked.form for asked in server.questions] == ["json_schema", "json_object", None]
    assert '"reasoning"' in server.questions[-1].words


async def test_what_worked_is_remembered(session: ClientSession, server: Scripted) -> None:
    server.chat(takes(FINE, refuses("Bad Request"), is_form(None)))
    chat = model(session, server)
    for _ in range(3):
        await chat.ask("What happened?", SCHEMA)
    forms = [asked.form for asked in server.questions]
    assert forms == ["json_schema", "json_object", None, None, None]


async def test_what_worked_is_forgotten_when_nothing_works_any_more(
    session: ClientSession, server: Scripted
) -> None:
    server.chat(takes(FINE, refuses("Bad Request"), is_form(None)))
    chat = model(session, server)
    await chat.ask("What happened?", SCHEMA)
    server.chat(refuses("Bad Request"))
    with pytest.raises(LanguageRefused):
        await chat.ask("What happened?", SCHEMA)
    server.chat(FINE)
    await chat.ask("What happened?", SCHEMA)
    assert server.questions[-1].form == "json_schema"


@pytest.mark.parametrize("answer", [refuses("Later", 429), refuses("Oh", 502), sends("", 401)])
async def test_what_worked_is_not_forgotten_in_a_bad_moment(
    answer: Answer, session: ClientSession, server: Scripted
) -> None:
    server.chat(takes(FINE, refuses("Bad Request"), is_form(None)))
    chat = model(session, server)
    await chat.ask("What happened?", SCHEMA)
    server.chat(answer)
    with pytest.raises(LanguageError):
        await chat.ask("What happened?", SCHEMA)
    server.chat(FINE)
    await chat.ask("What happened?", SCHEMA)
    assert server.questions[-1].form is None


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (NO_PICTURES, 500),
        ("unknown variant `image_url`, expected `text`", 400),
        ("messages.0.content: Input should be a valid string", 422),
        ("No endpoints found that support image input", 404),
        ("Request Entity Too Large", 413),
        ("Bad Request", 400),
    ],
)
async def test_a_model_that_cannot_see_is_asked_without_pictures_from_then_on(
    words: str, status: int, session: ClientSession, server: Scripted
) -> None:
    server.chat(takes(FINE, refuses(words, status), is_blind))
    chat = model(session, server)
    assert await chat.ask("What happened?", SCHEMA, [JPEG]) == TEXT
    assert server.questions[-1].form == "json_schema"
    before = len(server.questions)
    await chat.ask("What happened?", SCHEMA, [JPEG])
    assert len(server.questions) == before + 1


async def test_a_server_may_lack_both_schemas_and_sight(
    session: ClientSession, server: Scripted
) -> None:
    blind = takes(FINE, refuses("response_format: unknown"), is_form("json_object"))
    server.chat(takes(blind, refuses(NO_PICTURES, 500), is_blind))
    assert await ask(session, server, JPEG) == TEXT
    assert [(asked.form, len(asked.pictures)) for asked in server.questions] == [
        ("json_schema", 1),
        ("json_schema", 0),
        ("json_object", 0),
    ]


@pytest.mark.parametrize(
    ("words", "gone", "there"),
    [
        (
            "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.",
            "max_tokens",
            "max_completion_tokens",
        ),
        ("Unsupported value: 'temperature' does not support 0.2.", "temperature", "max_tokens"),
    ],
)
async def test_a_server_that_dislikes_a_setting_is_spared_it(
    words: str, gone: str, there: str, session: ClientSession, server: Scripted
) -> None:
    server.chat(takes(FINE, refuses(words), lambda body: gone not in body))
    assert await ask(session, server) == TEXT
    assert there in server.questions[-1].body
    assert server.questions[-1].form == "json_schema"


@pytest.mark.parametrize("ending", [{"stop_type": "eos"}, {"stopped_limit": False}])
async def test_where_there_is_no_chat_llama_cpps_own_way_is_taken(
    ending: dict[str, Any], session: ClientSession, server: Scripted
) -> None:
    server.script["/completion"] = says({"content": TEXT, "stop": True, **ending})
    chat = model(session, server)
    for _ in range(2):
        assert await chat.ask("What happened?", SCHEMA, [JPEG]) == TEXT
    paths = [asked.path for asked in server.questions]
    assert paths == ["/v1/chat/completions", "/completion", "/completion"]
    body = server.questions[-1].body
    assert (body["prompt"], body["json_schema"]) == ("What happened?", SCHEMA)
    assert body["n_predict"] > 0


@pytest.mark.parametrize("cut", [{"stop_type": "limit"}, {"stopped_limit": True}])
async def test_a_completion_that_is_cut_off_is_told(
    cut: dict[str, Any], session: ClientSession, server: Scripted
) -> None:
    server.script["/completion"] = says({"content": '{"risk": 4', **cut})
    with pytest.raises(LanguageGarbled, match="cut off"):
        await ask(session, server)


@pytest.mark.parametrize("said", ['{"risk": 40, "summary": "Some', "", "<think>Well,", None])
async def test_an_answer_that_is_cut_off_is_told(
    said: object, session: ClientSession, server: Scripted
) -> None:
    error = await refused(session, server, says(spoken(said, finish="length")))
    assert isinstance(error, LanguageGarbled)
    assert "cut off" in str(error)


@pytest.mark.parametrize("said", [f"{TEXT} And then", TEXT[:-5]])
async def test_an_answer_that_is_cut_off_at_its_end_is_given(
    said: str, session: ClientSession, server: Scripted
) -> None:
    server.chat(says(spoken(said, finish="length")))
    assert await ask(session, server) == said


@pytest.mark.parametrize(
    ("content", "understood"),
    [
        ({"risk": 3}, {"risk": 3}),
        ([{"type": "text", "text": "A"}, {"type": "other"}, {"type": "text", "text": "B"}], "AB"),
    ],
)
async def test_objects_and_parts_are_answers_too(
    content: object, understood: object, session: ClientSession, server: Scripted
) -> None:
    server.chat(says(spoken(content)))
    assert await ask(session, server) == understood


@pytest.mark.parametrize(
    "answer",
    [
        sends("What is this?"),
        sends(b"\xff\xfe\x00"),
        sends("[" * 100_000),
        sends(""),
        says([]),
        says({"choices": []}),
        says({"choices": "none"}),
        says({"choices": [{"message": "hello"}]}),
        says({"choices": [{"text": "hello"}]}),
        says(spoken(None)),
        says(spoken(12)),
        says(spoken(" \n")),
        says(spoken([3])),
        says({"error": None}),
    ],
)
async def test_what_is_no_answer_is_garbled(
    answer: Answer, session: ClientSession, server: Scripted
) -> None:
    error = await refused(session, server, answer)
    assert (type(error), error.code) == (LanguageGarbled, "language_garbled")
    assert len(str(error)) < 300


async def test_a_model_that_declines_is_told(session: ClientSession, server: Scripted) -> None:
    message = {"role": "assistant", "content": None, "refusal": "I would rather not."}
    error = await refused(session, server, says({"choices": [{"message": message}]}))
    assert isinstance(error, LanguageRefused)
    assert "I would rather not." in str(error)


async def test_a_refusal_that_comes_as_a_success_is_one(
    session: ClientSession, server: Scripted
) -> None:
    lmstudio = says({"error": "Unexpected endpoint or method."})
    assert isinstance(await refused(session, server, lmstudio), LanguageRefused)
    openrouter = says({"error": {"message": "Rate limited", "code": 429}})
    assert isinstance(await refused(session, server, openrouter), LanguageBusy)


async def test_an_answer_without_end_is_not_read_to_it(
    session: ClientSession, server: Scripted
) -> None:
    error = await refused(session, server, sends(b" " * 5_000_000))
    assert isinstance(error, LanguageGarbled)
    assert "4000000 bytes" in str(error)


@pytest.mark.parametrize("status", [401, 403])
async def test_a_key_that_is_not_taken_is_to_be_checked(
    status: int, session: ClientSession, server: Scripted
) -> None:
    error = await refused(session, server, refuses("Nope", status), api_key=KEY)
    assert (type(error), error.code) == (LanguageRefused, "language_refused")
    assert "check the API key" in str(error)
    assert len(server.questions) == 1


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("7", timedelta(seconds=7)),
        ("1.5", timedelta(seconds=1.5)),
        ("Sat, 21 Nov 2026 12:01:30 GMT", timedelta(seconds=90)),
        ("Sat, 21 Nov 2026 12:01:30", timedelta(seconds=90)),
        ("Sat, 21 Nov 2026 11:00:00 GMT", timedelta(0)),
        ("9" * 400, timedelta(days=1)),
        ("soon", None),
        ("-3", None),
        ("nan", None),
        ("Sat, 99 Nov 9999 99:99:99 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -2359", timedelta(days=1)),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_server_says_when_to_come_back(
    status: int, header: str, wait: timedelta | None, session: ClientSession, server: Scripted
) -> None:
    answer = says({"error": {"message": "Too many"}}, status, **{"Retry-After": header})
    error = await refused(session, server, answer, now=lambda: NOON)
    assert isinstance(error, LanguageBusy)
    assert (error.code, error.retry_after) == ("language_busy", wait)
    assert len(server.questions) == 1


async def test_a_busy_server_need_not_say_when(session: ClientSession, server: Scripted) -> None:
    error = await refused(session, server, refuses("Loading model", 503))
    assert isinstance(error, LanguageBusy)
    assert error.retry_after is None


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (500, LanguageUnreachable, "out of order (500): Oh"),
        (502, LanguageUnreachable, "out of order (502): Oh"),
        (504, LanguageTimeout, "gave up waiting"),
        (408, LanguageTimeout, "gave up waiting"),
        (402, LanguageRefused, "did not take the question (402): Oh"),
        (400, LanguageRefused, "did not take the question (400): Oh"),
        (302, LanguageRefused, "use that address"),
    ],
)
async def test_every_refusal_is_told_in_its_own_words(
    status: int,
    kind: type[LanguageError],
    words: str,
    session: ClientSession,
    server: Scripted,
) -> None:
    error = await refused(session, server, refuses("Oh", status))
    assert type(error) is kind
    assert words in str(error)


async def test_a_model_that_is_not_there_is_told(session: ClientSession, server: Scripted) -> None:
    error = await refused(session, server, refuses("The model `small` does not exist", 404))
    assert isinstance(error, LanguageRefused)
    assert "The model `small` does not exist" in str(error)
    assert len(server.questions) == 1


async def test_a_server_of_something_else_is_refused_with_advice(
    session: ClientSession, server: Scripted
) -> None:
    error = await refused(session, server, sends("<h1>Not here</h1>", 404))
    assert isinstance(error, LanguageRefused)
    assert "often ends in /v1" in str(error)


async def test_who_does_not_answer_is_not_waited_for(
    session: ClientSession, server: Scripted
) -> None:
    async def never(_request: web.Request, _body: object) -> web.Response:
        await server.forever.wait()
        return web.Response()

    error = await refused(session, server, never, timeout=MOMENT)
    assert (type(error), error.code) == (LanguageTimeout, "language_timeout")
    assert "in 0.3 s" in str(error)


async def test_who_answers_drop_by_drop_is_not_waited_for(
    session: ClientSession, server: Scripted
) -> None:
    drops = 0

    async def drip(request: web.Request, _body: object) -> web.StreamResponse:
        nonlocal drops
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" ")
            drops += 1
            await asyncio.sleep(0.01)

    error = await refused(session, server, drip, timeout=MOMENT)
    assert isinstance(error, LanguageTimeout)
    assert drops > 1


async def test_the_time_is_for_all_tries_together(session: ClientSession, server: Scripted) -> None:
    async def never(_request: web.Request, _body: object) -> web.Response:
        await server.forever.wait()
        return web.Response()

    server.chat(takes(never, refuses("Bad Request"), is_form(None)))
    with pytest.raises(LanguageTimeout):
        await model(session, server, timeout=MOMENT).ask("What happened?", SCHEMA)
    assert [asked.form for asked in server.questions] == ["json_schema", "json_object", None]


async def test_a_list_of_models_that_does_not_come_is_not_waited_for(
    session: ClientSession, server: Scripted
) -> None:
    async def never(_request: web.Request, _body: object) -> web.Response:
        await server.forever.wait()
        return web.Response()

    server.script["/v1/models"] = never
    with pytest.raises(LanguageTimeout):
        await model(session, server, timeout=MOMENT).models()


async def test_an_answer_whose_connection_is_cut_is_none(
    session: ClientSession, server: Scripted
) -> None:
    async def cut(request: web.Request, _body: object) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b'{"choices": [')
        assert request.transport is not None
        request.transport.close()
        return response

    error = await refused(session, server, cut)
    assert (type(error), error.code) == (LanguageUnreachable, "language_unreachable")


async def test_nobody_at_that_address_is_told(session: ClientSession) -> None:
    with pytest.raises(LanguageUnreachable, match=r"127\.0\.0\.1 cannot be asked"):
        await ChatModel(session, f"http://127.0.0.1:{unused_port()}").ask("Anybody?", SCHEMA)


@pytest.mark.parametrize("address", ["", "nonsense", "http://", "ftp://host/v1", "http://[", "//x"])
async def test_what_is_no_address_is_told(address: str, session: ClientSession) -> None:
    with pytest.raises(LanguageUnreachable, match="No address"):
        await ChatModel(session, address, model="x", api_key=KEY).ask("Anybody?", SCHEMA)


async def test_the_key_is_sent_with_each_question(session: ClientSession, server: Scripted) -> None:
    server.chat(FINE)
    await model(session, server, model=None, api_key=f" {KEY}\n").ask("What happened?", SCHEMA)
    assert [asked.authorization for asked in server.asked] == [f"Bearer {KEY}"] * 2


async def test_the_key_is_sent_instead_of_a_password_in_the_address(
    session: ClientSession, server: Scripted
) -> None:
    server.chat(FINE)
    address = server.url.replace("://", "://somebody:secret@")
    await ChatModel(session, address, model="x", api_key=KEY).ask("What happened?", SCHEMA)
    await ChatModel(session, address, model="x").ask("What happened?", SCHEMA)
    kinds = [str(asked.authorization).partition(" ")[0] for asked in server.asked]
    assert kinds == ["Bearer", "Basic"]


async def test_the_key_is_not_carried_to_another_address(
    session: ClientSession, server: Scripted
) -> None:
    other = f"{server.url}/other"
    answer = says({}, 307, Location=other)
    error = await refused(session, server, answer, api_key=KEY)
    assert isinstance(error, LanguageRefused)
    assert [asked.path for asked in server.asked] == ["/v1/chat/completions"]


@pytest.mark.parametrize(
    "answer",
    [
        refuses(f"Incorrect API key provided: {KEY}", 401),
        refuses(f"{'x' * 145} {KEY}", 400),
        refuses(f"Bearer {KEY} is over its quota", 429),
        says({"you sent": f"Bearer {KEY}"}),
        sends(f"Authorization: Bearer {KEY}", 500),
    ],
)
async def test_the_key_is_in_no_error_and_no_log(
    answer: Answer, session: ClientSession, server: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    error = await refused(session, server, answer, api_key=KEY)
    _knows_nothing(error)
    assert KEY not in caplog.text
    assert KEY not in repr(model(session, server, api_key=KEY))


async def test_the_key_is_in_no_error_of_a_broken_connection(
    session: ClientSession, server: Scripted
) -> None:
    async def broken(request: web.Request, _body: object) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.write(f"HTTP/1.1 2x0 {KEY}\r\n{KEY}\r\n\r\n".encode())
        request.transport.close()
        return web.Response()

    error = await refused(session, server, broken, api_key=KEY)
    assert isinstance(error, LanguageUnreachable)
    _knows_nothing(error)


def _knows_nothing(error: BaseException) -> None:
    """Assert that the key, or the most of it, is nowhere in an error or what led to it."""
    told = "".join(traceback.format_exception(error, capture_locals=False))
    assert KEY[:16] not in told
    while (cause := error.__cause__ or error.__context__) is not None:
        assert KEY[:16] not in repr(cause)
        error = cause
