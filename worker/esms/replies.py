"""What each function's reply says, as values: one reader a function, in the manual's order.

They see only replies whose code says that all was done. What eSMS left out is None; only a balance can't be missing.
"""

from worker.esms.errors import MaybeTaken
from worker.esms.functions import Format
from worker.esms.messages import Balance, Brandname, Receipt, ReceiverState, SendProgress, SentSms
from worker.esms.reading import Record, Unreadable, Window, moment, read


def readable(body: bytes, format: Format) -> Record | None:
    """The body as a record; None when it is no reply of eSMS."""
    try:
        return read(body, format)
    except Unreadable:
        return None


def balance(reply: Record) -> Balance:
    balance = reply.money("Balance")
    if balance is None:
        raise MaybeTaken("the answer says 100 but has no balance", code=reply.code())
    return Balance(balance=balance, user_id=reply.text("UserID"))


def receipt(reply: Record) -> Receipt:
    code = reply.code() or ""
    taken_before = code == "124"
    return Receipt(sms_id=None if taken_before else reply.sms_id("SMSID"), code=code, taken_before=taken_before)


def progress(reply: Record, asked: str) -> SendProgress:
    return SendProgress(
        sms_id=reply.sms_id("SMSID") or asked,
        send_status=reply.whole("SendStatus"),
        success=reply.whole("SendSuccess", "SentSuccess"),
        failed=reply.whole("SendFailed", "SentFailed"),
        receivers=reply.whole("TotalReceiver"),
        sent=reply.whole("TotalSent"),
        price=reply.money("TotalPrice"),
    )


def receivers(reply: Record) -> tuple[ReceiverState, ...]:
    return tuple(
        ReceiverState(
            phone=item.text("Phone") or "",
            is_sent=item.flag("IsSent"),
            delivered=item.flag("SentResult"),
            network=item.text("NetworkName"),
        )
        for item in reply.records("ReceiverList")
    )


def sent_data(reply: Record, window: Window) -> tuple[SentSms, ...]:
    items = reply.listed("SentData")
    if items is None:  # missing, null, named otherwise, a text: nobody may read that as "nothing was sent"
        raise MaybeTaken("the answer says 100 but has no list of what was sent", code=reply.code())
    return tuple(SentSms(phone="", content="") if item is None else _sent_sms(item, window) for item in items)


def _sent_sms(item: Record, window: Window) -> SentSms:
    return SentSms(
        phone=item.text("Phone") or "",
        content=item.text("Content") or "",
        sms_id=item.sms_id("ReferenceId", "RefercenceId", "SMSID"),  # spelled both ways; SmsId is another, the portal's
        sms_type=item.whole("SmsType"),
        sent_at=moment(item.text("SentTime"), window),
        delivered=item.flag("SentResult", "SendResult"),
        send_status=item.whole("SendStatus"),
        sent_status=item.text("SentStatus"),
        price=item.money("SellPrice"),
        code=item.text("CodeResult"),
        error=item.text("ErrorMessage"),
    )


def brandnames(reply: Record) -> tuple[Brandname, ...]:
    found = ((item.text("Brandname"), item.whole("Type")) for item in reply.records("ListBrandName"))
    return tuple(Brandname(name=name, type=kind) for name, kind in found if name)
