"""Real PostgreSQL and Valkey in a folder are always startable again, whatever ended them."""

import os
import re
import signal
import subprocess
import threading
from pathlib import Path

import pytest
import redis

from tests.devkit.servers import PATIENCE, connected, each, linux_only, one, run
from tests.support import eventually
from worker.devkit.postgres import Postgres
from worker.devkit.processes import CannotStart, Server
from worker.devkit.processes.identity import identity
from worker.devkit.valkey import Valkey


@pytest.mark.long
def test_postgres_keeps_its_data_its_port_and_its_password(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "server")
    with server:
        url = server.url
        with connected(server) as connection:
            connection.execute("CREATE TABLE wishes AS SELECT 42 AS n")
    with Postgres(tmp_path / "server") as again:
        assert again.url == url
        assert one(again, "SELECT n FROM wishes") == 42
        assert one(again, "SHOW fsync") == "on"


def test_valkey_keeps_its_data_its_port_and_its_password(tmp_path: Path) -> None:
    with Valkey(tmp_path / "server") as server, redis.Redis.from_url(server.url) as client:
        url = server.url
        client.set("wish", "kept")
    with Valkey(tmp_path / "server") as again, redis.Redis.from_url(again.url) as client:
        assert again.url == url
        assert client.get("wish") == b"kept"


@each
@pytest.mark.long
def test_a_server_that_was_killed_starts_again(kind: type[Server], tmp_path: Path) -> None:
    server = kind(tmp_path / "server", durable=False).start()
    url = server.url
    os.kill(server.pid, signal.SIGKILL)
    eventually(lambda: not server.alive, within=PATIENCE)
    server.stop()
    with server:
        assert server.url == url


@pytest.mark.long
def test_postgres_waits_for_the_last_sessions_of_a_killed_server(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "server", durable=False).start()
    with connected(server) as client:
        session = client.info.backend_pid
        os.kill(session, signal.SIGSTOP)
        os.kill(server.pid, signal.SIGKILL)
        eventually(lambda: not server.alive, within=PATIENCE)
        server.stop()
        starting = threading.Thread(target=server.start)
        starting.start()
        eventually(lambda: "pre-existing shared memory block" in server.log.read_text(), within=PATIENCE)
        os.kill(session, signal.SIGCONT)
        starting.join()
    with server:
        assert one(server, "SELECT 1") == 1


@linux_only
@each
@pytest.mark.long
def test_a_server_ends_with_its_killed_owner_and_the_next_one_takes_over(kind: type[Server], tmp_path: Path) -> None:
    code = f"""
        import sys, time
        from pathlib import Path
        from worker.devkit.{kind.__module__.rpartition(".")[2]} import {kind.__name__} as Server
        server = Server(Path(sys.argv[1]), durable=False).start()
        print(server.pid, flush=True)
        time.sleep(600)
    """
    with run(code, tmp_path / "server") as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        with pytest.raises(CannotStart, match=f"process {owner.pid} is already using"):
            kind(tmp_path / "server").start()
        owner.kill()
    with kind(tmp_path / "server", durable=False) as server:
        assert server.pid != pid
        assert identity(pid) is None


@pytest.mark.long
def test_a_pid_that_now_belongs_to_another_process_does_not_keep_postgres_from_starting(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "server", durable=False)
    with server:
        left_behind = (server.data / "postmaster.pid").read_text()
    owner = server.data.stat()
    with subprocess.Popen(["sleep", "600"], user=owner.st_uid, cwd="/") as stranger:
        (server.data / "postmaster.pid").write_text(re.sub(r"^\d+", str(stranger.pid), left_behind))
        with server:
            assert stranger.poll() is None
        stranger.kill()


@pytest.mark.long
def test_data_that_was_half_made_by_a_killed_initdb_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "server" / "data.new").mkdir(parents=True)
    (tmp_path / "server" / "data.new" / "PG_VERSION").write_text("18\n")
    with Postgres(tmp_path / "server", durable=False) as server:
        assert one(server, "SELECT 1") == 1
