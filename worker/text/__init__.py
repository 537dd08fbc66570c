"""Texts, without a clock, a person or a database: what one costs as an SMS, without accents, with `{names}` in it.

sizes: encoding and segments        accents: Nguyễn becomes Nguyen        language ─ bodies: a text and its variables
"""

from worker.text.accents import replacements, strip_diacritics
from worker.text.bodies import FILL_IN, NO_VALUE, Body, Diacritics
from worker.text.language import ATTRIBUTE, TemplateError, render, variables_of
from worker.text.sizes import (
    ROOM,
    SEGMENTS_MOST,
    Encoding,
    Measure,
    characters_that_force_unicode,
    encoding_of,
    is_one_plain,
    measure,
    unshowable,
)

__all__ = [
    "ATTRIBUTE",
    "FILL_IN",
    "NO_VALUE",
    "ROOM",
    "SEGMENTS_MOST",
    "Body",
    "Diacritics",
    "Encoding",
    "Measure",
    "TemplateError",
    "characters_that_force_unicode",
    "encoding_of",
    "is_one_plain",
    "measure",
    "render",
    "replacements",
    "strip_diacritics",
    "unshowable",
    "variables_of",
]
