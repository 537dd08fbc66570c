"""`python -m tests.typing.check_consumer PYTHON`: mypy and pyright read consumer.py with what PYTHON has installed.

PYTHON is that of a fresh environment with the built wheel; the checkers are those of the environment this runs in.
A checker that is not installed is told and fails.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CONSUMER = Path(__file__).with_name("consumer.py")


def main(python: str) -> int:
    """Exit code 0 when both are content."""
    with tempfile.TemporaryDirectory() as folder:  # outside the tree, whose own `worker` would be read instead
        shutil.copy(CONSUMER, folder)
        return max([_run(command, folder) for command in _commands(python)])


def _commands(python: str) -> list[list[str]]:
    mypy = [sys.executable, "-m", "mypy", "--strict", "--python-executable", python, "consumer.py"]
    return [mypy, [sys.executable, "-m", "pyright", "--pythonpath", python, "consumer.py"]]


def _run(command: list[str], folder: str) -> int:
    print("$", *command[1:])  # noqa: T201
    return subprocess.run(command, cwd=folder, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(str(Path(sys.argv[1]).absolute())))
