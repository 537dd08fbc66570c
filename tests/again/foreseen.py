"""What failed at known prices, and what a dry run of sending it again says beside what that then does."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from tests.support import Bench
from worker import Sms, Ticket, again
from worker.again import Corrected, Failed
from worker.api.again import Outlook
from worker.api.decisions import Decision

PRICES = {1: 900, 2: 800, 3: 700, 4: 600, 7: 500, 0: 400}  # by SmsType, 0: a call; of Viettel a tenth more
LONG = "Cua hang moi mo cua vao thu bay, moi ban ghe choi. " * 4


def further(*values: int) -> Iterator[Any]:
    """More of the same, which take longer together than `make test` should."""
    return (pytest.param(value, marks=pytest.mark.long) for value in values)


def numbers(count: int, first: int = 0) -> list[str]:
    return [f"0903{first + n:06d}" for n in range(count)]


def failing(bench: Bench, ticket: Ticket, most: int = 10**6, **columns: Any) -> None:
    """So many of its recipients, or all; the others got it."""
    stands = {"status": "'undelivered'", "settled_at": "now()", "accepted_at": "now()", "code": "'100'"} | columns
    assigned = ", ".join(f"{name} = {expression}" for name, expression in stands.items())
    some = "SELECT id FROM message WHERE notification_id = :id ORDER BY id LIMIT :most"
    bench.set(ticket, status="'delivered'", settled_at="now()", accepted_at="now()")
    with bench.database.begin() as session:
        session.execute(text(f"UPDATE message SET {assigned} WHERE id IN ({some})"), {"id": ticket.id, "most": most})


def sms(bench: Bench, number: str, content: str = "Don hang", sms_type: int = 4, **columns: Any) -> Ticket:
    ticket = bench.put(Sms(to=number, content=content, sms_type=sms_type), campaign="tet")
    failing(bench, ticket, **columns)
    return ticket


def advertising(bench: Bench, failed: int, first: int = 0, content: str = "Sale") -> Ticket:
    """To thirty or more, of whom so many did not get it."""
    request = Sms(to=numbers(max(30, failed), 100_000 + first), content=content, sms_type=1)
    ticket = bench.put(request, campaign="tet")
    failing(bench, ticket, failed)
    return ticket


def in_full(bench: Bench, failed: Failed, corrected: Corrected | None) -> Decision:
    """The first hundred arrive, so that the rest follows."""
    decided = bench.notifier.again.retry(failed, corrected=corrected)
    with bench.database.begin() as session:
        session.execute(text("UPDATE rerun SET state = 'going', look_at = now() WHERE state = 'trying'"))
    while again.go_on(bench.database, bench.settings):
        pass
    return decided


# Of whatever was queued again: as what it goes out, and what it costs.
_WENT = text("""
    SELECT coalesce(CAST(n.options ->> 'sms_type' AS integer), 0) AS sms_type, n.purpose, m.lane, count(*) AS messages,
        sum(coalesce(n.segments, 1)) AS segments, sum(coalesce(n.segments, 1) * (
            SELECT dong FROM price AS p WHERE p.sms_type = coalesce(CAST(n.options ->> 'sms_type' AS integer), 0)
              AND p.network IN (coalesce(lower(old.network), ''), '') ORDER BY p.network = '' LIMIT 1
        )) AS dong
    FROM message AS m JOIN notification AS n ON n.id = m.notification_id
    JOIN before AS old ON old.id = coalesce(m.replaces, m.id)
    WHERE m.wanted_by IS NOT NULL AND m.status <> 'cancelled'
    GROUP BY 1, 2, 3
""")


def went(bench: Bench) -> list[Any]:
    with bench.database.begin() as session:
        return list(session.execute(_WENT))


def remember(bench: Bench) -> None:
    with bench.database.begin() as session:
        session.execute(text("DROP TABLE IF EXISTS before"))
        session.execute(text("CREATE TABLE before AS SELECT id, network FROM message"))


def foreseen_and_done(bench: Bench, failed: Failed, corrected: Corrected | None = None) -> tuple[Outlook, Decision]:
    """Both, the one as the other."""
    remember(bench)
    outlook = bench.notifier.again.foresee(failed, corrected=corrected)
    assert not went(bench), "nothing was queued"
    decided = in_full(bench, failed, corrected)
    done = went(bench)
    assert outlook.going == sum(row.messages for row in done)
    assert outlook.segments == sum(row.segments for row in done)
    assert outlook.dong == sum((row.dong for row in done), Decimal(0))
    ways = {(int(each.sms_type or 0), str(each.purpose), str(each.lane)): each.messages for each in outlook.ways}
    assert ways == {(row.sms_type, row.purpose, row.lane): row.messages for row in done}
    if not decided.rest:
        assert (dict(outlook.left), outlook.unfit) == (decided.left, decided.unfit)
    return outlook, decided


def known(bench: Bench, number: str, **attributes: str) -> None:
    person = {"source": "hr", "key": number, "phones": [number], "name": "Lan", "attributes": attributes}
    bench.notifier.contacts.upsert_fields(person)
