"""Where the environment's variables come from: the process's own, `.env`, and what a running `esms-worker up` left."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from worker.errors import SettingsError
from worker.settings.ownership import others_may_read, refuse_if_others_write
from worker.settings.reader import Reader

UP_FOLDER = ".esms-worker"  # in the folder that `esms-worker up` is started in, unless WORKER_FOLDER names another

ROLE_PASSWORDS = {
    "esms_owner": "POSTGRES_OWNER_PASSWORD",
    "esms_worker": "POSTGRES_WORKER_PASSWORD",
    "esms_producer": "POSTGRES_PRODUCER_PASSWORD",
    "esms_report": "POSTGRES_REPORT_PASSWORD",
}


def environment(*, besides_up: bool = False) -> dict[str, str]:
    """The variables as they stand now, from the three places that we look at; or besides what an `up` left there."""
    found = _read_env(Path(".env")) | os.environ
    return found if besides_up else _read_env(up_folder(found) / "env") | found


def readable_env() -> Path | None:
    """The `.env` of this folder where other users of the machine may read it."""
    file = Path(".env")
    return file if others_may_read(file) else None


def sources_of(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Which applications have a queue of their own. Raises SettingsError."""
    return Reader(environ).sources("WORKER_SOURCES")


def administration() -> dict[str, str]:
    """The same for who migrates and makes logins: where `up` runs Postgres, by the address that it left for that."""
    ours = environment(besides_up=True)
    return environment() | ({} if ours.get("DATABASE_URL") else _read_env(up_folder(ours) / "admin"))


def role_passwords(environ: Mapping[str, str]) -> dict[str, str]:
    """The passwords that are given for roles of Postgres, by the role's name."""
    read = Reader(environ)
    return {role: given for role, name in ROLE_PASSWORDS.items() if (given := read.text(name))}


def up_folder(environ: Mapping[str, str]) -> Path:
    """Where `esms-worker up` keeps its data, and leaves the addresses that other commands read."""
    return Path(environ.get("WORKER_FOLDER") or UP_FOLDER)


def _read_env(file: Path) -> dict[str, str]:
    from dotenv.parser import parse_stream

    try:
        found = file.stat()
    except OSError:  # there is none, or it is none of ours
        return {}
    if not stat.S_ISREG(found.st_mode):
        return {}
    refuse_if_others_write(file, found)
    try:
        with file.open(encoding="utf-8") as stream:
            bindings = list(parse_stream(stream))
    except (UnicodeDecodeError, OSError):
        raise SettingsError(str(file), "can't be read as UTF-8 text", "save it as UTF-8, or remove it") from None
    for binding in bindings:
        if binding.error:
            raise SettingsError(str(file), f"line {binding.original.line} is no NAME=value", "fix or remove it")
    return {binding.key: binding.value for binding in bindings if binding.key and binding.value is not None}
