"""Figures as HTML, in one language: what users wrote is escaped wherever it stands, and the page runs nothing."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from worker.catalogue import Advice, Language, advice
from worker.catalogue.page import WORDS
from worker.catalogue.saying import Saying
from worker.lifecycle import Kind, Status
from worker.reporting.costs import Costs
from worker.reporting.page import charts
from worker.reporting.page.gathering import Figures
from worker.reporting.page.periods import Period, periods, together, unit_of
from worker.reporting.sums import Sums

CAMPAIGNS_SHOWN = 20
SERIES = ("delivered", "failed", "held", "open", "other")


def rendered(figures: Figures, language: Language, zone: tzinfo, zone_name: str) -> str:
    """The whole page, to keep."""
    style = "".join(_read(name) for name in ("page.css", "figures.css"))
    digest = b64encode(sha256(style.encode()).digest()).decode()
    say, body = Teller(language, zone, zone_name), Markup(body_of(figures, language, zone, zone_name))  # noqa: S704 — ours
    return _template("page.html.j2").render(style=style, digest=digest, say=say, f=figures, body=body)


def body_of(figures: Figures, language: Language, zone: tzinfo, zone_name: str) -> str:
    """What stands on it, for a page that has a frame of its own; figures.css is its style."""
    say = Teller(language, zone, zone_name)
    return _template("body.html.j2").render(series=SERIES, charts=charts, say=say, **view(figures, say))


@cache
def _template(name: str) -> Template:
    made = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return made.from_string(_read(name))


def _read(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Teller(Saying):
    """Says figures in the page's language and zone."""

    zone_name: str

    def __call__(self, name: str, /, **values: object) -> str:
        return WORDS[name].say(self.language, **values)

    def moment(self, at: datetime | None) -> str:
        return self("not_counted") if at is None else Saying.moment(self, at)

    def sms_or_call(self, kind: Kind) -> str:
        return self("sms" if kind is Kind.SMS else "call")

    def spent(self, line: Costs) -> str:
        """A sum; nobody's is no zero."""
        return "?" if line.known == "no" else self.dong(line.cost)

    def known(self, line: Costs) -> str:
        """In words, whose figure a cost is."""
        return self(f"known_{line.known}", count=self.number(line.unknown_messages))

    def advice(self, line: Failed) -> Advice:
        """Why it failed and what to do."""
        return advice(self.language, kind=line.kind, status=line.status, code=line.code or None, reason=None)


@dataclass(frozen=True, slots=True)
class Failed:
    """Messages that failed in the same way."""

    kind: Kind
    status: Status
    code: str
    messages: int


def _alike(lines: Sequence[Sums]) -> list[Failed]:
    """A code means the same for every SMS, and something else for calls."""
    counts: Counter[tuple[Kind, Status, str]] = Counter()
    for line in lines:
        kind = Kind.SMS if line.key["sms_type"] else Kind.TEMPLATE_CALL
        counts[kind, Status(str(line.key["status"])), str(line.key["code"])] += line.messages
    return [Failed(*key, messages) for key, messages in counts.most_common()]


def view(figures: Figures, say: Teller) -> dict[str, Any]:
    """What the template needs besides words."""
    columns = periods(figures.days, figures.since, figures.until)
    shown, rest = figures.campaigns[:CAMPAIGNS_SHOWN], figures.campaigns[CAMPAIGNS_SHOWN:]
    return {
        "f": figures,
        "total": together(figures.days, figures.since),
        "unit": unit_of(figures.since, figures.until),
        "columns": columns,
        "bars": charts.stacked([_column(each) for each in columns]),
        "top": charts.top_of([_column(each) for each in columns]),
        "rates": charts.line([each.delivery_rate for each in columns]),
        "most": max(columns, key=lambda each: each.messages),
        "lowest": min((each for each in columns if each.delivery_rate is not None), key=_rate, default=None),
        "campaigns": [
            (_named(line.key["campaign"], say("no_campaign")), together([line], figures.since)) for line in shown
        ],
        "others": (say("others", count=say.number(len(rest))), together(rest, figures.since)) if rest else None,
        "networks": [
            (_named(line.key["network"], say("no_network")), together([line], figures.since))
            for line in figures.networks
        ],
        "failures": _alike(figures.failures),
        "failed": sum(line.messages for line in figures.failures),
        "cost": _together(figures.costs),
    }


def _column(period: Period) -> list[tuple[str, int]]:
    return [(name, getattr(period, name)) for name in SERIES]


def _rate(period: Period) -> float:
    return period.delivery_rate or 0.0


def _named(name: object, without: str) -> str:
    return str(name) or without


def _together(lines: Sequence[Costs]) -> Costs | None:
    """All months as one."""
    if not lines:
        return None
    first, *others = lines
    for line in others:
        amounts = {name: getattr(first, name) + getattr(line, name) for name in Costs.__slots__ if name != "key"}
        first = replace(first, **amounts)
    return first
