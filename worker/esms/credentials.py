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
        self._lowered = [form.lower() for form in forms] if all(map(str.isascii, forms)) else [""]

    def __call__(self, text: str, limit: int) -> str:
        """The first `limit` characters of the text without keys and NULs; a key that the limit cuts goes whole."""
        if len(text) <= limit and self._is_clean(text):
            return text
        window = text[: 2 * limit + self._longest]
        clean = self._pattern.sub(ECHO, window.replace("\0", ""))
        if len(window) < len(text):
            clean = clean[: -self._longest]  # the window may end inside a key
        return clean[:limit]

    def _is_clean(self, text: str) -> bool:
        """True for the ordinary reply. Outside ASCII lower() and IGNORECASE differ: that is left to the pattern."""
        lowered = text.lower()
        plain = text.isascii() and not any(sign in text for sign in _CODES)
        return plain and not any(form in lowered for form in self._lowered)

    def values(self, value: Any) -> Any:
        """A reply's members, lists and texts without keys: what holds one is a text that no id and no code can be."""
        if isinstance(value, dict):
            return {name: self.values(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self.values(each) for each in value]
        return self(value, len(value)) if isinstance(value, str) else value

    def __repr__(self) -> str:
        return "Scrubber()"


# What nobody sees between two letters, as itself and as its code.
_UNSEEN = (
    r"(?:[\0\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]|\\+u(?:200[b-f]|2060|feff|00ad|0000)"
)
_UNSEEN += "|&#(?:820[3-7]|8288|65279|173);|&#x(?:200[b-f]|2060|feff|ad);|&(?:shy|zwnj|zwj|ZeroWidthSpace);)"
_UNSEEN_MOST = 4  # in a row
_LETTER_MOST = 16 + 16 * _UNSEEN_MOST  # characters that a letter takes at most
_CODES = ("\0", "\\", "&", "%")


def _spelled(key: str) -> str:
    """A pattern of the key with each letter as itself or as its code in JSON, HTML, a URL or hex."""
    return f"{_UNSEEN}{{0,{_UNSEEN_MOST}}}".join(_letter(letter) for letter in key)


def _letter(letter: str) -> str:
    code = ord(letter)
    ways = [
        re.escape(letter),
        rf"\\+u0{{0,4}}{code:x}",
        rf"\\+x{code:02x}",
        rf"&#0{{0,6}}{code};?",
        rf"&#x0{{0,6}}{code:x};?",
    ]
    ways += [f"%(?:25)?{byte:02x}" for byte in letter.encode()] if letter.isascii() else []
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
        key.encode().hex(),
        key.encode().hex(" "),
        key.encode("utf-16-le").hex(),
        json.dumps(key)[1:-1],
        json.dumps(key)[1:-1].replace("/", "\\/"),
        base64.b64encode(key.encode()).decode().rstrip("="),
    }
