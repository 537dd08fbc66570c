"""Each command that changes data leaves an act: all commands are walked, and one that is new has to say what it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from sqlalchemy import text

from tests import canary
from tests.again.test_refused import hand_over, whole
from tests.pages.test_people_rooms import CALENDAR
from tests.support import Bench, otp
from worker import Notifier
from worker.actor import Actor, Via, acting
from worker.api.operation import Operation
from worker.cli import cli, run
from worker.database import Database

READS = """
audit list | balance | consent proof | consent show | contacts list | contacts show | doctor | held list | held show
law list | prices list | producers list | refused list | refused show | reminders events list | reminders events show
reminders list
reminders next | reminders show | reminders simulate | reminders why | report campaigns | report costs | report daily
report failures | report html | report latency | report messages | report networks | report refused | report reminders
report rules | requests list | sent-data | show | status | templates list | templates preview | templates show | text
tokens list | top | users list | webhooks list | why
"""
PROCESSES = {"demo", "up", "serve", "metrics", "simulator"}  # what is done by these is done by whoever uses them
ELSEWHERE = {"brandnames", "migrate"}  # by eSMS, whose test it is; and below

# Command lines in their order, by the act that each leaves; {names} are what was there before, {id} what the one before
# printed.
STEPS = """
message.send      | send sms --to 0901000001 --content x --sms-type 7 --reference a --send-date {soon}
message.send      | send template-call --to 0901000002 --template-id 1
message.send      | send record-call --to 0901000003 --record-id 1
message.send      | send csv {people} --content x --sms-type 7 --campaign tet
message.move      | move --reference a --send-date {later}
message.cancel    | cancel --reference a
campaign.pause    | pause --campaign tet
campaign.resume   | resume --campaign tet
message.retry     | retry {failed} --yes
held.resolve      | held resolve {held} --as drop
refused.send      | refused send {refused} --to 0901000001
refused.forget    | refused forget
contact.import    | contacts import {people}
contact.export    | contacts export {out}/contacts.csv
number.opt-out    | contacts opt-out --phone 0901000011
number.opt-in     | contacts opt-in --phone 0901000011
contact.remove    | contacts remove lan
consent.add       | consent add 0901000012 --wording x
consent.add       | consent withdraw 0901000012
consent.add       | consent import {consents}
law.register      | dnc import {numbers}
law.put           | law put mine --check register --mode warn
law.mode          | law mode mine off
law.remove        | law remove mine
law.put           | law quiet 06:00-22:00
law.put           | law window tet 08:00-20:00
template.save     | templates add hop --content Moi
rule.put          | reminders add r --birthday --template hop --sms-type 4 --yes
rule.pause        | reminders pause r
rule.resume       | reminders resume r
rule.remove       | reminders remove r
calendar.import   | reminders events import {calendar} --template hop --remind 1d --sms-type 4 --to 0901000001
event.cancel      | reminders events cancel a --source ics
template.remove   | templates remove hop
price.put         | prices import {prices}
price.remove      | prices remove 7 2020-01-01
user.add          | users add lan --role viewer --json
user.change       | users change lan --role operator
user.password     | users password lan --json
user.end-sessions | users sign-out lan2
user.disable      | users disable lan
user.enable       | users enable lan
token.add         | tokens add t --source shop --may read --json
token.rotate      | tokens rotate t
token.revoke      | tokens revoke t
webhook.add       | webhooks add http://127.0.0.1:9/ --all-sources --events message.failed --json
webhook.rotate    | webhooks rotate {id}
webhook.test      | webhooks test {id}
webhook.replay    | webhooks replay {id} --since {past}
webhook.disable   | webhooks disable {id}
webhook.enable    | webhooks enable {id}
producer.limit    | producers limit shop --rate 10/s
producer.add      | producers add {login} --source shop
producer.rotate   | producers rotate {login}
producer.remove   | producers remove {login}
person.request    | requests add 0901000001 withdraw
person.request    | requests answered {request}
person.request    | requests done {request}
person.export     | person export 0901000001 {out}/person.json
person.forget     | person forget 0901000001 --yes
"""


def commands(group: click.Group, *names: str) -> Iterator[str]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, *names, name)
        else:
            yield " ".join((*names, name))


def leaves() -> list[tuple[str, list[str]]]:
    lines = [line.split("|") for line in STEPS.strip().splitlines()]
    return [(act.strip(), command.split()) for act, command in lines]


def test_every_command_reads_only_or_is_walked() -> None:
    walked = {next(name for name in NAMES if f"{' '.join(line)} ".startswith(f"{name} ")) for _, line in leaves()}
    reads = {each.strip() for line in READS.strip().splitlines() for each in line.split("|")}
    assert set(NAMES) == walked | reads | PROCESSES | ELSEWHERE
    assert not walked & reads


NAMES = sorted(commands(cli), reverse=True)  # the longer of two that begin alike comes first


@pytest.fixture
def there(
    bench: Bench, database_url: str, tmp_path: Path, worker_number: int, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, Any]]:
    """What the commands are about."""
    for name, value in {
        **canary.ENVIRON,
        "DATABASE_URL": database_url,
        "WORKER_WEBHOOKS_PRIVATE": "1",
        "WORKER_PRIVACY_KEY": "k" * 40,
    }.items():
        monkeypatch.setenv(name, value)
    notifier, now = bench.notifier, datetime.now(UTC)
    failed, held = bench.put(otp("0901000021")), bench.put(otp("0901000022"))
    bench.set(failed, status="'undelivered'", settled_at="now()", accepted_at="now()")
    bench.set(held, status="'held'", in_doubt_since="now()", attempts="1")
    hand_over(whole(bench), reference="refused")
    with acting(Actor("lan", Via.PAGE)):
        notifier.users.link("lan2")
    files = {
        "people": "key,phone,name\nlan,0901000011,Lan\n",
        "consents": f"phone,wording,at\n0901000013,x,{now - timedelta(days=1):%Y-%m-%dT%H:%M:%S%z}\n",
        "numbers": "0901000014\n",
        "prices": "sms_type,network,valid_from,dong\n7,,2020-01-01,790\n",
        "calendar": CALENDAR.format(uid="a"),
    }
    for name, content in files.items():
        (tmp_path / f"{name}.{'ics' if name == 'calendar' else 'csv'}").write_text(content)
    paths = {name: tmp_path / f"{name}.{'ics' if name == 'calendar' else 'csv'}" for name in files}
    moments = {
        name: (now + timedelta(days=days)).isoformat() for name, days in (("soon", 1), ("later", 2), ("past", -1))
    }
    [refused] = notifier.refused.list()
    ids = {"failed": failed.id, "held": notifier.held.list()[0].id, "refused": refused.id}
    yield {**paths, **moments, **ids, "out": tmp_path, "login": f"acts_{worker_number}", "id": "", "request": ""}
    with bench.database.begin() as session:
        session.execute(text(f"DROP ROLE IF EXISTS esms_producer_acts_{worker_number}"))
        session.execute(text("DELETE FROM producer_source"))


@pytest.mark.long
def test_each_command_that_changes_data_leaves_an_act_with_who_gave_it(
    there: dict[str, Any], bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = []
    for act, words in leaves():
        line = [word.format(**there) for word in words]
        code = run(line)
        printed = capsys.readouterr()
        if "--json" in line and printed.out.startswith("{"):
            there["id"] = json.loads(printed.out).get("id", there["id"])
        last = next(iter(bench.notifier.acts.list(most=1)), None)
        code = 0 if words[:2] == ["webhooks", "test"] else code  # no worker is there to call it
        if code or last is None or (last.what, str(last.via)) != (act, "command line"):
            wrong.append((" ".join(line), code, last and last.what, (printed.err or printed.out)[-300:]))
        if act == "person.request" and not there["request"]:
            there["request"] = next(iter(requests(bench)), "")
    assert wrong == [], "\n".join(map(str, wrong))


def requests(bench: Bench) -> list[str]:
    with bench.database.begin() as session:
        return [str(each) for each in session.scalars(text("SELECT id FROM person_request ORDER BY id DESC"))]


def test_a_migration_is_an_act_where_it_changes_something(bench: Bench, empty_database_url: str) -> None:
    with Database(empty_database_url) as database, acting(Actor("lan", Via.COMMAND)):
        acts, operation = Notifier(bench.settings, database=database).acts, Operation(bench.settings, database=database)
        for _ in range(2):
            operation.migrate()
            assert [act.what for act in acts.list()] == ["schema.migrate"]
