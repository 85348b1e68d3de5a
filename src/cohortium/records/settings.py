"""Whether the settings that a person wrote are of the kinds that an algorithm declares."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from cohortium.errors import InvalidRequest

_KINDS: dict[Any, tuple[str, str]] = {
    str: ("a text", "texts"),
    bool: ("true or false", "true or false"),
    int: ("a whole number", "whole numbers"),
    float: ("a number", "numbers"),
    NoneType: ("nothing", "nothing"),
}
_ACCEPTED: dict[type, type] = {int: Integral, float: Real}


def check_settings(name: str, made: type, settings: Mapping[str, Any]) -> None:
    """Compare each setting of the algorithm ``name`` with the annotation of its field in the dataclass ``made``.

    A whole number counts as a number, and true or false as neither; annotations of other kinds let everything pass.
    Raises : InvalidRequest naming the setting, the kind that was expected and the kind that came, never the value.
    """
    declared = _annotations(made)
    for setting, value in settings.items():
        wanted = declared.get(setting, Any)
        if not _is_of(value, wanted):
            raise InvalidRequest(
                f"The setting '{setting}' of '{name}' is {_came(value)}; {_expected(wanted)} was expected."
                f"{_advice(setting, value, wanted)}"
            )


@cache
def _annotations(made: type) -> dict[str, Any]:
    try:
        return get_type_hints(made)
    except NameError:  # a name that its module imports for type checkers alone
        return {}


def _choices(wanted: Any) -> tuple[Any, ...]:
    """The members of a union; the annotation itself where it is none."""
    return get_args(wanted) if get_origin(wanted) in (Union, UnionType) else (wanted,)


def _is_of(value: Any, wanted: Any) -> bool:
    if len(choices := _choices(wanted)) > 1:
        return any(_is_of(value, choice) for choice in choices)
    origin, inner = get_origin(wanted), get_args(wanted)
    if wanted in _KINDS:
        return _is_simple(value, wanted)
    if origin is Literal:
        return any(type(value) is type(choice) and value == choice for choice in inner)
    if wanted in (tuple, list) or origin in (tuple, list):
        return isinstance(value, (list, tuple)) and _are_of(value, inner, is_open=origin is list or Ellipsis in inner)
    if isinstance(origin or wanted, type) and issubclass(origin or wanted, Mapping):
        return isinstance(value, Mapping) and (
            not inner or all(_is_of(key, inner[0]) and _is_of(held, inner[1]) for key, held in value.items())
        )
    return True


def _is_simple(value: Any, wanted: type) -> bool:
    if isinstance(value, bool) or wanted is bool:
        return isinstance(value, bool) and wanted is bool
    return isinstance(value, _ACCEPTED.get(wanted, wanted))


def _are_of(values: list[Any] | tuple[Any, ...], inner: tuple[Any, ...], *, is_open: bool) -> bool:
    """Whether the values of a list are of the kind, or of the kinds one by one, that stand in its brackets."""
    if not inner:
        return True
    wanted = (inner[0],) * len(values) if is_open else inner
    return len(values) == len(wanted) and all(map(_is_of, values, wanted))


def _came(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        kinds = list(dict.fromkeys(_came(inner) for inner in value))
        return f"a list with {' and '.join(kinds)} in it" if kinds else "an empty list"
    if isinstance(value, Mapping):
        return "a group of settings"
    for kind in (bool, str, int, float, NoneType):
        if _is_simple(value, kind):
            return _KINDS[kind][0]
    return f"of the kind {type(value).__name__}"


def _expected(wanted: Any) -> str:
    if len(choices := _choices(wanted)) > 1:
        return " or ".join(_expected(choice) for choice in choices)
    if wanted in _KINDS:
        return _KINDS[wanted][0]
    if get_origin(wanted) is Literal:
        return "one of " + ", ".join(map(repr, get_args(wanted)))
    return _list_in_words(wanted) if get_origin(wanted) in (tuple, list) else "another kind"


def _list_in_words(wanted: Any) -> str:
    inner = [one for one in get_args(wanted) if one is not Ellipsis]
    if get_origin(wanted) is tuple and Ellipsis not in get_args(wanted):
        return f"a list of {' and '.join(map(_expected, inner))}"
    kind = inner[0]
    return f"a list of {_KINDS[kind][1]}" if kind in _KINDS else f"a list, each item {_expected(kind)},"


def _advice(setting: str, value: Any, wanted: Any) -> str:
    """How to write it instead, where that is plain."""
    lists = [choice for choice in _choices(wanted) if get_origin(choice) in (tuple, list)]
    if isinstance(value, str) and any(_is_of([value], choice) for choice in lists):
        return f' Put the text into brackets, {setting} = ["..."], also where it is the only one.'
    if lists and not isinstance(value, (list, tuple)) and any(_is_of([value], choice) for choice in lists):
        return f" Put it into brackets, {setting} = [...], also where it is the only one."
    if isinstance(value, str) and _is_of(1.5, wanted):
        return " Write a number without quotation marks."
    if isinstance(value, str) and _is_of(True, wanted):
        return " Write it without quotation marks and in small letters."
    return ""
