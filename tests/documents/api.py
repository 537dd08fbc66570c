"""Writes docs/api.md from the docstrings: `python -m tests.documents.api`; a test holds that it was run.

Read from the source, nothing imported: signatures stand as they are written there.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent

from worker import _HOMES

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "api.md"
HEAD = """# The Python interface

Made from the docstrings by `make docs`; change those.
How it is used: [enqueue](enqueue.md), [reminders](reminders.md), [contacts](contacts.md), [templates](templates.md).
"""
BESIDE = {  # what `worker` does not name itself, but a producer holds in hand
    "`notifier.…`": ("worker/api/branches.py", ["Branches"]),
    "`notifier.contacts`": ("worker/api/contacts.py", ["Contacts"]),
    "`notifier.reminders`": ("worker/api/reminders.py", ["Reminders"]),
    "`notifier.templates`": ("worker/api/templates.py", ["Templates"]),
    "`notifier.uploads`": ("worker/api/uploads/uploads.py", ["Uploads"]),
    "`notifier.finding`": ("worker/api/finding.py", ["Finding"]),
    "`notifier.sweeps`": ("worker/api/sweeps.py", ["Sweeps"]),
    "`notifier.prices`": ("worker/api/prices.py", ["Prices"]),
    "`notifier.persons`": ("worker/api/people.py", ["Persons"]),
    "What it gives back": ("worker/ledger/people/forgetting.py", ["Forgot"]),
    "The eSMS client, `worker.esms`": ("worker/esms/client.py", ["Client"]),
    "Its errors": (
        "worker/esms/errors.py",
        ["EsmsError", "InvalidRequest", "Refused", "AccountTrouble", "NotTaken", "MaybeTaken", "Trace"],
    ),
    "Its checks, `worker.esms.checks`": ("worker/esms/checks.py", None),
}


def document() -> str:
    """The whole page."""
    parts = [HEAD, "\n## `from worker import …`\n"]
    parts += [each for home, names in sorted(_HOMES.items()) for name in sorted(names) for each in _name(home, name)]
    for title, (path, wanted) in BESIDE.items():
        parts.append(f"\n## {title}\n")
        parts += _members(ast.parse((ROOT / path).read_text()), wanted)
    return "".join(parts)


def _name(home: str, name: str) -> Iterator[str]:
    """A class, wherever in its part it stands."""
    folder = ROOT / home.replace(".", "/")
    for path in sorted(folder.glob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]:
        yield from _members(ast.parse(path.read_text()), [name])


def _members(tree: ast.Module, wanted: list[str] | None) -> Iterator[str]:
    for node in tree.body:
        if wanted is None and isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield _function(node, "")
        elif isinstance(node, ast.ClassDef) and node.name in (wanted or ()):
            yield _class(node)


def _class(node: ast.ClassDef) -> str:
    bases = ", ".join(ast.unparse(base) for base in node.bases)
    told = f"\n### `{node.name}{f'({bases})' if bases else ''}`\n\n{ast.get_docstring(node) or ''}\n"
    fields = list(_fields(node))
    methods = [
        _function(each, f"{node.name}.")
        for each in node.body
        if isinstance(each, ast.FunctionDef) and not each.name.startswith("_")
    ]
    return "".join([told, "\n" if fields else "", *fields, *methods])


def _fields(node: ast.ClassDef) -> Iterator[str]:
    """Each with the docstring below it."""
    for each, below in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(each, ast.AnnAssign | ast.Assign) and not (written := ast.unparse(each)).startswith("_"):
            told = isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and below.value.value
            yield f"- `{written}`" + (f": {told!s}\n" if told else "\n")


def _function(node: ast.FunctionDef, of: str) -> str:
    gives = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    marks = "".join(f"@{ast.unparse(each)} " for each in node.decorator_list if ast.unparse(each) != "checks.discreet")
    head = f"\n- `{marks}{of}{node.name}({_arguments(node)}){gives}`\n"
    return head + (f"\n{indent(told, '  ')}\n" if (told := ast.get_docstring(node)) else "")


def _arguments(node: ast.FunctionDef) -> str:
    return ast.unparse(node.args).removeprefix("self, ").removeprefix("cls, ").removeprefix("self").removeprefix("cls")


if __name__ == "__main__":
    DOCUMENT.write_text(document())
