"""Templates before they are used: what may be saved, what it becomes for real people, and about what that costs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from worker import phone, text
from worker.errors import Invalid
from worker.ledger.contacts import ContactRow
from worker.ledger.templates import StoredTemplate
from worker.lifecycle import SmsType
from worker.templates import (
    CALL_VARIABLES_MOST,
    Channel,
    Diacritics,
    parse,
    values_of_occasion,
    values_of_person,
)
from worker.text import Measure

SEGMENTS_MOST = 10  # as at enqueue
JOINER = "||"  # what eSMS joins a call's variables by
ID_MOST = 64  # characters

_name = re.compile(r"[\w.-]{1,64}").fullmatch


# Saving...


def define_template(
    name: str,
    *,
    content: str | None = None,
    template_id: str | None = None,
    variables: Sequence[str] = (),
    diacritics: Diacritics | None = None,
) -> StoredTemplate:
    """A template that can be saved: an SMS's content, or a call's template at eSMS with its variables in order.

    diacritics: by default taken out of an SMS, where one name would need Unicode, and kept in what is read out.
    Raises Invalid, also for a variable that nobody will ever fill in.
    """
    if not isinstance(name, str) or not _name(name):
        raise Invalid("name", "is no usable name", "use up to 64 letters, digits, dots, dashes and underscores")
    if (content is None) == (template_id is None):
        raise Invalid("content", "is needed for an SMS, a template_id for a call", "give one of the two")
    if content is not None:
        return _sms(name, content, variables, diacritics or Diacritics.STRIP)
    return _call(name, template_id or "", variables, diacritics or Diacritics.KEEP)


def _sms(name: str, content: str, variables: Sequence[str], diacritics: Diacritics) -> StoredTemplate:
    if variables:
        raise Invalid("variables", "are for calls", "write them into the content, like {name}")
    body = parse(content, diacritics=diacritics).body
    written = text.strip_diacritics(body) if diacritics is Diacritics.STRIP else body
    if (segments := text.measure(written, SmsType.CUSTOMER_CARE).segments) > SEGMENTS_MOST:
        raise Invalid("content", f"makes {segments} SMS of one", f"shorten it to {SEGMENTS_MOST} at most")
    return StoredTemplate(name=name, kind=Channel.SMS, content=body, diacritics=diacritics)


def _call(name: str, template_id: str, variables: Sequence[str], diacritics: Diacritics) -> StoredTemplate:
    if not template_id.strip() or len(template_id) > ID_MOST or not template_id.isprintable():
        raise Invalid("template_id", "is no id", "give the id that account.esms.vn shows")
    if len(variables) > CALL_VARIABLES_MOST:
        raise Invalid("variables", f"are more than {CALL_VARIABLES_MOST}", "give those of the template at eSMS")
    for place, each in enumerate(variables, start=1):
        parse(each, field=f"variables[{place}]")
        if JOINER in each:
            raise Invalid(f"variables[{place}]", f"holds {JOINER}, by which eSMS tells them apart", "write it without")
    return StoredTemplate(
        name=name,
        kind=Channel.TEMPLATE_CALL,
        template_id=template_id.strip(),
        variables=tuple(variables),
        diacritics=diacritics,
    )


# Previewing...


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What a preview is about: when (in the zone of its people), and, for an event, what and where."""

    at: datetime
    title: str = ""
    place: str = ""

    def values_for(self, contact: ContactRow, number: str) -> dict[str, str]:
        """What each variable stands for; number: the one that it goes to."""
        person = values_of_person(
            name=contact.name,
            phone=number,
            birth_date=contact.birth_date,
            attributes=contact.attributes,
            on=self.at.date(),
        )
        return person | values_of_occasion(self.at, title=self.title, place=self.place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What one contact would get: an SMS's text, or a call's variables; or why they can't get it."""

    contact: ContactRow
    texts: Sequence[str] = field(default=(), repr=False)
    with_accents: Sequence[str] = field(default=(), repr=False)  # the same before diacritics were taken out
    measure: Measure | None = None  # of an SMS
    problem: str | None = None


def preview(template: StoredTemplate, contact: ContactRow, occasion: Occasion, sms_type: int) -> Preview:
    """The template as this contact would get it."""
    try:
        values = occasion.values_for(contact, _number(contact, for_sms=template.kind is Channel.SMS))
        texts = [each.render(values) for each in template.texts()]
        measure = _measured(texts[0], sms_type) if template.kind is Channel.SMS else None
    except Invalid as error:
        return Preview(contact=contact, problem=str(error))
    return Preview(
        contact=contact, texts=texts, with_accents=[each.filled(values) for each in template.texts()], measure=measure
    )


def _number(contact: ContactRow, *, for_sms: bool) -> str:
    """The main number, or the first one besides that will do: the main one may be a landline."""
    for each in contact.phones:
        try:
            return phone.parse(each, for_sms=for_sms).e164
        except phone.PhoneError:
            continue
    raise Invalid("phone", f"this recipient has none that takes {'an SMS' if for_sms else 'a call'}", "give them one")


def _measured(content: str, sms_type: int) -> Measure:
    measure = text.measure(content, sms_type)
    if measure.too_long:
        raise Invalid("content", f"is {measure.characters} characters long, of {measure.limit}", "shorten it")
    if measure.segments > SEGMENTS_MOST:
        raise Invalid("content", f"makes {measure.segments} SMS of one", f"shorten it to {SEGMENTS_MOST} at most")
    return measure


@dataclass(slots=True)
class Estimate:
    """What a template comes to for many: `segments` is what is billed."""

    contacts: int = 0
    segments: int = 0
    unicode: int = 0  # of these contacts, whose text needs Unicode
    problems: Counter[str] = field(default_factory=Counter)

    @property
    def messages(self) -> int:
        """Those who would get one."""
        return self.contacts - sum(self.problems.values())


def estimate(previews: Iterable[Preview]) -> Estimate:
    """Add them up."""
    total = Estimate()
    for each in previews:
        total.contacts += 1
        if each.problem is not None:
            total.problems[each.problem] += 1
        elif each.measure is not None:
            total.segments += each.measure.segments
            total.unicode += each.measure.encoding is text.Encoding.UCS2
    return total


def accents_taken_out(each: Preview) -> Mapping[str, str]:
    """The words that taking accents out changes: Nguyễn to Nguyen."""
    changed: dict[str, str] = {}
    for before, after in zip(each.with_accents, each.texts, strict=True):
        words = {word: text.strip_diacritics(word) for word in before.split()} if before != after else {}
        changed |= {word: plain for word, plain in words.items() if word != plain}
    return changed
