"""Everything on one machine: servers, simulator, migrations, workers and beat, started in order and ended in reverse.

The children die with this process, even by `kill -9`; what they had in flight is rescued at the next start.
"""

from __future__ import annotations

import shlex
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import NoReturn

import celery

from worker.api.account import Account
from worker.api.operation import Operation
from worker.cli.doctor import remedied
from worker.cli.folder import LEAST_ROOM, lack_of_room, prepare_folder
from worker.cli.output import say, say_error
from worker.cli.restarting import Restarts
from worker.cli.simulated import CONTROL, KEYS, environ_of_child, simulates, simulator
from worker.devkit.postgres import Postgres
from worker.devkit.processes import CannotStart, Child, Server, folder_lock
from worker.devkit.processes.folder import write_private
from worker.devkit.processes.users import User, app_user
from worker.devkit.valkey import Valkey
from worker.errors import Unavailable
from worker.queues import Queue
from worker.settings import UP_FOLDER, Settings, environment, readable_env, sources_of

SIMULATED = (
    "Sending to the SIMULATOR, nothing leaves this machine (set ESMS_API_KEY and ESMS_SECRET_KEY to send for real)"
)
REAL = "Sending for REAL through eSMS, with the keys in the environment"

GRACE = 45.0  # seconds for a worker to finish what is in flight; more than a whole call may take
SHORT_GRACE = 5.0  # seconds, where a server is gone: nothing can be written down any more
LOOK_EVERY = 0.2  # seconds
READY_WITHIN = 60.0  # seconds
INTERRUPTED = 130  # exit code


@dataclass
class Installation:
    """The running parts, and how to reach them."""

    folder: Path
    environ: dict[str, str]
    simulated: bool
    servers: list[Server] = field(default_factory=list)
    apps: list[Child] = field(default_factory=list)

    @property
    def addresses(self) -> dict[str, str]:
        """What another terminal needs; real keys stay in the environment that they came from."""
        names = ["DATABASE_URL", "REDIS_URL"]
        if self.simulated:
            names += ["ESMS_REST_URL", "ESMS_VOICE_URL", "ESMS_BRANDNAME", *KEYS, CONTROL]
        return {name: self.environ[name] for name in names if name in self.environ}


def run_up(folder: Path, workers: int) -> int:
    """Run until Ctrl-C or SIGTERM; the exit code."""
    environ = environment(besides_up=True)
    say(SIMULATED if simulates(environ) else REAL)
    if file := readable_env():
        say(f"Other users of this machine can read {file}: chmod 600 {file}")
    with _interrupted_once():
        try:
            with installed(folder, environ, workers, tell=_tell) as installation:
                _welcome(installation)
                code = _watched(installation)
        except KeyboardInterrupt:  # the ones that had started are stopped by now
            say("Stopped before everything ran")
            return INTERRUPTED
    say("Stopped")
    return code


def _refusal(installation: Installation) -> str | None:
    with Account.from_env(installation.environ) as account:
        found = account.balance_or_refusal()
    return found if isinstance(found, str) else None


def _welcome(installation: Installation) -> None:
    """What another terminal can do now, or why nothing will be sent."""
    trouble = None if installation.simulated else _refusal(installation)
    if trouble:
        say_error(f"eSMS: {remedied(trouble)}")
    say(f"Everything runs{', but nothing can be sent until that is mended' if trouble else ''}.")
    say(f"The data is in {installation.folder}.")
    say("(Ctrl-C here stops everything.)  In another terminal, from this folder:")
    if installation.folder != Path(UP_FOLDER).absolute():
        say(f"  export WORKER_FOLDER={shlex.quote(str(installation.folder))}")
    say("  esms-worker send sms --to 0901234567 --content 'Xin chao' --sms-type 7")
    say("  esms-worker report")


def _watched(installation: Installation) -> int:
    try:
        watch(installation)
    except KeyboardInterrupt:
        say("Stopping: what is in flight is finished first")
        return 0
    except Unavailable as error:
        say_error(str(error))  # now, and not after the stopping
        for child in installation.apps:
            child.grace = SHORT_GRACE
        return 1


@contextmanager
def installed(
    folder: Path, environ: Mapping[str, str], workers: int, tell: Callable[[str, str], None]
) -> Iterator[Installation]:
    """Start everything; end it in reverse. `tell(part, line)` hears what the parts say. Raises CannotStart."""
    folder = folder.absolute()
    installation = Installation(folder, dict(environ), simulates(environ))
    with ExitStack() as stack:
        prepare_folder(folder, servers=not environ.get("DATABASE_URL"))
        stack.enter_context(folder_lock(folder / "lock", "esms-worker up"))
        _start_servers(installation, stack)
        if installation.simulated:
            installation.environ = stack.enter_context(simulator(folder, installation.environ, tell))
        Settings.from_environ(installation.environ)
        _migrate(installation)
        _keep_apart(installation)
        stack.callback(_forget_addresses, folder)
        _leave_addresses(installation)
        stack.callback(stop_together, installation.apps)
        start_apps(installation, workers, tell)
        yield installation


def watch(installation: Installation) -> NoReturn:
    """Wait for Ctrl-C. A worker that dies is started again; a server that dies ends it all. Raises Unavailable."""
    restarts = Restarts()
    while True:
        _check_servers(installation)
        for child in installation.apps:
            restarts.look_after(child)
        time.sleep(LOOK_EVERY)


def _check_servers(installation: Installation) -> None:
    if installation.servers and (problem := lack_of_room(installation.folder, LEAST_ROOM)):
        raise Unavailable("disk", problem, "make room and start again; nothing that was enqueued is lost")
    for server in installation.servers:
        if not server.alive:
            remedy = f"see {server.log} and start again; nothing that was enqueued is lost"
            raise Unavailable(server.name, "it stopped by itself", remedy)


def _start_servers(installation: Installation, stack: ExitStack) -> None:
    folder, environ = installation.folder, installation.environ
    if not environ.get("DATABASE_URL"):
        postgres = stack.enter_context(Postgres(folder / "postgresql"))
        installation.servers.append(postgres)
        environ["DATABASE_URL"] = postgres.url
    if not environ.get("REDIS_URL"):
        valkey = stack.enter_context(Valkey(folder / "valkey", sources=sources_of(environ)))
        installation.servers.append(valkey)
        environ["REDIS_URL"] = valkey.worker_url
        _hand_out(folder, valkey)


def _hand_out(folder: Path, valkey: Valkey) -> None:
    """Each application's address of the broker, to be given to it: it may push to its own queue and read nothing."""
    for source in valkey.sources:
        write_private(folder / f"broker.{source}.env", f"CELERY_BROKER_URL='{valkey.source_url(source)}'\n")


def _migrate(installation: Installation) -> None:
    with Operation.from_env(installation.environ) as operation:
        operation.migrate()


def _keep_apart(installation: Installation) -> None:
    """Trials must never reach people, nor real messages end in the simulator, because a key was set or forgotten."""
    with Operation.from_env(installation.environ) as operation:
        trials = operation.is_simulated()
        if trials and not installation.simulated:
            problem = "the messages here were made for the simulator, and would now go to people"
            raise CannotStart("esms-worker up", problem, "choose another --folder, or delete this one")
        if installation.simulated and trials is False:
            problem = "the messages here are real, and would now go to the simulator"
            raise CannotStart(
                "esms-worker up", problem, "set ESMS_API_KEY and ESMS_SECRET_KEY, or choose another --folder"
            )
        if installation.simulated:
            operation.mark_simulated()


def _leave_addresses(installation: Installation) -> None:
    lines = [f"{name}='{value}'\n" for name, value in installation.addresses.items()]
    write_private(installation.folder / "env", "".join(lines))


def _forget_addresses(folder: Path) -> None:
    (folder / "env").unlink(missing_ok=True)


def start_apps(installation: Installation, workers: int, tell: Callable[[str, str], None]) -> None:
    """All at once, and wait for all: each takes a second or two to load."""
    worker = ["worker", "--loglevel=WARNING", "--without-mingle", "--without-gossip"]
    commands = {
        "urgent": [*worker, "-Q", Queue.URGENT, "-c", "2", "-n", "urgent@%h"],
        # A delivery may take its whole time: what is handed over by task may be a code, and polls must go on.
        "intake": [*worker, "-Q", Queue.ENQUEUE, "-c", "1", "-n", "intake@%h"],
        "worker": [*worker, "-Q", Queue.DELIVER, "-c", str(workers), "-n", "worker@%h"],
        "poll": [*worker, "-Q", f"{Queue.POLL},{Queue.HOUSEKEEPING},{Queue.WEBHOOKS}", "-c", "3", "-n", "poll@%h"],
        "beat": ["beat", "--loglevel=WARNING", "--pidfile="],
    }
    ready = {name: Event() for name in commands}
    user = app_user(Path(celery.__file__), Path(__file__), *_certificates(installation.environ))
    for name, arguments in commands.items():
        child = Child(
            name,
            [sys.executable, "-m", "celery", "-A", "worker.tasks", "--quiet", *arguments],
            env=_environ_of_app(name, installation.environ, user),
            cwd=Path(sys.prefix),  # where no .env lies, and which it can reach whoever it is
            user=user,
            on_line=_hears(name, ready[name], tell),
            grace=GRACE,
        )
        installation.apps.append(child.start())
    _wait_for(installation.apps, ready)


def _environ_of_app(name: str, environ: Mapping[str, str], user: User | None) -> dict[str, str]:
    """Beat asks eSMS nothing, so it gets no keys. Root's home is closed to another user, and libpq looks into it."""
    besides = {} if user is None else {"HOME": "/"}
    return environ_of_child(environ) | besides | (dict.fromkeys(KEYS, "") if name == "beat" else {})


def _certificates(environ: Mapping[str, str]) -> list[Path]:
    return [Path(environ[name]) for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE") if environ.get(name)]


def _hears(name: str, ready: Event, tell: Callable[[str, str], None]) -> Callable[[str], None]:
    def hear(line: str) -> None:
        if "process.ready" in line:
            ready.set()
        tell(name, line)

    return hear


def _wait_for(apps: list[Child], ready: Mapping[str, Event]) -> None:
    deadline = time.monotonic() + READY_WITHIN
    for child in apps:
        while not ready[child.name].wait(LOOK_EVERY):
            if not child.alive:
                raise CannotStart(child.name, f"it ended with exit code {child.exit_code}", "see what it wrote above")
            if time.monotonic() > deadline:
                raise CannotStart(child.name, f"it was not ready within {READY_WITHIN:g} seconds", "see above")


def stop_together(apps: list[Child]) -> None:
    with ThreadPoolExecutor(max_workers=len(apps) or 1) as pool:
        list(pool.map(Child.stop, apps))


def _tell(part: str, line: str) -> None:
    if line.strip() and part != "simulator":
        say(f"{part:>6} │ {line}")


@contextmanager
def _interrupted_once() -> Iterator[None]:
    """The first Ctrl-C or SIGTERM stops us; impatience after it must not leave a worker or a server behind."""
    interrupted = Event()

    def interrupt(*_: object) -> None:
        if interrupted.is_set():
            say("Still stopping: a send in flight may take half a minute")
            return
        interrupted.set()
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
