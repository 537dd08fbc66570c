"""Messages of all kinds, each to a number of its own, handed over as a careful application does: until it is sure."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, TypeVar

from celery import Celery
from sqlalchemy import text

from worker import Notifier, RecordCall, Sms, SmsType, TemplateCall, Ticket, Unavailable
from worker.database import Database
from worker.intake import Enqueue, Request
from worker.ledger.templates import StoredTemplate, add_template
from worker.lifecycle import Kind

T = TypeVar("T")

GROUP = 25  # recipients of one advertising request; eSMS refuses fewer than 20
PATIENCE = 60.0  # seconds that an application goes on trying


class Stock:
    """What was handed over: the judge asks after every number of it.

    first: where its numbers begin, so that two stocks of one ledger share none.
    """

    def __init__(self, notifier: Notifier, campaign: str, *, first: int = 0) -> None:
        self.notifier, self.campaign = notifier, campaign
        self.campaigns = [campaign]  # with those of its events
        self.phones: list[str] = []  # in local form
        self.cancelled: set[str] = set()  # numbers whose cancel came in time, as the application was told
        self.text = "Tin nhan"  # each with a number of its own behind it
        self._next = first

    def hundred(self) -> None:
        """A hundred of all kinds: codes, care, slow ones, advertising, calls, later ones, some taken back."""
        self.hand_over(self.sms(20), self.sms(12, SmsType.CUSTOMER_CARE), self.sms(8, SmsType.RANDOM), self.calls(20))
        self.hand_over(self.advertising())
        self.hand_over(self.sms(10), send_date=_soon())
        self.taken_back(5)

    def coming(self, count: int) -> list[str]:
        """The numbers that the next so many messages will go to, in local form."""
        return [_local(number) for number in range(self._next + 1, self._next + 1 + count)]

    # What to hand over...

    def sms(self, count: int, sms_type: SmsType = SmsType.OTP) -> list[Request]:
        return [Sms(to=self._phone(), content=f"{self.text} {self._next}", sms_type=sms_type) for _ in range(count)]

    def calls(self, count: int) -> list[Request]:
        """Half of them read a template, half play a recording."""
        return [self._call(with_template=place % 2 == 0) for place in range(count)]

    def advertising(self) -> list[Request]:
        """One request to many."""
        numbers = [self._phone() for _ in range(GROUP)]
        return [Sms(to=numbers, content=f"Khuyen mai {self._next}", sms_type=SmsType.ADVERTISING)]

    # How...

    def hand_over(
        self, *requests: Sequence[Request], send_date: datetime | None = None, **followed: Any
    ) -> list[Ticket]:
        """All in one transaction, with references: what was stored although the answer was lost is not stored again."""
        named = [
            Enqueue(
                request=request,
                reference=f"{self._next}:{place}",
                source=self.campaign,
                campaign=self.campaign,
                send_date=send_date,
                **followed,
            )
            for place, request in enumerate(chain(*requests))
        ]
        return self._until_sure(lambda: self.notifier.enqueue_many(named))

    def one_by_one(self) -> None:
        """A hundred codes, each as somebody who signs in waits for it."""
        named: dict[str, Any] = {"source": self.campaign, "campaign": self.campaign}
        for place, code in enumerate(self.sms(100), self._next):
            self._until_sure(lambda: self.notifier.enqueue(code, reference=f"{place}:code", **named))  # noqa: B023 — at once

    def advertise(self, people: int, texts: int) -> None:
        """So many texts to each of these, every one a message of its own."""
        phones = [self._phone() for _ in range(people)]
        self.phones += phones * (texts - 1)
        named = [(to, f"[QC] Giam gia {number}") for number in range(texts) for to in phones]
        self.hand_over([Sms(to=to, content=content, sms_type=SmsType.RANDOM) for to, content in named])

    def taken_back(self, count: int) -> None:
        """Handed over for later, and cancelled at once."""
        tickets = self.hand_over(self.sms(count), send_date=_soon())
        for ticket, phone in zip(tickets, self.phones[-count:], strict=True):
            if self._until_sure(lambda id_=ticket.id: self.notifier.cancel(id_)).moved:  # type: ignore[misc]
                self.cancelled.add(phone)

    def by_task(self, app: Celery, count: int, *, to: str | None = None) -> None:
        """As an application does that has only the broker. to: what it gives in place of the number."""
        for _ in range(count):
            phone = self._phone()
            fields = {"to": to or phone, "content": f"Tin nhan {self._next}", "sms_type": 4}
            names = {"reference": f"{self._next}:task", "source": self.campaign, "campaign": self.campaign}
            app.send_task("worker.enqueue_sms", kwargs=fields | names, queue="enqueue")

    def by_sql(self, database: Database, count: int) -> None:
        """As an application does that knows SQL and nothing else, in a transaction of its own."""
        statement = text("SELECT esms.enqueue_sms(:source, :reference, :to, :content, 4, campaign => :source)")
        rows = [body | {"source": self.campaign, "reference": body["content"]} for body in self.bodies(count)]
        with database.begin() as session:
            for row in rows:
                session.execute(statement, row)

    def bodies(self, count: int) -> list[dict[str, Any]]:
        """As an application has them that knows HTTP and nothing else."""
        return [
            {"to": self._phone(), "content": f"{self.text} {self._next}", "sms_type": 4, "campaign": self.campaign}
            for _ in range(count)
        ]

    def reminded(self, database: Database, count: int) -> None:
        """An event whose reminders are overdue, though it has not begun: they go out at once."""
        with database.begin() as session:
            add_template(session, StoredTemplate(name=f"mau {self._next}", kind=Kind.SMS, content="Nhac hen {time}"))
        wanted: dict[str, Any] = {
            "source": self.campaign,
            "key": str(self._next),
            "starts_at": datetime.now(UTC) + timedelta(hours=2),
            "template": f"mau {self._next}",
            "offsets": ["3h"],
            "version": 1,
        }
        attendees = [{"key": str(place), "phone": self._phone()} for place in range(count)]
        event = self._until_sure(lambda: self.notifier.reminders.upsert_event(**wanted, attendees=attendees))
        self.campaigns.append(f"event:{event.id}")

    def _call(self, *, with_template: bool) -> Request:
        if with_template:
            return TemplateCall(to=self._phone(), template_id="1001", variables=["Lan"])
        return RecordCall(to=self._phone(), record_id="2001")

    def _phone(self) -> str:
        self._next += 1
        self.phones.append(_local(self._next))
        return self.phones[-1]

    def _until_sure(self, step: Callable[[], T]) -> T:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return step()
            except Unavailable:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)  # the condition to wait for is in another process


def _local(number: int) -> str:
    return f"09{number:08}"


def _soon() -> datetime:
    """Long enough for a cancel to come in time, most often."""
    return datetime.now(UTC) + timedelta(seconds=3)
