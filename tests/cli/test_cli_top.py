"""`top`: what is in the way, the lanes, the last hour and today, in a terminal that is left as it was."""

from __future__ import annotations

import fcntl
import io
import json
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
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console
from sqlalchemy import text

from tests.cli.test_cli_commands import Cli, cli
from tests.support import PASSWORD, Bench, as_producer, eventually, otp
from worker import Notifier, Sms, SmsType
from worker.api.operation import Operation
from worker.cli.top.view import Seen, View
from worker.database import Database
from worker.devkit.postgres import Postgres
from worker.lifecycle import FINAL, Lane, Status
from worker.reporting.now import MOST_UNTAKEN, BalanceShown, Minute, Now
from worker.reporting.operation import SET_ASIDE_MOST, PauseShown, RefusedShown, SetAside, Stopped
from worker.reporting.sums import Sums
from worker.roles import Role
from worker.roles.logins import set_passwords

__all__ = ["cli"]

HOSTILE = "tet \x1b[2J[red]\x9b31m\u202e"
ENTERED, LEFT, SHOWN = b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b[?25h"
AT_A_TERMINAL = "import os, sys; os.login_tty(0); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
TOP = ("-m", "worker.cli", "top", "--every", "1")
LANES = ["urgent", "normal", "bulk", "voice"]


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


def in_the_way(cli: Cli, bench: Bench) -> None:
    """A lane that is paused, a campaign that is and bears a hostile name, somebody who waits, and who does not."""
    bench.put(otp())
    bench.deliver()
    assert cli("pause", "bulk")[0] == 0
    people = [f"09010001{number:02}" for number in range(20)]  # fewer eSMS refuses
    sms = Sms(to=people, content="Ban hang", sms_type=SmsType.ADVERTISING, brandname="sangbrand")
    bench.put(sms, campaign="tet")
    assert cli("pause", "--campaign", "tet")[0] == 0
    with bench.database.begin() as session:  # intake refuses such a name
        session.execute(text("UPDATE pause SET campaign = :name WHERE campaign = 'tet'"), {"name": HOSTILE})
    bench.roll_up()


def test_a_program_reads_one_object(cli: Cli, bench: Bench) -> None:
    in_the_way(cli, bench)
    code, out, err = cli("top", "--json")
    told = json.loads(out)
    assert (code, err) == (0, "")
    assert [each["alarm"] for each in told["alarms"]] == ["beat_never", "lane_paused", "campaign_paused"]
    assert "`esms-worker resume bulk`" in told["alarms"][1]["text"]
    lanes = {each["lane"]: each for each in told["lanes"]}
    assert list(lanes) == LANES
    assert [lane for lane, each in lanes.items() if each["paused"]] == ["bulk"]
    assert lanes["urgent"]["statuses"] == {"accepted": 1}
    assert lanes["bulk"]["statuses"] == {"queued": 20} and lanes["bulk"]["oldest_due"] is not None
    assert len(told["minutes"]) == 60 and sum(each["sent"] for each in told["minutes"]) == 1
    assert told["today"] == {"accepted": 1, "queued": 20}
    assert told["balance"] is None


@pytest.mark.parametrize("width", [80, 40])
@pytest.mark.parametrize("once", [("--once",), ()])
def test_it_is_printed_once_where_nobody_looks_and_no_line_is_longer_than_the_terminal(
    cli: Cli, bench: Bench, monkeypatch: pytest.MonkeyPatch, width: int, once: tuple[str, ...]
) -> None:
    in_the_way(cli, bench)
    monkeypatch.setenv("COLUMNS", str(width))
    code, out, err = cli("top", *once)
    lines, words = [line.rstrip() for line in out.splitlines()], " ".join(out.split())
    assert (code, err) == (0, "")
    assert max(map(len, lines)) <= width
    assert "! Nobody sends: beat has never ticked. Start `celery -A worker.tasks beat`" in words
    assert "! The lane bulk waits: paused by a person" in words and "`esms-worker resume bulk`" in words
    assert "✓ accepted 1" in words and "… queued 20" in words
    assert re.search(r"most sent: 1, at \d\d:\d\d", words)
    assert re.search(r"^sent +█ +1$", out, re.MULTILINE)
    if width == 80:
        assert [line.split()[0] for line in lines if line.split()[:1] and line.split()[0] in LANES] == LANES
        assert re.search(r"^bulk +20 +\d+ s +! paused *$", out, re.MULTILINE)


def test_names_of_others_reach_the_terminal_as_harmless_characters(cli: Cli, bench: Bench) -> None:
    in_the_way(cli, bench)
    out = cli("top", "--once")[1]
    assert "tet �[2J[red]�31m�" in " ".join(out.split())
    assert not set("\x1b\x9b\u202e") & set(out)
    assert "\x1b" not in cli("top", "--json")[1] and "\x9b" not in cli("top", "--json")[1]


def test_a_ledger_that_nobody_has_used_says_how_to_begin(cli: Cli) -> None:
    told = " ".join(cli("top")[1].split())
    assert "Hand over a first message: `esms-worker send sms" in told
    assert "Nothing moved in the last hour" in told and "nothing was to go out" in told


def test_what_is_held_is_an_alarm_and_the_balance_stands_beside_the_sums(cli: Cli, bench: Bench) -> None:
    ticket = bench.put(otp())
    bench.deliver()
    bench.roll_up()
    with bench.database.begin() as session:
        session.execute(
            text("INSERT INTO account_balance (id, dong, at) VALUES (1, 900, now()) ON CONFLICT DO NOTHING")
        )
    bench.set(ticket, status="'held'")
    bench.roll_up()
    told = " ".join(cli("top")[1].split())
    assert "! Held: a person decides: 1: `esms-worker held list`" in told
    assert "balance 900 đ" in told


def test_postgres_that_is_away_at_the_start_and_a_wrong_option_are_one_line(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, err = cli("top", "--every", "0")
    assert (code, out, err.count("\n")) == (2, "", 1) and "--every" in err
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/none")
    for arguments in ((), ("--once",), ("--json",)):
        code, out, err = cli("top", *arguments)
        assert (code, out, err.count("\n")) == (1, "", 1) and err.startswith("error: DATABASE_URL: no Postgres answers")


AT = datetime(2026, 11, 29, 4, 5, 31, tzinfo=UTC)


def everything_at_once(paused: int) -> Seen:
    """The worst that can be on one screen: all figures long, and each alarm."""
    stopped = Stopped(id=uuid4(), asked_by="lan", campaign="tet", messages=900, moved=100, code="124", decided_at=AT)
    today = Sums(
        key={}, first_day=AT.date(), last_day=AT.date(), statuses=dict.fromkeys(Status, 1_234_567),
        segments=1, priced=0, price=Decimal(0), superseded=0,
    )  # fmt: skip
    now = Now(
        at=AT,
        counted_until=AT,
        standing={lane: dict.fromkeys(set(Status) - FINAL, 1_234_567) for lane in Lane},
        oldest_due=dict.fromkeys(Lane, AT - timedelta(minutes=119)),
        minutes=[Minute(at=AT - timedelta(minutes=180 - n), sent=600_000, delivered=n, failed=1) for n in range(180)],
        today=[today],
        pauses=[
            PauseShown(
                lane=None, campaign=f"c{at}", source=None, code=None, reason="paused by lan", since=AT, probe_at=None
            )
            for at in range(paused)
        ],
        listeners={},
        seconds_since_beat=3700.0,
        seconds_since_start=None,
        troubles=["expire (since 2026-11-29 04:00 UTC): boom"],
        stopped=[stopped],
        set_aside=[SetAside(id=uuid4(), source="shop", campaign=None)] * SET_ASIDE_MOST,
        used_up=[],
        refused=[
            RefusedShown(queue="enqueue", reason="is no JSON", times=3, since=AT, at=AT, size=9, task_id=None),
        ],
        untaken=MOST_UNTAKEN,
        is_new=False,
    )
    return Seen(now, BalanceShown(dong=Decimal(1_234_567), at=AT, days=2.5), "Postgres: is away: start it " * 9)


def drawn(seen: Seen, width: int, height: int | None) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width).print(View(seen, ZoneInfo("Asia/Ho_Chi_Minh"), height))
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_each_alarm_names_what_helps() -> None:
    told = " ".join(" ".join(drawn(everything_at_once(1), 80, None)).split())
    for words in (
        "! Nobody sends: beat's last tick was 62 minutes ago. Start `celery -A worker.tasks beat`",
        "! The campaign “c0” waits: paused by lan, since 2026-11-29 11:05:31: `esms-worker resume --campaign c0`",
        "! A part of the upkeep fails: expire",
        "of tet the first 100 all failed with code 124; 800 wait: see `esms-worker doctor`",
        "what was to follow 20+ messages. Once it is ",
        "`esms-worker retry --go-on --all`",
        "! 3 messages in the queue enqueue were no task: is no JSON: `esms-worker refused list`",
        "! 1,000+ requests of applications could not be taken within a day: `esms-worker refused list`",
        "! Held: a person decides: 4,938,268: `esms-worker held list`",
        "! The balance lasts about 2.5 more days as the last week went: top it up.",
    ):
        assert words in told
    assert "old since 11:05:31: Postgres: is away" in told


@pytest.mark.parametrize("paused", [0, 1, 50])
@pytest.mark.parametrize(("width", "height"), [(80, 24), (200, 60), (80, 12), (80, 3)])
def test_the_worst_fits_the_screen_with_alarms_first_and_says_how_many_more_there_are(
    paused: int, width: int, height: int
) -> None:
    lines = drawn(everything_at_once(paused), width, height)
    assert max(map(len, lines)) <= width
    if height >= 12:
        assert len(lines) <= height
        lanes = next(place for place, line in enumerate(lines) if line.startswith("lane "))
        assert lines[2].startswith("! Nobody sends") and lanes > 5
        assert [line.split()[0] for line in lines[lanes + 1 : lanes + 5]] == LANES
    if paused == 50 or height < 60:
        [more] = [line for line in lines if "`esms-worker top --once`" in line]
        assert int(more.split()[1]) > 1


@pytest.mark.long
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
    watch(Seen(*notifier.reports.now_and_balance()), lambda: 1 / 0, ZoneInfo("UTC"), console(), 0.1)
"""


@pytest.mark.long
def test_a_bug_ends_it_with_the_terminal_as_it_was(environ: dict[str, str]) -> None:
    with terminal("-c", FAILING, environ=environ) as at:
        assert at.ended() == 1
        assert at.is_as_it_was()
        assert b"ZeroDivisionError" in at.written.rsplit(LEFT, 1)[-1]


@pytest.mark.long
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


@pytest.mark.long
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


@pytest.mark.long
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
