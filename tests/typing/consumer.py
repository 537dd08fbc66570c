"""A producer's program as a guest writes it; type-checked against the wheel, never run."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from worker import ContactFields, Enqueue, Invalid, NotFound, Notifier, Sms, SmsType, Standing, Status, Ticket


def hand_over(notifier: Notifier, at: datetime) -> list[UUID]:
    one: Ticket = notifier.enqueue(
        Sms(to="0901234567", content="Xin chao", sms_type=SmsType.CUSTOMER_CARE), reference="17", send_date=at
    )
    sms = Sms(to=["0901234567"], content="Xin chao", sms_type=SmsType.CUSTOMER_CARE)
    many: list[Ticket] = notifier.enqueue_many([sms, Enqueue(request=sms, reference="18")], source="shop", campaign="c")
    return [ticket.id for ticket in (one, *many)]


def ask(notifier: Notifier, reference: str) -> Mapping[Status, int] | None:
    try:
        standing: Standing = notifier.status(notifier.find(reference))
    except NotFound:
        return None
    return standing.statuses


def call_off(notifier: Notifier, id_: UUID) -> int:
    moved: int = notifier.cancel(id_).moved
    return moved


def tell_people(notifier: Notifier) -> str | None:
    try:
        notifier.contacts.upsert(key="17", name="Lan", phones=["0901234567"])
        notifier.contacts.upsert_many([ContactFields(key="18", tags="khach")])
    except Invalid as error:
        return str(error)
    return None
