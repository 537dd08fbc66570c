"""With --books a simulator that was ended, or killed, goes on from what it had taken."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.simulator.client import Client
from worker.devkit import simulator
from worker.devkit.simulator.running import Running

SETTINGS = '{"latency": 0, "pace": 0}'


@contextmanager
def kept(path: Path) -> Iterator[Client]:
    """A simulator with these books; killed at the end, as the hardest case."""
    command = [sys.executable, "-m", "worker.devkit.simulator", "--set", SETTINGS, "--books", str(path)]
    environ = os.environ | {"SIMULATOR_TOKEN": "ours"}
    process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    running = Running(process, process.stdout.readline().rpartition(" ")[2].strip(), "ours")
    try:
        yield Client(running)
    finally:
        process.kill()
        running.stop()


def test_what_was_taken_before_a_kill_has_its_id_its_end_and_its_request_id_after_it(tmp_path: Path) -> None:
    with kept(tmp_path / "books") as esms:
        sms_id = esms.sms("0901234002", "r-1")["SMSID"]
        call_id = esms.call("0901234001")["SMSID"]
    with kept(tmp_path / "books") as esms:
        assert (esms.status(sms_id)["SendStatus"], esms.status(sms_id)["SendFailed"]) == (5, 1)
        assert esms.status(call_id)["SendStatus"] == 5
        assert esms.sms("0901234002", "r-1")["CodeResult"] == "124"
        assert esms.running.ledger().sms == {("0901234002", "Xin chao"): 1}
        assert esms.sms("0901234001", "r-2")["SMSID"] != sms_id


def test_a_line_cut_off_by_a_kill_is_left_out_and_the_next_one_is_whole(tmp_path: Path) -> None:
    books = tmp_path / "books"
    with kept(books) as esms:
        first = esms.sms("0901234001", "r-1")["SMSID"]
    with books.open("a") as file:
        file.write('{"function": "SendMul')
    with kept(books) as esms:
        second = esms.sms("0901234001", "r-2")["SMSID"]
    with kept(books) as esms:
        assert [esms.status(sms_id)["SendStatus"] for sms_id in (first, second)] == [5, 5]


def test_a_reset_forgets_the_books_too_and_only_the_owner_reads_them(tmp_path: Path) -> None:
    books = tmp_path / "books"
    with kept(books) as esms:
        esms.sms()
        assert books.stat().st_mode & 0o777 == 0o600
        esms.running.reset()
    with kept(books) as esms:
        assert esms.running.stats()["sends"] == 0


def test_books_that_cannot_be_used_are_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "worker.devkit.simulator", "--books", str(tmp_path / "no" / "books")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "--books" in done.stderr


def test_without_books_a_restart_knows_nothing() -> None:
    with simulator.start(latency=0, pace=0) as first:
        sms_id = Client(first).sms()["SMSID"]
    with simulator.start(latency=0, pace=0) as second:
        assert Client(second).status(sms_id)["CodeResponse"] == "105"
