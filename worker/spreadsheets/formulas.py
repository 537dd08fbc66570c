"""Cells that a spreadsheet would run as a formula: an apostrophe before them keeps them a text.

A program that splits, trims or cleans a cell first comes to the same formula later, so what stands before it is seen
through: blanks, separators, quotes, byte order marks and characters of no width.
"""

from __future__ import annotations

import re
from string import ascii_letters, digits

_SIGNS = r"=+\-@＝＋－＠"
_UNSEEN = r"\s\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u2028-\u202e"
_UNSEEN += r"\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"
_PLAIN = frozenset({"", *ascii_letters, *digits})
_runs = re.compile(f'[\t\r\n]|[{_UNSEEN},;|"]*[{_SIGNS}]').match


def escaped(cell: str) -> str:
    """What we write into a file, so that no spreadsheet takes it for a formula."""
    if cell[:1] in _PLAIN:  # as most are, and a list has millions
        return cell
    return "'" + cell if _runs(cell) else cell


def unescaped(cell: str) -> str:
    """What we read: an apostrophe before a formula is ours, or a spreadsheet's sign for text."""
    return cell[1:] if cell.startswith("'") and _runs(cell[1:]) else cell
