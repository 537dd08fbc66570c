"""A file that addresses and keys come from is its owner's alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from worker.errors import SettingsError
from worker.settings import environment, readable_env

PLACES = [".env", ".esms-worker/env"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WORKER_FOLDER", raising=False)
    monkeypatch.delenv("ESMS_BRANDNAME", raising=False)
    return tmp_path


def written(here: Path, name: str, mode: int) -> Path:
    file = here / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("ESMS_BRANDNAME=ours\n")
    file.chmod(mode)
    return file


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("mode", [0o602, 0o622, 0o646, 0o666, 0o777])
def test_a_file_that_others_can_write_is_refused(here: Path, name: str, mode: int) -> None:
    written(here, name, mode)
    with pytest.raises(SettingsError, match=f"{name}: can be written by other users: chmod 600 {name}"):
        environment()


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give away")
def test_a_file_of_another_user_is_refused(here: Path, name: str) -> None:
    os.chown(written(here, name, 0o600), 65_534, 65_534)
    with pytest.raises(SettingsError, match=f"{name}: belongs to another user"):
        environment()


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640, 0o644])
def test_who_else_may_read_it_is_told_and_stops_nobody(here: Path, mode: int) -> None:
    os.chown(written(here, ".env", mode), -1, 65_534)
    assert environment()["ESMS_BRANDNAME"] == "ours"
    assert (readable_env() is not None) is bool(mode & 0o044)


def test_a_group_that_is_its_owners_own_is_nobody_else(here: Path) -> None:
    """As many systems make one for each user, and files for it by default."""
    written(here, ".env", 0o660)
    assert environment()["ESMS_BRANDNAME"] == "ours"
    assert readable_env() is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give away")
def test_a_group_of_several_is_somebody_else(here: Path) -> None:
    os.chown(written(here, ".env", 0o660), -1, 65_534)
    with pytest.raises(SettingsError, match="can be written by other users"):
        environment()


def test_no_file_is_no_variable(here: Path) -> None:
    (here / ".env").mkdir()
    assert "ESMS_BRANDNAME" not in environment()
    assert readable_env() is None
