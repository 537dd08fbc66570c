"""For root, servers run as nobody, with no right of root's but the one that a closed path takes."""

import os
import re
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from worker.devkit.postgres import Postgres
from worker.devkit.processes import Server
from worker.devkit.processes.users import APPS, SERVERS, User, hand_over, is_closed
from worker.devkit.valkey import Valkey

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may choose")
each = pytest.mark.parametrize("kind", [Postgres, Valkey])
OVERRIDE = 1 << 1  # CAP_DAC_OVERRIDE
SETS = ("CapInh", "CapPrm", "CapEff", "CapAmb")
ITS_PROGRAM_IS_CLOSED = "the programs of the servers are closed to ordinary users here"


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder of ours below ones that everybody may enter."""
    with tempfile.TemporaryDirectory() as above:
        Path(above).chmod(0o755)
        (Path(above) / "ours").mkdir(mode=0o710)
        os.chown(Path(above) / "ours", -1, SERVERS)
        yield Path(above) / "ours"


def rights(pid: int) -> dict[str, int]:
    found = re.findall(r"(Cap\w+|NoNewPrivs):\s+(\w+)", Path(f"/proc/{pid}/status").read_text())
    return {name: int(value, 16) for name, value in found if name != "CapBnd"}


def program_is_open(server: Server) -> bool:
    program = psutil.Process(server.pid).exe()
    return subprocess.run(["test", "-x", program], user="nobody", cwd="/", check=False).returncode == 0


def sees(folder: Path, group: int) -> bool:
    """Whether nobody can list it, in this group."""
    looked = subprocess.run(["ls", str(folder)], user="nobody", group=group, extra_groups=[], cwd="/", check=False)
    return looked.returncode == 0


@each
def test_where_the_path_is_open_a_server_has_no_right_of_roots(kind: type[Server], open_folder: Path) -> None:
    with kind(open_folder / "server", durable=False) as server:
        if not program_is_open(server):
            pytest.skip(ITS_PROGRAM_IS_CLOSED)
        process = psutil.Process(server.pid)
        assert (process.username(), process.gids().real) == ("nobody", SERVERS)
        assert rights(server.pid) == dict.fromkeys(SETS, 0) | {"NoNewPrivs": 1}


@each
def test_where_the_path_is_closed_it_keeps_the_right_to_enter_and_no_other(kind: type[Server], tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o700)
    with kind(tmp_path / "closed" / "server", durable=False) as server:
        assert psutil.Process(server.pid).username() == "nobody"
        assert rights(server.pid) == dict.fromkeys(("CapInh", "CapPrm", "CapEff", "CapAmb"), OVERRIDE) | {
            "NoNewPrivs": 1
        }


@each
def test_nobody_but_the_server_passes_through_its_folder(kind: type[Server], open_folder: Path) -> None:
    with kind(open_folder / "server", durable=False) as server:
        data = server.folder / "data"
        for group, reaches in ((SERVERS, True), (APPS, False), (65_534, False)):
            looked = subprocess.run(
                ["ls", str(data)], user="nobody", group=group, extra_groups=[], cwd="/", check=False
            )
            assert (looked.returncode == 0) is reaches
        unseen = subprocess.run(["ls", str(server.folder)], user="nobody", group=SERVERS, extra_groups=[], check=False)
        assert unseen.returncode != 0
        ours = [file for file in server.folder.iterdir() if file.name in ("password", "lock", "pid")]
        assert {(file.stat().st_uid, stat.S_IMODE(file.stat().st_mode) & 0o022) for file in ours} == {(0, 0)}


def test_the_data_of_a_valkey_that_root_ran_is_handed_over(tmp_path: Path) -> None:
    data = tmp_path / "server" / "data" / "appendonlydir"
    with Valkey(tmp_path / "server"):
        pass
    for path in (data.parent, data, *data.iterdir()):
        os.chown(path, 0, 0)
    with Valkey(tmp_path / "server") as server:
        assert server.alive
    assert 0 not in {path.stat().st_uid for path in (data.parent, data, *data.iterdir())}


def test_what_has_been_theirs_is_not_walked_through_again(tmp_path: Path) -> None:
    """Or a link that a server has put there could give it a file of root's."""
    data = tmp_path / "data"
    data.mkdir()
    theirs = User(65_534, SERVERS)
    hand_over(theirs, data)
    (tmp_path / "roots").write_text("")
    (data / "link").hardlink_to(tmp_path / "roots")
    hand_over(theirs, data)
    assert (tmp_path / "roots").stat().st_uid == 0


@pytest.mark.parametrize(
    ("owner", "group", "mode", "closed"),
    [
        (0, 0, 0o700, True),
        (0, SERVERS, 0o700, True),
        (0, SERVERS, 0o710, True),
        (0, 0, 0o710, False),
        (0, SERVERS, 0o730, False),
        (0, SERVERS, 0o750, False),
        (0, SERVERS, 0o711, False),
        (0, 0, 0o755, False),
        (65_534, SERVERS, 0o700, False),
        (65_534, 0, 0o700, False),
    ],
)
def test_a_folder_is_closed_when_it_is_ours_and_opens_to_our_servers_alone(
    tmp_path: Path, owner: int, group: int, mode: int, closed: bool
) -> None:
    os.chown(tmp_path, owner, group)
    tmp_path.chmod(mode)
    assert is_closed(tmp_path) is closed
