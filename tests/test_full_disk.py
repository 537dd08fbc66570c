"""Postgres on a disk of its own that is really full: told by its name, also where beat seems silent for it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.support import as_producer, migrated, otp
from worker import Notifier, Unavailable
from worker.api.operation import Operation
from worker.cli.top.alarms import alarms
from worker.database import Database
from worker.devkit.postgres import Postgres
from worker.errors import Lack
from worker.roles import Role

pytestmark = pytest.mark.long


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small one; it takes root's rights."""
    (folder := tmp_path / "disk").mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=200m,mode=755", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mounting, capture_output=True, check=False).returncode != 0:
        pytest.skip("nothing may be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """To its last byte."""
    with (ballast := disk / "ballast").open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(65_536)):
            pass
    yield
    ballast.unlink()


def test_a_full_disk_is_told_by_its_name_what_can_be_read_is_read_and_all_goes_on_once_there_is_room(
    disk: Path,
) -> None:
    with Postgres(disk / "postgres", durable=False) as postgres:
        with Database(postgres.url) as database:
            migrated(database, (Role.PRODUCER,))
            with database.begin() as session:
                session.execute(text("INSERT INTO heartbeat (name, at) VALUES ('beat', now() - interval '1 hour')"))
        environ = {"DATABASE_URL": as_producer(postgres.url)}
        with Notifier.from_env(environ) as notifier, Operation.from_env(environ) as operation:
            ticket = notifier.enqueue(otp())
            with filled(disk):
                with pytest.raises(Unavailable, match="is out of disk space: make room") as raised:
                    notifier.enqueue_many(otp(f"09010{n:05d}") for n in range(5000))
                now = notifier.reports.now()
                assert notifier.status(ticket.id) and not operation.has_room()
            assert operation.has_room() and notifier.reports.now().has_room
            assert notifier.enqueue_many(otp(f"09010{n:05d}") for n in range(5000))
    assert raised.value.lacks is Lack.ROOM
    assert not now.beats and not now.has_room
    assert next(alarms(now, None, notifier.settings.time_zone)).name == "no_room"
