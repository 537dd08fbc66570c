"""Named texts, for a producer: `notifier.templates.save("birthday", content="Chuc mung {name}")`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from worker import templates
from worker.database import Database
from worker.errors import NotFound
from worker.intake import Enqueue, Sms, TemplateCall, known_purpose, told_of
from worker.ledger import contacts, note_act
from worker.ledger import templates as stored
from worker.ledger.contacts import ContactRow
from worker.ledger.templates import StoredTemplate as StoredTemplate
from worker.ledger.templates import TemplateRow as TemplateRow
from worker.lifecycle import Kind, Purpose, SmsType
from worker.settings import Settings
from worker.templates import Estimate, Occasion, Preview, Saved, define_template
from worker.text import Diacritics

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

SAMPLE = 10_000  # contacts by which the cost of all is estimated


@dataclass(frozen=True, slots=True, kw_only=True)
class Previewed:
    """What real people would get: those looked at, their sum, and how many there are of whom they are a sample."""

    each: Sequence[Preview]
    estimate: Estimate  # of those looked at
    contacts: int  # of all who are meant
    told: Sequence[str] = ()
    """What the sending rules say of the first of them, if it were sent now: waits, warnings, or why it is refused."""


class Templates:
    """Texts by name and version. Every method may raise Unavailable when Postgres can't be reached.

    session: where a method takes one, it joins that transaction.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings = database, settings

    def all(self) -> list[TemplateRow]:
        """The newest version of each, by name."""
        with self._database.begin() as session:
            return stored.templates(session)

    def versions(self, name: str) -> list[TemplateRow]:
        """Every version that this name had, the first one first. Raises NotFound."""
        with self._database.begin() as session:
            rows = stored.versions_of(session, name)
        if not rows:
            raise templates.unknown(name)
        return rows

    def save(
        self,
        name: str,
        *,
        content: str | None = None,
        template_id: str | None = None,
        variables: Sequence[str] = (),
        diacritics: Diacritics | None = None,
        change_kind: bool = False,
        session: Session | None = None,
    ) -> Saved:
        """Save a text for an SMS (`content`), or a call's template at eSMS with its variables; or its next version.

        change_kind: also where rules or events that use it then call instead of writing, or the other way round.
        Raises Invalid, which names the field; also for a variable that nobody will ever fill in.
        """
        new = define_template(
            name, content=content, template_id=template_id, variables=variables, diacritics=diacritics
        )
        with self._database.joined(session) as joined:
            saved = templates.save(joined, new, change_kind=change_kind)
            note_act(joined, "template.save", template=name)
        return saved

    def remove(self, name: str, *, session: Session | None = None) -> None:
        """Take away one that no rule and no event needs; its versions stay on record. Raises NotFound, Invalid."""
        with self._database.joined(session) as joined:
            templates.remove(joined, name)
            note_act(joined, "template.remove", template=name)

    def preview(
        self,
        template: str | StoredTemplate,
        *,
        keys: Sequence[str] = (),
        tags: Sequence[str] = (),
        source: str | None = None,
        sms_type: int = SmsType.CUSTOMER_CARE,
        purpose: Purpose | str | None = None,
        at: datetime | None = None,
        title: str = "",
        place: str = "",
        diacritics: Diacritics | None = None,
    ) -> Previewed:
        """What contacts would get of a saved template, by its name, or of one that `define_template` made.

        keys: these contacts; none: the first 10,000 that are meant. at: the occasion; None: now; naive: of TIME_ZONE.
        diacritics: of a saved one, in place of its own. purpose: what it would be sent for; None: what the SmsType is
        made for. Raises NotFound, Invalid.
        """
        purpose = None if purpose is None else known_purpose(purpose)
        zone = self._settings.time_zone
        moment = datetime.now(zone) if at is None else self._settings.aware(at)
        occasion = Occasion(at=moment.astimezone(zone), title=title, place=place)
        with self._database.begin() as session:
            wanted = _wanted(session, template, diacritics)
            rows = _people(session, keys, tags, source)
            of_all = len(keys) or contacts.count(session, tags=tags, source=source, opted_out=False)
            each = [templates.preview(wanted, row, occasion, sms_type) for row in rows]
            told = self._told(session, wanted, each, sms_type, purpose)
        return Previewed(each=each, estimate=templates.estimate(each), contacts=of_all, told=told)

    def _told(
        self,
        session: Session,
        template: StoredTemplate,
        each: Sequence[Preview],
        sms_type: int,
        purpose: Purpose | str | None,
    ) -> tuple[str, ...]:
        texts = next((one.texts for one in each if one.problem is None), None)
        if texts is None:
            return ()
        request: Sms | TemplateCall = TemplateCall(to="", template_id=template.template_id or "", variables=texts)
        if template.kind is Kind.SMS:
            request = Sms(to="", content=texts[0], sms_type=sms_type)
        return told_of(session, Enqueue(request=request, purpose=purpose), self._settings)


def _wanted(session: Session, template: str | StoredTemplate, diacritics: Diacritics | None) -> StoredTemplate:
    if isinstance(template, StoredTemplate):
        return template
    found = stored.template(session, template)
    if found is None:
        raise templates.unknown(template)
    return replace(found, diacritics=diacritics) if diacritics else found


def _people(session: Session, keys: Sequence[str], tags: Sequence[str], source: str | None) -> list[ContactRow]:
    if not keys:
        return contacts.page(session, tags=tags, source=source, opted_out=False, most=SAMPLE)
    rows = contacts.by_keys(session, keys, source=source)
    if unknown := set(keys) - {row.key for row in rows}:
        raise NotFound(f"no contact has the key {sorted(unknown)[0]!r}: `esms-worker contacts list` shows them")
    return rows
