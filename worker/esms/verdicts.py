"""What an answer means for the request: taken, or which of the failures.

A wrong "refused" leads to a second message, a wrong "maybe" costs a question: a code counts only where HTTP agrees.

- 2xx: the code decides. One that nobody has documented says neither "taken" nor "refused".
- 4xx: "I refuse" in HTTP. A documented refusal or account trouble in the body is believed, for only eSMS itself writes
  its codes. Anything else may come from a proxy that had passed the request on (408, 499): it may have been taken, and
  so may a 100 that says the opposite of its status.
- 3xx and 5xx: whatever the body says, something happened that its writer did not know of; it may have been taken.
  Redirects are never followed: the keys would go along.
"""

from worker.esms.codes import Meaning, Verdict, meaning_of
from worker.esms.errors import AccountTrouble, EsmsError, MaybeTaken, Refused, TooFast, Unclear
from worker.esms.functions import Function


def judge(function: Function, status: int, code: str | None, *, readable: bool) -> EsmsError | None:
    """The failure that this answer is, None when it says that all was done. readable: its body is one of eSMS."""
    meaning = meaning_of(function, code) if code else None
    if 200 <= status < 300:
        return _by_code(code, meaning) if readable else _unreadable(status)
    if 400 <= status < 500 and meaning is not None and meaning.verdict in _NOT_TAKEN:
        return _by_code(code, meaning)
    return MaybeTaken(f"HTTP {status} instead of an ordinary answer", code=code)


def _by_code(code: str | None, meaning: Meaning | None) -> EsmsError | None:
    if code is None:
        return MaybeTaken("the answer has no code, or two that differ")
    if meaning is None:
        return Unclear(f"eSMS code {code}, which is documented nowhere: it may have been taken", code=code)
    error = _ERRORS.get(meaning.verdict)
    return error(f"eSMS code {code}: {meaning.english}", code=code) if error else None


_NOT_TAKEN = (Verdict.REFUSED, Verdict.ACCOUNT, Verdict.TOO_FAST)

_ERRORS: dict[Verdict, type[EsmsError]] = {
    Verdict.REFUSED: Refused,
    Verdict.ACCOUNT: AccountTrouble,
    Verdict.TOO_FAST: TooFast,
    Verdict.UNSURE: Unclear,
}


def _unreadable(status: int) -> MaybeTaken:
    return MaybeTaken(f"the answer (HTTP {status}) can't be read as one of eSMS")
