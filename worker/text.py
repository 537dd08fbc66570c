"""What a text costs as an SMS, how to write it without accents, and templates with `{names}` in them.

One character outside the GSM alphabet turns the whole text into Unicode and more than halves what fits into a segment.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from functools import lru_cache

# Measuring...

# GSM 03.38 (3GPP TS 23.038): one septet each. à, è, é, ì, ò and ù are in it, and no other accented Vietnamese letter.
GSM_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENSION = "\f^{}\\[~]|€"  # two septets each: an escape, and one more

ADVERTISING = 1  # SmsType
# Septets of the mark and the opt-out note that carriers add: 122, 268 and 421 remain of 160, 306 and 459.
ADVERTISING_EXTRA = 38
ADVERTISING_LIMIT = 422  # characters; code 131 above (manual II.2)

_extension = frozenset(GSM_EXTENSION)
_alphabet = _extension.union(GSM_BASIC)


class Encoding(StrEnum):
    GSM7 = "gsm7"
    UCS2 = "ucs2"


@dataclass(frozen=True, slots=True)
class Room:
    """How many units fit: into a message of one segment, and into each segment of a longer one."""

    alone: int
    joined: int


ROOM = {Encoding.GSM7: Room(160, 153), Encoding.UCS2: Room(70, 67)}


@dataclass(frozen=True, slots=True)
class Measure:
    """The size of a text.

    characters: as people count them for the provider, by code point.
    units: septets for GSM7, UTF-16 code units for UCS2: what fills the segments.
    segments: how many SMS it is billed as; 0 for an empty text.
    limit: the most characters that the provider takes for this SmsType; None where it states no limit.
    forcing: the characters that force Unicode, in order, each once.
    """

    encoding: Encoding
    characters: int
    units: int
    segments: int
    limit: int | None
    forcing: tuple[str, ...]

    @property
    def too_long(self) -> bool:
        return self.limit is not None and self.characters > self.limit


def encoding_of(text: str) -> Encoding:
    """The encoding that the text needs. One character decides for all."""
    return Encoding.GSM7 if _alphabet.issuperset(text) else Encoding.UCS2


def characters_that_force_unicode(text: str) -> tuple[str, ...]:
    """The characters outside the GSM alphabet, in order of appearance, each once."""
    outside = set(text) - _alphabet
    return tuple(dict.fromkeys(filter(outside.__contains__, text))) if outside else ()


def measure(text: str, sms_type: int) -> Measure:
    """The size of `text` when sent with this SmsType (manual II.2).

    Advertising shares its segments with what the carriers add: one takes 122 characters, two 268, three 421.
    """
    forcing = characters_that_force_unicode(text)
    encoding = Encoding.UCS2 if forcing else Encoding.GSM7
    doubled = _doubled(text, encoding)
    advertising = sms_type == ADVERTISING
    return Measure(
        encoding=encoding,
        characters=len(text),
        units=len(text) + sum(map(text.count, doubled)),
        segments=_segments(text, doubled, ROOM[encoding], ADVERTISING_EXTRA if advertising else 0),
        limit=ADVERTISING_LIMIT if advertising else None,
        forcing=forcing,
    )


def _doubled(text: str, encoding: Encoding) -> Set[str]:
    """The characters of the text that take two units each."""
    if encoding is Encoding.GSM7:
        return _extension.intersection(text)
    return {char for char in text if char > "\uffff"}


def _segments(text: str, doubled: Set[str], room: Room, extra: int) -> int:
    units = extra + len(text) + sum(map(text.count, doubled))
    if not text:
        return 0
    if units <= room.alone:
        return 1
    return _packed(text, doubled, room.joined, extra) if doubled else -(-units // room.joined)


def _packed(text: str, doubled: Set[str], room: int, extra: int) -> int:
    # A character of two units is not cut in two: where one unit is left, it moves to the next segment.
    segments, left = 1, room - extra
    for char in text:
        size = 2 if char in doubled else 1
        if size > left:
            segments, left = segments + 1, room
        left -= size
    return segments


# Accents...

# What Unicode itself doesn't take apart, and phones, word processors and web pages put into Vietnamese texts.
PLAIN = {
    "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "Ɖ": "D",  # the last three look the same and are typed by mistake
    "‘": "'", "’": "'", "‚": "'", "‛": "'", "′": "'", "´": "'", "`": "'", "ʼ": "'", "‹": "'", "›": "'",
    "“": '"', "”": '"', "„": '"', "‟": '"', "″": '"', "«": '"', "»": '"',
    "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "−": "-", "•": "-", "·": "-", "●": "-",
    "₫": "d", "×": "x", "⁄": "/", "∕": "/", "…": "...",
    "\t": " ", "\u1680": " ", "\u2028": "\n", "\u2029": "\n",
    "\xad": "", "\u200b": "", "\u200c": "", "\u200e": "", "\u200f": "", "\u2060": "", "\ufeff": "",
}  # fmt: skip

_latin_with_something = re.compile("LATIN (SMALL|CAPITAL) LETTER ([A-Z]) WITH .*").fullmatch
_letters = re.compile("(?s:.)[\u0300-\u036f]*").findall
_marks_on_latin = re.compile("(?<=[A-Za-z])[\u0300-\u036f]+")


def strip_diacritics(text: str) -> str:
    """The text as Vietnamese people write it without accents: "Nguyễn Đình Chiểu" becomes "Nguyen Dinh Chieu".

    Accents go from Latin letters whichever way they are encoded; curly quotes, dashes, odd spaces and full-width
    letters become plain ones. What has no plain form (emoji, other scripts) stays, and still forces Unicode.
    """
    if text.isascii() and "`" not in text and "\t" not in text:
        return text
    return _marks_on_latin.sub("", text.translate(_plain))


def replacements(text: str) -> tuple[tuple[str, str], ...]:
    """What `strip_diacritics` would change, letter by letter: each (before, after) once, in order."""
    letters = dict.fromkeys(_letters(text))
    return tuple((letter, plain) for letter in letters if (plain := strip_diacritics(letter)) != letter)


class _Plain(dict[int, str]):
    """The plain form of each character, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        self[code] = plain = _plain_form(chr(code))
        return plain


def _plain_form(char: str) -> str:
    if char in PLAIN:
        return PLAIN[char]
    parts = "".join(PLAIN.get(part) or _letter(part) or part for part in unicodedata.normalize("NFKD", char))
    plain = _marks_on_latin.sub("", parts)
    return plain if plain.isascii() else char


def _letter(char: str) -> str | None:
    """The letter below a stroke or a hook, which Unicode takes for parts of the letter."""
    found = _latin_with_something(unicodedata.name(char, ""))
    if found is None:
        return None
    return found[2] if found[1] == "CAPITAL" else found[2].lower()


_plain = _Plain()


# Templates...

LONGEST_TEMPLATE = 10_000  # characters, of a template and of what comes out

_token = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_name = re.compile(r"(?:attr\.)?\w{1,64}").fullmatch


class TemplateError(ValueError):
    """A template, or the values for it, that can't be used: what is wrong, and what to do."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.problem}; {self.remedy}"


@dataclass(frozen=True, slots=True)
class Variable:
    """A place for a value."""

    name: str


def variables_of(template: str) -> tuple[str, ...]:
    """The names in braces, in order, each once. Raises TemplateError."""
    return tuple(dict.fromkeys(part.name for part in _parts(template) if isinstance(part, Variable)))


def render(template: str, values: Mapping[str, str]) -> str:
    """The template with each `{name}` replaced by its value.

    A name is letters (Vietnamese ones too), digits and underscores, `attr.` in front for a contact's own; `{{` and `}}`
    stand for single braces. Nothing in a value is interpreted. Raises TemplateError.
    """
    known = {_composed(name): value for name, value in values.items() if isinstance(name, str)}
    text = "".join(part if isinstance(part, str) else _value(part.name, known) for part in _parts(template))
    if len(text) > LONGEST_TEMPLATE:
        raise TemplateError(f"the text would have {len(text):,} characters", f"keep it below {LONGEST_TEMPLATE:,}")
    return text


def _value(name: str, known: Mapping[str, str]) -> str:
    if name not in known:
        raise TemplateError(f"nothing is known by the name {{{name}}}", _which(name, known))
    value = known[name]
    if not isinstance(value, str):
        raise TemplateError(f"{{{name}}} has no value", "fill it in")
    return value


def _which(name: str, known: Mapping[str, str]) -> str:
    near = get_close_matches(name, known, n=1)
    if near:
        return f"did you mean {{{near[0]}}}?"
    return "there are " + ", ".join(f"{{{one}}}" for one in known) if known else "there are no values at all"


@lru_cache(maxsize=16)
def _parts(template: str) -> tuple[str | Variable, ...]:
    if len(template) > LONGEST_TEMPLATE:
        raise TemplateError(f"the template has {len(template):,} characters", f"keep it below {LONGEST_TEMPLATE:,}")
    return tuple(_cut(template))


def _cut(template: str) -> Iterator[str | Variable]:
    end = 0
    for token in _token.finditer(template):
        yield template[end : token.start()]
        yield _meaning(token)
        end = token.end()
    yield template[end:]


def _meaning(token: re.Match[str]) -> str | Variable:
    found = token[0]
    if found in ("{{", "}}"):
        return found[0]
    if token[1] is None:
        raise TemplateError(
            f"the {found} at character {token.start() + 1} stands alone", f"write {found * 2} for the brace itself"
        )
    name = _composed(token[1])
    if not _name(name):
        raise TemplateError(
            f"{found[:70]} is not a name in braces",
            "use letters, digits and underscores only, like {name}; write {{ and }} for the braces themselves",
        )
    return Variable(name)


def _composed(name: str) -> str:
    # The same accented name can be typed in two ways that look alike; a spreadsheet and a keyboard often differ.
    return unicodedata.normalize("NFC", name)
