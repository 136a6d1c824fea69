"""The appointments over HTTP: one thin function a route."""

import asyncio
from typing import Final

from aiohttp import web

from . import asked, messages, wire
from .appointments import Appointments
from .plan import parse

APPOINTMENTS: Final = web.AppKey("appointments", Appointments)

LARGEST_PLAN: Final = 1024 * 1024


def add(app: web.Application, appointments: Appointments) -> None:
    """Register what an agent answers about its appointments."""
    app[APPOINTMENTS] = appointments
    app.add_routes([web.put(wire.BOOKINGS, put_bookings), web.get(wire.BOOKINGS, bookings)])


async def put_bookings(request: web.Request) -> web.Response:
    body = await asked.body(request, LARGEST_PLAN)
    plan = parse(await asyncio.to_thread(asked.parsed, body))
    await request.app[APPOINTMENTS].accept(plan)
    return await bookings(request)


async def bookings(request: web.Request) -> web.Response:
    appointments = request.app[APPOINTMENTS]
    return web.json_response(messages.bookings(appointments.segment, appointments.underway()))
