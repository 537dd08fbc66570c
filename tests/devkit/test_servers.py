"""Real PostgreSQL and Valkey in a folder: reachable by their owner only, wherever the folder is."""

import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.devkit.servers import connected, each, one, root_only, run
from worker.devkit.postgres import Postgres
from worker.devkit.processes import Server
from worker.devkit.valkey import Valkey


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


def command_line(process: psutil.Process) -> str:
    """What stands in the process list; nothing of one that has gone in the meantime."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""
