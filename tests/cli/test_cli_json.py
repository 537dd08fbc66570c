"""What `--json` prints is what `json.dumps` writes, escaped where a terminal would obey it; only sooner."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
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


# Postgres has no half of a character and no integer of more bits.
STORED = (
    st.text(st.characters(exclude_categories=["Cs"])) | st.integers(-(2**63), 2**63 - 1) | st.none() | st.booleans()
)


@dataclass(frozen=True, slots=True)
class Told:
    """Like what `show` tells."""

    name: Any
    at: datetime
    id: UUID
    cost: Decimal
    status: Status
    within: list[Told]


def told_of(within: st.SearchStrategy[list[Told]]) -> st.SearchStrategy[Told]:
    times = st.datetimes(timezones=st.just(UTC))
    decimals, status = st.decimals(allow_nan=False), st.sampled_from([*Status])
    return st.builds(Told, STORED, times, st.uuids(), decimals, status, within)


TOLD = told_of(st.lists(told_of(st.just([])), max_size=2))


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


@given(values=st.lists(TOLD))
def test_what_has_fields_is_written_as_by_its_names(values: list[Told]) -> None:
    facts = {"id": 1}
    by_names = printed(lambda: say_json_with(facts, "values", [asdict(each) for each in values]))
    assert printed(lambda: say_json_with(facts, "values", values)) == by_names
