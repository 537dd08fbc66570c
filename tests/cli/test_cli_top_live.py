"""`top` in a terminal of its own: what happens is shown, and however it ends the terminal is as it was."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.support import PASSWORD, Bench, as_producer, eventually, otp
from worker import Notifier
from worker.api.operation import Operation
from worker.database import Database
from worker.devkit.postgres import Postgres
from worker.roles import Role
from worker.roles.logins import set_passwords

pytestmark = pytest.mark.long

ENTERED, LEFT, SHOWN = b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b[?25h"
AT_A_TERMINAL = "import os, sys; os.login_tty(0); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
TOP = ("-m", "worker.cli", "top", "--every", "1")


class Terminal:
    """A program in a terminal of its own, with what it drew last."""

    def __init__(self, *arguments: str, environ: Mapping[str, str], size: tuple[int, int] = (80, 24)) -> None:
        self.ours, self.theirs = pty.openpty()
        self.resize(*size)
        self.before = termios.tcgetattr(self.theirs)
        given = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES", "NO_COLOR"}}
        command = [sys.executable, "-c", AT_A_TERMINAL, *arguments]
        streams = {"stdin": self.theirs, "stdout": self.theirs, "stderr": self.theirs}
        self.process = subprocess.Popen(command, env=given | {"TERM": "xterm", **environ}, **streams)  # type: ignore[call-overload]
        self.written = b""

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def press(self, keys: bytes) -> None:
        os.write(self.ours, keys)

    @property
    def screen(self) -> list[str]:
        while select.select([self.ours], [], [], 0)[0]:
            self.written += os.read(self.ours, 65536)
        drawn = self.written.rsplit(b"\x1b[H", 1)[-1].split(LEFT)[0].decode(errors="replace")
        return [line.rstrip() for line in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", drawn).split("\r\n")]

    def shows(self, words: str) -> None:
        eventually(lambda: words in "\n".join(self.screen), tell=lambda: "\n".join(self.screen))

    def ended(self) -> int:
        code: int = self.process.wait(20)
        assert self.screen is not None
        return code

    def is_as_it_was(self) -> bool:
        same = termios.tcgetattr(self.theirs) == self.before
        return same and self.written.rfind(LEFT) > self.written.rfind(ENTERED) and SHOWN in self.written


@contextmanager
def terminal(*arguments: str, environ: Mapping[str, str], size: tuple[int, int] = (80, 24)) -> Iterator[Terminal]:
    made = Terminal(*arguments, environ=environ, size=size)
    try:
        yield made
    finally:
        made.process.kill()
        made.process.wait()
        os.close(made.ours)
        os.close(made.theirs)


@pytest.fixture
def environ(bench: Bench, database_url: str) -> dict[str, str]:
    return {"DATABASE_URL": as_producer(database_url)}


@pytest.mark.parametrize("end", [b"q", b"Q", b"\x03", signal.SIGTERM, signal.SIGINT])
def test_however_it_is_ended_the_terminal_is_as_it_was(environ: dict[str, str], end: bytes | signal.Signals) -> None:
    with terminal(*TOP, environ=environ) as at:
        at.shows("q ends.")
        at.press(b"x\x1a\x1b[A")  # other keys, and Ctrl-Z, which would leave its screen behind
        at.press(end) if isinstance(end, bytes) else at.process.send_signal(end)
        assert at.ended() == 0
        assert at.is_as_it_was()


FAILING = """
from zoneinfo import ZoneInfo
from worker import Notifier
from worker.cli.output import console
from worker.cli.top.view import Seen
from worker.cli.top.watching import watch
with Notifier.from_env() as notifier:
    watch(Seen(notifier.reports.now(), notifier.reports.balance()), lambda: 1 / 0, ZoneInfo("UTC"), console(), 0.1)
"""


def test_a_bug_ends_it_with_the_terminal_as_it_was(environ: dict[str, str]) -> None:
    with terminal("-c", FAILING, environ=environ) as at:
        assert at.ended() == 1
        assert at.is_as_it_was()
        assert b"ZeroDivisionError" in at.written.rsplit(LEFT, 1)[-1]


def test_what_happens_is_shown_at_the_next_look_in_80_by_24_and_in_whatever_size_the_terminal_gets(
    environ: dict[str, str], bench: Bench
) -> None:
    with terminal(*TOP, environ=environ) as at:
        at.shows("nothing was to go out")
        bench.put(otp())
        bench.deliver()
        bench.roll_up()
        at.shows("✓ accepted 1")
        assert len(at.screen) == 24 and max(map(len, at.screen)) <= 80
        at.resize(60, 12)
        eventually(lambda: len(at.screen) == 12)
        assert max(map(len, at.screen)) <= 60
        assert "! Nobody sends" in "\n".join(at.screen)
        at.press(b"q")
        assert at.ended() == 0


def test_a_look_that_gets_no_answer_is_told_and_q_ends_it_all_the_same(environ: dict[str, str], bench: Bench) -> None:
    with terminal(*TOP, environ=environ) as at:
        at.shows("q ends.")
        with bench.database.begin() as session:
            session.execute(text("LOCK TABLE pause"))
            at.shows("no answer came within 5 s")
        eventually(lambda: "old since" not in "\n".join(at.screen), tell=lambda: "\n".join(at.screen))
        with bench.database.begin() as session:
            session.execute(text("LOCK TABLE pause"))
            at.shows("no answer came within 5 s")
            at.press(b"q")
            assert at.ended() == 0 and at.is_as_it_was()


def test_the_last_figures_stay_while_postgres_is_away_and_it_goes_on_when_that_is_back(tmp_path: Path) -> None:
    postgres = Postgres(tmp_path / "postgres", durable=False)
    with postgres, Operation.from_env({"DATABASE_URL": postgres.url}) as operation:
        operation.migrate()
        with Database(postgres.url) as database, database.begin() as session:
            set_passwords(session.connection(), {Role.PRODUCER: PASSWORD})
        environ, one = {"DATABASE_URL": as_producer(postgres.url)}, r"urgent +\d+ s "
        with Notifier.from_env(environ) as notifier, terminal(*TOP, environ=environ) as at:
            notifier.enqueue(otp(), reference="r")
            eventually(lambda: re.search(one, "\n".join(at.screen)), tell=lambda: "\n".join(at.screen))
            postgres.stop()
            at.shows("✗ old since")
            assert re.search(one, "\n".join(at.screen))
            [why] = [line for line in at.screen if "old since" in line]
            assert re.match(r"✗ old since \d\d:\d\d:\d\d: \w+", why) and len(why) <= 80
            postgres.start()
            eventually(lambda: "old since" not in "\n".join(at.screen), tell=lambda: "\n".join(at.screen))
            at.press(b"q")
            assert at.ended() == 0 and at.is_as_it_was()
