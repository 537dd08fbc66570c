"""Who gets what: each plot is one story of a message, and the recipient's number picks it.

A plot is one vocabulary for everything that can be ordered: by the last digits of a number, by a whole number, by rate
(the dice) or by function. `code_NNN` is a plot too: that code, nothing taken.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from functools import cache
from hashlib import blake2b

from worker.devkit.simulator.wire import Manner

SMS, TEMPLATE_CALL, RECORD_CALL = "SendMultipleMessage_V4_get", "MakeCallTemplate_V2", "MakeCallRecord_V2"


class Fate(Enum):
    """What becomes of one recipient; the value is the SendStatus in which a message of that fate ends."""

    DELIVERED = (5, True)
    UNDELIVERED = (5, False)
    REFUSED = (4, False)
    DELETED = (6, False)
    STUCK = (3, False)

    @property
    def final_status(self) -> int:
        return self.value[0]

    @property
    def arrives(self) -> bool:
        return self.value[1]


class Body(StrEnum):
    """What stands in the answer in place of eSMS's own reply."""

    REPLY = "reply"
    SERVER_ERROR = "server error"
    HTML = "html"
    EMPTY = "empty"
    NO_ID = "no id"
    NO_CODE = "no code"
    REDIRECT = "redirect"
    NOT_UTF8 = "not utf-8"
    HUGE = "huge"
    BOMB = "bomb"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """One story. `taken` says whether a recipient gets something, whatever the answer then looks like."""

    meaning: str
    taken: bool = True
    code: str | Mapping[str, str] = ""  # by function, where the manual's codes differ
    manner: Manner = Manner.PLAIN
    body: Body = Body.REPLY
    fate: Fate = Fate.DELIVERED
    call_fate: Fate | None = None
    tries: int | None = None  # plays on the first so many tries, then all goes well; None: on every try
    by_number: bool = False  # tries are counted by number, whatever the RequestId
    unknown_asks: int = 0  # the first so many GetSendStatus are answered with 105
    sending_asks: int = 0  # the first so many GetSendStatus are answered with SendStatus 3

    def code_for(self, function: str) -> str:
        return self.code if isinstance(self.code, str) else self.code.get(function, "99")

    def fate_for(self, function: str) -> Fate:
        return self.fate if function == SMS else self.call_fate or self.fate


_REFUSED = {SMS: "146", TEMPLATE_CALL: "104", RECORD_CALL: "106"}

PLOTS: dict[str, Plot] = {
    "delivered": Plot(meaning="taken and delivered; a call is answered"),
    "undelivered": Plot(meaning="taken, finished, not delivered; a call is not answered", fate=Fate.UNDELIVERED),
    "refused": Plot(
        meaning="refused: SMS 146 **with** an SMSID, template call 104, record call 106", taken=False, code=_REFUSED
    ),
    "busy": Plot(
        meaning="SendStatus 3 three times, then delivered; a call finds the line busy and ends not delivered",
        call_fate=Fate.UNDELIVERED,
        sending_asks=3,
    ),
    "lost_answer": Plot(
        meaning="taken, but the connection closes without an answer the first time; asked again: 124",
        manner=Manner.SILENT,
        tries=1,
    ),
    "hang": Plot(
        meaning="taken, the first answer never comes; asked again: 124",
        manner=Manner.HANG,
        tries=1,
    ),
    "http_5xx_not_taken": Plot(
        meaning="HTTP 503 twice, nothing taken; then taken", taken=False, body=Body.SERVER_ERROR, tries=2
    ),
    "http_5xx_taken": Plot(meaning="HTTP 503 the first time, though taken", body=Body.SERVER_ERROR, tries=1),
    "operator_refuses": Plot(meaning="taken, then SendStatus 4: refused by the operator", fate=Fate.REFUSED),
    "deleted": Plot(meaning="taken, then SendStatus 6: deleted", fate=Fate.DELETED),
    "stuck": Plot(meaning="taken, SendStatus stays 3 for ever", fate=Fate.STUCK),
    "unknown_at_first": Plot(meaning="taken; the first two GetSendStatus say 105, as if unknown", unknown_asks=2),
    "html": Plot(meaning="taken; the first answer is an HTML page with HTTP 200", body=Body.HTML, tries=1),
    "truncated": Plot(meaning="taken; the first answer breaks off half way", manner=Manner.CUT, tries=1),
    "no_id": Plot(meaning="taken; code 100 without an SMSID the first time", body=Body.NO_ID, tries=1),
    "unknown_error": Plot(meaning="code 99 and not taken the first time, then taken", taken=False, code="99", tries=1),
    "slow": Plot(
        meaning="taken; the first answer comes byte by byte, `drip` seconds each", manner=Manner.DRIP, tries=1
    ),
    "poor": Plot(
        meaning="103, balance too low, for the first two tries of this number; then taken",
        taken=False,
        code="103",
        tries=2,
        by_number=True,
    ),
    # Not picked by a number of their own:
    "hang_always": Plot(meaning="taken, and no answer ever comes, not even to the next try", manner=Manner.HANG),
    "hang_not_taken": Plot(meaning="not taken, no answer the first time", taken=False, manner=Manner.HANG, tries=1),
    "reset": Plot(
        meaning="not taken; the connection is reset the first time", taken=False, manner=Manner.RESET, tries=1
    ),
    "reset_taken": Plot(meaning="taken; the connection is reset the first time", manner=Manner.RESET, tries=1),
    "empty": Plot(meaning="taken; the first answer has an empty body", body=Body.EMPTY, tries=1),
    "error_without_code": Plot(
        meaning='not taken; `{"error":"Invalid request"}` the first time', taken=False, body=Body.NO_CODE, tries=1
    ),
    "redirect": Plot(meaning="not taken; HTTP 302 the first time", taken=False, body=Body.REDIRECT, tries=1),
    "not_utf8": Plot(meaning="taken; the first answer is not UTF-8", body=Body.NOT_UTF8, tries=1),
    "huge": Plot(meaning="taken; the first answer is 10 MB", body=Body.HUGE, tries=1),
    "xml_bomb": Plot(meaning="taken; the first answer is an XML entity bomb", body=Body.BOMB, tries=1),
}

RECIPIENTS: dict[str, str] = {
    "001": "delivered",
    "002": "undelivered",
    "003": "refused",
    "004": "busy",
    "005": "lost_answer",
    "006": "hang",
    "007": "http_5xx_not_taken",
    "008": "http_5xx_taken",
    "009": "operator_refuses",
    "010": "deleted",
    "011": "stuck",
    "012": "unknown_at_first",
    "013": "html",
    "014": "truncated",
    "015": "no_id",
    "016": "unknown_error",
    "017": "slow",
    "018": "poor",
}
DELIVERED = PLOTS["delivered"]

_CODE = re.compile(r"code_\d{1,3}(_taken)?")


def plot_named(name: str) -> Plot:
    """The plot of that name; `code_NNN` makes one. Raises LookupError with one line for a person."""
    if plot := PLOTS.get(name):
        return plot
    if _CODE.fullmatch(name) is None or name in ("code_100", "code_100_taken"):
        others = f"code_NNN (a refusal), code_NNN_taken or one of: {', '.join(PLOTS)}"
        raise LookupError(f"plot {name!r} is unknown; take {others}")
    code = name.removeprefix("code_")
    return _answered(code.removesuffix("_taken")) if code.endswith("_taken") else _refusal(code)


@cache
def _refusal(code: str) -> Plot:
    return Plot(meaning=f"refused with code {code}", taken=False, code=code)


@cache
def _answered(code: str) -> Plot:
    return Plot(meaning=f"code {code} the first time, though taken", code=code, tries=1)


def rolled(rates: Mapping[str, float], *key: object) -> str | None:
    """The plot that the dice pick for this key, or None: always the same for it, in whatever order requests come."""
    digest = blake2b(repr(key).encode(), digest_size=8).digest()
    roll = int.from_bytes(digest) / 2**64
    for name in sorted(rates):
        roll -= rates[name]
        if roll < 0:
            return name
    return None
