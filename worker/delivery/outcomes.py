"""From what eSMS answered to where the message goes: a table in code, without clock or I/O.

What may have been taken is never queued again: only asking under the same RequestId, or a person, may end that doubt.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from worker import backoff
from worker.esms import (
    AccountTrouble,
    EsmsError,
    Finished,
    InvalidRequest,
    NotTaken,
    Receipt,
    Refused,
)
from worker.evidence import Evidence, proved
from worker.ledger import Claim, HttpCall, Outcome
from worker.lifecycle import Status
from worker.settings import Pace

UNKNOWN_ERROR, ASKED_MOST = "99", 6  # eSMS says "try again later", and means a few times


def outcome_of(claim: Claim, finished: Finished[Any], pace: Pace, now: datetime, *, sandbox: bool = False) -> Outcome:
    """What this send came to. sandbox: everything goes to eSMS's, and not only what asks for it itself."""
    http_call = HttpCall.of(finished.trace)
    try:
        receipt = finished.result()
    except EsmsError as error:
        return _after(error, claim, pace, http_call)
    assert isinstance(receipt, Receipt)
    if sandbox or claim.options.get("sandbox"):
        return _sandboxed(receipt, claim, http_call)
    return _taken(receipt, claim, pace, now, http_call)


def unsendable(claim: Claim, error: InvalidRequest) -> Outcome:
    """It could not even be written down as a request; nothing went out."""
    status = Status.HELD if claim.in_doubt else Status.REJECTED
    return Outcome(claim=claim, status=status, reason=f"can't be sent: {error.reason}")


def _taken(receipt: Receipt, claim: Claim, pace: Pace, now: datetime, http_call: HttpCall) -> Outcome:
    handed_over = max(claim.hand_over_at - now, timedelta()) if claim.hand_over_at else timedelta()
    return Outcome(
        claim=claim,
        status=Status.ACCEPTED,
        code=receipt.code,
        reason=_remark(receipt, claim),
        sms_id=receipt.sms_id,
        poll_wait=handed_over + (pace.poll_first_after if receipt.sms_id else pace.sent_data_after),
        http_call=http_call,
    )


def _sandboxed(receipt: Receipt, claim: Claim, http_call: HttpCall) -> Outcome:
    """eSMS keeps nothing of it: there is nobody to ask about it, and nothing to wait for."""
    return Outcome(
        claim=claim,
        status=proved(Evidence.TAKEN_BY_SANDBOX, Status.SENDING),
        code=receipt.code,
        reason="eSMS checked it in its sandbox: nothing is delivered",
        sms_id=receipt.sms_id,
        http_call=http_call,
    )


def _remark(receipt: Receipt, claim: Claim) -> str | None:
    if receipt.taken_before and not claim.in_doubt:
        return "eSMS knew this RequestId, though it was never in doubt here; its SMSID is not known"
    if receipt.sms_id is None:
        return "eSMS took it; its SMSID is not known"
    return None


def _after(error: EsmsError, claim: Claim, pace: Pace, http_call: HttpCall) -> Outcome:
    match error:
        case AccountTrouble():
            return _account_trouble(error, claim, pace, http_call)
        case Refused():
            return _refused(error, claim, http_call)
        case NotTaken():
            return _not_taken(error, claim, pace, http_call)
        case _:
            return _maybe_taken(error, claim, pace, http_call)


def _refused(error: EsmsError, claim: Claim, http_call: HttpCall) -> Outcome:
    # A refusal of the second asking says nothing about the first.
    status = Status.HELD if claim.in_doubt else Status.REJECTED
    reason = f"asked again, eSMS refused: {error.reason}" if claim.in_doubt else error.reason
    return Outcome(claim=claim, status=status, code=error.code, reason=reason, http_call=http_call)


def _account_trouble(error: EsmsError, claim: Claim, pace: Pace, http_call: HttpCall) -> Outcome:
    if claim.in_doubt:
        return _maybe_taken(error, claim, pace, http_call)
    # Nothing was taken, yet eSMS may remember the refused id: a 124 for it would pass for a success.
    return Outcome(
        claim=claim,
        status=Status.QUEUED,
        code=error.code,
        reason=error.reason,
        renew_request_id=True,
        http_call=http_call,
    )


def _not_taken(error: EsmsError, claim: Claim, pace: Pace, http_call: HttpCall) -> Outcome:
    if claim.in_doubt:
        return _maybe_taken(error, claim, pace, http_call)
    return Outcome(
        claim=claim,
        status=Status.QUEUED,
        code=error.code,
        reason=error.reason,
        wait=backoff.before_sending_again(claim.failures + 1, claim.expires_in),
        spent=True,
        http_call=http_call,
    )


def _maybe_taken(error: EsmsError, claim: Claim, pace: Pace, http_call: HttpCall) -> Outcome:
    asked = claim.asked + 1
    if error.code == UNKNOWN_ERROR and asked >= ASKED_MOST:
        reason = f"{error.reason}; asked {asked} times"
        return Outcome(claim=claim, status=Status.HELD, code=error.code, reason=reason, http_call=http_call)
    return Outcome(
        claim=claim,
        status=Status.UNCONFIRMED,
        code=error.code,
        reason=error.reason,
        wait=backoff.before_asking_again(asked, pace.ask_again_after),
        http_call=http_call,
    )
