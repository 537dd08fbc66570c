"""One reason as a table has it."""

from __future__ import annotations

from dataclasses import dataclass

from worker.catalogue.text import Text


@dataclass(frozen=True, slots=True)
class Reason:
    """text.en is what is stored, word by word. remedy: None where the status, or what stands in a gap, says it."""

    text: Text
    remedy: Text | None = None


def reason(en: str, vi: str, remedy: tuple[str, str] | None = None) -> Reason:
    """A row: both languages, and what to do in both."""
    return Reason(Text(en, vi), None if remedy is None else Text(*remedy))
