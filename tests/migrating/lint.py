"""What a migration may not do while workers go on: squawk judges its SQL, and we what squawk does not know of."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Collection, Iterator
from functools import cache, partial
from io import StringIO
from pathlib import Path

from alembic.runtime.environment import EnvironmentContext
from alembic.script import Script, ScriptDirectory

from worker.migrating import config

RELEASED = "0005"  # 0.1.0 begins there: nobody has rows that older migrations could hold up
SQUAWK = Path(sys.executable).with_name("squawk")
ELSEWHERE = (
    "require-lock-timeout",  # worker/migrating/running.py sets both for every transaction
    "require-statement-timeout",
    "prefer-bigint-over-int",  # what is counted here stays small
    "prefer-bigint-over-smallint",
    "prefer-identity",
    "prefer-text-field",
)
CONTRACTING = {"ban-drop-column", "ban-drop-table", "renaming-column", "renaming-object", "renaming-table"}
EACH_CASE = re.IGNORECASE | re.DOTALL
OF_ALEMBIC = r"(UPDATE|DELETE\s+FROM|INSERT\s+INTO)\s+alembic_version\b"
CHANGE = r"\b(UPDATE|DELETE|MERGE|INSERT(?!\s+INTO\s+\S+\s*(\([^()]*\)\s*)?VALUES\b))\b"
ALL_ROWS = re.compile(rf"(?!{OF_ALEMBIC})(WITH\b.*)?{CHANGE}|CREATE\s+TABLE\b.*\bAS\s+(SELECT|WITH)\b", EACH_CASE)
BLOCK = re.compile(r"\bDO\s+\$(\w*)\$(?P<block>.*?)\$\1\$", EACH_CASE)
WHOLE_TABLE = re.compile(
    r"(TRUNCATE|CLUSTER|LOCK|VACUUM|REFRESH\s+MATERIALIZED\s+VIEW(?!\s+CONCURRENTLY))\b"
    r"|ALTER\s+TABLE\b.*\b(SET\s+(UN)?LOGGED|SET\s+TABLESPACE|ADD\s.*\b((small|big)?serial|AS\s+IDENTITY))\b",
    EACH_CASE,
)
DROPPED_TRIGGER = re.compile(r"DROP\s+TRIGGER\s+(IF\s+EXISTS\s+)?(?P<name>\w+)", EACH_CASE)
MADE_TRIGGER = re.compile(r"CREATE\s+(OR\s+REPLACE\s+)?(CONSTRAINT\s+)?TRIGGER\s+(?P<name>\w+)", EACH_CASE)
EMPTY_TRANSACTION = re.compile(r"BEGIN;\s*COMMIT;\s*")


@cache
def directory() -> ScriptDirectory:
    """All migrations, read once: a command of Alembic's reads every file anew."""
    return ScriptDirectory.from_config(config())


def unreleased() -> list[Script]:
    """The migrations that an installation with messages in it runs, the oldest first."""
    every = directory().walk_revisions(RELEASED, "head")
    return [script for script in reversed(list(every)) if script.revision != RELEASED]


def complaints(script: Script, releases: str) -> list[str]:
    """What is wrong with a migration, a line each. releases: the text of CHANGELOG.md."""
    may_contract = _unused_since(script) in re.findall(r"^## \[(\d[^\]]*)\]", releases, re.MULTILINE)
    return list(judged(sql_of(script), may_contract=may_contract, taken_over=_taken_over(script)))


def sql_of(script: Script) -> str:
    """All that it says to Postgres."""
    made = config()
    made.output_buffer = StringIO()
    steps = partial(directory()._upgrade_revs, script.revision)
    begin = str(script.down_revision)
    with EnvironmentContext(made, directory(), fn=lambda at, _: steps(at), as_sql=True, starting_rev=begin):
        directory().run_env()
    return made.output_buffer.getvalue()


def judged(sql: str, *, may_contract: bool = False, taken_over: Collection[str] = ()) -> Iterator[str]:
    """may_contract: whether what it takes away is used by no version that may still be at work. taken_over: triggers
    whose work others do from then on.
    """
    sql = re.sub(r"/\*.*?\*/", "", sql, flags=re.DOTALL)
    statements = _statements(sql)
    for statement in [*_blocks_at_once(sql), *filter(ALL_ROWS.match, statements)]:
        yield f"changes a table's rows in one transaction, use steps.fill or steps.copy: {statement[:80]}"
    for statement in statements:
        if WHOLE_TABLE.match(statement):
            yield f"takes a table from everybody: {statement[:80]}"
    for name in () if may_contract else sorted(_dropped(statements) - {*taken_over}):
        yield f"the version before counts on trigger {name}: say UNUSED_SINCE, or that its work is TAKEN_OVER"
    for rule, text in _squawk(_as_it_may_be_repeated(sql)):
        if not (rule in CONTRACTING and may_contract):
            yield f"{rule}: {text}"


def _blocks_at_once(sql: str) -> list[str]:
    """What changes rows in a DO that commits nothing on its way."""
    blocks = [found for found in BLOCK.finditer(sql) if "COMMIT;" not in found["block"]]
    return [found[0] for found in blocks if re.search(CHANGE, found["block"], EACH_CASE)]


def _unused_since(script: Script) -> str | None:
    """A migration that takes something away says in UNUSED_SINCE which release was the first not to use it."""
    return getattr(script.module, "UNUSED_SINCE", None)


def _taken_over(script: Script) -> Collection[str]:
    """One that takes triggers away whose work others do says which in TAKEN_OVER, and beside it who does it."""
    return getattr(script.module, "TAKEN_OVER", ())


def _dropped(statements: list[str]) -> set[str]:
    """The triggers that are gone after these, and not only made anew."""
    dropped = {found["name"] for found in map(DROPPED_TRIGGER.match, statements) if found}
    return dropped - {found["name"] for found in map(MADE_TRIGGER.match, statements) if found}


def _statements(sql: str) -> list[str]:
    """Without what stands between dollars (the loops of steps.fill and steps.copy, functions) and comments."""
    without = re.sub(r"\$(\w*)\$.*?\$\1\$", "", sql, flags=re.DOTALL)
    return [statement.strip() for statement in re.sub(r"--[^\n]*", "", without).split(";")]


def _as_it_may_be_repeated(sql: str) -> str:
    """What commits on its way may be run again: squawk asks of bare statements that they bear it."""
    in_pieces = EMPTY_TRANSACTION.sub("", sql).count("COMMIT;") > 1
    return re.sub(r"^(BEGIN|COMMIT);$", "", sql, flags=re.MULTILINE) if in_pieces else sql


def _squawk(sql: str) -> list[tuple[str, str]]:
    command_line = [str(SQUAWK), "--reporter", "json", "--pg-version", "14.0", "--exclude", ",".join(ELSEWHERE)]
    done = subprocess.run(command_line, input=sql, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return [(found["rule_name"], found["message"]) for found in json.loads(done.stdout)]
