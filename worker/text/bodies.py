"""One text of a template, and what it becomes for one recipient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from worker.errors import Invalid
from worker.text.accents import strip_diacritics
from worker.text.language import TemplateError, render, variables_of

VALUE_MOST = 1000  # characters of one value
NO_VALUE, FILL_IN = "has no value for this recipient", "fill it in, or take it out of the template"


class Diacritics(StrEnum):
    """What becomes of accents in the finished text, the person's name included."""

    KEEP = "keep"  # most then need SmsType 3 with unicode, and hold 70 characters
    STRIP = "strip"  # Nguyễn becomes Nguyen


@dataclass(frozen=True, slots=True)
class Body:
    """A text whose variables are all known."""

    text: str
    diacritics: Diacritics = Diacritics.KEEP

    @property
    def variables(self) -> tuple[str, ...]:
        """The names in braces, in order, each once."""
        return variables_of(self.text)

    def filled(self, values: Mapping[str, str]) -> str:
        """With each variable's value, and its accents. Raises Invalid for a variable without a value, by its name."""
        for name in self.variables:
            _check_value(name, values.get(name))
        try:
            return render(self.text, values)
        except TemplateError as error:
            raise Invalid("content", error.problem, error.remedy) from None

    def render(self, values: Mapping[str, str]) -> str:
        """The finished text. Raises Invalid for a variable without a value, by its name."""
        filled = self.filled(values)
        return strip_diacritics(filled) if self.diacritics is Diacritics.STRIP else filled


def _check_value(name: str, value: object) -> None:
    if not isinstance(value, str) or not value.strip():
        raise Invalid(name, NO_VALUE, FILL_IN)
    if len(value) > VALUE_MOST:
        raise Invalid(name, f"is longer than {VALUE_MOST:,} characters", "shorten it")
