"""From what came back to what is told of it: the typed reply or the failure, and the trace."""

from datetime import datetime
from typing import Any

from worker.esms import replies, verdicts
from worker.esms.credentials import Credentials, Scrubber
from worker.esms.errors import EsmsError, MaybeTaken, Trace
from worker.esms.exchange import Finished, Prepared
from worker.esms.functions import Format
from worker.esms.reading import Record
from worker.esms.transport_types import HttpAnswer

_REPLY_KEPT = 2_000  # characters of it in a trace


class Finisher:
    """Finishes the requests of one account, for whichever transport carried them."""

    def __init__(self, format: Format, credentials: Credentials) -> None:
        self._format = format
        self._scrubbed = Scrubber(credentials)

    def __call__(
        self,
        tag: object,
        prepared: Prepared[Any],
        started_at: datetime,
        seconds: float,
        came: HttpAnswer | EsmsError,
        unheard: float = 0.0,
    ) -> Finished[Any]:
        """tag: the caller's. seconds: how long the call took. came: the answer, or why there is none. unheard: as in
        Trace.
        """
        if isinstance(came, EsmsError):
            return _failed(tag, Trace(function=prepared.function, started_at=started_at, seconds=seconds), came)
        text = came.body.decode("utf-8", "replace")
        clean = self._scrubbed.is_clean(text)
        reply, code, failure = self._understood(prepared, came, clean)
        trace = Trace(
            function=prepared.function,
            started_at=started_at,
            seconds=seconds,
            http_status=came.status,
            code=code,
            reply=text[:_REPLY_KEPT] if clean else self._scrubbed(text, _REPLY_KEPT),
            unheard=unheard,
        )
        return Finished(tag, trace, reply, None) if failure is None else _failed(tag, trace, failure)

    def _understood(
        self, prepared: Prepared[Any], answer: HttpAnswer, clean: bool
    ) -> tuple[Any, str | None, EsmsError | None]:
        """The typed reply, the code and the failure; one of the first and the last is None."""
        try:
            record = self._without_keys(replies.readable(answer.body, self._format), clean)
            return *_judged(prepared, answer.status, record), None
        except EsmsError as error:
            return None, error.code, error
        except Exception as error:  # noqa: BLE001  an answer that breaks our reader was still an answer to a send
            return None, None, MaybeTaken(f"the answer can't be understood ({type(error).__name__})")

    def _without_keys(self, record: Record | None, clean: bool) -> Record | None:
        """What a server echoes in an id, a code or a name must not end in a row."""
        if record is None or (clean and self._format is Format.JSON):  # XML's comments may stand within a key
            return record
        return Record(self._scrubbed.values(record.members))


def _judged(prepared: Prepared[Any], status: int, record: Record | None) -> tuple[Any, str | None]:
    """The typed reply and its code; raises the failure that the answer is."""
    code = record.code() if record is not None else None
    failure = verdicts.judge(prepared.function, status, code, readable=record is not None)
    if failure is not None:
        raise failure
    assert record is not None  # an unreadable body is a failure
    return prepared.read(record), code


def _failed(tag: object, trace: Trace, failure: EsmsError) -> Finished[Any]:
    """Without the frames that the failure came through: those hold the request, keys and all, and the reply."""
    failure.__context__ = failure.__traceback__ = None
    failure.trace = trace
    return Finished(tag, trace, None, failure)
