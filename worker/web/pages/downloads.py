"""Files to take away: written row by row beside the answer, sent, and gone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from fastapi import Request, Response
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from worker.settings import Settings
from worker.spreadsheets import open_table
from worker.tabular import cell
from worker.web.door import producer_of
from worker.web.problems import Problem

MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def download(request: Request, name: str, kind: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """A table of people in these columns, which is written down as an act.

    name: of the file, without its kind; kind: csv or xlsx. Raises Problem, Invalid.
    """
    if kind not in MEDIA_TYPES:
        raise Problem("not-found", "there is no such kind of file")
    producer_of(request).acts.downloaded(f"{name}.{kind}")
    settings: Settings = request.app.state.settings
    file = Path(mkdtemp(prefix="esms-worker-")) / f"{name}.{kind}"
    try:
        with open_table(file, columns) as write:
            for row in rows:
                write([cell(value, settings.time_zone) for value in row])
    except BaseException:
        _remove(file)
        raise
    return FileResponse(
        file, media_type=MEDIA_TYPES[kind], filename=file.name, background=BackgroundTask(_remove, file)
    )


def _remove(file: Path) -> None:
    file.unlink(missing_ok=True)
    file.parent.rmdir()
