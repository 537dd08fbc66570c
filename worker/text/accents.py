"""How to write a text without accents."""

import re
import unicodedata

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
