"""What `--json` prints is what `json.dumps` writes, escaped where a terminal would obey it; only sooner."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import redirect_stdout
from datetime import UTC, datetime
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.cli.output import say_json, say_json_with
from worker.lifecycle import Lane, Status

PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([*Status, *Lane])
KEYS = st.text() | st.integers() | st.booleans() | st.none() | st.sampled_from([*Status])
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(KEYS, inner), max_leaves=20
)


def printed(say: Callable[[], None]) -> str:
    with redirect_stdout(StringIO()) as out:
        say()
    return out.getvalue()


@given(value=VALUES)
def test_it_is_what_json_writes(value: Any) -> None:
    told = printed(lambda: say_json(value))
    expected = json.dumps(value, ensure_ascii=False, indent=2)
    if expected.isascii() and "\x7f" not in expected:
        assert told == expected + "\n"
    assert json.dumps(json.loads(told)) == json.dumps(json.loads(expected))


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"at": datetime(2026, 1, 2, tzinfo=UTC), "id": UUID(int=1)}, ["2026-01-02T00:00:00+00:00", str(UUID(int=1))]),
        (["\x9b31m", "\u202e"], ["\\u009b31m", "\\u202e"]),
    ],
)
def test_times_ids_and_what_a_terminal_would_obey_are_text(value: Any, told: list[str]) -> None:
    assert all(f'"{each}"' in printed(lambda: say_json(value)) for each in told)


@given(facts=st.dictionaries(st.text(), PLAIN, min_size=1), values=st.lists(VALUES))
def test_many_one_after_the_other_are_written_as_together(facts: dict[str, Any], values: list[Any]) -> None:
    facts.pop("values", None)
    if facts and values:
        whole = printed(lambda: say_json(facts | {"values": values}))
        assert printed(lambda: say_json_with(facts, "values", values)) == whole
