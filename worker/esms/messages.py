"""What goes out to eSMS and what comes back, as values.

No repr here shows a number or a text: these values end up in tracebacks and logs.
"""

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime
from decimal import Decimal

from worker.esms.values import made_often

# Out...


@made_often(kw_only=True)
class OutgoingSms:
    """An SMS for `SendMultipleMessage_V4_get` (manual II.2).

    phone: local form, `0` and nine digits; several for advertising. content: not empty.
    sms_type: 1, 2, 3, 4, 6, 7, 8 or 13.
    request_id: at most 50 characters, the same for every attempt of one message: eSMS takes one only once in 24 hours.
    brandname: with sms_type 1 and 2, and only there. is_unicode: keeps the accents, with sms_type 3 only.
    sandbox: eSMS creates the message but delivers nothing.
    send_date: when eSMS is to send it, with its zone; None is now.
    """

    phone: str | Sequence[str] = field(repr=False)
    content: str = field(repr=False)
    sms_type: int
    request_id: str
    brandname: str | None = None
    is_unicode: bool = False
    sandbox: bool = False
    send_date: datetime | None = None


@made_often(kw_only=True)
class OutgoingTemplateCall:
    """A call that speaks a registered template, for `MakeCallTemplate_V2` (manual III.1).

    phone: local form. variables: the template's values, left to right; none may hold `||`.
    send_date: with its zone; None is now.
    """

    phone: str = field(repr=False)
    template_id: str
    variables: Sequence[str] = field(default=(), repr=False)
    send_date: datetime | None = None


@made_often(kw_only=True)
class OutgoingRecordCall:
    """A call that plays a registered recording, for `MakeCallRecord_V2` (manual III.2).

    phone: local form. number_forward: who is called when the recipient presses ivr, one key of 0-9.
    max_repeat: how often the recording plays.
    max_retry: how often to dial again when nobody answers; wait_retry: seconds between.
    time_wait_to_ivr: how long to wait for the key (the manual gives no unit).
    request_id: published beside the manual; at most 50 characters.
    """

    phone: str = field(repr=False)
    record_id: str
    send_date: datetime | None = None
    number_forward: str | None = field(default=None, repr=False)
    max_repeat: int | None = None
    max_retry: int | None = None
    ivr: str | None = None
    time_wait_to_ivr: int | None = None
    wait_retry: int | None = None
    request_id: str | None = None


# Back...


@made_often(kw_only=True)
class Receipt:
    """eSMS took a send; it is not delivered yet.

    sms_id: opaque text of at most 64 characters; None when eSMS gave none, which is no ordinary success: the message
    has to be found in the sent data. code: `100`, or `124` where taken_before.
    taken_before: an earlier request with this request_id was taken, this one was not.
    """

    sms_id: str | None
    code: str
    taken_before: bool = False


@made_often(kw_only=True)
class Balance:
    """What the account holds (manual II.1). balance: in dong."""

    balance: Decimal
    user_id: str | None = None


@made_often(kw_only=True)
class SendProgress:
    """How far a send has come (manual II.3).

    send_status: 1 awaiting approval, 2 waiting, 3 sending, 4 refused, 5 finished (not: delivered), 6 deleted,
    7 sent and awaiting the report.
    success, failed, receivers, sent: numbers of recipients. price: in dong. What eSMS left out is None.
    """

    sms_id: str
    send_status: int | None = None
    success: int | None = None
    failed: int | None = None
    receivers: int | None = None
    sent: int | None = None
    price: Decimal | None = None


@made_often(kw_only=True)
class ReceiverState:
    """One recipient of a send (manual II.4).

    is_sent: it left eSMS. delivered: `SentResult`, the network's answer. network: its name.
    """

    phone: str = field(repr=False)
    is_sent: bool | None = None
    delivered: bool | None = None
    network: str | None = None


@made_often(kw_only=True)
class SentSms:
    """One row of the sent data (manual II.5, which prints no sample: every field may be missing).

    phone, content: empty where eSMS left them out, or where the row could not be read at all.
    sms_id: what the send returned. sent_at: with its zone, None when unsent or unreadable.
    delivered: the network's answer, None while unknown. send_status: as in SendProgress.
    sent_status: `SentStatus` just as eSMS wrote it. price: in dong. code and error: the row's own.
    """

    phone: str = field(repr=False)
    content: str = field(repr=False)
    sms_id: str | None = None
    sms_type: int | None = None
    sent_at: datetime | None = None
    delivered: bool | None = None
    send_status: int | None = None
    sent_status: str | None = None
    price: Decimal | None = None
    code: str | None = None
    error: str | None = field(default=None, repr=False)


@made_often(kw_only=True)
class Brandname:
    """A name that the account may send from (manual II.6). type: 1 advertising, 2 customer care; None: not told."""

    name: str
    type: int | None
