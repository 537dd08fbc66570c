"""What it cost: eSMS's word, else the list's, else unknown; equal to what each message's own row says."""

from __future__ import annotations

import json
import random
import stat
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from tests.history.sums import fold_all
from tests.support import Bench, otp
from worker import Sms, SmsType, TemplateCall, ledger
from worker.api.prices import PriceRow
from worker.cli import run
from worker.database import Database
from worker.lifecycle import FAILED
from worker.reporting import Costs
from worker.reporting.costs import TAKEN_CODES

LONG_AGO = date(2020, 1, 1)
ACCENTED = "Chúc chị Lan sinh nhật vui vẻ, mọi điều như ý, và thật nhiều sức khỏe nhé chị!"  # 2 SMS, 1 without accents


def one(bench: Bench, request: Any = None, status: str = "delivered", **columns: str) -> None:
    """A message that came to this."""
    facts = {"status": f"'{status}'", "accepted_at": "now()", "code": "'100'"} | columns
    bench.set(bench.put(request), **facts)


def figures(line: Costs, names: str) -> list[Any]:
    return [getattr(line, name) for name in names.split()]


def costs_of(bench: Bench, *by: Any, **which: Any) -> list[Costs]:
    fold_all(bench.database)
    return list(bench.notifier.reports.costs(by, **which))


def listed(bench: Bench, *rows: tuple[int, str, int]) -> None:
    bench.notifier.prices.put(
        [
            PriceRow(sms_type=sms_type, network=network, valid_from=LONG_AGO, dong=Decimal(dong))
            for sms_type, network, dong in rows
        ]
    )


def test_esms_is_believed_then_the_list_and_the_rest_is_unknown(bench: Bench) -> None:
    listed(bench, (7, "viettel", 700), (7, "", 800))
    one(bench, price="790", network="'VIETTEL'")
    one(bench, network="'VIETTEL'")
    one(bench, network="'mobifone'")
    one(bench, TemplateCall(to="0901000001", template_id="1"))
    [line] = costs_of(bench)
    assert figures(line, "told told_messages listed listed_messages") == [790, 1, 1500, 2]
    assert figures(line, "cost unknown_messages known messages") == [2290, 1, "part", 4]
    assert [(each.key["sms_type"], each.known) for each in costs_of(bench, "sms_type")] == [(0, "no"), (7, "both")]
    assert [each.known for each in costs_of(bench, network="mobifone")] == ["list"]
    assert figures(line, "told_and_listed list_for_told") == [790, 700]  # the list is not what eSMS bills


def test_what_esms_never_took_costs_nothing_and_what_is_in_doubt_is_told_apart(bench: Bench) -> None:
    listed(bench, (7, "", 800))
    for status, code in (("cancelled", "NULL"), ("expired", "NULL"), ("rejected", "'104'"), ("sandboxed", "'100'")):
        one(bench, status=status, code=code, accepted_at="NULL")
    one(bench, status="held", accepted_at="NULL", code="NULL", reason="'test'")
    bench.put()
    [line] = costs_of(bench)
    assert figures(line, "cost messages doubtful_messages") == [0, 0, 1]
    one(bench, status="rejected")  # by the operator, after eSMS took it
    one(bench, status="undelivered")
    [line] = costs_of(bench)
    assert figures(line, "cost failed failed_messages") == [1600, 1600, 2]


def test_long_texts_and_accents_are_told_with_what_they_cost(bench: Bench) -> None:
    listed(bench, (7, "", 800), (3, "", 500))
    one(bench, otp(content="x" * 161))
    one(bench, otp(content="x" * 160))
    one(bench, Sms(to="0901000001", content=ACCENTED, sms_type=SmsType.RANDOM, unicode=True))
    one(bench, Sms(to="0901000001", content=ACCENTED * 3, sms_type=SmsType.RANDOM, unicode=True), price="900")
    random_number, code = costs_of(bench, "sms_type")
    assert figures(code, "segments long_segments long accents") == [3, 1, 800, 0]
    assert figures(random_number, "segments accent_segments long_segments") == [6, 3, 1]
    each = Decimal(900 + 1000) / 6  # of a segment, as far as is known
    assert random_number.accents == pytest.approx(3 * each)


def test_a_price_holds_from_its_day_and_a_list_that_changes_changes_what_it_cost(bench: Bench) -> None:
    listed(bench, (7, "", 800))
    one(bench, wanted_at="now() - interval '10 days'")
    one(bench)
    today = datetime.now(UTC).date() - timedelta(days=5)
    bench.notifier.prices.put([PriceRow(sms_type=7, network="", valid_from=today, dong=Decimal(900))])
    assert [line.cost for line in costs_of(bench, "day")] == [800, 900]
    bench.notifier.prices.remove(7, "", LONG_AGO)
    assert [figures(line, "cost known") for line in costs_of(bench, "day")] == [[0, "no"], [900, "list"]]


def test_what_was_handed_over_before_segments_were_counted_is_unknown(bench: Bench, database: Database) -> None:
    listed(bench, (7, "", 800))
    one(bench)
    one(bench)
    with database.begin() as session:
        session.execute(
            text("UPDATE notification SET segments = NULL WHERE id = (SELECT min(id::text)::uuid FROM notification)")
        )
    [line] = costs_of(bench)
    assert figures(line, "cost listed_messages unknown_messages messages") == [800, 1, 1, 2]


def test_sums_equal_what_each_message_says_of_itself(bench: Bench, database: Database) -> None:
    """Of several days, kinds and networks, with and without a price, sent again and not."""
    dice = random.Random(7)
    listed(bench, (7, "viettel", 700), (4, "", 555))
    for number in range(60):
        sms_type = dice.choice([SmsType.OTP, SmsType.NOTIFY])
        ticket = bench.put(Sms(to=f"09010{number:05}", content="x" * dice.choice([10, 161, 400]), sms_type=sms_type))
        for _ in range(dice.choice([1, 1, 2])):
            status = dice.choice(["delivered", "undelivered", "rejected", "held", "cancelled", "unknown", "accepted"])
            days, price = dice.randrange(40), dice.choice(["NULL", "790", "812.5"])
            bench.set(
                ticket,
                status=f"'{status}'",
                code=dice.choice(["'100'", "'104'"]),
                network=dice.choice(["'VIETTEL'", "'Vinaphone'", "NULL"]),
                price="NULL" if status in ("held", "cancelled") else price,
                wanted_at=f"now() - interval '{days} days'",
                accepted_at="now()",
                reason="'test'",
            )
            bench.notifier.retry(ticket.id)
    found = {line.key["month"]: line for line in costs_of(bench, "month")}
    with database.begin() as session:
        expected = _counted(session.execute(text(EACH)).all())
    told = {
        month: (line.messages, line.told, line.listed, line.unknown_messages, line.doubtful_messages, line.failed)
        for month, line in found.items()
    }
    assert told == expected
    with database.begin() as session:
        ledger.begin_anew(session, "Asia/Ho_Chi_Minh")
    assert {line.key["month"]: line for line in costs_of(bench, "month")} == found


EACH = """
    SELECT to_char(timezone('Asia/Ho_Chi_Minh', one.wanted_at), 'YYYY-MM') AS month, one.status, one.code, one.price,
        n.segments, CAST(n.options ->> 'sms_type' AS integer) AS sms_type, lower(one.network) AS network
    FROM (
        SELECT id, wanted_at, status, code, price, network FROM message UNION ALL
        SELECT message_id, wanted_at, status, code, price, network FROM attempt WHERE status NOT IN ('queued', 'held')
    ) AS one JOIN message AS m USING (id) JOIN notification AS n ON n.id = m.notification_id
"""


def _counted(rows: Any) -> dict[str, tuple[Any, ...]]:
    sums: dict[str, list[Any]] = defaultdict(lambda: [0, Decimal(0), Decimal(0), 0, 0, Decimal(0)])
    for row in rows:
        taken = row.status in ("delivered", "undelivered", "unknown", "accepted") or (
            row.status == "rejected" and row.code in TAKEN_CODES
        )
        of_one = 555 if row.sms_type == 4 else 700 if row.network == "viettel" else None
        line = sums[row.month]
        by_list = row.segments * of_one if of_one and taken and row.price is None else 0
        line[0] += taken or row.price is not None
        line[1] += row.price or 0
        line[2] += by_list
        line[3] += taken and row.price is None and of_one is None
        line[4] += row.status == "held" and row.price is None
        line[5] += ((row.price or 0) + by_list) if row.status in FAILED else 0
    return {month: tuple(line) for month, line in sums.items() if line[0] or line[4]}


def test_the_command_line_says_whose_figure_it_is(
    bench: Bench, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "160")
    listed(bench, (7, "", 800))
    one(bench, otp(content="x" * 161))
    one(bench, TemplateCall(to="0901000001", template_id="1"))
    fold_all(bench.database)
    assert run(["report", "costs", "--by", "sms_type"]) == 0
    call, sms = capsys.readouterr().out.splitlines()[1:3]
    assert call.split()[3:] == ["?", "unknown", "?", "?", "?", "1"], "nobody knows, which is not nothing"
    assert sms.split() == ["7", "1", "2", "1,600", "price", "list", "0", "800", "0", "0"]
    assert run(["report", "costs", "--json"]) == 0
    [line] = json.loads(capsys.readouterr().out)
    assert (line["known"], line["cost"], line["unknown_messages"]) == ("part", "1600", 1)
    file = tmp_path / "costs.csv"
    assert run(["report", "costs", "--csv", str(file)]) == 0
    assert "1600" in file.read_text(encoding="utf-8-sig")


def test_a_page_is_whole_and_its_owners_alone_in_either_language(
    bench: Bench, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("LANG", "C.UTF-8")
    one(bench)
    fold_all(bench.database)
    file = tmp_path / "report.html"
    file.write_text("an older one")
    file.chmod(0o644)
    assert run(["report", "html", str(file)]) == 0
    assert 'lang="en"' in (english := file.read_text()) and english.rstrip().endswith("</html>")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert run(["report", "html", str(file), "--lang", "vi"]) == 0
    assert "Đã đến nơi" in (vietnamese := file.read_text())
    assert run(["report", "html", str(file), "--campaign", "none such"]) == 1
    assert run(["report", "html", str(file), "--since", "2026-02-01", "--until", "2026-01-01"]) == 2
    assert run(["report", "html", str(tmp_path / "no" / "folder.html")]) == 1
    assert all(line.startswith("error: ") for line in capsys.readouterr().err.splitlines())
    assert file.read_text() == vietnamese
    assert [each.name for each in tmp_path.iterdir()] == [file.name]
