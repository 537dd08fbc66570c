"""What can go wrong with a call to eSMS, sorted by what the caller does next.

    EsmsError
    ├── InvalidRequest   a field is wrong: nothing was sent, fix it
    ├── Refused          eSMS said no to this request: never again as it is
    ├── AccountTrouble   the account's fault, not the request's: nothing was taken, hold everything until a person looks
    ├── TooFast          too many requests a second: nothing was taken, again in a moment and more slowly
    ├── NotTaken         no connection was made: nothing was taken, again later
    └── MaybeTaken       the answer is lost: find out before anything else
        └── Unclear      it came, and says neither

Every reason is one line of English that may be stored and shown: it never holds a key, a number or a text.
"""

from dataclasses import field
from datetime import datetime
from typing import ClassVar

from worker.esms.functions import Function
from worker.esms.values import made_often


@made_often(kw_only=True)
class Trace:
    """What there is to tell about one call, for a log row.

    started_at: when the call began, in UTC. seconds: how long it took. http_status: None when no answer came.
    unheard: those of the seconds, at the end, in which nobody listened: so much earlier the answer may have come.
    code: the provider's code as text, None when there was none. reply: the first 2,000 characters of the answer without
    our keys; it may hold people's numbers and texts, so it shows in no repr.
    """

    function: Function
    started_at: datetime
    seconds: float
    http_status: int | None = None
    code: str | None = None
    reply: str | None = field(default=None, repr=False)
    unheard: float = 0.0

    @property
    def answered(self) -> bool:
        """Did anything come back?"""
        return self.http_status is not None

    @property
    def tried(self) -> bool:
        """Did it leave the line in this process? One that did not took no time, and says nothing of eSMS."""
        return self.answered or self.seconds > 0


class EsmsError(Exception):
    """A call to eSMS did not end in an ordinary reply.

    code: the provider's code, if it gave one. reason: one line, safe to store and to show.
    trace: the call behind it, None where nothing was sent.
    family: the name of the branch above, for counting.
    """

    family: ClassVar[str] = "error"

    def __init__(self, reason: str, *, code: str | None = None, trace: Trace | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
        self.trace = trace


class InvalidRequest(EsmsError, ValueError):
    """A field of the request is wrong; nothing was sent.

    field: the argument's name. problem: what is wrong with it. remedy: what to do.
    """

    family = "invalid"

    def __init__(self, field: str, problem: str, remedy: str) -> None:
        super().__init__(f"{field}: {problem}; {remedy}")
        self.args = (field, problem, remedy)
        self.field = field
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return self.reason


class Refused(EsmsError):
    """eSMS refused this request: nothing was taken, and asking again as it is would change nothing."""

    family = "refused"


class AccountTrouble(EsmsError):
    """The account can't send (keys, lock, balance, address list): nothing was taken, and nothing else would be."""

    family = "account"


class TooFast(EsmsError):
    """eSMS takes no more requests in this second: nothing was taken, and a moment later it would be."""

    family = "too_fast"


class NotTaken(EsmsError):
    """No connection was made (name, refusal, time-out, TLS): not one byte of the request went out."""

    family = "not_taken"


class MaybeTaken(EsmsError):
    """The request may have gone out and its answer is lost or can't be understood: it may have been taken or not."""

    family = "maybe_taken"


class Unclear(MaybeTaken):
    """The answer's code is 99, or one that neither the manual nor eSMS's pages explain: it may have been taken."""

    family = "unclear"
