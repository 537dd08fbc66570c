"""The house stays small: no long file, no import cycle, and half of the functions of six lines or fewer."""

from __future__ import annotations

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from statistics import median

import grimp

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "worker").rglob("*.py"))
Function = ast.FunctionDef | ast.AsyncFunctionDef


def test_no_module_imports_itself_by_way_of_others() -> None:
    """A package's door counts with what is behind it only where that door imports it."""
    graph = grimp.build_graph("worker", exclude_type_checking_imports=True)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        raise AssertionError(" imports ".join(reversed(error.args[1]))) from None


def test_the_provider_client_and_the_devkit_import_nothing_of_ours() -> None:
    graph = grimp.build_graph("worker")
    for alone in ("worker.esms", "worker.devkit"):
        its_own = {alone, *graph.find_descendants(alone)}
        imported = {other for module in its_own for other in graph.find_modules_directly_imported_by(module)}
        assert imported - its_own == set()


def test_no_file_is_longer_than_330_lines() -> None:
    assert [path.name for path in SOURCES if len(path.read_text().splitlines()) > 330] == []


def test_the_median_function_has_six_lines_or_fewer() -> None:
    """Its signature and docstring not counted."""
    assert median(_lines(each) for path in SOURCES for each in _functions(ast.parse(path.read_text()))) <= 6


def test_migrations_stand_in_one_line_under_the_numbers_of_their_files() -> None:
    """Two that landed at once may have taken the same one."""
    files = sorted((ROOT / "migrations" / "versions").glob("*.py"))
    each = [re.findall(r'^(?:down_)?revision = (?:"(\d+)"|None)$', file.read_text(), re.MULTILINE) for file in files]
    numbers = [file.name[:4] for file in files]
    assert each == [[number, before] for number, before in zip(numbers, ["", *numbers], strict=False)]


def _functions(tree: ast.Module) -> list[Function]:
    return [node for node in ast.walk(tree) if isinstance(node, Function)]


def _lines(function: Function) -> int:
    body = function.body[ast.get_docstring(function) is not None :] or function.body
    return (function.end_lineno or 0) - body[0].lineno + 1
