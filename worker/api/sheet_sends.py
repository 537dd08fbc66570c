"""A spreadsheet as SMS: one row a recipient, good rows sent and bad ones named by row and column.

A row's reference is made of what it says, so that a file that was sent half before a crash can simply be sent again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from worker import text
from worker.api.row_references import Before, reference_of, rehearse_after
from worker.checks import phone_of
from worker.contacts.columns import guessed
from worker.errors import Conflict, Invalid
from worker.intake import Enqueue, Retry, Sms, TemplateCall
from worker.intake.checks import check
from worker.law.outlook import RuleOutlook, added_up
from worker.lifecycle import SmsType
from worker.spreadsheets import Readable, RefusedRow, Row, Unreadable
from worker.spreadsheets.rows import written
from worker.spreadsheets.titles import place_of, places_of, there_are
from worker.text import Body, Diacritics

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.api.notifier import Notifier

AT_ONCE = 1000  # rows queued in one transaction: what a crash leaves out, the next run brings in
TO = "to"  # the field of an SMS that the phone column fills
OF_ALL = {"fallback", "fallback_after", "retry_undelivered.times", "retry_undelivered.wait"}  # so wrong in each row

Places = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What goes with every row."""

    content: str
    purpose: str | None
    campaign: str
    source: str
    send_date: datetime | None
    expires_at: datetime | None
    hand_over: bool
    sms: Mapping[str, Any]  # sms_type, brandname, unicode, sandbox
    diacritics: Diacritics = Diacritics.KEEP  # of the text as each row gets it
    fallback: Sms | TemplateCall | None = None  # whose texts may name columns, too
    fallback_after: str | None = None
    fallback_in_doubt: bool = False
    retry_undelivered: Retry | None = None

    @property
    def texts(self) -> Mapping[str, Sequence[str]]:
        """The texts that may name columns, by the option that gave them."""
        match self.fallback:
            case Sms(content=content):
                return {"--content": [self.content], "--fallback-sms": [content]}
            case TemplateCall(variables=variables):
                return {"--content": [self.content], "--fallback-var": variables}
        return {"--content": [self.content]}


@dataclass(slots=True)
class Summary:
    """What became of the rows."""

    queued: int = 0
    already: int = 0
    opted_out: int = 0  # stored and cancelled at once
    waiting: int = 0  # of the queued ones, those that a sending rule has wait
    bad: int = 0
    segments: int = 0  # that the queued ones are billed as
    unicode: int = 0  # queued ones that an accent, or the like, turned into Unicode


@dataclass(frozen=True, slots=True)
class Columns:
    """What is taken from where: places of columns, from the left."""

    titles: Sequence[str]
    phone: int
    reference: int | None
    variables: Mapping[str, Places]  # of the text; several are joined: family and given name
    told: tuple[str, ...] = ()  # phone, reference: those that were not guessed

    def named(self) -> dict[str, str]:
        """Fields and variables to the titles of their columns, for a person."""
        found = {"phone": self.titles[self.phone]}
        if self.reference is not None:
            found["reference"] = self.titles[self.reference]
        return found | {f"{{{name}}}": self.title(places) for name, places in self.variables.items()}

    def field_of(self, title: str | None) -> str | None:
        """What a column is taken for: `to`, a variable of the text, or `reference`."""
        if title is None:
            return None
        fields = {self.title(places): name for name, places in self.variables.items()} | {self.titles[self.phone]: TO}
        return fields.get(title, "reference")

    def title(self, places: Places) -> str:
        return " + ".join(self.titles[place] for place in places)


def choose(titles: Sequence[str], order: Order, *, phone_column: str | None, reference_column: str | None) -> Columns:
    """The columns by what was told and by their names. Raises Unreadable."""
    looks = guessed(titles)
    told = [name for name, given in (("phone", phone_column), ("reference", reference_column)) if given is not None]
    return Columns(
        titles=titles,
        phone=_phone_place(titles, looks, phone_column),
        reference=None if reference_column is None else place_of(titles, reference_column, option="--reference-column"),
        variables={
            name: _variable_places(titles, looks, name, option)
            for option, texts in order.texts.items()
            for each in texts
            for name in variables_of(each, option)
        },
        told=tuple(told),
    )


def _phone_place(titles: Sequence[str], looks: Mapping[str, Places], told: str | None) -> int:
    if told is not None:
        return place_of(titles, told, option="--phone-column")
    places = looks.get("phone", ())
    if not places:
        problem = "no column is called phone, to, number, so_dien_thoai or the like"
        raise Unreadable("columns", problem, f"name it with --phone-column: {there_are(titles)}")
    if len(places) > 1:
        named = " and ".join(repr(titles[place]) for place in places)
        raise Unreadable("columns", f"{named} both look like phone", 'say which: --phone-column "…"')
    return places[0]


def _variable_places(titles: Sequence[str], looks: Mapping[str, Places], name: str, option: str) -> Places:
    """The column of this name; else what looks like this field of a contact: {name} is found under Họ tên."""
    like = looks.get(name, ())
    if like and (name == "name" or len(like) == 1) and not places_of(titles, name):
        return like
    return (place_of(titles, name, option=option),)


def variables_of(content: str, option: str) -> tuple[str, ...]:
    """The columns that the option's text names. Raises Unreadable."""
    try:
        return text.variables_of(content)
    except text.TemplateError as error:
        raise Unreadable(option, error.problem, error.remedy) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetSend:
    """One file's way out.

    refuse: is told of each row that is not sent. dry: everything but the commit; before: what would be stored by now.
    session: whose transaction it joins. warnings: what was taken all the same, and of how many messages. rules: what
    sending rules would do to them.
    """

    notifier: Notifier
    columns: Columns
    order: Order
    refuse: Callable[[RefusedRow], object]
    advance: Callable[[int], object] = int
    dry: bool = False
    before: Before = field(default_factory=dict, repr=False)
    session: Session | None = None
    warnings: Counter[str] = field(default_factory=Counter)
    rules: list[RuleOutlook] = field(default_factory=list)

    @property
    def together(self) -> bool:
        """Advertising goes out many to a request, so all rows are one notification with one text."""
        return bool(self.order.sms["sms_type"] == SmsType.ADVERTISING)

    def run(self, sheet: Readable) -> Summary:
        """Queue every row that can be sent. Raises Unavailable; what was queued by then stays."""
        summary, rows = Summary(), sheet.read()
        if self.together:
            self.send(rows, summary)
            return summary
        while chunk := list(islice(rows, AT_ONCE)):
            self.send(chunk, summary)
            self.advance(len(chunk))
        return summary

    def send(self, rows: Iterable[Row | RefusedRow], summary: Summary) -> None:
        """Queue those of these rows that can be sent, in one transaction; together: they must be all that there are."""
        if self.together:
            self._send_together(rows, summary)
        else:
            self._send_chunk(list(rows), summary)

    def _send_chunk(self, chunk: list[Row | RefusedRow], summary: Summary) -> None:
        good: list[tuple[Row, Enqueue]] = []
        for row in chunk:
            item = row if isinstance(row, RefusedRow) else self.checked(row)
            if isinstance(item, RefusedRow):
                self._refused(item, summary)
            else:
                assert isinstance(row, Row)
                good.append((row, item))
        try:
            self._enqueue([item for _, item in good], summary)
        except (Conflict, Invalid):  # one of them; which one is told when each is tried by itself
            for row, item in good:
                self._send_one(row, item, summary)

    def _send_one(self, row: Row, item: Enqueue, summary: Summary) -> None:
        try:
            self._enqueue([item], summary)
        except Invalid as error:
            self._refused(self._why(row, error), summary)
        except Conflict as error:
            self._refused(self._why_taken(row, error), summary)

    def _enqueue(self, items: list[Enqueue], summary: Summary) -> None:
        if self.dry:
            tickets = rehearse_after(self.before, self.notifier, items)
        else:
            tickets = self.notifier.enqueue_many(items, session=self.session)
        for item, ticket in zip(items, tickets, strict=True):
            if ticket.repeated:
                summary.already += ticket.messages
                continue
            assert isinstance(item.request, Sms)
            size = text.measure(item.request.content, self.order.sms["sms_type"])
            queued = ticket.messages - len(ticket.opted_out)
            summary.opted_out += len(ticket.opted_out)
            for warning in ticket.warnings:
                self.warnings[warning] += ticket.messages
            self.rules[:] = added_up([*self.rules, *ticket.rules])
            summary.queued += queued
            summary.waiting += queued * bool(ticket.not_before)
            summary.segments += queued * size.segments
            summary.unicode += queued * bool(size.forcing)

    def checked(self, row: Row) -> Enqueue | RefusedRow:
        """What this row asks for, or why it can't; nothing is stored."""
        number = written(row.cells[self.columns.phone])
        try:
            values = self._values(row)
            content = Body(self.order.content, self.order.diacritics).render(values)
            sms = Sms(to=number, content=content, **self.order.sms)
            fallback = self._fallback(values)
            own = None if self.columns.reference is None else written(row.cells[self.columns.reference])
            phones = check(self._item(sms, own, fallback), self.notifier.settings, now=datetime.now(UTC)).phones
        except Invalid as error:
            if error.field in OF_ALL:
                raise
            return self._why(row, error)
        return self._item(sms, own or reference_of(self.order.campaign, phones[0], content), fallback)

    def _values(self, row: Row) -> Mapping[str, str]:
        values = {
            name: " ".join(filter(None, (written(row.cells[place]) for place in places)))
            for name, places in self.columns.variables.items()
        }
        for name, value in values.items():
            if not value:
                raise Invalid(name, "is empty", "fill the cell: the text needs it")
        return values

    def _fallback(self, values: Mapping[str, str]) -> Sms | TemplateCall | None:
        """The same object for all, where no column is named in it: its terms are then checked once."""
        made = given = self.order.fallback
        if isinstance(given, TemplateCall):
            made = replace(given, variables=[text.render(each, values) for each in given.variables])
        elif given is not None:
            made = replace(given, content=text.render(given.content, values))
        return given if made == given else made

    def _item(self, sms: Sms, reference: str | None, fallback: Sms | TemplateCall | None) -> Enqueue:
        return Enqueue(
            request=sms,
            purpose=self.order.purpose,
            reference=reference or None,
            source=self.order.source,
            campaign=self.order.campaign,
            send_date=self.order.send_date,
            expires_at=self.order.expires_at,
            hand_over=self.order.hand_over,
            fallback=fallback,
            fallback_after=self.order.fallback_after,
            fallback_in_doubt=self.order.fallback_in_doubt,
            retry_undelivered=self.order.retry_undelivered,
        )

    def _send_together(self, rows: Iterable[Row | RefusedRow], summary: Summary) -> None:
        if self.columns.variables:
            remedy = "take the {variables} out"
            raise Unreadable("--content", "advertising (type 1) has one text for all", remedy)
        numbers = list(self._numbers(rows, summary))
        sms = Sms(to=numbers, content=self.order.content, **self.order.sms)
        reference = reference_of(self.order.campaign, self.order.content, *numbers)
        self._enqueue([self._item(sms, reference, self.order.fallback)], summary)

    def _numbers(self, rows: Iterable[Row | RefusedRow], summary: Summary) -> Iterator[str]:
        for row in rows:
            if isinstance(row, RefusedRow):
                self._refused(row, summary)
                continue
            number = written(row.cells[self.columns.phone])
            try:
                phone_of(TO, number, for_sms=True)
            except Invalid as error:
                self._refused(self._why(row, error), summary)
            else:
                yield number

    def _refused(self, refused: RefusedRow, summary: Summary) -> None:
        summary.bad += 1
        self.refuse(refused)

    def _why_taken(self, row: Row, error: Conflict) -> RefusedRow:
        if (place := self.columns.reference) is None:
            return RefusedRow(row.number, None, str(error), row.cells)
        return RefusedRow(row.number, self.columns.titles[place], f"{error.problem}: {error.remedy}", row.cells)

    def _why(self, row: Row, error: Invalid) -> RefusedRow:
        places = (self.columns.phone,) if error.field == TO else self.columns.variables.get(error.field)
        problem = f"{error.problem}: {error.remedy}" if places else str(error.at(None))
        return RefusedRow(row.number, self.columns.title(places) if places else None, problem, row.cells)
