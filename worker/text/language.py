"""The language of templates: `{name}` stands for a value, and nothing else means anything.

There is no code to run, so there is nothing to escape from; what a value holds is never looked at again.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

from worker.errors import Unusable

ATTRIBUTE = "attr."  # in front of a contact's own, so that any other name that we don't know is a slip of the pen
LONGEST_TEMPLATE = 10_000  # characters, of a template and of what comes out

_token = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_name = re.compile(r"(?:attr\.)?\w{1,64}").fullmatch


class TemplateError(Unusable):
    """A template, or the values for it, that can't be used: what is wrong, and what to do."""


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
