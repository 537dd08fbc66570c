"""What the sending rules say of a request when it is handed over: what waits, what is told, what is refused.

The look that counts is the claim's (worker/ledger/gate.py); this one tells a producer right away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from worker.errors import Invalid
from worker.law.outlook import RuleOutlook
from worker.law.rules import Check, Mode, Rule, channel_of, hours_of, opening, rule_in, waits_until
from worker.law.texts import reads_like_advertising
from worker.ledger import NumberRules, Terms
from worker.lifecycle import Purpose
from worker.settings import Settings

LIKE_ADVERTISING = (
    "content: {words!r} reads like advertising, and its purpose is service: if it is, say purpose=advertising"
)
# Of each check on a text: the field, what is wrong with it, what to do.
_WRONG = {
    Check.SENDER: ("sms_type", "{sms_type} has no registered brandname, as advertising needs", "use SmsType 1"),
    Check.LABEL: ("content", "begins without the label of advertising", "begin it with [QC]"),
    Check.REFUSAL: ("content", "ends without a way to refuse", "end it with how to, like: Tu choi, soan TC gui 8xxx"),
}


def kept_back(terms: Terms, rules: Sequence[Rule], settings: Settings, now: datetime) -> Terms:
    """The same, with the time before which it does not go out. Raises Invalid where it never could, or must not."""
    about, at = _about(terms, rules), max(now, terms.send_date or now)
    terms = replace(terms, warnings=tuple(_untimely(about, at, settings)))
    if terms.purpose is Purpose.ADVERTISING:
        if terms.hand_over:
            _refuse_hand_over(about)
        terms = replace(terms, number_rules=NumberRules.among(about, channel_of(terms.kind)))
    found = opening(hours_of(about), at, settings.time_zone)
    if found is None:
        return terms
    until, rule = found
    told = waits_until(rule, until, settings.time_zone)
    if rule.mode is Mode.REFUSE or terms.hand_over:
        raise Invalid("send_date", _outside(rule), "give another")
    if terms.expires_at is not None and terms.expires_at <= until:
        raise Invalid("expires_at", f"comes too soon: {told}", "give a later one, or leave it out")
    return replace(terms, not_before=until, waits=told)


def waiting_of(terms: Terms, messages: int) -> list[RuleOutlook]:
    """What the hours do to so many of them."""
    if terms.waits is None or not messages:
        return []
    name = rule_in(terms.waits)
    return [RuleOutlook(rule=name, does=Mode.HOLD, messages=messages, until=terms.not_before)]


def _untimely(rules: Sequence[Rule], at: datetime, settings: Settings) -> Iterator[str]:
    for rule in rules:
        if rule.check is Check.HOURS and rule.mode is Mode.WARN and rule.opens(at, settings.time_zone):
            yield f"send_date: {_outside(rule)}: give another"


_LOOKED_AT = frozenset({Purpose.SERVICE, Purpose.ADVERTISING})


def rules_of_texts(terms: Terms, rules: Sequence[Rule]) -> list[Rule]:
    """The rules that look at texts on such terms."""
    return [rule for rule in _about(terms, rules) if rule.check in _WRONG] if terms.purpose in _LOOKED_AT else []


def warnings_of(terms: Terms, content: str, rules: Sequence[Rule]) -> tuple[str, ...]:
    """What is taken all the same, one line each. rules: of texts. Raises Invalid for what one of them refuses."""
    return tuple(_warnings(terms, content, rules))


def _warnings(terms: Terms, content: str, rules: Sequence[Rule]) -> Iterator[str]:
    if terms.purpose is Purpose.SERVICE and (words := reads_like_advertising(content)):
        yield LIKE_ADVERTISING.format(words=words)
    for rule in rules:
        if rule.is_broken_by(content, terms.options["sms_type"]):
            yield _told(rule, terms)


def _about(terms: Terms, rules: Sequence[Rule]) -> list[Rule]:
    return [rule for rule in rules if rule.is_about(terms.purpose, channel_of(terms.kind), terms.campaign)]


def _told(rule: Rule, terms: Terms) -> str:
    field, problem, remedy = _WRONG[rule.check]
    problem = problem.format(sms_type=terms.options["sms_type"]) + f" ({_named(rule)})"
    if rule.mode is not Mode.WARN:
        raise Invalid(field, problem, remedy)
    return f"{field}: {problem}: {remedy}"


def _refuse_hand_over(rules: Sequence[Rule]) -> None:
    for rule in rules:
        if rule.check in (Check.HOURS, Check.COUNT) and rule.mode is not Mode.WARN:
            problem = f"advertising that eSMS keeps is counted and stopped by nobody ({_named(rule)})"
            raise Invalid("hand_over", problem, "leave it out: it is kept here until its date")


def _outside(rule: Rule) -> str:
    return f"is outside of {rule.parameters['from']} to {rule.parameters['to']} ({_named(rule)})"


def _named(rule: Rule) -> str:
    return f"{rule.name}, {rule.source}" if rule.source else rule.name
