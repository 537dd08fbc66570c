"""Percent-encoding, as `urllib.parse.quote(text, safe="")` does it for a fraction of its price, as every send pays."""

from urllib.parse import quote

# By byte: itself, or its percent-encoding.
_AS_QUOTED = {byte: quote(bytes([byte]), safe="") for byte in range(256)}
_PLAIN = bytes(byte for byte, written in _AS_QUOTED.items() if len(written) == 1)


def quoted(text: str) -> str:
    """As it goes into a query or a path; what is not a letter, a digit or one of `-._~` is encoded."""
    if text.isascii():
        signs = b"" if text.isalnum() else text.encode().translate(None, _PLAIN)
        return _ascii(text, set(signs)) if signs else text
    return text.encode().decode("latin-1").translate(_AS_QUOTED)


def _ascii(text: str, signs: set[int]) -> str:
    """Sign by sign, of which a text has few: half of what it costs to go through it letter by letter."""
    text = text.replace("%", "%25")  # before the others, which bring more of them
    for sign in signs - {ord("%")}:
        text = text.replace(chr(sign), _AS_QUOTED[sign])
    return text
