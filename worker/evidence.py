"""What counts as proof: every kind of evidence about a message, and the moves that it allows.

*False*, *zero* and *absent* in an answer of eSMS mean "not yet" until it is certain that they mean "no": whoever
believes them sends again. So evidence has a name here, and only this table turns it into a status. What allows no
move is weak: it changes a reason and the time of the next look, and nothing else. A "no" is weak the first time.

`python -m worker.evidence` prints the table that docs/statuses.md shows.
"""

from __future__ import annotations

from enum import Enum

from worker.lifecycle import Status

ACCEPTED, QUEUED, SENDING, UNCONFIRMED = Status.ACCEPTED, Status.QUEUED, Status.SENDING, Status.UNCONFIRMED


class Evidence(Enum):
    """What we have been told, or have not."""

    # The answer to a send...
    TAKEN = "code 100 to a send"
    TAKEN_BEFORE = "code 124: eSMS took this RequestId before"
    TAKEN_BY_SANDBOX = "code 100 or 124 to a send with Sandbox: eSMS checks it, delivers nothing and keeps nothing"
    REFUSED = "a documented code of refusal, to the first asking"
    REFUSED_ASKED_AGAIN = "a documented code of refusal, to a second asking: it says nothing about the first"
    ACCOUNT_TROUBLE = "a documented code of account trouble, to the first asking"
    TOO_FAST = "code 160: too many requests a second, to the first asking"
    NEVER_CONNECTED = "no connection was made, for the first asking"
    UNCLEAR = "no answer, one that can't be read, HTTP 5xx, code 99 or one that nobody has documented"
    UNCLEAR_TOO_OFTEN = "code 99, or one that nobody has documented, again and again"

    # The status of what was taken...
    ARRIVED = "finished (SendStatus 4, 5 or 6), and the receiver list says `SentResult: true` without `IsSent: false`"
    NOT_ARRIVED = "SendStatus 5, `SentResult: false`, `IsSent: true`, and both counters agree"
    REFUSED_BY_OPERATOR = "SendStatus 4 or 6 of a send to one recipient, and `SendSuccess: 0`"
    REFUSED_AMONG_MANY = (
        "SendStatus 4 or 6 of a send to many, and `SendSuccess: 0`; or the recipient's own `SentResult: false` where "
        "`SendSuccess` counts as many as the list"
    )
    DOUBTFUL_DENIAL = "`SentResult: false` without `IsSent: true`, or with counters that do not agree"
    UNDER_WAY = "SendStatus 0 to 3 or 7, or a number that nobody has documented"
    NO_SUCH_ID = "code 105 to GetSendStatus or to GetSmsReceiverStatus_get"
    NOTHING_SAID = "finished, and the receiver list does not say what became of this recipient"
    TOO_OLD = "seven days have passed: eSMS answers for no longer"

    # The sent data, for what has no SMSID...
    ROW_WITH_ID = "one row could be it, that row could be nothing else, and it has an SMSID"
    ROW_TAKEN = "one row could be it, and that row could be nothing else"
    ROW_ARRIVED = "that row says `true`, and no SendStatus but 5"
    ROW_NOT_ARRIVED = "that row says `false`, with SendStatus 5 or, where it has none, a SentTime long enough ago"
    ROW_REFUSED = "that row says no `true`, and has a documented code of refusal, or SendStatus 4 or 6"
    ROW_OPEN = "that row says nothing of these"
    SEVERAL = "several rows could be it, or one that could be another SMS of ours; or the number got nobody's text"
    ABSENT = "a list that shows an SMS of ours which was taken later does not show this one"
    ABSENT_SLOW = "the same, of SmsType 1 or 3 or handed over with its date: its row may come much later"
    ABSENT_UNPROVED = "the list does not show it, nor any SMS of ours that was taken later; or it has unreadable rows"
    NO_LIST = "eSMS showed no list of what it sent"
    NO_PROOF_FOR_HOURS = "twelve looks, and none of these"

    __hash__ = object.__hash__  # Enum's own is written in Python, and each answer is looked up by its evidence


PROVES: dict[Evidence, dict[Status, Status]] = {
    Evidence.TAKEN: {SENDING: ACCEPTED},
    Evidence.TAKEN_BEFORE: {SENDING: ACCEPTED},
    Evidence.TAKEN_BY_SANDBOX: {SENDING: Status.SANDBOXED},
    Evidence.REFUSED: {SENDING: Status.REJECTED},
    Evidence.REFUSED_ASKED_AGAIN: {SENDING: Status.HELD},
    Evidence.ACCOUNT_TROUBLE: {SENDING: QUEUED},
    Evidence.TOO_FAST: {SENDING: QUEUED},
    Evidence.NEVER_CONNECTED: {SENDING: QUEUED},
    Evidence.UNCLEAR: {SENDING: UNCONFIRMED},
    Evidence.UNCLEAR_TOO_OFTEN: {SENDING: Status.HELD},
    Evidence.ARRIVED: {ACCEPTED: Status.DELIVERED},
    Evidence.NOT_ARRIVED: {ACCEPTED: Status.UNDELIVERED},
    Evidence.REFUSED_BY_OPERATOR: {ACCEPTED: Status.REJECTED},
    Evidence.REFUSED_AMONG_MANY: {ACCEPTED: Status.REJECTED},
    Evidence.DOUBTFUL_DENIAL: {},
    Evidence.UNDER_WAY: {},
    Evidence.NO_SUCH_ID: {},
    Evidence.NOTHING_SAID: {},
    Evidence.TOO_OLD: {ACCEPTED: Status.UNKNOWN},
    Evidence.ROW_WITH_ID: {ACCEPTED: ACCEPTED, UNCONFIRMED: ACCEPTED},
    Evidence.ROW_TAKEN: {UNCONFIRMED: ACCEPTED},
    Evidence.ROW_ARRIVED: {ACCEPTED: Status.DELIVERED},
    Evidence.ROW_NOT_ARRIVED: {ACCEPTED: Status.UNDELIVERED},
    Evidence.ROW_REFUSED: {ACCEPTED: Status.REJECTED},
    Evidence.ROW_OPEN: {},
    Evidence.SEVERAL: {UNCONFIRMED: Status.HELD},
    Evidence.ABSENT: {UNCONFIRMED: QUEUED},
    Evidence.ABSENT_SLOW: {UNCONFIRMED: Status.HELD},
    Evidence.ABSENT_UNPROVED: {},
    Evidence.NO_LIST: {},
    Evidence.NO_PROOF_FOR_HOURS: {UNCONFIRMED: Status.HELD},
}

# A "no" proves only when the same is said again after a wait, and nothing else was said in between.
TWICE = frozenset(
    {
        Evidence.NOT_ARRIVED,
        Evidence.REFUSED_AMONG_MANY,
        Evidence.ROW_NOT_ARRIVED,
        Evidence.ROW_REFUSED,
        Evidence.ABSENT,
        Evidence.ABSENT_SLOW,
    }
)


def proved(evidence: Evidence, status: Status) -> Status:
    """Where this evidence takes a message of this status: where it is, when it proves nothing."""
    return PROVES[evidence].get(status, status)


def table() -> str:
    """For docs/statuses.md, in Markdown."""
    rows = [f"| {evidence.value} | {_moves(evidence)} |" for evidence in PROVES]
    return "\n".join(["| what we are told | what it proves |", "| --- | --- |", *rows])


def _moves(evidence: Evidence) -> str:
    moves = ", ".join(f"`{start}` → `{end}`" for start, end in PROVES[evidence].items())
    if not moves:
        return "nothing: looked at again later"
    return f"{moves}, once it is said again after a wait" if evidence in TWICE else moves


if __name__ == "__main__":
    print(table())  # noqa: T201
