"""The documents are true: their blocks run in order, and docs/api.md is what the docstrings say."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import Workbook
from redis import Redis

from tests import canary
from tests.documents import api
from tests.documents.blocks import ROOT, blocks, run
from tests.support import Bench, as_producer
from worker.settings import environment

DOCUMENTS = ["contacts.md", "costs.md", "enqueue.md", "page.md", "reminders.md", "send-again.md", "templates.md"]
PEOPLE = [
    ["Mã NV", "Họ", "Tên", "SĐT", "Ngày sinh", "Phòng", "Tags"],
    ["17", "Nguyễn Thị", "Lan", "0901234017", "1990-03-01", "A1", "staff"],
    ["18", "Trần Văn", "Minh", "0901234018", "1988-08-15", "A2", "staff, pupil"],
]
MEETING = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//clinic//EN
BEGIN:VEVENT
UID:abc@clinic
DTSTAMP:20260101T000000Z
DTSTART:20990301T070000Z
SUMMARY:Kham rang
LOCATION:Phong 2
END:VEVENT
END:VCALENDAR
"""


def lay_out(folder: Path) -> None:
    """The files that a reader has: people in a sheet, a calendar."""
    book = Workbook()
    for row in PEOPLE:
        book.active.append(row)  # type: ignore[union-attr]
    book.save(folder / "staff.xlsx")
    (folder / "staff.csv").write_text("\n".join(",".join(f'"{cell}"' for cell in row) for row in PEOPLE))
    (folder / "people.csv").write_text("name,phone,amount\nLan,0901234017,5\n")
    (folder / "meetings.ics").write_text(MEETING)

    prices = ["sms_type,network,valid_from,dong", "2,viettel,2026-01-01,790", "2,viettel,2026-07-15,820"]
    (folder / "prices.csv").write_text("\n".join([*prices, "2,,2026-01-01,850", "call,,2026-01-01,450"]))


@pytest.fixture
def reader(bench: Bench, database_url: str, redis_url: str, tmp_path: Path) -> dict[str, str]:
    """A reader's environment, in a folder with the files that the document speaks of."""
    lay_out(tmp_path)
    with Redis.from_url(redis_url) as redis:
        redis.flushdb()
    addresses = {
        "DATABASE_URL": as_producer(database_url),
        "REDIS_URL": redis_url,
        "ESMS_BRANDNAME": "sangbrand",
    }
    provider = {"ESMS_REST_URL": bench.simulator.rest_url, "ESMS_VOICE_URL": bench.simulator.voice_url}
    return environment(besides_up=True) | addresses | provider | canary.ENVIRON


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_block_of_a_document_runs_in_its_order(name: str, reader: dict[str, str], tmp_path: Path) -> None:
    for block in blocks(ROOT / "docs" / name):
        if not block.reason:
            run(block, tmp_path, reader)


def test_every_other_block_of_the_documents_says_why_it_is_not_run() -> None:
    for document in sorted((ROOT / "docs").glob("*.md")):
        if document.name not in DOCUMENTS:
            assert [block.line for block in blocks(document) if not block.reason] == [], document.name


def test_the_python_interface_is_written_down_as_the_docstrings_have_it() -> None:
    assert api.DOCUMENT.read_text() == api.document(), "run `make docs`"
