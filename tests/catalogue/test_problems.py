"""Whatever can be wrong with what somebody gives is told in both languages: each error that the sources raise."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from worker.catalogue import Language, in_language
from worker.catalogue.problems import in_vietnamese
from worker.intake.remarks import _WRONG, LIKE_ADVERTISING

WORKER = Path(__file__).parents[2] / "worker"
ALONE = {"cli", "devkit", "esms", "migrating", "roles", "settings"}  # these speak to whoever runs it, at a terminal
GAP = "42"
PUT_TOGETHER = {"is 42", "42choose from 42", "42 42 (SmsType 42)", "lunar 42 has 42, not a leap month 42"}  # see WRONG
# Which field, what is wrong with it, what to do.
OF_A_FIELD = ("Invalid", "Past", "CalledOff", "AfterStart", "Unreadable", "RecurrenceError")
OF_A_TEXT = ("Unusable", "PhoneError", "TemplateError")  # the same without a field


def calls_of(*names: str) -> Iterator[tuple[Path, str, ast.Call]]:
    for path in sorted(WORKER.rglob("*.py")):
        if path.relative_to(WORKER).parts[0] not in ALONE:
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and getattr(node.func, "id", None) in names:
                    yield path, f"{path.name}:{node.lineno}", node


def written(node: ast.expr, named: dict[str, ast.expr] | None = None) -> str | None:
    """A text as it is raised, with something in its gaps; None: it is made elsewhere. named: what names stand for."""
    match node:
        case ast.Name(id=name) if named and name in named:
            return written(named[name])
        case ast.JoinedStr(values=parts):
            return "".join(_part(part, named or {}) for part in parts)
        case ast.Constant(value=str(text)):
            return text
    return None


def _part(node: ast.expr, named: dict[str, ast.expr]) -> str:
    inner = node.value if isinstance(node, ast.FormattedValue) else node
    constant = not isinstance(inner, ast.Name) or inner.id.isupper()
    return (written(inner, named) if constant else None) or GAP


@cache
def texts_of(path: Path) -> dict[str, ast.expr]:
    """What this module's names stand for, constants of others too."""
    everywhere = {
        name: text for each in sorted(WORKER.rglob("*.py")) for name, text in assigned(each) if name.isupper()
    }
    here = [name for name, _ in assigned(path)]
    return everywhere | {name: text for name, text in assigned(path) if here.count(name) == 1}


@cache
def assigned(path: Path) -> list[tuple[str, ast.expr]]:
    found = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Assign)]
    return [
        (target.id, node.value)
        for node in found
        for target in node.targets
        if isinstance(target, ast.Name) and written(node.value)
    ]


# Words that no Vietnamese sentence has. What stands between quotes is an example, or what was given.
ENGLISH = re.compile(r"\b(or|and|leave|the|of|is|are|give|out|with|which|what|from|it|take|use|write|save|try)\b", re.I)
EXAMPLE = re.compile(r"`[^`]*`|\"[^\"]*\"|{\w*}|(?<!\w)\[[^\]]*\]")


def english_left(problem: str) -> list[str]:
    """What a reader of the Vietnamese page still gets in English, behind words that are Vietnamese."""
    told = EXAMPLE.sub("", in_language(problem, Language.VI))
    said = told if told != EXAMPLE.sub("", problem) else EXAMPLE.sub("", in_vietnamese(problem))
    return ENGLISH.findall(said)


def is_told(problem: str) -> bool:
    """From its first word on: what stands before a problem is nobody's."""
    said = in_vietnamese(problem)
    found = said != problem and not said.startswith(problem[: problem.find(": ") + 2] or problem)
    return found or in_language(problem, Language.VI) != problem


@pytest.mark.parametrize("names, first, least", [(OF_A_FIELD, 1, 300), (OF_A_TEXT, 0, 20)])
@pytest.mark.long
def test_every_field_text_and_file_that_can_be_wrong_is_told_in_vietnamese(
    names: tuple[str, ...], first: int, least: int
) -> None:
    missing, count = [], 0
    for path, where, call in calls_of(*names):
        halves = [written(each, texts_of(path)) for each in call.args[first : first + 2]]
        if len(halves) == 2 and any(halves) and not PUT_TOGETHER & set(halves):
            count += 1
            told = f"{halves[0] or 'is missing'}: {halves[1] or 'leave it out'}"
            missing += [f"{where} {told}"] if not is_told(told) or english_left(told) else []
    assert count > least
    assert missing == []


def test_an_unknown_field_and_the_nearest_are_told_in_vietnamese() -> None:
    problems = [written(call.args[2]) for _, _, call in calls_of("known_fields")]
    assert len(problems) > 7 and all(problems)
    for to_do in ("use a, b", "did you mean a? use a, b"):
        assert [each for each in problems if not is_told(f"{each}: {to_do}")] == []


def test_every_problem_of_a_row_is_told_in_vietnamese() -> None:
    """Each text that is put together as `problem`, where rows are refused."""
    rows = {path for path, _, _ in calls_of("RefusedRow")}
    found = [(path, written(node)) for path in rows for name, node in assigned(path) if name == "problem"]
    whole = [(path.name, told) for path, told in found if told and ": " in told and f": {GAP}" not in told]
    assert len(whole) > 1
    assert [each for each in whole if not is_told(each[1])] == []


def test_everything_that_is_not_there_is_told_in_vietnamese() -> None:
    found = [(where, written(call.args[0])) for _, where, call in calls_of("NotFound") if call.args]
    missing = [f"{where} {told}" for where, told in found if told and (not is_told(told) or english_left(told))]
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


def test_all_that_sending_rules_say_of_a_message_is_told_in_vietnamese() -> None:
    told = [f"{wrong.format(sms_type=2)} (rule, ND 91: 2020): {to_do}" for _, wrong, to_do in _WRONG.values()]
    told += ["is outside of 07:00 to 22:00 (rule): give another", LIKE_ADVERTISING.format(words="'sale'")]
    assert [each for each in told if not is_told(each.removeprefix("content: "))] == []
    waits = "comes too soon: not before 2026-12-01 08:00: rule: give a later one, or leave it out"
    assert in_vietnamese(waits).startswith("quá sớm: chưa được gửi trước")


@pytest.mark.parametrize(
    "guess, said",
    [
        ("try --encoding utf-16-le: it looks like UTF-16", "có vẻ là mã UTF-16"),
        ("try --encoding cp1258: it looks like Windows-1258", "có vẻ là mã Windows-1258"),
        ("convert it with Unikey first: it may be TCVN3 (.VnTime) or VNI", "chuyển mã bằng Unikey trước"),
    ],
)
def test_which_encoding_a_file_has_is_guessed_in_vietnamese_too(guess: str, said: str) -> None:
    problem = f'line 3 is not UTF-8: save it as "CSV UTF-8", or {guess}'
    assert said in in_language(problem, Language.VI)
    assert english_left(problem) == []


def test_a_day_that_there_is_not_is_told_as_a_day_and_not_as_any_thing() -> None:
    assert in_vietnamese("there is no day 31 of month 2 in 1980: correct it").startswith("tháng 2 năm 1980 không có")


def test_which_of_several_numbers_is_wrong_is_told_in_vietnamese_too() -> None:
    said = in_vietnamese("to: number 2 of 3: names nobody: give a phone number, or a list of them")
    assert said.startswith("to: số thứ 2 trong 3 số: ")
