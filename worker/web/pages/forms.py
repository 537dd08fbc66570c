"""What a form brings, read into values: trimmed, bounded, and told by its field where it can't be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from enum import StrEnum
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryDirectory
from typing import TypeVar

from starlette.datastructures import FormData, UploadFile

from worker.checks import iso
from worker.errors import Invalid

Word = TypeVar("Word", bound=StrEnum)
Value = TypeVar("Value")

TEXT_MOST = 20_000  # characters of one field
NAME_MOST = 150  # bytes of a file's name


def text_in(form: FormData, name: str, default: str = "") -> str:
    """One field, without the spaces around it."""
    value = form.get(name, default)
    if not isinstance(value, str) or len(value) > TEXT_MOST:
        raise Invalid(name, "is no text, or too long", f"keep it below {TEXT_MOST:,} characters")
    return value.replace("\r\n", "\n").strip()


def text_or_none(form: FormData, name: str) -> str | None:
    """The same; None where nothing was filled in."""
    return text_in(form, name) or None


def choice_in(form: FormData, name: str, choices: type[Word], default: Word) -> Word:
    """One of a few words. Raises Invalid."""
    given = text_in(form, name)
    if given and given not in set(choices):
        raise Invalid(name, "is none of the choices", f"use {', '.join(choices)}")
    return choices(given) if given else default


def ticked(form: FormData, name: str) -> bool:
    """A box."""
    return bool(form.get(name))


def number_in(form: FormData, name: str, default: int) -> int:
    """A whole number. Raises Invalid."""
    given = text_in(form, name)
    if not given:
        return default
    if not given.isascii() or not given.lstrip("-").isdigit() or len(given) > 9:
        raise Invalid(name, "is no whole number", "write it in figures")
    return int(given)


def moment_in(form: FormData, name: str) -> datetime | None:
    """A date and time as the browser's field gives it: of our zone. Raises Invalid."""
    given = text_in(form, name)
    return iso(name, given) if given else None


def day_in(form: FormData, name: str) -> date | None:
    """A day as the browser's field gives it. Raises Invalid."""
    return _iso(form, name, date.fromisoformat, "is no day", "write it like 2026-03-01")


def time_in(form: FormData, name: str) -> time | None:
    """A time of day. Raises Invalid."""
    return _iso(form, name, time.fromisoformat, "is no time of day", "write it like 08:00")


def _iso(form: FormData, name: str, read: Callable[[str], Value], problem: str, remedy: str) -> Value | None:
    given = text_in(form, name)
    try:
        return read(given) if given else None
    except ValueError:
        raise Invalid(name, problem, remedy) from None


def list_in(form: FormData, name: str) -> Sequence[str]:
    """What commas separate."""
    return [each for part in text_in(form, name).split(",") if (each := part.strip())]


@contextmanager
def file_in(form: FormData, name: str) -> Iterator[Path]:
    """A file that was uploaded, under its own name, until the block ends. Raises Invalid where there is none."""
    given = form.get(name)
    if not isinstance(given, UploadFile) or not given.filename:
        raise Invalid(name, "is missing", "choose a file")
    with TemporaryDirectory(prefix="esms-worker-") as folder:
        file = Path(folder) / _plain(given.filename)
        with file.open("wb") as to:
            copyfileobj(given.file, to)
        yield file


def _plain(filename: str) -> str:
    """Its last part, as a name in an error or on a page."""
    last = filename.replace("\\", "/").rsplit("/", 1)[-1].lstrip(".")
    shown = "".join(each if each.isprintable() and each != "/" else "_" for each in last)
    stem, dot, kind = shown.rpartition(".")
    return _cut(stem) + dot + _cut(kind)[:10] if dot else _cut(shown) or "file"


def _cut(name: str) -> str:
    return name.encode()[:NAME_MOST].decode(errors="ignore")
