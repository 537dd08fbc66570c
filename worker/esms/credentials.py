"""The two keys of an account, and the scrubbing of whatever might echo them.

An error page of the provider's server repeats the URL that it failed on, keys and all.
"""

import base64
import html
import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_plus

from worker.esms.errors import InvalidRequest

ECHO = "[key]"  # stands where a key was


@dataclass(frozen=True, slots=True, kw_only=False)
class Credentials:
    """ApiKey and SecretKey from the account's page at eSMS. Raises InvalidRequest when one is empty or holds blanks."""

    api_key: str = field(repr=False)
    secret_key: str = field(repr=False)

    def __post_init__(self) -> None:
        for name in ("api_key", "secret_key"):
            key = getattr(self, name)
            if not isinstance(key, str) or not key or not key.isprintable() or key != "".join(key.split()):
                raise InvalidRequest(
                    name, "is empty or holds blanks or line breaks", "copy it whole from your account's page at eSMS"
                )


class Scrubber:
    """Takes both keys out of a text, raw and in every encoding that a server might echo them in.

    Of each letter a server may write the code instead, and put what nobody sees between two of them.
    """

    def __init__(self, credentials: Credentials) -> None:
        forms = _forms(credentials.api_key) | _forms(credentials.secret_key)
        longest_first = sorted(forms, key=len, reverse=True)
        spelled = [_spelled(key) for key in (credentials.api_key, credentials.secret_key)]
        self._pattern = re.compile("|".join([*map(re.escape, longest_first), *spelled]), re.IGNORECASE)
        self._longest = max(
            len(longest_first[0]), _LETTER_MOST * max(len(credentials.api_key), len(credentials.secret_key))
        )
        self._lowered = _told_at_once(forms)

    def __call__(self, text: str, limit: int) -> str:
        """The first `limit` characters of the text without keys and NULs; a key that the limit cuts goes whole."""
        if self.is_clean(text):
            return text[:limit]
        window = text[: 2 * limit + self._longest]
        clean = self._pattern.sub(ECHO, window.replace("\0", ""))
        if len(window) < len(text):
            clean = clean[: -self._longest]  # the window may end inside a key
        return clean[:limit]

    def is_clean(self, text: str) -> bool:
        """True for the ordinary reply, and then for each part of it; False: only a close look can tell.

        Outside ASCII lower() and IGNORECASE differ: that is left to the pattern.
        """
        if not text.isascii() or any(map(text.__contains__, _CODES)):
            return False
        lowered = "".join(text.lower().split())
        return not any(map(lowered.__contains__, self._lowered))

    def values(self, value: Any) -> Any:
        """A reply's members, lists and texts without keys: what holds one is a text that no id and no code can be."""
        if isinstance(value, dict):
            return {name: self.values(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self.values(each) for each in value]
        return self(value, len(value)) if isinstance(value, str) else value

    def __repr__(self) -> str:
        return "Scrubber()"


def _told_at_once(forms: set[str]) -> list[str]:
    """How those begin that a text may hold in which none of our codes stands, in small letters.

    Each is looked for in every reply, and the longer it is, the dearer.
    """
    if not all(map(str.isascii, forms)):
        return [""]
    plain = {"".join(form.lower().split())[:_PROBE] for form in forms if not any(sign in form for sign in _CODES)}
    return [form for form in plain if not any(other in form for other in plain - {form})]


# What nobody sees, or a line's break, between two letters: as itself and as its code.
_UNSEEN = r"(?:[\s\0\u00ad\u034f\u061c\u115f\u1160\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164]"
_UNSEEN += r"|[\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e01ef]|\\+u(?:200[b-f]|2060|feff|00ad|0000)|\\+[nrt]|%0[0ad]"
_UNSEEN += "|&#(?:820[3-7]|8288|65279|173);|&#x(?:200[b-f]|2060|feff|ad);|&(?:shy|zwnj|zwj|ZeroWidthSpace);)"
_UNSEEN_MOST = 4  # in a row
_LETTER_MOST = 32 + 16 * _UNSEEN_MOST  # characters that a letter takes at most
_CODES = ("\0", "\\", "&", "%", "=")
_PROBE = 12  # characters


def _spelled(key: str) -> str:
    """A pattern of the key with each letter as itself or as its code in JSON, HTML, a URL or hex."""
    return f"{_UNSEEN}{{0,{_UNSEEN_MOST}}}".join(_letter(letter) for letter in key)


def _letter(letter: str) -> str:
    code = ord(letter)
    amp = "&(?:amp;){0,3}#"  # escaped again, and again
    ways = [
        re.escape(letter),
        rf"\\+u(?:0{{0,4}}{code:x}|\{{0{{0,4}}{code:x}\}})",
        rf"\\+x{code:02x}",
        rf"\\+{code:03o}",
        rf"%u0{{0,2}}{code:x}",
        rf"{amp}0{{0,6}}{code};?",
        rf"{amp}x0{{0,6}}{code:x};?",
    ]
    if letter.isascii():
        wide = chr(code + 0xFEE0)
        ways += [f"%(?:25)?{code:02x}", f"={code:02x}", *([wide] if letter != wide and code > 0x20 else [])]
    return f"(?:{'|'.join(ways)})"


def _forms(key: str) -> set[str]:
    quoted = quote(key, safe="")
    every_byte = "".join(f"%{byte:02X}" for byte in key.encode())
    return {
        key,
        quoted,
        quote(key),
        quote_plus(key),
        quote(quoted),  # encoded twice, as in a ?returnUrl=
        every_byte,
        html.escape(key),
        *(key.encode().hex(between) for between in " :-"),
        key.encode().hex(),
        key.encode("utf-16-le").hex(),
        key.encode("utf-16-be").hex(),
        json.dumps(key)[1:-1],
        json.dumps(key)[1:-1].replace("/", "\\/"),
        *_in_base64(key.encode()),
    }


def _in_base64(text: bytes) -> set[str]:
    """What stands in base64 wherever these bytes lie in a longer text: three ways, and signs that URLs can carry."""
    found: set[str] = set()
    for before in range(3):
        first, last = (before * 8 + 5) // 6, (before + len(text)) * 8 // 6
        ours = base64.b64encode(b"\0" * before + text).decode()[first:last]
        found |= {ours, ours.replace("+", "-").replace("/", "_")}
    return found
