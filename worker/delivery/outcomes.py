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
    TooFast,
    Unclear,
)
from worker.evidence import Evidence, proved
from worker.ledger import Claim, HttpCall, Outcome
from worker.lifecycle import Status
from worker.settings import Pace

ASKED_MOST = 6  # answers in a row that say neither; eSMS says "try again later", and means a few times
A_MOMENT = timedelta(seconds=2)  # after which a request that was one too many in its second may go out


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
    if claim.in_doubt:
        return _asked_again(error, claim, pace, http_call)
    match error:
        case AccountTrouble():
            # Nothing was taken, yet eSMS may remember the refused id: a 124 for it would pass for a success.
            return _outcome(Evidence.ACCOUNT_TROUBLE, error, claim, http_call, renew_request_id=True)
        case TooFast():
            wait = backoff.before_trying_once_more(A_MOMENT)
            return _outcome(Evidence.TOO_FAST, error, claim, http_call, wait=wait, renew_request_id=True)
        case Refused():
            return _outcome(Evidence.REFUSED, error, claim, http_call)
        case NotTaken():
            wait = backoff.before_sending_again(claim.failures + 1, claim.expires_in)
            return _outcome(Evidence.NEVER_CONNECTED, error, claim, http_call, wait=wait, spent=True)
        case _:
            return _unclear(error, claim, pace, http_call)


def _asked_again(error: EsmsError, claim: Claim, pace: Pace, http_call: HttpCall) -> Outcome:
    """Whatever goes wrong with a second asking says nothing about the first."""
    if isinstance(error, Refused):
        reason = f"asked again, eSMS refused: {error.reason}"
        return _outcome(Evidence.REFUSED_ASKED_AGAIN, error, claim, http_call, reason=reason)
    return _unclear(error, claim, pace, http_call)


def _unclear(error: EsmsError, claim: Claim, pace: Pace, http_call: HttpCall) -> Outcome:
    asked = claim.asked + 1
    if isinstance(error, Unclear) and asked >= ASKED_MOST:
        reason = f"{error.reason}; asked {asked} times"
        return _outcome(Evidence.UNCLEAR_TOO_OFTEN, error, claim, http_call, reason=reason)
    wait = backoff.before_asking_again(asked, pace.ask_again_after)
    return _outcome(Evidence.UNCLEAR, error, claim, http_call, wait=wait)


def _outcome(
    evidence: Evidence,
    error: EsmsError,
    claim: Claim,
    http_call: HttpCall,
    *,
    reason: str | None = None,
    wait: timedelta | None = None,
    spent: bool = False,
    renew_request_id: bool = False,
) -> Outcome:
    return Outcome(
        claim=claim,
        status=proved(evidence, Status.SENDING),
        code=error.code,
        reason=reason or error.reason,
        wait=wait,
        spent=spent,
        renew_request_id=renew_request_id,
        http_call=http_call,
    )
