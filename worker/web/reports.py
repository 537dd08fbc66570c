"""`/v1/reports/…`: what was sent and what came of it, from the sums of days; and the messages behind them, paged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Query, Request, Response

from worker.access import May
from worker.api.reports import Reports
from worker.api.tokens import TokenRow
from worker.reporting import GroupBy, Which
from worker.web.access import needs
from worker.web.answers import as_json
from worker.web.door import producer_for, source_for
from worker.web.problems import Problem
from worker.web.schemas import problems

router = APIRouter(prefix="/v1/reports", tags=["reports"], responses=problems("invalid", "not-found"))
Reader = Annotated[TokenRow, Depends(needs(May.READ))]
Words = Annotated[list[str], Query(max_length=100)]
By = Annotated[list[GroupBy], Query(description="What a line is of; several make a line for each pair.")]
Cursor = Annotated[str | None, Query(max_length=200, description="`next` of the answer before.")]
Most = Annotated[int, Query(ge=1, le=1000)]
Each = Annotated[bool, Query(description="Count each time that it was sent, not each recipient once, by the last.")]
Day = Annotated[date | None, Query(description="Of TIME_ZONE, on which messages were to go out; in.")]


def which_of(
    holder: Reader,
    since: Day = None,
    until: Day = None,
    campaign: Words = [],  # noqa: B006 — fastapi reads it and changes nothing
    source: Words = [],  # noqa: B006
    purpose: Words = [],  # noqa: B006
    lane: Words = [],  # noqa: B006
    status: Words = [],  # noqa: B006
    code: Words = [],  # noqa: B006
    network: Words = [],  # noqa: B006
) -> Which:
    """Which messages; for a holder who is bound to a source, of those its own. Raises Problem."""
    words = {
        "campaign": campaign, "source": _sources(holder, source), "purpose": purpose, "lane": lane, "status": status,
        "code": code, "network": network,
    }  # fmt: skip
    given = {name: values for name, values in words.items() if values}
    return cast(Which, {"since": since, "until": until} | given)


def _sources(holder: TokenRow, given: Sequence[str]) -> Sequence[str]:
    return given if holder.source is None else [source_for(holder, each) for each in given or [holder.source]]


def _reports(request: Request, holder: Reader) -> Reports:
    return producer_for(request, holder).reports


Asked = Annotated[Which, Depends(which_of)]


def counted_of(which: Asked, each: Each = False) -> Which:
    """The same, and how recipients are counted to whom it was sent again."""
    return {**which, "each": each}


Counted = Annotated[Which, Depends(counted_of)]
Theirs = Annotated[Reports, Depends(_reports)]


def _summed(reports: Reports, lines: Sequence[Any]) -> Response:
    return as_json({"counted_until": reports.counted_until(), "lines": [line.as_row() for line in lines]})


@router.get("/daily")
def daily(reports: Theirs, which: Counted, by: By = ["day"]) -> Response:  # noqa: B006
    """How many of each day stand where; or grouped by something else."""
    return _summed(reports, reports.daily(by, **which))


@router.get("/campaigns")
def campaigns(reports: Theirs, which: Counted, by: By = []) -> Response:  # noqa: B006
    """The same by campaign, and by what is named besides."""
    return _summed(reports, reports.campaigns(by, **which))


@router.get("/networks")
def networks(reports: Theirs, which: Counted, by: By = []) -> Response:  # noqa: B006
    """The same by network, as eSMS names it."""
    return _summed(reports, reports.networks(by, **which))


@router.get("/latency")
def latency(reports: Theirs, which: Asked, by: By = ["lane", "network"]) -> Response:  # noqa: B006
    """How long it took until eSMS had a message, and from there until it was delivered, beside the lanes' goals."""
    return _summed(reports, reports.latency(by, **which))


@router.get("/costs")
def costs(reports: Theirs, which: Asked, by: By = ["month"]) -> Response:  # noqa: B006
    """What it cost, as eSMS told or by the price list; what of it failed."""
    return _summed(reports, reports.costs(by, **which))


@router.get("/reminders")
def reminders(reports: Theirs, holder: Reader, which: Asked) -> Response:
    """What each rule and event came to; by `since`, `until` and `campaign`, with a token of all sources."""
    if holder.source is not None:
        raise Problem("forbidden", "reminders are told with a token of all sources")
    return _summed(reports, reports.reminders(**which))


@router.get("/messages")
def messages(reports: Theirs, which: Asked, cursor: Cursor = None, most: Most = 100) -> Response:
    """Each recipient's message, page by page."""
    return as_json(reports.messages_page(cursor, most=most, **which))


@router.get("/failures")
def failures(reports: Theirs, which: Counted, cursor: Cursor = None, most: Most = 100) -> Response:
    """Whom it did not reach, why, and what to do, in both languages; page by page."""
    return as_json(reports.failures_page(cursor, most=most, **which))
