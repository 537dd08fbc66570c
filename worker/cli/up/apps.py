"""The workers and beat that `up` runs: started together, each with what it needs to know, and ended together."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import celery

from worker.cli.at_work import READY_WITHIN
from worker.cli.simulated import KEYS, environ_of_child
from worker.cli.up.installation import Installation
from worker.devkit.processes import CannotStart, Child
from worker.devkit.processes.users import User, app_user
from worker.queues import Queue
from worker.settings import call_timeout

MARGIN = 15.0  # seconds, on top of what a whole call may take, for a worker to finish what is in flight
READY = ("process.ready", "listening on")
LOOK_EVERY = 0.2  # seconds


def start_apps(installation: Installation, workers: int, tell: Callable[[str, str], None]) -> None:
    """All at once, and wait for all: each takes a second or two to load."""
    bells = ["celery", "-A", "worker.tasks", "--quiet"]
    worker = [*bells, "worker", "--loglevel=WARNING", "--without-mingle", "--without-gossip"]
    commands = {
        "urgent": [*worker, "-Q", Queue.URGENT, "-c", "2", "-n", "urgent@%h"],
        # A delivery may take its whole time: what is handed over by task may be a code, and polls must go on.
        "intake": [*worker, "-Q", Queue.ENQUEUE, "-c", "1", "-n", "intake@%h"],
        "worker": [*worker, "-Q", Queue.DELIVER, "-c", str(workers), "-n", "worker@%h"],
        "poll": [*worker, "-Q", f"{Queue.POLL},{Queue.HOUSEKEEPING},{Queue.WEBHOOKS}", "-c", "3", "-n", "poll@%h"],
        "beat": [*bells, "beat", "--loglevel=WARNING", "--pidfile="],
    }
    if installation.http_port is not None:
        commands["http"] = ["worker.cli", "serve", "--port", str(installation.http_port)]
    ready = {name: Event() for name in commands}
    user = app_user(Path(celery.__file__), Path(__file__), *_certificates(installation.environ))
    for name, arguments in commands.items():
        child = Child(
            name,
            [sys.executable, "-m", *arguments],
            env=_environ_of_app(name, installation, user),
            cwd=Path(sys.prefix),  # where no .env lies, and which it can reach whoever it is
            user=user,
            on_line=_hears(name, ready[name], tell),
            grace=call_timeout(installation.environ) + MARGIN,
        )
        installation.apps.append(child.start())
    _wait_for(installation.apps, ready)


def _environ_of_app(name: str, installation: Installation, user: User | None) -> dict[str, str]:
    """Beat asks eSMS nothing, so it gets no keys; who answers by HTTP is no worker, and has a producer's login of
    Postgres. Root's home is closed to another user, and libpq looks into it.
    """
    environ = environ_of_child(installation.environ) | ({} if user is None else {"HOME": "/"})
    if name == "beat":
        return environ | dict.fromkeys(KEYS, "")
    handed_out = installation.handed_out.get("DATABASE_URL")
    return environ | ({"DATABASE_URL": handed_out} if name == "http" and handed_out else {})


def _certificates(environ: Mapping[str, str]) -> list[Path]:
    return [Path(environ[name]) for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE") if environ.get(name)]


def _hears(name: str, ready: Event, tell: Callable[[str, str], None]) -> Callable[[str], None]:
    def hear(line: str) -> None:
        if any(word in line for word in READY):
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
