"""`text`: what a text costs as an SMS, and what it would cost without its accents, side by side.

Nothing is sent and nothing is needed: no settings, no servers.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from worker import text as texts
from worker.cli.output import console, json_option, printable, say, say_json
from worker.errors import Invalid
from worker.lifecycle import SmsType
from worker.text import ROOM, Encoding, Measure

NAMES = {Encoding.GSM7: "GSM", Encoding.UCS2: "Unicode"}
SHOWN = 24  # characters that force Unicode, and replacements, that a person is shown


@click.command("text")
@click.argument("content", metavar="TEXT")
@json_option
def text(content: str, as_json: bool) -> None:
    """Encoding, length and number of SMS of a TEXT, as it is and without accents; `-` reads standard input."""
    written = _readable(_standard_input() if content == "-" else content)
    plain = texts.strip_diacritics(written)
    if as_json:
        changes = [{"from": before, "to": after} for before, after in texts.replacements(written)]
        say_json({"as_written": _facts(written), "without_accents": _facts(plain), "replacements": changes})
    else:
        console().print(_side_by_side(written, plain))
        _say_notes(written, plain)


def _standard_input() -> str:
    try:
        read = sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid("text", "is not UTF-8", "save or convert it as UTF-8") from None
    return read.removesuffix("\n").removesuffix("\r")  # what echo and editors put at the end


def _readable(content: str) -> str:
    if not content:
        raise Invalid("text", "is empty", "give the text to be measured")
    if any("\ud800" <= char <= "\udfff" for char in content):  # how Python hands over an argument that is not UTF-8
        raise Invalid("text", "is not UTF-8", "set the terminal to UTF-8")
    return content


def _facts(content: str) -> dict[str, Any]:
    measures = {sms_type: texts.measure(content, sms_type) for sms_type in SmsType}
    measure = measures[SmsType.CUSTOMER_CARE]
    return {
        "text": content,
        "encoding": str(measure.encoding),
        "characters": measure.characters,
        "units": measure.units,
        "segments": {str(int(sms_type)): each.segments for sms_type, each in measures.items()},
        "too_long_for": [int(sms_type) for sms_type, each in measures.items() if each.too_long],
        "forces_unicode": [{"character": char, "name": _name(char)} for char in measure.forcing],
    }


def _name(char: str) -> str:
    return f"U+{ord(char):04X} {unicodedata.name(char, '')}".rstrip()


# For people...


def _side_by_side(written: str, plain: str) -> Table:
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    made.add_column("")
    made.add_column("as written", overflow="fold", ratio=1)
    made.add_column("without accents", overflow="fold", ratio=1)
    for name, one, other in zip(ROWS, _column(written), _column(plain), strict=True):
        made.add_row(name, Text(printable(one)), Text(printable(other)))
    return made


ROWS = ("encoding", "characters", "fills", "SMS, SmsType 1", "SMS, the others", "forces Unicode", "text")


def _column(content: str) -> tuple[str, ...]:
    measure = texts.measure(content, SmsType.CUSTOMER_CARE)
    return (
        NAMES[measure.encoding],
        str(measure.characters),
        _filled(measure),
        _advertising(content),
        str(measure.segments),
        _some(map(_visible, measure.forcing)) or "nothing",
        "".join(char if char in "\n" or char.isprintable() else _visible(char) for char in content),
    )


def _filled(measure: Measure) -> str:
    room = ROOM[measure.encoding]
    return f"{measure.units} of {room.alone}" if measure.segments <= 1 else f"{measure.units}, {room.joined} to an SMS"


def _advertising(content: str) -> str:
    measure = texts.measure(content, SmsType.ADVERTISING)
    if measure.too_long:
        return f"refused: longer than {measure.limit} characters"
    return str(measure.segments)


def _some(shown: Iterable[str]) -> str:
    parts = list(shown)
    more = f" and {len(parts) - SHOWN} more" if len(parts) > SHOWN else ""
    return " ".join(parts[:SHOWN]) + more


def _visible(char: str) -> str:
    """What nobody would see, or would see on the wrong letter, by its code point."""
    seen = char.isprintable() and not char.isspace() and not unicodedata.combining(char)
    return char if seen else f"U+{ord(char):04X}"


def _say_notes(written: str, plain: str) -> None:
    changes = [f"{_letters(before)}→{_letters(after) or '(nothing)'}" for before, after in texts.replacements(written)]
    if changes:
        console().print(Text(f"\nTaking the accents out changes: {_some(changes)}"))
    if texts.encoding_of(written) is Encoding.UCS2:
        say("Characters outside the GSM alphabet need SmsType 3 with --unicode.")
    if texts.encoding_of(plain) is Encoding.UCS2:
        say("Some characters have no plain form: they force Unicode even without accents.")


def _letters(letters: str) -> str:
    return letters if letters.isprintable() and not letters.isspace() else "".join(map(_visible, letters))
