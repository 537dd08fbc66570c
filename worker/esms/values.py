"""How the values are made that every message needs several of."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

Made = TypeVar("Made")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def made_often(*, kw_only: bool = False) -> Callable[[type[Made]], type[Made]]:
    """A dataclass that is frozen to whoever checks types; to be frozen at run time as well, it would take thrice as
    long to make. It is compared and hashed by what it holds.
    """
    return dataclass(slots=True, unsafe_hash=True, kw_only=kw_only)
