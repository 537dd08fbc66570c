"""A server with a hole that is known and fixed is named, with the release that fixes it."""

from __future__ import annotations

import json
import re

import pytest

from tests.cli.test_cli_commands import Cli, cli
from worker.cli.known_holes import FIXED, hole

__all__ = ["cli"]


@pytest.mark.parametrize(
    ("server", "version", "told"),
    [
        ("PostgreSQL", "18.6", ""),
        ("PostgreSQL", "18.5", "18.6"),
        ("PostgreSQL", "17.10", "17.11"),
        ("PostgreSQL", "16.15 (Debian 16.15-1)", ""),
        ("PostgreSQL", "19.0", ""),
        ("PostgreSQL", "13.22", "nobody fixes"),
        ("Valkey", "8.1.8", "8.1.9"),
        ("Valkey", "8.1.10", ""),
        ("Valkey", "8.0.9", "8.0.10"),
        ("Valkey", "9.2.0", ""),
        ("Redis", "7.4.5", "7.4.6"),
        ("Redis", "7.0.15", ""),
        ("Redis", "6.0.16", "nobody fixes"),
        ("Redis", "", ""),
        ("Redis", "unknown", ""),
    ],
)
def test_a_known_hole_is_named_with_its_remedy(server: str, version: str, told: str) -> None:
    found = hole(server, version)
    assert (told in found) if told else found == ""


def test_each_line_is_mended_by_a_release_of_its_own() -> None:
    assert all(
        fixed.split(".")[: len(line)] == [str(number) for number in line]
        for lines in FIXED.values()
        for line, (fixed, _) in lines.items()
    )


def test_doctor_names_the_servers_and_their_holes(cli: Cli, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", redis_url)
    said = {each["check"]: each["text"] for each in json.loads(cli("doctor", "--json")[1])}
    broker = re.match(r"(Valkey|Redis) ([\d.]+) answers", said["Redis"])
    database = re.match(r"version ([\d.]+) answers", said["Postgres"])
    assert broker
    assert database
    assert said["Redis"] == f"{broker[0]}{hole(broker[1], broker[2])}"
    assert f"{hole('PostgreSQL', database[1])}; " in said["Postgres"]
