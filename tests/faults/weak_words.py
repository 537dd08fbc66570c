"""Rows in which eSMS breaks nothing and says little: *false*, *absent*, no list at all, a code that nobody knows.

Whoever believes such a word sends twice or loses. What eSMS never tells may end *unknown* or *held*, and the table
says how much of it does: that is the price.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from threading import Thread
from typing import Any

from tests.faults.ground import Ground, Layout
from tests.faults.judge import Allowed
from tests.faults.link import State
from tests.faults.scenarios import HUNDREDS, Scenario
from tests.faults.stock import Stock
from worker import SmsType

# An SMS in doubt is asked again for three seconds and then looked for; what is never told is unknown after forty.
DOUBT = {"WORKER_REQUEST_ID_WINDOW": "3", "WORKER_SENT_DATA_AFTER": "0.02", "WORKER_POLL_UNTIL": "40"}
PATIENT = DOUBT | {"WORKER_POLL_UNTIL": "150"}
IN_DOUBT = Allowed(in_doubt=True)
UNREACHABLE = "7"  # the last digit of who gets nothing
HALF_LOST = {"rates": {"lost_answer": 0.3, "reset": 0.2}}  # taken, and not taken: the answer looks the same
CAUGHT_UP_AFTER = 14  # seconds: later than any attempt that the first hundreds could still have made

Stats = Mapping[str, Any]
Count = Callable[[Stats], int]


def asked(function: str) -> Count:
    """So often the weak word was said."""
    return lambda stats: int(stats["by_function"].get(function, 0))


def answered(*codes: str) -> Count:
    """So often one of these codes was."""
    return lambda stats: sum(stats["answers"].get(code, 0) for code in codes)


SENT_DATA, RECEIVERS = asked("GetSmsSentData"), asked("GetSmsReceiverStatus_get")


# What is handed over...


def sms_of_all_kinds(stock: Stock) -> None:
    stock.hand_over(stock.sms(50), stock.sms(25, SmsType.CUSTOMER_CARE), stock.advertising())


def with_accents(stock: Stock) -> None:
    stock.text = "Chào bạn, tin nhắn số"
    sms_of_all_kinds(stock)


def advertising(stock: Stock) -> None:
    stock.hand_over(*(stock.advertising() for _ in range(4)))


def calls_and_sms(stock: Stock) -> None:
    stock.hand_over(stock.calls(50), stock.sms(50))


# What is done...


def nothing(_: Ground, __: Stock, feeding: Thread) -> None:
    feeding.join()


def more_later(_: Ground, stock: Stock, feeding: Thread) -> None:
    """SMS that are taken later and shown: only beside them an absence counts."""
    feeding.join()
    time.sleep(CAUGHT_UP_AFTER)  # how far apart they are is the fault itself
    stock.hand_over(stock.sms(20))


def foreign_rows(ground: Ground, stock: Stock, feeding: Thread) -> None:
    """Somebody wrote to every third of them by eSMS's web page."""
    theirs = [f"{phone} Ma giam gia cua ban la VUI" for phone in stock.coming(1000)[::3]]
    ground.simulator.set(foreign_rows=theirs)
    more_later(ground, stock, feeding)


def voice_silent(ground: Ground, _: Stock, feeding: Thread) -> None:
    """Connections to the voice base are made and nothing passes; the SMS base answers all the while."""
    ground.voice.set(State.SILENT)
    feeding.join()
    time.sleep(25)  # long enough for a probe or two
    ground.voice.set(State.WHOLE)


def weak_words() -> Iterator[Scenario]:
    """All of them, in the order of their table."""
    yield _weak(
        "slow eSMS",
        "24 s to send, half of the answers lost, sent data 8 s late",
        HALF_LOST | {"pace": 8, "sent_data_lag": 8},
        SENT_DATA,
        deed=more_later,
        settings=PATIENT,
    )
    yield from _receiver_lists()
    yield from _sent_data()
    yield from _codes()
    yield _weak(
        "a flood",
        "20 sends a second are taken, more get 160",
        {"a_second": 20},
        answered("160"),
        allowed=Allowed(),
        feed=Stock.hundred,
    )
    for what, send_status in (("refused", 4), ("deleted", 6)):
        yield _weak(
            f"a group {what}, most of it delivered",
            f"SendStatus {send_status} for the group, one in ten got nothing",
            {"mixed_status": send_status, "false_for": 3, "plots": {UNREACHABLE: "operator_refuses"}},
            RECEIVERS,
            allowed=Allowed(unreachable=UNREACHABLE),
            feed=advertising,
        )
    yield _weak(
        "the voice base silent",
        "for 25 s, while the SMS base answers",
        {},
        asked("GetBalance"),
        deed=voice_silent,
        allowed=Allowed(),
        feed=calls_and_sms,
        voice_apart=True,
        settings={"WORKER_BREAK_AFTER": "5", "WORKER_SENDS_IN_FLIGHT": "2"},  # or all are on the wire before it trips
    )


def _receiver_lists() -> Iterator[Scenario]:
    for is_sent in ("always", "delivered", "never", "missing"):
        yield _weak(
            f"false at first, IsSent {is_sent}",
            "the receiver list says false for 8 s after SendStatus 5; one in ten never gets it",
            {"false_for": 8, "is_sent": is_sent, "plots": {UNREACHABLE: "undelivered"}},
            RECEIVERS,
            allowed=Allowed(in_doubt=True, unreachable=UNREACHABLE),
        )
    for failed in ("zero", "missing"):
        yield _weak(
            f"SendFailed {failed}",
            f"the counter of GetSendStatus is {failed}; one in ten never gets it",
            {"send_failed": failed, "plots": {UNREACHABLE: "undelivered"}},
            RECEIVERS,
            allowed=Allowed(in_doubt=True, unreachable=UNREACHABLE),
        )


def _sent_data() -> Iterator[Scenario]:
    for form in ("missing", "null", "renamed", "text"):
        how = f"half of the answers lost, and `SentData` {form}"
        yield _weak(f"no list, {form}", how, HALF_LOST | {"sent_data_list": form}, SENT_DATA, deed=more_later)
    for shown in ("plain", "upper", "labelled", "signed"):
        how = f"half of the answers lost, texts in the sent data {shown}"
        knobs = HALF_LOST | {"texts_shown": shown}
        yield _weak(f"texts {shown}", how, knobs, SENT_DATA, deed=more_later, feed=with_accents)
    for form, example in (("international", "84901234567"), ("masked", "0901***567")):
        how = f"half of the answers lost, the sent data shows {example}"
        yield _weak(f"numbers {form}", how, HALF_LOST | {"phones_shown": form}, SENT_DATA, deed=more_later)
    how = "half of the answers lost, others' SMS to every third number, no times"
    yield _weak("foreign rows", how, HALF_LOST | {"sent_time": "none"}, SENT_DATA, deed=foreign_rows)
    how = "half of the answers lost, nothing else: for comparison"
    yield _weak("the list as it should be", how, HALF_LOST, SENT_DATA, deed=more_later)


def _codes() -> Iterator[Scenario]:
    for taken in ("_taken", ""):
        codes = ("0", "199", "999")
        yield _weak(
            f"undocumented codes{', taken' if taken else ', not taken'}",
            "one answer in four, SMS and calls" + ("" if taken else "; one number in a hundred always"),
            {"rates": {f"code_{code}{taken}": 0.08 for code in codes}, "plots": {} if taken else {"37": "code_999"}},
            answered(*codes),
            feed=Stock.hundred,
            settings={},
        )


def _weak(
    name: str,
    how: str,
    knobs: Mapping[str, Any],
    count: Count,
    *,
    deed: Callable[[Ground, Stock, Thread], None] = nothing,
    allowed: Allowed = IN_DOUBT,
    feed: Callable[[Stock], None] = sms_of_all_kinds,
    settings: Mapping[str, str] = DOUBT,
    voice_apart: bool = False,
) -> Scenario:
    return Scenario(
        f"weak word: {name}",
        how,
        HUNDREDS,
        deed,
        feed=feed,
        knobs=knobs,
        layout=Layout(settings, voice_apart=voice_apart),
        allowed=allowed,
        count=count,
    )
