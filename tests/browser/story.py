"""A day of a clinic and its shop, put in the ledger at once: what pictures and tests of pages look at."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal

from sqlalchemy import text

from tests.support import Bench
from worker import RecordCall, Sms, SmsType
from worker.api.prices import PriceRow
from worker.intake import Enqueue
from worker.lifecycle import Kind

CODES, CARE, WISHES = 420, 260, 900
_LIVED = text("""
    UPDATE message AS m SET status = e.status, code = e.code, reason = e.reason, network = e.network,
        accepted_at = CASE WHEN e.status <> 'rejected' THEN e.at END, settled_at = e.at + interval '6 seconds',
        attempts = 1, request_id = replace(CAST(m.id AS text), '-', ''), sms_id = left(CAST(m.id AS text), 18),
        in_doubt_since = CASE WHEN e.status = 'held' THEN e.at END, poll_at = NULL
    FROM (
        SELECT id,
            now() - interval '170 minutes' * sqrt(((hashtext(CAST(id AS text)) & 65535) / 65536.0)) AS at,
            CASE WHEN dice < 905 THEN 'delivered' WHEN dice < 945 THEN 'undelivered' WHEN dice < 965 THEN 'rejected'
                 WHEN dice < 990 THEN 'accepted' ELSE 'unknown' END AS status,
            CASE WHEN dice BETWEEN 945 AND 954 THEN '118' WHEN dice BETWEEN 955 AND 964 THEN '146'
                 ELSE '100' END AS code,
            CAST(NULL AS text) AS reason,
            CASE WHEN dice % 3 = 0 THEN 'VIETTEL' WHEN dice % 3 = 1 THEN 'MOBI' ELSE 'VINA' END AS network
        FROM (
            SELECT id, (hashtext(CAST(id AS text)) & 1023) * 1000 / 1024 AS dice FROM message WHERE lane <> 'voice'
        ) AS d
    ) AS e WHERE m.id = e.id AND m.due_at <= now()
""")


VISIT = "Phong kham An Tam: moi chi Lan den kham luc 14h30 ngay mai."


def live(bench: Bench) -> None:
    """Some hundreds of messages of three hours, with whatever happens to some."""
    price = PriceRow(sms_type=7, network="", valid_from=date(2020, 1, 1), dong=Decimal(790))
    bench.notifier.prices.put([price])
    dice = random.Random(7)

    def number() -> str:
        return f"09{dice.choice('013')}{dice.randrange(10**7):07d}"

    codes = [
        Enqueue(request=Sms(to=number(), content="Ma xac nhan cua ban: 481516", sms_type=SmsType.OTP), source="shop")
        for _ in range(CODES)
    ]
    care = [
        Enqueue(request=Sms(to=number(), content=VISIT, sms_type=SmsType.CUSTOMER_CARE),
            source="clinic", campaign="nhac-hen-kham", reference=f"kham:{n}",
        )
        for n in range(CARE)
    ]  # fmt: skip
    wishes = [
        Enqueue(
            request=Sms(to=number(), content="Chuc mung sinh nhat!", sms_type=SmsType.NOTIFY),
            source="shop",
            campaign="sinh-nhat",
        )
        for _ in range(WISHES)
    ]
    bench.notifier.enqueue_many([*codes, *care, *wishes])
    with bench.database.begin() as session:
        session.execute(_LIVED)
    _waiting(bench)
    _people(bench)
    bench.roll_up()
    _spread(bench)


def _people(bench: Bench) -> None:
    """Who is reminded of what, who signs in, and what an application got wrong."""
    notifier = bench.notifier
    notifier.templates.save("hen-kham", content="Phong kham An Tam: moi {name} den {title}")
    notifier.contacts.upsert(key="lan", source="clinic", name="Nguyễn Thị Lan", phones="0901234567")
    notifier.reminders.upsert_event(
        source="page", key="hop", title="Tái khám định kỳ", starts_at="2031-03-01T08:00", offsets=["1d", "2h"],
        template="hen-kham", attendees=[{"key": "1", "phone": "0901234567", "name": "Nguyễn Thị Lan"}], sms_type=4,
    )  # fmt: skip
    for name, role in (("thu", "operator"), ("minh", "viewer")):
        notifier.users.add(name, role)
    mistakes: list[dict[str, object]] = [{"to": "090123"}, {"content": ""}, {"sms_type": 99}, {"send_date": "soon"}]
    for n, wrong in enumerate(mistakes):
        fields: dict[str, object] = {
            "to": "0901234567",
            "content": "Ma: 481516",
            "sms_type": 7,
            "source": "shop",
            "reference": f"don:{n}",
        }
        with notifier.refused.kept("sms", fields | wrong, task_id=None):
            notifier.enqueue_fields(Kind.SMS, fields | wrong, late=True)


def _waiting(bench: Bench) -> None:
    later = [Sms(to=f"0988{n:06d}", content="Cam on quy khach!", sms_type=SmsType.NOTIFY) for n in range(180)]
    bench.notifier.enqueue_many(later, source="shop", campaign="cam-on")
    bench.notifier.pause_campaign("cam-on")
    for n in range(3):
        bench.put(RecordCall(to=f"091234500{n}", record_id="2001"), source="clinic", reference=f"goi:{n}")
    with bench.database.begin() as session:
        session.execute(text("""
            UPDATE message SET status = 'held', attempts = 1, dialled_at = now() - interval '20 minutes',
                in_doubt_since = now() - interval '20 minutes', reason = 'no answer came in time'
            WHERE lane = 'voice'
        """))  # fmt: skip
        names = ["urgent", "deliver", "poll", "enqueue", "housekeeping", "webhooks"]
        session.execute(
            text("INSERT INTO heartbeat (name, at) SELECT n, now() FROM unnest(CAST(:names AS text[])) AS n"),
            {"names": ["beat", *(f"queue:{name}" for name in names)]},
        )
        session.execute(text("INSERT INTO account_balance (id, dong) VALUES (1, 4182500)"))


def _spread(bench: Bench) -> None:
    """Over the three hours in which they would have happened."""
    with bench.database.begin() as session:
        session.execute(text("DELETE FROM report_minute"))
        session.execute(text("""
            INSERT INTO report_minute (minute, lane, status, messages)
            SELECT date_trunc('minute', at), lane, status, count(*) FROM (
                SELECT accepted_at AS at, lane, 'accepted' AS status FROM message WHERE accepted_at IS NOT NULL
                UNION ALL SELECT settled_at, lane, status FROM message WHERE settled_at IS NOT NULL
            ) AS e GROUP BY 1, 2, 3
        """))  # fmt: skip
