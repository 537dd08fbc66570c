"""What counts as proof: every kind of evidence about a message, and the moves that it allows.

*False*, *zero* and *absent* in an answer of eSMS mean "not yet" until it is certain that they mean "no": whoever
believes them sends again. So evidence has a name here, and only this table turns it into a status. What allows no
move is weak: it changes a reason and the time of the next look, and nothing else.

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
    ARRIVED = "the receiver list says `SentResult: true`"
    NOT_ARRIVED = (
        "SendStatus 5, `SentResult: false`, `IsSent: true`, counted in `SendFailed`, and the same after a wait"
    )
    NOT_ARRIVED_SO_FAR = "`SentResult: false` for the first time, without `IsSent`, or not counted in `SendFailed`"
    OPERATOR_REFUSED = "SendStatus 4 and `SendSuccess: 0`, or the recipient's own `false` as above"
    DELETED = "SendStatus 6 and `SendSuccess: 0`, or the recipient's own `false` as above"
    NOTHING_SAID = "105, SendStatus 0 to 3 or 7, an empty receiver list, a word that we do not know"
    TOO_OLD = "seven days have passed: eSMS answers for no longer"

    # The sent data, for what has no SMSID...
    ROW_WITH_ID = "one row could be it, nothing else could be its row, and it has an SMSID"
    ROW_TAKEN = "one row could be it, without an SMSID"
    ROW_ARRIVED = "that row says `true`, and no SendStatus 4, 6 or 7"
    ROW_NOT_ARRIVED = "that row says `false`, with SendStatus 5 or a SentTime long enough ago"
    ROW_REFUSED = "that row has a documented code of refusal, or SendStatus 4 or 6"
    ROW_OPEN = "that row says neither"
    SEVERAL = "several rows could be it, or the number got another text that is nobody's"
    ABSENT = "a list that shows our other SMS of that time does not show this one, twice in a row, after the time in which a row may still come"  # noqa: E501
    ABSENT_SLOW = "the same, of a slow SmsType or one handed over with its date: its row may come much later"
    ABSENT_SO_FAR = "the list does not show it, for the first time, too early, or without any other SMS of ours"
    NO_LIST = "eSMS showed no list of what it sent"
    NO_LIST_TOO_OFTEN = "eSMS showed no list that could prove anything, for hours"


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
    Evidence.NOT_ARRIVED_SO_FAR: {},
    Evidence.OPERATOR_REFUSED: {ACCEPTED: Status.REJECTED},
    Evidence.DELETED: {ACCEPTED: Status.REJECTED},
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
    Evidence.ABSENT_SO_FAR: {},
    Evidence.NO_LIST: {},
    Evidence.NO_LIST_TOO_OFTEN: {UNCONFIRMED: Status.HELD},
}


def proved(evidence: Evidence, status: Status) -> Status:
    """Where this evidence takes a message of this status: where it is, when it proves nothing."""
    return PROVES[evidence].get(status, status)


def table() -> str:
    """For docs/statuses.md, in Markdown."""
    rows = [f"| {evidence.value} | {_moves(moves)} |" for evidence, moves in PROVES.items()]
    return "\n".join(["| what we are told | what it proves |", "| --- | --- |", *rows])


def _moves(moves: dict[Status, Status]) -> str:
    return ", ".join(f"`{start}` → `{end}`" for start, end in moves.items()) or "nothing: looked at again later"


if __name__ == "__main__":
    print(table())  # noqa: T201
