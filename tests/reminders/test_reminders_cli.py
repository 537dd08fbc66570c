"""`reminders` as a person and a program meet it: output, exit codes, errors of one line."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.reminders.office import Calendar
from tests.reminders.test_reminders_fields import CALENDAR_FILE
from tests.support import as_producer
from worker.cli import run
from worker.law.rules import quiet
from worker.ledger import save_rule

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cli(
    calendar: Calendar,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Cli:
    """Run `reminders …` in a folder of its own: exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "COLUMNS": "160",
        "DATABASE_URL": as_producer(database_url),
        "ESMS_BRANDNAME": "sangbrand",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("REDIS_URL", raising=False)

    def run_cli(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(["reminders", *arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run_cli


def answer(cli: Cli, *arguments: str) -> Any:
    code, out, err = cli(*arguments, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


BIRTHDAYS = ("add", "birthdays", "--birthday", "--template", "wish", "--at", "07:30")


def test_a_rule_is_shown_before_it_is_saved(cli: Cli, calendar: Calendar) -> None:
    code, out, _ = cli(*BIRTHDAYS, "--dry-run", "-n", "3")
    assert code == 0
    assert out.count("07:30") == 3
    assert calendar.rows("SELECT 1 FROM reminder") == []
    code, out, _ = cli(*BIRTHDAYS, "--yes")
    assert (code, "birthdays: saved" in out) == (0, True)
    assert "everybody" in cli("list")[1]
    [row] = answer(cli, "list")
    assert (row["name"], row["at"], row["late_until"], row["feb29"]) == ("birthdays", "07:30", "20:00", "feb28")
    assert len(answer(cli, "next", "birthdays", "-n", "7")) == 7
    assert answer(cli, "show", "birthdays")["occurrences"] == {}
    assert "birthdays" in cli("show", "birthdays")[1]


def test_it_asks_before_it_saves(cli: Cli, calendar: Calendar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.confirm", lambda *_, **__: False)
    code, out, _ = cli(*BIRTHDAYS)
    assert (code, out.splitlines()[-1]) == (1, "not saved")
    assert calendar.rows("SELECT 1 FROM reminder") == []


def test_each_kind_of_rule_can_be_added_paused_resumed_and_removed(cli: Cli) -> None:
    for kind in ("--birthday", "--lunar-birthday", "--death", "--lunar-death"):
        options = ("--leap", "both", "--short", "next-day", "--feb29", "mar1", "--days-before", "1", "--tag", "vip")
        assert answer(cli, "add", kind.strip("-"), "--template", "wish", kind, *options)["days_before"] == 1
    rrule = ("--rrule", "FREQ=WEEKLY;BYDAY=MO", "--start", "2027-01-04T17:30", "--late-for", "30m")
    told = answer(cli, "add", "class", *rrule, "--template", "wish", "--except", "2035-01-01", "--until", "2040-01-01")
    assert (told["late_for"], told["exceptions"]) == (1800, ["2035-01-01"])
    answer(cli, "add", "fees", "--cron", "0 9 1 * *", "--template", "wish", "--zone", "Europe/Berlin")
    assert answer(cli, "pause", "class")["done"] == "paused"
    assert answer(cli, "resume", "class")["passed"] == 0
    assert cli("pause", "fees")[1].strip() == "fees: paused"
    assert "paused" in cli("list")[1]
    assert answer(cli, "remove", "class")["done"] == "removed"
    assert "class" not in {row["name"] for row in answer(cli, "list")}
    assert answer(cli, "add", "fees", "--cron", "0 9 2 * *", "--template", "wish", "--replace")["version"] == 1


def test_a_recurrence_that_is_changed_comes_when_it_was_shown_to_come(cli: Cli) -> None:
    year, rule = datetime.now(UTC).year + 1, ("add", "class", "--template", "wish")
    weeks = ("--rrule", "FREQ=WEEKLY;INTERVAL=2")
    answer(cli, *rule, *weeks, "--start", f"{year}-01-04T17:30")
    for how, told in (
        (weeks, f"{year}-01-04 17:30"),
        ((*weeks, "--at", "09:15"), f"{year}-01-04 09:15"),
        ((*weeks, "--start", f"{year}-01-05"), f"{year}-01-05 08:00"),
        (("--cron", "0 7 * * *"), "07:00"),
        (("--rrule", "FREQ=DAILY"), "08:00"),
    ):
        shown = answer(cli, *rule, *how, "--replace", "--dry-run")["next"]
        saved = answer(cli, *rule, *how, "--replace")["next"]
        assert shown == saved == answer(cli, "next", "class", "-n", str(len(shown)))
        assert told in cli("next", "class", "-n", "1")[1]


def test_a_recurrence_without_a_start_or_an_hour_comes_at_eight(cli: Cli) -> None:
    told = cli("add", "class", "--rrule", "FREQ=DAILY", "--template", "wish", "--dry-run", "-n", "3")[1]
    assert told.count(" 08:00") == 3


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (("add", "x", "--template", "wish"), 2, "say what it goes by"),
        (("add", "x", "--template", "wish", "--birthday", "--cron", "0 8 * * *"), 2, "--birthday and --cron are given"),
        (("add", "x", "--template", "wish", "--death", "--birthday"), 2, "--birthday and --death are given"),
        (("add", "x", "--template", "wish", "--birthday", "--at", "8 o'clock"), 2, '--at: "8 o\'clock"'),
        (("add", "x", "--template", "wish", "--birthday", "--until", "2030-01-01"), 2, "--until is for --rrule"),
        (("add", "x", "--template", "wish", "--cron", "0 8 * * *", "--feb29", "mar1"), 2, "--feb29 is for birthdays"),
        (("add", "x", "--template", "wish", "--cron", "0 8 * * *", "--late-for", "soon"), 2, "--late-for"),
        (("add", "x", "--template", "wish", "--cron", "0 8 * * *", "--except", "soon"), 2, "--except"),
        (("add", "x", "--template", "nothing", "--birthday", "--yes"), 1, "template: there is none called 'nothing'"),
        (("add", "x", "--template", "wish", "--rrule", "FREQ=SECONDLY", "--yes"), 1, "every 15 minutes"),
        (("add", "x", "--template", "wish", "--birthday", "--sms-type", "1"), 1, "sms_type: advertising"),
        (("next", "nothing"), 1, "there is no rule called 'nothing'"),
        (("remove", "nothing"), 1, "there is no rule called 'nothing'"),
        (("why", "nobody"), 1, "no contact has this key"),
        (("simulate", "--from", "2027-01-01", "--to", "2026-01-01"), 2, "--to: is not after"),
        (("simulate", "--from", "tomorrow"), 2, "--from: 'tomorrow' is no date"),
        (("events", "show", "x", "--source", "y"), 1, "there is no event 'x'"),
        (("events", "cancel", "x", "--source", "y"), 1, "there is no event 'x'"),
    ],
)
def test_what_is_wrong_is_one_line_and_an_exit_code(
    cli: Cli, arguments: tuple[str, ...], code: int, error: str
) -> None:
    got, _, err = cli(*arguments)
    assert got == code
    assert error in err
    assert len(err.strip().splitlines()) == 1


def test_why_tells_by_key_and_by_number(cli: Cli, calendar: Calendar) -> None:
    lan = calendar.contact("Lan", born="1990-03-01")
    calendar.birthdays()
    calendar.tick("2027-03-01 08:00")
    for person in ("Lan", lan, "0" + lan[3:]):
        [told] = answer(cli, "why", person, "--date", "2027-03-01")
        assert (told["of"], told["got"], told["status"]) == ("birthdays", None, "queued")
    code, out, _ = cli("why", "Lan", "--date", "2027-03-02", "--rule", "birthdays")
    assert (code, "✗ no" in out, "it is not their day" in out) == (1, True, True)
    assert cli("why", "0909999999", "--date", "2027-03-01")[0] == 1


def test_simulate_prints_json_and_a_picture(cli: Cli, calendar: Calendar, tmp_path: Path) -> None:
    calendar.contact("Lan", born="2000-02-29")
    calendar.birthdays()
    span = ("--from", "2027-01-01", "--to", "2027-12-31", "--price", "800", "--balance", "100")
    found = answer(cli, "simulate", *span, "--html", str(tmp_path / "year.html"))
    assert (tmp_path / "year.html").stat().st_mode & 0o077 == 0  # people's names stand in it
    assert (found["messages"], found["cost"], found["over_balance_from"]) == (1, 800, "2027-02-28")
    assert [each["what"] for each in found["odd"]] == ["29 February is kept today, this year has none"]
    assert len(found["days"]) == 365
    assert (tmp_path / "year.html").read_text().startswith("<!doctype html>")
    code, out, _ = cli("simulate", *span)
    assert code == 0
    assert "2027-02" in out
    assert "The balance is used up on 2027-02-28" in out


def test_simulate_tells_what_waits_for_quiet_hours_and_what_is_skipped_for_them(cli: Cli, calendar: Calendar) -> None:
    calendar.contact("Lan", born="2000-02-28")
    calendar.birthdays()
    span = ("--from", "2027-01-01", "--to", "2027-12-31")
    with calendar.database.begin() as session:
        save_rule(session, quiet("13:00", "14:00"))
    day = answer(cli, "simulate", *span)["days"][58]
    assert (day["messages"], day["waiting"], day["skipped"]) == (1, 1, 0)
    assert "1 wait for the hours" in cli("simulate", *span)[1]
    with calendar.database.begin() as session:
        save_rule(session, quiet("06:00", "07:00"))
    day = answer(cli, "simulate", *span)["days"][58]
    assert (day["messages"], day["waiting"], day["skipped"]) == (0, 0, 1)


def test_events_are_imported_listed_shown_and_cancelled(cli: Cli, calendar: Calendar, tmp_path: Path) -> None:
    year = datetime.now(UTC).year + 2
    file = tmp_path / "events.ics"
    file.write_bytes((CALENDAR_FILE % (0, b"")).replace(b"2027", str(year).encode()))
    how = ("--template", "visit", "--remind", "1d", "--remind", "1h", "--to", "0901000001")
    assert answer(cli, "events", "import", str(file), *how) == {
        "added": 2, "over": 1, "over_before_start": 0, "all_day": 0, "unreachable": 0, "too_late": 0
    }  # fmt: skip
    assert cli("events", "import", str(file), *how)[1].startswith("2 unchanged")
    assert {row["key"] for row in answer(cli, "events", "list")} == {"one@clinic", "weekly@clinic"}
    assert "Kham rang" in cli("events", "list")[1]
    shown = answer(cli, "events", "show", "one@clinic", "--source", "ics")
    assert (shown["offsets"], shown["place"], len(shown["attendees"])) == (["1d", "1h"], "Phong 1", 1)
    told = cli("events", "show", "one@clinic", "--source", "ics")[1]
    assert not [each for each in ("0901000001", "number:", "{", "[", "'") if each in told]
    assert all(each in told for each in ("1 by number alone", "1d, 1h", "sms_type: 2"))
    assert answer(cli, "events", "cancel", "one@clinic", "--source", "ics")["outcome"] == "cancelled"
    assert len(answer(cli, "events", "list")) == 1
    assert len(answer(cli, "events", "list", "--past")) == 2


def test_a_series_that_ends_before_it_starts_is_left_out_with_a_note(cli: Cli, tmp_path: Path) -> None:
    year = datetime.now(UTC).year + 2
    cut = (CALENDAR_FILE % (0, b"")).replace(b"COUNT=3", b"UNTIL=20200101").replace(b"2027", str(year).encode())
    (tmp_path / "cut.ics").write_bytes(cut)
    told = cli("events", "import", "cut.ics", "--template", "visit", "--remind", "1d", "--to", "0901000001")[1]
    assert told.startswith("1 added\n")
    assert "1 series that would end before it starts (UNTIL) was left out" in told
    assert {row["key"] for row in answer(cli, "events", "list")} == {"one@clinic"}


def test_a_template_is_not_changed_or_removed_under_a_rule_that_needs_it(
    cli: Cli, calendar: Calendar, capsys: pytest.CaptureFixture[str]
) -> None:
    def told(*arguments: str) -> str:
        return f"{run(['templates', *arguments])} {capsys.readouterr().err}"

    calendar.birthdays()
    assert told("add", "wish", "--content", "Moi {name} den {place}").startswith(
        "1 error: template 'wish' of rule 'birthdays': there is no variable {place}: there are"
    )
    assert "rule 'birthdays' needs this template: give the rule another" in told("remove", "wish")
    assert told("add", "wish", "--content", "Chuc {name}") == "0 "
    assert cli("remove", "birthdays")[0] == 0
    assert told("remove", "wish") == "0 "


def test_a_template_that_is_in_use_becomes_no_call_unless_that_is_asked_for(
    cli: Cli, calendar: Calendar, capsys: pytest.CaptureFixture[str]
) -> None:
    calendar.birthdays()
    calendar.event()
    call = ["templates", "add", "wish", "--template-id", "1002"]
    assert run(call) == 1
    assert "'wish' is sms and would become template_call for rule 'birthdays'" in capsys.readouterr().err
    assert run(["templates", "add", "visit", "--template-id", "1002"]) == 1
    assert "for 1 event(s) ahead" in capsys.readouterr().err
    assert run(["templates", "add", "new", "--template-id", "1002"]) == 0
    assert run(["templates", "add", "new", "--content", "Chao"]) == 0
    assert run([*call, "--change-kind"]) == 0


def test_a_start_that_is_a_day_reminds_in_the_morning_and_an_end_that_is_a_day_is_in(cli: Cli) -> None:
    year = datetime.now(UTC).year + 2
    days = ("--rrule", "FREQ=DAILY", "--start", f"{year}-03-01", "--until", f"{year}-03-02", "--dry-run")
    for given, hour in (((), "T01:00"), (("--at", "09:30"), "T02:30")):
        coming = answer(cli, "add", "x", "--template", "wish", *days, *given)["next"]
        assert [f"{year}-03-0{day}{hour}" for day in (1, 2)] == [each["occurs_at"][:16] for each in coming]
    code, _, err = cli("add", "x", "--template", "wish", "--cron", "0 8 * * *", "--at", "09:00", "--dry-run")
    assert (code, err.startswith("error: at: is said by the cron line")) == (1, True)


def test_a_dry_run_of_an_import_says_what_it_comes_to_and_stores_nothing(cli: Cli, tmp_path: Path) -> None:
    year = datetime.now(UTC).year + 2
    file = tmp_path / "events.ics"
    file.write_bytes((CALENDAR_FILE % (0, b"")).replace(b"2027", str(year).encode()))
    how = ("--template", "visit", "--remind", "1d", "--to", "0901000001", "--dry-run")
    assert answer(cli, "events", "import", str(file), *how)["added"] == 2
    assert answer(cli, "events", "list") == []


def test_a_template_is_not_removed_while_an_event_ahead_needs_it(
    cli: Cli, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    year = datetime.now(UTC).year + 2
    (tmp_path / "e.ics").write_bytes((CALENDAR_FILE % (0, b"")).replace(b"2027", str(year).encode()))
    how = ("--template", "visit", "--remind", "1d", "--to", "0901000001")
    assert cli("events", "import", str(tmp_path / "e.ics"), *how)[0] == 0
    assert run(["templates", "remove", "visit"]) == 1
    assert "2 event(s) ahead need this template" in capsys.readouterr().err


def test_who_is_in_the_file_and_named_by_to_is_invited_once(cli: Cli, tmp_path: Path) -> None:
    year = datetime.now(UTC).year + 2
    file = tmp_path / "events.ics"
    lan = b"ATTENDEE;CN=Lan:tel:+84901000001\r\n"
    file.write_bytes((CALENDAR_FILE % (0, lan)).replace(b"2027", str(year).encode()))
    how = ("--template", "visit", "--remind", "1d", "--to", "0901000001")
    assert answer(cli, "events", "import", str(file), *how)["added"] == 2
    assert len(answer(cli, "events", "show", "one@clinic", "--source", "ics")["attendees"]) == 1


def test_a_hostile_calendar_file_is_one_line(cli: Cli, tmp_path: Path) -> None:
    for name, data in {"zip": b"PK\x03\x04" * 100, "nothing": b"", "deep": b"BEGIN:VCALENDAR\n" * 10_000}.items():
        (tmp_path / name).write_bytes(data)
        code, _, err = cli("events", "import", str(tmp_path / name), "--template", "visit", "--remind", "1d")
        assert (code, len(err.strip().splitlines())) == (1, 1)


def test_what_comes_from_outside_cannot_speak_to_the_terminal(cli: Cli, calendar: Calendar) -> None:
    calendar.contact("Lan", born="1990-03-01")
    calendar.birthdays(name="[red]rule[/]")
    assert "[red]rule[/]" in cli("list")[1]
    calendar.now = datetime.now(UTC)
    moment = (calendar.now + timedelta(days=9)).strftime("%Y-%m-%d %H:%M")
    calendar.event(starts=moment, title="[bold]x[/]")
    assert "[bold]x[/]" in cli("events", "list")[1]
