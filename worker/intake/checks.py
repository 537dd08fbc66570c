"""What can be sent, and what can't: every error names the field, what is wrong with it and what to do.

The number itself is never in an error: error texts end in logs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from hashlib import blake2b

from worker import text
from worker.checks import ID_MOST, affordable, label, label_or_none, phone_of, text_of
from worker.errors import Invalid
from worker.intake.brandnames import Registered, check_brandname
from worker.intake.follow_up import follow_up_of
from worker.intake.remarks import kept_back, rules_of_texts, warnings_of
from worker.intake.request import Enqueue, RecordCall, Request, Sms, TemplateCall
from worker.intake.terms import are_alike, terms_of
from worker.law.rules import Rule
from worker.ledger import Terms
from worker.lifecycle import Purpose
from worker.phone import usual_mobile
from worker.settings import Settings

FOLLOWS_NOT = {"retry_undelivered": None, "fallback": None, "fallback_after": None, "fallback_in_doubt": False}


@dataclass(slots=True)  # not frozen, since it is made for each of tens of thousands
class Checked:
    """A request that can be sent, in the ledger's words."""

    terms: Terms
    phones: Sequence[str]  # E.164, each once
    duplicates: tuple[str, ...]
    content: str | None
    segments: int | None  # SMS that one recipient's text is billed as; None for a call
    plain_segments: int | None  # where it were fewer without accents: how many
    template_id: str | None
    reference: str | None
    options: tuple[str, ...]  # as the fingerprint has them
    warnings: tuple[str, ...] = ()

    def fingerprint(self, phones: Sequence[str] | None = None) -> str:
        """A digest of the content: who gets what, but no dates and labels. The purpose is compared by itself.

        phones: who gets it, where that is not who it names.
        """
        to = self.phones if phones is None else phones
        parts = (self.terms.kind, *sorted(to), self.content or "", self.template_id or "", *self.options)
        return blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()  # no part may hold a NUL


@dataclass(frozen=True, slots=True)
class _Shared:
    """What those that are alike have in common, found once for all of them."""

    item: Enqueue  # the first of them
    terms: Terms
    options: tuple[str, ...]
    rules: Sequence[Rule]  # that look at their texts


def _options(terms: Terms) -> tuple[str, ...]:
    options = [f"{name}={_flat(value)}" for name, value in sorted(terms.options.items())]
    if terms.follow_up:
        options.append(f"follow_up={json.dumps(terms.follow_up, sort_keys=True)}")
    return tuple(options)


def _flat(value: object) -> str:
    return "\0".join(value) if isinstance(value, list) else str(value)


def check(item: Enqueue, settings: Settings, *, now: datetime, late: bool = False) -> Checked:
    """Check and normalise one request. Raises Invalid."""
    return Checks(settings, now=now, late=late).check(item)


class Checks:
    """Checks one request after the other.

    late: a date that has passed is no error. registered: the brandnames that the account has, rules: those for sending,
    stands: does this reference of this source stand for something already? Each is asked for when needed.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        now: datetime,
        late: bool = False,
        registered: Callable[[], Registered] | None = None,
        rules: Callable[[], Sequence[Rule]] = tuple,
        stands: Callable[[str, str], bool] = lambda *_: False,
    ) -> None:
        self._settings, self._now, self._late = settings, now, late
        self._registered, self._rules, self._stands = registered, rules, stands
        self._last: _Shared | None = None

    def check(self, item: Enqueue) -> Checked:
        """Check and normalise it. Raises Invalid."""
        try:
            return self._check(item)
        except Invalid:
            if (repeat := self._as_repeat(item)) is None:
                raise
            return repeat

    def _as_repeat(self, item: Enqueue) -> Checked | None:
        """What was taken the first time stands, whatever time, the account and the rules have made wrong with it since:
        who asks again is not to believe that it was not.
        """
        if not item.reference:
            return None
        try:
            repeat = self._timeless._check(item)
        except Invalid:
            return None
        return repeat if self._stands(repeat.terms.source, item.reference) else None

    @cached_property
    def _timeless(self) -> Checks:
        return Checks(self._settings, now=self._now, late=True)

    def _check(self, item: Enqueue) -> Checked:
        request = item.request
        _check_kind(request)
        shared = self._shared(item)
        terms = shared.terms
        phones, duplicates = _phones(request)
        if terms.grouped:
            _check_least(len(phones), self._settings)
        reference = None if item.reference is None else label_or_none("reference", item.reference)
        if isinstance(request, Sms):
            segments, plain = _segments(request.content, terms.options["sms_type"])
            said, content = _warnings(shared, request), request.content
            return Checked(terms, phones, duplicates, content, segments, plain, None, reference, shared.options, said)
        said, template = terms.warnings, _template_id(request)
        return Checked(terms, phones, duplicates, None, None, None, template, reference, shared.options, said)

    def told_of(self, item: Enqueue) -> tuple[str, ...]:
        """What the sending rules say of it, whoever gets it: until when it waits, warnings, or why it is refused."""
        try:
            shared = self._shared(item)
            return (*filter(None, [shared.terms.waits]), *_warnings(shared, item.request))
        except Invalid as error:
            return (str(error),)

    def _in_force(self, terms: Terms) -> Sequence[Rule]:
        """A code never waits for anything."""
        return () if terms.purpose is Purpose.CODE else self._rules()

    def _shared(self, item: Enqueue) -> _Shared:
        """That of the one before, where they are alike."""
        if self._last is None or not are_alike(item, self._last.item):
            terms = self._terms(item)
            self._last = _Shared(item, terms, _options(terms), rules_of_texts(terms, self._in_force(terms)))
        return self._last

    def _terms(self, item: Enqueue) -> Terms:
        terms = terms_of(item, self._settings, now=self._now, late=self._late)
        if self._registered and "brandname" in terms.options:
            check_brandname(terms.options, self._registered())
        terms = kept_back(terms, self._in_force(terms), self._settings, self._now)
        if any(getattr(item, name) is not nothing for name, nothing in FOLLOWS_NOT.items()):
            other = Checks(
                self._settings, now=self._now, late=self._late, registered=self._registered, rules=self._rules
            )
            now = None if self._late else self._now
            terms = replace(terms, follow_up=follow_up_of(item, terms, self._settings, other.check, now=now))
        return terms


def _warnings(shared: _Shared, request: Request) -> tuple[str, ...]:
    said = warnings_of(shared.terms, request.content, shared.rules) if isinstance(request, Sms) else ()
    return shared.terms.warnings + said if said else shared.terms.warnings


def _check_kind(request: object) -> None:
    if not isinstance(request, (Sms, TemplateCall, RecordCall)):
        raise Invalid("request", f"{type(request).__name__} can't be sent", "give an Sms, TemplateCall or RecordCall")


# Whom...


def _phones(request: Request) -> tuple[Sequence[str], tuple[str, ...]]:
    wanted, for_sms = request.to, isinstance(request, Sms)
    if isinstance(wanted, str):
        return (usual_mobile(wanted) or phone_of("to", wanted, for_sms=for_sms),), ()
    if isinstance(wanted, int | float):  # as JSON without quotes
        phone_of("to", wanted, for_sms=for_sms)
    if not isinstance(wanted, Sequence) or not wanted:
        raise Invalid("to", "names nobody", "give a phone number, or a list of them")
    return _each_once([_number(wanted, place, for_sms) for place in range(len(wanted))])


def _number(wanted: Sequence[object], place: int, for_sms: bool) -> str:
    """Which of several is wrong is told by its place: what it is stays out of errors."""
    try:
        return phone_of("to", wanted[place], for_sms=for_sms)
    except Invalid as error:
        which = f"number {place + 1} of {len(wanted)}: " if len(wanted) > 1 else ""
        raise Invalid("to", which + error.problem, error.remedy) from None


def _each_once(phones: list[str]) -> tuple[list[str], tuple[str, ...]]:
    if len(phones) == 1:
        return phones, ()
    seen: set[str] = set()
    duplicates = tuple(number for number in phones if number in seen or seen.add(number))  # type: ignore[func-returns-value]
    return list(dict.fromkeys(phones)), duplicates


def _check_least(recipients: int, settings: Settings) -> None:
    if recipients < settings.advertising_least:
        problem = f"advertising (SmsType 1) to {recipients} recipients is refused by eSMS"
        raise Invalid("to", problem, f"name at least {settings.advertising_least} different ones")


# What...


def _segments(content: object, sms_type: int) -> tuple[int, int | None]:
    """How many SMS it is billed as; and without its accents, where that were fewer."""
    if not isinstance(content, str) or not content or content.isspace():
        text_of("content", content or "")
        raise Invalid("content", "is empty", "give the text to send")
    if text.is_one_plain(content, sms_type):
        return 1, None
    if text.unshowable(content):
        raise Invalid("content", "holds a character that no phone can show", "take it out")
    measure = text.measure(content, sms_type)
    if measure.too_long:
        problem = f"is {measure.characters} characters long, SmsType {sms_type:d} takes {measure.limit}"
        raise Invalid("content", problem, "shorten it")
    segments = affordable(measure).segments
    if segments == 1 or not measure.forcing:
        return segments, None
    plain = text.measure(text.strip_diacritics(content), sms_type).segments
    return segments, plain if plain < segments else None


def _template_id(call: TemplateCall | RecordCall) -> str:
    name = "template_id" if isinstance(call, TemplateCall) else "record_id"
    return label(name, getattr(call, name), most=ID_MOST, remedy="give the id that account.esms.vn shows")
