"""`templates …` as a person and a program meet it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.cli.test_cli_commands import Cli, cli
from tests.contacts.test_contacts_cli import STAFF, Import, bring
from tests.law import VIETNAM, decree
from worker import Invalid, Notifier
from worker.database import Database
from worker.law.rules import Mode
from worker.settings import Settings

__all__ = ["bring", "cli"]


def test_a_template_is_saved_listed_shown_and_removed(cli: Cli) -> None:
    code, out, _ = cli("templates", "add", "birthday", "--content", "Chuc mung {first_name}, phong {attr.room}")
    assert (code, "version 1" in out, "no contact has attr.room yet" in out) == (0, True, True)
    assert json.loads(cli("templates", "add", "birthday", "--content", "Mung {name}", "--json")[1])["version"] == 2
    cli("templates", "add", "visit", "--template-id", "1002", "--var", "{name}", "--var", "{time}")
    assert [each["name"] for each in json.loads(cli("templates", "list", "--json")[1])] == ["birthday", "visit"]
    assert "1002: {name} | {time}" in cli("templates", "list")[1]
    assert "Chuc mung {first_name}" in cli("templates", "show", "birthday")[1]
    assert cli("templates", "remove", "birthday")[0] == 0
    for command in (("remove", "birthday"), ("show", "none"), ("preview", "birthday")):
        code, _, err = cli("templates", *command)
        assert (code, "no template is called" in err) == (1, True)


def test_an_unknown_variable_is_an_error_when_it_is_saved(cli: Cli) -> None:
    code, _, err = cli("templates", "add", "birthday", "--content", "Chao {nmae}")
    assert (code, err) == (1, "error: content: there is no variable {nmae}: did you mean {name}?\n")
    assert json.loads(cli("templates", "list", "--json")[1]) == []


def test_a_preview_is_for_real_people_with_its_size_and_cost(cli: Cli, bring: Import) -> None:
    bring(STAFF + "3,Mai,0901000003,\n")
    cli("contacts", "opt-out", "2")
    cli("templates", "add", "birthday", "--content", "Chuc mung {name} {age} tuoi")
    code, out, _ = cli("templates", "preview", "birthday", "--price", "800", "--at", "2027-08-15T08:00", "--json")
    told = json.loads(out)
    assert code == 1
    lan, mai = sorted(told["previews"], key=lambda each: str(each["key"]))
    assert [lan["texts"], mai["texts"]] == [["Chuc mung Nguyen Thi Lan 37 tuoi"], []]
    assert lan["accents_taken_out"] == {"Nguyễn": "Nguyen", "Thị": "Thi"}
    assert mai["problem"].startswith("age: has no value")
    assert told["estimate"] == {
        "contacts": 2,
        "by_sample_of": 2,
        "messages": 1,
        "segments": 1,
        "unicode": 0,
        "cost": 800,
        "problems": {mai["problem"]: 1},
    }
    out = cli("templates", "preview", "birthday", "--contact", "1", "--price", "800", "--at", "2027-08-15T08:00")[1]
    assert "(32 characters, GSM, 1 SMS)" in out
    assert "Nguyễn → Nguyen" in out
    assert "800 VND" in out


def test_a_preview_tells_what_the_sending_rules_would_say(cli: Cli, bring: Import, database: Database) -> None:
    bring(STAFF)
    decree(database, VIETNAM["vn.ads.label"], replace(VIETNAM["vn.ads.refusal"], mode=Mode.REFUSE))

    def told(*options: str) -> list[str]:
        found: list[str] = json.loads(cli("templates", "preview", "--contact", "1", "--json", *options)[1])["told"]
        return found

    offer = ("--content", "Khuyen mai cho {name}")
    assert "reads like advertising, and its purpose is service" in told(*offer)[0]
    assert "no advertising: use SmsType 1" in told(*offer, "--purpose", "advertising")[0]
    [refused] = told("--content", "[QC] cho {name}", "--sms-type", "1")
    assert refused.startswith("content: ends without a way to refuse (vn.ads.refusal, Decree 91/2020")
    [warning] = told("--content", "Sale {name}. Tu choi: soan TC gui 8xxx", "--sms-type", "1")
    assert warning.startswith("content: begins without the label of advertising (vn.ads.label")
    assert told("--content", "Chao {name}") == []
    notifier = Notifier(Settings.from_environ({"DATABASE_URL": "postgresql://x/y"}), database=database)
    with pytest.raises(Invalid, match="purpose: is not known: use one of code"):
        notifier.templates.preview("birthday", purpose="advertisment")
    assert "! content: begins" in cli(
        "templates", "preview", "--contact", "1", "--sms-type", "1", "--content", "Sale {name}. Tu choi: soan TC gui 8x"
    )[1]  # fmt: skip


def test_a_preview_warns_of_accents_that_need_unicode(cli: Cli, bring: Import) -> None:
    bring(STAFF)
    out = cli("templates", "preview", "--content", "Chào {name}", "--diacritics", "keep", "--contact", "1")[1]
    assert "need SmsType 3 with unicode" in out
    cli("templates", "add", "t", "--content", "Chào {name}")
    assert "need SmsType 3" in cli("templates", "preview", "t", "--diacritics", "keep", "--contact", "1")[1]
    assert cli("templates", "preview", "t", "--content", "Chao")[0] == 2
    assert cli("templates", "preview", "--content", "Chao", "--contact", "none")[0] == 1
