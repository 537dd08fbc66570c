"""One person's data: all of it handed out, and forgotten for good; and the clock that the law sets."""

from __future__ import annotations

import json
import subprocess
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from redis import Redis
from sqlalchemy import text

from tests.cli.test_cli_commands import Cli, cli
from tests.retention.time_travel import KEY_TEXT, WITH_KEY, remove, reports, travel
from tests.support import Bench, login
from tests.traces import holds, redis_keys_that_hold, tables_that_hold
from worker import Notifier, Sms, SmsType, again
from worker.again import Corrected, Failed
from worker.api.people import People, PersonRequestKind
from worker.contacts import ContactFields
from worker.devkit.postgres import programs
from worker.errors import Invalid, NotFound, SettingsError
from worker.law.deadlines import deadlines
from worker.ledger.people import HOLDINGS, NOBODY
from worker.maintenance.marks import Marks
from worker.maintenance.restores import keep_marks
from worker.models import Base
from worker.roles import Role
from worker.settings.retention import KEY

__all__ = ["cli"]

NUMBER, NAME, TEXT = "0901777333", "Tran Thi Hoai", "hen gap chi Hoai luc 9h"
WORDS = (NUMBER[1:], "Hoai")
VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


@pytest.fixture
def people(bench: Bench, database_url: str) -> Any:
    with People.from_env({"DATABASE_URL": login(database_url, Role.OWNER), KEY: KEY_TEXT}) as people:
        yield people


def care(to: str = NUMBER, content: str = TEXT) -> Sms:
    return Sms(to=to, content=content, sms_type=SmsType.NOTIFY)


def she_is_known(bench: Bench) -> None:
    """In every way that leaves something about her: messages that ended, wait and are under way, and all the rest."""
    notifier = bench.notifier
    notifier.consents.add(NUMBER, wording="Toi dong y")
    notifier.contacts.upsert(key="17", source="clinic", name=NAME, phones=[NUMBER], attributes={"note": NAME})
    for content in (TEXT, f"{TEXT} nhe"):
        bench.put(care(content=content), reference=f"r:{content[-3:]}", source="clinic")
    bench.deliver()
    with bench.database.begin() as session:
        session.execute(text("UPDATE message SET status = 'delivered', settled_at = now(), poll_at = NULL"))
        session.execute(text("UPDATE request SET reply = :reply"), {"reply": f'{{"Phone": "{NUMBER}"}}'})
    bench.put(care(content=f"{TEXT} mai"), send_date=datetime.now(VIETNAM) + timedelta(days=3))
    under_way = bench.put(care(content=f"{TEXT} dang gui"))
    bench.set(under_way, status="'accepted'", accepted_at="now()", sms_id="'s9'", attempts="1")
    with bench.database.begin() as session:
        for statement in (
            "INSERT INTO event (id, source, key, starts_at) VALUES (gen_random_uuid(), '', 'e', now())",
            "INSERT INTO attendee (event_id, key, phone, name) SELECT id, 'a', '+84901777333', 'Chi Hoai' FROM event",
            """INSERT INTO inbox (id, kind, source, fields, bound)
                VALUES (gen_random_uuid(), 'sms', '', '{"to": "0901 777 333", "content": "chao Hoai"}', false)""",
            """INSERT INTO rerun (id, asked_by, chosen, corrected, messages, moved, trial, state) VALUES (
                gen_random_uuid(), 'x', '{"phone": "+84901777333"}', '{"content": "Hoai"}', 1, 1, '{}', 'done')""",
            """INSERT INTO happening (transaction, kind, facts)
                VALUES (3, 'x', '{"phone": "+84901777333", "name": "Hoai"}')""",
            """INSERT INTO sweep (id, asked_by, kind, search, state)
                VALUES (gen_random_uuid(), 'x', 'cancel', '{"phones": ["+84901777333"]}', 'done')""",
            "INSERT INTO search (key, person, asked) VALUES ('k', 'x', '{\"to\": \"0901777333 Hoai\"}')",
        ):
            session.execute(text(statement.replace(":", "\\:")))


def delivered(bench: Bench, which: str = "true") -> None:
    with bench.database.begin() as session:
        session.execute(text(f"UPDATE message SET status = 'delivered', settled_at = now() WHERE {which}"))


def test_every_table_is_judged_whether_it_holds_somebody() -> None:
    assert HOLDINGS.keys() | NOBODY == Base.metadata.tables.keys()
    assert not HOLDINGS.keys() & NOBODY
    assert all(bool(holding.stays) == (holding.remove is None) for holding in HOLDINGS.values())


def test_an_export_has_all_that_every_table_holds_and_can_be_read(
    bench: Bench, people: People, cli: Cli, tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    she_is_known(bench)
    found = people.export(NUMBER, by="test")
    held = {table.removeprefix("public.") for table in tables_that_hold(bench.database, WORDS)}
    assert held <= found.tables.keys()
    assert found.tables.keys() <= people.export("17", source="clinic", by="test").tables.keys()
    monkeypatch.setenv("DATABASE_URL", login(database_url, Role.OWNER))
    monkeypatch.setenv(KEY, KEY_TEXT)
    assert cli("person", "export", NUMBER, "her.json")[0] == 0
    assert cli("person", "export", NUMBER, "her.html", "--lang", "vi")[0] == 0
    assert json.loads(Path("her.json").read_text())["tables"]["contact"][0]["name"] == NAME
    page = Path("her.html").read_text()
    assert "Dữ liệu đang lưu về bạn" in page
    assert TEXT in page
    assert (Path("her.json").stat().st_mode & 0o77, Path("her.html").stat().st_mode & 0o77) == (0, 0)
    with pytest.raises(NotFound):
        people.export("0901777334", by="test")


def test_who_is_forgotten_stands_nowhere_not_even_in_a_dump_and_reports_stay(
    bench: Bench, people: People, database_url: str, redis_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    she_is_known(bench)
    other = bench.put(care("0901777334", "Don hang 5"), reference="hers too")
    forgot = people.forget(NUMBER, by="test")
    assert (forgot.cancelled, forgot.waiting) == (
        1,
        4,
    )  # one waited; that and the rest of today go a day after their end
    assert {"message", "request", "settlement"} <= forgot.stays.keys()
    [request] = people.requests()
    assert (request.kind, request.done_at) == ("forget", None)
    delivered(bench, "status = 'accepted'")
    bench.roll_up()
    before = reports(bench)
    travel(bench.database, timedelta(days=2))
    remove(bench)
    assert people.requests() == []
    assert people.requests(all_=True)[0].done_at is not None
    assert tables_that_hold(bench.database, WORDS) == []
    dump = tmp_path / "dump.sql"
    program = programs() / "pg_dump"
    url = database_url.replace("+psycopg", "")
    subprocess.run([program, "--file", dump, "--dbname", url], check=True, capture_output=True)
    assert "Don hang 5" in dump.read_text()
    assert not holds(dump.read_bytes(), WORDS)
    assert not holds(caplog.text.encode(), WORDS)
    assert not holds(str(reports(bench)).encode(), WORDS)
    with Redis.from_url(redis_url) as redis:
        redis.flushdb()
    keep_marks(bench.workers, Marks(redis_url, None), WITH_KEY.key)
    assert WITH_KEY.key is not None
    assert redis_keys_that_hold(redis_url, (WITH_KEY.key.hide("+84901777333"),)) != []  # by this she stays forgotten
    assert redis_keys_that_hold(redis_url, WORDS) == []
    assert bench.notifier.show(other.id).content == "Don hang 5"
    assert reports(bench)["messages"] != []
    assert len(reports(bench)["messages"]) == len(before["messages"])
    assert people.forget(NUMBER, by="again").removed == {}


def failed_today(bench: Bench, numbers: list[str]) -> None:
    """Alarms that did not arrive."""
    bench.notifier.enqueue_many([care(each, f"Bao dong {place}") for place, each in enumerate(numbers)])
    with bench.database.begin() as session:
        session.execute(text("UPDATE message SET status = 'undelivered', code = '100', settled_at = now()"))


@pytest.mark.parametrize("became", ["going", "stopped"])
def test_the_rest_that_was_to_be_sent_again_to_who_is_forgotten_goes_to_nobody_else(
    bench: Bench, people: People, became: str
) -> None:
    failed_today(bench, [NUMBER] * 120 + ["0901777335"] * 5)
    failed, corrected = Failed(to=NUMBER, since=datetime.now(VIETNAM) - timedelta(days=1)), Corrected(content="Lan 2")
    assert bench.notifier.again.retry(failed, corrected=corrected).rest == 20
    people.forget(NUMBER, by="test")
    with bench.database.begin() as session:
        id_ = session.scalar(
            text("UPDATE rerun SET state = :state, decided_at = now() RETURNING id"), {"state": became}
        )
    if became == "stopped":
        bench.notifier.again.go_on(id_)
    while again.go_on(bench.database, bench.settings):
        pass
    queued = "SELECT count(*) FROM message WHERE status = 'queued' AND phone = :phone"
    with bench.database.begin() as session:
        assert session.scalar(text(queued), {"phone": "+84901777335"}) == 0
        assert session.scalar(text("SELECT state FROM rerun")) == "done"


def test_the_rest_that_was_to_be_sent_again_to_a_number_that_is_forgotten_stays(bench: Bench, people: People) -> None:
    failed_today(bench, [NUMBER] * 120)
    assert bench.notifier.again.retry(Failed(to=NUMBER)).rest == 20
    people.forget(NUMBER, by="test")
    with bench.database.begin() as session:
        session.execute(text("UPDATE rerun SET state = 'going'"))
    while again.go_on(bench.database, bench.settings):
        pass
    with bench.database.begin() as session:
        assert session.scalar(text("SELECT state FROM rerun")) == "done"


def test_what_was_hidden_goes_too_and_an_opt_out_stays_until_it_is_asked_for(bench: Bench, people: People) -> None:
    bench.notifier.contacts.opt_out_phones([NUMBER])
    bench.put(care())
    delivered(bench)
    travel(bench.database, timedelta(days=92))
    remove(bench)
    hidden = "SELECT phone FROM message"
    with bench.database.begin() as session:
        assert str(session.scalar(text(hidden))).startswith("#")
    long_ago, found = datetime.now(VIETNAM) - timedelta(days=365), {"DATABASE_URL": bench.settings.database_url}
    with Notifier.from_env(found) as without, Notifier.from_env(found | {KEY: KEY_TEXT}) as with_key:
        assert [len(each.reports.why_to(NUMBER, since=long_ago).stories) for each in (without, with_key)] == [0, 1]
        assert [len(each.reports.messages_to(NUMBER).messages) for each in (without, with_key)] == [0, 1]
    forgot = people.forget(NUMBER, by="test")
    assert forgot.stays["opt_out"] == 1
    with bench.database.begin() as session:
        assert session.scalar(text(hidden)) == ""
    assert people.forget(NUMBER, opt_out_too=True, by="test").removed == {"opt_out": 1}
    with Notifier.from_env(found | {KEY: KEY_TEXT}) as with_key:  # the proof is found by whoever has the key
        assert [each.act for each in with_key.consents.show(NUMBER)] == ["withdrawn"]
    assert bench.notifier.consents.show(NUMBER) == []
    assert tables_that_hold(bench.database, WORDS) == []


def test_whose_number_another_contact_has_too_takes_only_what_is_theirs(bench: Bench, people: People) -> None:
    upsert = bench.notifier.contacts.upsert
    upsert(key="17", name=NAME, phones=[NUMBER, "0901777335"])
    upsert(key="18", name="Chong", phones=["0901777335"])
    assert people.export("17", by="test").shared == ["+84901777335"]
    people.forget("17", by="test")
    assert [row.key for row in bench.notifier.contacts.by_phone("0901777335")] == ["18"]


def test_nobody_brings_who_was_forgotten_back_unseen(bench: Bench, people: People) -> None:
    bench.notifier.contacts.upsert(key="17", phones=[NUMBER])
    people.forget(NUMBER, by="test")
    environ = {"DATABASE_URL": bench.settings.database_url, KEY: KEY_TEXT}
    with Notifier.from_env(environ) as notifier:
        with pytest.raises(Invalid, match="phones: is the number of somebody who asked to be forgotten"):
            notifier.contacts.upsert_many([ContactFields(key="17", phones=[NUMBER])])
        with pytest.raises(Invalid, match="asked to be forgotten"):
            notifier.contacts.upsert_fields({"key": "17", "phones": [NUMBER]})
        notifier.contacts.upsert(key="18", phones=["0901777336"])
        assert notifier.contacts.upsert_many([ContactFields(key="17", phones=[NUMBER])], came_back=True).added == 1
    assert not notifier_holds_key(environ)


def notifier_holds_key(environ: dict[str, str]) -> bool:
    from worker.settings import Settings

    return KEY_TEXT in repr(Settings.from_environ(environ))


def test_a_forgetting_that_waits_for_what_is_under_way_is_not_done_by_hand(bench: Bench, people: People) -> None:
    she_is_known(bench)
    assert people.forget(NUMBER, by="lan").waiting
    [asked] = people.requests()
    with pytest.raises(Invalid, match="waits for messages that are under way"):
        people.done(asked.id)
    assert people.requests() == [asked]


def test_without_a_key_nobody_is_forgotten_by_whoever_administers(bench: Bench) -> None:
    unkeyed = People.from_env({"DATABASE_URL": bench.settings.database_url})
    with unkeyed as people, pytest.raises(SettingsError, match="WORKER_PRIVACY_KEY: is not set"):
        people.forget(NUMBER, by="test")


@pytest.mark.parametrize(
    ("received", "answer", "done"),
    [
        ("2026-03-04 09:00", "2026-03-06", "2026-03-19"),  # a Wednesday
        ("2026-03-06 23:30", "2026-03-10", "2026-03-21"),  # a Friday
        ("2026-02-13 10:00", "2026-02-24", "2026-02-28"),  # the Friday before the lunar new year
        ("2026-08-28 10:00", "2026-09-04", "2026-09-12"),  # a Monday off, made up for on the Saturday before
    ],
)
def test_the_clock_goes_by_the_working_days_of_viet_nam(received: str, answer: str, done: str) -> None:
    due = deadlines(datetime.fromisoformat(received).replace(tzinfo=VIETNAM), VIETNAM)
    assert (due.answer, due.done) == (date.fromisoformat(answer), date.fromisoformat(done))


def test_requests_are_noted_answered_extended_and_done_and_say_which_are_late(
    bench: Bench, people: People, cli: Cli, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    due = people.note(NUMBER, PersonRequestKind.RESTRICT, received_at=datetime(2026, 3, 4, 9, tzinfo=VIETNAM), by="lan")
    assert (due.answer_by, due.done_by, due.late) == (date(2026, 3, 6), date(2026, 3, 19), True)
    monkeypatch.setenv("DATABASE_URL", login(database_url, Role.OWNER))
    monkeypatch.setenv(KEY, KEY_TEXT)
    code, out, _ = cli("requests", "list")
    assert code == 1
    assert "restrict late" in out
    assert NUMBER[1:] not in out
    assert cli("requests", "answered", str(due.id), "--extended")[0] == 0
    assert people.requests()[0].done_by == date(2026, 4, 3)
    assert cli("requests", "done", str(due.id))[0] == 0
    assert people.requests() == []
    assert cli("requests", "answered", "999999")[0] == 1
