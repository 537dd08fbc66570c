"""The shape that keeps it readable and safe: what may be imported, who writes status, what the documents must name."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest

from worker import backoff, evidence
from worker.cli import cli
from worker.lifecycle import Status
from worker.telemetry import EVENTS

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "worker").rglob("*.py"))


def loaded_by(statement: str) -> set[str]:
    """The modules that are loaded after this statement, in a process without any of our variables."""
    program = f"{statement}\nimport sys\nprint(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], env={}, cwd=ROOT, capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_importing_worker_loads_nothing() -> None:
    assert not {"sqlalchemy", "celery", "requests", "redis", "pycurl"} & loaded_by("import worker")


def test_a_producer_loads_neither_requests_nor_the_worker() -> None:
    loaded = loaded_by("from worker import backoff, Notifier, Sms, SmsType, TemplateCall, RecordCall")
    assert not {"requests", "worker.delivery", "worker.polling", "worker.esms", "worker.devkit", "celery"} & loaded


def test_every_public_name_can_be_imported() -> None:
    import worker

    assert all(getattr(worker, name) is not None for name in worker.__all__)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_ledger_writes_and_only_settings_reads_the_environment(path: Path) -> None:
    source = path.read_text()
    where = path.relative_to(ROOT / "worker").parts[0]
    if where != "ledger":
        assert not re.search(r"\b(UPDATE|INSERT INTO|DELETE FROM)\s+\w", source)
        assert "session.add(" not in source
    if where not in {"settings", "devkit"} and path.name != "up.py":
        assert "os.environ" not in source
    if where not in {"esms", "ledger"}:
        assert "import requests" not in source


def test_the_ledgers_door_says_where_each_of_its_modules_belongs_and_names_no_other() -> None:
    room = ROOT / "worker" / "ledger"
    docstring = ast.get_docstring(ast.parse((room / "__init__.py").read_text())) or ""
    _, _, lists = docstring.partition("go to its module.")
    named = re.findall(r"\w+", " ".join(line[20:] for line in lists.splitlines()))  # behind the subjects
    assert sorted(named) == sorted(path.stem for path in room.iterdir() if not path.name.startswith("__"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_opens_with_a_sentence_and_is_no_longer_than_one_idea(path: Path) -> None:
    source = path.read_text()
    tree = ast.parse(source)
    assert not source.strip() or ast.get_docstring(tree)
    assert len(source.splitlines()) <= 330


def test_the_address_of_a_registry_or_a_machine_is_nowhere() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    for name in tracked:
        if name.endswith((".py", ".md", ".toml", ".txt", ".yml", "Makefile", "run")) and "test_shape" not in name:
            source = (ROOT / name).read_text()
            assert not re.search(r"/work/|/root/|--index-url|--extra-index|pypi\.org/simple", source), name


def commands() -> list[str]:
    return cli.list_commands(click.Context(cli))


@pytest.mark.parametrize("command", commands())
@pytest.mark.parametrize("readme", ["README.md", "README.vi.md"])
def test_every_command_is_in_the_readme(command: str, readme: str) -> None:
    assert re.search(rf"(esms-worker |`){re.escape(command)}\b", (ROOT / readme).read_text())


@pytest.mark.parametrize("status", Status)
def test_every_status_is_explained(status: Status) -> None:
    assert f"`{status}`" in (ROOT / "docs" / "statuses.md").read_text()


def test_every_event_is_explained_and_no_other() -> None:
    told = (ROOT / "docs" / "events.md").read_text()
    assert set(re.findall(r"^\| `([a-z_]+\.[a-z_]+)`", told, re.MULTILINE)) == set(EVENTS)


def test_every_event_that_is_emitted_is_known() -> None:
    emitted = {name for path in SOURCES for name in re.findall(r'emit\("([a-z_.]+)"', path.read_text())}
    counted = {name for name in EVENTS if name.startswith("messages.")}
    assert emitted | counted == set(EVENTS)


def test_every_variable_is_explained_and_no_other() -> None:
    written = "".join(path.read_text() for path in (ROOT / "worker" / "settings").glob("*.py"))
    read = set(re.findall(r'"([A-Z]+(?:_[A-Z]+)+)"', re.sub(r"__all__ = \[.*?\]", "", written, flags=re.DOTALL)))
    told = (ROOT / "docs" / "settings.md").read_text()
    assert set(re.findall(r"^\| `([A-Z_]+)`", told, re.MULTILINE)) == read


def test_everything_that_is_installed_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(line for extra in project["optional-dependencies"].values() for line in extra),
    ]
    pinned = {
        line.split("==")[0].lower() for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line
    }
    assert {re.split(r"[\[<>=; ]", line)[0].lower() for line in wanted} <= pinned


def test_ci_runs_what_the_readme_says() -> None:
    assert "make test" in (ROOT / ".ci" / "run").read_text()
    assert "make test" in (ROOT / "README.md").read_text()


def test_every_link_in_the_documents_leads_somewhere() -> None:
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    for document in documents:
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text()):
            assert (document.parent / link).exists(), f"{document.name}: {link}"


def test_procfile_compose_and_up_listen_to_the_same_queues() -> None:
    """Each queue once, by a process of the same name; beat once."""
    commands = {
        "Procfile": (ROOT / "Procfile").read_text(),
        "compose": (ROOT / "docker-compose.yml").read_text(),
    }
    wanted = ["deliver", "enqueue", "poll,housekeeping,webhooks", "urgent"]
    for name, written in commands.items():
        assert sorted(re.findall(r"-Q ([a-z,]+)", written)) == wanted, name
        assert len(re.findall(r"worker\.tasks beat", written)) == 1, name


def test_the_files_for_systemd_start_what_the_procfile_starts() -> None:
    lines = (line.partition(": ")[::2] for line in (ROOT / "Procfile").read_text().splitlines())
    celery = "celery -A worker.tasks "
    commands = {name: command.removeprefix(celery) for name, command in lines if command.startswith(celery)}
    written = {path.stem: path.read_text() for path in (ROOT / "docs" / "systemd").glob("*.conf")}
    assert written == {name: f"ARGUMENTS={command}\n" for name, command in commands.items()}


def test_what_counts_as_proof_is_in_the_docs_as_it_is_in_the_code() -> None:
    assert evidence.table() in (ROOT / "docs" / "statuses.md").read_text()


def test_the_waits_in_the_docs_are_those_of_the_code() -> None:
    assert backoff.table() in (ROOT / "docs" / "retries.md").read_text()
