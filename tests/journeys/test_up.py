"""`esms-worker up` and `demo` as a newcomer runs them: nothing set, an empty folder, Ctrl-C, kill -9, a second one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from celery import Celery
from redis import Redis

from tests.support import eventually
from worker.devkit import simulator
from worker.devkit.processes.users import APPS, SERVERS

pytestmark = [pytest.mark.long, pytest.mark.journey, pytest.mark.timeout(240)]

PROGRAM = [sys.executable, "-m", "worker.cli"]
ROOT = Path(__file__).parents[2]
QUICK = {"WORKER_TICK": "0.5", "WORKER_POLL_FIRST_AFTER": "0.2", "WORKER_DENIED_AFTER": "0.5"}


def environ() -> dict[str, str]:
    """Nothing of ours is set, as in a new shell."""
    ours = ("DATABASE_", "REDIS_", "CELERY_", "ESMS_", "WORKER_", "TEST_")
    rest = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return rest | QUICK | {"PYTHONPATH": str(ROOT)}


def run(folder: Path, *arguments: str, **besides: str) -> subprocess.CompletedProcess[str]:
    """Another terminal in that folder."""
    command = [*PROGRAM, *arguments]
    return subprocess.run(command, cwd=folder, env=environ() | besides, capture_output=True, text=True, check=False)


class Up:
    """A running `up`, its output in a file."""

    def __init__(self, folder: Path, *arguments: str, **besides: str) -> None:
        self.folder, self.log = folder, folder / "up.log"
        command = [*PROGRAM, "up", *arguments]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, cwd=folder, env=environ() | besides, stdout=log, stderr=log)

    def says(self, words: str) -> bool:
        return words in self.log.read_text()

    def ready(self) -> None:
        eventually(lambda: self.says("Everything runs") or self.process.poll() is not None, within=110.0)
        assert self.says("Everything runs"), self.log.read_text()

    def family(self) -> list[psutil.Process]:
        """Itself and everything that it has started."""
        me = psutil.Process(self.process.pid)
        return [me, *me.children(recursive=True)]


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    up = Up(tmp_path)
    yield up
    if up.process.poll() is None:
        up.process.kill()
        up.process.wait()


def gone(family: list[psutil.Process]) -> bool:
    return not any(alive(process) for process in family)


def alive(process: psutil.Process) -> bool:
    """It may go between one question and the next."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def told_of(process: psutil.Process) -> dict[str, Any] | None:
    """Who runs what; None where it has gone meanwhile, as one of Postgres's does that only vacuums."""
    try:
        return process.as_dict(["pid", "username", "gids", "cmdline"])
    except psutil.NoSuchProcess:
        return None


def test_up_sends_keeps_its_data_and_leaves_no_process_behind(up: Up, tmp_path: Path) -> None:
    up.ready()
    assert up.log.read_text().startswith("Sending to the SIMULATOR")
    sent = run(tmp_path, "send", "sms", "--to", "0901000001", "--content", "Ma: 1", "--sms-type", "7", "--json")
    id_ = json.loads(sent.stdout)["id"]
    eventually(lambda: json.loads(run(tmp_path, "status", id_, "--json").stdout)["statuses"] == {"delivered": 1})
    assert run(tmp_path, "doctor").returncode == 0
    looked = {each["check"]: each["text"] for each in json.loads(run(tmp_path, "doctor", "--json").stdout)}
    assert looked["logins"] == "nobody at work may more than it needs"
    assert run(tmp_path, "migrate").returncode == 0
    added = run(tmp_path, "producers", "add", "shop", "--source", "s").stdout
    assert "postgresql+psycopg://esms_producer_shop:" in added
    eventually((up.folder / ".esms-worker/broker.s.env").exists)  # one act: a login, a queue, a user of the broker
    with Celery("s", broker=addresses(up, "broker.s.env")["CELERY_BROKER_URL"], set_as_current=False) as app:
        kwargs = {"to": "0901000002", "content": "Ma: 2", "sms_type": 7, "reference": "by-task"}
        app.send_task("worker.enqueue_sms", kwargs=kwargs, queue="enqueue.s")
    eventually(lambda: run(tmp_path, "show", "--reference", "by-task", "--source", "s").returncode == 0)
    assert run(tmp_path, "producers", "remove", "shop").returncode == 0
    eventually(lambda: not (up.folder / ".esms-worker/broker.s.env").exists())
    (up.folder / ".esms-worker/broker.gone.env").touch()  # of whom was removed while `up` was not there
    eventually(lambda: not (up.folder / ".esms-worker/broker.gone.env").exists())

    second = run(tmp_path, "up")
    assert second.returncode == 1
    assert second.stderr.startswith("error: ")
    assert f"process {up.process.pid} is already using" in second.stderr
    assert run(tmp_path, "status", id_).returncode == 0

    family = up.family()
    for _ in range(2):  # a second Ctrl-C is impatience
        up.process.send_signal(signal.SIGINT)
    assert up.process.wait(60) == 0
    eventually(lambda: gone(family))
    assert "Traceback" not in up.log.read_text()
    assert run(tmp_path, "report").returncode == 2

    again = Up(tmp_path)
    again.ready()
    assert json.loads(run(tmp_path, "status", id_, "--json").stdout)["statuses"] == {"delivered": 1}
    family = again.family()
    again.process.kill()
    again.process.wait()
    eventually(lambda: gone(family))


def test_nobody_sees_a_key_or_a_password_in_the_process_list(up: Up) -> None:
    up.ready()
    left = addresses(up)
    secrets = [left[name] for name in ("ESMS_API_KEY", "ESMS_SECRET_KEY", "SIMULATOR_TOKEN")]
    secrets += [
        url.split(":")[2].split("@")[0] for url in (left["DATABASE_URL"], addresses(up, "admin")["DATABASE_URL"])
    ]
    assert left["DATABASE_URL"].startswith("postgresql+psycopg://esms_producer:")
    lines = {process: told["cmdline"] or [] for process in up.family() if (told := told_of(process))}
    lists = [" ".join(line) for line in lines.values()]
    [beat] = [process for process, line in lines.items() if "beat" in line]
    assert not any(secret in beat.environ().values() for secret in secrets[:2])  # it asks eSMS nothing
    assert not any(secret in line for secret in secrets for line in lists)
    for file in ("env", "admin"):
        assert (up.folder / ".esms-worker" / file).stat().st_mode & 0o077 == 0


def addresses(up: Up, file: str = "env") -> dict[str, str]:
    """What it leaves for other terminals."""
    lines = (up.folder / ".esms-worker" / file).read_text().splitlines()
    return {name: value.strip("'") for name, value in (line.split("=", 1) for line in lines)}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may choose")
def test_for_root_nothing_but_up_itself_runs_as_root_and_servers_cannot_look_into_workers(up: Up) -> None:
    up.ready()
    itself, *family = up.family()
    others = [facts for process in family if (facts := told_of(process))]
    assert itself.username() == "root"
    assert {facts["username"] for facts in others} == {"nobody"}
    groups = {group: [facts for facts in others if facts["gids"].real == group] for group in (SERVERS, APPS)}
    workers = [facts for facts in groups[APPS] if "celery" in (facts["cmdline"] or ())]
    assert workers
    assert len(groups[SERVERS]) + len(groups[APPS]) == len(others)
    for facts in workers:
        for group in (SERVERS, APPS):  # nor another process of their very own user
            look = ["cat", f"/proc/{facts['pid']}/environ"]
            looked = subprocess.run(look, user="nobody", group=group, extra_groups=[], cwd="/", check=False)
            assert looked.returncode != 0


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o701, 0o770, 0o777])
def test_up_takes_no_folder_that_others_may_enter(tmp_path: Path, mode: int) -> None:
    (tmp_path / ".esms-worker").mkdir()
    (tmp_path / ".esms-worker").chmod(mode)
    answer = run(tmp_path, "up")
    assert answer.returncode == 1
    assert answer.stderr.count("\n") == 1
    assert f"{tmp_path}/.esms-worker belongs to somebody else, or others may enter it" in answer.stderr
    assert list((tmp_path / ".esms-worker").iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give away")
@pytest.mark.parametrize("group", [-1, 65_534, SERVERS])
def test_up_takes_no_folder_of_somebody_elses_nor_a_link_to_one(tmp_path: Path, group: int) -> None:
    other = tmp_path / "other"
    other.mkdir(mode=0o700)
    os.chown(other, 65_534, group)
    (tmp_path / ".esms-worker").symlink_to(other)
    for folder in (".esms-worker", "other"):
        answer = run(tmp_path, "up", "--folder", folder)
        assert (answer.returncode, "belongs to somebody else" in answer.stderr) == (1, True)
    assert list(other.iterdir()) == []


def test_the_simulators_published_keys_open_nothing_of_up(up: Up) -> None:
    """Else every user of the machine could read there what was sent, and to whom."""
    up.ready()
    base = addresses(up)["ESMS_REST_URL"]
    for keys in ("simulator-key/simulator-secret", "x/y"):
        with urllib.request.urlopen(f"{base}/json/GetBalance/{keys}") as answer:
            assert json.load(answer)["CodeResponse"] == "101"


def turn(up: Up, knobs: str) -> None:
    """Turn the knobs of its simulator."""
    left = addresses(up)
    root = left["ESMS_REST_URL"].removesuffix("/MainService.svc")
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {left['SIMULATOR_TOKEN']}"}
    request = urllib.request.Request(f"{root}/_sim/set", knobs.encode(), headers)
    urllib.request.urlopen(request).close()


def statuses(folder: Path, id_: str) -> dict[str, int]:
    found: dict[str, int] = json.loads(run(folder, "status", id_, "--json").stdout)["statuses"]
    return found


def test_what_was_accepted_before_a_restart_still_comes_to_its_end(up: Up, tmp_path: Path) -> None:
    """The simulator keeps its books in the folder, too."""
    up.ready()
    turn(up, '{"pace": 3600}')
    sent = run(tmp_path, "send", "sms", "--to", "0901000001", "--content", "Ma: 1", "--sms-type", "7", "--json")
    id_ = json.loads(sent.stdout)["id"]
    eventually(lambda: statuses(tmp_path, id_) == {"accepted": 1})
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(60) == 0

    again = Up(tmp_path)
    again.ready()
    eventually(lambda: statuses(tmp_path, id_) == {"delivered": 1})
    again.process.send_signal(signal.SIGINT)
    assert again.process.wait(60) == 0


def test_ctrl_c_finishes_the_calls_on_the_wire(up: Up, tmp_path: Path) -> None:
    up.ready()
    turn(up, '{"latency": 8}')
    numbers = [option for number in range(20) for option in ("--to", f"0902000{number + 100}")]
    sent = run(tmp_path, "send", "record-call", *numbers, "--record-id", "2001", "--json")
    id_ = json.loads(sent.stdout)["id"]
    eventually(lambda: "sending" in statuses(tmp_path, id_))
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(60) == 0

    again = Up(tmp_path)
    again.ready()
    turn(again, '{"latency": 0}')
    # One that was killed while it dialled stays *sending* until its lease is over, and is held then.
    eventually(lambda: set(statuses(tmp_path, id_)) <= {"accepted", "delivered"}, within=150)
    again.process.send_signal(signal.SIGINT)
    assert again.process.wait(60) == 0


def test_trials_of_the_simulator_never_go_to_people(up: Up, tmp_path: Path) -> None:
    up.ready()
    up.process.send_signal(signal.SIGTERM)
    assert up.process.wait(60) == 0
    real = run(tmp_path, "up", ESMS_API_KEY="a", ESMS_SECRET_KEY="b", ESMS_REST_URL="http://127.0.0.1:1/x")
    assert real.returncode == 1
    assert "made for the simulator" in real.stderr


def test_the_demo_ends_as_its_story_says_and_touches_no_broker_of_the_persons_own(
    tmp_path: Path, redis_url: str
) -> None:
    """Neither the one in the environment nor the one in .env: real messages wait there."""
    with Redis.from_url(redis_url) as redis, Celery(broker=redis_url, set_as_current=False) as app:
        redis.flushdb()
        fields = {"to": "0901000001", "content": "real", "sms_type": 7}
        app.send_task("worker.enqueue_sms", kwargs=fields, queue="enqueue")
        (tmp_path / ".env").write_text(f"CELERY_BROKER_URL={redis_url}\n")
        answer = run(tmp_path, "demo", CELERY_BROKER_URL=redis_url)
        assert answer.returncode == 0, answer.stdout
        assert "Every message ended as the story says" in answer.stdout
        assert redis.llen("enqueue") == 1
        redis.flushdb()


@pytest.mark.parametrize("made", ["lock", "postgresql", "env"])
def test_ctrl_c_while_it_starts_ends_it_quietly_and_leaves_nothing(up: Up, made: str) -> None:
    eventually((up.folder / ".esms-worker" / made).exists)
    family = up.family()
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(60) == 130
    eventually(lambda: gone(family))
    assert up.log.read_text().splitlines()[-1] == "Stopped before everything ran"
    assert "Traceback" not in up.log.read_text()


def test_what_up_prints_works_in_another_terminal_wherever_its_folder_is(tmp_path: Path) -> None:
    """And real keys that eSMS refuses are told, instead of a cheerful word; a producer's machine needs none."""
    with simulator.start(latency=0) as esms:
        keys = {"ESMS_API_KEY": "wrong", "ESMS_SECRET_KEY": "wrong", "ESMS_BRANDNAME": "sangbrand"}
        addresses = {"ESMS_REST_URL": esms.rest_url, "ESMS_VOICE_URL": esms.voice_url}
        up = Up(tmp_path, "--folder", "some where/else", **keys, **addresses)
        try:
            up.ready()
            assert "Everything runs, but nothing can be sent until that is fixed." in up.log.read_text()
            assert up.says("correct ESMS_API_KEY and ESMS_SECRET_KEY")
            printed = [line for line in up.log.read_text().splitlines() if line.startswith(("  export", "  esms"))]
            assert len(printed) == 4
            program = "\n".join(printed).replace("esms-worker ", f"{sys.executable} -m worker.cli ")
            shell = ["sh", "-e", "-c", program]
            elsewhere = tmp_path / "elsewhere"
            elsewhere.mkdir()
            assert subprocess.run(shell, cwd=elsewhere, env=environ(), check=False).returncode == 0
            there = str(tmp_path / "some where" / "else")
            looked = json.loads(run(elsewhere, "doctor", "--json", WORKER_FOLDER=there).stdout)
            assert {each["check"] for each in looked if not each["ok"]} <= {"lanes"}
        finally:
            up.process.send_signal(signal.SIGTERM)
            assert up.process.wait(60) == 0


def test_up_with_one_key_of_two_names_the_other(tmp_path: Path) -> None:
    answer = run(tmp_path, "up", ESMS_API_KEY="x")
    assert answer.returncode == 2
    assert answer.stderr.startswith("error: ESMS_SECRET_KEY: is not set")


def test_up_in_a_place_where_nothing_can_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = run(tmp_path, "up", "--folder", "file/below")
    assert answer.returncode == 1
    assert answer.stderr.startswith("error: ")
    assert answer.stderr.count("\n") == 1


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        answer = run(tmp_path, "simulator", "--port", port)
    assert answer.returncode == 2
    assert port in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_worker_without_keys_or_addresses_does_not_start_and_names_the_variable(
    tmp_path: Path, database_url: str, redis_url: str
) -> None:
    celery = [sys.executable, "-m", "celery", "-A", "worker.tasks", "worker", "-Q", "deliver", "-c", "1"]
    both = {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
    for missing, given in (("DATABASE_URL", {}), ("REDIS_URL", {"DATABASE_URL": database_url}), ("ESMS_API_KEY", both)):
        answer = subprocess.run(
            celery, cwd=tmp_path, env=environ() | given, capture_output=True, text=True, check=False
        )
        assert answer.returncode == 2, answer.stderr
        assert f"error: {missing}: is not set" in answer.stderr
        assert "Traceback" not in answer.stderr
