"""Why a server can't start is told in one line, with what to do, and nothing runs on."""

import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.devkit.servers import each, root_only
from worker.devkit.postgres import Postgres
from worker.devkit.processes import CannotStart, Server
from worker.devkit.valkey import Valkey


def trouble(server: Server) -> str:
    with pytest.raises(CannotStart) as caught:
        server.start()
    assert not server.alive
    assert "\n" not in str(caught.value)
    return str(caught.value)


@each
@pytest.mark.long
def test_a_taken_port_is_named(kind: type[Server], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = trouble(kind(tmp_path / "server", port=port, durable=False))
    assert said == (
        f"cannot start {kind.name}: port {port} of 127.0.0.1 is taken; choose another port, or none for a free one"
    )


@each
@pytest.mark.long
def test_a_kept_port_that_is_taken_now_is_replaced(kind: type[Server], tmp_path: Path) -> None:
    with kind(tmp_path / "server", durable=False) as server:
        port = server.port
    with socket.create_server(("127.0.0.1", port)), server:
        assert server.port != port


@each
def test_a_folder_that_is_none_is_named(kind: type[Server], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert trouble(kind(tmp_path / "file" / "server")) == (
        f"cannot start {kind.name}: the folder {tmp_path}/file/server can't be used (not a directory: "
        f"{tmp_path}/file/server); make it writable for this user, or choose another folder"
    )


@contextmanager
def small_disk(at: Path) -> Iterator[None]:
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", at], check=False)
    if mounted.returncode != 0:
        pytest.skip("may not mount here")
    try:
        yield
    finally:
        subprocess.run(["umount", at], check=True)


@root_only
@each
def test_a_disk_that_is_full_is_named(kind: type[Server], tmp_path: Path) -> None:
    with small_disk(tmp_path):
        (tmp_path / "filler").write_bytes(b"x" * (8 * 1024 * 1024 - 8192))
        assert trouble(kind(tmp_path / "server")) == (
            f"cannot start {kind.name}: no space is left on the disk of {tmp_path}/server; "
            "free some space there, or choose a folder on another disk"
        )


@root_only
def test_a_disk_that_fills_up_while_postgres_makes_its_data_is_named(tmp_path: Path) -> None:
    with small_disk(tmp_path):
        assert f"no space is left on the disk of {tmp_path}/server;" in trouble(Postgres(tmp_path / "server"))


@pytest.mark.long
def test_data_of_another_postgresql_is_left_alone_and_named(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "server", durable=False)
    server.start().stop()
    (server.data / "PG_VERSION").write_text("9\n")
    assert re.fullmatch(
        rf"cannot start PostgreSQL: the data in {tmp_path}/server is of PostgreSQL 9, and this is PostgreSQL \d+; "
        "install PostgreSQL 9, or move that folder away to begin anew",
        trouble(server),
    )


@pytest.mark.long
def test_data_that_is_damaged_is_reported_with_the_servers_own_words(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "server", durable=False)
    server.start().stop()
    (server.data / "global" / "pg_control").unlink()
    assert "pg_control" in trouble(server)


def test_settings_that_are_damaged_are_reported_with_the_servers_own_words(tmp_path: Path) -> None:
    server = Valkey(tmp_path / "server")
    server.start().stop()
    manifest = next(server.data.rglob("*.manifest"))
    manifest.write_text("nonsense")
    assert "it said:" in trouble(server)
