"""The network between the worker and eSMS, as a TCP link that can be cut, can swallow everything, and can strike.

Whatever carries the worker's requests, this sees them from outside: a connection made, a request before eSMS has
seen it, its answer before and after the worker has. At each of these it can kill or freeze the process at the other
end.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

Address = tuple[str, int]


class Place(StrEnum):
    """Where on the wire."""

    CONNECTED = "connected"
    WRITTEN = "request written"  # eSMS has not seen it
    TAKEN = "reply not read"  # eSMS has answered
    ANSWERED = "reply read"


class State(StrEnum):
    """How the network is."""

    WHOLE = "whole"
    CUT = "cut"  # connections are reset, new ones refused
    SILENT = "silent"  # connections are made, and nothing passes


@dataclass(frozen=True)
class Trap:
    """Once, at this place of a request that names one of these functions; told the port at the worker's end.

    spring: says whether it caught anybody; else it stays.
    """

    place: Place
    functions: tuple[bytes, ...]
    spring: Callable[[int], bool]
    passes_on: bool  # whether what was on its way goes on


class Link:
    """`with Link(provider.address) as link:` and give `link.address` to the worker in the provider's place.

    Any server may be the provider. host: of ours, where it listens.
    """

    def __init__(self, provider: Address, host: str = "127.0.0.1") -> None:
        self._provider = provider
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="the network", daemon=True)
        self._server: asyncio.Server | None = None
        self._state = State.WHOLE
        self._open: set[asyncio.StreamWriter] = set()
        self._trap: Trap | None = None
        self.address: Address = (host, 0)

    def set(self, state: State) -> None:
        """Cut it, have it swallow everything, or fix it."""
        asyncio.run_coroutine_threadsafe(self._set(state), self._loop).result()

    def drop(self) -> None:
        """Reset every connection; new ones are welcome."""
        asyncio.run_coroutine_threadsafe(self._drop(), self._loop).result()

    def lead_to(self, provider: Address) -> None:
        """Old connections are reset, and new ones go to this one."""
        self.lead_next_to(provider)
        self.drop()

    def lead_next_to(self, provider: Address) -> None:
        """New connections go to this one, old ones stay: as after a fail-over by name."""
        self._provider = provider

    def lay(self, trap: Trap | None) -> None:
        """From now on this trap lies there, or none."""
        self._trap = trap

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # In the thread of the loop...

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._carry, *self.address, backlog=1024)
        self.address = self._server.sockets[0].getsockname()

    async def _set(self, state: State) -> None:
        self._state = state
        if state is State.CUT:
            await self._hang_up()
        elif self._server is None:
            await self._listen()

    async def _hang_up(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._drop()

    async def _drop(self) -> None:
        for writer in list(self._open):
            writer.transport.abort()

    async def _end(self) -> None:
        await self._hang_up()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            self._pass(Place.CONNECTED, b"", writer)
            await self._join(reader, writer)
        except (OSError, asyncio.CancelledError):  # or asyncio would print that the network was taken down
            writer.transport.abort()
        finally:
            self._open.discard(writer)
            writer.close()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        their_reader, their_writer = await asyncio.open_connection(*self._provider)
        try:
            await self._converse(reader, writer, their_reader, their_writer)
        finally:
            their_writer.close()

    async def _converse(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        their_reader: asyncio.StreamReader,
        their_writer: asyncio.StreamWriter,
    ) -> None:
        asked = [b""]

        async def ask() -> None:
            while data := await reader.read(65536):
                await self._whole()
                asked[0] = data
                self._pass(Place.WRITTEN, data, writer)
                their_writer.write(data)
                await their_writer.drain()

        async def answer() -> None:
            while data := await their_reader.read(65536):
                await self._whole()
                self._pass(Place.TAKEN, asked[0], writer)
                writer.write(data)
                await writer.drain()
                self._pass(Place.ANSWERED, asked[0], writer)

        await _until_the_first_ends(ask(), answer())

    async def _whole(self) -> None:
        while self._state is State.SILENT:
            await asyncio.sleep(0.05)

    def _pass(self, place: Place, request: bytes, writer: asyncio.StreamWriter) -> None:
        trap = self._trap
        if trap is None or trap.place is not place:
            return
        if place is not Place.CONNECTED and not any(name in request for name in trap.functions):
            return
        self._trap = None
        if not trap.spring(writer.get_extra_info("peername")[1]):
            self._trap = trap
        elif not trap.passes_on:
            raise ConnectionAbortedError


async def _until_the_first_ends(*coroutines: object) -> None:
    """One end hung up: the other has nobody to talk to."""
    tasks = [asyncio.ensure_future(each) for each in coroutines]  # type: ignore[call-overload]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
        with suppress(asyncio.CancelledError, OSError):
            await task
    for error in [task.exception() for task in done]:  # of both, where both ended: else asyncio prints the second's
        if error is not None:
            raise error


def owner_of(port: int, pids: Iterable[int]) -> int | None:
    """Which of these processes has a connection from this port; None when that is gone. Quick: the network waits."""
    if not _TABLE.exists():  # not Linux
        return next((pid for pid in pids if port in _ports_of(pid)), None)
    rows = (line.split() for line in _TABLE.read_text().splitlines()[1:])
    sockets = {f"socket:[{row[9]}]" for row in rows if row[1].endswith(f":{port:04X}")}
    return next((pid for pid in pids if sockets & _files_of(pid)), None)


_TABLE = Path("/proc/net/tcp")


def _files_of(pid: int) -> set[str]:
    found: set[str] = set()
    with suppress(OSError):  # it may end meanwhile, and so may each of its files
        for file in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                found.add(str(file.readlink()))
    return found


def _ports_of(pid: int) -> set[int]:
    try:
        return {each.laddr.port for each in psutil.Process(pid).net_connections(kind="tcp4")}
    except psutil.Error:
        return set()
