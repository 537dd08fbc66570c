"""Everything on one machine: servers, simulator, migrations, workers and beat, started in order and ended in reverse.

The children die with this process, even by `kill -9`; what they had in flight is rescued at the next start.
"""

from __future__ import annotations

import shlex
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from threading import Event
from typing import NoReturn

from worker.api.account import Account
from worker.api.operation import Operation
from worker.cli.folder import LEAST_ROOM, lack_of_room, prepare_folder
from worker.cli.output import say, say_error
from worker.cli.restarting import Restarts
from worker.cli.simulated import simulates, simulator
from worker.cli.up.apps import LOOK_EVERY, start_apps, stop_together
from worker.cli.up.installation import Installation, forget_addresses, leave_addresses, start_servers
from worker.cli.up.page import say_page
from worker.devkit.processes import CannotStart, folder_lock
from worker.devkit.processes.folder import is_free, kept_password, kept_port, write_private
from worker.errors import Unavailable
from worker.settings import UP_FOLDER, Settings, environment, readable_env
from worker.settings.retention import KEY

__all__ = ["Installation", "door_in", "installed", "run_up", "say_page", "start_apps", "stop_together", "watch"]

SIMULATED = (
    "Sending to the SIMULATOR, nothing leaves this machine (set ESMS_API_KEY and ESMS_SECRET_KEY to send for real)"
)
REAL = "Sending for REAL through eSMS, with the keys in the environment"

SHORT_GRACE = 5.0  # seconds, where a server is gone: nothing can be written down any more
INTERRUPTED = 130  # exit code


def run_up(folder: Path, workers: int, http_port: int | None = None) -> int:
    """Run until Ctrl-C or SIGTERM; the exit code. http_port: where HTTP is answered; None: where the last run did."""
    environ = environment(besides_up=True)
    say(SIMULATED if simulates(environ) else REAL)
    if file := readable_env():
        say(f"Other users of this machine can read {file}: chmod 600 {file}")
    with _interrupted_once():
        try:
            with installed(
                folder, environ, workers, tell=_tell, door=lambda: door_in(folder, http_port)
            ) as installation:
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
        say_error(f"eSMS: {trouble}")
    say(f"Everything runs{', but nothing can be sent until that is fixed' if trouble else ''}.")
    say(f"The data is in {installation.folder}.")
    say("(Ctrl-C here stops everything.)  In another terminal, from this folder:")
    if installation.folder != Path(UP_FOLDER).absolute():
        say(f"  export WORKER_FOLDER={shlex.quote(str(installation.folder))}")
    say("  esms-worker send sms --to 0901234567 --content 'Xin chao' --sms-type 7")
    say("  esms-worker report")
    if installation.http_port is not None:
        say(f"For applications of any language: http://127.0.0.1:{installation.http_port}, with a token each:")
        say("  esms-worker tokens add shop --source shop --may enqueue,read")
    say_page(installation)


def door_in(folder: Path, asked: int | None = None) -> int | None:
    """A free port, the same in each run where that is possible; None where the extra `http` is not installed."""
    if find_spec("fastapi") is None or find_spec("uvicorn") is None:
        return None
    if asked is not None and not is_free(asked):
        raise CannotStart("http", f"port {asked} of 127.0.0.1 is taken", "choose another --http-port, or none")
    port = asked or kept_port(folder / "http.port")
    write_private(folder / "http.port", str(port))
    return port


def _watched(installation: Installation) -> int:
    try:
        _welcome(installation)
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
    folder: Path,
    environ: Mapping[str, str],
    workers: int,
    tell: Callable[[str, str], None],
    door: Callable[[], int | None] = lambda: None,
) -> Iterator[Installation]:
    """Start everything; end it in reverse. `tell(part, line)` hears what the parts say. Raises CannotStart.

    door: by which port HTTP is answered; None: by none.
    """
    folder = folder.absolute()
    installation = Installation(folder, dict(environ), simulates(environ))
    with ExitStack() as stack:
        prepare_folder(folder, servers=not environ.get("DATABASE_URL"))
        stack.enter_context(folder_lock(folder / "lock", "esms-worker up"))
        if not installation.environ.get(KEY):
            installation.environ[KEY] = kept_password(folder / "privacy.key")
        installation.http_port = door()
        start_servers(installation, stack)
        if installation.simulated:
            installation.environ = stack.enter_context(simulator(folder, installation.environ, tell))
        Settings.from_environ(installation.environ)
        if not installation.administrator:
            _migrate(installation.environ)
        _keep_apart(installation)
        stack.callback(forget_addresses, folder)
        leave_addresses(installation)
        stack.callback(stop_together, installation.apps)
        start_apps(installation, workers, tell)
        yield installation


def watch(installation: Installation) -> NoReturn:
    """Wait for Ctrl-C. A worker that dies is started again; a server that dies ends it all. Raises Unavailable."""
    restarts = Restarts()
    while True:
        _check_servers(installation)
        if installation.applications:
            installation.applications.look()
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


def _migrate(environ: Mapping[str, str]) -> None:
    with Operation.from_env(environ) as operation:
        operation.migrate()


def _keep_apart(installation: Installation) -> None:
    """Trials must never reach people, nor real messages end in the simulator, because a key was set or forgotten.

    What keeps to that is started now.
    """
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
        operation.note_start()


def _tell(part: str, line: str) -> None:
    if line.strip() and part != "simulator":
        say(f"{part:>6} │ {line}")


class _Interrupted(KeyboardInterrupt):
    """Not that one itself, by which Python ends at last where it came amid an exec, as an import's of a dataclass."""


@contextmanager
def _interrupted_once() -> Iterator[None]:
    """The first Ctrl-C or SIGTERM stops us; impatience after it must not leave a worker or a server behind."""
    interrupted = Event()

    def interrupt(*_: object) -> None:
        if interrupted.is_set():
            say("Still stopping: a send in flight may take half a minute")
            return
        interrupted.set()
        raise _Interrupted

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
