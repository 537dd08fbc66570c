"""The keys of all tests are canaries, and no test may let one out: the suite proves what one test can't.

A test fails when a log record (of any library, at DEBUG), captured output, the text of an exception of ours, or a row
of its database holds a piece of them, in whatever encoding. Plugged in by conftest.py.
"""

from __future__ import annotations

import base64
import logging
import re
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from worker.errors import WorkerError
from worker.esms import EsmsError
from worker.models import Base

API_KEY = "CANARY/Api+Key=0001"
SECRET_KEY = "CANARY&Secret<Key>%02"
ENVIRON = {"ESMS_API_KEY": API_KEY, "ESMS_SECRET_KEY": SECRET_KEY}

# Pieces, so that a key that was cut or escaped is found, too: its beginning, its end, each percent-encoded, base64.
PIECES = (
    "CANARY",
    "".join(f"%{byte:02x}" for byte in b"CANA"),
    base64.b64encode(API_KEY.encode()).decode()[:8],
    *(quote(end, safe="") for end in ("Key=0001", "Secret<Key")),
    *("Key=0001", "Secret<Key", "Secret&lt;Key", "Secret%253CKey", "Key%253D0001"),
)
_canary = re.compile("|".join(map(re.escape, PIECES)), re.IGNORECASE)


def sings(heard: str) -> str | None:
    """The place where a key stands in what was heard, with a little around it."""
    found = _canary.search(heard)
    return heard[max(0, found.start() - 40) : found.end() + 40] if found else None


# What was heard since the last test's end...

_heard: list[str] = []


def hear(source: str, heard: str) -> None:
    """Note it against the test that runs, if it holds a key."""
    if (place := sings(heard)) is not None:
        _heard.append(f"{source}: …{place}…")


class _Ear(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        hear(f"log record of {record.name}", _plain.format(record))


_plain = logging.Formatter()


def _overhear_exceptions(family: type[Exception]) -> None:
    """Each exception of ours is read when it is made: most are caught, and nobody prints them."""
    for each in (family, *family.__subclasses__()):
        if "__init__" in vars(each):
            each.__init__ = _telling(each.__init__)  # type: ignore[method-assign]
        if each is not family:
            _overhear_exceptions(each)


def _telling(make: Callable[..., None]) -> Callable[..., None]:
    @wraps(make)
    def made(self: Exception, *args: Any, **kwargs: Any) -> None:
        make(self, *args, **kwargs)
        hear(f"exception {type(self).__name__}", f"{self!s} {self!r} {vars(self)}")

    return made


# Hooks of pytest...


def pytest_configure() -> None:
    logging.getLogger().addHandler(_Ear())
    logging.getLogger().setLevel(logging.DEBUG)
    logging.getLogger("hypothesis").setLevel(logging.WARNING)
    _overhear_exceptions(EsmsError)
    _overhear_exceptions(WorkerError)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    report: pytest.TestReport = yield
    if call.when == "teardown":
        for name, content in report.sections:
            hear(name, content)
        if _heard:
            report.outcome = "failed"
            report.longrepr = report.longrepr or "a key got out"
            report.sections.append(("where a key got out", "\n".join(_heard)))
            _heard.clear()
    return report


def _overheard(capture: pytest.CaptureFixture[str]) -> pytest.CaptureFixture[str]:
    """What a test reads is gone from the report, so it is heard as it is read."""
    read = capture.readouterr

    def readouterr() -> Any:
        told = read()
        hear("captured output", told.out + told.err)
        return told

    capture.readouterr = readouterr  # type: ignore[method-assign]
    return capture


@pytest.fixture
def capsys(capsys: pytest.CaptureFixture[str]) -> pytest.CaptureFixture[str]:
    return _overheard(capsys)


@pytest.fixture
def capfd(capfd: pytest.CaptureFixture[str]) -> pytest.CaptureFixture[str]:
    return _overheard(capfd)


# Rows...


def rows_that_hold_a_key(session: Session) -> list[str]:
    """The tables where a row holds one, in any column."""
    return list(session.scalars(_ROWS, {"pieces": [piece.lower() for piece in PIECES]}))


def _each_table() -> Iterator[str]:
    for table in Base.metadata.sorted_tables:
        holds = "EXISTS (SELECT FROM unnest(CAST(:pieces AS text[])) AS piece WHERE strpos(lower(r::text), piece) > 0)"
        yield f"SELECT '{table.name}' WHERE EXISTS (SELECT FROM {table.name} AS r WHERE {holds})"


_ROWS = text(" UNION ALL ".join(_each_table()))
