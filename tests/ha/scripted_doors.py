"""The doors of a scripted agent: it takes grants, and a test shows the cards."""

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from tests.ha.messages import AGENT_ID, golden

if TYPE_CHECKING:
    from tests.ha.scripted import ScriptedAgent

FRONT: Final = f"{AGENT_ID}/door/front"
GARAGE: Final = f"{AGENT_ID}/door/garage"

JOURNAL: Final = "a1b2c3d4"


class ScriptedDoors:
    """Answers for the doors of an agent; none are there before add()."""

    def __init__(self, agent: ScriptedAgent) -> None:
        self._agent = agent
        self.grants: list[dict[str, Any]] = []
        self.rows: list[dict[str, Any]] = []
        self.asked: list[dict[str, Any]] = []
        self.card: dict[str, Any] | None = golden("enroll")
        self.last = 0
        self.obeys = asyncio.Event()
        self.obeys.set()
        self.held = asyncio.Event()
        """Whether somebody holds a card to a reader, or lets the time for it go by."""
        self.held.set()

    def add(self) -> None:
        """Have a front door with all that a door can have, and a garage with a reader only."""
        told = golden("state_doors")
        state = self._agent.state
        state["info"]["doors"] = told["info"]["doors"]
        state["doors"] = told["doors"]
        state["doors"]["front"] |= {"locked": True, "open": False}
        state["doors"]["garage"] |= {"mode": "normal", "mode_until": None, "locked": True}
        state["access"] = {**told["access"], "grants": {"version": None, "cards": 0}}
        state["access"] |= {"journal": JOURNAL, "last": 0, "waiting": 0, "lost": 0}

    async def change(self, door: str = "front", **fields: Any) -> None:
        """Let a door be in another state."""
        state = self._agent.state["doors"][door]
        state |= fields
        await self._agent.say({"type": "door", "door": door, "state": state})

    async def ring(self, door: str = "front") -> None:
        """Let somebody ring."""
        await self._agent.say({"type": "ring", "door": door, "at": time.time()})

    def happened(self, kind: str = "granted", **fields: Any) -> dict[str, Any]:
        """Let something have happened at the front door, of which nobody was told."""
        self.last += 1
        row = golden("passage")["passage"] | {
            "journal": JOURNAL,
            "seq": self.last,
            "at": time.time(),
            "kind": kind,
            "authentication": "rfid",
            "warning": None,
            **fields,
        }
        self.rows.append(row)
        self._agent.state["access"] |= {"last": self.last, "waiting": len(self.rows)}
        return row

    async def scan(self, kind: str = "granted", **fields: Any) -> None:
        """Let something happen at the front door: Anna shows her card, if nothing else is said."""
        row = self.happened(kind, **fields)
        await self._agent.say({"type": "passage", "passage": row})

    def routes(self) -> list[web.RouteDef]:
        """Return what is asked of an agent with doors."""
        door = "/api/v1/doors/{door}"
        return [
            web.put("/api/v1/grants", self._put_grants),
            web.get("/api/v1/passages", self._get_passages),
            web.delete("/api/v1/passages", self._forget),
            web.post(f"{door}/unlock", self._unlock),
            web.post(f"{door}/lock", self._lock),
            web.post(f"{door}/enroll", self._enroll),
        ]

    async def _put_grants(self, request: web.Request) -> web.Response:
        grants = json.loads((await request.json())["document"])
        await self.obeys.wait()
        told = {key: grants[key] for key in ("version", "issued", "until")}
        access = self._agent.state["access"]
        access["grants"] = told | {"cards": len(grants["cards"])}
        await self._agent.say({"type": "access", "access": access})
        # Who sees it here may say something else then.
        self.grants.append(grants)
        return web.json_response(access["grants"])

    async def _get_passages(self, request: web.Request) -> web.Response:
        rows = [row for row in self.rows if row["seq"] > int(request.query["after"])]
        page = {"journal": JOURNAL, "last": self.last, "lost": 0, "passages": rows[:200]}
        return web.json_response(page)

    async def _forget(self, request: web.Request) -> web.Response:
        until = int(request.query["until"])
        self.rows = [row for row in self.rows if row["seq"] > until]
        self._agent.state["access"]["waiting"] = len(self.rows)
        return web.Response(status=204)

    async def _unlock(self, request: web.Request) -> web.Response:
        asked = await request.json()
        self.asked.append({"door": request.match_info["door"], **asked})
        app = {"credential": None, "authentication": "app", "decided_by": "server"}
        row = self.happened(
            door=request.match_info["door"], person=asked["person"], reader=None, **app
        )
        await self.change(request.match_info["door"], locked=False)
        await self._agent.say({"type": "passage", "passage": row})
        return web.json_response(row)

    async def _lock(self, request: web.Request) -> web.Response:
        await self.change(request.match_info["door"], locked=True)
        return web.json_response(self._agent.state["doors"][request.match_info["door"]])

    async def _enroll(self, request: web.Request) -> web.Response:
        self.asked.append({"door": request.match_info["door"], **await request.json()})
        await self.held.wait()
        if self.card is None:
            error = {"code": "no_card", "message": "No card was shown in time."}
            return web.json_response({"error": error}, status=408)
        return web.json_response(self.card)
