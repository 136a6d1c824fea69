"""The doors over HTTP: what may be decided here, what happened, and what is asked of a door."""

import asyncio
from dataclasses import asdict
import json
from typing import Final

from aiohttp import web

from . import asked, messages, wire
from .doors import Doors
from .entrance import Entrance
from .errors import Refused
from .passages import row_of
from .wire import ErrorCode

DOORS: Final = web.AppKey("doors", Doors)

LARGEST_GRANTS: Final = 16 * 1024 * 1024
MOST_PASSAGES: Final = 10_000  # some 4 MB
PAGE: Final = 1000
MOMENT: Final = 0.1  # seconds
LONGEST: Final = 86_400.0  # seconds; the door itself has a bound that is closer
LONGEST_ID: Final = 64
LESSON: Final = 30.0
LONGEST_LESSON: Final = 300.0
GONE: Final = 0.2  # seconds between two looks whether who wants to learn is still there
LAST: Final = 2**53


def add(app: web.Application, doors: Doors | None) -> None:
    """Register what an agent with doors answers; one without has none of these paths."""
    if doors is None:
        return
    app[DOORS] = doors
    app.add_routes(
        [
            web.put(wire.GRANTS, put_grants),
            web.get(wire.GRANTS, grants),
            web.get(wire.PASSAGES, passages),
            web.delete(wire.PASSAGES, forget_passages),
            web.post(wire.UNLOCK, unlock),
            web.post(wire.LOCK, lock),
            web.post(wire.ENROLL, enroll),
        ]
    )


async def put_grants(request: web.Request) -> web.Response:
    body = await asked.body(request, LARGEST_GRANTS)
    said = await asyncio.to_thread(asked.parsed, body)
    document, signature = said.get("document"), said.get("signature")
    if not isinstance(document, str) or not isinstance(signature, str):
        sentence = 'Send {"document": the grants as text, "signature": its HMAC in hex}.'
        raise Refused(ErrorCode.BAD_REQUEST, sentence)
    await request.app[DOORS].accept(document, signature)
    return await grants(request)


async def grants(request: web.Request) -> web.Response:
    return web.json_response(messages.grants(request.app[DOORS].grants()))


async def passages(request: web.Request) -> web.Response:
    after = asked.number(request, wire.QUERY_AFTER, 0, LAST) or 0
    limit = asked.number(request, wire.QUERY_LIMIT, 1, MOST_PASSAGES) or PAGE
    found = await request.app[DOORS].logbook.page(int(after), int(limit))
    return web.json_response(text=await asyncio.to_thread(json.dumps, found))


async def forget_passages(request: web.Request) -> web.Response:
    until = asked.number(request, wire.QUERY_UNTIL, 0, LAST)
    journal = request.query.get(wire.QUERY_JOURNAL)
    if until is None or journal is None:
        sentence = f"Say with {wire.QUERY_UNTIL} up to which, {wire.QUERY_JOURNAL} of what journal."
        raise Refused(ErrorCode.BAD_REQUEST, sentence)
    await request.app[DOORS].logbook.forget(int(until), journal)
    return web.Response(status=204)


async def unlock(request: web.Request) -> web.Response:
    said = await asked.fields(request)
    person, seconds = said.get("person"), said.get("seconds")
    if not isinstance(person, str | None) or len(person or "") > LONGEST_ID:
        sentence = f"person must be an id of at most {LONGEST_ID} characters, or null."
        raise Refused(ErrorCode.BAD_REQUEST, sentence)
    if seconds is not None and not asked.is_number(seconds, MOMENT, LONGEST):
        raise Refused(ErrorCode.BAD_REQUEST, f"seconds must be from {MOMENT:g} to {LONGEST:g}.")
    passage = _entrance(request).unlock(person, seconds)
    return web.json_response(row_of(passage))


async def lock(request: web.Request) -> web.Response:
    entrance = _entrance(request)
    entrance.lock()
    return web.json_response(entrance.state())


async def enroll(request: web.Request) -> web.Response:
    said = await asked.fields(request)
    reader, seconds = said.get("reader"), said.get("seconds", LESSON)
    if not isinstance(reader, str | None):
        raise Refused(ErrorCode.BAD_REQUEST, "reader must be the id of a reader, or null.")
    if not asked.is_number(seconds, MOMENT, LONGEST_LESSON):
        sentence = f"seconds must be from {MOMENT:g} to {LONGEST_LESSON:g}."
        raise Refused(ErrorCode.BAD_REQUEST, sentence)
    lesson = asyncio.ensure_future(_entrance(request).enroll(reader, seconds))
    try:
        while not lesson.done():
            await asyncio.wait({lesson}, timeout=GONE)
            if request.transport is None:
                raise ConnectionResetError("who wanted to learn has left")
    finally:
        lesson.cancel()
    return web.json_response(asdict(lesson.result()))


def _entrance(request: web.Request) -> Entrance:
    return request.app[DOORS].door(request.match_info["door"])
