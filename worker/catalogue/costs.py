"""What something cost, as people read it: the sum, and whose figure that is."""

from __future__ import annotations

from decimal import Decimal

from worker.catalogue.text import Language, Text, dong

# By the names that `worker.reporting.costs.Known` has. Short, for a column...
WHOSE = {
    "esms": Text("eSMS", "eSMS"),
    "list": Text("price list", "bảng giá"),
    "both": Text("eSMS, price list", "eSMS, bảng giá"),
    "part": Text("a part is unknown", "một phần chưa rõ"),
    "no": Text("unknown", "chưa rõ"),
}
# ... and behind the sum.
AS_TOLD = {
    "esms": Text("as eSMS told", "theo eSMS báo"),
    "list": Text("by the price list", "theo bảng giá"),
    "both": Text("as eSMS told, the rest by the price list", "theo eSMS báo, phần còn lại theo bảng giá"),
    "no": Text("unknown", "chưa rõ"),
}
_IN_PART = Text("{sum} or more: what a part of it cost is unknown", "từ {sum} trở lên: một phần chưa rõ giá")
_SUM = Text("{sum}, {whose}", "{sum}, {whose}")


def cost_said(cost: Decimal, known: str, language: Language) -> str:
    """Both, after a colon. What nobody knows is not nothing, and nothing is nobody's figure."""
    if known == "no":
        return AS_TOLD[known].say(language)
    written = dong(cost, language)
    if known == "part":
        return _IN_PART.say(language, sum=written)
    return _SUM.say(language, sum=written, whose=AS_TOLD[known].say(language)) if cost else written
