"""The lists of messages as rows of a file: cells come from Postgres, since millions leave no time for objects.

The columns of the typed rows, in their order, and the cells that `tabular.cell` makes of them; but for a number as
people write it: a spreadsheet would take +84… for a formula.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING

from worker.catalogue import Language, advice
from worker.lifecycle import WANTED_AT
from worker.phone import local_of
from worker.reporting.choice import Choice
from worker.reporting.lists import FIELDS, Failure, ListPage, MessageReported, names_of, page
from worker.tabular import names_of as fields_of

if TYPE_CHECKING:
    from worker.database import Reader

Cells = Sequence[str | int | float | None]

_RENDERED = {  # by the type of the field, which is None for what nobody knows
    "UUID": "CAST({} AS text) AS {}",
    "datetime": "CAST(date_trunc('second', timezone(:zone, {})) AS text)",
    "Decimal": "CAST({} AS double precision)",
}
_ADVICE = ("reason", "reason_vi", "remedy", "remedy_vi")
COLUMNS: Mapping[str, Sequence[str]] = {"messages": fields_of(MessageReported), "failures": fields_of(Failure)}


def _cells_of(kind: type, *, without: Sequence[str] = ()) -> str:
    types = {each.name: str(each.type).removesuffix(" | None") for each in fields(kind) if each.name not in without}
    cells = (_RENDERED.get(type_, "{} AS {}").format(FIELDS[name], name) for name, type_ in types.items())
    return f"{', '.join(cells)}, {WANTED_AT} AS wanted_at"  # the last for the cursor alone


_MESSAGE = _cells_of(MessageReported)
_FAILURE = f"n.kind, m.reason, {_cells_of(Failure, without=('name', *_ADVICE))}"


def messages(session: Reader, choice: Choice, zone: tzinfo, *, after: str | None, most: int) -> ListPage[Cells]:
    """A page of rows, one for each message."""
    rows, following = page(session, choice, zone, after, most, failed=False, columns=_MESSAGE)
    place = COLUMNS["messages"].index("phone")
    return ListPage([(*row[:place], local_of(row[place]), *row[place + 1 : -1]) for row in rows], following)


def failures(session: Reader, choice: Choice, zone: tzinfo, *, after: str | None, most: int) -> ListPage[Cells]:
    """A page of rows, one for each message that failed."""
    rows, following = page(session, choice, zone, after, most, failed=True, columns=_FAILURE)
    names = names_of(session, {row[2] for row in rows})
    return ListPage(
        [
            (local_of(phone), names.get(phone), reference, status, code, *_told(kind, status, code, reason), *others)
            for kind, reason, phone, reference, status, code, *others, _ in rows
        ],
        following,
    )


@lru_cache(maxsize=4096)
def _told(kind: str, status: str, code: str | None, reason: str | None) -> Sequence[str]:
    english, vietnamese = (
        advice(language, kind=kind, status=status, code=code, reason=reason) for language in (Language.EN, Language.VI)
    )
    return english.reason, vietnamese.reason, english.remedy, vietnamese.remedy
