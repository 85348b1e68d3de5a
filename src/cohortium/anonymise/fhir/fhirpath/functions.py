"""FHIRPath's functions on collections and on text (FHIRPath 2.0, section 5)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from cohortium.anonymise.fhir.fhirpath.nodes import Node, children
from cohortium.errors import InvalidRequest

Values = list[Any]


def _text(make: Callable[..., Any]) -> Callable[..., Values]:
    """A function on one text with plain arguments; empty where one of them is."""

    def called(start: Sequence[Node], *arguments: Values) -> Values:
        if len(start) != 1 or any(not values for values in arguments):
            return []
        found = make(_as_text(start[0].value), *(values[0] for values in arguments))
        return [] if found is None else [found]

    return called


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _number(convert: Callable[[str], Any]) -> Callable[[str], Any]:
    def converted(text: str) -> Any:
        try:
            return convert(text)
        except ValueError:
            return None

    return converted


def _pattern(pattern: str) -> re.Pattern[str]:
    try:
        # .NET and PCRE write named groups as (?<name>...).
        return re.compile(re.sub(r"\(\?<([A-Za-z]\w*)>", r"(?P<\1>", pattern))
    except re.error as error:
        raise InvalidRequest(f"FHIRPath: a regular expression cannot be understood: {error}.") from error


def _replace_matches(text: str, pattern: str, substitution: str) -> str:
    python = re.sub(r"\$(?:\{(\w+)\}|(\d+))", lambda found: rf"\g<{found[1] or found[2]}>", substitution)
    return _pattern(pattern).sub(python, text)


def _substring(text: str, start: int, length: int | None = None) -> str | None:
    if not 0 <= start < len(text):
        return None
    return text[start:] if length is None else text[start : start + length]


def _extension(start: Sequence[Node], url: Values) -> list[Node]:
    below = [child for node in start for child in children(node) if child.name == "extension"]
    return [node for node in below if url and node.value.get("url") == url[0]]


def _not(start: Sequence[Node]) -> Values:
    return [not start[0].value] if len(start) == 1 and isinstance(start[0].value, bool) else []


FUNCTIONS: dict[str, Callable[..., Sequence[Any]]] = {
    "exists": lambda start: [bool(start)],
    "empty": lambda start: [not start],
    "count": lambda start: [len(start)],
    "hasValue": lambda start: [len(start) == 1 and not isinstance(start[0].value, dict)],
    "first": lambda start: start[:1],
    "last": lambda start: start[-1:],
    "tail": lambda start: start[1:],
    "not": _not,
    "extension": _extension,
    "startsWith": _text(str.startswith),
    "endsWith": _text(str.endswith),
    "contains": _text(lambda text, part: part in text),
    "matches": _text(lambda text, pattern: _pattern(pattern).search(text) is not None),
    "replace": _text(str.replace),
    "replaceMatches": _text(_replace_matches),
    "substring": _text(_substring),
    "subString": _text(_substring),
    "upper": _text(str.upper),
    "lower": _text(str.lower),
    "trim": _text(str.strip),
    "length": _text(len),
    "toString": _text(str),
    "toInteger": _text(_number(int)),
    "toDecimal": _text(_number(float)),
}
