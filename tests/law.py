"""The rules that an installation begins with, for tests that want them."""

from __future__ import annotations

from datetime import date
from typing import Any

from alembic.script import ScriptDirectory

from worker.database import Database
from worker.law.rules import Channel, Check, Mode, Rule
from worker.ledger import save_rule
from worker.lifecycle import Purpose
from worker.migrating import config


def _first() -> list[Rule]:
    module: Any = ScriptDirectory.from_config(config()).get_revision("0041").module
    return [
        Rule(
            name=name,
            since=date.fromisoformat(module.SINCE),
            check=Check(check),
            purposes=(Purpose.ADVERTISING,),
            channel=Channel(channel) if channel else None,
            parameters=parameters,
            source=f"{module.DECREE}, {article}",
            mode=Mode(mode),
        )
        for name, check, channel, parameters, article, mode in module.RULES
    ]


VIETNAM = {rule.name: rule for rule in _first()}


def decree(database: Database, *rules: Rule) -> None:
    """From now on these hold."""
    with database.begin() as session:
        for rule in rules:
            save_rule(session, rule)
