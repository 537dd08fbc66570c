"""A file as a campaign: what its plan says, how it would read for real people of it, and each step of sending it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from worker.api.row_references import reference_of
from worker.api.sheet_sends import Columns, Order, SheetSend, Summary, choose
from worker.api.uploads.rows import KeptRows
from worker.checks import iso, label
from worker.errors import Invalid
from worker.intake import Enqueue, Sms, TemplateCall
from worker.ledger.people import make_beside_others
from worker.ledger.uploads import AT_ONCE, UploadShown, upload_rows
from worker.lifecycle import SmsType
from worker.spreadsheets import RefusedRow, Row
from worker.text import Diacritics, Measure, measure

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from worker.api.notifier import Notifier

SOURCE = "csv"  # as `send csv`: the same people, text and campaign by the one and the other are one message
LOOKED_AT = 200  # rows by which a preview judges the file


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignPlan:
    """What goes to each row. Raises Invalid, by the field, where it can't."""

    campaign: str
    content: str = field(repr=False)
    """{name} stands for the column of this name."""
    sms_type: int = SmsType.CUSTOMER_CARE
    brandname: str | None = None
    unicode: bool = False
    diacritics: str = Diacritics.KEEP
    """strip: Nguyễn becomes Nguyen, and fits an SMS of 160 characters."""
    purpose: str | None = None
    phone_column: str | None = None
    """None: the one that looks like it."""
    reference_column: str | None = None
    """None: a row's reference is made of campaign, number and text."""
    send_date: datetime | None = None
    """Naive: in TIME_ZONE."""
    expires_at: datetime | None = None
    fallback_sms: str | None = field(default=None, repr=False)
    """Sent instead, where the first failed: an SMS of type 2, which may name columns, too."""
    fallback_call: str | None = None
    """Or called instead: a template at eSMS."""
    fallback_vars: Sequence[str] = field(default=(), repr=False)
    """Its variables, left to right; they may name columns."""
    fallback_after: str | None = None
    """How long after its date, like 30m."""

    def __post_init__(self) -> None:
        label("campaign", self.campaign)
        if self.sms_type not in set(SmsType):
            known = ", ".join(str(int(each)) for each in SmsType)
            raise Invalid("sms_type", "there is no such SmsType", f"use {known}")
        if self.diacritics not in set(Diacritics):
            raise Invalid("diacritics", "is neither keep nor strip", "use one of them")
        if not isinstance(self.content, str) or not self.content.strip():
            raise Invalid("content", "is empty", "write the text")
        if self.fallback_sms and self.fallback_call:
            raise Invalid("fallback_sms", "and a call are two", "give one of them")

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        """The plan that was stored so."""
        dates = {name: iso(name, stored[name]) for name in ("send_date", "expires_at") if stored.get(name)}
        return cls(**{**stored, **dates})

    def order(self) -> Order:
        """The same, as `send csv` has it."""
        return Order(
            content=self.content,
            purpose=self.purpose,
            campaign=self.campaign,
            source=SOURCE,
            send_date=self.send_date,
            expires_at=self.expires_at,
            hand_over=False,
            diacritics=Diacritics(self.diacritics),
            fallback=self._fallback(),
            fallback_after=self.fallback_after if self.fallback_sms or self.fallback_call else None,
            sms={"sms_type": self.sms_type, "brandname": self.brandname, "unicode": self.unicode, "sandbox": False},
        )

    def _fallback(self) -> Sms | TemplateCall | None:
        if self.fallback_call:
            return TemplateCall(template_id=self.fallback_call, variables=tuple(self.fallback_vars))
        return Sms(content=self.fallback_sms, brandname=self.brandname) if self.fallback_sms else None

    def columns(self, titles: Sequence[str]) -> Columns:
        """What is taken from which column. Raises Invalid."""
        return choose(titles, self.order(), phone_column=self.phone_column, reference_column=self.reference_column)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPreviewed:
    """What one row would send, or why it can't."""

    row: int
    phone: str = field(default="", repr=False)
    content: str = field(default="", repr=False)
    size: Measure | None = None
    refused: RefusedRow | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignPreview:
    """What the first rows of a file would send."""

    columns: Columns
    each: Sequence[RowPreviewed]
    """Of the first rows, all of them."""
    rows: int
    """Of the file."""

    @property
    def fit(self) -> Sequence[RowPreviewed]:
        """The previewed rows that would be sent."""
        return [each for each in self.each if each.refused is None]

    @property
    def most_segments(self) -> int:
        """SMS that the longest of them is billed as."""
        return max((each.size.segments for each in self.fit if each.size), default=0)


def preview(session: Session, notifier: Notifier, upload: UploadShown, plan: CampaignPlan) -> CampaignPreview:
    """The first rows as they would go out. Raises Invalid."""
    sending = _sending(notifier, upload, plan)
    rows = upload_rows(session, upload.id, most=LOOKED_AT)
    return CampaignPreview(columns=sending.columns, each=[_previewed(sending, row) for row in rows], rows=upload.rows)


def _previewed(sending: SheetSend, row: Row | RefusedRow) -> RowPreviewed:
    item = row if isinstance(row, RefusedRow) else sending.checked(row)
    if isinstance(item, RefusedRow):
        return RowPreviewed(row=row.number, refused=item)
    sms = _sms_of(item)
    size = measure(sms.content, sending.order.sms["sms_type"])
    return RowPreviewed(row=row.number, phone=str(sms.to), content=sms.content, size=size)


def _sms_of(item: Enqueue) -> Sms:
    assert isinstance(item.request, Sms)
    return item.request


def trial(session: Session, notifier: Notifier, upload: UploadShown, to: str) -> Enqueue:
    """The first row that can be sent, to another number, now; the same text to it once. Raises Invalid."""
    plan = _plan_of(upload)
    sending = _sending(notifier, upload, plan)
    rows = (sending.checked(row) for row in upload_rows(session, upload.id, most=LOOKED_AT) if isinstance(row, Row))
    item = next((each for each in rows if isinstance(each, Enqueue)), None)
    if item is None:
        raise Invalid("rows", "none of the first can be sent", "look at what is refused, and fix the file")
    sms = replace(_sms_of(item), to=to)
    reference = reference_of("test", str(upload.id), to, sms.content)
    alone = replace(item, campaign=None, send_date=None, fallback=None, fallback_after=None)
    return replace(alone, request=sms, reference=reference)


def check(session: Session, notifier: Notifier, upload: UploadShown, refused: list[RefusedRow]) -> Mapping[str, Any]:
    """What sending it would come to, by everything but the commit. Raises Invalid."""
    sending = _sending(notifier, upload, _plan_of(upload), refused, dry=True)
    summary = sending.run(KeptRows(session, upload.id))
    return asdict(summary) | {"warnings": dict(sending.warnings), "rules": [asdict(each) for each in sending.rules]}


def step(
    session: Session, notifier: Notifier, upload: UploadShown, refused: list[RefusedRow]
) -> tuple[Mapping[str, int], int, bool]:
    """Queue the next rows: what it has come to with them, up to which row, and whether that was all. Raises Invalid."""
    sending = _sending(notifier, upload, _plan_of(upload), refused, session=session)
    make_beside_others(session)
    rows = _next(session, upload, sending.together)
    summary = Summary(**(upload.done or {}))
    if rows:
        sending.send(rows, summary)
    return asdict(summary), rows[-1].number if rows else upload.after_row, sending.together or len(rows) < AT_ONCE


def _next(session: Session, upload: UploadShown, together: bool) -> list[Row | RefusedRow]:
    if together:
        return list(KeptRows(session, upload.id).read())
    return upload_rows(session, upload.id, after=upload.after_row)


def _plan_of(upload: UploadShown) -> CampaignPlan:
    if upload.plan is None:
        raise Invalid("content", "is missing", "write the text first")
    return CampaignPlan.of(upload.plan)


def _sending(
    notifier: Notifier, upload: UploadShown, plan: CampaignPlan, refused: list[RefusedRow] | None = None, **how: Any
) -> SheetSend:
    told: list[RefusedRow] = [] if refused is None else refused
    columns = plan.columns(upload.columns)
    return SheetSend(notifier=notifier, columns=columns, order=plan.order(), refuse=told.append, **how)
