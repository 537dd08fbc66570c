"""Pages that say what went wrong have the words of all."""

from __future__ import annotations

from worker.catalogue.text import Text

WORDS: dict[str, Text] = {}
