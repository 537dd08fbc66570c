"""What the answers of eSMS are evidence of: for all recipients of a send at once, or one by one for those it names.

The manual's words for the receiver list are "has it been sent successfully *yet*": `false` stands there from the start.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from worker import phone
from worker.esms import ReceiverState, SendProgress, Trace
from worker.evidence import Evidence
from worker.ledger import HttpCall, Poll, Settlement
from worker.lifecycle import Status

REFUSED, FINISHED, DELETED = 4, 5, 6  # SendStatus (manual II.3)
ENDS = {
    FINISHED: (Evidence.NOT_ARRIVED, "the operator could not deliver it"),
    REFUSED: (Evidence.OPERATOR_REFUSED, "the operator refused it (SendStatus 4)"),
    DELETED: (Evidence.DELETED, "it was deleted at eSMS (SendStatus 6)"),
}


def is_over(progress: SendProgress) -> bool:
    """Has eSMS ended trying? What became of whom, the receiver list says."""
    return progress.send_status in ENDS


def ended(poll: Poll, progress: SendProgress, trace: Trace) -> Settlement | None:
    """How it ended for all recipients; None where it goes on, or may have ended differently for each."""
    if progress.send_status in (REFUSED, DELETED) and progress.success == 0:
        evidence, reason = ENDS[progress.send_status]
        return Settlement(poll=poll, phone=None, evidence=evidence, reason=reason, http_call=HttpCall.of(trace))
    return None


def told(
    poll: Poll, progress: SendProgress, receivers: Sequence[ReceiverState], trace: Trace, again_after: timedelta
) -> Iterator[Settlement]:
    """One for each recipient that can be told apart; of one who is named twice, that it was delivered counts.

    again_after: a "no" counts only when it was told before, so long ago.
    """
    denials = sum(receiver.delivered is False for receiver in receivers)
    counted = progress.failed is not None and progress.failed >= denials
    seen: set[str | None] = set()
    for receiver in sorted(receivers, key=lambda receiver: not receiver.delivered):
        e164 = None if poll.alone else phone.e164_of(receiver.phone)
        if e164 in seen or (e164 is None and not poll.alone):
            continue
        seen.add(e164)
        if receiver.delivered:
            yield _settlement(poll, e164, receiver, trace, Evidence.ARRIVED)
        elif receiver.delivered is False and receiver.is_sent and counted:
            evidence, reason = ENDS[progress.send_status or 0]
            yield _settlement(poll, e164, receiver, trace, evidence, reason, again_after)


def _settlement(
    poll: Poll,
    e164: str | None,
    receiver: ReceiverState,
    trace: Trace,
    evidence: Evidence,
    reason: str | None = None,
    again_after: timedelta | None = None,
) -> Settlement:
    return Settlement(
        poll=poll,
        phone=e164,
        evidence=evidence,
        again_after=again_after,
        reason=reason,
        network=receiver.network,
        http_call=HttpCall.of(trace),
    )


def is_final(settlement: Settlement) -> bool:
    """Need nobody be asked again, whatever was noted before?"""
    return settlement.again_after is None and settlement.status is not Status.ACCEPTED
