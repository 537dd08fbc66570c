"""In which language people are spoken to, by the environment's locale."""

from __future__ import annotations

import os
from collections.abc import Mapping

from worker.catalogue.text import Language


def language_of(environ: Mapping[str, str] | None = None) -> Language:
    """Vietnamese where LC_ALL, LC_MESSAGES or LANG, the first of them that is set, begins with `vi`; else English."""
    found = os.environ if environ is None else environ
    locale = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := found.get(name))), "")
    return Language.VI if locale.lower().partition("_")[0].partition(".")[0] == Language.VI else Language.EN
