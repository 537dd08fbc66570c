"""What may be saved as a template: an SMS's text, or a call's template at eSMS with its variables."""

from __future__ import annotations

import re
from collections.abc import Sequence

from worker import text
from worker.checks import ID_MOST, affordable, joinable
from worker.errors import Invalid
from worker.ledger.templates import StoredTemplate
from worker.lifecycle import Kind, SmsType
from worker.templates.variables import parse
from worker.text import Diacritics

CALL_VARIABLES_MOST = 20  # of one call's template

_name = re.compile(r"[\w.-]{1,64}").fullmatch


def define_template(
    name: str,
    *,
    content: str | None = None,
    template_id: str | None = None,
    variables: Sequence[str] = (),
    diacritics: Diacritics | None = None,
) -> StoredTemplate:
    """A template that can be saved: an SMS's content, or a call's template at eSMS with its variables in order.

    diacritics: by default taken out of an SMS, where one name would need Unicode, and kept in what is read out.
    Raises Invalid, also for a variable that nobody will ever fill in.
    """
    if not isinstance(name, str) or not _name(name):
        raise Invalid("name", "is no usable name", "use up to 64 letters, digits, dots, dashes and underscores")
    if (content is None) == (template_id is None):
        raise Invalid("content", "is needed for an SMS, a template_id for a call", "give one of the two")
    if content is not None:
        return _sms(name, content, variables, diacritics or Diacritics.STRIP)
    return _call(name, template_id or "", variables, diacritics or Diacritics.KEEP)


def _sms(name: str, content: str, variables: Sequence[str], diacritics: Diacritics) -> StoredTemplate:
    if variables:
        raise Invalid("variables", "are for calls", "write them into the content, like {name}")
    body = parse(content, diacritics=diacritics).text
    written = text.strip_diacritics(body) if diacritics is Diacritics.STRIP else body
    affordable(text.measure(written, SmsType.CUSTOMER_CARE))
    return StoredTemplate(name=name, kind=Kind.SMS, content=body, diacritics=diacritics)


def _call(name: str, template_id: str, variables: Sequence[str], diacritics: Diacritics) -> StoredTemplate:
    if not template_id.strip() or len(template_id) > ID_MOST or not template_id.isprintable():
        raise Invalid("template_id", "is no id", "give the id that account.esms.vn shows")
    if len(variables) > CALL_VARIABLES_MOST:
        raise Invalid("variables", f"are more than {CALL_VARIABLES_MOST}", "give those of the template at eSMS")
    for place, each in enumerate(variables, start=1):
        parse(each, field=f"variables[{place}]")
        joinable(f"variables[{place}]", each)
    return StoredTemplate(
        name=name,
        kind=Kind.TEMPLATE_CALL,
        template_id=template_id.strip(),
        variables=tuple(variables),
        diacritics=diacritics,
    )
