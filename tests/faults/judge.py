"""The judge: what recipients got, by the simulated eSMS's own books, against what our ledger says.

Counted per number and text: exactly one for each SMS, at most one for each call, none for what was cancelled. Every
row is final, or held where that is allowed; and the request rows tell the same story as eSMS's books.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from tests.faults.needless import explained
from tests.faults.stock import Stock
from worker.database import Database
from worker.devkit.simulator import Running

SETTLED = {"delivered", "cancelled", "held"}  # where everything ends, unless a row allows more
SENT = {"accepted", "delivered", "undelivered", "unknown"}
DENIED = {"undelivered", "rejected"}
UNKNOWN_ERROR = "99"

_MESSAGES = text("""
    SELECT m.id, '0' || substr(m.phone, 4) AS phone, m.status, n.kind, n.content, m.request_id, m.sms_id,
        m.dialled_at, m.reason, m.replaced_by
    FROM message AS m JOIN notification AS n ON n.id = m.notification_id
    WHERE n.campaign = ANY(:campaigns)
""")

_REQUESTS = text("""
    SELECT message_id, request_id, sms_id, function, http_status, code, outcome FROM request
    WHERE function NOT LIKE 'Get%'
    ORDER BY id
""")

_FOUND = text("SELECT DISTINCT message_id FROM request WHERE function LIKE 'Get%' AND outcome LIKE '%found'")

UNDER_WAY = {"queued", "sending", "unconfirmed", "accepted"}

_SETTLED = text("""
    SELECT count(*) FROM message AS m JOIN notification AS n ON n.id = m.notification_id
    WHERE n.campaign = ANY(:campaigns) AND m.status <> ALL(:under_way)
""")


@dataclass(frozen=True, kw_only=True)
class Allowed:
    """What may come of a fault besides.

    in_doubt: an SMS is held or ends unknown where eSMS never says what became of it.
    held: calls are held whose process died, or whose answer was lost; False: nothing may be.
    unreachable: numbers with these last digits get nothing although eSMS takes it, so they alone may be called so.
    """

    in_doubt: bool = False
    held: bool = True
    unreachable: str | None = None

    def reaches(self, phone: str) -> bool:
        return self.unreachable is None or not phone.endswith(self.unreachable)

    def ends(self, phone: str) -> set[str]:
        """Where a message to this number may end."""
        return SETTLED | ({"unknown"} if self.in_doubt else set()) | (set() if self.reaches(phone) else DENIED)


STRICT = Allowed()


@dataclass
class Verdict:
    """What the judge found; `wrong` says each in words, with ids and never with numbers of people."""

    messages: int = 0
    lost: int = 0
    doubled: int = 0
    held: int = 0
    unknown: int = 0
    under_way: int = 0  # at the moment that was judged
    wrong: list[str] = field(default_factory=list)
    left_open: Counter[str] = field(default_factory=Counter)  # why what is held or unknown is
    needless: list[UUID] = field(default_factory=list)  # held without a need
    explained: list[str] = field(default_factory=list)  # what is known of a few of these

    @property
    def clean(self) -> bool:
        return not (self.lost or self.doubled or self.wrong)

    def __str__(self) -> str:
        counted = f"{self.messages} messages, {self.lost} lost, {self.doubled} doubled, {self.held} held"
        return "\n".join([counted, *self.wrong[:20], *self.explained])


def unsettled(database: Database, stock: Stock) -> int:
    """How many messages are still on their way, those that wait in the broker included."""
    with database.begin() as session:
        settled = session.execute(_SETTLED, {"campaigns": stock.campaigns, "under_way": list(UNDER_WAY)}).scalar_one()
    return len(stock.phones) - int(settled)


def judged(database: Database, simulator: Running, stock: Stock, allowed: Allowed = STRICT) -> Verdict:
    """The verdict over all that was handed over, of one moment: a process that was woken may be at it still."""
    with database.begin() as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        messages = session.execute(_MESSAGES, {"campaigns": stock.campaigns}).all()
        requests = session.execute(_REQUESTS).all()
        found = set(session.scalars(_FOUND))
        verdict = _Judge(messages, requests, found, simulator, allowed).over(stock)
        verdict.explained += explained(session, verdict.needless)
    return verdict


class _Judge:
    def __init__(
        self,
        messages: Iterable[Row[Any]],
        requests: Iterable[Row[Any]],
        found: set[Any],
        simulator: Running,
        allowed: Allowed,
    ) -> None:
        self.messages, self.found, self.allowed = list(messages), found, allowed
        self.by_message, self.by_request = defaultdict(list), defaultdict(list)
        for row in requests:
            (self.by_message[row.message_id] if row.message_id else self.by_request[row.request_id]).append(row)
        self.books = simulator.ledger()
        self.sends = {send["sms_id"]: send for send in simulator.sends() if not send["refused"]}
        self.texts: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for (phone, content), taken in self.books.sms.items():
            self.texts[phone].append((content, taken))
        self.handed: dict[str, set[str]] = defaultdict(set)
        for message in self.messages:
            self.handed[message.phone].add(message.content)
        self.verdict = Verdict()

    by_message: defaultdict[Any, list[Row[Any]]]
    by_request: defaultdict[Any, list[Row[Any]]]

    def over(self, stock: Stock) -> Verdict:
        verdict, phones = self.verdict, set(stock.phones)
        verdict.messages = len(stock.phones)
        verdict.under_way = sum(message.status in UNDER_WAY for message in self.messages)
        missing = phones - {message.phone for message in self.messages}
        self._note(len(missing), "handed over, and not in the ledger", lost=len(missing))
        more = len(self.messages) - len(stock.phones) + len(missing)
        self._note(abs(more), "in the ledger, and never handed over" if more > 0 else "one for several")
        revived = [m for m in self.messages if m.phone in stock.cancelled and m.status != "cancelled"]
        self._note(len(revived), "cancelled in time, and yet not cancelled")
        for message in self.messages:
            for wrong in [*self._count(message), *self._story(message)]:
                verdict.wrong.append(f"{message.id} ({message.kind}, {message.status}): {wrong}")
        return verdict

    def _note(self, count: int, what: str, lost: int = 0) -> None:
        self.verdict.lost += lost
        if count:
            self.verdict.wrong.append(f"{count} messages were {what}")

    # What the recipient got...

    def _got(self, message: Row[Any]) -> int:
        if message.kind != "sms":
            return self.books.calls.get(message.phone, 0)
        return sum(taken for content, taken in self.texts[message.phone] if content == message.content)

    def _count(self, message: Row[Any]) -> Iterator[str]:
        got, status = self._got(message), message.status
        self.verdict.doubled += max(0, got - 1)
        self.verdict.held += status == "held"
        self.verdict.unknown += status == "unknown"
        if status in ("held", "unknown"):
            self.verdict.left_open[f"{message.kind} {status}: {message.reason}"] += 1
        reaches = self.allowed.reaches(message.phone)
        if got > 1:
            yield f"the recipient got it {got} times"
        if status not in self.allowed.ends(message.phone) | DENIED:
            self.verdict.lost += 1
            yield "it never came to its end"
        if status in SENT and not got:
            self.verdict.lost += 1
            yield "the recipient never got it"
        if (status not in SENT | {"held"} or status in DENIED) and got and reaches:
            yield f"the recipient got it {got} times all the same"
        if status == "delivered" and not reaches:
            yield "eSMS took it, and it never arrived"
        if status in DENIED and not got and message.replaced_by is None:
            yield "refused, though nothing was wrong with it"
        if {content for content, _ in self.texts[message.phone]} - self.handed[message.phone]:
            yield "the recipient got a text that was not for him"

    # What the request rows say...

    def _story(self, message: Row[Any]) -> Iterator[str]:
        rows = self.by_message[message.id] + self.by_request[message.request_id]
        may_be = self.allowed.held and _may_be_held(message, rows, in_doubt=self.allowed.in_doubt)
        if message.status == "held" and not may_be:
            self.verdict.needless.append(message.id)
            yield "held without a need"
        taken = message.id in self.found or any("accepted" in row.outcome for row in rows)
        if message.status in SENT and not taken:
            yield "no request row says that eSMS took it"
        if message.sms_id is not None and not self._is_of(message.sms_id, message):
            yield "its SMSID is another message's, or nobody's"
        for row in rows:
            if row.code == "100" and row.sms_id is not None and not self._is_of(row.sms_id, message):
                yield "a request row with code 100 that eSMS's books do not know"
        if message.kind == "sms" and message.request_id:
            answered = sum(row.http_status is not None and row.request_id == message.request_id for row in rows)
            if answered > self.books.requests.get(message.request_id, 0):
                yield "more answers in the request rows than eSMS was asked"

    def _is_of(self, sms_id: str, message: Row[Any]) -> bool:
        send = self.sends.get(sms_id)
        return send is not None and message.phone in send["phones"]


def _may_be_held(message: Row[Any], rows: list[Row[Any]], *, in_doubt: bool) -> bool:
    """A call that may have been dialled, an SMS of which eSMS says it does not know, what kills every worker."""
    if (message.reason or "").startswith("every process that was to send it died"):
        return True
    if message.kind == "sms":
        in_doubt = in_doubt and not any(row.outcome == "accepted" for row in rows)
        return bool(rows) and (in_doubt or rows[-1].code == UNKNOWN_ERROR)
    return message.dialled_at is not None and not any(row.outcome == "accepted" for row in rows)
