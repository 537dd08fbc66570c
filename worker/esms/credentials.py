"""The two keys of an account, and the scrubbing of whatever might echo them.

An error page of the provider's server repeats the URL that it failed on, keys and all.
"""

import base64
import html
import json
import re
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

from worker.esms.errors import InvalidRequest


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
    """Takes both keys out of a text, raw and in every encoding that a server might echo them in."""

    def __init__(self, credentials: Credentials) -> None:
        forms = _forms(credentials.api_key) | _forms(credentials.secret_key)
        longest_first = sorted(forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)
        self._longest = len(longest_first[0])
        self._lowered = [form.lower() for form in forms] if all(map(str.isascii, forms)) else [""]

    def __call__(self, text: str, limit: int) -> str:
        """The first `limit` characters of the text without keys and NULs; a key that the limit cuts goes whole."""
        if len(text) <= limit and self._is_clean(text):
            return text
        window = text[: 2 * limit + self._longest]
        clean = self._pattern.sub("[key]", window.replace("\0", ""))
        if len(window) < len(text):
            clean = clean[: -self._longest]  # the window may end inside a key
        return clean[:limit]

    def _is_clean(self, text: str) -> bool:
        """True for the ordinary reply. Outside ASCII lower() and IGNORECASE differ: that is left to the pattern."""
        lowered = text.lower()
        return text.isascii() and "\0" not in text and not any(form in lowered for form in self._lowered)

    def __repr__(self) -> str:
        return "Scrubber()"


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
        json.dumps(key)[1:-1],
        json.dumps(key)[1:-1].replace("/", "\\/"),
        base64.b64encode(key.encode()).decode().rstrip("="),
    }
