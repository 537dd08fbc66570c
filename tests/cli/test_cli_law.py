"""`law` and `dnc`: rules are listed with their sources, changed by name, and a register comes in by file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.law import VIETNAM, decree
from worker import Invalid, Notifier
from worker.api.law import Mode
from worker.cli import run
from worker.cli.checkups import Wrong, ruling
from worker.database import Database
from worker.errors import NotFound
from worker.law.rules import Check, Did, Rule
from worker.ledger.rule_uses import note_uses

Cli = Callable[..., tuple[int, str]]


@pytest.fixture
def cli(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Cli:
    """Gives a command; its exit code and what it said."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    decree(database, *VIETNAM.values())
    return lambda *words: (run(list(words)), capsys.readouterr().out)


def test_a_rule_is_listed_with_its_source_and_changed_by_its_name(cli: Cli) -> None:
    assert cli("law", "mode", "vn.ads.label", "refuse")[0] == 0
    assert cli("law", "quiet", "07:00-21:00")[0] == 0
    assert cli("law", "window", "tet", "09:00-18:00")[0] == 0
    listed = {each["name"]: each for each in json.loads(cli("law", "list", "--json")[1])}
    assert listed["vn.ads.label"]["mode"] == "refuse"
    assert listed["vn.ads.sms.hours"]["source"].startswith("Decree 91/2020/NĐ-CP, art. 13")
    assert listed["quiet"]["purposes"] == ["service", "reminder"]
    assert listed["campaign:tet"]["parameters"] == {"from": "09:00", "to": "18:00"}
    assert cli("law", "window", "tet", "none")[0] == 0
    shown = cli("law", "list")[1]
    assert "campaign:tet" not in shown
    assert "vn.ads.call.hours" in shown and r"^\s*\[" in shown


def test_a_register_comes_in_by_file_and_a_line_without_a_number_is_told(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "register.csv"
    file.write_text("phone;since\n0901 000 001;2020\n0901000002\n\n84901000001\n")
    code, told = cli("dnc", "import", str(file), "--json")
    assert (code, json.loads(told)) == (1, {"numbers": 3, "added": 2, "refused": 1, "lines": [1]})
    file.write_text("0901000003\n")
    assert cli("dnc", "import", str(file), "--replace") == (0, "1 numbers, 1 of them new\n")


def test_doctor_tells_what_rules_make_wait_until_when_and_that_the_register_is_old(
    cli: Cli, database: Database, tmp_path: Path
) -> None:
    assert ruling() == "the Do-Not-Call register was never brought in"
    decree(database, hours("07:00", "07:10"), hours("07:20", "07:30", name="others"))  # one is closed
    with database.begin() as session:
        note_uses(session, datetime.now(UTC).date(), {(name, Did.HELD): 3 for name in ("vn.hours", "others")})
    assert re.search(r"has made 3 message\(s\) wait since yesterday, until 20\d\d-\d\d-\d\d 07:[02]0; ", ruling())
    (file := tmp_path / "register.csv").write_text("0901000003\n")
    assert cli("dnc", "import", str(file))[0] == 0
    assert "the Do-Not-Call register is of 20" in ruling()
    with database.begin() as session:
        session.execute(text("UPDATE heartbeat SET at = at - interval '31 days'"))
    with pytest.raises(Wrong, match="bring in today's by `esms-worker dnc import FILE --replace`"):
        ruling()
    assert cli("law", "mode", "vn.ads.register", "off")[0] == 0
    assert "of 20" in ruling()  # nobody goes by it


def hours(start: str, end: str, *, name: str = "vn.hours") -> Rule:
    return replace(VIETNAM["vn.ads.sms.hours"], name=name, parameters={"from": start, "to": end})


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"mode": Mode.HOLD}, "mode: nothing that label looks at passes by itself"),
        ({"parameters": {}}, "parameters: pattern is missing"),
        ({"parameters": {"pattern": "("}}, "parameters: are none of a rule of label"),
        ({"check": Check.HOURS, "parameters": {"from": "7", "to": "22:00"}}, "parameters: are none of a rule of hours"),
    ],
)
def test_a_rule_that_could_not_be_kept_is_refused(
    cli: Cli, database_url: str, change: dict[str, object], error: str
) -> None:
    rule = VIETNAM["vn.ads.label"]
    wrong = Rule(**{name: getattr(rule, name) for name in rule.__dataclass_fields__} | change)
    with Notifier.from_env({"DATABASE_URL": database_url}) as notifier:
        with pytest.raises(Invalid, match=error):
            notifier.law.put(wrong)
        with pytest.raises(NotFound):
            notifier.law.set_mode("nowhere", Mode.OFF)


def test_a_rule_that_would_be_refused_today_can_be_turned_off(database: Database, database_url: str) -> None:
    decree(database, hours("07:00", "07:10"))
    with Notifier.from_env({"DATABASE_URL": database_url}) as notifier:
        with pytest.raises(Invalid, match="parameters"):
            notifier.law.set_mode("vn.hours", Mode.WARN)
        notifier.law.set_mode("vn.hours", Mode.OFF)
        assert [rule.mode for rule in notifier.law.list()] == [Mode.OFF]


def test_a_rule_of_another_country_or_law_is_put_by_options_or_by_file(
    cli: Cli, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hours = ["--check", "hours", "--parameter", "from=09:00", "--parameter", "to=20:00", "--mode", "hold"]
    assert cli("law", "put", "th.ads.hours", *hours, "--since", "2027-01-01", "--source", "NBTC; read by us")[0] == 0
    count = ["--check", "count", "--parameter", "most=2", "--parameter", "hours=24", "--mode", "refuse"]
    assert cli("law", "put", "vn.ads.sms.count", *count, "--channel", "sms")[0] == 0
    before = json.loads(cli("law", "list", "--json")[1])
    listed = {each["name"]: each for each in before}
    assert listed["th.ads.hours"]["source"] == "NBTC; read by us"
    assert (listed["th.ads.hours"]["since"], listed["th.ads.hours"]["parameters"]["to"]) == ("2027-01-01", "20:00")
    file = tmp_path / "rules.json"
    file.write_text(json.dumps(before))
    assert cli("law", "remove", "th.ads.hours")[0] == 0
    assert cli("law", "put", "--file", str(file))[0] == 0
    assert json.loads(cli("law", "list", "--json")[1]) == before
    file.write_text(json.dumps([before[0] | {"until": "2099-01-01"}, before[1] | {"mode": "soon"}]))
    assert cli("law", "put", "--file", str(file))[0] == 1
    assert json.loads(cli("law", "list", "--json")[1]) == before  # all or none
    sender = ["x", "--check", "sender", "--mode", "warn", "--parameter", "sms_types=[12]"]
    for wrong in (sender, [], ["x", *hours[:-1], "off", "--since", "1"]):
        assert cli("law", "put", *wrong)[0] in (1, 2)
