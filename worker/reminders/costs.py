"""What a reminder costs: the segments of its text with an ordinary person's values in it, times the price of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from worker import text
from worker.ledger.templates import TemplateRow
from worker.lifecycle import Kind, SmsType
from worker.templates import Addressee, Occasion, written
from worker.text import ATTRIBUTE

SOMEBODY = Addressee(name="Nguyễn Thị Phương Thảo", phones=["+84901234567"], birth_date=date(1990, 3, 1))
SOME_DAY = datetime(2027, 3, 1, 8)  # noqa: DTZ001 — its digits are all that counts
OWN = "x" * 10  # an attribute that nobody has told us the length of


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Prices in whatever currency; eSMS's depend on the contract."""

    segment: float = 0.0  # of one SMS
    call: float = 0.0


class Costs:
    """What templates cost, by their names; each is measured once."""

    def __init__(self, templates: Mapping[str, TemplateRow], price: Price) -> None:
        self._templates, self._price = templates, price
        self._segments: dict[tuple[str, SmsType], int] = {}

    def segments(self, name: str, sms_type: SmsType) -> int:
        """How many SMS one text is billed as; 0 for a call."""
        asked = (name, sms_type)
        if asked not in self._segments:
            self._segments[asked] = self._measured(name, sms_type)
        return self._segments[asked]

    def of_one(self, segments: int) -> float:
        """The price of one reminder."""
        return segments * self._price.segment if segments else self._price.call

    def _measured(self, name: str, sms_type: SmsType) -> int:
        found = self._templates.get(name)
        if found is None:
            return 1
        return 0 if found.kind is not Kind.SMS else text.measure(_sample(found), sms_type).segments


def _sample(found: TemplateRow) -> str:
    [body] = found.texts()
    own = {name.removeprefix(ATTRIBUTE): OWN for name in body.variables if name.startswith(ATTRIBUTE)}
    some = Occasion(at=SOME_DAY, title="Cuộc hẹn khám", place="Phòng 201")
    return written(found, replace(SOMEBODY, attributes=own), some).texts[0]
