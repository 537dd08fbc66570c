"""What a text costs as an SMS: its encoding and its segments.

One character outside the GSM alphabet turns the whole text into Unicode and more than halves what fits into a segment.
"""

import re
from collections.abc import Set
from dataclasses import dataclass
from enum import StrEnum

# GSM 03.38 (3GPP TS 23.038): one septet each. à, è, é, ì, ò and ù are in it, and no other accented Vietnamese letter.
GSM_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENSION = "\f^{}\\[~]|€"  # two septets each: an escape, and one more

SEGMENTS_MOST = 10  # a longer text is a slip: eSMS states no limit but for advertising, and each SMS costs
ADVERTISING = 1  # SmsType
# Septets of the mark and the opt-out note that carriers add: 122, 268 and 421 remain of 160, 306 and 459.
ADVERTISING_EXTRA = 38
ADVERTISING_LIMIT = 422  # characters; code 131 above (manual II.2)

_basic = re.compile(f"[{re.escape(GSM_BASIC)}]*").fullmatch  # the quick answer for what most texts are
_half = re.compile("[\ud800-\udfff]").search
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


def unshowable(text: str) -> bool:
    """Does it hold a NUL, or half of a surrogate pair?"""
    return "\0" in text or (not text.isascii() and _half(text) is not None)


def is_one_plain(text: str, sms_type: int) -> bool:
    """Is it one SMS at a glance? As `measure` would say of most that there are, at a fifth of its price."""
    alone = ROOM[Encoding.GSM7].alone
    return 0 < len(text) <= alone and sms_type != ADVERTISING and _basic(text) is not None


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
    forcing = () if (basic := _basic(text)) else characters_that_force_unicode(text)
    encoding = Encoding.UCS2 if forcing else Encoding.GSM7
    doubled = frozenset() if basic else _doubled(text, encoding)
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
