"""Campaigns: all of them with what came of them, and one: how far it is, what failed, hold it back or call it off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from worker.api.decisions import Rest
from worker.api.notifier import Notifier
from worker.api.uploads import UploadKind, UploadShown, UploadState
from worker.catalogue import Language, advice
from worker.errors import NotFound
from worker.lifecycle import FAILED, Kind
from worker.reporting import Choice, PauseShown, Sums
from worker.reporting.costs import Costs
from worker.reporting.finding import Search
from worker.reporting.lists import Failure
from worker.reporting.reminded import EVENT, RULE
from worker.reporting.sums import Counted
from worker.reporting.sweeps import SweepShown
from worker.settings import Settings
from worker.tabular import flat, names_of
from worker.web.door import producer_of
from worker.web.pages.access import person_of, room
from worker.web.pages.downloads import download
from worker.web.pages.find import finding_of
from worker.web.pages.keys import key_of, name_of
from worker.web.pages.rendering import is_fragment, language_of, redirect, render

router = room()

LISTED = timedelta(days=90)
MOST = 200  # campaigns on the page


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One campaign of the list."""

    key: str
    name: str
    sums: Sums
    paused: bool


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a bar that shows what became of messages."""

    name: str
    messages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """How many failed in one way, and what to do about it."""

    code: str
    messages: int
    reason: str
    remedy: str


@router.get("/campaigns")
def campaigns(request: Request, reminders: bool = False) -> Response:
    """Of the last three months, the newest first."""
    producer = producer_of(request)
    rows = _rows(request, producer, reminders)
    return render(
        request,
        "campaigns/list.html.j2",
        rows=rows[:MOST],
        more=len(rows) > MOST,
        most=max((row.sums.messages for row in rows[:MOST]), default=0),
        drafts=[_draft(each) for each in producer.uploads.list(UploadKind.CAMPAIGN, most=10) if _is_open(each)],
        reminders=reminders,
        bar=bar_of,
        key_of=key_of,
    )


def _rows(request: Request, producer: Notifier, reminders: bool) -> list[Row]:
    paused = {each.campaign for each in producer.pauses.list() if each.campaign}
    named = [(str(line.key["campaign"]), line) for line in producer.reports.campaigns(since=_today(request) - LISTED)]
    rows = [
        Row(key=key_of(name), name=name, sums=line, paused=name in paused)
        for name, line in named
        if name and (reminders or not name.startswith((RULE, EVENT)))
    ]
    return sorted(rows, key=lambda row: (row.sums.last_day, row.sums.messages), reverse=True)


def _today(request: Request) -> Any:
    settings: Settings = request.app.state.settings
    return settings.today()


def _is_open(upload: UploadShown) -> bool:
    return upload.state is not UploadState.DONE


def _draft(upload: UploadShown) -> tuple[UploadShown, str]:
    """A file that is not sent yet, or not all of it, and where to go on with it."""
    begun = upload.plan if upload.state in (UploadState.RUNNING, UploadState.STOPPED) else None
    return upload, f"/campaigns/{key_of(begun['campaign'])}" if begun else f"/campaigns/new/{upload.id}"


def bar_of(counted: Counted) -> Sequence[Part]:
    """What became of messages, in the order of a bar."""
    names = ("delivered", "open", "held", "failed", "other")
    return [Part(name, getattr(counted, name)) for name in names if getattr(counted, name)]


@router.get("/campaigns/{key}")
def campaign(request: Request, key: str) -> Response:
    """How far one is and what came of it; asked for again every few seconds while there is something to come."""
    name, producer = name_of(key), producer_of(request)
    if not name:
        raise NotFound("no campaign has this name")
    uploads, sums, paused = producer.uploads.of_campaign(name), _sums(producer, name), _paused(producer, name)
    if sums is None and not uploads and paused is None:
        producer.reports.campaigns(campaign=name)  # raises NotFound: it is not only that nothing was added up yet
    return render(
        request,
        "campaigns/one.html.j2",
        name=name,
        key=key,
        sums=sums,
        bar=bar_of(sums) if sums else [],
        uploads=uploads,
        is_live=_is_live(sums, uploads),
        paused=paused,
        reruns=[] if is_fragment(request) else _reruns(producer, name),
        failures=[] if is_fragment(request) else _failures(producer, name, sums, language_of(request)),
        costs=_costs(producer, name) if sums else None,
        counted_until=producer.reports.counted_until(),
    )


def _sums(producer: Notifier, name: str) -> Sums | None:
    """None: nothing of it has been added up yet."""
    try:
        return next(iter(producer.reports.campaigns(campaign=name)), None)
    except NotFound:
        return None


def _reruns(producer: Notifier, name: str) -> Sequence[tuple[SweepShown, Rest]]:
    return [(each, producer.again.rest(each.id)) for each in producer.again.open(name)]


def _is_live(sums: Sums | None, uploads: Sequence[UploadShown]) -> bool:
    return sums is None or sums.open > 0 or any(each.state is UploadState.RUNNING for each in uploads)


def _paused(producer: Notifier, name: str) -> PauseShown | None:
    return next((each for each in producer.pauses.list() if each.campaign == name), None)


def _costs(producer: Notifier, name: str) -> Costs | None:
    return next(iter(producer.reports.costs(("campaign",), campaign=name)), None)


def _failures(producer: Notifier, name: str, sums: Sums | None, language: Language) -> Sequence[Failed]:
    if sums is None or not sums.failed:
        return []
    lines = producer.reports.daily(("sms_type", "status", "code"), campaign=name, status=list(FAILED))
    told = [_failed(line, language) for line in lines if line.messages]
    return sorted(told, key=lambda each: -each.messages)


def _failed(line: Sums, language: Language) -> Failed:
    code, kind = str(line.key["code"]), Kind.SMS if line.key["sms_type"] else Kind.TEMPLATE_CALL
    said = advice(language, kind=kind, status=str(line.key["status"]), code=code or None, reason=None)
    return Failed(code=code, messages=line.messages, reason=said.reason, remedy=said.remedy)


@router.post("/campaigns/{key}/pause")
def pause(request: Request, key: str) -> RedirectResponse:
    """Hold it back from the next claim on."""
    producer_of(request).pauses.pause_campaign(name_of(key), f"paused by {person_of(request).name}")
    return redirect(f"/campaigns/{key}")


@router.post("/campaigns/{key}/resume")
def resume(request: Request, key: str) -> RedirectResponse:
    """Let it go on."""
    producer_of(request).pauses.resume_campaign(name_of(key), by=person_of(request).name)
    return redirect(f"/campaigns/{key}")


@router.post("/campaigns/{key}/retry")
def retry(request: Request, key: str) -> RedirectResponse:
    """Show what sending again all of it that failed would do; nothing is done yet."""
    whole = Search(choice=Choice.of({"campaign": name_of(key)}))
    kept = {"act": "retry", "search": whole.as_json(), "back": f"/campaigns/{key}"}
    return redirect(f"/find/act/{finding_of(request).keep(person_of(request).name, kept)}")


@router.post("/campaigns/{key}/stop")
def stop(request: Request, key: str) -> RedirectResponse:
    """Queue no more of its files."""
    uploads = producer_of(request).uploads
    for each in uploads.of_campaign(name_of(key)):
        uploads.stop(each.id)
    return redirect(f"/campaigns/{key}")


@router.post("/campaigns/{key}/cancel")
def cancel(request: Request, key: str) -> RedirectResponse:
    """Queue no more of its files, send no more of it again, and call off what waits: some at once, the rest by the
    workers.
    """
    stop(request, key)
    producer_of(request).again.call_off(name_of(key))
    whole = Search(choice=Choice.of({"campaign": name_of(key)}))
    producer_of(request).sweeps.cancel(whole, by=person_of(request).name)
    return redirect(f"/campaigns/{key}")


@router.post("/campaigns/{key}/go-on")
def go_on(request: Request, key: str) -> RedirectResponse:
    """Queue the rest of files that were stopped."""
    uploads = producer_of(request).uploads
    for each in uploads.of_campaign(name_of(key)):
        if each.state is UploadState.STOPPED:
            uploads.run(each.id)
    return redirect(f"/campaigns/{key}")


@router.get("/campaigns/{key}/failed.{kind}")
def failed(request: Request, key: str, kind: str) -> Response:
    """Whom it did not reach, why and what to do, as a file."""
    rows = producer_of(request).reports.failures(campaign=name_of(key))
    return download(request, "failed", kind, names_of(Failure), (list(flat(row).values()) for row in rows))
