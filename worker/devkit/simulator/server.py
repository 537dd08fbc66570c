"""The simulator's process: bind, say where, answer until told to stop.

Everything runs in one thread, so a request's effects are whole before the next one is read.
"""

import asyncio
import contextlib
import gc
import os
import secrets
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from worker.devkit.simulator.books import Books
from worker.devkit.simulator.control import Control
from worker.devkit.simulator.door import CONTROL, Door
from worker.devkit.simulator.knobs import Knobs
from worker.devkit.simulator.provider import Provider
from worker.devkit.simulator.wire import Connection, HttpAnswer, Request

_BACKLOG = 2048
_PARENT_CHECK = 0.2  # seconds


class CannotStart(Exception):
    """One line: what is in the way, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """How the process starts. `port` 0 takes any free one; `latency` and `pace` are seconds, see docs/simulator.md."""

    host: str = "127.0.0.1"
    port: int = 0
    api_key: str = field(default="simulator-key", repr=False)
    secret_key: str = field(default="simulator-secret", repr=False)
    token: str = field(default_factory=secrets.token_urlsafe, repr=False)  # opens the books and the knobs
    allow_hosts: Sequence[str] = ()  # names that it is called by, besides `host` and this machine's own
    latency: float = 0.05
    seed: int = 0
    pace: float = 0.1
    port_file: Path | None = None
    books: Path | None = None  # a file that keeps what was taken over restarts
    parent: int | None = None  # a process id: stop when that parent is gone
    knobs: Mapping[str, Any] = field(default_factory=dict)  # any of the others; a reset comes back to these

    def fresh_knobs(self) -> Knobs:
        """The knobs of the start. Raises KnobError."""
        knobs = Knobs()
        names = ("api_key", "secret_key", "latency", "seed", "pace")
        knobs.set({name: getattr(self, name) for name in names} | dict(self.knobs))
        return knobs


def run(options: Options, announce: Callable[[str], None] = print) -> None:
    """Serve until SIGTERM or SIGINT. Raises CannotStart or KnobError before anything is served."""
    asyncio.run(_serve(options, announce))


async def _serve(options: Options, announce: Callable[[str], None]) -> None:
    stop = asyncio.Event()
    async with _listening(options) as port, _until_told(stop, options.parent):
        with _port_file(options.port_file, port):
            host = f"[{options.host}]" if ":" in options.host else options.host
            announce(f"eSMS simulator listening on http://{host}:{port}")
            # A collector that walks 100,000s of sends again and again costs more than the requests themselves.
            gc.set_threshold(50_000, 20, 100)
            await stop.wait()


@contextlib.asynccontextmanager
async def _listening(options: Options) -> AsyncIterator[int]:
    connections: set[Connection] = set()
    answer = _answers(options, connections)
    _allow_many_sockets()
    loop = asyncio.get_running_loop()
    try:
        server = await loop.create_server(
            lambda: Connection(answer, connections), options.host, options.port, backlog=_BACKLOG
        )
    except OSError as error:
        raise CannotStart(_in_the_way(options, error)) from None
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for connection in list(connections):
            connection.abort()
        await server.wait_closed()


def _answers(options: Options, connections: set[Connection]) -> Callable[[Request], HttpAnswer]:
    provider = Provider(options.fresh_knobs(), _books(options.books))
    control = Control(provider, options.fresh_knobs, lambda: len(connections))
    door = Door(options.host, options.allow_hosts, options.token)

    def answer(request: Request) -> HttpAnswer:
        if refusal := door.refusal(request):
            return refusal
        return control.answer(request) if request.path.startswith(CONTROL) else provider.answer(request)

    return answer


def _books(path: Path | None) -> Books | None:
    try:
        return Books(path) if path else None
    except OSError as error:
        raise CannotStart(f"--books {path} can't be used ({error.strerror}); choose another") from None


def _in_the_way(options: Options, error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return f"host {options.host} is not known; give --host an address of this machine, as 127.0.0.1"
    reason = os.strerror(error.errno) if error.errno else str(error)
    return (
        f"port {options.port} on {options.host} can't be used ({reason}); "
        "choose another with --port, or --port 0 for any free one"
    )


def _allow_many_sockets() -> None:
    try:
        import resource  # not on Windows
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or soft < hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@contextlib.asynccontextmanager
async def _until_told(stop: asyncio.Event, parent: int | None) -> AsyncIterator[None]:
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C arrives as KeyboardInterrupt
            loop.add_signal_handler(name, stop.set)
    watch = asyncio.create_task(_outlive_no_parent(parent, stop)) if parent is not None else None
    try:
        yield
    finally:
        if watch:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)


async def _outlive_no_parent(parent: int, stop: asyncio.Event) -> None:
    # Not prctl(PR_SET_PDEATHSIG): that fires when the thread that started us ends, and tests start us from threads.
    while os.getppid() == parent:
        await asyncio.sleep(_PARENT_CHECK)
    stop.set()


@contextlib.contextmanager
def _port_file(path: Path | None, port: int) -> Iterator[None]:
    if path is None:
        yield
        return
    half = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        half.write_text(f"{port}\n")
        half.replace(path)  # a reader never sees it half written
    except OSError as error:
        raise CannotStart(f"--port-file {path} can't be written ({error.strerror}); choose another") from None
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
