"""What was asked and, apart from it, what was taken: the truth about what a real recipient would have got.

A message that was taken counts though its answer was lost. Tests of "never twice" read this and nothing else.
"""

import itertools
import secrets
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from worker.devkit.simulator.clock import vietnam
from worker.devkit.simulator.plots import SMS, Fate, Plot


class Send:
    """One request that was taken (or refused with an id). Slots and shared values: there may be several 100,000."""

    __slots__ = (
        "asks",
        "at",
        "content",
        "due",
        "fates",
        "function",
        "phones",
        "plot",
        "refused",
        "request_id",
        "sandbox",
        "sms_id",
        "sms_type",
    )

    def __init__(self, function: str, phones: str, content: str, request_id: str, sms_type: str, at: float) -> None:
        self.function = function
        self.phones = phones  # joined by commas
        self.content = content  # the text; for a call its template or recording and its variables
        self.request_id = request_id
        self.sms_type = sms_type
        self.at = at
        self.due = at
        self.sandbox = False
        self.sms_id = ""
        self.refused = ""  # the code, where an SMSID was given all the same
        self.plot: Plot
        self.fates: tuple[Fate, ...] = ()  # one for all recipients, or one for each
        self.asks = 0

    @property
    def numbers(self) -> list[str]:
        return self.phones.split(",")

    def fate(self, position: int) -> Fate:
        return self.fates[position] if len(self.fates) > 1 else self.fates[0]

    @property
    def counts(self) -> bool:
        """Whether recipients get something out of it."""
        return not self.sandbox and not self.refused

    def shown(self) -> dict[str, Any]:
        return {
            "sms_id": self.sms_id,
            "function": self.function,
            "phones": self.numbers,
            "content": self.content,
            "sms_type": self.sms_type,
            "request_id": self.request_id,
            "at": vietnam(self.at).isoformat(),
            "due": vietnam(self.due).isoformat(),
            "sandbox": self.sandbox,
            "refused": self.refused,
            "asks": self.asks,
        }


class Ledger:
    """Counts of everything since the start or the last reset. `note` hears of each send as it gets its id."""

    def __init__(self, note: Callable[[Send], None] = lambda _: None) -> None:
        self._note = note
        self.run = secrets.token_hex(4)
        self.sends: list[Send] = []
        self.by_id: dict[str, Send] = {}
        self.asked: dict[tuple[str, str], int] = {}  # (number, RequestId) → requests
        self.asked_by_number: Counter[str] = Counter()  # only of plots that count so
        self.remembered: dict[str, float] = {}  # RequestId → when it was taken
        self.functions: Counter[str] = Counter()
        self.answers: Counter[str] = Counter()  # by code, or by what came in place of a code
        self.plots: Counter[str] = Counter()
        self.mistakes: deque[str] = deque(maxlen=50)
        self.mistaken = self.taken_sms = self.taken_calls = self.sandboxed = 0
        self._second = self._in_second = 0
        self._tally = _Tally()
        # Ids differ between runs, as the provider's do: a test that keeps one over a restart is wrong.
        self._next_id = itertools.count(20_000_000 + secrets.randbelow(60_000_000))

    def count_ask(self, phones: str, request_id: str) -> int:
        """How many times this has been asked, with this time."""
        key = (phones, request_id)
        tries = self.asked[key] = self.asked.get(key, 0) + 1
        return tries

    def has_room(self, now: float, a_second: int) -> bool:
        """Is one more allowed in this second of so many? 0: any number."""
        if int(now) != self._second:
            self._second, self._in_second = int(now), 0
        self._in_second += 1
        return not a_second or self._in_second <= a_second

    def take(self, send: Send, id_form: str) -> None:
        self._give_id(send, id_form)
        self._count(send)

    def restore(self, sends: Iterable[Send]) -> None:
        """Go on from sends of an earlier run, as they were noted."""
        highest = 0
        for send in sends:
            self._enter(send)
            highest = max(highest, int(send.sms_id) if send.sms_id.isdigit() else 0)
            if not send.refused:
                self._count(send)
        if highest:
            self._next_id = itertools.count(highest + 1)

    def _count(self, send: Send) -> None:
        if send.request_id:
            self.remembered[send.request_id] = send.at
        if send.sandbox:
            self.sandboxed += 1
        elif send.function == SMS:
            self.taken_sms += send.phones.count(",") + 1
        else:
            self.taken_calls += 1

    def refuse_with_id(self, send: Send, id_form: str) -> None:
        self._give_id(send, id_form)

    def _give_id(self, send: Send, form: str) -> None:
        if send.function != SMS:
            send.sms_id = str(uuid.uuid4())
        elif form == "number":
            send.sms_id = str(next(self._next_id))
        else:
            send.sms_id = str(uuid.uuid4()) + ("" if form == "guid" else str(next(self._next_id) % 1000))
        self._enter(send)
        self._note(send)

    def _enter(self, send: Send) -> None:
        self.sends.append(send)
        self.by_id[send.sms_id] = send

    def mistake(self, reason: str) -> None:
        """Note a request that the manual gives no code for. The reason names the parameter, never its value."""
        self.mistaken += 1
        self.mistakes.append(reason)

    # Reading...

    def tally(self) -> "_Tally":
        self._tally.catch_up(self.sends)
        return self._tally

    def asked_by_request_id(self) -> Counter[str]:
        counts: Counter[str] = Counter()
        for (_, request_id), asked in self.asked.items():
            if request_id:
                counts[request_id] += asked
        return counts

    def stats(self) -> dict[str, Any]:
        tally = self.tally()
        return {
            "run": self.run,
            "requests": self.functions.total(),
            "by_function": dict(self.functions),
            "answers": dict(self.answers),
            "plots": dict(self.plots),
            "sends": len(self.sends),
            "taken": {"sms": self.taken_sms, "calls": self.taken_calls, "sandbox": self.sandboxed},
            "most": {
                "sms_per_number_and_text": max(tally.sms.values(), default=0),
                "calls_per_number": max(tally.calls.values(), default=0),
                "taken_per_request_id": max(tally.request_ids.values(), default=0),
            },
            "mistakes": {"count": self.mistaken, "last": list(self.mistakes)},
        }


class _Tally:
    """Counts by recipient, made only when somebody reads: sends then cost no memory for it."""

    def __init__(self) -> None:
        self.sms: Counter[tuple[str, str]] = Counter()
        self.calls: Counter[str] = Counter()
        self.request_ids: Counter[str] = Counter()
        self._seen = 0

    def catch_up(self, sends: list[Send]) -> None:
        for send in itertools.islice(sends, self._seen, None):
            if send.counts:
                self._count(send)
        self._seen = len(sends)

    def _count(self, send: Send) -> None:
        if send.request_id:
            self.request_ids[send.request_id] += 1
        if send.function != SMS:
            self.calls[send.phones] += 1
            return
        for number in send.numbers:
            self.sms[number, send.content] += 1


def between(sends: list[Send], start: float, end: float) -> Iterator[Send]:
    """The sends of that time. Walks all: a moved clock leaves them out of order."""
    return (send for send in sends if start <= send.at < end)
