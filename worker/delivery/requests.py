"""From a claim to the request that eSMS understands."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from worker.esms import Client, InvalidRequest, OutgoingRecordCall, OutgoingSms, OutgoingTemplateCall, Prepared
from worker.ledger import Claim
from worker.lifecycle import Kind
from worker.phone import local_of
from worker.settings import Settings


def prepared(client: Client, claim: Claim, settings: Settings, now: datetime) -> Prepared[Any]:
    """Ready for the wire. Raises InvalidRequest."""
    # A date that passed while it waited for us is not handed over: eSMS says nothing about dates in the past.
    send_date = claim.hand_over_at if claim.hand_over_at and claim.hand_over_at > now else None
    if claim.kind is Kind.SMS:
        return client.prepare_sms(_sms(claim, settings, send_date))
    if settings.sandbox:
        raise InvalidRequest("sandbox", "ESMS_SANDBOX is set, and eSMS has no sandbox for calls", "unset it")
    if claim.kind is Kind.TEMPLATE_CALL:
        return client.prepare_template_call(_template_call(claim, send_date))
    return client.prepare_record_call(_record_call(claim, send_date))


def _sms(claim: Claim, settings: Settings, send_date: datetime | None) -> OutgoingSms:
    options = claim.options
    return OutgoingSms(
        phone=[local_of(e164) for e164 in claim.phones],
        content=claim.content or "",
        sms_type=options["sms_type"],
        request_id=claim.request_id,
        brandname=options.get("brandname"),
        is_unicode=options.get("unicode", False),
        sandbox=settings.sandbox or options.get("sandbox", False),
        send_date=send_date,
    )


def _template_call(claim: Claim, send_date: datetime | None) -> OutgoingTemplateCall:
    return OutgoingTemplateCall(
        phone=local_of(claim.phones[0]),
        template_id=claim.template_id or "",
        variables=claim.options.get("variables", ()),
        send_date=send_date,
    )


def _record_call(claim: Claim, send_date: datetime | None) -> OutgoingRecordCall:
    options = dict(claim.options)
    if forward := options.pop("number_forward", None):
        options["number_forward"] = local_of(forward)
    return OutgoingRecordCall(
        phone=local_of(claim.phones[0]), record_id=claim.template_id or "", send_date=send_date, **options
    )
