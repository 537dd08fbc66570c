"""The simulated eSMS of `up` and `demo`: when it stands in for the real one, and how it is started."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from worker.devkit.processes import Child
from worker.devkit.processes.users import can_choose, hand_over, server_user
from worker.settings import ProviderSettings

KEYS = ("ESMS_API_KEY", "ESMS_SECRET_KEY")
CONTROL = "SIMULATOR_TOKEN"  # opens the simulator's books and knobs
IMPATIENT = {"WORKER_DENIED_AFTER": "10", "WORKER_DENIED_AFTER_BULK": "20"}  # what the simulator denies, it means
BOOKS = "simulator.jsonl"  # what the simulator took, so that it still settles after a restart
BRANDNAME = "sangbrand"  # the simulator knows it


def simulates(environ: Mapping[str, str]) -> bool:
    """Without keys it is the simulator; with one of two it is a mistake, which the settings name."""
    keys = [bool(environ.get(name, "").strip()) for name in KEYS]
    if any(keys) or environ.get("ESMS_REST_URL"):
        ProviderSettings.from_environ(environ)
        return False
    return True


@contextmanager
def simulator(folder: Path, environ: Mapping[str, str], tell: Callable[[str, str], None]) -> Iterator[dict[str, str]]:
    """Run it with its books in the folder; the environment that reaches it. `tell(part, line)` hears what it says."""
    said: list[str] = []
    # New ones each time: what was sent lies in its books, and its published keys would show them to everybody.
    keys = {name: secrets.token_urlsafe() for name in (*KEYS, CONTROL)}

    def hear(line: str) -> None:
        said.append(line)
        tell("simulator", line)

    books = folder / BOOKS
    books.touch(0o600)
    user = server_user(books, Path(__file__)) if can_choose() else None
    hand_over(user, books)
    child = Child(
        "simulator",
        [sys.executable, "-m", "worker.devkit.simulator", "--port", "0", "--books", str(books)],
        env=environ_of_child(environ) | {name.replace("ESMS", "SIMULATOR"): key for name, key in keys.items()},
        cwd=Path(sys.prefix),
        user=user,
        on_line=hear,
        ready=lambda _: any("listening on" in line for line in said),
    )
    with child:
        url = next(line for line in said if "listening on" in line).rsplit(" ", 1)[1] + "/MainService.svc"
        bases = {"ESMS_REST_URL": url, "ESMS_VOICE_URL": url}
        yield {"ESMS_BRANDNAME": BRANDNAME} | IMPATIENT | dict(environ) | keys | bases


def environ_of_child(environ: Mapping[str, str]) -> dict[str, str]:
    """Nothing but what we were given: our own environment may name servers that a demo must not touch."""
    return dict(environ) | {"PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "ignore"}
