"""The sums of the reports, and the same counted on the raw tables: the slow way that must agree."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from worker import ledger
from worker.database import Database
from worker.lifecycle import DAILY_SUMS, FINAL, PURPOSE

ZONE = "Asia/Ho_Chi_Minh"

# What a person had sent again stays as it was: the attempt that ended a generation. One that was held had not ended.
RAW = f"""
    SELECT CAST(timezone('{ZONE}', one.wanted_at) AS date) AS day, n.source, coalesce(n.campaign, ''), {PURPOSE},
        m.lane,
        coalesce(CAST(n.options ->> 'sms_type' AS integer), 0),
        CASE WHEN one.status = ANY(:final) THEN lower(coalesce(one.network, '')) ELSE '' END, one.status,
        coalesce(one.code, ''), count(*)
    FROM (
        SELECT id, coalesce(wanted_at, created_at) AS wanted_at, status, code, network FROM message
        UNION ALL
        SELECT message_id, wanted_at, status, code, network FROM attempt WHERE status NOT IN ('queued', 'held')
    ) AS one JOIN message AS m USING (id) JOIN notification AS n ON n.id = m.notification_id
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
"""

# Only as they stand now, each with what it took the place of.
STANDING = f"""
    SELECT m.id, m.replaces, CAST(timezone('{ZONE}', coalesce(m.wanted_at, m.created_at)) AS date) AS day, n.source,
        coalesce(n.campaign, '') AS campaign, {PURPOSE} AS purpose, m.lane,
        coalesce(CAST(n.options ->> 'sms_type' AS integer), 0) AS sms_type,
        CASE WHEN m.status = ANY(:final) THEN lower(coalesce(m.network, '')) ELSE '' END AS network, m.status,
        coalesce(m.code, '') AS code
    FROM message AS m JOIN notification AS n ON n.id = m.notification_id
"""

_KEYS = "source, campaign, purpose, lane, sms_type, network, status, code"
_SUMS = (*DAILY_SUMS, "superseded")
BY_MONTH = (
    f"SELECT month, {_KEYS}, {', '.join(_SUMS)} FROM report_month",
    f"""
        SELECT CAST(date_trunc('month', day) AS date), {_KEYS}, {", ".join(f"sum({name})" for name in _SUMS)}
        FROM report_daily GROUP BY 1, {_KEYS}
    """,
)

Key = tuple[Any, ...]


def raw(session: Session) -> dict[Key, int]:
    """Counted on the messages and their attempts."""
    return {tuple(key): n for *key, n in session.execute(text(RAW), {"final": [str(each) for each in FINAL]})}


def people(session: Session) -> dict[Key, int]:
    """Each recipient once: by what was delivered, else by the last that was not called back, else by the last."""
    rows = session.execute(text(STANDING), {"final": [str(each) for each in FINAL]}).all()
    following = {row.replaces: row for row in rows if row.replaces is not None}
    chains = ([row] for row in rows if row.replaces is None)
    return dict(Counter(tuple(_counted(_whole(chain, following))[2:]) for chain in chains))


def _whole(chain: list[Any], following: dict[Any, Any]) -> list[Any]:
    while (after := following.get(chain[-1].id)) is not None:
        chain.append(after)
    return chain


def _counted(chain: list[Any]) -> Any:
    delivered = [row for row in chain if row.status == "delivered"]
    return (delivered or [row for row in chain if row.status != "cancelled"] or chain)[-1]


def counted(session: Session) -> dict[Key, int]:
    """People as the fold has them, which is no table but what it says of the messages."""
    query = "SELECT *, messages - superseded AS people FROM report_daily WHERE messages <> superseded"
    return {tuple(row[:9]): row.people for row in session.execute(text(query))}


def daily(session: Session) -> dict[Key, int]:
    """As the fold has it; the months' sums are what these add up to."""
    months, added = ({tuple(row) for row in session.execute(text(query)) if any(row[9:])} for query in BY_MONTH)
    assert months == added
    rows = session.execute(text("SELECT * FROM report_daily WHERE (messages, segments, priced, price) <> (0, 0, 0, 0)"))
    return {tuple(row[:9]): row.messages for row in rows}


def latency(session: Session) -> dict[Key, int]:
    """The buckets of each day; those of the months are what these add up to."""
    days, months = (
        {tuple(row[:9]): row.messages for row in session.execute(text(f"SELECT * FROM {table}")) if row[9]}
        for table in ("report_latency", "report_latency_month")
    )
    added: Counter[Key] = Counter()
    for (day, *key), messages in days.items():
        added[day.replace(day=1), *key] += messages
    assert months == dict(added)
    return days


def fold_all(database: Database, *, most: int = 1000) -> None:
    """Until nothing is left."""
    more = True
    while more:
        with database.begin() as session:
            more = ledger.fold(session, ZONE, most=most)


def by_status(database: Database) -> dict[str, int]:
    """Of all days."""
    counted: Counter[str] = Counter()
    with database.begin() as session:
        for key, messages in daily(session).items():
            counted[key[7]] += messages
    return dict(counted)
