"""Whether a noun is what its annotations say, down to its leaves, and a database can hold it."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from math import isfinite
from types import UnionType
from typing import Any, TypeAliasType, get_args, get_origin, get_type_hints


def is_sound(value: Any, kind: Any) -> bool:
    """Whether a value is of a kind, and each of its numbers and texts can be written down."""
    if isinstance(kind, TypeAliasType):
        kind = kind.__value__
    if isinstance(kind, UnionType):
        return any(is_sound(value, one) for one in get_args(kind))
    origin, inner = get_origin(kind), get_args(kind)
    if origin is tuple:
        return isinstance(value, tuple) and all(is_sound(one, inner[0]) for one in value)
    if origin is Mapping:
        return isinstance(value, Mapping) and all(
            is_sound(key, inner[0]) and is_sound(one, inner[1]) for key, one in value.items()
        )
    if kind is None:
        return value is None
    return _is_one(value, kind) and _can_be_kept(value)


def _is_one(value: Any, kind: Any) -> bool:
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return type(value) is kind and all(
            is_sound(getattr(value, one.name), hints[one.name]) for one in fields(kind)
        )
    if kind is float:
        return type(value) in {int, float}
    return type(value) is kind or (kind in {datetime, timedelta} and isinstance(value, kind))


def _can_be_kept(value: Any) -> bool:
    match value:
        case bool():
            return True
        case int():
            return -(2**63) <= value < 2**63
        case float():
            return isfinite(value)
        case str():
            return value.encode(errors="replace").decode() == value
    return True
