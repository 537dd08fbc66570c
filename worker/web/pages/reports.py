"""*Reports*: what went out and what came of it, with filters, and the same as files."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, time, timedelta, tzinfo
from io import StringIO
from pathlib import Path
from typing import Any, cast

from fastapi import Request, Response
from fastapi.responses import FileResponse, HTMLResponse, StreamingResponse
from starlette.background import BackgroundTask

from worker.api.report_files import ROWS, FileTable
from worker.api.reports import Reports
from worker.catalogue.saying import Saying
from worker.errors import Invalid, NotFound
from worker.lifecycle import Lane, Purpose
from worker.reporting import Which
from worker.settings import Settings
from worker.spreadsheets import open_table, write_csv
from worker.web.door import producer_of
from worker.web.pages.access import Form, person_of, room
from worker.web.pages.downloads import MEDIA_TYPES
from worker.web.pages.find import asked_in, choice_of, finding_of, kept_under
from worker.web.pages.rendering import language_of, redirect, render
from worker.web.problems import Problem

router = room()

FILTERS = ("since", "until", "campaign", "source", "lane", "purpose")
NOT_KEPT = "-"  # in the place of a key: no filters
ROWS_AT_ONCE = 500
OF_PEOPLE = ("messages", "failures")


@router.get("/reports")
def reports(request: Request) -> Response:
    """The last 30 days."""
    return _page(request, NOT_KEPT, {})


@router.post("/reports")
def look(request: Request, form: Form) -> Response:
    """With filters, which are kept as a search is."""
    asked = asked_in(form, FILTERS)
    try:
        choice_of(asked, FILTERS)
    except Invalid as error:
        return _page(request, NOT_KEPT, asked, 422, errors={error.field: error})
    if not asked:
        return redirect("/reports")
    key = kept_under(request, asked)
    return redirect(f"/reports/{key}") if key else _page(request, None, asked)


@router.get("/reports/{key}")
def report(request: Request, key: str) -> Response:
    """One that was looked for."""
    asked = _kept(request, key)
    return redirect("/reports") if asked is None else _page(request, key, asked)


@router.get("/reports/{key}/{kind}.{form}")
def download(request: Request, key: str, kind: str, form: str) -> Response:
    """The same as a file: a report as CSV or XLSX, row by row; or the page to keep."""
    asked = _kept(request, key)
    if asked is None:
        return redirect("/reports")
    if (kind, form) == ("page", "html"):
        page = _reports(request).page(language=language_of(request), **_which(asked))
        return HTMLResponse(page, headers=_named("esms-report.html") | {"Content-Security-Policy": "sandbox"})
    if kind not in {*ROWS, *OF_PEOPLE} or form not in FORMS:
        raise Problem("not-found", "there is no such report")
    if kind in OF_PEOPLE:
        producer_of(request).acts.downloaded(f"{kind}.{form}")
    return FORMS[form](_table(request, kind, asked), f"esms-{kind}.{form}")


def _page(request: Request, key: str | None, asked: Mapping[str, Any], status: int = 200, **facts: Any) -> Response:
    shown: dict[str, Any] = {"errors": {}, "body": None, "unknown": False}
    try:
        if status == 200:
            shown["body"] = _reports(request).page_body(language=language_of(request), **_which(asked))
    except NotFound:
        shown["unknown"] = True
    lists = {"lanes": list(Lane), "purposes": list(Purpose), "kinds": [*ROWS, *OF_PEOPLE]}
    return render(request, "reports/reports.html.j2", status, key=key, asked=asked, **lists, **(shown | facts))


def _kept(request: Request, key: str) -> Mapping[str, Any] | None:
    if key == NOT_KEPT:
        return {}
    try:
        return finding_of(request).kept(person_of(request).name, key)
    except NotFound:
        return None


def _which(asked: Mapping[str, Any]) -> Which:
    choice = choice_of(asked, FILTERS)
    return cast(Which, {"since": choice.since, "until": choice.until, **choice.words})


def _table(request: Request, kind: str, asked: Mapping[str, Any]) -> FileTable:
    """As the commands give it; its first row is asked for before anything is answered: what is refused is told."""
    if kind in OF_PEOPLE:
        return _masked(_reports(request).file_of(cast(Any, kind), **_which(asked)), request)
    lines = _refused(request, asked) if kind == "refused" else _lines(request, kind, asked)
    return FileTable.of(map(ROWS[kind], lines), _zone(request))


def _lines(request: Request, kind: str, asked: Mapping[str, Any]) -> Iterable[Any]:
    which = {name: asked[name] for name in ("since", "until", "campaign") if name in asked}
    lines: Iterable[Any] = getattr(_reports(request), kind)(**_which(which if kind == "reminders" else asked))
    return lines


def _refused(request: Request, asked: Mapping[str, Any]) -> Iterable[Any]:
    choice, zone = choice_of(asked, FILTERS), _zone(request)
    since = None if choice.since is None else datetime.combine(choice.since, time.min, zone)
    until = None if choice.until is None else datetime.combine(choice.until + timedelta(days=1), time.min, zone)
    return producer_of(request).refused.count(source=asked.get("source"), since=since, until=until)


def _masked(table: FileTable, request: Request) -> FileTable:
    """For whom numbers are not."""
    say = Saying(language_of(request), _zone(request), sees_people=person_of(request).sees_people)
    if say.sees_people:
        return table
    hide = [{"phone": say.phone, "reference": say.key, "campaign": say.key}.get(name) for name in table.columns]
    rows = ([by(value) if by and value else value for by, value in zip(hide, row, strict=True)] for row in table.rows)
    return FileTable(table.columns, rows)


def _csv(table: FileTable, name: str) -> Response:
    return StreamingResponse(_csv_parts(table), media_type="text/csv; charset=utf-8", headers=_named(name))


def _csv_parts(table: FileTable) -> Iterator[str]:
    to = StringIO()
    write = write_csv(to, table.columns)
    for place, row in enumerate(table.rows, start=1):
        write(row)
        if place % ROWS_AT_ONCE == 0:
            yield _drained(to)
    yield _drained(to)


def _drained(to: StringIO) -> str:
    written = to.getvalue()
    to.seek(0)
    to.truncate()
    return written


def _xlsx(table: FileTable, name: str) -> Response:
    """A workbook is whole or nothing: it is made in a file of its own, which goes when it has been sent."""
    with tempfile.NamedTemporaryFile(prefix="esms-report-", suffix=".xlsx", delete=False) as made:
        file = Path(made.name)
    try:
        with open_table(file, table.columns, kind=".xlsx") as write:
            for row in table.rows:
                write(row)
    except BaseException:
        file.unlink()
        raise
    gone = BackgroundTask(file.unlink)
    return FileResponse(file, media_type=MEDIA_TYPES["xlsx"], headers=_named(name), background=gone)


def _named(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


FORMS: Mapping[str, Callable[[FileTable, str], Response]] = {"csv": _csv, "xlsx": _xlsx}


def _reports(request: Request) -> Reports:
    return producer_of(request).reports


def _zone(request: Request) -> tzinfo:
    settings: Settings = request.app.state.settings
    return settings.time_zone
