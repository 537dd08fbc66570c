"""What real people would get of a template, and about what that costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from worker import text
from worker.checks import affordable
from worker.errors import Invalid
from worker.ledger.contacts import ContactRow
from worker.ledger.templates import StoredTemplate
from worker.lifecycle import Kind
from worker.templates.values import Addressee, Occasion, written
from worker.text import Measure


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
    to = Addressee(
        name=contact.name, phones=contact.phones, birth_date=contact.birth_date, attributes=contact.attributes
    )
    try:
        made = written(template, to, occasion)
        measure = _measured(made.texts[0], sms_type) if template.kind is Kind.SMS else None
    except Invalid as error:
        return Preview(contact=contact, problem=str(error))
    filled = [each.filled(made.values) for each in template.texts()]
    return Preview(contact=contact, texts=made.texts, with_accents=filled, measure=measure)


def _measured(content: str, sms_type: int) -> Measure:
    measure = text.measure(content, sms_type)
    if measure.too_long:
        raise Invalid("content", f"is {measure.characters} characters long, of {measure.limit}", "shorten it")
    return affordable(measure)


@dataclass(slots=True)
class Estimate:
    """What a template comes to for many: `segments` is what is billed."""

    contacts: int = 0
    segments: int = 0
    unicode: int = 0  # of these contacts, whose text needs Unicode
    problems: Counter[str] = field(default_factory=Counter)

    @property
    def messages(self) -> int:
        """How many people would get a message."""
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
