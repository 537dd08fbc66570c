"""What the answers of eSMS are evidence of: for all recipients of a send at once, or one by one for those it names.

The manual's words for the receiver list are "has it been sent successfully *yet*": `false` stands there from the start.
Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal

from worker import phone
from worker.esms import ReceiverState, SendProgress, Trace
from worker.evidence import TWICE, Evidence
from worker.ledger import HttpCall, Poll, Settlement
from worker.lifecycle import Lane

REFUSED, FINISHED, DELETED = 4, 5, 6  # SendStatus (manual II.3)
REASONS = {
    FINISHED: "the operator could not deliver it",
    REFUSED: "the operator refused it (SendStatus 4)",
    DELETED: "it was deleted at eSMS (SendStatus 6)",
}
UNDER_WAY = "eSMS has not finished it"
UNKNOWN_ID = "eSMS does not know its SMSID (code 105)"
CALL_UNKNOWN = "eSMS does not say what becomes of calls: GetSendStatus answers 105"
DOUBTFUL = "eSMS says that it did not arrive, but not that it was sent, or its counters say otherwise"
NOTHING_SAID = "eSMS has finished it, and does not say whether it arrived"


def is_over(progress: SendProgress) -> bool:
    """Has eSMS ended trying? What became of whom, the receiver list says."""
    return progress.send_status in REASONS


def unknown_id(poll: Poll, trace: Trace, again_after: timedelta) -> Settlement:
    """Code 105: normal right after a send, and all that some accounts ever say of calls."""
    reason = CALL_UNKNOWN if poll.lane is Lane.VOICE else UNKNOWN_ID
    return _settlement(poll, HttpCall.of(trace), Evidence.NO_SUCH_ID, again_after, reason)


def of_all(poll: Poll, progress: SendProgress, trace: Trace, again_after: timedelta) -> Settlement | None:
    """What is told of all recipients alike; None where the receiver list is to tell."""
    if not is_over(progress):
        return _settlement(poll, HttpCall.of(trace), Evidence.UNDER_WAY, again_after, UNDER_WAY, price=_price(progress))
    if progress.send_status == FINISHED or progress.success != 0:
        return None
    evidence = Evidence.REFUSED_BY_OPERATOR if poll.alone else Evidence.REFUSED_AMONG_MANY
    reason = REASONS[progress.send_status or 0]
    return _settlement(poll, HttpCall.of(trace), evidence, again_after, reason, price=_price(progress))


def told(
    poll: Poll, progress: SendProgress, receivers: Sequence[ReceiverState], trace: Trace, again_after: timedelta
) -> Iterator[Settlement]:
    """One for each recipient that can be told apart; of one who is named twice, that it was delivered counts.

    again_after: a "no" counts only when it was told before, so long ago.
    """
    agree, http_call, price = _counters_agree(progress, receivers), HttpCall.of(trace), _price(progress)
    seen: set[str | None] = set()
    for receiver in sorted(receivers, key=_did_not_arrive):
        e164 = None if poll.alone else phone.e164_of(receiver.phone)
        if e164 in seen or (e164 is None and not poll.alone):
            continue
        seen.add(e164)
        evidence, reason = _of_one(receiver, progress, agree=agree)
        network = receiver.network
        yield _settlement(poll, http_call, evidence, again_after, reason, phone=e164, network=network, price=price)
    if poll.alone and not seen:
        yield _settlement(poll, http_call, Evidence.NOTHING_SAID, again_after, NOTHING_SAID)


def _did_not_arrive(receiver: ReceiverState) -> bool:
    return not receiver.delivered


def _price(progress: SendProgress) -> Decimal | None:
    """Each recipient's share of what eSMS says that the send costs; 0 may only mean that it does not say yet."""
    return progress.price / (progress.receivers or 1) if progress.price else None


def _counters_agree(progress: SendProgress, receivers: Sequence[ReceiverState]) -> bool:
    said = [receiver.delivered for receiver in receivers]
    arrived, denied = said.count(True), said.count(False)
    if progress.send_status == FINISHED:
        return progress.failed is not None and progress.failed >= denied and (progress.success or 0) <= arrived
    return progress.success == arrived


def _of_one(receiver: ReceiverState, progress: SendProgress, *, agree: bool) -> tuple[Evidence, str | None]:
    if receiver.delivered is None or (receiver.delivered and receiver.is_sent is False):
        return Evidence.NOTHING_SAID, NOTHING_SAID
    if receiver.delivered:
        return Evidence.ARRIVED, None
    reason = REASONS[progress.send_status or 0]
    if agree and progress.send_status != FINISHED:
        return Evidence.REFUSED_AMONG_MANY, reason
    return (Evidence.NOT_ARRIVED, reason) if agree and receiver.is_sent else (Evidence.DOUBTFUL_DENIAL, DOUBTFUL)


def _settlement(
    poll: Poll,
    http_call: HttpCall,
    evidence: Evidence,
    again_after: timedelta,
    reason: str | None,
    *,
    phone: str | None = None,
    network: str | None = None,
    price: Decimal | None = None,
) -> Settlement:
    return Settlement(
        poll=poll,
        phone=phone,
        evidence=evidence,
        again_after=again_after if evidence in TWICE else None,
        reason=reason,
        network=network,
        price=price,
        http_call=http_call,
    )
