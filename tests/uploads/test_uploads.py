"""A campaign from a file: looked at, checked, tried, and sent to each person once, whoever presses and dies when."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.support import Bench, as_producer, eventually, somebody_waits
from tests.uploads.conftest import Take, campaign, people
from worker import Notifier
from worker.api.uploads import ContactsPlan, UploadKind, UploadState
from worker.api.uploads.reading import ROWS_MOST
from worker.errors import Invalid, NotFound

MIXED = "name,phone\nLan,0901000001\nTrung,12\n,0901000003\nHoa,0901000004,extra\nMai,0901000005\nLan,0901000001\n"


def sent(bench: Bench) -> dict[str, int]:
    """How many messages each text of a campaign became."""
    query = """
        SELECT m.phone || ' ' || n.content AS what, count(*) AS messages FROM message AS m JOIN notification AS n
        ON n.id = m.notification_id WHERE n.campaign = 'tet' GROUP BY 1
    """
    with bench.database.begin() as session:
        return {row.what: row.messages for row in session.execute(text(query))}


def test_a_check_says_what_sending_comes_to_and_stores_nothing(bench: Bench, take: Take) -> None:
    uploads = bench.notifier.uploads
    bench.notifier.contacts.opt_out_phones(["0901000005"])
    upload = take(MIXED)
    uploads.plan(upload.id, campaign(purpose="reminder"))
    checked = uploads.check(upload.id)
    assert (checked.state, checked.rows) == (UploadState.CHECKED, 6)
    foreseen = {"queued": 1, "already": 1, "opted_out": 1, "waiting": 0, "bad": 3, "segments": 1, "unicode": 0}
    assert checked.foreseen == foreseen | {"warnings": {}, "rules": []}
    refused = [(row.number, row.column) for row in uploads.refused(upload.id)]
    assert refused == [(3, "phone"), (4, "name"), (5, None)]
    assert sent(bench) == {}
    done = uploads.run(upload.id)
    assert (done.state, done.done) == (UploadState.DONE, foreseen)
    assert sent(bench) == {"+84901000001 Chao Lan": 1, "+84901000005 Chao Mai": 1}


def test_a_check_tells_of_two_rows_that_conflict_over_a_reference(bench: Bench, take: Take) -> None:
    uploads = bench.notifier.uploads
    upload = take("id,name,phone\n7,Lan,0901000001\n7,Hoa,0901000001\n7,Lan,0901000001\n")
    uploads.plan(upload.id, campaign(reference_column="id"))
    checked = uploads.check(upload.id)
    told = [(row.number, row.column, row.problem) for row in uploads.refused(upload.id)]
    assert [each[:2] for each in told] == [(3, "id")]
    assert told[0][2].startswith("'7' of source 'csv' already stands for a notification with another content")
    done = uploads.run(upload.id)
    assert done.done == {name: value for name, value in (checked.foreseen or {}).items() if name in (done.done or {})}
    assert [(row.number, row.column, row.problem) for row in uploads.refused(upload.id)] == told


def test_a_preview_reads_as_it_will_for_people_of_the_file(bench: Bench, take: Take) -> None:
    upload = take("Họ tên,SĐT\nNguyễn Lan,0901000001\nTrung,12\n")
    seen = bench.notifier.uploads.preview(upload.id, campaign("Chào {name}", sms_type=3, unicode=True))
    assert seen.columns.named() == {"phone": "SĐT", "{name}": "Họ tên"}
    first, second = seen.each
    assert first.content == "Chào Nguyễn Lan"
    assert first.size is not None
    assert first.size.forcing
    assert second.refused is not None
    with pytest.raises(Invalid, match="there is no column 'nobody'"):
        bench.notifier.uploads.preview(upload.id, campaign("{nobody}"))


def test_a_test_goes_to_ones_own_number_alone_and_once(bench: Bench, take: Take) -> None:
    uploads = bench.notifier.uploads
    upload = take(MIXED)
    uploads.plan(upload.id, campaign())
    ticket = uploads.test(upload.id, "0909 999 999")
    [message] = bench.messages(ticket)
    assert (message["phone"], bench.notifier.show(ticket.id).content) == ("+84909999999", "Chao Lan")
    assert uploads.test(upload.id, "+84909999999").repeated
    assert sent(bench) == {}


def test_what_was_not_checked_is_not_sent_and_what_is_sent_is_not_changed(bench: Bench, take: Take) -> None:
    uploads = bench.notifier.uploads
    upload = take(people(2))
    with pytest.raises(Invalid, match="check it first"):
        uploads.run(upload.id)
    uploads.plan(upload.id, campaign())
    uploads.check(upload.id)
    uploads.plan(upload.id, campaign("Xin chao {name}"))
    with pytest.raises(Invalid, match="check it first"):
        uploads.run(upload.id)
    uploads.check(upload.id)
    uploads.run(upload.id)
    for late in (uploads.check, lambda id_: uploads.plan(id_, campaign())):
        with pytest.raises(Invalid, match="upload the file again"):
            late(upload.id)


@pytest.mark.long
def test_pressing_twice_at_once_and_two_workers_give_each_person_one_message(bench: Bench, take: Take) -> None:
    upload = take(people(1500))
    bench.notifier.uploads.plan(upload.id, campaign())
    bench.notifier.uploads.check(upload.id)
    workers = Notifier(bench.settings, database=bench.workers)
    eventually(lambda: not workers.uploads.go_on())
    with ThreadPoolExecutor(6) as pool:
        pressed = [pool.submit(bench.notifier.uploads.run, upload.id) for _ in range(3)]
        at_work = [pool.submit(_all, workers) for _ in range(3)]
        for each in pressed + at_work:
            each.result()
    _all(workers)
    found = bench.notifier.uploads.show(upload.id)
    assert (found.state, found.done and found.done["queued"]) == (UploadState.DONE, 1500)
    assert (len(sent(bench)), set(sent(bench).values())) == (1500, {1})
    again = take(people(1501))  # the same people in another file, sent by somebody else under the same name
    bench.notifier.uploads.plan(again.id, campaign())
    bench.notifier.uploads.check(again.id)
    _all(workers)
    bench.notifier.uploads.run(again.id)
    _all(workers)
    assert (len(sent(bench)), set(sent(bench).values())) == (1501, {1})


def test_pressing_while_somebody_else_presses_is_not_told_to_check_first(bench: Bench, take: Take) -> None:
    upload = take(people(1500))
    bench.notifier.uploads.plan(upload.id, campaign())
    bench.notifier.uploads.check(upload.id)
    _all(Notifier(bench.settings, database=bench.workers))
    with ThreadPoolExecutor(1) as pool, bench.database.begin() as session:
        session.execute(text("SELECT FROM upload FOR UPDATE"))
        pressed = pool.submit(bench.notifier.uploads.run, upload.id)
        eventually(lambda: somebody_waits(bench))
        session.execute(text("UPDATE upload SET state = 'running'"))
        session.commit()
        assert pressed.result().state is UploadState.RUNNING


def _all(notifier: Notifier) -> None:
    while notifier.uploads.go_on():
        pass


SEND = """
import sys
from worker import Notifier
uploads = Notifier.from_env().uploads
uploads.run(sys.argv[1])
while uploads.go_on():
    pass
"""


@pytest.mark.long
def test_a_process_that_is_killed_on_the_way_leaves_nothing_out_and_doubles_nothing(
    bench: Bench, take: Take, database_url: str
) -> None:
    uploads = bench.notifier.uploads
    upload = take(people(6000))
    uploads.plan(upload.id, campaign())
    uploads.check(upload.id)
    _all(bench.notifier)
    environ = {"DATABASE_URL": as_producer(database_url), "PATH": os.environ["PATH"]}
    process = subprocess.Popen([sys.executable, "-c", SEND, str(upload.id)], env=environ, cwd="/")
    eventually(lambda: uploads.show(upload.id).after_row)
    process.send_signal(signal.SIGKILL)
    process.wait()
    came = uploads.show(upload.id)
    assert came.done
    assert len(sent(bench)) in (came.done["queued"], 6000)

    def is_done() -> bool:
        _all(bench.notifier)
        return uploads.show(upload.id).state is UploadState.DONE

    eventually(is_done)
    assert (len(sent(bench)), set(sent(bench).values())) == (6000, {1})


def test_what_is_stopped_goes_on_where_it_was(bench: Bench, take: Take) -> None:
    uploads = bench.notifier.uploads
    upload = take(people(1500))
    uploads.plan(upload.id, campaign())
    uploads.check(upload.id)
    _all(bench.notifier)
    assert uploads.run(upload.id).state is UploadState.RUNNING
    assert uploads.go_on()
    assert uploads.stop(upload.id)
    assert not uploads.stop(upload.id)
    _all(bench.notifier)
    assert len(sent(bench)) == 1000
    uploads.run(upload.id)
    _all(bench.notifier)
    assert uploads.show(upload.id).state is UploadState.DONE
    assert len(sent(bench)) == 1500


def test_advertising_goes_out_as_one_and_too_few_are_told_before(bench: Bench, take: Take) -> None:
    uploads = bench.notifier.uploads
    few = take(people(3))
    uploads.plan(few.id, campaign("Giam gia hom nay", sms_type=1))
    refused = uploads.check(few.id)
    assert refused.state is UploadState.DRAFT
    assert refused.error
    upload = take(people(1200))
    uploads.plan(upload.id, campaign("Giam gia hom nay", sms_type=1))
    uploads.check(upload.id)
    _all(bench.notifier)
    uploads.run(upload.id)
    _all(bench.notifier)
    assert (uploads.show(upload.id).done or {})["queued"] == 1200


def test_a_file_that_we_fail_at_stops_and_holds_up_no_other(bench: Bench, take: Take) -> None:
    broken, whole = take(people(2000)), take(people(1200))
    for each in (broken, whole):
        bench.notifier.uploads.plan(each.id, campaign())
    with bench.database.begin() as session:
        session.execute(text("UPDATE upload SET state = 'checking'"))
        session.execute(
            text("""UPDATE upload SET plan = plan || '{"surprise": 1}' WHERE id = :id"""), {"id": broken.id}
        )
    _all(bench.notifier)
    found = bench.notifier.uploads.show(broken.id)
    assert (found.state, found.error and found.error.split(" at ")[0]) == (UploadState.DRAFT, "TypeError")
    assert bench.notifier.uploads.show(whole.id).state is UploadState.CHECKED


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b"name,phone\n", "has no row below"),
        (b"PK\x03\x04 nothing", "is no whole XLSX file"),
        (b"name,phone\nNguy\xea\xden,1\n", "line 2 is not UTF-8"),
        pytest.param(b"a\n" * (ROWS_MOST + 2), "has more than 100,000 rows", marks=pytest.mark.long),
        (b"name\n" + b"a" * 10 * 1024 * 1024, "is larger than 10 MB"),
    ],
)
def test_a_hostile_file_is_refused_in_a_line_and_leaves_nothing(
    bench: Bench, take: Take, content: bytes, problem: str
) -> None:
    with pytest.raises(Invalid) as refused:
        take(content)
    assert problem in str(refused.value)
    assert "\n" not in str(refused.value)
    with bench.database.begin() as session:
        assert session.scalar(text("SELECT count(*) FROM upload")) == 0


def test_signs_that_postgres_can_not_keep_are_shown_as_such(bench: Bench, take: Take) -> None:
    upload = take("name,phone\nLan\0,0901000001\n")
    [row] = bench.notifier.uploads.rows(upload.id)
    assert list(row.cells) == ["Lan\ufffd", "0901000001"]


def test_contacts_come_in_all_or_none_and_what_is_refused_is_told(bench: Bench, take: Take) -> None:
    uploads = bench.notifier.uploads
    rows = "Mã,Họ tên,SĐT,Ngày sinh\n1,Lan,0901000001,20/11/1990\n1,Hoa,0901000002,\n2,Mai,12,\n3,Ha,0901000003,soon\n"
    upload = take(rows, UploadKind.CONTACTS)
    assert uploads.columns(upload).places.keys() == {"key", "name", "phone", "birth_date"}
    uploads.plan(upload.id, ContactsPlan(source="clinic", tags=["khach"], dates="dmy"))
    expected = {"added": 2, "updated": 0, "unchanged": 0, "refused": 2, "left_out": 1}
    assert uploads.check(upload.id).foreseen == expected
    assert bench.notifier.contacts.list() == []
    assert uploads.run(upload.id).done == expected
    assert [row.number for row in uploads.all_refused(upload.id)] == [3, 4, 5]
    assert [row.name for row in bench.notifier.contacts.list(tags=["khach"], source="clinic")] == ["Lan", "Ha"]


def test_a_file_is_forgotten_a_week_after_it_was_touched_unless_it_is_at_work(bench: Bench, take: Take) -> None:
    old, running, new = (take(people(2)) for _ in range(3))
    with bench.database.begin() as session:
        past = {"past": timedelta(days=8), "ids": [old.id, running.id]}
        session.execute(text("UPDATE upload SET changed_at = now() - :past WHERE id = ANY(:ids)"), past)
        session.execute(text("UPDATE upload SET state = 'running' WHERE id = :id"), {"id": running.id})
    bench.look_after_ledger()
    with pytest.raises(NotFound, match="forgotten after 7 days"):
        bench.notifier.uploads.show(old.id)
    assert {each.id for each in bench.notifier.uploads.list(UploadKind.CAMPAIGN)} == {running.id, new.id}
    with bench.database.begin() as session:
        assert session.scalar(text("SELECT count(*) FROM upload_row")) == 4
