"""What the answers of eSMS settle: all recipients of a send that ended early, or one by one those that it names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from worker import phone
from worker.esms import ReceiverState, SendProgress, Trace
from worker.ledger import Evidence, Poll, Settlement
from worker.lifecycle import Status

FINISHED, REFUSED, DELETED = 5, 4, 6  # SendStatus (manual II.3)
ENDS = {
    REFUSED: "the operator refused it (SendStatus 4)",
    DELETED: "it was deleted at eSMS (SendStatus 6)",
}


def ended(poll: Poll, progress: SendProgress, trace: Trace) -> Settlement | None:
    """How it ended for all recipients; None where it goes on, or ended differently for each."""
    reason = ENDS.get(progress.send_status or 0)
    return _settlement(poll, None, Status.REJECTED, trace, reason=reason) if reason else None


def told(poll: Poll, receivers: Sequence[ReceiverState], trace: Trace) -> Iterator[Settlement]:
    """One for each recipient that can be told apart; of one who is named twice, that it was delivered counts."""
    seen: set[str | None] = set()
    for receiver in sorted(receivers, key=lambda receiver: not receiver.delivered):
        e164 = None if poll.alone else phone.e164_of(receiver.phone)
        if receiver.delivered is None or e164 in seen or (e164 is None and not poll.alone):
            continue
        seen.add(e164)
        status = Status.DELIVERED if receiver.delivered else Status.UNDELIVERED
        reason = None if receiver.delivered else "the operator could not deliver it"
        yield _settlement(poll, e164, status, trace, reason=reason, network=receiver.network)


def _settlement(
    poll: Poll,
    e164: str | None,
    status: Status,
    trace: Trace,
    *,
    reason: str | None = None,
    network: str | None = None,
) -> Settlement:
    evidence = Evidence.of(trace)
    return Settlement(poll=poll, phone=e164, status=status, reason=reason, network=network, evidence=evidence)
