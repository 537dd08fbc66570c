"""`top`: what is in the way, the lanes, the last hour and today, fitted to the terminal."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console
from sqlalchemy import text

from tests.cli.test_cli_commands import Cli, cli
from tests.support import Bench, otp
from worker import Sms, SmsType
from worker.cli.top.view import Seen, View
from worker.lifecycle import FINAL, Lane, Status
from worker.reporting.now import MOST_UNTAKEN, BalanceShown, Minute, Now
from worker.reporting.operation import SET_ASIDE_MOST, PauseShown, RefusedShown, SetAside, Stopped
from worker.reporting.sums import Sums

__all__ = ["cli"]

HOSTILE = "tet \x1b[2J[red]\x9b31m\u202e"
LANES = ["urgent", "normal", "bulk", "voice"]


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
    assert "From a terminal: `esms-worker send sms" in told
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
        takes_writes=True,
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
