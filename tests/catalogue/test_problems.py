"""Whatever can be wrong with what somebody gives is told in both languages: each error that the sources raise."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from worker.catalogue import Language, in_language
from worker.catalogue.problems import in_vietnamese

WORKER = Path(__file__).parents[2] / "worker"
ALONE = {"cli", "devkit", "esms", "migrating", "roles", "settings"}  # these speak to whoever runs it, at a terminal
GAP = "42"
PUT_TOGETHER = {"is 42", "42choose from 42", "42 42 (SmsType 42)"}  # of words that stand there themselves


def calls_of(*names: str) -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(WORKER.rglob("*.py")):
        if path.relative_to(WORKER).parts[0] not in ALONE:
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and getattr(node.func, "id", None) in names:
                    yield f"{path.name}:{node.lineno}", node


def written(node: ast.expr) -> str | None:
    """A text as it is raised, with something in its gaps; None: it is made elsewhere."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else GAP for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def is_told(problem: str) -> bool:
    return in_vietnamese(problem) != problem or in_language(problem, Language.VI) != problem


def test_every_field_that_can_be_wrong_is_told_in_vietnamese() -> None:
    missing, count = [], 0
    for where, call in calls_of("Invalid"):
        problem, remedy = (written(each) for each in call.args[1:3]) if len(call.args) > 2 else (None, None)
        count += problem is not None
        halves = [f"{problem or 'is missing'}: {remedy or 'leave it out'}"] if problem or remedy else []
        missing += [f"{where} {each}" for each in halves if not is_told(each) and not PUT_TOGETHER & {problem, remedy}]
    assert count > 150
    assert missing == []


def test_everything_that_is_not_there_is_told_in_vietnamese() -> None:
    found = [(where, written(call.args[0])) for where, call in calls_of("NotFound") if call.args]
    missing = [f"{where} {problem}" for where, problem in found if problem and not is_told(problem)]
    assert [each for each in missing if "the 42 42: 42" not in each] == []  # campaign or source, and what is near


@pytest.mark.parametrize(
    "told, said",
    [
        ("event 'a': offsets: 'soon' is no offset: write it like \"1h\"", "event 'a': offsets: 'soon' không phải"),
        ("it is not their day: their lunar birthday is 15/8 of the leap month", "ngày sinh âm lịch: 15/8 nhuận"),
    ],
)
def test_what_stands_around_a_problem_stays(told: str, said: str) -> None:
    assert said in in_vietnamese(told) + in_language(told, Language.VI)
