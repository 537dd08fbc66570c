"""What we are built from is what was looked at, by hash and by digest; containers have few rights."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
CONSTRAINTS = (ROOT / "constraints.txt").read_text()
KEYS = {"ESMS_API_KEY", "ESMS_SECRET_KEY"}


def test_in_compose_each_service_has_its_own_login_and_only_migrate_the_administrators() -> None:
    ours = {name: service["environment"] for name, service in SERVICES.items() if service.get("image") == "esms-worker"}
    logins = {name: environ["DATABASE_URL"].split("://")[1].split(":")[0] for name, environ in ours.items()}
    assert logins.pop("migrate") == "esms"
    assert logins.pop("http") == logins.pop("metrics") == "esms_producer"
    assert set(logins.values()) == {"esms_worker"}
    for name, environ in ours.items():
        assert not environ["POSTGRES_PASSWORD"]
        assert bool(environ["POSTGRES_PRODUCER_PASSWORD"]) == (name == "migrate")  # .env would give it to all


def test_each_file_that_is_installed_has_a_hash() -> None:
    pins = re.findall(r"^(\S+==\S+)(.*(?:\n .*)*)", CONSTRAINTS, re.MULTILINE)
    assert len(pins) > 100
    assert [name for name, rest in pins if "--hash=sha256:" not in rest] == []
    assert "://" not in CONSTRAINTS


def test_what_builds_us_is_pinned_too() -> None:
    asked = [*PROJECT["build-system"]["requires"], "pip", "editables"]
    assert all("==" in each for each in PROJECT["build-system"]["requires"])
    for each in asked:
        assert re.search(rf"^{re.escape(each)}(==| )", CONSTRAINTS, re.MULTILINE), each


@pytest.mark.parametrize("hashed", [True, False])
def test_a_file_that_is_not_the_pinned_one_is_not_installed(tmp_path: Path, hashed: bool) -> None:
    """By the pip that the environment has: older ones ask the constraints for no hash, and refuse instead."""
    (tmp_path / "ours-1.0-py3-none-any.whl").write_bytes(b"")
    digest = "0" * 64
    (tmp_path / "constraints.txt").write_text(f"ours==1.0{f' --hash=sha256:{digest}' if hashed else ''}\n")
    install = [sys.executable, "-m", "pip", "install", "--no-index", "--dry-run", "--find-links", str(tmp_path)]
    done = subprocess.run(
        [*install, "--constraint", str(tmp_path / "constraints.txt"), "ours"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert ("DO NOT MATCH THE HASHES" in done.stderr) is hashed


def test_nothing_that_we_ask_for_may_be_a_release_with_a_known_hole() -> None:
    """The floors; what is pinned is asked about by `make check`."""
    floors = {"urllib3": (2, 7), "orjson": (3, 11, 6), "python-dotenv": (1, 2, 2), "requests": (2, 33)}
    for line in PROJECT["project"]["dependencies"]:
        name, _, rest = line.partition(">=")
        if name in floors:
            assert tuple(map(int, rest.split(",")[0].split("."))) >= floors[name], line


def test_images_are_named_by_digest() -> None:
    images = [service["image"] for service in SERVICES.values() if "build" not in service]
    images += re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert len(images) == 3
    assert all(re.search(r":[\w.-]+@sha256:[0-9a-f]{64}$", image) for image in images)


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_has_no_right_of_roots_and_writes_only_where_it_must(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert service.get("user", "esms") != "root"
    assert "user" in service or "build" in service  # our own image changes the user itself
    assert re.search("^USER esms$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("name", SERVICES)
def test_only_who_asks_esms_has_the_keys(name: str) -> None:
    given = SERVICES[name].get("environment", {})
    has_them = name.startswith("worker")
    assert {key for key in KEYS if given.get(key)} == (KEYS if has_them else set())
    if "env_file" in SERVICES[name]:
        assert given.keys() >= KEYS  # else the file's would come through
