"""Who is let in: a bearer token, looked up at most once a second, within its rate; a wrong one is slow and counted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from anyio import to_thread
from fastapi import Request

from worker.access import BYTES, PREFIX, May
from worker.actor import Actor, Via, become
from worker.api.tokens import TokenRow, Tokens
from worker.errors import Unavailable
from worker.limiter import Meter
from worker.web.parameters import refuse_unknown
from worker.web.problems import Problem

TRUSTED = 1.0  # seconds: a revoked token is let in no longer than this
KEPT = 10_000  # tokens
WRONG_TAKES = 1.0  # seconds
WRONG_AT_ONCE = 200  # wrong ones that are kept waiting; more are told at once, uncounted
ACTS = {
    May.DECIDE,
    May.CONTACTS,
    May.REMINDERS,
    May.FORGET,
}  # what is done by these is written down; what is handed over is rows
LENGTH = len(PREFIX) + -(-BYTES * 4 // 3)


class Access:
    """One for the process; its state is only what the database said within the last second."""

    def __init__(self, tokens: Tokens, meter: Meter) -> None:
        self._tokens, self._meter = tokens, meter
        self._known: dict[str, tuple[float, TokenRow]] = {}
        self._waiting = 0

    async def holder(self, request: Request) -> TokenRow:
        """The holder of the request's token. Raises Problem."""
        token = _bearer(request)
        seen_at, row = self._known.get(token, (0.0, None))
        if row is None or time.monotonic() - seen_at > TRUSTED:
            row = await self._looked_up(token)
        if row.rate is not None:
            await self._within(row.rate, row)
        return row

    async def _looked_up(self, token: str) -> TokenRow:
        self._known.pop(token, None)
        usable = len(token) == LENGTH and token.startswith(PREFIX)
        row = await to_thread.run_sync(self._tokens.find, token) if usable else None
        if row is None:
            raise await self._refusal()
        if len(self._known) >= KEPT:
            self._known.clear()
        self._known[token] = (time.monotonic(), row)
        return row

    async def _refusal(self) -> Problem:
        if self._waiting < WRONG_AT_ONCE:
            self._waiting += 1
            try:
                await asyncio.gather(asyncio.sleep(WRONG_TAKES), to_thread.run_sync(self._count))
            finally:
                self._waiting -= 1
        remedy = "send `Authorization: Bearer esw_…` with a token of `esms-worker tokens add`"
        return Problem("unauthorized", remedy, headers={"WWW-Authenticate": "Bearer"})

    def _count(self) -> None:
        try:
            self._tokens.note_refused()
        except Unavailable:
            return

    async def _within(self, rate: float, row: TokenRow) -> None:
        wait = await to_thread.run_sync(self._meter.wait, f"token:{row.name}", rate)
        if wait > 0:
            detail = f"{row.name} may send {rate:g} requests a second: try again later"
            raise Problem("too-fast", detail, headers={"Retry-After": str(max(1, round(wait + 0.5)))})


def needs(right: May) -> Callable[[Request], Coroutine[Any, Any, TokenRow]]:
    """A dependency of a route: the holder of a token that may do this, and who gives no parameter that it has not."""

    async def holder(request: Request) -> TokenRow:
        access: Access = request.app.state.access
        row = await access.holder(request)
        if right in ACTS:
            become(Actor(row.name, Via.HTTP, place_of(request)))
        if right not in row.may:
            raise Problem("forbidden", f"it needs the right {right}: `esms-worker tokens add … --may {right}`")
        refuse_unknown(request)
        return row

    return holder


def peer_of(request: Request) -> IPv4Address | IPv6Address | None:
    """Who holds the other end of the connection, whatever it says of others; None: it has no address."""
    try:
        return ip_address(request.scope.get("peer") or (request.client.host if request.client else ""))
    except ValueError:
        return None


def place_of(request: Request) -> str:
    """The address that somebody comes from; of IPv6 the network, which is one household's or one firm's."""
    host = request.client.host if request.client else "unknown"
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return f"{IPv6Address(int(address) >> 64 << 64)}/64" if isinstance(address, IPv6Address) else host


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
