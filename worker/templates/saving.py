"""Save and remove templates under the rules and events that need them.

What is refused here would otherwise be found out on the day, by everybody who gets nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from worker.errors import Invalid, NotFound
from worker.ledger import contacts
from worker.ledger import templates as stored
from worker.ledger.events import events_ahead_with
from worker.ledger.reminder_rules import rules_with
from worker.ledger.templates import StoredTemplate, TemplateRow
from worker.templates.variables import KNOWN, OF_A_RULE, check_variables
from worker.text import ATTRIBUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A template that was saved."""

    name: str
    version: int
    attributes_that_nobody_has: Sequence[str] = ()


def save(session: Session, new: StoredTemplate, *, change_kind: bool = False) -> Saved:
    """Store a template, or its next version. Raises Invalid when a rule could not use it any more.

    change_kind: an SMS that becomes a call, or the other way, would change how everybody is reached by the rules and
    events that use it; so that is refused unless it is asked for.
    """
    rules = rules_with(session, new.name)
    for rule in rules[:1]:
        for each in new.texts():
            check_variables(each.variables, OF_A_RULE, field=f"template {new.name!r} of rule {rule!r}")
    if not change_kind:
        _check_kind(session, new, rules)
    version = stored.add_template(session, new)
    return Saved(name=new.name, version=version, attributes_that_nobody_has=_attributes_that_nobody_has(session, new))


def remove(session: Session, name: str) -> None:
    """Take away a template that no rule and no event needs; its versions stay. Raises NotFound, Invalid."""
    if rules := rules_with(session, name):
        remedy = "give the rule another template by `reminders add … --replace`, or remove it first"
        raise Invalid("name", f"rule {rules[0]!r} needs this template", remedy)
    if events := events_ahead_with(session, name):
        remedy = "cancel them, or upsert them with another"
        raise Invalid("name", f"{events:,} event(s) ahead need this template", remedy)
    if not stored.remove_template(session, name):
        raise unknown(name)


def usable(session: Session, name: str, known: Iterable[str]) -> TemplateRow:
    """The template of this name, whose variables all can be known. Raises Invalid."""
    found = stored.template(session, name)
    if found is None:
        raise Invalid("template", f"there is none called {name!r}", "see `esms-worker templates list`, or add it")
    for text in found.texts():
        check_variables(text.variables, known, field=f"template {name!r}")
    return found


def unknown(name: str) -> NotFound:
    """The error for a name that there is not."""
    return NotFound(f"no template is called {name!r}: `esms-worker templates list` shows them")


def _check_kind(session: Session, new: StoredTemplate, rules: Sequence[str]) -> None:
    old = stored.template(session, new.name)
    if old is None or old.kind is new.kind:
        return
    users = [f"rule {rule!r}" for rule in rules]
    if events := events_ahead_with(session, new.name):
        users.append(f"{events:,} event(s) ahead")
    if users:
        problem = f"{new.name!r} is {old.kind} and would become {new.kind} for {', '.join(users)}"
        raise Invalid("name", problem, "give the new one another name, or say --change-kind (change_kind=True)")


def _attributes_that_nobody_has(session: Session, new: StoredTemplate) -> list[str]:
    named = new.names() - set(KNOWN)
    if not named:
        return []
    return sorted({name.removeprefix(ATTRIBUTE) for name in named} - set(contacts.attribute_names(session)))
