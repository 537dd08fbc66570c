"""What is taken all the same, and what its producer is to know of it."""

from __future__ import annotations

from worker.law.texts import reads_like_advertising
from worker.ledger import Terms
from worker.lifecycle import Purpose, SmsType

NO_BRANDNAME = (
    "SmsType {sms_type} has no registered brandname, under which alone advertising may go out (Decree 91/2020/NĐ-CP, "
    "rule vn.ads.sender): use SmsType 1"
)
LIKE_ADVERTISING = (
    "content: {words!r} reads like advertising, and its purpose is service: if it is, say purpose=advertising"
)


def warnings_of(terms: Terms, content: str) -> tuple[str, ...]:
    """Of an SMS, one line each."""
    sms_type = terms.options["sms_type"]
    if terms.purpose is Purpose.SERVICE and (words := reads_like_advertising(content)):
        return (LIKE_ADVERTISING.format(words=words),)
    if terms.purpose is Purpose.ADVERTISING and sms_type != SmsType.ADVERTISING:
        return (NO_BRANDNAME.format(sms_type=sms_type),)
    return ()
